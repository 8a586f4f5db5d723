"""The table of record kinds: everything that a conversation keeps is in it, and nothing else."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content import catalogue as content
from dialogs.model import effects as fx
from dialogs.model.records import RECORD_KINDS
from storage.sql import FOLDER, Script
from storage.transactions import erasing
from storage.transactions.scope import to_us
from storage.transactions.turns import Turn
from tests.bot.core.test_engine import news
from tests.worlds.house import MONDAY, PROJECT, TENANT, a_house, asked, faked, found

ROOT = Path(__file__).parents[2]


def made() -> dict[str, str]:
    """Each kind that the source of the dialogs names where it makes a record, and where."""
    kinds: dict[str, str] = {}
    for path in sorted((ROOT / "dialogs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Record", "fx.Record"):
                at = f"{path.relative_to(ROOT)}:{node.lineno}"
                kind = node.args[0] if node.args else None
                assert isinstance(kind, ast.Constant), f"{at}: name the kind where it is made"
                kinds[str(kind.value)] = at
    return kinds


def test_every_record_that_a_conversation_makes_is_in_the_table() -> None:
    """And the table holds no kind that nobody makes."""
    assert made().keys() == RECORD_KINDS.keys(), made()


async def test_a_record_of_a_kind_outside_the_table_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So every transcript that makes a record holds the table against what is really made, also
    where the source names the kind in a way that the test above does not read."""
    fake = faked(monkeypatch, "digest")
    async with a_house(tmp_path / "home") as house:
        await found(house)
        fake.does(fx.Record("diary", "", "d1", "anne", MONDAY, {"text": "x"}))
        turn = Turn(TENANT, PROJECT, "key", news("a"), MONDAY)
        with pytest.raises(AssertionError, match="diary"):
            await house.engine.turn(turn)


_TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'record'"
_SERVERS_TRIGGERS = (
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE tgrelid = 'record'::regclass AND NOT tgisinternal"
)


async def test_the_database_counts_what_the_table_calls_counted(
    tmp_path: Path, either: str
) -> None:
    """What a kind says in the table, the triggers of the migrations do: who writes `counted=True`
    writes the migration too, otherwise the count of that kind stays at nothing."""
    async with a_house(tmp_path / "home", either=either):
        pass
    triggers = asked(tmp_path / "home", either, _SERVERS_TRIGGERS if either else _TRIGGERS)
    conditions = [re.split("BEGIN|EXECUTE", sql.partition("WHEN")[2])[0] for (sql,) in triggers]
    kinds = {kind for kind, said in RECORD_KINDS.items() if said.counted}
    assert [set(re.findall(r"'(\w+)'", one)) for one in conditions] == [kinds, kinds]


def test_the_proof_of_deletion_has_a_name_for_each_kind_that_erasing_deletes() -> None:
    """And for roles, and for rows that another version wrote; and no name for anything else."""
    phrases = content.load().phrases
    named = {key.removeprefix("proof.kind_") for key in phrases if key.startswith("proof.kind_")}
    deleted = {kind.name for kind in RECORD_KINDS.values() if kind.on_erase == "delete"}
    assert named == {*deleted, "role", erasing.OTHER}


def test_the_database_counts_the_kinds_that_the_table_says_it_counts() -> None:
    """The triggers that keep the table `answered` are about these kinds and no others."""
    sql = "".join(
        file.read_text(encoding="utf-8") for file in sorted((FOLDER / "migrations").glob("*.sql"))
    )
    counted = set(re.findall(r"(?:NEW|OLD)\.kind = '(\w+)'", sql))
    assert counted == {kind.name for kind in RECORD_KINDS.values() if kind.counted}


async def test_a_kind_that_another_version_wrote_does_not_end_the_erasing(tmp_path: Path) -> None:
    """What this code does not know may be the person's own words: it is deleted, and the proof
    says so; others' rows of that kind stay."""
    now = datetime(2026, 11, 2, 9, tzinfo=UTC)
    async with a_house(tmp_path / "home") as house:
        await found(house)

        def written(person: str) -> Script[None]:
            where = ("record", TENANT, PROJECT, "from_tomorrow", person[::-1])
            yield "record_put", {
                "tenant": TENANT, "project": PROJECT, "kind": where[3], "id": where[4], "ref": "",
                "person": person, "at": to_us(now), "body": house.vault.seal(b"{}", *where),
            }  # fmt: skip

        await house.database.tx(written, "anne")
        await house.database.tx(written, "mette")
        said = await house.upkeep.erase_person(TENANT, "anne")
        assert "1 rækker fra en anden udgave af Digi" in said
        assert asked(tmp_path / "home", "", "SELECT person FROM record") == [("mette",)]
