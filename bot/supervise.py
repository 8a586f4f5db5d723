"""A supervisor: runs work that never ends, and restarts it after any exception."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


async def supervise(
    name: str, work: Callable[[], Awaitable[None]], told: Callable[[str, str], None]
) -> None:
    """Run `work` until cancelled. If it ends or raises, report the kind of error and restart it
    after a wait that doubles up to a minute."""
    wait = FIRST_WAIT
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await work()
            kind = "it ended"
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            kind = type(error).__name__
        if loop.time() - began > LONGEST_WAIT:
            wait = FIRST_WAIT
        told(name, kind)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
