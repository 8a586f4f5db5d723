"""How much can be said on a page in an hour: drawn anew each hour, and told to nobody.

Whoever writes there has no name, so nobody can be limited; only the page can. How much it takes is
not known, so that counting one's own texts tells nothing about others'. In memory only, and nothing
of it is older than an hour.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bot.clock import Clock

FEWEST, MOST = 30, 60
HOUR = 3600.0
_Page = tuple[str, str]


def drawn() -> int:
    return FEWEST + secrets.randbelow(MOST - FEWEST + 1)


class PageRoom:
    def __init__(self, clock: Clock, draw: Callable[[], int] = drawn) -> None:
        self._clock = clock
        self._draw = draw
        self._began = 0.0
        self._left: dict[_Page, int] = {}
        self._taken: set[str] = set()

    def takes(self, page: _Page, form: str) -> bool:
        """Return whether the page takes this form now. The same form again is always taken: it is
        a second press of Send. Withdrawing a text gives no room back."""
        now = self._clock.monotonic()
        if now - self._began > HOUR:
            self._left.clear()
            self._taken.clear()
            self._began = now
        if form in self._taken:
            return True
        if page not in self._left:
            self._left[page] = self._draw()
        if self._left[page] <= 0:
            return False
        self._left[page] -= 1
        self._taken.add(form)
        return True
