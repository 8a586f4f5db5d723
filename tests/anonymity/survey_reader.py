"""A reader of surveys who knows every answer but one, and works out what that one may have been."""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Literal, cast

from msgspec import Struct

from content.model import Both, ScalePoint
from dialogs.exercise import survey_results as survey
from dialogs.exercise.survey_results import Ballot, Side, StatementTally, SurveyCount

STATEMENT = "s"
COURSES = ("joins", "leaves", "stays", "changes")
SIDES: tuple[Side, ...] = ("yes", "between", "no")
HowKnown = Literal["certain", "known", "open"]
Counts = tuple[int, int, int]


def scale(points: int) -> tuple[ScalePoint, ...]:
    sides: dict[int, tuple[Side, ...]] = {3: SIDES, 5: ("yes", "yes", "between", "no", "no")}
    return tuple(
        ScalePoint(str(n), Both(str(n), str(n)), side) for n, side in enumerate(sides[points])
    )


class RoundOfSurvey(Struct, frozen=True):
    """One round: what the others answered, what the one did (None if they were not there), and how
    many joined or left since the round before."""

    others: tuple[str, ...]
    one: str | None
    moved: int


class History(Struct, frozen=True):
    scale: tuple[ScalePoint, ...]
    course: str
    rounds: tuple[RoundOfSurvey, ...]


def history(seed: int, rounds: int, most: int) -> History:
    """Draw a team of five to `most` in which people join, leave and change their answers."""
    chance = random.Random(seed)
    points = scale(chance.choice((3, 5)))
    course = COURSES[seed % len(COURSES)]
    ids = [point.id for point in points]
    leaning = [chance.expovariate(1) for _ in ids]
    answers = chance.choices(ids, leaning, k=chance.randrange(4, most))
    first, second = chance.choice(ids), chance.choice(ids)
    found = []
    for n in range(rounds):
        moved = 0
        if n:
            left = min(chance.choice((0, 0, 1, 2)), len(answers) - 4)
            joined = chance.choice((0, 0, 1, 2)) if len(answers) < most - 2 else 0
            chance.shuffle(answers)
            answers = answers[left:] + chance.choices(ids, leaning, k=joined)
            answers = [chance.choice(ids) if chance.random() < 0.1 else a for a in answers]
            moved = left + joined + (course in ("joins", "leaves") and n == 1)
        there = {"joins": n > 0, "leaves": n == 0}.get(course, True)
        one = (second if course == "changes" and n else first) if there else None
        found.append(RoundOfSurvey(tuple(answers), one, moved))
    return History(points, course, tuple(found))


def together(seed: int, statements: int, most: int) -> tuple[History, ...]:
    """Draw one team that answers so many statements twice, as a history for each statement. They
    differ in what was answered; who joined and left is the same."""
    chance = random.Random(f"together {seed}")
    points = scale(chance.choice((3, 5)))
    course = COURSES[seed % len(COURSES)]
    ids = [point.id for point in points]
    first = chance.randrange(4, most - 2)
    left, joined = min(chance.choice((0, 0, 1, 2)), first - 4), chance.choice((0, 0, 1, 2))
    moved = left + joined + (course in ("joins", "leaves"))
    found = []
    for _ in range(statements):
        leaning = [chance.expovariate(1) for _ in ids]
        then = chance.choices(ids, leaning, k=first)
        now = [chance.choice(ids) if chance.random() < 0.1 else one for one in then[left:]]
        now += chance.choices(ids, leaning, k=joined)
        one, later = chance.choice(ids), chance.choice(ids)
        found.append(
            History(
                points,
                course,
                (
                    RoundOfSurvey(tuple(then), None if course == "joins" else one, 0),
                    RoundOfSurvey(
                        tuple(now),
                        None if course == "leaves" else later if course == "changes" else one,
                        moved,
                    ),
                ),
            )
        )
    return tuple(found)


# --- what is shown ------------------------------------------------------------------------


def published(one: History, chance: random.Random) -> list[SurveyCount | None]:
    """Count each round as Digi does."""
    return [
        survey.count(
            tuple(
                Ballot(f"{chance.getrandbits(128):032x}", {STATEMENT: answer})
                for answer in (*found.others, *([found.one] if found.one is not None else []))
            ),
            (STATEMENT,),
            one.scale,
        )
        for found in one.rounds
    ]


def shown(counted: SurveyCount | None) -> object:
    """Return all that a round shows of a statement: its word and its bar."""
    if counted is None:
        return None
    tally = counted.tallies[0]
    return survey.word(tally), survey.bar(tally, counted.answers)


def compared(then: SurveyCount | None, now: SurveyCount | None, moved: int) -> object:
    return None if then is None or now is None else survey.then_and_now(then, now, moved)


# --- what the reader works out --------------------------------------------------------------


def works_out(one: History, counts: list[SurveyCount | None]) -> HowKnown:
    """Like `knows`, from what Digi would show of these counts."""
    return knows(one, _seen(counts, [found.moved for found in one.rounds]))


def knows(one: History, seen: tuple[object, ...]) -> HowKnown:
    """Return how well the reader knows the side of the answer in the first round in which the one
    was there, after everything that was shown: of each round, and of each comparison. The reader
    knows the draw's odds."""
    moved = [found.moved for found in one.rounds]
    weights: dict[Side, float] = dict.fromkeys(SIDES, 0.0)
    for sides, prior in _guesses(one):
        after = next(side for side in sides if side is not None)
        weights[after] += prior * _likelihood(one, sides, moved, seen)
    total = sum(weights.values())
    assert total > 0, "what happened is possible"
    most = max(weights.values()) / total
    return "certain" if most > 1 - 1e-12 else "known" if most >= 0.95 else "open"


def _seen(counts: list[SurveyCount | None], moved: list[int]) -> tuple[object, ...]:
    pairs = zip(counts, counts[1:], moved[1:], strict=False)
    return (*map(shown, counts), *(compared(a, b, m) for a, b, m in pairs))


def _guesses(one: History) -> Iterator[tuple[tuple[Side | None, ...], float]]:
    """Return what the one may have answered in each round. The reader knows whether they changed,
    and holds every point for equally likely."""
    points = Counter(point.side for point in one.scale)
    for first, second in product(SIDES, SIDES):
        if one.course != "changes" and first != second:
            continue
        sides = (first, *(second for _ in one.rounds[1:]))
        guess = tuple(
            None if found.one is None else side
            for found, side in zip(one.rounds, sides, strict=True)
        )
        yield guess, points[first] * (points[second] if one.course == "changes" else 1)


def _likelihood(
    one: History, sides: tuple[Side | None, ...], moved: list[int], seen: tuple[object, ...]
) -> float:
    """Return how likely what was seen is, if these were the answers. Goes through the rounds once,
    because a comparison is made with the round before only."""
    side_of = {point.id: point.side for point in one.scale}
    rounds, comparisons = seen[: len(one.rounds)], seen[len(one.rounds) :]
    before: list[tuple[SurveyCount | None, float]] = []
    for n, (found, side) in enumerate(zip(one.rounds, sides, strict=True)):
        answers = Counter(side_of[answer] for answer in found.others)
        answers.update([side] if side is not None else [])
        counts = cast(Counts, tuple(answers[each] for each in SIDES))
        now = [
            (c, p) for c, p in _classes(counts, tuple(moved[n : n + 2])) if shown(c) == rounds[n]
        ]
        if n:
            now = [
                (c, p * sum(q for b, q in before if compared(b, c, moved[n]) == comparisons[n - 1]))
                for c, p in now
            ]
        before = now
    return sum(p for _, p in before)


@cache
def _classes(counts: Counts, near: tuple[int, ...]) -> list[tuple[SurveyCount | None, float]]:
    """Return the drawn counts that these answers may become, with their odds; one for each group
    that nobody can tell apart."""
    answers = sum(counts)
    if answers < survey.ENOUGH:
        return [(None, 1.0)]
    found, group_of = _groups(answers, near)
    weights = [0.0] * len(found)
    for cell, p in enumerate(_odds(counts)):
        if p:
            weights[group_of[cell]] += p
    return [(counted, p) for counted, p in zip(found, weights, strict=True) if p]


@cache
def _groups(answers: int, near: tuple[int, ...]) -> tuple[list[SurveyCount], dict[int, int]]:
    """Return one count of each group, and the group of each cell of `_odds`. Counts of one group
    show the same, and compare alike with any other round."""
    keys: dict[object, int] = {}
    found: list[SurveyCount] = []
    group_of: dict[int, int] = {}
    for yes in range(answers + 1):
        for between in range(answers + 1 - yes):
            tally = StatementTally(STATEMENT, yes, between, answers - yes - between)
            possible = tuple(survey._possible(tally, max(1, moved)) for moved in near)
            counted = SurveyCount(answers, (tally,))
            group = keys.setdefault((shown(counted), possible), len(found))
            if group == len(found):
                found.append(counted)
            group_of[yes * (answers + 1) + between] = group
    return found, group_of


@cache
def _odds(counts: Counts) -> array[float]:
    """Return the odds of each drawn count, at yes * (answers + 1) + between."""
    answers = sum(counts)
    if not answers:
        return array("d", [1.0])
    at = next(n for n in (2, 1, 0) if counts[n])
    fewer = cast(Counts, tuple(c - (n == at) for n, c in enumerate(counts)))
    before, found = _odds(fewer), array("d", bytes(8 * (answers + 1) ** 2))
    lot = survey.BY_LOT / 256
    to = [lot / 3 + (1 - lot if n == at else 0) for n in range(3)]
    width = answers + 1
    for yes in range(answers):
        for between in range(answers - yes):
            p = before[yes * answers + between]
            if p:
                found[(yes + 1) * width + between] += p * to[0]
                found[yes * width + between + 1] += p * to[1]
                found[yes * width + between] += p * to[2]
    return found


def forget() -> None:
    """Forget what was worked out with other rules."""
    for worked_out in (_odds, _classes, _groups):
        worked_out.cache_clear()
