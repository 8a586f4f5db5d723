"""Where an edge can speak, sealed: a port of bot/platforms/common/ports.py.

Storage does not know the edges; app.py hands in the type of address that they use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from storage.database import Database
from storage.sql import Row, Script
from storage.vault import Vault

T = TypeVar("T")


class Addresses(Generic[T]):
    def __init__(self, database: Database, vault: Vault, address: Callable[..., T]) -> None:
        self._database = database
        self._vault = vault
        self._address = address

    async def put(self, address: Any) -> None:
        await self._database.tx(self._put, address)

    async def one(self, tenant: str, place: str) -> T | None:
        params = {"tenant": tenant, "place": place}
        rows = await self._database.read(self._rows, "address_one", params)
        return next(self._opened(rows), None)

    async def all(self) -> list[T]:
        rows = await self._database.read(self._rows, "address_all", {})
        return list(self._opened(rows))

    async def remove(self, tenant: str, place: str) -> None:
        params = {"tenant": tenant, "place": place}
        await self._database.tx(self._rows, "address_delete", params)

    def _put(self, address: Any) -> Script[None]:
        body = msgspec.json.encode(address)
        sealed = self._vault.seal(body, "address", address.tenant, address.place)
        params = {"tenant": address.tenant, "place": address.place, "body": sealed}
        yield "address_put", params

    def _rows(self, statement: str, params: dict[str, str]) -> Script[list[Row]]:
        return (yield statement, params)

    def _opened(self, rows: list[Row]) -> Iterator[T]:
        """Skip damaged ones: the next request from that place stores the address again."""
        for row in rows:
            place = ("address", row["tenant"], row["place"])
            body = self._vault.open_if_whole(row["body"], *place)
            if body is not None:
                yield self._address(**msgspec.json.decode(body))
