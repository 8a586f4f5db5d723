"""Waiting for what is sure to come, however busy the machine is: a test that fails here hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONG_ENOUGH = 300.0
"""Seconds. Less than the time limit of a test, so that the failure names its place."""


async def until(holds: Callable[[], object], every: float = 0.001) -> None:
    """For what happens in another thread or process, and has no event of its own."""
    async with asyncio.timeout(LONG_ENOUGH):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(every)
