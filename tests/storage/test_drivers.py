"""The guarantees of both drivers: transactions are executed once, completely or not at all, and
isolated."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg.errors import UndefinedTable

from storage.postgres.driver import Postgres
from storage.sql import FOLDER, Conflict, Row, Script, Unavailable, together
from storage.sqlite.driver import Sqlite
from tests.storage.test_sqlite import add, add_and_fail, every, reply, write_folder, wrong
from tests.waiting import LONG_ENOUGH

Driver = Sqlite | Postgres


async def opened(tmp_path: Path, folder: Path, address: str) -> Driver:
    if address:
        return await Postgres.open(address, folder=folder)
    return await Sqlite.open(tmp_path / "home" / "digi.db", folder=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "sql")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("empty_dsn")) if request.param == "postgres" else ""


@pytest.fixture
async def store(tmp_path: Path, folder: Path, address: str) -> AsyncIterator[Driver]:
    store = await opened(tmp_path, folder, address)
    yield store
    await store.close()


async def ids(store: Driver) -> list[str]:
    return [row["id"] for row in await store.read(every)]


async def test_what_a_script_returns_is_what_the_caller_gets(store: Driver) -> None:
    """A transaction is durable when it returns, and readers see it at once."""
    assert await store.tx(add, "a", text="æøå") == "a"
    assert await store.read(every) == [{"id": "a", "text": "æøå"}]


async def test_a_broken_rule_of_the_database_is_a_conflict(store: Driver) -> None:
    """A duplicate key and a foreign key violation raise Conflict and leave nothing."""
    await store.tx(add, "a")
    with pytest.raises(Conflict):
        await store.tx(add, "a")
    with pytest.raises(Conflict):
        await store.tx(reply, "nobody")
    assert await ids(store) == ["a"]


async def test_a_failing_script_does_not_hurt_its_neighbours(store: Driver) -> None:
    """Of many transactions in one commit, only the failing ones are rolled back."""
    jobs = [store.tx(add_and_fail if n % 3 == 0 else add, f"{n:03}") for n in range(300)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(result, LookupError) for result in results] == [
        n % 3 == 0 for n in range(300)
    ]
    assert await ids(store) == [f"{n:03}" for n in range(300) if n % 3]


async def test_what_nobody_asks_of_is_said_together_and_in_its_order(store: Driver) -> None:
    """Consecutive executions of one statement are batched before the next statement; if one fails,
    none remains."""
    said: list[str] = []

    def replies(*notes: str) -> Script[int]:
        yield "add", {"id": "a", "text": ""}
        for note in notes:
            yield "reply", {"note": note, "text": note}
        rows = yield "replies", {}
        yield "reply", {"note": "a", "text": "last"}
        return len(rows)

    def heard(*notes: str) -> Script[int]:
        script = together(replies(*notes), frozenset({"reply"}))
        rows: list[Row] | None = None
        try:
            while True:
                name, params = script.send(rows)  # type: ignore[arg-type]
                said.append(f"{name} {len(params)}" if isinstance(params, list) else name)
                rows = yield name, params
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    with pytest.raises(Conflict):
        await store.tx(heard, "a", "a", "nobody")
    assert await ids(store) == []
    said.clear()
    assert await store.tx(heard, "a", "a", "a") == 3
    assert said == ["add", "reply 3", "replies", "reply"]
    assert await ids(store) == ["a"]


def before(tmp_path: Path, number: str) -> Path:
    """The migrations before this one, with today's statements."""
    folder = tmp_path / "before"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file in (folder / "migrations").iterdir():
        if file.name >= number:
            file.unlink()
    return folder


ROLE_PUT_BEFORE_0007 = """-- name: role_put
INSERT INTO role (tenant, project, person, role, status, given, body)
VALUES (:tenant, :project, :person, :role, :status, 1, :body)
ON CONFLICT (tenant, project, person, role) DO UPDATE
SET status = excluded.status, body = excluded.body;

"""


async def test_an_upgrade_marks_those_who_have_led(tmp_path: Path, address: str) -> None:
    """Exactly the current and former leaders are marked. Rows that the previous version overwrites
    keep the mark, and a leader it appoints is marked by the next change."""
    old = before(tmp_path, "0007")
    sql = (old / "queries.sql").read_text(encoding="utf-8")
    head, tail = sql.index("-- name: role_put"), sql.index("-- name: role_all")
    (old / "queries.sql").write_text(sql[:head] + ROLE_PUT_BEFORE_0007 + sql[tail:], "utf-8")
    seats = ("leader", "deputy", "tr", "facilitator")

    def gives(status: str, *people: str) -> Script[None]:
        for person in people:
            for role in seats:
                yield (
                    "role_put",
                    {
                        "tenant": "t",
                        "project": "p",
                        "person": person,
                        "role": role,
                        "status": status,
                        "body": b"x",
                    },
                )

    def marked() -> Script[list[tuple[str, str]]]:
        rows = yield "role_all", {"tenant": "t", "project": "p"}
        return sorted((row["person"], row["role"]) for row in rows if row["led"])

    async def run(folder: Path, *given: tuple[str, str]) -> list[tuple[str, str]]:
        store = await opened(tmp_path, folder, address)
        try:
            for status, person in given:
                await store.tx(gives, status, person)
            return [] if folder == old else await store.read(marked)
        finally:
            await store.close()

    def led(*people: str) -> list[tuple[str, str]]:
        return [(person, role) for person in people for role in ("deputy", "leader")]

    await run(old, ("asked", "a"), ("confirmed", "b"), ("declined", "c"), ("was", "d"))
    assert await run(FOLDER) == led("b", "d")
    assert await run(FOLDER, ("was", "b"), ("asked", "b"), ("declined", "d")) == led("b", "d")
    await run(old, ("declined", "b"), ("asked", "d"), ("confirmed", "e"))
    assert await run(FOLDER, ("asked", "e"), ("confirmed", "f")) == led("b", "d", "e", "f")


async def test_who_had_answered_before_the_database_counted_them_is_counted(
    tmp_path: Path, address: str
) -> None:
    """The migration counts existing rows; rows that the previous version writes afterwards are
    counted too."""
    folder = before(tmp_path, "0006")

    def answers(*people: str) -> Script[None]:
        for person in people:
            yield (
                "record_put",
                {
                    "tenant": "t",
                    "project": "p",
                    "kind": "answer",
                    "id": f"q:{person}",
                    "ref": "q",
                    "person": person,
                    "at": 0,
                    "body": b"x",
                },
            )

    def counted() -> Script[list[Row]]:
        return (yield "answered", {"tenant": "t", "project": "p", "ref": "q"})

    store = await opened(tmp_path, folder, address)
    await store.tx(answers, "anne", "ali")
    await store.close()
    store = await opened(tmp_path, FOLDER, address)
    try:
        assert await store.read(counted) == [{"n": 2}]
        await store.tx(answers, "ali", "mette")
        assert await store.read(counted) == [{"n": 3}]
    finally:
        await store.close()


async def test_a_wrong_statement_is_a_bug_and_stays_one(store: Driver) -> None:
    """A bug in a statement is not reported as a temporary problem, and the store continues."""
    for run in (store.tx, store.read, store.tx_sealed):
        with pytest.raises((sqlite3.OperationalError, UndefinedTable), match="nowhere"):
            await run(wrong)
    await store.tx(add, "a")
    assert await ids(store) == ["a"]


async def test_a_look_that_writes_is_a_bug(store: Driver) -> None:
    """Readers cannot write, and this is not reported as a problem of the disk."""
    with pytest.raises(RuntimeError, match="only to read"):
        await store.read(add, "a")
    assert await ids(store) == []


async def test_a_cancelled_caller_leaves_the_transaction_standing(store: Driver) -> None:
    """The cancelled caller gets no result, the commit takes effect, and others get their own
    results."""
    gone = [asyncio.ensure_future(store.tx(add, f"gone{n}")) for n in range(20)]
    stays = [asyncio.ensure_future(store.tx(add, f"stays{n}")) for n in range(20)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    assert await asyncio.gather(*stays) == [f"stays{n}" for n in range(20)]
    assert all(task.cancelled() for task in await settled(gone))
    # On PostgreSQL they go on beside each other, and nobody waits for a cancelled one.
    async with asyncio.timeout(LONG_ENOUGH):
        while len(await ids(store)) < 40:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def settled(tasks: list[asyncio.Task[str]]) -> list[asyncio.Task[str]]:
    await asyncio.wait(tasks)
    return tasks


async def test_scripts_of_one_lock_find_what_the_one_before_them_left(store: Driver) -> None:
    """Forty concurrent scripts read, decide and write without overwriting each other."""

    def one_more() -> Script[None]:
        yield "lock", {"lock": "the count"}
        rows = yield "all", {}
        yield "clear", {}
        yield "add", {"id": "count", "text": str(int(rows[0]["text"]) + 1)}

    await store.tx(add, "count", "0")
    await asyncio.gather(*(store.tx(one_more) for _ in range(40)))
    assert await store.read(every) == [{"id": "count", "text": "40"}]


async def test_a_closed_store_finishes_and_then_says_so(store: Driver) -> None:
    """Running scripts are finished; later callers get an error; closing twice is allowed."""
    waiting = [asyncio.ensure_future(store.tx(add, f"{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*waiting)) == 50
    for run in (store.tx, store.tx_sealed):
        with pytest.raises(Unavailable, match="closed"):
            await run(add, "late")
    with pytest.raises(Unavailable, match="closed"):
        await store.read(every)
    await store.close()
