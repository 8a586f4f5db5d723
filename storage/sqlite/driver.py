"""The SQLite driver: one connection that writes, with group commit, and a few that read."""

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
from sqlite_utils import Database

from storage.migrate import migrate
from storage.sql import FOLDER, Counts, Damaged, LogHeld, Script, Unavailable, queries
from storage.sqlite.copying import Copying
from storage.sqlite.errors import as_bug, translated
from storage.sqlite.file import FileLock, connected, examine
from storage.sqlite.scripts import SuspendedScript, in_a_moment, run
from storage.sqlite.writer import Writer

T = TypeVar("T")
P = ParamSpec("P")

DATABASE = "digi.db"
_WAITING = 10_000
_LOCK_SECONDS = 10.0
_LATER = object()
_SALT_1 = 32
"""Offset of salt-1 in the WAL index: https://www.sqlite.org/walformat.html"""
_RANDOM = 1 << 20
"""A larger rise of the counter between two readings is a new random start, not resets."""
_CACHE = "cache_size=-16000"
"""For the writer: enough page cache that a group's pages are written once, at its commit."""


class _Look(msgspec.Struct, frozen=True):
    """A read for a thread; one that was begun on the loop brings its connection and snapshot."""

    make: Callable[[], Script[Any]]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    conn: sqlite3.Connection | None = None
    begun: SuspendedScript | None = None

    def settle(self, value: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)


class Sqlite:
    """Runs scripts on one SQLite file that this process alone serves."""

    alone = True

    def __init__(
        self,
        path: Path,
        lock: FileLock,
        writer: sqlite3.Connection,
        at_hand: list[sqlite3.Connection],
        readers: list[sqlite3.Connection],
        statements: Mapping[str, str],
    ) -> None:
        self._lock = lock
        self._path = path
        self._wal_index: int | None = None
        self._salt = self._resets = 0
        self._statements = statements
        self._closed = False
        self.damaged = False
        self._conn = writer
        self._writer = Writer(writer, statements, self._noted)
        self._reads: queue.SimpleQueue[_Look | None] = queue.SimpleQueue()
        self._at_hand = at_hand
        self._readers = [
            threading.Thread(target=self._read_on, args=(conn,), name="store-reader", daemon=True)
            for conn in readers
        ]
        for thread in self._readers:
            thread.start()

    @classmethod
    async def open(
        cls, path: Path, readers: int = 2, *, folder: Path = FOLDER, wait: float = _LOCK_SECONDS
    ) -> "Sqlite":
        """Lock, look for damage, migrate, serve. The folder holds the statements and migrations."""
        return await asyncio.to_thread(cls._open, path, readers, folder, wait)

    @classmethod
    def _open(cls, path: Path, readers: int, folder: Path, wait: float) -> "Sqlite":
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path, wait=wait)
        opened: list[sqlite3.Connection] = []
        try:
            examine(path, connected, folder, whole=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            opened.append(connected(path))
            _run(opened[0], f"PRAGMA {_CACHE}")
            migrate(Database(opened[0], execute_plugins=False), folder, backup_beside=path)
            # Create the row now: if an unsigned turn were the first to need it, its creation would
            # show.
            _run(opened[0], queries(folder).get("meta_stir", ""))
            for _ in range(readers and readers + 1):
                opened.append(connected(path))
                opened[-1].execute("PRAGMA query_only=ON")
            for conn in opened[1:2]:
                conn.execute("PRAGMA busy_timeout=0")
            return cls(path, lock, opened[0], opened[1:2], opened[2:], queries(folder))
        except BaseException as error:
            for conn in opened:
                conn.close()
            lock.release()
            if isinstance(error, sqlite3.Error):
                raise translated(error, f"{path}: ") from error
            if isinstance(error, PermissionError):
                raise Unavailable(str(error)) from error
            raise

    async def tx(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script as one transaction; it is on the disk when this returns.

        A caller that is cancelled no longer hears of it, but the transaction stands.
        """
        value: T = await self._writer.run(lambda: script(*args, **kwargs))
        return value

    async def tx_sealed(
        self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like tx, in a commit of its own, and the WAL is empty when this returns.

        Raises LogHeld, with nothing written, where another program's read transaction keeps the
        WAL from being emptied. `traces` is true where one began in the moment of the commit.
        """
        value: T = await self._writer.sealed(lambda: script(*args, **kwargs))
        return value

    async def tx_settled(
        self, script: Callable[..., Script[T]], *args: Any, settled: Callable[[bool], None]
    ) -> T:
        """Like tx_sealed; `settled` hears whether it stands before anything else is written.

        It may take long: who wants to write meanwhile is told in time that nothing was written.
        """
        value: T = await self._writer.sealed(lambda: script(*args), settled=settled, lasting=True)
        return value

    @property
    def traces(self) -> bool:
        return self._writer.traces

    async def vacuum(self) -> None:
        """Write the file anew and empty the WAL: nothing that was deleted is left in either.

        Nobody else writes meanwhile, and who wants to is told in time that nothing was written.
        """
        if not await self.checkpoint():
            raise LogHeld
        await self._writer.work(lambda conn: _run(conn, "VACUUM"), lasting=True)
        if not await self.checkpoint():
            raise Unavailable("a reader holds the WAL: it is emptied when that has ended")

    async def rewritten_at_once(self) -> int:
        return self._path.stat().st_size

    async def copy_to(self, target: Path) -> None:
        """Copy the whole database, as it is when the last page is copied, to a new file.

        The copy is made in steps, and others write in between. No read transaction stays open
        between two steps, so the WAL can be emptied meanwhile.
        """
        pages = target.with_name(f"{target.name}.pages")
        await asyncio.to_thread(_new_file, target)
        try:
            await asyncio.to_thread(_new_file, pages)
            copying = await asyncio.to_thread(Copying, self._conn, pages)
            try:
                while not copying.done:
                    await self._writer.work(copying.step)
            finally:
                await asyncio.to_thread(copying.close)
            await asyncio.to_thread(_compacted, pages, target)
        except sqlite3.Error as error:
            raise translated(error) from error
        finally:
            pages.unlink(missing_ok=True)

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script on one snapshot; it cannot write.

        It starts on the event loop, because handing it to a thread and back takes longer than most
        reads. After five milliseconds it continues in a thread.
        """
        if self._closed:
            raise Unavailable("the store is closed")

        def make() -> Script[T]:
            return script(*args, **kwargs)

        look: _Look | None = None
        if self._at_hand:
            conn = self._at_hand.pop()
            found = self._at_once(conn, make)
            if isinstance(found, SuspendedScript):
                look = self._look(make, conn, found)
            elif found is not _LATER:
                value: T = found
                return value
        elif self._reads.qsize() >= _WAITING:
            raise Unavailable("too much is waiting")
        look = look or self._look(make)
        self._reads.put(look)
        later: T = await look.answer
        return later

    @staticmethod
    def _look(
        make: Callable[[], Script[Any]],
        conn: sqlite3.Connection | None = None,
        begun: SuspendedScript | None = None,
    ) -> _Look:
        loop = asyncio.get_running_loop()
        return _Look(make, loop, loop.create_future(), conn, begun)

    def _at_once(self, conn: sqlite3.Connection, make: Callable[[], Script[Any]]) -> Any:
        """Run a read on the loop: its result, a SuspendedScript after five milliseconds, or
        `_LATER` where the file is locked and a thread has to wait for it."""
        found: Any = _LATER
        try:
            conn.execute("BEGIN")
            found = run(conn, self._statements, make(), in_a_moment())
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise self._noted(as_bug(error)) from error
        finally:
            if not isinstance(found, SuspendedScript):
                self._lay_by(conn)
        return found

    def _noted(self, error: BaseException) -> BaseException:
        """The error for the caller; remembers that damage was found."""
        ours = translated(error)
        self.damaged = self.damaged or isinstance(ours, Damaged)
        return ours

    def _lay_by(self, conn: sqlite3.Connection) -> None:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        self._at_hand.append(conn)

    async def checkpoint(self) -> bool:
        """Move the WAL into the file and empty it; False where a reader held it too long."""
        return await self._writer.checkpoint()

    async def clear(self) -> bool:
        """One attempt to empty the WAL; False where a reader holds it."""
        return await self._writer.clear()

    async def probe(self) -> None:
        await self._writer.probe()

    def counts(self) -> Counts:
        """Salt-1 of the WAL rises by one with each reset of the log, those among them that SQLite
        does by itself when the log has become long."""
        if self._wal_index is None:
            # Kept open: a process that closes a file loses the locks that SQLite holds on it, and
            # the next program that opens the database would cut the index to nothing.
            self._wal_index = os.open(f"{self._path}-shm", os.O_RDONLY)
        salt = int.from_bytes(os.pread(self._wal_index, 4, _SALT_1), "big")
        rise = (salt - self._salt) % (1 << 32)
        # A connection that has not reset the log yet draws salt-1 at random when it begins it.
        self._resets += rise if rise < _RANDOM else 0
        self._salt = salt
        return Counts(self._writer.sealed_commits, self._resets, 2)

    async def close(self) -> None:
        """Finish what waits and let go of the file."""
        if self._closed:
            return
        self._closed = True
        for _ in self._readers:
            self._reads.put(None)
        for thread in self._readers:
            await asyncio.to_thread(thread.join)
        for conn in self._at_hand:
            conn.close()
        await self._writer.close()
        if self._wal_index is not None:
            os.close(self._wal_index)
        self._lock.release()

    def _read_on(self, conn: sqlite3.Connection) -> None:
        while (look := self._reads.get()) is not None:
            at = look.conn or conn
            value, error = None, None
            try:
                if look.begun is None:
                    at.execute("BEGIN")
                value = run(at, self._statements, look.begun or look.make())
            except Exception as raised:
                error = self._noted(as_bug(raised))
            if look.conn is not None:
                self._lay_by(at)
            elif at.in_transaction:
                at.execute("ROLLBACK")
            # A server that is going down closes its loop first.
            with contextlib.suppress(RuntimeError):
                look.loop.call_soon_threadsafe(look.settle, value, error)
        conn.close()


def _run(conn: sqlite3.Connection, sql: str, *params: str) -> None:
    conn.execute(sql, params).fetchall()


def _new_file(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _compacted(pages: Path, target: Path) -> None:
    """Write a compact copy: no free pages, and no trace of the order in which pages were used."""
    with contextlib.closing(sqlite3.connect(pages)) as copy:
        # One large sync would block every commit; whoever keeps the copy syncs it.
        _run(copy, "PRAGMA synchronous=OFF")
        _run(copy, "VACUUM INTO ?", str(target))
