"""Roles in a project: people are asked, confirm, hand on and step down.

They do so after the end too, until the project is deleted: there are follow-ups and promises to
see to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, cast

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import text
from dialogs.model.conversation import Facts, Step
from dialogs.model.effects import (
    Effects,
    FieldError,
    Grant,
    Post,
    Privately,
    Redraw,
    Say,
    Show,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, PrefsOf, Project, Role, RoleName, Roles
from dialogs.model.roles import has_led
from dialogs.project import cards


def both_sides(leaders: Iterable[Person], elected: Iterable[Person]) -> FieldError | None:
    if set(filter(None, leaders)) & set(elected):
        return FieldError("leader", text("project.both_sides"))
    return None


NamesSeats = e.Drafted | e.DraftDetailed | e.RolesChanged


def seats_in(event: NamesSeats) -> dict[str, tuple[Person, ...]]:
    """Return the people named for each role, by the form's field names."""
    if isinstance(event, e.DraftDetailed):
        return {"facilitator": event.facilitator}
    deputy = (event.deputy,) if isinstance(event, e.RolesChanged) else ()
    named = {
        "leader": (event.leader,),
        "deputy": deputy,
        "tr": event.tr,
        "amr": event.amr,
        "facilitator": event.facilitator,
    }
    return {field: tuple(filter(None, people)) for field, people in named.items()}


def asked_facts(event: NamesSeats) -> Facts:
    """The facts that `from_elsewhere` needs."""
    return tuple(PrefsOf(person) for people in seats_in(event).values() for person in people)


def from_elsewhere(event: NamesSeats, known: Known) -> FieldError | None:
    """Return an error if a person of another organisation is named, since they cannot have a
    role."""
    for field, people in seats_in(event).items():
        if found := [person for person in people if known(PrefsOf(person)).foreign]:
            return FieldError(field, text("project.from_elsewhere", who=cards.named(found)))
    return None


def slot(person: Person) -> str:
    return f"draft:{person}"


def seats(roles: tuple[Role, ...], seat: RoleName, wanted: Sequence[Person]) -> tuple[Grant, ...]:
    """Ask newly named people to take a role.

    Somebody who is only asked can be removed; a confirmed leader stays until the next one confirms,
    and a representative until they leave themselves.
    """
    has = {r.person for r in cards.holding(roles, seat)}
    asked = {r.person for r in roles if r.role == seat and r.status == "asked"}
    leaves = {r.person for r in roles if r.role == seat and r.status == "confirmed"}
    leaves = leaves if seat in ("facilitator", "deputy") else set()
    return (
        *(Grant(person, seat, "declined") for person in sorted(asked - set(wanted))),
        *(Grant(person, seat, "was") for person in sorted(leaves - set(wanted))),
        *(Grant(person, seat, "asked") for person in dict.fromkeys(wanted) if person not in has),
    )


def granted(roles: tuple[Role, ...], grants: Iterable[Grant]) -> tuple[Role, ...]:
    """Return the roles after these grants."""
    found = {(r.person, r.role): r for r in roles}
    for grant in grants:
        before = found.get((grant.person, grant.role))
        led = before is not None and has_led(before)
        found[grant.person, grant.role] = Role(
            grant.person, grant.role, grant.status, grant.detail, led
        )
    return tuple(found.values())


def redraw_drafts(state: Project, roles: tuple[Role, ...]) -> Effects:
    return tuple(Redraw(slot(person)) for person in sorted(cards.circle(state, roles)))


def may_delete(state: Project, roles: tuple[Role, ...], person: Person) -> bool:
    leads = [r for r in roles if r.role in ("leader", "deputy") and r.status == "confirmed"]
    return person in {r.person for r in leads} or (
        person == state.starter and (state.stage == "draft" or not leads)
    )


def roles_changed(state: Project, event: e.RolesChanged, known: Known) -> Step:
    roles = known(Roles())
    if fault := from_elsewhere(event, known):
        return state, (fault,)
    elected = [r.person for r in cards.holding(roles, "tr", "amr")]
    if fault := both_sides((event.leader, event.deputy), (*elected, *event.tr, *event.amr)):
        return state, (fault,)
    grants: list[Grant] = []
    if event.leader:
        grants += seats(roles, "leader", (event.leader,))
    grants += seats(roles, "deputy", (event.deputy,) if event.deputy else ())
    for seat, wanted in (("tr", event.tr), ("amr", event.amr)):
        if not any(r.status == "confirmed" for r in cards.holding(roles, seat)):
            grants += seats(roles, cast(RoleName, seat), wanted)
    grants += seats(roles, "facilitator", event.facilitator)
    now = granted(roles, grants)
    new = tuple(dict.fromkeys(g.person for g in grants if g.status == "asked"))
    changed = tuple(dict.fromkeys(g.person for g in grants))
    gone = [g for g in grants if g.status == "was"]
    draft = state.stage == "draft"
    return state, (
        *grants,
        *(redraw_drafts(state, now) if draft else (Redraw(cards.WELCOME),)),
        *(Post(slot(p), to=p) for p in new if not draft or p in cards.circle(state, now)),
        *(() if draft else (Redraw(slot(p)) for p in changed if p not in new)),
        *(_told(state, g.person, g.role) for g in gone if not draft),
        Show(
            cards.said("project.roles_asked", who=cards.named(new))
            if new
            else cards.said("project.roles_saved")
        ),
    )


def other_side(roles: tuple[Role, ...], person: Person, role: str) -> bool:
    """Return whether they hold a seat on the other side of the table from this one."""
    against = ("tr", "amr") if role in ("leader", "deputy") else ("leader", "deputy")
    return role != "facilitator" and any(
        r.person == person and r.role in against and r.status == "confirmed" for r in roles
    )


def confirmed(state: Project, event: e.RoleConfirmed, roles: tuple[Role, ...]) -> Step:
    by, role = event.by, event.role
    mine = next((r for r in roles if r.person == by and r.role == role), None)
    if role == "leader" and cards.may_claim(state, roles, by):
        mine = Role(by, "leader", "asked")
    if mine is None or role not in cards.SEATS or mine.status in ("was", "declined"):
        return state, (Show(cards.said("project.not_asked")),)
    if mine.status == "confirmed":
        return state, (Show(cards.said(f"project.is_{role}")),)
    if other_side(roles, by, role):
        return state, (Show(cards.said("project.both_sides")),)
    before = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
    before = before if role == "leader" else []
    grants = [
        Grant(by, mine.role, "confirmed", event.union),
        *(Grant(person, "leader", "was") for person in before),
    ]
    now = granted(roles, grants)
    if state.stage == "draft":
        return state, (
            *grants,
            *redraw_drafts(state, now),
            Show(
                cards.said("project.is_facilitator")
                if role == "facilitator"
                else cards.draft(state, now, by),
                instead=role != "facilitator",
            ),
        )
    announced = (
        cards.new_leader(by, before[0]) if before else cards.has_role(by, mine.role, event.union)
    )
    after = replace(state, leader_left=None) if role == "leader" else state
    return after, (
        *grants,
        Redraw(cards.WELCOME),
        *(Redraw(slot(person)) for person in (by, *before)),
        Say(cards.of(state, announced)),
        Show(cards.said(f"project.is_{role}")),
    )


def declined(state: Project, event: e.RoleDeclined, roles: tuple[Role, ...]) -> Step:
    """*Det er jeg ikke*: decline a role, or step down from it."""
    by, role = event.by, event.role
    mine = next((r for r in roles if r.person == by and r.role == role), None)
    if mine is None or role not in cards.SEATS or mine.status in ("was", "declined"):
        return state, (Show(cards.said("project.has_not")),)
    if mine.role == "leader" and mine.status == "confirmed":
        return state, (
            Show(
                cards.with_buttons(
                    text("project.hand_on_first"),
                    c.Button(text("project.change_roles"), Look("change_roles", project=state.id)),
                )
            ),
        )
    status: Literal["was", "declined"] = "was" if mine.status == "confirmed" else "declined"
    grant = Grant(by, mine.role, status)
    now = granted(roles, (grant,))
    draft = state.stage == "draft"
    told = cards.declined(state, by, mine.role)
    leaders = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
    return state, (
        grant,
        *(redraw_drafts(state, now) if draft else (Redraw(cards.WELCOME),)),
        Redraw(slot(by)),
        *((_told(state, by, mine.role),) if status == "was" and not draft else ()),
        *(
            Privately(person, told, now=True)
            for person in (leaders or [state.starter])
            if person != by and (status == "declined" or draft)
        ),
        Show(cards.said(f"project.is_not_{role}")),
    )


def _told(state: Project, person: Person, role: RoleName) -> Say:
    return Say(cards.of(state, cards.no_longer(person, role)))
