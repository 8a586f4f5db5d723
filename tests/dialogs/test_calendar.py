"""The calendar: working days, clock changes, weekly times, working hours, days of letters."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.model.calendar import (
    MONDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    Calendar,
    Hours,
    add_working_days,
    at_local,
    bag_moment,
    is_working_day,
    iso_week,
    local,
    next_release,
    next_weekly,
    next_within_hours,
    next_working_day,
    within_hours,
    working_day_on_or_before,
    working_moment_after,
)

CAL = Calendar()
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
DAY = timedelta(days=1)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
moments = st.builds(
    lambda day, seconds: datetime.combine(day, time(), UTC) + timedelta(seconds=seconds),
    days,
    st.integers(0, 86_399),
)
weekdays = st.integers(MONDAY, SUNDAY)
hours_of_day = st.integers(0, 23)
minutes = st.integers(0, 59)
spans = st.tuples(st.integers(0, 23), st.integers(1, 24))
calendars = st.builds(
    Calendar,
    day_off=st.lists(days, max_size=20).map(tuple),
    hours=spans,
)


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=COPENHAGEN)


def run(first: datetime, count: int, weekday: int, hour: int) -> list[datetime]:
    found = [next_weekly(CAL, first, weekday, hour)]
    while len(found) < count:
        found.append(next_weekly(CAL, found[-1], weekday, hour))
    return found


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 4, 2),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 6, 5),
        date(2026, 12, 24),
        date(2026, 12, 25),
        date(2026, 12, 31),
        date(2023, 5, 5),
        date(2026, 11, 21),
        date(2026, 11, 22),
    ],
)
def test_danish_holidays_weekends_and_usual_days_off_are_no_working_days(day: date) -> None:
    """Easter, Ascension, Whitsun, Constitution Day, Christmas, and prayer day until 2023."""
    assert not is_working_day(CAL, day)


@pytest.mark.parametrize(
    "day", [date(2026, 5, 1), date(2024, 4, 26), date(2026, 12, 23), date(2026, 5, 15)]
)
def test_first_of_may_and_the_abolished_prayer_day_are_working_days(day: date) -> None:
    """1 May is not a public holiday, and prayer day is none since 2024."""
    assert is_working_day(CAL, day)


def test_a_workplace_can_have_its_own_days_off_and_keep_the_usual_ones() -> None:
    """`day_off` adds single days; an empty `yearly_off` makes 24 December a working day."""
    closed = Calendar(day_off=(date(2026, 5, 15),))
    assert not is_working_day(closed, date(2026, 5, 15))
    assert not is_working_day(closed, date(2026, 12, 24))
    assert is_working_day(Calendar(yearly_off=()), date(2026, 12, 24))


def test_the_working_day_around_easter_skips_five_days() -> None:
    """From Maundy Thursday to Easter Monday nobody works."""
    assert working_day_on_or_before(CAL, date(2026, 4, 6)) == date(2026, 4, 1)
    assert next_working_day(CAL, date(2026, 4, 1)) == date(2026, 4, 7)


@given(calendars, days, st.integers(1, 30))
def test_adding_working_days_counts_working_days_only(cal: Calendar, day: date, n: int) -> None:
    """Between a day and its n-th working day are n working days, in both directions."""
    later = add_working_days(cal, day, n)
    between = [day + k * DAY for k in range(1, (later - day).days + 1)]
    assert is_working_day(cal, later)
    assert sum(is_working_day(cal, each) for each in between) == n
    assert add_working_days(cal, later, -n) <= day or not is_working_day(cal, day)
    assert add_working_days(cal, day, 0) == day


@given(calendars, days)
def test_a_working_day_is_its_own_and_the_next_is_later(cal: Calendar, day: date) -> None:
    """`working_day_on_or_before` never returns a later day, `next_working_day` always does."""
    before = working_day_on_or_before(cal, day)
    assert before <= day
    assert (before == day) == is_working_day(cal, day)
    assert next_working_day(cal, before) > day or before == day
    assert next_working_day(cal, day) > day


def test_half_past_two_happens_once_on_the_october_sunday() -> None:
    """The first of the two 02:30 is used."""
    moment = at_local(CAL, date(2026, 10, 25), 2, 30)
    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_half_past_two_is_half_past_three_on_the_march_sunday() -> None:
    """The skipped hour is added."""
    moment = at_local(CAL, date(2026, 3, 29), 2, 30)
    assert moment == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert local(CAL, moment) == wall(2026, 3, 29, 3, 30)


@given(days, hours_of_day, minutes)
def test_a_local_time_is_shown_by_the_wall_clock(day: date, hour: int, minute: int) -> None:
    """Outside the skipped hour the local time is the one requested, and results are in UTC."""
    moment = at_local(CAL, day, hour, minute)
    shown = local(CAL, moment)
    assert moment.utcoffset() == timedelta(0)
    assert shown.date() == day
    assert (shown.hour, shown.minute) in ((hour, minute), (3, minute))


def test_a_moment_without_a_time_zone_is_refused() -> None:
    """A naive datetime would silently be interpreted in the machine's time zone."""
    with pytest.raises(ValueError, match="timezone-aware"):
        local(CAL, wall(2026, 11, 20, 12).replace(tzinfo=None))


@pytest.mark.parametrize("year", range(2020, 2036))
@pytest.mark.parametrize(("month", "utc"), [(3, [12, 11]), (10, [11, 12])])
def test_a_weekly_moment_keeps_its_hour_over_each_change_of_clock(
    year: int, month: int, utc: list[int]
) -> None:
    """13:00 in Copenhagen is 12 UTC in winter and 11 UTC in summer."""
    change = date(year, month, 31)
    change -= (change.weekday() - SUNDAY) % 7 * DAY
    sides = run(at_local(CAL, change - 6 * DAY, 0), 2, TUESDAY, 13)
    assert [moment.hour for moment in sides] == utc
    assert [local(CAL, moment).hour for moment in sides] == [13, 13]


def test_christmas_eve_on_a_thursday_moves_the_overview_to_wednesday() -> None:
    """In 2026 both 24 and 31 December are Thursdays."""
    assert run(wall(2026, 12, 18), 3, THURSDAY, 13) == [
        wall(2026, 12, 23, 13),
        wall(2026, 12, 30, 13),
        wall(2027, 1, 7, 13),
    ]


def test_christmas_day_on_a_thursday_moves_the_overview_to_tuesday() -> None:
    """In 2025 24 December is a day off as well."""
    assert next_weekly(CAL, wall(2025, 12, 20), THURSDAY, 13) == wall(2025, 12, 23, 13)


def test_maundy_thursday_moves_the_overview_to_wednesday() -> None:
    """Holidays that depend on Easter are included."""
    assert next_weekly(CAL, wall(2026, 3, 30), THURSDAY, 13) == wall(2026, 4, 1, 13)


def test_easter_monday_skips_what_happens_on_mondays() -> None:
    """That ISO week has no earlier working day, and the week before has its own event."""
    assert run(wall(2026, 3, 28), 2, MONDAY, 9) == [wall(2026, 3, 30, 9), wall(2026, 4, 13, 9)]


def test_a_week_closed_altogether_is_skipped() -> None:
    """A week in which the whole workplace is closed has no event."""
    closed = Calendar(day_off=tuple(date(2026, 10, 12) + k * DAY for k in range(5)))
    assert next_weekly(closed, wall(2026, 10, 9), TUESDAY, 10) == wall(2026, 10, 20, 10)


def test_a_moment_moved_forward_in_the_week_is_not_repeated_on_its_own_day() -> None:
    """After Wednesday 23 December the next event is in the following week."""
    assert next_weekly(CAL, wall(2026, 12, 23, 13), THURSDAY, 13) == wall(2026, 12, 30, 13)


@given(calendars, moments, weekdays, hours_of_day, minutes)
def test_a_weekly_moment_is_later_on_a_working_day_at_its_hour(
    cal: Calendar, after: datetime, weekday: int, hour: int, minute: int
) -> None:
    """Strictly later, never on a day off, and never after its weekday."""
    moment = next_weekly(cal, after, weekday, hour, minute)
    shown = local(cal, moment)
    assert moment > after
    assert is_working_day(cal, shown.date())
    assert (shown.hour, shown.minute) == (hour, minute)
    assert shown.weekday() <= weekday


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=60)), weekdays, hours_of_day)
def test_weekly_moments_are_monotone(
    cal: Calendar, after: datetime, more: timedelta, weekday: int, hour: int
) -> None:
    """A later start never gives an earlier time."""
    first = next_weekly(cal, after, weekday, hour)
    second = next_weekly(cal, after + more, weekday, hour)
    assert first <= second
    assert (first == second) == (after + more < first)


@given(calendars, moments, weekdays, hours_of_day)
def test_there_is_one_weekly_moment_for_each_iso_week(
    cal: Calendar, after: datetime, weekday: int, hour: int
) -> None:
    """Consecutive events are in different weeks, and only weeks without working days are between
    them."""
    first = next_weekly(cal, after, weekday, hour)
    second = next_weekly(cal, first, weekday, hour)
    assert iso_week(cal, first) < iso_week(cal, second)
    monday = local(cal, first).date() - local(cal, first).weekday() * DAY + 7 * DAY
    while iso_week(cal, at_local(cal, monday, 12)) < iso_week(cal, second):
        assert not any(is_working_day(cal, monday + k * DAY) for k in range(weekday + 1))
        monday += 7 * DAY


def test_thursday_overviews_come_once_in_every_week_from_2020_to_2035() -> None:
    """Over sixteen years no week is left out or has two."""
    found = run(wall(2020, 1, 1), 830, THURSDAY, 13)
    for earlier, later in pairwise(found):
        mondays = [
            local(CAL, each).date() - local(CAL, each).weekday() * DAY for each in (earlier, later)
        ]
        assert mondays[1] - mondays[0] == 7 * DAY


def test_two_years_of_overviews_fall_on_working_days_at_one_o_clock() -> None:
    """104 weeks from November 2026: 104 events, all at 13:00, six of them on a Wednesday."""
    found = run(wall(2026, 11, 16), 104, THURSDAY, 13)
    shown = [local(CAL, moment) for moment in found]
    assert len({iso_week(CAL, moment) for moment in found}) == 104
    assert all(each.hour == 13 and is_working_day(CAL, each.date()) for each in shown)
    moved = [each.date() for each in shown if each.weekday() != THURSDAY]
    assert moved == [
        date(2026, 12, 23),
        date(2026, 12, 30),
        date(2027, 3, 24),
        date(2027, 5, 5),
        date(2028, 4, 12),
        date(2028, 5, 24),
    ]


def test_iso_weeks_belong_to_their_own_year_around_new_year() -> None:
    """1 January 2027 is in week 53 of 2026, and the day changes at Copenhagen's midnight."""
    assert iso_week(CAL, wall(2027, 1, 1, 12)) == (2026, 53)
    assert iso_week(CAL, wall(2024, 12, 30)) == (2025, 1)
    assert iso_week(CAL, datetime(2024, 12, 29, 23, 30, tzinfo=UTC)) == (2025, 1)


def test_releases_every_second_week_keep_step_over_a_year_of_53_weeks() -> None:
    """Weeks are counted from the anchor, not by week number."""
    anchor = date(2026, 12, 3)
    found = [wall(2026, 12, 1)]
    for _ in range(4):
        found.append(next_release(CAL, found[-1], THURSDAY, 13, 0, 2, anchor))
    assert found[1:] == [
        wall(2026, 12, 3, 13),
        wall(2026, 12, 17, 13),
        wall(2026, 12, 30, 13),
        wall(2027, 1, 14, 13),
    ]


@given(calendars, moments, weekdays, hours_of_day, st.integers(1, 4), days)
def test_a_release_lies_in_a_week_counted_from_the_anchor(
    cal: Calendar, after: datetime, weekday: int, hour: int, every: int, anchor: date
) -> None:
    """It is later, on a working day, and a whole number of periods after the anchor's week."""
    moment = next_release(cal, after, weekday, hour, 0, every, anchor)
    day = local(cal, moment).date()
    weeks = ((day - day.weekday() * DAY) - (anchor - anchor.weekday() * DAY)).days // 7
    assert moment > after
    assert weeks % every == 0
    assert is_working_day(cal, day)


@given(moments, weekdays, hours_of_day, days)
def test_a_release_every_week_is_a_weekly_moment(
    after: datetime, weekday: int, hour: int, anchor: date
) -> None:
    """With a period of one week the anchor has no effect."""
    assert next_release(CAL, after, weekday, hour, 0, 1, anchor) == next_weekly(
        CAL, after, weekday, hour
    )


@pytest.mark.parametrize(("weekday", "every"), [(7, 1), (-1, 1), (0, 0)])
def test_a_release_outside_the_calendar_is_refused(weekday: int, every: int) -> None:
    """Weekdays above 6 and periods below one week raise an error."""
    with pytest.raises(ValueError, match=r"weekday|every_weeks"):
        next_release(CAL, wall(2026, 1, 1), weekday, 13, 0, every, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (wall(2026, 11, 20, 7, 59), False),
        (wall(2026, 11, 20, 8), True),
        (wall(2026, 11, 20, 15, 59), True),
        (wall(2026, 11, 20, 16), False),
        (wall(2026, 11, 21, 12), False),
        (wall(2026, 12, 24, 12), False),
    ],
)
def test_the_hours_run_from_eight_to_four_on_working_days(at: datetime, inside: bool) -> None:
    """The start is included, the end is not."""
    assert within_hours(CAL, at) is inside


def test_a_night_shift_is_written_to_at_night_and_not_on_sunday() -> None:
    """(22, 6) includes midnight; after a weekend it begins at midnight on Monday."""
    night = (22, 6)
    assert within_hours(CAL, wall(2026, 11, 20, 23), night)
    assert within_hours(CAL, wall(2026, 11, 20, 5), night)
    assert not within_hours(CAL, wall(2026, 11, 20, 12), night)
    assert next_within_hours(CAL, wall(2026, 11, 20, 12), night) == wall(2026, 11, 20, 22)
    assert next_within_hours(CAL, wall(2026, 11, 21, 3), night) == wall(2026, 11, 23, 0)


def test_what_is_said_after_hours_before_easter_waits_until_tuesday() -> None:
    """Wednesday 17:00 before Maundy Thursday becomes Tuesday 8:00."""
    assert next_within_hours(CAL, wall(2026, 4, 1, 17)) == wall(2026, 4, 7, 8)


@given(calendars, moments, st.none() | spans)
def test_the_next_moment_within_hours_is_now_or_a_start(
    cal: Calendar, at: datetime, hours: Hours | None
) -> None:
    """It is within hours, not earlier, a fixed point, and there is no earlier one."""
    moment = next_within_hours(cal, at, hours)
    assert moment >= at
    assert within_hours(cal, moment, hours)
    assert (moment == at) == within_hours(cal, at, hours)
    assert next_within_hours(cal, moment, hours) == moment
    if moment > at:
        assert not within_hours(cal, moment - timedelta(minutes=1), hours) or (
            moment - timedelta(minutes=1) < at
        )


@pytest.mark.parametrize("hours", [(-1, 8), (8, 25), (24, 24), (8, 0)])
def test_hours_that_no_clock_shows_are_refused(hours: Hours) -> None:
    """Such a calendar cannot be created, nor can such hours be asked about."""
    with pytest.raises(ValueError, match="hours"):
        Calendar(hours=hours)
    with pytest.raises(ValueError, match="hours"):
        within_hours(CAL, wall(2026, 11, 20, 12), hours)


def test_a_working_day_after_keeps_the_time_of_day_or_takes_the_hour() -> None:
    """Friday 14:20 becomes Monday 14:20, or Monday 9:00 with that hour given."""
    friday = wall(2026, 11, 20, 14, 20)
    assert working_moment_after(CAL, friday) == wall(2026, 11, 23, 14, 20)
    assert working_moment_after(CAL, friday, hour=9) == wall(2026, 11, 23, 9)
    assert working_moment_after(CAL, friday, days=5) == wall(2026, 11, 27, 14, 20)


def test_a_moment_after_is_never_on_the_same_day() -> None:
    """Zero working days raise an error."""
    with pytest.raises(ValueError, match="days"):
        working_moment_after(CAL, wall(2026, 11, 20, 14), days=0)


@given(calendars, moments, st.integers(1, 10), st.none() | hours_of_day)
def test_a_moment_after_lies_on_a_later_working_day(
    cal: Calendar, at: datetime, n: int, hour: int | None
) -> None:
    """The local time is the hour requested, or the same time of day."""
    moment = working_moment_after(cal, at, n, hour)
    shown, before = local(cal, moment), local(cal, at)
    assert shown.date() == add_working_days(cal, before.date(), n)
    assert shown.hour == (before.hour if hour is None else hour)


def test_letters_go_on_monday_and_thursday_an_hour_into_the_hours() -> None:
    """For hours from 8 to 16 it is 9:00; a letter at 9:01 waits for the next day of letters."""
    assert bag_moment(CAL, wall(2026, 11, 20, 12), (8, 16)) == wall(2026, 11, 23, 9)
    assert bag_moment(CAL, wall(2026, 11, 23, 9), (8, 16)) == wall(2026, 11, 23, 9)
    assert bag_moment(CAL, wall(2026, 11, 23, 9, 1), (15, 23)) == wall(2026, 11, 23, 16)
    assert bag_moment(CAL, wall(2026, 11, 23, 9, 1), (8, 16)) == wall(2026, 11, 26, 9)


def test_letters_move_to_the_working_days_nearest_by() -> None:
    """After Easter it is Tuesday and Thursday, before Christmas Monday and Wednesday."""
    assert bag_moment(CAL, wall(2026, 4, 3, 12), (8, 16)) == wall(2026, 4, 7, 9)
    assert bag_moment(CAL, wall(2026, 12, 22, 12), (8, 16)) == wall(2026, 12, 23, 9)
    assert bag_moment(CAL, wall(2026, 12, 23, 12), (8, 16)) == wall(2026, 12, 28, 9)


def test_a_third_letter_waits_for_the_next_week() -> None:
    """There are at most two per week and one per day."""
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    at = wall(2026, 11, 23, 8)
    assert bag_moment(CAL, at, (8, 16), (monday,)) == wall(2026, 11, 26, 9)
    assert bag_moment(CAL, at, (8, 16), (monday, tuesday)) == wall(2026, 11, 30, 9)


def test_letters_of_a_short_shift_go_at_its_start() -> None:
    """An hour after the start would be outside a shift of one hour."""
    assert bag_moment(CAL, wall(2026, 11, 22), (6, 7)) == wall(2026, 11, 23, 6)


@given(calendars, moments, spans)
def test_nobody_gets_more_than_two_letters_a_week(
    cal: Calendar, at: datetime, hours: Hours
) -> None:
    """Thirty letters in a row: within hours, each on its own day, at most two per week."""
    sent: list[date] = []
    for _ in range(30):
        moment = bag_moment(cal, at, hours, tuple(sent))
        assert moment >= at
        assert within_hours(cal, moment, hours)
        sent.append(local(cal, moment).date())
        at = moment
    assert len(set(sent)) == 30
    weeks = [day.isocalendar()[:2] for day in sent]
    assert all(weeks.count(week) <= 2 for week in weeks)
