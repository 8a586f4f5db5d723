"""A table of one sealed value a row, which an edge reads and writes through a port of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from storage.database import Database
from storage.rekey import TABLES
from storage.sql import Row, Script
from storage.vault import Vault

T = TypeVar("T")


class SealedTable(Generic[T]):
    """`made` turns a row and its decrypted value into what the edge knows. A damaged row is left
    out wherever rows are read. The statements are named `<table>_put`, `_one` and so on."""

    def __init__(
        self, database: Database, vault: Vault, table: str, made: Callable[[Row, bytes], T]
    ) -> None:
        self._database = database
        self._vault = vault
        self.name = table
        [self._sealed] = [one for one in TABLES if one.table == table]
        self._made = made

    async def put(self, body: bytes, **columns: object) -> list[Row]:
        rows: list[Row] = await self._database.tx(self._put, body, columns)
        return rows

    async def find(self, which: str, **params: object) -> list[T]:
        rows = await self._database.read(self._run, which, params)
        found = []
        for row in rows:
            body = self._vault.open_if_whole(row["body"], *self._sealed.place(row))
            if body is not None:
                found.append(self._made(row, body))
        return found

    async def one(self, **key: object) -> T | None:
        return next(iter(await self.find("one", **key)), None)

    async def remove(self, **key: object) -> None:
        await self._database.tx(self._run, "delete", key)

    def _put(self, body: bytes, columns: dict[str, Any]) -> Script[list[Row]]:
        # Inside the transaction: it may be the one after which another key seals.
        sealed = self._vault.seal(body, *self._sealed.place(columns))
        return (yield f"{self.name}_put", {**columns, "body": sealed})

    def _run(self, which: str, params: dict[str, Any]) -> Script[list[Row]]:
        return (yield f"{self.name}_{which}", params)
