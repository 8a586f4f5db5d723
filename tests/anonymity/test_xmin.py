"""PostgreSQL's rows carry the number of the transaction that wrote them: no clock for a thief."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from storage.facts import from_us
from storage.postgres import Postgres
from storage.sql import Script
from tests.anonymity.hands import running
from tests.anonymity.thief import Between, placed
from tests.anonymity.weeks import Act, first_monday, lively_week, standing
from tests.stage import BEGINNING

TEXTS = 5
Figures = Callable[[str], None]

_PAGES = (
    "SELECT i.t_xmin::text::bigint, i.t_xmax::text::bigint"
    " FROM (SELECT oid FROM pg_class WHERE oid IN ('pool'::regclass, 'published'::regclass)"
    " UNION SELECT reltoastrelid FROM pg_class"
    " WHERE oid IN ('pool'::regclass, 'published'::regclass)) AS r,"
    " generate_series(0, pg_relation_size(r.oid) / 8192 - 1) AS page,"
    " heap_page_items(get_raw_page(r.oid::regclass::text, page::int)) AS i"
    " WHERE i.t_xmin IS NOT NULL"
)
_NAMED = (
    "SELECT xmin::text::bigint, at_us FROM inbox WHERE key LIKE 'form:%'"
    " UNION ALL SELECT xmin::text::bigint, at_us FROM record"
)


def from_server(dsn: str, taken: datetime) -> list[Between]:
    """Each transaction that any version of a row bears, dead ones too, on the pages of what is
    said without a name, between the named rows before and after it."""
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        numbers = {number for row in server.execute(_PAGES) for number in row if number}
        named = sorted((xid, from_us(at)) for xid, at in server.execute(_NAMED))
    found = []
    for number in numbers:
        before = [at for xid, at in named if xid < number]
        after = [at for xid, at in named if xid > number]
        if before:
            found.append(Between(max(before), min(after, default=taken)))
    return found


async def _robbed(folder: Path, weeks: int, dsn: str) -> tuple[list[Act], set[datetime]]:
    """Weeks in which somebody reads the server's pages each evening; which acts they place."""
    acts: list[Act] = []
    found: set[datetime] = set()
    async with running(folder, either=dsn) as played:
        for n in range(weeks):
            taken: list[tuple[datetime, list[Between]]] = []

            async def robbed(
                at: datetime, into: list[tuple[datetime, list[Between]]] = taken
            ) -> None:
                into.append((at, from_server(dsn, at)))

            monday = first_monday() + timedelta(weeks=n)
            week = await lively_week(played, random.Random(n), monday, TEXTS, robbed)
            # Each minute all rows get a new version, whoever wrote: that one is explained too.
            explained = [*standing(BEGINNING, played.house.clock.now()), *(at for at, _ in taken)]
            for _, betweens in taken:
                found.update(placed(betweens, [act.at for act in week], explained))
            acts.extend(week)
    return acts, found


async def _left_as_it_is(store: Postgres) -> bool:
    return True


def _without_stirring(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Script[None]:
        yield from ()

    monkeypatch.setattr(Postgres, "_stirring", staticmethod(nothing))


@pytest.mark.parametrize("weeks", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_the_numbers_of_transactions_place_nothing(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int
) -> None:
    """Read from the raw pages, the dead versions and the long values' table among them: none."""
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL, {weeks} weeks, {len(acts)} texts without a name, {len(found)} placed")
    assert len(acts) == weeks * TEXTS
    assert not found


@pytest.mark.parametrize("weeks", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_control_without_a_vacuum_most_are_placed(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same thief, the same weeks, and the former versions are left where they lie."""
    monkeypatch.setattr(Postgres, "_emptied", _left_as_it_is)
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL without vacuum, {weeks} weeks, {len(acts)} texts, {len(found)} placed")
    assert len(found) >= 0.6 * len(acts)


@pytest.mark.long
@pytest.mark.parametrize("weeks", [2, 20])
async def test_control_without_the_minutes_new_versions_each_days_last_is_placed(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vacuum alone leaves the number of the last writing, and that is a clock."""
    _without_stirring(monkeypatch)
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL without stirring, {weeks} weeks, {len(acts)} texts, {len(found)} placed")
    assert found
