"""Pads the database's own counters, so that they do not count what was said without a name.

SQLite counts its commits and each reset of its write-ahead log; PostgreSQL counts transactions, row
versions and vacuums. An unsigned turn raises each of them by one, so two copies of the files would
tell how many there were in between. Once a minute the rest up to a fixed step is made up with
writes of the same kind: the rows of pools are sealed anew.

The step is constant. A random number of extra writes would average out over many minutes.
"""

import itertools
import random
from collections.abc import Callable
from contextlib import suppress

from storage.database import Database
from storage.sql import Conflict, Unavailable
from storage.transactions.store import Scripts
from storage.vault import Unreadable

WRITES = 16
"""Pool writes a minute: more than people make without a name in one minute, except when a whole
workshop sends at once. Then the step of that minute is the next power of two."""
_CHANCE = random.SystemRandom()


def step(made: int, floor: int) -> int:
    """The smallest power of two that is not below `made`, and never less than `floor`."""
    return floor if made <= floor else 1 << (made - 1).bit_length()


class Padding:
    """The padding of one process. Each replica pads what it has written itself."""

    def __init__(
        self, database: Database, scripts: Scripts, unsigned_turns: Callable[[], int]
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._unsigned_turns = unsigned_turns
        self._extra = 0
        self._begun = False
        # Where the counters stood after the last minute that was padded to its end.
        self._written = 0
        self._cleared = 0

    async def pad(self) -> None:
        """Bring this minute's counts to the step. Called each minute, and before the last close."""
        # Whoever writes next reports a full disk or a server that is away. What is missing then
        # is padded in the next minute: it starts from where the counters stood before.
        with suppress(Unavailable, Conflict):
            if not self._begun:
                # SQLite draws the log's first number at random when it writes the first frame.
                await self._database.clear()
                self._cleared = self._clearings()
                self._begun = True
            pools = await self._database.read(self._scripts.pools.every)
            # Named turns that come together share one vacuum, so there may be fewer of these.
            self._cleared = min(self._cleared, self._clearings())
            if pools:  # without one nobody can write without a name
                await self._pad_writes(pools)
                await self._pad_clearings()

    def _writes(self) -> int:
        return self._unsigned_turns() + self._extra

    def _clearings(self) -> int:
        # Those of named turns (a release, a deletion) are told by their rows and need no padding.
        # They may be ten thousand in one minute.
        sealed, cleared, each = self._database.counts()
        return cleared - each * (sealed - self._unsigned_turns())

    async def _pad_writes(self, pools: list[tuple[str, str]]) -> None:
        target = self._written + step(self._writes() - self._written, WRITES)
        # Every pool's bytes change, whether anybody wrote into it or not; where there are more
        # pools than writes, those of a random selection.
        _CHANCE.shuffle(pools)
        turn = itertools.cycle(pools)
        while self._writes() < target:
            await self._database.probe()
            with suppress(Unreadable):  # a damaged pool is reported by whoever uses it
                await self._database.tx(self._scripts.pools.put_as_it_is, *next(turn))
            await self._database.clear()
            self._extra += 1
        self._written = target

    async def _pad_clearings(self) -> None:
        # As many as the writes make, and the minute's own.
        floor = self._database.counts().each * WRITES + WRITES // 2
        target = self._cleared + step(self._clearings() - self._cleared, floor)
        for _ in range(target - self._clearings()):
            await self._database.clear()
        if self._clearings() >= target:  # where no reader held the log meanwhile
            self._cleared = target
