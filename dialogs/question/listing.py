"""The list of a project's questions with their status."""

from __future__ import annotations

from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Heading,
    Line,
    Paragraph,
    Part,
    Small,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    HowMany,
    HowManyEach,
    Known,
    Records,
    Roles,
    StateOf,
    States,
    Viewer,
)
from dialogs.model.roles import who_leads
from dialogs.question.buttons import answer_button, leading, see_button
from dialogs.question.cards import for_all, lead_card, post, told, with_trio
from dialogs.question.states import (
    Asked,
    QuestionState,
    all_of,
    one_of,
    state_word,
    takes_answers,
    title,
)
from dialogs.walk.states import RUNS

IN_THE_LIST = 10


def list_needs(look: Look, viewer: Viewer) -> Facts:
    one = (
        (HowMany("answer", look.ref), Records("trio_answer", look.ref), States("agreement"))
        if look.ref
        else ()
    )
    return (About(), States("question"), HowManyEach("answer"), *one)


def questions(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Return the questions, newest first; or one question with everything the person can do."""
    project = known.project.id
    if look.ref:
        return _one(all_of(known).get(look.ref), viewer, known)
    found = sorted(
        (s for s in all_of(known).values() if not with_trio(s)),
        key=lambda s: (s.asked_at, -s.words.number),
        reverse=True,
    )
    more: Button[Line] = Button(text("question.more"), Look("more_questions", project=project))
    if not found:
        return (Show(c.card(Paragraph(text("question.none_yet")), c.buttons(more))),)
    start = int(look.words) if look.words.isdigit() else 0
    page, rest = found[start : start + IN_THE_LIST], len(found) - start - IN_THE_LIST
    answered = known(HowManyEach("answer"))
    parts: list[Part[Line]] = []
    for state in page:
        word = state_word(state, answered.get(state.words.id, 0))
        line = text("question.in_list", title=title(state.words), state=word)
        parts.append(Paragraph(line))
        row = c.buttons(
            answer_button(project, state.words.id) if takes_answers(state) else None,
            see_button(project, state.words.id),
        )
        if row is not None:
            parts.append(row)
    older = Look("questions", project=project, words=str(start + IN_THE_LIST))
    return (
        Show(
            c.card(
                Heading(text("question.list")),
                *parts,
                Small(text("question.and_older", n=c.Count(rest))) if rest > 0 else None,
                c.buttons(
                    Button(text("question.show_more"), older) if rest > 0 else None,
                    more,
                ),
            )
        ),
    )


def _one(state: QuestionState | None, viewer: Viewer, known: Known) -> Responses:
    if state is None:
        return told(None, known.project.id)
    if isinstance(state, Asked) and state.with_trio:
        if viewer.person not in state.trio:
            return told(state, known.project.id)
        return (Show(post(state, f"trio:{viewer.person}", known)),)
    return (Show(for_all(state, known, viewer)),)


def lead_needs(look: Look, viewer: Viewer) -> Facts:
    one = StateOf("question", look.ref), HowMany("answer", look.ref)
    return (About(), Roles(), *one)


def lead(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Led samtalen*: show what a leader can do now; tell others who the leaders are."""
    state, project = one_of(known, look.ref), known.project.id
    if not viewer.may(*RUNS):
        return (Show(c.card(Paragraph(who_leads(known)))),)
    if state is None or with_trio(state) or not leading(state, project):
        return told(state, project)
    return (Show(lead_card(state, known)),)
