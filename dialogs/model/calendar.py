"""When things may happen: working days, hours and weekly moments at a Danish workplace.

Moments come in and go out as aware datetimes, out always in UTC. A weekday is counted as Python
counts it: Monday is 0. Nothing here asks the clock.
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
    """A workplace's time zone, days off and hours.

    `day_off` are single days, `yearly_off` (month, day) of every year. Hours run from the first
    up to the second; (22, 6) is a night, and two alike are the whole day.
    """

    zone: str = "Europe/Copenhagen"
    day_off: tuple[date, ...] = ()
    hours: Hours = (8, 16)
    # Not the category "optional" of `holidays`: it holds 1 May too, which most people work.
    yearly_off: tuple[tuple[int, int], ...] = ((6, 5), (12, 24), (12, 31))

    def __post_init__(self) -> None:
        _checked(self.hours)


def is_working_day(cal: Calendar, day: date) -> bool:
    """Neither weekend, nor Danish public holiday, nor day off."""
    return (
        day.weekday() < SATURDAY
        and (day.month, day.day) not in cal.yearly_off
        and day not in _public_holidays(day.year)
        and day not in cal.day_off
    )


def working_day_on_or_before(cal: Calendar, day: date) -> date:
    """The day itself, or the last working day before it."""
    while not is_working_day(cal, day):
        day -= _DAY
    return day


def next_working_day(cal: Calendar, day: date) -> date:
    """The first working day after the day."""
    return add_working_days(cal, day, 1)


def add_working_days(cal: Calendar, day: date, n: int) -> date:
    """The n-th working day after the day, before it where n is negative, the day itself at 0."""
    step = _DAY if n > 0 else -_DAY
    left = abs(n)
    while left:
        day += step
        left -= is_working_day(cal, day)
    return day


def local(cal: Calendar, at: datetime) -> datetime:
    """The moment as the clock on the workplace's wall shows it."""
    if at.tzinfo is None:
        raise ValueError("a moment must say its time zone")
    return at.astimezone(ZoneInfo(cal.zone))


def at_local(cal: Calendar, day: date, hour: int, minute: int = 0) -> datetime:
    """The moment at which the wall clock shows this.

    What the clock shows twice is the first of the two; what it skips is as much later.
    """
    return _moment(cal, day, time(hour, minute))


def iso_week(cal: Calendar, at: datetime) -> tuple[int, int]:
    """Year and number of the ISO week that the moment lies in at the workplace."""
    year, week, _ = local(cal, at).isocalendar()
    return year, week


def next_weekly(
    cal: Calendar, after: datetime, weekday: int, hour: int, minute: int = 0
) -> datetime:
    """The next moment after `after` of what happens once a week.

    On a day that is no working day it comes on the working day before, in the same ISO week;
    a week that has none is skipped.
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
    """As `next_weekly`, in the ISO week of the anchor and each `every_weeks` weeks from there."""
    if every_weeks < 1:
        raise ValueError("every_weeks counts from 1")
    if not MONDAY <= weekday <= SUNDAY:
        raise ValueError("a weekday is 0 (Monday) to 6 (Sunday)")
    monday = _monday(local(cal, after).date())
    monday += -((monday - _monday(anchor)).days // 7) % every_weeks * _WEEK
    while True:
        moment = _of_week(cal, monday, weekday, hour, minute)
        if moment is not None and moment > after:
            return moment
        monday += every_weeks * _WEEK


@lru_cache(maxsize=4096)
def _of_week(cal: Calendar, monday: date, weekday: int, hour: int, minute: int) -> datetime | None:
    """The moment in that week; None where the week has no working day by then. What one project
    asks, the others of the hour ask too."""
    day = working_day_on_or_before(cal, monday + weekday * _DAY)
    return at_local(cal, day, hour, minute) if day >= monday else None


def within_hours(cal: Calendar, at: datetime, hours: Hours | None = None) -> bool:
    """Whether the moment lies on a working day and inside the hours."""
    wall = local(cal, at)
    return is_working_day(cal, wall.date()) and _inside(hours or cal.hours, wall.hour)


def next_within_hours(cal: Calendar, at: datetime, hours: Hours | None = None) -> datetime:
    """The moment itself when it lies inside the hours, else their next start."""
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
    """The same time of day, or the full hour, so many working days later."""
    if days < 1:
        raise ValueError("a moment after lies at least one working day later")
    wall = local(cal, at)
    clock = wall.time().replace(fold=0) if hour is None else time(hour)
    return _moment(cal, add_working_days(cal, wall.date(), days), clock)


def bag_moment(
    cal: Calendar, at: datetime, hours: Hours, letters_this_week: tuple[date, ...] = ()
) -> datetime:
    """When the letter that bundles what waits for one person may go, at or after `at`.

    Monday and Thursday, an hour into that person's hours; in a week with days off, the working
    days nearest to these. Letters already sent fill their day, and two fill their week.
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
    """The first working day of the week, and the last one up to Thursday, else Friday."""
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
    """At which hours of a day the hours begin: a night goes on at midnight."""
    start, end = _checked(hours)
    if start < end:
        return (start,)
    return (0,) if start == end else (0, start)


def _checked(hours: Hours) -> Hours:
    start, end = hours
    if not (0 <= start <= 23 and 1 <= end <= 24):
        raise ValueError("hours start at 0 to 23 and end at 1 to 24")
    return hours


def _moment(cal: Calendar, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(cal.zone)).astimezone(UTC)


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DK", years=year))
