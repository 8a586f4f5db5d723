"""Turns errors of PostgreSQL's driver into one line that is safe to log.

libpq quotes the address that it was given: of a password that holds an `@` or a `/` it takes a part
for the host, the port or the database's name, and names that part in its error. So where no
connection stands yet, its text is only looked at, and what is said is ours.
"""

from __future__ import annotations

import psycopg
from psycopg import errors

from storage.sql import Conflict, Damaged, Unavailable

_DAMAGE = (errors.DataCorrupted, errors.IndexCorrupted)
BAD_ADDRESS = (
    "DIGI_DATABASE is no address of a PostgreSQL database:"
    " postgresql://user:password@host:5432/name"
)
_DURING_CONNECT = (
    ("password authentication failed", "the server does not take this user and password"),
    ("no password supplied", "the server wants a password, and the address has none"),
    ("no pg_hba.conf entry", "its pg_hba.conf does not let this user in from here"),
    ("pg_hba.conf rejects", "its pg_hba.conf does not let this user in from here"),
    ("authentication failed", "the server does not take this user"),
    ("could not translate host name", "the host's name is not known here"),
    ("could not resolve", "the host's name is not known here"),
    ("failed to resolve", "the host's name is not known here"),
    ("refused", "nothing answers at that host and port"),
    ("No such file or directory", "nothing answers at that socket"),
    ("timeout", "it did not answer in time"),
    ("too many clients", "it has no connection left: see max_connections"),
    ("connection slots", "it has no connection left: see max_connections"),
    ("too many connections", "it has no connection left for this user or database"),
    ("starting up", "it is starting up"),
    ("shutting down", "it is shutting down"),
    ("recovery mode", "it is recovering from a crash"),
    ("not accepting connections", "it is not accepting connections"),
    ("read-only", "no server there can be written to"),
    ("read/write", "no server there can be written to"),
    ("hot standby mode", "no server there can be written to"),
    ("certificate", "its certificate is not trusted here"),
    ("SSL", "an encrypted connection could not be made"),
    ("invalid ", "a part of the address is none that it knows"),
    ("does not exist", "it has no such database or user"),
    ("permission denied", "this user may not connect to the database"),
    ("connection pointer is NULL", "no connection could be made"),
)
_LATER = (
    ("server closed the connection", "the server closed the connection"),
    ("connection is closed", "the connection was closed"),
    ("connection is lost", "the connection was lost"),
)


def reason(error: psycopg.Error) -> str:
    """One line, without any part of the address and without the values of a statement."""
    if error.diag.message_primary is not None:
        return error.diag.message_primary  # of the server, about a statement of ours
    if isinstance(error, psycopg.ProgrammingError):
        return BAD_ADDRESS
    if type(error).__module__.startswith("psycopg_pool"):
        return str(error).partition("\n")[0]
    text = str(error)
    for part, said in (*_LATER, *_DURING_CONNECT):
        if part in text:
            return said
    return "no connection could be made, or it was lost"


def translated(error: psycopg.Error) -> BaseException:
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
