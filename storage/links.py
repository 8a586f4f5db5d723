"""Links for the edges: a port of bot/platforms/common/ports.py."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from dialogs.model.links import LinkKind, ProjectLink
from storage.database import Database
from storage.transactions import links
from storage.vault import Vault


class StoredLinks:
    def __init__(self, database: Database, vault: Vault, now: Callable[[], datetime]) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def make(
        self,
        kind: LinkKind,
        tenant: str,
        project: str,
        person: str = "",
        until: datetime | None = None,
    ) -> str:
        id = secrets.token_hex(16)
        made: str = await self._database.tx(
            links.make, self._vault, tenant, project, kind, id, person, until
        )
        return made

    async def resolve(self, token: str) -> ProjectLink | None:
        found: ProjectLink | None = await self._database.read(links.resolve, token, self._now())
        return found

    async def withdraw(self, token: str) -> None:
        await self._database.tx(links.withdraw, token, self._now())
