"""On PostgreSQL, texts and their authors are found nowhere in the server's data, nor beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from storage.postgres.vacuum import PoolVacuum
from storage.vault import Vault
from tests.anonymity import canaries
from tests.anonymity.canaries import (
    NAME,
    PERSON,
    WORDS,
    around,
    every_log_line,
    found_in,
)
from tests.anonymity.crowd import course
from tests.anonymity.hands import running
from tests.anonymity.server import SEEDED, TALKATIVE, leak_in, lying_there, seeded
from tests.worlds.postgres import Server, a_server

KEEPS = {"wal_keep_size": "1GB", "max_wal_senders": "1", "wal_level": "replica"}
"""Keep all write-ahead log files until they have been searched; Digi does not switch them
either."""


NAMED = {"rows", "heaps", "wal", "statistics"}
"""Places that may contain the ids of the channel's members: a table, what was sent to it, and the
planner's statistics."""


@pytest.fixture(scope="module")
def plain_server() -> Iterator[Server]:
    """A server with default logging."""
    with a_server({**KEEPS, "work_mem": "64kB"}) as server:
        yield server


@pytest.fixture(scope="module")
def talkative_server() -> Iterator[Server]:
    with a_server({**KEEPS, **TALKATIVE}) as server:
        yield server


@pytest.fixture(params=["plain_server", "talkative_server"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


async def _kept(vacuum: PoolVacuum) -> None:
    pass


@pytest.mark.parametrize(
    ("texts", "people"),
    [(6, 6), pytest.param(200, 40, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
async def test_what_was_written_and_who_wrote_it_is_found_nowhere_in_a_server(
    tmp_path: Path,
    server: Server,
    figures: Callable[[str], None],
    temporary: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    texts: int,
    people: int,
) -> None:
    """Rows, heap files, indexes, write-ahead and error logs, temporary files, activity views and
    statistics contain no text or name with any setting. Ids of the channel's members are in rows
    and on the way to them; in the server's log only if it is set to log every statement."""
    monkeypatch.setattr(PoolVacuum, "recycle_wal", _kept)
    folder, name = tmp_path / "home", server.new()
    talks = "log_statement" in server.settings
    screen = ""
    size = 0
    with every_log_line() as lines:

        def nowhere(metrics: str, ballots: list[str]) -> None:
            nonlocal screen, size
            if metrics and texts < 200:
                return  # by default only at the end, when earlier states are still in the logs
            shown = capfd.readouterr()
            screen += shown.out + shown.err
            there = lying_there(server, name)
            sinks = there | around(folder, lines, screen, temporary)
            sinks["metrics"] = [metrics.encode()]
            assert found_in(sinks, (WORDS, NAME, canaries.ADDRESS, *ballots)) == {}
            places = set(found_in(sinks, (PERSON,)))
            assert places == NAMED | ({"server log"} if talks else set())
            size = sum(len(heap) for heaps in sinks.values() for heap in heaps)

        crowd = await course(folder, texts, people, nowhere, server.dsn(name))
        codes = {code for given in crowd.codes for code in (given, given.replace("-", ""))}
        any_code = re.compile("|".join(sorted(codes)).encode())
        for heaps in lying_there(server, name).values():
            assert not any(any_code.search(heap) for heap in heaps)
    server.drop(name)
    assert len(crowd.codes) >= texts
    figures(f"PostgreSQL, {texts} texts by {people} people, {size} bytes searched: none")


async def test_control_a_leak_in_each_place_is_found(
    tmp_path: Path, talkative_server: Server
) -> None:
    """Control: one text is planted in each place, and the search names the place; before, there is
    none."""
    name = talkative_server.new()
    async with running(tmp_path, either=talkative_server.dsn(name)):
        for there in (False, True):
            with seeded(talkative_server, name) if there else nullcontext():
                sinks = lying_there(talkative_server, name)
            for place in SEEDED:
                found = found_in({place: sinks[place]}, (leak_in(place),))
                assert set(found) == ({place} if there else set())
    assert set(SEEDED) == set(sinks)
    talkative_server.drop(name)


async def test_control_a_vault_that_does_not_seal_is_found_out_on_a_server(
    tmp_path: Path, temporary: Path, plain_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same course with encryption disabled."""
    monkeypatch.setattr(Vault, "seal", lambda self, plain, *aad: plain)
    monkeypatch.setattr(Vault, "open", lambda self, sealed, *aad: sealed)
    found: set[str] = set()
    name = plain_server.new()

    def looked(metrics: str, ballots: list[str]) -> None:
        if not metrics:
            found.update(found_in(lying_there(plain_server, name), (WORDS, NAME)))

    await course(tmp_path / "home", 5, 6, looked, plain_server.dsn(name), sealed=False)
    plain_server.drop(name)
    assert {"rows", "heaps", "wal"} <= found
