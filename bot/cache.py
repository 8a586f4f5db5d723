"""A cache with a maximum number of entries and a time to live."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    def __init__(
        self, most: int, seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._monotonic = monotonic
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        found = self._held.get(key)
        if found is None:
            return None
        if found[0] <= self._monotonic():
            del self._held[key]
            return None
        return found[1]

    def put(self, key: K, value: V) -> None:
        self._held[key] = (self._monotonic() + self._seconds, value)
        self._held.move_to_end(key)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def change(self, key: K, value: V) -> None:
        """Replace a value without extending its time to live."""
        if (found := self._held.get(key)) is not None:
            self._held[key] = (found[0], value)

    def drop(self, key: K) -> None:
        self._held.pop(key, None)

    def drop_if(self, belongs: Callable[[K], bool]) -> None:
        for key in [key for key in self._held if belongs(key)]:
            del self._held[key]

    def live(self) -> list[K]:
        """Return the keys of all live entries, oldest first."""
        now = self._monotonic()
        return [key for key, (until, _) in self._held.items() if until > now]

    def __len__(self) -> int:
        return len(self._held)
