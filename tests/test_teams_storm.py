"""Teams at its worst: the same four times, calls refused, answers lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.teams_fixtures import Place, in_teams
from tests.teams_world.state import CHANNEL
from tests.teams_world.trouble import Call, Lost, Says, Trouble


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


@pytest.mark.parametrize("asked", [70, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize("targeted", [True, False])
async def test_whoever_asks_in_a_storm_is_answered(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    asked: int,
    targeted: bool,
) -> None:
    """In the channel, in the private chat, and by a button: whatever Teams refuses for a while or
    loses, the answer comes, and not before Teams wants it; a second copy only where an answer was
    lost, and marked."""
    monkeypatch.setattr("bot.gate.ACTS_A_MINUTE", 10**9)
    world = place.world
    world.home.targeted = targeted
    world.calls.clear()
    people = list(world.home.people.values())
    gate = asyncio.Semaphore(8)
    chance = random.Random(3)
    refused: list[int] = []
    lost: list[int] = []

    def weather(method: str, path: str) -> Trouble | None:
        if method == "GET":
            return None
        if chance.random() < 0.3:
            refused.append(1)
            return Says(chance.choice((429, 429, 412, 502)), after=chance.randint(1, 20))
        if chance.random() < 0.05:
            lost.append(1)
            return Lost()
        return None

    async def one(n: int) -> int:
        person = people[n % len(people)]
        words = "hjælp" if n % 2 else "om"
        if n % 3 == 0:
            activity = place.hands.mention(person, words)
        else:
            activity = world.activity(person, person.chat, type="message", text=words)
        async with gate:
            return (await world.send(activity))[0]

    before = len(world.home.messages)
    world.weather = weather
    statuses = await asyncio.gather(*(one(n) for n in range(asked)))
    await place.hands.edge.quiet()
    assert set(statuses) == {200}
    ours = [json.dumps(message.card, ensure_ascii=False) for message in world.home.messages[before:]
            if not message.by]  # fmt: skip
    ours = [said for said in ours if "Jeg har svaret i vores private chat" not in said]
    marked = [said for said in ours if "to gange" in said]
    assert len(ours) - len(marked) == asked
    assert len(marked) <= len(lost)
    assert refused
    assert lost
    assert not _knowingly_early(world.calls, world.too_early)
    assert place.told == []
    figures(f"{asked} asked, {len(refused)} calls refused, {len(lost)} lost: {len(ours)} answers,"
            f" {len(marked)} of them second copies and marked")  # fmt: skip


def _knowingly_early(calls: list[Call], early: list[Call]) -> list[Call]:
    """Without those that were on their way already when the refusal came: eight at a time."""

    def refused_just_before(call: Call) -> bool:
        at = next(n for n, one in enumerate(calls) if one is call)
        return any(
            one.status == 429 and one.path == call.path for one in calls[max(0, at - 8) : at]
        )

    return [call for call in early if not refused_just_before(call)]


async def test_an_answer_that_has_to_wait_keeps_nobody_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams hears in time that the question is here; the answer follows."""
    monkeypatch.setattr("bot.teams.edge.ANSWER_SECONDS", 0.0)
    anne = place.world.home.people["anne"]
    before = len(place.hands._messages(anne.chat))
    place.world.plan("POST", Says(429, after=20), Says(502))
    asked = place.world.activity(anne, anne.chat, type="message", text="hjælp")
    assert (await place.world.send(asked))[0] == 200
    await place.hands.edge.quiet()
    assert len(place.hands._messages(anne.chat)) == before + 1
    assert place.world.too_early == []


async def test_an_answer_that_never_arrives_is_not_acknowledged(place: Place) -> None:
    """After ten minutes it is given up: Teams hears that it failed, and so does the operator."""
    anne = place.world.home.people["anne"]
    began = place.world.clock.now()
    place.world.weather = lambda method, path: Says(502)
    assert await place.hands.type("anne", "hjælp", private=True) == 503
    assert 500 < place.world.clock.now() - began <= 600
    assert place.told == [("teams", "DeliveryFailed")]
    place.world.weather = lambda method, path: None
    before = len(place.hands._messages(anne.chat))
    assert await place.hands.type("anne", "hjælp", private=True) == 200
    assert len(place.hands._messages(anne.chat)) == before + 1


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
