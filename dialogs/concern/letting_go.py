"""Ways to be done with a text without answering it: close it with a reason, or hand it on."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.concern import letters
from dialogs.concern.links import refers_elsewhere
from dialogs.concern.looks import not_here, refused
from dialogs.concern.states import Concern, ConcernAnswer, answer_parts, may_hand_on
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model.cards import Line, Option, card, text
from dialogs.model.conversation import Responses, Step
from dialogs.model.effects import Effects, FieldError, Open, Privately, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Viewer


def closed_with_reason(state: Concern, event: e.ConcernClosed) -> Step:
    """Close a text that waits; the reason is the last of its answers, so its author reads it."""
    if refers_elsewhere(event.text):
        return state, (FieldError("text", text("concern.no_links")),)
    line = ConcernAnswer("closed", event.id, event.by)
    after = replace(
        state, status="closed", promised=None, promised_by="", answers=(*state.answers, line)
    )
    body = {"text": event.text, "who": ""}
    told: Effects = ()
    if state.author:
        parts = answer_parts(replace(after, answers=(line,)))
        shown = card(c.Paragraph(text("concern.closed_you")), c.Quote(state.words), *parts)
        told = (Privately(state.author, shown, now=True),)
    return after, (
        fx.Record("concern_answer", state.id, event.id, event.by, event.at, body),
        fx.Cancel("due"),
        *told,
        *letters.changed(after),
        Show(card(c.Paragraph(text("concern.now_closed")))),
    )


def handed_on(state: Concern, event: e.HandedOn, known: Known) -> Step:
    """Make another person the one who answers. The promised date stays."""
    if event.to not in _others(state, event.by, known) or not may_hand_on(state):
        return state, (Show(card(c.Paragraph(text("concern.not_handed_on")))),)
    readers = state.readers if event.to in state.readers else (*state.readers, event.to)
    handed_by = {**state.handed_by, event.to: event.by}
    after = replace(state, readers=readers, promised_by=event.to, handed_by=handed_by)
    by, to = c.Who(event.by), c.Who(event.to)
    authors = card(c.Paragraph(text("concern.handed_on_you", who=by, to=to)), c.Quote(state.words))
    return after, (
        letters.handed(event.to),
        Privately(state.author, authors, now=True),
        *letters.changed(replace(after, handed_by=state.handed_by)),
        Show(card(c.Paragraph(text("concern.now_handed_on", to=to)))),
    )


def _others(state: Concern, person: Person, known: Known) -> tuple[Person, ...]:
    """Return who may take it over: leader and representatives, but neither its author, nor whoever
    hands it on, nor whoever answers it already."""
    no = (state.author, person, state.promised_by)
    return tuple(p for p in known.holders("leader", "deputy", "tr", "amr") if p not in no)


def form(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := refused(one, viewer.person, known)) is not None:
        return (Show(no),)
    closing = look.view == "close_concern"
    others = _others(one, viewer.person, known)
    if not closing and (not others or not may_hand_on(one)):
        return (Show(card(c.Paragraph(text("concern.not_handed_on")))),)
    field: c.Field[Line] = c.TextField(
        "text", text("concern.field_why_closed"), text("concern.no_links"), long=True
    )
    if not closing:
        options: tuple[Option[Line], ...] = tuple(Option(p, c.Who(p)) for p in others)
        field = c.Choice("to", text("concern.field_to"), options)
    return (
        Open(
            c.Form(
                title=text("concern.close_why" if closing else "concern.hand_on"),
                fields=(c.Note(one.words), field),
                submit=text("concern.close" if closing else "button.send"),
                into="concern_closed" if closing else "handed_on",
                fixed={"concern": one.id, "project": known.project.id},
            )
        ),
    )
