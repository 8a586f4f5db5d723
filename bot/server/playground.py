"""Connects the playground to the real Digi: its clock, its commands, and what browsers can open."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.core.views import language_of
from bot.documents.pictures import picture_svg
from bot.platforms.common.ports import WebRoom
from bot.platforms.web.playground.courses import COURSES, PreparedCourse
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import CHANNELS, TENANT, Colleague
from bot.platforms.web.playground.server import add_routes
from bot.platforms.web.playground.wire import CourseName, WallPaths
from bot.server.build import House
from content.language import Language
from dialogs.exercise.states import ALL_RUNS, every_run
from dialogs.model.commands import COMMANDS, word_for
from dialogs.model.facts import ChannelProject, Fact, Known
from dialogs.model.links import PATHS, LinkKind
from dialogs.page.states import PAGE, page_address
from storage.transactions.links import token_of

Channels = Iterable[str]


def add_playground(
    app: web.Application,
    house: House,
    room: WebRoom,
    edge: WebEdge,
    port: int,
    courses: Mapping[CourseName, PreparedCourse] = COURSES,
) -> None:
    channels = [channel.id for channel in CHANNELS]
    add_routes(
        app,
        house.engine.receive,
        room,
        edge,
        PlaygroundClock(TENANT, house),
        port=port,
        token=secrets.token_urlsafe(24),
        commands=lambda language: command_help(house, language),
        draw=picture_svg,
        courses=courses,
        phone=lambda: page_path(house, TENANT, channels),
        wall=lambda: wall_paths(house, TENANT, channels),
        language=lambda person: language_with(house, person),
    )


class PlaygroundClock:
    """The clock as the playground controls it; implements
    `bot.platforms.common.ports.Clockwork`."""

    def __init__(self, tenant: str, house: House) -> None:
        self._tenant = tenant
        self._house = house

    def now(self) -> datetime:
        return self._house.clock.now()

    async def move_to(self, target: datetime) -> None:
        await self._house.courier.move_to(target)

    async def settle(self) -> None:
        await self._house.courier.settle()

    async def landmarks(self) -> dict[str, datetime]:
        return await self._house.landmarks(self._tenant)

    async def start_over(self) -> None:
        async with self._house.courier.alone():
            await self._house.start_over(self._tenant)
        await self._house.gather_playground()


def command_help(house: House, language: Language) -> list[tuple[str, str]]:
    """Return the commands that the playground suggests after a slash, with their descriptions."""
    phrases = house.catalogue.phrases
    return [
        (word_for(command.name, language), phrases[key].of(language))
        for command in COMMANDS
        if (key := f"command.{command.name}") in phrases
    ]


async def language_with(house: House, person: Colleague) -> Language:
    """Return the language that Digi speaks with somebody in private."""
    return language_of(await house.views.prefs(TENANT, person.id), person.locale, "")


async def page_path(house: House, tenant: str, channels: Channels) -> str:
    """Return the path of the first page that is open in these channels; "" if none is."""
    async for known in _projects(house, tenant, channels, PAGE):
        address = page_address(known)
        if address is not None:
            return _path(house, address.kind, address.id)
    return ""


async def wall_paths(house: House, tenant: str, channels: Channels) -> WallPaths:
    """Return the paths of the newest screen of these channels; none where no screen is open."""
    async for known in _projects(house, tenant, channels, ALL_RUNS):
        walls = [wall for run in every_run(known) for wall in reversed(run.walls)]
        now = house.clock.now()
        wall = next((wall for wall in walls if wall.until > now), None)
        if wall is not None:
            return WallPaths(_path(house, "screen", wall.id), _path(house, "leading", wall.id))
    return WallPaths()


async def _projects(
    house: House, tenant: str, channels: Channels, fact: Fact[Any]
) -> AsyncIterator[Known]:
    """Yield this fact of each project in these channels."""
    read, look = house.database.read, house.scripts.reading.look
    for channel in channels:
        here = ChannelProject(channel)
        project = (await read(look, tenant, "", (here,)))[here]
        if project is not None:
            found = await read(look, tenant, project.id, (fact,))
            yield Known(house.catalogue, found)


def _path(house: House, kind: LinkKind, id: str) -> str:
    return PATHS[kind] + token_of(house.vault, kind, id)
