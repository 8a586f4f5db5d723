"""The courier's tasks do not block each other, and a slow platform blocks only its own
workplaces."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.courier import Courier
from bot.core.lanes import FairQueue, Lanes
from bot.core.pause import Pause
from bot.platforms.common.ports import DeliveryFailed, Parcel
from bot.server.build import House
from dialogs.model import events as e
from dialogs.model.effects import Say, Timer
from storage.sql import Script, Unavailable
from storage.transactions.turns import Turn
from tests.waiting import LONG_ENOUGH, until
from tests.worlds.house import (
    MONDAY,
    Fake,
    Paper,
    Wall,
    a_house,
    another_courier,
    faked,
    found,
    note,
    words_of,
)


class Gates(Paper):
    """An edge whose calls in chosen workplaces wait until the test lets them continue."""

    def __init__(self, *, repeats: bool = False) -> None:
        super().__init__(repeats=repeats)
        self.shut: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []
        """The workplaces of all calls, in the order in which they began."""
        self.under_way: Counter[str] = Counter()
        self.most = 0
        self._changed = asyncio.Event()

    async def deliver(self, parcel: Parcel) -> str:
        self.calls.append(parcel.tenant)
        self.under_way[parcel.tenant] += 1
        self.most = max(self.most, self.under_way.total())
        self._changed.set()
        try:
            if (gate := self.shut.get(parcel.tenant)) is not None:
                await gate.wait()
            return await super().deliver(parcel)
        finally:
            self.under_way[parcel.tenant] -= 1
            self._changed.set()

    def said_in(self, tenant: str) -> list[str]:
        return [words_of(one.card) for one in self.parcels if one.tenant == tenant]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_ENOUGH):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


class Town:
    """A Digi that serves many workplaces, each with a project and a channel."""

    def __init__(self, house: House, edge: Gates, wall: Wall, fake: Fake) -> None:
        self.house, self.edge, self.wall, self.fake = house, edge, wall, fake
        self._turns = 0

    async def moves_in(self, *tenants: str) -> None:
        for tenant in tenants:
            await found(self.house, f"{tenant}.p", tenant=tenant)

    async def does(self, tenant: str, *effects: Any) -> None:
        self._turns += 1
        self.fake.does(*effects)
        at = self.house.clock.now()
        event = e.NewsGiven(
            project=f"{tenant}.p", text="", by="anne", at=at, id=f"turn {self._turns}"
        )
        await self.house.engine.turn(Turn(tenant, event.project, event.id, event, at))
        self.fake.acts = self.fake.note

    async def says_in_channels(self, tenant: str, *words: str) -> None:
        """Write a letter to each of several channels."""
        for one in words:
            project = f"{tenant}.{one}"
            await found(self.house, project, tenant=tenant, channel=f"D{one}")
            self.fake.does(Say(note(one)))
            event = e.NewsGiven(project=project, text="", by="anne", at=MONDAY, id=project)
            await self.house.engine.turn(Turn(tenant, project, project, event, MONDAY))
        self.fake.acts = self.fake.note

    async def says(self, tenant: str, *words: str) -> None:
        await self.does(tenant, *(Say(note(one)) for one in words))

    def fired(self) -> list[str]:
        return [event.name for event in self.fake.heard if isinstance(event, e.Woke)]

    def another(self) -> Courier:
        house = self.house
        return another_courier(house)


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either: str) -> AsyncIterator[Town]:
    monkeypatch.setattr("bot.core.timers.NAP", 0.01)
    monkeypatch.setattr("bot.core.housekeeping.EVERY", 0.01)
    monkeypatch.setattr("bot.core.courier.STOP_SECONDS", 0.0)
    fake, edge, wall = faked(monkeypatch, "digest"), Gates(), Wall()
    async with a_house(tmp_path / "home", edge, wall, either) as house:
        yield Town(house, edge, wall, fake)


@asynccontextmanager
async def running(courier: Courier) -> AsyncIterator[None]:
    task = asyncio.create_task(courier.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_call_that_never_returns_holds_up_neither_others_nor_timers_nor_the_minute(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In workplace A one call hangs. B's ten letters arrive in order, a timer of A fires, the
    minute's maintenance runs in the next minute, and the health metric stays good."""
    await town.moves_in("test:a", "test:b")
    town.edge.shut["test:a"] = asyncio.Event()
    emptied: list[Any] = []
    checkpoint = town.house.database.checkpoint

    async def counted() -> bool:
        emptied.append(town.house.clock.now())
        return await checkpoint()

    monkeypatch.setattr(town.house.database, "checkpoint", counted)
    async with running(town.house.courier):
        await town.says("test:a", "1", "2")
        await town.edge.until(lambda: town.edge.under_way["test:a"] == 1)
        await town.says("test:b", *(str(n) for n in range(10)))
        await town.edge.until(lambda: len(town.edge.said_in("test:b")) == 10)
        await town.does("test:a", Timer("due", town.house.clock.now()))
        await until(lambda: town.fired() == ["due"])
        await until(lambda: emptied)
        town.wall.at += timedelta(minutes=1)
        await until(lambda: emptied[-1] >= MONDAY + timedelta(minutes=1))
        town.wall.ran += 100.0
        await until(lambda: town.house.courier.idle() == 0.0)
        assert town.edge.said_in("test:b") == [str(n) for n in range(10)]
        assert town.edge.said_in("test:a") == []
        town.edge.shut["test:a"].set()
        await town.edge.until(lambda: len(town.edge.said_in("test:a")) == 2)
    assert town.edge.said_in("test:a") == ["1", "2"]


async def test_few_lanes_are_served_at_once_and_each_has_its_turn(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten workplaces and two tasks there are never more than two calls and at most one per
    workplace; no workplace has its second turn before each has begun its first. Which of two
    concurrent calls returns first is up to the database and the platform."""
    monkeypatch.setattr("bot.core.lanes.AT_ONCE", 2)
    turns: list[str] = []
    serve = Lanes.turn

    async def noted(lanes: Lanes, tenant: str) -> int:
        turns.append(tenant)
        return await serve(lanes, tenant)

    monkeypatch.setattr(Lanes, "turn", noted)
    tenants = [f"test:{n}" for n in range(10)]
    await town.moves_in(*tenants)
    for tenant in tenants:
        await town.says(tenant, "1", "2", "3")
    for tenant in tenants:
        town.edge.shut[tenant] = asyncio.Event()
    async with running(town.house.courier):
        await town.edge.until(lambda: town.edge.under_way.total() == 2)
        await until(lambda: len(town.house.courier.lanes._line) == 8)
        for gate in town.edge.shut.values():
            gate.set()
        await town.edge.until(lambda: len(town.edge.parcels) == 30)
    assert town.edge.most == 2
    assert all(town.edge.said_in(tenant) == ["1", "2", "3"] for tenant in tenants)
    assert set(turns[:10]) == set(tenants), "each its first before anybody's second"


async def test_a_lane_that_gives_way_leaves_what_it_claimed_to_its_next_turn(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty letters of one workplace are claimed together. When another workplace has one, the
    rest is given back instead of being held until the lease expires, and does not count as
    attempted."""
    monkeypatch.setattr("bot.core.lanes.AT_ONCE", 1)
    await town.moves_in("test:a", "test:b")
    gate = town.edge.shut["test:a"] = asyncio.Event()
    await town.says_in_channels("test:a", *(f"{n}" for n in range(5)))
    async with running(town.house.courier):
        await town.edge.until(lambda: town.edge.under_way["test:a"] == 1)
        await town.says("test:b", "b")
        gate.set()
        await town.edge.until(lambda: len(town.edge.parcels) == 6)
    assert town.edge.calls[:2] == ["test:a", "test:b"]
    assert sorted(town.edge.said_in("test:a")) == [f"{n}" for n in range(5)]
    assert not any(parcel.again for parcel in town.edge.parcels)


async def test_workplaces_whose_platform_is_slow_leave_room_for_the_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform is down for as many workplaces as there are tasks. Once they are known to be slow,
    half of the tasks serve the others."""
    monkeypatch.setattr("bot.core.lanes.AT_ONCE", 4)
    monkeypatch.setattr("bot.core.lanes.SLOW_AT_ONCE", 2)
    slow = [f"test:slow{n}" for n in range(4)]
    await town.moves_in(*slow, "test:quick")
    for tenant in slow:
        await town.says(tenant, "1", "2")
        town.edge.shut[tenant] = asyncio.Event()
    async with running(town.house.courier):
        await town.edge.until(lambda: town.edge.under_way.total() == 4)
        town.wall.ran += 10.0
        gates = [*town.edge.shut.values()]
        for tenant in slow:
            town.edge.shut[tenant] = asyncio.Event()
        for gate in gates:
            gate.set()
        await town.edge.until(lambda: len(town.edge.calls) == 6)
        await town.says("test:quick", *(str(n) for n in range(10)))
        await town.edge.until(lambda: len(town.edge.said_in("test:quick")) == 10)
        assert town.edge.under_way.total() == 2
        for gate in town.edge.shut.values():
            gate.set()
        await town.edge.until(lambda: len(town.edge.parcels) == 18)
    assert all(town.edge.said_in(tenant) == ["1", "2"] for tenant in slow)


async def test_a_lane_that_another_replica_took_is_not_sent_in_any_more(town: Town) -> None:
    """Its holder was frozen during a call past its lease. Letters it had claimed are sent once by
    the other replica; the one in progress is sent again and marked."""
    await town.moves_in("test:a")
    await town.says_in_channels("test:a", "0", "1", "2")
    gate = town.edge.shut["test:a"] = asyncio.Event()
    other = town.another()

    def run_out() -> Script[None]:
        yield "lane_freed", {}

    async with running(town.house.courier):
        await town.edge.until(lambda: town.edge.under_way["test:a"] == 1)
        town.wall.ran += 100.0
        await town.house.database.tx(run_out)
        lease = other.leases.lease()
        scripts = town.house.scripts
        assert await town.house.database.tx(scripts.outbox.take_lane, "test:a", other.holder, lease)
        del town.edge.shut["test:a"]
        gate.set()
        await until(lambda: not town.house.courier.lanes.active)
        assert len(town.edge.parcels) == 1
        town.wall.at += timedelta(seconds=70)
        await other.settle()
    again = {words_of(one.card): one.again for one in town.edge.parcels[1:]}
    assert sorted(again) == ["0", "1", "2"]
    assert [words for words, marked in again.items() if marked] == town.edge.said()[:1]


async def test_a_letter_that_is_written_while_its_lane_is_served_is_found_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent at once, although the periodic look is far away."""
    await town.moves_in("test:a")
    async with running(town.house.courier):
        await town.says("test:a", "0")
        await town.edge.until(lambda: len(town.edge.parcels) == 1)
        monkeypatch.setattr("bot.core.timers.NAP", LONG_ENOUGH * 10)
        await until(lambda: not town.house.courier.lanes.active)
        for n in range(1, 20):
            await town.says("test:a", f"{n}")
        await town.edge.until(lambda: len(town.edge.parcels) == 20)
    assert town.edge.said() == [f"{n}" for n in range(20)]


async def test_a_thousand_lanes_are_held_and_renewed_and_let_go_when_nothing_is_sent_there(
    town: Town,
) -> None:
    """One statement renews all leases, and a lane is released when it is no longer used."""
    leases, lanes = town.house.courier.leases, town.house.courier.lanes
    tenants = [f"test:{n}" for n in range(1000)]

    def taken() -> Script[None]:
        for tenant in tenants:
            yield from town.house.scripts.outbox.take_lane(tenant, leases.holder, leases.lease())

    await town.house.database.tx(taken)
    for tenant in tenants:
        leases.used(tenant)
    await leases.keep(lanes.active)
    assert all(leases.until(tenant) == town.wall.ran + 30.0 for tenant in tenants)
    town.wall.ran += 31.0
    leases.used("test:0")
    await leases.keep({"test:1"})
    assert sorted(leases._ours) == ["test:0", "test:1"]
    assert len(leases._used) == 2

    def held() -> Script[list[Any]]:
        return (yield "lane_keep", {"holder": leases.holder, "real": 0, "lease": 1})

    assert len(await town.house.database.tx(held)) == 2


async def test_a_stop_lets_a_call_end_that_is_under_way(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letter is marked as sent, and other claimed letters are given back as if never
    claimed."""
    monkeypatch.setattr("bot.core.courier.STOP_SECONDS", LONG_ENOUGH)
    await town.moves_in("test:a")
    gate = town.edge.shut["test:a"] = asyncio.Event()
    courier = asyncio.create_task(town.house.courier.run())
    await town.says("test:a", "1", "2")
    await town.edge.until(lambda: town.edge.under_way["test:a"] == 1)
    courier.cancel()
    await until(lambda: not town.house.courier.lanes._open)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await courier
    rows = await town.house.database.read(town.house.scripts.outbox.letters)
    assert [(row["state"], row["attempts"]) for row in rows] == [("ready", 0)]
    assert town.edge.said() == ["1"]


async def test_an_order_waits_for_no_platform_and_nothing_is_stored_while_it_is_carried_out(
    town: Town,
) -> None:
    """A call in progress may end during the operator's command, and its result is stored
    afterwards."""
    await town.moves_in("test:a", "test:b")
    gate = town.edge.shut["test:a"] = asyncio.Event()
    async with running(town.house.courier):
        await town.says("test:a", "1")
        await town.edge.until(lambda: town.edge.under_way["test:a"] == 1)
        async with asyncio.timeout(LONG_ENOUGH), town.house.courier._pause.still(calls_end=False):
            gate.set()
            await town.edge.until(lambda: len(town.edge.parcels) == 1)
            await town.says("test:b", "2")
            for _ in range(20):
                await asyncio.sleep(0)
            rows = await town.house.database.read(town.house.scripts.outbox.letters)
            assert [row["state"] for row in rows] == ["sending", "ready"]
        await town.edge.until(lambda: len(town.edge.parcels) == 2)
        await until(lambda: not town.house.courier.lanes.active)
    assert await town.house.database.read(town.house.scripts.outbox.letters) == []


async def test_a_call_that_does_not_end_is_ended(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge without a timeout cannot block a workplace for ever."""
    monkeypatch.setattr("bot.core.sending.CALL_SECONDS", 0.01)
    await town.moves_in("test:a")
    town.edge.shut["test:a"] = asyncio.Event()
    async with running(town.house.courier):
        await town.says("test:a", "1")
        await until(lambda: town.edge.calls and not town.edge.under_way.total())
        monkeypatch.setattr("bot.core.sending.CALL_SECONDS", LONG_ENOUGH)
        town.edge.shut.clear()
        town.wall.at += timedelta(minutes=1)
        await town.edge.until(lambda: len(town.edge.parcels) == 1)
    assert [parcel.again for parcel in town.edge.parcels] == [True]


# --- what was released ----------------------------------------------------------------------


async def test_what_a_turn_released_is_not_sent_before_the_turn_has_ended(town: Town) -> None:
    """A lane that has read the released texts waits for the turn to commit; other workplaces do not
    wait."""
    await town.moves_in("test:a", "test:b")
    fence = town.house.fence
    async with running(town.house.courier):
        with fence.opens("test:a"):
            await town.says("test:a", "1")
            await town.says("test:b", "2")
            await town.edge.until(lambda: town.edge.said_in("test:b") == ["2"])
            await until(lambda: "test:a" in town.house.courier.lanes.active)
            assert town.edge.calls == ["test:b"]
        await town.edge.until(lambda: town.edge.said_in("test:a") == ["1"])


async def test_what_was_released_is_sent_when_the_log_is_empty_and_not_before(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is committed but the log could not be emptied: emptying is retried before anything
    is sent."""
    await town.moves_in("test:a")
    checkpoint, empty = town.house.database.checkpoint, False

    async def emptied() -> bool:
        return empty and await checkpoint()

    monkeypatch.setattr(town.house.database, "checkpoint", emptied)
    with pytest.raises(Unavailable), town.house.fence.opens("test:a"):
        raise Unavailable
    await town.says("test:a", "1")
    await town.house.courier.settle()
    assert town.edge.calls == []
    empty = True
    await town.house.courier.move_to(town.house.clock.now() + timedelta(seconds=10))
    assert town.edge.said() == ["1"]
    assert [parcel.again for parcel in town.edge.parcels] == [False]


# --- the parts ------------------------------------------------------------------------------


def test_the_line_is_first_come_first_served_and_the_slow_wait_apart() -> None:
    line = FairQueue()
    for tenant in ("a", "b", "a", "c"):
        line.join(tenant, slow=tenant == "a")
    line.join("a", slow=False)
    served: list[str] = []
    while (first := line.first(slow_too=len(served) > 1)) is not None:
        line.leave(first)
        served.append(first)
    assert served == ["b", "c", "a"]
    line.join("x", slow=True)
    line.join("y", slow=False)
    assert (line.first(slow_too=True), line.first(slow_too=False), len(line)) == ("x", "y", 2)


async def test_nothing_begins_while_all_is_still() -> None:
    """The pause begins only when all work in progress has ended."""
    pause = Pause()
    did: list[str] = []
    ends = asyncio.Event()

    async def works(name: str, wait: Awaitable[Any] | None = None) -> None:
        async with pause.working():
            did.append(f"{name} begins")
            if wait is not None:
                await wait
            did.append(f"{name} ends")

    async def stills() -> None:
        async with pause.still(calls_end=True):
            did.append("still")

    first = asyncio.create_task(works("first", ends.wait()))
    await asyncio.sleep(0)
    still = asyncio.create_task(stills())
    await asyncio.sleep(0)
    second = asyncio.create_task(works("second"))
    await asyncio.sleep(0)
    assert did == ["first begins"]
    ends.set()
    await asyncio.gather(first, still, second)
    assert did == ["first begins", "first ends", "still", "second begins", "second ends"]
    assert not pause.wanted


async def test_a_refusal_of_the_whole_workplace_ends_its_turn(town: Town) -> None:
    """One call is made, not one for each of its channels."""
    await town.moves_in("test:a")
    await town.says_in_channels("test:a", *(f"{n}" for n in range(5)))
    town.edge.fails = [DeliveryFailed("gone", held=True, retry_after=600, closed="workplace")]
    await town.house.courier.settle()
    assert town.edge.calls == ["test:a"]
