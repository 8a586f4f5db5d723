"""The private letters about one text. Each changes in place as the text goes on, so that nobody is
asked for an answer that has been given."""

from __future__ import annotations

from datetime import date

from dialogs.concern.states import Concern, answer_parts, how_it_went, status_line
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model.cards import Button, Line, NeutralCard, Part, card, text
from dialogs.model.effects import Effects
from dialogs.model.events import Look, Person

TO = "to:"
HANDED = "handed:"
DUE = "due:"


def arrived(state: Concern) -> Effects:
    """Bring a signed text to those it was written to."""
    if not state.author:
        return ()
    return tuple(fx.Post(f"{TO}{person}", to=person) for person in state.readers)


def handed(person: Person) -> fx.Post:
    return fx.Post(f"{HANDED}{person}", to=person, urgency=1)


def reminder(person: Person) -> fx.Post:
    return fx.Post(f"{DUE}{person}", to=person, bag=True, urgency=2)


def changed(state: Concern) -> Effects:
    """Draw again whatever tells of a text: its post in the channel, and the letters."""
    due = dict.fromkeys((state.promised_by, *(given.by for given in state.answers)))
    return (
        *((fx.Redraw("post"),) if state.posted else ()),
        *(fx.Redraw(f"{TO}{person}") for person in state.readers if state.author),
        *(fx.Redraw(f"{HANDED}{person}") for person in state.handed_by),
        *(fx.Redraw(f"{DUE}{person}") for person in due if person),
        fx.Tell(e.MatterChanged(of=state.id)),
    )


def letter(state: Concern, slot: str, project: str) -> NeutralCard:
    if slot.startswith(DUE):
        return _due(state, slot.removeprefix(DUE), project)
    kind = text(f"concern.kind_{state.kind}")
    if slot.startswith(HANDED):
        person = slot.removeprefix(HANDED)
        by = state.handed_by.get(person, c.FORMER)
        return _to(state, person, text("concern.handed_to_you", who=c.Who(by), kind=kind), project)
    came = text("say.came_by_name", who=c.Who(state.author), kind=kind)
    return _to(state, slot.removeprefix(TO), came, project)


def _to(state: Concern, person: Person, came: Line, project: str) -> NeutralCard:
    if state.status == "withdrawn":
        return card(c.Paragraph(came), c.Paragraph(text("concern.is_withdrawn")))
    return card(
        c.Paragraph(came),
        c.Quote(state.words, c.Who(state.author)),
        *answer_parts(state),
        *_next(state, person, project),
    )


def _next(state: Concern, person: Person, project: str) -> tuple[Part[Line] | None, ...]:
    """Return where the text stands, and what this person can do with it."""
    here = {"project": project, "ref": state.id}
    if not state.waits:
        read: Button[Line] = Button(text("concern.read"), Look("concern", **here), "quiet")
        return c.Small(_status(state)), c.buttons(read)
    if state.promised_by not in ("", person):
        return (c.Small(text("concern.who_answers", who=c.Who(state.promised_by))),)
    promised = state.promised is not None
    return (
        c.Small(_status(state)) if promised else None,
        c.buttons(
            Button(text("button.reply"), Look("answer_concern", **here)),
            Button(
                text("button.new_date" if promised else "concern.promise_date"),
                Look("take_concern", **here),
            ),
        ),
    )


def _status(state: Concern) -> Line:
    return text("concern.stands", status=status_line(state, date.min))


def _due(state: Concern, person: Person, project: str) -> NeutralCard:
    """Remind of a promise; empty once it is kept or somebody else's."""
    kind = text(f"concern.kind_{state.kind}")
    here = {"project": project, "ref": state.id}
    if state.waits and state.promised is not None and state.promised_by == person:
        key = "concern.due_forwarded" if state.status == "forwarded" else "concern.due"
        return card(
            c.Paragraph(text(key, kind=kind, day=c.Day(state.promised))),
            c.buttons(
                Button(text("button.reply"), Look("answer_concern", **here)),
                Button(text("button.new_date"), Look("take_concern", **here)),
            ),
        )
    doing, day = state.doing, state.done_by
    if not state.waits and doing is not None and day is not None and doing.by == person:
        return card(
            c.Paragraph(text("concern.went_ask", day=c.Day(day))),
            c.Quote(state.words),
            c.buttons(*how_it_went(state, project)),
        )
    return card()
