"""What a project has arrived at: one reading of it, for the list, the report and the committee."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model.facts import Known
from dialogs.question.states import (
    Concluded,
    Discussed,
    Proposed,
    QuestionState,
    SetAside,
    ToMed,
    all_of,
)


class Result(Struct, frozen=True):
    """A question with its conclusion, the id of a record, and when it was written."""

    question: QuestionState
    conclusion: str
    at: datetime


def results(known: Known) -> tuple[Result, ...]:
    """Return all conclusions, also proposed ones, newest first. Needs `States("question")`."""
    found = [one for state in all_of(known).values() if (one := _result(state)) is not None]
    found.sort(key=lambda one: (one.at, one.question.words.id), reverse=True)
    return tuple(found)


def _result(state: QuestionState) -> Result | None:
    match state:
        case Concluded(conclusion=id, concluded_at=at) | Proposed(conclusion=id, proposed_at=at):
            return Result(state, id, at)
        case ToMed(conclusion=id, proposed_at=at) | SetAside(conclusion=id, set_aside_at=at) if id:
            return Result(state, id, at)
        case Discussed(before=id, asked_at=at) if id:
            return Result(state, id, at)
    return None
