"""A release has lost the order in which it was written."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime
from itertools import combinations
from pathlib import Path

from tests.anonymity.hands import ROOT, opened, reading, running, says
from tests.stage import COPENHAGEN, PEOPLE


def tau(order: list[int]) -> float:
    """Kendall's: 1 where the order is kept, 0 where nothing of it is left."""
    pairs = list(combinations(order, 2))
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs)


async def test_a_release_has_lost_the_order_in_which_it_was_written(
    tmp_path: Path, chance: random.Random
) -> None:
    """Neither the rows' places nor their ids nor the readers' list have anything of it left."""
    authors = [person for person in PEOPLE if person not in ("anne", "mette")]
    async with running(tmp_path) as played:
        for n in range(48):
            await says(played, authors[n % len(authors)], f"Tekst nummer {n:02}")
            played.house.engine._gate._acts.clear()
        await played.move(datetime(2026, 11, 5, 7, 30, tzinfo=COPENHAGEN))
        published, states = await opened(played, tmp_path)
        number = {one.id: int(one.body["text"].split()[-1]) for one in published}
        with reading(tmp_path) as conn:
            rows = conn.execute("SELECT id FROM published ORDER BY rowid").fetchall()
            places = conn.execute("SELECT id FROM state WHERE dialog='concern' ORDER BY rowid")
            by_place = [number[id] for (id,) in places]
    orders = {
        "rows": [number[id] for (id,) in rows],
        "ids": [number[one.id] for one in published],
        "states": by_place,
        "list": [number[one.id] for one in states],
    }
    bound = 2.58 * (2 * (2 * 48 + 5) / (9 * 48 * 47)) ** 0.5
    for name, order in orders.items():
        assert len(order) == 48
        assert abs(tau(order)) < bound, name
    assert tau(sorted(orders["rows"])) == 1


def test_what_is_published_has_no_time(tmp_path: Path) -> None:
    """No column of pool, published text or snapshot holds a time or a person, and an id is drawn
    by chance alone."""
    conn = sqlite3.connect(":memory:")
    conn.executescript((ROOT / "storage/migrations/0001_base.sql").read_text(encoding="utf-8"))

    def columns(table: str) -> set[str]:
        return {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}

    assert columns("pool") == {"tenant", "project", "sealed"}
    assert columns("published") == {
        "tenant", "project", "id", "kind", "ref", "release", "receipt", "body",
    }  # fmt: skip
    assert columns("snapshot") == {"tenant", "project", "audience", "release", "body"}
    assert {"at_us", "person"} <= columns("record")
