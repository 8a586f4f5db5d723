"""Broken setups: `check` and `run` refuse the same ones, and the manifests match the mode that
runs."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import rekey
from storage.sql import Damaged
from storage.sqlite.driver import Sqlite
from storage.vault import make_key, read_key
from tests.bot.cli.test_app import Box
from tests.bot.cli.test_operator import Here, digi
from tests.worlds.postgres import Server

__all__ = ["digi"]

BOT = {"SLACK_BOT_TOKEN": "xoxb-1"}
SIGNED = {**BOT, "SLACK_SIGNING_SECRET": "s"}
SOCKET = {**BOT, "SLACK_APP_TOKEN": "xapp-1"}
SEVERAL = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "c", "SLACK_SIGNING_SECRET": "s"}
URL = {"DIGI_PUBLIC_URL": "https://digi.dk"}


@pytest.mark.parametrize(
    ("env", "socket_mode", "missing"),
    [
        ({}, True, "SLACK_BOT_TOKEN, SLACK_APP_TOKEN"),
        (URL, False, "SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET"),
        (SOCKET, True, ""),
        ({**SIGNED, **SOCKET}, True, ""),
        ({**SOCKET, **URL}, True, ""),
        ({**SIGNED, **URL}, False, ""),
        ({**SEVERAL, **URL}, False, ""),
    ],
)
def test_slacks_manifest_is_for_the_mode_that_runs(
    digi: Here, env: dict[str, str], socket_mode: bool, missing: str
) -> None:
    """stdout has only the JSON; stderr names the mode and the missing settings."""
    done = digi("manifest", "slack", **env)
    assert done.returncode == 0, done.stderr
    drawn = json.loads(done.stdout)
    assert drawn["settings"]["socket_mode_enabled"] is socket_mode
    assert ("Socket Mode" in done.stderr) is socket_mode
    assert (f"still missing: {missing} (" in done.stderr) if missing else (";" not in done.stderr)
    assert "example" not in done.stdout


@pytest.mark.parametrize("env", [SIGNED, SEVERAL, {**SEVERAL, "SLACK_APP_TOKEN": "xapp-1"}])
def test_no_manifest_is_drawn_with_an_address_that_nobody_has_set(
    digi: Here, env: dict[str, str]
) -> None:
    """If Slack would need an address that is not set, the message names the setting."""
    done = digi("manifest", "slack", **env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "DIGI_PUBLIC_URL is missing" in done.stderr


# --- what run refuses, check refuses ------------------------------------------------------


class Served(Here):
    """Runs the real `run` command, which prints "served" instead of serving and restores this
    process afterwards."""

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        async def until_stopped(*args: Any) -> None:
            await args[2].close()
            print("served")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bot.server.serve._until_stopped", until_stopped)
            patch.setattr("bot.server.serve.close_up", lambda: None)
            return super().__call__(*words, **env)

    def refused(self, **env: str) -> str:
        """Return the refusals, which must be the same for `check` and `run`; "" if both accept."""
        before = self._files()
        check = self("check", **env)
        run = self("run", **env)
        assert (check.returncode == 0) == ("served" in run.stdout), (check.stdout, run.stderr)
        assert "an error in Digi" not in check.stderr + run.stderr, check.stderr + run.stderr
        if run.returncode == 0:
            return ""
        assert self._files() == before
        for line in run.stderr.splitlines():
            assert line in check.stdout
        return run.stderr

    def _files(self) -> dict[str, bytes]:
        return {
            str(path): path.read_bytes() if path.is_file() else b""
            for path in self.home.parent.rglob("*")
            if not path.name.endswith((".lock", "-shm", "-wal"))
        }


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Served:
    return Served(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(here: Served) -> Served:
    """A Digi that has served once."""
    assert here.refused() == ""
    return here


def changed(box: Box, sql: str) -> None:
    with closing(sqlite3.connect(box.database)) as conn, conn:
        conn.executescript(sql)


def flipped(box: Box, at: int) -> None:
    raw = bytearray(box.database.read_bytes())
    raw[at] ^= 0xFF
    box.database.write_bytes(raw)


def folder_for_key(box: Box) -> None:
    box.key.unlink(missing_ok=True)
    box.key.mkdir(parents=True)


def garbage_for_key(box: Box) -> None:
    box.key.parent.mkdir(exist_ok=True)
    box.key.write_text("garbage")


def file_for(path: Path) -> None:
    path.write_text("a file")


def emptied(box: Box) -> None:
    changed(box, "DROP TABLE meta; DROP TABLE migration;")


Steps = tuple[Callable[[Served], object], ...]


def pack_of_nonsense(box: Served) -> None:
    pack = box.home.parent / "pack"
    pack.mkdir()
    file_for(pack / "x.toml")
    box.env["DIGI_PACKS"] = str(pack)


def database_below_a_file(box: Served) -> None:
    file_for(box.home.parent / "f")
    box.env["DIGI_DATABASE"] = str(box.home.parent / "f" / "digi.db")


def page_of_nonsense(box: Served) -> None:
    raw = box.database.read_bytes()
    box.database.write_bytes(raw[:8192] + b"\xff" * 4096 + raw[12288:])


def log_left(box: Served) -> None:
    box.database.unlink()
    Path(f"{box.database}-wal").write_bytes(b"log" * 1000)


RESTORE = "python app.py restore"
NO_FOLDER = "is not a folder"
NEWER = (
    "INSERT INTO migration VALUES ('9999_new', 1);"
    " UPDATE meta SET value = '9999' WHERE key = 'oldest_code'"
)
NEW: dict[str, tuple[Steps, str]] = {
    "a key file of garbage": ((garbage_for_key,), "no Digi key"),
    "a key file that is a folder": ((folder_for_key,), "cannot be read"),
    "a key file below a file": ((lambda box: file_for(box.key.parent),), NO_FOLDER),
    "a home that is a file": ((lambda box: file_for(box.home),), NO_FOLDER),
    "a home below a file": (
        (lambda box: file_for(box.home), lambda box: box.env.update(DIGI_HOME=str(box.home / "x"))),
        NO_FOLDER,
    ),
    "a database folder that is a file": ((database_below_a_file,), NO_FOLDER),
    "a database that is a folder": ((lambda box: box.database.mkdir(parents=True),), "is a folder"),
    "somebody else's database": (
        (lambda box: box.home.mkdir(), lambda box: changed(box, "CREATE TABLE x (y)")),
        "not Digi's",
    ),
    "a playground for others": (
        (lambda box: box.env.update(DIGI_HOST="0.0.0.0"),),
        "this machine only",
    ),
    "an address of another machine": (
        (lambda box: box.env.update(DIGI_HOST="192.0.2.1", **SIGNED),),
        "DIGI_PORT",
    ),
    "Teams without an app id, beside people": (
        (lambda box: box.env.update(DIGI_TEAMS_LOCAL="1", DIGI_PUBLIC_URL="http://127.0.0.1"),),
        "DIGI_TEAMS_LOCAL",
    ),
    "content of nonsense": ((pack_of_nonsense,), "x.toml"),
}
USED: dict[str, tuple[Steps, str]] = {
    "no key": ((lambda box: box.key.unlink(),), "there is no key"),
    "a key of garbage": ((garbage_for_key,), "no Digi key"),
    "a key that is a folder": ((folder_for_key,), "cannot be read"),
    "another key": (
        (lambda box: box.key.unlink(), lambda box: make_key(box.key)),
        "is not the key",
    ),
    "a database that is gone": ((lambda box: box.database.unlink(),), RESTORE),
    "a database of no bytes": ((lambda box: box.database.write_bytes(b""),), RESTORE),
    "a database without a table": (
        (lambda box: box.database.unlink(), lambda box: changed(box, "VACUUM")),
        RESTORE,
    ),
    "a database without its schema": ((emptied,), "not Digi's"),
    "a database of no key": (
        (lambda box: changed(box, "DELETE FROM meta WHERE key LIKE 'key%'"),),
        RESTORE,
    ),
    "a database that is gone, and its log is not": ((log_left,), RESTORE),
    "a home that is gone": ((lambda box: shutil.rmtree(box.home),), RESTORE),
    "a database of a newer Digi": ((lambda box: changed(box, NEWER),), "newer Digi"),
    "a header of nonsense": ((lambda box: flipped(box, 0),), RESTORE),
    "a header of no schema format": ((lambda box: flipped(box, 47),), RESTORE),
    "a header of no file format": ((lambda box: flipped(box, 18),), RESTORE),
    "a page of nonsense": ((page_of_nonsense,), RESTORE),
}


@pytest.mark.parametrize("what", NEW)
def test_what_keeps_a_new_digi_from_serving_is_found_by_the_doctor_too(
    here: Served, what: str
) -> None:
    """Both print the same message, and neither changes anything."""
    steps, said = NEW[what]
    for step in steps:
        step(here)
    assert said in here.refused()


@pytest.mark.parametrize("what", USED)
def test_what_keeps_a_used_digi_from_serving_is_found_by_the_doctor_too(
    made: Served, what: str
) -> None:
    """Nothing is created anew where something existed, and no key is made."""
    steps, said = USED[what]
    for step in steps:
        step(made)
    assert said in made.refused()
    for words in (["outbox"], ["backup"], ["rotate-key"]):
        done = made(*words)
        assert done.returncode == 1 or words == ["outbox"]
        assert "made at the first start" not in done.stderr
        assert "an error in Digi" not in done.stderr


def test_a_port_that_somebody_else_holds_is_found_by_the_doctor_too(made: Served) -> None:
    """The port is no problem while Digi itself uses it."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", int(made.env["DIGI_PORT"])))
        taken.listen()
        assert "DIGI_PORT" in made.refused()
    assert made.refused() == ""


def test_digi_is_begun_anew_on_purpose_by_moving_both_away(made: Served) -> None:
    """After both database and key were moved away, both are created again."""
    first = made.key.read_bytes()
    made.database.rename(made.home.parent / "old.db")
    made.key.rename(made.home.parent / "old.key")
    assert made.refused() == ""
    assert made.key.read_bytes() != first


def test_a_backup_comes_back_where_the_database_is_gone_and_its_log_is_not(made: Served) -> None:
    """SQLite never applies the old file's write-ahead log to the restored one."""
    made("backup")
    [file] = (made.home / "backups").glob("*.backup")
    changed(made, "INSERT INTO project VALUES ('t', 'since', 'C1', 1, 1)")
    with closing(sqlite3.connect(made.database)) as conn:
        conn.execute("UPDATE project SET channel = 'C2'")
        conn.commit()
        log = Path(f"{made.database}-wal").read_bytes()
    made.database.unlink()
    Path(f"{made.database}-wal").write_bytes(log)
    assert len(log) > 1000
    assert made("restore", str(file)).returncode == 0
    assert made.refused() == ""
    assert made("projects").stdout == ""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["first_waiting", "first_key", "take_place"])
def test_a_first_start_that_is_stopped_anywhere_comes_up_the_next_time(
    here: Served, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    """It is stopped before and after each durable step: the database, the waiting key file, the
    fingerprint in the database, the final key file."""
    whole = getattr(rekey, step)

    def stopped(*args: Any) -> Any:
        if done:
            found = whole(*args)
            if isinstance(found, Generator):
                yield from found
                raise LookupError
        raise LookupError

    def stopped_at_once(*args: Any) -> Any:
        if done:
            whole(*args)
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(rekey, step, stopped if step == "first_key" else stopped_at_once)
        assert "LookupError" in here("run").stderr
    assert here.key.exists() == (step == "take_place" and done)
    assert here.refused() == ""
    assert here.refused() == ""
    assert not rekey.waiting(here.key).exists()


def test_a_new_key_that_waits_for_its_place_is_no_fault(
    made: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rotate-key was stopped when the database already had the new key's fingerprint."""

    def stopped(_: Path) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(rekey, "take_place", stopped)
        assert "LookupError" in made("rotate-key").stderr
    new = read_key(rekey.waiting(made.key))
    assert made.refused() == ""
    assert read_key(made.key) == new


async def test_whatever_byte_of_the_header_is_flipped_nothing_is_lost_and_nothing_is_thrown(
    made: Served,
) -> None:
    """Either SQLite opens the file and all data is there, or Digi tells the operator to restore the
    backup."""
    raw = made.database.read_bytes()
    there = made.home.parent / "there" / "digi.db"
    said: list[str] = []
    for at in range(100):
        shutil.rmtree(there.parent, ignore_errors=True)
        there.parent.mkdir()
        there.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
        try:
            store = await Sqlite.open(there)
        except Damaged as damaged:
            said.append(str(damaged))
        else:
            assert await store.read(rekey.known_key)
            await store.tx(rekey.first_key, "another")
            await store.close()
    assert 20 < len(said) < 80
    assert all(RESTORE in one for one in said)


def test_a_server_that_was_emptied_is_not_begun_anew(here: Served, postgres_server: Server) -> None:
    """A key means that there was a database. Without a key an operator creates both with `key`."""
    here.env["DIGI_DATABASE"] = postgres_server.dsn(postgres_server.new())
    assert "python app.py key" in here("run").stderr
    assert here("key").returncode == 0
    assert "served" in here("run").stdout
    here.env["DIGI_DATABASE"] = postgres_server.dsn(postgres_server.new())
    for words in (["run"], ["check"], ["backup"]):
        done = here(*words)
        assert done.returncode == 1
        assert "pg_restore" in done.stdout + done.stderr
    here.key.unlink()
    assert here("key").returncode == 0
    assert "served" in here("run").stdout
