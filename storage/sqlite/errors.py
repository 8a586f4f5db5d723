"""Turns errors of SQLite into those that a caller can act on."""

import sqlite3

from storage.sql import Conflict, Damaged, Unavailable

PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def as_bug(error: Exception) -> Exception:
    """A read that tries to write is a bug, not a temporary problem of the disk."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
        return RuntimeError(f"a script that was only to read wanted to write: {error}")
    return error


def translated(error: BaseException, where: str = "") -> BaseException:
    """The driver's error as a StoreError where somebody can act on it; others are bugs and stay."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    ours: BaseException = error
    if isinstance(error, sqlite3.IntegrityError):
        ours = Conflict(f"{where}{error}")
    elif code in PASSING:
        ours = Unavailable(f"{where}{error}")
    elif code in _DAMAGE:
        ours = Damaged(f"{where}{error}")
    if ours is not error:
        ours.__cause__ = error
    return ours
