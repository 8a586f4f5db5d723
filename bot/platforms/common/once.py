"""Handles requests that a platform repeats only once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.cache import Cache

R = TypeVar("R")


class Once(Generic[R]):
    """Gives a repeated request the answer of the first, also while that is still in progress.

    `again` is the answer to a request that failed; `keeps` says which answers are cached.
    """

    def __init__(self, most: int, seconds: float, again: R, keeps: Callable[[R], bool]) -> None:
        self._seen: Cache[str, asyncio.Future[R]] = Cache(most, seconds)
        self._again = again
        self._keeps = keeps

    async def answer(self, key: str, answer: Callable[[], Awaitable[R]]) -> R:
        running = self._seen.get(key)
        if running is not None:
            return await asyncio.shield(running)
        future = asyncio.get_running_loop().create_future()
        self._seen.put(key, future)
        reply = self._again
        try:
            reply = await answer()
        finally:
            if not self._keeps(reply):
                self._seen.drop(key)
            future.set_result(reply)
        return reply
