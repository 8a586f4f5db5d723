"""A thief who can read a PostgreSQL server's pages, and the files of its log written ahead.

Transactions are numbered in their order. So whoever finds the number of the one in which something
was said without a name knows between which two named acts, whose times are known, it was said.
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
_HEAD = 24  # of a page, and of a row; what is long begins at every eighth byte
_LENGTH_OF_HEAD = 22


def numbers_on(page: bytes, most: int) -> set[int]:
    """Of the transactions that wrote or ended a row, also where it is long gone and only its bytes
    lie there still: a vacuum does not wipe them."""
    found: set[int] = set()
    for at in range(_HEAD, len(page) - _HEAD, 8):
        if page[at + _LENGTH_OF_HEAD] in (24, 32):
            found.update(struct.unpack_from("<II", page, at))
    return {number for number in found if 0 < number <= most}


def from_pages(dsn: str, taken: datetime) -> list[Between]:
    """Each transaction that any version of a row bears, dead ones too and what is left of them, on
    the pages of what is said without a name, between the named rows before and after it."""
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
        # A row that was changed later bears the number of the change, and the time of before.
        if before and max(before) <= (until := min(after, default=taken)):
            found.append(Between(max(before), until))
    return found


def last_and_lying(dsn: str) -> tuple[int, set[int]]:
    """Which transaction wrote the pool last, and all that lie on the pages."""
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
    """What pg_stat_all_tables has of the pool, what pg_control has from the last checkpoint, and
    the numbers that long values are given in their order."""
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
    """When each of Digi's connections was last used and what for: pg_stat_activity has it until
    the connection is used again."""
    with psycopg.connect(dsn, autocommit=True) as server:
        return server.execute(
            "SELECT query_start, query FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'digi%'"
        ).fetchall()


# --- from the log written ahead ---------------------------------------------------------------

_RECORD = re.compile(r"^rmgr: (\w+).* tx: +(\d+), .* desc: (\w+)(.*)$", re.MULTILINE)


def numbers_in_log(server: Server, name: str) -> set[int]:
    """Of the transactions that put something into the pool, as far as any file tells, also one
    that bears a new name already and old bytes still. To put locks the row, to stir does not."""
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
            # Each page tells at its head where in the log it belongs.
            address = int.from_bytes(raw[8:16], "little")
            high, low = divmod(address, 1 << 32)
            (Path(copies) / f"00000001{high:08X}{low // len(raw):08X}").write_bytes(raw)
        for file in sorted(Path(copies).iterdir()):
            # It ends with an error where the next file is missing, which is no matter here.
            done = subprocess.run(
                [program_at("pg_waldump"), file], check=False, capture_output=True
            )
            said.append(done.stdout.decode())
    return "\n".join(said)


def from_log(server: Server, name: str, taken: datetime) -> list[Between]:
    return _between(server.dsn(name), numbers_in_log(server, name), taken)


# --- what an operator's backup holds ----------------------------------------------------------


def image_of(dsn: str) -> bytes:
    """Every row, in the order in which they lie there, as a file of SQLite's: so that whoever can
    read the one can read the other."""
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
    """Weeks in which somebody comes each evening; which acts they place."""
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
            # Each minute all rows get a new version, whoever wrote: that one is explained too.
            explained = [*standing(BEGINNING, played.house.clock.now()), *(at for at, _ in taken)]
            for _, betweens in taken:
                found.update(placed(betweens, [act.at for act in week], explained))
            acts.extend(week)
    return acts, found
