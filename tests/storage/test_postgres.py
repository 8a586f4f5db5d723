"""The PostgreSQL driver: failures of the server, and the state afterwards."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest

import storage.postgres.connections
import storage.postgres.driver
import storage.postgres.vacuum
from storage.migrate import migrations
from storage.postgres.dialect import built, spoken
from storage.postgres.driver import Postgres
from storage.sql import (
    FOLDER,
    Conflict,
    NewerSchema,
    Row,
    Script,
    StoreError,
    Unavailable,
    Unsure,
    queries,
)
from tests.storage.test_sqlite import add, every, write_folder
from tests.waiting import LONG_ENOUGH
from tests.worlds.files import contents, files_below
from tests.worlds.postgres import Server, Wire, a_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "sql")


@asynccontextmanager
async def a_store(dsn: str, folder: Path = FOLDER, connections: int = 8) -> AsyncIterator[Postgres]:
    store = await Postgres.open(dsn, folder=folder, connections=connections)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(folder: Path, empty_dsn: str) -> AsyncIterator[Postgres]:
    async with a_store(empty_dsn, folder) as store:
        yield store


@pytest.fixture
async def real_store(postgres_dsn: str) -> AsyncIterator[Postgres]:
    async with a_store(postgres_dsn) as store:
        yield store


@pytest.fixture
async def own_store(
    folder: Path, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Postgres]:
    """Callers do not wait long for a server that is away."""
    monkeypatch.setattr(storage.postgres.connections, "WAIT_SECONDS", 0.5)
    async with a_store(own_server.dsn(own_server.new()), folder) as store:
        yield store


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that these tests may stop, crash and make read-only."""
    with a_server() as server:
        yield server


async def ids(store: Postgres) -> list[str]:
    return [row["id"] for row in await store.read(every)]


# --- what a statement becomes ---------------------------------------------------------------


def test_a_statement_is_spoken_with_numbers_for_names() -> None:
    """Each name has one number; quotes, casts and comments are unchanged."""
    said = spoken(
        "-- a person's word: :no\n"
        "SELECT a::text, ':no', '--' FROM t WHERE b = :b AND c > :c AND d = :b"
        " /*pg FOR UPDATE OF :c */;"
    )
    assert said.names == ("b", "c")
    assert said.text == (
        "SELECT a::text, ':no', '--' FROM t WHERE b = $1 AND c > $2 AND d = $1 FOR UPDATE OF $2"
    )


def test_a_table_is_built_with_the_servers_own_types() -> None:
    """Text is compared bytewise, integers have 64 bits, and parts for only one database are
    selected."""
    said = built("CREATE TABLE t (a TEXT NOT NULL DEFAULT 'TEXT', b INTEGER, c BLOB); -- TEXT")
    assert said.split(";")[0] == (
        "CREATE TABLE t (a TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT', b BIGINT, c BYTEA)"
    )
    assert built("/*lite*/ CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END;") == ""
    assert built("/*pg ALTER TABLE t SET (fillfactor = 50) */;") == (
        "ALTER TABLE t SET (fillfactor = 50)"
    )


def test_every_statement_fits_the_schema(postgres_dsn: str) -> None:
    """Each named statement can be prepared on the migrated schema."""
    with psycopg.connect(postgres_dsn) as conn:
        for name, sql in queries().items():
            try:
                conn.execute(f"PREPARE {name} AS {spoken(sql).text}".encode())
            except psycopg.Error as error:
                pytest.fail(f"{name}: {error}")


# --- what the server undoes ------------------------------------------------------------------


async def test_what_the_server_undid_is_run_again_as_a_whole(store: Postgres) -> None:
    """Two scripts deadlock: the server aborts one of them, and both are committed in the end."""
    tries: list[str] = []

    def both(first: str, second: str) -> Script[None]:
        tries.append(first)
        yield "lock", {"lock": f"turnstile {first}"}
        yield "lock", {"lock": first}
        yield "wait", {}
        yield "lock", {"lock": second}
        yield "add", {"id": f"{first}{second}", "text": ""}

    for n in range(3):
        await asyncio.gather(store.tx(both, f"a{n}", f"b{n}"), store.tx(both, f"b{n}", f"a{n}"))
    assert len(await ids(store)) == 6
    assert len(tries) > 6


async def test_turns_of_other_replicas_wait_for_the_lock(
    store: Postgres, folder: Path, empty_dsn: str
) -> None:
    """Five stores on one database, forty turns, no lost update."""

    def one_more() -> Script[None]:
        yield "lock", {"lock": "the count"}
        rows = yield "all", {}
        yield "clear", {}
        yield "add", {"id": "count", "text": str(int(rows[0]["text"]) + 1)}

    await store.tx(add, "count", "0")
    async with AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(a_store(empty_dsn, folder, connections=2))
            for _ in range(4)
        ]
        turns = [replica.tx(one_more) for replica in (store, *others) for _ in range(8)]
        await asyncio.gather(*turns)
    assert await store.read(every) == [{"id": "count", "text": "40"}]


async def test_an_error_does_not_repeat_what_was_written(store: Postgres) -> None:
    """PostgreSQL's DETAIL line contains the conflicting value, and is dropped."""
    await store.tx(add, "hemmeligt")
    with pytest.raises(Conflict) as caught:
        await store.tx(add, "hemmeligt")
    told = caught.value
    assert "hemmeligt" not in str(told)
    assert told.__cause__ is None
    assert told.__suppress_context__


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.long)])
async def test_a_lost_answer_to_a_commit_is_asked_after(
    folder: Path, postgres_server: Server, times: int, figures: Callable[[str], None]
) -> None:
    """The connection is cut before or after the server receives COMMIT: every script is committed
    exactly once, and its caller is told."""
    name = postgres_server.new()
    chance = random.Random(7)
    async with Wire(postgres_server) as wire, a_store(wire.dsn(name), folder) as store:
        wire.cut = lambda: chance.choice(("before", "after", None, None))
        said = [await store.tx(add, f"{n:04}") for n in range(times)]
        wire.cut = lambda: None
        assert said == await ids(store) == [f"{n:04}" for n in range(times)]
    postgres_server.drop(name)
    assert min(wire.cuts["before"], wire.cuts["after"]) > 0
    figures(f"{times} commits, answers lost {dict(wire.cuts)}: all stand once")


@pytest.mark.parametrize(
    "times",
    [30, pytest.param(400, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
async def test_terminated_connections_lose_and_double_nothing(
    folder: Path,
    own_server: Server,
    own_store: Postgres,
    times: int,
    figures: Callable[[str], None],
) -> None:
    """The server's processes are terminated repeatedly, also during a COMMIT."""
    ends = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE 'digi%' AND pid <> pg_backend_pid()"
    )
    chance = random.Random(11)
    ended = 0

    async def ending() -> None:
        nonlocal ended
        while True:
            ended += len(await asyncio.to_thread(own_server.say, ends))
            await asyncio.sleep(chance.uniform(0, 0.2))

    killer = asyncio.ensure_future(ending())
    confirmed: list[str] = []
    refused = 0
    try:
        for n in itertools.count():
            if len(confirmed) >= times and ended:  # a fast server may be done before the first end
                break
            try:
                confirmed.append(await own_store.tx(add, f"{n:05}"))
            except Unavailable:
                refused += 1
    finally:
        killer.cancel()
        await asyncio.gather(killer, return_exceptions=True)
    found = await ids(own_store)
    assert set(confirmed) <= set(found)
    assert len(found) <= len(confirmed) + refused
    figures(
        f"{len(confirmed)} commits, {ended} connections ended, {refused} told to try again:"
        " none lost"
    )


# --- a server that is away for a while -------------------------------------------------------


async def test_a_server_that_only_reads_is_passing_trouble(
    own_server: Server, own_store: Postgres
) -> None:
    """Reads continue, writes raise Unavailable, and it recovers without help."""
    store = own_store
    await store.tx(add, "a")
    own_server.say("ALTER SYSTEM SET default_transaction_read_only = on")
    own_server.say("SELECT pg_reload_conf()")
    await _until_refused(store)
    assert await ids(store) == ["a"]
    own_server.say("ALTER SYSTEM RESET ALL")
    own_server.say("SELECT pg_reload_conf()")
    await _until_written(store, "b")
    assert await ids(store) == ["a", "b"]


async def _until_refused(store: Postgres) -> None:
    async with asyncio.timeout(LONG_ENOUGH):
        for n in itertools.count():
            try:
                await store.tx(_put_back, f"x{n}")
            except Unavailable:
                return


async def _until_written(store: Postgres, id: str) -> None:
    async with asyncio.timeout(LONG_ENOUGH):
        while True:
            try:
                await store.tx(add, id)
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                return


def _put_back(id: str) -> Script[None]:
    """Write and roll back."""
    yield "lock", {"lock": id}
    rows = yield "all", {}
    yield "clear", {}
    for row in rows:
        yield "add", row


async def test_a_server_that_crashed_and_came_back_is_found_again(
    own_server: Server, own_store: Postgres
) -> None:
    """Callers get an error in time while the server is away; afterwards no restart of Digi is
    needed."""
    store = own_store
    await asyncio.gather(*(store.tx(add, f"{n}") for n in range(20)))
    await asyncio.to_thread(own_server.stop)
    async with asyncio.timeout(LONG_ENOUGH):
        for run in (store.tx, store.tx_sealed):
            with pytest.raises(Unavailable):
                await run(add, "away")
        with pytest.raises(Unavailable):
            await store.read(every)
    await asyncio.to_thread(own_server.start)
    await _until_written(store, "back")
    assert len(await ids(store)) == 21


async def test_an_address_that_leads_nowhere_is_said_in_a_sentence() -> None:
    """It contains neither the password nor the driver's traceback."""
    for address in ("postgresql://digi:hemmeligt@127.0.0.1:1/digi", "postgresql://[nonsense"):
        with pytest.raises(Unavailable) as caught:
            await Postgres.open(address)
        assert "hemmeligt" not in str(caught.value)


# --- migrations ------------------------------------------------------------------------------


async def opened(dsn: str, folder: Path, *notes: str) -> list[str]:
    async with a_store(dsn, folder) as store:
        found = await ids(store)
        for note in notes:
            await store.tx(add, note)
        return found


def put(folder: Path, name: str, sql: str) -> None:
    (folder / "migrations" / f"{name}.sql").write_text(sql, encoding="utf-8")


def applied(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        return [name for (name,) in conn.execute("SELECT name FROM migration ORDER BY name")]


async def test_replicas_that_start_together_migrate_once(folder: Path, empty_dsn: str) -> None:
    """Five replicas at once on a new database, and again for an upgrade."""
    for more in (None, "0002_colour"):
        if more:
            put(folder, more, "ALTER TABLE note ADD COLUMN colour TEXT;")
        stores = await asyncio.gather(
            *(Postgres.open(empty_dsn, folder=folder, connections=1) for _ in range(5))
        )
        for store in stores:
            await store.close()
    assert applied(empty_dsn) == ["0001_base", "0002_colour"]


async def test_a_failing_migration_changes_nothing(folder: Path, empty_dsn: str) -> None:
    """Either all are applied or none: the old version still serves the database."""
    await opened(empty_dsn, folder, "a")
    put(folder, "0002_good", "ALTER TABLE note ADD COLUMN colour TEXT;")
    put(folder, "0003_bad", "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await opened(empty_dsn, folder)
    assert applied(empty_dsn) == ["0001_base"]
    for name in ("0002_good", "0003_bad"):
        (folder / "migrations" / f"{name}.sql").unlink()
    assert await opened(empty_dsn, folder, "b") == ["a"]


@pytest.mark.parametrize("oldest", ["1", "2"])
async def test_old_and_new_replicas_serve_side_by_side_where_the_schema_allows_it(
    folder: Path, empty_dsn: str, tmp_path: Path, oldest: str
) -> None:
    """The previous version continues and can be restarted, unless `oldest_code` forbids it."""
    newer = write_folder(tmp_path / "newer")
    put(
        newer,
        "0002_new",
        "ALTER TABLE note ADD COLUMN colour TEXT;"
        f"\nINSERT INTO meta (key, value) VALUES ('oldest_code', '{oldest}');",
    )
    async with a_store(empty_dsn, folder) as old:
        await old.tx(add, "by the old one")
        async with a_store(empty_dsn, newer) as new:
            await asyncio.gather(old.tx(add, "a"), new.tx(add, "b"), old.tx(add, "c"))
            assert await ids(old) == await ids(new) == ["a", "b", "by the old one", "c"]
    if oldest == "1":
        assert len(await opened(empty_dsn, folder)) == 4
    else:
        with pytest.raises(NewerSchema, match="0002_new"):
            await opened(empty_dsn, folder)


async def test_a_database_of_something_else_is_refused(folder: Path, empty_dsn: str) -> None:
    """Digi creates no tables beside another program's."""
    with psycopg.connect(empty_dsn) as conn:
        conn.execute("CREATE TABLE customers (id TEXT)")
    with pytest.raises(StoreError, match="not Digi's"):
        await opened(empty_dsn, folder)


async def test_the_real_schema_is_made_twice_alike(empty_dsn: str) -> None:
    """The migrations and statements open a new database, and open it again."""
    for _ in range(2):
        await (await Postgres.open(empty_dsn)).close()
    assert applied(empty_dsn) == [migration.name for migration in migrations()]


async def test_a_user_who_may_not_make_tables_hears_what_to_do(
    folder: Path, postgres_server: Server, empty_dsn: str
) -> None:
    """The missing right is named, without the driver's traceback."""
    postgres_server.say("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    guest = empty_dsn.replace("user=digi", "user=guest")
    with pytest.raises(Unavailable, match="owner"):
        await Postgres.open(guest, folder=folder)


# --- no trace of when ------------------------------------------------------------------------


def pooled(project: str, sealed: bytes) -> Script[None]:
    yield "lock", {"lock": project}
    yield "pool_put", {"tenant": "t", "project": project, "sealed": sealed}


async def test_a_sealed_transaction_leaves_no_former_version(real_store: Postgres) -> None:
    """When it returns, the pool's table and its TOAST table have only one version of each row."""
    store = real_store
    for n in range(5):
        await store.tx(pooled, "p", bytes([n]) * 10_000)
    assert await store._vacuum.once() == 0
    await store.tx_sealed(pooled, "p", b"x" * 10_000)
    assert await store._vacuum.once() == 0


async def test_whoever_may_not_clear_the_pool_hears_what_to_do(
    real_store: Postgres, postgres_server: Server, postgres_dsn: str
) -> None:
    """A user who may write but does not own the tables would leave old versions, so this is
    reported."""
    role = "writer"
    postgres_server.say(f"CREATE ROLE {role} LOGIN")
    with psycopg.connect(postgres_dsn) as server:
        server.execute(
            f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}".encode()
        )
    async with a_store(postgres_dsn.replace("user=digi", f"user={role}")) as store:
        with pytest.raises(Unavailable, match="owner"):
            await store.tx_sealed(pooled, "p", b"x")
    with psycopg.connect(postgres_dsn) as server:
        server.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}".encode())
    postgres_server.say(f"DROP ROLE {role}")


@contextmanager
def a_backup(dsn: str) -> Iterator[None]:
    """A long snapshot of another user, as `pg_dump` takes it."""
    with psycopg.connect(dsn) as backup:
        backup.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        backup.execute("SELECT count(*) FROM pool")
        yield


@pytest.mark.parametrize("before", ["nothing", "a named turn"])
async def test_nothing_is_written_where_a_backup_would_keep_the_old_version(
    real_store: Postgres, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """A refused transaction leaves nothing, whether or not a transaction has ended since the backup
    began; named writes continue."""
    monkeypatch.setattr(storage.postgres.vacuum, "VACUUM_SECONDS", 0.3)
    store = real_store
    await store.tx_sealed(pooled, "p", b"1" * 5000)
    with a_backup(postgres_dsn):
        if before != "nothing":
            await store.tx(pooled, "another", b"2" * 5000)
        with pytest.raises(Unavailable, match="nothing was written"):
            await store.tx_sealed(pooled, "p", b"2" * 5000)
        await store.tx(pooled, "a third", b"2" * 5000)
        assert (await _pools(store))["p"] == b"1" * 5000
        assert not await store.checkpoint()
    assert await store.checkpoint()
    await store.tx_sealed(pooled, "p", b"2" * 5000)
    assert (await _pools(store))["p"] == b"2" * 5000


async def test_what_stands_is_not_refused_because_a_backup_began_with_the_commit(
    real_store: Postgres, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is reported as successful; no further sealed transaction is accepted until the old
    versions are cleared."""
    monkeypatch.setattr(storage.postgres.vacuum, "VACUUM_SECONDS", 0.3)
    store = real_store
    await store.tx_sealed(pooled, "p", b"1" * 5000)
    with ExitStack() as opened:

        def begins(project: str, sealed: bytes) -> Script[None]:
            opened.enter_context(a_backup(postgres_dsn))
            yield from pooled(project, sealed)

        await store.tx_sealed(begins, "p", b"2" * 5000)
        assert (await _pools(store))["p"] == b"2" * 5000
        with pytest.raises(Unavailable):
            await store.tx_sealed(pooled, "p", b"3" * 5000)
    await store.tx_sealed(pooled, "p", b"3" * 5000)
    assert (await _pools(store))["p"] == b"3" * 5000


async def test_others_looks_hold_up_no_author(real_store: Postgres, postgres_dsn: str) -> None:
    """Digi's own sessions end soon, and an idle session holds no snapshot."""
    store = real_store
    async with a_store(postgres_dsn) as replica, replica._pool.connection() as looks:
        await looks.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await looks.execute("SELECT count(*) FROM pool")
        with psycopg.connect(postgres_dsn, autocommit=True) as idle:
            idle.execute("SELECT count(*) FROM pool")
            assert await store._vacuum.sessions_with_snapshot() == set()
            idle.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            idle.execute("SELECT count(*) FROM pool")
            assert len(await store._vacuum.sessions_with_snapshot()) == 1
        await looks.execute("ROLLBACK")


async def test_what_stands_is_not_refused_because_it_could_not_be_cleared(
    real_store: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vacuum after the commit fails or does not end."""
    store = real_store
    await store.tx_sealed(pooled, "p", b"1" * 5000)
    monkeypatch.setattr(storage.postgres.vacuum, "VACUUM_SECONDS", 0.2)
    monkeypatch.setattr(storage.postgres.vacuum, "LEAST_SECONDS", 0.2)

    async def fails() -> int:
        raise Unavailable("gone")

    async def never() -> int:
        await asyncio.sleep(1)
        return 1

    for n, vacuum in enumerate((fails, never)):
        await store.checkpoint()
        with monkeypatch.context() as patched:
            patched.setattr(store._vacuum, "once", vacuum)
            await store.tx_sealed(pooled, "p", b"%d" % n * 5000)
            assert (await _pools(store))["p"] == b"%d" % n * 5000
            with pytest.raises(Unavailable):
                await store.tx_sealed(pooled, "p", b"x" * 5000)
        assert (await _pools(store))["p"] == b"%d" % n * 5000


@pytest.mark.parametrize("error", [Unsure, LookupError])
async def test_nothing_is_written_where_nobody_knows_which_key_is_in_use(
    real_store: Postgres, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """After a lost answer to the transaction that switches the key; any other error is reported as
    failed."""
    store = real_store
    heard: list[bool] = []

    async def lost(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(store, "_write", lost)
        with pytest.raises(error):
            await store.tx_settled(pooled, "p", b"1", settled=heard.append)
    monkeypatch.setattr(storage.postgres.driver, "WAIT_SECONDS", 0.1)
    if error is Unsure:
        with pytest.raises(Unavailable, match="key"):
            await store.tx(pooled, "p", b"1")
    else:
        await store.tx(pooled, "p", b"1")
    assert heard == ([] if error is Unsure else [False])


async def test_a_replica_that_was_just_stopped_is_not_taken_for_one_that_serves(
    real_store: Postgres, postgres_dsn: str
) -> None:
    """The server ends a session some time after its client has closed it."""
    store, looked = real_store, asyncio.Event()
    others = store._others

    async def asked() -> int:
        found = await others()
        looked.set()
        return found

    store._others = asked  # type: ignore[method-assign]
    with psycopg.connect(postgres_dsn, application_name="digi another", autocommit=True):
        settles = asyncio.create_task(store.tx_settled(pooled, "p", b"1", settled=lambda _: None))
        await looked.wait()
    await settles
    assert (await _pools(store))["p"] == b"1"


async def _pools(store: Postgres) -> dict[str, bytes]:
    def every() -> Script[list[Row]]:
        return (yield "pool_all", {"tenant": "t"})

    return {row["project"]: bytes(row["sealed"]) for row in await store.read(every)}


async def test_a_minute_gives_every_pool_a_new_version_whoever_wrote(
    real_store: Postgres, postgres_dsn: str
) -> None:
    """Afterwards no row's transaction id shows which of them was written last."""
    store = real_store
    for n in range(9):
        await store.tx(pooled, f"p{n}", b"1" * 5000)
    await store.tx_sealed(pooled, "p3", b"2" * 5000)
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        apart = conn.execute("SELECT count(DISTINCT xmin::text) FROM pool").fetchall()
        assert await store.checkpoint()
        alike = conn.execute("SELECT count(DISTINCT xmin::text) FROM pool").fetchall()
        kept = conn.execute("SELECT project, left(encode(sealed, 'escape'), 1) FROM pool")
        assert dict(kept.fetchall()) == {f"p{n}": "2" if n == 3 else "1" for n in range(9)}
    assert (apart, alike) == ([(9,)], [(1,)])


async def test_what_was_deleted_lies_in_no_file_of_the_database(
    real_store: Postgres, postgres_dsn: str, postgres_server: Server
) -> None:
    """Nor in pg_statistic, which stores the most common values for the planner."""
    gone = "Natuglen-77"
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        for n in range(30):
            person = gone if n % 2 else "Sneuglen-1"
            conn.execute("INSERT INTO person VALUES (%s, %s, ''::bytea)", [f"t{n}", person])
        conn.execute("ANALYZE person")
        conn.execute("DELETE FROM person WHERE id = %s", [gone])
        conn.execute("VACUUM")
        assert _lies(postgres_server, conn, gone)
        kept = "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'person'"
        assert any(gone in str(common) for (common,) in conn.execute(kept))
        await real_store.vacuum()
        assert not _lies(postgres_server, conn, gone)
        assert _lies(postgres_server, conn, "Sneuglen-1")


def _lies(server: Server, conn: psycopg.Connection[tuple[object, ...]], text: str) -> bool:
    conn.execute("CHECKPOINT")
    [(place,)] = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
    files = files_below(server.data / "base" / str(place))
    return any(text.encode() in content for content in contents(files))
