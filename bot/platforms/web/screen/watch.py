"""Watches the screens that are open on this replica.

Once a second it asks the store for the versions of all of them, and tells each open connection of
its own when it has changed. While no screen is open, nothing is asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.platforms.common.ports import Report, Versions

SECOND = 1.0
ON_A_SCREEN = 24
IN_ALL = 240
"""Open connections: to one screen, and to all of them on this replica. Several walls and some
laptops follow one meeting; a connection that was lost is noticed with the next heartbeat."""


class TooMany(Exception):
    """No more connections are taken now."""


class OpenScreen:
    """One open connection. `version` is the newest that it has not been told yet."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._woken = asyncio.Event()
        self._version: int | None = None
        self._told: int | None = None
        self.over = False

    def tell(self, version: int) -> None:
        self._version = version
        if version != self._told:
            self._woken.set()

    def end(self) -> None:
        self.over = True
        self._woken.set()

    async def news(self, seconds: float) -> int | None:
        """Wait for another version, at most so many seconds; None if there is none."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        if self.over or not self._woken.is_set():
            return None
        self._woken.clear()
        self._told = self._version
        return self._told


class ScreenWatch:
    def __init__(
        self,
        versions: Versions,
        told: Report,
        every: float = SECOND,
        on_a_screen: int = ON_A_SCREEN,
        in_all: int = IN_ALL,
    ) -> None:
        self._versions = versions
        self._told = told
        self._every = every
        self._on_a_screen = on_a_screen
        self._in_all = in_all
        self._open: list[OpenScreen] = []
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def listening(self, token: str) -> Iterator[OpenScreen]:
        """Take a connection to a screen. Raises `TooMany`."""
        there = Counter(one.token for one in self._open)
        if self._closed or there[token] >= self._on_a_screen or len(self._open) >= self._in_all:
            raise TooMany
        listener = OpenScreen(token)
        self._open.append(listener)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="screens")
        try:
            yield listener
        finally:
            self._open.remove(listener)

    async def close(self) -> None:
        """End all connections, before the server stops."""
        self._closed = True
        for listener in self._open:
            listener.end()
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking

    async def _ask(self) -> None:
        failing = False
        while self._open:
            try:
                await self._ask_once()
                failing = False
            except Exception as error:
                # The connections stay: the database may answer again in a second.
                if not failing:
                    self._told("screens", type(error).__name__)
                failing = True
            await asyncio.sleep(self._every)
        self._asking = None

    async def _ask_once(self) -> None:
        asked = list(self._open)
        versions = await self._versions.versions({one.token for one in asked})
        for listener in asked:
            version = versions.get(listener.token)
            if version is None:
                listener.end()
            else:
                listener.tell(version)
