"""The workplaces that have installed Digi, with their tokens sealed: a port of the edges.

Storage does not know the edges; app.py hands in the type of installation that they use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from storage.database import Database
from storage.sealed_table import SealedTable
from storage.sql import Script
from storage.vault import Vault

T = TypeVar("T")

TICKETS = "slack"
"""No workplace has this id: tickets are used before it is known who comes."""


class Installations(Generic[T]):
    """A workplace whose token is damaged has to install Digi again; others are served."""

    def __init__(self, database: Database, vault: Vault, installation: Callable[..., T]) -> None:
        self._database = database
        self._table = SealedTable(
            database,
            vault,
            "installation",
            lambda _, body: installation(**msgspec.json.decode(body)),
        )

    async def put(self, installation: Any) -> None:
        await self._table.put(msgspec.json.encode(installation), tenant=installation.tenant)

    async def one(self, tenant: str) -> T | None:
        return await self._table.one(tenant=tenant)

    async def all(self) -> list[T]:
        return await self._table.find("all")

    async def remove(self, tenant: str) -> None:
        await self._table.remove(tenant=tenant)

    async def spend(self, ticket: str, expires: int, now: int) -> bool:
        """Whether this ticket is used for the first time; it is remembered until it expires."""
        used: bool = await self._database.tx(self._spend, ticket, expires, now)
        return used

    def _spend(self, ticket: str, expires: int, now: int) -> Script[bool]:
        # The date stands first, so that all that have expired can be deleted as one range.
        yield "inbox_forget", {"tenant": TICKETS, "first": "install:", "last": f"install:{now:012}"}
        key = f"install:{expires:012}:{ticket}"
        rows = yield "inbox_first", {"tenant": TICKETS, "key": key, "now": now * 1_000_000}
        return bool(rows)
