"""What is done by name during an exercise: notes from paper and by a leader, groups, a note taken
down, what it takes, and agreements."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from dialogs.exercise.forms import LONGEST_NOTE
from dialogs.exercise.progress import step_of_round
from dialogs.exercise.states import ExerciseRun, NoteGroup, open_round
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Count, Line, Paragraph, Typed, card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import Effects, FieldError, Forget, Record, Redraw, Retract, Show, Tell
from dialogs.model.facts import Known, Rec, Records

AGREEMENTS_AT_MOST = 5
ByHand = (
    e.LeaderNotesWritten
    | e.PaperNotesWritten
    | e.NotesGrouped
    | e.NoteTakenDown
    | e.ConditionWritten
    | e.ExerciseAgreed
)


def by_hand(run: ExerciseRun, event: ByHand, known: Known) -> Step:
    if run.status in ("done", "dropped"):
        return run, (FieldError("", text("exercise.is_over_short")),)
    match event:
        case e.LeaderNotesWritten():
            return _leader_notes(run, event)
        case e.PaperNotesWritten():
            return _paper_notes(run, event, known)
        case e.NotesGrouped():
            return _grouped(run, event)
        case e.NoteTakenDown():
            return _taken_down(run, event, known)
        case e.ConditionWritten():
            return _condition(run, event)
        case e.ExerciseAgreed():
            return _agreed(run, event, known)
        case _:
            assert_never(event)


def _done(line: Line) -> tuple[Redraw, Show]:
    return Redraw("post"), Show(card(Paragraph(line)))


def _leader_notes(run: ExerciseRun, event: e.LeaderNotesWritten) -> Step:
    found = open_round(run)
    if found is None or found.id != event.round or step_of_round(run, found).does != "write":
        return run, (FieldError("", text("exercise.round_closed_short")),)
    written = [(kind.partition(".")[0], words) for kind, words in event.notes.items() if words]
    if not written:
        return run, (FieldError("", text("exercise.write_something")),)
    records = tuple(
        Record(
            "leader_note",
            run.id,
            f"{event.id}-{n}",
            event.by,
            event.at,
            {"lane": event.lane, "kind": kind, "text": words, "round": found.id},
        )
        for n, (kind, words) in enumerate(written, 1)
    )
    kept = text("exercise.leader_notes_kept", n=Count(len(records)))
    # Nothing is redrawn: no note is shown before the round is closed.
    return run, (*records, Show(card(Paragraph(kept))))


def _paper_notes(run: ExerciseRun, event: e.PaperNotesWritten, known: Known) -> Step:
    lines = [
        (kind, line.strip(" -•\t"))
        for kind, words in event.notes.items()
        for line in words.splitlines()
        if line.strip(" -•\t")
    ]
    if not lines:
        return run, (FieldError("", text("exercise.write_something")),)
    long = next((kind for kind, line in lines if len(line) > LONGEST_NOTE), None)
    if long is not None:
        no = text("exercise.note_too_long", n=Count(LONGEST_NOTE))
        return run, (FieldError(f"notes.{long}", no),)
    records = tuple(
        Record(
            "paper_note",
            run.id,
            f"{event.id}-{n}",
            event.by,
            event.at,
            {"lane": event.lane, "kind": kind, "text": line},
        )
        for n, (kind, line) in enumerate(lines, 1)
    )
    kept = text("exercise.paper_kept", n=Count(len(records)))
    after = replace(run, typed_in=True, written=run.written + 1)
    if run.guide.standing:
        today = local(known.project.calendar, event.at).date()
        after = replace(after, waits=run.waits | {record.id: today for record in records})
    return after, (*records, *_done(kept))


def _grouped(run: ExerciseRun, event: e.NotesGrouped) -> Step:
    chosen = frozenset(event.notes)
    if run.guide.standing and not chosen <= run.waits.keys():
        return run, (FieldError("notes", text("exercise.answered_already")),)
    left = tuple(
        NoteGroup(group.id, rest)
        for group in run.groups
        if (rest := tuple(note for note in group.notes if note not in chosen))
    )
    gone = {group.id for group in run.groups} - {group.id for group in left}
    forgotten: Effects = tuple(Forget("note_group", id=id) for id in sorted(gone))
    if not event.name:
        after = replace(run, groups=left)
        return after, (*forgotten, *_done(text("exercise.ungrouped", n=Count(len(chosen)))))
    group = NoteGroup(event.id, event.notes)
    record = Record("note_group", run.id, event.id, event.by, event.at, {"text": event.name})
    after = replace(run, groups=(*left, group))
    return after, (*forgotten, record, *_done(text("exercise.grouped", n=Count(len(chosen)))))


def _taken_down(run: ExerciseRun, event: e.NoteTakenDown, known: Known) -> Step:
    """Delete the words of a note, and keep why. One that was typed in from paper is a record."""
    if event.note in run.taken_down:
        return run, (FieldError("", text("exercise.down_already")),)
    body = {"note": event.note, "reason": event.reason}
    record = Record("note_taken_down", run.id, event.id, event.by, event.at, body)
    waits = {note: since for note, since in run.waits.items() if note != event.note}
    after = replace(run, taken_down=(*run.taken_down, event.note), waits=waits)
    paper: tuple[Rec, ...] = known(Records("paper_note", run.id))
    emptied = tuple(
        Record("paper_note", run.id, one.id, one.person, one.at, {**one.body, "text": ""})
        for one in paper
        if one.id == event.note
    )
    gone = emptied or (Retract(event.note),)
    return after, (record, *gone, *_done(text("exercise.is_down")))


def _condition(run: ExerciseRun, event: e.ConditionWritten) -> Step:
    body = {"when": event.when, "text": event.text, "note": event.note}
    record = Record("condition", run.id, event.id, event.by, event.at, body)
    after = replace(run, written=run.written + 1)
    return after, (record, *_done(text("exercise.condition_kept")))


def _agreed(run: ExerciseRun, event: e.ExerciseAgreed, known: Known) -> Step:
    if run.agreements >= AGREEMENTS_AT_MOST:
        no = text(
            "exercise.enough_agreements", n=Count(AGREEMENTS_AT_MOST), list=Typed("agreements")
        )
        return run, (FieldError("", no),)
    today = local(known.project.calendar, event.at).date()
    if event.due is not None and event.due < today:
        return run, (FieldError("due", text("question.when_past")),)
    offered = e.Offered(
        agreement=event.id, what=event.what, owner=event.who, due=event.due, question=run.id
    )
    after = replace(run, agreements=run.agreements + 1)
    return after, (Tell(offered), *_done(text("exercise.agreement_kept")))
