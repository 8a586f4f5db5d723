"""The single SQLite connection that writes. Group commit: all waiting scripts share one commit.

Scripts run on the event loop, because handing each statement to a thread and back costs more than
most statements do. After five milliseconds (`in_a_moment`) the loop stops, and the writer thread
commits what has been done. The thread also continues a script that needs longer, and adds many slow
scripts (the overviews of an hour) to the same commit. Scripts left over wait for the next commit.
Every caller is answered after the commit is on the disk.
"""

import asyncio
import contextlib
import math
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import msgspec

from storage.sql import LogHeld, NotBegun, Script, StoreError, Unavailable
from storage.sqlite.scripts import SuspendedScript, in_a_moment, is_over, run
from storage.sqlite.wal import begin, commit, emptied, stir, stirred, truncated

Work = Callable[[sqlite3.Connection], Any]

_GROUP = 256
_MANY = 8
_HEAVY = 0.001
_LONGEST = 0.1
"""Where at least `_MANY` scripts wait and each takes more than `_HEAVY` seconds, a commit takes as
many of them as fit into `_LONGEST` seconds."""
_WAITING = 10_000
_LOG_SECONDS = 2.0
"""How long a caller waits for an empty log: platforms give up on an answer after three seconds."""
_PAUSE_SECONDS = 0.05
"""Between two attempts to empty the log, so that other writers get their turn."""


class _Job(msgspec.Struct, frozen=True):
    make: Callable[[], Script[Any]] | None  # None: `work`
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    sealed: bool = False
    probed: bool = False
    settled: Callable[[bool], None] | None = None  # told first whether it was committed
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
    """The jobs of one commit, and how far the loop came with them: outcomes of the first jobs, a
    script that is not finished, or the error that rolled all of it back."""

    jobs: list[_Job]
    open: bool = False
    outcomes: list[_Outcome] = []
    begun: SuspendedScript | None = None
    error: Exception | None = None


class Writer:
    """Runs scripts on the writing connection. Errors reach the caller through `translated`."""

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
        self.traces = False
        """What a sealed script wrote may still be in the write-ahead log."""
        self._lasting = 0
        self._next_try = 0.0
        self._closing = False
        self.sealed_commits = 0
        """Sealed scripts since the start, with those refused that made as many commits."""
        self._waiting: deque[_Job] = deque()
        self._turn = threading.Lock()  # held by whoever uses the connection
        self._begun: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, make: Callable[[], Script[Any]]) -> Any:
        """A script, in a commit with others."""
        await self._lets_write()
        return await self._asked(make)

    async def sealed(
        self,
        make: Callable[[], Script[Any]],
        *,
        settled: Callable[[bool], None] | None = None,
        lasting: bool = False,
    ) -> Any:
        """A script in a commit of its own, with an empty log before it and after it.

        Raises LogHeld, and nothing is written, where another program's read transaction keeps the
        log from being emptied. One that begins in the very moment of the commit can still keep it:
        then this returns when the time is over, and `traces` is true until the log is empty.
        """
        counted = True
        try:
            return await self._in_time(make, settled, lasting=lasting)
        except Unavailable as error:
            counted = error.counted
            raise
        finally:
            self.sealed_commits += counted

    async def _in_time(
        self,
        make: Callable[[], Script[Any]],
        settled: Callable[[bool], None] | None,
        *,
        lasting: bool,
    ) -> Any:
        until = time.monotonic() + _LOG_SECONDS
        if not lasting:
            await self._lets_write()
        probed = False
        while True:
            try:
                with self._kept_from_others() if lasting else nullcontext():
                    value = await self._asked(make, sealed=True, probed=probed, settled=settled)
                break
            except LogHeld as held:
                if time.monotonic() >= until:
                    # As many commits as one that is kept: the files count them.
                    with contextlib.suppress(StoreError):
                        await self.work(self._stir)
                        held.counted = True
                    raise
            probed = True
            await asyncio.sleep(_PAUSE_SECONDS)
        while self.traces and time.monotonic() < until:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.work(self._emptied_again)
        return value

    async def checkpoint(self) -> bool:
        """Called each minute, whether anybody wrote or not: write something neutral and empty the
        log. False where a reader kept the log from being emptied. Others write between the
        attempts."""
        until = time.monotonic() + _LOG_SECONDS
        emptied = await self.work(self._stirred_and_emptied)
        while not emptied and time.monotonic() < until:
            await asyncio.sleep(_PAUSE_SECONDS)
            emptied = await self.work(self._emptied_again)
        return bool(emptied)

    async def clear(self) -> bool:
        """One attempt to empty the log."""
        return bool(await self.work(self._emptied_once))

    async def probe(self) -> None:
        """What is done before a sealed script, tried once."""

        def probed(conn: sqlite3.Connection) -> None:
            self._stir(conn)
            self._emptied_once(conn)

        await self.work(probed)

    async def work(self, work: Work, *, lasting: bool = False) -> Any:
        """Run a function on the connection outside of any script. Where it is `lasting`, other
        writers wait for two seconds and then get NotBegun."""
        with self._kept_from_others() if lasting else nullcontext():
            return await self._asked(None, work=work)

    @contextlib.contextmanager
    def _kept_from_others(self) -> Iterator[None]:
        self._lasting += 1
        try:
            yield
        finally:
            self._lasting -= 1

    async def _lets_write(self) -> None:
        until = time.monotonic() + _LOG_SECONDS
        while self._lasting:
            if time.monotonic() >= until:
                raise NotBegun("the whole file is being written anew; nothing was written")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _asked(
        self,
        make: Callable[[], Script[Any]] | None,
        *,
        sealed: bool = False,
        probed: bool = False,
        settled: Callable[[bool], None] | None = None,
        work: Work | None = None,
    ) -> Any:
        if self._closing:
            raise NotBegun("the store is closed")
        if len(self._waiting) >= _WAITING:
            raise NotBegun("too much is waiting")
        loop = asyncio.get_running_loop()
        job = _Job(make, loop, loop.create_future(), sealed, probed, settled, work)
        self._waiting.append(job)
        if not self._turn.locked():
            loop.call_soon(self._next)
        return await job.answer

    async def close(self) -> None:
        """Finish the waiting jobs, then close the connection."""
        self._closing = True
        self._begun.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the loop ----------------------------------------------------------------------

    def _next(self) -> None:
        # Whoever holds the connection starts the next group when it is done; `close` does the rest.
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
        begun: SuspendedScript | None = None
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return _Group(jobs)  # the thread waits for a lock, and says what else it is
        done = 0
        try:
            for job in jobs:
                found = self._in_savepoint(job, None, moment)
                done += 1
                if isinstance(found, SuspendedScript):
                    begun = found
                    break
                outcomes.append(found)
                if is_over(moment):
                    break
        except Exception as error:
            return _Group(jobs, open=True, error=error)
        # The rest waits for the next commit in this queue; in the thread it would delay this one.
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
        """Start the jobs that arrived meanwhile on their own event loop, or here if it is
        closed."""
        try:
            self._waiting[0].loop.call_soon_threadsafe(self._next)
        except IndexError:
            return None
        except RuntimeError:
            return _Group(self._group()) if self._turn.acquire(blocking=False) else None
        return None

    def _outcomes(self, group: _Group) -> list[_Outcome]:
        first = group.jobs[0]
        try:
            if first.work is not None:
                return [_Outcome(first, first.work(self._conn))]
            return [self._sealed(first)] if first.sealed else self._committed(group)
        except Exception as error:
            # Catch everything: if this thread died, nothing could be written any more.
            return [_Outcome(job, error=error) for job in group.jobs]

    def _sealed(self, job: _Job) -> _Outcome:
        try:
            if not job.probed:
                self._stir(self._conn)
            if not self._log_is_free():
                return _Outcome(job, error=LogHeld())
        except sqlite3.Error as error:
            return _Outcome(job, error=NotBegun(str(error)))
        [outcome] = self._committed(_Group([job]))
        if outcome.error is None:
            self.traces = True
            self._emptied_again()
        else:
            with contextlib.suppress(sqlite3.Error):
                self._stir(self._conn)
        return outcome

    def _stir(self, conn: sqlite3.Connection) -> None:
        stir(conn, self._statements.get("meta_stir", ""))

    def _log_is_free(self) -> bool:
        """Whether no reader would keep the next write in the log. Tried at most once in
        `_PAUSE_SECONDS`, however many callers wait."""
        if time.monotonic() < self._next_try:
            return False
        if emptied(self._conn):
            self.traces = False
            return True
        self._next_try = time.monotonic() + _PAUSE_SECONDS
        return False

    def _emptied_once(self, conn: sqlite3.Connection) -> bool:
        found = truncated(conn)
        self.traces = self.traces and not found
        return found

    def _emptied_again(self, _: sqlite3.Connection | None = None) -> bool:
        """Never raises: the transaction is committed, and an error would tell the caller
        otherwise."""
        with contextlib.suppress(sqlite3.Error):
            if emptied(self._conn):
                self.traces = False
                return True
        return False

    def _stirred_and_emptied(self, conn: sqlite3.Connection) -> bool:
        stirred(conn, self._statements.get("meta_stir", ""))
        found = emptied(conn)
        self.traces = self.traces and not found
        return found

    def _committed(self, group: _Group) -> list[_Outcome]:
        conn, first = self._conn, group.jobs[0]
        outcomes = [*group.outcomes]
        begun = group.begun
        stands = False
        try:
            if group.error is not None:
                raise group.error
            if not group.open:
                begin(conn)
            for job in group.jobs[len(outcomes) :]:
                outcomes.append(self._in_savepoint(job, begun))
                begun = None
            commit(conn)
            stands = outcomes[0].error is None
        except Exception as error:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            return [_Outcome(job, error=error) for job in group.jobs]
        finally:
            if first.settled is not None:
                first.settled(stands)
        return outcomes

    def _hand_over(self, outcomes: list[_Outcome]) -> None:
        """Give the outcomes to the event loops that asked, waking each once for the whole group."""
        while outcomes:
            loop = outcomes[0].job.loop
            there = [one for one in outcomes if one.job.loop is loop]
            outcomes = [one for one in outcomes if one.job.loop is not loop]
            # At shutdown the loop may be closed already; the commit is valid all the same.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, there)

    # --- in either ------------------------------------------------------------------------

    def _in_savepoint(
        self, job: _Job, begun: SuspendedScript | None, moment: float = math.inf
    ) -> Any:
        """Run a job in a savepoint: its outcome, or the suspended script when the time is over."""
        conn = self._conn
        assert job.make is not None
        if begun is None:
            conn.execute("SAVEPOINT job")
        try:
            found = run(conn, self._statements, begun or job.make(), moment)
        except Exception as error:
            # When the disk is full SQLite rolls back the whole transaction, not only this
            # savepoint.
            if not conn.in_transaction:
                raise
            conn.execute("ROLLBACK TO job")
            conn.execute("RELEASE job")
            return _Outcome(job, error=error)
        if isinstance(found, SuspendedScript):
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
    """How many more of the waiting jobs join this commit, if each takes `each` seconds."""
    return min(waiting, int(_LONGEST / each)) if waiting >= _MANY and each > _HEAVY else 0
