"""What was opened a moment ago, so that it need not be opened and read again for every look.

Only what was said by name, and is asked for at every turn: states, roles, what people are called.
Sealed bytes never repeat, so whoever brings the same ones from the same place means the same text;
nothing here can be older than the database. What the database no longer has is asked for no more,
and is gone from here after two turns of the clock.
"""

from __future__ import annotations

from typing import Any

MOST_BYTES = 4 * 1024 * 1024


class PlaintextCache:
    """Two ages: what is found in the older one is young again, the rest goes at the next turn.

    Threads may use it side by side; at worst one of them opens once more.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._young: dict[Any, Any] = {}
        self._old: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._young[key] = found
        return found

    def put(self, key: Any, value: Any, size: int) -> None:
        self._bytes += size
        if self._bytes > self._most:
            self.turn()
        self._young[key] = value

    def turn(self) -> None:
        """Each minute, and earlier where it has grown full."""
        self._old, self._young, self._bytes = self._young, {}, 0

    def clear(self) -> None:
        self.turn()
        self.turn()

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
