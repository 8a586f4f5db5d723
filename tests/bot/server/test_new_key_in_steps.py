"""The key is rotated in steps while others write, and a crash in between is repaired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.cli.control import Request
from bot.server.backup_files import restore
from bot.server.build import House
from bot.server.new_key import HalfRotated
from bot.server.serve import take_orders
from storage import rekey
from storage.copy_database import NotMoved, move
from storage.deep_check import open_all
from storage.sql import Script, Unavailable
from storage.sqlite import backup
from storage.transactions.turns import Turn
from storage.vault import KeyProblem, Vault, read_key
from tests.bot.core.test_engine import news
from tests.bot.server.test_erasing_in_steps import two_projects
from tests.waiting import until
from tests.worlds.house import MONDAY, PROJECT, TENANT, a_house, asked, faked

Acts = Callable[[], Awaitable[None]]


def key_of(home: Path) -> Path:
    return home.parent / f"{home.name}.key"


def known(home: Path, either: str) -> str:
    return str(asked(home, either, "SELECT value FROM meta WHERE key = 'key_fingerprint'")[0][0])


def damaged(home: Path, either: str, vault: Vault) -> int:
    """Return how many values this vault's keys cannot decrypt."""

    def asks(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        assert not params, "more than a batch of rows"
        return asked(home, either, sql)

    return len(open_all(asks, vault).damaged)


@contextmanager
def after_a_step(house: House, does: Acts) -> Iterator[None]:
    """Run this once, when some rows are encrypted with the new key and others are not."""
    done: list[None] = []
    tx = house.database.tx

    async def hooked(script: Callable[..., Script[Any]], *args: Any) -> Any:
        answer = await tx(script, *args)
        if script is rekey.reseal_some and args[1].table == "state" and not done:
            done.append(None)
            await does()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.database, "tx", hooked)
        yield
    assert done


async def test_others_write_while_a_new_key_is_taken_into_use(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps, with rows of both keys in the database, a turn reads a row of the old key
    and commits. Afterwards the new key alone decrypts everything, and the old key nothing."""
    faked(monkeypatch, "digest")
    home, turns = tmp_path / "home", []
    async with a_house(home, either=either) as house:
        await two_projects(house)
        old = read_key(key_of(home))

        async def turn() -> None:
            both = read_key(key_of(home)), read_key(rekey.waiting(key_of(home)))
            assert not house.courier._pause.wanted
            assert all(damaged(home, either, Vault(key)) for key in both)
            await house.engine.turn(Turn(TENANT, PROJECT, "key", news("a"), MONDAY))
            turns.append(known(home, either))

        with after_a_step(house, turn):
            done = await take_orders(house, Request("rotate-key"))
        new = read_key(key_of(home))
        assert turns == [f"{Vault(old).fingerprint()}+{Vault(new).fingerprint()}"]
        assert done.fine
        assert "damaged" not in done.said
        assert known(home, either) == Vault(new).fingerprint()
        assert not damaged(home, either, Vault(new))
        assert not rekey.waiting(key_of(home)).exists()
        assert not house.vault.has_two_keys
        everything = damaged(home, either, Vault(bytes(32)))
        assert damaged(home, either, Vault(old)) == everything


@pytest.mark.parametrize("finished_by", ["the next start", "the same order", "the night"])
async def test_a_new_key_that_was_stopped_half_way_is_finished(
    tmp_path: Path, either: str, finished_by: str
) -> None:
    """Both keys are kept. With only one of them Digi does not start, and neither does an earlier
    version, which knows neither fingerprint. A backup is refused in one sentence. The next
    start, the same command and the nightly run continue, and then the new key alone decrypts
    everything."""
    home = tmp_path / "home"
    key, waiting = key_of(home), rekey.waiting(key_of(home))
    stop = asyncio.CancelledError if finished_by == "the next start" else Unavailable

    async def stopped() -> None:
        raise stop

    async with a_house(home, either=either) as house:
        await two_projects(house)
        raised = pytest.raises(HalfRotated if stop is Unavailable else stop)
        with raised, after_a_step(house, stopped):
            await house.upkeep.rotate_key()
        new = read_key(waiting)
        assert known(home, either) not in {Vault(one).fingerprint() for one in (read_key(key), new)}
        if not either:
            with pytest.raises(HalfRotated, match="no backup was made"):
                await house.upkeep.backup()
        if finished_by == "the same order":
            await house.upkeep.rotate_key()
        elif finished_by == "the night":
            await house.upkeep.night()
    if finished_by == "the next start":
        await _refused_with_one_key(home, either)
        async with a_house(home, either=either) as house:
            assert not damaged(home, either, house.vault)
            await house.courier.housekeeping.minute()
            await house.courier.housekeeping.night()
    assert not waiting.exists()
    assert read_key(key) == new
    assert known(home, either) == Vault(new).fingerprint()
    assert not damaged(home, either, Vault(new))


async def _refused_with_one_key(home: Path, either: str) -> None:
    files = (key_of(home), rekey.waiting(key_of(home)))
    for file in files[bool(either) :]:  # otherwise the test's own start would create a key
        away = file.rename(home / "away")
        with pytest.raises(KeyProblem, match="a new key is being taken into use"):
            async with a_house(home, either=either):
                pass
        away.rename(file)


async def test_a_fault_right_after_the_first_step_loses_no_key(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has two keys by then, whatever fails while the log is cleared."""
    home = tmp_path / "home"
    async with a_house(home, either=either) as house:
        await two_projects(house)
        settled = house.database.tx_settled

        async def fails_afterwards(*args: Any, **kwargs: Any) -> None:
            await settled(*args, **kwargs)
            raise Unavailable

        with monkeypatch.context() as patch:
            patch.setattr(house.database, "tx_settled", fails_afterwards)
            with pytest.raises(Unavailable):
                await house.upkeep.rotate_key()
        new = read_key(rekey.waiting(key_of(home)))
        await house.upkeep.rotate_key()
        assert read_key(key_of(home)) == new
        assert not damaged(home, either, Vault(new))


async def test_a_step_seals_a_batch_of_rows_at_most(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Therefore nobody waits for the whole rotation."""
    monkeypatch.setattr(rekey, "BATCH", 2)
    async with a_house(tmp_path / "home", either=either) as house:
        await two_projects(house)
        sealed: list[int] = []
        tx = house.database.tx

        async def counted(script: Callable[..., Script[Any]], *args: Any) -> Any:
            answer = await tx(script, *args)
            if script is rekey.reseal_some:
                sealed.append(answer[1].rows)
            return answer

        monkeypatch.setattr(house.database, "tx", counted)
        done = await house.upkeep.rotate_key()
        assert max(sealed) == 2
        assert sum(sealed) == done.rows > 8


async def test_a_step_on_postgresql_waits_for_who_is_writing_a_row_and_loses_nothing(
    tmp_path: Path, empty_dsn: str
) -> None:
    """A row was changed by a transaction that has not committed yet: the step encrypts the new
    content, not the old."""
    home = tmp_path / "home"
    async with a_house(home, either=empty_dsn) as house:
        await two_projects(house)
        place = ("record", TENANT, "p1", "answer", "a")
        body = house.vault.seal(b'"changed"', *place)
        changed = "UPDATE record SET body = %s WHERE project = 'p1' AND id = 'a'"
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        async with await psycopg.AsyncConnection.connect(empty_dsn) as writer:
            await writer.execute("SET application_name = 'digi check'")
            await writer.execute(changed, [body])
            step = asyncio.ensure_future(_turned(house))
            await until(lambda: bool(asked(home, empty_dsn, waits)))
            await writer.commit()
            await step
        [(after,)] = asked(
            home, empty_dsn, "SELECT body FROM record WHERE project = 'p1' AND id = 'a'"
        )
        assert bytes(after) != body
        assert house.vault.open(bytes(after), *place) == b'"changed"'


async def _turned(house: House) -> None:
    [table] = [one for one in rekey.TABLES if one.table == "record"]
    house.vault.turn_to(bytes(32))
    await house.database.tx(rekey.reseal_some, house.vault, table, table.before_all())


async def test_nothing_is_restored_over_and_nothing_moved_from_a_database_between_two_keys(
    tmp_path: Path, empty_dsn: str
) -> None:
    """What is replaced or moved would need both keys, and afterwards only one is kept."""
    home = tmp_path / "home"
    database, backups = home / "digi.db", home / "backups"
    async with a_house(home) as house:
        await two_projects(house)
        kept = await house.upkeep.backup()
        old = house.vault.fingerprint()
        await house.database.tx(rekey.begun, old, "0" * 16)
    vault = Vault(read_key(key_of(home)))
    with pytest.raises(HalfRotated, match="nothing was restored"):
        await restore(vault, kept, database, home, backups, over=True)
    with pytest.raises(NotMoved, match="a new key is half in use"):
        await asyncio.to_thread(move, database, empty_dsn, old, lambda _: None)
    assert known(home, "") == f"{old}+{'0' * 16}"


async def test_backups_of_the_old_key_go_though_a_stop_came_before(tmp_path: Path) -> None:
    """Digi was stopped right after the last step: the next start uses the new key, and the nightly
    run deletes backups of the old one."""
    home = tmp_path / "home"
    async with a_house(home) as house:
        await two_projects(house)
        old = await house.upkeep.backup()

        def stopped(key_file: Path) -> None:
            raise asyncio.CancelledError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rekey, "take_place", stopped)
            with pytest.raises(asyncio.CancelledError):
                await house.upkeep.rotate_key()
    async with a_house(home) as house:
        assert old.exists()
        assert not rekey.waiting(key_of(home)).exists()
        await house.upkeep.night()
        assert not old.exists()
        assert all(
            backup.fingerprint_of(file) == house.vault.fingerprint()
            for file in backup.all_in(home / "backups")
        )
