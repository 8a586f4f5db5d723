"""How often a page is answered in a minute. In memory only; no address is looked at.

A page that is asked for too often is refused before the database is read, so that a flood on it
leaves the other doors as quick as before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

MINUTE = 60.0
ON_A_PAGE = 240
NOWHERE = 120
"""Addresses that lead nowhere: each of them costs a look into the database."""


class RequestLimit:
    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, most: int = ON_A_PAGE
    ) -> None:
        self._most = most
        self._monotonic = monotonic
        self._began = monotonic()
        self._asked: Counter[str] = Counter()
        self._pages: set[str] = set()
        self._nowhere = 0

    def lets(self, token: str) -> bool:
        now = self._monotonic()
        if now - self._began > MINUTE:
            self._began = now
            self._pages = set(self._asked)
            self._asked.clear()
            self._nowhere = 0
        if self._nowhere >= NOWHERE and token not in self._asked and token not in self._pages:
            return False
        self._asked[token] += 1
        return self._asked[token] <= self._most

    def leads_nowhere(self, token: str) -> None:
        self._nowhere += 1
        self._asked.pop(token, None)
