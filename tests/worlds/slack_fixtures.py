"""The real house behind Slack's real door, in a pretended Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aiohttp import web

from bot.clock import Clock
from bot.platforms.common.ports import Edge, Installation
from bot.platforms.slack.door import SlackDoor
from bot.server import http_server as server
from bot.server.build import House, build
from bot.server.http_server import Hosts
from storage.installations import Installations
from storage.transactions.store import Database
from storage.vault import Vault
from tests.waiting import LONG_ENOUGH
from tests.worlds.postgres import with_key
from tests.worlds.slack.hands import SlackHands, move_in
from tests.worlds.slack.state import Clock as WorldClock
from tests.worlds.slack.world import SlackWorld
from tests.worlds.stage import PEOPLE, slow_clock

CHANNEL = "C0HJEMMEPLEJE"
Mode = Literal["http", "socket"]


@dataclass
class Place:
    world: SlackWorld
    house: House
    door: SlackDoor
    hands: SlackHands
    told: list[tuple[str, str]]


@asynccontextmanager
async def in_slack(
    folder: Path,
    mode: Mode = "http",
    *,
    people: Mapping[str, str] = PEOPLE,
    english: Collection[str] = (),
    clock: Clock | None = None,
    holds_back: bool = True,
    paced: bool = False,
    either: str = "",
) -> AsyncIterator[Place]:
    """Everybody is in one channel with Digi; both clocks are the stage's, or the one given.

    `paced`: Digi speaks no faster than Slack wants; a test that moves no clock sees all at once.
    """
    ours = clock or slow_clock()
    world = SlackWorld(mode=mode, clock=WorldClock(lambda: ours.now().timestamp()))
    move_in(world.home, people, CHANNEL, english=english)
    told: list[tuple[str, str]] = []
    async with world, _served(folder, world, ours, mode, told, paced, either) as (door, house):
        await door.edge.gather()
        if mode == "socket":
            async with asyncio.timeout(LONG_ENOUGH):
                await world.socket.connected()
        hands = SlackHands(world, house, people, CHANNEL, holds_back=holds_back)
        yield Place(world, house, door, hands, told)


@asynccontextmanager
async def another_replica(folder: Path, place: Place, either: str) -> AsyncIterator[Place]:
    """On the same PostgreSQL; what Slack sends reaches one and the other in turn."""
    told: list[tuple[str, str]] = []
    world, first = place.world, place.world.digi_url
    async with _served(
        folder, world, place.house.clock, "http", told, True, either
    ) as (door, house):  # fmt: skip
        world.digi_urls = [first, world.digi_url]
        hands = SlackHands(world, house, PEOPLE, CHANNEL)
        yield Place(world, house, door, hands, told)
        world.digi_url = first


@asynccontextmanager
async def _served(
    folder: Path,
    world: SlackWorld,
    clock: Clock,
    mode: Mode,
    told: list[tuple[str, str]],
    paced: bool,
    either: str,
) -> AsyncIterator[tuple[SlackDoor, House]]:
    door, house = await _house(folder, world, clock, mode, told, paced, either)
    app = server.application(Hosts.named(()))
    app.add_routes(door.routes())
    runner = server.runner(app, shutdown_timeout=0.1)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.digi_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        await door.open(house.engine.receive)
        yield door, house
    finally:
        await runner.cleanup()
        await door.close()
        await asyncio.sleep(0)
        await house.close()


async def _house(
    folder: Path,
    world: SlackWorld,
    clock: Clock,
    mode: Mode,
    told: list[tuple[str, str]],
    paced: bool,
    either: str,
) -> tuple[SlackDoor, House]:
    key_file = folder.parent / f"{folder.name}.key"
    if either:
        await with_key(either, key_file)
    doors: list[SlackDoor] = []

    def edges(store: Database, vault: Vault, _: Clock) -> list[Edge]:
        door = SlackDoor(
            bot_token=world.home.token,
            signing_secret=world.signing_secret,
            app_token=world.app_token if mode == "socket" else None,
            client_id=None,
            client_secret=None,
            api_url=world.api_url,
            public_url=None,
            installations=Installations(store, vault, Installation),
            mac=vault.mac,
            told=lambda what, kind: told.append((what, kind)),
            now=world.clock.now,
            paced=paced,
            sleep=world.clock.sleep,
        )
        doors.append(door)
        return [door.edge]

    house = await build(
        folder, edges=edges, clock=clock, key_file=key_file, postgres=either or None
    )
    house.engine.watchers.append(doors[0].edge.homes.changed)
    return doors[0], house
