"""The one connection that writes: what waits goes into one commit, and is answered after it.

Statements are said in the loop that asked: to hand each of them to a thread and back costs more
than most of them do. When a moment is over, what has been done is committed, and the others wait
for the next commit; but many of which each takes long, as the overviews of an hour do, go on in the
thread and into the same commit. So does a script that alone takes longer, and every commit, with
its way to the disk.
"""

import asyncio
import contextlib
import math
import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from storage.running import Begun, in_a_moment, is_over, run
from storage.sql import Script, Unavailable

Work = Callable[[sqlite3.Connection], Any]

_GROUP = 256
_MANY = 8
_HEAVY = 0.001
_LONGEST = 0.1
"""So many that wait, of which each takes so many seconds, go into one commit of so many."""
_WAITING = 10_000
_BUSY_SECONDS = 0.1
_CHECKPOINT_SECONDS = 10.0


class _Job(msgspec.Struct, frozen=True):
    make: Callable[[], Script[Any]] | None  # None: `work`, or the minute's checkpoint
    sealed: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    settled: Callable[[bool], None] | None = None  # told whether it stands, before all others
    work: Work | None = None  # outside of any transaction

    @property
    def plain(self) -> bool:
        """It may share a commit with others."""
        return self.make is not None and not self.sealed


class _Outcome(msgspec.Struct, frozen=True):
    job: _Job
    value: Any = None
    error: BaseException | None = None


class _Group(msgspec.Struct, frozen=True):
    """What goes into one commit, and how far the loop has come with it: the first jobs' outcomes,
    a script that takes longer, or what has undone all of it."""

    jobs: list[_Job]
    open: bool = False
    outcomes: list[_Outcome] = []
    begun: Begun | None = None
    error: Exception | None = None


class Writer:
    """Whatever goes wrong reaches the caller as `translated` says it."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        statements: Mapping[str, str],
        translated: Callable[[BaseException], BaseException],
    ) -> None:
        # A lock is waited for by the thread and never by the loop.
        conn.execute("PRAGMA busy_timeout=0")
        self._conn = conn
        self._statements = statements
        self._translated = translated
        self._closing = False
        self.sealed = 0
        """Commits whose log was to be empty afterwards, since the start."""
        self._waiting: deque[_Job] = deque()
        self._turn = threading.Lock()  # held by whoever uses the connection
        self._begun: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(
        self,
        make: Callable[[], Script[Any]] | None = None,
        *,
        sealed: bool = False,
        settled: Callable[[bool], None] | None = None,
        work: Work | None = None,
    ) -> Any:
        """A script in a commit with others; `sealed` in one of its own, and the log is empty after
        it. Without a script: `work`, or the minute's checkpoint."""
        if self._closing:
            raise Unavailable("the store is closed")
        if len(self._waiting) >= _WAITING:
            raise Unavailable("too much is waiting")
        loop = asyncio.get_running_loop()
        job = _Job(make, sealed, loop, loop.create_future(), settled, work)
        self._waiting.append(job)
        if not self._turn.locked():
            loop.call_soon(self._next)
        return await job.answer

    async def close(self) -> None:
        """What waits is done first."""
        self._closing = True
        self._begun.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the loop ----------------------------------------------------------------------

    def _next(self) -> None:
        # Whoever has the turn looks for more when it is through, and the end does what is left.
        if self._closing or not self._turn.acquire(blocking=False):
            return
        group = self._group()
        if group:
            self._begun.put(self._begin(group) if group[0].plain else _Group(group))
        else:
            self._turn.release()

    def _group(self) -> list[_Job]:
        """What waits, in order: many plain jobs, or one that wants to be alone."""
        group: list[_Job] = []
        while self._waiting and len(group) < _GROUP:
            if group and not (group[0].plain and self._waiting[0].plain):
                break
            group.append(self._waiting.popleft())
        return group

    def _begin(self, jobs: list[_Job]) -> _Group:
        began = time.perf_counter()
        moment = in_a_moment()
        outcomes: list[_Outcome] = []
        begun: Begun | None = None
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return _Group(jobs)  # the thread waits for a lock, and says what else it is
        done = 0
        try:
            for job in jobs:
                found = self._in_savepoint(job, None, moment)
                done += 1
                if isinstance(found, Begun):
                    begun = found
                    break
                outcomes.append(found)
                if is_over(moment):
                    break
        except Exception as error:
            return _Group(jobs, open=True, error=error)
        # The others wait for the next commit: here, and not in a thread that would hold up all.
        done += go_along(len(jobs) - done, (time.perf_counter() - began) / done)
        self._waiting.extendleft(reversed(jobs[done:]))
        return _Group(jobs[:done], open=True, outcomes=outcomes, begun=begun)

    # --- in the thread --------------------------------------------------------------------

    def _work(self) -> None:
        while (group := self._begun.get()) is not None:
            following: _Group | None = group
            while following is not None:
                outcomes = self._outcomes(following)
                self._turn.release()
                self._hand_over(outcomes)
                following = self._following()
        with self._turn:
            while jobs := self._group():
                self._hand_over(self._outcomes(_Group(jobs)))
        self._conn.close()

    def _following(self) -> _Group | None:
        """Those who came meanwhile begin in their loop; where that is closed, here."""
        try:
            self._waiting[0].loop.call_soon_threadsafe(self._next)
        except IndexError:
            return None
        except RuntimeError:
            return _Group(self._group()) if self._turn.acquire(blocking=False) else None
        return None

    def _outcomes(self, group: _Group) -> list[_Outcome]:
        try:
            return self._committed(group)
        except Exception as error:
            # Whatever it was: without this thread nothing would ever be written again.
            return [_Outcome(job, error=error) for job in group.jobs]

    def _committed(self, group: _Group) -> list[_Outcome]:
        conn, first = self._conn, group.jobs[0]
        if first.make is None:
            return [self._worked(first)]
        outcomes = [*group.outcomes]
        begun = group.begun
        stands = False
        try:
            if group.error is not None:
                raise group.error
            if not group.open:
                _begin(conn)
            for job in group.jobs[len(outcomes) :]:
                outcomes.append(self._in_savepoint(job, begun))
                begun = None
            conn.execute("COMMIT")
            stands = outcomes[0].error is None
            self.sealed += first.sealed and stands
            if first.sealed and stands and not emptied(conn):
                raise Unavailable("a reader holds the WAL")
        except Exception as error:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            return [_Outcome(job, error=error) for job in group.jobs]
        finally:
            if first.settled is not None:
                first.settled(stands)
        return outcomes

    def _worked(self, job: _Job) -> _Outcome:
        try:
            if job.work is not None:
                return _Outcome(job, job.work(self._conn))
            _stirred(self._conn, self._statements.get("meta_stir", ""))
            return _Outcome(job, emptied(self._conn))
        except Exception as error:
            return _Outcome(job, error=error)

    def _hand_over(self, outcomes: list[_Outcome]) -> None:
        """To the loop that asked, which is woken once for all of a group."""
        while outcomes:
            loop = outcomes[0].job.loop
            there = [one for one in outcomes if one.job.loop is loop]
            outcomes = [one for one in outcomes if one.job.loop is not loop]
            # A server that is going down closes its loop first; the commit stands all the same.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, there)

    # --- in either ------------------------------------------------------------------------

    def _in_savepoint(self, job: _Job, begun: Begun | None, moment: float = math.inf) -> Any:
        """The outcome; where the moment is over before, how far it has come."""
        conn = self._conn
        assert job.make is not None
        if begun is None:
            conn.execute("SAVEPOINT job")
        try:
            found = run(conn, self._statements, begun or job.make(), moment)
        except Exception as error:
            # A full disk takes the whole transaction with it, not only this job's part.
            if not conn.in_transaction:
                raise
            conn.execute("ROLLBACK TO job")
            conn.execute("RELEASE job")
            return _Outcome(job, error=error)
        if isinstance(found, Begun):
            return found
        conn.execute("RELEASE job")
        return _Outcome(job, found)

    def _settle(self, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            answer = outcome.job.answer
            if answer.done():
                continue
            if outcome.error is None:
                answer.set_result(outcome.value)
            else:
                answer.set_exception(self._translated(outcome.error))


def go_along(waiting: int, each: float) -> int:
    """How many more of those that wait go into this commit, where each takes so many seconds."""
    return min(waiting, int(_LONGEST / each)) if waiting >= _MANY and each > _HEAVY else 0


def _begin(conn: sqlite3.Connection) -> None:
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= until:
                raise
            time.sleep(0.005)
        else:
            return


def truncated(conn: sqlite3.Connection) -> bool:
    """Move the log into the file and cut it to nothing, tried once."""
    busy, frames, moved = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and frames <= 0 and moved <= 0


def emptied(conn: sqlite3.Connection) -> bool:
    """The log is in the file, and has nothing more in it; False where a reader held it too long."""
    until = time.monotonic() + _CHECKPOINT_SECONDS
    while True:
        if truncated(conn):
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
