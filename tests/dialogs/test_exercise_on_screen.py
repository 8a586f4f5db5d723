"""The wall of a meeting shows a survey's answers in words, and a table as it is filled in."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from content import catalogue
from dialogs.exercise.board import board_facts
from dialogs.exercise.screen import on_wall
from dialogs.exercise.screen_columns import ROWS
from dialogs.exercise.states import ALL_RUNS, ExerciseRound, ExerciseRun, SurveyDone, current_step
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.exercise.table import NEW
from dialogs.model.cards import Line, Said, Text, Who, Words, text
from dialogs.model.facts import About, Fact, Known, Published, Records, Stated, States
from dialogs.model.screens import NeutralScreen
from tests.dialogs.test_exercise_table import NOW, PROJECT, Written
from tests.worlds.full_report import written

CATALOGUE = catalogue.load()
TABLE = (Records("table_row", "run"), Records("table_column", "run"))


def shown(run: ExerciseRun, known: Known, *others: ExerciseRun) -> NeutralScreen:
    facts: dict[Fact[Any], Any] = {
        one: () for one in board_facts(run.id) if isinstance(one, Records | Published)
    }
    facts[ALL_RUNS] = tuple(Stated(one.id, written(one)) for one in (run, *others))
    facts |= {About(): PROJECT, States("agreement"): ()}
    facts |= {fact: known(fact) for fact in TABLE}
    return on_wall(run, Known(CATALOGUE, facts))


def lanes(screen: NeutralScreen) -> list[tuple[Line, list[Line]]]:
    return [(lane.name, [note.words for note in lane.notes]) for lane in screen.columns]


def keys(lines: tuple[Line, ...]) -> list[str]:
    return [line.key for line in lines if isinstance(line, Text)]


# --- a table --------------------------------------------------------------------------------


def at_its_table(exercise: str = "role-table") -> Written:
    one = Written(exercise)
    does = [step.does for step in one.run.guide.steps]
    one.run = replace(one.run, step=does.index("table"))
    assert current_step(one.run).does == "table"
    return one


def test_a_table_is_on_the_wall_as_it_is_filled_in() -> None:
    """Row by row with the names of the columns, who takes it, and who changed it last. It never
    says that nobody knows who wrote: their names are shown."""
    one = at_its_table()
    empty = shown(one.run, one.known())
    assert (empty.columns, keys((empty.waits,) if empty.waits else ())) == (
        (),
        ["table.screen_how"],
    )
    assert "exercise.screen_foot" not in keys(empty.foot)
    one.write("leaders", {"what": "Rammen", "how": "", "when": "Mandag"})
    one.write(NEW, {"what": "Natten"}, name="Nattevagter")
    screen = shown(one.run, one.known())
    assert screen.waits is None
    assert [row for _, row in lanes(screen)] == [
        [Words("Rammen"), Words("Mandag")],
        [Words("Natten")],
    ]
    assert lanes(screen)[1][0] == Words("Nattevagter")
    kinds = [note.kind.da for note in screen.columns[0].notes if isinstance(note.kind, Said)]
    assert kinds == ["Hvad?", "Hvornår og hvor tit?"]
    assert screen.foot == (text("table.last", who=Who("fatima"), row=Words("Nattevagter")),)


def test_a_wall_has_room_for_some_rows_and_says_how_many_more_there_are() -> None:
    """Those that were written in last, in the order of the table."""
    one = at_its_table()
    for n in range(ROWS + 3):
        one.write(NEW, {"what": f"Noget {n}"}, name=f"Række {n}")
    first = one.run.rows
    row = next(iter(first))
    one.write(row, {"what": "Igen"}, over=first[row])
    screen = shown(one.run, one.known())
    names = [name.text for name, _ in lanes(screen) if isinstance(name, Words)]
    assert len(names) == ROWS
    assert names[0] == "Række 0"
    assert names[1:] == [f"Række {n}" for n in range(4, ROWS + 3)]
    assert keys(screen.foot) == ["table.last", "table.screen_more"]


def test_a_table_of_the_trio_is_not_on_the_wall() -> None:
    """The wall is for everybody in the room."""
    one = at_its_table("business-case")
    one.run = replace(one.run, rows={"r": "e"})
    screen = shown(one.run, one.known())
    assert (screen.columns, screen.foot) == ((), ())


# --- a survey -------------------------------------------------------------------------------


def surveyed(id: str, day: date, *tallies: StatementTally, answers: int = 12) -> ExerciseRun:
    """Return a run of the survey after it was closed, in the step after it."""
    run = Written("guldkorn").run
    step = [one.does for one in run.guide.steps].index("survey")
    count = SurveyCount(answers, tallies) if tallies else None
    done = SurveyDone(round=f"{id}-1", of="guldkorn", closed_on=day, count=count)
    return replace(run, id=id, exercise="guldkorn", step=step + 1, surveys=(done,))


def statement_ids() -> tuple[str, ...]:
    return tuple(item.id for item in CATALOGUE.set("guldkorn").items)


def test_the_answers_of_a_survey_are_on_the_wall_in_words() -> None:
    """What people differ about comes first; no figure is there."""
    first, second, *_ = statement_ids()
    run = surveyed(
        "run",
        date(2026, 11, 2),
        StatementTally(first, yes=12),
        StatementTally(second, yes=6, no=6),
    )
    [lane] = shown(run, Written().known()).columns
    assert [note.id for note in lane.notes] == [second, first]
    words = [note.words.args["word"] for note in lane.notes if isinstance(note.words, Text)]
    assert keys(tuple(words)) == ["survey.differ_or_unsure", "survey.most"]


def test_what_has_changed_is_beside_it_and_nothing_while_a_round_is_open() -> None:
    """Only what is certain. While people answer, the wall shows no earlier answers."""
    first, second, *_ = statement_ids()
    same = StatementTally(second, no=20)
    before = surveyed("then", date(2026, 9, 1), StatementTally(first, yes=20), same, answers=20)
    run = surveyed("run", date(2026, 12, 1), StatementTally(first, no=20), same, answers=20)
    _, changed = shown(run, Written().known(), before).columns
    assert [note.id for note in changed.notes] == [first]
    nothing = surveyed("run", date(2026, 12, 1), StatementTally(first, yes=20), same, answers=20)
    _, changed = shown(nothing, Written().known(), before).columns
    assert changed.notes == ()
    assert changed.text == text("survey.nothing_changed")
    step = run.guide.steps[run.step - 1].id
    again = ExerciseRound(id="run-2", step=step, opened_at=NOW, earliest=NOW, closes=NOW)
    answering = replace(run, step=run.step - 1, rounds=(again,))
    assert shown(answering, Written().known(), before).columns == ()


def test_a_survey_that_too_few_answered_says_so() -> None:
    [lane] = shown(surveyed("run", date(2026, 11, 2)), Written().known()).columns
    assert (lane.notes, lane.text) == ((), text("survey.too_few"))
