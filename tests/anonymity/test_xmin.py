"""The transaction ids in PostgreSQL's rows do not tell an attacker when something was written."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from storage.postgres.driver import Postgres
from storage.postgres.vacuum import PoolVacuum
from storage.sql import Script
from tests.anonymity.server_thief import from_pages, last_and_lying, robbed
from tests.anonymity.weeks import Act

TEXTS = 5
Figures = Callable[[str], None]


async def _robbed(folder: Path, weeks: int, dsn: str) -> tuple[list[Act], set[datetime]]:
    return await robbed(folder, weeks, TEXTS, dsn, lambda at: from_pages(dsn, at))


async def _left_as_it_is(vacuum: PoolVacuum) -> bool:
    return True


def _without_stirring(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Script[None]:
        yield from ()

    monkeypatch.setattr(Postgres, "_stirring", staticmethod(nothing))
    monkeypatch.setattr("storage.padding.WRITES", 0)


@pytest.mark.parametrize("weeks", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_the_numbers_of_transactions_place_nothing(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int
) -> None:
    """Read from raw pages, including dead rows and the TOAST table: no act is located."""
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL, {weeks} weeks, {len(acts)} texts without a name, {len(found)} placed")
    assert len(acts) == weeks * TEXTS
    assert not found


@pytest.mark.parametrize("weeks", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_control_without_a_vacuum_most_are_placed(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same attacker and weeks, with old row versions left in place."""
    monkeypatch.setattr(PoolVacuum, "shared", _left_as_it_is)
    monkeypatch.setattr(PoolVacuum, "clear_once", _left_as_it_is)
    monkeypatch.setattr("storage.padding.WRITES", 0)
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL without vacuum, {weeks} weeks, {len(acts)} texts, {len(found)} placed")
    assert len(found) >= 0.6 * len(acts)


@pytest.mark.long
@pytest.mark.parametrize("weeks", [2, 20])
async def test_control_without_the_minutes_new_versions_each_days_last_is_placed(
    tmp_path: Path, empty_dsn: str, figures: Figures, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a vacuum alone leaves the id of the last write, which locates it."""
    _without_stirring(monkeypatch)
    acts, found = await _robbed(tmp_path, weeks, empty_dsn)
    figures(f"PostgreSQL without stirring, {weeks} weeks, {len(acts)} texts, {len(found)} placed")
    assert found


def _pooled(sealed: bytes) -> Script[None]:
    yield "lock", {"lock": "p"}
    yield "pool_put", {"tenant": "t", "project": "p", "sealed": sealed}


async def test_a_minute_later_not_even_the_bytes_lie_there(postgres_dsn: str) -> None:
    """An act's transaction id is on the pages until the next full minute, and then nowhere."""
    store = await Postgres.open(postgres_dsn)
    try:
        await store.tx_sealed(_pooled, random.randbytes(16_412))
        await store.checkpoint()
        for _ in range(5):
            await store.tx_sealed(_pooled, random.randbytes(16_412))
            number, there = last_and_lying(postgres_dsn)
            assert number in there
            await store.checkpoint()
            assert number not in last_and_lying(postgres_dsn)[1]
    finally:
        await store.close()
