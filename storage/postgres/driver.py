"""The PostgreSQL driver: a connection pool, the same scripts as on SQLite, and safe retries.

A script names its lock with the statement `lock`, first of all: turns of one project then come
one after the other, as they do on SQLite. Whatever the server undid is run again as a whole.
Where the answer to a COMMIT was lost the server is asked what became of it.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import psycopg
from psycopg import errors

from storage.postgres.commit import confirmed, was_committed
from storage.postgres.connections import (
    WAIT_SECONDS,
    WAITING,
    Connection,
    ConnectionPool,
    connection_pool,
    with_defaults,
)
from storage.postgres.dialect import spoken
from storage.postgres.errors import translated
from storage.postgres.pipeline import Pipeline
from storage.postgres.schema import DURABLE, LARGEST, TABLES, migrate
from storage.postgres.tasks import Tasks
from storage.postgres.vacuum import PoolVacuum, deadline
from storage.sql import (
    FOLDER,
    Counts,
    Damaged,
    Params,
    Row,
    Script,
    Unavailable,
    Unsure,
    queries,
)

T = TypeVar("T")
P = ParamSpec("P")


CONNECTIONS = 8
_TRIES = 12
_POOLS_A_MINUTE = 200
_CHANCE = random.SystemRandom()

_TURN = spoken("BEGIN ISOLATION LEVEL READ COMMITTED")
_NUMBER = spoken("SELECT pg_current_xact_id()::text AS xid")
_LOOK = spoken("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
LOOKS, LOOK_SECONDS = 50, 0.04
_OTHERS = (
    "datname = current_database() AND application_name LIKE 'digi%' AND application_name <> $1"
)
_UNDONE = (errors.SerializationFailure, errors.DeadlockDetected, errors.TransactionRollback)


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
        pool: ConnectionPool,
        statements: Mapping[str, str],
        name: str,
    ) -> None:
        self._pool = pool
        self._statements = {name: spoken(sql) for name, sql in statements.items()}
        self._turnstiles: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks = Tasks()
        self._vacuum = PoolVacuum(pool, self._tasks, self._noted)
        self._sealed = 0
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
                **with_defaults(dsn), autocommit=True
            ) as conn:
                await conn.execute(DURABLE)
                await migrate(conn, folder)
        except psycopg.Error as error:
            raise translated(error) from None
        name = f"digi {secrets.token_hex(4)}"
        pool = await connection_pool(dsn, name, connections)
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
        until = deadline()
        await self._vacuum.require_no_snapshots(until)
        value = await self._write_sealed(make)
        await self._vacuum.after_commit(until)
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
        until = deadline()
        async with self._settling:
            await self._others_left()
            self._open.clear()
            known = True
            try:
                await self._tasks.all_ended()
                await self._nobody_else()
                await self._vacuum.require_no_snapshots(until)
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
        await self._vacuum.after_commit(deadline())
        return value

    async def _write_sealed(self, make: Callable[[], Script[T]]) -> T:
        value = await self._write(make)
        self._sealed += 1
        return value

    async def _others_left(self) -> None:
        """Give replicas that were just stopped a moment: the server ends a closed connection some
        time after its client. Nothing is held meanwhile."""
        for _ in range(LOOKS):
            if not await self._others():
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _nobody_else(self) -> None:
        if await self._others():
            raise Unavailable("other replicas are serving this database: stop all but one first")

    async def _others(self) -> int:
        asked = f"SELECT count(*) AS n FROM pg_stat_activity WHERE {_OTHERS}"
        async with self._pool.connection() as conn:
            [row] = await (await conn.execute(asked, [self._name])).fetchall()
        return int(row["n"])

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
            emptied = await self._shielded(self._vacuum.shared)
            if not emptied:
                break
        self._vacuum.cleaned(emptied)
        await self._shielded(self._vacuum.recycle_wal)
        return emptied

    async def clear(self) -> bool:
        """One vacuum of the pool; False where somebody's older transaction holds former rows."""
        return await self._shielded(self._vacuum.clear_once)

    async def probe(self) -> None:
        await self._shielded(self._vacuum.sessions_with_snapshot)

    def counts(self) -> Counts:
        return Counts(self._sealed, self._vacuum.count, 1)

    async def close(self) -> None:
        """Finish what runs and let go of the connections."""
        if self._closed:
            return
        self._closed = True
        await self._tasks.all_ended()
        await self._pool.close()

    def _noted(self, error: psycopg.Error) -> BaseException:
        """As whoever asked hears it; that the data is damaged is remembered until the end."""
        ours = translated(error)
        self.damaged = self.damaged or isinstance(ours, Damaged)
        return ours

    async def _shielded(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._closed:
            raise Unavailable("the store is closed")
        if len(self._tasks) >= WAITING:
            raise Unavailable("too much is waiting")
        if not self._open.is_set():
            await self._wait_until_open()
        return await asyncio.shield(self._tasks.start(work()))

    async def _wait_until_open(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._open.wait()
        except TimeoutError:
            raise Unavailable("everything is being sealed with a new key") from None

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
                async with confirmed(conn):
                    await pipeline.receive_commit()
                return value
        except _UNDONE:
            raise _Again from None
        except _Lost:
            if not ending:
                raise _Again from None
        if await was_committed(self._pool, row["xid"], conn.life):
            return value
        raise _Again

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

    # --- the minute ----------------------------------------------------------------------

    async def _stir(self) -> None:
        """Give some pools a new row version each minute, all in turn, whether anybody wrote or not.

        Otherwise a row's transaction id (xmin) would tell between which two named acts the last
        unsigned text was written, and no vacuum changes it.
        """
        await self._write(self._stirring)

    @staticmethod
    def _stirring() -> Script[None]:
        rows = yield "pool_every", {}
        rounds = len(rows) // _POOLS_A_MINUTE + 1
        turn = int(time.time() // 60) % rounds
        mine = [row for n, row in enumerate(rows) if n % rounds == turn]
        _CHANCE.shuffle(mine)
        for row in mine:
            yield "pool_stir", {"tenant": row["tenant"], "project": row["project"]}
