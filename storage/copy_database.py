"""Moves everything from a SQLite file to an empty PostgreSQL database: all of it, or nothing.

The file is only read. The copy is one transaction of the server's: broken off at any moment it
leaves nothing and can be repeated. Rows are copied in the order of their keys, so that a row's
position tells no more about its age than it did in the file.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import sql

from storage.migrate import migrations
from storage.postgres.driver import Postgres
from storage.postgres.errors import reason
from storage.postgres.schema import DURABLE, TABLES
from storage.rekey import is_under_way
from storage.sql import NewerSchema, StoreError, Unavailable
from storage.sqlite.file import FileLock

# Leases of a stopped process are void, and each database records its own migrations.
_LEFT = frozenset({"lane", "migration"})
_BATCH = 500
_NO_LIMIT = "SET LOCAL statement_timeout = 0"


class NotMoved(StoreError):
    """Nothing was moved, and the file is as it was."""


class Moved(Struct, frozen=True):
    table: str
    rows: int
    of: int


class _Table(Struct, frozen=True):
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    sealed: tuple[str, ...]
    """Columns of bytes."""


def move(source: Path, dsn: str, fingerprint: str, told: Callable[[Moved], None]) -> int:
    """Move everything; returns the number of rows. `fingerprint` is that of the key for both."""
    lock = FileLock(source)
    try:
        uri = f"{source.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as file:
            file.execute("BEGIN")
            _fit_to_move(file, fingerprint)
            asyncio.run(_schema(dsn))
            with psycopg.connect(dsn, connect_timeout=5, application_name="digi move") as server:
                server.execute(_NO_LIMIT)
                server.execute(DURABLE)
                return _moved(file, server, told)
    except sqlite3.Error as error:
        raise NotMoved(f"{source}: {error}") from None
    except psycopg.Error as error:
        raise NotMoved(reason(error)) from None
    finally:
        lock.release()


def _fit_to_move(file: sqlite3.Connection, fingerprint: str) -> None:
    if (said := file.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise NotMoved(f"the file is damaged: {said}")
    names = [name for (name,) in file.execute("SELECT name FROM migration ORDER BY name")]
    known = [migration.name for migration in migrations()]
    if len(names) > len(known):
        raise NewerSchema(f"it has {names[-1]}, this code ends at {known[-1]}")
    if names != known:
        raise NotMoved("start this Digi once on the file, so that it is brought up to date")
    made = file.execute("SELECT value FROM meta WHERE key = 'key_fingerprint'").fetchone()
    if made is not None and is_under_way(made[0]):
        raise NotMoved("a new key is half in use: end that first, with `python app.py rotate-key`")
    if made is not None and made[0] != fingerprint:
        raise NotMoved("the key in DIGI_KEY_FILE is not the one this file was made with")


async def _schema(dsn: str) -> None:
    await (await Postgres.open(dsn)).close()


def _tables(file: sqlite3.Connection) -> Iterator[_Table]:
    names = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    for (name,) in names.fetchall():
        if name in _LEFT or name.startswith("sqlite_"):
            continue
        found = file.execute(f"PRAGMA table_info({name})").fetchall()
        key = sorted((column for column in found if column[5]), key=lambda column: column[5])
        yield _Table(
            name,
            tuple(column[1] for column in found),
            tuple(column[1] for column in key),
            tuple(column[1] for column in found if column[2] == "BLOB"),
        )


def _moved(
    file: sqlite3.Connection,
    server: psycopg.Connection[tuple[Any, ...]],
    told: Callable[[Moved], None],
) -> int:
    there = {name for (name,) in server.execute(TABLES)} - _LEFT
    tables = list(_tables(file))
    if strange := {table.name for table in tables} - there:
        raise NotMoved(f"the file has tables that are not Digi's: {', '.join(sorted(strange))}")
    for name in sorted(there):
        # A Digi that is started on it meanwhile waits for this lock and then finds everything.
        server.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(sql.Identifier(name)))
    _is_empty(server, there)
    server.execute("DELETE FROM meta")
    total = 0
    # The counts that a trigger keeps (`answered`) are copied as rows.
    server.execute("ALTER TABLE record DISABLE TRIGGER USER")
    for table in tables:
        total += _copied(file, server, table, told)
    for table in tables:
        here, copied = _weighed(file, table), _weighed_there(server, table)
        if here != copied:
            raise NotMoved(f"{table.name}: {here} in the file became {copied}")
    server.execute("ALTER TABLE record ENABLE TRIGGER USER")
    server.execute("ANALYZE")
    return total


def _is_empty(server: psycopg.Connection[tuple[Any, ...]], there: set[str]) -> None:
    filled = [
        name
        for name in sorted(there - {"meta"})
        if server.execute(
            sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(name))
        ).fetchone()
    ]
    used = server.execute("SELECT 1 FROM meta WHERE key = 'key_fingerprint'").fetchone()
    if filled or used:
        raise Unavailable(
            "a Digi has written to that database already: move into a new and empty one"
        )


def _copied(
    file: sqlite3.Connection,
    server: psycopg.Connection[tuple[Any, ...]],
    table: _Table,
    told: Callable[[Moved], None],
) -> int:
    [of] = file.execute(f"SELECT count(*) FROM {table.name}").fetchone()
    columns = ", ".join(table.columns)
    rows = file.execute(f"SELECT {columns} FROM {table.name} ORDER BY {', '.join(table.key)}")
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    done = 0
    told(Moved(table.name, done, of))
    with server.cursor().copy(into) as copy:
        while some := rows.fetchmany(_BATCH):
            for row in some:
                copy.write_row(row)
            done += len(some)
            told(Moved(table.name, done, of))
    return done


def _weighed(file: sqlite3.Connection, table: _Table) -> tuple[int, int]:
    """How many rows, and how many sealed bytes."""
    bytes_ = " + ".join(f"coalesce(length({name}), 0)" for name in table.sealed) or "0"
    asked = f"SELECT count(*), coalesce(sum({bytes_}), 0) FROM {table.name}"
    rows, size = file.execute(asked).fetchone()
    return int(rows), int(size)


def _weighed_there(server: psycopg.Connection[tuple[Any, ...]], table: _Table) -> tuple[int, int]:
    bytes_ = " + ".join(f"coalesce(length({name}), 0)" for name in table.sealed) or "0"
    asked = f"SELECT count(*), coalesce(sum({bytes_}), 0) FROM {table.name}"
    [(rows, size)] = server.execute(asked.encode()).fetchall()
    return int(rows), int(size)
