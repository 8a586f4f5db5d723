"""The rows for the page of those without a chat: it, and an empty aiohttp handler, alternately;
then Slack beside a flood on the page."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

from tests.bench import flood, town
from tests.bench.contest import Row
from tests.bench.load import Request
from tests.bench.process import serving
from tests.bench.progress import Progress
from tests.bench.slack import prepared, said, slices


def opened(path: str, expects: str) -> Iterator[Request]:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: da\r\n\r\n"
    return itertools.repeat(Request(head.encode(), expects.encode()))


async def rows(folder: Path, told: Progress, *, rounds: int, seconds: float) -> AsyncIterator[Row]:
    home, moment = await prepared(folder)
    house, _ = await town.house_at(home, moment)
    try:
        token = await house.links.make("page", town.TENANT, town.Copies(home).project)
    finally:
        await house.close()
    async for row in _opened(home, moment, token, told, rounds=rounds, seconds=seconds):
        yield row
    async for row in flood.rows(home, moment, token, told, rounds=rounds, seconds=seconds):
        yield row


async def _opened(
    home: Path, moment: datetime, token: str, told: Progress, *, rounds: int, seconds: float
) -> AsyncIterator[Row]:
    async with (
        serving("aiohttp") as empty,
        serving("page", home=str(home), moment=moment.isoformat()) as digi,
    ):
        page, base = await slices(
            told,
            "the page",
            [
                (digi, opened(f"/b/{token}", "Sig det uden navn")),
                (empty, opened("/b/x", "Sig det uden navn")),
            ],
            rounds=rounds,
            seconds=seconds,
        )
        yield said("the page without a chat, opened", page, base, 0.50, "")
