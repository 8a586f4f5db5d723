"""Notes and dots, which have no name: checked, and stored in the pool."""

from __future__ import annotations

from dialogs.exercise.progress import marks_of, step_of_round
from dialogs.exercise.rounds import DOTS
from dialogs.exercise.states import (
    ExerciseRound,
    ExerciseRun,
    fact_of,
    open_round,
    run_of,
    title_of,
)
from dialogs.exercise.survey import answered
from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Count,
    Line,
    Moment,
    Paragraph,
    Small,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import FieldError, Mark, Pooled, PoolEntry, Show, Undo
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Roles, Team

Entries = tuple[Pooled, ...]
IN_ROUNDS = (e.NotesWritten, e.DotsSet, e.SurveyAnswered, e.SendingUndone)


def unsigned_needs(event: e.UnsignedEvent) -> Facts:
    match event:
        case e.NotesWritten(run=run) | e.DotsSet(run=run) | e.SurveyAnswered(run=run):
            return (About(), Roles(), Team(), fact_of(run))
        case _:
            return ()


def unsigned(event: e.UnsignedEvent, known: Known) -> tuple[Entries, Responses]:
    match event:
        case e.NotesWritten(run=id, round=round):
            found = _round(known, id, round, "write")
            if isinstance(found, FieldError):
                return (), (found,)
            return _notes(*found, event)
        case e.DotsSet(run=id, round=round):
            found = _round(known, id, round, "dots")
            if isinstance(found, FieldError):
                return (), (found,)
            return _dots(*found, event)
        case e.SurveyAnswered(run=id, round=round):
            found = _round(known, id, round, "survey")
            if isinstance(found, FieldError):
                return (), (found,)
            return answered(*found, event, known)
        case e.SendingUndone():
            return _undone(event)
        case _:
            raise AssertionError(event)


def _round(
    known: Known, id: str, round: str, does: str
) -> tuple[ExerciseRun, ExerciseRound] | FieldError:
    """Return the run and its round, if that is still open; else what to tell the person."""
    run = run_of(known, id)
    if run is None:
        return FieldError("", text("exercise.gone"))
    if not known.project.running:
        return FieldError("", text("exercise.not_running"))
    found = open_round(run)
    if found is None or found.id != round or step_of_round(run, found).does != does:
        key = "exercise.round_closed_kept" if does == "write" else "exercise.round_closed_lost"
        return FieldError("", text(key, title=title_of(run)))
    return run, found


def _notes(
    run: ExerciseRun, round: ExerciseRound, event: e.NotesWritten
) -> tuple[Entries, Responses]:
    step = step_of_round(run, round)
    if event.lane not in {lane.id for lane in run.guide.lanes} and run.guide.lanes:
        return (), (FieldError("lane", text("gate.field_choose")),)
    open = step.kinds or tuple(kind.id for kind in run.guide.kinds) or ("note",)
    notes = [
        PoolEntry("note", round.id, {"lane": event.lane, "kind": kind, "text": words})
        for field, words in event.notes.items()
        if words and (kind := field.partition(".")[0]) in open
    ]
    if not notes:
        return (), (FieldError("", text("exercise.write_something")),)
    again: Button[Line] = Button(
        text("exercise.write_more"), Look("write_notes", project=event.project, ref=run.id)
    )
    shown = card(
        Paragraph(text("exercise.notes_received", n=Count(len(notes)))),
        Small(
            text("exercise.notes_shown_weekly", when=Moment(round.closes))
            if run.guide.standing
            else text("exercise.notes_shown_later")
        ),
        buttons(again, _undo_button(event, marks_of(run))),
    )
    return (*notes, Mark(round.id), Mark(marks_of(run))), (Show(shown),)


def _dots(run: ExerciseRun, round: ExerciseRound, event: e.DotsSet) -> tuple[Entries, Responses]:
    chosen = tuple(dict.fromkeys(event.chosen))
    if not 1 <= len(chosen) <= DOTS:
        return (), (FieldError("chosen", text("exercise.dots_at_most", n=Count(DOTS))),)
    ballot = PoolEntry("dots", round.id, {"chosen": list(chosen)})
    received = card(Paragraph(text("exercise.dots_received")), buttons(_undo_button(event)))
    said = Show(received)
    return (ballot, Mark(round.id, once=True)), (said,)


def _undone(event: e.SendingUndone) -> tuple[Entries, Responses]:
    said = Show(card(Paragraph(text("exercise.undone"))), instead=True)
    rounds = (event.round, event.marks) if event.marks else (event.round,)
    return tuple(Undo(round, event.undoes) for round in rounds), (said,)


def _undo_button(event: e.NotesWritten | e.DotsSet, marks: str = "") -> Button[Line]:
    """Return *Fortryd*. Whoever takes all back no longer counts among those who wrote."""
    press = e.SendingUndone(project=event.project, run=event.run, round=event.round, marks=marks)
    return Button(text("exercise.undo"), press)


def already(event: e.UnsignedEvent) -> Responses:
    survey = isinstance(event, e.SurveyAnswered)
    return (FieldError("", text("survey.already" if survey else "exercise.dots_already")),)


def closed_for_writing(event: e.UnsignedEvent) -> Responses:
    if isinstance(event, e.SendingUndone):
        return (Show(card(Paragraph(text("exercise.too_late_to_undo"))), instead=True),)
    written = isinstance(event, e.NotesWritten)
    return (
        FieldError(
            "", text("exercise.round_closed_text" if written else "exercise.round_closed_short")
        ),
    )
