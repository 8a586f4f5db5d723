"""A standing board: it has no end of its own. What was written is shown week by week, put together
by whoever leads, and answered by the leader, group by group.

weekly.py decides what each week shows.
"""

from __future__ import annotations

from dialogs.exercise.parts import AnsweredNotes
from dialogs.exercise.states import (
    ExerciseRun,
    ReadNote,
    lane_name,
    read_notes,
    run_of,
    title_of,
    unanswered,
    waits_line,
)
from dialogs.model import cards as c
from dialogs.model.cards import Button, Line, Paragraph, Part, text
from dialogs.model.conversation import Responses
from dialogs.model.effects import Open, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Rec, Records, Viewer
from dialogs.model.shorten import cut_at_word

ANSWERS = "+"
"""Stands for a lane where all answers are to be read; no lane is called so."""
NEWEST = 2
ON_A_PAGE = 5
TO_ANSWER = 100
LABEL = 70
ABOUT = 120
LONGEST_ANSWER = 600
HOW = ("do", "supplier", "cannot")


# --- what is chosen among, and answered ---------------------------------------------------


def to_choose(run: ExerciseRun, known: Known) -> tuple[tuple[str, str], ...]:
    """Return what is chosen among and answered, as ids and words: groups, and notes in none."""
    names = {r.id: str(r.body["text"]) for r in known(Records("note_group", run.id))}
    found = [(group.id, names.get(group.id, "")) for group in run.groups]
    grouped = {note for group in run.groups for note in group.notes}
    found += [
        (note.id, note.words)
        for note in read_notes(run, known)
        if note.id not in grouped and note.words and not note.why_down and note.origin != "leader"
    ]
    return tuple(found)


def standing_parts(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    """Return what waits for an answer, and the newest answers. Needs `board_facts`."""
    if not run.guide.standing:
        return ()
    waits = waits_line(run)
    newest = run.answers[: -NEWEST - 1 : -1]
    return (
        *((Paragraph(waits),) if waits is not None else ()),
        *answer_quotes(run, newest, known),
    )


def answer_quotes(
    run: ExerciseRun, some: tuple[AnsweredNotes, ...], known: Known
) -> tuple[Part[Line], ...]:
    """Return answers, each with what it answers and who wrote it."""
    records: tuple[Rec, ...] = known(Records("note_answer", run.id))
    by = {record.id: record.person for record in records}
    words = dict(to_choose(run, known))
    parts: list[Part[Line]] = []
    for one in some:
        about = cut_at_word(words.get(one.of, ""), ABOUT)
        parts.append(answer_quote(one, about, by.get(one.record, "")))
    return tuple(parts)


def answer_quote(one: AnsweredNotes, about: str, by: Person) -> c.Quote[Line]:
    said = text(f"exercise.answer_{one.how}", text=c.Kept("note_answer", one.record))
    who = c.Who(by or c.FORMER)
    if not about:
        return c.Quote(said, who)
    return c.Quote(said, text("exercise.answer_by", about=c.Words(about), who=who))


def answers_button(run: ExerciseRun, project: str) -> Button[Line] | None:
    if not run.answers:
        return None
    look = Look("exercise_board", project=project, ref=run.id, words=f"{ANSWERS}/0")
    return Button(text("survey.see"), look)


def all_answers(run: ExerciseRun, known: Known, start: int) -> c.NeutralCard:
    """Return a page of all answers, the newest first."""
    newest = run.answers[::-1]
    page = newest[start : start + ON_A_PAGE]
    rest, project = len(newest) - start - len(page), known.project.id
    words = f"{ANSWERS}/{start + ON_A_PAGE}"
    further = Look("exercise_board", project=project, ref=run.id, words=words)
    back = Look("exercise_board", project=project, ref=run.id)
    return c.card(
        c.Heading(text("exercise.answers_of", title=title_of(run))),
        *answer_quotes(run, page, known),
        None if page else Paragraph(text("exercise.no_answers")),
        c.buttons(
            Button(text("question.show_more"), further, "main") if rest > 0 else None,
            Button(text("exercise.whole_board"), back),
        ),
    )


def note_state(run: ExerciseRun, note: ReadNote) -> Line | None:
    """Say whether a note of a standing board waits for its answer."""
    if not run.guide.standing or note.origin == "leader" or note.why_down:
        return None
    if note.id in run.waits:
        return text("exercise.note_waits", day=c.Day(run.waits[note.id]))
    return text("exercise.note_answered")


# --- answering ----------------------------------------------------------------------------


def may_answer(run: ExerciseRun, viewer: Viewer) -> bool:
    """Return whether the viewer answers: the leader, and whoever leads the exercise, who may write
    what the leader said at a meeting."""
    if viewer.may("leader", "deputy", "starter"):
        return True
    return not viewer.may("has_led") and (
        viewer.person == run.led_by or viewer.may("facilitator", "representative")
    )


def answer_button(run: ExerciseRun, viewer: Viewer, project: str) -> Button[Line] | None:
    if not run.waits or not may_answer(run, viewer):
        return None
    look = Look("answer_notes", project=project, ref=run.id)
    return Button(text("exercise.answer_notes"), look, "main")


def answer_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Svar på sedler*: choose a group, or a note that is in none, and answer it."""
    run = run_of(known, look.ref)
    if run is None:
        return _said(text("exercise.gone"))
    if not may_answer(run, viewer):
        return _said(text("exercise.who_answers", who=c.Who(run.led_by)))
    options = _options(run, known)
    if not options:
        return _said(text("exercise.all_answered"))
    fields: tuple[c.Field[Line], ...] = (
        c.Note(text("exercise.answer_note")),
        c.Choice("of", text("exercise.field_answer_of"), options, value=options[0].value),
        c.Choice(
            "how",
            text("exercise.field_how"),
            tuple(c.Option[Line](one, text(f"exercise.how_{one}")) for one in HOW),
        ),
        c.TextField(
            "text",
            text("exercise.field_answer"),
            hint=text("exercise.field_answer_hint"),
            long=True,
            limit=LONGEST_ANSWER,
        ),
    )
    fixed = {"run": run.id, "project": known.project.id}
    title = text("exercise.answer_notes")
    return (Open(c.Form(title, fields, text("button.send"), "notes_answered", fixed)),)


def _options(run: ExerciseRun, known: Known) -> tuple[c.Option[Line], ...]:
    words = dict(to_choose(run, known))
    lanes = {lane.id: lane for lane in run.guide.lanes}
    lane_of = {note.id: lanes.get(note.lane) for note in read_notes(run, known)}
    found: list[c.Option[Line]] = []
    for id in list(unanswered(run))[:TO_ANSWER]:
        label: Line = c.Words(cut_at_word(words.get(id, "…"), LABEL))
        lane = lane_of.get(id)
        found.append(c.Option(id, label, None if lane is None else lane_name(lane)))
    return tuple(found)


def _said(line: Line) -> Responses:
    return (Show(c.card(Paragraph(line))),)
