"""Teams at its worst: the same four times, calls refused, answers lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.teams_fixtures import Place, in_teams
from tests.teams_world.state import CHANNEL
from tests.teams_world.trouble import Lost, Says, Trouble


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home") as found:
        await found.hands.type("anne", "@Digi start Ny omsorgsplatform")
        await found.hands.press("anne", "Jeg er leder")
        await found.hands.press("anne", "Vis det i kanalen")
        yield found


@pytest.mark.parametrize("acts", [28, pytest.param(1000, marks=pytest.mark.long)])
async def test_what_comes_four_times_at_once_is_answered_once(place: Place, acts: int) -> None:
    """And once more a little later: it is the same thing again."""
    people = list(place.world.home.people.values())
    before = _told(place)
    gate = asyncio.Semaphore(8)

    async def one(n: int) -> set[int]:
        person = people[n % len(people)]
        activity = place.world.activity(
            person, person.chat, type="message", text="råd", id=f"act-{n}"
        )
        async with gate:
            four = await asyncio.gather(*(place.world.send(activity) for _ in range(4)))
            again = await place.world.send(activity)
        return {status for status, _ in (*four, again)}

    assert set().union(*await asyncio.gather(*(one(n) for n in range(acts)))) == {200}
    assert _told(place) - before == acts


def _told(place: Place) -> int:
    """Messages in all personal chats."""
    people = place.world.home.people.values()
    return sum(len(place.hands._messages(person.chat)) for person in people)


@pytest.mark.parametrize("messages", [60, pytest.param(5000, marks=pytest.mark.long)])
async def test_in_a_storm_nothing_is_lost_and_nothing_comes_early(
    place: Place, messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifth of the calls is refused for a while, one in twenty is done and not answered."""
    chance = random.Random(7)
    calls = 0

    def weather(method: str, path: str) -> Trouble | None:
        nonlocal calls
        if method == "GET":
            return None
        calls += 1
        if chance.random() < 0.2:
            return Says(chance.choice((429, 429, 412, 502)), after=chance.randint(1, 60))
        return Lost() if chance.random() < 0.05 else None

    monkeypatch.setattr("bot.gate.ACTS_A_MINUTE", 10**9)
    place.world.weather = weather
    made = 0
    while calls < messages:
        for _ in range(4):
            made += 1
            await place.hands.extension("anne", "agreements")
            await place.hands.press("anne", "Skriv en aftale ned")
            await place.hands.fill("anne", {"Hvad har": f"Aftale nr {made}."})
        await place.hands.move(place.house.clock.now() + timedelta(hours=6))
    place.world.weather = lambda method, path: None
    await place.hands.move(place.house.clock.now() + timedelta(days=1))
    assert place.world.too_early == []
    posts = [json.dumps(m.card, ensure_ascii=False) for m in place.hands._messages(CHANNEL)]
    first = [next(at for at, post in enumerate(posts) if f"Aftale nr {n}." in post)
             for n in range(1, made + 1)]  # fmt: skip
    assert first == sorted(first)
    for n in range(1, made + 1):
        copies = [post for post in posts if f"Aftale nr {n}." in post and "Vil du tage" in post]
        assert len([post for post in copies if "to gange" not in post]) <= 1
        assert len(copies) <= 2
    dead = await place.house.database.read(_dead)
    # A private message whose answer was lost is never said again: that is a promise too.
    assert [row for row in dead if row["place"].startswith("channel:")] == []


def _dead() -> Any:
    rows = yield "letter_all", {}
    return [row for row in rows if row["state"] == "dead"]
