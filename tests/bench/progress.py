"""How far a long measurement is: a line every few seconds on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

EVERY = 3.0


class Progress:
    """Of one part; what it is told in between two lines is not said."""

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
        """The same numbers, while it is told how many have been."""
        for done, one in enumerate(those):
            self(f"{what}, {done:,} of {len(those):,}")
            yield one
