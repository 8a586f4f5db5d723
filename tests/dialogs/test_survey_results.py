"""What a survey shows: words, bars from twenty answers, and changes that are certain."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest
from msgspec import Struct

from content import catalogue as content
from content.model import Both, Catalogue, Item, ScalePoint
from dialogs.exercise import survey_results as survey
from dialogs.exercise.survey_results import Ballot, Side, StatementTally, SurveyCount
from dialogs.model.cards import Bullets, Heading, Line, Paragraph, Part, Said, Small, Text
from dialogs.model.pictures import Chart

SCALE = (
    ScalePoint("better", Both("bedre", "better"), "yes"),
    ScalePoint("same", Both("uændret", "the same"), "between"),
    ScalePoint("worse", Both("værre", "worse"), "no"),
    ScalePoint("unknown", Both("ved ikke", "don't know"), "none"),
)


def shown_parts(counted: SurveyCount, statements: tuple[Item, ...]) -> tuple[Part[Line], ...]:
    picture = survey.chart(counted, statements, SCALE)
    return survey.result_parts(counted, statements, SCALE, picture)


def ballots(n: int, answer: str = "better") -> tuple[Ballot, ...]:
    return tuple(Ballot(f"{answer}{k}", {"s": answer}) for k in range(n))


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count without the draw, to see the other rules alone."""
    monkeypatch.setattr(survey, "BY_LOT", 0)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return content.load()


def test_a_survey_is_offered_where_ten_may_answer_and_again_after_eight_weeks() -> None:
    """Each repetition shows the same people's answers once more."""
    assert (survey.offered(9), survey.offered(10)) == (False, True)
    assert survey.may_repeat_from(date(2026, 11, 30)) == date(2027, 1, 25)


def test_nothing_is_shown_under_five_answers_from_one_door() -> None:
    """The larger of chat and cards counts, never the sum: their dealer may fill in cards."""
    assert survey.count(ballots(4), ("s",), SCALE) is None
    assert survey.count(ballots(8), ("s",), SCALE, cards=4) is None
    counted = survey.count(ballots(9), ("s",), SCALE, cards=4)
    assert counted is not None
    assert (counted.answers, counted.tallies[0].total) == (5, 9)
    nineteen = survey.count(ballots(34), ("s",), SCALE, cards=15)
    assert nineteen is not None
    assert survey.bar(nineteen.tallies[0], nineteen.answers) is None


@pytest.mark.parametrize(
    ("tally", "word"),
    [
        (StatementTally("s", yes=5), "yes"),
        (StatementTally("s", yes=4, no=1), "yes"),
        (StatementTally("s", yes=3, no=2), "yes"),
        (StatementTally("s", yes=2, no=2, none=1), "differ"),
        (StatementTally("s", yes=1, between=3, no=1), "between"),
        (StatementTally("s", no=6, none=4), "no"),
        (StatementTally("s", none=10), "differ"),
        (StatementTally("s", yes=5, no=5), "differ"),
    ],
)
def test_a_word_says_where_most_are(tally: StatementTally, word: str) -> None:
    """Unanimous and nearly unanimous have the same word; don't know is on no side."""
    assert survey.word(tally) == word


def test_what_people_differ_about_comes_first_and_then_the_order_of_the_exercise() -> None:
    """Sorting further, by how many agree, would show figures."""
    tallies = (
        StatementTally("a", yes=9),
        StatementTally("b", yes=5, no=5),
        StatementTally("c", no=9),
        StatementTally("d", none=9),
    )
    found = survey.in_words(SurveyCount(9, tallies))
    assert found == (("b", "differ"), ("d", "differ"), ("a", "yes"), ("c", "no"))


def test_bars_have_cells_in_fives_and_none_of_everybody() -> None:
    """A bar that is full would say what each person answered."""
    assert survey.bar(StatementTally("s", yes=19), 19) is None
    assert survey.bar(StatementTally("s", yes=20), 20) == (15, 5, 0)
    assert survey.bar(StatementTally("s", yes=12, between=4, no=7), 23) == (10, 5, 5)
    assert survey.bar(StatementTally("s", between=20), 20) == (0, 15, 0)
    chance = random.Random(20261130)
    for _ in range(200):
        parts = [chance.randrange(20) for _ in range(4)]
        answers = sum(parts)
        cells = survey.bar(StatementTally("s", *parts), answers)
        assert (cells is None) == (answers < 20)
        assert cells is None or all(0 <= n <= answers - 5 and n % 5 == 0 for n in cells)


def test_one_answer_in_five_is_drawn_from_all_sides() -> None:
    """The draw may give any side, so no result rules an answer out."""
    sides: tuple[Side, ...] = ("yes", "between", "no", "none")
    found = Counter(survey.drawn("yes", sides, f"{n}") for n in range(20_000))
    assert found["yes"] / 20_000 == pytest.approx(4 / 5 + 1 / 20, abs=0.01)
    assert all(found[side] / 20_000 == pytest.approx(1 / 20, abs=0.01) for side in sides[1:])
    nothing = Counter(survey.drawn(None, sides, f"{n}") for n in range(20_000))
    assert all(nothing[side] / 20_000 == pytest.approx(1 / 4, abs=0.02) for side in sides)


def test_a_ballot_is_drawn_for_each_statement_anew() -> None:
    """Otherwise several statements together would tell which ballots were drawn."""
    both = ("s", "t")
    drawn = [
        tuple(survey.drawn("yes", ("yes", "no"), f"{n}:{s}") != "yes" for s in both)
        for n in range(20_000)
    ]
    joint = Counter(drawn)
    assert joint[True, True] / 20_000 == pytest.approx((1 / 10) ** 2, abs=0.004)


@pytest.mark.usefixtures("exact")
def test_then_and_now_needs_ten_answers_each_time() -> None:
    """Nine and ten, or ten and nine, are not compared."""
    nine, ten = (survey.count(ballots(n), ("s",), SCALE) for n in (9, 10))
    assert nine is not None
    assert ten is not None
    assert survey.then_and_now(nine, ten, 0) is None
    assert survey.then_and_now(ten, nine, 0) is None
    assert survey.then_and_now(ten, ten, 0) == (survey.WordChange("s", "yes", "yes"),)


@pytest.mark.parametrize(
    ("then", "now", "moved", "changed"),
    [
        (StatementTally("s", yes=12), StatementTally("s", no=12), 0, True),
        (StatementTally("s", yes=12), StatementTally("s", no=12), 8, False),
        # one person fewer among those who agree is enough to change the word
        (StatementTally("s", yes=6, no=4), StatementTally("s", yes=5, no=4), 0, False),
        (StatementTally("s", yes=6, no=4), StatementTally("s", yes=5, no=5), 0, False),
        (StatementTally("s", yes=6, no=4), StatementTally("s", yes=4, no=6), 0, False),
        (StatementTally("s", yes=8, no=2), StatementTally("s", yes=4, no=6), 0, True),
        (StatementTally("s", yes=8, no=2), StatementTally("s", yes=4, no=6), 3, False),
        (StatementTally("s", yes=8, no=2), StatementTally("s", yes=3, no=3, none=4), 1, True),
    ],
)
def test_a_word_has_changed_only_if_it_has_whoever_came_and_went(
    then: StatementTally, now: StatementTally, moved: int, changed: bool
) -> None:
    """At least one is assumed to have joined or left."""
    found = survey.then_and_now(SurveyCount(10, (then,)), SurveyCount(10, (now,)), moved)
    assert found is not None
    assert (found[0].then != found[0].now) == changed
    assert found[0].now == survey.word(now)


@pytest.mark.parametrize(("cards", "changed"), [((0, 0), True), ((3, 0), False), ((0, 3), False)])
def test_each_card_may_be_in_another_hand_the_second_time(
    cards: tuple[int, int], changed: bool
) -> None:
    """Nobody knows who holds them, so each that answered is taken as somebody who joined."""
    then = SurveyCount(10, (StatementTally("s", yes=8, no=2),), cards[0])
    now = SurveyCount(10, (StatementTally("s", yes=4, no=6),), cards[1])
    found = survey.then_and_now(then, now, 0)
    assert found is not None
    assert (found[0].then != found[0].now) is changed


def test_a_statement_that_is_new_is_not_compared() -> None:
    """A pack may have added one in between."""
    then = SurveyCount(10, (StatementTally("a", yes=10),))
    now = SurveyCount(10, (StatementTally("a", yes=10), StatementTally("b", yes=10)))
    found = survey.then_and_now(then, now, 0)
    assert found == (survey.WordChange("a", "yes", "yes"),)


# --- the card -----------------------------------------------------------------------------


def _flat(line: object) -> str:
    """The Danish of a line of the catalogue, and the keys and arguments of phrases."""
    match line:
        case Said(da=da):
            return da
        case Text(key=key, args=args):
            return f"{key}({', '.join(_flat(arg) for arg in args.values())})"
        case Struct() as part:
            return repr(part)
    return str(line)


def _lines(parts: tuple[Part[Line], ...]) -> list[str]:
    return [_flat(one.text) for one in parts if isinstance(one, Heading | Paragraph | Small)]


def test_a_result_names_the_statements_and_the_points_of_the_side(catalogue: Catalogue) -> None:
    """Words that are true for any scale are made of its own points."""
    statements = catalogue.sets["rasmus"].items[:2]
    one, two = (item.id for item in statements)
    counted = SurveyCount(12, (StatementTally(one, yes=12), StatementTally(two, yes=6, no=6)))
    parts = shown_parts(counted, statements)
    assert _lines(parts)[0] == "survey.differ_first()"
    assert "survey.differ_or_unsure()" in _lines(parts)[1]
    assert "survey.most(bedre)" in _lines(parts)[2]
    assert not any(isinstance(part, Chart) for part in parts)
    agreed = shown_parts(SurveyCount(12, (StatementTally(one, yes=12),)), statements)
    assert _lines(agreed)[0] == "survey.result()"


def test_a_side_of_several_points_names_them_all() -> None:
    """With five points, agreeing has two."""
    scale = (
        ScalePoint("1", Both("helt enig", "agree fully"), "yes"),
        ScalePoint("2", Both("enig", "agree"), "yes"),
        ScalePoint("3", Both("uenig", "disagree"), "no"),
    )
    assert _flat(survey.word_line("yes", scale)) == "survey.most(survey.or(helt enig, enig))"
    assert _flat(survey.word_line("differ", scale)) == "survey.differ()"


def test_a_result_of_twenty_has_a_picture_of_the_same_words(catalogue: Catalogue) -> None:
    """The bars stand in the order of the words."""
    statements = catalogue.sets["rasmus"].items[:2]
    one, two = (item.id for item in statements)
    counted = SurveyCount(20, (StatementTally(one, yes=20), StatementTally(two, yes=10, no=10)))
    picture = survey.chart(counted, statements, SCALE)
    assert picture is not None
    assert [bar.values for bar in picture.bars] == [(10, 0, 10), (15, 5, 0)]
    assert [group.tone for group in picture.groups] == ["better", "neutral", "worse"]
    assert picture in shown_parts(counted, statements)


def test_what_is_shown_depends_on_words_and_bars_alone(catalogue: Catalogue) -> None:
    """Two rounds with the same words and bars look the same, however many answered what."""
    statements = catalogue.sets["rasmus"].items[:1]
    id = statements[0].id
    for answers, first, second in (
        (12, StatementTally(id, yes=12), StatementTally(id, yes=8, no=4)),
        (24, StatementTally(id, yes=17, no=7), StatementTally(id, yes=15, between=2, no=7)),
    ):
        shown = [
            shown_parts(SurveyCount(answers, (tally,)), statements) for tally in (first, second)
        ]
        assert shown[0] == shown[1]


def test_a_comparison_names_what_has_changed_and_says_when_nothing_has(
    catalogue: Catalogue,
) -> None:
    """A statement whose word is the same is not listed."""
    statements = catalogue.sets["rasmus"].items[:2]
    one, two = (item.id for item in statements)
    changes = (survey.WordChange(one, "yes", "no"), survey.WordChange(two, "yes", "yes"))
    parts = survey.comparison_parts(changes, statements, SCALE)
    listed = parts[1]
    assert isinstance(listed, Bullets)
    [item] = map(_flat, listed.items)
    assert item.startswith("survey.changed(")
    assert "survey.most(bedre), survey.most(værre)" in item
    still = survey.comparison_parts(changes[1:], statements, SCALE)
    assert "survey.nothing_changed()" in _lines(still)
    assert _lines(survey.too_few()) == ["survey.too_few()"]
