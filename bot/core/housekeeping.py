"""What happens by the clock whether anybody writes or not: each minute, each hour, each night.

Of several replicas one keeps the house: it holds the lane of the workplace without a name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from bot.clock import Clock
from bot.core.engine import Engine
from bot.core.health import Health
from bot.core.leases import Leases
from bot.core.pause import Pause
from bot.log import Log
from storage.padding import Padding
from storage.transactions.store import Database, Scripts

HOUSE = ""
HOUSE_US = 150_000_000
"""Longer than a minute: the same replica keeps the house from one minute to the next."""
POOLS_AT_ONCE = 100
EVERY = 1.0


class Housekeeping:
    def __init__(
        self,
        database: Database,
        scripts: Scripts,
        engine: Engine,
        clock: Clock,
        log: Log,
        *,
        leases: Leases,
        pause: Pause,
        health: Health,
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._engine = engine
        self._clock = clock
        self._log = log
        self._leases = leases
        self._pause = pause
        self._health = health
        self.padding = Padding(database, scripts, lambda: engine.unsigned_turns)
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._hour: datetime | None = None
        self._night = date.min
        self._one_night = asyncio.Lock()
        self._keeps_house = False
        self.nightly: Callable[[], Awaitable[None]] | None = None
        """What else there is to do each night, once the pools have been rewritten."""

    async def run(self) -> None:
        """Minutes and hours. The night's work may take longer and has a loop of its own."""
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
                    self._scripts.take_lane,
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
            # Not at their moment: that would be a clock for those who write without a name.
            for kind, times in self._engine.failures.items():
                self._log.failed("presses and forms of an hour", f"{kind} ({times})")
            self._engine.failures.clear()
            # Nor what does not open: somebody was looking at it.
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
            if self.nightly is not None:
                await self.nightly()

    async def _rewrite_pools(self, night: str) -> None:
        """Once each night, whether anybody wrote or not."""
        # Kept in the store: a night that Digi slept through is made good at the start.
        if await self._database.read(self._scripts.meta, "pools_rewritten") == night:
            return
        pools = await self._database.read(self._scripts.pools)
        now = self._clock.now()
        for first in range(0, len(pools), POOLS_AT_ONCE):
            some = pools[first : first + POOLS_AT_ONCE]
            await asyncio.gather(
                *(self._database.tx(self._scripts.rewrite_pool, *pool, now) for pool in some)
            )
        await self._database.tx(self._scripts.set_meta, "pools_rewritten", night)
        await self._database.clear()
