"""Helpers for the anonymity tests: a project, acts in it, and everything that can be seen."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from bot.clock import Clock
from bot.core import access
from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Pressed, Sender
from dialogs.model.events import Look
from dialogs.model.facts import Known, Published, States, Viewer
from dialogs.model.roles import held
from dialogs.registry import CONVERSATIONS, SIGHTS
from storage.padding import Padding
from storage.sql import Script
from storage.transactions import anonymous_pool as pools
from storage.transactions.facts import gather
from storage.transactions.scope import Scope
from tests.worlds.play import Play
from tests.worlds.postgres import program
from tests.worlds.stage import (
    CHANNEL,
    COPENHAGEN,
    PEOPLE,
    TENANT,
    Stage,
    stage,
    text_of,
    text_of_form,
)

ROOT = Path(__file__).parent.parent.parent
CANARY = "Kanariefugl-9f3b Åse på 4. sal"
RELEASED = datetime(2026, 11, 9, 12, tzinfo=COPENHAGEN)
# `which_project` is reached only through the gate, with the act to repeat.
VIEWS = tuple(sorted(SIGHTS.keys() - {"which_project"}))
LOOKERS = ("anne", "mette", "jonas", "ali", "peter", "sofie")

Dump = dict[str, list[tuple[Any, ...]]]
Seen = dict[tuple[str, ...], str]


def without_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable padding, for controls: the database counts normally."""

    async def nothing(padding: Padding) -> None:
        pass

    monkeypatch.setattr(Padding, "pad", nothing)


@asynccontextmanager
async def running(
    folder: Path,
    *,
    team: tuple[str, ...] = tuple(PEOPLE),
    clock: Clock | None = None,
    either: str = "",
) -> AsyncIterator[Stage]:
    """A running project with a leader, a TR and an AMR, on SQLite or where `either` says."""
    stored_at(folder, either)
    async with stage(folder, team=team, clock=clock, either=either) as played:
        await played.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld TR=mette AMR=jonas
            mette > tryk "Jeg er TR"
            mette > send
            jonas > tryk "Jeg er AMR"
            jonas > send
            """
        )
        yield played


async def open_form(played: Play, person: str) -> None:
    await played.press(person, "Sig det")
    await played.press(person, "Uden navn")


async def says(
    played: Play, person: str, words: str, *, to: str = "Anne Holm", early: bool = False
) -> str:
    """Write an unsigned text and return its code."""
    await open_form(played, person)
    values = {"Hvad": "Bekymring", "Din": words, "Hvem": to}
    if early and "Næste arbejdsdag" in played.just(person):
        values["Hvornår"] = "Næste arbejdsdag"
    await played.fill(person, values)
    assert "Din tekst er modtaget." in played.just(person), played.just(person)
    return played.code


async def by_code(played: Play, person: str, code: str, button: str = "") -> str:
    played.house.engine._gate._codes.clear()
    await played.type(person, "kode", private=True)
    await played.fill(person, {"Din": code})
    if button:
        await played.press(person, button)
    return played.just(person)


async def says_by_name(played: Play, person: str, words: str) -> None:
    await played.press(person, "Sig det")
    await played.press(person, "Med navn")
    await played.fill(person, {"Hvad": "Bekymring", "Din": words, "Hvem": "Anne Holm"})


def project_of(folder: Path) -> str:
    with reading(folder) as conn:
        return str(conn.execute("SELECT id FROM project").fetchone()[0])


_postgres: dict[Path, str] = {}
"""PostgreSQL databases, whose data is not in the home folder."""


def stored_at(folder: Path, either: str) -> None:
    """Remember where the data of this home is, if it is on a server."""
    if either:
        _postgres[folder] = either


@contextmanager
def reading(folder: Path) -> Iterator[Any]:
    """Open a connection to read directly; both drivers have `execute`."""
    if address := _postgres.get(folder):
        with psycopg.connect(address, autocommit=True) as looks:
            yield looks
        return
    with closing(sqlite3.connect(f"{(folder / 'digi.db').as_uri()}?mode=ro", uri=True)) as conn:
        yield conn


def dump(folder: Path) -> Dump:
    """Return every row of every table with its physical position; on PostgreSQL also, as the second
    value, the transaction that wrote it."""
    tables, place = "SELECT name FROM sqlite_master WHERE type = 'table'", "rowid"
    if folder in _postgres:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        place = "ctid::text, xmin::text"
    with reading(folder) as conn:
        names = sorted(name for (name,) in conn.execute(tables).fetchall())
        return {
            name: sorted(conn.execute(f"SELECT {place}, * FROM {name}").fetchall(), key=str)
            for name in names
        }


_PLACES = (
    "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relnamespace IN"
    " ('public'::regnamespace, 'pg_toast'::regnamespace) ORDER BY relname"
)


def bytes_of(folder: Path) -> bytes:
    """Return the database file's bytes; for PostgreSQL a dump as an operator makes it, and the size
    of each table's and index's file."""
    if (address := _postgres.get(folder)) is None:
        return (folder / "digi.db").read_bytes()
    with reading(folder) as conn:
        sizes = [(re.sub(r"\d+", "", name), size) for name, size in conn.execute(_PLACES) if size]
    args = "--restrict-key=same", "--exclude-table-data=migration", address
    return program("pg_dump", *args) + repr(sorted(sizes)).encode()


def changed(before: Dump, after: Dump) -> set[str]:
    return {name for name in after if before[name] != after[name]}


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


def wal_size(folder: Path) -> int:
    """Return the size of SQLite's write-ahead log. Old row versions on PostgreSQL have tests of
    their own."""
    if folder in _postgres:
        return 0
    return (folder / "digi.db-wal").stat().st_size


@contextmanager
def every_log_line() -> Iterator[list[str]]:
    """Capture messages of all loggers at all levels, also of those that do not propagate."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.name} {record.getMessage()} {record.args} {record.exc_info}")

    listener = Listener(level=0)
    # The connection pool logs each read at INFO, so its level stays as bot/log.py sets it.
    names = [name for name in logging.root.manager.loggerDict if not name.startswith("psycopg")]
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(listener)
        logger.setLevel(1)
    try:
        yield lines
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)


async def look(
    played: Stage, person: str, view: str, project: str, ref: str = "", words: str = ""
) -> str:
    """Return all that a person sees in a view, with the presses of its buttons, the files behind it
    and what it puts on a wall; forms without their random ids."""
    wanted = Look(view, project=project, ref=ref, words=words)  # type: ignore[arg-type]
    token = write_press(played.house.vault, TENANT, wanted)
    answer = await played.house.engine.receive(
        Delivery(TENANT, Sender(person, PEOPLE[person], "da"), f"look:{view}", Pressed(token))
    )
    # Stay below the rate limit of a person.
    played.house.engine._gate._acts.clear()
    played.house.engine._gate._codes.clear()
    shown = (*answer.cards, *answer.files, *([answer.screen] if answer.screen else ()))
    seen = [msgspec.json.encode(one).decode() for one in shown]
    if answer.form is not None:
        seen.append(text_of_form(answer.form))
    return "\n".join(seen)


# A sight shows instances of its own conversation; these show another's.
ALSO = {"reading": "question", "source": "question", "lessons": "question", "phase": "question"}
OF: dict[str, str] = {
    view: ALSO.get(view, conversation.name)
    for conversation in CONVERSATIONS.values()
    for view in conversation.sights
}


def instances(folder: Path) -> dict[str, list[str]]:
    """Return the questions, texts and agreements that a view can be opened for."""
    with reading(folder) as conn:
        found: dict[str, list[str]] = {}
        for dialog, id in conn.execute("SELECT dialog, id FROM state ORDER BY dialog, id"):
            found.setdefault(dialog, []).append(id)
    return found


async def everything_seen(
    played: Stage,
    folder: Path,
    lookers: tuple[str, ...] = LOOKERS,
    views: tuple[str, ...] = VIEWS,
) -> Seen:
    """Return every view of people in every role, and everything that was posted or sent."""
    project, there = project_of(folder), instances(folder)
    seen: Seen = {}
    for person in lookers:
        for view in views:
            for ref in ("", *there.get(OF[view], ())):
                seen[person, view, ref] = await look(played, person, view, project, ref)
    for message in played.edge.messages.values():
        seen[message.place, message.id] = text_of(message.card)
    return seen


async def everything_decided(
    played: Stage, folder: Path, lookers: tuple[str, ...] = LOOKERS
) -> Seen:
    """Like `everything_seen`, but before localization: each view as its conversation returns it,
    read in one transaction. Localization only adds names and stored texts, which are in rows of
    their own."""
    house, project, there = played.house, project_of(folder), instances(folder)
    now = house.clock.now()

    def script() -> Script[Seen]:
        seen: Seen = {}
        for person in lookers:
            about, roles, _, inside = yield from house.scripts.reading.standing(
                TENANT, project, CHANNEL, person
            )
            assert about is not None
            mine = held(about, roles, person, there=inside)
            viewer = Viewer(person=person, roles=mine, at=now, channel=CHANNEL, project=project)
            for view in VIEWS:
                for ref in ("", *there.get(OF[view], ())):
                    wanted = Look(view, project=project, ref=ref)  # type: ignore[arg-type]
                    key = (person, view, ref)
                    if access.refusal(wanted, viewer, about, roles) is not None:
                        seen[key] = "refused"
                        continue
                    sight = SIGHTS[view]
                    needs = sight.needs(wanted, viewer)
                    found = yield from house.scripts.reading.look(TENANT, project, needs)
                    shown = sight.show(wanted, viewer, Known(house.catalogue, found))
                    seen[key] = msgspec.json.encode(shown).decode()
        return seen

    seen: Seen = await house.database.read(script)
    for message in played.edge.messages.values():
        seen[message.place, message.id] = text_of(message.card)
    return seen


async def opened(played: Stage, folder: Path) -> tuple[Any, Any]:
    """Return the published texts and their states, decrypted with the key."""
    project = project_of(folder)
    facts = (Published("said"), States("concern"))

    def script() -> Script[Any]:
        return (yield from gather(Scope(TENANT, project, played.house.vault), facts))

    found = await played.house.database.read(script)
    return found[facts[0]], found[facts[1]]


async def waiting(played: Stage, folder: Path) -> tuple[pools.Entry, ...]:
    with reading(folder) as conn:
        [(project, sealed)] = conn.execute("SELECT project, sealed FROM pool").fetchall()
    return pools.Pool.open(played.house.vault, TENANT, project, sealed).entries
