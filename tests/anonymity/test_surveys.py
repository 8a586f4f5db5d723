"""Somebody who knows every answer of a survey but one does not learn that one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from dialogs.exercise import survey_results as survey
from dialogs.exercise.survey_results import StatementTally, WordChange
from tests.anonymity import survey_reader as reader

Histories = tuple[int, int, int]
"""How many, over how many rounds, and with how many people at most."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    reader.forget()
    yield
    reader.forget()


@pytest.fixture
def counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "BY_LOT", 0)


def _how_well_known(histories: Histories) -> Counter[reader.HowKnown]:
    """Work out the one answer in each history, from all that was shown of it."""
    many, rounds, most = histories
    found: Counter[reader.HowKnown] = Counter()
    for seed in range(many):
        one = reader.history(seed, rounds, most)
        found[reader.works_out(one, reader.published(one, random.Random(seed)))] += 1
    return found


@pytest.mark.parametrize(
    "histories",
    [
        (200, 2, 24),
        pytest.param((10_000, 2, 40), marks=pytest.mark.long),
        pytest.param((1_000, 4, 40), marks=pytest.mark.long),
    ],
    ids=str,
)
def test_the_one_answer_is_never_certain_and_hardly_ever_known(
    figures: Callable[[str], None], histories: Histories
) -> None:
    """With scales of 3 and 5 points; the one joins, leaves, stays or changes the answer. Known
    means to 95 percent; words, bars and comparisons are all taken into account."""
    many, rounds, most = histories
    found = _how_well_known(histories)
    certain, known = found["certain"], found["known"]
    figures(
        f"{many} histories of {rounds} rounds, 5 to {most} people: "
        f"{certain} answers certain, {100 * known / many:.2f} % known to 95 %"
    )
    assert certain == 0
    assert known <= many / 100


@pytest.mark.usefixtures("counted_exactly")
def test_control_counted_exactly_many_answers_are_certain(
    monkeypatch: pytest.MonkeyPatch, figures: Callable[[str], None]
) -> None:
    """Control: no draw, and a word has changed as soon as it is another one."""

    def any_change(then: StatementTally, now: StatementTally, margin: int) -> WordChange:
        return WordChange(now.statement, survey.word(then), survey.word(now))

    monkeypatch.setattr(survey, "_change", any_change)
    certain = _how_well_known((1000, 2, 40))["certain"]
    figures(f"control, counted exactly and without the margin: {certain / 10:.1f} % certain")
    assert 140 <= certain <= 320


@pytest.mark.usefixtures("counted_exactly")
def test_control_the_margin_alone_is_not_enough(figures: Callable[[str], None]) -> None:
    """Control: the margin for who joined or left, but no draw."""
    certain = _how_well_known((1000, 2, 40))["certain"]
    figures(f"control, counted exactly with the margin: {certain / 10:.1f} % certain")
    assert certain > 100
