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
"""At a COMMIT: all of it is in the log, and nobody knows whether it is on the disk."""


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
    """The log is in the file, and has nothing more in it; False where a reader held it too long."""
    until = time.monotonic() + TRY_SECONDS
    while True:
        if truncated(conn):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.001)


def stirred(conn: sqlite3.Connection, statement: str) -> None:
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


def stir(conn: sqlite3.Connection, statement: str) -> None:
    """A commit that tells nothing: what it writes is what was there. A reader of an empty log is
    seen only when there is something to move out of it."""
    begin(conn)
    try:
        for _ in range(2):  # after the second time it is what it was before
            conn.execute(statement)
        conn.execute("COMMIT")
    except sqlite3.Error:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
