"""A complete Digi with a project and fake conversations, to test the layers below the dialogs."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from bot.clock import Clock
from bot.core.courier import Courier
from bot.core.pause import Pause
from bot.log import Log
from bot.platforms.common.ports import DeliveryFailed, Parcel
from bot.server.build import House, build
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.conversation import Conversation
from dialogs.model.effects import Effect, Grant, OpenProject, Response, SetMembers
from dialogs.model.facts import Fact, Known, Project
from dialogs.registry import CONVERSATIONS
from storage.sql import Script
from storage.transactions.effects import EffectContext, apply, remove_gone
from storage.transactions.scope import Scope
from storage.transactions.turns import Turn
from tests.worlds.postgres import with_key

TENANT = "test:arbejdsplads"
CHANNEL = "C1"
PROJECT = "p1"
MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""2 November 2026 at 09:00 in Copenhagen."""


class Wall:
    """A fake clock. Its monotonic time advances by `tick` each time it is read."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at
        self.tick = 0.0
        self.ran = 0.0

    def clock(self) -> Clock:
        return Clock(real_us=lambda: round(self.at.timestamp() * 1_000_000), monotonic=self._mono)

    def _mono(self) -> float:
        self.ran += self.tick
        return self.ran


class Paper:
    """A fake edge that records every parcel. `fails` holds the outcomes of the next deliveries."""

    def __init__(self, *, repeats: bool = True) -> None:
        self.repeats = repeats
        self.parcels: list[Parcel] = []
        self.fails: list[DeliveryFailed | None] = []
        self.lost = False
        """The message is delivered, but the call raises."""

    def serves(self, tenant: str) -> bool:
        return tenant.startswith("test:")

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}"

    async def deliver(self, parcel: Parcel) -> str:
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None and not failure.uncertain:
            raise failure
        self.parcels.append(parcel)
        if failure is not None:
            raise failure
        return f"on paper {parcel.id}"

    def said(self) -> list[str]:
        return [words_of(parcel.card) for parcel in self.parcels]


def words_of(card: c.FinishedCard) -> str:
    return " ".join(
        c.plain(part.text) for part in card.parts if isinstance(part, c.Paragraph | c.Heading)
    )


class Diary(msgspec.Struct, frozen=True, tag="diary"):
    lines: tuple[str, ...] = ()


Acts = Callable[[Diary | None, Any, Known], tuple[Diary | None, tuple[Effect | Response, ...]]]


class Fake:
    """A fake conversation: decides what the test sets, and records events in its state."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.acts: Acts = self.note
        self.needs: tuple[Fact[Any], ...] = ()
        self.known: list[Known] = []
        self.heard: list[Any] = []
        self.view: Callable[[Diary, str], c.NeutralCard] = lambda s, _: note(" ".join(s.lines))

    @staticmethod
    def note(
        state: Diary | None, event: Any, known: Known, *effects: Effect | Response
    ) -> tuple[Diary, tuple[Effect | Response, ...]]:
        line = getattr(event, "text", "") or type(event).__name__
        return Diary((*(state.lines if state else ()), line)), effects

    def does(self, *effects: Effect | Response) -> None:
        """From now on record each event and return these effects."""
        self.acts = lambda state, event, known: self.note(state, event, known, *effects)

    def conversation(self) -> Conversation:
        def decide(state: Any, event: Any, known: Known) -> Any:
            self.heard.append(event)
            self.known.append(known)
            return self.acts(state, event, known)

        return Conversation(
            name=self.name,
            state=Diary,
            events={},
            needs=lambda state, event: self.needs,
            decide=decide,
            view_needs=lambda state, slot: (),
            view=lambda state, slot, known: self.view(state, slot),
        )


def note(text: str) -> c.NeutralCard:
    return c.card(c.Paragraph(c.Words(text)))


def faked(monkeypatch: pytest.MonkeyPatch, name: str) -> Fake:
    """Replace a conversation by a fake one."""
    fake, real = Fake(name), CONVERSATIONS[name]
    record = msgspec.structs.replace(
        fake.conversation(), opens_pool=real.opens_pool, timers_open_pool=real.timers_open_pool
    )
    monkeypatch.setitem(CONVERSATIONS, name, record)
    return fake


class _Planted:
    """A decider that creates a project in one turn."""

    def __init__(self, state: bytes, effects: tuple[Effect, ...]) -> None:
        self._step = state, effects

    def route(self, event: e.SignedEvent) -> tuple[str, str]:
        return "project", "project"

    def with_timers(self) -> tuple[str, ...]:
        return ()

    def needs(self, dialog: str, state: bytes | None, event: e.SignedEvent) -> tuple[()]:
        return ()

    def decide(
        self, dialog: str, state: bytes | None, event: e.SignedEvent, found: Mapping[Any, Any]
    ) -> tuple[bytes | None, tuple[Effect | Response, ...]]:
        return self._step


async def found(
    house: House,
    id: str = PROJECT,
    *,
    channel: str = CHANNEL,
    stage: f.Stage = "running",
    starter: str = "sofie",
    roles: tuple[Grant, ...] = (),
    team: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
    tenant: str = TENANT,
    hours: tuple[int, int] = (8, 16),
) -> Project:
    """Create a project with these people and roles, in a channel with this team."""
    project = Project(
        id=id,
        name=f"Projekt {id}",
        channel=channel,
        stage=stage,
        starter=starter,
        drafted_at=MONDAY,
        hours=hours,
    )
    effects: tuple[Effect, ...] = (
        OpenProject(id, channel),
        *roles,
        SetMembers(channel, team, unknown),
    )
    event = e.Started(project=id, name=project.name, at=MONDAY, id=f"found {id}")
    turn = Turn(tenant, id, f"found:{id}", event, MONDAY)
    await house.database.tx(
        house.scripts.turns.run, turn, _Planted(msgspec.json.encode(project), effects)
    )
    return project


async def carry_out(house: House, *effects: Effect) -> None:
    """Carry out these effects of a dialog in the project."""

    def carried_out() -> Script[None]:
        event = e.Begun(project=PROJECT, at=MONDAY, id="b1", dialog="project")
        scope = Scope(TENANT, PROJECT, house.vault)
        context = EffectContext(scope, "project", "project", event, MONDAY)
        for effect in effects:
            yield from apply(context, effect)
        yield from remove_gone(context)

    await house.database.tx(carried_out)


def another_courier(house: House) -> Courier:
    """Build a further courier, as of another replica, on the same objects and with its own
    pause."""
    return Courier(
        house.database,
        house.scripts,
        house.clock,
        Log("error"),
        turns=house.turns,
        views=house.views,
        fence=house.fence,
        listeners=house.listeners,
        tally=house.tally,
        pause=Pause(),
    )


@asynccontextmanager
async def a_house(
    folder: Path, edge: Paper | None = None, wall: Wall | None = None, either: str = ""
) -> AsyncIterator[House]:
    """Build Digi on SQLite, or on the PostgreSQL database named by `either`."""
    key_file = folder.parent / f"{folder.name}.key"
    if either:
        await with_key(either, key_file)
    wall = wall or Wall()
    found_edge = edge or Paper()
    house = await build(
        folder,
        edges=lambda *_: (found_edge,),
        clock=wall.clock(),
        key_file=key_file,
        postgres=either or None,
    )
    try:
        yield house
    finally:
        await house.close()


def on_disk(folder: Path) -> str:
    """Return a hash of the database's files, including the write-ahead log."""
    path = folder / "digi.db"
    wal = Path(f"{path}-wal")
    found = hashlib.sha256(path.read_bytes())
    found.update(wal.read_bytes() if wal.exists() else b"")
    return found.hexdigest()


def asked(folder: Path, either: str, sql: str) -> list[tuple[Any, ...]]:
    """Query the database directly, without Digi."""
    if either:
        with psycopg.connect(either) as server:
            return server.execute(sql.encode()).fetchall()
    with closing(sqlite3.connect(f"{(folder / 'digi.db').as_uri()}?mode=ro", uri=True)) as conn:
        return conn.execute(sql).fetchall()


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
_SERVERS_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
)


def kept(folder: Path, either: str = "") -> list[tuple[Any, ...]]:
    """Return every row of every table."""
    tables = asked(folder, either, _SERVERS_TABLES if either else _TABLES)
    return [
        (table, *row)
        for (table,) in tables
        for row in sorted(asked(folder, either, f"SELECT * FROM {table}"), key=repr)
    ]
