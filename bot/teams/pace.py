"""How fast one may speak: what Teams allows a bot in a conversation and in a tenant."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from bot.cache import Cache

IN_A_CONVERSATION = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
IN_A_TENANT = ((30, 1.0),)
HELD = 3600.0


class Pace:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: Cache[tuple[str, str], deque[float]] = Cache(50_000, HELD, monotonic)

    def wait(self, tenant: str, conversation: str) -> float:
        """Seconds until a message may go there. Where that is none, it counts as gone."""
        now = self._monotonic()
        there = self._of(tenant, conversation)
        everywhere = self._of(tenant, "")
        seconds = max(
            _until(there, IN_A_CONVERSATION, now), _until(everywhere, IN_A_TENANT, now), 0.0
        )
        if seconds == 0.0:
            for said, limits in ((there, IN_A_CONVERSATION), (everywhere, IN_A_TENANT)):
                said.append(now)
                while len(said) > limits[-1][0]:
                    said.popleft()
        return seconds

    def _of(self, tenant: str, conversation: str) -> deque[float]:
        found = self._said.get((tenant, conversation))
        if found is None:
            found = deque()
        self._said.put((tenant, conversation), found)
        return found


def _until(said: deque[float], limits: tuple[tuple[int, float], ...], now: float) -> float:
    """A limit of so many in so long is kept where the message so many places back is old enough."""
    return max(
        (said[-most] + seconds - now for most, seconds in limits if len(said) >= most),
        default=0.0,
    )
