"""Using a card that was dealt for an exercise leaves the pool's row changed, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from dialogs.model.facts import Published
from tests.anonymity import hands
from tests.anonymity.hands import CANARY, changed, dump, every_log_line, wal_size
from tests.bot.platforms.web.test_card_page import CLOSED, TO_DOTS, five_write, in_hand
from tests.worlds.card_holders import dots, in_pool, notes, run_of
from tests.worlds.stage import TENANT


async def test_with_a_card_the_pools_row_changes_and_nothing_else(
    tmp_path: Path, either: str
) -> None:
    """Notes, dots, taking back, and a card that was used: each encrypts the row anew."""
    if either:
        hands._postgres[tmp_path] = either
    async with in_hand(tmp_path, 5, either=either) as (played, phones):
        await played.house.database.checkpoint()
        with every_log_line() as lines:
            before = dump(tmp_path)
            await five_write(phones)
            await phones[0].follows("Fortryd")
            await notes(phones[0], CANARY)
            assert changed(before, dump(tmp_path)) == {"pool"}
        await played.play(TO_DOTS)
        with every_log_line() as more:
            await played.house.database.checkpoint()
            before = dump(tmp_path)
            await dots(phones[0], "Seddel 1")
            once = dump(tmp_path)
            assert changed(before, once) == {"pool"}
            await dots(phones[0], "Seddel 2")
            assert phones[0].status == 404
            assert changed(once, dump(tmp_path)) == {"pool"}
        token = phones[0].address[-32:]
        for line in (*lines, *more):
            assert CANARY not in line
            assert token not in line
        if not either:
            assert wal_size(tmp_path) == 0


async def test_a_card_is_found_nowhere_in_the_files(tmp_path: Path) -> None:
    """Neither its address nor what was written with it; a control shows that the search finds."""
    async with in_hand(tmp_path, 1) as (_, [phone]):
        await notes(phone, CANARY)
        token = phone.address[-32:].encode()
        there = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
        assert token not in there
        assert CANARY.encode() not in there
        (tmp_path / "leak").write_bytes(b"x" + token + CANARY.encode())
        there = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
        assert token in there
        assert CANARY.encode() in there


async def test_after_the_round_nothing_says_which_door_a_note_came_by(tmp_path: Path) -> None:
    """Notes of cards and of the chat are kept alike, and no mark of either is left."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await played.press("fatima", "Skriv sedler")
        await played.fill("fatima", {"Hvor på tavlen": "Nu", "Seddel": "Seddel fra chatten"})
        assert {str(one.body) for one in await in_pool(played.house, "mark")} == {
            "{'card': True}",
            "{}",
        }
        await played.play(CLOSED)
        assert await in_pool(played.house, "mark") == []
        project, run = await run_of(played.house)
        facts = await played.house.database.read(
            played.house.scripts.reading.look, TENANT, project, (Published("note"),)
        )
        found = facts[Published("note")]
        assert sorted(re.sub(r"\d", "", one.body["text"]) for one in found) == [
            *["Seddel "] * 5,
            "Seddel fra chatten",
        ]
        assert {frozenset(one.body) for one in found} == {frozenset({"lane", "kind", "text"})}
        assert {(one.ref, one.release, one.receipt) for one in found} == {
            (run.rounds[0].id, 0, b"")
        }
