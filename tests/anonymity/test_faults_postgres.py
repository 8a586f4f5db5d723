"""A failing PostgreSQL server reveals nothing about unsigned texts, and neither does its log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.platforms.common.ports import Answer, Delivery
from tests.anonymity import canaries
from tests.anonymity.canaries import NAME, PERSON, WORDS, every_log_line, found_in
from tests.anonymity.crowd import Crowd
from tests.anonymity.hands import RELEASED, instances, running, waiting
from tests.anonymity.test_faults import Heard, listens
from tests.faults.tools import at_once
from tests.worlds.postgres import Server, a_server
from tests.worlds.stage import Stage

# Ways in which a write can fail at the server; each error contains all that a server can know.
WAYS = {
    "a row that a rule refuses": "RAISE check_violation USING MESSAGE = 'a rule',"
    " DETAIL = 'Failing row contains ' || told;",
    "a value that is in the way": "RAISE unique_violation USING MESSAGE = 'a value',"
    " DETAIL = 'Key ' || told || ' already exists';",
    "an error that nobody knows": "RAISE EXCEPTION 'what happened: %', told;",
    "a statement that is called off": "PERFORM pg_cancel_backend(pg_backend_pid());"
    " PERFORM pg_sleep(30);",
    "two that wait for each other": "RAISE deadlock_detected USING DETAIL = told;",
    "a disk that is full": "RAISE disk_full USING DETAIL = told;",
    "a connection that is cut": "PERFORM pg_terminate_backend(pg_backend_pid(), 1000);",
}
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'"
_BREAKS = """
CREATE SCHEMA broken;
CREATE FUNCTION broken.fails() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE told TEXT := coalesce(NEW, OLD)::text;
BEGIN
    -- A sequence goes on also where the transaction is undone: so it fails once.
    IF nextval('broken.' || TG_TABLE_NAME) = 1 THEN {way} END IF;
    RETURN coalesce(NEW, OLD);
END $body$;
"""


class Broken:
    """A server on which the first write to each table fails, in each act again."""

    def __init__(self, server: Server, name: str) -> None:
        self._server, self._name = server, name
        self._tables = sorted(table for (table,) in self._say(_TABLES))
        self.failed = 0
        self.tables: set[str] = set()

    def _say(self, sql: str) -> list[tuple[str]]:
        return self._server.say(sql, self._name)

    def breaks(self, way: str) -> None:
        self._say(_BREAKS.format(way=WAYS[way]))
        for table in self._tables:
            self._say(f"CREATE SEQUENCE broken.{table} START 2")
            self._say(
                f"CREATE TRIGGER fails BEFORE INSERT OR UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION broken.fails()"
            )

    def mends(self) -> None:
        self._say("DROP SCHEMA broken CASCADE")

    def act_begins(self) -> None:
        self._say(";".join(f"SELECT setval('broken.{t}', 1, false)" for t in self._tables))

    def fired(self) -> set[str]:
        """Return the tables at which a write has failed since the act began."""
        asked = " UNION ALL ".join(
            f"SELECT '{t}' FROM broken.{t} WHERE is_called" for t in self._tables
        )
        return {table for (table,) in self._say(asked)}


class Patient(Crowd):
    """Users who repeat an act until it succeeds."""

    broken: Broken | None = None

    async def _receive(self, delivery: Delivery) -> Answer:
        if self.broken is None:
            return await super()._receive(delivery)
        self.broken.act_begins()
        before: set[str] = set()
        while True:
            answer = await super()._receive(delivery)
            fired = self.broken.fired()
            if fired == before:
                self.broken.failed += len(fired)
                self.broken.tables |= fired
                return answer
            before = fired


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with default logging."""
    with a_server() as server:
        yield server


async def _course(
    folder: Path, heard: Heard, server: Server, name: str, releases: tuple[str, ...]
) -> Broken:
    """Write, extend, withdraw, vote and release, while the server fails in every way."""
    async with running(folder, either=server.dsn(name)) as played:
        await played.type("anne", "næste")
        crowd = Patient(played, folder, 8)
        await crowd.comes()
        [question] = instances(folder)["question"]
        crowd.broken = broken = Broken(server, name)
        for n, way in enumerate(WAYS):
            broken.breaks(way)
            await crowd.says(n, question)
            broken.mends()
        assert len(await waiting(played, folder)) == len(WAYS), "nothing lost, nothing twice"
        broken.breaks("an error that nobody knows")
        await crowd.withdraws(0)
        broken.mends()
        crowd.broken = None
        await played.press("bodil", "Svar")
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        await played.press("anne", "Led samtalen")
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det af"})
        crowd.broken = broken
        broken.breaks("a row that a rule refuses")
        await crowd.votes(question)
        broken.mends()
        for week, way in enumerate(releases):
            broken.breaks(way)
            broken.act_begins()
            await _moves(played, RELEASED + timedelta(weeks=week), heard)
            broken.failed += len(broken.fired())
            broken.tables |= broken.fired()
            broken.mends()
            assert await waiting(played, folder) == ()
            crowd.broken = None
            await crowd.says(5 * week, question)
    return broken


async def _moves(played: Stage, to: datetime, heard: Heard) -> None:
    while True:
        try:
            await played.move(to)
        except Exception as error:
            heard.caught(error)
        else:
            return


@pytest.mark.parametrize(
    "releases",
    [
        ("an error that nobody knows",),
        pytest.param((*WAYS,), marks=[pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)
async def test_a_server_that_fails_tells_nothing(
    tmp_path: Path,
    server: Server,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kindly: Callable[[], None],
    figures: Callable[[str], None],
    releases: tuple[str, ...],
) -> None:
    """Its errors and its log contain the whole row, but no text, name or author; neither do Digi's
    log, output and tracebacks."""
    kindly()
    at_once(monkeypatch)
    name = server.new()
    with every_log_line() as lines:
        heard = Heard(lines, capfd)
        listens(monkeypatch, heard)
        broken = await _course(tmp_path, heard, server, name, releases)
        sinks = {**heard.sinks(), "server log": [server.log.read_bytes()]}
        assert found_in(sinks, (WORDS, NAME, canaries.ADDRESS, PERSON)) == {}
    told = server.log.read_text()
    server.drop(name)
    assert "Failing row contains" in told
    assert "what happened: (test:arbejdsplads" in told
    assert {"pool", "published", "snapshot", "state", "letter"} <= broken.tables
    assert any("what happened" in trace for trace in heard.traces)
    figures(
        f"PostgreSQL failed {broken.failed} times in {len(WAYS)} ways at {len(broken.tables)}"
        f" tables, {len(heard.traces)} tracebacks: nothing told"
    )


@pytest.mark.long
async def test_control_a_server_that_logs_its_statements_names_who_wrote(
    tmp_path: Path,
    server: Server,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kindly: Callable[[], None],
) -> None:
    """Control: the same course with a setting that `check` refuses."""
    kindly()
    at_once(monkeypatch)
    name = server.new()
    server.say(f"ALTER DATABASE {name} SET log_statement = 'all'")
    before = len(server.log.read_bytes())
    heard = Heard([], capfd)
    await _course(tmp_path, heard, server, name, ())
    sinks = {"server log": [server.log.read_bytes()[before:]]}
    server.drop(name)
    assert found_in(sinks, (PERSON,))
    assert not found_in(sinks, (WORDS, NAME))
