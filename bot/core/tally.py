"""Counters of the engine since its start, for metrics and padding."""

from __future__ import annotations

from collections import Counter


class Tally:
    def __init__(self) -> None:
        self.turns = 0
        """Signed events and timers."""
        self.unsigned_turns = 0
        """Only for `storage/padding.py`: kept in memory and shown to nobody."""
        self.failures: Counter[str] = Counter()
        """Failed presses and forms by kind, until the full hour at which they are reported."""
