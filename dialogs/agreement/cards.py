"""The cards of an agreement: its post, the list and the forms."""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never

from dialogs.agreement.states import Agreement, unowned, what
from dialogs.model import events as e
from dialogs.model.appointments import Appointment
from dialogs.model.calendar import (
    local,
)
from dialogs.model.cards import (
    Button,
    Buttons,
    Count,
    DateField,
    Day,
    Form,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    People,
    Quote,
    Several,
    Small,
    Text,
    TextField,
    Typed,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, LookResults, Responses
from dialogs.model.effects import (
    Hand,
    Open,
    Show,
)
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Present, Roles, StateOf, States, Viewer

LONGEST = 300


SHOWN = 10


def is_theirs(state: Agreement, person: str, known: Known) -> bool:
    """Return whether the person may change it: its owner; anybody while it has none; leader, deputy
    or facilitator if the owner has left."""
    if not state.owner or state.owner == person:
        return True
    return _gone(state, known) and person in _caretakers(known)


def _gone(state: Agreement, known: Known) -> bool:
    held = {role.person for role in known(Roles()) if role.status == "confirmed"}
    return state.owner not in known(Present()) and state.owner not in held


def _caretakers(known: Known) -> tuple[str, ...]:
    return known.holders("leader", "deputy", "facilitator")


def who_can(state: Agreement, known: Known) -> Text:
    name = what(state.id)
    can = tuple(Who(person) for person in _caretakers(known))
    if _gone(state, known) and can:
        return text("agreement.owner_gone", who=Who(state.owner), can=Listing(can), what=name)
    typed = Typed("agreements")
    return text("agreement.not_yours", who=Who(state.owner), what=name, typed=typed)


def is_past(due: date | None, at: datetime, known: Known) -> bool:
    return due is not None and due < local(known.project.calendar, at).date()


def due_line(due: date | None) -> tuple[Line, ...]:
    return () if due is None else (text("agreement.by", day=Day(due)),)


def show(line: Line, *more: Part[Line] | None) -> tuple[Show, ...]:
    return (Show(card(Paragraph(line), *more)),)


def take_button(state: Agreement, project: str) -> Buttons[Line] | None:
    press = e.AgreementTaken(project=project, agreement=state.id)
    return buttons(Button(text("button.take_agreement"), press, "main"))


def _offer(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(
        Button(
            text("button.take_agreement"),
            e.AgreementTaken(project=project, agreement=state.id),
            "main",
        ),
        Button(text("agreement.not_me"), e.AgreementDeclined(project=project, agreement=state.id)),
    )


def own_buttons(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(
        Button(text("button.done"), e.AgreementDone(project=project, agreement=state.id), "main"),
        Button(text("button.not_done"), Look("not_done", project=project, ref=state.id)),
        _later(state, project),
    )


def calendar_button(state: Agreement, project: str) -> Buttons[Line] | None:
    if state.due is None:
        return None
    wanted = e.FileWanted(project=project, view="agreement_file", ref=state.id)
    return buttons(Button(text("button.calendar"), wanted))


def calendar_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over one's own agreement as a day in the calendar; it moves when its date does."""
    state = known.state("agreement", look.ref, Agreement)
    if state is None or state.due is None or state.owner != viewer.person:
        return show(text("agreement.gone", typed=Typed("agreements")))
    if state.status != "taken":
        return show(text("agreement.not_running", what=what(state.id)))
    return (
        Hand(
            Appointment(
                uid=f"agreement-{state.id}",
                title=what(state.id),
                note=text("agreement.in_calendar", name=Words(known.project.name)),
                slug=text("agreement.file_name"),
                day=state.due,
                changed=state.moved,
            )
        ),
    )


def new_date_button(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(_later(state, project))


def _later(state: Agreement, project: str) -> Button[Line]:
    return Button(text("button.new_date"), Look("new_date", project=project, ref=state.id))


def view_needs(state: Agreement, slot: str) -> Facts:
    return (About(),)


REMINDERS = ("reminder", "overdue")


def reminder_slot(name: str, state: Agreement) -> str:
    """Return the slot of a reminder: one for each date, so that a new date ends the old one."""
    return f"{name}:{state.due or ''}"


def _reminder(state: Agreement, slot: str, project: str) -> NeutralCard:
    """Remind of a date; empty once it is kept or moved."""
    name = slot.partition(":")[0]
    if state.status != "taken" or state.due is None or slot != reminder_slot(name, state):
        return card()
    told = text(f"agreement.{name}", day=Day(state.due))
    return card(Paragraph(told), Quote(what(state.id)), own_buttons(state, project))


def view(state: Agreement, slot: str, known: Known) -> NeutralCard:
    project = known.project
    if slot.startswith(REMINDERS):
        return _reminder(state, slot, project.id)
    live = project.under_way
    owners = slot == "offer" and state.owner == state.asked
    found: Line
    pressed: Buttons[Line] | None = None
    match state.status:
        case "offered" | "declined" if owners:
            found, pressed = text("agreement.yours"), _offer(state, project.id)
        case "offered" | "declined" if slot == "open":
            found, pressed = text("agreement.who"), take_button(state, project.id)
        case "offered" | "declined":
            found = text("agreement.asked_others")
        case "taken" if owners:
            found, pressed = text("agreement.yours_now"), own_buttons(state, project.id)
        case "taken":
            found = text("agreement.theirs", who=Who(state.owner))
        case "done":
            found = text("agreement.done")
        case "not_done" if owners:
            found, pressed = text("agreement.not_done"), new_date_button(state, project.id)
        case "not_done":
            found = text("agreement.not_done")
        case _:
            assert_never(state.status)
    return card(
        Heading(text("agreement.title")),
        Paragraph(found),
        Quote(what(state.id)),
        *(Small(line) for line in due_line(state.due)),
        pressed if live else None,
    )


def list_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Present(), States("agreement"))


def listed(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    today = local(project.calendar, viewer.at).date()
    everything = known.states("agreement", Agreement).values()
    live = sorted(
        (one for one in everything if one.status in ("offered", "declined", "taken")),
        key=lambda one: (one.due is None, one.due or date.max, one.offered_at, one.id),
    )
    done = sum(one.status == "done" for one in everything)
    left = sum(one.status == "not_done" for one in everything)
    parts: list[Part[Line] | None] = [
        Heading(text("agreement.heading", name=Words(known.project.name)))
    ]
    if not everything:
        parts.append(Paragraph(text("agreement.none")))
    elif not live:
        parts.append(Paragraph(text("agreement.none_open")))
    for one in live[:SHOWN]:
        parts += _row(one, viewer, known, today)
    if len(live) > SHOWN:
        parts.append(Small(text("agreement.more", n=Count(len(live) - SHOWN))))
    counts = (
        *((text("agreement.count_done", n=Count(done)),) if done else ()),
        *((text("agreement.count_not_done", n=Count(left)),) if left else ()),
    )
    if counts:
        parts.append(Small(Several(counts)))
    may = viewer.may("leader", "deputy", "starter", "facilitator", "representative")
    if may and project.under_way:
        parts.append(
            buttons(Button(text("agreement.new"), Look("new_agreement", project=project.id)))
        )
    return (Show(card(*parts)),)


def _row(one: Agreement, viewer: Viewer, known: Known, today: date) -> list[Part[Line] | None]:
    facts: list[Line] = []
    pressed: Buttons[Line] | None = None
    if unowned(one):
        facts.append(text("agreement.row_open"))
        pressed = take_button(one, known.project.id)
    elif one.status == "taken":
        facts.append(text("agreement.row_taken", who=Who(one.owner)))
    else:
        facts.append(text("agreement.row_asked", who=Who(one.owner)))
    if one.due is not None:
        passed = one.due < today
        key = "agreement.row_passed" if passed else "agreement.by"
        facts.append(text(key, day=Day(one.due)))
    if one.owner and is_theirs(one, viewer.person, known):
        mine = one.status == "offered" and one.owner == viewer.person
        pressed = _offer(one, known.project.id) if mine else own_buttons(one, known.project.id)
    live = known.project.under_way
    return [Quote(what(one.id)), Small(Several(tuple(facts))), pressed if live else None]


def new_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def new_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return show(text("agreement.closed"))
    return (
        Open(
            Form(
                title=text("agreement.form_new"),
                fields=(
                    TextField(
                        "what",
                        text("agreement.field_what"),
                        long=bool(look.words),
                        limit=LONGEST,
                        value=Words(look.words) if look.words else None,
                    ),
                    People("who", text("agreement.field_who"), hint=text("agreement.hint_who")),
                    DateField("due", text("agreement.field_due")),
                ),
                submit=text("button.save"),
                into="agreement_made",
                fixed={"project": project.id},
            )
        ),
    )


def one_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Present(), StateOf("agreement", look.ref))


def _one(look: Look, viewer: Viewer, known: Known) -> Agreement | Text | Several:
    """Return the agreement for a form, or the reason why there is none to fill in."""
    state = known.state("agreement", look.ref, Agreement)
    if state is None:
        return text("agreement.gone", typed=Typed("agreements"))
    if not known.project.under_way:
        return text("agreement.closed")
    if not state.owner:
        return text("agreement.take_first", what=what(state.id))
    if not is_theirs(state, viewer.person, known):
        return who_can(state, known)
    if state.status == "done":
        return text("agreement.is_done", what=what(state.id))
    return state


def new_date_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = _one(look, viewer, known)
    if not isinstance(state, Agreement):
        return show(state)
    return (
        Open(
            Form(
                title=text("agreement.form_date"),
                fields=(
                    DateField(
                        "due",
                        text("agreement.field_new_due"),
                        hint=None
                        if state.due is None
                        else text("agreement.hint_due", day=Day(state.due)),
                        required=True,
                    ),
                ),
                submit=text("button.save"),
                into="agreement_new_date",
                fixed={"agreement": state.id, "project": known.project.id},
            )
        ),
    )


def not_done_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = _one(look, viewer, known)
    if not isinstance(state, Agreement):
        return show(state)
    if state.status == "not_done":
        return show(
            text("agreement.is_not_done", what=what(state.id)),
            new_date_button(state, known.project.id),
        )
    return (
        Open(
            Form(
                title=text("agreement.form_not_done"),
                fields=(
                    TextField(
                        "why",
                        text("agreement.field_why"),
                        hint=text("agreement.hint_why"),
                        long=True,
                        limit=500,
                        required=False,
                    ),
                ),
                submit=text("button.save"),
                into="agreement_not_done",
                fixed={"agreement": state.id, "project": known.project.id},
            )
        ),
    )
