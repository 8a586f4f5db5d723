"""Retries member lookups that failed or left people unknown: soon at first, then with backoff; and
at once if somebody acts in a channel whose members do not include them.

Kept in memory, because every channel is looked up at startup anyway.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable

from msgspec import Struct

FIRST_WAIT = 30.0
LONGEST_WAIT = 60 * 60.0
ANSWER_WAITS = 1.2
"""How many seconds an answer waits for a member lookup."""
ALL = math.inf
"""The number of unknown people after a failed lookup."""

AskAgain = Callable[[str, list[str]], Awaitable[object]]
"""Looks up these channels of a workplace, and reports the results with `answered`."""


class _Open(Struct, frozen=True):
    missing: float
    wait: float
    due: float


class Reask:
    """The schedule of repeated lookups. `told` gets the kind of each failure."""

    def __init__(
        self, ask: AskAgain, told: Callable[[str], None], now: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._told = told
        self._now = now
        self._open: dict[tuple[str, str], _Open] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        """Workplaces with a lookup in progress."""
        self._looks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._looked: dict[tuple[str, str], float] = {}
        """When a channel was last looked up because of somebody who acted in it."""

    def answered(self, tenant: str, channel: str, *, missing: float = 0, rest: float = 0.0) -> None:
        """Record a lookup after which `missing` people are still unknown. The delay doubles unless
        they became fewer; `rest` is the platform's Retry-After."""
        key = (tenant, channel)
        before = self._open.pop(key, None)
        if missing == 0:
            return
        wait = FIRST_WAIT
        if before is not None and missing >= before.missing:
            wait = min(2 * before.wait, LONGEST_WAIT)
        # Jitter: after an outage many channels are due.
        due = self._now() + max(wait * random.uniform(0.75, 1.25), rest)
        self._open[key] = _Open(missing, wait, due)

    def failed(self, tenant: str, channel: str, *, rest: float = 0.0) -> None:
        """Record a failed lookup: nobody in the channel is known."""
        self.answered(tenant, channel, missing=ALL, rest=rest)

    def forget(self, tenant: str, channel: str = "") -> None:
        """Cancel the lookups of a channel, or of a whole workplace."""
        for key in [key for key in self._open if key[0] == tenant and channel in ("", key[1])]:
            del self._open[key]

    def ask_due(self) -> None:
        """Start the lookups that are due; called by a timer. Workplaces do not wait for each
        other."""
        now = self._now()
        due: dict[str, list[str]] = {}
        for (tenant, channel), one in sorted(self._open.items(), key=lambda item: item[1].due):
            if one.due <= now and tenant not in self._asking:
                due.setdefault(tenant, []).append(channel)
        for tenant, channels in due.items():
            self._asking[tenant] = asyncio.create_task(self._asks(tenant, channels))

    async def ask_now(self, tenant: str, channel: str) -> bool:
        """Look up a channel in which an unknown person acts, as long as an answer can wait. Returns
        whether they may be known now.

        There is a minimum interval per channel; callers during a lookup wait for its result.
        """
        key = (tenant, channel)
        if key not in self._looks:
            if self._now() < self._looked.get(key, -math.inf) + FIRST_WAIT:
                return False
            self._looked[key] = self._now()
            self._looks[key] = asyncio.create_task(self._look(key))
        done, _ = await asyncio.wait({self._looks[key]}, timeout=ANSWER_WAITS)
        return bool(done)

    async def _look(self, key: tuple[str, str]) -> None:
        tenant, channel = key
        try:
            await self._ask(tenant, [channel])
        except Exception as error:
            self._told(type(error).__name__)
            self.failed(tenant, channel)
        finally:
            del self._looks[key]

    async def _asks(self, tenant: str, channels: list[str]) -> None:
        try:
            await self._ask(tenant, channels)
        except Exception as error:
            self._told(type(error).__name__)
            for channel in channels:
                self.failed(tenant, channel)
        finally:
            del self._asking[tenant]

    async def quiet(self) -> None:
        """Wait until no lookup is in progress."""
        while under_way := [*self._asking.values(), *self._looks.values()]:
            await asyncio.wait(under_way)

    def close(self) -> None:
        for task in (*self._asking.values(), *self._looks.values()):
            task.cancel()
