"""A script on a connection of SQLite: to its end, or as far as it comes in a moment."""

import math
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from storage.sql import Params, Row, Script

_MOMENT = 0.005


class SuspendedScript(msgspec.Struct, frozen=True):
    """A script that takes longer than a moment, and the rows that it is given next."""

    script: Script[Any]
    rows: list[Row]


def in_a_moment() -> float:
    """Until when somebody may be kept waiting who has other things to do."""
    return time.perf_counter() + _MOMENT


def is_over(moment: float) -> bool:
    return time.perf_counter() > moment


def run(
    conn: sqlite3.Connection,
    statements: Mapping[str, str],
    script: Script[Any] | SuspendedScript,
    moment: float = math.inf,
) -> Any:
    """What comes of the script; where the moment is over before, how far it has come."""
    going = script.script if isinstance(script, SuspendedScript) else script
    begun: SuspendedScript | None = None
    try:
        name, params = (
            going.send(script.rows) if isinstance(script, SuspendedScript) else next(going)
        )
        while True:
            # One writer is lock enough.
            rows = [] if name == "lock" else _rows(conn, statements[name], params)
            if is_over(moment):
                begun = SuspendedScript(going, rows)
                return begun
            name, params = going.send(rows)
    except StopIteration as end:
        return end.value
    finally:
        if begun is None:
            going.close()


def _rows(conn: sqlite3.Connection, sql: str, params: Params) -> list[Row]:
    if isinstance(params, list):
        conn.executemany(sql, params)
        return []
    cursor = conn.execute(sql, params)
    if cursor.description is None:
        return []
    # All at once: a statement left half read would hold the WAL.
    found = cursor.fetchall()
    if not found:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in found]
