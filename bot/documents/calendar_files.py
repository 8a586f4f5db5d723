"""Draws an appointment as a calendar file (RFC 5545), which Outlook and phones take over."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import icalendar

from dialogs.model.appointments import FinishedAppointment
from dialogs.model.calendar import Calendar, at_local, local
from dialogs.model.cards import plain

MEDIA_TYPE = "text/calendar; charset=utf-8"


def calendar_file(one: FinishedAppointment, now: datetime) -> bytes:
    """Return the file's bytes. It is private, and names neither organizer nor attendees: nobody is
    invited, and no calendar sends anything to anybody."""
    event = icalendar.Event()
    event.add("uid", f"{one.uid}@digi")
    event.add("dtstamp", now)
    event.add("sequence", one.changed)
    event.add("class", "PRIVATE")
    event.add("summary", plain(one.title))
    event.add("description", plain(one.note))
    begins, ends = _span(one)
    event.add("dtstart", begins)
    event.add("dtend", ends)
    # A deadline does not take up the day: other people's calendars go on showing it as free.
    event.add("transp", "TRANSPARENT" if one.at is None else "OPAQUE")
    drawn = icalendar.Calendar()
    drawn.add("prodid", "-//Digi//Digi//DA")
    drawn.add("version", "2.0")
    drawn.add("method", "PUBLISH")
    drawn.add_component(event)
    # The rules of the year around it: the whole history of the zone is forty times as long.
    drawn.add_missing_timezones(date(one.day.year, 1, 1), date(one.day.year + 1, 12, 31))
    written: bytes = drawn.to_ical()
    return written


def file_name(one: FinishedAppointment) -> str:
    return f"{plain(one.slug)}-{one.day.isoformat()}.ics"


def _span(one: FinishedAppointment) -> tuple[date, date]:
    """Return when it begins and ends; of a whole day the end is the day after, as RFC 5545 has
    it."""
    if one.at is None:
        return one.day, one.day + timedelta(days=1)
    workplace = Calendar(zone=one.zone)
    begins = at_local(workplace, one.day, *divmod(one.at, 60))
    return local(workplace, begins), local(workplace, begins + timedelta(minutes=one.minutes))
