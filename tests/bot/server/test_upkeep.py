"""Maintenance: erasing, backups, restoring and key rotation."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli.control import Done, Request
from bot.cli.orders import carry_out
from bot.server.backup_files import restore
from bot.server.new_key import HalfRotated, KeyInDoubt
from bot.server.upkeep import NotCleared
from storage import rekey, tombstones
from storage.sql import Unavailable, Unsure
from storage.sqlite import backup
from storage.sqlite.driver import Sqlite
from storage.transactions.rows import erased_id
from storage.transactions.scope import Scope, to_us
from storage.vault import Vault, make_key, read_key
from tests.anonymity.hands import by_code, project_of, reading, running, says
from tests.storage.test_drivers import before
from tests.storage.test_inventory import SEALED
from tests.worlds.stage import COPENHAGEN, PEOPLE, TENANT, Stage
from tests.worlds.stage import stage as running_again

RELEASED = datetime(2026, 11, 9, 12, tzinfo=COPENHAGEN)


def key_of(folder: Path) -> Path:
    return folder / "key" / "digi.key"


def rows_of(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with reading(folder) as conn:
        return list(conn.execute(sql).fetchall())


async def lively(played: Stage) -> None:
    """Fill a project with a question, signed answers, an agreement and signed texts."""
    await played.play(
        """
        anne > /digi næste
        fatima > tryk "Svar"
        fatima > udfyld Dit="Fatimas eget svar om ruterne"
        peter > tryk "Svar"
        peter > udfyld Dit="Peters svar om tiden"
        fatima > tryk "Sig det"
        fatima > tryk "Med navn"
        fatima > udfyld Hvad=Idé Din="Fatimas idé om ruterne" Hvem="alle"
        anne > tryk "Led samtalen" på "daglige arbejdsgange"
        anne > tryk "Saml op"
        anne > udfyld Hvad="Prøv det" "Aftale 1: hvad"="Prøv en rute" "Aftale 1: hvem"=fatima
        """
    )


async def all_that_is_kept(played: Stage, folder: Path) -> str:
    """Return every encrypted text of the database, decrypted with the key."""
    vault = played.house.vault
    found = []
    for one in rekey.TABLES:
        names = [*dict.fromkeys((*one.key, *one.bound)), one.column]
        rows = rows_of(folder, f"SELECT {', '.join(names)} FROM {one.table}")
        for row in sorted(rows, key=lambda row: str(row[:-1])):
            named = dict(zip(names, row, strict=True))
            if named[one.column] is not None and one.table != "secret":
                sealed = named[one.column]
                assert isinstance(sealed, bytes)
                found.append(vault.open(sealed, *one.place(named)).decode("utf-8", "replace"))
            found.append(" ".join(str(v) for v in row[:-1]))
    return "\n".join(found)


def remembered(played: Stage) -> str:
    """Return all plain texts in memory."""
    opened = played.house.vault._opened
    return repr((opened._young, opened._old)).casefold()


# --- a person -----------------------------------------------------------------------------


async def test_a_person_is_erased_by_name_and_nothing_else_is(tmp_path: Path, either: str) -> None:
    """Signed answers and texts and the name are gone from plain and encrypted columns. What others
    wrote stays, anybody may take the agreement, and the proof says what was done."""
    async with running(tmp_path, either=either) as played:
        await lively(played)
        assert "fatima" in remembered(played)
        before = await all_that_is_kept(played, tmp_path)
        assert "Fatimas eget svar" in before
        assert "fatima" in before
        said = await played.house.upkeep.erase_person(TENANT, "fatima")
        assert "fatima" not in remembered(played)
        after = await all_that_is_kept(played, tmp_path)
        assert "Fatima" not in after
        assert "fatima" not in after
        assert "Peters svar om tiden" in after
        assert "Prøv en rute" in after
        assert "Det, der er sagt uden navn, er ikke rørt." in said
        assert "1 svar, 1 tekster med navn" in said
        assert "Proof of deletion" in said
        assert "fatima" not in said.casefold()
        await played.house.courier.settle()
        await played.play(
            """
            peter > /digi aftaler
            peter < "Prøv en rute"
            """
        )


async def test_what_was_said_without_a_name_is_not_touched_by_erasing_its_author(
    tmp_path: Path,
) -> None:
    """The pool's row stays byte for byte the same, and the receipt code still works. Digi cannot
    know the author, and that must not show either."""
    async with running(tmp_path) as played:
        code = await says(played, "noor", "Vi når ikke at tale sammen")
        before = rows_of(tmp_path, "SELECT * FROM pool")
        await played.house.upkeep.erase_person(TENANT, "noor")
        assert rows_of(tmp_path, "SELECT * FROM pool") == before
        assert "Vi når ikke at tale sammen" in await by_code(played, "emil", code)


async def test_whoever_has_led_stays_refused_after_being_erased(
    tmp_path: Path, either: str
) -> None:
    """Otherwise a leader could be erased and then write unsigned in their own project. The role is
    vacant, and the channel is told so without the name."""
    async with running(tmp_path, either=either) as played:
        said = await played.house.upkeep.erase_person(TENANT, "anne")
        assert "har ledet 1 forløb" in said
        await played.house.courier.settle()
        assert "En tidligere kollega er ikke længere leder" in played.channel(since_last_act=True)
        await played.press("anne", "Sig det")
        assert "[Uden navn]" not in played.just("anne")


async def test_a_representative_who_is_erased_leaves_and_the_channel_is_told(
    tmp_path: Path,
) -> None:
    """The operator does this for a representative who cannot do it themselves."""
    async with running(tmp_path) as played:
        await played.house.upkeep.erase_person(TENANT, "mette")
        await played.house.courier.settle()
        assert "er ikke længere TR" in played.channel(since_last_act=True)
        assert not rows_of(tmp_path, "SELECT * FROM role WHERE person = 'mette'")


async def test_an_operator_ends_the_seat_of_one_who_cannot_press_any_more(
    tmp_path: Path, either: str
) -> None:
    """The channel is told the name, others keep their roles, and a leader cannot be removed in this
    way."""
    async with running(tmp_path, either=either) as played:
        project = project_of(tmp_path)
        done = await carry_out(
            played.house, Request("unseat", {"person": "mette", "project": project})
        )
        assert done == Done(True, "mette is no longer tr; the channel is told")
        await played.house.courier.settle()
        assert "Mette Krogh er ikke længere TR" in played.channel(since_last_act=True)
        for person, why in (("mette", "has no role there"), ("anne", "is the leader")):
            refused = await carry_out(
                played.house, Request("unseat", {"person": person, "project": project})
            )
            assert not refused.fine
            assert why in refused.said
        assert "Jonas Friis (AMR)" in await _readers(played)


async def _readers(played: Stage) -> str:
    await played.press("noor", "Sig det")
    await played.press("noor", "Uden navn")
    return played.just("noor")


# --- what is left on the disk -------------------------------------------------------------


async def test_a_deleted_project_leaves_no_byte_in_files_and_backups(tmp_path: Path) -> None:
    """Every encrypted value from before is searched for in the raw database, its write-ahead log,
    the copies before upgrades and the decrypted backups. As a control, all are found before the
    deletion."""
    async with running(tmp_path) as played:
        await lively(played)
        old = await played.house.upkeep.backup()
        (tmp_path / "digi.db.before-0002_keeping").write_bytes((tmp_path / "digi.db").read_bytes())
        project = project_of(tmp_path)
        sealed = [
            body
            for table in ("state", "record", "pool")
            for (body,) in rows_of(
                tmp_path,
                f"SELECT {'sealed' if table == 'pool' else 'body'} FROM {table}"
                f" WHERE project = '{project}'",
            )
        ]
        assert len(sealed) > 10
        assert _found(played, tmp_path, old, sealed)
        said = await played.house.upkeep.erase_project(project)
        assert project in said
        assert "Sikkerhedskopier renset: 1." in said
        assert not _found(played, tmp_path, old, sealed)
        assert not list(tmp_path.glob("*.before-*"))
        assert [one.name for one in (tmp_path / "proofs").iterdir()]


def _found(played: Stage, folder: Path, backup_file: Path, values: list[object]) -> list[str]:
    opened = folder / "opened.db"
    opened.unlink(missing_ok=True)
    backup.open_file(played.house.vault, backup_file, opened)
    files = [*folder.glob("digi.db*"), opened]
    return [
        file.name
        for file in files
        if file.suffix != ".lock"
        for value in values
        if isinstance(value, bytes) and value in file.read_bytes()
    ]


async def test_what_retention_deletes_is_carried_through_the_same_night(tmp_path: Path) -> None:
    """90 days after its end a project is deleted automatically, from files and backups too, and a
    proof is filed by the morning."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        await played.type("anne", "afslut")
        await played.press("anne", "Vi stopper her")
        await played.fill("anne", {"Hvorfor": "Det blev ikke til noget"})
        day = played.house.clock.now() + timedelta(days=91)
        await played.house.courier.move_to(day)
        assert not rows_of(tmp_path, f"SELECT * FROM state WHERE project = '{project}'")
        await played.house.courier.move_to(day + timedelta(days=3))
        [proof] = (tmp_path / "proofs").iterdir()
        assert project in proof.read_text(encoding="utf-8")
        assert rows_of(tmp_path, "SELECT done FROM tombstone WHERE kind = 'project'") == [(1,)]


async def test_the_words_of_a_withdrawn_text_are_gone_and_the_count_is_not(
    tmp_path: Path, either: str
) -> None:
    """Withdrawn by its code after the release: it is shown as *trukket tilbage*, its words are
    stored nowhere, and the number of texts is the same."""
    async with running(tmp_path, either=either) as played:
        code = await says(played, "noor", "Kanariens egne ord")
        await played.house.courier.move_to(RELEASED)
        before = rows_of(tmp_path, "SELECT id, kind, release FROM published")
        assert "Kanariens egne ord" in await all_that_is_kept(played, tmp_path)
        await by_code(played, "noor", code, "Træk teksten tilbage")
        await played.fill("noor", {})
        await played.house.courier.move_to(RELEASED + timedelta(days=7))
        assert "Kanariens egne ord" not in await all_that_is_kept(played, tmp_path)
        assert rows_of(tmp_path, "SELECT id, kind, release FROM published") == before
        assert "trukket tilbage" in await by_code(played, "noor", code)


# --- backups ------------------------------------------------------------------------------


async def test_a_backup_is_restored_and_deletes_again_what_was_deleted_since(
    tmp_path: Path,
) -> None:
    """A copy that an operator made elsewhere does not know of the deletion; restoring applies
    it."""
    away = tmp_path / "away"
    away.mkdir()
    async with running(tmp_path) as played:
        await lively(played)
        played_vault = played.house.vault
        kept = await played.house.upkeep.backup(away)
        await played.house.upkeep.erase_person(TENANT, "fatima")
    with pytest.raises(Unavailable, match="--over"):
        await restore(
            played_vault, kept, tmp_path / "digi.db", tmp_path, tmp_path / "backups", over=False
        )
    heeded = await restore(
        played_vault, kept, tmp_path / "digi.db", tmp_path, tmp_path / "backups", over=True
    )
    assert heeded == 1
    # The replaced database was backed up and is not lost.
    assert len(backup.all_in(tmp_path / "backups")) == 1
    others = tuple(person for person in PEOPLE if person != "fatima")
    async with running_again(tmp_path, team=others) as played:
        found = await all_that_is_kept(played, tmp_path)
        assert "fatima" not in found
        assert "Peters svar om tiden" in found


async def test_a_backup_of_an_earlier_version_marks_those_who_had_led(tmp_path: Path) -> None:
    """Migrations run on the restored database: current and former leaders stay refused, including
    those who were erased after it was made."""
    old, home = tmp_path / "old.db", tmp_path / "home"
    vault = Vault(make_key(tmp_path / "digi.key"))
    await (await Sqlite.open(old, folder=before(tmp_path, "0007"))).close()
    with closing(sqlite3.connect(old)) as conn:
        conn.execute("INSERT INTO project VALUES ('t', 'p', 'c', 1, 1)")
        for person, status in (("a", "confirmed"), ("b", "was"), ("c", "asked"), ("d", "was")):
            sealed = vault.seal(b"", "role", "t", "p", person, "leader")
            row = ("t", "p", person, "leader", status, 1, sealed)
            conn.execute("INSERT INTO role VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        conn.commit()
    file = tmp_path / backup.name_of(RELEASED)
    backup.seal_file(vault, old, file, RELEASED)
    erased = tombstones.Tombstone(
        to_us(RELEASED + timedelta(days=1)), "person", tombstones.salted("t", "d")
    )
    tombstones.add_to_file(tmp_path, [erased])
    await restore(vault, file, home / "digi.db", home, tmp_path / "backups", over=False)
    with closing(sqlite3.connect(home / "digi.db")) as conn:
        rows = conn.execute("SELECT person, status, led FROM role ORDER BY person").fetchall()
    gone = erased_id(Scope("t", "p", vault), "d")
    assert rows == [("a", "confirmed", 1), ("b", "was", 1), ("c", "asked", 0), (gone, "was", 1)]


async def test_what_people_deleted_themselves_stays_deleted_after_a_restore(tmp_path: Path) -> None:
    """Answers deleted with `/digi slet`, texts withdrawn by code after their release, and a whole
    project are not restored from an older backup."""
    away = tmp_path / "away"
    away.mkdir()
    async with running(tmp_path) as played:
        await lively(played)
        code = await says(played, "noor", "Kanariens egne ord")
        await played.house.courier.move_to(RELEASED)
        kept = await played.house.upkeep.backup(away)
        await by_code(played, "noor", code, "Træk teksten tilbage")
        await played.fill("noor", {})
        await played.type("peter", "slet")
        await played.press("peter", "Mine svar med navn")
        assert "er slettet" in played.just("peter")
        await played.house.courier.move_to(RELEASED + timedelta(days=8))
        vault = played.house.vault
        project = project_of(tmp_path)
    places = (tmp_path / "digi.db", tmp_path, tmp_path / "backups")
    assert await restore(vault, kept, *places, over=True) >= 2
    async with running_again(tmp_path) as played:
        found = await all_that_is_kept(played, tmp_path)
        assert "Kanariens egne ord" not in found
        assert "Peters svar om tiden" not in found
        assert "Fatimas eget svar" in found
        await played.house.upkeep.erase_project(project)
    assert await restore(vault, kept, *places, over=True) >= 3
    assert rows_of(tmp_path, "SELECT * FROM state") == []
    assert rows_of(tmp_path, "SELECT * FROM published") == []


async def test_a_database_put_back_by_other_tools_deletes_again_at_the_start(
    tmp_path: Path,
) -> None:
    """The restored copy does not know of a deletion, but the tombstone file beside it does. A
    second start changes nothing."""
    async with running(tmp_path) as played:
        await lively(played)
    old = (tmp_path / "digi.db").read_bytes()
    others = tuple(person for person in PEOPLE if person != "fatima")
    async with running_again(tmp_path, team=others) as played:
        await played.house.upkeep.erase_person(TENANT, "fatima")
    (tmp_path / "digi.db").write_bytes(old)
    async with running_again(tmp_path, team=others) as played:
        found = await all_that_is_kept(played, tmp_path)
        assert "fatima" not in found
        assert "Peters svar om tiden" in found
        assert await played.house.upkeep.heed() == 0


async def test_a_backup_gives_nothing_away_and_is_whole_or_refused(tmp_path: Path) -> None:
    """No id in it can be read, and a changed, truncated, extended or swapped block is rejected."""
    async with running(tmp_path) as played:
        await lively(played)
        file = await played.house.upkeep.backup()
        raw = file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600
        for plain in (b"SQLite format", b"fatima", project_of(tmp_path).encode(), b"answer"):
            assert plain not in raw
        flipped = bytearray(raw)
        flipped[len(raw) // 2] ^= 1
        for broken in (raw[:-1], raw + b"x", bytes(flipped), b"", b"no backup at all", raw[:60]):
            bad = tmp_path / "bad.backup"
            bad.write_bytes(broken)
            with pytest.raises(backup.BadBackup):
                backup.open_file(played.house.vault, bad, tmp_path / "opened.db")
            assert not (tmp_path / "opened.db").exists()


async def test_a_backup_of_another_key_says_so(tmp_path: Path) -> None:
    """The message names the key as the remedy, not another backup."""
    async with running(tmp_path) as played:
        file = await played.house.upkeep.backup()
    other = Vault(make_key(tmp_path / "other.key"))
    with pytest.raises(backup.OtherKey, match="another key"):
        backup.open_file(other, file, tmp_path / "opened.db")


@pytest.mark.parametrize("size", [0, 1, backup.PIECE - 1, backup.PIECE, 3 * backup.PIECE])
def test_any_size_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    """This includes a file that ends at a block boundary, and an empty one."""
    vault = Vault(bytes(range(32)))
    source, target, back = (tmp_path / name for name in ("source", "target", "back"))
    source.write_bytes(os.urandom(size))
    at = datetime(2026, 11, 25, 3, tzinfo=COPENHAGEN)
    backup.seal_file(vault, source, target, at)
    assert backup.open_file(vault, target, back).at == at
    assert back.read_bytes() == source.read_bytes()


async def test_old_backups_go_and_others_files_stay(tmp_path: Path) -> None:
    """Fourteen nights are kept; files that are not Digi's backups are not deleted."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "readme.txt").write_text("the operator's own")
    now = datetime(2026, 11, 25, 3, tzinfo=COPENHAGEN)
    for days in range(20):
        (folder / backup.name_of(now - timedelta(days=days))).touch()
    assert backup.prune(folder, now, 14) == 5
    assert len(backup.all_in(folder)) == 15
    assert (folder / "readme.txt").exists()


async def test_each_night_there_is_a_backup_after_the_pools_were_rewritten(tmp_path: Path) -> None:
    """There is one each night, and it contains the pool that was rewritten that night."""
    async with running(tmp_path) as played:
        played.house.upkeep._nightly = True
        night = "SELECT value FROM meta WHERE key = 'pools_rewritten'"
        pool = "SELECT tenant, project, length(sealed) FROM pool"
        before = rows_of(tmp_path, night)
        await played.house.courier.move_to(RELEASED)
        found = backup.all_in(tmp_path / "backups")
        assert 5 <= len(found) <= 7
        backup.open_file(played.house.vault, found[-1], tmp_path / "opened.db")
        with closing(sqlite3.connect(tmp_path / "opened.db")) as conn:
            assert conn.execute(night).fetchall() == rows_of(tmp_path, night) != before
            assert conn.execute(pool).fetchall() == rows_of(tmp_path, pool) != []


# --- a new key ----------------------------------------------------------------------------


def test_a_new_key_seals_every_sealed_column_anew() -> None:
    """A table that a later migration adds is covered as well."""
    assert {f"{one.table}.{one.column}" for one in rekey.TABLES} == SEALED


async def test_a_new_key_changes_nothing_that_people_hold(tmp_path: Path) -> None:
    """Buttons of old cards, an open form submitted again with the same code, earlier codes, and a
    second vote all work as before. The old key decrypts nothing."""
    async with running(tmp_path) as played:
        await lively(played)
        old_key = read_key(key_of(tmp_path))
        old_backup = await played.house.upkeep.backup()
        await played.press("noor", "Sig det")
        await played.press("noor", "Uden navn")
        form = played.form["noor"]
        values = {"Hvad": "Bekymring", "Din": "Sagt før den nye nøgle", "Hvem": "Anne Holm"}
        await played.fill("noor", values)
        code = played.code
        await played.press("peter", "Det passer")
        before = await all_that_is_kept(played, tmp_path)
        done = await played.house.upkeep.rotate_key()
        assert done.rows > 20
        assert done.damaged == 0
        assert read_key(key_of(tmp_path)) != old_key
        assert not rekey.waiting(key_of(tmp_path)).exists()
        assert not old_backup.exists()
        assert len(backup.all_in(tmp_path / "backups")) == 1
        assert await all_that_is_kept(played, tmp_path) == before
        await _as_before(played, form, values, code)
    [(sealed,)] = rows_of(tmp_path, "SELECT sealed FROM pool")
    assert isinstance(sealed, bytes)
    with pytest.raises(Exception, match="does not open"):
        Vault(old_key).open(sealed, "pool", TENANT, project_of(tmp_path))
    async with running_again(tmp_path) as played:
        await _as_before(played, form, values, code)


async def test_a_new_key_and_a_deletion_on_either_database(tmp_path: Path, either: str) -> None:
    """The new key alone decrypts every row, all tokens still work, and a project deleted afterwards
    leaves no row."""
    async with running(tmp_path, either=either) as played:
        await lively(played)
        code = await says(played, "noor", "Sagt før den nye nøgle")
        before = await all_that_is_kept(played, tmp_path)
        old_key = read_key(key_of(tmp_path))
        done = await played.house.upkeep.rotate_key()
        assert done.rows > 20
        assert done.damaged == 0
        assert await all_that_is_kept(played, tmp_path) == before
        assert "Sagt før" in await by_code(played, "noor", code)
        [(sealed,)] = rows_of(tmp_path, "SELECT sealed FROM pool")
        assert isinstance(sealed, bytes)
        with pytest.raises(Exception, match="does not open"):
            Vault(old_key).open(sealed, "pool", TENANT, project_of(tmp_path))
        assert "Bevis for sletning" in await played.house.upkeep.erase_project(project_of(tmp_path))
        for table in ("project", "state", "record", "pool", "published", "letter", "role"):
            assert rows_of(tmp_path, f"SELECT * FROM {table}") == []


async def _as_before(played: Stage, form: object, values: dict[str, str], code: str) -> None:
    played.form["noor"] = form  # type: ignore[assignment]
    await played.fill("noor", values)
    assert played.code == code
    assert "Sagt før den nye nøgle" in await by_code(played, "noor", code)


async def test_a_fault_in_the_middle_of_a_new_key_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both keys are kept, everything can be decrypted, also what is written meanwhile, and the same
    command finishes the rotation."""
    async with running(tmp_path) as played:
        await lively(played)
        before = await all_that_is_kept(played, tmp_path)
        old_key = read_key(key_of(tmp_path))

        vault, sealed = played.house.vault, 0
        seal = vault.seal

        def fails(plain: bytes, *aad: str) -> bytes:
            nonlocal sealed
            sealed += 1
            if sealed == 20:
                raise Unavailable
            return seal(plain, *aad)

        with monkeypatch.context() as patch:
            patch.setattr(vault, "seal", fails)
            with pytest.raises(HalfRotated):
                await played.house.upkeep.rotate_key()
        assert read_key(key_of(tmp_path)) == old_key
        new_key = read_key(rekey.waiting(key_of(tmp_path)))
        assert await all_that_is_kept(played, tmp_path) == before
        code = await says(played, "noor", "Sagt midt i skiftet")
        await played.house.upkeep.rotate_key()
        assert "Sagt midt" in await by_code(played, "emil", code)
        assert read_key(key_of(tmp_path)) == new_key


@pytest.mark.parametrize("stands", [True, False])
async def test_a_new_key_of_which_nobody_knows_whether_it_is_in_use_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: bool
) -> None:
    """The result of the commit is unknown: both keys are kept, and the next start finds out."""
    async with running(tmp_path) as played:
        await lively(played)
        before = await all_that_is_kept(played, tmp_path)
        database = played.house.database
        settled = database.tx_settled

        async def in_doubt(*args: Any, **kwargs: Any) -> None:
            if stands:
                await settled(*args, **kwargs)
            raise Unsure

        monkeypatch.setattr(database, "tx_settled", in_doubt)
        with pytest.raises(KeyInDoubt, match="restart"):
            await played.house.upkeep.rotate_key()
        assert rekey.waiting(key_of(tmp_path)).exists()
    async with running_again(tmp_path) as played:
        assert await all_that_is_kept(played, tmp_path) == before
        await played.house.upkeep.night()
        assert await all_that_is_kept(played, tmp_path) == before
        assert not rekey.waiting(key_of(tmp_path)).exists()


async def test_what_was_done_is_not_refused_because_the_file_could_not_be_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program reads the file, so the deleted bytes stay for a while. The operator is told
    both facts, and after the reader has ended the nightly run clears them."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.05)
    async with running(tmp_path) as played:
        await lively(played)
        upkeep, old_key = played.house.upkeep, read_key(key_of(tmp_path))
        vacuum = played.house.database.vacuum

        async def held() -> None:
            with reading(tmp_path) as conn:
                conn.execute("BEGIN")
                conn.execute("SELECT count(*) FROM pool").fetchall()
                await vacuum()

        with monkeypatch.context() as patched:
            patched.setattr(played.house.database, "vacuum", held)
            with pytest.raises(NotCleared, match="It was done"):
                await upkeep.erase_person(TENANT, "fatima")
            with pytest.raises(NotCleared, match="It was done"):
                await upkeep.rotate_key()
        assert rows_of(tmp_path, "SELECT id FROM person WHERE id = 'fatima'") == []
        assert read_key(key_of(tmp_path)) != old_key
        assert not (tmp_path / "proofs").exists()
        await upkeep.night()
        assert len(list((tmp_path / "proofs").iterdir())) == 1


@pytest.mark.parametrize("do", ["rotate-key", "erase-person"])
async def test_an_order_that_is_refused_because_somebody_reads_has_done_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    """The message says so and why; the key is the old one, and the person is still there."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.05)
    async with running(tmp_path) as played:
        await lively(played)
        old_key = read_key(key_of(tmp_path))
        with reading(tmp_path) as conn:
            conn.execute("BEGIN")
            conn.execute("SELECT count(*) FROM pool").fetchall()
            done = await carry_out(played.house, Request(do, {"person": "fatima"}))
        assert not done.fine
        assert "nothing was written" in done.said
        assert rows_of(tmp_path, "SELECT id FROM person WHERE id = 'fatima'") != []
        assert read_key(key_of(tmp_path)) == old_key
        assert not rekey.waiting(key_of(tmp_path)).exists()


@pytest.mark.parametrize("stands", [True, False])
async def test_a_stop_between_database_and_key_file_is_made_good(
    tmp_path: Path, stands: bool
) -> None:
    """After a crash behind the commit, the next start uses the new key; after a crash before it,
    the old key stays valid and the new one is deleted."""
    async with running(tmp_path):
        pass
    old = read_key(key_of(tmp_path))
    new = make_key(rekey.waiting(key_of(tmp_path)))
    rekey.finish_files(key_of(tmp_path), Vault(new if stands else old).fingerprint())
    assert read_key(key_of(tmp_path)) == (new if stands else old)
    assert not rekey.waiting(key_of(tmp_path)).exists()


# --- stones -------------------------------------------------------------------------------


def test_a_stone_names_nobody(tmp_path: Path) -> None:
    """Two tombstones of one person have different hashes; each can be verified with the person's
    id."""
    first, second = tombstones.salted("t", "fatima"), tombstones.salted("t", "fatima")
    assert first != second
    assert tombstones.is_of(first, "t", "fatima")
    assert not tombstones.is_of(first, "t", "peter")
    assert "fatima" not in first
    stone = tombstones.Tombstone(7, "person", first)
    tombstones.add_to_file(tmp_path, [stone, stone])
    tombstones.add_to_file(tmp_path, [stone])
    with (tmp_path / tombstones.NAME).open("a") as out:
        out.write("person\tcut sho")
    assert tombstones.read_file(tmp_path) == [stone]
