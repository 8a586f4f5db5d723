"""The table of an exercise: its columns, and what many writings leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from content import catalogue
from dialogs.exercise.columns import COLUMNS, column_added, column_removed
from dialogs.exercise.states import ExerciseRun, grid, row_names
from dialogs.exercise.table import ROWS, row_written
from dialogs.model import events as e
from dialogs.model.cards import Card, Line, Paragraph, Text, Words
from dialogs.model.conversation import Step
from dialogs.model.effects import FieldError, Forget, Record, Show
from dialogs.model.facts import About, Fact, Known, Project, Rec, Records, Role, Roles

CATALOGUE = catalogue.load()
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
PROJECT = Project(
    id="p", name="N", channel="c", stage="running", starter="anne", drafted_at=NOW, started_at=NOW
)
DECIDES = {
    "RowWritten": row_written,
    "ColumnAdded": column_added,
    "ColumnRemoved": column_removed,
}


class Written:
    """A run with the records that its events left."""

    def __init__(self, exercise: str = "role-table") -> None:
        guide = CATALOGUE.set(exercise).guide
        assert guide is not None
        self.run = ExerciseRun(
            id="run",
            exercise=exercise,
            title_da="Roller",
            title_en="Roles",
            guide=guide,
            place="meeting",
            minutes="90",
            led_by="ali",
            begun_by="ali",
            begun_at=NOW,
            step=1,
            step_at=NOW,
        )
        self.records: dict[tuple[str, str], Rec] = {}
        self.roles: tuple[Role, ...] = ()
        self.n = 0

    def known(self) -> Known:
        found: dict[Fact[Any], Any] = {About(): PROJECT, Roles(): self.roles}
        for kind in ("table_row", "table_column"):
            every = tuple(one for (of, _), one in self.records.items() if of == kind)
            found[Records(kind, "run")] = every
        return Known(CATALOGUE, found)

    def act(self, event: Any) -> tuple[Any, ...]:
        self.n += 1
        at = NOW + timedelta(seconds=self.n)
        event = replace(event, by="fatima", at=at, id=f"e{self.n}", project="p")
        decide: Any = DECIDES[type(event).__name__]
        step: Step = decide(self.run, event, self.known())
        after, effects = step
        assert isinstance(after, ExerciseRun)
        self.run = after
        for one in effects:
            if isinstance(one, Record):
                rec = Rec(one.id, one.ref, one.person, one.at, one.body)
                self.records[one.kind, one.id] = rec
            elif isinstance(one, Forget):
                del self.records[one.kind, one.id]
        return effects

    def add(self, name: str) -> str:
        self.act(e.ColumnAdded(run="run", name=name))
        return self.run.columns[-1]

    def write(self, row: str, cells: dict[str, str], over: str = "", name: str = "") -> None:
        event = e.RowWritten(run="run", row=row, cells=cells, over=over, name=name)
        assert refusals(self.act(event)) == []


def refusals(effects: tuple[Any, ...]) -> list[tuple[str, str]]:
    return [(one.field, key(one.text)) for one in effects if isinstance(one, FieldError)]


def said(effects: tuple[Any, ...]) -> str:
    [shown] = (one.card for one in effects if isinstance(one, Show))
    assert isinstance(shown, Card)
    return next(key(part.text) for part in shown.parts if isinstance(part, Paragraph))


def key(line: Line) -> str:
    assert isinstance(line, Text)
    return line.key


def headings(one: Written) -> list[Line]:
    drawn = grid(one.run, one.known())
    assert drawn is not None
    return list(drawn.columns)


# --- columns --------------------------------------------------------------------------------


def test_columns_are_added_until_there_is_no_room() -> None:
    """The one too many is refused with a sentence, and its name stays in the form."""
    table = Written()
    for n in range(COLUMNS - len(table.run.guide.columns)):
        table.add(f"Kolonne {n}")
    one_more = table.act(e.ColumnAdded(run="run", name="En til"))
    assert refusals(one_more) == [("", "table.enough_columns")]
    table.write("leaders", {"what": "Rammen"})
    assert len(headings(table)) == COLUMNS + 3


def test_two_columns_cannot_have_one_name() -> None:
    """Neither in Danish nor in English, and whatever the case."""
    table = Written()
    table.add("Med hvem?")
    for name in ("med hvem?", "Hvordan?", "how?"):
        assert refusals(table.act(e.ColumnAdded(run="run", name=name))) == [
            ("name", "table.column_there")
        ]


def test_an_empty_column_can_be_taken_out_once() -> None:
    """A second press says so, and its name is free again."""
    table = Written()
    column = table.add("Med hvem?")
    removed = e.ColumnRemoved(run="run", column=column)
    assert said(table.act(removed)) == "table.column_removed"
    assert said(table.act(removed)) == "table.column_gone"
    assert table.run.columns == ()
    table.add("Med hvem?")


def test_a_column_in_which_something_is_written_stays() -> None:
    """Emptied, it can be taken out."""
    table = Written()
    column = table.add("Med hvem?")
    table.write("leaders", {column: "TR"})
    removed = e.ColumnRemoved(run="run", column=column)
    assert said(table.act(removed)) == "table.column_written"
    assert table.run.columns == (column,)
    table.write("leaders", {"what": "Rammen"}, over=table.run.rows["leaders"])
    assert said(table.act(removed)) == "table.column_removed"


def test_what_was_written_in_a_column_meanwhile_brings_it_back() -> None:
    """Two people at once lose nothing: one takes it out while the other has a form with it open."""
    table = Written()
    column = table.add("Med hvem?")
    table.act(e.ColumnRemoved(run="run", column=column))
    table.write("leaders", {column: "TR"})
    assert table.run.columns == (column,)
    assert Words("Med hvem?") in headings(table)


def test_only_those_who_fill_in_a_table_of_the_trio_add_columns_to_it() -> None:
    """The others have not read the papers."""
    table = Written("business-case")
    added = e.ColumnAdded(run="run", name="Pris")
    assert refusals(table.act(added)) == [("", "table.for_the_trio")]
    table.roles = (Role("fatima", "tr", "confirmed"),)
    assert refusals(table.act(added)) == []


# --- many writings ----------------------------------------------------------------------------


def test_a_row_that_is_written_a_thousand_times_is_kept_once() -> None:
    """Only so many records are read, oldest first: the newest would be the one that is missing."""
    table = Written()
    over = ""
    for n in range(1000):
        table.write("leaders", {"what": str(n)}, over=over)
        over = table.run.rows["leaders"]
    assert [rec.body["cells"]["what"] for rec in table.records.values()] == ["999"]


def test_a_table_has_so_many_rows() -> None:
    """One too many is refused with a sentence; those that are there can still be written."""
    table = Written()
    there = len(row_names(table.run, table.known()))
    for n in range(ROWS - there):
        table.write("new", {"what": str(n)}, name=f"Række {n}")
    event = e.RowWritten(run="run", row="new", name="En til", cells={"what": "x"})
    assert refusals(table.act(event)) == [("", "table.enough_rows")]
    table.write("leaders", {"what": "Rammen"})
