"""Serves Digi on the configured platforms, or the playground if none is configured."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from bot.cli.control import SOCKET, Done, Request, listen
from bot.cli.orders import carry_out
from bot.clock import Clock
from bot.log import Log, close_up
from bot.platforms.common.ports import (
    Address,
    CannotOpen,
    Changed,
    Edge,
    Installation,
    Receive,
    RoomMessage,
)
from bot.platforms.web import pictures
from bot.platforms.web.page.limits import RequestLimit
from bot.platforms.web.page.server import VisitorPage
from bot.platforms.web.screen.by_digits import DigitsPage
from bot.platforms.web.screen.leading_server import LeadingPage
from bot.platforms.web.screen.server import ScreenPage
from bot.server.about import AboutPage
from bot.server.build import DAMAGE, EdgesOf, House, build
from bot.server.downloads import FileDesk
from bot.server.http_server import Hosts, application, runner
from bot.server.metrics import Metrics
from bot.server.pictures import ProjectPictures
from bot.server.preflight import refusals
from bot.server.settings import Settings, Slack, Teams
from content.language import Language
from dialogs.model.facts import NOBODY, Operator
from storage.database import Database
from storage.migrate import migrations
from storage.sql import Damaged, StoreError
from storage.vault import Vault

if TYPE_CHECKING:
    from bot.platforms.slack.door import SlackDoor


LOOPBACK = "127.0.0.1"
"""Where the playground listens, and serves the links that it makes."""


class Problem(Exception):
    """A problem that an operator can fix, described in one line."""


class Door(Protocol):
    """A platform's adapter, built by its `door` module."""

    @property
    def edge(self) -> Edge: ...

    def routes(self) -> list[web.RouteDef]: ...

    def mode(self) -> str:
        """Describe how the platform reaches Digi, for the log."""
        ...

    async def open(self, receive: Receive) -> None:
        """Connect and start background tasks. Raises CannotOpen if an operator must fix something
        first."""
        ...

    async def close(self) -> None: ...


async def serve(settings: Settings) -> None:
    """Serve until stopped: one aiohttp application for all edges, and the courier beside it."""
    gc.disable()  # enabled again by `loaded`
    log = Log(settings.log)
    close_up()
    await refuse_bad_setup(settings, serving=True)
    if settings.playground:
        await _serve_playground(settings, log)
    else:
        await _serve_platforms(settings, log)


def loaded() -> None:
    """Freeze the objects loaded at startup so that garbage collection skips them, and collect less
    often: requests seldom leave reference cycles."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


async def _serve_platforms(settings: Settings, log: Log) -> None:
    doors: list[Door] = []
    watchers: list[Changed] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[Edge]:
        if settings.slack is not None:
            slack = _slack_door(settings, settings.slack, store, vault, log)
            doors.append(slack)
            watchers.append(slack.edge.homes.changed)
        if settings.teams is not None:
            doors.append(_teams_door(settings.teams, store, vault, log))
        return [door.edge for door in doors]

    operator = await _operator(settings)
    house = await build_from(settings, edges, log, operator, watchers)
    app = application_of(house, hosts_of(settings))
    app.add_routes(_about_page(house, operator).routes())
    if settings.public_url is not None:
        app.add_routes(visitor_page(house).routes())
        add_screens(app, house)
        app.add_routes(_download_routes(house))
        app.add_routes(pictures.routes(ProjectPictures(house, house.links)))
    for door in doors:
        app.add_routes(door.routes())

    async def shut() -> None:
        for door in doors:
            await door.close()

    try:
        for door in doors:
            await door.open(house.engine.receive)
    except CannotOpen as refused:
        await shut()
        await house.close()
        raise Problem(" ".join((refused.__doc__ or "").split())) from None
    loaded()
    house.start()
    await _until_stopped(app, settings, house, " and ".join(door.mode() for door in doors), shut)


def _slack_door(
    settings: Settings, slack: Slack, store: Database, vault: Vault, log: Log
) -> SlackDoor:
    from bot.platforms.slack.door import SlackDoor
    from storage.installations import Installations

    return SlackDoor(
        bot_token=slack.bot_token,
        signing_secret=slack.signing_secret,
        app_token=slack.app_token,
        client_id=slack.client_id,
        client_secret=slack.client_secret,
        api_url=slack.api_url,
        public_url=settings.public_url,
        installations=Installations(store, vault, Installation),
        mac=vault.mac,
        told=log.failed,
    )


def _teams_door(teams: Teams, store: Database, vault: Vault, log: Log) -> Door:
    from bot.platforms.teams.door import TeamsDoor
    from bot.platforms.teams.ports import OnActivity, Transport
    from bot.platforms.teams.transport import BotbuilderTransport
    from storage.addresses import Addresses

    def transport(on_activity: OnActivity) -> Transport:
        return BotbuilderTransport(
            on_activity,
            told=log.failed,
            app_id=teams.app_id,
            secret=teams.app_password,
            app_type=teams.app_type,
            app_tenant=teams.app_tenant,
            openid_url=teams.openid_url,
            login_url=teams.login_url,
            tenants=teams.tenants,
            hosts=teams.hosts,
        )

    return TeamsDoor(
        addresses=Addresses(store, vault, Address),
        told=log.failed,
        transport=transport,
        tenants=teams.tenants,
        local=teams.local,
    )


async def _serve_playground(settings: Settings, log: Log) -> None:
    from bot.platforms.web.playground.edge import WebEdge
    from bot.server.playground import add_playground
    from storage.playground_room import Room

    rooms: list[tuple[Room[RoomMessage], WebEdge]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[Edge]:
        room = Room(store, vault, RoomMessage)
        edge = WebEdge(room, clock.now)
        rooms.append((room, edge))
        return [edge]

    operator = await _operator(settings)
    here = f"http://{LOOPBACK}:{settings.port}"
    house = await build_from(settings, edges, log, operator, public_url=here)
    [(room, edge)] = rooms
    await house.gather_playground()
    app = application_of(house, Hosts.this_machine(settings.port))
    add_playground(app, house, room, edge, settings.port)
    app.add_routes(visitor_page(house).routes())
    add_screens(app, house)
    app.add_routes(_download_routes(house))
    loaded()
    house.start()
    await _until_stopped(app, settings, house, "the playground")


async def refuse_bad_setup(settings: Settings, *, serving: bool) -> None:
    if found := await asyncio.to_thread(refusals, settings, serving=serving):
        raise Problem("\n".join(said for _, said in found))


async def build_from(
    settings: Settings,
    edges: EdgesOf,
    log: Log,
    operator: Operator = NOBODY,
    watchers: Sequence[Changed] = (),
    public_url: str | None = None,
) -> House:
    return await build(
        settings.home,
        edges=edges,
        key_file=settings.key_file,
        database=settings.sqlite,
        postgres=settings.postgres,
        packs=settings.packs,
        log=log,
        backups=settings.backups,
        backup_days=settings.backup_days,
        nightly=not settings.playground,
        operator=operator,
        watchers=watchers,
        public_url=public_url or settings.public_url,
    )


def hosts_of(settings: Settings) -> Hosts:
    """Return the allowed host names: those that a container, a pod or a proxy uses, and the
    operator's."""
    public = urlsplit(settings.public_url or "").hostname
    return Hosts.named(
        ("localhost", socket.gethostname(), settings.host, public, *settings.allowed_hosts)
    )


async def _operator(settings: Settings) -> Operator:
    """Return who is responsible for this Digi, and whether the database server records when rows
    are written."""
    keeps_times = False
    if settings.postgres is not None:
        from storage.postgres.doctor import examine

        found = await asyncio.to_thread(examine, settings.postgres)
        keeps_times = found.promise != "whole"
    return Operator(**msgspec.to_builtins(settings.operator), database_keeps_times=keeps_times)


def _about_page(house: House, operator: Operator) -> AboutPage:
    return AboutPage(
        house.catalogue,
        operator,
        house.vault,
        lambda facts: house.database.read(house.scripts.reading.look, "", "", facts),
    )


def visitor_page(house: House, limit: RequestLimit | None = None) -> VisitorPage:
    phrases = house.catalogue.phrases
    return VisitorPage(
        house.engine.receive,
        house.links,
        lambda language, key: phrases[key].of(language),
        limit,
    )


def add_screens(app: web.Application, house: House) -> None:
    phrases = house.catalogue.phrases

    def words(language: Language, key: str) -> str:
        return phrases[key].of(language)

    ScreenPage(house.screens, words, house.log.failed).add_to(app)
    app.add_routes(DigitsPage(house.screens, words).routes())
    LeadingPage(house.leading, words, house.log.failed).add_to(app)


def _download_routes(house: House) -> list[web.RouteDef]:
    from bot.platforms.web import downloads

    desk = FileDesk(
        house.links,
        house.engine.receive,
        house.vault,
        house.catalogue,
        house.clock.now,
        house.views.serves,
    )
    return downloads.routes(desk, house.log.failed)


def application_of(house: House, hosts: Hosts) -> web.Application:
    app = application(hosts)
    app.add_routes([web.get("/healthz", _healthz), web.get("/readyz", readyz(house))])
    metrics = Metrics(
        house.database.read, house.scripts, house.tally, house.courier, house.upkeep, house.log
    )
    app.add_routes(metrics.routes())
    return app


async def _nothing_more() -> None:
    pass


async def take_orders(house: House, request: Request) -> Done:
    """Execute an operator's command from the control socket."""
    done = await carry_out(house, request)
    house.listeners.letters_written()
    return done


async def _until_stopped(
    app: web.Application,
    settings: Settings,
    house: House,
    what: str,
    shut: Callable[[], Awaitable[None]] = _nothing_more,
) -> None:
    serving = runner(app)
    await serving.setup()
    try:
        try:
            await web.TCPSite(serving, settings.host, settings.port).start()
        except OSError as error:
            raise Problem(
                f"port {settings.port} is in use ({error.strerror}): stop the program that uses it,"
                " or set DIGI_PORT to another"
            ) from None
        orders = await listen(settings.home, partial(take_orders, house))
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        print(
            f"Digi is at http://{settings.host}:{settings.port} ({what}; stop with Ctrl-C)",
            flush=True,
        )
        try:
            await stop.wait()
        finally:
            orders.close()
            (settings.home / SOCKET).unlink(missing_ok=True)
    finally:
        await serving.cleanup()
        await house.stop()
        await shut()
        await house.close()


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def readyz(house: House) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def ready(_: web.Request) -> web.Response:
        try:
            oldest = await house.database.read(house.scripts.meta, "oldest_code")
        except StoreError as error:
            said = DAMAGE if isinstance(error, Damaged) else "the database does not answer"
            return web.Response(status=503, text=f"{said}\n")
        if house.damaged:
            return web.Response(status=503, text=f"{DAMAGE}\n")
        if int(oldest) > len(migrations()):
            said = "a newer Digi has changed the database: install that version here\n"
            return web.Response(status=503, text=said)
        return web.Response(text="ready\n")

    return ready
