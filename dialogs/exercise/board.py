"""The board of an exercise: which notes can be read now, and how they are shown."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from content.model import BoardLane

from dialogs.exercise.progress import rounds_of
from dialogs.exercise.standing import (
    ANSWERS,
    all_answers,
    answer_button,
    answers_button,
    note_state,
    standing_parts,
    to_choose,
)
from dialogs.exercise.states import (
    ExerciseRun,
    ReadNote,
    board_note,
    current_step,
    fact_of,
    lane_name,
    lanes_of,
    notes_of_lane,
    read_notes,
    run_of,
    steps_of,
    title_of,
)
from dialogs.model import cards as c
from dialogs.model.cards import (
    Board,
    BoardColumn,
    BoardNote,
    Button,
    Line,
    Listing,
    Part,
    Said,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Published, Rec, Records, Roles, Viewer
from dialogs.model.shorten import cut_at_word

ON_A_CARD = 3
ON_A_PAGE = 20
CUT = 200


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
        Records("note_answer", run),
        Records("exercise_end", run),
    )


def board_needs(look: Look, viewer: Viewer) -> Facts:
    return board_facts(look.ref)


# --- how it is shown ----------------------------------------------------------------------


def drawn(run: ExerciseRun, known: Known, each: int = ON_A_CARD) -> Board[Line] | None:
    """Return the board with a few notes of each lane; None if there is nothing to read yet. A board
    that stands shows those without an answer."""
    notes = read_notes(run, known)
    if run.guide.standing:
        notes = tuple(note for note in notes if note.id in run.waits)
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


def choice_hints(run: ExerciseRun, known: Known) -> dict[str, Line]:
    """Return what stands by a note or group where it is chosen: its lane, and its kinds."""
    notes = {note.id: note for note in read_notes(run, known)}
    members = {id: (id,) for id in notes} | {group.id: group.notes for group in run.groups}
    found = {}
    for id, inside in members.items():
        there = [notes[note] for note in inside if note in notes]
        in_lanes, of_kinds = {note.lane for note in there}, {note.kind for note in there}
        lanes = [Said(one.name.da, one.name.en) for one in run.guide.lanes if one.id in in_lanes]
        kinds = [Said(one.name.da, one.name.en) for one in run.guide.kinds if one.id in of_kinds]
        hint = _hint(lanes, kinds if len(run.guide.kinds) > 1 else [])
        if hint is not None:
            found[id] = hint
    return found


def _hint(lanes: list[Said], kinds: list[Said]) -> Line | None:
    """Return the lane, if it is one only, and the kinds, if there are several in the exercise."""
    lane = lanes[0] if len(lanes) == 1 else None
    if not kinds:
        return lane
    of = Listing(tuple(kinds))
    return of if lane is None else text("exercise.lane_and_kinds", lane=lane, kinds=of)


# --- looks --------------------------------------------------------------------------------


def board(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the board; with a lane in `words`, that lane with all its notes, in pages."""
    run = run_of(known, look.ref)
    if run is None:
        return (Show(c.card(c.Paragraph(text("exercise.gone")))),)
    lane, _, start = look.words.partition("/")
    if lane == ANSWERS:
        return (Show(all_answers(run, known, int(start) if start.isdigit() else 0)),)
    if lane:
        return (Show(_one_lane(run, known, lane, int(start) if start.isdigit() else 0)),)
    shown = drawn(run, known)
    project = known.project.id
    notes = read_notes(run, known)
    more = [
        Button(lane_name(one), _lane_look(project, run.id, one))
        for one in lanes_of(run, notes)
        if len(notes_of_lane(run, notes, one)) > (0 if run.guide.standing else ON_A_CARD)
    ]
    return (
        Show(
            c.card(
                c.Heading(text("exercise.board_of", title=title_of(run))),
                c.Paragraph(text(_empty(notes))) if shown is None else None,
                shown,
                *standing_parts(run, known),
                c.buttons(answer_button(run, viewer, project), answers_button(run, project)),
                *(c.Small(line) for line in hidden_lines(run)),
                *chosen_parts(run, known),
                *condition_parts(run, known),
                c.Paragraph(text("exercise.whole_lane")) if more else None,
                c.buttons(*more),
            )
        ),
    )


def _empty(notes: tuple[ReadNote, ...]) -> str:
    return "exercise.all_answered" if notes else "exercise.board_empty"


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
        *(_quoted(board_note(run, note), note_state(run, note)) for note in page),
        None if here else c.Paragraph(text("exercise.board_empty")),
        c.Small(text("exercise.and_more", n=c.Count(rest))) if rest > 0 else None,
        c.buttons(
            Button(text("question.show_more"), further, "main") if rest > 0 else None,
            Button(text("exercise.whole_board"), back),
        ),
    )


def _quoted(note: BoardNote[Line], state: Line | None) -> c.Quote[Line]:
    lines = tuple(line for line in (note.kind, note.about, state) if line is not None)
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
