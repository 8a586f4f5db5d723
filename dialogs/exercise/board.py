"""The board of an exercise: which notes can be read now, and how they are shown."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Literal

from content.model import BoardLane, NoteKind
from msgspec import Struct

from dialogs.exercise.states import (
    ExerciseRun,
    current_step,
    fact_of,
    rounds_of,
    run_of,
    steps_of,
    title_of,
)
from dialogs.model import cards as c
from dialogs.model.cards import Board, BoardColumn, BoardNote, Button, Line, Part, Said, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Published, Rec, Records, Roles, Viewer
from dialogs.model.shorten import cut_at_word

ON_A_CARD = 3
ON_A_PAGE = 20
CUT = 200
NoteOrigin = Literal["", "paper", "leader"]


class ReadNote(Struct, frozen=True):
    """A note as it can be read. `why_down` is the reason if it was taken down."""

    id: str
    lane: str
    kind: str
    words: str
    origin: NoteOrigin = ""
    group: str = ""
    why_down: str = ""


def board_facts(run: str) -> Facts:
    return (
        About(),
        Roles(),
        fact_of(run),
        Published("note"),
        Records("paper_note", run),
        Records("leader_note", run),
        Records("note_group", run),
        Records("note_taken_down", run),
        Records("condition", run),
        Records("exercise_end", run),
    )


def board_needs(look: Look, viewer: Viewer) -> Facts:
    return board_facts(look.ref)


# --- what can be read ---------------------------------------------------------------------


def read_notes(run: ExerciseRun, known: Known) -> tuple[ReadNote, ...]:
    """Return all notes that can be read: those without a name in no order, then those typed in from
    paper, then the leaders' own. Needs `board_facts`."""
    taken: tuple[Rec, ...] = known(Records("note_taken_down", run.id))
    down = {r.body["note"]: str(r.body["reason"]) for r in taken}
    names = {r.id: str(r.body["text"]) for r in known(Records("note_group", run.id))}
    groups = {note: names.get(g.id, "") for g in run.groups for note in g.notes}
    shown = {one.id for one in run.rounds if one.shown == "shown"} | {run.id}
    found: list[ReadNote] = []
    for one in known(Published("note")):
        if one.ref in shown:
            found.append(_note(one.id, one.body, "", groups, down))
    for kind, origin in (("paper_note", "paper"), ("leader_note", "leader")):
        for record in known(Records(kind, run.id)):
            if origin == "leader" and record.body["round"] in _still_open(run):
                continue
            found.append(_note(record.id, record.body, origin, groups, down))
    return tuple(found)


def _still_open(run: ExerciseRun) -> frozenset[str]:
    return frozenset(one.id for one in run.rounds if one.shown == "open")


def _note(
    id: str, body: dict[str, str], origin: str, groups: dict[str, str], down: dict[str, str]
) -> ReadNote:
    return ReadNote(
        id=id,
        lane=body.get("lane", ""),
        kind=body.get("kind", ""),
        words=body.get("text", ""),
        origin="leader" if origin == "leader" else "paper" if origin == "paper" else "",
        group=groups.get(id, ""),
        why_down=down.get(id, ""),
    )


def to_choose(run: ExerciseRun, known: Known) -> tuple[tuple[str, str], ...]:
    """Return what dots are set on, as ids and words: groups, and notes that are in none."""
    names = {r.id: str(r.body["text"]) for r in known(Records("note_group", run.id))}
    found = [(group.id, names.get(group.id, "")) for group in run.groups]
    grouped = {note for group in run.groups for note in group.notes}
    found += [
        (note.id, note.words)
        for note in read_notes(run, known)
        if note.id not in grouped and note.words and not note.why_down and note.origin != "leader"
    ]
    return tuple(found)


# --- how it is shown ----------------------------------------------------------------------


def lane_name(lane: BoardLane | None) -> Line:
    return text("exercise.no_lane") if lane is None else Said(lane.name.da, lane.name.en)


def _kinds(run: ExerciseRun) -> dict[str, NoteKind]:
    return {kind.id: kind for kind in run.guide.kinds}


def lanes_of(run: ExerciseRun, notes: tuple[ReadNote, ...]) -> tuple[BoardLane | None, ...]:
    loose = any(not note.lane for note in notes)
    return (*run.guide.lanes, None) if loose else run.guide.lanes


def notes_of_lane(
    run: ExerciseRun, notes: tuple[ReadNote, ...], lane: BoardLane | None
) -> list[ReadNote]:
    """Return the notes of a lane, kind by kind, and those of a group together."""
    order = list(_kinds(run))
    here = [note for note in notes if note.lane == ("" if lane is None else lane.id)]
    origins = ("", "paper", "leader")
    return sorted(
        here,
        key=lambda note: (
            order.index(note.kind) if note.kind in order else len(order),
            origins.index(note.origin),
            note.group,
        ),
    )


def drawn(run: ExerciseRun, known: Known, each: int = ON_A_CARD) -> Board[Line] | None:
    """Return the board with a few notes of each lane; None if there is nothing to read yet."""
    notes = read_notes(run, known)
    if not notes:
        return None
    columns = []
    for lane in lanes_of(run, notes):
        here = notes_of_lane(run, notes, lane)
        first = tuple(board_note(run, note) for note in _some(here, each))
        columns.append(BoardColumn(lane_name(lane), first, len(here) - len(first)))
    return Board(tuple(columns))


def _some(notes: list[ReadNote], n: int) -> list[ReadNote]:
    """Return a few notes of a lane, so that as many kinds as possible are among them."""
    rank: Counter[str] = Counter()
    turns: list[tuple[int, int]] = []
    for index, note in enumerate(notes):
        turns.append((rank[note.kind], index))
        rank[note.kind] += 1
    return [notes[index] for index in sorted(index for _, index in sorted(turns)[:n])]


def board_note(run: ExerciseRun, note: ReadNote) -> BoardNote[Line]:
    kind = _kinds(run).get(note.kind)
    words: Line = c.Words(note.words)
    if note.why_down:
        words = text("exercise.taken_down", why=c.Words(note.why_down))
    elif not note.words:
        words = text("exercise.note_gone")
    return BoardNote(
        words,
        "plain" if kind is None else kind.sign,
        None if kind is None else Said(kind.name.da, kind.name.en),
        about_note(note),
    )


def about_note(note: ReadNote, *, group: bool = True) -> Line | None:
    """Return what sets a note apart. `group`: also what it was put together under."""
    lines: list[Line] = []
    if note.group and group:
        lines.append(text("exercise.in_group", name=c.Words(note.group)))
    if note.origin:
        lines.append(text(f"exercise.of_{note.origin}"))
    return c.Several(tuple(lines)) if lines else None


def chosen_parts(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    """Return what the dots chose, in order."""
    if not run.chosen:
        return ()
    words = dict(to_choose(run, known)) | {n.id: n.words for n in read_notes(run, known)}
    there = (words[id] for id in run.chosen if words.get(id))
    found: tuple[Line, ...] = tuple(c.Words(cut_at_word(one, CUT)) for one in there)
    if not found:
        return ()
    return (c.Paragraph(text("exercise.chosen")), c.Bullets(found, numbered=True))


def condition_parts(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    """Return what it takes, before, during and after."""
    parts: list[Part[Line]] = []
    order = ("before", "during", "after")
    written: tuple[Rec, ...] = known(Records("condition", run.id))
    records = sorted(written, key=lambda r: order.index(r.body["when"]))
    words = {note.id: note.words for note in read_notes(run, known)} | dict(to_choose(run, known))
    for when, some in groupby(records, key=lambda r: str(r.body["when"])):
        parts.append(c.Paragraph(text(f"exercise.heading_{when}")))
        items: list[Line] = []
        for record in some:
            of = words.get(record.body["note"], "")
            line: Line = c.Words(record.body["text"])
            if of:
                line = text("exercise.condition_for", text=line, note=c.Words(cut_at_word(of, 80)))
            items.append(line)
        parts.append(c.Bullets(tuple(items)))
    return tuple(parts)


# --- looks --------------------------------------------------------------------------------


def board(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the board; with a lane in `words`, that lane with all its notes, in pages."""
    run = run_of(known, look.ref)
    if run is None:
        return (Show(c.card(c.Paragraph(text("exercise.gone")))),)
    lane, _, start = look.words.partition("/")
    if lane:
        return (Show(_one_lane(run, known, lane, int(start) if start.isdigit() else 0)),)
    shown = drawn(run, known)
    project = known.project.id
    notes = read_notes(run, known)
    more = [
        Button(lane_name(one), _lane_look(project, run.id, one))
        for one in lanes_of(run, notes)
        if len(notes_of_lane(run, notes, one)) > ON_A_CARD
    ]
    return (
        Show(
            c.card(
                c.Heading(text("exercise.board_of", title=title_of(run))),
                c.Paragraph(text("exercise.board_empty")) if shown is None else None,
                shown,
                *(c.Small(line) for line in hidden_lines(run)),
                *chosen_parts(run, known),
                *condition_parts(run, known),
                c.Paragraph(text("exercise.whole_lane")) if more else None,
                c.buttons(*more),
            )
        ),
    )


def hidden_lines(run: ExerciseRun) -> tuple[Line, ...]:
    """Say where notes are not shown, in the same words whether there were few or none."""
    if not any(one.shown == "waits" for one in rounds_of(run, "write")):
        return ()
    if run.status not in ("done", "dropped"):
        return (text("exercise.few_wrote"),)
    return () if run.mixed else (text("exercise.few_wrote_in_all"),)


def _lane_look(project: str, run: str, lane: BoardLane | None, start: int = 0) -> Look:
    id = "-" if lane is None else lane.id
    return Look("exercise_board", project=project, ref=run, words=f"{id}/{start}")


def _one_lane(run: ExerciseRun, known: Known, id: str, start: int) -> c.NeutralCard:
    notes = read_notes(run, known)
    lane = next((one for one in lanes_of(run, notes) if one is not None and one.id == id), None)
    here = notes_of_lane(run, notes, lane)
    page = here[start : start + ON_A_PAGE]
    rest = len(here) - start - len(page)
    project = known.project.id
    further = _lane_look(project, run.id, lane, start + ON_A_PAGE)
    back = Look("exercise_board", project=project, ref=run.id)
    return c.card(
        c.Heading(lane_name(lane)),
        *(_quoted(board_note(run, note)) for note in page),
        None if here else c.Paragraph(text("exercise.board_empty")),
        c.Small(text("exercise.and_more", n=c.Count(rest))) if rest > 0 else None,
        c.buttons(
            Button(text("question.show_more"), further, "main") if rest > 0 else None,
            Button(text("exercise.whole_board"), back),
        ),
    )


def _quoted(note: BoardNote[Line]) -> c.Quote[Line]:
    lines = tuple(line for line in (note.kind, note.about) if line is not None)
    return c.Quote(note.words, text("exercise.by_line", lines=c.Listing(lines)) if lines else None)


def step_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Se et trin tilbage*: show an earlier step. Nothing is opened again."""
    run = run_of(known, look.ref)
    if run is None:
        return (Show(c.card(c.Paragraph(text("exercise.gone")))),)
    steps = steps_of(run)
    index = min(int(look.words), len(steps) - 1) if look.words.isdigit() else run.step
    step, project = steps[index], known.project.id
    earlier = Look("exercise_step", project=project, ref=run.id, words=str(index - 1))
    return (
        Show(
            c.card(
                c.Small(text("exercise.earlier_step")) if step != current_step(run) else None,
                c.Heading(Said(step.name.da, step.name.en)),
                c.Paragraph(Said(step.text.da, step.text.en)),
                drawn(run, known),
                c.buttons(
                    Button(text("exercise.back"), earlier) if index else None,
                    Button(
                        text("exercise.see_board"),
                        Look("exercise_board", project=project, ref=run.id),
                    ),
                ),
            )
        ),
    )
