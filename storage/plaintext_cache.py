"""Caches decrypted and decoded values of named rows: states, roles, people's names.

The key of an entry is the ciphertext with its place. Each encryption uses a new random nonce, so
equal ciphertext means equal plaintext, and an entry can never be staler than the row just read.
Entries of rows that have gone are no longer asked for and expire after two minutes.
"""

from __future__ import annotations

from typing import Any

MOST_BYTES = 4 * 1024 * 1024


class PlaintextCache:
    """Two generations: a hit in the old one moves to the young one; `turn` drops the old one.

    Threads share it without a lock; the worst that a race does is one more decryption.
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
