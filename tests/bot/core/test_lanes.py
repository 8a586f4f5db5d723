"""With several replicas on one database, one replica at a time sends in a workplace."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.courier import Courier
from bot.core.leases import LANE_US, LEASE_US
from bot.platforms.common.ports import Parcel
from bot.server.build import House
from dialogs.model import events as e
from dialogs.model.effects import Say, Timer
from storage.sql import Script, Unavailable
from storage.transactions.letters import Letter
from storage.transactions.outbox import Lease
from storage.transactions.turns import Turn
from tests.waiting import LONG_ENOUGH
from tests.worlds.house import (
    MONDAY,
    TENANT,
    Fake,
    Paper,
    Wall,
    a_house,
    another_courier,
    asked,
    faked,
    found,
    note,
    words_of,
)

LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return faked(monkeypatch, "digest")


class Replicas:
    """One database with several couriers that do not know each other."""

    def __init__(self, house: House, edge: Paper, fake: Fake, folder: Path, either: str) -> None:
        self.house, self.edge, self.fake = house, edge, fake
        self._folder, self._either = folder, either
        self.first, self.second = house.courier, self.another()

    def another(self) -> Courier:
        house = self.house
        return another_courier(house)

    async def say(self, *texts: str, tenant: str = TENANT) -> None:
        project = f"{tenant}.p"
        await found(self.house, project, tenant=tenant)
        await turn(self.house, self.fake, tenant, project, *(Say(note(text)) for text in texts))

    async def run_out(self) -> None:
        """Expire the leases of all lanes without notifying anybody."""

        def over() -> Script[None]:
            yield "lane_freed", {}

        await self.house.database.tx(over)

    async def claim(self, courier: Courier) -> list[Letter]:
        """Claim the first letters of every lane that this courier can get."""
        letters: list[Letter] = []
        for tenant in await courier.lanes.due():
            letters += (await courier.lanes._claim(tenant)).letters
        return letters

    async def tries(self, courier: Courier) -> int:
        """Run one round as the courier does; an unavailable database does not end it."""
        try:
            await courier.sender.mark_arrived()
            return await courier.step()
        except Unavailable as error:
            courier.health.bad("lanes", error)
            return 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return asked(self._folder, self._either, sql)


async def turn(house: House, fake: Fake, tenant: str, project: str, *effects: Any) -> None:
    fake.does(*effects)
    id = f"{tenant}.{project}.{random.random()}"
    event = e.NewsGiven(project=project, text="", by="anne", at=MONDAY, id=id)
    await house.engine.turn(Turn(tenant, project, id, event, MONDAY))
    fake.acts = fake.note


@pytest.fixture
async def replicas(tmp_path: Path, fake: Fake, either: str) -> AsyncIterator[Replicas]:
    edge = Paper(repeats=False)
    async with a_house(tmp_path / "home", edge, Wall(), either) as house:
        yield Replicas(house, edge, fake, tmp_path / "home", either)


async def test_a_workplace_is_spoken_to_by_one_replica(replicas: Replicas) -> None:
    """While one replica holds the lane, the other finds no letters in it."""
    await replicas.say("1", "2", "3")
    [letter] = await replicas.claim(replicas.first)
    assert await replicas.claim(replicas.second) == []
    await replicas.house.database.tx(replicas.house.scripts.outbox.sent, letter, "x")
    assert await replicas.claim(replicas.second) == []
    assert len(await replicas.claim(replicas.first)) == 1


async def test_of_the_timers_that_are_due_the_first_are_claimed(replicas: Replicas) -> None:
    """At most one timer of each project is claimed, and no letters with them."""
    house = replicas.house
    for project, effect in (
        ("a", Timer("t", MONDAY)),
        ("b", Timer("t", MONDAY)),
        ("c", Say(note("said"))),
        ("d", Timer("t", MONDAY)),
        ("a", Timer("u", MONDAY)),
        ("e", Timer("t", MONDAY)),
    ):
        await found(house, project, channel=f"C{project}")
        await turn(house, replicas.fake, TENANT, project, effect)

    async def claimed(courier: Courier, limit: int) -> list[str]:
        letters = await house.database.tx(
            house.scripts.outbox.claim_timers,
            MONDAY,
            LEASE_US,
            limit,
            courier.holder,
            courier.leases.lease(),
        )
        return [letter.project for letter in letters]

    assert await claimed(replicas.first, 2) == ["a", "b"]
    assert await claimed(replicas.second, 2) == [], "the workplace's lane is the first one's"
    assert await claimed(replicas.first, 9) == ["d", "e"]
    assert [letter.project for letter in await replicas.claim(replicas.first)] == ["c"]


async def test_a_killed_replicas_lane_comes_back_with_all_that_it_held(replicas: Replicas) -> None:
    """Letters that it had claimed but not started are sent as certain; the one in progress is
    marked."""
    await replicas.say("1")
    await replicas.say("2", tenant="test:2")
    begun, _ = await replicas.claim(replicas.first)
    lane = replicas.first.leases.lease()
    assert await replicas.house.database.tx(replicas.house.scripts.outbox.sending, begun, lane)
    await replicas.run_out()
    await replicas.second.move_to(MONDAY + timedelta(minutes=2))
    arrived = zip(replicas.edge.said(), replicas.edge.parcels, strict=True)
    assert {said: parcel.again for said, parcel in arrived} == {"1": True, "2": False}
    assert replicas.rows("SELECT count(*) FROM letter") == [(0,)]


async def test_where_one_process_alone_can_serve_nobody_waits_for_a_killed_ones_lease(
    tmp_path: Path, fake: Fake
) -> None:
    """Holding the lock of the SQLite file proves that no other process lives: its letters are
    claimed at once, and the one in progress is marked."""
    edge, wall, home = Paper(repeats=False), Wall(), tmp_path / "home"
    async with a_house(home, edge, wall) as house:
        killed = Replicas(house, edge, fake, home, "")
        await killed.say("1")
        await killed.say("2", tenant="test:2")
        begun, _ = await killed.claim(killed.first)
        lane = killed.first.leases.lease()
        assert await house.database.tx(house.scripts.outbox.sending, begun, lane)
    async with a_house(home, edge, wall) as house:
        running = asyncio.ensure_future(house.courier.run())
        async with asyncio.timeout(LONG_ENOUGH):
            while len(edge.parcels) < 2:  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert {words_of(one.card): one.again for one in edge.parcels} == {"1": True, "2": False}


async def test_a_frozen_replica_can_do_nothing_with_what_it_held(replicas: Replicas) -> None:
    """It can do nothing before or after another replica has taken over, nor after taking the lane
    back."""
    await replicas.say("1")
    [held] = await replicas.claim(replicas.first)
    tx, scripts = replicas.house.database.tx, replicas.house.scripts
    await replicas.run_out()
    assert not await tx(scripts.outbox.sending, held, replicas.first.leases.lease())
    assert await tx(
        scripts.outbox.take_lane, TENANT, replicas.second.holder, replicas.second.leases.lease()
    )
    [taken] = await replicas.claim(replicas.second)
    assert not await tx(scripts.outbox.sending, held, replicas.first.leases.lease())
    await replicas.run_out()
    assert await tx(
        scripts.outbox.take_lane, TENANT, replicas.first.holder, replicas.first.leases.lease()
    )
    assert not await tx(scripts.outbox.sending, held, replicas.first.leases.lease())
    assert not await tx(scripts.outbox.sent, held, "stale")
    await tx(scripts.outbox.later, held, MONDAY, False)
    await tx(scripts.outbox.dead, (held,), None)
    assert not await tx(scripts.outbox.sending, taken, replicas.second.leases.lease())
    assert replicas.rows("SELECT state FROM letter") == [("ready",)]
    assert [letter.id for letter in await replicas.claim(replicas.first)] == [held.id]


async def test_a_replica_that_ends_in_order_leaves_its_lanes(replicas: Replicas) -> None:
    """During a rolling update nobody has to wait for leases to expire."""
    await replicas.say("1")
    running = asyncio.ensure_future(replicas.first.run())
    async with asyncio.timeout(LONG_ENOUGH):
        while not replicas.edge.parcels:  # noqa: ASYNC110 - it happens in another thread
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await replicas.say("2", tenant="test:2")
    await turn(replicas.house, replicas.fake, TENANT, f"{TENANT}.p", Say(note("3")))
    await replicas.second.settle()
    assert sorted(replicas.edge.said()) == ["1", "2", "3"]


async def test_of_several_replicas_one_keeps_the_house(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One replica does the minute's and the night's maintenance; when it is gone, another does."""
    did: list[str] = []
    rewrite, checkpoint = replicas.house.scripts.pools.rewrite, replicas.house.database.checkpoint

    def rewritten(tenant: str, project: str, now: datetime) -> Script[None]:
        did.append("rewritten")
        yield from rewrite(tenant, project, now)

    async def emptied() -> bool:
        did.append("emptied")
        return await checkpoint()

    monkeypatch.setattr(replicas.house.scripts.pools, "rewrite", rewritten)
    monkeypatch.setattr(replicas.house.database, "checkpoint", emptied)
    await replicas.say("1")
    for courier in (replicas.first, replicas.second, replicas.another()):
        await courier.keep_house()
    assert Counter(did) == {"emptied": 1, "rewritten": 1}
    await replicas.run_out()
    await replicas.another().keep_house()
    assert Counter(did) == {"emptied": 2, "rewritten": 1}


class Sluggish(Paper):
    """A platform that takes twelve seconds for each message, while another replica is running."""

    def __init__(self, wall: Wall) -> None:
        super().__init__(repeats=False)
        self._wall = wall
        self.other: Courier | None = None

    async def deliver(self, parcel: Parcel) -> str:
        for _ in range(4):
            self._wall.at += timedelta(seconds=3)
            self._wall.ran += 3
            if self.other is not None:
                await self.other.step()
        return await super().deliver(parcel)


async def test_a_slow_replica_keeps_what_it_is_saying(tmp_path: Path, fake: Fake) -> None:
    """Sending ten messages takes longer than a lease; the lease is renewed before each, so none is
    sent twice."""
    wall = Wall()
    edge = Sluggish(wall)
    async with a_house(tmp_path / "home", edge, wall) as house:
        replicas = Replicas(house, edge, fake, tmp_path / "home", "")
        for n in range(10):
            await found(house, f"p{n}", channel=f"C{n}")
            await turn(house, fake, TENANT, f"p{n}", Say(note(f"{n}")))
        edge.other = replicas.second
        await replicas.first.step()
        assert sorted(edge.said()) == [f"{n}" for n in range(10)]
        assert not any(parcel.again for parcel in edge.parcels)


async def test_after_the_database_was_away_who_spoke_then_has_the_first_word(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica sent a message and could not record it while leases expired. The other replica,
    which also lost the database, waits for the length of a lease, so nothing is sent twice."""
    first, second, wall = replicas.first, replicas.second, Wall(LATER)
    for courier in (first, second):
        monkeypatch.setattr(courier._clock, "_real_us", lambda: _us(wall.at))
        monkeypatch.setattr(courier._clock, "_monotonic", lambda: wall.ran)
    await replicas.say("1", "2")
    tx, read, away = replicas.house.database.tx, replicas.house.database.read, False

    async def fails(script: Any, *args: Any) -> Any:
        if away:
            raise Unavailable("away")
        return await tx(script, *args)

    async def fails_to_read(script: Any, *args: Any) -> Any:
        if away:
            raise Unavailable("away")
        return await read(script, *args)

    deliver = replicas.edge.deliver

    async def delivers(parcel: Parcel) -> str:
        nonlocal away
        away = True
        return await deliver(parcel)

    monkeypatch.setattr(replicas.house.database, "tx", fails)
    monkeypatch.setattr(replicas.house.database, "read", fails_to_read)
    with monkeypatch.context() as patched:
        patched.setattr(replicas.edge, "deliver", delivers)
        for courier in (first, second):
            assert not await replicas.tries(courier)
    away = False
    over = Lease(_us(wall.at), 1)
    assert await tx(replicas.house.scripts.outbox.take_lane, TENANT, first.holder, over)
    wall.at += timedelta(minutes=3)
    assert replicas.rows("SELECT state FROM letter ORDER BY seq")[0] == ("sending",)
    assert not await second.step()
    while await replicas.tries(first):
        pass
    assert replicas.edge.said() == ["1", "2"]
    assert not any(parcel.again for parcel in replicas.edge.parcels)
    await turn(replicas.house, replicas.fake, TENANT, f"{TENANT}.p", Say(note("3")))
    assert await tx(replicas.house.scripts.outbox.take_lane, TENANT, first.holder, over)
    assert not await second.step()
    wall.ran += LANE_US / 1_000_000
    assert await second.step()
    assert replicas.edge.said() == ["1", "2", "3"]


# --- the race -------------------------------------------------------------------------------


class Slow(Paper):
    """An edge that freezes its replica at the first parcel until the test thaws it: before the
    platform is called or, with `deaf`, after the platform has the message but before it answers."""

    def __init__(self, sent: Counter[str], *, deaf: bool) -> None:
        super().__init__(repeats=False)
        self.sent = sent
        self.deaf = deaf
        self.frozen: asyncio.Event | None = None
        self.thawed = asyncio.Event()

    async def deliver(self, parcel: Parcel) -> str:
        if self.frozen is not None and not self.thawed.is_set():
            self.frozen.set()
            await self.thawed.wait()
            if not self.deaf:
                parcel.still_ours()
        self.sent[f"{parcel.tenant} {parcel.channel}"] += 1
        return await super().deliver(parcel)


@asynccontextmanager
async def a_replica(folder: Path, edge: Paper, dsn: str) -> AsyncIterator[House]:
    async with a_house(folder, edge, Wall(LATER), dsn) as house:
        yield house


@pytest.mark.parametrize("deaf", [True, False], ids=["deaf", "mute"])
@pytest.mark.parametrize(
    ("count", "digests"),
    [
        (2, 40),
        pytest.param(2, 1000, marks=pytest.mark.long),
        pytest.param(5, 1000, marks=pytest.mark.long),
    ],
)
async def test_replicas_that_race_for_digests_send_each_once(
    tmp_path: Path,
    fake: Fake,
    postgres_dsn: str,
    count: int,
    digests: int,
    figures: Callable[[str], None],
    *,
    deaf: bool,
) -> None:
    """Digests of twenty workplaces are due at once, and one replica is frozen during a delivery
    past its lease. Each digest is decided and delivered once. Only the message in progress at the
    freeze is sent again, marked, because nobody can know whether it arrived."""
    sent: Counter[str] = Counter()
    edges = [Slow(sent, deaf=deaf) for _ in range(count)]
    edges[0].frozen = asyncio.Event()
    decided: Counter[str] = Counter()

    def weekly(state: Any, event: Any, known: Any) -> Any:
        if not isinstance(event, e.Woke):
            return Fake.note(state, event, known)
        decided[event.project] += 1
        again = Timer("digest", event.at + timedelta(days=7))
        return state, (again, Say(note("overview"), once=f"overview:{event.at:%G-W%V}"))

    async with AsyncExitStack() as stack:
        houses = [
            await stack.enter_async_context(a_replica(tmp_path / "home", edge, postgres_dsn))
            for edge in edges
        ]
        for n in range(digests):
            tenant, project = f"test:{n % 20}", f"p{n}"
            await found(houses[-1], project, channel=f"C{n}", tenant=tenant)
            await turn(houses[-1], fake, tenant, project, Timer("digest", MONDAY))
        fake.acts = weekly
        frozen = asyncio.ensure_future(houses[0].courier.settle())
        await edges[0].frozen.wait()
        held = len(asked(tmp_path, postgres_dsn, _HELD))
        await asyncio.gather(*(house.courier.settle() for house in houses[1:]))
        assert len(sent) < digests, "the frozen one's lanes are its own until its lease is over"
        await houses[0].database.tx(_run_out)
        for house in houses[1:]:
            house.clock.move_to(_us(LATER + timedelta(minutes=5)))
        for _ in range(3):
            await asyncio.gather(*(house.courier.settle() for house in houses[1:]))
        assert len(sent) == digests, "the others say what it could not"
        edges[0].thawed.set()
        await frozen
        houses[0].clock.move_to(_us(LATER + timedelta(minutes=5)))
        for _ in range(3):
            await asyncio.gather(*(house.courier.settle() for house in houses))
        assert asked(tmp_path, postgres_dsn, _WAITING) == [(0,)]
    assert len(sent) == digests
    assert set(decided.values()) == {1}
    parcels = [parcel for edge in edges for parcel in edge.parcels]
    twice = [where for where, times in sent.items() if times > 1]
    assert len(parcels) - digests == len(twice) == int(deaf)
    assert sum(parcel.again for parcel in parcels) == 1
    frozen_in = "an unanswered call" if deaf else "front of a call"
    figures(
        f"{count} replicas, {digests} digests, {held} lanes of 20 held by one frozen in"
        f" {frozen_in}: {len(sent)} arrived, {len(twice)} of them twice (marked)"
    )


_HELD = "SELECT tenant FROM lane WHERE tenant <> ''"
_WAITING = "SELECT count(*) FROM letter WHERE kind <> 'timer'"


def _run_out() -> Script[None]:
    yield "lane_freed", {}


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
