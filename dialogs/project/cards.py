"""The cards of a project: the draft, the welcome, roles, and confirmations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Button, Card, Line, Part, card, text
from dialogs.model.events import Look, Person
from dialogs.model.facts import Frame, Project, Role, Viewer
from dialogs.model.pictures import Steps
from dialogs.project.states import choose_readers, confirming

WELCOME = "welcome"  # the slot of the welcome post in the channel
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEATS = ("leader", "deputy", "tr", "amr", "facilitator")
TRIO = ("leader", "deputy", "tr", "amr")


def weekday(number: int) -> Line:
    return text(f"day.{WEEKDAYS[number]}")


def said(key: str, **args: Line) -> Card[Line]:
    """Return a card with one or two sentences."""
    return card(c.Paragraph(text(key, **args)))


def named(people: Iterable[Person]) -> Line:
    return c.Listing(tuple(c.Who(person) for person in people))


# --- roles --------------------------------------------------------------------------------


def holding(roles: tuple[Role, ...], *names: str) -> tuple[Role, ...]:
    """Return who holds one of these roles or is asked to."""
    return tuple(r for r in roles if r.role in names and r.status in ("asked", "confirmed"))


def _holder(role: Role) -> Line:
    if role.status == "asked":
        return text("project.holder_asked", who=c.Who(role.person))
    if role.detail:
        return text("project.holder_union", who=c.Who(role.person), union=c.Words(role.detail))
    return c.Who(role.person)


def role_rows(roles: tuple[Role, ...], *, missing: bool = True) -> tuple[tuple[Line, Line], ...]:
    """Return rows for the roles; a missing leader, TR or AMR is mentioned, a missing facilitator is
    not."""
    rows: list[tuple[Line, Line]] = []
    for name in (*SEATS, "reader"):
        found = holding(roles, name)
        if found:
            rows.append((text(f"project.row_{name}"), c.Listing(tuple(map(_holder, found)))))
        elif missing and name in ("leader", "tr", "amr"):
            rows.append((text(f"project.row_{name}"), text(f"project.no_{name}")))
    return tuple(rows)


def asks(role: str) -> tuple[Part[Line], ...]:
    """Describe in a few words what a role asks of a person."""
    return (
        c.Paragraph(text(f"project.asks_{role}")),
        c.Bullets(tuple(text(f"project.asks_{role}_{n}") for n in (1, 2, 3))),
    )


def role_card(project: Project, roles: tuple[Role, ...], reader: Person) -> Card[Line]:
    """Return the private card of a person who is asked or has confirmed: their roles, what each
    asks of them, and the buttons for open requests."""
    mine = [r for r in holding(roles, *SEATS) if r.person == reader]
    name = c.Words(project.name)
    parts: list[Part[Line]] = []
    for role in mine:
        if role.status == "asked":
            parts.append(c.Heading(text(f"project.asked_as_{role.role}", name=name)))
        else:
            parts += [c.Heading(name), c.Paragraph(text(f"project.is_{role.role}"))]
        parts += asks(role.role) if project.open else (_asked_when_over(),)
    if not mine:
        parts.append(c.Paragraph(text("project.no_role", name=name)))
    leads = any(r.role == "leader" and r.status == "confirmed" for r in mine)
    frame = Button[Line](text("project.set_frame"), Look("frame", project=project.id))
    return card(
        *parts,
        c.buttons(
            *_mine_to_confirm(project, roles, reader),
            frame if leads and project.open else None,
            Button(text("project.roles_button"), Look("roles", project=project.id)),
        ),
    )


def _asked_when_over() -> Part[Line]:
    return c.Paragraph(text("project.asks_when_over"))


# --- the draft ----------------------------------------------------------------------------


def draft(state: Project, roles: tuple[Role, ...], reader: Person) -> Card[Line]:
    if state.stage != "draft":
        return role_card(state, roles, reader)
    if reader not in circle(state, roles):
        return card(
            c.Heading(text("project.draft_title", name=c.Words(state.name))),
            c.Paragraph(text("project.draft_not_yours")),
        )
    asked = [r.role for r in holding(roles, *TRIO) if r.person == reader and r.status == "asked"]
    if may_claim(state, roles, reader):
        asked.append("leader")
    mine = {r.role for r in roles if r.person == reader and r.status == "confirmed"}
    leads = bool(mine & {"leader", "deputy"}) or (
        reader == state.starter
        and not any(r.role == "leader" and r.status == "confirmed" for r in roles)
    )
    asks_yes = could_lead(state, roles, reader)
    shows = leads or asks_yes or bool(mine & {"tr", "amr"})
    return card(
        c.Heading(text("project.draft_title", name=c.Words(state.name))),
        c.Paragraph(
            text("project.draft_yours")
            if reader == state.starter
            else text("project.draft_of", who=c.Who(state.starter))
        ),
        c.FactRows((*_about_rows(state), *role_rows(roles))),
        c.Paragraph(rhythm(state)),
        *(part for role in asked for part in asks(role)),
        c.Paragraph(text("project.who_leads")) if not holding(roles, "leader") else None,
        c.buttons(
            *_mine_to_confirm(state, roles, reader),
            show_button(state, "plain" if asked else "main", asks_yes=asks_yes) if shows else None,
            *(_edit_buttons(state) if shows or asked else ()),
            _drop_button(state) if leads else None,
        ),
    )


def show_button(state: Project, style: c.Style, *, asks_yes: bool) -> Button[Line]:
    """Return *Vis det i kanalen*. `asks_yes`: it asks the leader's yes in the same step."""
    confirm = text("project.show_as_leader") if asks_yes else None
    press = e.ShownInChannel(project=state.id, leads=asks_yes)
    return Button(text("button.show_in_channel"), press, style, confirm=confirm)


def _edit_buttons(state: Project) -> tuple[Button[Line], ...]:
    return (
        Button(text("project.edit"), Look("start", project=state.id)),
        Button(text("project.more"), Look("start", project=state.id, ref="more")),
    )


def _drop_button(state: Project) -> Button[Line]:
    return Button(
        text("project.drop_draft"),
        e.DraftDropped(project=state.id),
        "quiet",
        confirm=text("project.drop_confirm"),
    )


def _mine_to_confirm(
    state: Project, roles: tuple[Role, ...], reader: Person
) -> tuple[Button[Line], ...]:
    claim = confirming(state.id, "leader")[:1] if may_claim(state, roles, reader) else ()
    return (
        *claim,
        *(
            button
            for r in roles
            if r.person == reader and r.status == "asked"
            for button in confirming(state.id, r.role)
        ),
    )


def could_lead(state: Project, roles: tuple[Role, ...], person: Person) -> bool:
    """Return whether this person leads the draft once they say so: they were named, or nobody
    was and they started it."""
    named = any(r.person == person and r.status == "asked" for r in holding(roles, "leader"))
    return named or may_claim(state, roles, person)


def may_claim(state: Project, roles: tuple[Role, ...], person: Person) -> bool:
    """Return whether the person may become leader by their own press: the starter of a draft
    without a named leader."""
    drafted = state.stage == "draft" and person == state.starter
    return drafted and not holding(roles, "leader")


def _about_rows(state: Project) -> tuple[tuple[Line, Line], ...]:
    rows: list[tuple[Line, Line]] = []
    if state.about:
        rows.append((text("project.row_about"), c.Words(state.about)))
    rows.append((text("project.row_origin"), text(f"project.origin_{state.origin}")))
    rows.append((text("project.row_phase"), text(f"project.phase_{state.phase}")))
    rows.append((text("project.row_length"), text(f"project.length_{state.length}")))
    rows.extend(frame_rows(state))
    if state.decision is not None:
        rows.append((text("project.row_decision"), c.Day(state.decision)))
    kept = text("project.retention", n=c.Count(state.retention_days))
    rows.append((text("project.row_retention"), kept))
    return tuple(rows)


def frame_rows(state: Project, frame: Frame | None = None) -> tuple[tuple[Line, Line], ...]:
    """Return the filled fields of this phase's frame. The level of influence is a promise, so it is
    shown only if one was made."""
    if frame is None:
        frame = state.frames.get(str(state.phase))
    if frame is None:
        return ()
    rows: list[tuple[Line, Line]] = []
    if frame.fixed:
        rows.append((text("project.row_fixed"), c.Words(frame.fixed)))
    if frame.shape:
        rows.append((text("project.row_shape"), c.Words(frame.shape)))
    if frame.unknown:
        rows.append((text("project.row_unknown"), _unknown(c.Words(frame.unknown), frame)))
    rows.append((text("project.row_level"), text(f"project.level_{frame.level}")))
    return tuple(rows)


def _unknown(words: Line, frame: Frame) -> Line:
    if frame.unknown_until is None:
        return words
    return text("project.unknown_until", what=words, day=c.Day(frame.unknown_until))


def rhythm(state: Project) -> Line:
    return c.Several(
        (
            text(
                "project.asks_weekly" if state.every_weeks == 1 else "project.asks_fortnightly",
                weekday=weekday(state.weekday),
                hour=c.Hour(state.hour),
            ),
            text(
                "project.overview_weekly",
                weekday=weekday(state.overview_weekday),
                hour=c.Hour(state.overview_hour),
            ),
        )
    )


# --- the welcome --------------------------------------------------------------------------


def welcome(
    state: Project, roles: tuple[Role, ...], phases: Steps[Line], page: Part[Line] | None
) -> Card[Line]:
    rows = (*_why_rows(state), *frame_rows(state))
    return card(
        c.Heading(text("project.welcome_title", name=c.Words(state.name))),
        _standing(state),
        c.Paragraph(text("project.welcome_me")),
        _when(state),
        c.Paragraph(text("project.welcome_say")) if state.open else None,
        page if state.open else None,
        c.FactRows(rows) if rows else None,
        c.FactRows(role_rows(roles)),
        phases,
        c.buttons(
            Button(text("button.say"), Look("say", project=state.id), "main")
            if state.open
            else None,
            Button(text("button.where_are_we"), Look("status", project=state.id)),
            Button(text("project.roles_button"), Look("roles", project=state.id)),
        ),
    )


def _when(state: Project) -> Part[Line] | None:
    """Return when questions are asked, if any are."""
    if not state.running:
        return None
    key = "project.welcome_rhythm" if state.every_weeks == 1 else "project.welcome_rhythm_calm"
    return c.Paragraph(
        text(
            key,
            question=weekday(state.weekday),
            overview=weekday(state.overview_weekday),
            hour=c.Hour(state.overview_hour),
        )
    )


def _why_rows(state: Project) -> tuple[tuple[Line, Line], ...]:
    return ((text("project.row_why"), c.Words(state.about)),) if state.about else ()


def _standing(state: Project) -> Part[Line] | None:
    """An older welcome post begins with the current status."""
    match state.stage:
        case "paused" | "not_now" if state.until is not None:
            return c.Paragraph(text("project.stands_paused_until", day=c.Day(state.until)))
        case "paused" | "not_now":
            return c.Paragraph(text("project.stands_paused"))
        case "stopped" | "ended":
            return c.Paragraph(text("project.stands_over"))
        case _:
            return None


# --- who is who ---------------------------------------------------------------------------


def who_is_who(
    state: Project, roles: tuple[Role, ...], viewer: Viewer, vacancy: tuple[Part[Line], ...]
) -> Card[Line]:
    """`vacancy` says that the leader has left, if so."""
    reader, leads = viewer.person, viewer.may("leader", "deputy", "starter")
    waiting = tuple(dict.fromkeys(r.person for r in roles if r.status == "asked"))
    steps_down = [
        r.role
        for r in roles
        if r.person == reader and r.status == "confirmed" and r.role != "leader"
    ]
    return card(
        c.Heading(text("project.roles_title", name=c.Words(state.name))),
        c.FactRows(role_rows(roles)),
        c.Paragraph(text("project.waiting_for", n=c.Count(len(waiting)), who=named(waiting)))
        if waiting
        else None,
        *vacancy,
        c.Small(text("project.roles_note")),
        c.buttons(
            *(
                button
                for r in roles
                if r.person == reader and r.status == "asked"
                for button in confirming(state.id, r.role)
            ),
            Button(text("project.change_roles"), Look("change_roles", project=state.id))
            if leads
            else None,
            choose_readers(state, viewer),
            *(
                Button[Line](
                    text(f"project.step_down_{role}"),
                    e.RoleDeclined(project=state.id, role=role),
                    "quiet",
                    confirm=text("project.step_down_confirm"),
                )
                for role in steps_down
            ),
        ),
    )


# --- pauses and ends ----------------------------------------------------------------------


def taken(other: Project) -> Card[Line]:
    """Return the answer if the channel has a project already. A draft is not named before it is
    shown."""
    if other.stage == "draft":
        return said("project.has_draft", who=c.Who(other.starter))
    return card(
        c.Paragraph(text("project.has_project", name=c.Words(other.name))),
        c.Buttons((Button(text("button.where_are_we"), Look("status", project=other.id)),)),
    )


def what_is_true(state: Project) -> Card[Line]:
    """Return the current situation, for a press that is outdated."""
    if state.stage in ("paused", "not_now") and state.until is not None:
        return said("project.true_paused_until", day=c.Day(state.until), resume=c.Typed("resume"))
    match state.stage:
        case "draft" | "running":
            return said(f"project.true_{state.stage}")
        case "paused" | "not_now":
            return said(f"project.true_{state.stage}", resume=c.Typed("resume"))
        case "stopped" | "ended":
            return said(f"project.true_{state.stage}", start=c.Typed("start"))
        case _:
            assert_never(state.stage)


# --- what the channel is told ---------------------------------------------------------------


def kept_frame_rows(frame: Frame, record: str) -> tuple[tuple[Line, Line], ...]:
    """Return the frame with its texts by record id, as a letter stores it."""
    rows: list[tuple[Line, Line]] = [
        (text(f"project.row_{field}"), c.Kept("frame", record, field))
        for field in ("fixed", "shape")
        if getattr(frame, field)
    ]
    if frame.unknown:
        what = c.Kept("frame", record, "unknown")
        rows.append((text("project.row_unknown"), _unknown(what, frame)))
    rows.append((text("project.row_level"), text(f"project.level_{frame.level}")))
    return tuple(rows)


def new_hours(state: Project) -> Card[Line]:
    return card(c.Paragraph(text("project.new_hours")), c.Paragraph(rhythm(state)))


def of(state: Project, said: Card[Line]) -> Card[Line]:
    """Return it with the name of a project that is over: its channel may have another by now."""
    if state.open:
        return said
    return card(c.Heading(c.Words(state.name)), *said.parts)


def new_leader(person: Person, before: Person) -> Card[Line]:
    return said("project.new_leader", who=c.Who(person), before=c.Who(before))


def has_role(person: Person, role: str, union: str) -> Card[Line]:
    if union and role == "tr":
        return said("project.has_tr_union", who=c.Who(person), union=c.Words(union))
    return said(f"project.has_{role}", who=c.Who(person))


def no_longer(person: Person, role: str) -> Card[Line]:
    return said(f"project.no_longer_{role}", who=c.Who(person))


def declined(state: Project, person: Person, role: str) -> Card[Line]:
    return card(
        c.Paragraph(text(f"project.declined_{role}", who=c.Who(person), name=c.Words(state.name))),
        c.Buttons((Button(text("project.change_roles"), Look("change_roles", project=state.id)),)),
    )


def with_buttons(line: Line, *found: c.Button[Line]) -> Card[Line]:
    return card(c.Paragraph(line), c.buttons(*found))


def seen_draft(state: Project, roles: tuple[Role, ...], person: Person) -> Card[Line]:
    if person in circle(state, roles):
        return draft(state, roles, person)
    return taken(state)


def circle(state: Project, roles: tuple[Role, ...]) -> set[Person]:
    """Return who can see a draft: its starter, leader, TR and AMR."""
    return {state.starter, *(r.person for r in holding(roles, *TRIO))}
