"""Fires timers: letters that are due later and come back as the event `Woke`. Calls no platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import msgspec

from bot.clock import Clock
from bot.core import leases
from bot.core.clock_watch import ClockWatch
from bot.core.health import Health, is_reported
from bot.core.leases import Leases
from bot.core.pause import Pause
from bot.core.sending import backoff
from bot.core.turn_runner import TurnRunner
from bot.log import Log
from dialogs.model.events import Woke
from storage.database import Database
from storage.sql import StoreError
from storage.transactions.letters import Letter, TimerBody
from storage.transactions.outbox import Outbox
from storage.transactions.turns import Turn

AT_ONCE = 64
"""Timers fired side by side; on SQLite their turns share one commit."""
NAP = 1.0


class Timers:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        turns: TurnRunner,
        clock: Clock,
        log: Log,
        *,
        watch: ClockWatch,
        leases: Leases,
        pause: Pause,
        health: Health,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._turns = turns
        self._clock = clock
        self._log = log
        self._watch = watch
        self._leases = leases
        self._pause = pause
        self._health = health
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Check for due timers now, because one may have been stored."""
        self._woken.set()

    async def run(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Fire due timers until cancelled; `ready` is awaited before each round."""
        while True:
            self._woken.clear()
            try:
                await ready()
                async with self._pause.working():
                    fired = await self.round()
                self._health.good("timers")
            except Exception as error:
                self._health.bad("timers", error)
                fired = 0
            if not fired:
                seconds = await nap(self._database, self._outbox, self._clock)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._woken.wait()

    async def round(self) -> int:
        """Fire due timers, at most one of each project; returns their number."""
        await self._watch.look()
        now = self._clock.now()
        if not await self._database.read(self._outbox.timer_waits, now):
            return 0
        letters: list[Letter] = await self._database.tx(
            self._outbox.claim_timers,
            now,
            leases.LEASE_US,
            AT_ONCE,
            self._leases.holder,
            self._leases.lease(),
            self._leases.patient(),
        )
        for letter in letters:
            self._leases.used(letter.tenant)
        await _all(*(self._fire(letter) for letter in letters))
        return len(letters)

    async def _fire(self, letter: Letter) -> None:
        try:
            await self._turns.woke(self._turn(letter))
        except Exception as error:
            # Retried without limit: giving a timer up would lose everything that depends on it.
            if is_reported(letter.attempts):
                self._log.failed("letter", type(error).__name__, letter=letter.id)
            at = self._clock.now() + backoff(letter.attempts)
            await self._database.tx(self._outbox.later, letter, at, False)

    def _turn(self, letter: Letter) -> Turn:
        body = msgspec.json.decode(letter.body, type=TimerBody)
        id = f"{letter.id}@{_us(letter.due)}"
        now = self._clock.now()
        woke = Woke(
            project=letter.project,
            at=letter.due,
            id=id,
            dialog=body.dialog,
            of=body.of,
            name=body.name,
            came=now,
        )
        return Turn(letter.tenant, letter.project, id, woke, now, (letter.id, letter.token))


async def nap(database: Database, outbox: Outbox, clock: Clock) -> float:
    """Return the seconds until the next letter or timer is due, at most one."""
    now = clock.now()
    try:
        due: datetime | None = await database.read(outbox.next_due, now)
    except StoreError:
        return NAP
    return NAP if due is None else min(NAP, (due - now).total_seconds())


async def _all(*works: Awaitable[None]) -> None:
    """Wait for all of them; afterwards raise the first error."""
    for ended in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
