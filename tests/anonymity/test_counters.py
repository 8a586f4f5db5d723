"""The databases' own counters do not reveal the number of unsigned texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.postgres.driver import Postgres
from tests.anonymity import server_thief
from tests.anonymity.hands import reading, running, says, says_by_name, without_padding
from tests.anonymity.thief import Copy, Counters, copied, counted, counters_in, pool_in
from tests.worlds.postgres import Server
from tests.worlds.stage import Stage

TEXTS = (0, 1, 3, 0)
"""The number of texts in each of several consecutive minutes."""
Reads = Callable[[Stage], Awaitable[Counters]]
Figures = Callable[[str], None]


@pytest.fixture(autouse=True)
def _padded_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than in the fullest of those minutes; the test with four proves it for sixteen too."""
    monkeypatch.setattr("storage.padding.WRITES", 4)


async def _minute(played: Stage, texts: int) -> None:
    """Write this many unsigned texts, run the minute's maintenance, and write one named row."""
    courier = played.house.courier
    settle = courier.settle
    # The real courier queries letters once a second; the test's only after each act.
    courier.settle = _nobody_asks  # type: ignore[method-assign]
    for n in range(texts):
        played.house.engine._gate._acts.clear()
        await says(played, "sofie", f"Tekst {n}")
    courier.settle = settle  # type: ignore[method-assign]
    await played.move(played.house.clock.now() + timedelta(minutes=1))
    await says_by_name(played, "peter", "Med navn")


async def _nobody_asks() -> None:
    pass


async def _counted(folder: Path, reads: Reads, either: str = "") -> dict[str, list[int]]:
    """Return what an attacker learns who copies the counters each minute."""
    async with running(folder, either=either) as played:
        for _ in range(2):  # starting a project writes more than any minute after it
            await _minute(played, 0)
        found = [await reads(played)]
        for texts in TEXTS:
            await _minute(played, texts)
            found.append(await reads(played))
    return counted(found)


# --- SQLite -----------------------------------------------------------------------------------

RAISED = ("index: salt-1", "index: commits", "log: salt-1", "log: checkpoint sequence")


def _of_files(folder: Path) -> Reads:
    async def reads(played: Stage) -> Counters:
        return counters_in(copied(folder, played.house.clock.now()))

    return reads


async def test_the_headers_of_the_files_count_the_same_each_minute(tmp_path: Path) -> None:
    """In the database file, write-ahead log and index, every counter rises by the same amount for
    any number of texts."""
    found = await _counted(tmp_path, _of_files(tmp_path))
    assert found.keys() > set(RAISED)
    # A named act may need a page for its row, which is visible anyway.
    found.pop("pages")
    found.pop("free pages")
    assert found == {name: [0] * len(TEXTS) for name in found}


async def test_control_without_padding_the_headers_tell_the_number_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """Control: with the same attacker, each counter that a sealed commit raises is twice the
    number, because the commit probes the log first."""
    without_padding(monkeypatch)
    found = await _counted(tmp_path, _of_files(tmp_path))
    figures(f"texts {TEXTS}; without padding the thief reads {found}")
    for name in RAISED:
        assert found[name] == [2 * number for number in TEXTS], name


async def test_the_headers_do_not_count_what_was_refused_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kindly: Callable[[], None]
) -> None:
    """A reader blocks the log for a while, and writers are refused meanwhile."""
    kindly()
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.05)
    async with running(tmp_path) as played:
        for _ in range(2):
            await _minute(played, 0)
        reads = _of_files(tmp_path)
        found = [await reads(played)]
        for texts in TEXTS:
            await says_by_name(played, "peter", "Med navn")
            with reading(tmp_path) as conn:
                conn.execute("BEGIN")
                conn.execute("SELECT count(*) FROM pool").fetchall()
                for n in range(texts):
                    played.house.engine._gate._acts.clear()
                    await _is_refused(played, f"Tekst {n}")
            await _minute(played, 0)
            found.append(await reads(played))
    rises = counted(found)
    rises.pop("pages")
    rises.pop("free pages")
    assert rises == {name: [0] * len(TEXTS) for name in rises}


async def _is_refused(played: Stage, text: str) -> None:
    await played.press("sofie", "Sig det")
    await played.press("sofie", "Uden navn")
    await played.fill("sofie", {"Hvad": "Bekymring", "Din": text, "Hvem": "Anne Holm"})
    assert "Det blev ikke gemt." in played.faults["sofie"]


async def _two_copies(folder: Path, texts: int) -> tuple[Copy, Copy]:
    async with running(folder) as played:
        await _minute(played, 0)
        first = copied(folder, played.house.clock.now())
        await _minute(played, texts)
        return first, copied(folder, played.house.clock.now())


@pytest.mark.parametrize("texts", [0, 1])
async def test_the_pools_bytes_are_others_each_minute(tmp_path: Path, texts: int) -> None:
    """Without the key, two copies do not show whether anybody wrote in between."""
    first, last = await _two_copies(tmp_path, texts)
    assert pool_in(first) != pool_in(last)


@pytest.mark.parametrize("texts", [0, 1])
async def test_control_without_padding_the_pools_bytes_tell_whether_anybody_wrote(
    tmp_path: Path, texts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: nothing else writes the row before the night."""
    without_padding(monkeypatch)
    first, last = await _two_copies(tmp_path, texts)
    assert (pool_in(first) != pool_in(last)) == bool(texts)


def _inodes(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode number, size and blocks of each file and of the folder, and the folder's
    time."""
    found = {"": (folder.stat().st_ino, folder.stat().st_nlink, folder.stat().st_mtime_ns)}
    for file in folder.rglob("*"):
        stat = file.stat()
        found[str(file.relative_to(folder))] = stat.st_ino, stat.st_size, stat.st_blocks
    return found


async def test_no_file_is_made_or_grows_for_what_is_said_without_a_name(tmp_path: Path) -> None:
    """Inode numbers and sizes do not change."""
    async with running(tmp_path) as played:
        await played.house.courier.keep_house()
        before = _inodes(tmp_path)
        await says(played, "sofie", "Tekst")
        assert _inodes(tmp_path) == before
        await played.house.courier.housekeeping.padding.pad()
        await played.house.database.checkpoint()
        assert _inodes(tmp_path) == before
        await says_by_name(played, "peter", "Med navn")
        assert _inodes(tmp_path) != before


# --- PostgreSQL -------------------------------------------------------------------------------

COUNTED = (
    "pool: n_tup_upd",
    "pool: vacuum_count",
    "pool: idx_scan",
    "published: idx_scan",
    "next transaction",
    "number of a long value",
)


def _of_server(dsn: str) -> Reads:
    async def reads(played: Stage) -> Counters:
        await _tells_all(played)
        return server_thief.counters_in(dsn)

    return reads


async def _tells_all(played: Stage) -> None:
    """Make a connection report its counts to the server's statistics now instead of later."""
    store = played.house.database
    assert isinstance(store, Postgres)
    async with AsyncExitStack() as held:
        for _ in range(store._pool.get_stats()["pool_size"]):
            one = await held.enter_async_context(store._pool.connection())
            await one.execute("SELECT pg_stat_force_next_flush()", prepare=False)


async def test_the_servers_counters_rise_by_as_much_each_minute(
    tmp_path: Path, tidy_server: Server
) -> None:
    """Rows written, deleted and read, vacuums, transactions, oids, write-ahead log files."""
    name = tidy_server.new()
    found = await _counted(tmp_path, _of_server(tidy_server.dsn(name)), tidy_server.dsn(name))
    tidy_server.drop(name)
    assert found.keys() > set(COUNTED)
    assert found == {name: [0] * len(TEXTS) for name in found}


async def test_control_without_padding_the_server_tells_the_number_exactly(
    tmp_path: Path, tidy_server: Server, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """Control: the same attacker and the same minutes."""
    without_padding(monkeypatch)
    name = tidy_server.new()
    found = await _counted(tmp_path, _of_server(tidy_server.dsn(name)), tidy_server.dsn(name))
    tidy_server.drop(name)
    figures(f"texts {TEXTS}; without padding the thief reads {found}")
    for counter in COUNTED:
        assert found[counter] == list(TEXTS), counter


async def _after_a_stop(folder: Path, server: Server, texts: int) -> Counters:
    """Write some texts, and stop Digi properly before the minute is over."""
    name = server.new()
    async with running(folder, either=server.dsn(name)) as played:
        await _minute(played, 0)
        for _ in range(texts):
            await says(played, "sofie", "Lige før det lukker")
    found = server_thief.counters_in(server.dsn(name))
    server.drop(name)
    return {name: found[name] for name in COUNTED if not name.startswith("n")}


async def test_a_stop_leaves_the_same_counts_behind(tmp_path: Path, tidy_server: Server) -> None:
    """The server's counters remain, so an unfinished minute is padded as well."""
    none, two = [await _after_a_stop(tmp_path / str(n), tidy_server, n) for n in (0, 2)]
    assert none == two


async def _last_used(folder: Path, server: Server) -> tuple[datetime, list[datetime]]:
    """Return when a minute's maintenance began, and when each connection was last used after it."""
    name = server.new()
    async with running(folder, either=server.dsn(name)) as played:
        store = played.house.database
        assert isinstance(store, Postgres)
        await asyncio.gather(*(store.read(played.house.scripts.pools.every) for _ in range(20)))
        await says(played, "sofie", "Sent om aftenen")
        begun = datetime.now(UTC)
        await played.house.courier.housekeeping.padding.pad()
        used = [at for at, _ in server_thief.last_statements(server.dsn(name))]
    server.drop(name)
    return begun, used


async def test_no_connection_says_when_it_was_used_before_the_minute(
    tmp_path: Path, tidy_server: Server
) -> None:
    """The server shows each connection's last statement and its time; padding uses all
    connections."""
    begun, used = await _last_used(tmp_path, tidy_server)
    assert used
    assert min(used) > begun


async def test_control_without_padding_a_connection_says_when_it_was_used(
    tmp_path: Path, tidy_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: an author's statement is shown with its time."""
    without_padding(monkeypatch)
    begun, used = await _last_used(tmp_path, tidy_server)
    assert min(used) < begun
