"""Slack at its worst: everything four times, calls refused, answers lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.slack_fixtures import CHANNEL, Place, in_slack
from tests.slack_world.hands import id_of
from tests.slack_world.trouble import Limited, Lost, Trouble


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


@pytest.mark.parametrize("events", [50, pytest.param(1000, marks=pytest.mark.long)])
async def test_events_that_come_four_times_at_once_are_counted_once(
    place: Place, events: int
) -> None:
    """Members who join, each told of four times and all at the same moment."""
    for n in range(events):
        place.world.home.user(f"U1{n:05}", f"Kollega {n}")
        place.world.home.channels[CHANNEL].members.append(f"U1{n:05}")
    place.world.calls.clear()
    gate = asyncio.Semaphore(8)

    async def one(n: int) -> list[int | None]:
        async with gate:
            event = {"type": "app_mention", "user": f"U1{n:05}", "text": "hjælp",
                     "channel": CHANNEL}  # fmt: skip
            return [a.status for a in await place.world.send.event(event, id=f"Ev{n}", times=4)]

    answers = await asyncio.gather(*(one(n) for n in range(events)))
    assert {status for four in answers for status in four} == {200}
    told = Counter(call.args["user"] for call in place.world.calls_of("chat.postEphemeral"))
    assert len(told) == events
    assert set(told.values()) == {1}


@pytest.mark.parametrize("messages", [60, pytest.param(5000, marks=pytest.mark.long)])
async def test_in_a_storm_nothing_is_lost_and_nothing_comes_early(
    place: Place, messages: int
) -> None:
    """A fifth of the calls is refused for a while, one in twenty is done and not answered."""
    chance = random.Random(7)
    calls = 0

    def weather(method: str, args: dict[str, Any]) -> Trouble | None:
        nonlocal calls
        if method not in ("chat.postMessage", "chat.update"):
            return None
        calls += 1
        if chance.random() < 0.2:
            return Limited(chance.randint(1, 60))
        return Lost() if chance.random() < 0.05 else None

    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Vis det i kanalen")
    place.world.weather = weather
    while calls < messages:
        await place.hands.type("anne", "/digi næste")
        for person in ("mette", "jonas", "ali"):
            await place.hands.type(person, "/digi spørgsmål")
        await place.hands.move(place.house.clock.now() + timedelta(days=3))
    place.world.weather = lambda method, args: None
    await place.hands.move(place.house.clock.now() + timedelta(days=1))
    assert place.world.too_early == []
    sent = [m for m in place.world.home.messages if m.metadata]
    letters = Counter(m.metadata["event_payload"]["letter"] for m in sent if m.metadata)
    marked = sum("to gange" in json.dumps(m.blocks, ensure_ascii=False) for m in sent)
    assert sum(n - 1 for n in letters.values()) <= marked
    assert all(n <= 2 for n in letters.values())
    dead = await place.house.database.read(_dead)
    # A private message whose answer was lost is never said again: that is a promise too.
    assert [row for row in dead if row["place"].startswith("channel:")] == []


def _dead() -> Any:
    rows = yield "letter_all", {}
    return [row for row in rows if row["state"] == "dead"]


async def test_an_unsigned_text_leaves_nothing_with_slack_but_its_form(place: Place) -> None:
    """Nobody is looked up because of it, nothing is posted, and the code is in the form alone."""
    for line in (
        "anne > /digi start Ny omsorgsplatform",
        'anne > tryk "Jeg er leder"',
        'anne > tryk "Vis det i kanalen"',
        "anne > /digi næste",
        'peter > tryk "Svar uden navn"',
    ):
        await place.hands.play(line)
    await asyncio.sleep(0)
    place.world.calls.clear()
    [answered] = [await place.hands.fill("peter", {"Dit svar": "Vi når det ikke"})]
    assert answered is not None
    assert answered.body["response_action"] == "update"
    assert place.world.calls == []
    code = place.hands.code
    assert code in place.hands.just("peter")
    assert code not in json.dumps([m.blocks for m in place.world.home.messages])
    assert id_of("peter") not in json.dumps(answered.body)
