"""Background work of an adapter that continues after its request was answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

CLOSE_SECONDS = 2.0

T = TypeVar("T")


class Background:
    """Runs background tasks and counts their failures.

    Failures are not logged one by one: a failed act may have been unsigned, and a log line has a
    time.
    """

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._keep(task)
        return task

    async def within(self, seconds: float, act: Coroutine[Any, Any, T]) -> T | None:
        """Return the result of the work, or None after `seconds`; the work then continues in the
        background."""
        task = asyncio.create_task(act)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            return task.result()
        self._keep(task)
        return None

    def count(self, error: BaseException) -> None:
        self.failures[type(error).__name__] += 1

    def report(self, told: Callable[[str], None]) -> None:
        """Report the number of failures since the last report, without their times; called by a
        timer."""
        for kind, times in self.failures.items():
            told(f"{kind} ({times})")
        self.failures.clear()

    async def quiet(self) -> None:
        """Wait until no task is running."""
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
