"""`make bench`: prints a table row by row while it is measured."""

from __future__ import annotations

import asyncio
import tempfile
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from msgspec import Struct

from bot.core import gate
from tests.bench import (
    boards,
    digests,
    documents,
    lanes,
    notes,
    outbox,
    pictures,
    postgres,
    scale,
    slack,
    start,
    teams,
    visitor_page,
)
from tests.bench.contest import Row, head, line
from tests.bench.progress import Progress
from tests.bench.serve import pinned

PARTS = (
    "slack",
    "postgres",
    "teams",
    "overviews",
    "events",
    "outbox",
    "lanes",
    "documents",
    "pictures",
    "boards",
    "notes",
    "page",
    "start",
)


class Length(Struct, frozen=True):
    rounds: int
    seconds: float
    few: int = digests.FEW
    many: int = digests.MANY


LONG = Length(7, 2.0)
SHORT = Length(3, 1.0, 200, 1_000)


async def measured(part: str, folder: Path, length: Length, told: Progress) -> AsyncIterator[Row]:
    rounds, seconds = length.rounds, length.seconds
    parts: dict[str, Callable[[], AsyncIterator[Row]]] = {
        "slack": lambda: slack.rows(folder, told, rounds=rounds, seconds=seconds),
        "postgres": lambda: postgres.rows(folder, told, rounds=rounds, seconds=seconds),
        "teams": lambda: teams.rows(folder, told, rounds=rounds, seconds=seconds),
        "overviews": lambda: digests.rows(folder, told, few=length.few, many=length.many),
        "events": lambda: scale.rows(folder, told, rounds=rounds),
        "outbox": lambda: outbox.rows(folder, told),
        "lanes": lambda: lanes.rows(folder, told, rounds=min(rounds, 5)),
        "documents": lambda: documents.rows(told, rounds=rounds),
        "pictures": lambda: pictures.rows(told, rounds=rounds),
        "boards": lambda: boards.rows(told, rounds=rounds),
        "notes": lambda: notes.rows(folder, told, rounds=rounds),
        "page": lambda: visitor_page.rows(folder, told, rounds=rounds, seconds=seconds),
        "start": lambda: start.rows(folder, told, rounds=rounds),
    }
    async for row in parts[part]():
        yield row


async def all_of(parts: tuple[str, ...], length: Length) -> bool:
    """Run all parts and return whether each succeeded. A failing part does not stop the others."""
    print(head(), flush=True)
    whole = True
    for part in parts:
        told = Progress(part)
        told.say("begins")
        try:
            with tempfile.TemporaryDirectory(prefix="digi-bench-") as folder:
                async for row in measured(part, Path(folder), length, told):
                    print(line(row), flush=True)
        except Exception:
            whole = False
            traceback.print_exc()
            told.say("did not come to its end")
        else:
            told.say("done")
    return whole


def run(only: tuple[str, ...] = (), *, short: bool = False) -> bool:
    # Disable the rate limit: the load generator uses a few hundred people instead of tens of
    # thousands.
    pinned(1)
    gate.ACTS_A_MINUTE = 10**9
    return asyncio.run(all_of(only or PARTS, SHORT if short else LONG))
