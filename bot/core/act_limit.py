"""Limits how much each person does in a while."""

from __future__ import annotations

from collections import Counter

from bot.clock import Clock


class ActLimit:
    """Counts what each person does within a period. In memory only."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._began = 0.0
        self._counts: Counter[tuple[str, str]] = Counter()

    def exceeded(self, who: tuple[str, str], most: int) -> bool:
        now = self._clock.monotonic()
        if now - self._began > self._seconds:
            self._counts.clear()
            self._began = now
        self._counts[who] += 1
        return self._counts[who] > most

    def clear(self) -> None:
        self._counts.clear()
