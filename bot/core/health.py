"""Health of the courier's loops: for `/metrics`, the log, and the other loops."""

from __future__ import annotations

import math
from collections import Counter
from typing import Literal

from bot.clock import Clock
from bot.log import Log
from storage.sql import StoreError

Loop = Literal["timers", "lanes", "house", "night"]


class Health:
    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        began = clock.monotonic()
        self._good: dict[Loop, float] = {"timers": began, "lanes": began, "house": began}
        """When each loop last succeeded; without the night's, which may take hours."""
        self._bad: Counter[Loop] = Counter()
        self.shaken = -math.inf
        """When the database was last unavailable, by the monotonic clock."""

    def good(self, loop: Loop) -> None:
        self._bad[loop] = 0
        if loop in self._good:
            self._good[loop] = self._clock.monotonic()

    def bad(self, loop: Loop, error: BaseException) -> None:
        """Note a failed round; logged ever more rarely, so that an outage does not flood the
        log."""
        self._bad[loop] += 1
        if isinstance(error, StoreError):
            self.shaken = self._clock.monotonic()
        if is_reported(self._bad[loop]):
            self._log.failed("courier", type(error).__name__)

    def idle(self) -> float:
        """Seconds since the last good round of the loop that is furthest behind."""
        return self._clock.monotonic() - min(self._good.values())


def is_reported(times: int) -> bool:
    """Whether to log this repetition: the 1st, 2nd, 4th, 8th, ..."""
    return times & (times - 1) == 0
