"""Transactions and the write-ahead log of SQLite: beginning, committing, emptying, leaving no date.

https://www.sqlite.org/wal.html and https://www.sqlite.org/walformat.html
"""

import contextlib
import os
import sqlite3
import time

from storage.sql import Unsure

BUSY_SECONDS = 0.1
TRY_SECONDS = 0.05
"""How long one attempt to empty the log may hold up those who only write."""
_IN_DOUBT = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
"""Errors of a COMMIT after which the transaction is in the log, but perhaps not on the disk."""


def begin(conn: sqlite3.Connection) -> None:
    until = time.monotonic() + BUSY_SECONDS
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


def commit(conn: sqlite3.Connection) -> None:
    try:
        conn.execute("COMMIT")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) in _IN_DOUBT:
            raise Unsure(str(error)) from error
        raise


def emptied(conn: sqlite3.Connection) -> bool:
    """Whether the log could be moved into the file and truncated before a reader's time was up."""
    until = time.monotonic() + TRY_SECONDS
    while True:
        if truncated(conn):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.001)


def stirred(conn: sqlite3.Connection, statement: str) -> None:
    """Write something neutral each minute, whether anybody wrote or not, and set the files' dates.

    The log's index holds the last transaction, and each file its date of change. Until somebody
    writes by name, either would reveal that an unsigned text was written, and the dates to the
    second when.
    """
    path = conn.execute("PRAGMA database_list").fetchone()[2]
    with contextlib.suppress(sqlite3.Error):  # whoever writes next reports a full disk
        conn.execute(statement)
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.utime(f"{path}{ending}")


def stir(conn: sqlite3.Connection, statement: str) -> None:
    """Commit a change and its reversal, so that the log is not empty: SQLite reports a reader that
    blocks the log only when there is something to move out of it."""
    begin(conn)
    try:
        for _ in range(2):  # the second execution undoes the first
            conn.execute(statement)
        conn.execute("COMMIT")
    except sqlite3.Error:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
