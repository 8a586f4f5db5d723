"""Composition root: builds one object of each part and connects them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from bot.clock import Clock
from bot.core.courier import Courier
from bot.core.dialogs import Dialogs
from bot.core.engine import Engine
from bot.core.gate import Gate
from bot.core.listeners import Listeners
from bot.core.pause import Pause
from bot.core.release_fence import ReleaseFence
from bot.core.tally import Tally
from bot.core.turn_runner import TurnRunner
from bot.core.views import Views
from bot.log import Log
from bot.platforms.common.ports import (
    Changed,
    Delivery,
    Edge,
    Members,
    Sender,
)
from bot.server import settings as digi_settings
from bot.server.leading import LeadingDesk
from bot.server.preflight import no_shared_key
from bot.server.report_files import ReportFiles
from bot.server.screens import ScreenDesk
from bot.server.upkeep import Upkeep
from content import catalogue as content
from content.model import Catalogue
from dialogs.model.facts import NOBODY, Operator
from storage import rekey
from storage.database import Database
from storage.links import StoredLinks
from storage.sqlite.driver import DATABASE, Sqlite
from storage.transactions.store import Scripts
from storage.vault import KeyProblem, Vault

DAMAGE_SECONDS = 60.0
DAMAGE = (
    "the database is damaged: stop Digi, and put the latest backup in its place"
    " (docs/operations.md)"
)


@dataclass
class House:
    """All objects that live as long as the process."""

    database: Database
    scripts: Scripts
    vault: Vault
    catalogue: Catalogue
    clock: Clock
    engine: Engine
    courier: Courier
    upkeep: Upkeep
    log: Log
    turns: TurnRunner
    views: Views
    fence: ReleaseFence
    listeners: Listeners
    tally: Tally
    links: StoredLinks
    screens: ScreenDesk
    leading: LeadingDesk
    reports: ReportFiles
    damaged: bool = False
    """The database was found to be damaged, and the operator has been told."""
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self.upkeep.begin_to_serve()
        self._running.append(asyncio.create_task(self.courier.run(), name="courier"))
        self._running.append(asyncio.create_task(self._tell_of_damage(), name="damage"))

    async def _tell_of_damage(self) -> None:
        """Report damage to the database, in the log and at /readyz, once, at the next full minute.

        Not at once, because the damage may have been found while somebody wrote without a name.
        """
        while True:
            await asyncio.sleep(DAMAGE_SECONDS - time.time() % DAMAGE_SECONDS)
            if self.database.damaged:
                break
        self.damaged = True
        self.log.failed("database", DAMAGE)

    async def landmarks(self, tenant: str) -> dict[str, datetime]:
        """Return when a workplace's next question, overview and release are due."""
        names = {
            "walk:walk:rhythm": "question",
            "digest:digest:overview": "overview",
            "say:say:release": "release",
        }
        found: dict[str, datetime] = {}
        for name, due in await self.database.read(self.scripts.outbox.timers, tenant):
            if name in names:
                found.setdefault(names[name], due)
        return found

    async def gather_playground(self) -> None:
        """Store everybody in the simulated workplace as a member of its channels."""
        from bot.platforms.web.playground.people import CHANNELS, PEOPLE, TENANT

        there = tuple(Sender(one.id, one.name, one.locale) for one in PEOPLE)
        for channel in CHANNELS:
            key = f"members:{channel.id}:{secrets.token_hex(16)}"
            await self.engine.receive(Delivery(TENANT, Sender(""), key, Members(there), channel.id))

    async def start_over(self, tenant: str) -> None:
        """Delete all data of a workplace and reset the clock."""
        await self.database.tx_sealed(self.scripts.clear_tenant, tenant)
        self.clock.reset()
        self.courier.begins_again()
        self.engine.begins_again()
        await self.database.tx(self.scripts.set_meta, "clock_offset_us", "0")

    async def stop(self) -> None:
        """Stop all background tasks. Calls in progress may end while the edges are still open."""
        while self._running:
            task = self._running.pop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        await self.stop()
        if not self.database.alone:
            # PostgreSQL's statistics outlive this process. SQLite has counters only in its own
            # files.
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
    watchers: Sequence[Changed] = (),
    public_url: str | None = None,
) -> House:
    """Build everything in order: settings, key, store, catalogue, edges, engine, upkeep, courier.

    `watchers` is read at each turn, so that `edges` may fill it. `public_url` is where the world
    reaches Digi's links.
    """
    key_file = key_file or digi_settings.default_key_file(home)
    catalogue = content.load(packs=packs)
    operator = msgspec.structs.replace(operator, has_address=public_url is not None)
    store = await open_store(home, database, postgres)
    log = log or Log("error")
    try:
        vault = await _vault(store, key_file, makes_key=postgres is None)
        await store.tx(rekey.keep_secret, vault)
        scripts = Scripts(vault)
        clock = clock or Clock(int(await store.read(scripts.meta, "clock_offset_us") or 0))
        ground = _Ground(store, scripts, vault, catalogue, clock, log, Pause(), operator)
        backups = backups or home / "backups"
        upkeep = _upkeep(ground, home, key_file, backups, backup_days, nightly=nightly)
        house = _connected(ground, upkeep, tuple(edges(store, vault, clock)), watchers, public_url)
        await upkeep.heed()
    except BaseException:
        await store.close()
        raise
    return house


@dataclass(frozen=True)
class _Ground:
    """What all other objects are built on."""

    database: Database
    scripts: Scripts
    vault: Vault
    catalogue: Catalogue
    clock: Clock
    log: Log
    pause: Pause
    operator: Operator


def _upkeep(
    ground: _Ground, home: Path, key_file: Path, backups: Path, days: int, *, nightly: bool
) -> Upkeep:
    return Upkeep(
        ground.database,
        ground.scripts,
        ground.vault,
        ground.catalogue,
        ground.clock,
        ground.log,
        home=home,
        key_file=key_file,
        backups=backups,
        days=days,
        nightly=nightly,
        still=partial(ground.pause.still, calls_end=False),
    )


def _connected(
    ground: _Ground,
    upkeep: Upkeep,
    edges: tuple[Edge, ...],
    watchers: Sequence[Changed],
    public_url: str | None,
) -> House:
    """Build the engine and the courier on the objects that they share."""
    store, scripts, vault = ground.database, ground.scripts, ground.vault
    catalogue, clock, log, operator = ground.catalogue, ground.clock, ground.log, ground.operator
    fence, tally, listeners = ReleaseFence(store), Tally(), Listeners(watchers)
    views = Views(store, scripts.reading, catalogue, vault, clock, edges, public_url)
    dialogs = Dialogs(catalogue)
    turns = TurnRunner(
        store, scripts.turns, dialogs, vault, clock, fence=fence, tally=tally, listeners=listeners
    )
    gate = Gate(store, scripts, vault, clock)
    engine = Engine(
        store, scripts, catalogue, vault, clock, gate, turns, views, listeners, tally, operator, log
    )
    courier = _courier(ground, upkeep, turns, views, fence, tally, listeners)
    links = StoredLinks(store, vault, clock.now)
    screens = ScreenDesk(store, scripts.reading, catalogue, vault, clock, views, operator)
    leading = LeadingDesk(store, scripts.reading, vault, links, screens, engine.receive)
    return House(
        store,
        scripts,
        vault,
        catalogue,
        clock,
        engine,
        courier,
        upkeep,
        log,
        turns,
        views,
        fence,
        listeners,
        tally,
        links,
        screens,
        leading,
        ReportFiles(store, scripts, vault, catalogue, clock),
    )


def _courier(
    ground: _Ground,
    upkeep: Upkeep,
    turns: TurnRunner,
    views: Views,
    fence: ReleaseFence,
    tally: Tally,
    listeners: Listeners,
) -> Courier:
    return Courier(
        ground.database,
        ground.scripts,
        ground.clock,
        ground.log,
        turns=turns,
        views=views,
        fence=fence,
        listeners=listeners,
        tally=tally,
        pause=ground.pause,
        nightly=upkeep.night,
    )


async def open_store(home: Path, database: Path | None, postgres: str | None) -> Database:
    if postgres is None:
        return await Sqlite.open(database or home / DATABASE)
    from storage.postgres.driver import Postgres

    # With PostgreSQL the home still holds the control socket and the proofs of deletion.
    await asyncio.to_thread(home.mkdir, 0o700, parents=True, exist_ok=True)
    return await Postgres.open(postgres)


async def _vault(store: Database, key_file: Path, *, makes_key: bool) -> Vault:
    """Return the vault with the database's own key.

    A key is created only for a new database. An existing database without its key is an error, and
    so is a key whose database is missing.
    """
    known = await store.read(rekey.known_key)
    vault = rekey.fitting(key_file, known)
    if vault is None and not makes_key:
        raise no_shared_key(key_file)
    if vault is None:
        return await make_first_key(store, key_file)
    rekey.finish_files(key_file, known)
    return vault


async def make_first_key(store: Database, key_file: Path) -> Vault:
    """Create the key of a new database.

    The file is renamed to its final name only after the database has stored its fingerprint. A key
    without a database therefore means that the database is lost. After a crash in between, this
    continues where it stopped.
    """
    vault = Vault(rekey.first_waiting(key_file))
    if await store.tx(rekey.first_key, vault.fingerprint()) != vault.fingerprint():
        raise KeyProblem(
            "another process made a key for this database at the same time: use that one"
        )
    rekey.take_place(key_file)
    return vault
