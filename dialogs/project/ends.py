"""How a project pauses and ends: pauses, *Ikke nu*, *Vi stopper her*, and the reminders
afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from dialogs.concern.states import Concern
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import at_local, is_working_day, local, next_working_day
from dialogs.model.cards import text
from dialogs.model.conversation import Step
from dialogs.model.effects import (
    BeginAll,
    Cancel,
    CloseProject,
    Effects,
    EraseProject,
    FieldError,
    HaltAll,
    Post,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look
from dialogs.model.facts import (
    Known,
    Project,
    Records,
    Roles,
)
from dialogs.project import cards, end_cards, to_promise

MORNING = 8


def morning(state: Project, day: date) -> datetime:
    """Return 08:00 on this day, before its question and letters, or on the first working day after
    it."""
    if not is_working_day(state.calendar, day):
        day = next_working_day(state.calendar, day)
    return at_local(state.calendar, day, MORNING)


def today(state: Project, at: datetime) -> date:
    return local(state.calendar, at).date()


def in_the_past(state: Project, until: date | None, at: datetime) -> FieldError | None:
    if until is not None and until <= today(state, at):
        return FieldError("until", text("project.past_date"))
    return None


def resting(state: Project, at: datetime, *, halt: bool = True) -> Effects:
    until = state.until
    timer = Cancel("until") if until is None else Timer("until", morning(state, until))
    return (timer, Redraw(cards.WELCOME), *((HaltAll(),) if halt else ()))


def not_now(state: Project, event: e.NotNow) -> Step:
    if fault := in_the_past(state, event.until, event.at):
        return state, (fault,)
    after = replace(state, stage="not_now", until=event.until, reason=event.reason)
    return after, (
        _reason(event),
        Tell(e.LessonLeft(text=event.lesson)),
        *resting(after, event.at, halt=state.running),
        Say(end_cards.not_now(after, event)),
        Show(cards.said("project.done_not_now", resume=c.Typed("resume"))),
    )


def _reason(event: e.NotNow | e.StoppedHere | e.Ended) -> Record:
    return Record("reason", "", event.id, event.by, event.at, {"text": event.reason})


def resumed(state: Project, answer: Effects) -> Step:
    after = replace(state, stage="running", until=None, reason="")
    return after, (
        Cancel("until"),
        Redraw(cards.WELCOME),
        BeginAll(),
        Tell(e.KeepsakeChanged()),
        Say(end_cards.resumed(after)),
        *answer,
    )


def stopped(state: Project, event: e.StoppedHere, known: Known) -> Step:
    erased = erased_on(state, event.at)
    after = replace(
        state, stage="stopped", reason=event.reason, ended_at=event.at, until=None, erase_on=erased
    )
    return after, (
        _reason(event),
        Tell(e.LessonLeft(text=event.lesson)),
        *_close(after, erased, known),
        Say(end_cards.stopped(after, event, erased, known)),
        Show(cards.said("project.done_stopped", day=c.Day(erased))),
    )


def ended(state: Project, event: e.Ended, known: Known) -> Step:
    months = tuple(sorted(int(one) for one in event.look_again))
    days = tuple(_later(state, event.at, n) for n in months)
    erased = erased_on(state, event.at, months)
    after = replace(
        state,
        stage="ended",
        better=event.better,
        worse=event.worse,
        reason=event.reason,
        ended_at=event.at,
        until=None,
        erase_on=erased,
    )
    body = {"better": event.better, "worse": event.worse}
    return after, (
        Record("end", "", "end", event.by, event.at, body),
        _reason(event),
        Tell(e.LessonLeft(text=event.lesson)),
        *_close(after, erased, known),
        *(
            Timer(f"again:{n}", at_local(state.calendar, day, MORNING))
            for n, day in zip(months, days, strict=True)
        ),
        Say(end_cards.ended(after, event, erased, days, known)),
        Show(cards.said("project.done_ended", day=c.Day(erased))),
    )


def _close(state: Project, erased: date, known: Known) -> Effects:
    last = state.answered_until
    assert last is not None  # the project has just ended
    letter = end_cards.to_answer(state)
    to_write_to = known.holders("leader", "deputy", "tr", "amr")
    return (
        HaltAll(),
        Redraw(cards.WELCOME),
        *to_promise.redrawn(known),
        Cancel("until"),
        Cancel("helped"),
        CloseProject(),
        Timer("unanswered", at_local(state.calendar, last + timedelta(days=1), 0)),
        *(Privately(person, letter, urgency=2) for person in to_write_to),
        Timer("retention", at_local(state.calendar, erased, MORNING)),
    )


def _later(state: Project, at: datetime, months: int) -> date:
    """Return a working day this many months later."""
    day = today(state, at)
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    return morning(state, first + timedelta(days=min(day.day, 28) - 1)).date()


def erased_on(state: Project, at: datetime, months: Sequence[int] = ()) -> date:
    """Return when all data is deleted: `retention_days` after the end, or after the last
    follow-up."""
    last = max((_later(state, at, n) for n in months), default=today(state, at))
    return last + timedelta(days=state.retention_days)


def followed_up(state: Project, event: e.FollowedUp) -> Effects:
    """Store the follow-up; writing again replaces it."""
    if state.stage != "ended":
        return (Show(cards.what_is_true(state)),)
    body = {"better": event.better, "worse": event.worse}
    if not any(body.values()):
        return (FieldError("", text("project.follow_up_empty")),)
    slot = f"{end_cards.AGAIN}{event.months}"
    return (
        Record("follow_up", "", slot, event.by, event.at, body),
        Redraw(slot),
        Show(cards.said("project.follow_up_saved")),
    )


def helped(state: Project, event: e.Helped) -> Step:
    kept: Effects = ()
    if event.leave_out:
        kept = (Record("leave_out", "", event.id, event.by, event.at, {"text": event.leave_out}),)
    match event.choice:
        case "go_on":
            return state, (*kept, Show(cards.said("project.helped_done_go_on")))
        case "calmer":
            after = replace(state, every_weeks=2)
            if after.every_weeks == state.every_weeks:
                return state, (*kept, Show(cards.said("project.helped_done_calmer")))
            return after, (
                *kept,
                BeginAll(),
                Redraw(cards.WELCOME),
                Say(cards.new_hours(after)),
                Show(cards.said("project.helped_done_calmer")),
            )
        case "whole":
            if state.length == "whole":
                return state, (*kept, Show(cards.said("project.helped_done_whole")))
            after = replace(state, length="whole")
            return after, (
                *kept,
                BeginAll(),
                Say(cards.said("project.said_whole")),
                Show(cards.said("project.helped_done_whole")),
            )
        case "end":
            return state, (
                *kept,
                Show(
                    cards.with_buttons(
                        text("project.helped_done_end"),
                        c.Button(
                            text("button.end_here"), Look("end", project=state.id, ref="form")
                        ),
                    )
                ),
            )
        case _:
            assert_never(event.choice)


def woke(state: Project, event: e.Woke, known: Known) -> Step:
    roles = known(Roles())
    match event.name:
        case "helped" if state.running:
            leading = {r.person for r in cards.holding(roles, "leader") if r.status == "confirmed"}
            people = [
                r.person
                for r in cards.holding(roles, "leader", "facilitator")
                if r.status == "confirmed"
            ]
            return state, tuple(
                Privately(person, end_cards.did_it_help(state, leads=person in leading))
                for person in dict.fromkeys(people)
            )
        case "helped" if state.open:
            day = today(state, event.at) + timedelta(weeks=1)
            return state, (Timer("helped", morning(state, day)),)
        case "until" if state.stage == "paused":
            return resumed(state, ())
        case "until" if state.stage == "not_now":
            leaders = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
            return state, tuple(Privately(p, end_cards.is_it_time(state)) for p in leaders)
        case "unanswered" if not state.open:
            return state, _left_unanswered(known)
        case "retention" if not state.open:
            return None, (EraseProject(),)
        case name if name.startswith("again:") and not state.open:
            return state, (Post(name),)
        case _:
            return state, ()


def _left_unanswered(known: Known) -> Effects:
    """Close each text that still waits. The leader's reason was posted to the channel already."""
    return tuple(
        Tell(
            e.EndedUnanswered(
                concern=one.id, reason=str(reason.body.get("text", "")), who=reason.person
            )
        )
        for reason in known(Records("reason"))[-1:]
        for one in known.states("concern", Concern).values()
        if one.waits
    )
