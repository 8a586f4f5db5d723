"""Moving from SQLite to PostgreSQL: everything, in order, or nothing at all."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.cli.progress import ProgressLine
from dialogs.model import effects as fx
from storage.copy_database import Moved, NotMoved, move
from storage.sql import Unavailable
from storage.sqlite.file import FileLock
from tests.bot.cli.test_app import Box
from tests.bot.core.test_lanes import turn
from tests.worlds.house import (
    MONDAY,
    PROJECT,
    TENANT,
    Paper,
    Wall,
    a_house,
    asked,
    faked,
    found,
    kept,
    note,
)


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "digi.db").read_bytes()).hexdigest()


def without_lanes(rows: list[tuple[object, ...]]) -> set[tuple[object, ...]]:
    return {row for row in rows if row[0] not in ("lane", "migration")}


async def filled(folder: Path, monkeypatch: pytest.MonkeyPatch, *, projects: int = 3) -> str:
    """A SQLite file with data of every kind and waiting letters; returns the key's fingerprint."""
    fake = faked(monkeypatch, "digest")
    async with a_house(folder, Paper()) as house:
        for n in range(projects):
            await found(house, f"{PROJECT}{n}", channel=f"C{n}", team=("anne", "åse"))
            await turn(
                house,
                fake,
                TENANT,
                f"{PROJECT}{n}",
                fx.Record("answer", "q", f"a{n}", "anne", MONDAY, {"text": "æøå"}),
                fx.Post("post"),
                fx.Say(note(f"{n}.1")),
                fx.Say(note(f"{n}.2")),
                fx.Privately("anne", note("in the bag")),
                fx.Timer("t", MONDAY + timedelta(days=n)),
                fx.Snapshot("all", 1, {}),
            )
            entry = fx.PoolEntry("answer", "q1", {"text": "unnamed"})
            await house.database.tx_sealed(
                house.scripts.pools.put, TENANT, f"{PROJECT}{n}", (entry,), "form", bytes(32), ""
            )
        return house.vault.fingerprint()


async def test_everything_moves_and_goes_on_where_it_was(
    tmp_path: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row is there, the file is unchanged, and waiting letters are sent in order."""
    home = tmp_path / "home"
    fingerprint = await filled(home, monkeypatch)
    before, was = kept(home), digest(home)
    steps: list[Moved] = []
    rows = await _aside(home / "digi.db", empty_dsn, fingerprint, steps)
    assert digest(home) == was
    assert without_lanes(kept(home, empty_dsn)) == without_lanes(before)
    assert rows == len(without_lanes(before))
    assert {step.table for step in steps if step.rows == step.of} == {step.table for step in steps}
    edge = Paper()
    faked(monkeypatch, "digest")
    async with a_house(home, edge, Wall(), empty_dsn) as house:
        await house.courier.settle()
        said = [text for text in edge.said() if text[1:2] == "."]
        assert sorted(said) == [f"{n}.{m}" for n in range(3) for m in (1, 2)]
        assert all(said.index(f"{n}.1") < said.index(f"{n}.2") for n in range(3))
        timers = await house.database.read(house.scripts.outbox.timers, TENANT)
        assert [due - MONDAY for _, due in timers] == [timedelta(days=n) for n in (1, 2)]


async def _aside(source: Path, dsn: str, fingerprint: str, steps: list[Moved]) -> int:
    import asyncio

    return await asyncio.to_thread(move, source, dsn, fingerprint, steps.append)


async def test_a_move_that_is_broken_off_leaves_nothing_and_is_done_again(
    tmp_path: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is interrupted once at every step; the next attempt succeeds."""
    home = tmp_path / "home"
    fingerprint = await filled(home, monkeypatch, projects=1)
    before = kept(home)
    steps: list[Moved] = []

    class Stopped(list[Moved]):
        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

        def append(self, step: Moved) -> None:
            super().append(step)
            if len(self) == self.at:
                raise InterruptedError

    for at in (1, 3, 9, 20):
        with pytest.raises(InterruptedError):
            await _aside(home / "digi.db", empty_dsn, fingerprint, Stopped(at))
        assert asked(home, empty_dsn, "SELECT key FROM meta") == [("oldest_code",)]
        assert asked(home, empty_dsn, "SELECT count(*) FROM letter") == [(0,)]
    await _aside(home / "digi.db", empty_dsn, fingerprint, steps)
    assert without_lanes(kept(home, empty_dsn)) == without_lanes(before)
    with pytest.raises(Unavailable, match="new and empty"):
        await _aside(home / "digi.db", empty_dsn, fingerprint, steps)
    assert without_lanes(kept(home, empty_dsn)) == without_lanes(before)


async def test_what_must_not_be_moved_is_left_where_it_is(
    tmp_path: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For another key, a running Digi, an older schema or a damaged file there is one sentence and
    no row is copied."""
    home = tmp_path / "home"
    fingerprint = await filled(home, monkeypatch, projects=1)
    file = home / "digi.db"
    with pytest.raises(NotMoved, match="DIGI_KEY_FILE"):
        await _aside(file, empty_dsn, "another", [])
    lock = FileLock(file)
    with pytest.raises(Unavailable, match="another Digi holds"):
        await _aside(file, empty_dsn, fingerprint, [])
    lock.release()
    with closing(sqlite3.connect(file)) as conn, conn:
        last = conn.execute("SELECT max(name), max(applied_us) FROM migration").fetchone()
        conn.execute("DELETE FROM migration WHERE name = ?", last[:1])
    with pytest.raises(NotMoved, match="up to date"):
        await _aside(file, empty_dsn, fingerprint, [])
    with closing(sqlite3.connect(file)) as conn, conn:
        conn.execute("INSERT INTO migration VALUES (?, ?)", last)
    raw = bytearray(file.read_bytes())
    raw[4096 * 6 : 4096 * 9] = bytes(4096 * 3)
    file.write_bytes(raw)
    with pytest.raises(NotMoved):
        await _aside(file, empty_dsn, fingerprint, [])
    with psycopg.connect(empty_dsn) as server:
        tables = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)


def test_the_command_moves_and_says_how_to_go_on(tmp_path: Path, empty_dsn: str) -> None:
    """Without a terminal it prints plain lines; then the same Digi serves from PostgreSQL."""
    digi = Box(tmp_path)
    assert "there is no database" in digi("move", empty_dsn).stderr
    with digi.running():
        pass
    assert "is not an address of PostgreSQL" in digi("move", "elsewhere.db").stderr
    done = digi("move", empty_dsn)
    assert done.returncode == 0, done.stderr
    assert "DIGI_DATABASE" in done.stdout
    assert all(len(line.split("\t")) == 2 for line in done.stderr.splitlines())
    assert "\r" not in done.stderr
    digi.env["DIGI_DATABASE"] = empty_dsn
    assert "already" in digi("move", empty_dsn).stderr
    with digi.running():
        pass


def test_on_a_terminal_progress_is_one_line_for_each_table() -> None:
    """The bar is updated in place, also for an empty table."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    seen = Terminal()
    shown = ProgressLine(seen)
    for what, done, of in (("letter", 0, 2), ("letter", 1, 2), ("letter", 2, 2), ("post", 0, 0)):
        shown.at(what, done, of)
    shown.end()
    lines = seen.getvalue().split("\n")
    assert [line.split("\r")[-1].split()[-1] for line in lines[:-1]] == ["2/2", "0/0"]
