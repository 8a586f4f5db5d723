"""The background tasks of a platform adapter; each is restarted after any exception."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.platforms.common.ports import Report
from bot.supervise import supervise

REASK_SECONDS = 15.0
"""How often due lookups are started, in seconds."""


class DoorTasks:
    def __init__(self, told: Report) -> None:
        self._told = told
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(supervise(name, work, self._told), name=name))

    def asks_again(self, name: str, ask: Callable[[], None]) -> None:
        async def asks() -> None:
            while True:
                await asyncio.sleep(REASK_SECONDS)
                ask()

        self.start(name, asks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
