"""Teams at its worst: activities repeated four times, calls rejected, answers lost."""

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

from bot.platforms.teams.ports import CallFailed
from bot.platforms.teams.speech import Speech
from bot.platforms.teams.words import word
from tests.worlds import card_checks
from tests.worlds.house import faked
from tests.worlds.storm import Storm
from tests.worlds.teams.render import text_of
from tests.worlds.teams.trouble import Lost, Says, Trouble
from tests.worlds.teams_fixtures import Place, in_teams

LONG = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture
async def place(tmp_path: Path, either: str) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home", either=either) as found:
        await found.hands.type("anne", "@Digi start Ny omsorgsplatform")
        await found.hands.press("anne", "Jeg er leder")
        await found.hands.press("anne", "Vis det i kanalen")
        yield found


@pytest.mark.parametrize("acts", [28, pytest.param(1000, marks=LONG)])
async def test_what_comes_four_times_at_once_is_answered_once(place: Place, acts: int) -> None:
    """A later repetition counts as the same activity too."""
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


@pytest.mark.parametrize("asked", [42, pytest.param(1000, marks=LONG)])
@pytest.mark.parametrize("targeted", [True, False])
async def test_whoever_asks_in_a_storm_is_answered(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    asked: int,
    targeted: bool,
) -> None:
    """The answer to a mention, a private message or a button arrives, whatever Teams rejects or
    loses, and not before Retry-After. A copy is sent only after a lost answer, and is marked."""
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 10**9)
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
    early = knowingly_early(place, monkeypatch)
    statuses = await asyncio.gather(*(one(n) for n in range(asked)))
    await place.hands.edge.quiet()
    assert set(statuses) == {200}
    ours = [
        json.dumps(message.card, ensure_ascii=False)
        for message in world.home.messages[before:]
        if not message.by
    ]
    ours = [said for said in ours if "Jeg har svaret i vores private chat" not in said]
    marked = [said for said in ours if "to gange" in said]
    assert len(ours) - len(marked) == asked
    assert len(marked) <= len(lost)
    assert refused
    assert lost
    assert early == []
    assert place.told == []
    figures(
        f"{asked} asked, {len(refused)} calls refused, {len(lost)} lost: {len(ours)} answers,"
        f" {len(marked)} of them second copies and marked"
    )


def knowingly_early(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Calls that Digi begins although it knows of a Retry-After. Calls already in progress when the
    rejection came do not count, however late they arrive."""
    calls, clock = Speech.calls, place.world.clock
    until: dict[str, float] = {}
    early: list[str] = []

    async def watched(speech: Speech, tenant: str, conversation: str, call: Any) -> Any:
        async def begins() -> Any:
            if clock.now() < until.get(conversation, 0.0):
                early.append(conversation)
            try:
                return await call()
            except CallFailed as failed:
                if failed.status == 429 and failed.retry_after is not None:
                    until[conversation] = clock.now() + failed.retry_after
                raise

        return await calls(speech, tenant, conversation, begins)

    monkeypatch.setattr(Speech, "calls", watched)
    return early


async def test_an_answer_that_has_to_wait_keeps_nobody_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams gets its acknowledgement in time, and the answer follows."""
    monkeypatch.setattr("bot.platforms.teams.edge.ANSWER_SECONDS", 0.0)
    anne = place.world.home.people["anne"]
    before = len(place.hands._messages(anne.chat))
    place.world.plan("POST", Says(429, after=20), Says(502))
    asked = place.world.activity(anne, anne.chat, type="message", text="hjælp")
    assert (await place.world.send(asked))[0] == 200
    await place.hands.edge.quiet()
    assert len(place.hands._messages(anne.chat)) == before + 1
    assert place.world.too_early == []


async def test_an_answer_that_never_arrives_is_not_acknowledged(place: Place) -> None:
    """After ten minutes it is given up: Teams gets an error, and the operator is told."""
    anne = place.world.home.people["anne"]
    began = place.world.clock.now()
    place.world.weather = lambda method, path: Says(502)
    assert await place.hands.type("anne", "hjælp", private=True) == 503
    # The clock also moves a little each time it is read.
    assert 500 < place.world.clock.now() - began <= 601
    assert place.told == [("teams", "DeliveryFailed")]
    place.world.weather = lambda method, path: None
    before = len(place.hands._messages(anne.chat))
    assert await place.hands.type("anne", "hjælp", private=True) == 200
    assert len(place.hands._messages(anne.chat)) == before + 1


def _told(place: Place) -> int:
    """Return the messages of all private chats."""
    people = place.world.home.people.values()
    return sum(len(place.hands._messages(person.chat)) for person in people)


AGAIN = word("again", "da")
WEATHER = (429, 429, 412, 502)


class TeamsStorm(Storm):
    def weather(self, method: str, path: str) -> Trouble | None:
        if method == "GET":
            return None
        self.calls += 1
        if self.chance.random() < 0.2:
            return Says(self.chance.choice(WEATHER), after=self.chance.randint(1, 60))
        return Lost() if self.chance.random() < 0.05 else None

    def channel(self, n: int) -> str:
        return f"19:storm{n:02}@thread.tacv2"

    async def join(self, n: int) -> None:
        home = self.place.world.home
        home.channels[self.channel(n)] = list(home.people)
        await self.place.world.installed(self.channel(n))

    def reader(self, n: int) -> tuple[str, str]:
        people = list(self.place.world.home.people.values())
        return people[n % len(people)].id, people[n % len(people)].chat

    def arrived(self, place: str) -> list[tuple[str, bool]]:
        """Return the texts in a channel or chat in order of arrival, and which of them are marked
        as possible duplicates."""
        shown = [text_of(m.card) for m in self.place.hands._messages(place) if m.card is not None]
        return [(text.partition("\n")[0], AGAIN in text) for text in shown]


@pytest.mark.parametrize("calls", [150, pytest.param(5000, marks=LONG)])
async def test_in_a_storm_nothing_is_lost_and_nothing_comes_early(
    tmp_path: Path,
    either: str,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    calls: int,
) -> None:
    """Everything arrives in order in each place, and not before Retry-After. A copy is sent only
    after a lost answer, and is marked."""
    # Microsoft's renderer checks such cards in other tests.
    monkeypatch.setattr("tests.worlds.card_validators.problems_of_new", card_checks.problems)
    async with in_teams(tmp_path / "home", either=either) as place:
        storm = TeamsStorm(place, faked(monkeypatch, "digest"))
        await storm.begin()
        number = 0
        while storm.calls < calls:
            number += 1
            await storm.round(number)
        for _ in range(5):
            await place.hands.move(place.house.clock.now() + timedelta(hours=1))
        place.world.weather = lambda method, path: None
        for _ in range(10):  # the delay before the last retry depends on the number of rejections
            await place.hands.move(place.house.clock.now() + timedelta(hours=3))
            if not await _waiting(place):
                break
        assert await _waiting(place) == []
        lost = Counter(_words(call.body) for call in place.world.calls if call.trouble == Lost())
        twice = 0
        for where, decided in storm.said.items():
            came = [one for one in storm.arrived(where) if one[0].startswith(("ord", "privat"))]
            assert list(dict.fromkeys(words for words, _ in came)) == decided, where
            for words, times in Counter(words for words, _ in came).items():
                assert [again for one, again in came if one == words] == [False, True][:times]
                assert times - 1 <= lost[words], "not lost, yet twice"
                assert times == 1 or where.startswith("19:"), "a private message came twice"
                twice += times == 2
        for channel, board in storm.boards.items():
            assert storm.arrived(channel)[0][0] == board
        assert place.world.too_early == []
        assert twice
        figures(
            f"{storm.calls} calls, {sum(map(len, storm.said.values()))} messages in order,"
            f" {sum(lost.values())} answers lost, {twice} messages said twice and marked so"
        )


async def _waiting(place: Place) -> list[Any]:
    found = await place.house.database.read(place.house.scripts.outbox.letters)
    return [row for row in found if row["kind"] != "timer" and row["state"] != "dead"]


def _words(activity: dict[str, Any]) -> str:
    """Return the text of a message, wherever it is in a call; equal for its copy."""
    message = activity.get("activity") or activity
    return "".join(
        text_of(one["content"]).partition("\n")[0] for one in message.get("attachments") or ()
    )
