"""What a survey may show: a word for each statement, and bars where many have answered.

Somebody may know every answer but one. Any rule that counts answers exactly has a boundary at which
the last answer decides the word, and there it is known for certain. So one answer in five is drawn
by lot before anything is counted. Only the drawn counts are kept, and everything that is shown
comes from them (docs/decisions/0033-draw-some-answers-of-a-survey-by-lot.md).
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Literal

from content.model import Both, Item, ScalePoint
from msgspec import Struct

from dialogs.model.cards import Bullets, Heading, Line, Paragraph, Part, Said, Small, text
from dialogs.model.pictures import Bar, Chart, Group

ENOUGH = 5  # answers from which words are shown, whatever the threshold of the project is
ENOUGH_TO_COMPARE = 10
ENOUGH_FOR_BARS = 20
CELL = 5
MAY_ANSWER = 10
APART = timedelta(weeks=8)  # each repetition is one more look at the same answers
BY_LOT = 51  # of 256: one answer in five is drawn

Side = Literal["yes", "between", "no", "none"]
StatementWord = Literal["differ", "no", "between", "yes"]
SIDES: tuple[Side, ...] = ("yes", "between", "no", "none")
WORDS: tuple[StatementWord, ...] = ("differ", "no", "between", "yes")


class Ballot(Struct, frozen=True):
    """One person's answers: statement id to point id.

    `lot` is a random string that is drawn when the round is closed and kept nowhere, such as
    `Waiting.new_id`; it decides which answers are drawn. Whether it came by a card is not known of
    it, only how many did: what tells a ballot apart would lead to the mark of its card.
    """

    lot: str
    answers: dict[str, str]


class StatementTally(Struct, frozen=True):
    """How many answers there were on each side of a statement, after the draw."""

    statement: str
    yes: int = 0
    between: int = 0
    no: int = 0
    none: int = 0

    @property
    def total(self) -> int:
        return self.yes + self.between + self.no + self.none


class SurveyCount(Struct, frozen=True):
    """What is kept of a closed round. `answers` is the larger of the numbers of ballots from the
    chat and from cards: whoever deals cards may keep some and fill them in."""

    answers: int
    tallies: tuple[StatementTally, ...]
    cards: int = 0


class WordChange(Struct, frozen=True):
    """The word of a statement then and now. They differ only if the change is certain."""

    statement: str
    then: StatementWord
    now: StatementWord


def offered(may_answer: int) -> bool:
    return may_answer >= MAY_ANSWER


def may_repeat_from(closed: date) -> date:
    """Return the day from which the same statements may be asked again."""
    return closed + APART


def count(
    ballots: tuple[Ballot, ...],
    statements: tuple[str, ...],
    scale: tuple[ScalePoint, ...],
    cards: int = 0,
) -> SurveyCount | None:
    """Count the ballots of a closed round, of which so many came by cards; None under five
    answers."""
    answers = max(cards, len(ballots) - cards)
    if answers < ENOUGH:
        return None
    tallies = tuple(_tally(ballots, one, scale) for one in statements)
    return SurveyCount(answers, tallies, cards)


def _tally(
    ballots: tuple[Ballot, ...], statement: str, scale: tuple[ScalePoint, ...]
) -> StatementTally:
    sides = {point.id: point.side for point in scale}
    present = tuple(side for side in SIDES if side in sides.values())
    counts = dict.fromkeys(SIDES, 0)
    for ballot in ballots:
        given = sides.get(ballot.answers.get(statement, ""))
        counts[drawn(given, present, f"{ballot.lot}:{statement}")] += 1
    return StatementTally(statement, **counts)


def drawn(given: Side | None, sides: tuple[Side, ...], lot: str) -> Side:
    """Return the side that an answer is counted for. No answer is always drawn, so that it cannot
    be told from one."""
    digest = hashlib.sha256(lot.encode()).digest()
    if given is None or digest[0] < BY_LOT:
        return sides[int.from_bytes(digest[1:9], "big") % len(sides)]
    return given


# --- words --------------------------------------------------------------------------------


def word(tally: StatementTally) -> StatementWord:
    """Return the side on which most answers are, at least three of five, or else `differ`."""
    if 5 * tally.yes >= 3 * tally.total:
        return "yes"
    if 5 * tally.no >= 3 * tally.total:
        return "no"
    if 5 * tally.between >= 3 * tally.total:
        return "between"
    return "differ"


def in_words(counted: SurveyCount) -> tuple[tuple[str, StatementWord], ...]:
    """Return each statement with its word: those that people differ about first, and then in the
    order of the exercise."""
    found = [(tally.statement, word(tally)) for tally in counted.tallies]
    return tuple(sorted(found, key=lambda pair: pair[1] != "differ"))


# --- bars ---------------------------------------------------------------------------------


def bar(tally: StatementTally, answers: int) -> tuple[int, int, int] | None:
    """Return the cells yes, rest and no of a statement's bar, or None under twenty answers.

    Cells are rounded down to fives, and none is longer than the answers minus five: a full bar
    would say what each person answered.
    """
    if answers < ENOUGH_FOR_BARS:
        return None
    most = _fives(answers - CELL)
    yes, no = (min(_fives(n), most) for n in (tally.yes, tally.no))
    rest = _fives(tally.total) - yes - no
    return yes, min(rest, most), no


def _fives(n: int) -> int:
    return n - n % CELL


# --- then and now -------------------------------------------------------------------------


def then_and_now(then: SurveyCount, now: SurveyCount, moved: int) -> tuple[WordChange, ...] | None:
    """Compare two rounds of the same statements; None under ten answers in one of them.

    `moved` is how many people joined or left in between; at least one is assumed. Who holds a card
    is not known, so each that answered may be somebody else's. A word has changed only if it has
    whichever way those had answered.
    """
    if min(then.answers, now.answers) < ENOUGH_TO_COMPARE:
        return None
    margin = max(1, moved + max(then.cards, now.cards))
    before = {tally.statement: tally for tally in then.tallies}
    return tuple(
        _change(before[tally.statement], tally, margin)
        for tally in now.tallies
        if tally.statement in before
    )


def _change(then: StatementTally, now: StatementTally, margin: int) -> WordChange:
    if _possible(then, margin) & _possible(now, margin):
        return WordChange(now.statement, word(now), word(now))
    return WordChange(now.statement, word(then), word(now))


def _possible(tally: StatementTally, margin: int) -> frozenset[StatementWord]:
    """Return the words that a statement could have if so many had answered differently."""
    found: set[StatementWord] = {word(tally)}
    sides: tuple[tuple[StatementWord, int], ...] = (
        ("yes", tally.yes),
        ("between", tally.between),
        ("no", tally.no),
    )
    for side, n in sides:
        if 5 * min(n + margin, tally.total) >= 3 * tally.total:
            found.add(side)
    if 5 * (max(n for _, n in sides) - margin) < 3 * tally.total:
        found.add("differ")
    return frozenset(found)


# --- as a card ----------------------------------------------------------------------------


def too_few() -> tuple[Part[Line], ...]:
    """Say that there is no result; how many have answered is not said either."""
    return (Paragraph(text("survey.too_few")),)


def result_parts(
    counted: SurveyCount,
    statements: tuple[Item, ...],
    scale: tuple[ScalePoint, ...],
    picture: Chart[Line] | None,
) -> tuple[Part[Line], ...]:
    """Return the result of a round: the words, and its picture if there is one."""
    names = {item.id: statement_line(item) for item in statements}
    found = in_words(counted)
    first = "survey.differ_first" if found and found[0][1] == "differ" else "survey.result"
    lines: list[Part[Line]] = [
        Paragraph(text("survey.line", statement=names[id], word=word_line(one, scale)))
        for id, one in found
        if id in names
    ]
    about = "survey.about_words" if picture is None else "survey.about_bars"
    parts: list[Part[Line]] = [Heading(text(first)), *lines]
    if picture is not None:
        parts.append(picture)
    return (*parts, Small(text(about)), Small(text("survey.by_lot")))


def chart(
    counted: SurveyCount, statements: tuple[Item, ...], scale: tuple[ScalePoint, ...]
) -> Chart[Line] | None:
    """Return the bars, in the order of the words, or None under twenty answers."""
    names = {item.id: statement_line(item) for item in statements}
    tallies = {tally.statement: tally for tally in counted.tallies}
    bars = tuple(
        Bar(names[id], cells)
        for id, _ in in_words(counted)
        if id in names and (cells := bar(tallies[id], counted.answers)) is not None
    )
    if not bars:
        return None
    groups: tuple[Group[Line], ...] = (
        Group(_points("yes", scale), "better"),
        Group(text("survey.rest"), "neutral"),
        Group(_points("no", scale), "worse"),
    )
    return Chart(text("survey.chart"), bars, groups)


def comparison_parts(
    changes: tuple[WordChange, ...], statements: tuple[Item, ...], scale: tuple[ScalePoint, ...]
) -> tuple[Part[Line], ...]:
    """Say what has certainly changed since the last time."""
    names = {item.id: statement_line(item) for item in statements}
    changed = tuple(
        text(
            "survey.changed",
            statement=names[one.statement],
            then=word_line(one.then, scale),
            now=word_line(one.now, scale),
        )
        for one in changes
        if one.then != one.now and one.statement in names
    )
    found: Part[Line] = Bullets(changed) if changed else Paragraph(text("survey.nothing_changed"))
    return Heading(text("survey.then_and_now")), found, Small(text("survey.about_changes"))


def word_line(one: StatementWord, scale: tuple[ScalePoint, ...]) -> Line:
    if one == "differ":
        unsure = any(point.side == "none" for point in scale)
        return text("survey.differ_or_unsure" if unsure else "survey.differ")
    return text("survey.most", points=_points(one, scale))


def _points(side: Side, scale: tuple[ScalePoint, ...]) -> Line:
    """Name the points of a side: helt enig eller enig."""
    first, *others = (_said(point.name) for point in scale if point.side == side)
    found: Line = first
    for other in others:
        found = text("survey.or", one=found, other=other)
    return found


def statement_line(item: Item) -> Line:
    return _said(item.name or item.text)


def _said(words: Both) -> Said:
    return Said(words.da, words.en)
