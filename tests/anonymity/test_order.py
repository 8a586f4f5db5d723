"""A release does not contain the order in which its texts were written, nor does a board."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest

from dialogs.model.effects import Mark, PoolEntry
from storage.transactions import anonymous_pool as pools
from storage.vault import code_hash, code_of
from tests.anonymity.hands import ROOT, look, opened, project_of, reading, running
from tests.anonymity.meeting import LANE, Meeting
from tests.worlds.cards import Dressed
from tests.worlds.postgres import places_later
from tests.worlds.stage import COPENHAGEN, TENANT, Stage

AFTER = datetime(2026, 11, 5, 7, 30, tzinfo=COPENHAGEN)
ONE_PER_CENT = 2.576
Orders = dict[str, list[int]]
OrdersOf = Callable[[Path, int, str], Awaitable[Orders]]
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
    with reading(folder) as conn:
        rows = conn.execute("SELECT id, body FROM published ORDER BY rowid").fetchall()
        kept = conn.execute("SELECT id FROM state WHERE dialog = 'concern' ORDER BY rowid")
        orders["states by rowid"] = [number[id] for (id,) in kept]
    orders["by rowid"] = [number[id] for id, _ in rows]
    orders["by byte offset"] = [
        number[id] for id, _ in sorted(rows, key=lambda row: _lies(raw, row))
    ]
    return orders


async def _orders_on_board(folder: Path, size: int, either: str = "") -> Orders:
    """Close a round, and return the order of its notes in each place."""
    async with running(folder, either=either) as played:
        meeting = Meeting(played, folder)
        await meeting.begins()
        await meeting.goes_to("write")
        for n in range(size):
            await _write_note(meeting, n)
        await meeting.closes()
        await played.house.database.checkpoint()
        number = {one.id: _number(one.body["text"]) for one in await meeting.published()}
        seen = await meeting.seen(("anne",), ("board_file",))
    walls = {key[0]: shown for key, shown in seen.items() if key[0] in ("wall", "leading")}
    [printed] = [seen[key] for key in seen if key[1] == "board_file" and key[2]]
    orders = {
        "by id": [number[id] for id in sorted(number)],
        "as the conversations read them": [*number.values()],
        **{f"on the {where}": _numbers(shown) for where, shown in walls.items()},
        "printed": _numbers(printed),
    }
    with reading(folder) as conn:
        rows = conn.execute("SELECT id FROM published").fetchall()
        orders["as selected"] = [number[id] for (id,) in rows]
        if either:
            rows = conn.execute("SELECT id FROM published ORDER BY ctid").fetchall()
            return orders | {"by ctid": [number[id] for (id,) in rows]}
        rows = conn.execute("SELECT id, body FROM published ORDER BY rowid").fetchall()
    raw = (folder / "digi.db").read_bytes()
    orders["by rowid"] = [number[id] for id, _ in rows]
    orders["by byte offset"] = [
        number[id] for id, _ in sorted(rows, key=lambda row: _lies(raw, row))
    ]
    return orders


async def _write_note(meeting: Meeting, n: int) -> None:
    house, round = meeting.played.house, f"{meeting.run}.1"
    body = {"lane": LANE, "kind": "pro", "text": f"Seddel nummer {n:03}"}
    sent = PoolEntry("note", round, body), Mark(round), Mark(f"{meeting.run}.marks.0")
    taken = await house.database.tx_sealed(
        house.scripts.pools.put, TENANT, meeting.project, sent, f"form {n}", b"", f"mac {n}"
    )
    assert taken == "kept"


def _number(words: str) -> int:
    return int(words.rsplit(maxsplit=1)[-1])


def _numbers(shown: str) -> list[int]:
    """Return the numbers of the notes as they stand, each once."""
    found = re.findall(r"Seddel nummer (\d+)", shown)
    return [int(one) for one in dict.fromkeys(found)]


def _lies(raw: bytes, row: tuple[str, bytes]) -> tuple[int, int]:
    """Return where a row lies in the file. A database page is filled from its end."""
    page, offset = divmod(raw.index(row[1]), 4096)
    return page, -offset


@pytest.fixture(autouse=True)
def _cards_are_many(dressed: Dressed) -> Iterator[None]:
    """Forget what was drawn: hundreds of notes on a leading page, which is no form of a chat."""
    yield
    dressed.forget()


async def _means(
    folder: Path,
    batches: int,
    size: int,
    places: Callable[[], str],
    orders: OrdersOf = _orders,
) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for n in range(batches):
        for name, order in (await orders(folder / str(n), size, places())).items():
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


@pytest.mark.parametrize(
    ("places", "batches", "size"),
    [
        ("sqlite", 2, 40),
        ("postgres", 1, 40),
        pytest.param("sqlite", 20, 200, marks=LONG),
        pytest.param("postgres", 20, 200, marks=LONG),
    ],
    indirect=["places"],
)
async def test_a_board_has_lost_the_order_in_which_its_notes_were_written(
    tmp_path: Path,
    places: Callable[[], str],
    chance: random.Random,
    figures: Figures,
    batches: int,
    size: int,
) -> None:
    """On the wall, on the leading page, printed, and as they are stored."""
    means = await _means(tmp_path, batches, size, places, _orders_on_board)
    where = "PostgreSQL" if "by ctid" in means else "SQLite"
    shown = ", ".join(f"{name} {mean:+.4f}" for name, mean in means.items())
    figures(
        f"{where}, {batches} boards of {size}: bound {bound(batches, size):.4f}, mean tau {shown}"
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


@pytest.mark.parametrize("orders", [_orders, _orders_on_board])
@places_later
async def test_control_without_chance_the_order_is_found_everywhere(
    tmp_path: Path, places: Callable[[], str], orders: OrdersOf
) -> None:
    """Control: with sequential ids (like ULID or UUIDv7) and without shuffling, the order is found
    everywhere."""
    pools.set_chance(_InOrder())
    try:
        means = await _means(tmp_path, 1, 60, places, orders)
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
