"""The command line prints the right message with the right exit code, and never a stack trace."""

from __future__ import annotations

import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from storage.vault import make_key
from tests.worlds import forked

ROOT = Path(__file__).parents[3]
READY = 300


class Box:
    """A machine with one Digi on it: its home, key file and environment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home med mellemrum #1"
        self.key = folder / "key" / "digi.key"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DIGI_HOME": str(self.home),
            "DIGI_KEY_FILE": str(self.key),
            "DIGI_PORT": str(free_port()),
        }

    @property
    def database(self) -> Path:
        return self.home / "digi.db"

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `python app.py ...` as an operator does; commands that serve run in a new process."""
        if words and words[0] != "run":
            done = forked.run(words, {**self.env, **env}, self.home.parent, READY)
        else:
            done = subprocess.run(
                [sys.executable, str(ROOT / "app.py"), *words],
                env={**self.env, **env},
                cwd=self.home.parent,
                capture_output=True,
                text=True,
                timeout=READY,
                check=False,
            )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert "an error in Digi" not in done.stderr, done.stderr
        return done

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            env=self.env,
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                assert "http://127.0.0.1" in process.stdout.readline()
                yield process
            finally:
                process.terminate()
                process.wait(READY)


def free_port() -> int:
    """Return a free port below the ephemeral range, so that it is still free after a restart."""
    while True:
        port = random.randrange(20_000, 32_000)
        with closing(socket.socket()) as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def digi(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.fixture
def made(digi: Box) -> Box:
    """A Digi that has run once."""
    with digi.running():
        pass
    return digi


def test_it_says_its_version(digi: Box) -> None:
    """It prints one line and exits with 0."""
    done = digi("--version")
    assert (done.returncode, done.stdout) == (0, "digi 0.1.0\n")


@pytest.mark.parametrize("words", [["fly"], ["content", "--set"], ["run", "--fast"], ["--nothing"]])
def test_wrong_usage_is_two(digi: Box, words: list[str]) -> None:
    """Wrong arguments exit with 2 and print the usage."""
    done = digi(*words)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_it_starts_stops_and_starts_again(digi: Box) -> None:
    """The first start creates key and database, the second finds both, and SIGTERM is a clean
    exit."""
    for _ in range(2):
        with digi.running() as process:
            pass
        assert process.returncode == 0
    assert digi.key.stat().st_mode & 0o777 == 0o600
    assert digi.database.stat().st_mode & 0o777 == 0o600


def test_the_doctor_finds_nothing_where_nothing_is_wrong(made: Box) -> None:
    """It prints one line each for settings, content, database and key."""
    done = made("check")
    assert done.returncode == 0, done.stdout
    lines = [line.split("\t")[:2] for line in done.stdout.splitlines()]
    assert lines == [[name, "fine"] for name in ("settings", "content", "database", "key")]


def test_the_doctor_says_what_is_not_there_yet(digi: Box) -> None:
    """Before the first start nothing is reported as a problem."""
    done = digi("check")
    assert done.returncode == 0
    assert "none yet" in done.stdout


def test_the_doctor_knows_a_key_that_lies_with_the_data(made: Box) -> None:
    """A key file inside DIGI_HOME is a problem, because one copy would contain both; the remedy is
    named."""
    inside = made.home / "digi.key"
    inside.write_bytes(made.key.read_bytes())
    done = made("check", DIGI_KEY_FILE=str(inside))
    assert done.returncode == 1
    assert re.search(r"^key\t.*inside DIGI_HOME.*DIGI_KEY_FILE", done.stdout, re.M)


@pytest.mark.parametrize("command", ["check", "run"])
def test_another_key_is_refused(made: Box, tmp_path: Path, command: str) -> None:
    """`check` and `run` both refuse it before anything is read or written."""
    other = tmp_path / "other.key"
    make_key(other)
    done = made(command, DIGI_KEY_FILE=str(other))
    assert done.returncode == 1
    assert "is not the key" in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_database_without_its_key_is_not_given_a_new_one(made: Box, command: str) -> None:
    """Otherwise everything encrypted with the old key would be lost for good."""
    made.key.unlink()
    done = made(command)
    assert done.returncode == 1
    assert "DIGI_KEY_FILE" in done.stdout + done.stderr
    assert not made.key.exists()


@pytest.mark.parametrize("command", ["check", "run", "outbox"])
def test_a_damaged_database_is_found_and_left_alone(made: Box, command: str) -> None:
    """One line says what to do, and no new database is created in its place."""
    damaged = b"this was a database once" * 400
    for file in made.home.glob("digi.db-*"):
        file.unlink()
    made.database.write_bytes(damaged)
    done = made(command)
    assert done.returncode == 1
    assert made.database.read_bytes() == damaged
    assert "backup" in done.stdout + done.stderr or "check" in done.stderr


@pytest.mark.parametrize("command", ["check", "run", "key", "outbox"])
def test_every_problem_of_the_settings_is_said_at_once(digi: Box, command: str) -> None:
    """A misspelt name is shown with its nearest match, and an invalid port is named."""
    done = digi(command, DIGI_PROT="1", DIGI_PORT="many")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "did you mean DIGI_PORT?" in said
    assert "DIGI_PORT is not a port" in said


def test_content_is_listed_and_read(digi: Box) -> None:
    """One line for each set, and one set as people read it."""
    done = digi("content")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {"themes", "phases", "theme-questions"} <= {row[0] for row in rows}
    assert all(row[1] == row[2] and int(row[1]) > 0 for row in rows)
    da, en = digi("content", "--set", "themes"), digi("content", "--set", "themes", "--lang", "en")
    assert da.returncode == en.returncode == 0
    assert da.stdout != en.stdout
    gone = digi("content", "--set", "nothing")
    assert gone.returncode == 1
    assert "no set nothing" in gone.stderr


def test_what_a_pack_adds_is_listed_with_where_it_is_met(digi: Box, tmp_path: Path) -> None:
    """Its exercises, and how many items it adds to a set of ours; without packs, there is none."""
    pack = tmp_path / "nordby"
    guide = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
    for name in ("exercises/nordby-makker.toml", "involvement-advice.toml"):
        [text] = re.findall(rf"^`{name}`\n\n```toml\n(.*?)```", guide, re.DOTALL | re.MULTILINE)
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(text, encoding="utf-8")
    listed = digi("content", "--where", DIGI_PACKS=str(pack)).stdout.splitlines()
    [own] = [line for line in listed if line.startswith("| `nordby-makker` | 2 |")]
    assert own.endswith("| own | `/digi øvelse` |")
    [advice] = [line for line in listed if line.startswith("| `involvement-advice` | 11 |")]
    assert "| general, 1 own | `/digi råd`" in advice
    assert not re.search(r"\bown \|", digi("content", "--where").stdout)


def test_a_key_is_made_once(digi: Box) -> None:
    """The key file is never overwritten."""
    assert digi("key").returncode == 0
    first = digi.key.read_bytes()
    again = digi("key")
    assert again.returncode == 1
    assert "already" in again.stderr
    assert digi.key.read_bytes() == first


def test_the_outbox_is_read_beside_a_running_server(digi: Box) -> None:
    """The output is tab-separated and contains no text of a message."""
    assert digi("outbox").returncode == 1
    with digi.running():
        with closing(sqlite3.connect(digi.database)) as conn, conn:
            conn.execute(
                "INSERT INTO letter VALUES ('timer:x:'||?, 't', 'p', 'timer:p', 'timer', 'ready',"
                " 4102444800000000, 1, 4102444800000000, 0, 0, x'00')",
                ["y" * 150],
            )
        done = digi("outbox")
    assert done.returncode == 0
    state, kind, place, due, tries, id = done.stdout.rstrip("\n").split("\t")
    assert (state, kind, place, tries) == ("ready", "timer", "timer:p", "0")
    assert due == "2100-01-01T00:00:00+00:00"
    assert id.endswith("y" * 150)


@pytest.mark.long
def test_a_second_server_is_told_of_the_first(digi: Box) -> None:
    """It waits for the lock for a while, and then says who holds it."""
    with digi.running():
        done = digi("run")
    assert done.returncode == 1
    assert "another Digi" in done.stderr


def test_a_taken_port_is_said(digi: Box) -> None:
    """The message names the variable to choose another port."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", int(digi.env["DIGI_PORT"])))
        taken.listen()
        done = digi()
    assert done.returncode == 1
    assert "DIGI_PORT" in done.stderr


def test_a_home_that_cannot_be_is_said(digi: Box) -> None:
    """A file instead of the folder is refused."""
    digi.home.write_text("a file")
    done = digi()
    assert done.returncode == 1
    assert str(digi.home) in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_playground_is_for_this_machine_only(digi: Box) -> None:
    """Any other address is refused before anything is served."""
    done = digi("run", DIGI_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "DIGI_HOST" in done.stderr
