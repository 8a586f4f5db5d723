"""The courier: the outbox worker. It sends every stored message and fires every timer.

Its loops run side by side and none waits for another: `timers` fires what is due, `lanes` sends
each workplace's letters in a task of its own, `housekeeping` does the work of each minute and
night, and one loop renews the leases of the lanes in use. Only `lanes` waits for platforms.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from bot.clock import Clock
from bot.core import leases
from bot.core.clock_watch import ClockWatch
from bot.core.health import Health
from bot.core.housekeeping import Housekeeping
from bot.core.lanes import Lanes
from bot.core.leases import Leases
from bot.core.listeners import Listeners
from bot.core.pause import Pause
from bot.core.release_fence import ReleaseFence
from bot.core.sending import LetterSender
from bot.core.tally import Tally
from bot.core.timers import Timers
from bot.core.turn_runner import TurnRunner
from bot.core.views import Views
from bot.log import Log
from bot.supervise import supervise
from storage.database import Database
from storage.transactions.store import Scripts

STOP_SECONDS = 3.0
"""How many seconds calls in progress may take at shutdown. After cancelling a call it is unknown
whether its message arrived."""


class Courier:
    def __init__(
        self,
        database: Database,
        scripts: Scripts,
        clock: Clock,
        log: Log,
        *,
        turns: TurnRunner,
        views: Views,
        fence: ReleaseFence,
        listeners: Listeners,
        tally: Tally,
        pause: Pause,
        nightly: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._clock = clock
        self._log = log
        self._freed = not database.alone  # other replicas may be alive and keep their claims
        self._freeing = asyncio.Lock()
        self._pause = pause
        self.health = Health(clock, log)
        self.leases = Leases(database, scripts.outbox, clock, self.health)
        self.watch = ClockWatch(database, scripts.outbox, clock, log, self.leases.holder)
        self.sender = LetterSender(
            database,
            scripts.outbox,
            scripts.reading,
            clock,
            log,
            views=views,
            turns=turns,
            fence=fence,
            listeners=listeners,
            leases=self.leases,
            pause=pause,
        )
        self._add_loops(turns, tally, nightly)
        listeners.add_courier(self._wake)

    def _add_loops(
        self, turns: TurnRunner, tally: Tally, nightly: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Create what fires timers, sends letters and tidies up."""
        self.timers = Timers(
            self._database,
            self._scripts.outbox,
            turns,
            self._clock,
            self._log,
            watch=self.watch,
            leases=self.leases,
            pause=self._pause,
            health=self.health,
        )
        self.lanes = Lanes(
            self._database,
            self._scripts.outbox,
            self._clock,
            watch=self.watch,
            leases=self.leases,
            sender=self.sender,
            pause=self._pause,
            health=self.health,
        )
        self.housekeeping = Housekeeping(
            self._database,
            self._scripts,
            self._clock,
            self._log,
            tally=tally,
            nightly=nightly,
            leases=self.leases,
            pause=self._pause,
            health=self.health,
        )

    @property
    def holder(self) -> str:
        return self.leases.holder

    def idle(self) -> float:
        """Return the seconds since the last successful round of the loop that is furthest
        behind."""
        return self.health.idle()

    def _wake(self, tenant: str) -> None:
        self.timers.wake()
        self.lanes.wake(tenant)

    # --- by itself ------------------------------------------------------------------------

    async def run(self) -> None:
        """Run all loops until cancelled."""
        works = (
            self._run_timers,
            self._run_lanes,
            self._keep_lanes,
            self.housekeeping.run,
            self.housekeeping.run_nights,
        )
        tasks = [
            asyncio.create_task(supervise("courier", work, self._log.failed)) for work in works
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.lanes.close(STOP_SECONDS)
            with suppress(Exception):
                await self.leases.leave()

    async def _run_timers(self) -> None:
        await self.timers.run(self._free)

    async def _run_lanes(self) -> None:
        await self.lanes.run(self._free)

    async def _free(self) -> None:
        """At startup on SQLite: clear the claims that a previous process left."""
        async with self._freeing:
            if not self._freed:
                await self._database.tx(self._scripts.outbox.freed)
                self._freed = True

    async def _keep_lanes(self) -> None:
        while True:
            await asyncio.sleep(leases.KEPT_EVERY)
            with suppress(Exception):  # the lanes meet the same error and report it
                await self.leases.keep(self.lanes.active)

    # --- step by step ---------------------------------------------------------------------

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the courier still, after all platform calls in progress have ended."""
        async with self._pause.still(calls_end=True):
            yield

    async def settle(self) -> None:
        """Fire and send until nothing is due."""
        async with self.alone():
            await self._drain()

    async def move_to(self, target: datetime) -> None:
        """Step the clock to each due moment up to the target; at each, drain until quiet."""
        async with self.alone():
            await self._drain()
            while True:
                due = await self._database.read(self._scripts.outbox.next_due, self._clock.now())
                if due is None or due > target:
                    break
                await self._set_clock(due)
                await self.keep_house()
                await self._drain()
            if target > self._clock.now():
                await self._set_clock(target)
            await self.keep_house()

    async def step(self) -> int:
        """Fire due timers and give each lane one turn; returns the number of letters processed."""
        await self.watch.look()
        dealt_with = await self.timers.round()
        for tenant in await self.lanes.due():
            dealt_with += await self.lanes.turn(tenant)
        return dealt_with

    async def keep_house(self) -> None:
        await self.housekeeping.minute()
        await self.housekeeping.night()

    async def _drain(self) -> None:
        while await self.step():
            pass

    async def _set_clock(self, at: datetime) -> None:
        try:
            offset = self._clock.move_to(round(at.timestamp() * 1_000_000))
        except ValueError:
            return  # real time has passed the target meanwhile
        await self._database.tx(self._scripts.set_meta, "clock_offset_us", str(offset))

    def begins_again(self) -> None:
        """Called when the playground starts over with real time and an empty workplace."""
        self.watch.begins_again()
