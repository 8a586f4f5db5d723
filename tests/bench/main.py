"""`make bench`: all rows, one table."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from bot import gate
from tests.bench import digests, outbox, postgres, scale, slack, start, teams
from tests.bench.contest import Row, table
from tests.bench.serve import pinned

PARTS = ("slack", "postgres", "teams", "overviews", "events", "outbox", "start")


class Length(Struct, frozen=True):
    rounds: int
    seconds: float
    few: int = digests.FEW
    many: int = digests.MANY


LONG = Length(9, 3.0)
SHORT = Length(3, 1.0, 100, 1_000)


async def measured(only: tuple[str, ...], length: Length) -> list[Row]:
    rounds, seconds = length.rounds, length.seconds
    parts: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
        "slack": lambda folder: slack.rows(folder, rounds=rounds, seconds=seconds),
        "postgres": lambda folder: postgres.rows(folder, rounds=rounds, seconds=seconds),
        "teams": lambda folder: teams.rows(folder, rounds=rounds, seconds=seconds),
        "overviews": lambda folder: digests.rows(folder, few=length.few, many=length.many),
        "events": lambda folder: scale.rows(folder, rounds=rounds),
        "outbox": outbox.rows,
        "start": lambda folder: start.rows(folder, rounds=rounds),
    }
    found: list[Row] = []
    for name in only or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="digi-bench-") as folder:
            found += await parts[name](Path(folder))
    return found


def run(only: tuple[str, ...] = (), *, short: bool = False) -> str:
    # The load has a core of its own; a few hundred people do what tens of thousands would.
    pinned(1)
    gate.ACTS_A_MINUTE = 10**9
    return table(asyncio.run(measured(only, SHORT if short else LONG)))
