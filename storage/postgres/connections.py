"""Connections to the server: how each is set up, and whether its COMMIT was confirmed."""

from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8BinaryDumper
from psycopg_pool import AsyncConnectionPool

from storage.postgres.errors import BAD_ADDRESS
from storage.postgres.pipeline import Pipeline
from storage.postgres.schema import DURABLE
from storage.sql import Row, Unavailable

WAITING = 10_000
WAIT_SECONDS = 2.5
"""For a connection: a platform wants its answer within three seconds."""
# Changes when the server has crashed or a standby has taken over. Transaction ids that were not on
# the disk by then are assigned again, to other transactions.
LIFE = (
    "concat((SELECT stats_reset FROM pg_stat_wal), ' ', CASE WHEN pg_is_in_recovery() THEN ''"
    " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END) AS life"
)
_KEEPS_ALIVE = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# A replica that was frozen in the middle of a turn must not hold its project for ever.
_LIMITS = (
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '20s'",
    "SET idle_in_transaction_session_timeout = '15s'",
)


class Connection(psycopg.AsyncConnection[Row]):
    raw_pipeline: Pipeline
    life = ""
    """Identifies the run of the server behind this connection (`LIFE`)."""


ConnectionPool: TypeAlias = "AsyncConnectionPool[Connection]"


async def connection_pool(dsn: str, name: str, most: int) -> ConnectionPool:
    """Open a pool of at most so many connections, under this application name."""
    pool: ConnectionPool = AsyncConnectionPool(
        "",
        connection_class=Connection,
        kwargs={
            **with_defaults(dsn),
            "application_name": name,
            "autocommit": True,
            "row_factory": dict_row,
            "cursor_factory": AsyncRawCursor,
            "prepare_threshold": None,
        },
        min_size=1,
        max_size=most,
        open=False,
        configure=_configured,
        timeout=WAIT_SECONDS,
        reconnect_timeout=2.0,
        max_waiting=WAITING,
    )
    await pool.open()
    return pool


def with_defaults(dsn: str) -> dict[str, Any]:
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
    [row] = await (await conn.execute(f"SELECT {LIFE}")).fetchall()
    conn.life = row["life"]
    conn.raw_pipeline = Pipeline(conn)
