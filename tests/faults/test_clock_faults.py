"""When the system clock jumps or summer time changes, everything happens once, in order, at its
hour."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.platforms.common.ports import DeliveryFailed
from dialogs.model import events as e
from dialogs.model.calendar import Calendar, at_local, iso_week, next_weekly
from dialogs.model.effects import Effect, Privately, Response, Say, Timer
from dialogs.model.facts import Known
from tests.bot.core.test_courier import Office
from tests.worlds.house import MONDAY, Diary, Paper, Wall, a_house, faked, found, note

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
LONG = pytest.mark.long
BOTH = ["sqlite", pytest.param("postgres", marks=LONG)]
"""Parametrizes by database, PostgreSQL only in the long run, since the decisions do not depend on
it."""
HOUR, YEAR = timedelta(hours=1), timedelta(weeks=52)


@pytest.fixture
async def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either: str
) -> AsyncIterator[Office]:
    fake, edge, wall = faked(monkeypatch, "digest"), Paper(), Wall()
    async with a_house(tmp_path / "home", edge, wall, either) as house:
        await found(house)
        yield Office(house, edge, wall, fake)


# --- jumps --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [HOUR, YEAR])
async def test_a_clock_that_is_set_back_holds_up_nobody(office: Office, by: timedelta) -> None:
    """Messages are sent at once and in order, including those written before the change. A retry is
    not delayed further, and a timer fires once at its time."""
    await office.do(Say(note("1")), Say(note("2")), Timer("a", MONDAY + 2 * HOUR))
    office.edge.fails = [DeliveryFailed("slow down", retry_after=90)]
    await office.settle()
    office.wall.at = MONDAY - by
    await office.settle()
    assert office.edge.said() == []
    await office.do(Say(note("3")), Privately("mette", note("p"), now=True))
    await office.settle()
    assert office.edge.said() == ["p"]
    office.wall.at += timedelta(seconds=89)
    await office.settle()
    assert office.edge.said() == ["p"], "the platform's own wish is kept to"
    office.wall.at += timedelta(seconds=1)
    await office.settle()
    assert office.edge.said() == ["p", "1", "2", "3"]
    office.wall.at = MONDAY + HOUR
    await office.settle()
    assert office.woke() == []
    office.wall.at = MONDAY + 2 * HOUR
    await office.settle()
    assert office.woke() == [("a", MONDAY + 2 * HOUR)]
    assert await office.letters() == []


@pytest.mark.parametrize("by", [HOUR, YEAR])
async def test_what_was_written_and_not_tried_yet_goes_too(office: Office, by: timedelta) -> None:
    """Letters written before and after the clock was set back are sent in the order of writing."""
    await office.do(Say(note("1")))
    await office.house.courier.watch.look()
    await office.do(Say(note("2")))
    office.wall.at = MONDAY - by
    await office.do(Say(note("3")))
    await office.settle()
    assert office.edge.said() == ["1", "2", "3"]
    assert [what for what, _ in office.house.log.failures] == ["clock"]


async def test_a_clock_put_right_by_less_than_a_moment_is_nothing(office: Office) -> None:
    """Small adjustments are normal time synchronisation."""
    await office.do(Say(note("1")))
    await office.settle()
    office.wall.at = MONDAY - timedelta(seconds=1)
    await office.settle()
    assert office.house.log.failures == []


@pytest.mark.parametrize(
    ("either", "seed"),
    [
        ("sqlite", 1),
        ("sqlite", 2),
        ("postgres", 1),
        *(pytest.param("sqlite", n, marks=LONG) for n in range(3, 100)),
        *(pytest.param("postgres", n, marks=LONG) for n in range(2, 100)),
    ],
    indirect=["either"],
)
async def test_however_the_clock_jumps_each_thing_happens_once(
    office: Office, seed: int, figures: Callable[[str], None]
) -> None:
    """Jumps forward and back by seconds and months, while people write and a weekly overview is
    due: every message once and in order, no second overview in a week, no lost timer."""
    chance = random.Random(seed)
    calendar = Calendar()

    def weekly(
        state: Diary | None, event: e.SignedEvent, known: Known
    ) -> tuple[Diary, tuple[Effect | Response, ...]]:
        if not isinstance(event, e.Woke):
            return office.fake.note(state, event, known, Say(note(f"said {event.id}")))
        now = max(event.at, event.came)
        week = iso_week(calendar, now)
        once = f"overview:{week[0]}-{week[1]}"
        again = Timer("weekly", next_weekly(calendar, now, 3, 13))
        return office.fake.note(state, event, known, Say(note(once), once=once), again)

    await office.do(Timer("weekly", next_weekly(calendar, MONDAY, 3, 13)))
    office.fake.acts = weekly
    said: list[str] = []
    furthest = MONDAY
    for n in range(60):
        kind = chance.choice((timedelta(minutes=1), timedelta(hours=1), timedelta(days=9)))
        office.wall.at += kind * chance.uniform(-4.0, 5.0)
        furthest = max(furthest, office.wall.at)
        event = e.NewsGiven(
            project="p1", text="x", by="anne", at=office.house.clock.now(), id=f"{n}"
        )
        await office.turn(event)
        said.append(f"said {n}")
        if chance.random() < 0.4:
            office.edge.fails = [DeliveryFailed("slow down", retry_after=chance.uniform(1, 100))]
        await office.settle()
    office.edge.fails = []
    office.wall.at = furthest + timedelta(days=8)
    await office.settle()
    assert [one for one in office.edge.said() if one.startswith("said")] == said
    weeks = Counter(one for one in office.edge.said() if one.startswith("overview"))
    assert set(weeks.values()) == {1}
    assert [kind for kind, _ in await office.letters()] == ["timer"]
    figures(f"60 jumps, {len(said)} messages in order, {len(weeks)} overviews in as many weeks")


# --- the days on which the clock changes --------------------------------------------------

SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)


def shown(day: date, half: int) -> tuple[int, int]:
    return divmod(half * 30, 60)


@pytest.mark.parametrize(
    ("either", "day", "halves"),
    [
        ("sqlite", SPRING, 46),
        ("sqlite", AUTUMN, 50),
        ("sqlite", date(2026, 11, 1), 48),
        ("postgres", SPRING, 46),
        ("postgres", AUTUMN, 50),
    ],
    indirect=["either"],
)
async def test_every_half_hour_of_a_day_on_which_the_clock_changes(
    office: Office, day: date, halves: int, figures: Callable[[str], None]
) -> None:
    """A timer for each half hour fires once in that half hour, or an hour later if that local time
    is skipped. Messages written in each half hour are sent in it."""
    start = datetime.combine(day, datetime.min.time(), COPENHAGEN).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), COPENHAGEN).astimezone(UTC)
    assert (end - start) / timedelta(minutes=30) == halves
    office.wall.at = start - HOUR
    for half in range(48):
        hour, minute = shown(day, half)
        await office.do(Timer(f"{hour:02}:{minute:02}", at_local(Calendar(), day, hour, minute)))
    said = []
    for half in range(halves):
        await office.move(start + timedelta(minutes=30 * half))
        await office.do(Say(note(f"{half}")))
        await office.settle()
        said.append(f"{half}")
        assert office.edge.said() == said
    await office.move(end)
    rang = office.woke()
    assert Counter(name for name, _ in rang) == Counter(
        f"{hour:02}:{minute:02}" for hour, minute in (shown(day, half) for half in range(48))
    )
    for name, at in rang:
        wall = at.astimezone(COPENHAGEN)
        skipped = day == SPRING and name in ("02:00", "02:30")
        expected = wall - HOUR if skipped else wall
        assert f"{expected:%H:%M}" == name
        assert wall.date() == day
        assert wall.fold == 0, "of an hour that comes twice the first"
    figures(f"48 half hours on the wall of {day} and {halves} that passed: each once")


@pytest.mark.parametrize("either", BOTH, indirect=True)
@pytest.mark.parametrize("sunday", [SPRING, AUTUMN])
async def test_the_overviews_around_the_change_keep_their_hour(
    office: Office, sunday: date
) -> None:
    """For every half hour of a working day, before and after the change: 13:30 stays 13:30 local
    time."""
    calendar = Calendar()
    tuesday = sunday - timedelta(days=5)
    office.wall.at = at_local(calendar, tuesday, 7)
    slots = [(hour, minute) for hour in range(8, 16) for minute in (0, 30)]

    def weekly(
        state: Diary | None, event: e.SignedEvent, known: Known
    ) -> tuple[Diary, tuple[Effect | Response, ...]]:
        assert isinstance(event, e.Woke)
        hour, minute = map(int, event.name.split(":"))
        again = Timer(event.name, next_weekly(calendar, event.at, 1, hour, minute))
        return office.fake.note(state, event, known, Say(note(event.name)), again)

    await office.do(
        *(
            Timer(
                f"{hour}:{minute}", next_weekly(calendar, office.house.clock.now(), 1, hour, minute)
            )
            for hour, minute in slots
        )
    )
    office.fake.acts = weekly
    await office.move(at_local(calendar, tuesday + timedelta(days=10), 0))
    rang = Counter(f"{at.astimezone(COPENHAGEN):%d %H:%M}" for _, at in office.woke())
    assert set(rang.values()) == {1}
    assert sorted(rang) == sorted(
        f"{day:%d} {hour:02}:{minute:02}"
        for day in (tuesday, tuesday + timedelta(days=7))
        for hour, minute in slots
    )
    assert len(office.edge.said()) == 2 * len(slots)
