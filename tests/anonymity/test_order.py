"""A release does not contain the order in which its texts were written."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest

from dialogs.model.effects import PoolEntry
from storage.transactions import anonymous_pool as pools
from storage.vault import code_hash, code_of
from tests.anonymity.hands import ROOT, look, opened, project_of, reading, running
from tests.worlds.postgres import places_later
from tests.worlds.stage import COPENHAGEN, TENANT, Stage

AFTER = datetime(2026, 11, 5, 7, 30, tzinfo=COPENHAGEN)
ONE_PER_CENT = 2.576
Orders = dict[str, list[int]]
Figures = Callable[[str], None]


def tau(order: list[int]) -> float:
    """Return Kendall's tau: 1 if the order is the same, about 0 for a random order."""
    pairs = list(combinations(order, 2))
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs)


def bound(batches: int, size: int) -> float:
    """Return a bound that the mean of random orders exceeds in only one of a hundred cases."""
    return float(ONE_PER_CENT * (2 * (2 * size + 5) / (9 * size * (size - 1)) / batches) ** 0.5)


async def _write(played: Stage, folder: Path, size: int) -> None:
    house, project = played.house, project_of(folder)
    for n in range(size):
        body = {
            "text": f"Tekst nummer {n:03}",
            "kind": "concern",
            "readers": ["anne"],
            "everyone": False,
            "trio": False,
        }
        form = f"form {n}"
        await house.database.tx_sealed(
            house.scripts.pools.put,
            TENANT,
            project,
            (PoolEntry("said", "release", body),),
            form,
            code_hash(code_of(house.vault, form)),
            "",
        )


async def _orders(folder: Path, size: int, either: str = "") -> Orders:
    """Make a release, and return the order of its texts in each place."""
    async with running(folder, either=either) as played:
        await _write(played, folder, size)
        await played.move(AFTER)
        await played.house.database.checkpoint()
        published, states = await opened(played, folder)
        number = {one.id: int(one.body["text"].split()[-1]) for one in published}
        shown = [
            int(found)
            for start in range(0, size, 6)
            for found in re.findall(
                r"Tekst nummer (\d+)",
                await look(played, "anne", "concerns", project_of(folder), str(start)),
            )
        ]
    orders = {
        "by id": [number[one.id] for one in published],
        "as the conversations read them": [number[one.id] for one in states],
        "as shown and exported": shown,
    }
    with reading(folder) as conn:
        selected = conn.execute("SELECT id FROM published").fetchall()
        orders["as selected"] = [number[id] for (id,) in selected]
        if either:
            for table in ("published", "state"):
                rows = conn.execute(f"SELECT id FROM {table} ORDER BY ctid").fetchall()
                orders[f"{table} by ctid"] = [number[id] for (id,) in rows if id in number]
            return orders
    raw = (folder / "digi.db").read_bytes()

    def lies(row: tuple[str, bytes]) -> tuple[int, int]:
        """A database page is filled from its end."""
        page, offset = divmod(raw.index(row[1]), 4096)
        return page, -offset

    with reading(folder) as conn:
        rows = conn.execute("SELECT id, body FROM published ORDER BY rowid").fetchall()
        kept = conn.execute("SELECT id FROM state WHERE dialog = 'concern' ORDER BY rowid")
        orders["states by rowid"] = [number[id] for (id,) in kept]
    orders["by rowid"] = [number[id] for id, _ in rows]
    orders["by byte offset"] = [number[id] for id, _ in sorted(rows, key=lies)]
    return orders


async def _means(
    folder: Path, batches: int, size: int, places: Callable[[], str]
) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for n in range(batches):
        for name, order in (await _orders(folder / str(n), size, places())).items():
            assert len(set(order)) == size, name
            found.setdefault(name, []).append(tau(order))
    return {name: sum(taus) / batches for name, taus in found.items()}


LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("places", "batches", "size"),
    [
        ("sqlite", 2, 40),
        ("postgres", 1, 60),
        pytest.param("sqlite", 20, 200, marks=LONG),
        pytest.param("postgres", 20, 200, marks=LONG),
    ],
    indirect=["places"],
)
async def test_a_release_has_lost_the_order_in_which_it_was_written(
    tmp_path: Path,
    places: Callable[[], str],
    chance: random.Random,
    figures: Figures,
    batches: int,
    size: int,
) -> None:
    """The physical order of rows, the ids and a reader's list are all unrelated to it."""
    means = await _means(tmp_path, batches, size, places)
    where = "PostgreSQL" if "published by ctid" in means else "SQLite"
    shown = ", ".join(f"{name} {mean:+.4f}" for name, mean in means.items())
    figures(
        f"{where}, {batches} releases of {size}: bound {bound(batches, size):.4f}, mean tau {shown}"
    )
    for name, mean in means.items():
        assert abs(mean) < bound(batches, size), name


class _InOrder(random.Random):
    """A replacement for randomness: sequential ids and no shuffling."""

    def __init__(self) -> None:
        super().__init__(0)
        self._last = 0

    def getrandbits(self, k: int, /) -> int:
        self._last += 1
        return self._last << 96

    def shuffle(self, x: object) -> None:
        pass


@places_later
async def test_control_without_chance_the_order_is_found_everywhere(
    tmp_path: Path, places: Callable[[], str]
) -> None:
    """Control: with sequential ids (like ULID or UUIDv7) and without shuffling, the order is found
    everywhere."""
    pools.set_chance(_InOrder())
    try:
        means = await _means(tmp_path, 1, 60, places)
    finally:
        pools.set_chance(random.SystemRandom())
    for name, mean in means.items():
        assert mean > bound(1, 60), name


def test_what_is_published_has_no_time(tmp_path: Path) -> None:
    """No column of pool, published text or snapshot has a time or a person, and ids are random."""
    conn = sqlite3.connect(":memory:")
    conn.executescript((ROOT / "storage/migrations/0001_base.sql").read_text(encoding="utf-8"))

    def columns(table: str) -> set[str]:
        return {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}

    assert columns("pool") == {"tenant", "project", "sealed"}
    assert columns("published") == {
        "tenant",
        "project",
        "id",
        "kind",
        "ref",
        "release",
        "receipt",
        "body",
    }
    assert columns("snapshot") == {"tenant", "project", "audience", "release", "body"}
    assert {"at_us", "person"} <= columns("record")
