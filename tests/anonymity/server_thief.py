"""An attacker who can read a PostgreSQL server's pages and write-ahead log.

Transaction ids are sequential. Whoever finds the id of the transaction that wrote an unsigned text
knows between which two named acts, whose times are known, it was written.
"""

from __future__ import annotations

import random
import re
import sqlite3
import struct
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from storage.sql import FOLDER
from storage.transactions.scope import from_us
from tests.anonymity.hands import running
from tests.anonymity.thief import Between, Counters, placed
from tests.anonymity.weeks import Act, first_monday, lively_week, standing
from tests.worlds.postgres import Server, program_at
from tests.worlds.stage import BEGINNING

_PAGES = (
    "SELECT get_raw_page(r.oid::regclass::text, page::int)"
    " FROM (SELECT oid FROM pg_class WHERE oid IN ('pool'::regclass, 'published'::regclass)"
    " UNION SELECT reltoastrelid FROM pg_class"
    " WHERE oid IN ('pool'::regclass, 'published'::regclass)) AS r,"
    " generate_series(0, pg_relation_size(r.oid) / 8192 - 1) AS page"
)
_NAMED = (
    "SELECT xmin::text::bigint, at_us FROM inbox WHERE key LIKE 'form:%'"
    " UNION ALL SELECT xmin::text::bigint, at_us FROM record"
)
_HEAD = 24  # sizes of a page header and of a row header; long rows are aligned to eight bytes
_LENGTH_OF_HEAD = 22


def numbers_on(page: bytes, most: int) -> set[int]:
    """Return the ids of transactions that inserted or deleted rows on the page, including removed
    rows whose bytes remain: a vacuum does not overwrite them."""
    found: set[int] = set()
    for at in range(_HEAD, len(page) - _HEAD, 8):
        if page[at + _LENGTH_OF_HEAD] in (24, 32):
            found.update(struct.unpack_from("<II", page, at))
    return {number for number in found if 0 < number <= most}


def from_pages(dsn: str, taken: datetime) -> list[Between]:
    """For each transaction id on the pages of unsigned texts, including dead rows and remains,
    return the named rows before and after it."""
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        [(most,)] = server.execute("SELECT pg_current_xact_id()::text::bigint").fetchall()
        numbers = {n for (page,) in server.execute(_PAGES) for n in numbers_on(page, most)}
    return _between(dsn, numbers, taken)


def _between(dsn: str, numbers: set[int], taken: datetime) -> list[Between]:
    with psycopg.connect(dsn, autocommit=True) as server:
        named = sorted((xid, from_us(at)) for xid, at in server.execute(_NAMED))
    found = []
    for number in numbers - {xid for xid, _ in named}:
        before = [at for xid, at in named if xid < number]
        after = [at for xid, at in named if xid > number]
        # A row that was changed later has the id of the change and the time of its creation.
        if before and max(before) <= (until := min(after, default=taken)):
            found.append(Between(max(before), until))
    return found


def last_and_lying(dsn: str) -> tuple[int, set[int]]:
    """Return the transaction that wrote the pool last, and all ids on its pages."""
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        [(last,)] = server.execute("SELECT max(xmin::text::bigint) FROM pool").fetchall()
        pages = server.execute(_PAGES).fetchall()
    return last, {n for (page,) in pages for n in numbers_on(page, 1 << 31)}


# --- from what the server counts itself -------------------------------------------------------

_ROWS = (
    "SELECT CASE relid WHEN 'pool'::regclass THEN 'pool' WHEN 'published'::regclass"
    " THEN 'published' ELSE 'long values' END, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd,"
    " vacuum_count, autovacuum_count, seq_scan, idx_scan"
    " FROM pg_stat_all_tables WHERE relid IN ('pool'::regclass, 'published'::regclass,"
    " (SELECT reltoastrelid FROM pg_class WHERE oid = 'pool'::regclass))"
)
_CONTROL = (
    "SELECT split_part(next_xid, ':', 2)::bigint, next_oid::bigint, timeline_id,"
    " ('x' || right(redo_wal_file, 8))::bit(32)::bigint FROM pg_control_checkpoint()"
)
_LONG_VALUES = "SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'pool'::regclass"


def counters_in(dsn: str) -> Counters:
    """Return the counters of pg_stat_all_tables for the pool, those of the last checkpoint in
    pg_control, and the sequential ids of TOAST values."""
    with psycopg.connect(dsn, autocommit=True) as server:
        rows = server.execute(_ROWS)
        columns = [column.name for column in rows.description or ()][1:]
        found = {
            f"{table}: {column}": value
            for table, *values in rows.fetchall()
            for column, value in zip(columns, values, strict=True)
        }
        names = "next transaction", "next oid", "timeline", "file of the log"
        found |= zip(names, server.execute(_CONTROL).fetchall()[0], strict=True)
        [(values,)] = server.execute(_LONG_VALUES).fetchall()
        [(last,)] = server.execute(f"SELECT max(chunk_id::bigint) FROM {values}".encode())
        return found | {"number of a long value": last}


def last_statements(dsn: str) -> list[tuple[datetime, str]]:
    """Return when each of Digi's connections was last used, and for what: pg_stat_activity keeps it
    until the next use."""
    with psycopg.connect(dsn, autocommit=True) as server:
        return server.execute(
            "SELECT query_start, query FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'digi%'"
        ).fetchall()


# --- from the log written ahead ---------------------------------------------------------------

_RECORD = re.compile(r"^rmgr: (\w+).* tx: +(\d+), .* desc: (\w+)(.*)$", re.MULTILINE)


def numbers_in_log(server: Server, name: str) -> set[int]:
    """Return the ids of transactions that wrote to the pool, from the write-ahead log, including
    recycled files with old content. A write locks the row first; stirring does not."""
    [(pool,)] = server.say("SELECT pg_relation_filepath('pool')", name)
    _, database, node = str(pool).split("/")
    touched = f"/{database}/{node} "
    return {
        int(number)
        for kind, number, what, more in _RECORD.findall(_records(server))
        if (kind, what) == ("Heap", "LOCK") and touched in f"{more} "
    }


def _records(server: Server) -> str:
    said = []
    with tempfile.TemporaryDirectory() as copies:
        for file in (server.data / "pg_wal").glob("0*"):
            raw = file.read_bytes()
            # Each page header has its position in the log.
            address = int.from_bytes(raw[8:16], "little")
            high, low = divmod(address, 1 << 32)
            (Path(copies) / f"00000001{high:08X}{low // len(raw):08X}").write_bytes(raw)
        for file in sorted(Path(copies).iterdir()):
            # pg_waldump fails at the end if the next file is missing, which does not matter.
            done = subprocess.run(
                [program_at("pg_waldump"), file], check=False, capture_output=True
            )
            said.append(done.stdout.decode())
    return "\n".join(said)


def from_log(server: Server, name: str, taken: datetime) -> list[Between]:
    return _between(server.dsn(name), numbers_in_log(server, name), taken)


# --- what an operator's backup holds ----------------------------------------------------------


def image_of(dsn: str) -> bytes:
    """Return all rows in physical order as a SQLite file, so that the attacker for SQLite can be
    used on it."""
    with closing(sqlite3.connect(":memory:")) as image, psycopg.connect(dsn) as server:
        for file in sorted((FOLDER / "migrations").glob("*.sql")):
            image.executescript(file.read_text(encoding="utf-8"))
        names = image.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            image.execute(f"DELETE FROM {table}")
            rows = server.execute(f"SELECT * FROM {table} ORDER BY ctid".encode()).fetchall()
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                image.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        image.commit()
        return image.serialize()


# --- weeks of it ------------------------------------------------------------------------------

Steals = Callable[[datetime], list[Between]]


async def robbed(
    folder: Path, weeks: int, texts: int, dsn: str, steals: Steals
) -> tuple[list[Act], set[datetime]]:
    """Simulate weeks in which the attacker copies the server each evening, and return which acts
    are located."""
    acts: list[Act] = []
    found: set[datetime] = set()
    async with running(folder, either=dsn) as played:
        for n in range(weeks):
            taken: list[tuple[datetime, list[Between]]] = []

            async def comes(
                at: datetime, into: list[tuple[datetime, list[Between]]] = taken
            ) -> None:
                into.append((at, steals(at)))

            monday = first_monday() + timedelta(weeks=n)
            week = await lively_week(played, random.Random(n), monday, texts, comes)
            # Each minute all rows are rewritten anyway, so that transaction reveals nothing.
            explained = [*standing(BEGINNING, played.house.clock.now()), *(at for at, _ in taken)]
            for _, betweens in taken:
                found.update(placed(betweens, [act.at for act in week], explained))
            acts.extend(week)
    return acts, found
