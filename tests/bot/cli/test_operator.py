"""Operators' commands on the data, with Digi running and stopped."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

import app
from storage import rekey
from tests.bot.cli.test_app import Box
from tests.waiting import LONG_ENOUGH


class Here(Box):
    """Runs the command line in this process, which saves a second of startup each time."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
    ) -> None:
        super().__init__(folder)
        self._patch, self._said = patch, said

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        with self._patch.context() as patch:
            for name in [n for n in os.environ if n.startswith(("DIGI_", "SLACK_", "MICROSOFT_"))]:
                patch.delenv(name)
            for name, value in {**self.env, **env}.items():
                patch.setenv(name, value)
            patch.chdir(self.home.parent)
            self._said.readouterr()
            code = app.main(words)
            out, err = self._said.readouterr()
        return subprocess.CompletedProcess(words, code, out, err)


@pytest.fixture
def digi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    return Here(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(digi: Here) -> Here:
    """A database with a person and a project of the simulated workplace."""
    digi.home.mkdir()
    assert digi("key").returncode == 0
    sqlite3.connect(digi.database).close()
    assert digi("backup").returncode == 0
    with closing(sqlite3.connect(digi.database)) as conn:
        conn.execute("INSERT INTO project VALUES ('web:playground', 'p1', 'C1', 1, 1)")
        conn.execute(
            "INSERT INTO member (tenant, channel, person) VALUES ('web:playground', 'C1', 'mette')"
        )
        conn.commit()
    return digi


def fine(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_backup_is_made_beside_a_running_digi_and_without_one(made: Here) -> None:
    """One line names the file, which only Digi's user may read and which is at the chosen path."""
    away = made.home.parent / "away"
    away.mkdir()
    first = Path(fine(made("backup")).removeprefix("made ").strip())
    with made.running():
        assert (made.home / "control.sock").stat().st_mode & 0o777 == 0o600
        second = Path(fine(made("backup", "--to", str(away))).removeprefix("made ").strip())
    assert first.parent == made.home / "backups"
    assert second.parent == away
    assert first.stat().st_mode & 0o777 == second.stat().st_mode & 0o777 == 0o600
    again = made("backup", "--to", str(second))
    assert again.returncode == 1
    assert "never overwritten" in again.stderr or "File exists" in again.stderr


def test_a_backup_comes_back_on_another_machine_with_its_key(
    made: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file and the key are enough; without the key nothing is restored."""
    file = Path(fine(made("backup")).removeprefix("made ").strip())
    other = Here(tmp_path / "other", monkeypatch, capsys)
    (tmp_path / "other").mkdir()
    refused = other("restore", str(file))
    assert refused.returncode == 1
    assert "there is no key" in refused.stderr
    other.key.parent.mkdir(parents=True)
    other.key.write_bytes(made.key.read_bytes())
    assert "restored" in fine(other("restore", str(file)))
    assert "p1" in fine(other("projects"))
    held = other("restore", str(file))
    assert held.returncode == 1
    assert "--over" in held.stderr
    assert "restored" in fine(other("restore", str(file), "--over"))


def test_nothing_is_restored_under_a_running_digi(made: Here) -> None:
    """The message says which process holds the database."""
    file = fine(made("backup")).removeprefix("made ").strip()
    with made.running():
        done = made("restore", file, "--over")
    assert done.returncode == 1
    assert "another Digi holds" in done.stderr


def test_a_key_is_rotated_while_digi_runs_and_it_starts_again(made: Here) -> None:
    """The key file changes, stays readable for Digi's user only, and Digi continues with it."""
    old = made.key.read_bytes()
    with made.running():
        assert "new key" in fine(made("rotate-key"))
        new = made.key.read_bytes()
        assert new != old
        assert "fine" in fine(made("check"))
    assert made.key.stat().st_mode & 0o777 == 0o600
    with made.running():
        pass
    assert "new key" in fine(made("rotate-key"))
    assert made.key.read_bytes() not in (old, new)


def test_the_doctor_says_that_a_new_key_is_half_in_use_and_what_ends_it(
    made: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unfinished rotation is no problem while both key files exist, and every value can be
    decrypted with the two. If one is missing, the message says which file belongs where."""

    def stopped(_: str) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(rekey, "ended", stopped)
        assert "LookupError" in made("rotate-key").stderr
    waiting = rekey.waiting(made.key)
    said = fine(made("check", "--deep"))
    assert f"a rotation is under way\tleave {made.key} and {waiting}" in said
    assert "sealed\tfine\tall" in said
    away = waiting.rename(made.key.with_name("away"))
    for refused in (made("check"), made("rotate-key"), made("run")):
        assert refused.returncode == 1
        assert f"the new one at {waiting}" in refused.stdout + refused.stderr
    away.rename(waiting)
    assert "nothing was restored" in made("restore", str(_newest(made)), "--over").stderr
    assert "new key" in fine(made("rotate-key"))
    assert "key\tfine" in fine(made("check"))
    assert not waiting.exists()


def _newest(made: Here) -> Path:
    return max((made.home / "backups").glob("*.backup"))


def test_nothing_is_erased_unasked(made: Here) -> None:
    """Without a terminal for the question, it prints the option to use, after saying what it would
    delete."""
    done = made("erase", "project", "p1")
    assert done.returncode == 1
    assert "for good" in done.stderr
    assert "--yes" in done.stderr
    assert "p1" in fine(made("projects"))


def test_a_project_and_a_person_are_erased_with_a_proof(made: Here) -> None:
    """The proof is printed in both languages and stored as a file; an unknown id is reported."""
    with made.running():
        said = fine(made("erase", "project", "p1", "--yes"))
    assert "Bevis for sletning" in said
    assert "Proof of deletion" in said
    assert fine(made("projects")) == ""
    assert (made.home / "proofs").is_dir()
    assert "ikke rørt" in fine(made("erase", "person", "mette", "--yes"))
    for what in ("project", "person"):
        nobody = made("erase", what, "nobody", "--yes")
        assert nobody.returncode == 1
        assert "nobody" in nobody.stderr


def test_an_order_that_is_none_gets_an_answer(made: Here) -> None:
    """A malformed request gets a one-line answer, and Digi continues."""
    with made.running():
        for line in (b"\n", b"{}\n", b'{"do":"fly"}\n', b"\xff\x00\n", b"x" * 5000 + b"\n"):
            with closing(socket.socket(socket.AF_UNIX)) as there:
                there.settimeout(LONG_ENOUGH)
                link = made.home.parent / "s"
                link.unlink(missing_ok=True)
                link.symlink_to(made.home)
                there.connect(str(link / "control.sock"))
                there.sendall(line)
                assert b'"fine":false' in there.recv(4096)
        assert "fine" in fine(made("check"))


def test_backups_may_not_outlive_what_is_deleted(digi: Here) -> None:
    """Too many days are rejected with the reason."""
    done = digi("check", DIGI_BACKUP_DAYS="31")
    assert done.returncode == 1
    assert "DIGI_BACKUP_DAYS" in done.stdout


def test_the_doctor_names_what_the_operator_left_open(made: Here, tmp_path: Path) -> None:
    """Missing fields of the operator file are listed, but are no problem; the playground needs
    none."""
    assert "operator" not in fine(made("check"))
    file = tmp_path / "operator.toml"
    file.write_text('controller = "Kommunen"\nlegal_basis = " "\n', encoding="utf-8")
    said = made(
        "check",
        DIGI_OPERATOR_FILE=str(file),
        MICROSOFT_APP_ID="",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_SIGNING_SECRET="s",
        SLACK_API_URL="http://127.0.0.1:9/api",
    ).stdout
    assert "operator\tmissing\tlegal_basis" in said
    assert "operator\tmissing\tcontact" in said
    assert "controller" not in said


def test_the_doctor_tells_whether_links_can_be_reached(made: Here) -> None:
    """Without DIGI_PUBLIC_URL a Digi for a workplace has no page and no screen; it serves all the
    same. The playground serves links at its own address."""
    assert "links" not in fine(made("check"))
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
        "MICROSOFT_APP_ID": "",
        "SLACK_API_URL": "http://127.0.0.1:9/api",
    }
    assert "links\tmissing\tDIGI_PUBLIC_URL" in made("check", **slack).stdout
    said = made("check", DIGI_PUBLIC_URL="https://digi.example", **slack).stdout
    assert "links\tfine\tunder https://digi.example" in said


def test_the_doctor_says_when_the_nights_backups_do_not_come(made: Here) -> None:
    """The newest backup is a month old: a problem for a workplace, but not for the playground."""
    file = next((made.home / "backups").glob("*.backup"))
    late = file.rename(file.with_name("digi-20260101T030000Z.backup"))
    assert "backup" not in fine(made("check"))
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_API_URL": "http://127.0.0.1:9/api",
    }
    assert "backup\tthe newest" in made("check", **slack).stdout
    late.unlink()
    fine(made("backup"))
    assert "backup\tfine" in made("check", **slack).stdout


def test_a_report_that_cannot_be_written_is_said_in_a_sentence(made: Here) -> None:
    """Beside a running Digi and without one, it ends with 1 and names what is missing."""
    alone = made("report", "nobody")
    with made.running():
        asked = made("report", "nobody")
    for done in (alone, asked):
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == ("there is no project nobody: `python app.py projects` lists them\n")
    away = made("report", DIGI_DATABASE="postgresql://localhost:1/digi")
    assert away.returncode == 1
    assert "Traceback" not in away.stderr
    assert away.stderr.strip()
