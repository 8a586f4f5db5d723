"""A rolling update: old replicas serve while a new one changes the schema."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

import storage.postgres.schema
from dialogs.model import cards as c
from storage.migrate import migrations
from storage.postgres.driver import Postgres
from storage.sql import FOLDER, Unavailable
from tests.faults.test_power import BEGINNING, Town, _missing
from tests.worlds.stage import Stage, stage

CHANGES = """
-- As a version adds to the largest tables: a column, an index, a table.
ALTER TABLE record ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';
ALTER TABLE letter ADD COLUMN note TEXT;
CREATE INDEX record_mood ON record (tenant, project, mood);
CREATE TABLE mood (tenant TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (tenant, name));
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The statements and migrations of a simulated next version."""
    folder = tmp_path / "newer"
    shutil.copytree(FOLDER / "migrations", folder / "migrations")
    shutil.copy(FOLDER / "queries.sql", folder)
    number = len(migrations()) + 1
    (folder / "migrations" / f"{number:04}_mood.sql").write_text(CHANGES, encoding="utf-8")
    return folder


AT_ONCE = 6
Built = Callable[[], contextlib.AbstractContextManager[None]]


@pytest.fixture
def of_next_version(newer: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    """Digis built in this context are of the next version."""

    @contextlib.contextmanager
    def built() -> Iterator[None]:
        with monkeypatch.context() as patched:
            patched.setitem(Postgres.open.__func__.__kwdefaults__, "folder", newer)  # type: ignore[attr-defined]
            yield

    return built


def applied(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        return [name for (name,) in conn.execute("SELECT name FROM migration ORDER BY name")]


async def test_old_replicas_serve_while_new_ones_change_the_schema_and_afterwards(
    tmp_path: Path,
    empty_dsn: str,
    of_next_version: Built,
    kindly: Callable[[], None],
    figures: Callable[[str], None],
) -> None:
    """Six people write concurrently by name and unsigned, through the old version, while three new
    replicas start. Nobody is refused, both versions serve, and nothing is sent twice."""
    kindly()
    folder = tmp_path / "home"
    async with stage(folder, either=empty_dsn) as old:
        town = await talking(old)
        migrated = asyncio.create_task(three_start(empty_dsn, of_next_version))
        while not migrated.done():
            await everybody(town)
        await migrated
        assert applied(empty_dsn)[-1].endswith("_mood")
        with of_next_version():
            async with stage(folder, either=empty_dsn) as new:
                for house in (new.house, old.house, new.house):
                    town.house = house
                    await everybody(town)
                    await house.courier.settle()
                await old.move(old.house.clock.now() + timedelta(hours=1))
                assert await _missing(town) == 0
                parcels = (*old.edge.parcels, *new.edge.parcels)
    # The old version is restarted, as in a rollback.
    async with stage(folder, either=empty_dsn) as back:
        with psycopg.connect(empty_dsn) as server:
            server.execute("UPDATE lane SET next_us = 0")  # both leases have expired
        town.house = back.house
        await everybody(town)
        await back.move(back.house.clock.now() + timedelta(hours=2))
        assert await _missing(town) == 0
        parcels = (*parcels, *back.edge.parcels)
    assert len(town.named) + len(town.unnamed) == len(town.sent), "somebody was refused"
    said = Counter(
        c.plain(part.words)
        for parcel in parcels
        for part in parcel.card.parts
        if isinstance(part, c.Quote) and parcel.kind == "private"
    )
    assert said == Counter(town.named), "each is brought to its reader once"
    figures(f"{len(town.sent)} things said to both versions: all kept, none twice, none refused")


async def talking(played: Stage) -> Town:
    await played.play(BEGINNING)
    med, uden = (played._button("fatima", label, "") for label in ("Med navn", "Uden navn"))
    return Town(played, (med, uden), random.Random(1))


async def everybody(town: Town) -> None:
    gate = town.house.engine._gate
    gate._acts.clear()
    gate._codes.clear()
    await asyncio.gather(*(town.says(unnamed=town.chance.random() < 0.3) for _ in range(AT_ONCE)))


async def three_start(dsn: str, of_next_version: Built) -> None:
    await asyncio.sleep(0.05)
    with of_next_version():
        stores = await asyncio.gather(*(Postgres.open(dsn, connections=1) for _ in range(3)))
        for store in stores:
            await store.close()


async def test_whoever_wants_to_change_the_tables_lets_those_who_serve_go_on(
    tmp_path: Path,
    postgres_dsn: str,
    newer: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A backup locks the tables for long. A new replica waits for the lock again and again, with a
    timeout, so that others are not blocked behind it; finally it reports what blocks it."""
    monkeypatch.setattr(storage.postgres.schema, "_NOT_FOR_LONG", "SET LOCAL lock_timeout = '50ms'")
    monkeypatch.setattr(storage.postgres.schema, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(storage.postgres.schema, "_TRIES", 10_000)
    async with stage(tmp_path / "home", either=postgres_dsn) as old:
        town = await talking(old)
        with psycopg.connect(postgres_dsn) as backup:
            backup.execute("SELECT count(*) FROM record")
            starting = asyncio.create_task(Postgres.open(postgres_dsn, folder=newer))
            for _ in range(3):
                await everybody(town)
            assert not starting.done()
            monkeypatch.setattr(storage.postgres.schema, "_TRIES", 2)
            with pytest.raises(Unavailable, match="pg_stat_activity"):
                await Postgres.open(postgres_dsn, folder=newer)
        await (await starting).close()
        assert applied(postgres_dsn)[-1].endswith("_mood")
        await everybody(town)
        assert len(town.named) + len(town.unnamed) == len(town.sent)
