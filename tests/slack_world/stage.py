"""The real house behind Slack's door, and people in a pretended Slack who play transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from aiohttp import web

from app import build
from bot.clock import Clock
from bot.edge import Edge, Installation
from bot.slack.door import Door
from storage.installations import Installations
from storage.store import Database
from storage.vault import Vault
from tests.slack_world.hands import SlackHands, move_in
from tests.slack_world.state import Clock as WorldClock
from tests.slack_world.world import SlackWorld
from tests.stage import PEOPLE, slow_clock

CHANNEL = "C0HJEMMEPLEJE"


@asynccontextmanager
async def slack_stage(
    folder: Path,
    mode: Literal["http", "socket"] = "http",
    *,
    people: Mapping[str, str] = PEOPLE,
    english: Collection[str] = (),
    clock: Clock | None = None,
    holds_back: bool = True,
) -> AsyncIterator[SlackHands]:
    """Everybody is in the channel with Digi. What was told to the operator fails the test."""
    told: list[tuple[str, str]] = []
    doors: list[Door] = []
    ours = clock or slow_clock()
    world = SlackWorld(mode=mode, clock=WorldClock(lambda: ours.now().timestamp()))
    move_in(world.home, people, CHANNEL, english=english)

    def edges(store: Database, vault: Vault, _: Clock) -> list[Edge]:
        door = Door(
            bot_token=world.home.token,
            signing_secret=world.signing_secret,
            app_token=world.app_token if mode == "socket" else None,
            client_id=None,
            client_secret=None,
            api_url=world.api_url,
            public_url=None,
            installations=Installations(store, vault, Installation),
            told=lambda what, kind: told.append((what, kind)),
        )
        doors.append(door)
        return [door.edge]

    async with world:
        house = await build(
            folder,
            edges=edges,
            clock=ours,
            key_file=folder.parent / f"{folder.name}.key",
        )
        [door] = doors
        app = web.Application()
        app.add_routes(door.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            world.digi_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
            await door.open(house.engine.receive)
            await door.edge.gather()
            if mode == "socket":
                await world.socket.connected()
            yield SlackHands(world, house, people, CHANNEL, holds_back=holds_back)
            assert told == []
        finally:
            await runner.cleanup()
            await door.close()
            await asyncio.sleep(0)
            await house.close()
