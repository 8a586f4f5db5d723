"""Ids of an earlier version that contain a person's id are replaced."""

from __future__ import annotations

from pathlib import Path

from storage.plain_ids import DONE
from storage.sql import Script
from storage.transactions.letters import ONCE
from storage.transactions.scope import Scope
from tests.anonymity.hands import project_of, running
from tests.worlds.house import asked
from tests.worlds.stage import PEOPLE, TENANT, Stage
from tests.worlds.stage import stage as running_again

COURSE = """
    anne > /digi næste
    fatima > tryk "Svar"
    fatima > udfyld Dit="Fatimas eget svar om ruterne"
    peter > tryk "Svar"
    peter > udfyld Dit="Peters svar om tiden"
"""
UNREACHED = f"unreached:{'0' * 12}:mette:2026-11-02"


def as_before(played: Stage, project: str) -> Script[None]:
    """Rewrite this version's rows as the earlier version wrote them."""
    scope = Scope(TENANT, project, played.house.vault)
    rows = yield "record_every", scope.key
    for row in rows:
        if row["kind"] != "answer":
            continue
        old = f"{row['ref']}:{row['person']}"
        body = scope.open("record", row["body"], "answer", row["id"])
        yield (
            "record_rename",
            {
                **scope.key,
                "kind": "answer",
                "id": row["id"],
                "new": old,
                "body": scope.vault.seal(body, "record", TENANT, project, "answer", old),
            },
        )
    for key in (f"once:{project}:unreached:mette", UNREACHED):
        yield "inbox_first", {"tenant": TENANT, "key": key, "now": 7}
    yield "meta_set", {"key": DONE, "value": ""}


def named(folder: Path, either: str) -> list[str]:
    """Return ids that contain a person's id."""
    ids = asked(folder, either, "SELECT id FROM record UNION SELECT key FROM inbox")
    return [id for (id,) in ids if PEOPLE.keys() & set(id.split(":"))]


async def test_the_ids_of_an_earlier_version_are_made_anew_at_the_start(
    tmp_path: Path, either: str
) -> None:
    """Afterwards no key and no record id contains one. Answers are unchanged, a new answer replaces
    the old one, and messages already sent once are not repeated."""
    async with running(tmp_path, either=either) as played:
        await played.play(COURSE)
        project = project_of(tmp_path)
        await played.house.database.tx(as_before, played, project)
        messages, acts = played.edge.messages, played.acts
    assert len(named(tmp_path, either)) == 4
    answers = "SELECT person, at_us FROM record WHERE kind = 'answer' ORDER BY person"
    before = asked(tmp_path, either, answers)
    async with running_again(tmp_path, either=either) as played:
        assert named(tmp_path, either) == []
        assert asked(tmp_path, either, answers) == before
        once = f"SELECT at_us FROM inbox WHERE key >= '{ONCE}:' AND key < '{ONCE};'"
        assert asked(tmp_path, either, once) == [(7,)]
        await played.house.turns.unreached(TENANT, project, "mette")
        assert asked(tmp_path, either, once) == [(7,)], "it was said once already"
        played.edge.messages, played.acts = messages, acts
        await played.play(
            """
            fatima > tryk "Svar"
            fatima < "Fatimas eget svar om ruterne"
            fatima > udfyld Dit="Fatimas andet svar"
            peter > tryk "Se svar"
            peter < "Fatimas andet svar"
            peter < "Peters svar om tiden"
            peter <! "Fatimas eget svar om ruterne"
            """
        )
        assert [person for person, _ in asked(tmp_path, either, answers)] == ["fatima", "peter"]
        assert asked(tmp_path, either, "SELECT n FROM answered") == [(2,)]
        assert named(tmp_path, either) == []


async def test_it_is_done_once(tmp_path: Path) -> None:
    """A later start reads one row of `meta` and does not scan all records."""
    async with running(tmp_path):
        pass
    async with running_again(tmp_path) as played:
        assert await played.house.database.read(played.house.scripts.meta, DONE) == "1"
