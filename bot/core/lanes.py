"""Sends the letters of each workplace (its lane) in a task of its own, fairly between workplaces.

    letters written in T --> T waits in line --> a task has T's lane for a turn --> back in line
                                  (first come,       (claims, sends one letter        while more
                                   first served)      after the other)                is due)

At most 64 tasks run at once. While other lanes wait, a task sends one letter and goes to the end of
the line, so a lane waits no longer than the sending of one letter of each lane before it.
Workplaces with a slow platform get at most half of the tasks, so that an outage of a platform
leaves the rest free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import count

from bot.clock import Clock
from bot.core import leases
from bot.core.clock_watch import ClockWatch
from bot.core.health import Health
from bot.core.leases import Leases
from bot.core.pause import Pause
from bot.core.sending import LetterSender
from bot.core.timers import nap
from storage.database import Database
from storage.transactions.outbox import Claimed, Outbox

AT_ONCE = 64
"""Lanes served at the same time; the HTTP clients' connection limits are a little higher."""
SLOW_AT_ONCE = 32
CLAIMED = 20
"""Letters claimed at once while no other lane waits."""


class FairQueue:
    """Lanes waiting for a task, first come, first served; lanes with a slow platform in a queue of
    their own."""

    def __init__(self) -> None:
        self._tickets = count()
        self._quick: dict[str, int] = {}
        self._slow: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._quick) + len(self._slow)

    def join(self, tenant: str, *, slow: bool) -> None:
        if tenant not in self._quick and tenant not in self._slow:
            (self._slow if slow else self._quick)[tenant] = next(self._tickets)

    def first(self, *, slow_too: bool) -> str | None:
        quick = next(iter(self._quick), None)
        slow = next(iter(self._slow), None) if slow_too else None
        if quick is None or slow is None:
            return slow if quick is None else quick
        return quick if self._quick[quick] < self._slow[slow] else slow

    def leave(self, tenant: str) -> None:
        self._quick.pop(tenant, None)
        self._slow.pop(tenant, None)

    def clear(self) -> None:
        self._quick.clear()
        self._slow.clear()


class Lanes:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        *,
        watch: ClockWatch,
        leases: Leases,
        sender: LetterSender,
        pause: Pause,
        health: Health,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._watch = watch
        self._leases = leases
        self._sender = sender
        self._pause = pause
        self._health = health
        self._line = FairQueue()
        self._active: dict[str, asyncio.Task[bool]] = {}
        self._again: set[str] = set()
        """Lanes whose running task may have missed new letters."""
        self._woken = asyncio.Event()
        self._open = False
        self._turns_failed = False

    @property
    def active(self) -> frozenset[str]:
        """The workplaces whose lanes are being served now."""
        return frozenset(self._active)

    # --- who is served --------------------------------------------------------------------

    def wake(self, tenant: str = "") -> None:
        """Letters were written in this workplace, or (no tenant) in any."""
        if not self._open:
            return  # at the start all lanes are looked up
        if not tenant:
            self._woken.set()
        elif tenant in self._active:
            self._again.add(tenant)
        else:
            self._joins(tenant)

    def _joins(self, tenant: str) -> None:
        self._line.join(tenant, slow=tenant in self._sender.slow)
        self._start()

    def _start(self) -> None:
        while self._open and len(self._active) < AT_ONCE and (tenant := self._next()) is not None:
            self._line.leave(tenant)
            task = asyncio.create_task(self._serve(tenant), name=f"lane {tenant}")
            self._active[tenant] = task
            task.add_done_callback(partial(self._ended, tenant))

    def _next(self, leaving: str = "") -> str | None:
        return self._line.first(slow_too=self._slow_but(leaving) < SLOW_AT_ONCE)

    def _slow_but(self, leaving: str) -> int:
        return sum(one in self._sender.slow for one in self._active if one != leaving)

    def _others_want_its_task(self, tenant: str) -> bool:
        if self._next(leaving=tenant) is not None:
            return True
        return tenant in self._sender.slow and self._slow_but(tenant) >= SLOW_AT_ONCE

    def _ended(self, tenant: str, task: asyncio.Task[bool]) -> None:
        del self._active[tenant]
        more = tenant in self._again
        self._again.discard(tenant)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            # The next look, at most a second from now, finds its lane again.
            self._turns_failed = True
            if self._open:
                self._health.bad("lanes", error or asyncio.CancelledError())
        elif more or task.result():
            self._joins(tenant)
        self._start()

    # --- one lane -------------------------------------------------------------------------

    async def _serve(self, tenant: str) -> bool:
        """Serve a lane until nothing is due or another lane waits; True if more may be due."""
        while True:
            async with self._pause.working():
                if not self._open:
                    return False
                tried = await self.turn(tenant)
            self._turns_failed = False
            if not tried:
                return False
            if self._others_want_its_task(tenant):
                return True

    async def turn(self, tenant: str) -> int:
        """Claim letters of a lane and send one after the other until another lane wants the task;
        returns how many were tried. Letters that were not tried are given back."""
        letters = (await self._claim(tenant)).letters
        tried = 0
        for letter in letters:
            if tried and self._gives_way(tenant):
                rest = letters[tried:]
                await self._database.tx(self._outbox.unclaim, rest, self._clock.now())
                break
            self._leases.used(tenant)
            tried += 1
            if not await self._sender.send(letter):
                break
        return tried

    async def _claim(self, tenant: str) -> Claimed:
        asked, lease = self._clock.monotonic(), self._leases.lease()
        limit = 1 if self._gives_way(tenant) else CLAIMED
        claimed: Claimed = await self._database.tx(
            self._outbox.claim,
            tenant,
            self._clock.now(),
            leases.LEASE_US,
            limit,
            self._leases.holder,
            lease,
            self._leases.patient(),
        )
        if claimed.taken:
            self._leases.took(tenant, asked, lease)
        return claimed

    def _gives_way(self, tenant: str) -> bool:
        if tenant not in self._active:
            return False  # stepped by the playground or a test, not run as a task
        return not self._open or self._pause.wanted or self._others_want_its_task(tenant)

    # --- all lanes ------------------------------------------------------------------------

    async def run(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Look once a second for letters that became due or that another process wrote. `ready` is
        awaited before each round."""
        while True:
            self._woken.clear()
            try:
                await ready()
                self._open = True
                async with self._pause.working():
                    await self._look()
                if not self._turns_failed:
                    self._health.good("lanes")
            except Exception as error:
                self._health.bad("lanes", error)
            seconds = await nap(self._database, self._outbox, self._clock)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    async def _look(self) -> None:
        await self._watch.look()
        await self._sender.mark_arrived(but=self._active)
        for tenant in await self.due():
            if tenant not in self._active:
                self._joins(tenant)

    async def due(self) -> list[str]:
        """Workplaces with due letters that this process may claim."""
        found: list[str] = await self._database.read(
            self._outbox.lanes_due,
            self._clock.now(),
            self._leases.holder,
            self._leases.lease(),
            self._leases.patient(),
        )
        return found

    async def close(self, seconds: float) -> None:
        """Start nothing more, give calls in progress so many seconds, then cancel them."""
        self._open = False
        self._line.clear()
        tasks = set(self._active.values())
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
