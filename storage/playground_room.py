"""Where the playground's pretended workplace keeps its messages: a port of its edge.

Storage does not know the edges; app.py hands in the type of message that they use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from storage.database import Database
from storage.sql import Row, Script
from storage.transactions.scope import from_us, to_us
from storage.vault import Vault

M = TypeVar("M")


class Room(Generic[M]):
    def __init__(self, database: Database, vault: Vault, message: Callable[..., M]) -> None:
        self._database = database
        self._vault = vault
        self._message = message

    async def put(self, message: Any) -> int:
        seq: int = await self._database.tx(self._put, message)
        return seq

    async def read(self, place: str, after: int = 0) -> list[M]:
        rows = await self._database.read(self._read, place, after)
        return list(self._opened(rows))

    async def one(self, id: str) -> M | None:
        rows = await self._database.read(self._one, id)
        return next(self._opened(rows), None)

    def _put(self, message: Any) -> Script[int]:
        rows = yield "room_put", {
            "id": message.id, "place": message.place, "thread": message.thread,
            "author": message.by, "at": to_us(message.at),
            "body": self._vault.seal(message.body, "room", message.id),
        }  # fmt: skip
        return int(rows[0]["seq"])

    def _read(self, place: str, after: int) -> Script[list[Row]]:
        return (yield "room_read", {"place": place, "after": after})

    def _one(self, id: str) -> Script[list[Row]]:
        return (yield "room_one", {"id": id})

    def _opened(self, rows: list[Row]) -> Iterator[M]:
        """The messages that decrypt; damaged ones are left out."""
        for row in rows:
            body = self._vault.open_if_whole(row["body"], "room", row["id"])
            if body is not None:
                yield self._message(
                    id=row["id"], place=row["place"], by=row["author"], thread=row["thread"],
                    body=body, at=from_us(row["at_us"]), seq=row["seq"],
                )  # fmt: skip
