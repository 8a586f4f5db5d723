"""Changes of a project's frame and settings."""

from __future__ import annotations

import re
from datetime import date
from typing import assert_never

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Card, Line, text
from dialogs.model.effects import (
    BeginAll,
    Effects,
    FieldError,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
)
from dialogs.model.facts import (
    Frame,
    Project,
)
from dialogs.project import cards

_DATE = re.compile(r"(\d{1,2})[./-]\s?(\d{1,2})[./-]\s?(\d{4})$")


def frame_of(event: e.DraftDetailed | e.FrameSet) -> Frame | None:
    frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
    return None if frame == Frame() else frame


def deadline_fault(event: e.DraftDetailed | e.SettingsChanged) -> FieldError | None:
    """Return an error if the committee's deadline for items is not before the decision."""
    if event.decision and event.med_deadline and event.med_deadline >= event.decision:
        return FieldError("med_deadline", text("project.med_deadline_late"))
    return None


def changed(state: Project, event: e.FrameSet | e.SettingsChanged) -> tuple[Project, Effects]:
    match event:
        case e.FrameSet(phase=phase):
            if phase not in ("1", "2", "3", "4"):
                return state, (Show(cards.what_is_true(state)),)
            frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
            after = replace(state, frames={**state.frames, phase: frame})
            here = state.running and int(phase) == state.phase
            body = {"fixed": frame.fixed, "shape": frame.shape, "unknown": frame.unknown}
            return after, (
                Record("frame", phase, event.id, event.by, event.at, body),
                Redraw(cards.WELCOME),
                *((Say(_new_frame(after, frame, event)),) if here else ()),
                Show(cards.said("project.frame_saved", phase=text(f"project.phase_{phase}"))),
            )
        case e.SettingsChanged():
            if event.start == event.end:
                return state, (FieldError("end", text("person.same_hours")),)
            days = _days_off(event.days_off)
            if days is None:
                return state, (FieldError("days_off", text("project.days_off_wrong")),)
            if fault := deadline_fault(event):
                return state, (fault,)
            after = replace(
                state,
                about=event.about,
                unit=event.unit,
                every_weeks=int(event.every_weeks),
                weekday=int(event.weekday),
                hour=event.hour,
                overview_weekday=int(event.overview_weekday),
                overview_hour=event.overview_hour,
                decision=event.decision,
                med_deadline=event.med_deadline,
                days_off=days,
                committee=event.committee,
                hours=(event.start, event.end),
                language=event.language,
            )
            return after, (Redraw(cards.WELCOME), Show(cards.said("project.settings_saved")))
        case _:
            assert_never(event)


def _new_frame(state: Project, frame: Frame, event: e.FrameSet) -> Card[Line]:
    return c.card(
        c.Paragraph(text("project.new_frame", who=c.Who(event.by))),
        c.FactRows(cards.kept_frame_rows(frame, event.id)),
    )


def begin_if(before: Project, after: Project, event: e.FrameSet | e.SettingsChanged) -> Effects:
    """If the hours changed, reset everybody's timers and tell the channel; if only the dates of the
    decision changed, reset the warnings before it."""
    if isinstance(event, e.FrameSet):
        return ()
    if _hours(before) != _hours(after):
        return (BeginAll(), Say(cards.new_hours(after)))
    dates = (before.decision, before.med_deadline) != (after.decision, after.med_deadline)
    return (Tell(e.DecisionMoved()),) if dates else ()


def _hours(state: Project) -> tuple[object, ...]:
    return (
        state.every_weeks,
        state.weekday,
        state.hour,
        state.overview_weekday,
        state.overview_hour,
        state.days_off,
    )


def _days_off(words: str) -> tuple[date, ...] | None:
    """Parse dates as people write them (24.12.2026), separated by commas; None if one is
    invalid."""
    found = []
    for piece in filter(None, (one.strip() for one in re.split(r"[,;\n]", words))):
        match = _DATE.match(piece)
        if match is None:
            return None
        day, month, year = map(int, match.groups())
        try:
            found.append(date(year, month, day))
        except ValueError:
            return None
    return tuple(sorted(set(found)))
