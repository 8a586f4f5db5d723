"""Holds back messages about released texts until the write-ahead log of the release is empty.

A turn that opens the pool commits first and empties the write-ahead log afterwards. In between,
another task may already read what was released. Whoever wants to send something asks here after it
has read everything it sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from storage.database import Database
from storage.sql import LogHeld, Unavailable


class ReleaseFence:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._opening: set[tuple[str, asyncio.Future[None]]] = set()
        """Turns under way that open the pool, with their workplaces."""
        self._one_at_a_time = asyncio.Lock()
        self.traces = False
        """A pool was opened, and the log has not been emptied since."""

    @contextmanager
    def opens(self, tenant: str) -> Iterator[None]:
        """Wraps a turn that opens the pool of a project of this workplace."""
        turn: tuple[str, asyncio.Future[None]]
        turn = (tenant, asyncio.get_running_loop().create_future())
        self._opening.add(turn)
        try:
            yield
            self.traces = self.traces or self._database.traces
        except LogHeld:
            raise  # nothing was written
        except (Unavailable, asyncio.CancelledError):
            self.traces = True  # it may have been committed all the same
            raise
        finally:
            self._opening.discard(turn)
            turn[1].set_result(None)

    def left_traces(self) -> None:
        """Note that a commit opened the pool and the log was not emptied afterwards."""
        self.traces = True

    async def may_show(self, tenant: str) -> bool:
        """Return whether data read from this workplace until now may be sent."""
        if under_way := [ended for where, ended in self._opening if where == tenant]:
            await asyncio.wait(under_way)
        return await self.empty()

    async def empty(self) -> bool:
        """Empty the log if it may contain traces of the pool; returns False if that failed."""
        async with self._one_at_a_time:
            if self.traces:
                self.traces = not await self._database.checkpoint()
            return not self.traces
