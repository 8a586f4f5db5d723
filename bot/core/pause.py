"""Many tasks work side by side until somebody needs all of them to stand still for a while."""

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
        """Whether somebody waits for stillness, or has it."""
        return not self._over.is_set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Around everything that must not happen while all is still."""
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
        """Around a call of a platform within `working`, which may take its time."""
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
        """Nothing is begun from now on, and what was begun has ended. Unless `calls_end`, a call
        of a platform may go on; what comes of it is stored afterwards."""
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
