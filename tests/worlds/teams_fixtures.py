"""Runs Digi behind its real Teams adapter, against the simulated Teams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.clock import Clock
from bot.platforms.common.ports import Address, Report
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.door import MakeTransport, TeamsDoor
from bot.platforms.teams.edge import TeamsEdge
from bot.platforms.teams.ports import OnActivity, Transport
from bot.platforms.teams.rate_limit import TeamsRateLimiter
from bot.platforms.teams.transport import BotbuilderTransport
from bot.server.build import House
from storage.addresses import Addresses
from storage.database import Database
from storage.vault import Vault
from tests.worlds.behind_door import PlatformPlace, house_behind, served, served_too
from tests.worlds.stage import PEOPLE, slow_clock
from tests.worlds.teams.hands import TeamsHands
from tests.worlds.teams.state import CHANNEL
from tests.worlds.teams.state import Clock as WorldClock
from tests.worlds.teams.world import APP, SECRET, TeamsWorld

Making = Callable[[TeamsWorld, Report], MakeTransport]


PATH = "/api/messages"
Place = PlatformPlace[TeamsWorld, TeamsDoor, TeamsHands]


def by_botbuilder(world: TeamsWorld, told: Report) -> MakeTransport:
    """Build the transport as app.py does, with the simulated Teams' URLs."""

    def transport(on_activity: OnActivity) -> Transport:
        if world.local:
            return BotbuilderTransport(on_activity, told=told)
        return BotbuilderTransport(
            on_activity,
            told=told,
            app_id=APP,
            secret=SECRET,
            app_tenant=world.home.id,
            openid_url=f"{world.url}/openid",
            login_url=f"{world.url}/login",
            tenants=[tenant.id for tenant in world.tenants],
            hosts=("127.0.0.1",),
        )

    return transport


@asynccontextmanager
async def in_teams(
    folder: Path,
    *,
    people: Mapping[str, str] = PEOPLE,
    english: Collection[str] = (),
    clock: Clock | None = None,
    targeted: bool = True,
    local: bool = False,
    holds_back: bool = True,
    slash: bool = False,
    old: bool = False,
    personally: bool = False,
    channel: str = CHANNEL,
    making: Making = by_botbuilder,
    world: TeamsWorld | None = None,
    either: str = "",
) -> AsyncIterator[Place]:
    """Put everybody into one channel with Digi, with the stage's clock or the given one."""
    ours = clock or slow_clock()
    world = world or TeamsWorld(local=local)
    world.clock = WorldClock(lambda: ours.now().timestamp())
    world.home.targeted = targeted
    world.home.move_in(people, channel, english=english)
    told: list[tuple[str, str]] = []
    async with world:
        door, house = await _house(folder, world, ours, told, making, either)
        async with served(world, PATH, door, house):
            statuses = [await world.installed_for(one) for one in world.home.people.values()]
            statuses.append(await world.installed(channel))
            assert set(statuses) == {200}, told
            hands = TeamsHands(
                world,
                house,
                door.edge,
                people,
                channel=channel,
                holds_back=holds_back,
                slash=slash,
                old=old,
                personally=personally,
            )
            yield Place(world, house, door, hands, told)


@asynccontextmanager
async def another_replica(folder: Path, place: Place, either: str) -> AsyncIterator[Place]:
    """Add a replica on the same PostgreSQL. Teams' requests go to both in turn."""
    told: list[tuple[str, str]] = []
    world, clock = place.world, place.house.clock
    door, house = await _house(folder, world, clock, told, by_botbuilder, either)
    async with served_too(world, PATH, door, house):
        hands = TeamsHands(world, house, door.edge, world.home.people)
        yield Place(world, house, door, hands, told)


async def _house(
    folder: Path,
    world: TeamsWorld,
    clock: Clock,
    told: list[tuple[str, str]],
    making: Making,
    either: str,
) -> tuple[TeamsDoor, House]:
    held = world.clock

    def heard(what: str, kind: str) -> None:
        told.append((what, kind))

    def edge(book: Book, told: Report) -> TeamsEdge:
        return TeamsEdge(
            book, told, pace=TeamsRateLimiter(held.now), sleep=held.sleep, now=held.now
        )

    def make(store: Database, vault: Vault) -> TeamsDoor:
        return TeamsDoor(
            addresses=Addresses(store, vault, Address),
            told=heard,
            transport=making(world, heard),
            tenants=[tenant.id for tenant in world.tenants],
            local=world.local,
            edge=edge,
        )

    return await house_behind(folder, clock, either, make)


@asynccontextmanager
async def teams_stage(
    folder: Path,
    *,
    people: Mapping[str, str] = PEOPLE,
    english: Collection[str] = (),
    clock: Clock | None = None,
    targeted: bool = True,
    holds_back: bool = True,
    slash: bool = False,
    old: bool = False,
    personally: bool = False,
    channel: str = CHANNEL,
    making: Making = by_botbuilder,
) -> AsyncIterator[TeamsHands]:
    """Return the simulated users. An error reported to the operator fails the test."""
    async with in_teams(
        folder,
        people=people,
        english=english,
        clock=clock,
        targeted=targeted,
        holds_back=holds_back,
        slash=slash,
        old=old,
        personally=personally,
        channel=channel,
        making=making,
    ) as place:
        yield place.hands
        assert place.told == []
        assert not place.world.strangers
