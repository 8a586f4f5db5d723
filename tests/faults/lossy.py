"""A disk for SQLite that loses unsynced data when its power is cut.

Writes stay in memory until the file is synced. At the cut, unsynced data is lost or survives
partially, in sectors, as on a real disk; the remaining image is opened with the ordinary driver.
`on_lossy_disk` replaces sqlite3's connections by those of apsw, which supports custom file systems.
"""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

import storage.sqlite.driver
import storage.sqlite.file
from storage.sql import Counts
from storage.sqlite.driver import Sqlite

SECTOR = 512
Change = tuple[int, bytes | None]
"""A write to a position, or a truncation."""


class Disk(apsw.VFS):
    """Counts its operations. It dies at operation `cut_at`; `full` forbids growth; with `unsynced`
    a failed sync leaves the content unknown."""

    def __init__(self) -> None:
        self.name = f"lossy-{uuid.uuid4().hex}"
        self.operations = 0
        self.syncs = 0
        self.cut_at: int | None = None
        self.dead = False
        self.full = False
        self.readonly = False
        self.unsynced = False
        self.pending: dict[str, list[Change]] = {}
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        if self.dead:
            raise apsw.IOError("no power")
        return File(self, name, flags)

    def asked(self) -> None:
        self.operations += 1
        if self.cut_at is not None and self.operations >= self.cut_at:
            self.dead = True
        if self.dead:
            raise apsw.IOError("no power")

    def writes(self) -> None:
        self.asked()
        if self.full:
            raise apsw.FullError("no room")
        if self.readonly:
            raise apsw.ReadOnlyError("read only")

    def image(self, chance: random.Random) -> None:
        """Return the disk's content after the cut, with none or some of the unsynced data."""
        survive = chance.choice((0.0, 0.5, 1.0))
        for path, changes in self.pending.items():
            if not Path(path).exists():
                continue
            with open(path, "r+b") as file:
                for at, data in changes:
                    if chance.random() >= survive:
                        continue
                    if data is None:
                        file.truncate(at)
                        continue
                    file.seek(at)
                    torn = chance.random() < 0.3
                    file.write(data[: chance.randrange(0, len(data) + 1, SECTOR)] if torn else data)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        # Files without a name are SQLite's temporary files, which do not survive a cut.
        named = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._changes: list[Change] = disk.pending.setdefault(named, []) if named else []
        super().__init__("", name, flags)
        self._size = super().xFileSize()
        for at, data in self._changes:
            self._size = at if data is None else max(self._size, at + len(data))

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.dead:
            raise apsw.IOError("no power")
        there = super().xFileSize()
        found = bytearray(
            super().xRead(min(amount, there - offset), offset) if offset < there else b""
        ).ljust(amount, b"\0")
        for at, data in self._changes:
            if data is None:
                if at < offset + amount:
                    keep = max(0, at - offset)
                    found[keep:] = bytes(amount - keep)
                continue
            first, last = max(at, offset), min(at + len(data), offset + amount)
            if first < last:
                found[first - offset : last - offset] = data[first - at : last - at]
        return bytes(found[: max(0, min(amount, self._size - offset))])

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.writes()
        self._changes.append((offset, bytes(data)))
        self._size = max(self._size, offset + len(data))

    def xTruncate(self, size: int) -> None:
        self._disk.asked()
        self._changes.append((size, None))
        self._size = size

    def xFileSize(self) -> int:
        return self._size

    def xSync(self, flags: int) -> None:
        self._disk.asked()
        if self._disk.unsynced:
            error: Any = apsw.IOError("not synced")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC
            raise error
        self._settle()
        self._disk.syncs += 1

    def xClose(self) -> None:
        if not self._disk.dead:
            self._settle()
        super().xClose()

    def _settle(self) -> None:
        for at, data in self._changes:
            if data is None:
                super().xTruncate(at)
            else:
                super().xWrite(data, at)
        self._changes.clear()


class Cursor:
    """Returns all rows at once, like sqlite3."""

    def __init__(self, description: Any, rows: list[Any]) -> None:
        self.description, self._rows = description, rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


class Connection:
    """The part of sqlite3.Connection that the store uses, on the lossy disk."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._disk = disk
        with translated():
            flags = apsw.SQLITE_OPEN_READWRITE
            self._conn = apsw.Connection(str(path), flags=flags, vfs=disk.name)
            # Without shared memory between processes, which a custom file system lacks.
            self._conn.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()

    def execute(self, sql: str, params: Any = ()) -> Cursor:
        with translated():
            cursor = self._conn.execute(sql, params)
            try:
                description = cursor.getdescription()
            except apsw.ExecutionCompleteError:
                description = None
            return Cursor(description, cursor.fetchall())

    def executemany(self, sql: str, each: Any) -> None:
        for params in each:
            self.execute(sql, params)

    @property
    def in_transaction(self) -> bool:
        return self._conn.in_transaction

    def close(self) -> None:
        try:
            with translated():
                self._conn.close()
        except sqlite3.Error:
            # Without power this fails too, and nobody is left to notice.
            if not self._disk.dead:
                raise


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except apsw.ConstraintError as error:
        raise sqlite3.IntegrityError(str(error)) from error
    except apsw.Error as error:
        ours = sqlite3.OperationalError(str(error))
        ours.sqlite_errorcode = getattr(error, "extendedresult", 0) or apsw.SQLITE_IOERR
        raise ours from error


class OneConnection(Sqlite):
    """The store with reads on the writer's connection, because the file has only one."""

    @classmethod
    def _open(cls, path: Path, readers: int, folder: Path, wait: float) -> Sqlite:
        return super()._open(path, 0, folder, wait)

    async def read(self, script: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return await self.tx(script, *args, **more)

    def counts(self) -> Counts:
        """There is no shared-memory index to read."""
        return Counts(self._writer.sealed_commits, 0, 2)


@contextmanager
def on_lossy_disk(disk: Disk, *, synchronous: str = "FULL") -> Iterator[None]:
    """Stores opened in this context use this disk."""

    def connect(path: Path) -> Connection:
        conn = Connection(path, disk)
        for pragma in storage.sqlite.file.PRAGMAS:
            said = pragma.replace("synchronous=FULL", f"synchronous={synchronous}")
            conn.execute(f"PRAGMA {said}")
        return conn

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage.sqlite.driver, "connected", connect)
        patched.setattr("bot.server.build.Sqlite", OneConnection)
        # A disk without power empties no log, however long a test would wait for it.
        patched.setattr("storage.sqlite.writer._LOG_SECONDS", 0.5)
        yield
