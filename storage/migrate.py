"""Brings a SQLite database to the schema that this code expects, or says why it may not.

What holds for both databases is here too: the migrations, their statements, and who may serve what.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlite_utils import Database

from storage.sql import FOLDER, NewerSchema, StoreError

_FILE = re.compile(r"\d{4}_[a-z0-9_]+\.sql")


class Migration(msgspec.Struct, frozen=True):
    name: str
    sql: str

    @property
    def number(self) -> int:
        return int(self.name[:4])


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations of this code, in their order."""
    files = sorted(file for file in (folder / "migrations").iterdir() if _FILE.fullmatch(file.name))
    found = [Migration(file.stem, file.read_text(encoding="utf-8")) for file in files]
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder / 'migrations'}: numbers are missing or used twice: {numbers}")
    return found


def statements(sql: str) -> Iterator[str]:
    """One statement at a time: `executescript` would commit the open transaction."""
    text = ""
    for line in sql.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
    rest = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
    if rest:
        raise ValueError(f"a statement is not ended by a semicolon: {rest[0]}")


def migrate(db: Database, folder: Path = FOLDER, *, backup_beside: Path | None = None) -> list[str]:
    """Run what is missing, in one transaction; the caller holds the lock. Says what it ran.

    A database that holds something is copied first, to `<backup_beside>.before-<migration>`.
    """
    known = migrations(folder)
    applied = fit_to_serve(db, known)
    todo = [migration for migration in known if migration.name not in applied]
    if not todo:
        return []
    if applied and backup_beside is not None:
        _copy(db, backup_beside.with_name(f"{backup_beside.name}.before-{todo[0].name}"))
    conn = db.conn
    # Some migrations rebuild tables, so foreign keys are checked once, at the end.
    conn.execute("PRAGMA foreign_keys=OFF")
    conn.execute("BEGIN IMMEDIATE")
    try:
        conn.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (name TEXT PRIMARY KEY, applied_us INTEGER NOT NULL)"
        )
        for migration in todo:
            for statement in statements(migration.sql):
                conn.execute(statement).fetchall()
            conn.execute(
                "INSERT INTO migration (name, applied_us) VALUES (?, ?)",
                [migration.name, time.time_ns() // 1000],
            )
        if broken := conn.execute("PRAGMA foreign_key_check").fetchall():
            raise StoreError(f"migration leaves references to nothing in table {broken[0][0]}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    finally:
        conn.execute("PRAGMA foreign_keys=ON")
    return [migration.name for migration in todo]


def fit_to_serve(db: Database, known: list[Migration]) -> list[str]:
    """The applied migrations; none in a new database. Only reads. Raises NewerSchema."""
    applied = _applied(db)
    check(known, applied, _oldest_code(db) if len(applied) > len(known) else None)
    return applied


def _applied(db: Database) -> list[str]:
    if "migration" not in db.table_names():
        if db.table_names():
            raise StoreError("the file holds tables that are not Digi's: name another file")
        return []
    return [name for (name,) in db.conn.execute("SELECT name FROM migration ORDER BY name")]


def _oldest_code(db: Database) -> str | None:
    row = db.conn.execute("SELECT value FROM meta WHERE key = 'oldest_code'").fetchone()
    return None if row is None else str(row[0])


def check(known: list[Migration], applied: list[str], oldest_code: str | None) -> None:
    """May this code serve a database that has seen these migrations?"""
    names = [migration.name for migration in known]
    if applied[: len(names)] != names[: len(applied)]:
        raise NewerSchema(f"its migrations are not those of this code: {', '.join(applied)}")
    # This code may serve a newer schema if `meta.oldest_code`, set by migrations, allows it.
    if len(applied) > len(names) and (oldest_code is None or int(oldest_code) > len(names)):
        raise NewerSchema(f"it has {applied[-1]}, this code ends at {names[-1]}")


def _copy(db: Database, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    db.conn.execute("VACUUM INTO ?", [str(part)])
    os.replace(part, target)
