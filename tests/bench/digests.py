"""Measures deciding and storing the weekly overviews of a thousand and of ten thousand projects.

Sending them is limited by the platforms and measured elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.server.serve import loaded
from storage.transactions.turns import Turn
from tests.bench import town
from tests.bench.contest import Row
from tests.bench.process import ROOT
from tests.bench.progress import Progress
from tests.bench.serve import memory, pinned
from tests.worlds.postgres import Server, a_server

FEW, MANY = 1_000, 10_000
LEAST = 200
WITHIN = 1.2
MOST_GROWTH = 20
MEGABYTE = 1024 * 1024
WARM = 40
"""The most overviews decided as a warm-up before the measurement."""


class Watched(Struct, frozen=True):
    """The measurements of a number of overviews."""

    overviews: int
    seconds: float
    busy: float  # CPU seconds
    growth: float  # memory growth in megabytes, from the first tenth to the end

    @property
    def one(self) -> float:
        return self.seconds / self.overviews

    @property
    def cost(self) -> float:
        return self.busy / self.overviews

    def __str__(self) -> str:
        return f"{1 / self.one:.0f}/s, {1e6 * self.cost:.0f} µs"


class Watch:
    """Counts overviews as they are decided."""

    def __init__(self, projects: int, told: Progress) -> None:
        self._projects = projects
        self._warm = min(WARM, projects // 4)
        self._told = told
        self._count = 0
        self._early = 0
        self._began = self._idle = 0.0
        self.done: asyncio.Future[Watched] = asyncio.get_running_loop().create_future()

    def one(self) -> None:
        self._count += 1
        self._told(f"{self._count:,} are decided")
        if self._count == self._warm:
            self._began, self._idle = time.perf_counter(), time.process_time()
        if self._count == self._projects // 10:
            self._early = memory()
        if self._count == self._projects:
            self.done.set_result(
                Watched(
                    self._count - self._warm,
                    time.perf_counter() - self._began,
                    time.process_time() - self._idle,
                    (memory() - self._early) / MEGABYTE,
                )
            )


async def decided(
    home: Path,
    moment: datetime,
    projects: int,
    postgres: str | None,
    ready: Callable[[], None] = lambda: None,
) -> Watched:
    """Move the clock to the overviews' hour, and wait until the last one is decided."""
    house, _ = await town.house_at(home, moment, postgres=postgres)
    watch = Watch(projects, Progress(f"overviews of {projects:,} projects"))
    woke = house.turns.woke

    async def counted(turn: Turn) -> None:
        await woke(turn)
        if turn.event.name == "overview":  # type: ignore[union-attr]
            watch.one()

    house.turns.woke = counted  # type: ignore[method-assign]
    try:
        # The Digi that created the town is closed, so everybody's sessions are gone.
        await house.database.tx(house.scripts.outbox.freed)
        marks = await house.landmarks(town.TENANT)
        due = marks["overview"] + timedelta(seconds=1)
        house.clock.move_to(round(due.timestamp() * 1_000_000))
        ready()
        working = asyncio.create_task(house.courier.settle())
        await asyncio.wait((working, watch.done), return_when=asyncio.FIRST_COMPLETED)
        assert watch.done.done(), "all is quiet, and not every overview has been decided"
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return watch.done.result()
    finally:
        await house.close()


async def rows(folder: Path, told: Progress, *, few: int, many: int) -> AsyncIterator[Row]:
    """Measure the small number before and after the large one, so that other load affects both."""
    home = folder / "digi"
    moment = await town.one_team(home, until="overview")
    copies = town.Copies(home)
    copies.write(told.over("teams are made", range(1, few)))
    small = folder / "few"
    shutil.copytree(home, small)
    shutil.copy(town.key_of(home), town.key_of(small))
    copies.write(told.over("teams are made", range(few, many)))
    series = ((small, few), (home, many), (small, few))
    on_sqlite = [await _in_a_copy(one, moment, projects) for one, projects in series]
    yield _row("", (few, many), on_sqlite)
    with a_server(durable=True) as server:
        on_postgres = [
            await _on_postgres(server, one, moment, projects, told) for one, projects in series
        ]
        yield _row(" on PostgreSQL", (few, many), on_postgres)


def _row(where: str, projects: tuple[int, int], found: list[Watched]) -> Row:
    before, all_of_them, after = found
    few, many = projects
    slower = all_of_them.one / statistics.mean((before.one, after.one))
    dearer = all_of_them.cost / statistics.mean((before.cost, after.cost))
    return Row(
        f"all weekly overviews of {many:,} projects{where}",
        f"{all_of_them}, {all_of_them.growth:+.0f} MB",
        f"{few:,} projects: {before}; {after}",
        f"{slower:.2f} of the time for one, {dearer:.2f} of the processor's",
        f"≤ {WITHIN:.2f}, ≥ {LEAST}/s, flat",
        slower <= WITHIN and 1 / all_of_them.one >= LEAST and all_of_them.growth <= MOST_GROWTH,
    )


async def _in_a_copy(home: Path, moment: datetime, projects: int) -> Watched:
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    shutil.copy(town.key_of(home), town.key_of(copy))
    try:
        return await _apart(copy, moment, projects)
    finally:
        shutil.rmtree(copy)


async def _on_postgres(
    server: Server, home: Path, moment: datetime, projects: int, told: Progress
) -> Watched:
    name = await asyncio.to_thread(server.take)
    try:
        told(f"{projects:,} teams move to PostgreSQL")
        await asyncio.to_thread(town.moved, home, server.dsn(name))
        return await _apart(home, moment, projects, server.dsn(name))
    finally:
        await asyncio.to_thread(server.drop, name)


async def _apart(
    home: Path, moment: datetime, projects: int, postgres: str | None = None
) -> Watched:
    """Run in a process of its own, to measure its memory."""
    given = json.dumps([str(home), moment.isoformat(), projects, postgres])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.digests",
        given,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, "the overviews were not decided"
    return msgspec.json.decode(said, type=Watched)


if __name__ == "__main__":
    pinned(0)
    place, at, projects, postgres = json.loads(sys.argv[1])
    begun = datetime.fromisoformat(at)
    found = asyncio.run(decided(Path(place), begun, projects, postgres, loaded))
    print(msgspec.json.encode(found).decode())
