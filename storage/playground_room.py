"""Where the playground's pretended workplace keeps its messages: a port of its edge.

Storage does not know the edges; app.py hands in the type of message that they use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from storage.database import Database
from storage.sealed_table import SealedTable
from storage.sql import Row
from storage.transactions.scope import from_us, to_us
from storage.vault import Vault

M = TypeVar("M")


class Room(Generic[M]):
    def __init__(self, database: Database, vault: Vault, message: Callable[..., M]) -> None:
        def made(row: Row, body: bytes) -> M:
            return message(
                id=row["id"],
                place=row["place"],
                by=row["author"],
                thread=row["thread"],
                body=body,
                at=from_us(row["at_us"]),
                seq=row["seq"],
            )

        self._table = SealedTable(database, vault, "room", made)

    async def put(self, message: Any) -> int:
        rows = await self._table.put(
            message.body,
            id=message.id,
            place=message.place,
            thread=message.thread,
            author=message.by,
            at=to_us(message.at),
        )
        return int(rows[0]["seq"])

    async def read(self, place: str, after: int = 0) -> list[M]:
        return await self._table.find("read", place=place, after=after)

    async def one(self, id: str) -> M | None:
        return await self._table.one(id=id)
