"""What other conversations read of exercises: what was written in all of them, what the dots chose,
and what the compass says of each quality of good work.

All of it the channel may read: notes after their round, and answers as words after the draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from content.model import ScalePoint
from msgspec import Struct

from dialogs.exercise.groups import ROLE_TABLE, is_group
from dialogs.exercise.short_rounds import FIRST_DOTS
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRun,
    ReadNote,
    SurveyDone,
    about_note,
    column_names,
    every_run,
    latest_rows,
    read_notes,
    row_names,
    table_set,
)
from dialogs.exercise.survey import changed_since, statements
from dialogs.exercise.survey_results import (
    StatementWord,
    chart,
    comparison_parts,
    in_words,
    statement_line,
    word_line,
)
from dialogs.model.cards import Day, Kept, Line, Listing, Part, Said, text
from dialogs.model.conversation import Facts
from dialogs.model.facts import Fact, Known, Published, Records
from dialogs.model.pictures import Chart

QUALITIES = "rasmus"
EVERY = 10_000
NOTES = Published("note")
WRITTEN = (
    "paper_note",
    "leader_note",
    "note_group",
    "note_taken_down",
    "table_row",
    "table_column",
    "condition",
)
RUN_WORDS: Facts = (ALL_RUNS, NOTES, *(Records(kind, limit=EVERY) for kind in WRITTEN))
_KEPT_AS = {"": "published", "paper": "paper_note", "leader": "leader_note"}


TABLE_WORDS: Facts = (
    ALL_RUNS,
    Records("table_row", limit=EVERY),
    Records("table_column", limit=EVERY),
)
STAFF = ("employees", "specialists")
"""Rows of the role table that are groups of staff."""
WAYS = ("how", "when")
"""Its columns that say how a group takes part."""


def of_run(run: ExerciseRun, known: Known) -> Known:
    """Return what was written in one run, from what was written in all. Needs `RUN_WORDS`."""
    return _of_run(run, known, WRITTEN, {NOTES: known(NOTES)})


def _of_run(
    run: ExerciseRun, known: Known, kinds: tuple[str, ...], found: dict[Fact[Any], Any]
) -> Known:
    for kind in kinds:
        every = known(Records(kind, limit=EVERY))
        found[Records(kind, run.id)] = tuple(one for one in every if one.ref == run.id)
    return Known(known.catalogue, found)


def note_words(note: ReadNote) -> Kept:
    """Return a note by its id, so that it is gone where it is taken down or erased later."""
    return Kept(_KEPT_AS[note.origin], note.id)


def note_line(note: ReadNote) -> Line:
    """Return a note with what sets it apart: typed in from paper, or the leader's."""
    about = about_note(note, group=False)
    words = note_words(note)
    return words if about is None else text("exercise.note_about", note=words, about=about)


# --- who is left out ----------------------------------------------------------------------


class LeftOut(Struct, frozen=True):
    """Groups that the role table does not mention, and rows that do not say how they take part."""

    unmentioned: tuple[Line, ...]
    without_way: tuple[Line, ...]


def left_out(known: Known) -> LeftOut | None:
    """Return who is left out by the latest role table; None if none has been filled in.

    It is worked out from the table alone, never from who took part: otherwise whoever wrote without
    a name could be found by who did not. Needs `TABLE_WORDS`.
    """
    for run in every_run(known):
        if run.rows and run.status != "dropped" and table_set(run) == ROLE_TABLE:
            return _left_out(run, _of_run(run, known, ("table_row", "table_column"), {}))
    return None


def left_out_lines(known: Known) -> tuple[Line, ...]:
    """Return who the role table leaves out, as sentences; none without a table. Needs
    `TABLE_WORDS`."""
    found = left_out(known)
    if found is None:
        return ()
    parts = (("unmentioned", found.unmentioned), ("without_way", found.without_way))
    return tuple(text(f"report.{key}", groups=Listing(groups)) for key, groups in parts if groups)


def _left_out(run: ExerciseRun, here: Known) -> LeftOut:
    names, written = row_names(run, here), latest_rows(run, here)
    ways = [column for column in WAYS if column in column_names(run, here)]
    groups = [row for row in names if is_group(row)]
    unmentioned = (*groups, *(row for row in names if row in STAFF))
    return LeftOut(
        tuple(names[row] for row in unmentioned if row not in written),
        tuple(
            names[row]
            for row, record in written.items()
            if row in names and ways and not any(record.body["cells"].get(way) for way in ways)
        ),
    )


# --- the dots -----------------------------------------------------------------------------


class Chosen(Struct, frozen=True):
    """A group or a note that the dots chose. `signs` are those of its notes."""

    words: Kept
    signs: frozenset[str]


def chosen_first(run: ExerciseRun, here: Known) -> tuple[Chosen, ...]:
    """Return the first three in the order that the dots gave. `here` is from `of_run`."""
    signs = {kind.id: kind.sign for kind in run.guide.kinds}
    notes = {note.id: note for note in read_notes(run, here) if note.words and not note.why_down}
    groups = {group.id: group.notes for group in run.groups}
    found: list[Chosen] = []
    for id in run.chosen[:FIRST_DOTS]:
        of = [notes[one] for one in groups.get(id, (id,)) if one in notes]
        if of:
            words = Kept("note_group", id) if id in groups else note_words(of[0])
            found.append(Chosen(words, frozenset(signs.get(note.kind, "") for note in of)))
    return tuple(found)


def chosen_as(sign: str, known: Known) -> tuple[Kept, ...]:
    """Return what the latest compass with dots chose of what gets better, or worse."""
    for run in _compasses(known):
        if run.chosen:
            found = chosen_first(run, of_run(run, known))
            return tuple(one.words for one in found if one.signs == {sign})
    return ()


# --- surveys ------------------------------------------------------------------------------


class SurveyTold(Struct, frozen=True):
    """The result of a survey for readers who did not answer: statements with their words, a picture
    from twenty answers, and what has certainly changed since the time before."""

    rows: tuple[tuple[Line, Line], ...]
    picture: Chart[Line] | None
    changes: tuple[Part[Line], ...]


def survey_told(run: ExerciseRun, done: SurveyDone, known: Known) -> SurveyTold | None:
    """Return the result; None if too few have answered. Needs `ALL_RUNS`."""
    if done.count is None:
        return None
    items, scale = statements(known, done.of), run.guide.scale
    names = {item.id: statement_line(item) for item in items}
    changes = changed_since(done, known)
    return SurveyTold(
        tuple((names[id], told(word, scale)) for id, word in in_words(done.count) if id in names),
        chart(done.count, items, scale),
        comparison_parts(changes, items, scale) if changes is not None else (),
    )


# --- the compass --------------------------------------------------------------------------


class QualityNotes(Struct, frozen=True):
    """What people wrote that gets better and worse about one quality."""

    better: tuple[ReadNote, ...]
    worse: tuple[ReadNote, ...]


class CompassStatus(Struct, frozen=True):
    """What most answered about each quality, as a word, when stock was taken."""

    day: date
    words: dict[str, Line]


def _compasses(known: Known) -> Iterator[ExerciseRun]:
    """Return the boards on the qualities of good work, newest first."""
    qualities = {item.id for item in known.catalogue.set(QUALITIES).items}
    for run in every_run(known):
        if run.status != "dropped" and {lane.id for lane in run.guide.lanes} == qualities:
            yield run


def compass_notes(known: Known) -> dict[str, QualityNotes]:
    """Return the notes of the latest compass that has any, by quality. Needs `RUN_WORDS`."""
    for run in _compasses(known):
        signs = {kind.id: kind.sign for kind in run.guide.kinds}
        notes = read_notes(run, of_run(run, known))
        shown = [note for note in notes if note.words and not note.why_down]
        found = {}
        for lane in run.guide.lanes:
            here = [note for note in shown if note.lane == lane.id]
            better, worse = (
                tuple(note for note in here if signs.get(note.kind) == sign)
                for sign in ("better", "worse")
            )
            if better or worse:
                found[lane.id] = QualityNotes(better, worse)
        if found:
            return found
    return {}


def compass_status(known: Known) -> CompassStatus | None:
    """Return the latest status with a result. Needs `ALL_RUNS`."""
    taken = [
        (done, run)
        for run in every_run(known)
        for done in run.surveys
        if run.status != "dropped" and done.of == QUALITIES and done.count is not None
    ]
    if not taken:
        return None
    done, run = max(taken, key=lambda pair: pair[0].closed_on)
    assert done.count is not None
    words = {id: told(word, run.guide.scale) for id, word in in_words(done.count)}
    return CompassStatus(done.closed_on, words)


def told(word: StatementWord, scale: tuple[ScalePoint, ...]) -> Line:
    """Return the word of a statement for readers who did not answer."""
    return text("exercise.they_differ") if word == "differ" else word_line(word, scale)


def quality_name(id: str, known: Known) -> Line:
    item = next((one for one in known.catalogue.set(QUALITIES).items if one.id == id), None)
    name = item.name if item is not None else None
    return Said(name.da, name.en) if name is not None else text("report.nothing_here")


def status_lines(known: Known) -> tuple[Line, ...]:
    """Return the status in one line for each quality, with its day above. Needs `ALL_RUNS`."""
    status = compass_status(known)
    if status is None:
        return ()
    return (
        text("exercise.status_of", day=Day(status.day, weekday=False, year=True)),
        *(
            text("survey.line", statement=quality_name(id, known), word=word)
            for id, word in status.words.items()
        ),
    )
