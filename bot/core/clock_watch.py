"""Notices that the machine's clock was set back, and makes waiting letters due accordingly."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.clock import Clock
from bot.log import Log
from storage.database import Database
from storage.transactions.outbox import Outbox

SET_BACK = timedelta(seconds=2)
"""A smaller step is time synchronisation and is not logged."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class ClockWatch:
    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, log: Log, holder: str
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._holder = holder
        self._looked = _NEVER
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> None:
        async with self._one_at_a_time:
            now, last = self._clock.now(), self._looked
            by = last - now
            if by > timedelta(0):
                # Letters written since the clock was set back are sent after those written before.
                since = now
                if by > SET_BACK:
                    since = now - SET_BACK
                    self._log.failed("clock", f"set back by {round(by.total_seconds())} seconds")
                await self._database.tx(
                    self._outbox.set_back,
                    now,
                    since,
                    by,
                    self._holder,
                    self._database.alone,
                )
            self._looked = now

    def begins_again(self) -> None:
        """Called when the playground starts over with real time and an empty workplace."""
        self._looked = _NEVER
