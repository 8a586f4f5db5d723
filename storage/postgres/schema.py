"""Brings a PostgreSQL database to the schema that this code expects, or says why it may not.

One replica does it under a lock while the others wait. Those of the version before go on beside
it: a migration adds, and `meta.oldest_code` says which code can still bear what it has made.
"""

import asyncio
import time
from pathlib import Path

from psycopg import AsyncConnection, errors

from storage.migrate import Migration, check, migrations, statements
from storage.postgres.dialect import built
from storage.sql import FOLDER, StoreError, Unavailable

OLDEST_SERVER = 15
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('digi migrates', 0))"
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '1s'"
_TRIES, _PAUSE_SECONDS = 30, 2.0
TABLES = (
    "SELECT c.relname FROM pg_class AS c WHERE c.relkind IN ('r', 'p')"
    " AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname"
)
LARGEST = (
    "SELECT max(pg_total_relation_size(c.oid)) AS bytes FROM pg_class AS c"
    " WHERE c.relkind IN ('r', 'p')"
    " AND c.relnamespace = current_schema()::regnamespace"
)

# A confirmed commit is on the server's disk and on that of each synchronous standby, also where the
# server, the database or the role is set to less. A stricter setting stays.
DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') <> 'remote_apply'"
)
MAY_FORGET = (
    "SELECT pg_has_role('pg_checkpoint', 'USAGE')"
    " AND has_function_privilege('pg_switch_wal()', 'EXECUTE') AS may"
)
"""Whether Digi's user may switch and recycle the server's write-ahead log."""


async def migrate(conn: AsyncConnection[tuple[object, ...]], folder: Path = FOLDER) -> list[str]:
    """Run what is missing, in one transaction under a lock. Says what it ran."""
    if conn.info.server_version < OLDEST_SERVER * 10_000:
        raise Unavailable(
            f"the server is PostgreSQL {conn.info.server_version // 10_000},"
            f" and Digi needs {OLDEST_SERVER} or newer"
        )
    known = migrations(folder)
    if not await _missing(conn, known):
        return []
    try:
        for _ in range(_TRIES):
            try:
                return await _alone(conn, known)
            except errors.LockNotAvailable:
                await asyncio.sleep(_PAUSE_SECONDS)
    except (errors.InsufficientPrivilege, errors.InvalidSchemaName) as error:
        raise Unavailable(
            f"{error.diag.message_primary}: make Digi's user the owner of its database"
        ) from None
    raise Unavailable(
        "somebody's transaction holds Digi's tables, which are to be changed (a backup?):"
        " see pg_stat_activity, and start again when it has ended"
    )


async def _alone(conn: AsyncConnection[tuple[object, ...]], known: list[Migration]) -> list[str]:
    async with conn.transaction():
        await conn.execute(_LOCK)
        # Another replica may have migrated while this one waited for the lock.
        todo = await _missing(conn, known)
        # Readers and writers queue behind a request for a table lock, so give up on it soon.
        await conn.execute(_NOT_FOR_LONG)
        await _run(conn, todo)
    return [migration.name for migration in todo]


async def _missing(
    conn: AsyncConnection[tuple[object, ...]], known: list[Migration]
) -> list[Migration]:
    applied = await applied_on(conn)
    oldest = None
    if len(applied) > len(known):
        row = await (
            await conn.execute("SELECT value FROM meta WHERE key = 'oldest_code'")
        ).fetchone()
        oldest = None if row is None else str(row[0])
    check(known, applied, oldest)
    return [migration for migration in known if migration.name not in applied]


async def applied_on(conn: AsyncConnection[tuple[object, ...]]) -> list[str]:
    """The migrations that this database has seen; none on a new one."""
    tables = [str(name) for (name,) in await (await conn.execute(TABLES)).fetchall()]
    if "migration" not in tables:
        if tables:
            raise StoreError("the database holds tables that are not Digi's: name another one")
        return []
    rows = await (await conn.execute("SELECT name FROM migration ORDER BY name")).fetchall()
    return [str(name) for (name,) in rows]


async def _run(conn: AsyncConnection[tuple[object, ...]], todo: list[Migration]) -> None:
    await conn.execute(
        'CREATE TABLE IF NOT EXISTS migration (name TEXT COLLATE "C" PRIMARY KEY,'
        " applied_us BIGINT NOT NULL)"
    )
    for migration in todo:
        for statement in statements(migration.sql):
            if sql := built(statement):
                await conn.execute(sql.encode())
        await conn.execute(
            "INSERT INTO migration (name, applied_us) VALUES (%s, %s)",
            [migration.name, time.time_ns() // 1000],
        )
