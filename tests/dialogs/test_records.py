"""The table of record kinds has every kind that a conversation writes, and no other."""

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
    """Return each kind that the dialogs' source names where it creates a record, and the places."""
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
    """The table has no unused kind."""
    assert made().keys() == RECORD_KINDS.keys(), made()


async def test_a_record_of_a_kind_outside_the_table_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Therefore every transcript that writes a record checks the table, also where the previous
    test cannot find the kind in the source."""
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
    """The database triggers must match the table: whoever sets `counted=True` also has to write a
    migration, or the count stays at zero."""
    async with a_house(tmp_path / "home", either=either):
        pass
    triggers = asked(tmp_path / "home", either, _SERVERS_TRIGGERS if either else _TRIGGERS)
    conditions = [re.split("BEGIN|EXECUTE", sql.partition("WHEN")[2])[0] for (sql,) in triggers]
    kinds = {kind for kind, said in RECORD_KINDS.items() if said.counted}
    assert [set(re.findall(r"'(\w+)'", one)) for one in conditions] == [kinds, kinds]


def test_the_proof_of_deletion_has_a_name_for_each_kind_that_erasing_deletes() -> None:
    """Also for roles and for rows of unknown versions; no name is unused."""
    phrases = content.load().phrases
    named = {key.removeprefix("proof.kind_") for key in phrases if key.startswith("proof.kind_")}
    deleted = {kind.name for kind in RECORD_KINDS.values() if kind.on_erase == "delete"}
    assert named == {*deleted, "role", erasing.OTHER}


def test_the_database_counts_the_kinds_that_the_table_says_it_counts() -> None:
    """The triggers that maintain the table `answered` are for exactly these kinds."""
    sql = "".join(
        file.read_text(encoding="utf-8") for file in sorted((FOLDER / "migrations").glob("*.sql"))
    )
    counted = set(re.findall(r"(?:NEW|OLD)\.kind = '(\w+)'", sql))
    assert counted == {kind.name for kind in RECORD_KINDS.values() if kind.counted}


async def test_a_kind_that_another_version_wrote_does_not_end_the_erasing(tmp_path: Path) -> None:
    """An unknown kind may contain the person's own text, so it is deleted, and the proof says so.
    Others' rows of that kind stay."""
    now = datetime(2026, 11, 2, 9, tzinfo=UTC)
    async with a_house(tmp_path / "home") as house:
        await found(house)

        def written(person: str) -> Script[None]:
            where = ("record", TENANT, PROJECT, "from_tomorrow", person[::-1])
            yield (
                "record_put",
                {
                    "tenant": TENANT,
                    "project": PROJECT,
                    "kind": where[3],
                    "id": where[4],
                    "ref": "",
                    "person": person,
                    "at": to_us(now),
                    "body": house.vault.seal(b"{}", *where),
                },
            )

        await house.database.tx(written, "anne")
        await house.database.tx(written, "mette")
        said = await house.upkeep.erase_person(TENANT, "anne")
        assert "1 rækker fra en anden udgave af Digi" in said
        assert asked(tmp_path / "home", "", "SELECT person FROM record") == [("mette",)]
