"""Work of an edge that goes on after its request was answered, and what failed of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

CLOSE_SECONDS = 2.0

T = TypeVar("T")


class Background:
    """Failures are counted and not logged one by one: what failed may have been without a name,
    and a line in the log has a time."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._keep(task)
        return task

    async def within(self, seconds: float, act: Coroutine[Any, Any, T]) -> T | None:
        """None where the person has to be answered before the act is done; it goes on."""
        task = asyncio.create_task(act)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            return task.result()
        self._keep(task)
        return None

    def count(self, error: BaseException) -> None:
        self.failures[type(error).__name__] += 1

    def report(self, told: Callable[[str], None]) -> None:
        """By the clock: what failed since the last time, without its moment."""
        for kind, times in self.failures.items():
            told(f"{kind} ({times})")
        self.failures.clear()

    async def quiet(self) -> None:
        """Until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.count(error)
