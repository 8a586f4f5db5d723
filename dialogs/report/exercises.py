"""The exercises that were held: what came of each, and its board and table as far as the channel
may read them."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from dialogs.agreement.states import what
from dialogs.exercise.states import (
    ExerciseRun,
    ReadNote,
    agreements_beside,
    board_note,
    every_run,
    grid,
    lane_name,
    lanes_of,
    notes_of_lane,
    read_notes,
    receivers_of,
    title_of,
)
from dialogs.model.boards import board_table, grid_table
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Board,
    BoardColumn,
    BoardNote,
    Day,
    Kept,
    Line,
    Listing,
    Paragraph,
    Small,
    text,
)
from dialogs.model.documents import DataTable, Passage, Section, section
from dialogs.model.facts import Known
from dialogs.outcomes.states import left_out_lines, note_words, of_run
from dialogs.report.lines import NONE, is_known, points, quoted, stacked
from dialogs.report.outcomes import outcome_passages


def exercises_section(known: Known, today: date) -> Section[Line]:
    """Return a table of the exercises, newest first, then what was written in each. The line below
    always stands there, so that it tells nothing of whether there are other notes."""
    heading = text("report.annex_h")
    ended = tuple(run for run in every_run(known) if run.status == "done")
    if not ended:
        return section(heading, Paragraph(text("report.no_exercises")))
    header = tuple(text(f"report.{one}") for one in ("exercise", "result", "goes_to", "agreements"))
    rows = tuple(_exercise(run, ended, known) for run in ended)
    return section(
        heading,
        DataTable(heading, header, rows),
        *(part for run in ended for part in _written(run, known, today)),
        *map(Small, left_out_lines(known)),
        Small(text("report.unsigned_notes")),
    )


def _exercise(run: ExerciseRun, ended: tuple[ExerciseRun, ...], known: Known) -> tuple[Line, ...]:
    agreed = [what(one.id) for one in agreements_beside(run, ended, known) if is_known(one)]
    result = quoted(Kept("exercise_end", run.result)) if run.result else NONE
    if run.reached:
        result = stacked((result, text(f"workshop.result_{run.reached}")))
    to = Listing(receivers_of(run)) if run.receivers else NONE
    return _titled(run, known), result, to, points(agreed)


def _titled(run: ExerciseRun, known: Known) -> Line:
    ended = run.ended_at or run.begun_at
    day = Day(local(known.project.calendar, ended).date(), weekday=False, year=True)
    return text("report.exercise_of", title=title_of(run), day=day)


def _written(run: ExerciseRun, known: Known, today: date) -> list[Passage[Line]]:
    """Return the board and the table of a run, and what came of it, each with a title."""
    here = of_run(run, known)
    found: list[Passage[Line]] = []
    board, table = _board(run, here), grid(run, here, today)
    if board is not None:
        name = text("report.board", exercise=_titled(run, known))
        found += [Paragraph(name), board_table(name, board)]
    if table is not None:
        name = text("report.table", exercise=_titled(run, known))
        found += [Paragraph(name), grid_table(name, table)]
    return [*found, *outcome_passages(run, here, known, _titled(run, known))]


def _board(run: ExerciseRun, here: Known) -> Board[Line] | None:
    """Return the board with all notes that the channel may read."""
    notes = read_notes(run, here)
    if not notes:
        return None
    return Board(
        tuple(
            BoardColumn(
                lane_name(lane),
                tuple(_note(run, note) for note in notes_of_lane(run, notes, lane)),
            )
            for lane in lanes_of(run, notes)
        )
    )


def _note(run: ExerciseRun, note: ReadNote) -> BoardNote[Line]:
    """Return the note by its id, so that what is taken down or erased later is gone from an edition
    too."""
    shown = board_note(run, note)
    if note.why_down or not note.words:
        return shown
    return replace(shown, words=note_words(note))
