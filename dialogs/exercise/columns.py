"""The columns of an exercise's table: those of its guide, and those that people add.

An added column can be taken out again while nothing is written in it. What somebody wrote in it
meanwhile brings it back, so that nothing is lost.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.exercise.states import (
    ExerciseRun,
    column_names,
    current_step,
    fact_of,
    latest_rows,
    run_of,
    see_button,
    title_of,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Button, Form, Line, TextField, text
from dialogs.model.commands import folded
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import FieldError, Open, Record, Redraw, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Records, Roles, Viewer

LONGEST_COLUMN = 40
COLUMNS = 6
"""As many as a form has room for, and a table on a phone."""
TRIO = ("leader", "deputy", "tr", "amr")


def column_needs(event: e.ColumnAdded | e.ColumnRemoved) -> Facts:
    run = event.run
    return (About(), Roles(), Records("table_row", run), Records("table_column", run))


def new_column_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), fact_of(look.ref), Records("table_column", look.ref))


def add_button(run: ExerciseRun, project: str, known: Known) -> Button[Line] | None:
    """Return *En ny kolonne*, if there is room for one."""
    if len(column_names(run, known)) >= COLUMNS:
        return None
    return Button(text("table.new_column"), Look("new_column", project=project, ref=run.id))


def new_column(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None:
        return (Show(c.card(c.Paragraph(text("exercise.gone")))),)
    if not takes_rows(run):
        return (Show(c.card(c.Paragraph(text("exercise.is_over", title=title_of(run))))),)
    if not may_fill(run, viewer.person, known):
        return (Show(c.card(c.Paragraph(text("table.for_the_trio")))),)
    if len(column_names(run, known)) >= COLUMNS:
        return (Show(c.card(c.Paragraph(text("table.enough_columns", n=c.Count(COLUMNS))))),)
    name = TextField[Line](
        "name",
        text("table.field_column"),
        limit=LONGEST_COLUMN,
        hint=text("table.field_column_hint"),
    )
    fixed = {"run": run.id, "project": known.project.id}
    title = text("table.new_column")
    return (Open(Form(title, (name,), text("button.save"), "column_added", fixed)),)


def column_added(run: ExerciseRun, event: e.ColumnAdded, known: Known) -> Step:
    refused = _refused(run, event, known)
    if refused is not None:
        return run, (FieldError("", refused),)
    names = column_names(run, known)
    if len(names) >= COLUMNS:
        return run, (FieldError("", text("table.enough_columns", n=c.Count(COLUMNS))),)
    if folded(event.name) in _taken(names):
        return run, (FieldError("name", text("table.column_there", name=c.Words(event.name))),)
    id = f"added-{event.id}"
    record = Record("table_column", run.id, id, event.by, event.at, {"name": event.name})
    after = replace(run, columns=(*run.columns, id))
    return after, (record, Redraw("post"), Show(_added_card(after, id, event)))


def _refused(run: ExerciseRun, event: e.ColumnAdded | e.ColumnRemoved, known: Known) -> Line | None:
    if not takes_rows(run):
        return text("exercise.is_over_short")
    return None if may_fill(run, event.by, known) else text("table.for_the_trio")


def _taken(names: dict[str, Line]) -> set[str]:
    """Return what the columns are called, in both languages."""
    found: set[str] = set()
    for name in names.values():
        if isinstance(name, c.Said):
            found |= {folded(name.da), folded(name.en)}
        elif isinstance(name, c.Words):
            found.add(folded(name.text))
    return found


def _added_card(run: ExerciseRun, column: str, event: e.ColumnAdded) -> c.NeutralCard:
    project = event.project
    remove = e.ColumnRemoved(project=project, run=run.id, column=column)
    return c.card(
        c.Paragraph(text("table.column_added", name=c.Words(event.name))),
        c.buttons(fill_button(run, project), Button[Line](text("exercise.undo"), remove)),
    )


# --- who writes in it, and when -------------------------------------------------------------


def takes_rows(run: ExerciseRun) -> bool:
    """Return whether the table can be written in. It can be kept up to date after the exercise."""
    return run.status in ("running", "paused", "done")


def fills_now(run: ExerciseRun) -> bool:
    return run.status == "running" and current_step(run).does == "table"


def may_fill(run: ExerciseRun, person: e.Person, known: Known) -> bool:
    return run.guide.audience != "trio" or person in known.holders(*TRIO)


def fill_button(run: ExerciseRun, project: str) -> Button[Line]:
    return Button(text("table.fill"), Look("fill_row", project=project, ref=run.id), "main")


# --- taken out again ----------------------------------------------------------------------


def column_removed(run: ExerciseRun, event: e.ColumnRemoved, known: Known) -> Step:
    refused = _refused(run, event, known)
    project = event.project
    if refused is not None:
        return run, (Show(c.card(c.Paragraph(refused)), instead=True),)
    name = column_names(run, known).get(event.column)
    if name is None:
        there = c.card(c.Paragraph(text("table.column_gone")), c.buttons(see_button(run, project)))
        return run, (Show(there, instead=True),)
    if event.column not in empty_columns(run, known):
        kept = c.card(
            c.Paragraph(text("table.column_written", name=name)),
            c.buttons(see_button(run, project)),
        )
        return run, (Show(kept, instead=True),)
    after = replace(run, columns=tuple(one for one in run.columns if one != event.column))
    said = c.card(
        c.Paragraph(text("table.column_removed", name=name)), c.buttons(see_button(run, project))
    )
    return after, (Redraw("post"), Show(said, instead=True))


def empty_columns(run: ExerciseRun, known: Known) -> tuple[str, ...]:
    """Return the added columns in which nothing is written."""
    rows = latest_rows(run, known).values()
    return tuple(
        one for one in run.columns if not any(record.body["cells"].get(one) for record in rows)
    )


def remove_buttons(run: ExerciseRun, project: str, known: Known) -> tuple[Button[Line], ...]:
    names = column_names(run, known)
    return tuple(
        Button(
            text("table.remove_column", name=names[one]),
            e.ColumnRemoved(project=project, run=run.id, column=one),
        )
        for one in empty_columns(run, known)
        if one in names
    )


def brought_back(run: ExerciseRun, cells: dict[str, str], known: Known) -> ExerciseRun:
    """Put back a column that was taken out while somebody wrote in it."""
    known_ids = {record.id for record in known(Records("table_column", run.id))}
    back = tuple(id for id in cells if id in known_ids and id not in run.columns and cells[id])
    return replace(run, columns=(*run.columns, *back)) if back else run
