"""Backups hold what was said without a name, and not who had taken part."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot.core.tokens import write_press
from bot.platforms.common.ports import Pressed
from bot.server.backup_files import cleansed, restore
from dialogs.model import cards as c
from dialogs.model.effects import Mark, Pooled, PoolEntry
from dialogs.model.events import Fits, Look
from storage.sql import Script
from storage.sqlite import backup
from storage.transactions.anonymous_pool import MARK, OPEN, ROUND, Pool
from storage.transactions.pools import rewrite_pool
from storage.transactions.scope import Scope
from storage.transactions.store import Scripts
from storage.vault import Vault, read_key
from tests.anonymity.hands import RELEASED, instances, project_of, running
from tests.anonymity.meeting import SURVEY, WRITERS, Meeting
from tests.worlds.stage import TENANT, Stage, slow_clock, text_of
from tests.worlds.stage import stage as running_again

RUN = "run.1"
SENT: tuple[Pooled, ...] = (PoolEntry("note", RUN, {"text": "Vi mangler tid"}), Mark(RUN))


def vault_of(folder: Path) -> Vault:
    return Vault(read_key(folder / "key" / "digi.key"))


def pool_in(file: Path, vault: Vault, project: str) -> Pool:
    with closing(sqlite3.connect(file)) as conn:
        [(sealed,)] = conn.execute("SELECT sealed FROM pool").fetchall()
    return Pool.open(vault, TENANT, project, sealed)


def opened(vault: Vault, file: Path, project: str) -> tuple[Pool, bytes]:
    """Return the pool in a backup, and all bytes of the database in it."""
    plain = file.with_suffix(".opened")
    backup.open_file(vault, file, plain)
    pool, raw = pool_in(plain, vault, project), plain.read_bytes()
    plain.unlink()
    return pool, raw


async def takes_part(played: Stage, project: str, person: str, form: str) -> str:
    house = played.house
    taken: str = await house.database.tx_sealed(
        house.scripts.pools.put, TENANT, project, SENT, form, bytes(32), f"mac of {person}"
    )
    return taken


async def fill(played: Stage, folder: Path) -> str:
    """A round in which two wrote, one of them twice, and a proposal on which two voted."""
    house, project = played.house, project_of(folder)

    def opens() -> Script[None]:
        scope = Scope(TENANT, project, house.vault)
        yield from rewrite_pool(scope, RELEASED, lambda pool: pool.opened(RUN, 8192))

    await house.database.tx_sealed(opens)
    for n, person in enumerate(("anne", "bodil", "anne")):
        assert await takes_part(played, project, person, f"form {n}") == "kept"
    await played.type("anne", "næste")
    await played.press("bodil", "Svar")
    await played.fill("bodil", {"Dit svar": "Pauserne"})
    await played.press("anne", "Led samtalen")
    await played.press("anne", "Saml op")
    await played.fill("anne", {"Hvad": "Vi prøver det af"})
    for person in ("sofie", "lars"):
        await played.press(person, "Det passer")
    return project


async def copied(played: Stage, target: Path) -> None:
    store: Any = played.house.database
    await store.copy_to(target)


def sealed_in(folder: Path) -> bytes:
    with closing(sqlite3.connect(folder / "digi.db")) as conn:
        [(sealed,)] = conn.execute("SELECT sealed FROM pool").fetchall()
    assert isinstance(sealed, bytes)
    return sealed


def secrets_of(pool: Pool) -> set[str]:
    return {e.mark for e in pool.entries if e.mark}


def assert_forgotten(before: Pool, after: Pool) -> None:
    """All that was said is there and as many marks as people, but neither who nor any secret."""
    assert len(secrets_of(before)) == 6  # two marks, two votes and two secrets
    assert secrets_of(after) == set()
    said = {e.id: e.body for e in before.entries if e.kind not in (MARK, OPEN, ROUND)}
    assert {e.id: e.body for e in after.entries if e.kind != MARK} == said
    marks = [e for e in after.entries if e.kind == MARK]
    assert len(marks) == 2
    assert not {e.id for e in marks} & {e.id for e in before.entries}


async def test_a_backup_holds_neither_marks_nor_secrets(tmp_path: Path) -> None:
    """Not even in free pages; the pool has its size, and the running Digi keeps what it has."""
    async with running(tmp_path) as played:
        project = await fill(played, tmp_path)
        vault, sealed = played.house.vault, sealed_in(tmp_path)
        before = Pool.open(vault, TENANT, project, sealed)
        kept, raw = opened(vault, await played.house.upkeep.backup(), project)
        assert_forgotten(before, kept)
        assert sealed[-64:] not in raw
        assert len(kept.seal(vault, TENANT, project)) == len(sealed)
        assert secrets_of(Pool.open(vault, TENANT, project, sealed_in(tmp_path))) == secrets_of(
            before
        )
        assert await takes_part(played, project, "anne", "form 9") == "kept"


async def test_a_restore_closes_rounds_and_keeps_what_was_written(tmp_path: Path) -> None:
    """Nobody can write in the round or vote on the proposal, and whoever tries hears why. The notes
    and the number of those who wrote come at the close."""
    async with running(tmp_path) as played:
        project = await fill(played, tmp_path)
        file = await played.house.upkeep.backup()
    vault = vault_of(tmp_path)
    backups = tmp_path / "backups"
    await restore(vault, file, tmp_path / "digi.db", tmp_path, backups, over=True)
    async with running_again(tmp_path) as played:
        assert await takes_part(played, project, "sofie", "form 9") == "closed"
        assert await takes_part(played, project, "anne", "form 0") == "again"
        pool = pool_in(tmp_path / "digi.db", vault, project)
        kinds = sorted(w.kind for w in pool.drawn(("note", "mark"), RUN))
        assert kinds == ["mark", "mark", "note", "note", "note"]
        votes = len(pool.drawn(("fits",), ""))
        [question] = instances(tmp_path)["question"]
        token = write_press(vault, TENANT, Fits(project=project, question=question))
        answer = await played.send("noor", Pressed(token), private=False)
        assert "den husker ikke, hvem der har stemt" in text_of(answer.cards[0])
        pool = pool_in(tmp_path / "digi.db", vault, project)
        assert len(pool.drawn(("fits",), "")) == votes == 2
    # What was replaced is a backup too.
    replaced = [one for one in backup.all_in(backups) if one != file]
    assert [secrets_of(opened(vault, one, project)[0]) for one in replaced] == [set()]


async def test_who_writes_before_and_after_a_restore_counts_once(tmp_path: Path) -> None:
    """A round that goes on from week to week is opened again. The marks from the backup are bare,
    so they are dropped: too few count, never too many."""
    async with running(tmp_path) as played:
        project = await fill(played, tmp_path)
        pool = pool_in(tmp_path / "digi.db", played.house.vault, project).unmarked()
    again = pool.opened(RUN, 8192)
    assert len(again.drawn((MARK,), RUN)) == 0
    after, taken = again.take(SENT, bytes(32), "form 9", "mac of anne")
    assert taken == "kept"
    assert len(after.drawn((MARK,), RUN)) == 1
    assert len(after.drawn(("note",), RUN)) == 4


async def shown(meeting: Meeting, *looks: Look) -> list[str]:
    """Return what the leader sees of the exercises."""
    answers = [await meeting.does("anne", look) for look in looks]
    return [text_of(card) for one in answers for card in one.cards] + [
        msgspec.json.encode(file).decode() for one in answers for file in one.files
    ]


async def test_a_restored_exercise_shows_what_it_showed_and_ends_its_round(tmp_path: Path) -> None:
    """Survey result, board and report are those of the backup. The round that was open takes no
    note, and its close shows what had been written until then."""
    clock = slow_clock()
    async with running(tmp_path, clock=clock) as played:
        meeting = Meeting(played, tmp_path)
        await meeting.begins(SURVEY)
        await played.move(played.house.clock.now() + timedelta(days=1))
        for person in WRITERS:
            await meeting.answers(person, "bswubs")
        await meeting.closes()
        await meeting.ends()
        survey = Look("survey_answers", project=meeting.project, ref=meeting.run)
        await meeting.begins()
        await meeting.goes_to("write")
        for n, person in enumerate(WRITERS):
            await meeting.notes(person, f"Seddel {n}")
        board = Look("exercise_board", project=meeting.project, ref=meeting.run)
        looks = survey, board, Look("report_file", project=meeting.project)
        before = await shown(meeting, *looks)
        file = await played.house.upkeep.backup()
        await meeting.notes("omar", "Efter kopien")
        await meeting.closes()
        assert await shown(meeting, *looks) != before
    vault = vault_of(tmp_path)
    await restore(vault, file, tmp_path / "digi.db", tmp_path, tmp_path / "backups", over=True)
    async with running_again(tmp_path, clock=clock) as played:
        again = Meeting(played, tmp_path)
        again.run = meeting.run
        assert await shown(again, *looks) == before
        assert "De fleste svarer" in before[0] or "I ser forskelligt" in before[0]
        refused = await again.notes("omar", "Efter gendannelsen")
        assert "er lukket" in c.plain(refused.faults[0].text)
        await again.closes()
        assert sorted(await again.ids()) == [f"Seddel {n}" for n in range(len(WRITERS))]
        assert "mark" not in again.waiting()


async def test_an_older_backup_forgets_when_it_is_opened_again(tmp_path: Path) -> None:
    """Digi made backups with marks before: they go when one is restored, or rewritten because of a
    deletion."""
    async with running(tmp_path) as played:
        project = await fill(played, tmp_path)
        copy = tmp_path / "copy.db"
        await copied(played, copy)
    vault, old = vault_of(tmp_path), tmp_path / backup.name_of(RELEASED)
    backup.seal_file(vault, copy, old, RELEASED)
    before = opened(vault, old, project)[0]
    home = tmp_path / "home"
    await restore(vault, old, home / "digi.db", home, home / "backups", over=False)
    assert_forgotten(before, pool_in(home / "digi.db", vault, project))
    await cleansed(vault, Scripts(vault), old, [], tmp_path)
    assert_forgotten(before, opened(vault, old, project)[0])


async def test_a_copy_made_before_an_upgrade_forgets_at_the_next_start(tmp_path: Path) -> None:
    """And is deleted when it would have been."""
    async with running(tmp_path) as played:
        project = await fill(played, tmp_path)
        copy = tmp_path / "digi.db.before-0009"
        await copied(played, copy)
        os.utime(copy, (1_000_000, 1_000_000))
    vault = vault_of(tmp_path)
    before = pool_in(copy, vault, project)
    async with running_again(tmp_path):
        assert_forgotten(before, pool_in(copy, vault, project))
        assert copy.stat().st_mtime == 1_000_000


async def test_a_damaged_database_is_replaced_and_kept_as_it_is(tmp_path: Path) -> None:
    """The marks in it cannot be found, and what it holds may be needed."""
    async with running(tmp_path) as played:
        file = await played.house.upkeep.backup()
    broken = b"SQLite format 3\0" + bytes([16, 0, 2, 2]) + b"no database" * 1000
    (tmp_path / "digi.db").write_bytes(broken)
    vault = vault_of(tmp_path)
    await restore(vault, file, tmp_path / "digi.db", tmp_path, tmp_path / "backups", over=True)
    [replaced] = [one for one in backup.all_in(tmp_path / "backups") if one != file]
    plain = tmp_path / "plain"
    backup.open_file(vault, replaced, plain)
    assert plain.read_bytes() == broken
