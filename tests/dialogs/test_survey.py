"""A survey in an exercise: when it opens, who answers, and what is left of the ballots."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from content import catalogue as content
from content.model import Catalogue
from dialogs.exercise import survey, survey_results
from dialogs.exercise.states import ALL_RUNS, ExerciseRound, ExerciseRun, SurveyDone, fact_of
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.model import events as e
from dialogs.model.cards import Choice, Note
from dialogs.model.effects import FieldError, Mark, Open, PoolEntry, Privately, Timer, Unpool
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Fact,
    Known,
    Project,
    Role,
    Roles,
    Stated,
    Team,
    Viewer,
    Waiting,
    Written,
)
from dialogs.model.pictures import Chart

AT = datetime(2026, 11, 30, 9, tzinfo=UTC)
PROJECT = Project(
    id="p",
    name="Ny omsorgsplatform",
    channel="c",
    stage="running",
    starter="leader",
    drafted_at=AT,
    picture="link",
)
TEAM = ("leader", *(f"p{n}" for n in range(12)))
LEADER = Role("leader", "leader", "confirmed")
SOON = timedelta(minutes=5)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return content.load()


def a_run(catalogue: Catalogue, of: str = "rasmus", **more: Any) -> ExerciseRun:
    guide = catalogue.sets[of].guide
    assert guide is not None
    round = ExerciseRound(
        id="r.1", step=guide.steps[0].id, opened_at=AT, earliest=AT + SOON, closes=AT + SOON
    )
    run = ExerciseRun(
        id="r",
        exercise=of,
        title_da="R",
        title_en="R",
        guide=guide,
        place="meeting",
        minutes="45",
        led_by="p1",
        begun_by="p1",
        begun_at=AT,
        rounds=(round,),
    )
    return replace(run, **more)


def what_is_known(
    catalogue: Catalogue,
    *runs: ExerciseRun,
    roles: tuple[Role, ...] = (LEADER,),
    team: tuple[str, ...] = TEAM,
) -> Known:
    facts: dict[Fact[Any], Any] = {
        About(): PROJECT,
        Roles(): roles,
        Team(): team,
        ALL_RUNS: tuple(Stated(run.id, Written(msgspec.json.encode(run))) for run in runs),
        **{fact_of(run.id): Written(msgspec.json.encode(run)) for run in runs},
    }
    return Known(catalogue, facts)


def done(answers: int, on: date, *, yes: bool, team: tuple[str, ...] = ()) -> SurveyDone:
    tally = (
        StatementTally("realistic", yes=answers) if yes else StatementTally("realistic", no=answers)
    )
    count = SurveyCount(answers, (tally,)) if answers else None
    return SurveyDone(round="r.1", of="rasmus", closed_on=on, count=count, team=team)


def test_a_survey_opens_where_ten_may_answer(catalogue: Catalogue) -> None:
    """The leader does not count."""
    run = a_run(catalogue)
    step = run.guide.steps[0]
    assert survey.may_open(run, step, AT, what_is_known(catalogue, team=TEAM[:11]))
    assert not survey.may_open(run, step, AT, what_is_known(catalogue, team=TEAM[:10]))


def test_the_same_statements_wait_for_eight_weeks_after_a_result(catalogue: Catalogue) -> None:
    """A survey without a result may be asked again at once, since nothing was shown."""
    run = a_run(catalogue)
    step = run.guide.steps[0]
    for closed_on, answers, opens in (
        (date(2026, 10, 5), 12, True),
        (date(2026, 10, 6), 12, False),
        (date(2026, 11, 29), 0, True),
    ):
        before = a_run(catalogue, id="b", surveys=(done(answers, closed_on, yes=True),))
        known = what_is_known(catalogue, before)
        assert survey.may_open(run, step, AT, known) == opens
        assert survey.may_open(replace(run, exercise="pitfalls"), step, AT, known)


def test_the_representatives_see_the_statements_a_working_day_before(catalogue: Catalogue) -> None:
    """On a Friday, that is Monday. Without them, nobody has to wait."""
    friday = datetime(2026, 12, 4, 14, tzinfo=UTC)
    run = a_run(catalogue, rounds=())
    step = run.guide.steps[0]
    roles = (LEADER, Role("p1", "tr", "confirmed"), Role("p2", "amr", "asked"))
    known = what_is_known(catalogue, roles=roles)
    found = survey.previewed(run, step, friday, known)
    assert found is not None
    after, effects = found
    monday = datetime(2026, 12, 7, 8, tzinfo=UTC)
    assert after.opens_at == monday
    assert Timer("opens", monday) in effects
    assert [one.person for one in effects if isinstance(one, Privately)] == ["p1"]
    assert survey.state_line(after, step) is not None
    assert survey.previewed(after, step, monday, known) is None
    assert survey.previewed(run, step, friday, what_is_known(catalogue)) is None


def test_sixteen_statements_stand_in_one_form_in_fours(catalogue: Catalogue) -> None:
    """A heading names what each four of them belong to."""
    run = a_run(catalogue, "pitfalls")
    look = Look("answer_survey", project="p", ref="r")
    viewer = Viewer("p3", frozenset({"writer"}))
    [shown] = survey.answer_survey(look, viewer, what_is_known(catalogue, run))
    assert isinstance(shown, Open)
    kinds = [type(field) for field in shown.form.fields]
    assert kinds == [Note, Note, *([Note, *([Choice] * 4)] * 4)]


def test_an_answer_to_each_statement_is_one_ballot_and_a_mark(catalogue: Catalogue) -> None:
    """An answer that is missing, or on no point of the scale, is an error at its field."""
    run = a_run(catalogue)
    known = what_is_known(catalogue, run)
    ids = [item.id for item in catalogue.sets["rasmus"].items]
    every = dict.fromkeys(ids, "better")
    event = e.SurveyAnswered(project="p", run="r", round="r.1", answers={**every, "other": "x"})
    entries, _ = survey.answered(run, run.rounds[0], event, known)
    assert entries == (
        PoolEntry("ballot", "r.1", {"answers": every}),
        Mark("r.1", once=True),
    )
    for wrong in ({ids[0]: "better"}, {**every, ids[1]: "best"}):
        event = e.SurveyAnswered(project="p", run="r", round="r.1", answers=wrong)
        entries, [error] = survey.answered(run, run.rounds[0], event, known)
        assert entries == ()
        assert isinstance(error, FieldError)
        assert error.field == f"answers.{ids[1]}"


def test_closing_keeps_counts_only_and_removes_the_ballots(catalogue: Catalogue) -> None:
    """Not even hashes tell who answered: they stand for everybody who could."""
    run = a_run(catalogue)
    known = what_is_known(catalogue, run)
    waiting = tuple(
        Waiting(f"e{n}", f"n{n}", "ballot", "r.1", {"answers": {"realistic": "better"}}, b"")
        for n in range(6)
    )
    other = Waiting("o", "o", "ballot", "r.2", {"answers": {}}, b"")
    after, effects, shown = survey.counted(run, run.rounds[0], (*waiting, other), AT + SOON, known)
    [kept] = after.surveys
    assert shown
    assert kept.count is not None
    assert kept.count.answers == 6
    assert len(kept.team) == 12
    assert "p1" in kept.team  # whether they have answered or not
    assert effects == (Unpool(tuple(f"e{n}" for n in range(6))),)


def test_a_survey_that_is_ended_too_early_or_by_few_shows_nothing(catalogue: Catalogue) -> None:
    """Ending the exercise is no way around the earliest closing time."""
    run = a_run(catalogue)
    known = what_is_known(catalogue, run)
    waiting = tuple(
        Waiting(f"e{n}", f"n{n}", "ballot", "r.1", {"answers": {}}, b"") for n in range(6)
    )
    for ballots, at in ((waiting, AT), (waiting[:4], AT + SOON), ((), AT + SOON)):
        after, _, shown = survey.counted(run, run.rounds[0], ballots, at, known)
        assert not shown
        [kept] = after.surveys
        assert kept.count is None
        assert survey.result_of(after, kept, known) == survey_results.too_few()


def test_then_and_now_counts_everybody_who_joined_or_left(catalogue: Catalogue) -> None:
    """Two who left and three who joined are five, and may have made 12 of 12 a 7 of 12."""
    then = done(12, date(2026, 9, 1), yes=True, team=("a", "b", "c", "d"))
    before = a_run(catalogue, id="b", surveys=(then,))
    for team, changed in ((("c", "d", "e", "f"), True), (("c", "d", "e", "f", "g"), False)):
        now = done(12, date(2026, 11, 30), yes=False, team=team)
        run = a_run(catalogue, surveys=(now,))
        parts = repr(survey.result_of(run, now, what_is_known(catalogue, before, run)))
        assert ("survey.changed" in parts) == changed
        assert ("survey.nothing_changed" in parts) == (not changed)
    alone = survey.result_of(before, then, what_is_known(catalogue, before))
    assert "survey.then_and_now" not in repr(alone)


def test_a_picture_has_an_address_where_the_whole_team_may_see_the_result(
    catalogue: Catalogue,
) -> None:
    """An address serves whoever has it: what only the trio sees has none, by any way."""
    closed = done(20, date(2026, 12, 1), yes=True)
    run = a_run(catalogue, surveys=(closed,))
    known = what_is_known(catalogue, run)
    drawn = survey.chart_of("r.1", known)
    assert drawn is not None
    assert (drawn.link, drawn.of) == (PROJECT.picture, "r.1")
    assert drawn in survey.result_of(run, closed, known)
    trio = replace(run, guide=replace(run.guide, audience="trio"))
    known = what_is_known(catalogue, trio)
    [shown] = [one for one in survey.result_of(trio, closed, known) if isinstance(one, Chart)]
    assert (shown.link, shown.of) == ("", "")
    assert survey.chart_of("r.1", known) is None


def test_a_round_without_a_picture_has_none(catalogue: Catalogue) -> None:
    """Another round, too few answers, and fewer than twenty."""
    for answers in (0, 12):
        run = a_run(catalogue, surveys=(done(answers, date(2026, 12, 1), yes=True),))
        known = what_is_known(catalogue, run)
        assert survey.chart_of("r.1", known) is None
        assert survey.chart_of("r.2", known) is None
