"""The places where a PostgreSQL server stores what passes through it, and how to plant a leak in
each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.anonymity import canaries
from tests.anonymity.canaries import Sinks
from tests.worlds.files import contents, files_below
from tests.worlds.postgres import Server, program

# The settings that record most; `app.py check` refuses each of them.
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_duration": "on",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_min_error_statement": "debug5",
    "log_min_messages": "debug2",
    "log_error_verbosity": "verbose",
    "log_lock_waits": "on",
    "log_connections": "all",
    "log_temp_files": "0",
    "track_commit_timestamp": "on",
    "wal_level": "logical",
    "max_wal_senders": "1",
    "wal_log_hints": "on",
    "full_page_writes": "on",
    "track_activity_query_size": "1MB",
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_parameter_max_length": "-1",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_verbose": "on",
}
_SHOWN = (
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_prepared_xacts",
    "SELECT * FROM pg_locks",
    "SELECT * FROM pg_settings",
)
_COUNTED = (
    "SELECT tablename, attname, most_common_vals::text, histogram_bounds::text"
    " FROM pg_stats WHERE schemaname = 'public'"
)


def lying_there(server: Server, database: str) -> Sinks:
    """Return all data of the server by its place, after a checkpoint, with all write-ahead log
    files kept."""
    dsn = server.dsn(database)
    server.say("ANALYZE", database)
    server.say("CHECKPOINT")
    [(ours,)] = server.say(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
    base = server.data / "base"
    mine, spilled = base / str(ours), _spilled(server.data)
    # Other databases on the server are not Digi's.
    others = [place for place in base.iterdir() if place.name.isdigit()]
    known = {base, server.data / "pg_wal", *others, *spilled}
    other = [place for folder in (server.data, base) for place in folder.iterdir()]
    return {
        "rows": [program("pg_dump", dsn)],
        "heaps": _below([mine]),
        "wal": _below([server.data / "pg_wal"]),
        "server log": [server.log.read_bytes()],
        "spilled": _below(spilled),
        "shown": _shown(dsn),
        "statistics": [_plain(server.say(_COUNTED, database))],
        "other files of the server": _below(place for place in other if place not in known),
        "outbox": [_plain(server.say("SELECT * FROM letter", database))],
    }


def _spilled(data: Path) -> list[Path]:
    """Return the folders of temporary files."""
    return [
        Path(folder, name)
        for folder, names, _ in os.walk(data)
        for name in names
        if name.startswith("pgsql_tmp")
    ]


def _below(places: Iterable[Path]) -> list[bytes]:
    return contents(file for place in places for file in files_below(place))


def _shown(dsn: str) -> list[bytes]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        found = [conn.execute(sql.encode()).fetchall() for sql in _SHOWN]
        [(preloaded,)] = conn.execute("SHOW shared_preload_libraries").fetchall()
        if "pg_stat_statements" in str(preloaded):
            conn.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            found.append(conn.execute("SELECT * FROM pg_stat_statements").fetchall())
    return [_plain(rows) for rows in found]


def _plain(rows: Iterable[Iterable[Any]]) -> bytes:
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


# --- a leak in each place ---------------------------------------------------------------------

SEEDED = {
    "rows": "in a column",
    "heaps": "in a row that was deleted",
    "wal": "and nowhere else",
    "server log": "in the error of a statement",
    "spilled": "left there",
    "shown": "asked by somebody at this moment",
    "statistics": "among the values that are counted for plans",
    "other files of the server": "copied out",
    "outbox": "in a letter",
}


def leak_in(place: str) -> str:
    """Plant a different text in each place, so that a find elsewhere does not count."""
    return canaries.words(100 + list(SEEDED).index(place))


@contextmanager
def seeded(server: Server, database: str) -> Iterator[None]:
    leaks = {place: leak_in(place) for place in SEEDED}

    def say(sql: str) -> None:
        server.say(sql, database)

    say(f"INSERT INTO meta VALUES ('leak', '{leaks['rows']}')")
    say(f"INSERT INTO meta VALUES ('counted', '{leaks['statistics']}')")
    say(f"INSERT INTO meta VALUES ('gone', '{leaks['heaps']}')")
    say("DELETE FROM meta WHERE key = 'gone'")
    say(f"SELECT pg_logical_emit_message(true, '', '{leaks['wal']}')")
    with suppress(psycopg.DataError):
        say(f"SELECT '{leaks['server log']}'::integer")
    folder = server.data / "base" / "pgsql_tmp"
    folder.mkdir(exist_ok=True)
    (folder / "pgsql_tmp1.0").write_bytes(leaks["spilled"].encode())
    say(f"COPY (SELECT '{leaks['other files of the server']}') TO '{server.data / 'leak'}'")
    say(f"UPDATE letter SET body = convert_to('{leaks['outbox']}', 'UTF8')")
    with psycopg.connect(server.dsn(database), autocommit=True) as conn:
        conn.execute(f"SELECT '{leaks['shown']}'".encode())
        yield
