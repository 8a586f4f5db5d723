"""Removes what the server keeps of when the pool was written: dead row versions, and its log."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable

import psycopg

from storage.postgres.connections import ConnectionPool
from storage.postgres.errors import translated
from storage.postgres.schema import MAY_FORGET
from storage.postgres.tasks import Tasks
from storage.sql import LogHeld, StoreError, Unavailable

VACUUM_SECONDS = 2.0
LEAST_SECONDS = 0.5
"""For clearing after a commit, however long it took until then."""
_VACUUM_MOST = 30.0
_VACUUM = "VACUUM (VERBOSE, TRUNCATE FALSE) pool"
_TUPLES = re.compile(r"^\w+: (\d+) [^\d(]+, (\d+) [^\d(]+, (\d+) [^\d(]+$", re.MULTILINE)
# Everybody may read these columns. Vacuums have no user and keep nothing; what a standby keeps is
# held by a session without a database.
_SNAPSHOTS = (
    "SELECT pid, backend_xmin::text AS oldest FROM pg_stat_activity"
    " WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
    " AND coalesce(datname, current_database()) = current_database()"
    " AND application_name !~ '^digi [0-9a-f]{8}$'"
)


class PoolVacuum:
    """Vacuums the table of the pools. Callers that wait at the same time share one vacuum."""

    def __init__(
        self, pool: ConnectionPool, tasks: Tasks, noted: Callable[[psycopg.Error], BaseException]
    ) -> None:
        self._pool = pool
        self._tasks = tasks
        self._noted = noted
        self._alone = asyncio.Lock()
        self._next: asyncio.Task[bool] | None = None
        self._clean = False
        """The last vacuum of the pool removed all dead row versions."""
        self.count = 0

    def cleaned(self, emptied: bool) -> None:
        """Hears what the last vacuum of a full minute has left."""
        self._clean = emptied

    async def require_no_snapshots(self, until: float) -> None:
        """Raise LogHeld unless the next pool write can be vacuumed: no dead version of the pool is
        left from before, and no session holds a snapshot for longer than other replicas' turns
        take."""
        if not self._clean:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(_in_loop(until)):
                    self._clean = await self.shared()
            if not self._clean:
                raise LogHeld
        holding = await self.sessions_with_snapshot()
        while holding:
            if time.monotonic() >= until:
                raise LogHeld
            await asyncio.sleep(0.02)
            holding &= await self.sessions_with_snapshot()

    async def sessions_with_snapshot(self) -> set[tuple[int, str]]:
        """Sessions that hold a snapshot, with its age; those of Digi's replicas end soon and are
        left out."""
        try:
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(_SNAPSHOTS)).fetchall()
        except psycopg.Error as error:
            raise translated(error) from None
        return {(row["pid"], row["oldest"]) for row in rows}

    async def after_commit(self, until: float) -> None:
        """Vacuum after the commit. Never raises: the transaction is committed, and an error would
        tell the caller otherwise."""
        self._clean = False
        until = max(until, time.monotonic() + LEAST_SECONDS)
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout_at(_in_loop(until)):
                self._clean = await self.shared()

    async def shared(self) -> bool:
        """Whether a vacuum removed all dead versions of the pool; callers that wait share one
        vacuum."""
        if self._next is None:
            # It goes on where nobody waits for it any more.
            self._next = self._tasks.start(self._until_clean())
        return await asyncio.shield(self._next)

    async def _until_clean(self) -> bool:
        async with self._alone:
            self._next = None
            until = time.monotonic() + VACUUM_SECONDS
            while True:
                try:
                    left = await self.once()
                except psycopg.Error as error:
                    raise self._noted(error) from None
                if left == 0:
                    return True
                if time.monotonic() >= until:
                    return False
                await asyncio.sleep(0.005)

    async def clear_once(self) -> bool:
        async with self._alone:
            try:
                self._clean = await self.once() == 0
            except psycopg.Error as error:
                raise translated(error) from None
            return self._clean

    async def once(self) -> int:
        """Vacuum the pool; returns how many dead versions an older transaction keeps."""
        notices: list[str] = []

        def heard(notice: psycopg.errors.Diagnostic) -> None:
            notices.append(notice.message_primary or "")
            notices.append(notice.message_detail or "")

        async with self._pool.connection() as conn:
            conn.add_notice_handler(heard)
            try:
                self.count += 1
                async with asyncio.timeout(_VACUUM_MOST):
                    await conn.execute(_VACUUM, prepare=False)
            except TimeoutError:
                raise Unavailable("the server does not end clearing the pool") from None
            finally:
                conn.remove_notice_handler(heard)
        counts = [int(found[3]) for text in notices for found in _TUPLES.finditer(text)]
        if not counts:
            raise Unavailable("Digi's user may not vacuum the pool: make it the tables' owner")
        return sum(counts)

    async def recycle_wal(self) -> None:
        """Switch and recycle the server's write-ahead log, which holds the time of each pool write
        to the microsecond. Where Digi's user may do that, no file of it is older than a minute."""
        # On failure the next minute's attempt covers this one too.
        with contextlib.suppress(psycopg.Error):
            async with self._pool.connection() as conn:
                [row] = await (await conn.execute(MAY_FORGET)).fetchall()
                if row["may"]:
                    await conn.execute("SELECT pg_switch_wal()", prepare=False)
                    await conn.execute("CHECKPOINT", prepare=False)


def deadline() -> float:
    """When a vacuum that begins now must have ended, by `time.monotonic()`."""
    return time.monotonic() + VACUUM_SECONDS


def _in_loop(until: float) -> float:
    """Convert a `time.monotonic()` deadline to the event loop's clock."""
    return asyncio.get_running_loop().time() + until - time.monotonic()
