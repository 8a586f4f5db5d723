"""The same kills on PostgreSQL: what a replica held when it died comes back to the next one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.vault import make_key
from tests.crowd import Crowd, crowd
from tests.postgres import Server
from tests.test_app import Box

EACH = 10


async def starts(found: Crowd, server: Server, name: str) -> None:
    """Once more, when the leases of the killed one have run out: nobody waits for them here."""
    await found.start()
    await asyncio.to_thread(server.say, "UPDATE lane SET next_us = 0", name)


@pytest.mark.parametrize(
    "kills",
    [3, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
async def test_nothing_confirmed_is_lost_and_nothing_said_twice(
    tmp_path: Path, postgres_server: Server, kills: int, figures: Callable[[str], None]
) -> None:
    """Killed while fifty requests are in flight and the clock moves."""
    box, name = Box(tmp_path), postgres_server.new()
    box.env["DIGI_DATABASE"] = postgres_server.dsn(name)
    make_key(box.key)
    async with crowd(box, 7) as found:
        await starts(found, postgres_server, name)
        await found.begins()
        for n in range(1, kills + 1):
            ended = await found.lives(found.chance.uniform(0.5, 2.0))
            assert ended == -signal.SIGKILL
            await starts(found, postgres_server, name)
            await found.sends_again()
            if n % EACH == 0 or n == kills:
                await found.holds()
        assert "failed" not in await found.clock("week")
        await found.holds()
        await found.rings_on()
        assert found.named
        figures(f"PostgreSQL: {found.figures()}")
    postgres_server.drop(name)
