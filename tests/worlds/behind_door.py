"""Runs Digi behind a platform's real adapter, against a simulated platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from bot.clock import Clock
from bot.platforms.common.ports import Changed, Edge, Receive
from bot.server import http_server as server
from bot.server.build import House, build
from bot.server.http_server import Hosts
from storage.database import Database
from storage.vault import Vault
from tests.worlds.platform import PretendedPlatform
from tests.worlds.play import PUBLIC_URL
from tests.worlds.postgres import with_key


class Door(Protocol):
    @property
    def edge(self) -> Edge: ...

    def routes(self) -> list[web.RouteDef]: ...

    async def open(self, receive: Receive) -> None: ...

    async def close(self) -> None: ...


W = TypeVar("W", bound=PretendedPlatform[Any, Any])
D = TypeVar("D", bound=Door)
H = TypeVar("H")


@dataclass
class PlatformPlace(Generic[W, D, H]):
    world: W
    house: House
    door: D
    hands: H
    told: list[tuple[str, str]]


async def house_behind(
    folder: Path,
    clock: Clock,
    either: str,
    make: Callable[[Database, Vault], D],
    watchers: Sequence[Changed] = (),
) -> tuple[D, House]:
    """Build Digi on SQLite in this folder, or on the PostgreSQL database named by `either`."""
    key_file = folder.parent / f"{folder.name}.key"
    if either:
        await with_key(either, key_file)
    doors: list[D] = []

    def edges(store: Database, vault: Vault, _: Clock) -> list[Edge]:
        doors.append(make(store, vault))
        return [doors[0].edge]

    house = await build(
        folder,
        edges=edges,
        clock=clock,
        key_file=key_file,
        postgres=either or None,
        watchers=watchers,
        public_url=PUBLIC_URL,
    )
    return doors[0], house


@asynccontextmanager
async def served(
    world: PretendedPlatform[Any, Any], path: str, door: Door, house: House
) -> AsyncIterator[None]:
    """Serve the adapter's routes at a port, to which the simulated platform sends its requests."""
    app = server.application(Hosts.named(()))
    app.add_routes(door.routes())
    runner = server.runner(app, shutdown_timeout=0.1)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.digi_url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
        await door.open(house.engine.receive)
        yield
    finally:
        await runner.cleanup()
        await door.close()
        await asyncio.sleep(0)
        await house.close()


@asynccontextmanager
async def served_too(
    world: PretendedPlatform[Any, Any], path: str, door: Door, house: House
) -> AsyncIterator[None]:
    """Serve a further replica; the platform's requests go to all replicas in turn."""
    first = world.digi_url
    async with served(world, path, door, house):
        world.digi_urls = [first, world.digi_url]
        yield
        world.digi_url = first
