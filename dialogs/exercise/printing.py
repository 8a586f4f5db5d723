"""*Udskriv tavlen*: the board of an exercise to hang up, with the notes that can be read."""

from __future__ import annotations

from dialogs.exercise.states import (
    ExerciseRun,
    board_note,
    read_notes,
    run_of,
    title_of,
)
from dialogs.model.boards_to_print import PrintedKind, PrintedLane, board_to_print
from dialogs.model.calendar import local
from dialogs.model.cards import Button, Line, Paragraph, Said, card, text
from dialogs.model.conversation import LookResults
from dialogs.model.effects import Hand, Show
from dialogs.model.events import FileWanted, Look
from dialogs.model.facts import Known, Viewer


def print_button(run: ExerciseRun, project: str) -> Button[Line] | None:
    if not run.guide.lanes:
        return None
    return Button(
        text("exercise.print_board"), FileWanted(project=project, view="board_file", ref=run.id)
    )


def board_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the board. A lane without notes has empty ones of each kind to write on."""
    run = run_of(known, look.ref)
    if run is None:
        return (Show(card(Paragraph(text("exercise.gone")))),)
    notes = read_notes(run, known)
    lanes = tuple(
        PrintedLane[Line](
            Said(lane.name.da, lane.name.en),
            None if lane.text is None else Said(lane.text.da, lane.text.en),
            tuple(board_note(run, note) for note in notes if note.lane == lane.id),
        )
        for lane in run.guide.lanes
    )
    kinds = tuple(
        PrintedKind[Line](Said(kind.name.da, kind.name.en), kind.sign) for kind in run.guide.kinds
    )
    day = local(known.project.calendar, viewer.at).date()
    printed = board_to_print(
        title=title_of(run), project=known.project.name, day=day, lanes=lanes, kinds=kinds
    )
    return (Hand(printed),)
