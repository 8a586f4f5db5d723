"""The state of one run of an exercise, and what other conversations read from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from content.model import BoardLane, ExerciseGuide, ExerciseStep, NoteKind
from msgspec import Struct

from dialogs.agreement.states import Agreement
from dialogs.exercise.groups import ROLE_TABLE, group_rows
from dialogs.exercise.parts import AnsweredNotes, CardSet, InnerRun, PreparedPart, WallLink
from dialogs.exercise.survey_results import SurveyCount
from dialogs.model.cards import (
    BoardNote,
    Button,
    Count,
    Day,
    Grid,
    Line,
    Said,
    Several,
    Who,
    Words,
    text,
)
from dialogs.model.events import Committee, ExercisePlace, Look, Person, Reached, Receiver
from dialogs.model.facts import Known, Published, Rec, Records, StateOf, States

RunStatus = Literal["running", "paused", "done", "dropped"]
RoundShown = Literal["open", "shown", "waits"]
WRITES = ("write", "dots", "survey")
"""What a step of these kinds opens a round for."""


class ExerciseRound(Struct, frozen=True, kw_only=True):
    """A round in which people write or choose without a name. `shown`: whether what they wrote may
    be read; `waits` means that too few took part, and that their notes wait for the run's end."""

    id: str
    step: str
    opened_at: datetime
    earliest: datetime
    closes: datetime
    by_hand: bool = False  # whoever leads the exercise closes it; by itself only if they forget
    shown: RoundShown = "open"


class NoteGroup(Struct, frozen=True):
    """Notes put together by whoever leads. Its name is a record of kind "note_group"."""

    id: str
    notes: tuple[str, ...]


class SurveyDone(Struct, frozen=True, kw_only=True):
    """A closed survey of the statements of the set `of`. `count` is None if too few answered;
    `team` is everybody who could answer, whether they did or not. Erasing a person takes their id
    out of it."""

    round: str
    of: str
    closed_on: date
    count: SurveyCount | None
    team: tuple[str, ...] = ()


class ExerciseRun(Struct, frozen=True, kw_only=True, tag="exercise"):
    """One run of an exercise. `guide` is a copy, so that a later edition does not change a run.

    `groups`, `chosen` and `taken_down` refer to notes by their published ids. `chosen` is the order
    that the dots gave: at most three, then all the others in no order.
    """

    id: str
    exercise: str
    title_da: str
    title_en: str
    guide: ExerciseGuide
    place: ExercisePlace
    minutes: str
    led_by: Person
    begun_by: Person
    begun_at: datetime
    on_paper: bool = False
    step: int = 0
    step_at: datetime | None = None  # when this step began
    status: RunStatus = "running"
    rounds: tuple[ExerciseRound, ...] = ()
    groups: tuple[NoteGroup, ...] = ()
    taken_down: tuple[str, ...] = ()
    written: int = 0  # what whoever leads has typed in, so that a screen knows of each change
    rows: dict[str, str] = {}  # the newest writing of each row of the table
    columns: tuple[str, ...] = ()  # those that were added, by their records of "table_column"
    typed_in: bool = False  # notes from paper were typed in
    shown_rounds: int = 0  # the marks of short rounds are counted anew after a round that is shown
    together: int = 0  # how many different people wrote in short rounds, at most
    mixed: bool = False  # notes of several short rounds were shown together at the end
    dotted: bool = False
    chosen: tuple[str, ...] = ()
    surveys: tuple[SurveyDone, ...] = ()
    opens_at: datetime | None = None  # when a survey can be answered, after TR and AMR saw it
    ended_at: datetime | None = None
    result: str = ""  # the record of kind "exercise_end"
    receivers: tuple[Receiver, ...] = ()
    committee: Committee = "med"
    agreements: int = 0
    look_again: date | None = None
    asked_again: bool = False
    after: str = ""  # the run that this one takes stock of
    cards: CardSet = CardSet()
    walls: tuple[WallLink, ...] = ()
    waits: dict[str, date] = {}  # notes of a standing board without an answer, and since when
    answers: tuple[AnsweredNotes, ...] = ()
    workshop: bool = False
    within: str = ""  # the workshop of which this is a step
    inner: tuple[InnerRun, ...] = ()
    prepared: tuple[PreparedPart, ...] = ()
    day: date | None = None
    start: int | None = None  # minutes after midnight
    moved: int = 0  # how often its day was changed
    seen_from: datetime | None = None  # when a survey in it may open; TR and AMR see it first
    reached: Reached = ""  # whether it ended in what it was to end in


def steps_of(run: ExerciseRun) -> tuple[ExerciseStep, ...]:
    """Return the steps of this run. A meeting of some length leaves out those without minutes for
    it."""
    if run.place == "days":
        return run.guide.steps
    return tuple(
        step for step in run.guide.steps if not step.minutes or run.minutes in step.minutes
    )


def current_step(run: ExerciseRun) -> ExerciseStep:
    return steps_of(run)[run.step]


def open_round(run: ExerciseRun) -> ExerciseRound | None:
    """Return the round in which people can write now."""
    if run.status != "running":
        return None
    return next((one for one in run.rounds if one.shown == "open"), None)


def unanswered(run: ExerciseRun) -> dict[str, date]:
    """Return the groups and single notes of a standing board that wait for an answer, and since
    when: the oldest first, and those of one day in no order."""
    group_of = {note: group.id for group in run.groups for note in group.notes}
    found: dict[str, date] = {}
    for note, since in run.waits.items():
        of = group_of.get(note, note)
        found[of] = min(since, found.get(of, since))
    return dict(sorted(found.items(), key=lambda one: (one[1], one[0])))


def waits_line(run: ExerciseRun) -> Line | None:
    """Say how many wait for an answer; None if nothing does."""
    waiting = unanswered(run)
    if not waiting:
        return None
    return text("exercise.waits", n=Count(len(waiting)), day=Day(min(waiting.values())))


def has_table(run: ExerciseRun) -> bool:
    return any(step.does == "table" for step in steps_of(run))


def see_button(run: ExerciseRun, project: str) -> Button[Line]:
    """Return the button to what people have written in this run, or answered."""
    if run.workshop:
        return Button(text("workshop.see"), Look("agenda", project=project, ref=run.id))
    return written_button(run, project)


def written_button(run: ExerciseRun, project: str) -> Button[Line]:
    does = {step.does for step in run.guide.steps}
    if "survey" in does and "write" not in does:
        answers = Look("survey_answers", project=project, ref=run.id)
        return Button(text("survey.see"), answers)
    if has_table(run):
        table = Look("exercise_table", project=project, ref=run.id)
        return Button(text("table.see"), table)
    return Button(text("exercise.see_board"), Look("exercise_board", project=project, ref=run.id))


def is_over(run: ExerciseRun) -> bool:
    return run.status in ("done", "dropped")


def title_of(run: ExerciseRun) -> Line:
    return Said(run.title_da, run.title_en)


def status_word(run: ExerciseRun) -> Line:
    if run.status == "running" and run.guide.standing:
        return text("state.exercise.standing")
    if run.status == "running":
        here, of = run.step + 1, len(steps_of(run))
        return text("state.exercise.running", step=Count(here), of=Count(of))
    return text(f"state.exercise.{run.status}")


def receivers_of(run: ExerciseRun) -> tuple[Line, ...]:
    names = {"leader": "leader", "committee": run.committee}
    return tuple(text(f"exercise.receiver_{names[one]}") for one in run.receivers)


def run_of(known: Known, id: str) -> ExerciseRun | None:
    """Return one run. Needs its `StateOf`."""
    return known.state("exercise", id, ExerciseRun)


def fact_of(id: str) -> StateOf:
    return StateOf("exercise", id)


ALL_RUNS = States("exercise")


def every_run(known: Known) -> tuple[ExerciseRun, ...]:
    """Return all runs of the project, newest first. Needs `ALL_RUNS`."""
    found = known.states("exercise", ExerciseRun).values()
    return tuple(sorted(found, key=lambda run: (run.begun_at, run.id), reverse=True))


def running(known: Known) -> ExerciseRun | None:
    """Return the run that is under way in the channel, which may be a step of a workshop. Others
    may be paused, and a standing board is there beside it. Needs `ALL_RUNS`."""
    found = (run for run in every_run(known) if run.status == "running")
    return next((run for run in found if not run.guide.standing), None)


def in_the_way(known: Known, exercise: str, *, standing: bool) -> ExerciseRun | None:
    """Return the run that must end or pause before this exercise can begin. Needs `ALL_RUNS`."""
    if not standing:
        return running(known)
    same = (run for run in every_run(known) if run.exercise == exercise)
    return next((run for run in same if not is_over(run)), None)


# --- what can be read ---------------------------------------------------------------------


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


# --- how a note is shown ------------------------------------------------------------------


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


def board_note(run: ExerciseRun, note: ReadNote) -> BoardNote[Line]:
    kind = _kinds(run).get(note.kind)
    words: Line = Words(note.words)
    if note.why_down:
        words = text("exercise.taken_down", why=Words(note.why_down))
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
        lines.append(text("exercise.in_group", name=Words(note.group)))
    if note.origin:
        lines.append(text(f"exercise.of_{note.origin}"))
    return Several(tuple(lines)) if lines else None


# --- the table ----------------------------------------------------------------------------


def row_names(run: ExerciseRun, known: Known) -> dict[str, Line]:
    """Return the rows of the table and their names: the catalogue's, in the role table also the
    groups that are easily left out, and then those that were added."""
    found = known.catalogue.sets.get(table_set(run))
    names: dict[str, Line] = {}
    for item in found.items if found is not None else ():
        name = item.name or item.text
        names[item.id] = Said(name.da, name.en)
    records = latest_rows(run, known).items()
    added = {row: str(record.body["name"]) for row, record in records if record.body["name"]}
    if table_set(run) == ROLE_TABLE:
        names |= group_rows(added.values())
    return names | {row: Words(name) for row, name in added.items()}


def table_set(run: ExerciseRun) -> str:
    """Return the set whose items are the rows of the table."""
    return next((step.of for step in steps_of(run) if step.does == "table"), "") or run.exercise


def latest_rows(run: ExerciseRun, known: Known) -> dict[str, Rec]:
    """Return the newest writing of each row."""
    every: tuple[Rec, ...] = known(Records("table_row", run.id))
    by_id = {record.id: record for record in every}
    return {row: by_id[id] for row, id in run.rows.items() if id in by_id}


def column_names(run: ExerciseRun, known: Known) -> dict[str, Line]:
    """Return the columns of the table and their names: the guide's, then those that were added."""
    found: dict[str, Line] = {one.id: Said(one.name.da, one.name.en) for one in run.guide.columns}
    added: tuple[Rec, ...] = known(Records("table_column", run.id))
    names = {record.id: Words(record.body["name"]) for record in added}
    return found | {id: names[id] for id in run.columns if id in names}


def grid(run: ExerciseRun, known: Known, today: date | None = None) -> Grid[Line] | None:
    """Return the filled rows as a table; None if nothing has been written. With `today`, nobody is
    named beside a day that has passed. Needs `table_facts`."""
    written = latest_rows(run, known)
    names = row_names(run, known)
    columns = column_names(run, known)
    if not written:
        return None
    rows = tuple(
        (name, *_cells(tuple(columns), written[row], today))
        for row, name in names.items()
        if row in written
    )
    last = (text("table.owner"), text("table.look_again"))
    return Grid((text("table.row"), *columns.values(), *last), rows)


def _cells(columns: tuple[str, ...], record: Rec, today: date | None) -> tuple[Line, ...]:
    cells: dict[str, str] = record.body["cells"]
    owner, due = record.body["owner"], record.body["due"]
    if today is not None and due and date.fromisoformat(due) < today:
        owner = ""
    return (
        *(Words(cells.get(column, "")) for column in columns),
        Who(owner) if owner else Words(""),
        Day(date.fromisoformat(due), weekday=False) if due else Words(""),
    )


def agreements_of(run: ExerciseRun, known: Known) -> tuple[Agreement, ...]:
    """Return the agreements of a run and of the exercises in it, without those on what is prepared
    before it. Needs `States("agreement")`."""
    prepared = {one.agreement for one in run.prepared}
    of = {run.id, *(one.run for one in run.inner)}
    return tuple(
        one
        for one in known.states("agreement", Agreement).values()
        if one.question in of and one.id not in prepared
    )


def agreements_beside(
    run: ExerciseRun, listed: Iterable[ExerciseRun], known: Known
) -> tuple[Agreement, ...]:
    """Return the agreements of a run in a list of these runs: one that was made in an exercise of a
    workshop stands with that exercise if it is in the list too, and so only once."""
    inner = {one.id for one in listed if one.within == run.id}
    return tuple(one for one in agreements_of(run, known) if one.question not in inner)
