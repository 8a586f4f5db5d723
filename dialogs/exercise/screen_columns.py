"""What the wall of a meeting shows of a survey and of a table, beside the notes of a board.

The wall is for everybody, so a survey or a table of leader, TR and AMR alone is not on it.
"""

from __future__ import annotations

from dialogs.exercise import survey_results as results
from dialogs.exercise.states import (
    ExerciseRun,
    SurveyDone,
    column_names,
    latest_rows,
    open_round,
    row_names,
)
from dialogs.exercise.survey import changed_since, statements
from dialogs.exercise.table import last_written
from dialogs.model.cards import Count, Line, Who, Words, text
from dialogs.model.facts import Known, Rec
from dialogs.model.screens import ScreenColumn, ScreenNote

Columns = tuple[ScreenColumn[Line], ...]
ROWS = 8
"""Rows that can be read on a wall at once."""


def survey_columns(run: ExerciseRun, known: Known) -> Columns:
    """Return what the latest survey gave, and what of it has changed. Needs `ALL_RUNS`."""
    if run.guide.audience != "team" or not run.surveys or open_round(run) is not None:
        return ()
    done = run.surveys[-1]
    if done.count is None:
        return (ScreenColumn[Line]("survey", text("survey.result"), (), text("survey.too_few")),)
    names = {one.id: results.statement_line(one) for one in statements(known, done.of)}
    scale = run.guide.scale
    found = tuple(
        ScreenNote[Line](
            id, text("survey.line", statement=names[id], word=results.word_line(word, scale))
        )
        for id, word in results.in_words(done.count)
        if id in names
    )
    column = ScreenColumn[Line]("survey", text("survey.result"), found)
    return (column, *_changed(run, done, names, known))


def _changed(run: ExerciseRun, done: SurveyDone, names: dict[str, Line], known: Known) -> Columns:
    changes = changed_since(done, known)
    if changes is None:
        return ()
    scale = run.guide.scale
    found = tuple(
        ScreenNote[Line](
            one.statement,
            text(
                "survey.changed",
                statement=names[one.statement],
                then=results.word_line(one.then, scale),
                now=results.word_line(one.now, scale),
            ),
        )
        for one in changes
        if one.then != one.now and one.statement in names
    )
    none = None if found else text("survey.nothing_changed")
    return (ScreenColumn[Line]("changed", text("survey.then_and_now"), found, none),)


def table_columns(run: ExerciseRun, known: Known) -> Columns:
    """Return the rows of the table that were written in, each with its cells; of many, those that
    were written in last. Needs `table_facts`."""
    if run.guide.audience != "team":
        return ()
    written = latest_rows(run, known)
    latest = sorted(written, key=lambda row: (written[row].at, written[row].id))[-ROWS:]
    columns = column_names(run, known)
    return tuple(
        ScreenColumn[Line](row, name, _cells(columns, written[row]))
        for row, name in row_names(run, known).items()
        if row in latest
    )


def _cells(columns: dict[str, Line], record: Rec) -> tuple[ScreenNote[Line], ...]:
    cells: dict[str, str] = record.body["cells"]
    owner = record.body["owner"]
    found = [
        ScreenNote[Line](id, Words(cells[id]), kind=name)
        for id, name in columns.items()
        if cells.get(id)
    ]
    if owner:
        found.append(ScreenNote("owner", Who(owner), kind=text("table.owner")))
    return tuple(found)


def table_foot(run: ExerciseRun, known: Known) -> tuple[Line, ...]:
    """Say below a table who changed it last, and that there are more rows."""
    last, more = last_written(run, known), len(latest_rows(run, known)) - ROWS
    if run.guide.audience != "team" or last is None:
        return ()
    return (last, text("table.screen_more", n=Count(more))) if more > 0 else (last,)
