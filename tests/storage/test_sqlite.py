"""The SQLite driver: acknowledged commits are durable, and failures are isolated."""

import asyncio
import hashlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from storage.sql import Conflict, Damaged, Row, Script, StoreError, Unavailable, queries
from storage.sqlite.copying import Copying
from storage.sqlite.driver import Sqlite
from storage.sqlite.file import FileLock
from storage.sqlite.wal import emptied
from storage.sqlite.writer import go_along
from tests.waiting import LONG_ENOUGH

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE reply (note TEXT NOT NULL REFERENCES note (id), text TEXT NOT NULL);
CREATE TABLE pool (tenant TEXT NOT NULL, project TEXT NOT NULL, sealed BLOB NOT NULL);
"""
QUERIES = """
-- What the tests say to their database.
-- name: lock
SELECT 1 AS held /*pg , pg_advisory_xact_lock(hashtextextended(:lock, 0)) AS done */;

-- name: wait
SELECT 1 AS waited /*pg , pg_sleep(0.05) */;

-- name: add
INSERT INTO note (id, text) VALUES (:id, :text) RETURNING id;

-- name: reply
INSERT INTO reply (note, text) VALUES (:note, :text);

-- name: replies
SELECT note, text FROM reply;

-- name: all
SELECT id, text FROM note ORDER BY id;

-- name: clear
DELETE FROM note;

-- name: wrong
SELECT id FROM nowhere;

-- name: meta_stir
INSERT INTO meta (key, value) VALUES ('stirred', '0')
ON CONFLICT (key) DO UPDATE SET value = CASE meta.value WHEN '0' THEN '1' ELSE '0' END;
"""


def add(id: str, text: str = "") -> Script[str]:
    rows = yield "add", {"id": id, "text": text}
    found: str = rows[0]["id"]
    return found


def add_and_fail(id: str) -> Script[None]:
    yield "add", {"id": id, "text": ""}
    raise LookupError(id)


def reply(note: str) -> Script[None]:
    yield "reply", {"note": note, "text": ""}


def every() -> Script[list[Row]]:
    return (yield "all", {})


def clear() -> Script[None]:
    yield "clear", {}


def wrong() -> Script[None]:
    yield "wrong", {}


def write_folder(folder: Path) -> Path:
    (folder / "migrations").mkdir(parents=True)
    (folder / "migrations" / "0001_base.sql").write_text(SCHEMA, encoding="utf-8")
    (folder / "queries.sql").write_text(QUERIES, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "digi.db"


@pytest.fixture
async def store(path: Path, folder: Path) -> AsyncIterator[Sqlite]:
    store = await Sqlite.open(path, folder=folder)
    yield store
    await store.close()


def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def digest(path: Path) -> tuple[str, str]:
    return (
        hashlib.sha256(path.read_bytes()).hexdigest(),
        hashlib.sha256(wal(path).read_bytes()).hexdigest(),
    )


async def ids(store: Sqlite) -> list[str]:
    return [row["id"] for row in await store.read(every)]


async def test_the_files_are_for_their_owner_only(store: Sqlite, path: Path) -> None:
    """Database, write-ahead log and lock have mode 0600 in a folder with mode 0700."""
    await store.tx(add, "a")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_look_writes_no_byte(store: Sqlite, path: Path) -> None:
    """Database and write-ahead log are byte for byte equal after any number of reads."""
    await store.tx(add, "a")
    before = digest(path)
    await asyncio.gather(*(store.read(every) for _ in range(100)))
    assert digest(path) == before


async def test_a_look_that_takes_longer_than_a_moment_holds_nobody_up(store: Sqlite) -> None:
    """It continues in a thread on its snapshot while others read and write."""
    await store.tx(add, "a")

    def slow() -> Script[tuple[int, int]]:
        first = yield "all", {}
        time.sleep(0.02)  # longer than the event loop's limit
        second = yield "all", {}
        waiting.set()
        assert go_on.wait(LONG_ENOUGH)
        third = yield "all", {}
        return len(first), len(second) + len(third)

    waiting, go_on = threading.Event(), threading.Event()
    looking = asyncio.create_task(store.read(slow))
    assert await asyncio.to_thread(waiting.wait, LONG_ENOUGH)
    await store.tx(add, "b")
    assert await ids(store) == ["a", "b"]
    go_on.set()
    assert await looking == (1, 2)
    assert await ids(store) == ["a", "b"]
    assert await store.checkpoint()


def add_slowly(id: str, steps: int = 40) -> Script[str]:
    for n in range(steps):
        yield "add", {"id": f"{id}-{n}", "text": ""}
        time.sleep(0.005)
    return id


async def test_a_turn_that_takes_longer_than_a_moment_holds_nobody_up(store: Sqlite) -> None:
    """It begins on the event loop, continues in the thread, and shares the commit of others."""
    in_the_thread, go_on = threading.Event(), threading.Event()

    def slowly() -> Script[str]:
        yield "add", {"id": "slow-0", "text": ""}
        time.sleep(0.02)  # longer than the event loop's limit
        yield "add", {"id": "slow-1", "text": ""}
        in_the_thread.set()
        assert go_on.wait(LONG_ENOUGH), "the loop stands still meanwhile"
        yield "add", {"id": "slow-2", "text": ""}
        return "slow"

    slow = asyncio.create_task(store.tx(slowly))
    quick = [asyncio.create_task(store.tx(add, f"quick-{n}")) for n in range(3)]
    wrong = asyncio.create_task(store.tx(add_and_fail, "wrong"))
    assert await asyncio.to_thread(in_the_thread.wait, LONG_ENOUGH)
    go_on.set()
    assert await slow == "slow"
    assert await asyncio.gather(*quick) == ["quick-0", "quick-1", "quick-2"]
    with pytest.raises(LookupError):
        await wrong
    assert len(await ids(store)) == 6


def test_many_of_which_each_takes_long_share_a_commit() -> None:
    """For at most a tenth of a second; short scripts, or few, are committed separately."""
    assert go_along(63, 0.0015) == 63
    assert go_along(63, 0.01) == 10
    assert go_along(63, 0.5) == 0
    assert go_along(200, 0.0002) == 0
    assert go_along(7, 0.01) == 0


async def test_turns_that_go_along_are_each_answered(store: Sqlite) -> None:
    """Failing ones in the middle are rolled back alone, and later ones continue."""
    turns: list[Awaitable[str | None]] = [store.tx(add_slowly, f"{n}", 1) for n in range(30)]
    turns.insert(20, store.tx(add_and_fail, "wrong"))
    done = await asyncio.gather(*turns, return_exceptions=True)
    assert isinstance(done.pop(20), LookupError)
    assert done == [f"{n}" for n in range(30)]
    assert set(await ids(store)) == {f"{n}-0" for n in range(30)}


async def test_a_turn_that_fails_late_leaves_nothing_and_hurts_nobody(store: Sqlite) -> None:
    """An exception in the thread rolls back like one on the event loop."""

    def late(id: str) -> Script[None]:
        yield from add_slowly(id, 5)
        raise LookupError(id)

    failing = asyncio.create_task(store.tx(late, "late"))
    fine = asyncio.create_task(store.tx(add, "fine"))
    with pytest.raises(LookupError):
        await failing
    assert await fine == "fine"
    assert await ids(store) == ["fine"]


async def test_turns_of_several_loops_are_done_one_after_the_other(store: Sqlite) -> None:
    """Each caller gets its answer on its own loop. If a loop has ended meanwhile, its transaction
    is still committed, and later ones continue."""

    def elsewhere(name: str) -> None:
        async def ask() -> None:
            await asyncio.gather(*(store.tx(add, f"{name}-{n}") for n in range(20)))

        asyncio.run(ask())

    def left(name: str) -> None:
        """Close the loop before it is answered."""
        loop = asyncio.new_event_loop()
        asking = loop.create_task(store.tx(add_slowly, name, 3))
        loop.call_later(0.002, loop.stop)
        loop.run_forever()
        asking.cancel()
        loop.run_until_complete(asyncio.gather(asking, return_exceptions=True))
        loop.close()

    mine = [asyncio.create_task(store.tx(add, f"mine-{n}")) for n in range(20)]
    await asyncio.gather(
        asyncio.to_thread(elsewhere, "a"),
        asyncio.to_thread(elsewhere, "b"),
        asyncio.to_thread(left, "left"),
        *mine,
    )
    await store.tx(add, "last")
    there = await ids(store)
    for name in ("mine", "a", "b"):
        assert sum(one.startswith(f"{name}-") for one in there) == 20
    assert sum(one.startswith("left-") for one in there) in (0, 3)
    assert "last" in there


async def test_a_look_that_fails_late_fails_as_one_that_fails_at_once(store: Sqlite) -> None:
    """Its reader connection is released, whether or not it had continued in a thread."""

    def fails(seconds: float) -> Script[None]:
        yield "all", {}
        time.sleep(seconds)
        yield "all", {}
        raise LookupError("late")

    for seconds in (0.0, 0.02) * 3:
        with pytest.raises(LookupError, match="late"):
            await store.read(fails, seconds)
    assert await store.checkpoint()


async def test_a_checkpoint_leaves_an_empty_wal(store: Sqlite, path: Path) -> None:
    """Afterwards the write-ahead log has no bytes, and all data is in the file."""
    await store.tx(add, "a")
    assert wal(path).stat().st_size > 0
    assert await store.checkpoint()
    assert wal(path).stat().st_size == 0
    assert await ids(store) == ["a"]


async def test_a_sealed_transaction_leaves_an_empty_wal(store: Sqlite, path: Path) -> None:
    """When an unsigned turn is answered, the write-ahead log contains nothing, also of earlier
    transactions."""
    await store.tx(add, "named")
    assert await store.tx_sealed(add, "sealed") == "sealed"
    assert wal(path).stat().st_size == 0
    assert await ids(store) == ["named", "sealed"]


async def test_sealed_and_plain_transactions_keep_their_order(store: Sqlite) -> None:
    """A sealed transaction has a commit of its own, and each caller is answered, in any mix."""
    jobs = [(store.tx_sealed if n % 7 == 0 else store.tx)(add, f"{n:03}") for n in range(100)]
    checks = [store.checkpoint() for _ in range(3)]
    assert await asyncio.gather(*jobs) == [f"{n:03}" for n in range(100)]
    assert all(await asyncio.gather(*checks))
    assert len(await ids(store)) == 100


async def test_a_checkpoint_waits_for_a_reader(store: Sqlite, path: Path) -> None:
    """A reader that blocks the log briefly delays the answer, and then the log is empty."""
    await store.tx(add, "a")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM note").fetchall()
    sealed = asyncio.ensure_future(store.tx_sealed(add, "b"))
    done, _ = await asyncio.wait([sealed], timeout=0.5)
    assert not done
    reader.close()
    assert await sealed == "b"
    assert wal(path).stat().st_size == 0


@contextmanager
def somebody_reads(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program with an open read transaction."""
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with closing(conn) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM note").fetchall()
        yield reader


@pytest.mark.parametrize("log", ["empty", "with a row"])
async def test_nothing_is_written_where_a_reader_would_keep_it_in_the_log(
    store: Sqlite, path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    """A refused sealed transaction leaves nothing, whatever the log was when the reader began
    (SQLite's locks differ for an empty log)."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.1)
    await store.tx(add, "before")
    if log == "empty":
        assert await store.checkpoint()
    with somebody_reads(path):
        with pytest.raises(Unavailable):
            await store.tx_sealed(add, "a")
        assert await ids(store) == ["before"]
        assert not await store.checkpoint()
    assert not store.traces
    assert await store.tx_sealed(add, "a") == "a"
    assert wal(path).stat().st_size == 0


async def test_others_write_while_one_waits_for_a_reader_to_end(store: Sqlite, path: Path) -> None:
    """The author and the minute's checkpoint wait without blocking others."""
    with somebody_reads(path) as reader:
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(store.tx_sealed(add, "sealed")),
            asyncio.ensure_future(store.checkpoint()),
        ]
        for n in range(3):
            await store.tx(add, f"named {n}")
        assert not any(one.done() for one in waits)
        reader.execute("ROLLBACK")
        assert await asyncio.gather(*waits) == ["sealed", True]
    assert wal(path).stat().st_size == 0


async def test_what_stands_is_never_refused_because_a_reader_began_with_the_commit(
    store: Sqlite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is reported as successful, and `traces` tells that the log has content until it is
    emptied."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.1)
    with ExitStack() as opened:

        def begins_to_read() -> Script[str]:
            opened.enter_context(somebody_reads(path))
            return (yield from add("a"))

        assert await store.tx_sealed(begins_to_read) == "a"
        assert store.traces
        assert await ids(store) == ["a"]
    assert await store.checkpoint()
    assert not store.traces


async def test_what_stands_is_never_refused_because_the_disk_is_full_afterwards(
    store: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row fitted into the log, but not into the file."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.1)
    calls: list[sqlite3.Connection] = []

    def full(conn: sqlite3.Connection) -> bool:
        calls.append(conn)
        if len(calls) == 1:
            return emptied(conn)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("storage.sqlite.writer.emptied", full)
    assert await store.tx_sealed(add, "a") == "a"
    assert store.traces
    assert await ids(store) == ["a"]


async def test_whoever_wants_to_write_during_long_work_is_told_in_time(
    store: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewriting a file blocks writers. They are told that nothing was written, and this stays true
    after the rewriting."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.1)
    gate = threading.Event()
    work = asyncio.ensure_future(store._writer.work(lambda _: gate.wait(), lasting=True))
    await asyncio.sleep(0)
    for run in (store.tx, store.tx_sealed):
        with pytest.raises(Unavailable, match="nothing was written"):
            await run(add, "a")
    gate.set()
    await work
    assert await ids(store) == []
    assert await store.tx(add, "a") == "a"


# --- a copy ---------------------------------------------------------------------------------


async def test_a_copy_lets_others_write_between_its_steps(
    store: Sqlite, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named and unsigned transactions are committed while the copy is made, the log is emptied, and
    the copy is a consistent snapshot."""
    monkeypatch.setattr("storage.sqlite.copying.PAGES", 1)
    await asyncio.gather(*(store.tx(add, f"{n:04}", "x" * 3000) for n in range(200)))
    copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy"))
    confirmed = 0
    while not (tmp_path / "copy").exists():  # noqa: ASYNC110
        await asyncio.sleep(0)
    for n in range(10):
        await store.tx(both, f"pair {n}")
        await store.tx_sealed(add, f"sealed {n}")
        assert wal(path).stat().st_size == 0
        with pytest.raises(LookupError):
            await store.tx(add_and_fail, f"undone {n}")
        confirmed += not copying.done()
    assert confirmed == 10
    await copying
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        notes = {id for (id,) in copy.execute("SELECT id FROM note")}
        replies = {id for (id,) in copy.execute("SELECT note FROM reply")}
    assert replies == {id for id in notes if id.startswith("pair")}
    assert {f"{n:04}" for n in range(200)} <= notes
    assert not any(id.startswith("undone") for id in notes)
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy"]


def both(id: str) -> Script[None]:
    yield from add(id)
    yield from reply(id)


async def test_a_copy_begins_again_where_a_transaction_was_rolled_back(
    store: Sqlite, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite cannot undo copied pages in this case; the number of restarts is limited."""
    monkeypatch.setattr("storage.sqlite.copying.PAGES", 1)
    await asyncio.gather(*(store.tx(add, f"{n:04}", "x" * 3000) for n in range(50)))
    taken = 0

    def step(copying: Copying, conn: sqlite3.Connection, rolls_back: int) -> None:
        nonlocal taken
        taken += 1
        if taken % 20 == 0 and taken // 20 <= rolls_back:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("UPDATE note SET text = 'never'")
            conn.execute("ROLLBACK")
        _step(copying, conn)

    _step = Copying.step
    for rolls_back in (3, 1000):
        taken = 0
        monkeypatch.setattr(Copying, "step", partialmethod(step, rolls_back=rolls_back))
        if rolls_back == 3:
            await store.copy_to(tmp_path / "copy")
        else:
            with pytest.raises(Unavailable, match="too often"):
                await store.copy_to(tmp_path / "another")
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*), max(text = 'never') FROM note").fetchone() == (50, 0)
    assert await store.tx(add, "after") == "after"


async def test_a_copy_that_is_broken_off_leaves_the_store_at_work(
    store: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock on the connection or the log remains, and no copied pages."""
    monkeypatch.setattr("storage.sqlite.copying.PAGES", 1)
    await asyncio.gather(*(store.tx(add, f"{n:04}", "x" * 3000) for n in range(50)))
    copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy"))
    while not (tmp_path / "copy.pages").exists():  # noqa: ASYNC110
        await asyncio.sleep(0)
    await store.tx(add, "meanwhile")
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert await store.tx_sealed(add, "after") == "after"
    assert not (tmp_path / "copy.pages").exists()
    await store.vacuum()


async def test_what_was_deleted_is_in_no_file(store: Sqlite, path: Path) -> None:
    """After a deletion and a checkpoint, neither the database nor the write-ahead log contains the
    text."""
    canary = "kanariefugl" * 50
    await store.tx(add, "a", canary)
    assert canary.encode() in path.read_bytes() + wal(path).read_bytes()
    await store.tx(clear)
    assert await store.checkpoint()
    assert b"kanariefugl" not in path.read_bytes() + wal(path).read_bytes()


async def test_a_full_database_is_passing_trouble(store: Sqlite, path: Path) -> None:
    """The caller gets Unavailable, reads continue, and it recovers without help."""
    await store.tx(add, "a")
    await store.checkpoint()
    store_pages(store, path, room=False)
    with pytest.raises(Unavailable, match="room"):
        await store.tx(add, "b", "x" * 100_000)
    assert await ids(store) == ["a"]
    store_pages(store, path, room=True)
    await store.tx(add, "b", "x" * 100_000)
    assert await ids(store) == ["a", "b"]


def store_pages(store: Sqlite, path: Path, *, room: bool) -> None:
    """Forbid the writer's connection to grow the file, or allow it again."""
    pages = 4_294_967_294 if room else path.stat().st_size // 4096
    store._writer._conn.execute(f"PRAGMA max_page_count={pages}").fetchall()


_TAKES = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, int(sys.argv[2]), int(sys.argv[3]))
"""


async def test_counting_leaves_the_locks_of_sqlite_alone(store: Sqlite, path: Path) -> None:
    """A process that closes a file loses its locks on it, whoever opened it. Without its lock the
    log's index is cut to nothing by the next program that opens the database."""
    await store.tx(add, "1")
    store.counts()
    for name, length, start in (("digi.db-shm", "1", "128"), ("digi.db", "510", "1073741826")):
        words = sys.executable, "-c", _TAKES, str(path.with_name(name)), length, start
        took = await asyncio.to_thread(
            subprocess.run, words, capture_output=True, text=True, check=False
        )
        assert "BlockingIOError" in took.stderr, name


async def test_a_closed_store_says_so(path: Path, folder: Path) -> None:
    """Waiting scripts are finished; later callers get an error; closing twice is allowed."""
    store = await Sqlite.open(path, folder=folder)
    waiting = [asyncio.ensure_future(store.tx(add, f"{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*waiting)) == 50
    with pytest.raises(Unavailable, match="closed"):
        await store.tx(add, "late")
    await store.close()
    assert not wal(path).exists()


async def test_a_second_process_is_refused(store: Sqlite, path: Path, folder: Path) -> None:
    """One process serves a file; the message names the other."""
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom storage.sqlite.driver import Sqlite\n"
        "asyncio.run(Sqlite.open(Path(sys.argv[1]), folder=Path(sys.argv[2]), wait=0.2))"
    )
    second = await asyncio.to_thread(run, code, path, folder)
    assert second.returncode == 1
    assert "another Digi holds" in second.stderr
    await store.tx(add, "a")


def run(code: str, *args: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )


async def test_a_starting_store_waits_for_the_lock(path: Path, folder: Path) -> None:
    """A restart does not fail because the old process takes a moment to end."""
    first = await Sqlite.open(path, folder=folder)
    starting = asyncio.ensure_future(Sqlite.open(path, folder=folder, wait=LONG_ENOUGH))
    await asyncio.sleep(0.3)
    assert not starting.done()
    await first.close()
    await (await starting).close()
    FileLock(path).release()


async def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, folder: Path) -> None:
    """A zeroed page is detected at the start, and the file is not changed."""
    store = await Sqlite.open(path, folder=folder)
    for n in range(50):
        await store.tx(add, f"{n}", "x" * 1000)
    await store.close()
    raw = bytearray(path.read_bytes())
    raw[4096 * 5 : 4096 * 6] = bytes(4096)
    path.write_bytes(raw)
    with pytest.raises(Damaged, match="restore"):
        await Sqlite.open(path, folder=folder)
    assert path.read_bytes() == raw
    FileLock(path).release()


async def test_a_file_that_is_no_database_is_refused(path: Path, folder: Path) -> None:
    """A file of another type is not changed."""
    path.parent.mkdir()
    path.write_bytes(b"Kaere dagbog " * 1000)
    before = path.read_bytes()
    with pytest.raises(Damaged):
        await Sqlite.open(path, folder=folder)
    assert path.read_bytes() == before


async def test_a_lost_file_is_not_made_anew_over_its_wal(path: Path, folder: Path) -> None:
    """If the write-ahead log exists without its database, an operator has to look first."""
    path.parent.mkdir()
    wal(path).write_bytes(b"something")
    with pytest.raises(Damaged, match="gone"):
        await Sqlite.open(path, folder=folder)
    assert not path.exists()
    assert wal(path).read_bytes() == b"something"


_WRITER = """
import asyncio, sys
from pathlib import Path
from storage.sqlite.driver import Sqlite
from tests.storage.test_sqlite import add

async def main():
    store = await Sqlite.open(Path(sys.argv[1]), folder=Path(sys.argv[2]))
    async def one(lane):
        for n in range(100_000):
            print(await store.tx(add, f"{sys.argv[3]}-{lane}-{n}"), flush=True)
    await asyncio.gather(*(one(lane) for lane in range(20)))

asyncio.run(main())
"""


def kill_while_writing(path: Path, folder: Path, name: str) -> set[str]:
    """Start a writer, kill it in the middle, and return what it had acknowledged."""
    writer: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), str(folder), name],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    said = [writer.stdout.readline()]
    time.sleep(0.05)
    os.kill(writer.pid, signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.stdout.close()
    writer.wait()
    return {line.strip() for line in said if line.endswith("\n")}


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=pytest.mark.long)])
async def test_a_killed_process_keeps_what_it_confirmed(
    path: Path, folder: Path, times: int
) -> None:
    """`kill -9` with twenty concurrent writers loses no acknowledged commit."""
    confirmed: set[str] = set()
    for n in range(times):
        confirmed |= await asyncio.to_thread(kill_while_writing, path, folder, f"{n}")
    store = await Sqlite.open(path, folder=folder)
    kept = set(await ids(store))
    await store.close()
    assert len(confirmed) > times
    assert confirmed <= kept


@pytest.mark.usefixtures("synced")
async def test_the_settings_that_keep_promises_are_set(store: Sqlite) -> None:
    """Durable commits, secure_delete and foreign keys are on, whatever SQLite was compiled with."""

    def pragma(name: str) -> Any:
        return store._writer._conn.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("secure_delete") == 1
    assert pragma("foreign_keys") == 1
    assert pragma("trusted_schema") == 0


def test_a_statement_is_found_by_its_name(folder: Path) -> None:
    """Names come from headings; a comment before the first one is none."""
    found = queries(folder)
    assert set(found) == {
        "lock",
        "wait",
        "add",
        "reply",
        "replies",
        "all",
        "clear",
        "wrong",
        "meta_stir",
    }
    assert found["clear"] == "DELETE FROM note;"


@pytest.mark.parametrize(
    "text", ["SELECT 1;\n-- name: a\nSELECT 2;\n", "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;"]
)
def test_a_statement_without_a_name_of_its_own_is_refused(tmp_path: Path, text: str) -> None:
    """A statement before the first name, or a duplicate name, would be lost silently."""
    (tmp_path / "queries.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"queries\.sql"):
        queries(tmp_path)


def test_an_error_of_the_store_tells_the_operator_what_to_do() -> None:
    """The message is the class's docstring on one line, followed by the detail."""
    for kind in (Conflict, Unavailable, Damaged):
        said = str(kind("the detail"))
        assert issubclass(kind, StoreError)
        assert "\n" not in said
        assert ":" in said
        assert said.endswith("(the detail)")
