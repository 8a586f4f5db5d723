"""Computes working days, working hours and weekly times at a Danish workplace.

Datetimes are timezone-aware; results are in UTC. Weekdays are numbered as in Python: Monday is 0.
Nothing here reads the clock.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import holidays
from msgspec import Struct

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

Hours = tuple[int, int]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

LETTERS_A_WEEK = 2


class Calendar(Struct, frozen=True):
    """A workplace's time zone, days off and working hours.

    `day_off` has single dates, `yearly_off` (month, day) pairs for every year. Hours run from the
    first to the second; (22, 6) is a night, and two equal hours are the whole day.
    """

    zone: str = "Europe/Copenhagen"
    day_off: tuple[date, ...] = ()
    hours: Hours = (8, 16)
    # Without the category "optional" of `holidays`: it includes 1 May, on which most people work.
    yearly_off: tuple[tuple[int, int], ...] = ((6, 5), (12, 24), (12, 31))

    def __post_init__(self) -> None:
        _checked(self.hours)


def is_working_day(cal: Calendar, day: date) -> bool:
    """Return whether the day is neither on a weekend, nor a Danish public holiday, nor a day
    off."""
    return (
        day.weekday() < SATURDAY
        and (day.month, day.day) not in cal.yearly_off
        and day not in _public_holidays(day.year)
        and day not in cal.day_off
    )


def working_day_on_or_before(cal: Calendar, day: date) -> date:
    """Return the day itself if it is a working day, else the last working day before it."""
    while not is_working_day(cal, day):
        day -= _DAY
    return day


def next_working_day(cal: Calendar, day: date) -> date:
    """Return the first working day after the day."""
    return add_working_days(cal, day, 1)


def add_working_days(cal: Calendar, day: date, n: int) -> date:
    """Return the n-th working day after the day; before it for a negative n, the day itself for
    0."""
    step = _DAY if n > 0 else -_DAY
    left = abs(n)
    while left:
        day += step
        left -= is_working_day(cal, day)
    return day


def local(cal: Calendar, at: datetime) -> datetime:
    """Convert a time to the workplace's time zone."""
    if at.tzinfo is None:
        raise ValueError("a datetime must be timezone-aware")
    return at.astimezone(ZoneInfo(cal.zone))


def at_local(cal: Calendar, day: date, hour: int, minute: int = 0) -> datetime:
    """Return the UTC time for a local date and time.

    If the local time occurs twice at a clock change, use the first; if it is skipped, move it
    forward by the length of the gap.
    """
    return _moment(cal, day, time(hour, minute))


def iso_week(cal: Calendar, at: datetime) -> tuple[int, int]:
    """Return the ISO year and week in the workplace's time zone."""
    year, week, _ = local(cal, at).isocalendar()
    return year, week


def next_weekly(
    cal: Calendar, after: datetime, weekday: int, hour: int, minute: int = 0
) -> datetime:
    """Return the first time after `after` of something that happens weekly.

    If its day is not a working day, use the working day before it in the same ISO week; skip a week
    that has none.
    """
    return next_release(cal, after, weekday, hour, minute, every_weeks=1, anchor=date.min)


def next_release(
    cal: Calendar,
    after: datetime,
    weekday: int,
    hour: int,
    minute: int,
    every_weeks: int,
    anchor: date,
) -> datetime:
    """Like `next_weekly`, but only in every `every_weeks`-th week, counted from the anchor's ISO
    week."""
    if every_weeks < 1:
        raise ValueError("every_weeks must be at least 1")
    if not MONDAY <= weekday <= SUNDAY:
        raise ValueError("a weekday must be 0 (Monday) to 6 (Sunday)")
    monday = _monday(local(cal, after).date())
    monday += -((monday - _monday(anchor)).days // 7) % every_weeks * _WEEK
    while True:
        moment = _of_week(cal, monday, weekday, hour, minute)
        if moment is not None and moment > after:
            return moment
        monday += every_weeks * _WEEK


@lru_cache(maxsize=4096)
def _of_week(cal: Calendar, monday: date, weekday: int, hour: int, minute: int) -> datetime | None:
    """Return the time in that week, or None if the week has no working day up to it. Cached,
    because timers of many projects fire in the same hour."""
    day = working_day_on_or_before(cal, monday + weekday * _DAY)
    return at_local(cal, day, hour, minute) if day >= monday else None


def within_hours(cal: Calendar, at: datetime, hours: Hours | None = None) -> bool:
    """Return whether the time is on a working day and within working hours."""
    wall = local(cal, at)
    return is_working_day(cal, wall.date()) and _inside(hours or cal.hours, wall.hour)


def next_within_hours(cal: Calendar, at: datetime, hours: Hours | None = None) -> datetime:
    """Return the time itself if it is within working hours, else the next start of working
    hours."""
    hours = hours or cal.hours
    if within_hours(cal, at, hours):
        return at.astimezone(UTC)
    day = local(cal, at).date()
    while True:
        if is_working_day(cal, day):
            for hour in _starts(hours):
                moment = at_local(cal, day, hour)
                if moment > at:
                    return moment
        day += _DAY


def working_moment_after(
    cal: Calendar, at: datetime, days: int = 1, hour: int | None = None
) -> datetime:
    """Return the same time of day, or the full hour `hour`, n working days later."""
    if days < 1:
        raise ValueError("days must be at least 1")
    wall = local(cal, at)
    clock = wall.time().replace(fold=0) if hour is None else time(hour)
    return _moment(cal, add_working_days(cal, wall.date(), days), clock)


def bag_moment(
    cal: Calendar, at: datetime, hours: Hours, letters_this_week: tuple[date, ...] = ()
) -> datetime:
    """Return when a person's bag of letters may be sent, at or after `at`.

    On Monday and Thursday, one hour after the person's hours begin; in a week with days off, on the
    nearest working days. A letter already sent uses up its day, and two use up their week.
    """
    hour = _bag_hour(hours)
    monday = _monday(local(cal, at).date())
    while True:
        sent = sum(monday <= day < monday + _WEEK for day in letters_this_week)
        if sent < LETTERS_A_WEEK:
            for day in _bag_days(cal, monday):
                moment = at_local(cal, day, hour)
                if moment >= at and day not in letters_this_week:
                    return moment
        monday += _WEEK


def _bag_days(cal: Calendar, monday: date) -> Iterator[date]:
    """Return the week's first working day, and the last one up to Thursday, or else Friday."""
    working = [
        day for weekday in range(SATURDAY) if is_working_day(cal, day := monday + weekday * _DAY)
    ]
    yield from working[:1]
    later = working[1:]
    if later:
        early = [day for day in later if day.weekday() <= THURSDAY]
        yield early[-1] if early else later[0]


def _bag_hour(hours: Hours) -> int:
    start, _ = _checked(hours)
    second = (start + 1) % 24
    return second if _inside(hours, second) else start


def _inside(hours: Hours, hour: int) -> bool:
    start, end = _checked(hours)
    if start < end:
        return start <= hour < end
    return hour >= start or hour < end


def _starts(hours: Hours) -> tuple[int, ...]:
    """Return the hours of the day at which working hours begin; a night shift also begins at
    midnight."""
    start, end = _checked(hours)
    if start < end:
        return (start,)
    return (0,) if start == end else (0, start)


def _checked(hours: Hours) -> Hours:
    start, end = hours
    if not (0 <= start <= 23 and 1 <= end <= 24):
        raise ValueError("hours must start at 0 to 23 and end at 1 to 24")
    return hours


def _moment(cal: Calendar, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(cal.zone)).astimezone(UTC)


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DK", years=year))
