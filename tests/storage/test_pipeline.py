"""Pipelined transactions on PostgreSQL: the number of round trips, and failures within them."""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import storage.postgres.commit
import storage.postgres.connections
import storage.postgres.driver
from storage.postgres.dialect import spoken
from storage.postgres.driver import Postgres
from storage.sql import FOLDER, Conflict, Row, Script, Unavailable, queries
from tests.storage.test_postgres import a_store
from tests.storage.test_sqlite import add, every, write_folder
from tests.waiting import LONG_ENOUGH
from tests.worlds.postgres import Server, Wire


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "sql")


@pytest.fixture
async def store(folder: Path, empty_dsn: str) -> AsyncIterator[Postgres]:
    async with a_store(empty_dsn, folder, connections=1) as store:
        yield store


@pytest.fixture
async def wire(postgres_server: Server) -> AsyncIterator[Wire]:
    async with Wire(postgres_server) as wire:
        yield wire


@pytest.fixture
async def far(wire: Wire, empty_dsn: str, folder: Path) -> AsyncIterator[Postgres]:
    """A store whose round trips to the server are counted."""
    name = empty_dsn.partition("///")[2].partition("?")[0]
    async with a_store(wire.dsn(name), folder, connections=1) as store:
        await store.tx(add, "a")
        yield store


async def backend(store: Postgres) -> int:
    async with store._pool.connection() as conn:
        return conn.info.backend_pid


# --- how many ways ----------------------------------------------------------------------------


def test_what_answers_with_rows_is_told_by_its_words(postgres_dsn: str) -> None:
    """For each statement, Digi waits exactly if it returns rows."""
    with psycopg.connect(postgres_dsn) as conn:
        for name, sql in queries(FOLDER).items():
            said = spoken(sql)
            assert conn.pgconn.prepare(name.encode(), said.text.encode()).error_message == b""
            described = conn.pgconn.describe_prepared(name.encode())
            assert (described.nfields > 0) == said.answers, name


def test_a_word_in_quotes_says_nothing_of_what_answers() -> None:
    """Quoted words are ignored, and lower case is recognised."""
    assert not spoken("INSERT INTO t VALUES ('it''s RETURNING id')").answers
    assert spoken("insert into t values (:a) returning id").answers
    assert spoken("WITH a AS (SELECT 1) DELETE FROM t").answers, "rather one way too many"


def looked() -> Script[int]:
    first = yield "all", {}
    second = yield "all", {}
    return len(first) + len(second)


def decided(reader: str) -> Script[int]:
    """A transaction like a turn: a lock, two reads, four writes."""
    yield "lock", {"lock": reader}
    rows = yield "all", {}
    yield "reply", {"note": "a", "text": "1"}
    yield "reply", {"note": "a", "text": "2"}
    more = yield "replies", {}
    yield "reply", {"note": "a", "text": "3"}
    yield "reply", [{"note": "a", "text": "4"}, {"note": "a", "text": "5"}]
    return len(rows) + len(more)


def only_writes() -> Script[None]:
    yield "lock", {"lock": "a"}
    yield "reply", {"note": "a", "text": ""}


async def test_there_are_as_many_ways_as_answers_and_one_for_the_commit(
    far: Postgres, wire: Wire
) -> None:
    """Locks, writes and BEGIN are sent with the next statement. A transaction without reads needs
    one more, to learn its transaction id before COMMIT."""
    for run, script, args, ways in (
        (far.read, looked, (), 3),
        (far.tx, decided, ("lock",), 3),
        (far.tx, only_writes, (), 2),
    ):
        before = wire.ways
        await run(script, *args)
        assert wire.ways - before == ways, script.__name__


async def test_a_row_holds_what_was_put_in_whatever_it_is(store: Postgres) -> None:
    """Text of every alphabet, NULL, and more than a socket buffer holds, in both directions."""
    long = "æ🙂" * 1_000_000
    for id, text in (("words", "Ærø, 東京, 🙂"), ("nothing", ""), ("long", long)):
        await store.tx(add, id, text)
    found = {row["id"]: row["text"] for row in await store.read(every)}
    assert found == {"words": "Ærø, 東京, 🙂", "nothing": "", "long": long}


def _certified(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def _pours(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while said := await source.read(65536):
            to.write(said)
            await to.drain()
    to.close()
    with suppress(ConnectionError, ssl.SSLError):
        await to.wait_closed()


@asynccontextmanager
async def enciphered(server: Server, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A TLS proxy in front of the server, as in most workplaces."""

    async def passes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing.append(asyncio.current_task())
        await reader.readexactly(8)  # the SSLRequest message
        writer.write(b"S")
        await writer.start_tls(context)
        behind = await asyncio.open_unix_connection(server.folder / ".s.PGSQL.5432")
        await asyncio.gather(_pours(reader, behind[1]), _pours(behind[0], writer))

    passing: list[asyncio.Task[None] | None] = []
    async with await asyncio.start_server(passes, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.gather(*(one for one in passing if one is not None))


async def test_enciphered_nothing_is_left_unread(
    postgres_server: Server, empty_dsn: str, folder: Path, tmp_path: Path
) -> None:
    """Decrypted bytes in the TLS buffer do not make the socket readable; with long rows and many,
    in both directions."""
    name = empty_dsn.partition("///")[2].partition("?")[0]
    async with enciphered(postgres_server, _certified(tmp_path)) as port:
        dsn = f"postgresql://digi@127.0.0.1:{port}/{name}?sslmode=require"
        async with a_store(dsn, folder) as store:
            async with store._pool.connection() as conn:
                assert conn.pgconn.ssl_in_use
            sizes = [0, 1, *(16_384 * n + more for n in range(1, 6) for more in (-100, 0, 100))]
            await asyncio.gather(*(store.tx(add, str(n), "x" * n) for n in sizes))
            await store.tx(add, "long", "y" * 3_000_000)
            found = {row["id"]: len(row["text"]) for row in await store.read(every)}
    assert found == {**{str(n): n for n in sizes}, "long": 3_000_000}


@pytest.mark.parametrize("together", [True, False])
async def test_thousands_of_statements_are_said_in_their_order(
    store: Postgres, *, together: bool
) -> None:
    """For any number of statements without reads, neither side buffers all the answers."""
    await store.tx(add, "a")

    def many() -> Script[list[Row]]:
        each: list[Any] = [{"note": "a", "text": str(n)} for n in range(3000)]
        for params in [each] if together else each:
            yield "reply", params
        return (yield "replies", {})

    assert [row["text"] for row in await store.tx(many)] == [str(n) for n in range(3000)]


# --- what goes wrong on them ------------------------------------------------------------------


def _fails_at_its_end() -> Script[None]:
    yield "add", {"id": "b", "text": ""}
    yield "reply", {"note": "nobody", "text": ""}


def _fails_before_an_answer() -> Script[None]:
    yield "reply", {"note": "nobody", "text": ""}
    yield "add", {"id": "b", "text": ""}


def _fails_before_another_fault() -> Script[None]:
    yield "reply", {"note": "nobody", "text": ""}
    yield "wrong", {}


def _fails_before_its_own_fault() -> Script[None]:
    yield "add", {"id": "b", "text": ""}
    yield "reply", {"note": "nobody", "text": ""}
    raise LookupError("decided on what did not hold")


def _fails_before_a_parameter_is_missing() -> Script[None]:
    yield "reply", {"note": "nobody", "text": ""}
    yield "add", {}


def _fails_among_many() -> Script[None]:
    yield "reply", [{"note": note, "text": ""} for note in ("a", "nobody", "a")]


@pytest.mark.parametrize(
    "script",
    [
        _fails_at_its_end,
        _fails_before_an_answer,
        _fails_before_another_fault,
        _fails_before_its_own_fault,
        _fails_before_a_parameter_is_missing,
        _fails_among_many,
    ],
)
async def test_the_first_thing_that_went_wrong_is_told(
    store: Postgres, script: Callable[[], Script[None]]
) -> None:
    """Later errors do not hide it; nothing of the transaction is kept, and the connection stays
    usable."""
    await store.tx(add, "a")
    before = await backend(store)
    with pytest.raises(Conflict):
        await store.tx(script)
    assert [row["id"] for row in await store.read(every)] == ["a"]
    assert await backend(store) == before


async def test_what_went_along_with_a_lost_commit_stands_once(far: Postgres, wire: Wire) -> None:
    """Also if nothing was awaited before: every script is committed exactly once."""
    chance = random.Random(5)
    wire.cut = lambda: chance.choice(("before", "after", None))
    for n in range(20):
        await far.tx(_replied, str(n))
    wire.cut = lambda: None
    assert [row["text"] for row in await far.read(_replies)] == [str(n) for n in range(20)]
    assert min(wire.cuts["before"], wire.cuts["after"]) > 0


def _replied(text: str) -> Script[None]:
    yield "reply", {"note": "a", "text": text}


def _replies() -> Script[list[Row]]:
    return (yield "replies", {})


async def test_a_scripts_own_fault_stays_its_own(store: Postgres) -> None:
    """Errors of the script that the database had no part in."""

    def fails() -> Script[None]:
        yield "clear", {}
        raise LookupError("mine")

    await store.tx(add, "a")
    with pytest.raises(LookupError, match="mine"):
        await store.tx(fails)
    assert len(await store.read(every)) == 1


async def test_a_statement_that_was_skipped_is_there_the_next_time(
    folder: Path, empty_dsn: str
) -> None:
    """A statement that the server did not prepare because an earlier one failed is prepared
    again."""

    def skipped(note: str) -> Script[list[Row]]:
        yield "reply", {"note": note, "text": ""}
        return (yield "replies", {})

    def wrong_between() -> Script[list[Row]]:
        yield "add", {"id": "b", "text": ""}
        yield "wrong", {}
        return []

    async with a_store(empty_dsn, folder, connections=1) as store:
        await store.tx(add, "a")
        for _ in range(2):
            with pytest.raises(Conflict):
                await store.tx(skipped, "nobody")
            for run in (store.tx, store.read):
                with pytest.raises(psycopg.errors.UndefinedTable):
                    await run(wrong_between if run == store.tx else _wrong)
        assert await store.tx(skipped, "a") == [{"note": "a", "text": ""}]


def _wrong() -> Script[list[Row]]:
    return (yield "wrong", {})


async def test_who_stops_looking_leaves_the_store_usable(folder: Path, empty_dsn: str) -> None:
    """Cancelled in the middle of a statement, with a pool of one connection."""
    begun = asyncio.Event()

    def for_ever() -> Script[None]:
        yield "all", {}
        while True:
            yield "wait", {}
            begun.set()

    async with a_store(empty_dsn, folder, connections=1) as store:
        looking = asyncio.ensure_future(store.read(for_ever))
        await begun.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        async with asyncio.timeout(LONG_ENOUGH):
            await store.tx(add, "a")
            assert len(await store.read(every)) == 1


async def test_a_turn_that_stands_still_lets_go_of_its_lock(
    folder: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two round trips the server sees the session as idle in a transaction, so a frozen
    replica does not hold its project's lock, and its transaction is executed once."""
    limits = ("SET idle_in_transaction_session_timeout = '200ms'",)
    monkeypatch.setattr(storage.postgres.connections, "_LIMITS", limits)
    tries: list[int] = []

    def frozen() -> Script[None]:
        tries.append(len(tries))
        yield "lock", {"lock": "a"}
        yield "add", {"id": "frozen", "text": ""}
        if len(tries) == 1:
            time.sleep(1)  # this whole process is blocked
        yield "reply", {"note": "frozen", "text": ""}

    async with a_store(empty_dsn, folder) as store:
        await store.tx(frozen)
        assert len(await store.read(every)) == 1
    assert len(tries) > 1


async def test_only_the_commit_has_to_be_quick(
    folder: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements sent with it may take longer: erasing a large project does. The timeout starts
    when everything before the COMMIT has been answered."""
    watched: list[bool] = []
    confirmed = storage.postgres.commit.confirmed

    @asynccontextmanager
    async def noted(conn: storage.postgres.connections.Connection) -> AsyncIterator[None]:
        watched.append(True)
        async with confirmed(conn):
            yield

    monkeypatch.setattr(storage.postgres.driver, "confirmed", noted)
    with (folder / "queries.sql").open("a", encoding="utf-8") as file:
        file.write(
            "\n-- name: slowly\n/*pg INSERT INTO note SELECT 'a', l::text"
            " FROM pg_advisory_xact_lock(7) AS l */;\n"
        )

    def slow() -> Script[None]:
        yield "all", {}
        yield "slowly", {}

    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with (
        a_store(empty_dsn, folder) as store,
        await psycopg.AsyncConnection.connect(empty_dsn, autocommit=True) as holder,
    ):
        await holder.execute("SELECT pg_advisory_lock(7)")
        turn = asyncio.ensure_future(store.tx(slow))
        async with asyncio.timeout(LONG_ENOUGH):
            while await (await holder.execute(waits)).fetchone() == (0,):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not watched
        await holder.execute("SELECT pg_advisory_unlock(7)")
        await turn
        assert watched
        assert len(await store.read(every)) == 1


async def test_a_look_that_always_loses_its_connection_says_so(
    postgres_server: Server, store: Postgres
) -> None:
    """It is retried several times, and then reported as temporarily unavailable."""

    def ends() -> Script[None]:
        yield "all", {}
        postgres_server.say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'digi%' AND state = 'idle in transaction'"
        )
        yield "all", {}

    with pytest.raises(Unavailable):
        await store.read(ends)
    assert await store.read(every) == []
