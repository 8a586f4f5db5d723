"""Retries answers to requests, in memory: they are no letters, so nothing else keeps them.

Each reader gets their answers in order, for up to ten minutes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from weakref import WeakValueDictionary

from bot.platforms.common.ports import DeliveryFailed

Page = TypeVar("Page")
Sleep = Callable[[float], Awaitable[None]]

PATIENCE = 10 * 60.0
"""Seconds; a later answer would be stale, and whoever asked can ask again."""
LONGEST_WAIT = 30.0
LOST = 3
"""Give up after so many attempts that may have arrived."""


class ReplyRetry:
    def __init__(self, now: Callable[[], float], sleep: Sleep) -> None:
        self._now = now
        self._sleep = sleep
        self._turns: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()

    async def says(
        self,
        reader: object,
        pages: Sequence[Page],
        say: Callable[[Page, bool], Awaitable[None]],
        *,
        seconds: float = PATIENCE,
        again: bool = False,
    ) -> None:
        """Send all pages of an answer; a reader's next answer waits until this one is through.

        `say` is told whether the page may have arrived already, and is called again after a
        DeliveryFailed that may pass. The error raised in the end is `uncertain` if any attempt may
        have arrived.
        """
        until = self._now() + seconds
        turn = self._turns.setdefault(reader, asyncio.Lock())
        async with turn:
            for page in pages:
                await self._page(page, say, until, again)
                again = False

    async def _page(
        self, page: Page, say: Callable[[Page, bool], Awaitable[None]], until: float, again: bool
    ) -> None:
        tries = lost = 0
        while True:
            try:
                await say(page, again or lost > 0)
                return
            except DeliveryFailed as failed:
                tries += 1
                lost += failed.uncertain
                wait = failed.retry_after
                if wait is None:
                    wait = min(LONGEST_WAIT, 2.0 ** min(tries, 10) / 2) * random.uniform(0.5, 1.0)
                over = self._now() + wait > until
                if over or lost == LOST or _for_good(failed):
                    failed.uncertain = lost > 0
                    raise
            await self._sleep(wait)


def _for_good(failed: DeliveryFailed) -> bool:
    return failed.permanent or failed.unreachable or failed.closed == "channel"
