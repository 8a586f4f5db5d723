"""A rate limiter: limits on messages per period, for each conversation and each tenant."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from bot.cache import Cache

HELD = 3600.0
PLACES = 50_000

Limits = tuple[tuple[int, float], ...]
"""Pairs of (messages, seconds), the longest period last."""


class RateLimiter:
    def __init__(
        self, here: Limits, everywhere: Limits, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._here = here
        self._everywhere = everywhere
        self.now = now
        self._said: Cache[tuple[str, str], deque[float]] = Cache(PLACES, HELD, now)
        self._rests: Cache[tuple[str, str], float] = Cache(PLACES, HELD, now)

    def wait(self, tenant: str, place: str) -> float:
        """Return how many seconds to wait before a message; 0 means that it may be sent now and is
        counted."""
        now = self.now()
        there = self._of(tenant, place)
        everywhere = self._of(tenant, "")
        seconds = max(
            _until(there, self._here, now),
            _until(everywhere, self._everywhere, now),
            (self._rests.get((tenant, place)) or now) - now,
            0.0,
        )
        if seconds == 0.0:
            for said, limits in ((there, self._here), (everywhere, self._everywhere)):
                said.append(now)
                most = limits[-1][0] if limits else 0
                while len(said) > most:
                    said.popleft()
        return seconds

    def rests(self, tenant: str, place: str, seconds: float) -> None:
        """Block a conversation for as long as the platform's Retry-After says."""
        self._rests.put((tenant, place), self.now() + seconds)

    def _of(self, tenant: str, place: str) -> deque[float]:
        found = self._said.get((tenant, place))
        if found is None:
            found = deque()
        self._said.put((tenant, place), found)
        return found


def _until(said: deque[float], limits: Limits, now: float) -> float:
    """Return how many seconds until the limits allow a message: a limit of n per period requires
    that the n-th last message is older than the period."""
    return max(
        (said[-most] + seconds - now for most, seconds in limits if len(said) >= most),
        default=0.0,
    )
