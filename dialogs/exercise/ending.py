"""What is said when a round closes, and how an exercise is ended or dropped."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from dialogs.exercise.cards import again_card
from dialogs.exercise.dealing import withdrawn
from dialogs.exercise.rounds import finished
from dialogs.exercise.states import ExerciseRun, is_over, title_of
from dialogs.exercise.survey import survey_card
from dialogs.exercise.weekly import now_waiting
from dialogs.model import events as e
from dialogs.model.calendar import at_local
from dialogs.model.cards import Paragraph, card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import (
    Cancel,
    Effects,
    FieldError,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Timer,
)
from dialogs.model.facts import Known

LOOKS_AGAIN_AT = 9


def say_closed(run: ExerciseRun, known: Known) -> Say:
    done = run.surveys[-1] if run.surveys and not is_over(run) else None
    if done is not None and done.round == run.rounds[-1].id:
        return Say(survey_card(run, done, known), thread="post")
    return Say(again_card(run, known.project.id), thread="post")


def over(run: ExerciseRun, event: e.ExerciseEnded | e.ExerciseDropped, known: Known) -> Step:
    if is_over(run):
        no = text("exercise.is_over", title=title_of(run))
        if isinstance(event, e.ExerciseEnded):
            return run, (FieldError("", no),)
        return run, (Show(card(Paragraph(no)), instead=True),)
    after, shown = finished(run, event.at, known)
    after, dead = withdrawn(now_waiting(after, shown, event.at, known))
    effects = (*shown, *dead)
    match event:
        case e.ExerciseEnded():
            return _ended(after, effects, event, known)
        case e.ExerciseDropped():
            after = replace(after, status="dropped", ended_at=event.at, waits={})
            said = card(Paragraph(text("exercise.dropped", title=title_of(run))))
            return after, (*effects, Redraw("post"), Show(said, instead=True))
        case _:
            assert_never(event)


def _ended(run: ExerciseRun, effects: Effects, event: e.ExerciseEnded, known: Known) -> Step:
    calendar = known.project.calendar
    after = replace(
        run,
        status="done",
        ended_at=event.at,
        result=event.id,
        receivers=event.receivers,
        committee=known.project.committee,
        look_again=event.look_again,
    )
    record = Record("exercise_end", run.id, event.id, event.by, event.at, {"text": event.text})
    timer: Effects = ()
    if event.look_again is not None:
        timer = (Timer("look_again", at_local(calendar, event.look_again, LOOKS_AGAIN_AT)),)
    leader: Effects = ()
    if "leader" in event.receivers:
        said = again_card(after, known.project.id)
        leader = tuple(
            Privately(person, said, urgency=3, once=f"exercise_end:{run.id}:{person}")
            for person in known.holders("leader", "deputy")
            if person != event.by
        )
    shown = Show(card(Paragraph(text("exercise.ended", title=title_of(run)))))
    return after, (
        *effects,
        record,
        Cancel("look_again"),
        *timer,
        *leader,
        Redraw("post"),
        say_closed(after, known),
        shown,
    )
