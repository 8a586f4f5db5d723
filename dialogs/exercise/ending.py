"""An exercise is paused, taken up again, ended or dropped, and a workshop with what is in it."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from dialogs.exercise.cards import again_card, lead_card
from dialogs.exercise.dealing import withdrawn
from dialogs.exercise.few import held_on_paper
from dialogs.exercise.progress import inner_now
from dialogs.exercise.rounds import enter, finished, paused
from dialogs.exercise.states import WRITES, ExerciseRun, current_step, is_over, running, title_of
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
    Post,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
    Timer,
)
from dialogs.model.facts import Known

LOOKS_AGAIN_AT = 9


def pause(run: ExerciseRun, event: e.ExercisePaused, known: Known) -> Step:
    if run.status != "running":
        return run, (Show(lead_card(run, known.project.id), instead=True),)
    after, effects = paused(run, event.at, known)
    after = replace(after, status="paused")
    return after, (*effects, Redraw("post"), *_shown(after, known, e.ExercisePaused))


def _shown(
    run: ExerciseRun, known: Known, tells: type[e.ExercisePaused | e.ExerciseResumed]
) -> Effects:
    """Do the same to the exercise in a workshop, which then shows what can be done next."""
    now = inner_now(run)
    if now is not None:
        return (Tell(tells(run=now.run)),)
    return (Show(lead_card(run, known.project.id), instead=True),)


def resume(run: ExerciseRun, event: e.ExerciseResumed, known: Known) -> Step:
    if run.status != "paused":
        return run, (Show(lead_card(run, known.project.id), instead=True),)
    other = None if run.guide.standing else running(known)
    if other is not None and other.id != run.within:
        no = text("exercise.one_at_a_time", title=title_of(other))
        return run, (Show(lead_card(run, known.project.id, no), instead=True),)
    if not known.project.running:
        no = text("exercise.not_running")
        return run, (Show(lead_card(run, known.project.id, no), instead=True),)
    after = replace(
        run,
        status="running",
        step_at=event.at,
        on_paper=held_on_paper(run.guide, known),
    )
    # A round that was closed is not opened again: what it showed is final.
    if current_step(after).does in WRITES and not was_shown(after):
        after, opened = enter(after, event.at, known)
    else:
        opened = ()
    # A new message: the old one stands far up in the channel by now.
    return after, (*opened, Post("post"), *_shown(after, known, e.ExerciseResumed))


def was_shown(run: ExerciseRun) -> bool:
    step = current_step(run).id
    return any(one.step == step and one.shown == "shown" for one in run.rounds)


def over(run: ExerciseRun, event: e.ExerciseEnded | e.ExerciseDropped, known: Known) -> Step:
    if is_over(run):
        no = text("exercise.is_over", title=title_of(run))
        if isinstance(event, e.ExerciseEnded):
            return run, (FieldError("", no),)
        return run, (Show(card(Paragraph(no)), instead=True),)
    now = inner_now(run)
    if now is not None and isinstance(event, e.ExerciseEnded):
        return run, (FieldError("", text("workshop.inner_first")),)
    after, shown = finished(run, event.at, known)
    after, dead = withdrawn(now_waiting(after, shown, event.at, known))
    effects = (*shown, *dead)
    match event:
        case e.ExerciseEnded():
            return _ended(after, effects, event, known)
        case e.ExerciseDropped():
            after = replace(after, status="dropped", ended_at=event.at, waits={})
            said = card(Paragraph(text("exercise.dropped", title=title_of(run))))
            inner = (Tell(e.ExerciseDropped(run=now.run)),) if now is not None else ()
            told = () if run.within else (Show(said, instead=True),)
            return after, (*effects, Cancel("day"), Redraw("post"), *inner, *told)
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
        reached=event.reached if run.guide.ends_in is not None else "",
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
    said_over = Show(card(Paragraph(text("exercise.ended", title=title_of(run)))))
    return after, (
        *effects,
        record,
        Cancel("look_again"),
        Cancel("day"),
        *timer,
        *leader,
        Redraw("post"),
        say_closed(after, known),
        *(() if run.within else (said_over,)),
    )


def say_closed(run: ExerciseRun, known: Known) -> Say:
    """Return what is said in the thread when a round was closed, or the run has ended."""
    done = run.surveys[-1] if run.surveys and not is_over(run) else None
    if done is not None and done.round == run.rounds[-1].id:
        return Say(survey_card(run, done, known), thread="post")
    return Say(again_card(run, known.project.id), thread="post")
