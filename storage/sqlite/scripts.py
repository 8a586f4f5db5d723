"""Runs a script on a SQLite connection: to its end, or for five milliseconds."""

import math
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from storage.sql import Params, Row, Script

_MOMENT = 0.005


class SuspendedScript(msgspec.Struct, frozen=True):
    """A script that was stopped after five milliseconds, and the rows to resume it with."""

    script: Script[Any]
    rows: list[Row]


def in_a_moment() -> float:
    """The deadline until which a script may hold up the event loop."""
    return time.perf_counter() + _MOMENT


def is_over(moment: float) -> bool:
    return time.perf_counter() > moment


def run(
    conn: sqlite3.Connection,
    statements: Mapping[str, str],
    script: Script[Any] | SuspendedScript,
    moment: float = math.inf,
) -> Any:
    """The script's result, or a SuspendedScript where the deadline passed before its end."""
    going = script.script if isinstance(script, SuspendedScript) else script
    begun: SuspendedScript | None = None
    try:
        name, params = (
            going.send(script.rows) if isinstance(script, SuspendedScript) else next(going)
        )
        while True:
            # There is one writer, so a lock is not needed.
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
    # Fetch all rows: a statement that is only partly read would keep the log from being emptied.
    found = cursor.fetchall()
    if not found:
        return []
    names = [column[0] for column in cursor.description]
    # SQLite has a name for each value; to check it takes as long as a third of the row.
    return [dict(zip(names, row)) for row in found]  # noqa: B905
