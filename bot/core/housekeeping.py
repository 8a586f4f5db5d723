"""Maintenance by the clock, whether anybody writes or not: each minute, each hour, each night.

Of several replicas one does it ("keeps the house"): the one with the lease on the lane "".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from bot.clock import Clock
from bot.core.health import Health
from bot.core.leases import Leases
from bot.core.pause import Pause
from bot.core.tally import Tally
from bot.log import Log
from storage.database import Database
from storage.padding import Padding
from storage.transactions.store import Scripts

HOUSE = ""
HOUSE_US = 150_000_000
"""Longer than a minute, so that the same replica renews it from one minute to the next."""
POOLS_AT_ONCE = 100
EVERY = 1.0


class Housekeeping:
    def __init__(
        self,
        database: Database,
        scripts: Scripts,
        clock: Clock,
        log: Log,
        *,
        tally: Tally,
        nightly: Callable[[], Awaitable[None]] | None,
        leases: Leases,
        pause: Pause,
        health: Health,
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._tally = tally
        self._nightly = nightly
        """Further nightly work, called after the pools were rewritten."""
        self._clock = clock
        self._log = log
        self._leases = leases
        self._pause = pause
        self._health = health
        self.padding = Padding(database, scripts, lambda: tally.unsigned_turns)
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._hour: datetime | None = None
        self._night = date.min
        self._one_night = asyncio.Lock()
        self._keeps_house = False

    async def run(self) -> None:
        """Do the work of each minute and hour. The night's may take long and has its own loop."""
        while True:
            try:
                async with self._pause.working():
                    await self.minute()
                self._health.good("house")
            except Exception as error:
                self._health.bad("house", error)
            await asyncio.sleep(EVERY)

    async def run_nights(self) -> None:
        while True:
            try:
                await self.night()
                self._health.good("night")
            except Exception as error:
                self._health.bad("night", error)
            await asyncio.sleep(EVERY)

    async def minute(self) -> None:
        """Once in each minute: the database's log is emptied, and its counters are padded."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        if minute != self._minute:
            self._keeps_house = bool(
                await self._database.tx(
                    self._scripts.outbox.take_lane,
                    HOUSE,
                    self._leases.holder,
                    self._leases.lease(HOUSE_US),
                )
            )
            self._minute = minute
            self._scripts.vault.fade()
            await self.padding.pad()
            if self._keeps_house:
                await self._database.checkpoint()
        hour = minute.replace(minute=0)
        if hour != self._hour and self._hour is not None:
            # Not when they happen: a log line's time could tell when an unsigned text came.
            for kind, times in self._tally.failures.items():
                self._log.failed("presses and forms of an hour", f"{kind} ({times})")
            self._tally.failures.clear()
            # The same for damaged values: the time would tell when somebody looked.
            unreadable = self._scripts.vault.unreadable
            for table, times in unreadable.items():
                self._log.failed("damaged values of an hour", f"{table} ({times})")
            unreadable.clear()
        self._hour = hour

    async def night(self) -> None:
        """Once in each night: all pools are rewritten, and what else there is to do."""
        async with self._one_night:
            now = self._clock.now()
            night = (now - timedelta(hours=2)).date()
            if night == self._night or not self._keeps_house:
                return
            await self._rewrite_pools(night.isoformat())
            await self._database.tx(self._scripts.prune, now)
            self._night = night
            if self._nightly is not None:
                await self._nightly()

    async def _rewrite_pools(self, night: str) -> None:
        """Once each night, whether anybody wrote or not."""
        # Stored in the database, so that a night during which Digi was down is made up for.
        if await self._database.read(self._scripts.meta, "pools_rewritten") == night:
            return
        pools = await self._database.read(self._scripts.pools.every)
        now = self._clock.now()
        for first in range(0, len(pools), POOLS_AT_ONCE):
            some = pools[first : first + POOLS_AT_ONCE]
            await asyncio.gather(
                *(self._database.tx(self._scripts.pools.rewrite, *pool, now) for pool in some)
            )
        await self._database.tx(self._scripts.set_meta, "pools_rewritten", night)
        await self._database.clear()
