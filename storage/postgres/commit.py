"""Whether a transaction was committed: its standby has confirmed it, or the server is asked."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from storage.postgres.connections import LIFE, Connection, ConnectionPool
from storage.sql import Unsure

COMMIT_SECONDS = 5.0
"""A server whose standby does not answer would wait for ever, and so would whoever wrote."""
ASKING_SECONDS = 10.0
# It writes as well, so it is answered only when every synchronous standby has everything before it.
# A server that is still a standby may not know the answer yet and is asked again.
_WENT = (
    f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_xact_status($1::text::xid8) END AS became,"
    f" {LIFE},"
    " CASE WHEN NOT pg_is_in_recovery() THEN pg_logical_emit_message(true, 'digi', '') END"
)
_NOT_NOW = (PoolTimeout, PoolClosed, TooManyRequests)


@contextlib.asynccontextmanager
async def confirmed(conn: Connection) -> AsyncIterator[None]:
    """Raise Unsure if a COMMIT is not confirmed by its synchronous standby.

    When the wait for the standby is cancelled, the COMMIT succeeds with a warning. That does not
    count: if the standby takes over, the transaction is lost."""
    warned: list[str] = []

    def heard(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warned.append(notice.message_primary or "")

    conn.add_notice_handler(heard)
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            yield
    except TimeoutError:
        raise Unsure("the server does not answer the COMMIT") from None
    finally:
        conn.remove_notice_handler(heard)
    if warned:
        raise Unsure("the standby that must have it too does not answer")


async def was_committed(pool: ConnectionPool, xid: str, life: str) -> bool:
    """Whether a transaction was committed whose COMMIT got no answer."""
    until = time.monotonic() + ASKING_SECONDS
    while time.monotonic() < until:
        try:
            async with pool.connection() as conn, confirmed(conn):
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
