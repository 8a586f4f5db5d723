"""The embedded driver: one writer thread that commits in groups, and a few readers."""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
from sqlite_utils import Database

from storage.migrate import migrate
from storage.sql import FOLDER, Conflict, Damaged, Params, Row, Script, Unavailable, queries

T = TypeVar("T")
P = ParamSpec("P")

DATABASE = "digi.db"
_GROUP = 256
_WAITING = 10_000
_LOCK_SECONDS = 10.0
_CHECKPOINT_SECONDS = 10.0
_MOMENT = 0.005
_CACHE = "cache_size=-16000"
"""For the writer: a group's pages are written once, when it commits, and not before."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
)
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def reading(path: Path) -> sqlite3.Connection:
    """Reads beside a running server and writes nothing."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


class FileLock:
    """The lock beside a database: who holds it may change the file."""

    def __init__(self, database: Path, *, wait: float = 0.0) -> None:
        self._file = os.open(f"{database}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(self._file)
                    raise Unavailable(f"another Digi holds {database}") from None
                time.sleep(0.05)
            else:
                return

    def release(self) -> None:
        os.close(self._file)


class _Job(msgspec.Struct, frozen=True):
    make: Callable[[], Script[Any]] | None  # None: only the checkpoint, or `work`
    sealed: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    settled: Callable[[bool], None] | None = None  # told whether it stands, before all others
    work: Callable[[sqlite3.Connection], None] | None = None  # outside of any transaction
    begun: "_Begun | None" = None  # a look that has begun already


class _Begun(msgspec.Struct, frozen=True):
    """A look that takes longer than a moment: its snapshot, and the rows that come next."""

    conn: sqlite3.Connection | None = None
    script: Script[Any] | None = None
    rows: list[Row] = []


_NOT_YET = _Begun()


class _Outcome(msgspec.Struct, frozen=True):
    job: _Job
    value: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.job.answer.done():
            return
        if self.error is None:
            self.job.answer.set_result(self.value)
        else:
            self.job.answer.set_exception(_translated(self.error))


def _hand_over(outcomes: list[_Outcome]) -> None:
    """To the loop that asked, which is woken once for all of a group."""
    while outcomes:
        loop = outcomes[0].job.loop
        there = [one for one in outcomes if one.job.loop is loop]
        outcomes = [one for one in outcomes if one.job.loop is not loop]
        # A server that is going down closes its loop first; the commit stands all the same.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, there)


def _settle(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.settle()


class Sqlite:
    """Runs scripts on one SQLite file that this process alone serves."""

    alone = True

    def __init__(
        self,
        lock: FileLock,
        writer: sqlite3.Connection,
        at_hand: list[sqlite3.Connection],
        readers: list[sqlite3.Connection],
        statements: Mapping[str, str],
    ) -> None:
        self._lock = lock
        self._statements = statements
        self._writer_conn = writer
        self._closed = False
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._at_hand = at_hand
        self._put_back: _Job | None = None
        self._writer = threading.Thread(
            target=self._write_on, args=(writer,), name="store-writer", daemon=True
        )
        self._readers = [
            threading.Thread(target=self._read_on, args=(conn,), name="store-reader", daemon=True)
            for conn in readers
        ]
        for thread in (self._writer, *self._readers):
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
            _look_for_damage(path)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            opened.append(_connect(path))
            _run(opened[0], f"PRAGMA {_CACHE}")
            migrate(Database(opened[0], execute_plugins=False), folder, backup_beside=path)
            for _ in range(readers and readers + 1):
                opened.append(_connect(path))
                opened[-1].execute("PRAGMA query_only=ON")
            for conn in opened[1:2]:
                conn.execute("PRAGMA busy_timeout=0")
            return cls(lock, opened[0], opened[1:2], opened[2:], queries(folder))
        except BaseException as error:
            for conn in opened:
                conn.close()
            lock.release()
            if isinstance(error, sqlite3.Error):
                raise _translated(error, f"{path}: ") from error
            if isinstance(error, PermissionError):
                raise Unavailable(str(error)) from error
            raise

    async def tx(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script as one transaction; it is on the disk when this returns.

        A caller that is cancelled no longer hears of it, but the transaction stands.
        """
        value: T = await self._ask(self._writes, lambda: script(*args, **kwargs))
        return value

    async def tx_sealed(
        self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like tx, in a commit of its own, and the WAL is empty when this returns.

        Raises Unavailable where a reader held the WAL too long: the transaction stands, and the
        same script again must find that it does.
        """
        value: T = await self._ask(self._writes, lambda: script(*args, **kwargs), sealed=True)
        return value

    async def tx_settled(
        self, script: Callable[..., Script[T]], *args: Any, settled: Callable[[bool], None]
    ) -> T:
        """Like tx_sealed; `settled` hears whether it stands before anything else is written."""
        value: T = await self._ask(
            self._writes, lambda: script(*args), sealed=True, settled=settled
        )
        return value

    async def vacuum(self) -> None:
        """Write the file anew and empty the WAL: nothing that was deleted is left in either."""
        await self._ask(self._writes, None, work=lambda conn: _run(conn, "VACUUM"))
        if not await self.checkpoint():
            raise Unavailable("a reader holds the WAL")

    async def copy_to(self, target: Path) -> None:
        """The whole database as one new file of its own."""

        def copied(conn: sqlite3.Connection) -> None:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _run(conn, "VACUUM INTO ?", str(target))

        await self._ask(self._writes, None, work=copied)

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script on one snapshot; it cannot write.

        It begins at once: the way through a thread and back takes longer than most looks. What is
        not done in a moment goes on in a thread.
        """
        if self._closed:
            raise Unavailable("the store is closed")

        def make() -> Script[T]:
            return script(*args, **kwargs)

        found = self._at_once(self._at_hand.pop(), make) if self._at_hand else _NOT_YET
        if isinstance(found, _Begun):
            found = await self._ask(self._reads, make, begun=found)
        value: T = found
        return value

    def _at_once(self, conn: sqlite3.Connection, make: Callable[[], Script[Any]]) -> Any:
        """What comes of the script, or how far it came."""
        begun: _Begun | None = None
        script = make()
        try:
            conn.execute("BEGIN")
            until = time.perf_counter() + _MOMENT
            name, params = next(script)
            while True:
                rows = _rows(conn, self._statements[name], params)
                if time.perf_counter() > until:
                    begun = _Begun(conn, script, rows)
                    return begun
                name, params = script.send(rows)
        except StopIteration as end:
            return end.value
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                # Somebody holds the file for a moment: a thread can wait for that.
                return _NOT_YET
            raise _translated(_as_bug(error)) from error
        finally:
            if begun is None:
                self._lay_by(conn)

    def _lay_by(self, conn: sqlite3.Connection) -> None:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        self._at_hand.append(conn)

    async def checkpoint(self) -> bool:
        """Move the WAL into the file and empty it; False where a reader held it too long."""
        emptied: bool = await self._ask(self._writes, None)
        return emptied

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
        self._writes.put(None)
        await asyncio.to_thread(self._writer.join)
        self._lock.release()

    async def _ask(
        self,
        to: "queue.SimpleQueue[_Job | None]",
        make: Callable[[], Script[Any]] | None,
        *,
        sealed: bool = False,
        settled: Callable[[bool], None] | None = None,
        work: Callable[[sqlite3.Connection], None] | None = None,
        begun: "_Begun | None" = None,
    ) -> Any:
        if self._closed:
            raise Unavailable("the store is closed")
        if to.qsize() >= _WAITING and (begun is None or begun.conn is None):
            raise Unavailable("too much is waiting")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        to.put(_Job(make, sealed, loop, answer, settled, work, begun))
        return await answer

    def _write_on(self, conn: sqlite3.Connection) -> None:
        while group := self._next_group():
            try:
                outcomes = self._write(conn, group)
            except Exception as error:
                # Whatever it was: without this thread nothing would ever be written again.
                outcomes = [_Outcome(job, error=error) for job in group]
            _hand_over(outcomes)
        conn.close()

    def _next_group(self) -> list[_Job]:
        """What waits, in order: many plain jobs, or one that wants to be alone. Empty: the end."""
        first = self._put_back or self._writes.get()
        self._put_back = None
        if first is None:
            return []
        group = [first]
        while _plain(group[-1]) and len(group) < _GROUP:
            try:
                job = self._writes.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._writes.put(None)
                break
            if not _plain(job):
                self._put_back = job
                break
            group.append(job)
        return group

    def _write(self, conn: sqlite3.Connection, group: list[_Job]) -> list[_Outcome]:
        if group[0].make is None:
            try:
                if group[0].work is not None:
                    return [_Outcome(group[0], group[0].work(conn))]
                _stirred(conn, self._statements.get("meta_stir", ""))
                return [_Outcome(group[0], _emptied(conn))]
            except sqlite3.Error as error:
                return [_Outcome(group[0], error=error)]
        stands = False
        try:
            conn.execute("BEGIN IMMEDIATE")
            outcomes = [self._in_savepoint(conn, job, job.make) for job in group if job.make]
            conn.execute("COMMIT")
            stands = outcomes[0].error is None
            if group[0].sealed and outcomes[0].error is None and not _emptied(conn):
                raise Unavailable("a reader holds the WAL")
        except Exception as error:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            return [_Outcome(job, error=error) for job in group]
        finally:
            if group[0].settled is not None:
                group[0].settled(stands)
        return outcomes

    def _in_savepoint(
        self, conn: sqlite3.Connection, job: _Job, make: Callable[[], Script[Any]]
    ) -> _Outcome:
        conn.execute("SAVEPOINT job")
        try:
            outcome = _Outcome(job, self._finish(conn, make))
        except Exception as error:
            # A full disk takes the whole transaction with it, not only this job's part.
            if not conn.in_transaction:
                raise
            conn.execute("ROLLBACK TO job")
            outcome = _Outcome(job, error=error)
        conn.execute("RELEASE job")
        return outcome

    def _read_on(self, conn: sqlite3.Connection) -> None:
        while (job := self._reads.get()) and job.make:
            begun = job.begun or _NOT_YET
            at = begun.conn or conn
            try:
                if begun.conn is None:
                    at.execute("BEGIN")
                outcome = _Outcome(job, self._finish(at, job.make, begun))
            except Exception as error:
                outcome = _Outcome(job, error=_as_bug(error))
            if begun.conn is not None:
                self._lay_by(at)
            elif at.in_transaction:
                at.execute("ROLLBACK")
            _hand_over([outcome])
        conn.close()

    def _finish(
        self, conn: sqlite3.Connection, make: Callable[[], Script[Any]], begun: _Begun = _NOT_YET
    ) -> Any:
        script = begun.script or make()
        try:
            name, params = script.send(begun.rows) if begun.script else next(script)
            while True:
                # One writer is lock enough.
                rows = [] if name == "lock" else _rows(conn, self._statements[name], params)
                name, params = script.send(rows)
        except StopIteration as end:
            return end.value
        finally:
            script.close()


def _plain(job: _Job) -> bool:
    return job.make is not None and not job.sealed


def _rows(conn: sqlite3.Connection, sql: str, params: Params) -> list[Row]:
    if isinstance(params, list):
        conn.executemany(sql, params)
        return []
    cursor = conn.execute(sql, params)
    if cursor.description is None:
        return []
    # All at once: a statement left half read would hold the WAL.
    found = cursor.fetchall()
    if not found:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _run(conn: sqlite3.Connection, sql: str, *params: str) -> None:
    conn.execute(sql, params).fetchall()


def _emptied(conn: sqlite3.Connection) -> bool:
    until = time.monotonic() + _CHECKPOINT_SECONDS
    while True:
        busy, frames, moved = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy and frames <= 0 and moved <= 0:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.001)


def _stirred(conn: sqlite3.Connection, statement: str) -> None:
    """Something is written each minute, whoever wrote or not, and the files are dated now.

    The index beside the log keeps what was written last, and the files when: as long as nobody
    else wrote, both would tell that somebody had without a name, and the second to the second.
    """
    path = conn.execute("PRAGMA database_list").fetchone()[2]
    with contextlib.suppress(sqlite3.Error):  # a full disk is somebody else's to tell
        conn.execute(statement)
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.utime(f"{path}{ending}")


def _connect(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=0.1,
        isolation_level=None,
        cached_statements=512,
        check_same_thread=False,
    )
    try:
        for pragma in _PRAGMAS:
            conn.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        conn.close()
        raise
    return conn


def _look_for_damage(path: Path) -> None:
    wal = Path(f"{path}-wal")
    if not path.exists() or path.stat().st_size == 0:
        if wal.exists() and wal.stat().st_size:
            raise Damaged(f"{path} is gone or empty, but {wal.name} beside it is not")
        return
    try:
        with contextlib.closing(_connect(path)) as conn:
            found = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise _translated(error, f"{path}: ") from error
    if found != "ok":
        raise Damaged(f"{path}: {' '.join(found.split())}")


def _as_bug(error: Exception) -> Exception:
    """A look that writes is no passing trouble with the disk."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
        return RuntimeError(f"a script that was only to read wanted to write: {error}")
    return error


def _translated(error: BaseException, where: str = "") -> BaseException:
    """The driver's error as ours where somebody can mend it; every other is a bug, as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    ours: BaseException = error
    if isinstance(error, sqlite3.IntegrityError):
        ours = Conflict(f"{where}{error}")
    elif code in _PASSING:
        ours = Unavailable(f"{where}{error}")
    elif code in _DAMAGE:
        ours = Damaged(f"{where}{error}")
    if ours is not error:
        ours.__cause__ = error
    return ours
