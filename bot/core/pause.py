"""Quiesces the courier: somebody can make all its tasks pause for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Pause:
    def __init__(self) -> None:
        self._working = 0
        self._calling = 0
        self._changed = asyncio.Event()
        self._over = asyncio.Event()
        self._over.set()
        self._held = False
        self._one_at_a_time = asyncio.Lock()

    @property
    def wanted(self) -> bool:
        """Whether somebody holds the pause or waits for it."""
        return not self._over.is_set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Wraps work that must not happen during a pause; waits until the pause is over."""
        while self.wanted:
            await self._over.wait()
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            self._changed.set()

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Wraps a platform call inside `working`. It may last into a pause, but does not return
        before the pause is over."""
        self._calling += 1
        self._changed.set()
        cancelled = False
        try:
            yield
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            try:
                while self._held and not cancelled:
                    await self._over.wait()
            finally:
                self._calling -= 1

    @asynccontextmanager
    async def still(self, *, calls_end: bool) -> AsyncIterator[None]:
        """Pause: wait until all work has ended, and start none meanwhile. Unless `calls_end`,
        platform calls in progress are not waited for; their results are stored after the pause."""
        async with self._one_at_a_time:
            self._over.clear()
            try:
                while self._working > (0 if calls_end else self._calling):
                    self._changed.clear()
                    await self._changed.wait()
                self._held = not calls_end
                yield
            finally:
                self._held = False
                self._over.set()
