"""All weekly overviews of a thousand and of ten thousand projects, decided and stored.

What they say is sent at the pace that the platforms allow, and is another row.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from storage.store import Turn
from tests.bench import town
from tests.bench.contest import Row
from tests.bench.process import ROOT
from tests.bench.serve import memory, pinned

FEW, MANY = 1_000, 10_000
LEAST = 200
WITHIN = 1.2
MOST_GROWTH = 20
MEGABYTE = 1024 * 1024


class Round(Struct, frozen=True):
    projects: int
    seconds: float
    growth: float
    """Megabytes of memory, from the hundredth overview to the last."""


async def decided(home: Path, moment: datetime, projects: int) -> Round:
    """The clock comes to the overview's hour; until the last of them is decided."""
    house, _ = await town.house_at(home, moment)
    done = asyncio.Event()
    count = 0
    early = 0
    woke = house.engine.woke

    async def counted(turn: Turn) -> None:
        nonlocal count, early
        await woke(turn)
        if turn.event.name == "overview":  # type: ignore[union-attr]
            count += 1
            if count == projects // 10:
                early = memory()
            if count == projects:
                done.set()

    house.engine.woke = counted  # type: ignore[method-assign]
    try:
        # The house that the town was built in is gone, and with it whoever spoke there.
        await house.database.tx(house.scripts.freed)
        marks = await house.landmarks(town.TENANT)
        due = marks["overview"]
        await _quiet(house, due - timedelta(minutes=1))
        house.clock.move_to(round((due + timedelta(seconds=1)).timestamp() * 1_000_000))
        began = time.perf_counter()
        working = asyncio.create_task(house.courier.settle())
        await done.wait()
        seconds = time.perf_counter() - began
        grown = (memory() - early) / MEGABYTE
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return Round(projects, seconds, grown)
    finally:
        await house.close()


async def _quiet(house: Any, until: datetime) -> None:
    """What is due before the overviews is done before they are measured."""
    house.clock.move_to(round(until.timestamp() * 1_000_000))
    await house.courier.settle()


async def rows(folder: Path, *, few: int = FEW, many: int = MANY) -> list[Row]:
    """The few before and after the many: whatever the machine does meanwhile meets both."""
    found: list[Round] = []
    for number, projects in enumerate((few, many, few)):
        home = folder / f"round-{number}"
        moment = await town.one_team(home)
        town.Copies(home).write(range(1, projects))
        found.append(await _apart(home, moment, projects))
        shutil.rmtree(home)
    before, all_of_them, after = found
    one = statistics.mean(r.seconds / r.projects for r in (before, after))
    slower = all_of_them.seconds / many / one
    rate = many / all_of_them.seconds
    return [
        Row(
            f"all weekly overviews of {many:,} projects",
            f"{rate:.0f}/s, {all_of_them.growth:+.0f} MB", f"{few:,} projects: {1 / one:.0f}/s",
            f"{slower:.2f} of the time for one", f"≤ {WITHIN:.2f}, ≥ {LEAST}/s, flat",
            slower <= WITHIN and rate >= LEAST and all_of_them.growth <= MOST_GROWTH,
        )
    ]  # fmt: skip


async def _apart(home: Path, moment: datetime, projects: int) -> Round:
    """In a process of its own, so that its memory is its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.digests", str(home), moment.isoformat(), str(projects),
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, "the overviews were not decided"
    return Round(**json.loads(said))


if __name__ == "__main__":
    pinned(0)
    found = asyncio.run(
        decided(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3]))
    )
    print(
        json.dumps({"projects": found.projects, "seconds": found.seconds, "growth": found.growth})
    )
