"""What a question can be, and what others may read off it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeGuard, assert_never

from msgspec import Struct

from dialogs.agreement.states import Agreement, as_listed
from dialogs.model import cards as c
from dialogs.model.cards import Line, Note, text
from dialogs.model.events import Person
from dialogs.model.facts import (
    Known,
    Operator,
    Project,
    States,
    Written,
)
from dialogs.model.facts import State as StateOf


class Words(Struct, frozen=True):
    """The question as it was asked: it stores its own words, whatever the catalogue says later."""

    id: str
    da: str
    en: str
    why_da: str = ""
    why_en: str = ""
    theme: str = ""
    phase: int = 0
    source_da: str = ""
    source_en: str = ""
    number: int = 0  # its place among a theme's five, where the theme was posted in one go
    theme_post: str = ""  # the theme whose one post shows it; empty where it has a post of its own
    trio: bool = False  # asked of leader, TR and AMR first


class Asked(Struct, frozen=True, kw_only=True, tag="asked"):
    words: Words
    asked_at: datetime
    with_trio: bool = False  # still only with the trio
    trio: tuple[Person, ...] = ()  # who got it first
    trio_until: datetime | None = None  # then the team is asked, proposal or not
    proposal: str = ""  # record id of the trio's proposal, shown to the team
    closed: bool = False
    elimination: bool = False  # closed, and what came without a name waits for the phase's end
    unnamed: int = 0  # published with the closing


class Discussed(Asked, frozen=True, kw_only=True, tag="discussed"):
    """Somebody has answered, or it was talked about."""

    again: bool = False  # taken up again
    before: str = ""  # record id of what had been arrived at until then
    objections: int = 0  # to that
    in_words: tuple[str, ...] = ()


class Proposed(Struct, frozen=True, kw_only=True, tag="proposed"):
    """One can say until `until` that something is missing. Then the objections are released, and a
    working day later it holds. Both moments are set when it is summed up, whoever objects."""

    words: Words
    asked_at: datetime
    by: str
    conclusion: str  # record id, kind "conclusion"
    outcome: Literal["concluded", "aside", "med"]
    until: datetime
    proposed_at: datetime
    holds_at: datetime | None = None  # None in what was proposed before there were two moments
    released: bool = False
    objections: int = 0
    in_words: tuple[str, ...] = ()
    fits: int = 0
    elimination: bool = False
    unnamed: int = 0


class Concluded(Struct, frozen=True, kw_only=True, tag="concluded"):
    """`objections` and `fits` are counts that reached the threshold, otherwise 0. `in_words` are
    the objections themselves, where all who wrote one allowed it; then there is no count."""

    words: Words
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
    words: Words
    asked_at: datetime
    set_aside_at: datetime
    by: str = ""
    conclusion: str = ""
    elsewhere: bool = False
    ended: bool = False  # the course ended before anybody summed up
    closed: bool = True  # only where the team was never asked it is not
    elimination: bool = False
    unnamed: int = 0


class ToMed(Struct, frozen=True, kw_only=True, tag="to_med"):
    words: Words
    asked_at: datetime
    by: str
    conclusion: str
    proposed_at: datetime
    objections: int = 0
    in_words: tuple[str, ...] = ()
    fits: int = 0
    elimination: bool = False
    unnamed: int = 0


FEW_WORDS = 5  # objections that have room in a post, each cut to so many characters
CUT = 300

State = Asked | Discussed | Proposed | Concluded | SetAside | ToMed


# --- read by others -----------------------------------------------------------------------


def all_of(known: Known) -> dict[str, State]:
    """Every question that has been asked, by its id. Needs `States("question")`."""
    return {s.id: read(s.body) for s in known(States("question"))}


def one_of(known: Known, question: str) -> State | None:
    """One question. Needs `State("question", question)`."""
    body = known(StateOf("question", question))
    return None if body is None else read(body)


def read(body: Written) -> State:
    found: State = body.read_as(State)
    return found


def title(words: Words) -> Line:
    """The question's own words."""
    # A question of the team's own stands alike in both languages: people's words, without markup.
    return c.Words(words.da) if words.da == words.en else c.Said(words.da, words.en)


def words_of_question(known: Known, question: str) -> Words | None:
    """The words of a question that has been asked. Needs `States("question")`."""
    state = all_of(known).get(question)
    return None if state is None else state.words


def is_open(state: State) -> bool:
    """Asked of the team, and nobody has summed it up yet."""
    return isinstance(state, Asked) and not state.with_trio


def takes_answers(state: State | None) -> bool:
    """Whether one may write an answer now."""
    return isinstance(state, Asked) and not state.with_trio and not state.closed


def takes_objections(state: State | None) -> TypeGuard[Proposed]:
    """Whether one may say now that something is missing in it, or that it fits."""
    return isinstance(state, Proposed) and not state.released


def conclusion_of(state: State) -> str:
    """The id of the record that says what was arrived at; empty where nothing was."""
    return "" if isinstance(state, Asked) else state.conclusion


def state_word(state: State, answered: int = 0) -> Line:
    """The state in a word or two: stillet, besvaret af 2, talt om, forslag, samlet op.

    `answered` counts those who answered by name; what came without a name counts nowhere."""
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


def votes(state: State) -> tuple[Line, ...]:
    """How many say that what was arrived at fits or lacks something, where there are enough."""
    if isinstance(state, Asked | SetAside):
        return ()
    fits = (text("question.fits", n=c.Count(state.fits)),) if state.fits else ()
    return (*fits, *_lacking(state.objections))


def _lacking(objections: int) -> tuple[Line, ...]:
    return (text("question.objections", n=c.Count(objections)),) if objections else ()


def beside(state: State) -> tuple[c.Part[Line], ...]:
    """What stands beside a conclusion: how many, or what is missing in its authors' words.

    Of more than a few all words stand under *Se svar*, without their number."""
    figures = _lacking(state.objections) if isinstance(state, Discussed) else votes(state)
    found = in_words(state)
    by = text("question.no_name")
    return (
        *(c.Small(line) for line in figures),
        *((c.Paragraph(text("question.missing_in_it")),) if found else ()),
        *(c.Quote[Line](c.Kept("published", id, cut=CUT), by) for id in found[:FEW_WORDS]),
        *((c.Small(text("question.rest_of_missing")),) if len(found) > FEW_WORDS else ()),
    )


def in_words(state: State) -> tuple[str, ...]:
    """The objections that all may read, where all who wrote one allowed it."""
    match state:
        case Discussed() | Proposed() | Concluded() | ToMed():
            return state.in_words
        case _:
            return ()


def agreed(question: str, known: Known) -> tuple[c.Part[Line], ...]:
    """The agreements made when it was summed up. Needs `States("agreement")`."""
    found = tuple(
        as_listed(one)
        for one in known.states("agreement", Agreement).values()
        if one.question == question
    )
    return (c.Paragraph(text("question.agreements")), c.Bullets(found)) if found else ()


LEAST = 3  # no project may go below it, whatever it has set


def fewest(project: Project) -> int:
    """How many must be able to have written something before it is shown."""
    return max(LEAST, project.threshold)


def what_is_kept(operator: Operator) -> Line:
    """The first sentence before somebody writes without a name: what this Digi keeps of it."""
    return text("say.kept_times" if operator.database_keeps_times else "say.kept")


def read_more() -> Note[Line]:
    """Where all of it stands that a short text has no room for."""
    return Note(text("say.honest_more", about=c.Typed("about")))
