"""The rows for Slack beside 2,000 requests a minute on the page of those without a chat.

A few people answer in Slack at a modest pace, with the flood and without it in turn, at the same
server. Each request of the flood has a connection of its own, as those of phones do.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from tests.bench.contest import Row, ratio
from tests.bench.load import Request, Slice, load
from tests.bench.process import Server, serving
from tests.bench.progress import Progress
from tests.bench.slack import SECRET, WARM, Answers, everybody, opened_form, web_api

A_SECOND = 2_000 / 60
PEOPLE, EVERY = 4, 0.5
"""So many people answer in Slack, each one question in so many seconds."""
ONE = ("127.0.0.1",)
MANY = tuple(f"127.0.0.{n}" for n in range(2, 62))
UNLIMITED = 10**9
MOST_LATER = 1.2


class Flood(Struct, frozen=True):
    """Which pages are asked for, from which addresses, and how each request must be answered."""

    what: str
    tokens: Iterator[str]
    addresses: tuple[str, ...]
    status: int


class Beside(Struct, frozen=True):
    """How long the answers in Slack took, in slices, and the server's share of a core."""

    slices: list[Slice]
    busy: list[float]

    def figures(self) -> str:
        whole = Slice(0.0, [one for part in self.slices for one in part.waited], [])
        share = 100 * sum(self.busy) / sum(one.seconds for one in self.slices)
        p50, p99 = whole.percentile(50), whole.percentile(99)
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {share:.1f} % of a core"

    def each(self, of_hundred: float) -> list[float]:
        return [one.percentile(of_hundred) for one in self.slices]


async def rows(
    home: Path, moment: datetime, token: str, told: Progress, *, rounds: int, seconds: float
) -> AsyncIterator[Row]:
    rounds, seconds = min(rounds, 3), 4 * seconds  # a modest pace needs time for its percentiles
    form, questions = await opened_form(home, moment)
    answers = iter(Answers(home, form, questions))
    page = itertools.repeat(token)
    floods = {
        UNLIMITED: (
            Flood("on one page, all answered", page, MANY, 200),
            Flood("to addresses that lead nowhere", _guesses(), MANY, 404),
        ),
        0: (
            Flood("on one page, all refused", page, MANY, 429),
            Flood("on one page, all refused, from one address", page, ONE, 429),
        ),
    }
    for limit, of_limit in floods.items():
        given = {"home": str(home), "moment": moment.isoformat(), "on_a_page": limit}
        async with (
            web_api() as api,
            serving("slack", secret=SECRET, api=api, **given) as digi,
        ):
            await load(digi.port, everybody("status"), seconds=60)
            await load(digi.port, answers, seconds=WARM, connections=PEOPLE, every=EVERY)
            for flood in of_limit:
                told(f"a flood of requests, {flood.what}")
                alone, beside = await _in_turn(digi, answers, flood, rounds, seconds)
                yield _row(flood.what, beside, alone)


def _guesses() -> Iterator[str]:
    """Return tokens that look like those of pages."""
    while True:
        yield base64.b32encode(secrets.token_bytes(20)).decode().lower()


async def _in_turn(
    digi: Server, answers: Iterator[Request], flood: Flood, rounds: int, seconds: float
) -> tuple[Beside, Beside]:
    alone, beside = Beside([], []), Beside([], [])
    for _ in range(rounds):
        for found in (alone, beside):
            async with _flooded(digi.port, flood) if found is beside else contextlib.nullcontext():
                before = (await digi.used()).cpu
                one = await load(
                    digi.port, answers, seconds=seconds, connections=PEOPLE, every=EVERY
                )
                found.busy.append((await digi.used()).cpu - before)
            assert not one.wrong, f"{len(one.wrong)} answers were wrong, the first: {one.wrong[0]}"
            found.slices.append(one)
    return alone, beside


def _row(what: str, beside: Beside, alone: Beside) -> Row:
    middle, late = (ratio(beside.each(n), alone.each(n)) for n in (50, 99))
    return Row(
        f"an answer in Slack beside 2,000 requests a minute {what}",
        beside.figures(),
        alone.figures(),
        f"p50 {middle}; p99 {late}",
        f"p50 ≤ {MOST_LATER:.2f} ×",
        middle.median <= MOST_LATER,
    )


@contextlib.asynccontextmanager
async def _flooded(port: int, flood: Flood) -> AsyncIterator[list[str]]:
    """Send requests all the while, and check at the end that each was answered as it should be.
    Yields what was wrong."""
    wrong: list[str] = []
    sending = asyncio.create_task(_send(port, flood, wrong))
    try:
        yield wrong
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
    assert not wrong, f"{len(wrong)} requests were answered wrongly, the first: {wrong[0]}"


async def _send(port: int, flood: Flood, wrong: list[str]) -> None:
    addresses = itertools.cycle(flood.addresses)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as visits:
        for number, token in enumerate(flood.tokens):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
            visits.create_task(_visit(port, token, next(addresses), flood.status, wrong))


async def _visit(port: int, token: str, address: str, status: int, wrong: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        head = f"GET /b/{token} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read()
    finally:
        writer.close()
    if answer[9:12] != str(status).encode():
        wrong.append(repr(answer[:300]))
