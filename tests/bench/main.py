"""`make bench`: all rows, one table."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from bot import gate
from tests.bench import slack
from tests.bench.contest import Row, table
from tests.bench.serve import pinned

PARTS = ("slack",)


class Length(Struct, frozen=True):
    rounds: int
    seconds: float


LONG = Length(9, 3.0)
SHORT = Length(3, 1.0)


async def measured(only: tuple[str, ...], length: Length) -> list[Row]:
    parts: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
        "slack": lambda folder: slack.rows(folder, rounds=length.rounds, seconds=length.seconds),
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
