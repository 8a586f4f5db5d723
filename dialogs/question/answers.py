"""Shows the answers to a question to a person who may read them."""

from __future__ import annotations

from typing import assert_never

from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Heading,
    Kept,
    Line,
    Paragraph,
    Part,
    Quote,
    Small,
    Who,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Known,
    Mine,
    Published,
    Records,
    StateOf,
    Viewer,
)
from dialogs.question.buttons import ways
from dialogs.question.cards import as_it_is, proposal_parts, told, unnamed_words, with_trio
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    QuestionState,
    SetAside,
    ToMed,
    in_words,
    one_of,
    takes_answers,
    title,
    votes,
)

ON_A_PAGE = 30


LETTERS_ON_A_PAGE = 9000


def answers_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        StateOf("question", look.ref),
        Mine("answer", look.ref, viewer.person),
        Records("answer", look.ref),
        Published("answer", look.ref),
        Published("objection", look.ref),
    )


def answers(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = one_of(known, look.ref), known.project.id
    if state is None or with_trio(state):
        return told(state, project)
    if takes_answers(state) and known(Mine("answer", look.ref, viewer.person)) is None:
        return (
            Show(
                c.card(
                    Heading(title(state.words)),
                    Paragraph(text("question.locked")),
                    *ways(state, viewer, project),
                )
            ),
        )
    everything = _everything(state, known)
    start = int(look.words) if look.words.isdigit() else 0
    page = _page(everything[start:])
    rest = len(everything) - start - len(page)
    more = Look("see_answers", project=project, ref=look.ref, words=str(start + len(page)))
    return (
        Show(
            c.card(
                Heading(title(state.words)),
                *(_conclusion(state) if start == 0 else ()),
                *page,
                Paragraph(text("question.no_answers")) if not everything else None,
                *(Small(line) for line in unnamed_words(state) if state.elimination),
                Small(text("question.only_named")) if takes_answers(state) else None,
                Small(text("question.and_more", n=c.Count(rest))) if rest > 0 else None,
                c.buttons(Button(text("question.show_more"), more)) if rest > 0 else None,
                *ways(state, viewer, project),
            )
        ),
    )


def _everything(state: QuestionState, known: Known) -> list[Quote[Line]]:
    """Return all that may be read now: objections in words, answers by name, unsigned answers."""
    question = state.words.id
    named: list[Quote[Line]] = [
        Quote(c.Words(r.body["text"]), Who(r.person)) for r in known(Records("answer", question))
    ]
    unnamed: list[Quote[Line]] = (
        [
            Quote(c.Words(u.body["text"]), text("question.no_name"))
            for u in known(Published("answer", question))
        ]
        if not takes_answers(state)
        else []
    )
    missing: list[Quote[Line]] = [
        Quote(c.Words(u.body["text"]), text("question.missing_by"))
        for u in known(Published("objection", question))
        if u.id in in_words(state)
    ]
    return [*missing, *named, *unnamed]


def _page(quotes: list[Quote[Line]]) -> list[Quote[Line]]:
    """Return as many answers as fit into one message, at least one."""
    found: list[Quote[Line]] = []
    room = LETTERS_ON_A_PAGE
    for quote in quotes[:ON_A_PAGE]:
        room -= len(quote.words.text) if isinstance(quote.words, c.Words) else 0
        if found and room < 0:
            break
        found.append(quote)
    return found


def _conclusion(state: QuestionState) -> tuple[Part[Line], ...]:
    match state:
        case Asked():
            return ()
        case Proposed():
            return proposal_parts(state)
        case Concluded() | ToMed():
            return (
                Paragraph(
                    text("question.to_med" if isinstance(state, ToMed) else "question.arrived_at")
                ),
                Quote(
                    Kept("conclusion", state.conclusion),
                    text("question.written_by", who=Who(state.by)),
                ),
                *(Small(line) for line in votes(state)),
            )
        case SetAside():
            return (Paragraph(as_it_is(state)),)
        case _:
            assert_never(state)
