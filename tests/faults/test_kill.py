"""Killed at any moment and restarted: no confirmed act is lost, and no message is sent twice."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bot.cli.test_app import Box
from tests.faults.crowd import crowd
from tests.worlds.postgres import with_key

EACH = 10


async def on_postgresql(folder: Path, dsn: str) -> Box:
    """A machine whose Digi uses this PostgreSQL database."""
    box = Box(folder)
    await with_key(dsn, box.key)
    box.env["DIGI_DATABASE"] = dsn
    return box


async def survive(box: Box, seed: int, kills: int) -> str:
    """Kill Digi this many times with one home, and return the counts."""
    async with crowd(box, seed) as found:
        await found.start()
        await found.begins()
        await found.says()
        await found.says_unnamed()
        for n in range(1, kills + 1):
            ended = await found.lives(found.chance.uniform(0.02, 0.5))
            assert ended == -signal.SIGKILL
            await found.start()
            await found.sends_again()
            if n % EACH == 0 or n == kills:
                await found.holds()
        assert "failed" not in await found.clock("week")
        await found.holds()
        await found.rings_on()
        assert found.named
        assert found.unnamed
        return found.figures()


async def test_nothing_confirmed_is_lost_and_nothing_said_twice(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Five kills with fifty requests in flight while the clock moves."""
    figures(await survive(Box(tmp_path), 1, 5))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(30))
async def test_three_thousand_kills_lose_nothing_either(
    tmp_path: Path, seed: int, figures: Callable[[str], None]
) -> None:
    """The same, a hundred times with each of thirty homes."""
    figures(await survive(Box(tmp_path), 100 + seed, 100))


async def test_on_postgresql_nothing_is_lost_and_nothing_twice_either(
    tmp_path: Path, postgres_dsn: str, figures: Callable[[str], None]
) -> None:
    """The server keeps running; a killed Digi's open transactions end with its connections."""
    figures(await survive(await on_postgresql(tmp_path, postgres_dsn), 4, 3))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
async def test_a_thousand_kills_on_postgresql_lose_nothing_either(
    tmp_path: Path, seed: int, postgres_dsn: str, figures: Callable[[str], None]
) -> None:
    """The same, a hundred times with each of ten databases."""
    figures(await survive(await on_postgresql(tmp_path, postgres_dsn), 200 + seed, 100))


async def test_a_stop_in_the_middle_of_work_finishes_what_was_confirmed(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """SIGTERM with fifty requests in flight: the process ends by itself with exit code 0."""
    async with crowd(Box(tmp_path), 2) as found:
        await found.start()
        await found.begins()
        for _ in range(2):
            assert await found.lives(0.3, signal.SIGTERM) == 0
            await found.start()
            await found.sends_again()
        await found.holds()
        figures(found.figures())
