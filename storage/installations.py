"""The workplaces that have installed Digi, with their tokens sealed: a port of the edges.

Storage does not know the edges; app.py hands in the type of installation that they use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from storage.database import Database
from storage.sql import Row, Script
from storage.vault import Vault

T = TypeVar("T")

TICKETS = "slack"
"""No workplace has this id: tickets are used before it is known who comes."""


class Installations(Generic[T]):
    def __init__(self, database: Database, vault: Vault, installation: Callable[..., T]) -> None:
        self._database = database
        self._vault = vault
        self._installation = installation

    async def put(self, installation: Any) -> None:
        await self._database.tx(self._put, installation)

    async def one(self, tenant: str) -> T | None:
        rows = await self._database.read(self._rows, "installation_one", {"tenant": tenant})
        return next(self._opened(rows), None)

    async def all(self) -> list[T]:
        rows = await self._database.read(self._rows, "installation_all", {})
        return list(self._opened(rows))

    async def remove(self, tenant: str) -> None:
        await self._database.tx(self._rows, "installation_delete", {"tenant": tenant})

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

    def _put(self, installation: Any) -> Script[None]:
        body = msgspec.json.encode(installation)
        sealed = self._vault.seal(body, "installation", installation.tenant)
        yield "installation_put", {"tenant": installation.tenant, "body": sealed}

    def _rows(self, statement: str, params: dict[str, str]) -> Script[list[Row]]:
        return (yield statement, params)

    def _opened(self, rows: list[Row]) -> Iterator[T]:
        """Skip a workplace whose token is damaged: it has to install Digi again; others are
        served."""
        for row in rows:
            body = self._vault.open_if_whole(row["body"], "installation", row["tenant"])
            if body is not None:
                yield self._installation(**msgspec.json.decode(body))
