"""Runs Digi behind its real Slack adapter, against the simulated Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from bot.clock import Clock
from bot.platforms.common.ports import Changed, Installation
from bot.platforms.slack.door import SlackDoor
from bot.server.build import House
from storage.database import Database
from storage.installations import Installations
from storage.vault import Vault
from tests.waiting import LONG_ENOUGH
from tests.worlds.behind_door import PlatformPlace, house_behind, served, served_too
from tests.worlds.slack.hands import SlackHands, move_in
from tests.worlds.slack.state import Clock as WorldClock
from tests.worlds.slack.world import SlackWorld
from tests.worlds.stage import PEOPLE, slow_clock

CHANNEL = "C0HJEMMEPLEJE"
Mode = Literal["http", "socket"]


PATH = "/slack/events"
Place = PlatformPlace[SlackWorld, SlackDoor, SlackHands]


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
    """Put everybody into one channel with Digi, with the stage's clock or the given one.

    `paced` keeps Digi's own rate limits; without it a test that moves no clock sees all messages at
    once.
    """
    ours = clock or slow_clock()
    world = SlackWorld(mode=mode, clock=WorldClock(lambda: ours.now().timestamp()))
    move_in(world.home, people, CHANNEL, english=english)
    told: list[tuple[str, str]] = []
    async with world:
        door, house = await _house(folder, world, ours, mode, told, paced, either)
        async with served(world, PATH, door, house):
            await door.edge.gather()
            if mode == "socket":
                async with asyncio.timeout(LONG_ENOUGH):
                    await world.socket.connected()
            hands = SlackHands(world, house, people, CHANNEL, holds_back=holds_back)
            yield Place(world, house, door, hands, told)


@asynccontextmanager
async def another_replica(folder: Path, place: Place, either: str) -> AsyncIterator[Place]:
    """Add a replica on the same PostgreSQL. Slack's requests go to both in turn."""
    told: list[tuple[str, str]] = []
    world, clock = place.world, place.house.clock
    door, house = await _house(folder, world, clock, "http", told, True, either)
    async with served_too(world, PATH, door, house):
        yield Place(world, house, door, SlackHands(world, house, PEOPLE, CHANNEL), told)


async def _house(
    folder: Path,
    world: SlackWorld,
    clock: Clock,
    mode: Mode,
    told: list[tuple[str, str]],
    paced: bool,
    either: str,
) -> tuple[SlackDoor, House]:
    watchers: list[Changed] = []

    def make(store: Database, vault: Vault) -> SlackDoor:
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
        watchers.append(door.edge.homes.changed)
        return door

    return await house_behind(folder, clock, either, make, watchers)
