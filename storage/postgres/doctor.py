"""Looks at a PostgreSQL server as `python app.py check` does: each fault with its remedy.

A server can be set so that it notes, beside Digi, who did what and when. Then what is said without
a name is no longer without one, however carefully Digi writes. Such a setting is a fault.

A server that others run, as most municipalities have it, also keeps its write-ahead log for days
and writes errors to its own log. Both tell whoever runs that server when something was written, but
not who wrote or what. That is no fault: Digi says so to those who write without a name.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
import psycopg

from storage.deep_check import Select
from storage.migrate import Migration, migrations
from storage.migrate import check as check_schema
from storage.postgres.errors import reason
from storage.postgres.schema import MAY_FORGET, OLDEST_SERVER, TABLES
from storage.sql import NewerSchema, Unavailable

LONG_TRANSACTION_MINUTES = 60


Promise = Literal["whole", "all but the server", "broken"]
"""How much of its promise to those who write without a name this server lets Digi keep: all of it;
all but towards whoever runs the server, who can see when, but not who or what; or less."""


class Examined(msgspec.Struct, frozen=True):
    fine: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    """What keeps Digi from serving it."""
    faults: tuple[str, ...] = ()
    """What lets it serve, and breaks a promise."""
    times: tuple[str, ...] = ()
    """What tells whoever runs the server when something was written, and nothing else."""
    promise: Promise = "whole"
    fingerprint: str | None = None
    """Of the key that the database was made with; None where it is new."""


class _Rule(msgspec.Struct, frozen=True):
    name: str
    wrong: Callable[[str], bool]
    fault: str


def _is_on(value: str) -> bool:
    return value == "on"


def _above_nothing(value: str) -> bool:
    return float(value) > 0


def _from_zero(value: str) -> bool:
    return int(value) >= 0


_TELLS = "the server's log then tells who wrote when"
_LIBRARIES: dict[str, tuple[str, Callable[[str], bool], str]] = {
    "pgaudit.log": (
        "pgaudit",
        lambda value: value.strip().lower() not in ("", "none"),
        f"{_TELLS}: set pgaudit.log to none for Digi's database",
    ),
    "pgaudit.role": (
        "pgaudit",
        lambda value: value.strip() != "",
        f"{_TELLS}: set pgaudit.role to '' for Digi's database",
    ),
    "pg_stat_statements.track": (
        "pg_stat_statements",
        lambda value: value != "none",
        "it keeps the statements and how often each ran:"
        " set pg_stat_statements.track to none for Digi's database",
    ),
    "auto_explain.log_min_duration": (
        "auto_explain",
        _from_zero,
        f"{_TELLS}: set auto_explain.log_min_duration to -1",
    ),
    "pg_stat_monitor.pgsm_track": (
        "pg_stat_monitor",
        lambda value: value != "none",
        "it keeps statements with their times: set pg_stat_monitor.pgsm_track to none",
    ),
    "pg_qualstats.enabled": (
        "pg_qualstats",
        _is_on,
        "it keeps the values asked for: set pg_qualstats.enabled to off",
    ),
}
# What tells, beside Digi, who did what and when.
_ANONYMITY = (
    _Rule(
        "track_commit_timestamp",
        _is_on,
        "each transaction keeps its time, and so does what was said without a name:"
        " set it to off and restart the server",
    ),
    _Rule("log_statement", lambda value: value not in ("none", "ddl"), f"{_TELLS}: set it to none"),
    _Rule("log_min_duration_statement", _from_zero, f"{_TELLS}: set it to -1"),
    _Rule("log_min_duration_sample", _from_zero, f"{_TELLS}: set it to -1"),
    _Rule("log_transaction_sample_rate", _above_nothing, f"{_TELLS}: set it to 0"),
    *(
        _Rule(name, _is_on, f"{_TELLS}: set it to off")
        for name in (
            "log_duration",
            "log_statement_stats",
            "log_parser_stats",
            "log_planner_stats",
            "log_executor_stats",
            "debug_print_parse",
            "debug_print_rewritten",
            "debug_print_plan",
        )
    ),
    _Rule(
        "log_min_messages", lambda value: value.startswith("debug"), f"{_TELLS}: set it to warning"
    ),
    _Rule(
        "log_parameter_max_length_on_error",
        lambda value: int(value) != 0,
        "the log then holds what was being written when something failed: set it to 0",
    ),
)
# What tells whoever runs the server when something was written, from its own log or files.
_TIMES = (
    _Rule(
        "log_min_error_statement",
        lambda value: value not in ("log", "fatal", "panic"),
        "the log then holds each statement that fails, and when: set it to panic",
    ),
    _Rule(
        "log_checkpoints",
        _is_on,
        "the log then tells of each minute how much was written in it: set it to off",
    ),
    _Rule("log_lock_waits", _is_on, f"{_TELLS}, where two met: set it to off"),
    _Rule(
        "wal_level",
        lambda value: value == "logical",
        "each change can be followed, in its order and with its time: set it to replica and"
        " restart the server",
    ),
    _Rule(
        "wal_recycle",
        _is_on,
        "what is over of the log written ahead stays in its files, with the time of each change:"
        " set it to off",
    ),
    _Rule(
        "wal_keep_size",
        _above_nothing,
        "so much of the log written ahead is kept, with the time of each change: set it to 0",
    ),
    _Rule(
        "summarize_wal",
        _is_on,
        "summaries of the log written ahead tell what was changed from one checkpoint to the next:"
        " set it to off",
    ),
    _Rule(
        "archive_mode",
        lambda value: value != "off",
        "the archive keeps the order and the time of each change for as long as it is kept:"
        " set it to off and back up with pg_dump (docs/operations.md)",
    ),
)
_LOGS_STATEMENTS = frozenset(
    {
        "log_statement",
        "log_min_duration_statement",
        "log_min_duration_sample",
        "log_transaction_sample_rate",
        "log_duration",
    }
)
# What may lose what Digi has confirmed.
_DURABILITY = (
    _Rule("fsync", lambda value: value == "off", "a power cut destroys the database: set it to on"),
    _Rule(
        "full_page_writes",
        lambda value: value == "off",
        "a power cut destroys the database: set it to on",
    ),
    _Rule(
        "synchronous_commit",
        lambda value: value not in ("on", "remote_apply"),
        "Digi asks for more in its own sessions, but what stands between it and the server may"
        " forget that, and then a power cut or a failover loses what was confirmed: set it to on",
    ),
    _Rule("default_transaction_read_only", _is_on, "nothing can be written: set it to off"),
)

_OF_OURS = (
    "SELECT has_schema_privilege(current_schema(), 'CREATE'),"
    " coalesce((SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class"
    " WHERE oid = to_regclass('pool')), true), current_user::text"
)
# A backup that is being made follows as well, for a while.
_FOLLOWERS = (
    "SELECT count(*) FROM pg_stat_replication"
    " WHERE application_name NOT IN ('pg_basebackup', 'pg_receivewal')"
)
_OLDEST = (
    "SELECT coalesce(max(extract(epoch FROM now() - xact_start))::bigint / 60, 0)"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def examine(dsn: str) -> Examined:
    """Reachable, new enough, ours to write, and set so that it keeps Digi's promises."""
    try:
        with psycopg.connect(dsn, connect_timeout=5, application_name="digi check") as conn:
            conn.read_only = True
            return _examined(conn)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        said = (
            f"it cannot be reached or read: {reason(error)}; see DIGI_DATABASE, the server and"
            " its pg_hba.conf"
        )
        return Examined(stops=(said,))


def rows(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    """What an operator asks beside running replicas. It writes nothing."""
    try:
        with psycopg.connect(dsn, connect_timeout=5, application_name="digi") as conn:
            conn.read_only = True
            return conn.execute(sql.encode()).fetchall()
    except psycopg.errors.UndefinedTable:
        raise Unavailable("the database is new: Digi makes its tables at the first start") from None
    except psycopg.Error as error:
        raise Unavailable(reason(error)) from None


@contextmanager
def asking(dsn: str) -> Iterator[Select]:
    """Reads beside running replicas, each statement by itself; parameters are written `?`."""
    try:
        with psycopg.connect(
            dsn, connect_timeout=5, application_name="digi check", autocommit=True
        ) as conn:
            conn.read_only = True
            yield lambda sql, params: conn.execute(
                sql.replace("?", "%s").encode(), params
            ).fetchall()
    except psycopg.errors.UndefinedTable:
        raise Unavailable("the database is new: Digi makes its tables at the first start") from None
    except psycopg.Error as error:
        raise Unavailable(reason(error)) from None


def _examined(conn: psycopg.Connection[tuple[Any, ...]]) -> Examined:
    version = conn.info.server_version // 10_000
    fine, faults = [f"PostgreSQL {version} answers"], _of_server(conn)
    stops = _stops(conn, version)
    tables = {name for (name,) in conn.execute(TABLES)}
    fingerprint: str | None = None
    if "migration" in tables:
        applied = [name for (name,) in conn.execute("SELECT name FROM migration ORDER BY name")]
        fine.append(f"its schema is at {applied[-1] if applied else 'nothing'}")
        known = migrations()
        if len(applied) > len(known):
            fine.append(f"a newer Digi has been here; this one ends at {known[-1].name}")
        stops += _newer(conn, known, applied)
        found = conn.execute("SELECT value FROM meta WHERE key = 'key_fingerprint'").fetchone()
        fingerprint = str(found[0]) if found else None
    elif tables:
        stops.append("it holds tables that are not Digi's: name another database")
    else:
        fine.append("it is new: Digi makes its tables at the first start")
    [(creates, owns, user)] = conn.execute(_OF_OURS).fetchall()
    if not creates or not owns:
        faults.append(
            f"{user} may not make or vacuum Digi's tables: make {user} the owner of the database"
            " and of what is in it"
        )
    settings = _settings(conn)
    told = [*_tells_who(settings), *_follows(conn)]
    times = [*_broken(settings, _TIMES).values(), *_kept_ahead(conn, user)]
    if not told and not times:
        fine.append("it notes nothing of who wrote when")
    faults += _broken(settings, _DURABILITY).values()
    [(followers,)] = conn.execute(_FOLLOWERS).fetchall()
    if followers and not settings["synchronous_standby_names"]:
        faults.append(
            "a standby follows, and nothing waits for it: what was confirmed last is lost where it"
            " takes over; name it in synchronous_standby_names"
        )
    promise: Promise = "broken" if told else "all but the server" if times else "whole"
    return Examined(tuple(fine), tuple(stops), (*faults, *told), tuple(times), promise, fingerprint)


def _stops(conn: psycopg.Connection[tuple[Any, ...]], version: int) -> list[str]:
    found = []
    if version < OLDEST_SERVER:
        found.append(f"PostgreSQL {version} is too old: Digi needs {OLDEST_SERVER} or newer")
    [(standby,)] = conn.execute("SELECT pg_is_in_recovery()").fetchall()
    if standby:
        found.append(
            "it is a standby and cannot be written: name the primary in DIGI_DATABASE, or both"
            " with target_session_attrs=read-write"
        )
    return found


def _newer(
    conn: psycopg.Connection[tuple[Any, ...]], known: list[Migration], applied: list[str]
) -> list[str]:
    row = conn.execute("SELECT value FROM meta WHERE key = 'oldest_code'").fetchone()
    try:
        check_schema(known, applied, str(row[0]) if row else None)
    except NewerSchema as newer:
        return [str(newer)]
    return []


def _of_server(conn: psycopg.Connection[tuple[Any, ...]]) -> list[str]:
    faults = []
    [(encoding,)] = conn.execute("SELECT current_setting('server_encoding')").fetchall()
    if encoding != "UTF8":
        faults.append(f"its encoding is {encoding}: make a database with the encoding UTF8")
    [(minutes,)] = conn.execute(_OLDEST).fetchall()
    if minutes >= LONG_TRANSACTION_MINUTES:
        faults.append(
            f"a transaction has been open for {minutes} minutes, and old versions of the pool stay"
            " until it ends: see pg_stat_activity and end it"
        )
    return faults


def _settings(conn: psycopg.Connection[tuple[Any, ...]]) -> dict[str, str]:
    settings = dict(conn.execute("SELECT name, setting FROM pg_settings").fetchall())
    # What a library that is not loaded here is told is in no list.
    asked = "SELECT name, current_setting(name, true) FROM unnest(%s::text[]) AS name"
    found = conn.execute(asked, [list(_LIBRARIES)]).fetchall()
    return {name: value for name, value in found if value is not None} | settings


def _kept_ahead(conn: psycopg.Connection[tuple[Any, ...]], user: str) -> list[str]:
    """Without these rights the log written ahead lies there for hours or days."""
    [(may,)] = conn.execute(MAY_FORGET).fetchall()
    if may:
        return []
    return [
        f"{user} may not keep the log written ahead short, which holds the time of each change:"
        f" GRANT pg_checkpoint TO {user}; and, in Digi's database,"
        f" GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {user}"
    ]


def _broken(settings: dict[str, str], rules: Sequence[_Rule]) -> dict[str, str]:
    """The settings that break one of these rules, each with the fault."""
    return {
        rule.name: f"{rule.name} is {settings[rule.name]}: {rule.fault}"
        for rule in rules
        if rule.name in settings and rule.wrong(settings[rule.name])
    }


def _tells_who(settings: dict[str, str]) -> list[str]:
    wrong = _broken(settings, _ANONYMITY)
    if (
        wrong.keys() & _LOGS_STATEMENTS
        and (length := settings.get("log_parameter_max_length")) != "0"
    ):
        wrong["log_parameter_max_length"] = (
            f"log_parameter_max_length is {length}: the log then holds the values too, people's"
            " ids among them: set it to 0"
        )
    loaded = [
        f"{library} is at work ({name} is {settings[name]}): {fault}"
        for name, (library, is_wrong, fault) in _LIBRARIES.items()
        if name in settings and is_wrong(settings[name])
    ]
    return [*wrong.values(), *loaded]


def _follows(conn: psycopg.Connection[tuple[Any, ...]]) -> list[str]:
    """Who is set up to follow each change."""
    asked = (
        ("publication", "SELECT pubname FROM pg_publication", "DROP PUBLICATION {}"),
        (
            "replication slot",
            "SELECT slot_name FROM pg_replication_slots"
            " WHERE slot_type = 'logical' AND database = current_database()",
            "SELECT pg_drop_replication_slot('{}')",
        ),
    )
    followed = [
        f"the {what} {name} lets others follow each change with its time: {remedy.format(name)}"
        for what, sql, remedy in asked
        for (name,) in conn.execute(sql.encode()).fetchall()
    ]
    left = "SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active"
    return followed + [
        f"the replication slot {name} keeps the log written ahead, and nobody fetches it:"
        f" start its standby, or SELECT pg_drop_replication_slot('{name}')"
        for (name,) in conn.execute(left.encode()).fetchall()
    ]
