"""Waits for conditions without asserting timing: on a busy machine it waits longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONG_ENOUGH = 300.0
"""Timeout in seconds, below the time limit of a test, so that the failure shows where it waited."""


async def until(holds: Callable[[], object], every: float = 0.001) -> None:
    """Poll until a condition holds, for something in another thread or process that has no event to
    await."""
    async with asyncio.timeout(LONG_ENOUGH):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(every)
