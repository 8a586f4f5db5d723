"""Digi: builds the house and opens its doors. The only file that knows all rooms."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # while this is loaded

import argparse
import asyncio
import json
import secrets
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from bot.cli.control import NAME as CONTROL
from bot.cli.control import Done, Request, ask, listen
from bot.cli.doctor import examined
from bot.cli.orders import carry_out
from bot.cli.progress import ProgressLine
from bot.clock import Clock
from bot.core.courier import Courier
from bot.core.engine import Engine
from bot.core.gate import Gate
from bot.log import Log, close_up, places, redact_libraries
from bot.platforms.common.ports import (
    Address,
    CannotOpen,
    Changed,
    Delivery,
    Edge,
    Installation,
    Members,
    Receive,
    RoomMessage,
    Sender,
)
from bot.server import settings as digi_settings
from bot.server.about import AboutPage
from bot.server.http_server import Hosts, application, runner
from bot.server.metrics import Metrics
from bot.server.preflight import no_shared_key, refusals
from bot.server.settings import Settings, SettingsError, Slack, Teams
from bot.server.upkeep import Upkeep, restore
from content import catalogue as content
from content.catalogue import ContentError
from content.model import Catalogue
from dialogs.advice import shelves
from dialogs.model.commands import COMMANDS, word_for
from dialogs.model.facts import NOBODY, Operator
from storage import rekey
from storage.migrate import migrations
from storage.sql import Damaged, StoreError
from storage.sqlite.driver import DATABASE, Sqlite, reading
from storage.transactions.store import Database, Scripts
from storage.vault import KeyProblem, Vault, read_key

if TYPE_CHECKING:
    from bot.platforms.slack.door import SlackDoor

VERSION = "0.1.0"
FINE, PROBLEM, USAGE = 0, 1, 2
WILL_ERASE = {
    "person": "This deletes what {id} wrote by name, and takes the name away from roles, agreements"
    " and all else. What was said without a name is not touched.",
    "project": "This deletes project {id} with everything that belongs to it, for good.",
}


DAMAGE_SECONDS = 60.0
DAMAGE = (
    "the database is damaged: stop Digi, and put the latest backup in its place"
    " (docs/operations.md)"
)


class Problem(Exception):
    """Something an operator can mend, said in one line."""


# --- the house --------------------------------------------------------------------------------


@dataclass
class House:
    """Everything that is built once and lives as long as the process."""

    database: Database
    scripts: Scripts
    vault: Vault
    catalogue: Catalogue
    clock: Clock
    engine: Engine
    courier: Courier
    upkeep: Upkeep
    log: Log
    damaged: bool = False
    """Damage to the database was met while serving, and the operator has been told."""
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self.upkeep.serving = True
        self._running.append(asyncio.create_task(self.courier.run(), name="courier"))
        self._running.append(asyncio.create_task(self._tell_of_damage(), name="damage"))

    async def _tell_of_damage(self) -> None:
        """In the log and at /readyz, once, at the next full minute: the moment at which it was met
        may be when somebody wrote without a name."""
        while True:
            await asyncio.sleep(DAMAGE_SECONDS - time.time() % DAMAGE_SECONDS)
            if self.database.damaged:
                break
        self.damaged = True
        self.log.failed("database", DAMAGE)

    async def landmarks(self, tenant: str) -> dict[str, datetime]:
        """When the next question, overview and release of a workplace are due."""
        names = {
            "walk:walk:rhythm": "question",
            "digest:digest:overview": "overview",
            "say:say:release": "release",
        }
        found: dict[str, datetime] = {}
        for name, due in await self.database.read(self.scripts.timers, tenant):
            if name in names:
                found.setdefault(names[name], due)
        return found

    async def gather_playground(self) -> None:
        """Everybody of the pretended workplace is in its channels."""
        from bot.platforms.web.playground.people import CHANNELS, PEOPLE, TENANT

        there = tuple(Sender(one.id, one.name, one.locale) for one in PEOPLE)
        for channel in CHANNELS:
            key = f"members:{channel.id}:{secrets.token_hex(16)}"
            await self.engine.receive(Delivery(TENANT, Sender(""), key, Members(there), channel.id))

    async def start_over(self, tenant: str) -> None:
        """Everything of a workplace is deleted, and the clock is real again."""
        await self.database.tx_sealed(self.scripts.clear_tenant, tenant)
        self.clock.reset()
        self.courier.begins_again()
        await self.database.tx(self.scripts.set_meta, "clock_offset_us", "0")

    async def stop(self) -> None:
        """Nothing more is sent; as long as the edges are open, calls under way may end."""
        while self._running:
            task = self._running.pop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        await self.stop()
        if not self.database.alone:
            # PostgreSQL's counters outlive this process; SQLite's are in files that go with it.
            await self.courier.housekeeping.padding.pad()
        await self.database.close()


EdgesOf = Callable[[Database, Vault, Clock], Sequence[Edge]]


async def build(
    home: Path,
    *,
    edges: EdgesOf,
    clock: Clock | None = None,
    key_file: Path | None = None,
    database: Path | None = None,
    postgres: str | None = None,
    packs: tuple[Path, ...] = (),
    log: Log | None = None,
    operator: Operator = NOBODY,
    backups: Path | None = None,
    backup_days: int = digi_settings.BACKUP_DAYS,
    nightly: bool = False,
) -> House:
    """Settings -> key -> store -> catalogue -> edges -> engine -> courier."""
    key_file = key_file or digi_settings.default_key_file(home)
    catalogue = content.load(packs=packs)
    store = await _store(home, database, postgres)
    log = log or Log("error")
    try:
        vault = await _vault(store, key_file, makes_key=postgres is None)
        scripts = Scripts(vault)
        await store.tx(rekey.keep_secret, vault)
        offset = await store.read(scripts.meta, "clock_offset_us")
        clock = clock or Clock(int(offset or 0))
        gate = Gate(store, scripts, vault, clock)
        engine = Engine(
            store,
            scripts,
            catalogue,
            vault,
            clock,
            gate,
            tuple(edges(store, vault, clock)),
            operator,
            log,
        )
        courier = Courier(store, scripts, engine, clock, log)
        upkeep = Upkeep(
            store, scripts, vault, catalogue, clock, log, home=home, key_file=key_file,
            backups=backups or home / "backups", days=backup_days, nightly=nightly,
        )  # fmt: skip
        courier.housekeeping.nightly = upkeep.night
        upkeep.still = courier.still
        await upkeep.heed()
    except BaseException:
        await store.close()
        raise
    return House(store, scripts, vault, catalogue, clock, engine, courier, upkeep, log)


async def _store(home: Path, database: Path | None, postgres: str | None) -> Database:
    if postgres is None:
        return await Sqlite.open(database or home / DATABASE)
    from storage.postgres.driver import Postgres

    # Here lie the way to a running replica and the proofs of deletion, and no database.
    await asyncio.to_thread(home.mkdir, 0o700, parents=True, exist_ok=True)
    return await Postgres.open(postgres)


async def _vault(store: Database, key_file: Path, *, makes_key: bool) -> Vault:
    """With the database's own key. A key is made only for a new database; an old one must find its
    own again, and a key whose database is gone gets no new one."""
    known = await store.read(rekey.known_key)
    vault = rekey.fitting(key_file, known)
    if vault is None and not makes_key:
        raise no_shared_key(key_file)
    if vault is None:
        return await make_first_key(store, key_file)
    rekey.finish_files(key_file, known)
    return vault


async def make_first_key(store: Database, key_file: Path) -> Vault:
    """It is in its place only once the database bears its fingerprint: so whoever finds the key and
    no database knows that there was one. Stopped anywhere in between, it goes on here."""
    vault = Vault(rekey.first_waiting(key_file))
    if await store.tx(rekey.first_key, vault.fingerprint()) != vault.fingerprint():
        raise KeyProblem("another key was made for this database at the same moment: use that one")
    rekey.take_place(key_file)
    return vault


# --- serving ----------------------------------------------------------------------------------


class Door(Protocol):
    """A platform's way in and out, put together by its room."""

    @property
    def edge(self) -> Edge: ...

    def routes(self) -> list[web.RouteDef]: ...

    def mode(self) -> str:
        """Which way the platform reaches Digi, in a few words."""
        ...

    async def open(self, receive: Receive) -> None:
        """Raises CannotOpen where an operator must mend something first."""
        ...

    async def close(self) -> None: ...


class PlaygroundClock:
    """The playground's hold on the world's clock: bot.platforms.common.ports.Clockwork."""

    def __init__(self, tenant: str, clock: Clock) -> None:
        self._tenant = tenant
        self._clock = clock
        self.house: House | None = None

    def now(self) -> datetime:
        return self._clock.now()

    async def move_to(self, target: datetime) -> None:
        await self._there().courier.move_to(target)

    async def settle(self) -> None:
        await self._there().courier.settle()

    async def landmarks(self) -> dict[str, datetime]:
        return await self._there().landmarks(self._tenant)

    async def start_over(self) -> None:
        house = self._there()
        async with house.courier.alone():
            await house.start_over(self._tenant)
        await house.gather_playground()

    def _there(self) -> House:
        assert self.house is not None, "the house is built before anybody asks"
        return self.house


async def serve(settings: Settings) -> None:
    """Until stopped: one aiohttp application for every edge, and the courier beside it."""
    gc.disable()  # until it serves
    log = Log(settings.log)
    close_up()
    await _allowed(settings, serving=True)
    if settings.playground:
        await _serve_playground(settings, log)
    else:
        await _serve_platforms(settings, log)


def loaded() -> None:
    """The collector of garbage need not look again and again through what was loaded once and
    stays; and what a request leaves behind seldom holds itself."""
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

    house = await _built(settings, edges, log)
    house.engine.watchers += watchers
    app = _application(house, hosts_of(settings))
    app.add_routes(_about_page(house, _operator(settings)).routes())
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
        bot_token=slack.bot_token, signing_secret=slack.signing_secret,
        app_token=slack.app_token, client_id=slack.client_id,
        client_secret=slack.client_secret, api_url=slack.api_url,
        public_url=settings.public_url, installations=Installations(store, vault, Installation),
        mac=vault.mac, told=log.failed,
    )  # fmt: skip


def _teams_door(teams: Teams, store: Database, vault: Vault, log: Log) -> Door:
    from bot.platforms.teams.door import TeamsDoor
    from bot.platforms.teams.ports import OnActivity, Transport
    from bot.platforms.teams.transport import BotbuilderTransport
    from storage.addresses import Addresses

    def transport(on_activity: OnActivity) -> Transport:
        return BotbuilderTransport(
            on_activity, told=log.failed, app_id=teams.app_id, secret=teams.app_password,
            app_type=teams.app_type, app_tenant=teams.app_tenant, openid_url=teams.openid_url,
            login_url=teams.login_url, tenants=teams.tenants, hosts=teams.hosts,
        )  # fmt: skip

    return TeamsDoor(
        addresses=Addresses(store, vault, Address), told=log.failed, transport=transport,
        tenants=teams.tenants, local=teams.local,
    )  # fmt: skip


async def _serve_playground(settings: Settings, log: Log) -> None:
    from bot.platforms.web.playground.edge import WebEdge
    from bot.platforms.web.playground.people import TENANT
    from bot.platforms.web.playground.server import add_routes
    from storage.playground_room import Room

    rooms: list[tuple[Room[RoomMessage], WebEdge, PlaygroundClock]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[Edge]:
        room = Room(store, vault, RoomMessage)
        held = PlaygroundClock(TENANT, clock)
        edge = WebEdge(room, held)
        rooms.append((room, edge, held))
        return [edge]

    house = await _built(settings, edges, log)
    [(room, edge, held)] = rooms
    held.house = house
    await house.gather_playground()
    app = _application(house, Hosts.this_machine(settings.port))
    add_routes(
        app, house.engine.receive, room, edge, held, port=settings.port,
        token=secrets.token_urlsafe(24), commands=lambda language: command_help(house, language),
    )  # fmt: skip
    loaded()
    house.start()
    await _until_stopped(app, settings, house, "the playground")


async def _allowed(settings: Settings, *, serving: bool) -> None:
    if found := await asyncio.to_thread(refusals, settings, serving=serving):
        raise Problem("\n".join(said for _, said in found))


async def _built(settings: Settings, edges: EdgesOf, log: Log) -> House:
    return await build(
        settings.home, edges=edges, key_file=settings.key_file, database=settings.sqlite,
        postgres=settings.postgres, packs=settings.packs, log=log, backups=settings.backups,
        backup_days=settings.backup_days, nightly=not settings.playground,
        operator=_operator(settings),
    )  # fmt: skip


def hosts_of(settings: Settings) -> Hosts:
    """What a container, a pod or a proxy calls this Digi, and what the operator adds to that."""
    public = urlsplit(settings.public_url or "").hostname
    return Hosts.named(
        ("localhost", socket.gethostname(), settings.host, public, *settings.allowed_hosts)
    )


def _operator(settings: Settings) -> Operator:
    return msgspec.convert(settings.operator, Operator, from_attributes=True)


def _about_page(house: House, operator: Operator) -> AboutPage:
    return AboutPage(
        house.catalogue, operator, house.vault,
        lambda facts: house.database.read(house.scripts.look, "", "", facts),
    )  # fmt: skip


def _application(house: House, hosts: Hosts) -> web.Application:
    app = application(hosts)
    app.add_routes([web.get("/healthz", _healthz), web.get("/readyz", _readyz(house))])
    metrics = Metrics(
        house.database.read, house.scripts, house.engine, house.courier, house.upkeep, house.log
    )
    app.add_routes(metrics.routes())
    return app


async def _nothing_more() -> None:
    pass


async def _take_orders(house: House, request: Request) -> Done:
    """What an operator orders while Digi runs."""
    done = await carry_out(house.upkeep, request)
    house.engine.letters_written()
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
                f"port {settings.port} is taken ({error.strerror}): stop what holds it,"
                " or name another in DIGI_PORT"
            ) from None
        orders = await listen(settings.home, partial(_take_orders, house))
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
            (settings.home / CONTROL).unlink(missing_ok=True)
    finally:
        await serving.cleanup()
        await house.stop()
        await shut()
        await house.close()


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _readyz(house: House) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def ready(_: web.Request) -> web.Response:
        try:
            oldest = await house.database.read(house.scripts.meta, "oldest_code")
        except StoreError as error:
            said = DAMAGE if isinstance(error, Damaged) else "the database does not answer"
            return web.Response(status=503, text=f"{said}\n")
        if house.damaged:
            return web.Response(status=503, text=f"{DAMAGE}\n")
        if int(oldest) > len(migrations()):
            said = "a newer Digi has changed the database: put the newer one in this one's place\n"
            return web.Response(status=503, text=said)
        return web.Response(text="ready\n")

    return ready


def command_help(house: House, language: Literal["da", "en"]) -> list[tuple[str, str]]:
    """What the playground suggests when one types a slash: the word, and what it does."""
    phrases = house.catalogue.phrases
    return [
        (word_for(command.name, language), phrases[key].of(language))
        for command in COMMANDS
        if (key := f"command.{command.name}") in phrases
    ]


# --- the command line -------------------------------------------------------------------------


class _Usage(argparse.ArgumentParser):
    """An argument may be an address with a password in it: then no argument is repeated."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if any(digi_settings.looks_secret(word) for word in getattr(self, "_given", ())):
            message = "this is not how it is used (what was given is not repeated here)"
        super().error(message)


def main(argv: Sequence[str] | None = None) -> int:
    gc.enable()
    redact_libraries()
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return int(args.does(args))
    except SettingsError as error:
        for line in error.problems:
            print(line, file=sys.stderr)
    except (Problem, StoreError, KeyProblem, ContentError) as error:
        print(str(error), file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; see that Digi may use it", file=sys.stderr)
    except Exception as error:
        # The text of an error that nobody foresaw may hold anything.
        print("a fault in Digi; it happened here:", *places(error.__traceback__),
              type(error).__name__, sep="\n", file=sys.stderr)  # fmt: skip
    return PROBLEM


def _parser() -> argparse.ArgumentParser:
    parser = _Usage(prog="python app.py", description="Digi")
    parser.add_argument("--version", action="version", version=f"digi {VERSION}")
    parser.set_defaults(does=_run)
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, does: object, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(does=does)
        return found

    add("run", _run, "serve Digi (the default)")
    looked = add("check", _check, "look at settings, key, database and content; say what to mend")
    looked.add_argument("--deep", action="store_true", help="open every sealed value once, too")
    listing = add("content", _content, "the catalogue: set id, items in da, items in en")
    listing.add_argument("--set", metavar="ID", help="one set as people will read it")
    listing.add_argument("--lang", choices=("da", "en"), default="da", help="its language")
    listing.add_argument("--lix", action="store_true", help="how easy each set's Danish is to read")
    listing.add_argument(
        "--where", action="store_true", help="where people meet each set, ours only"
    )
    shown = add("manifest", _manifest, "what a platform is told about the app")
    shown.add_argument("platform", choices=("slack", "teams"), help="JSON to paste, or a zip")
    shown.add_argument(
        "--out", metavar="FILE", type=Path, help="where to write it (teams: digi-teams.zip)"
    )
    add("key", _key, "make the key of a new database")
    add("outbox", _outbox, "what waits to be sent, and what is dead")
    kept = add("backup", _backup, "make a sealed backup, also while Digi runs")
    kept.add_argument("--to", metavar="PATH", type=Path, help="a folder, or a new file")
    put_back = add("restore", _restore, "put a backup in the database's place, Digi being stopped")
    put_back.add_argument("file", metavar="FILE", type=Path)
    put_back.add_argument(
        "--over", action="store_true", help="over a database that holds something"
    )
    add("rotate-key", _rotate_key, "seal everything with a new key, also while Digi runs")
    erased = add("erase", _erase, "delete a person's named data, or a project; gives the proof")
    erased.add_argument("what", choices=("person", "project"))
    erased.add_argument(
        "id", metavar="ID", help="the platform's id of a person; of a project, ours"
    )
    erased.add_argument("--workplace", default="", help="where several have a person of this id")
    erased.add_argument("--yes", action="store_true", help="do not ask first")
    unseated = add("unseat", _unseat, "end the seat of a representative who cannot press any more")
    unseated.add_argument("person", metavar="PERSON", help="the platform's id")
    unseated.add_argument("project", metavar="PROJECT", help="its id: see projects")
    moved = add("move", _move, "move everything from the SQLite file to an empty PostgreSQL")
    moved.add_argument("to", metavar="postgresql://…", help="the new database")
    add("projects", _projects, "workplace, id and channel of each project; never what is said")
    bench = add("bench", _bench, "how fast Digi is here, beside what others do here (minutes)")
    bench.add_argument("parts", nargs="*", metavar="PART", help="only these parts of the table")
    bench.add_argument("--short", action="store_true", help="less time, wider spread")
    return parser


def _run(_: argparse.Namespace) -> int:
    asyncio.run(serve(digi_settings.load()))
    return FINE


def _check(args: argparse.Namespace) -> int:
    problems = examined(deep=args.deep)
    for line in problems:
        print(line)
    return PROBLEM if problems else FINE


def _content(args: argparse.Namespace) -> int:
    if args.where:
        print(shelves.as_table(content.load()), end="")
        return FINE
    loaded = content.load(packs=digi_settings.load().packs)
    if args.set:
        if args.set not in loaded.sets:
            raise Problem(f"there is no set {args.set}: python app.py content lists them all")
        print(content.as_people_read_it(loaded, args.set, args.lang))
        return FINE
    ease = content.readability(loaded) if args.lix else {}
    for row in content.table(loaded):
        cells = (*row, f"{ease[row[0]]:.0f}") if args.lix else row
        print("\t".join(str(cell) for cell in cells))
    return FINE


def _manifest(args: argparse.Namespace) -> int:
    settings = digi_settings.load()
    if args.platform == "teams":
        out: Path = args.out or Path("digi-teams.zip")
        out.write_bytes(_teams_package(settings))
        print(f"wrote {out}: upload it in the Teams admin center, or in Teams under 'Apps'")
        return FINE
    drawn = json.dumps(_slack_manifest(settings), ensure_ascii=False, indent=2)
    if args.out is None:
        print(drawn)
    else:
        args.out.write_text(drawn + "\n", encoding="utf-8")
        print(f"wrote {args.out}")
    return FINE


def _slack_manifest(settings: Settings) -> dict[str, object]:
    """For the mode that `run` serves with these settings. Before there are any of Slack's, it is
    Socket Mode unless there is a public address. What is still missing is said beside the JSON."""
    from bot.platforms.slack.manifest import CannotDraw, manifest, missing

    slack, url = settings.slack, settings.public_url
    socket_mode = slack.socket_mode if slack else url is None
    several = bool(slack and slack.client_id)
    try:
        drawn = manifest(url, socket_mode=socket_mode, several=several)
    except CannotDraw as refused:
        raise Problem(str(refused)) from None
    names = missing(
        socket_mode=socket_mode, several=several, bot_token=bool(slack and slack.bot_token),
        signing_secret=bool(slack and slack.signing_secret),
        app_token=bool(slack and slack.app_token),
    )  # fmt: skip
    mode = "Socket Mode" if socket_mode else f"HTTP, at {url}/slack/events"
    needs = f"; still to be set: {', '.join(names)}" if names else ""
    print(f"this is for Slack by {mode}{needs} (docs/slack.md)", file=sys.stderr)
    return drawn


def _teams_package(settings: Settings) -> bytes:
    from bot.platforms.teams.manifest import CannotPackage, about, package

    app_id = settings.teams.app_id if settings.teams else None
    try:
        app = about(app_id, settings.public_url, VERSION, settings.operator.controller)
    except CannotPackage as refused:
        raise Problem(str(refused)) from None
    phrases = content.load(packs=settings.packs).phrases
    return package(app, word_for, lambda key, language: phrases[key].of(language))


def _key(_: argparse.Namespace) -> int:
    settings = digi_settings.load()
    asyncio.run(_keyed(settings))
    print(f"made {settings.key_file}: keep it, and keep it apart from the backups")
    return FINE


async def _keyed(settings: Settings) -> None:
    """A key and the new database that it is for: neither is ever there without the other."""
    if settings.key_file.exists():
        raise KeyProblem(f"{settings.key_file}: there is a key already, and it was left as it is")
    store = await _store(settings.home, settings.sqlite, settings.postgres)
    try:
        known = await store.read(rekey.known_key)
        rekey.finish_files(settings.key_file, known or "")
        if known is not None and not settings.key_file.exists():
            raise Problem(
                "this database was made with a key already: put that one back at"
                f" {settings.key_file}, or name its place in DIGI_KEY_FILE"
            )
        if known is None:
            await make_first_key(store, settings.key_file)
    finally:
        await store.close()


def _rows(sql: str) -> list[tuple[Any, ...]]:
    """Read beside a running server."""
    settings = digi_settings.load()
    if settings.postgres is not None:
        from storage.postgres import doctor as postgres_doctor

        return postgres_doctor.rows(settings.postgres, sql)
    path = settings.sqlite or settings.home / DATABASE
    if not path.exists():
        rekey.fitting(settings.key_file, None)
        raise Problem(f"there is no database at {path} yet: it is made at the first start")
    try:
        with closing(reading(path)) as conn:
            return conn.execute(sql).fetchall()
    except sqlite3.Error as error:
        raise Problem(f"{path} cannot be read ({error}): python app.py check says more") from None


def _outbox(_: argparse.Namespace) -> int:
    """Reads beside a running server: id, kind, place, state, due, tries. Never what is said."""
    asked = "SELECT id, kind, place, state, due_us, attempts FROM letter ORDER BY due_us, seq"
    for id, kind, place, state, due_us, attempts in _rows(asked):
        due = datetime.fromtimestamp(due_us / 1_000_000, UTC).isoformat(timespec="seconds")
        print("\t".join((state, kind, place, due, str(attempts), id)))
    return FINE


def _backup(args: argparse.Namespace) -> int:
    return _order(Request("backup", {"to": str(args.to.absolute())} if args.to else {}))


def _rotate_key(_: argparse.Namespace) -> int:
    return _order(Request("rotate-key"))


def _erase(args: argparse.Namespace) -> int:
    print(WILL_ERASE[args.what].format(id=args.id), file=sys.stderr)
    if not args.yes:
        if not sys.stdin.isatty():
            raise Problem("nothing was deleted: add --yes, and it is done without asking")
        if input("Type yes to go on: ").strip().lower() not in ("yes", "ja"):
            raise Problem("nothing was deleted")
    named = {args.what: args.id, "workplace": args.workplace}
    return _order(Request(f"erase-{args.what}", named))


def _unseat(args: argparse.Namespace) -> int:
    return _order(Request("unseat", {"person": args.person, "project": args.project}))


def _order(request: Request) -> int:
    """By the running Digi, or here where none runs."""
    done = asyncio.run(_ordered(digi_settings.load(), request))
    print(done.said, file=sys.stdout if done.fine else sys.stderr)
    return FINE if done.fine else PROBLEM


async def _ordered(settings: Settings, request: Request) -> Done:
    if settings.home.is_dir() and (done := await ask(settings.home, request)) is not None:
        return done
    await _allowed(settings, serving=False)
    if settings.sqlite is not None and not settings.sqlite.exists():
        raise Problem(f"there is no database at {settings.sqlite} yet")
    house = await _built(settings, lambda *_: [], Log("error"))
    try:
        return await carry_out(house.upkeep, request)
    finally:
        await house.close()


def _restore(args: argparse.Namespace) -> int:
    settings = digi_settings.load()
    if settings.sqlite is None:
        raise Problem("PostgreSQL is restored with its own tools: docs/operations.md")
    vault = Vault(read_key(settings.key_file))
    heeded = asyncio.run(
        restore(vault, args.file, settings.sqlite, settings.home, settings.backups, over=args.over)
    )
    print(f"restored {args.file}; {heeded} deletions made since then were made again")
    return FINE


def _move(args: argparse.Namespace) -> int:
    """All or nothing; the file is only read."""
    from storage.copy_database import Moved, move

    settings = digi_settings.load()
    if settings.sqlite is None:
        raise Problem("DIGI_DATABASE names PostgreSQL already: leave it out to move from the file")
    if not settings.sqlite.exists():
        rekey.fitting(settings.key_file, None)
        raise Problem(f"there is no database at {settings.sqlite}")
    if not digi_settings.is_postgres_address(args.to):
        raise Problem(f"say where to: {digi_settings.ADDRESS}")
    shown = ProgressLine(sys.stderr)

    def told(step: Moved) -> None:
        shown.at(step.table, step.rows, step.of)

    fingerprint = Vault(read_key(settings.key_file)).fingerprint()
    try:
        rows = move(settings.sqlite, args.to, fingerprint, told)
    except KeyboardInterrupt:
        raise Problem("broken off: nothing was moved, and the same command begins again") from None
    finally:
        shown.end()
    print(
        f"moved {rows} rows and counted them on both sides. Put the new address into DIGI_DATABASE"
        f" and start Digi with the same key; {settings.sqlite} was only read, and is yours to"
        " delete when all is well"
    )
    return FINE


def _projects(_: argparse.Namespace) -> int:
    for row in _rows("SELECT tenant, id, channel, open FROM project ORDER BY tenant, seq"):
        print("\t".join((*row[:3], "open" if row[3] else "ended")))
    return FINE


def _bench(args: argparse.Namespace) -> int:
    try:
        from tests.bench.main import PARTS, run
    except ModuleNotFoundError as missing:
        raise Problem(
            f"{missing.name} is not here: measure in a clone, with `make bench`"
        ) from None
    if unknown := set(args.parts) - set(PARTS):
        raise Problem(f"there is no part {min(unknown)}: there are {', '.join(PARTS)}")
    if not run(tuple(args.parts), short=args.short):
        raise Problem("not all of it was measured: what went wrong stands above")
    return FINE


if __name__ == "__main__":
    sys.exit(main())
