"""Shows the progress of a long measurement: one line every few seconds on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

EVERY = 3.0


class Progress:
    """The progress of one part. Updates between two lines are not printed."""

    def __init__(self, part: str, every: float = EVERY) -> None:
        self._part = part
        self._every = every
        self._began = time.monotonic()
        self._said = self._began

    def __call__(self, what: str) -> None:
        if time.monotonic() - self._said >= self._every:
            self.say(what)

    def say(self, what: str) -> None:
        self._said = time.monotonic()
        took = self._said - self._began
        print(f"{self._part}, {took:.0f} s: {what}", file=sys.stderr, flush=True)

    def over(self, what: str, those: range) -> Iterator[int]:
        """Yield the numbers, and print how many are done."""
        for done, one in enumerate(those):
            self(f"{what}, {done:,} of {len(those):,}")
            yield one
