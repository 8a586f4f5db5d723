"""Where an edge can speak, sealed: a port of bot/platforms/common/ports.py.

Storage does not know the edges; app.py hands in the type of address that they use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from storage.database import Database
from storage.sealed_table import SealedTable
from storage.vault import Vault

T = TypeVar("T")


class Addresses(Generic[T]):
    """Of a damaged one: the next request from that place stores the address again."""

    def __init__(self, database: Database, vault: Vault, address: Callable[..., T]) -> None:
        self._table = SealedTable(
            database, vault, "address", lambda _, body: address(**msgspec.json.decode(body))
        )

    async def put(self, address: Any) -> None:
        body = msgspec.json.encode(address)
        await self._table.put(body, tenant=address.tenant, place=address.place)

    async def one(self, tenant: str, place: str) -> T | None:
        return await self._table.one(tenant=tenant, place=place)

    async def all(self) -> list[T]:
        return await self._table.find("all")

    async def remove(self, tenant: str, place: str) -> None:
        await self._table.remove(tenant=tenant, place=place)
