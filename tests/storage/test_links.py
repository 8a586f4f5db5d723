"""Links: only a hash is stored, and what is over looks like what never was."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

from bot.core.localize import Localizer
from bot.server.backup_files import restore
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model.links import ProjectLink
from storage.transactions.links import token_of
from storage.transactions.reading import NamesAndWords
from tests.worlds.house import MONDAY, PROJECT, TENANT, Wall, a_house, asked, carry_out, found

ROWS = "SELECT * FROM link"


async def test_of_a_link_only_the_hash_of_its_token_is_stored(tmp_path: Path, either: str) -> None:
    """160 bits in 32 characters; the row holds their hash, and the project and kind."""
    async with a_house(tmp_path, either=either) as house:
        await found(house)
        token = await house.links.make("page", TENANT, PROJECT)
        other = await house.links.make("page", TENANT, PROJECT)
        assert re.fullmatch(r"[a-z2-7]{32}", token)
        assert token != other
        rows = asked(tmp_path, either, ROWS)
        assert {bytes(row[0]) for row in rows} == {
            hashlib.sha256(one.encode()).digest() for one in (token, other)
        }
        assert {row[1:4] for row in rows} == {(TENANT, PROJECT, "page")}
        assert token not in repr(rows)
        assert await house.links.resolve(token) == ProjectLink("page", TENANT, PROJECT)


async def test_withdrawn_expired_and_never_made_are_resolved_alike(
    tmp_path: Path, either: str
) -> None:
    """None for each of them, and for what is no token at all; others go on."""
    wall = Wall()
    async with a_house(tmp_path, wall=wall, either=either) as house:
        await found(house)
        until = MONDAY + timedelta(days=1)
        gone = await house.links.make("page", TENANT, PROJECT)
        short = await house.links.make("leading", TENANT, PROJECT, "anne", until)
        stays = await house.links.make("page", TENANT, PROJECT)
        await house.links.withdraw(gone)
        assert await house.links.resolve(short) == ProjectLink(
            "leading", TENANT, PROJECT, "anne", until
        )
        wall.at = until
        for token in (gone, short, "a" * 32, "", "../om", "A" * 32, "æ" * 32, gone.upper()):
            assert await house.links.resolve(token) is None
        assert await house.links.resolve(stays) is not None
        await house.database.tx(house.scripts.prune, until + timedelta(hours=23))
        assert len(asked(tmp_path, either, ROWS)) == 3
        await house.database.tx(house.scripts.prune, until + timedelta(hours=25))
        assert len(asked(tmp_path, either, ROWS)) == 2


async def test_links_go_with_their_project_and_their_person(tmp_path: Path, either: str) -> None:
    """Erasing deletes what belongs to it, and nothing else."""
    async with a_house(tmp_path, either=either) as house:
        await found(house)
        await found(house, "p2", channel="C2")
        until = MONDAY + timedelta(days=1)
        page = await house.links.make("page", TENANT, PROJECT)
        annes = await house.links.make("download", TENANT, "p2", "anne", until)
        jonas = await house.links.make("download", TENANT, "p2", "jonas", until)
        await house.upkeep.erase_person(TENANT, "anne")
        assert [await house.links.resolve(one) is not None for one in (page, annes, jonas)] == [
            True,
            False,
            True,
        ]
        assert "anne" not in {row[4] for row in asked(tmp_path, either, ROWS)}
        await house.upkeep.erase_project("p2")
        assert [row[2] for row in asked(tmp_path, either, ROWS)] == [PROJECT]


async def test_a_withdrawn_link_stays_withdrawn_in_a_restored_backup(tmp_path: Path) -> None:
    """The backup was made before; the mark in the file beside the database ends it again."""
    away = tmp_path / "away"
    away.mkdir()
    async with a_house(tmp_path / "home") as house:
        await found(house)
        gone = await house.links.make("page", TENANT, PROJECT)
        stays = await house.links.make("page", TENANT, PROJECT)
        old = await house.upkeep.backup(away)
        await house.links.withdraw(gone)
        await house.upkeep.backup()  # as each night: the marks go to the file beside the database
        vault = house.vault
    home = tmp_path / "home"
    await restore(vault, old, home / "digi.db", home, home / "backups", over=True)
    async with a_house(home) as house:
        assert await house.links.resolve(gone) is None
        assert await house.links.resolve(stays) is not None


async def test_a_dialog_makes_shows_and_withdraws_a_link(tmp_path: Path, either: str) -> None:
    """It keeps the link's id; the address is made again each time it is shown, and without
    DIGI_PUBLIC_URL the card names the setting."""
    async with a_house(tmp_path, either=either) as house:
        project = await found(house)
        await carry_out(house, fx.MakeLink("page", "l1"), fx.MakeLink("page", "l2"))
        token = token_of(house.vault, "page", "l1")
        assert await house.links.resolve(token) == ProjectLink("page", TENANT, PROJECT)
        await carry_out(house, fx.WithdrawLink("page", "l1"))
        assert await house.links.resolve(token) is None
        assert await house.links.resolve(token_of(house.vault, "page", "l2")) is not None
        nothing = NamesAndWords({}, {}, project)
        shown: Localizer = house.views.localizer(TENANT, nothing, "da", private=True)
        address = shown.line(c.LinkAddress("page", "l1"))
        assert "DIGI_PUBLIC_URL" in c.plain(address)
        house.views._public_url = "https://digi.example"
        assert shown.line(c.LinkAddress("page", "l1")) == (
            c.Link(f"https://digi.example/b/{token}", f"https://digi.example/b/{token}"),
        )
