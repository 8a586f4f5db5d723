"""A copy of SQLite's files does not reveal when an unsigned text was written."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.sqlite.driver import Sqlite
from storage.transactions import anonymous_pool as pools
from tests.anonymity.hands import (
    RELEASED,
    reading,
    running,
    says,
    says_by_name,
    without_padding,
)
from tests.anonymity.thief import Between, Copy, copied, from_index, from_log, placed
from tests.anonymity.weeks import Act, first_monday, lively_week, standing
from tests.worlds.stage import BEGINNING

TEXTS = 5
Figures = Callable[[str], None]


async def _robbed(folder: Path, weeks: int) -> tuple[list[Act], set[datetime]]:
    """Simulate weeks in which an attacker copies the files each evening, and return which acts are
    located."""
    acts: list[Act] = []
    found: set[datetime] = set()
    async with running(folder) as played:
        for n in range(weeks):
            copies: list[Copy] = []

            async def robbed(at: datetime, into: list[Copy] = copies) -> None:
                into.append(copied(folder, at))

            monday = first_monday() + timedelta(weeks=n)
            week = await lively_week(played, random.Random(n), monday, TEXTS, robbed)
            explained = standing(BEGINNING, played.house.clock.now())
            for copy in copies:
                found.update(placed(from_log(copy), [act.at for act in week], explained))
            acts.extend(week)
    return acts, found


def _without_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    async def emptied(store: Sqlite) -> bool:
        return True

    monkeypatch.setattr(Sqlite, "tx_sealed", Sqlite.tx)
    monkeypatch.setattr(Sqlite, "checkpoint", emptied)
    without_padding(monkeypatch)


@pytest.mark.parametrize("weeks", [2, pytest.param(20, marks=pytest.mark.long)])
async def test_a_copy_of_file_and_log_places_nothing(
    tmp_path: Path, figures: Figures, weeks: int
) -> None:
    """No unsigned act can be located between named rows, which have a time."""
    acts, found = await _robbed(tmp_path, weeks)
    figures(f"{weeks} weeks, {len(acts)} texts without a name, {len(found)} placed")
    assert len(acts) == weeks * TEXTS
    assert not found


@pytest.mark.parametrize("weeks", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_control_where_the_log_is_not_emptied_all_is_placed(
    tmp_path: Path, figures: Figures, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same attacker and weeks without checkpoints."""
    _without_checkpoints(monkeypatch)
    acts, found = await _robbed(tmp_path, weeks)
    figures(f"{weeks} weeks without checkpoints, {len(acts)} texts, {len(found)} placed")
    assert len(found) >= 0.8 * len(acts)


# --- the file ---------------------------------------------------------------------------------


def _layout(folder: Path) -> tuple[int, int, set[int]]:
    """Return the file's page count, its free pages, and the pages of the pool."""
    with reading(folder) as conn:
        [size], [free] = (
            conn.execute(f"PRAGMA {of}").fetchone() for of in ("page_count", "freelist_count")
        )
        [sealed] = conn.execute("SELECT sealed FROM pool").fetchone()
    raw = (folder / "digi.db").read_bytes()
    # A value across a page boundary is not found.
    there = (raw.find(sealed[at : at + 32]) for at in range(0, len(sealed) - 32, 512))
    return size, free, {at // 4096 for at in there if at >= 0}


async def _pages_taken(folder: Path) -> bool:
    """Return whether the file's layout changed through a day's texts."""
    async with running(folder) as played:
        await played.house.database.checkpoint()
        first = _layout(folder)
        for n in range(10):
            await says(played, "sofie", f"Tekst {n} " + "æ" * 300)
        if _layout(folder) != first:
            return True
        # The next night makes room for another day, and a release for another period.
        for days in (1, 7):
            await played.move(RELEASED + timedelta(days=days))
            await played.house.database.checkpoint()
            first = _layout(folder)
            await says(played, "lars", "Tekst " + "æ" * 1900)
            if _layout(folder) != first:
                return True
    return False


async def test_what_is_said_takes_no_page_of_the_file(tmp_path: Path) -> None:
    """Pages are allocated in the order of writing, between those of named rows; therefore room is
    reserved in advance."""
    assert not await _pages_taken(tmp_path)


async def test_control_a_pool_without_room_takes_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a growing pool uses pages behind those allocated before."""
    monkeypatch.setattr(pools, "ROOM", 0)
    assert await _pages_taken(tmp_path)


# --- the files' own times ---------------------------------------------------------------------


async def _dates(folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return the files' modification times after an unsigned act and after the next minute."""
    async with running(folder) as played:
        await says(played, "sofie", "Sent om aftenen")
        act = {file.name: file.stat().st_mtime_ns for file in folder.glob("digi.db*")}
        await asyncio.sleep(0.02)
        await played.house.database.checkpoint()
        return act, {file.name: file.stat().st_mtime_ns for file in folder.glob("digi.db*")}


async def test_the_files_own_times_are_those_of_the_minute(tmp_path: Path) -> None:
    """A listing of the folder in the morning does not show when somebody wrote at night."""
    act, later = await _dates(tmp_path)
    for name in ("digi.db", "digi.db-wal", "digi.db-shm"):
        assert later[name] > act[name]
    assert later["digi.db.lock"] < act["digi.db"], "and this one is as old as the start"


async def test_control_a_file_that_nobody_dates_tells_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the empty log is not rewritten, so the file keeps the time of the act."""
    monkeypatch.setattr("storage.sqlite.writer.stirred", lambda conn, statement: None)
    act, later = await _dates(tmp_path)
    assert later["digi.db"] == act["digi.db"]


# --- the index beside the log -----------------------------------------------------------------


async def _evening(folder: Path) -> tuple[list[Between], datetime]:
    """Somebody writes after all others have stopped, and an hour later the files are copied."""
    async with running(folder) as played:
        await says_by_name(played, "peter", "Det sidste med navn")
        await played.house.database.checkpoint()
        await says(played, "sofie", "Sent om aftenen")
        at = played.house.clock.now()
        await played.house.database.checkpoint()
        return from_index(copied(folder, at + timedelta(hours=1))), at


async def test_the_index_beside_the_log_tells_nothing(tmp_path: Path) -> None:
    """It has the most recently written pages: each minute, those of a neutral write."""
    found, _ = await _evening(tmp_path)
    assert found == []


async def test_control_an_index_that_is_left_alone_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the pool was written after the last named row, and nothing since, so somebody
    wrote."""
    monkeypatch.setattr("storage.sqlite.writer.stirred", lambda conn, statement: None)
    found, at = await _evening(tmp_path)
    assert [one.holds(at) for one in found] == [True]
