"""Two replicas on one PostgreSQL, with a platform that sends everything four times, rejects calls
for a while and loses answers: each event is processed once and has one effect."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.slack.words import word as slack_word
from bot.platforms.teams.words import word as teams_word
from bot.server.build import House
from dialogs.model import events as e
from dialogs.model.effects import Say, Show
from storage.sql import Script
from tests.worlds import card_checks, slack_fixtures, teams_fixtures
from tests.worlds.house import Diary, Fake, asked, faked, note
from tests.worlds.slack import trouble as slack
from tests.worlds.teams import trouble as teams
from tests.worlds.teams.render import text_of

EVENTS = [16, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
AT_ONCE = 8


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A fake conversation: a request for advice posts a message to the channel."""
    monkeypatch.setattr("tests.worlds.card_validators.problems_of_new", card_checks.problems)
    found = faked(monkeypatch, "advice")

    def tells(state: Diary | None, event: Any, known: Any) -> Any:
        if not isinstance(event, e.AdviceAsked):
            return state, ()
        before = int(state.lines[0]) if state else 0
        told = note(f"Velkommen, {event.by}.")
        return Diary((f"{before + 1}",)), (Say(note(f"Her er {event.by}.")), Show(told))

    found.acts = tells
    return found


class Weather:
    """A fifth of the calls is rejected for a while, and one in twenty is executed without an
    answer."""

    def __init__(self, refused: Callable[[int], Any], lost: Any) -> None:
        self._chance = random.Random(5)
        self._refused, self._lost = refused, lost
        self.met: Counter[str] = Counter()

    def trouble(self) -> Any:
        dice = self._chance.random()
        kind = "refused" if dice < 0.2 else "lost" if dice < 0.25 else "fine"
        self.met[kind] += 1
        if kind == "fine":
            return None
        return self._lost if kind == "lost" else self._refused(self._chance.randint(1, 20))


async def _four_times(people: list[str], send: Callable[[str], Any]) -> set[int | None]:
    """Send all concurrently, each four times, to the replicas in turn."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: str) -> list[int | None]:
        async with gate:
            return list(await send(person))

    return {status for four in await asyncio.gather(*map(one, people)) for status in four}


async def _said(houses: list[House], dsn: str, folder: Path) -> None:
    """Both replicas send; one waits while the other holds the lane. In the middle the holder stops
    for good."""
    clock = houses[0].clock

    async def speaks(some: list[House], seconds: int) -> bool:
        target = clock.now() + timedelta(seconds=seconds)
        await asyncio.gather(*(house.courier.move_to(target) for house in some))
        return asked(folder, dsn, _WAITING) != [(0,)]

    await speaks(houses, 5)
    holder = {
        holder for (holder,) in asked(folder, dsn, "SELECT holder FROM lane WHERE tenant <> ''")
    }
    left = [house for house in houses if house.courier.holder not in holder]
    assert len(left) == 1, "one of the two holds the lane"
    await houses[0].database.tx(_run_out)
    while await speaks(left, 600):
        pass


_WAITING = """SELECT count(*) FROM letter
    WHERE place LIKE 'channel:%' AND kind IN ('say', 'post') AND state <> 'dead'"""


def _run_out() -> Script[None]:
    yield "lane_freed", {}


def _version(folder: Path, dsn: str) -> int:
    [(version,)] = asked(folder, dsn, "SELECT version FROM state WHERE dialog = 'advice'")
    return int(version)


def _holds(arrived: list[tuple[str, bool]], people: list[str], weather: Weather) -> str:
    """Assert the guarantees. `arrived`: the text of each message, and whether it is marked as a
    possible duplicate."""
    counted = Counter(words for words, _ in arrived)
    assert set(counted) == {f"Her er {person}." for person in people}
    assert Counter(words for words, again in arrived if not again) == dict.fromkeys(counted, 1)
    twice = len(arrived) - len(counted)
    assert twice <= weather.met["lost"]
    assert weather.met["refused"]
    return (
        f"{len(people)} events, {4 * len(people)} deliveries to two replicas,"
        f" {weather.met['refused']} calls refused, {weather.met['lost']} lost: each processed once"
        f" and said, {twice} twice and marked"
    )


@pytest.mark.parametrize("events", EVENTS)
async def test_in_slack_what_comes_four_times_to_two_replicas_is_done_once(
    tmp_path: Path, fake: Fake, postgres_dsn: str, figures: Callable[[str], None], events: int
) -> None:
    """Mentions in a channel, each of which posts a message."""
    home = tmp_path / "home"
    async with (
        slack_fixtures.in_slack(home, paced=True, either=postgres_dsn) as first,
        slack_fixtures.another_replica(home, first, postgres_dsn) as second,
    ):
        hands, world, channel = first.hands, first.world, slack_fixtures.CHANNEL
        for line in ("/digi start Ny plan", "Jeg er leder", "Vis det i kanalen"):
            await (hands.type if line[0] == "/" else hands.press)("anne", line)
        people = [f"U1{n:05}" for n in range(events)]
        for person in people:
            world.home.user(person, f"Kollega {person}")
        world.home.channels[channel].members += people
        await first.door.edge.gather()
        weather = Weather(slack.Limited, slack.Lost())
        posting = ("chat.postMessage", "chat.postEphemeral")
        world.weather = lambda method, args: weather.trouble() if method in posting else None

        async def send(person: str) -> list[int | None]:
            event = {"type": "app_mention", "user": person, "text": "råd", "channel": channel}
            answers = await world.send.event(event, id=f"Ev{person}", times=4)
            return [answer.status for answer in answers]

        assert await _four_times(people, send) == {200}
        for place in (first, second):
            await place.door.edge.quiet()
        await _said([first.house, second.house], postgres_dsn, tmp_path)
        assert _version(tmp_path, postgres_dsn) == events
        again = slack_word("again", "da")
        arrived = [
            (m.text.partition("\n")[0], again in m.text)
            for m in world.home.messages
            if m.channel == channel and not m.only_for and "Her er" in m.text
        ]
        figures(_holds(arrived, people, weather))
        answered = Counter(m.only_for for m in world.home.messages if m.only_for in people)
        assert set(people) <= set(answered), "somebody heard nothing"


@pytest.mark.parametrize("events", EVENTS)
async def test_in_teams_what_comes_four_times_to_two_replicas_is_done_once(
    tmp_path: Path, fake: Fake, postgres_dsn: str, figures: Callable[[str], None], events: int
) -> None:
    """Mentions in a channel, each of which posts a message."""
    home = tmp_path / "home"
    async with (
        teams_fixtures.in_teams(home, either=postgres_dsn) as first,
        teams_fixtures.another_replica(home, first, postgres_dsn) as second,
    ):
        hands, world = first.hands, first.world
        for line in ("@Digi start Ny plan", "Jeg er leder", "Vis det i kanalen"):
            await (hands.type if line[0] == "@" else hands.press)("anne", line)
        for n in range(events):
            hands.meet(f"kollega{n}", f"Kollega {n}")
        await first.door.edge.gather()
        colleagues = [world.home.people[f"kollega{n}"] for n in range(events)]
        weather = Weather(lambda after: teams.Says(429, after=after), teams.Lost())
        world.weather = lambda method, path: None if method == "GET" else weather.trouble()

        async def send(person: str) -> list[int | None]:
            activity = hands.mention(world.home.somebody(person) or colleagues[0], "råd")
            return [
                status
                for status, _ in await asyncio.gather(*(world.send(activity) for _ in range(4)))
            ]

        people = [person.id for person in colleagues]
        assert await _four_times(people, send) == {200}
        for place in (first, second):
            await place.door.edge.quiet()
        await _said([first.house, second.house], postgres_dsn, tmp_path)
        assert _version(tmp_path, postgres_dsn) == events
        again = teams_word("again", "da")
        told = [text_of(m.card) for m in hands._messages(hands.place) if m.card is not None]
        arrived = [(text.partition("\n")[0], again in text) for text in told if "Her er" in text]
        figures(_holds(arrived, people, weather))
        read = {m.only_for for m in world.home.messages} | {m.place for m in world.home.messages}
        silent = [one.handle for one in colleagues if not {one.handle, one.chat} & read]
        assert silent == []
