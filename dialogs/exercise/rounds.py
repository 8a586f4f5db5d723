"""Rounds of an exercise: opening one, closing it, and what becomes of what was written in it.

short_rounds.py decides what a round may show. Whether five different people wrote in short rounds
is counted by marks that such rounds share until a round is shown, so that one person in two rounds
counts once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from dialogs.exercise.progress import marks_of, rounds_of, step_of_round
from dialogs.exercise.short_rounds import (
    FIRST_DOTS,
    LEAST_WRITERS,
    ShortRound,
    counts_of,
    dots_order,
    earliest_closing,
    shown_at_closing,
    shown_at_end,
)
from dialogs.exercise.states import WRITES, ExerciseRound, ExerciseRun, current_step, open_round
from dialogs.exercise.survey import counted, may_open, previewed
from dialogs.model.calendar import at_local, local, working_day_on_or_before
from dialogs.model.effects import (
    Cancel,
    CloseRound,
    Effect,
    OpenRound,
    Publish,
    Timer,
    Unpool,
)
from dialogs.model.facts import Known, Unreleased, Waiting
from dialogs.model.roles import writers
from dialogs.overview.states import next_overview

AT_MOST = timedelta(days=1)
"""How long a round at a meeting may stay open if nobody closes it."""
SETTLES = timedelta(days=3)
DAYS = 7
DAYS_BEFORE_A_MEETING = 14
CLOSES_AT = 14
REMINDS_AT = 9
BYTES_OF_A_NOTE = 700
BYTES_OF_A_MARK = 250
DOTS = FIRST_DOTS
KINDS = ("note", "dots", "ballot", "mark")
WAITING = Unreleased(KINDS)

RunChange = tuple[ExerciseRun, tuple[Effect, ...]]


def enter(run: ExerciseRun, at: datetime, known: Known) -> RunChange:
    """Open a round if people write in the current step."""
    step = current_step(run)
    if step.does not in WRITES or run.on_paper or (step.does == "dots" and run.dotted):
        return run, ()
    if step.does == "survey":
        if not may_open(run, step, at, known):
            return run, ()
        shown_first = previewed(run, step, at, known)
        if shown_first is not None:
            return shown_first
    first = not run.rounds
    opened = _opened(run, at, known, first=first)
    after = replace(run, rounds=(*run.rounds, opened), opens_at=None)
    reminder = () if run.guide.standing else _reminder(opened, at, known)
    return after, (*room_for(after, opened, known), Timer("closes", opened.closes), *reminder)


def room_for(run: ExerciseRun, round: ExerciseRound, known: Known) -> tuple[OpenRound, ...]:
    """Open a round in the pool, or give an open one the room that all people and cards need."""
    step = step_of_round(run, round)
    people = max(len(writers(known)), 1) + run.cards.count
    each = 2 * max(len(step.kinds), 1) if step.does == "write" else 2
    opened = OpenRound(round.id, people * (each * BYTES_OF_A_NOTE + BYTES_OF_A_MARK))
    if step.does != "write":
        return (opened,)
    return opened, OpenRound(marks_of(run), people * BYTES_OF_A_MARK)


def goes_on(run: ExerciseRun, at: datetime, known: Known) -> RunChange:
    """Leave the round of a standing board open for another week. It was opened again if a backup
    was restored meanwhile, which ends rounds."""
    found = open_round(run)
    assert found is not None
    closes = _weekly(at, known)
    longer = replace(found, closes=closes, earliest=closes)
    rounds = tuple(longer if one.id == found.id else one for one in run.rounds)
    return replace(run, rounds=rounds), (*room_for(run, longer, known), Timer("closes", closes))


def _weekly(at: datetime, known: Known) -> datetime:
    """Return when a standing board shows what was written: as the overview comes, but not just
    after it was begun."""
    return next_overview(known.project, at + SETTLES)


def enough_wrote(round: ExerciseRound, known: Known) -> bool:
    waiting: tuple[Waiting, ...] = known(WAITING)
    return counts_of(waiting, round.id).surely >= LEAST_WRITERS


def _opened(run: ExerciseRun, at: datetime, known: Known, *, first: bool) -> ExerciseRound:
    calendar, by_hand = known.project.calendar, run.place != "days"
    if run.guide.standing:
        closes = _weekly(at, known)
    elif run.place == "meeting" or (run.place == "both" and not first):
        closes = at + AT_MOST
    else:
        days = DAYS if run.place == "days" else DAYS_BEFORE_A_MEETING
        closes = at_local(calendar, local(calendar, at).date() + timedelta(days=days), CLOSES_AT)
    return ExerciseRound(
        id=f"{run.id}.{len(run.rounds) + 1}",
        step=current_step(run).id,
        opened_at=at,
        earliest=earliest_closing(at, closes, at_a_meeting=by_hand),
        closes=closes,
        by_hand=by_hand,
    )


def _reminder(opened: ExerciseRound, at: datetime, known: Known) -> tuple[Timer, ...]:
    """Remind the channel once, on the last working day of a round over days."""
    calendar = known.project.calendar
    day = working_day_on_or_before(calendar, local(calendar, opened.closes).date())
    when = at_local(calendar, day, REMINDS_AT)
    return (Timer("remind", when),) if when - at > AT_MOST else ()


def closed(run: ExerciseRun, at: datetime, known: Known) -> RunChange:
    """Close the open round for good."""
    found = open_round(run)
    if found is None:
        return run, ()
    waiting: tuple[Waiting, ...] = known(WAITING)
    over: tuple[Effect, ...] = (CloseRound(found.id), Cancel("closes"), Cancel("remind"))
    if step_of_round(run, found).does == "dots":
        after, effects = _counted(run, found, waiting)
    elif step_of_round(run, found).does == "survey":
        after, effects, shown = counted(run, found, waiting, at, known)
        after = _closed(after, found, shown=shown)
    else:
        after, effects = _read(run, found, waiting, at)
    return after, (*effects, *over)


def _closed(run: ExerciseRun, round: ExerciseRound, *, shown: bool) -> ExerciseRun:
    there = replace(round, shown="shown" if shown else "waits")
    rounds = tuple(there if one.id == round.id else one for one in run.rounds)
    return replace(run, rounds=rounds)


def _read(
    run: ExerciseRun, round: ExerciseRound, waiting: tuple[Waiting, ...], at: datetime
) -> RunChange:
    notes = tuple(one for one in waiting if one.kind == "note" and one.ref == round.id)
    writers = counts_of(waiting, round.id).surely
    shown = shown_at_closing(notes, writers, at, round.earliest)
    if shown is None:
        after = _closed(run, round, shown=False)
        together = counts_of(waiting, marks_of(run)).surely
        return replace(after, together=max(run.together, together)), ()
    # Whoever wrote in a round that is shown does not count for the short ones before it.
    after = replace(_closed(run, round, shown=True), shown_rounds=run.shown_rounds + 1)
    published = tuple(_published(one, round.id) for one in shown)
    return after, (*published, CloseRound(marks_of(run)))


def _published(one: Waiting, ref: str) -> Publish:
    return Publish(one.entry, one.new_id, "note", ref, 0, one.body)


def _counted(run: ExerciseRun, round: ExerciseRound, waiting: tuple[Waiting, ...]) -> RunChange:
    """Turn the dots into an order, without figures."""
    ballots = [one for one in waiting if one.kind == "dots" and one.ref == round.id]
    chosen = [tuple(one.body["chosen"]) for one in ballots]
    # The ids are random, so notes with equally many dots come in an order of chance.
    cards = counts_of(waiting, round.id).cards
    order = dots_order(chosen, sorted({id for ballot in chosen for id in ballot}), cards)
    after = replace(_closed(run, round, shown=order is not None), dotted=True)
    if order is not None:
        after = replace(after, chosen=order[:FIRST_DOTS])
    return after, (Unpool(tuple(one.entry for one in ballots)),) if ballots else ()


def paused(run: ExerciseRun, at: datetime, known: Known) -> RunChange:
    """Close what is open. No secret of a round outlives its days, so the marks end as well."""
    after, effects = closed(run, at, known)
    return replace(after, shown_rounds=after.shown_rounds + 1), (
        *effects,
        CloseRound(marks_of(after)),
    )


def finished(run: ExerciseRun, at: datetime, known: Known) -> RunChange:
    """Close what is open, and show what short rounds held back, if five people wrote it. Otherwise
    it is deleted: nobody could read it without guessing who wrote it."""
    after, effects = paused(run, at, known)
    held = tuple(one for one in rounds_of(after, "write") if one.shown == "waits")
    waiting = known(WAITING)
    notes = {
        one.id: tuple(n for n in waiting if n.kind == "note" and n.ref == one.id) for one in held
    }
    shown = shown_at_end(ShortRound(notes[one.id], after.together) for one in held)
    if shown:
        return replace(after, mixed=True), (*effects, *(_published(n, run.id) for n in shown))
    gone = tuple(n.entry for some in notes.values() for n in some)
    return after, (*effects, Unpool(gone)) if gone else effects
