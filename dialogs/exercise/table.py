"""The table of an exercise: rows that people fill in together, by name, while they talk.

Each writing is a record of its own and says which one it was made on. Of two people who write the
same row at once, the second is told, and nothing is lost.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from dialogs.exercise.columns import (
    add_button,
    brought_back,
    fill_button,
    may_fill,
    remove_buttons,
    takes_rows,
)
from dialogs.exercise.groups import is_group
from dialogs.exercise.states import (
    ExerciseRun,
    column_names,
    fact_of,
    grid,
    latest_rows,
    row_names,
    run_of,
    see_button,
    table_set,
    title_of,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import at_local, local
from dialogs.model.cards import Button, Field, Form, Line, Note, Said, TextField, text
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import (
    Cancel,
    Effects,
    FieldError,
    Forget,
    Open,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Timer,
)
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Rec, Records, Roles, Viewer

LONGEST_CELL = 500
LONGEST_NAME = 80
ROWS_ON_A_CARD = 20
ROWS = 60
NEW = "new"
LOOKS_AT = 9
_ROW = "row:"


def table_facts(run: str) -> Facts:
    rows, columns = Records("table_row", run), Records("table_column", run)
    return (About(), Roles(), fact_of(run), rows, columns)


def table_needs(look: Look, viewer: Viewer) -> Facts:
    return table_facts(look.ref.partition("/")[0])


# --- what stands in it --------------------------------------------------------------------


def last_written(run: ExerciseRun, known: Known) -> Line | None:
    """Say who changed which row last, or added which column."""
    rows: tuple[Rec, ...] = known(Records("table_row", run.id))
    added: tuple[Rec, ...] = known(Records("table_column", run.id))
    every = (*rows, *(record for record in added if record.id in run.columns))
    if not every:
        return None
    last = max(every, key=lambda record: (record.at, record.id))
    if "row" not in last.body:
        return text("table.last", who=c.Who(last.person), row=c.Words(last.body["name"]))
    row = row_names(run, known).get(last.body["row"], c.Words(last.body["name"]))
    return text("table.last", who=c.Who(last.person), row=row)


# --- looks --------------------------------------------------------------------------------


def _gone() -> Responses:
    return (Show(c.card(c.Paragraph(text("exercise.gone")))),)


def _row_look(project: str, run: str, row: str) -> Look:
    return Look("fill_row", project=project, ref=run, words=row)


def see_table(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None:
        return _gone()
    return (Show(_table_card(run, known)),)


def _table_card(run: ExerciseRun, known: Known) -> c.NeutralCard:
    shown, last = grid(run, known), last_written(run, known)
    return c.card(
        c.Heading(text("table.of", title=title_of(run))),
        c.Paragraph(text("table.empty")) if shown is None else shown,
        c.Small(last) if last is not None else None,
        c.buttons(*_table_buttons(run, known)) if takes_rows(run) else None,
    )


def _table_buttons(run: ExerciseRun, known: Known) -> tuple[Button[Line] | None, ...]:
    project = known.project.id
    return (
        fill_button(run, project),
        add_button(run, project, known),
        *remove_buttons(run, project, known),
    )


def fill_row(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Udfyld en række*: choose a row, then its form with what stands there."""
    run = run_of(known, look.ref)
    if run is None:
        return _gone()
    if not takes_rows(run):
        return (Show(c.card(c.Paragraph(text("exercise.is_over", title=title_of(run))))),)
    if not may_fill(run, viewer.person, known):
        return (Show(c.card(c.Paragraph(text("table.for_the_trio")))),)
    names = row_names(run, known)
    row, _, start = look.words.partition("/")
    if not row:
        return (Show(_which_row(run, names, int(start) if start.isdigit() else 0, known)),)
    if row == NEW and len(names) >= ROWS:
        return (Show(c.card(c.Paragraph(text("table.enough_rows", n=c.Count(ROWS))))),)
    return (Open(_row_form(run, row, names.get(row), known)),)


def _which_row(run: ExerciseRun, names: dict[str, Line], start: int, known: Known) -> c.NeutralCard:
    project = known.project.id
    rows = tuple(names.items())
    page, rest = rows[start : start + ROWS_ON_A_CARD], len(rows) - start - ROWS_ON_A_CARD
    more = Button[Line](
        text("question.show_more"), _row_look(project, run.id, f"/{start + ROWS_ON_A_CARD}")
    )
    another = Button[Line](text("table.new_row"), _row_look(project, run.id, NEW))
    return c.card(
        c.Paragraph(text("table.which_row")),
        c.buttons(*(Button(name, _row_look(project, run.id, row)) for row, name in page)),
        c.buttons(more if rest > 0 else None, another, add_button(run, project, known)),
    )


def _row_form(run: ExerciseRun, row: str, name: Line | None, known: Known) -> Form[Line]:
    before = latest_rows(run, known).get(row)
    cells: dict[str, str] = before.body["cells"] if before is not None else {}
    due = before.body["due"] if before is not None else ""
    above = (*((name,) if name is not None else ()), *_examples(run, row, known))
    fields: list[Field[Line]] = [*(Note[Line](one) for one in above)]
    if name is None:
        fields.append(TextField("name", text("table.field_name"), limit=LONGEST_NAME))
    for column, called in column_names(run, known).items():
        fields.append(
            TextField(
                f"cells.{column}",
                called,
                long=True,
                limit=LONGEST_CELL,
                required=False,
                value=c.Words(cells[column]) if cells.get(column) else None,
            )
        )
    owner = before.body["owner"] if before is not None else ""
    fields.append(c.People("owner", text("table.field_owner"), values=(owner,) if owner else ()))
    fields.append(
        c.DateField(
            "due",
            text("table.field_due"),
            value=date.fromisoformat(due) if due else None,
            hint=text("table.field_due_hint"),
        )
    )
    fixed = {"run": run.id, "project": known.project.id, "row": row}
    fixed["over"] = before.id if before is not None else ""
    return Form(text("table.fill"), tuple(fields), text("button.save"), "row_written", fixed)


def _examples(run: ExerciseRun, row: str, known: Known) -> tuple[Line, ...]:
    if is_group(row):
        return (text("table.group_note"),)
    found = known.catalogue.sets.get(table_set(run))
    for item in found.items if found is not None else ():
        if item.id == row:
            examples = tuple(Said(one.da, one.en) for one in item.parts.get("examples", ()))
            head = (Said(item.text.da, item.text.en),) if item.name is not None else ()
            return (*head, *(text("table.example", text=one) for one in examples))
    return ()


# --- writing ------------------------------------------------------------------------------


def row_needs(event: e.RowWritten) -> Facts:
    rows, columns = Records("table_row", event.run), Records("table_column", event.run)
    return (About(), Roles(), rows, columns)


def row_written(run: ExerciseRun, event: e.RowWritten, known: Known) -> Step:
    """Keep a row, with who wrote it. Rows can be kept up to date after the exercise too."""
    if not takes_rows(run):
        return run, (FieldError("", text("exercise.is_over_short")),)
    if not may_fill(run, event.by, known):
        return run, (FieldError("", text("table.for_the_trio")),)
    stands = run.rows.get(event.row, "")
    if stands != event.over:
        return run, (FieldError("", _written_meanwhile(run, stands, known)),)
    today = local(known.project.calendar, event.at).date()
    if event.due is not None and event.due < today:
        return run, (FieldError("due", text("question.when_past")),)
    if not event.name and not any(event.cells.values()):
        return run, (FieldError("", text("table.write_something")),)
    if event.row == NEW and len(row_names(run, known)) >= ROWS:
        return run, (FieldError("", text("table.enough_rows", n=c.Count(ROWS))),)
    row = f"added-{event.id}" if event.row == NEW else event.row
    before = latest_rows(run, known).get(row)
    body = {
        "row": row,
        "name": event.name or (before.body["name"] if before is not None else ""),
        "cells": event.cells,
        "owner": event.owner,
        "due": event.due.isoformat() if event.due is not None else "",
    }
    record = Record("table_row", run.id, event.id, event.by, event.at, body)
    old = (Forget("table_row", id=before.id),) if before is not None else ()
    after = replace(run, rows={**run.rows, row: event.id})
    after = brought_back(after, event.cells, known)
    timer = _timer(row, event, known)
    return after, (record, *old, timer, Redraw("post"), Show(_kept_card(after, event)))


def _timer(row: str, event: e.RowWritten, known: Known) -> Timer | Cancel:
    if event.due is None:
        return Cancel(f"{_ROW}{row}")
    return Timer(f"{_ROW}{row}", at_local(known.project.calendar, event.due, LOOKS_AT))


def _kept_card(run: ExerciseRun, event: e.RowWritten) -> c.NeutralCard:
    project = event.project
    return c.card(
        c.Paragraph(text("table.kept")),
        c.buttons(fill_button(run, project), see_button(run, project)),
    )


def _written_meanwhile(run: ExerciseRun, id: str, known: Known) -> Line:
    every: tuple[Rec, ...] = known(Records("table_row", run.id))
    who = next((record.person for record in every if record.id == id), "")
    if not who:
        return text("table.meanwhile_unknown")
    return text("table.meanwhile", who=c.Who(who))


def is_row_timer(event: e.Woke) -> bool:
    return event.name.startswith(_ROW)


def revisited(run: ExerciseRun, event: e.Woke, known: Known) -> tuple[ExerciseRun, Effects]:
    """The day has come to look at a row again: tell whoever took it, or the channel."""
    record = latest_rows(run, known).get(event.name.removeprefix(_ROW))
    if record is None or not known.project.under_way or run.status == "dropped":
        return run, ()
    name = row_names(run, known).get(record.body["row"], c.Words(record.body["name"]))
    # Named by its date: an owner reads it when the next private letter comes.
    day = c.Day(date.fromisoformat(record.body["due"]))
    said = c.card(
        c.Paragraph(text("table.look_now", row=name, title=title_of(run), day=day)),
        c.buttons(see_button(run, known.project.id)),
    )
    owner = record.body["owner"]
    if owner:
        return run, (Privately(owner, said, urgency=4),)
    return run, (Say(said),)
