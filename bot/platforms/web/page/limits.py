"""How often a page is answered in a minute. In memory only; no address is looked at.

A page that is asked for too often is refused before the database is read, so that a flood on it
leaves the other doors as quick as before. How often is drawn for each page and minute: whoever
counts until the first refusal does not learn how many others were there.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

MINUTE = 60.0
FEWEST, MOST = 180, 300
NOWHERE = 3_000
"""Requests a minute to addresses that lead nowhere: each of them costs a look into the database.
Beyond it, only addresses are looked up that have led somewhere since the start. If they were the
ones of the last minutes, a flood on nonsense would show which pages somebody had just visited."""


class RequestLimit:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        fewest: int = FEWEST,
        most: int = MOST,
    ) -> None:
        self._fewest, self._most = fewest, most
        self._monotonic = monotonic
        self._began = monotonic()
        self._left: dict[str, int] = {}
        self._known: set[str] = set()
        self._nowhere = 0

    def lets(self, token: str) -> bool:
        now = self._monotonic()
        if now - self._began > MINUTE:
            self._began = now
            self._left.clear()
            self._nowhere = 0
        if self._nowhere >= NOWHERE and token not in self._known:
            return False
        left = self._left.get(token)
        if left is None:
            left = self._fewest + secrets.randbelow(self._most - self._fewest + 1)
            self._known.add(token)
        self._left[token] = left - 1
        return left > 0

    def leads_nowhere(self, token: str) -> None:
        """Count a token that led nowhere. It keeps its own limit: it may hang on a wall."""
        self._nowhere += 1
        self._known.discard(token)
