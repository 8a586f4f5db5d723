"""The states of a question, and what other conversations read from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeGuard, assert_never, cast

from msgspec import Struct

from dialogs.agreement.states import Agreement, as_listed
from dialogs.model import cards as c
from dialogs.model.cards import Line, Note, text
from dialogs.model.events import Person
from dialogs.model.facts import (
    Known,
    Operator,
    Project,
    StateOf,
    Written,
)


class QuestionWords(Struct, frozen=True):
    """The question as it was asked: a copy of its text, unaffected by later changes of the
    catalogue."""

    id: str
    da: str
    en: str
    why_da: str = ""
    why_en: str = ""
    theme: str = ""
    phase: int = 0
    source_da: str = ""
    source_en: str = ""
    number: int = 0  # its position in a theme's post with five questions
    theme_post: str = ""  # the theme whose post shows it; "" if it has its own post
    trio: bool = False  # asked of leader, TR and AMR first


class Asked(Struct, frozen=True, kw_only=True, tag="asked"):
    words: QuestionWords
    asked_at: datetime
    with_trio: bool = False  # not yet asked of the team
    trio: tuple[Person, ...] = ()  # the people who got it first
    trio_until: datetime | None = None  # then the team is asked, with or without a proposal
    proposal: str = ""  # record id of one of the trio's proposal; shown to the team after them
    agreed: tuple[Person, ...] = ()  # who of the trio has agreed to it, beside its author
    closed: bool = False
    elimination: bool = False  # closed, and unsigned answers wait for the end of the phase
    unnamed: int = 0  # number of unsigned answers published at closing


class Discussed(Asked, frozen=True, kw_only=True, tag="discussed"):
    """Somebody has answered, or it was discussed aloud."""

    again: bool = False  # reopened
    before: str = ""  # record id of the previous conclusion
    objections: int = 0  # objections to the previous conclusion
    in_words: tuple[str, ...] = ()


class Proposed(Struct, frozen=True, kw_only=True, tag="proposed"):
    """A proposed conclusion. Objections are possible until `until`; then they are released, and one
    working day later the proposal holds. Both times are set when it is summed up, whether or not
    anybody objects."""

    words: QuestionWords
    asked_at: datetime
    by: str
    conclusion: str  # record id, kind "conclusion"
    outcome: Literal["concluded", "aside", "med"]
    until: datetime
    proposed_at: datetime
    holds_at: datetime | None = None  # None in proposals of earlier versions, which had one time
    released: bool = False
    objections: int = 0
    in_words: tuple[str, ...] = ()
    fits: int = 0
    elimination: bool = False
    unnamed: int = 0


class Concluded(Struct, frozen=True, kw_only=True, tag="concluded"):
    """A conclusion that holds.

    `objections` and `fits` are counts that reached the threshold, else 0. `in_words` are the
    objections' texts, if all their authors agreed; then there is no count.
    """

    words: QuestionWords
    asked_at: datetime
    by: str
    conclusion: str
    concluded_at: datetime
    objections: int = 0
    in_words: tuple[str, ...] = ()
    fits: int = 0
    elimination: bool = False
    unnamed: int = 0


class SetAside(Struct, frozen=True, kw_only=True, tag="set_aside"):
    words: QuestionWords
    asked_at: datetime
    set_aside_at: datetime
    by: str = ""
    conclusion: str = ""
    elsewhere: bool = False
    ended: bool = False  # the project ended before it was summed up
    closed: bool = True  # false only if the team was never asked
    elimination: bool = False
    unnamed: int = 0


class ToMed(Struct, frozen=True, kw_only=True, tag="to_med"):
    words: QuestionWords
    asked_at: datetime
    by: str
    conclusion: str
    proposed_at: datetime
    objections: int = 0
    in_words: tuple[str, ...] = ()
    fits: int = 0
    elimination: bool = False
    unnamed: int = 0


FEW_WORDS = 5  # the number of objections in a post, each truncated
CUT = 300

QuestionState = Asked | Discussed | Proposed | Concluded | SetAside | ToMed
_ANY: type[QuestionState] = cast(Any, QuestionState)


# --- read by others -----------------------------------------------------------------------


def all_of(known: Known) -> Mapping[str, QuestionState]:
    """Return all questions that have been asked, by id. Needs `States("question")`."""
    return known.states("question", _ANY)


def one_of(known: Known, question: str) -> QuestionState | None:
    """Return one question. Needs `State("question", question)`."""
    body = known(StateOf("question", question))
    return None if body is None else read(body)


def read(body: Written) -> QuestionState:
    found: QuestionState = body.read_as(QuestionState)
    return found


def title(words: QuestionWords) -> Line:
    """Return the question's text."""
    # A team's own question is the same in both languages: people's text, without markup.
    return c.Words(words.da) if words.da == words.en else c.Said(words.da, words.en)


def place_of(words: QuestionWords, known: Known) -> Line | None:
    """Return the theme's name, or the phase. The catalogue may no longer contain either."""
    for theme in known.catalogue.themes:
        if theme.id == words.theme:
            return c.Said(theme.name.da, theme.name.en)
    for phase in known.catalogue.phases:
        if phase.number == words.phase:
            name = c.Said(phase.name.da, phase.name.en)
            return text("question.phase", number=c.Count(phase.number), name=name)
    return None


def why_line(words: QuestionWords) -> c.Paragraph[Line] | None:
    return c.Paragraph(c.Said(words.why_da, words.why_en)) if words.why_da else None


def words_of_question(known: Known, question: str) -> QuestionWords | None:
    """Return the text of a question that has been asked. Needs `States("question")`."""
    state = all_of(known).get(question)
    return None if state is None else state.words


def is_open(state: QuestionState) -> bool:
    """Return whether the team has been asked and nobody has summed up yet."""
    return isinstance(state, Asked) and not state.with_trio


def takes_answers(state: QuestionState | None) -> bool:
    """Return whether answers are accepted now."""
    return isinstance(state, Asked) and not state.with_trio and not state.closed


def takes_objections(state: QuestionState | None) -> TypeGuard[Proposed]:
    """Return whether votes and objections are accepted now."""
    return isinstance(state, Proposed) and not state.released


def conclusion_of(state: QuestionState) -> str:
    """Return the id of the conclusion's record; "" if there is none."""
    return "" if isinstance(state, Asked) else state.conclusion


def state_word(state: QuestionState, answered: int = 0) -> Line:
    """Return the state in a word or two: stillet, besvaret af 2, talt om, forslag, samlet op.

    `answered` is the number of signed answers; unsigned ones are not counted.
    """
    match state:
        case Asked() if answered:
            return text("state.question.answered", n=c.Count(answered))
        case Discussed(again=True):
            return text("state.question.discussed")
        case Asked():
            return text("state.question.asked")
        case Proposed():
            return text("state.question.proposed")
        case Concluded():
            return text("state.question.concluded")
        case SetAside():
            return text("state.question.set_aside")
        case ToMed():
            return text("state.question.proposed_to_med")
        case _:
            assert_never(state)


def votes(state: QuestionState) -> tuple[Line, ...]:
    """Return how many voted that the conclusion fits or lacks something, if there are enough votes
    to show."""
    if isinstance(state, Asked | SetAside):
        return ()
    fits = (text("question.fits", n=c.Count(state.fits)),) if state.fits else ()
    return (*fits, *_lacking(state.objections))


def _lacking(objections: int) -> tuple[Line, ...]:
    return (text("question.objections", n=c.Count(objections)),) if objections else ()


def beside(state: QuestionState) -> tuple[c.Part[Line], ...]:
    """Return what is shown beside a conclusion: the counts, or the objections' texts. If there are
    more than a few, all texts are under *Se svar*, without their number."""
    figures = _lacking(state.objections) if isinstance(state, Discussed) else votes(state)
    found = in_words(state)
    by = text("question.no_name")
    return (
        *(c.Small(line) for line in figures),
        *((c.Paragraph(text("question.missing_in_it")),) if found else ()),
        *(c.Quote[Line](c.Kept("published", id, cut=CUT), by) for id in found[:FEW_WORDS]),
        *((c.Small(text("question.rest_of_missing")),) if len(found) > FEW_WORDS else ()),
    )


def in_words(state: QuestionState) -> tuple[str, ...]:
    """Return the objections that everybody may read, if the authors of all agreed."""
    match state:
        case Discussed() | Proposed() | Concluded() | ToMed():
            return state.in_words
        case _:
            return ()


def agreed(question: str, known: Known) -> tuple[c.Part[Line], ...]:
    """Return the agreements made with the conclusion. Needs `States("agreement")`."""
    found = tuple(
        as_listed(one)
        for one in known.states("agreement", Agreement).values()
        if one.question == question
    )
    return (c.Paragraph(text("question.agreements")), c.Bullets(found)) if found else ()


LEAST = 3  # the minimum for every project, whatever its setting


def fewest(project: Project) -> int:
    """Return how many people must have been able to write before unsigned texts are shown."""
    return max(LEAST, project.threshold)


def what_is_kept(operator: Operator) -> Line:
    """Return the first sentence above an unsigned form: what this Digi stores about it."""
    return text("say.kept_times" if operator.database_keeps_times else "say.kept")


def read_more() -> Note[Line]:
    """Return a note that says where to read more."""
    return Note(text("say.honest_more", about=c.Typed("about")))
