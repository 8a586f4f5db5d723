"""A deletion leaves the rewriting of a large database to the nightly run, and says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.cli.control import Request
from bot.cli.orders import carry_out
from bot.server import upkeep
from bot.server.build import House
from storage import tombstones
from storage.sql import Script
from storage.sqlite import backup
from tests.bot.server.test_erasing_in_steps import two_projects
from tests.worlds.house import TENANT, a_house, asked

ORDERS = {
    "erase-person": {"person": "anne", "workplace": TENANT},
    "erase-project": {"project": "p1"},
}


def count_vacuums(house: House, patch: pytest.MonkeyPatch) -> list[None]:
    vacuums: list[None] = []
    vacuum = house.database.vacuum

    async def counted() -> None:
        vacuums.append(None)
        await vacuum()

    patch.setattr(house.database, "vacuum", counted)
    return vacuums


async def ordered(house: House, do: str) -> str:
    done = await carry_out(house, Request(do, ORDERS.get(do, {})))
    assert done.fine, done.said
    return done.said


@pytest.mark.parametrize("do", ORDERS)
async def test_the_files_of_a_large_database_are_cleared_in_the_coming_night(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    """The command rewrites nothing, its proof says what is left for the night, and the tombstone
    beside the database exists already. The nightly run rewrites once, and files the final proof
    with the same numbers."""
    monkeypatch.setattr(upkeep, "AT_ONCE", 0)
    home = tmp_path / "home"
    async with a_house(home, either=either) as house:
        await two_projects(house)
        house.upkeep.begin_to_serve()
        vacuums = count_vacuums(house, monkeypatch)
        said = await ordered(house, do)
        assert not vacuums
        assert "# Foreløbigt bevis for sletning" in said
        assert "i nat" in said
        assert "# Preliminary proof of deletion" in said
        assert "tonight" in said
        assert "filer er skrevet om" not in said
        [stone] = tombstones.read_file(home)
        assert asked(home, either, "SELECT id, done FROM tombstone") == [(stone.id, 0)]
        await house.upkeep.night()
        assert len(vacuums) == 1
        await house.upkeep.night()
        assert len(vacuums) == 1
    assert asked(home, either, "SELECT id, done FROM tombstone") == [(stone.id, 1)]
    first, final = sorted((home / "proofs").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert first.read_text(encoding="utf-8") == said
    text = final.read_text(encoding="utf-8")
    assert "# Bevis for sletning" in text
    assert "i nat" not in text
    assert "filer er skrevet om" in text
    assert ("4 svar" in text) == ("4 svar" in said) == (do == "erase-person")


async def test_a_start_after_a_stop_clears_the_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Digi is stopped before the nightly run, maintenance does it after the next start."""
    monkeypatch.setattr(upkeep, "AT_ONCE", 0)
    home = tmp_path / "home"
    async with a_house(home) as house:
        await two_projects(house)
        house.upkeep.begin_to_serve()
        await ordered(house, "erase-person")
    async with a_house(home) as house:
        vacuums = count_vacuums(house, monkeypatch)
        await house.courier.housekeeping.minute()
        await house.courier.housekeeping.night()
        assert len(vacuums) == 1
    assert asked(home, "", "SELECT done FROM tombstone") == [(1,)]


async def test_a_new_key_of_a_large_database_leaves_the_clearing_to_the_night(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator is told, and the nightly run clears the files once, although nothing was
    deleted."""
    monkeypatch.setattr(upkeep, "AT_ONCE", 0)
    async with a_house(tmp_path / "home", either=either) as house:
        await two_projects(house)
        house.upkeep.begin_to_serve()
        vacuums = count_vacuums(house, monkeypatch)
        assert "the next nightly run" in await ordered(house, "rotate-key")
        assert not vacuums
        await house.upkeep.night()
        await house.upkeep.night()
        assert len(vacuums) == 1


@pytest.mark.parametrize("why", ["nobody waits", "it is small"])
@pytest.mark.parametrize("do", [*ORDERS, "rotate-key"])
async def test_the_files_are_cleared_at_once_where_nobody_waits_or_it_takes_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, do: str, why: str
) -> None:
    """This holds for a command in a process of its own, and for a small database."""
    if why == "nobody waits":
        monkeypatch.setattr(upkeep, "AT_ONCE", 0)
    async with a_house(tmp_path / "home") as house:
        await two_projects(house)
        if why == "it is small":
            house.upkeep.begin_to_serve()
        vacuums = count_vacuums(house, monkeypatch)
        said = await ordered(house, do)
        assert len(vacuums) == 1
        assert "tonight" not in said
        assert "nightly run" not in said
        assert len(backup.all_in(tmp_path / "home" / "backups")) == (do == "rotate-key")


async def test_a_database_says_how_much_it_rewrites_at_once(tmp_path: Path, either: str) -> None:
    """It is the whole file, or the largest table: a megabyte more in a table is one more."""
    async with a_house(tmp_path / "home", either=either) as house:
        before = await house.database.rewritten_at_once()
        assert before > 0

        def written() -> Script[None]:
            yield "secret_put", {"name": "big", "body": os.urandom(1_000_000)}

        await house.database.tx(written)
        assert await house.database.checkpoint()
        assert await house.database.rewritten_at_once() >= before + 900_000
