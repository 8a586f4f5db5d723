"""The command line on PostgreSQL: keys, `check` and the outbox."""

from __future__ import annotations

import asyncio
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.postgres.doctor import _ANONYMITY, _DURABILITY, _LIBRARIES, _TIMES, examine
from storage.postgres.driver import Postgres
from storage.vault import make_key
from tests.bot.cli.test_app import Box
from tests.waiting import LONG_ENOUGH
from tests.worlds.postgres import Server, a_server

ASKED_FOR = {"log_min_error_statement": "panic", "log_checkpoints": "off", "wal_recycle": "off"}


@pytest.fixture(scope="module")
def plain_server() -> Iterator[Server]:
    """A server with default settings except those of docs/operations.md, so that Digi has no
    complaint."""
    with a_server(ASKED_FOR, durable=True) as server:
        yield server


@pytest.fixture
def digi(tmp_path: Path, plain_server: Server) -> Box:
    box = Box(tmp_path)
    box.env["DIGI_DATABASE"] = plain_server.dsn(plain_server.new())
    return box


def test_a_new_database_gets_its_key_from_an_operator_and_then_serves(digi: Box) -> None:
    """No replica creates the key by itself. With the key Digi starts, stops and starts again."""
    without = digi()
    assert without.returncode == 1
    assert "python app.py key" in without.stderr
    assert len(without.stderr.splitlines()) == 1
    assert digi("key").returncode == 0
    for _ in range(2):
        with digi.running() as process:
            pass
        assert process.returncode == 0
    assert not digi.database.exists()
    done = digi("check")
    assert done.returncode == 0, done.stdout
    assert "it notes nothing of who wrote when" in done.stdout
    assert {line.split("\t")[1] for line in done.stdout.splitlines()} == {"fine"}
    assert "promise\tfine\tthe whole promise" in done.stdout
    outbox = digi("outbox")
    assert (outbox.returncode, outbox.stdout, outbox.stderr) == (0, "", "")
    assert digi("projects").returncode == 0


def test_another_key_is_refused_in_a_sentence(digi: Box) -> None:
    """A wrong key file, a missing one, and `key` on a database that has one are all refused in one
    sentence."""
    digi("key")
    with digi.running():
        pass
    digi.key.unlink()
    assert "has a key already" in digi("key").stderr
    assert not digi.key.exists()
    assert "there is no key" in digi().stderr
    make_key(digi.key)
    for done in (digi(), digi("check")):
        assert done.returncode == 1
        assert "key" in done.stdout + done.stderr
        assert "put the right one back" in done.stdout + done.stderr


def test_a_replica_that_was_left_behind_is_not_ready(digi: Box) -> None:
    """While the schema suits both versions, both serve. After an incompatible migration the old one
    reports that it is not ready."""
    digi("key")
    with digi.running():
        assert ready(digi) == (200, "ready\n")
        with psycopg.connect(digi.env["DIGI_DATABASE"]) as newer:
            newer.execute("UPDATE meta SET value = '999' WHERE key = 'oldest_code'")
        status, said = ready(digi)
        assert status == 503
        assert "newer Digi" in said


def ready(digi: Box) -> tuple[int, str]:
    url = f"http://127.0.0.1:{digi.env['DIGI_PORT']}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_commands_on_a_new_database_say_that_it_is_new(digi: Box) -> None:
    """On a database without tables, `outbox` and `projects` say so."""
    done = digi("outbox")
    assert done.returncode == 1
    assert "first start" in done.stderr


def test_a_server_that_is_not_there_is_said_and_its_password_is_not(digi: Box) -> None:
    """`check`, `run` and read-only commands name the server, but not the password."""
    nowhere = "postgresql://digi:hemmeligt@127.0.0.1:1/digi"
    digi("key")
    for words in (["check"], [], ["outbox"]):
        done = digi(*words, DIGI_DATABASE=nowhere)
        assert done.returncode == 1
        assert "hemmeligt" not in done.stdout + done.stderr
        assert done.stdout + done.stderr


def test_sqlite_alone_loads_no_driver_of_postgresql(digi: Box) -> None:
    """With SQLite the PostgreSQL driver is not loaded."""
    import subprocess

    code = "import app, sys; print(sorted(m for m in sys.modules if m.startswith('psycopg')))"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Each setting that records times, with the value that does so. Those of extensions come with the
# extension.
TELLTALE = {
    "track_commit_timestamp": "on",
    "wal_level": "logical",
    "archive_mode": "on",
    "wal_recycle": "on",
    "wal_keep_size": "16",
    "summarize_wal": "on",
    "log_checkpoints": "on",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_min_duration_sample": "10",
    "log_transaction_sample_rate": "0.1",
    "log_duration": "on",
    "log_lock_waits": "on",
    "log_parameter_max_length_on_error": "-1",
    "log_min_messages": "debug1",
    "log_min_error_statement": "error",
    "log_parser_stats": "on",
    "log_planner_stats": "on",
    "log_executor_stats": "on",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
BESIDE = {
    "max_wal_senders": "1",
    "archive_command": "/bin/true",
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "auto_explain.log_min_duration": "0",
    "pgaudit.log": "write",
    "pgaudit.role": "auditor",
    "pg_stat_monitor.pgsm_track": "all",
    "pg_qualstats.enabled": "on",
}


def test_each_setting_that_breaks_the_promise_is_named_with_its_remedy() -> None:
    """For a server that records everything, a publication and a replication slot, `check` names the
    remedy."""
    with a_server(TELLTALE | BESIDE) as server:
        name = server.new()
        server.say("CREATE PUBLICATION all_of_it FOR ALL TABLES", name)
        server.say("SELECT pg_create_logical_replication_slot('follower', 'test_decoding')", name)
        server.say("SELECT pg_create_physical_replication_slot('left', true)")
        found = examine(server.dsn(name))
    assert found.promise == "broken"
    faults = (*found.faults, *found.times)
    named = {fault.partition(" is ")[0] for fault in faults if " is " in fault}
    libraries = {"pg_stat_statements", "auto_explain", "pgaudit", "pg_stat_monitor", "pg_qualstats"}
    assert named >= set(TELLTALE) | {"log_parameter_max_length"} | libraries
    for setting in ("pgaudit.log is write", "pgaudit.role is auditor"):
        assert any(setting in fault for fault in faults)
    assert any("publication all_of_it" in fault for fault in faults)
    assert any("replication slot follower lets others follow" in fault for fault in faults)
    assert any("replication slot left keeps the log" in fault for fault in faults)
    assert all(": " in fault for fault in faults)


SESSION = {
    "log_statement_stats": "on",
    "default_transaction_read_only": "on",
    "log_statement": "mod",
    "log_min_error_statement": "notice",
    "auto_explain.log_min_duration": "500",
    "pg_stat_statements.track": "top",
}


def test_every_rule_about_a_setting_is_broken_somewhere() -> None:
    """Every rule about a setting is triggered by a real server with that setting."""
    rules = {rule.name for rule in (*_ANONYMITY, *_TIMES, *_DURABILITY)}
    assert rules == set(TELLTALE) | (set(SESSION) & rules)
    assert set(_LIBRARIES) <= {*BESIDE, *SESSION}


@pytest.mark.parametrize("setting", SESSION)
def test_what_is_set_for_digis_database_alone_is_seen_too(
    plain_server: Server, setting: str
) -> None:
    """A setting made with ALTER DATABASE is found, whatever the server's configuration file
    says."""
    name = plain_server.new()
    before = examine(plain_server.dsn(name))
    assert (before.faults, before.times) == ((), ())
    plain_server.say(f"ALTER DATABASE {name} SET {setting} = '{SESSION[setting]}'")
    found = examine(plain_server.dsn(name))
    faults = (*found.faults, *found.times)
    assert any(f"{setting} is {SESSION[setting]}" in fault for fault in faults), faults


def test_a_user_who_may_not_keep_the_log_short_hears_how(plain_server: Server) -> None:
    """The remedy in the message works: after it is carried out, nothing is missing."""
    name = plain_server.new()
    plain_server.say("CREATE ROLE keeper LOGIN")
    plain_server.say(f"ALTER DATABASE {name} OWNER TO keeper")
    dsn = plain_server.dsn(name).replace("user=digi", "user=keeper")
    found = examine(dsn)
    assert (found.faults, found.promise) == ((), "all but the server")
    [missing] = found.times
    for remedy in re.findall(r"GRANT [^;]+?TO keeper", missing):
        plain_server.say(remedy, name)
    found = examine(dsn)
    assert (found.faults, found.times, found.promise) == ((), (), "whole")
    asyncio.run(_keeps_short(plain_server, dsn))


TEAMS = {
    "MICROSOFT_APP_ID": "app",
    "MICROSOFT_APP_PASSWORD": "secret",
    "MICROSOFT_APP_TENANT_ID": "tenant",
    "DIGI_PUBLIC_URL": "https://digi.example.dk",
}


def test_a_stock_server_is_a_proper_way_to_run_and_is_said_so(tmp_path: Path) -> None:
    """A server as Debian installs it, without further settings or rights, is no problem; Digi tells
    people before they write without a name that the server's administrators can see when."""
    with a_server(durable=True) as server:
        database = server.new()
        server.say("CREATE ROLE guest LOGIN")
        server.say(f"ALTER DATABASE {database} OWNER TO guest")
        digi = Box(tmp_path)
        dsn = server.dsn(database).replace("user=digi", "user=guest")
        digi.env["DIGI_DATABASE"] = dsn
        digi("key")
        done = digi("check")
        assert done.returncode == 0, done.stdout
        [promise] = [line for line in done.stdout.splitlines() if line.startswith("promise")]
        assert "all but whoever runs the database server" in promise
        known = {line.split()[2] for line in done.stdout.splitlines() if "\tknow\t" in line}
        assert known >= {"log_min_error_statement", "log_checkpoints", "wal_recycle", "guest"}
        digi.env |= TEAMS
        with (
            digi.running(),
            urllib.request.urlopen(
                f"http://127.0.0.1:{digi.env['DIGI_PORT']}/om", timeout=20
            ) as page,
        ):
            about = page.read().decode()
        assert "Den, der driver databaseserveren, kan se, hvornår der blev skrevet" in about
        assert "Whoever runs the database server can see when something was written" in about


async def _keeps_short(server: Server, dsn: str) -> None:
    """Wait until one write-ahead log file is left after a full minute. A busy server does not end
    its checkpoint within the statement timeout; then the next minute covers this one too."""
    store = await Postgres.open(dsn)
    try:
        async with asyncio.timeout(LONG_ENOUGH):
            assert await store.checkpoint()
            while len(list((server.data / "pg_wal").glob("0*"))) > 1:
                assert await store.checkpoint()
    finally:
        await store.close()


def test_rights_encoding_and_other_peoples_tables_are_told(plain_server: Server) -> None:
    """Missing rights of Digi's user are found before anybody writes."""
    name = plain_server.new()
    plain_server.say("CREATE ROLE guest LOGIN")
    guest = plain_server.dsn(name).replace("user=digi", "user=guest")
    assert any("owner" in fault for fault in examine(guest).faults)
    with psycopg.connect(plain_server.dsn(name)) as conn:
        conn.execute("CREATE TABLE customers (id TEXT)")
    assert any("not Digi's" in said for said in examine(plain_server.dsn(name)).stops)
    plain_server.say("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert any("LATIN1" in fault for fault in examine(plain_server.dsn("latin")).faults)


def test_an_operators_orders_are_carried_out_on_postgresql_too(digi: Box) -> None:
    """`erase` and `rotate-key` work with Digi running and stopped; backups are made with the
    server's own tools."""
    digi("key")
    with digi.running():
        erased = digi("erase", "person", "fatima", "--yes")
        assert erased.returncode == 0, erased.stderr
        assert "its own tools" in digi("backup").stderr
        rotated = digi("rotate-key")
        assert rotated.returncode == 0, rotated.stderr
        assert ready(digi) == (200, "ready\n")
        metrics = urllib.request.urlopen(
            f"http://127.0.0.1:{digi.env['DIGI_PORT']}/metrics", timeout=20
        )
        with metrics:
            assert b"digi_up 1" in metrics.read()
    assert digi("rotate-key").returncode == 0
    assert digi("erase", "person", "linh", "--yes").returncode == 0
    with psycopg.connect(digi.env["DIGI_DATABASE"], application_name="digi another"):
        refused = digi("rotate-key")
        assert refused.returncode == 1
        assert "other replicas" in refused.stderr
    with digi.running():
        assert ready(digi) == (200, "ready\n")
