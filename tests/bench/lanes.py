"""Measures how slow platforms affect other workplaces, and how much memory lanes need.

It runs in a process of its own without HTTP: a platform call is a sleep. Other parts measure what a
call costs; this one measures who waits for whom.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.platforms.common.ports import Parcel
from bot.server.build import House
from bot.server.serve import loaded
from dialogs.model import cards as c
from storage.sql import Script
from storage.transactions.letters import SayBody, put_letter
from storage.transactions.scope import Scope
from storage.transactions.store import Scripts
from tests.bench import town
from tests.bench.contest import Row, ratio
from tests.bench.process import ROOT
from tests.bench.progress import Progress
from tests.bench.serve import memory, pinned

LANES, SLOW_LANES = 50, 5
LETTERS = 40
"""Letters in each lane, all to one channel."""
QUICK, SLOW = 0.05, 5.0
"""Duration in seconds of a quick and of a slow call."""
LEAST = 0.9
MANY, MANY_LETTERS = 1_000, 10
MOST_GROWTH = 20
MEGABYTE = 1024 * 1024
PATIENCE = 600.0


class Sent(Struct, frozen=True):
    letters: int
    seconds: float
    growth: float  # megabytes from the first call to the last letter

    @property
    def rate(self) -> float:
        return self.letters / self.seconds


class Platforms(town.Sink):
    """A fake platform: each call sleeps, longer in the first few workplaces."""

    def __init__(self, slow: int, letters: int) -> None:
        super().__init__()
        self._slow = slow
        self._letters = letters
        self._counted = 0
        self._began = 0.0
        self._early = 0
        self.done: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()

    async def deliver(self, parcel: Parcel) -> str:
        if not self._began:
            self._began, self._early = time.perf_counter(), memory()
        number = int(parcel.tenant.rpartition(":")[2])
        await asyncio.sleep(SLOW if number < self._slow else QUICK)
        if number >= SLOW_LANES:
            self._count()
        return await super().deliver(parcel)

    def _count(self) -> None:
        """Count the lanes that are quick in both variants."""
        self._counted += 1
        if self._counted == self._letters:
            seconds = time.perf_counter() - self._began
            growth = (memory() - self._early) / MEGABYTE
            self.done.set_result(Sent(self._letters, seconds, growth))


def letters(scripts: Scripts, lane: int, count: int, due: object) -> Script[None]:
    tenant = f"bench:{lane}"
    for number in range(count):
        card = c.card(c.Paragraph(c.Words(f"Dette er brev {number}. {town.WORDS}")))
        body = msgspec.json.encode(SayBody(msgspec.Raw(msgspec.json.encode(card))))
        scope = Scope(tenant, "p", scripts.vault)
        yield from put_letter(scope, "channel:C1", "say", due, body)  # type: ignore[arg-type]


async def sent(home: Path, lanes: int, slow: int, each: int) -> Sent:
    platforms = Platforms(slow, (lanes - SLOW_LANES) * each)
    house: House
    house, _ = await town.house_at(home, town.BEGINNING, platforms)
    try:
        for lane in range(lanes):
            await house.database.tx(letters, house.scripts, lane, each, town.BEGINNING)
        loaded()
        house.start()
        async with asyncio.timeout(PATIENCE):
            return await platforms.done
    finally:
        await house.close()


async def rows(folder: Path, told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    some, all_quick = [], []
    for n in range(rounds):
        told(f"round {n + 1} of {rounds}")
        some.append(await _apart(folder / f"some{n}", LANES, SLOW_LANES, LETTERS))
        all_quick.append(await _apart(folder / f"all{n}", LANES, 0, LETTERS))
    rate = ratio([one.rate for one in some], [one.rate for one in all_quick])
    quick = LANES - SLOW_LANES
    yield Row(
        f"{quick} workplaces' letters beside {SLOW_LANES} of {SLOW:.0f} s a call",
        f"{_median(some):.0f} letters/s",
        f"beside {SLOW_LANES} more that are quick: {_median(all_quick):.0f} letters/s",
        str(rate),
        f"≥ {LEAST:.2f}",
        rate.median >= LEAST,
    )
    many = await _apart(folder / "many", MANY, SLOW_LANES, MANY_LETTERS)
    yield Row(
        f"memory while the letters of {MANY:,} workplaces are sent",
        f"{many.growth:+.1f} MB, {many.rate:.0f} letters/s",
        "at the first call",
        "",
        f"≤ +{MOST_GROWTH} MB",
        many.growth <= MOST_GROWTH,
    )


def _median(found: list[Sent]) -> float:
    return statistics.median(one.rate for one in found)


async def _apart(home: Path, lanes: int, slow: int, each: int) -> Sent:
    """Run in a process of its own, to measure its memory."""
    given = json.dumps([str(home), lanes, slow, each])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.lanes",
        given,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, "the letters were not sent"
    return msgspec.json.decode(said, type=Sent)


if __name__ == "__main__":
    pinned(0)
    place, lanes, slow, each = json.loads(sys.argv[1])
    found = asyncio.run(sent(Path(place), lanes, slow, each))
    print(msgspec.json.encode(found).decode())
