"""Two runs of Digi that can be compared byte by byte: with chance seeded by the name of each act, a
clock that stands still, and everything that is stored and seen at the end.

PostgreSQL counts transactions across databases, so there the order of transaction ids is compared
instead. Each connection puts new rows where it last had room, and Digi takes its connections in
turn, for looks as well; so here there is only one.
"""

from __future__ import annotations

import os
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.core.housekeeping import Housekeeping
from bot.core.leases import Leases
from bot.core.sending import LetterSender
from bot.core.timers import Timers
from storage.padding import Padding
from storage.postgres.connections import ConnectionPool, connection_pool
from storage.rekey import waiting
from storage.transactions import anonymous_pool as pools
from storage.transactions.letters import Letter
from storage.transactions.outbox import Lease
from tests.anonymity.hands import Dump, Seen, bytes_of, dump, running
from tests.worlds.stage import BEGINNING, Stage

AN_HOUR_US = 3_600_000_000
World = tuple[Dump, Seen, bytes]


class Dice:
    """All randomness of a run, seeded by the name of the current act."""

    def __init__(self) -> None:
        self.chance = random.Random()

    def thrown(self, act: str) -> None:
        self.chance.seed(act)

    def urandom(self, size: int) -> bytes:
        return self.chance.randbytes(size)


def _lease(leases: Leases, lease_us: int = AN_HOUR_US) -> Lease:
    """Leases go by a clock that cannot be stopped. Each renewal is a write, and how many there are
    would depend on how busy the machine is."""
    return Lease(leases._clock.real_us(), lease_us)


async def _one_connection(dsn: str, name: str, most: int) -> ConnectionPool:
    return await connection_pool(dsn, name, 1)


@contextmanager
def seeded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dice]:
    found = Dice()
    send, fire, minute = LetterSender.send, Timers._fire, Housekeeping.minute
    pads = Padding.pad

    async def sent(sender: LetterSender, letter: Letter) -> bool:
        found.thrown(f"{letter.id} of {letter.due}")
        return await send(sender, letter)

    async def fired(timers: Timers, letter: Letter) -> None:
        found.thrown(f"{letter.id} of {letter.due}")
        await fire(timers, letter)

    async def kept(housekeeping: Housekeeping) -> None:
        found.thrown(f"the house at {housekeeping._clock.now()}")
        await minute(housekeeping)

    async def pad(padding: Padding) -> None:
        await pads(padding)
        found.thrown("after as many pads as were missing")

    monkeypatch.setattr(Leases, "lease", _lease)
    monkeypatch.setattr(os, "urandom", found.urandom)
    monkeypatch.setattr("bot.core.leases.secrets.token_hex", lambda size: found.urandom(size).hex())
    monkeypatch.setattr(LetterSender, "send", sent)
    monkeypatch.setattr(Timers, "_fire", fired)
    monkeypatch.setattr(Housekeeping, "minute", kept)
    monkeypatch.setattr(Padding, "pad", pad)
    # The same number in each minute, also if an act is in the minute of a release.
    monkeypatch.setattr("storage.padding.WRITES", 4)
    monkeypatch.setattr("storage.migrate.time.time_ns", lambda: 0)
    monkeypatch.setattr("storage.postgres.driver._CHANCE", found.chance)
    monkeypatch.setattr("storage.postgres.driver.connection_pool", _one_connection)
    pools.set_chance(found.chance)
    yield found
    pools.set_chance(random.SystemRandom())


@asynccontextmanager
async def still_world(folder: Path, dice: Dice, either: str) -> AsyncIterator[Stage]:
    """A project whose clock stands still between moves, with a key that is no secret."""
    # The waiting key file of a database that is not created yet.
    key = waiting(folder / "key" / "digi.key")
    key.parent.mkdir(parents=True)
    key.write_bytes(b64encode(bytes(32)))
    dice.thrown("the beginning")
    still = Clock(real_us=lambda: round(BEGINNING.timestamp() * 1_000_000))
    async with running(folder, clock=still, either=either) as played:
        yield played


async def left(played: Stage, folder: Path, seen: Seen, either: str) -> World:
    """Return everything that is stored at the end, with what was seen."""
    await played.house.database.checkpoint()
    while ("stirred", "1") in [row[1:] for row in dump(folder)["meta"]]:
        # How often the fake clock was moved; a real clock passes every minute.
        await played.house.database.checkpoint()
    if either:
        # Leases use the server's clock, which cannot be stopped.
        house = played.house
        await house.database.tx(house.scripts.outbox.leave_lanes, house.courier.holder)
    rows = dump(folder)
    return in_order(rows) if either else rows, seen, bytes_of(folder)


def in_order(rows: Dump) -> Dump:
    """Return the rank of the transaction that wrote a row."""
    ours = {
        name: [row for row in table if row[2] != "oldest_code"]
        for name, table in rows.items()
        if name != "migration"  # older than the course, like the row above
    }
    numbers = sorted({int(row[1]) for table in ours.values() for row in table})
    nth = {str(number): n for n, number in enumerate(numbers)}
    return {
        name: [(place, nth[number], *rest) for place, number, *rest in table]
        for name, table in ours.items()
    }


def differences(one: World, other: World) -> list[str]:
    found = [f"table {table}" for table in one[0] if one[0][table] != other[0][table]]
    found += [f"view {key}" for key in one[1] if one[1][key] != other[1].get(key)]
    return found + ["file"] * (one[2] != other[2])
