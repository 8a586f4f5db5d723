"""What came of an exercise, for the report: surveys as words, what the dots chose, what it takes,
and what the compass says of each quality of good work."""

from __future__ import annotations

from dialogs.exercise.states import ExerciseRun, ReadNote, SurveyDone, read_notes
from dialogs.model.cards import Bullets, Count, Heading, Kept, Line, Paragraph, Small, text
from dialogs.model.documents import DataTable, Passage
from dialogs.model.facts import Known, Rec, Records
from dialogs.outcomes.states import (
    QUALITIES,
    chosen_first,
    compass_notes,
    compass_status,
    note_line,
    note_words,
    quality_name,
    survey_told,
)
from dialogs.report.lines import NONE, points, quoted

NOTES_FIRST = 3
WHEN = ("before", "during", "after")


def outcome_passages(
    run: ExerciseRun, here: Known, known: Known, titled: Line
) -> list[Passage[Line]]:
    """Return the surveys, the choice and the conditions of a run. `here` is from `of_run`."""
    found: list[Passage[Line]] = []
    for done in run.surveys:
        found += _survey(run, done, known, titled)
    for key, table in (("chosen", _chosen(run, here)), ("conditions", _conditions(run, here))):
        if table is not None:
            name = text(f"report.{key}", exercise=titled)
            header, rows = table
            found += [Paragraph(name), DataTable(name, header, rows)]
    return found


Headed = tuple[tuple[Line, ...], tuple[tuple[Line, ...], ...]]


def _survey(run: ExerciseRun, done: SurveyDone, known: Known, titled: Line) -> list[Passage[Line]]:
    name = text("report.survey", exercise=titled)
    result = survey_told(run, done, known)
    if result is None:
        return [Paragraph(name), Small(text("report.too_few_answered"))]
    header = (text("report.statement"), text("report.most_answer"))
    found: list[Passage[Line]] = [Paragraph(name), DataTable(name, header, result.rows)]
    if result.picture is not None:
        found += [result.picture, Small(text("survey.about_bars"))]
    for part in result.changes:
        match part:
            case Heading(text=line):
                found.append(Paragraph(line))
            case Paragraph() | Bullets() | Small():
                found.append(part)
    return [*found, Small(text("survey.by_lot"))]


def _chosen(run: ExerciseRun, here: Known) -> Headed | None:
    """Return the first three in the order of the dots. The others are on the board."""
    found = chosen_first(run, here)
    if not found:
        return None
    header = (text("report.number"), text("report.choice"))
    rows = enumerate(found, 1)
    return header, tuple((text("report.nth", number=Count(n)), one.words) for n, one in rows)


def _conditions(run: ExerciseRun, here: Known) -> Headed | None:
    written: tuple[Rec, ...] = here(Records("condition", run.id))
    if not written:
        return None
    groups = {group.id for group in run.groups}
    notes = {one.id: one for one in read_notes(run, here) if one.words and not one.why_down}
    rows = tuple(
        (
            text(f"exercise.heading_{one.body['when']}"),
            Kept("condition", one.id),
            _about(one.body["note"], groups, notes),
        )
        for one in sorted(written, key=lambda one: WHEN.index(one.body["when"]))
    )
    header = tuple(text(f"report.{one}") for one in ("when_it", "condition", "condition_for"))
    return header, rows


def _about(note: str, groups: set[str], notes: dict[str, ReadNote]) -> Line:
    if note in groups:
        return quoted(Kept("note_group", note))
    return quoted(note_words(notes[note])) if note in notes else NONE


# --- the compass ----------------------------------------------------------------------------


def compass_passages(known: Known) -> tuple[Passage[Line], ...]:
    """Return what the compass says of each quality: what gets better and worse, and the status."""
    notes, status = compass_notes(known), compass_status(known)
    if not notes and status is None:
        return ()
    words = status.words if status is not None else {}
    name = text("report.compass")
    header = tuple(
        text(f"report.{one}") for one in ("quality", "compass_better", "compass_worse", "status")
    )
    rows = []
    for item in known.catalogue.set(QUALITIES).items:
        found = notes.get(item.id)
        better, worse = (found.better, found.worse) if found is not None else ((), ())
        cells = (quality_name(item.id, known), _first(better), _first(worse))
        rows.append((*cells, words.get(item.id, NONE)))
    return (
        Paragraph(name),
        DataTable(name, header, tuple(rows)),
        *((Small(text("report.compass_first", n=Count(NOTES_FIRST))),) if notes else ()),
    )


def _first(notes: tuple[ReadNote, ...]) -> Line:
    return points([note_line(one) for one in notes[:NOTES_FIRST]]) if notes else NONE
