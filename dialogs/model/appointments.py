"""Appointments: what can be put into a calendar, as a card can name it.

Like a card, an appointment contains lines of type `L`; bot/core/localize.py makes them words, and
bot/documents draws the file. It names nobody: whoever downloads the file puts it into a calendar of
their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

from msgspec import Struct

from dialogs.model.cards import Line, Spans

L = TypeVar("L")
L2 = TypeVar("L2")


class Appointment(
    Struct, Generic[L], frozen=True, kw_only=True, tag="appointment", tag_field="file"
):
    """A whole day, or with `at` (minutes after midnight by the workplace's clock) `minutes` of it.

    `uid` stays the same when the day changes, and `changed` counts the changes, so that a calendar
    moves what it has instead of showing it twice. `slug` is the name in file names.
    """

    uid: str
    title: L
    note: L
    slug: L
    day: date
    at: int | None = None
    minutes: int = 60
    changed: int = 0
    zone: str = "Europe/Copenhagen"


NeutralAppointment = Appointment[Line]
FinishedAppointment = Appointment[Spans]


def finished(one: NeutralAppointment, line: Callable[[Line], Spans]) -> FinishedAppointment:
    """Return the appointment in a language, as `line` says it."""
    return Appointment(
        uid=one.uid,
        title=line(one.title),
        note=line(one.note),
        slug=line(one.slug),
        day=one.day,
        at=one.at,
        minutes=one.minutes,
        changed=one.changed,
        zone=one.zone,
    )


def written_time(day: date, at: int, minutes: int) -> str:
    """Write when something is, for a look to carry."""
    return f"{day.isoformat()} {at} {minutes}"


_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d{1,4}) (\d{1,3})")


def read_time(written: str) -> tuple[date, int, int] | None:
    """Read back what `written_time` wrote: the day, the minute it begins, how many it lasts."""
    found = _TIME.fullmatch(written)
    return None if found is None else (date.fromisoformat(found[1]), int(found[2]), int(found[3]))
