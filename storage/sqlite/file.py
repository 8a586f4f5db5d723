"""The database file: its lock, connections to it, and whether it is whole."""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from storage.migrate import fit_to_serve, migrations
from storage.sql import FOLDER, Damaged, Unavailable
from storage.sqlite.errors import PASSING, translated

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
)
_FORMATS = {b"\1\1", b"\2\2"}


def reading(path: Path) -> sqlite3.Connection:
    """Reads beside a running server and writes nothing."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


class FileLock:
    """The lock file beside a database; only the process that holds it may change the database."""

    def __init__(self, database: Path, *, wait: float = 0.0) -> None:
        self._file = os.open(f"{database}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(self._file)
                    raise Unavailable(f"another Digi holds {database}") from None
                time.sleep(0.05)
            else:
                return

    def release(self) -> None:
        os.close(self._file)


def connected(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=0.1,
        isolation_level=None,
        cached_statements=512,
        check_same_thread=False,
    )
    try:
        for pragma in PRAGMAS:
            conn.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        conn.close()
        raise
    return conn


def _format_of(path: Path) -> bytes:
    """The format versions from the header, needed to write and to read the file."""
    with path.open("rb") as file:
        return file.read(20)[18:]


def examine(
    path: Path,
    connect: Callable[[Path], sqlite3.Connection] = reading,
    folder: Path = FOLDER,
    *,
    whole: bool = False,
) -> str | None:
    """The fingerprint of the key that this file was made with; None where there is no file yet, or
    one without any. Raises what would keep Digi from serving it; `whole` looks at every page."""
    wal = Path(f"{path}-wal")
    if path.is_dir():
        raise Unavailable(f"{path} is a folder, and a file is needed there")
    if not path.exists() or path.stat().st_size == 0:
        if wal.exists() and wal.stat().st_size:
            raise Damaged(f"{path} is gone or empty, but {wal.name} beside it is not")
        return None
    if _format_of(path) not in _FORMATS:
        # SQLite would take it for a newer one's file, and only ever read it.
        raise Damaged(f"{path}: its header names no format that there is")
    try:
        with contextlib.closing(connect(path)) as conn:
            found = conn.execute("PRAGMA quick_check(1)").fetchone()[0] if whole else "ok"
            if found != "ok":
                raise Damaged(f"{path}: {' '.join(found.split())}")
            if not fit_to_serve(Database(conn, execute_plugins=False), migrations(folder)):
                return None
            row = conn.execute("SELECT value FROM meta WHERE key = 'key_fingerprint'").fetchone()
            return None if row is None else str(row[0])
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
            return None  # stopped while the file was being made: whoever may write undoes that
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING:
            raise translated(error, f"{path}: ") from error
        # What is asked here every database of Digi's can answer.
        raise Damaged(f"{path}: {error}") from error
