"""The weeks of a standing board: what each shows, and what is answered.

What was written is shown when the week ends if five people have written, as in every round. If
fewer have, the round stays open, whether anybody wrote or not: nobody can tell one from the other.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from dialogs.exercise.cards import lead_card
from dialogs.exercise.dealing import withdrawn
from dialogs.exercise.parts import AnsweredNotes
from dialogs.exercise.rounds import closed, enough_wrote, enter, finished, goes_on
from dialogs.exercise.standing import ABOUT, answer_quote, to_choose
from dialogs.exercise.states import ExerciseRun, open_round, see_button, title_of, unanswered
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Button, Line, Paragraph, Who, buttons, card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import (
    Effects,
    FieldError,
    Post,
    Privately,
    Publish,
    Record,
    Redraw,
    Say,
    Show,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Role, Roles
from dialogs.model.roles import stands_in
from dialogs.model.shorten import cut_at_word


def a_week_later(run: ExerciseRun, event: e.Woke, known: Known) -> Step:
    project = known.project
    if not project.under_way:
        return _ended_with_the_project(run, event, known)
    found = open_round(run)
    assert found is not None
    if not project.running or not enough_wrote(found, known):
        after, effects = goes_on(run, event.fired_at, known)
        return after, (*effects, Redraw("post"))
    after, shown = closed(run, event.fired_at, known)
    after, opened = enter(now_waiting(after, shown, event.fired_at, known), event.fired_at, known)
    # A new message: the one of last week stands far up in the channel by now.
    return after, (*shown, *opened, Post("post"), *_told(after, known))


def _told(run: ExerciseRun, known: Known) -> tuple[Privately, ...]:
    """Tell whoever leads that there is something to put together, and the leader what to answer."""
    leads = lead_card(run, known.project.id, text("exercise.new_notes"))
    answer = Look("answer_notes", project=known.project.id, ref=run.id)
    answers = card(
        Paragraph(text("exercise.new_notes_leader", title=title_of(run), who=Who(run.led_by))),
        buttons(
            Button(text("exercise.answer_notes"), answer, "main"),
            see_button(run, known.project.id),
        ),
    )
    return (
        Privately(run.led_by, leads, urgency=3),
        *(Privately(person, answers, urgency=3) for person in _leaders(known)),
    )


def _leaders(known: Known) -> tuple[Person, ...]:
    roles: tuple[Role, ...] = known(Roles())
    held = known.holders("leader", "deputy")
    return held or tuple(one for one in (stands_in(known.project, roles),) if one)


def _ended_with_the_project(run: ExerciseRun, event: e.Woke, known: Known) -> Step:
    after, effects = finished(run, event.fired_at, known)
    after, dead = withdrawn(now_waiting(after, effects, event.fired_at, known))
    after = replace(after, status="done", ended_at=event.fired_at, result=event.id)
    words = known.catalogue.phrase("exercise.stood_to_the_end").of(known.project.language)
    record = Record("exercise_end", run.id, event.id, "", event.at, {"text": words})
    return after, (*effects, *dead, record, Redraw("post"))


def now_waiting(run: ExerciseRun, shown: Effects, at: datetime, known: Known) -> ExerciseRun:
    """Let what has just been shown on a standing board wait for its answers."""
    if not run.guide.standing:
        return run
    today = local(known.project.calendar, at).date()
    new = {one.id: today for one in shown if isinstance(one, Publish)}
    return replace(run, waits=run.waits | new)


# --- answers ------------------------------------------------------------------------------


def answered(run: ExerciseRun, event: e.NotesAnswered, known: Known, *, leads: bool) -> Step:
    """Store an answer and say it in the thread. It can be given after the board was taken down."""
    if not leads and event.by not in _leaders(known):
        return run, (FieldError("", text("exercise.who_answers", who=Who(run.led_by))),)
    if event.of not in unanswered(run):
        return run, (FieldError("of", text("exercise.answered_already")),)
    if not known.project.under_way:
        return run, (FieldError("", text("exercise.not_running")),)
    group = next((group.notes for group in run.groups if group.id == event.of), (event.of,))
    today = local(known.project.calendar, event.at).date()
    one = AnsweredNotes(of=event.of, how=event.how, record=event.id, on=today)
    after = replace(
        run,
        answers=(*run.answers, one),
        waits={note: since for note, since in run.waits.items() if note not in group},
    )
    record = Record("note_answer", run.id, event.id, event.by, event.at, {"text": event.text})
    about = cut_at_word(dict(to_choose(run, known)).get(event.of, ""), ABOUT)
    said = card(
        Paragraph(text("exercise.answer_said", title=title_of(run))),
        answer_quote(one, about, event.by),
    )
    return after, (record, Redraw("post"), Say(said, thread="post"), _kept(after, known))


def _kept(run: ExerciseRun, known: Known) -> Show:
    left = len(unanswered(run))
    kept: Line = text("exercise.answer_kept" if left else "exercise.answer_kept_last")
    look = Look("answer_notes", project=known.project.id, ref=run.id)
    again: Button[Line] = Button(text("exercise.answer_next"), look, "main")
    return Show(card(Paragraph(kept), buttons(again if left else None)))
