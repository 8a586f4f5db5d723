"""Calendar files: private, addressed to nobody, and right over the change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from msgspec.structs import replace

from bot.documents.calendar_files import calendar_file, file_name
from dialogs.model.appointments import FinishedAppointment
from dialogs.model.cards import Plain, Quoted

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DEADLINE = FinishedAppointment(
    uid="agreement-4f1c",
    title=(Quoted("Prøv ruterne; spørg Anne, og skriv\nned"),),
    note=(Plain("Aftale i forløbet om Ny omsorgsplatform"),),
    slug=(Plain("aftale"),),
    day=date(2026, 12, 4),
)
MEETING = replace(DEADLINE, uid="meeting-91", at=13 * 60 + 30, minutes=45)


def event(one: FinishedAppointment) -> Any:
    """Read the file as a calendar does, from its bytes alone."""
    [found] = icalendar.Calendar.from_ical(calendar_file(one, NOW)).walk("VEVENT")
    return found


@pytest.mark.parametrize("one", [DEADLINE, MEETING])
def test_it_is_private_and_invites_nobody(one: FinishedAppointment) -> None:
    """Without attendees and organizer, no calendar sends a message to anybody."""
    read = event(one)
    assert read["class"] == "PRIVATE"
    written = calendar_file(one, NOW).decode().upper()
    for word in ("ATTENDEE", "ORGANIZER", "MAILTO", "VALARM", "URL"):
        assert word not in written


def test_the_words_survive_the_format() -> None:
    """Commas, semicolons, line breaks and Danish letters come out as they went in."""
    read = event(DEADLINE)
    assert read["summary"] == "Prøv ruterne; spørg Anne, og skriv\nned"
    assert read["description"] == "Aftale i forløbet om Ny omsorgsplatform"


def test_words_cannot_add_lines_of_their_own() -> None:
    bad = replace(DEADLINE, title=(Quoted("Ruter\r\nATTENDEE:mailto:anne@nord.dk\r\nX-A:1"),))
    assert "attendee" not in event(bad)
    lines = calendar_file(bad, NOW).decode().split("\r\n")
    assert not [line for line in lines if line.startswith(("ATTENDEE", "X-A"))]


def test_a_deadline_is_a_whole_day_that_stays_free() -> None:
    """From the day to the day after, as dates without a clock, and not shown as busy."""
    read = event(DEADLINE)
    assert (read["dtstart"].dt, read["dtend"].dt) == (date(2026, 12, 4), date(2026, 12, 5))
    assert not isinstance(read["dtstart"].dt, datetime)
    assert read["transp"] == "TRANSPARENT"
    assert b"VTIMEZONE" not in calendar_file(DEADLINE, NOW)


@pytest.mark.parametrize(
    ("day", "minute", "utc"),
    [
        (date(2026, 10, 24), 9 * 60, datetime(2026, 10, 24, 7, tzinfo=UTC)),
        (date(2026, 10, 25), 1 * 60, datetime(2026, 10, 24, 23, tzinfo=UTC)),
        (date(2026, 10, 25), 9 * 60, datetime(2026, 10, 25, 8, tzinfo=UTC)),
        (date(2027, 3, 27), 9 * 60, datetime(2027, 3, 27, 8, tzinfo=UTC)),
        (date(2027, 3, 28), 9 * 60, datetime(2027, 3, 28, 7, tzinfo=UTC)),
    ],
)
def test_the_clock_on_the_wall_is_kept_over_the_change(
    day: date, minute: int, utc: datetime
) -> None:
    """A meeting at nine is at nine on both sides of the change, by the file's own zone rules."""
    read = event(replace(MEETING, day=day, at=minute, minutes=180))
    begins, ends = read["dtstart"].dt, read["dtend"].dt
    assert begins.astimezone(UTC) == utc
    assert (begins.hour, begins.minute) == divmod(minute, 60)
    assert read["dtstart"].params["TZID"] == "Europe/Copenhagen"
    # Three hours pass, whatever the hands of the clock do meanwhile.
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=3)


def test_the_file_carries_the_rules_of_its_zone() -> None:
    """A program that knows no zones finds both offsets and when they change."""
    file = icalendar.Calendar.from_ical(calendar_file(MEETING, NOW))
    [zone] = file.walk("VTIMEZONE")
    assert zone["tzid"] == "Europe/Copenhagen"
    rules: list[Any] = zone.subcomponents
    offsets = {(rule.name, rule["tzoffsetto"].td) for rule in rules}
    assert offsets >= {("STANDARD", timedelta(hours=1)), ("DAYLIGHT", timedelta(hours=2))}
    assert len(calendar_file(MEETING, NOW)) < 2_000


def test_a_new_day_moves_what_the_calendar_has() -> None:
    """The same uid with a higher sequence; DTSTAMP is the given clock's."""
    before, after = event(DEADLINE), event(replace(DEADLINE, day=date(2026, 12, 11), changed=1))
    assert before["uid"] == after["uid"] == "agreement-4f1c@digi"
    assert (before["sequence"], after["sequence"]) == (0, 1)
    assert before["dtstamp"].dt == NOW


def test_the_same_appointment_gives_the_same_bytes() -> None:
    assert calendar_file(MEETING, NOW) == calendar_file(MEETING, NOW)


def test_the_file_is_named_by_what_it_is_and_its_day() -> None:
    assert file_name(DEADLINE) == "aftale-2026-12-04.ics"
