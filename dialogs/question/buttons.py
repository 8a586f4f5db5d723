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
from dialogs.model.events import ClosedForAnswers, Fits, Look, TakenUpAgain
from dialogs.model.facts import (
    Viewer,
)
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    QuestionState,
    QuestionWords,
    SetAside,
    ToMed,
    takes_objections,
)
from dialogs.walk.states import RUNS


def answer_button(project: str, question: str, *, main: bool = False) -> Button[Line]:
    look = Look("answer", project=project, ref=question)
    return Button(text("button.answer"), look, style="main" if main else "plain")


def unnamed_button(project: str, question: str) -> Button[Line]:
    look = Look("answer_unnamed", project=project, ref=question)
    return Button(text("button.answer_unnamed"), look)


def close_button(project: str, question: str) -> Button[Line]:
    press = ClosedForAnswers(project=project, question=question)
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


def source_button(project: str, words: QuestionWords) -> Button[Line] | None:
    if not words.source_da:
        return None
    look = Look("source", project=project, ref=words.id)
    return Button(text("button.source"), look, style="quiet")


def sum_up_button(project: str, question: str) -> Button[Line]:
    look = Look("sum_up", project=project, ref=question)
    return Button(text("button.sum_up"), look)


def talked_button(project: str, question: str) -> Button[Line]:
    look = Look("talked", project=project, ref=question)
    return Button(text("button.we_talked"), look)


def lead_button(project: str, question: str) -> Button[Line]:
    """Return *Led samtalen* for a post that everybody sees; the press opens what the person may
    do."""
    look = Look("lead", project=project, ref=question)
    return Button(text("button.lead"), look, style="quiet")


def leading(state: QuestionState, project: str) -> tuple[Button[Line], ...]:
    """Return the buttons that only the people running the questions may use."""
    question = state.words.id
    match state:
        case Asked(closed=False):
            return (
                close_button(project, question),
                sum_up_button(project, question),
                talked_button(project, question),
            )
        case Asked():
            return sum_up_button(project, question), talked_button(project, question)
        case Proposed(released=False):
            return ()
        case SetAside() if state.ended:
            return ()
        case Proposed() | Concluded() | ToMed() | SetAside():
            return (again_button(project, question),)
        case _:
            assert_never(state)


def lead_way(state: QuestionState, viewer: Viewer | None, project: str) -> tuple[Button[Line], ...]:
    """Return the leaders' buttons for a person who may use them, none for others, and one button to
    them on a post for everybody (no viewer)."""
    can = leading(state, project)
    if viewer is None:
        return (lead_button(project, state.words.id),) if can else ()
    return can if viewer.may(*RUNS) else ()


def writes(viewer: Viewer | None) -> bool:
    """Return whether the button for unsigned answers or objections is offered here."""
    return viewer is None or viewer.may("writer")


def ways(state: QuestionState, viewer: Viewer, project: str) -> tuple[Buttons[Line] | None, ...]:
    """Return the buttons for all that this person can do with the question now, for which a theme's
    post has no room."""
    question = state.words.id
    first: tuple[Button[Line] | None, ...] = ()
    if isinstance(state, Asked) and not state.closed:
        unnamed = unnamed_button(project, question) if writes(viewer) else None
        first = (answer_button(project, question), unnamed)
    elif takes_objections(state) and writes(viewer):
        first = fit_buttons(project, question)
    return c.buttons(*first), c.buttons(*lead_way(state, viewer, project))
