"""Texts after the end of their project: they can be answered for two weeks; then the leader's
reason closes them."""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from dialogs.concern import letters
from dialogs.concern.states import Concern, ConcernAnswer, answer_parts
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model.cards import card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import Effect, FieldError
from dialogs.model.events import Person
from dialogs.model.facts import Known, Project


def too_late(project: Project, today: date) -> bool:
    """Return whether the project has ended and the time to answer is over."""
    last = project.answered_until
    return not project.open and (last is None or today > last)


def beyond_the_end(until: date, known: Known) -> FieldError | None:
    """Return an error if a promised date is after the time to answer."""
    last = None if known.project.open else known.project.answered_until
    if last is None or until <= last:
        return None
    return FieldError("until", text("concern.beyond_the_end", day=c.Day(last)))


def unanswered(state: Concern, reason: str, who: Person, at: datetime) -> Step:
    """Close a text with the leader's reason as its last answer, so that its author can read it by
    code."""
    if not state.waits:
        return state, ()
    # Each text has at most one such record, so its id is derived from the text's.
    line = ConcernAnswer("over", f"{state.id}-over", who)
    after = replace(
        state, status="over", promised=None, promised_by="", answers=(*state.answers, line)
    )
    effects: list[Effect] = [
        fx.Record("concern_answer", state.id, line.text, who, at, {"text": reason, "who": ""}),
        fx.Cancel("due"),
    ]
    if state.author:
        shown = card(
            c.Paragraph(text("concern.over_you")),
            c.Quote(state.words),
            *answer_parts(replace(after, answers=(line,))),
        )
        effects.append(fx.Privately(state.author, shown, urgency=3))
    return after, (*effects, *letters.changed(after))
