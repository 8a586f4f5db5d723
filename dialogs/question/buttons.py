"""The buttons of a question: what a person can do with it now."""

from __future__ import annotations

from typing import assert_never

from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Buttons,
    Line,
    text,
)
from dialogs.model.events import ClosedForAnswers as Close
from dialogs.model.events import Fits, Look, TakenUpAgain
from dialogs.model.facts import (
    Viewer,
)
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    SetAside,
    State,
    ToMed,
    Words,
)
from dialogs.walk.states import RUNS


def answer_button(project: str, question: str, *, main: bool = False) -> Button[Line]:
    look = Look("answer", project=project, ref=question)
    return Button(text("button.answer"), look, style="main" if main else "plain")


def unnamed_button(project: str, question: str) -> Button[Line]:
    look = Look("answer_unnamed", project=project, ref=question)
    return Button(text("button.answer_unnamed"), look)


def close_button(project: str, question: str) -> Button[Line]:
    press = Close(project=project, question=question)
    return Button(text("button.close_answers"), press, confirm=text("question.close_confirm"))


def see_button(project: str, question: str) -> Button[Line]:
    return Button(text("button.see_answers"), Look("see_answers", project=project, ref=question))


def fit_buttons(project: str, question: str) -> tuple[Button[Line], ...]:
    return (
        Button(text("button.it_fits"), Fits(project=project, question=question), style="main"),
        Button(text("button.something_missing"), Look("missing", project=project, ref=question)),
    )


def again_button(project: str, question: str) -> Button[Line]:
    return Button(text("question.take_up_again"), TakenUpAgain(project=project, question=question))


def source_button(project: str, words: Words) -> Button[Line] | None:
    if not words.source_da:
        return None
    look = Look("source", project=project, ref=words.id)
    return Button(text("button.source"), look, style="quiet")


def sum_up_button(project: str, question: str) -> Button[Line]:
    look = Look("sum_up", project=project, ref=question)
    return Button(text("button.sum_up"), look)


def ways(state: State, viewer: Viewer, project: str) -> tuple[Buttons[Line] | None, ...]:
    """What this person can do with the question now; a theme's one post has no room for it."""
    question, runs = state.words.id, viewer.may(*RUNS)
    match state:
        case Asked(closed=False):
            return (
                c.buttons(answer_button(project, question), unnamed_button(project, question)),
                c.buttons(close_button(project, question), sum_up_button(project, question))
                if runs
                else None,
            )
        case Asked():
            return (c.buttons(sum_up_button(project, question)) if runs else None,)
        case Proposed():
            return (c.buttons(*fit_buttons(project, question)),)
        case Concluded() | ToMed():
            return (c.buttons(again_button(project, question)) if runs else None,)
        case SetAside():
            there = runs and not state.ended
            return (c.buttons(again_button(project, question)) if there else None,)
        case _:
            assert_never(state)


def talked_button(state: Asked, project: str) -> Button[Line]:
    look = Look("talked", project=project, ref=state.words.id)
    return Button(text("button.we_talked"), look)
