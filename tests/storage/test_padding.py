"""Each minute the database's own counters are raised to the same step."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from storage import padding
from storage.padding import step
from storage.sql import Unavailable
from storage.sqlite.driver import Sqlite
from tests.anonymity.hands import reading, running, says
from tests.storage.test_sqlite import add, write_folder
from tests.worlds.stage import Stage

FLOOR = 4


@pytest.fixture(autouse=True)
def _padded_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding, "WRITES", FLOOR)


def test_the_step_is_constant_up_to_its_floor_and_a_power_of_two_above() -> None:
    """A minute reveals nothing, except whether it was among the fullest."""
    assert [step(made, 16) for made in (0, 1, 15, 16)] == [16] * 4
    assert [step(made, 16) for made in (17, 32, 33, 64, 65)] == [32, 32, 64, 64, 128]
    assert [step(made, 24) for made in (0, 24, 25)] == [24, 24, 32]


def _written(played: Stage) -> int:
    """Return how often padding wrote the pool."""
    return played.house.courier.housekeeping.padding._extra


async def _minute(played: Stage) -> tuple[int, int]:
    """Return by how much a minute's padding raised the writes and the checkpoints."""
    before, written = played.house.database.counts(), _written(played)
    await played.house.courier.housekeeping.padding.pad()
    return _written(played) - written, played.house.database.counts().cleared - before.cleared


def _each(played: Stage) -> int:
    """Return how many checkpoints one sealed commit causes."""
    return played.house.database.counts().each


def _floor(played: Stage) -> int:
    return _each(played) * FLOOR + FLOOR // 2


async def test_what_was_written_already_is_not_padded(tmp_path: Path, either: str) -> None:
    """Writes and padding together make the step, also if there are more writes than the minimum."""
    async with running(tmp_path, either=either) as played:
        await _minute(played)
        each, floor = _each(played), _floor(played)
        assert await _minute(played) == (FLOOR, floor)
        for texts in (1, FLOOR, FLOOR + 1):
            for _ in range(texts):
                await says(played, "sofie", "Tekst")
            writes, clearings = await _minute(played)
            assert texts + writes == step(texts, FLOOR)
            assert each * texts + clearings == step(each * (texts + writes), floor)


async def test_the_log_that_sqlite_resets_by_itself_counts_too(tmp_path: Path) -> None:
    """SQLite resets its log after a thousand pages, and whether that happens depends on who
    wrote."""
    store = await Sqlite.open(tmp_path / "digi.db", folder=write_folder(tmp_path / "sql"))
    try:
        await store.clear()
        before = store.counts().cleared
        await store.tx(add, "a", "x" * 4096 * 1100)
        await store.tx(add, "b")
        assert store.counts().cleared == before + 1
    finally:
        await store.close()


async def test_a_reader_that_holds_the_log_does_not_hold_the_padding(tmp_path: Path) -> None:
    """What could not be done in one minute is added in the next."""
    async with running(tmp_path) as played:
        await _minute(played)
        await played.house.database.tx(played.house.scripts.set_meta, "stirred", "2")
        reader = sqlite3.connect(tmp_path / "digi.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM meta").fetchall()
        assert await _minute(played) == (FLOOR, 0)
        reader.close()
        assert await _minute(played) == (FLOOR, _floor(played))


async def test_a_store_that_is_away_leaves_the_housekeeping_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is reported by those who write; afterwards the counts are correct."""
    async with running(tmp_path) as played:
        await _minute(played)
        tx, left = Sqlite.tx, 2

        async def full(store: Sqlite, *args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Unavailable("database or disk is full")
            return await tx(store, *args, **kwargs)

        with monkeypatch.context() as disk:
            disk.setattr(Sqlite, "tx", full)
            assert await _minute(played) == (2, 2 * _each(played) + 1)
        assert await _minute(played) == (FLOOR - 2, _floor(played) - 2 * _each(played) - 1)
        assert await _minute(played) == (FLOOR, _floor(played))


async def test_a_damaged_pool_does_not_stop_the_padding(tmp_path: Path) -> None:
    """The pool is left as it is, and reported by those who need its content."""
    async with running(tmp_path) as played:
        await _minute(played)
        with sqlite3.connect(tmp_path / "digi.db") as conn:
            conn.execute("UPDATE pool SET sealed = zeroblob(length(sealed))")
        conn.close()
        await _minute(played)
        with reading(tmp_path) as conn:
            [(sealed,)] = conn.execute("SELECT sealed FROM pool").fetchall()
        assert not any(sealed)


async def test_a_minute_of_many_releases_is_padded_like_any_other(
    tmp_path: Path, either: str
) -> None:
    """A release is visible in its rows anyway, so ten thousand releases need no padding."""
    async with running(tmp_path, either=either) as played:
        await _minute(played)
        store, set_meta = played.house.database, played.house.scripts.set_meta
        await asyncio.gather(
            *(store.tx_sealed(set_meta, f"release {n}", "") for n in range(5 * FLOOR))
        )
        assert await _minute(played) == (FLOOR, _floor(played))
