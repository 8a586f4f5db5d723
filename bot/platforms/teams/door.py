"""Builds all objects of the Teams adapter and runs its background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from aiohttp import web

from bot.platforms.common.ports import Addresses, CannotOpen, Receive, Report
from bot.platforms.common.tasks import DoorTasks
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.edge import A_DAY, TeamsEdge
from bot.platforms.teams.ports import OnActivity, Transport

MakeTransport = Callable[[OnActivity], Transport]


class NoTenants(CannotOpen):
    """No tenant may use Digi in Teams: list the allowed tenants in DIGI_TEAMS_TENANTS, or set
    MICROSOFT_APP_TENANT_ID to the bot's own."""


class TeamsDoor:
    def __init__(
        self,
        *,
        addresses: Addresses,
        told: Report,
        transport: MakeTransport,
        tenants: Collection[str] = (),
        local: bool = False,
        edge: Callable[[Book, Report], TeamsEdge] = TeamsEdge,
    ) -> None:
        self._tenants = tenants
        self._local = local
        self._tasks = DoorTasks(told)
        self.book = Book(addresses)
        self.edge = edge(self.book, told)
        self.transport = transport(self.edge.on_activity)
        self.edge.speaks_by(self.transport)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/messages", self.transport.handle)]

    def mode(self) -> str:
        """Describe how Teams reaches Digi, for the log."""
        where = "at POST /api/messages"
        if self._local:
            return f"Teams without an app id, for this machine only, {where}"
        return f"Teams, {where}"

    async def open(self, receive: Receive) -> None:
        """Start the background tasks. Raises NoTenants if no tenant is allowed to use Digi."""
        if not (self._tenants or self._local):
            raise NoTenants
        self.edge.goes_to(receive)
        await self.book.open()
        self._tasks.start("teams members", self._gathers)
        self._tasks.asks_again("teams people", self.edge.ask_again)

    async def _gathers(self) -> None:
        """Read all channel members at startup and once a day.

        It follows the clock only: nothing that a person does starts it.
        """
        while True:
            await self.edge.gather()
            await asyncio.sleep(A_DAY)

    async def close(self) -> None:
        await self._tasks.close()
        await self.edge.close()
        await self.transport.close()
