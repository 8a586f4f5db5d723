"""PostgreSQL's write-ahead log does not reveal when an unsigned text was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.postgres.vacuum import PoolVacuum
from tests.anonymity.hands import running, says, says_by_name
from tests.anonymity.server_thief import from_log, robbed
from tests.anonymity.thief import Between
from tests.worlds.postgres import Server

TEXTS = 5
Figures = Callable[[str], None]


async def _afternoon(folder: Path, server: Server) -> list[Between]:
    """Somebody writes between two others, and a minute later the server's files are copied."""
    name = server.new()
    async with running(folder, either=server.dsn(name)) as played:
        await says_by_name(played, "peter", "Med navn")
        await says(played, "sofie", "Uden navn")
        await says_by_name(played, "ali", "Også med navn")
        assert len(from_log(server, name, played.house.clock.now())) > 0
        await played.house.database.checkpoint()
        found = from_log(server, name, played.house.clock.now())
    server.drop(name)
    return found


async def test_a_minute_later_the_log_tells_nothing(tmp_path: Path, tidy_server: Server) -> None:
    """No file is left in which the act can be found; before, there is one."""
    assert await _afternoon(tmp_path, tidy_server) == []


async def _kept(vacuum: PoolVacuum) -> None:
    pass


async def test_control_a_log_that_is_kept_tells(
    tmp_path: Path, tidy_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the server keeps it for hours or days."""
    monkeypatch.setattr(PoolVacuum, "recycle_wal", _kept)
    assert await _afternoon(tmp_path, tidy_server) != []


@pytest.mark.long
@pytest.mark.parametrize("kept", [False, True], ids=["", "control: kept"])
async def test_weeks_of_the_log_written_ahead_place_nothing(
    tmp_path: Path,
    tidy_server: Server,
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
) -> None:
    """All its files are read each evening; if they are kept, the same attacker locates most
    acts."""
    if kept:
        monkeypatch.setattr(PoolVacuum, "recycle_wal", _kept)
    name = tidy_server.new()
    acts, found = await robbed(
        tmp_path, 20, TEXTS, tidy_server.dsn(name), lambda at: from_log(tidy_server, name, at)
    )
    tidy_server.drop(name)
    figures(f"{len(acts)} texts in 20 weeks of PostgreSQL's log: {len(found)} placed")
    assert len(acts) == 20 * TEXTS
    assert len(found) >= 0.6 * len(acts) if kept else not found
