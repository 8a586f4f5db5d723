"""Teams' door of the house: everything of this room, put together for app.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from aiohttp import web

from bot.platforms.common.ports import Addresses, CannotOpen, Receive, Report
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.edge import A_DAY, TeamsEdge
from bot.platforms.teams.ports import OnActivity, Transport
from bot.supervise import supervise

REASK_SECONDS = 15.0
"""So often Digi looks whether a channel is to be asked about again."""

MakeTransport = Callable[[OnActivity], Transport]


class NoTenants(CannotOpen):
    """Nobody could reach Digi in Teams: name the tenants it serves in DIGI_TEAMS_TENANTS, or the
    one it belongs to in MICROSOFT_APP_TENANT_ID."""


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
        self._told = told
        self._tenants = tenants
        self._local = local
        self._tasks: list[asyncio.Task[None]] = []
        self.book = Book(addresses)
        self.edge = edge(self.book, told)
        self.transport = transport(self.edge.on_activity)
        self.edge.speaks_by(self.transport)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/messages", self.transport.handle)]

    def mode(self) -> str:
        """Which way Teams reaches Digi, in a few words."""
        where = "at POST /api/messages"
        if self._local:
            return f"Teams without an app id, for this machine only, {where}"
        return f"Teams, {where}"

    async def open(self, receive: Receive) -> None:
        """Raises NoTenants."""
        if not (self._tenants or self._local):
            raise NoTenants
        self.edge.goes_to(receive)
        await self.book.open()
        for name, work in (("teams members", self._gathers), ("teams people", self._asks_again)):
            self._tasks.append(asyncio.create_task(supervise(name, work, self._told), name=name))

    async def _gathers(self) -> None:
        """By the clock and never because of what somebody does."""
        while True:
            await self.edge.gather()
            await asyncio.sleep(A_DAY)

    async def _asks_again(self) -> None:
        while True:
            await asyncio.sleep(REASK_SECONDS)
            self.edge.ask_again()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.edge.close()
        await self.transport.close()
