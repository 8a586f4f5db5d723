"""A new leader for a project whose leader has left the channel without handing on the role.

Whoever is nearest to it may name one: the deputy, else TR and AMR, else the starter, else everybody
in the channel. The new one says yes, as with every role, and the channel is told before and after.
A leader who is only away from the channel is told too, and can put an end to it. Whoever is nearest
is told once that the leader has left, if they are still gone two working days later.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import add_working_days
from dialogs.model.cards import Button, Card, Form, Line, Note, Paragraph, Part, People, card, text
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import (
    Cancel,
    FieldError,
    Open,
    Post,
    Privately,
    Redraw,
    Say,
    Show,
    Timer,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import About, Known, PrefsOf, Present, Project, Role, Roles, Viewer
from dialogs.project import cards
from dialogs.project.ends import morning, today
from dialogs.project.people import both_sides, seats, slot

LEFT = "leader_left"  # the timer
AWAY = 2  # working days in which a leader may come back, or say who leads from now on


def needs(event: e.LeaderNamed) -> Facts:
    return (About(), Roles(), Present(), PrefsOf(event.leader))


def look_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Present())


def _leaders(roles: tuple[Role, ...]) -> tuple[Person, ...]:
    return tuple(r.person for r in roles if r.role == "leader" and r.status == "confirmed")


def has_left(state: Project, known: Known) -> bool:
    """Return whether the leader, or whoever stands in, has left the channel. Where nobody is known
    to be in the channel, nobody is known to have left it. Needs `Roles` and `Present`."""
    roles, present = known(Roles()), known(Present())
    leading = _leaders(roles) or (state.starter,)
    return state.stage != "draft" and bool(present) and not set(leading) & set(present)


def nearest(state: Project, known: Known) -> tuple[Person, ...]:
    """Return who is nearest to the role of a leader who has left; nobody if none of them is in the
    channel."""
    present = known(Present())
    for names in (("deputy",), ("tr", "amr")):
        holders = dict.fromkeys(known.holders(*names))
        if found := tuple(person for person in holders if person in present):
            return found
    return (state.starter,) if state.starter in present else ()


def namers(state: Project, known: Known) -> tuple[Person, ...]:
    """Return who may name a new leader; nobody while there is one in the channel."""
    if not has_left(state, known):
        return ()
    return nearest(state, known) or known(Present())


def parts(known: Known, viewer: Viewer) -> tuple[Part[Line], ...]:
    """Return what *who is who* says of it, with a button for those who may."""
    by = namers(known.project, known)
    if not by:
        return ()
    may = viewer.person in by and not viewer.foreign
    return (Paragraph(_gone(by, known)), *((_find(known.project),) if may else ()))


def _find(state: Project) -> c.Buttons[Line]:
    press = Look("name_leader", project=state.id)
    return c.Buttons((Button(text("project.find_leader"), press, "main"),))


def _gone(by: tuple[Person, ...], known: Known) -> Line:
    if by == known(Present()):
        return text("project.leader_gone_all")
    return text("project.leader_gone", by=cards.named(by))


def _refused(person: Person, known: Known) -> Card[Line] | None:
    by = namers(known.project, known)
    if not by:
        return cards.said("project.leader_is_there")
    return None if person in by else card(Paragraph(_gone(by, known)))


def form(look: Look, viewer: Viewer, known: Known) -> Responses:
    if (no := _refused(viewer.person, known)) is not None:
        return (Show(no),)
    asked = tuple(r.person for r in cards.holding(known(Roles()), "leader") if r.status == "asked")
    fields = (
        Note[Line](text("project.find_leader_note")),
        People[Line]("leader", text("project.row_leader"), values=asked, required=True),
    )
    fixed = {"project": known.project.id}
    title, send = text("project.find_leader"), text("button.send")
    return (Open(Form[Line](title, fields, send, "leader_named", fixed)),)


def named(state: Project, event: e.LeaderNamed, known: Known) -> Step:
    """Ask the new leader. Until they say yes, all is as it was."""
    roles = known(Roles())
    if (no := _refused(event.by, known)) is not None:
        return state, (Show(no),)
    if known(PrefsOf(event.leader)).foreign:
        fault = text("project.from_elsewhere", who=cards.named((event.leader,)))
        return state, (FieldError("leader", fault),)
    elected = [r.person for r in cards.holding(roles, "tr", "amr")]
    if wrong := both_sides((event.leader,), elected):
        return state, (wrong,)
    grants = seats(roles, "leader", (event.leader,))
    if not any(grant.status == "asked" for grant in grants):
        return state, (Show(cards.said("project.roles_saved")),)
    by, who = c.Who(event.by), c.Who(event.leader)
    own = event.by == event.leader
    told = text("project.leader_offers", who=who) if own else _wanted(by, who)
    return state, (
        *grants,
        Redraw(cards.WELCOME),
        Post(slot(event.leader), to=event.leader),
        *(Redraw(slot(grant.person)) for grant in grants if grant.status == "declined"),
        Say(cards.of(state, card(Paragraph(told)))),
        *(Privately(one, _to_old(state, by, who), now=True) for one in _leaders(roles)),
        Show(cards.said("project.roles_asked", who=cards.named((event.leader,)))),
    )


def _wanted(by: Line, who: Line) -> Line:
    return text("project.leader_wanted", by=by, who=who)


def _to_old(state: Project, by: Line, who: Line) -> Card[Line]:
    return cards.with_buttons(
        text("project.leader_replaced", name=c.Words(state.name), by=by, who=who),
        Button(text("project.change_roles"), Look("change_roles", project=state.id)),
    )


# --- told of itself ------------------------------------------------------------------------


def looked(state: Project, event: e.PresenceChanged, known: Known) -> Step:
    """Note that the leader is not in the channel, or is again. Needs `Roles` and `Present`."""
    gone = state.under_way and has_left(state, known)
    if gone == (state.leader_left is not None):
        return state, ()
    if not gone:
        return replace(state, leader_left=None), (Cancel(LEFT),)
    day = today(state, event.at)
    told = add_working_days(state.calendar, day, AWAY)
    return replace(state, leader_left=day), (Timer(LEFT, morning(state, told)),)


def woke(state: Project, known: Known) -> Step:
    """Tell whoever is nearest, in private, or else the channel, that a leader can be found."""
    if not (state.under_way and has_left(state, known)):
        return state, ()
    name = c.Words(state.name)
    if not (by := nearest(state, known)):
        told = card(Paragraph(text("project.leader_left_all", name=name)), _find(state))
        return state, (Say(told),)
    told = card(Paragraph(text("project.leader_left", name=name)), _find(state))
    return state, tuple(Privately(person, told, now=True) for person in by)
