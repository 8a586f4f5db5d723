"""Slack at its worst: requests repeated four times, calls rejected, answers lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_base_client import AsyncBaseClient

from tests.worlds.house import Fake, faked
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.trouble import Broken, Limited, Lost, Trouble
from tests.worlds.slack.world import SlackWorld
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack
from tests.worlds.stage import PEOPLE
from tests.worlds.storm import Storm

LONG = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture
async def place(tmp_path: Path, either: str) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home", either=either) as found:
        yield found


@pytest.fixture
async def slowly(tmp_path: Path, either: str) -> AsyncIterator[Place]:
    """Digi keeps Slack's rate limits."""
    async with in_slack(tmp_path / "slowly", paced=True, either=either) as found:
        yield found


@pytest.mark.parametrize("events", [50, pytest.param(1000, marks=LONG)])
async def test_events_that_come_four_times_at_once_are_counted_once(
    place: Place, figures: Callable[[str], None], events: int
) -> None:
    """Four concurrent deliveries of each join event count once."""
    for n in range(events):
        place.world.home.user(f"U1{n:05}", f"Kollega {n}")
        place.world.home.channels[CHANNEL].members.append(f"U1{n:05}")
    place.world.calls.clear()
    gate = asyncio.Semaphore(8)

    async def one(n: int) -> list[int | None]:
        async with gate:
            event = {
                "type": "app_mention",
                "user": f"U1{n:05}",
                "text": "hjælp",
                "channel": CHANNEL,
            }
            return [a.status for a in await place.world.send.event(event, id=f"Ev{n}", times=4)]

    answers = await asyncio.gather(*(one(n) for n in range(events)))
    assert {status for four in answers for status in four} == {200}
    told = Counter(call.args["user"] for call in place.world.calls_of("chat.postEphemeral"))
    assert len(told) == events
    assert set(told.values()) == {1}
    figures(f"{events} events, {sum(map(len, answers))} deliveries, {len(told)} answered once")


@pytest.mark.parametrize("asked", [42, pytest.param(1000, marks=LONG)])
async def test_whoever_asks_in_a_storm_is_answered(
    slowly: Place,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    asked: int,
) -> None:
    """The answer to a mention, a private message or a button arrives, whatever Slack rejects or
    loses, and not before Retry-After. A copy is sent only after a lost answer, and is marked."""
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 10**9)
    world = slowly.world
    chance = random.Random(3)
    people = [id_of(handle) for handle in PEOPLE]
    await slowly.hands.type("anne", "/digi start Ny omsorgsplatform")
    await slowly.hands.press("anne", "Jeg er leder")
    await slowly.hands.press("anne", "Vis det i kanalen")
    gate = asyncio.Semaphore(8)
    troubles: Counter[str] = Counter()

    def weather(method: str, args: dict[str, Any]) -> Trouble | None:
        if method not in ("chat.postMessage", "chat.postEphemeral", "response_url"):
            return None
        trouble: Trouble | None = None
        if chance.random() < 0.3:
            trouble = chance.choice((Limited(chance.randint(1, 20)), Broken(503)))
        elif chance.random() < 0.05:
            trouble = Lost()
        troubles[type(trouble).__name__] += 1
        return trouble

    standing = [m for m in world.home.messages if m.channel == CHANNEL and not m.only_for][-1]
    [button] = [
        element
        for block in standing.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == "Sig det"
    ]

    async def one(n: int) -> set[int | None]:
        person = people[n % len(people)]
        async with gate:
            if n % 3 == 0:
                event = {"type": "app_mention", "user": person, "text": "hjælp", "channel": CHANNEL}
                return {a.status for a in await world.send.event(event, id=f"Ev{n}")}
            if n % 3 == 1:
                event = {
                    "type": "message",
                    "channel_type": "im",
                    "user": person,
                    "text": "hjælp",
                    "channel": world.home.im(person).id,
                }
                return {a.status for a in await world.send.event(event, id=f"Ev{n}")}
            return {(await world.send.press(person, button, message=standing)).status}

    before = len(world.home.messages)
    world.weather = weather
    early = knowingly_early(world, monkeypatch)
    await asyncio.gather(*(one(n) for n in range(asked)))
    await slowly.door.edge.quiet()
    ours = [m for m in world.home.messages[before:] if m.user == world.home.bot]
    marked = [m for m in ours if "to gange" in m.text]
    assert len(ours) - len(marked) == asked
    assert len(marked) <= troubles["Lost"]
    assert all(troubles[kind] for kind in ("Limited", "Broken", "Lost"))
    assert early == []
    assert slowly.told == []
    figures(
        f"{asked} asked, {troubles['Limited'] + troubles['Broken']} calls refused,"
        f" {troubles['Lost']} lost: {len(ours)} answers, {len(marked)} of them second copies"
        " and marked"
    )


def knowingly_early(world: SlackWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Calls that Digi begins although it knows of a Retry-After. Calls already in progress when the
    rejection came do not count, however late they arrive."""
    call = AsyncBaseClient.api_call
    until: dict[tuple[str, str], float] = {}
    early: list[str] = []

    async def calls(client: AsyncBaseClient, api_method: str, **given: Any) -> Any:
        args = given.get("json") or given.get("params") or {}
        place = api_method, str(args.get("channel", ""))
        if world.clock.now() < until.get(place, 0.0):
            early.append(" ".join(place))
        try:
            return await call(client, api_method, **given)
        except SlackApiError as error:
            after = error.response.headers.get("Retry-After")
            if after is not None:
                until[place] = world.clock.now() + float(after)
            raise

    monkeypatch.setattr(AsyncBaseClient, "api_call", calls)
    return early


# --- the long storm -----------------------------------------------------------------------------


class SlackStorm(Storm):
    def __init__(self, place: Place, fake: Fake) -> None:
        super().__init__(place, fake)
        self.lost: list[str] = []
        """Texts of calls that were executed without an answer."""

    def weather(self, method: str, args: dict[str, Any]) -> Trouble | None:
        if method not in ("chat.postMessage", "chat.update", "conversations.open"):
            return None
        self.calls += 1
        if self.chance.random() < 0.2:
            return Limited(self.chance.randint(1, 60))
        if self.chance.random() < 0.05:
            self.lost.append(str(args.get("text", "")))
            return Lost()
        return None

    def channel(self, n: int) -> str:
        return f"C0STORM{n:02}"

    async def join(self, n: int) -> None:
        space = self.place.world.home
        space.channel(self.channel(n), f"storm-{n}", [id_of("anne"), space.bot])

    def reader(self, n: int) -> tuple[str, str]:
        person = id_of(tuple(PEOPLE)[n % len(PEOPLE)])
        return person, person

    def arrived(self, where: str) -> list[str]:
        """Return the texts in a channel or private chat, in order of arrival."""
        channel = where if where.startswith("C") else self.place.world.home.im(where).id
        return [m.text for m in self.place.world.home.messages if m.channel == channel]


@pytest.mark.parametrize(
    "calls",
    [150, pytest.param(5000, marks=LONG)],
)
async def test_in_a_storm_nothing_is_lost_and_nothing_comes_early(
    slowly: Place,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    calls: int,
) -> None:
    """Everything arrives in order in each place, not before Retry-After, and at most one message
    per second in a channel. A copy is sent only after a lost answer, and is marked."""
    place = slowly
    storm = SlackStorm(place, faked(monkeypatch, "digest"))
    await storm.begin()
    number = 0
    while storm.calls < calls:
        number += 1
        await storm.round(number)
    for _ in range(5):
        await place.hands.move(place.house.clock.now() + timedelta(hours=1))
    place.world.weather = lambda method, args: None
    await place.hands.move(place.house.clock.now() + timedelta(hours=3))
    copies = 0
    for where, decided in storm.said.items():
        there = [text.partition("\n") for text in storm.arrived(where)]
        words = [first for first, _, _ in there if first.startswith(("ord", "privat"))]
        assert list(dict.fromkeys(words)) == decided, where
        for text, times in Counter(words).items():
            assert times <= 2
            if times == 2:
                copies += 1
                assert any(lost.startswith(text) for lost in storm.lost), "not lost, yet twice"
                [marked] = [rest for first, _, rest in there if first == text and rest]
                assert "to gange" in marked
        if not where.startswith("C"):
            assert max(Counter(words).values()) == 1, "a private message is never said twice"
    for channel, board in storm.boards.items():
        assert storm.arrived(channel)[0].partition("\n")[0] == board
    assert place.world.too_early == []
    assert _fastest(place) == 1
    waiting = [
        row
        for row in await place.house.database.read(place.house.scripts.outbox.letters)
        if row["kind"] != "timer" and row["state"] != "dead"
    ]
    assert waiting == []
    assert 0 < copies <= len(storm.lost)
    figures(
        f"{storm.calls} calls, {sum(map(len, storm.said.values()))} messages,"
        f" {len(storm.lost)} answers lost, {copies} messages said twice and marked so"
    )


def _fastest(place: Place) -> int:
    """Return the most messages that a channel got within a second of the fake clock, which advances
    a little between Digi and Slack."""
    posted: dict[str, list[float]] = {}
    for call in place.world.calls_of("chat.postMessage"):
        posted.setdefault(str(call.args["channel"]), []).append(call.at)
    return max(
        sum(at <= other < at + 0.9 for other in times) for times in posted.values() for at in times
    )


async def test_an_unsigned_text_leaves_nothing_with_slack_but_its_form(place: Place) -> None:
    """No user is looked up, nothing is posted, and the code is only in the modal."""
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
