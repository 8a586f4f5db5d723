"""The PostgreSQL driver: a connection pool, the same scripts as on SQLite, and safe retries.

A script names its lock with the statement `lock`, first of all: turns of one project then come
one after the other, as they do on SQLite. Whatever the server undid is run again as a whole.
Where the answer to a COMMIT was lost the server is asked what became of it.
"""

import asyncio
import contextlib
import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import psycopg
from psycopg import AsyncRawCursor, errors
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8BinaryDumper
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from storage.postgres.dialect import spoken
from storage.postgres.errors import BAD_ADDRESS, reason
from storage.postgres.pipeline import Pipeline
from storage.postgres.schema import DURABLE, LARGEST, MAY_FORGET, TABLES, migrate
from storage.sql import (
    FOLDER,
    Conflict,
    Counts,
    Damaged,
    LogHeld,
    Params,
    Row,
    Script,
    StoreError,
    Unavailable,
    Unsure,
    queries,
)

T = TypeVar("T")
P = ParamSpec("P")


class Connection(psycopg.AsyncConnection[Row]):
    raw_pipeline: Pipeline
    life = ""
    """Identifies the run of the server behind this connection (`_LIFE`)."""


CONNECTIONS = 8
_WAITING = 10_000
_TRIES = 12
_WAIT_SECONDS = 2.5
"""For a connection: a platform wants its answer within three seconds."""
_ASKING_SECONDS = 10.0
_COMMIT_SECONDS = 5.0
"""A server whose standby does not answer would wait for ever, and so would whoever wrote."""
_VACUUM_SECONDS = 2.0
_LEAST_SECONDS = 0.5
"""For clearing after a commit, however long it took until then."""
_VACUUM_MOST = 30.0
_POOLS_A_MINUTE = 200
_CHANCE = random.SystemRandom()

_TURN = spoken("BEGIN ISOLATION LEVEL READ COMMITTED")
_NUMBER = spoken("SELECT pg_current_xact_id()::text AS xid")
_LOOK = spoken("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
# Changes when the server has crashed or a standby has taken over. Transaction ids that were not on
# the disk by then are assigned again, to other transactions.
_LIFE = (
    "concat((SELECT stats_reset FROM pg_stat_wal), ' ', CASE WHEN pg_is_in_recovery() THEN ''"
    " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END) AS life"
)
# It writes as well, so it is answered only when every synchronous standby has everything before it.
# A server that is still a standby may not know the answer yet and is asked again.
_WENT = (
    f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_xact_status($1::text::xid8) END AS became,"
    f" {_LIFE},"
    " CASE WHEN NOT pg_is_in_recovery() THEN pg_logical_emit_message(true, 'digi', '') END"
)
_VACUUM = "VACUUM (VERBOSE, TRUNCATE FALSE) pool"
_TUPLES = re.compile(r"^\w+: (\d+) [^\d(]+, (\d+) [^\d(]+, (\d+) [^\d(]+$", re.MULTILINE)
_OTHERS = (
    "datname = current_database() AND application_name LIKE 'digi%' AND application_name <> $1"
)
# Everybody may read these columns. Vacuums have no user and keep nothing; what a standby keeps is
# held by a session without a database.
_SNAPSHOTS = (
    "SELECT pid, backend_xmin::text AS oldest FROM pg_stat_activity"
    " WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
    " AND coalesce(datname, current_database()) = current_database()"
    " AND application_name !~ '^digi [0-9a-f]{8}$'"
)
_KEEPS_ALIVE = {
    "connect_timeout": "5", "keepalives": "1", "keepalives_idle": "10",
    "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "20000",
}  # fmt: skip
# A replica that was frozen in the middle of a turn must not hold its project for ever.
_LIMITS = (
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '20s'",
    "SET idle_in_transaction_session_timeout = '15s'",
)
_UNDONE = (errors.SerializationFailure, errors.DeadlockDetected, errors.TransactionRollback)
_NOT_NOW = (PoolTimeout, PoolClosed, TooManyRequests)
_DAMAGE = (errors.DataCorrupted, errors.IndexCorrupted)


class _Again(Exception):
    """Nothing was committed: retry the whole script."""


class _Lost(Exception):
    """The connection is gone, and with it whatever was not committed."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__()
        self.error = error


class Postgres:
    """Runs scripts on a PostgreSQL database that several replicas serve."""

    alone = False
    """Others may be serving the same database at this moment."""

    def __init__(
        self,
        pool: "AsyncConnectionPool[Connection]",
        statements: Mapping[str, str],
        name: str,
    ) -> None:
        self._pool = pool
        self._statements = {name: spoken(sql) for name, sql in statements.items()}
        self._turnstiles: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[Any]] = set()
        self._vacuuming = asyncio.Lock()
        self._next_vacuum: asyncio.Task[bool] | None = None
        self._sealed = self._cleared = 0
        self._clean = False
        """The last vacuum of the pool removed all dead row versions."""
        self._name = name
        self._settling = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._closed = False
        self.damaged = False

    @classmethod
    async def open(
        cls, dsn: str, *, folder: Path = FOLDER, connections: int = CONNECTIONS
    ) -> "Postgres":
        """Reach the server, migrate, serve. The folder holds the statements and migrations."""
        try:
            async with await psycopg.AsyncConnection.connect(
                **_with_defaults(dsn), autocommit=True
            ) as conn:
                await conn.execute(DURABLE)
                await migrate(conn, folder)
        except psycopg.Error as error:
            raise _translated(error) from None
        name = f"digi {secrets.token_hex(4)}"
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            "", connection_class=Connection,
            kwargs={
                **_with_defaults(dsn), "application_name": name, "autocommit": True,
                "row_factory": dict_row, "cursor_factory": AsyncRawCursor,
                "prepare_threshold": None,
            },
            min_size=1, max_size=connections, open=False, configure=_configured,
            timeout=_WAIT_SECONDS, reconnect_timeout=2.0, max_waiting=_WAITING,
        )  # fmt: skip
        await pool.open()
        return cls(pool, queries(folder), name)

    async def tx(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script as one transaction; the server has it on its disk when this returns.

        A caller that is cancelled no longer hears of it, but the transaction goes on.
        """
        value: T = await self._shielded(lambda: self._write(lambda: script(*args, **kwargs)))
        return value

    async def tx_sealed(
        self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like tx, and the former versions of the pool's rows are gone when this returns.

        Raises LogHeld, with nothing written, where somebody's long transaction (a backup) would
        keep them. Where one began in the moment of the commit, a later full minute's `checkpoint`
        takes them; until then nothing more is written in this way.
        """
        value: T = await self._shielded(lambda: self._run_sealed(lambda: script(*args, **kwargs)))
        return value

    async def _run_sealed(self, make: Callable[[], Script[T]]) -> T:
        until = time.monotonic() + _VACUUM_SECONDS
        await self._require_no_snapshots(until)
        value = await self._write_sealed(make)
        await self._vacuum_after_commit(until)
        return value

    @property
    def traces(self) -> bool:
        """Always false. What an older transaction keeps here are dead row versions; unlike SQLite's
        log they show no order relative to later writes, but for their transaction id."""
        return False

    async def tx_settled(
        self, script: Callable[..., Script[T]], *args: Any, settled: Callable[[bool], None]
    ) -> T:
        """Like tx_sealed; `settled` hears whether it stands before anything else is written here.

        What another replica writes meanwhile nobody here can hold back: it must not be there. Where
        the server does not say whether it stands, nothing more is written by this process.
        """
        until = time.monotonic() + _VACUUM_SECONDS
        async with self._settling:
            self._open.clear()
            known = True
            try:
                while self._running:
                    await asyncio.wait(set(self._running))
                await self._nobody_else()
                await self._require_no_snapshots(until)
                try:
                    value = await self._write_sealed(lambda: script(*args))
                except (Unsure, asyncio.CancelledError):
                    known = False
                    raise
                except BaseException:
                    settled(False)
                    raise
                settled(True)
            finally:
                if known:
                    self._open.set()
        await self._vacuum_after_commit(time.monotonic() + _VACUUM_SECONDS)
        return value

    async def _write_sealed(self, make: Callable[[], Script[T]]) -> T:
        value = await self._write(make)
        self._sealed += 1
        return value

    async def _nobody_else(self) -> None:
        asked = f"SELECT count(*) AS n FROM pg_stat_activity WHERE {_OTHERS}"
        async with self._pool.connection() as conn:
            [row] = await (await conn.execute(asked, [self._name])).fetchall()
        if row["n"]:
            raise Unavailable("other replicas are serving this database: stop all but one first")

    async def vacuum(self) -> None:
        """Write every table anew: nothing that was deleted is left in its files, nor in what the
        server has counted of it for its plans."""
        await self._shielded(self._vacuum_all)

    async def rewritten_at_once(self) -> int:
        async with self._pool.connection() as conn:
            [row] = await (await conn.execute(LARGEST)).fetchall()
        return int(row["bytes"])

    async def _vacuum_all(self) -> None:
        async with self._pool.connection() as conn:
            tables = await (await conn.execute(TABLES)).fetchall()
            try:
                await conn.execute("SET statement_timeout = 0")
                for name in (*(table["relname"] for table in tables), "pg_statistic"):
                    counts = "" if name == "pg_statistic" else ", ANALYZE"
                    await conn.execute(f'VACUUM (FULL{counts}) "{name}"', prepare=False)
            except psycopg.Error as error:
                raise self._noted(error) from None
            finally:
                await conn.close()  # and with it the setting

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script on one snapshot; it cannot write."""
        if self._closed:
            raise Unavailable("the store is closed")
        value: T = await self._look(lambda: script(*args, **kwargs))
        return value

    async def checkpoint(self) -> bool:
        """Each pool's row gets a new transaction number and its former versions go, so that
        neither tells when somebody wrote; False where an older transaction still holds them."""
        emptied = True
        # Twice: a vacuum leaves the bytes where they lay, and the second time something lies over
        # them.
        for _ in range(2):
            await self._shielded(self._stir)
            emptied = await self._shielded(self._shared_vacuum)
            if not emptied:
                break
        self._clean = emptied
        await self._shielded(self._recycle_wal)
        return emptied

    async def clear(self) -> bool:
        """One vacuum of the pool; False where somebody's older transaction holds former rows."""
        return await self._shielded(self._cleared_once)

    async def probe(self) -> None:
        await self._shielded(self._sessions_with_snapshot)

    def counts(self) -> Counts:
        return Counts(self._sealed, self._cleared, 1)

    async def close(self) -> None:
        """Finish what runs and let go of the connections."""
        if self._closed:
            return
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        await self._pool.close()

    def _noted(self, error: psycopg.Error) -> BaseException:
        """As whoever asked hears it; that the data is damaged is remembered until the end."""
        ours = _translated(error)
        self.damaged = self.damaged or isinstance(ours, Damaged)
        return ours

    async def _shielded(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._closed:
            raise Unavailable("the store is closed")
        if len(self._running) >= _WAITING:
            raise Unavailable("too much is waiting")
        if not self._open.is_set():
            await self._wait_until_open()
        task = asyncio.ensure_future(work())
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def _wait_until_open(self) -> None:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._open.wait()
        except TimeoutError:
            raise Unavailable("everything is being sealed with a new key") from None

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, also where the caller has gone

    # --- a turn ---------------------------------------------------------------------------

    async def _write(self, make: Callable[[], Script[T]]) -> T:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(random.random() * 0.001 * 2**attempt)
            script = make()
            try:
                first = next(script)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                # Whoever waits for a turn in this process waits without a connection.
                async with self._turnstile(first):
                    return await self._attempt(script, first)
            except _Again:
                continue
            except psycopg.Error as error:
                raise self._noted(error) from None
            finally:
                script.close()
        raise Unavailable("the server undid it again and again")

    @contextlib.asynccontextmanager
    async def _turnstile(self, first: tuple[str, Params]) -> AsyncIterator[None]:
        name, params = first
        if name != "lock" or isinstance(params, list):
            yield
            return
        lock = self._turnstiles.setdefault(params["lock"], asyncio.Lock())
        async with lock:
            yield

    @contextlib.asynccontextmanager
    async def _in_pipeline(self) -> AsyncIterator[Connection]:
        """A connection in pipeline mode; on any error its transaction is rolled back."""
        conn = await self._pool.getconn()
        pipeline = conn.raw_pipeline
        try:
            pipeline.enter()
            yield conn
        except BaseException as error:
            await pipeline.roll_back()
            if isinstance(error, psycopg.Error) and conn.closed:
                raise _Lost(error) from None
            if isinstance(error, errors.ReadOnlySqlTransaction):
                await pipeline.close()  # another server may be the one that writes by now
            raise
        finally:
            pipeline.leave()
            await self._pool.putconn(conn)

    async def _attempt(self, script: Script[T], first: tuple[str, Params]) -> T:
        ending = False
        try:
            async with self._in_pipeline() as conn:
                pipeline = conn.raw_pipeline
                pipeline.put(_TURN, {})
                began = pipeline.put(_NUMBER, {})
                value = await self._finish(pipeline, script, first)
                if began.answer is None:
                    await pipeline.receive()  # without it nobody could ask what became of a COMMIT
                [row] = pipeline.rows(began)
                ending = True
                await pipeline.send_commit()
                async with _confirmed(conn):
                    await pipeline.receive_commit()
                return value
        except _UNDONE:
            raise _Again from None
        except _Lost:
            if not ending:
                raise _Again from None
        if await self._was_committed(row["xid"], conn.life):
            return value
        raise _Again

    async def _was_committed(self, xid: str, life: str) -> bool:
        """Whether a transaction was committed whose COMMIT got no answer."""
        until = time.monotonic() + _ASKING_SECONDS
        while time.monotonic() < until:
            try:
                async with self._pool.connection() as conn, _confirmed(conn):
                    [row] = await (await conn.execute(_WENT, [xid])).fetchall()
            except errors.InvalidParameterValue:
                return False  # another server took over and never saw this transaction
            except (psycopg.OperationalError, *_NOT_NOW):
                await asyncio.sleep(0.1)
                continue
            if row["became"] == "aborted":
                return False
            if row["became"] == "committed":
                if row["life"] == life:
                    return True
                break  # the id may have been assigned again, to another transaction
            await asyncio.sleep(0.02)  # the server process of the lost connection is still running
        raise Unsure("the server does not say what became of the transaction")

    async def _finish(
        self, pipeline: Pipeline, script: Script[T], first: tuple[str, Params] | None
    ) -> T:
        try:
            name, params = first or next(script)
            while True:
                name, params = script.send(await self._execute(pipeline, name, params))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except psycopg.Error:
            raise
        except Exception:
            await pipeline.receive()  # what had gone wrong before is what there is to tell
            raise

    async def _execute(self, pipeline: Pipeline, name: str, params: Params) -> list[Row]:
        statement = self._statements[name]
        if isinstance(params, list):
            for one in params:
                pipeline.put(statement, one)
                if pipeline.full:
                    await pipeline.receive()
            return []
        sent = pipeline.put(statement, params)
        if name == "lock" or not statement.answers:
            if pipeline.full:
                await pipeline.receive()
            return []
        await pipeline.receive()
        return pipeline.rows(sent)

    # --- a look ---------------------------------------------------------------------------

    async def _look(self, make: Callable[[], Script[T]]) -> T:
        for attempt in range(_TRIES):
            script = make()
            try:
                async with self._in_pipeline() as conn:
                    conn.raw_pipeline.put(_LOOK, {})
                    value = await self._finish(conn.raw_pipeline, script, None)
                    await conn.raw_pipeline.send_commit()
                    await conn.raw_pipeline.receive_commit()
                    return value
            except _Lost as lost:
                if attempt + 1 == _TRIES:
                    raise self._noted(lost.error) from None
            except errors.ReadOnlySqlTransaction as error:
                raise RuntimeError(
                    f"a script that was only to read wanted to write: {error.diag.message_primary}"
                ) from None
            except psycopg.Error as error:
                raise self._noted(error) from None
            finally:
                script.close()
        raise AssertionError("unreachable")

    # --- removing traces of when the pool was written -------------------------------------

    async def _require_no_snapshots(self, until: float) -> None:
        """Raise LogHeld unless the next pool write can be vacuumed: no dead version of the pool is
        left from before, and no session holds a snapshot for longer than other replicas' turns
        take."""
        if not self._clean:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(_in_loop(until)):
                    self._clean = await self._shared_vacuum()
            if not self._clean:
                raise LogHeld
        holding = await self._sessions_with_snapshot()
        while holding:
            if time.monotonic() >= until:
                raise LogHeld
            await asyncio.sleep(0.02)
            holding &= await self._sessions_with_snapshot()

    async def _sessions_with_snapshot(self) -> set[tuple[int, str]]:
        """Sessions that hold a snapshot, with its age; those of Digi's replicas end soon and are
        left out."""
        try:
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(_SNAPSHOTS)).fetchall()
        except psycopg.Error as error:
            raise _translated(error) from None
        return {(row["pid"], row["oldest"]) for row in rows}

    async def _vacuum_after_commit(self, until: float) -> None:
        """Vacuum after the commit. Never raises: the transaction is committed, and an error would
        tell the caller otherwise."""
        self._clean = False
        until = max(until, time.monotonic() + _LEAST_SECONDS)
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout_at(_in_loop(until)):
                self._clean = await self._shared_vacuum()

    async def _shared_vacuum(self) -> bool:
        """Whether a vacuum removed all dead versions of the pool; callers that wait share one
        vacuum."""
        if self._next_vacuum is None:
            self._next_vacuum = asyncio.ensure_future(self._vacuum())
            self._running.add(self._next_vacuum)  # it goes on where nobody waits for it any more
            self._next_vacuum.add_done_callback(self._ended)
        return await asyncio.shield(self._next_vacuum)

    async def _vacuum(self) -> bool:
        async with self._vacuuming:
            self._next_vacuum = None
            until = time.monotonic() + _VACUUM_SECONDS
            while True:
                try:
                    left = await self._vacuum_once()
                except psycopg.Error as error:
                    raise self._noted(error) from None
                if left == 0:
                    return True
                if time.monotonic() >= until:
                    return False
                await asyncio.sleep(0.005)

    async def _cleared_once(self) -> bool:
        async with self._vacuuming:
            try:
                self._clean = await self._vacuum_once() == 0
            except psycopg.Error as error:
                raise _translated(error) from None
            return self._clean

    async def _vacuum_once(self) -> int:
        """Vacuum the pool; returns how many dead versions an older transaction keeps."""
        notices: list[str] = []

        def heard(notice: psycopg.errors.Diagnostic) -> None:
            notices.append(notice.message_primary or "")
            notices.append(notice.message_detail or "")

        async with self._pool.connection() as conn:
            conn.add_notice_handler(heard)
            try:
                self._cleared += 1
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

    async def _stir(self) -> None:
        """Give some pools a new row version each minute, all in turn, whether anybody wrote or not.

        Otherwise a row's transaction id (xmin) would tell between which two named acts the last
        unsigned text was written, and no vacuum changes it.
        """
        await self._write(self._stirring)

    async def _recycle_wal(self) -> None:
        """Switch and recycle the server's write-ahead log, which holds the time of each pool write
        to the microsecond. Where Digi's user may do that, no file of it is older than a minute."""
        # On failure the next minute's attempt covers this one too.
        with contextlib.suppress(psycopg.Error):
            async with self._pool.connection() as conn:
                [row] = await (await conn.execute(MAY_FORGET)).fetchall()
                if row["may"]:
                    await conn.execute("SELECT pg_switch_wal()", prepare=False)
                    await conn.execute("CHECKPOINT", prepare=False)

    @staticmethod
    def _stirring() -> Script[None]:
        rows = yield "pool_every", {}
        rounds = len(rows) // _POOLS_A_MINUTE + 1
        turn = int(time.time() // 60) % rounds
        mine = [row for n, row in enumerate(rows) if n % rounds == turn]
        _CHANCE.shuffle(mine)
        for row in mine:
            yield "pool_stir", {"tenant": row["tenant"], "project": row["project"]}


def _in_loop(until: float) -> float:
    """Convert a `time.monotonic()` deadline to the event loop's clock."""
    return asyncio.get_running_loop().time() + until - time.monotonic()


def _with_defaults(dsn: str) -> dict[str, Any]:
    try:
        given = psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise Unavailable(BAD_ADDRESS) from None
    return {"application_name": "digi", **_KEEPS_ALIVE, **given}


async def _configured(conn: Connection) -> None:
    # Send every int as 64 bits; otherwise psycopg prepares a statement once for each size of a
    # number.
    conn.adapters.register_dumper(int, Int8BinaryDumper)
    for setting in (*_LIMITS, DURABLE):
        await conn.execute(setting)
    [row] = await (await conn.execute(f"SELECT {_LIFE}")).fetchall()
    conn.life = row["life"]
    conn.raw_pipeline = Pipeline(conn)


@contextlib.asynccontextmanager
async def _confirmed(conn: Connection) -> AsyncIterator[None]:
    """Raise Unsure if a COMMIT is not confirmed by its synchronous standby.

    When the wait for the standby is cancelled, the COMMIT succeeds with a warning. That does not
    count: if the standby takes over, the transaction is lost."""
    warned: list[str] = []

    def heard(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warned.append(notice.message_primary or "")

    conn.add_notice_handler(heard)
    try:
        async with asyncio.timeout(_COMMIT_SECONDS):
            yield
    except TimeoutError:
        raise Unsure("the server does not answer the COMMIT") from None
    finally:
        conn.remove_notice_handler(heard)
    if warned:
        raise Unsure("the standby that must have it too does not answer")


def _translated(error: psycopg.Error) -> BaseException:
    """The driver's error as a StoreError where somebody can act on it; others are bugs and stay.

    Only the first line of the server's message is kept: its detail may quote stored values.
    """
    said = reason(error)
    if isinstance(error, psycopg.IntegrityError):
        return Conflict(said)
    if isinstance(error, _DAMAGE):
        return Damaged(said)
    if isinstance(
        error,
        psycopg.OperationalError | errors.ReadOnlySqlTransaction | errors.InsufficientPrivilege,
    ):
        return Unavailable(said)
    return error
