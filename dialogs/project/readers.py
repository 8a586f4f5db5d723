"""Readers for the committee: people who get the report, and nothing else of the project.

Leader, TR and AMR choose them, and each says yes. The channel is told, since a reader may be
outside it. They can be chosen after the project has ended too, as long as there is a report.
"""

from __future__ import annotations

from typing import assert_never

from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Card,
    Form,
    Heading,
    Line,
    Note,
    Paragraph,
    People,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import Effects, FieldError, Grant, Open, Post, Redraw, Say, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import About, Known, PrefsOf, Project, RoleName, Roles, Viewer
from dialogs.project import cards
from dialogs.project.states import confirming

ROLE: RoleName = "reader"
_SLOT = "reader:"


def needs(event: e.ReadersChosen) -> Facts:
    return (Roles(), *(PrefsOf(person) for person in event.people))


def decide(
    state: Project, event: e.ReadersChosen | e.RoleConfirmed | e.RoleDeclined, known: Known
) -> Step:
    match event:
        case e.ReadersChosen():
            return _chosen(state, event, known)
        case e.RoleConfirmed():
            return state, _confirmed(state, event.by, known)
        case e.RoleDeclined():
            return state, _declined(state, event.by, known)
        case _:
            assert_never(event)


def _chosen(state: Project, event: e.ReadersChosen, known: Known) -> Step:
    """Ask those who are new, and end it for those who were left out."""
    if state.stage == "draft":
        return state, (FieldError("", text("report.not_yet")),)
    if found := [person for person in event.people if known(PrefsOf(person)).foreign]:
        fault = text("project.from_elsewhere", who=cards.named(found))
        return state, (FieldError("people", fault),)
    wanted = tuple(dict.fromkeys(event.people))
    before = cards.holding(known(Roles()), ROLE)
    has = {role.person for role in before}
    new = tuple(person for person in wanted if person not in has)
    gone = tuple(role for role in before if role.person not in wanted)
    if not new and not gone:
        return state, (Show(cards.said("project.readers_same")),)
    ended = (
        Grant(role.person, ROLE, "was" if role.status == "confirmed" else "declined")
        for role in gone
    )
    told = (role.person for role in gone if role.status == "confirmed")
    return state, (
        *ended,
        *(Grant(person, ROLE, "asked") for person in new),
        Redraw(cards.WELCOME),
        *(Redraw(_slot(role.person)) for role in gone),
        *(Post(_slot(person), to=person) for person in new),
        *(_tell(state, "project.no_longer_reader", person) for person in told if state.open),
        Show(
            cards.said("project.readers_asked", who=cards.named(new))
            if new
            else cards.said("project.readers_saved")
        ),
    )


def _slot(person: Person) -> str:
    return f"{_SLOT}{person}"


def _tell(state: Project, key: str, person: Person) -> Say:
    return Say(cards.said(key, who=cards.named((person,))))


def _status(known: Known, person: Person) -> str:
    mine = (role for role in known(Roles()) if (role.person, role.role) == (person, ROLE))
    return next((role.status for role in mine), "")


def _confirmed(state: Project, by: Person, known: Known) -> Effects:
    status = _status(known, by)
    if status == "confirmed":
        return (Show(_reads(state)),)
    if status != "asked":
        return (Show(cards.said("project.not_asked_to_read")),)
    return (
        Grant(by, ROLE, "confirmed"),
        Redraw(_slot(by)),
        Redraw(cards.WELCOME),
        *((_tell(state, "project.has_reader", by),) if state.open else ()),
        Show(_reads(state)),
    )


def _declined(state: Project, by: Person, known: Known) -> Effects:
    """Say no to the request, or stop."""
    status = _status(known, by)
    if status not in ("asked", "confirmed"):
        return (Show(cards.said("project.not_asked_to_read")),)
    was = status == "confirmed"
    return (
        Grant(by, ROLE, "was" if was else "declined"),
        Redraw(_slot(by)),
        Redraw(cards.WELCOME),
        *((_tell(state, "project.no_longer_reader", by),) if was and state.open else ()),
        Show(cards.said("project.is_not_reader")),
    )


# --- cards and form -----------------------------------------------------------------------


def is_slot(slot: str) -> bool:
    return slot.startswith(_SLOT)


def view(state: Project, slot: str, known: Known) -> Card[Line]:
    """Return the message to a reader: asked, reading, or no longer."""
    name = Words(state.name)
    match _status(known, slot.removeprefix(_SLOT)):
        case "asked":
            return card(
                Heading(text("project.asked_as_reader", name=name)),
                Paragraph(text("project.asks_reader")),
                buttons(*confirming(state.id, ROLE)),
            )
        case "confirmed":
            return _reads(state)
        case _:
            return cards.said("project.reads_no_more", name=name)


def _reads(state: Project) -> Card[Line]:
    stop: Button[Line] = Button(
        text("project.step_down_reader"),
        e.RoleDeclined(project=state.id, role=ROLE),
        "quiet",
        confirm=text("project.step_down_confirm"),
    )
    return card(
        Paragraph(text("project.is_reader", name=Words(state.name))),
        buttons(Button(text("report.open"), Look("report", project=state.id), "main"), stop),
    )


def form_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles())


def form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage == "draft":
        return (Show(cards.said("report.not_yet")),)
    people = tuple(role.person for role in cards.holding(known(Roles()), ROLE))
    fields = (
        Note[Line](text("project.readers_note")),
        People[Line]("people", text("project.field_readers"), many=True, values=people),
    )
    fixed = {"project": state.id}
    shown = Form[Line](
        text("project.readers_form"), fields, text("button.save"), "readers_chosen", fixed
    )
    return (Open(shown),)
