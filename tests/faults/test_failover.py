"""The database server crashes, is away, returns, or its standby takes over: no confirmed act is
lost, no message is sent twice, and Digi needs no restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

import storage.postgres.commit
import storage.postgres.connections
import storage.postgres.driver
from storage.postgres.doctor import examine
from storage.postgres.driver import Postgres
from storage.sql import FOLDER, Script, Unavailable
from tests.faults.crowd import Crowd, crowd
from tests.faults.test_kill import on_postgresql
from tests.storage.test_postgres import a_store
from tests.storage.test_sqlite import add, every, write_folder
from tests.waiting import LONG_ENOUGH
from tests.worlds.postgres import FOLLOWED, Server, Standby, Wire, a_server

NOT_SAVED = "Det blev ikke gemt. Din tekst står her endnu. Prøv igen om et øjeblik."
WEAK = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
"""The weakest durability settings: up to ten seconds of commits are only in memory."""


# --- the server is killed ---------------------------------------------------------------------


def one_backend(server: Server) -> None:
    """Kill a backend process: the server ends all others and recovers."""
    [(pid,), *_] = server.say(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'digi%' ORDER BY random()"
    )
    os.kill(pid, signal.SIGKILL)


def the_first(server: Server) -> None:
    """Kill the postmaster; the other processes end, and the server is started again."""
    server.kill_postmaster()
    server.start()


def all_of_it(server: Server) -> None:
    """Kill all processes, as when the machine dies; the server is started again."""
    server.kill()
    server.start()


KILLS = (one_backend, the_first, all_of_it)


@asynccontextmanager
async def at_work(folder: Path, dsn: str, seed: int) -> AsyncIterator[Crowd]:
    """The real program with active users."""
    async with crowd(await on_postgresql(folder, dsn), seed, tireless=True) as found:
        await found.start()
        await found.begins()
        await found.says()
        await found.says_unnamed()
        yield found


async def all_stands(found: Crowd) -> None:
    """Unconfirmed acts are repeated; then everything exists and was posted exactly once."""
    await found.sends_again()
    await found.holds()


@pytest.mark.parametrize(
    ("seed", "kills"),
    [
        (1, 3),
        *(
            pytest.param(seed, 60, marks=[pytest.mark.long, pytest.mark.timeout(3600)])
            for seed in range(2, 7)
        ),
    ],
)
async def test_a_killed_server_takes_nothing_that_was_confirmed(
    tmp_path: Path, seed: int, kills: int, figures: Callable[[str], None]
) -> None:
    """`kill -9` of a backend, the postmaster or all, with fifty requests in flight, on a server
    with weak settings; Digi keeps running."""
    chance = random.Random(seed)
    with a_server(WEAK) as server:
        async with at_work(tmp_path, server.dsn(server.new()), seed) as found:
            for n in range(kills):
                kill = KILLS[n % len(KILLS)]

                async def trouble(kill: Callable[[Server], None] = kill) -> None:
                    await asyncio.sleep(chance.uniform(0, 0.2))
                    await asyncio.to_thread(kill, server)

                await found.lives_through(trouble)
                await found.sends_again()
                if n % 10 == 9 or n == kills - 1:
                    await found.holds()
            await found.rings_on()
            figures(found.figures("kills of the server"))


# --- what was confirmed is on its disk --------------------------------------------------------


async def killed_after(server: Server, folder: Path, how: str, turns: int) -> tuple[int, int]:
    """Return how many turns were confirmed, and how many of these are missing after the crash."""
    name = server.new()
    async with a_store(server.dsn(name), folder) as store:
        server.say("CHECKPOINT")  # the test asks about lost rows, not about a missing table
        confirmed = await asyncio.gather(*(store.tx(add, f"{n:04}") for n in range(turns)))
        if how == "immediate":
            server.stop(signal.SIGQUIT)
        else:
            server.kill()
        server.start()
        found = await _read(store)
    return len(confirmed), len(set(confirmed) - found)


async def _read(store: Postgres) -> set[str]:
    async with asyncio.timeout(LONG_ENOUGH):
        while True:
            with contextlib.suppress(Unavailable):
                return {row["id"] for row in await store.read(every)}
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Server]:
    """A server with weak settings that can be killed and is always restarted."""
    with a_server(WEAK) as server:
        yield server


@pytest.mark.parametrize(
    "times", [1, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
async def test_a_weak_server_does_not_weaken_what_is_confirmed(
    forgetful: Server, tmp_path: Path, times: int, figures: Callable[[str], None]
) -> None:
    """Its memory is lost right after the last answer: nothing confirmed in Digi's sessions is lost,
    although the server's default would lose ten seconds."""
    folder = write_folder(tmp_path / "sql")
    confirmed = 0
    for n in range(times):
        for how in ("immediate", "kill -9"):
            turns, lost = await killed_after(forgetful, folder, how, 50)
            assert lost == 0, (n, how)
            confirmed += turns
    figures(f"{2 * times} ends of a server that forgets: of {confirmed} confirmed 0 lost")


async def test_without_that_the_same_end_takes_what_was_confirmed(
    forgetful: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
) -> None:
    """Control: with the server's weak default the same test finds losses."""
    for module in (storage.postgres.driver, storage.postgres.connections):
        monkeypatch.setattr(module, "DURABLE", "SELECT 1")
    folder = write_folder(tmp_path / "sql")
    turns, lost = await killed_after(forgetful, folder, "immediate", 50)
    assert lost > 0
    figures(f"synchronous_commit=off: of {turns} confirmed {lost} lost in one end of the server")


@pytest.mark.parametrize(
    ("set_to", "found"),
    [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
async def test_digis_sessions_never_ask_for_less(
    postgres_server: Server, empty_dsn: str, tmp_path: Path, set_to: str, found: str
) -> None:
    """Whatever the role's default is; stronger settings are kept. `check` names a weak one."""
    role = f"of_{set_to}"
    name = empty_dsn.partition("///")[2].partition("?")[0]
    for sql in (
        f"CREATE ROLE {role} LOGIN SUPERUSER",
        f"ALTER ROLE {role} SET synchronous_commit = {set_to}",
    ):
        postgres_server.say(sql)
    folder = write_folder(tmp_path / "sql")
    dsn = empty_dsn.replace("user=digi", f"user={role}")
    async with a_store(dsn, folder) as store, store._pool.connection() as conn:
        [row] = await (await conn.execute("SHOW synchronous_commit")).fetchall()
    told = f"synchronous_commit is {set_to}" in " ".join(examine(dsn).faults)
    postgres_server.drop(name)
    postgres_server.say(f"DROP ROLE {role}")
    assert row["synchronous_commit"] == found
    assert told == (set_to != found)


@pytest.mark.parametrize("heeded", [True, False], ids=["heeded", "the control"])
async def test_a_number_that_is_given_away_again_confirms_nothing(
    tmp_path: Path, forgetful: Server, monkeypatch: pytest.MonkeyPatch, *, heeded: bool
) -> None:
    """The server crashes before it receives a COMMIT and assigns the same transaction id to another
    transaction. txid_status then says "committed", which refers to the other one."""
    if not heeded:
        nothing = "'' AS life"
        monkeypatch.setattr(
            storage.postgres.commit,
            "_WENT",
            storage.postgres.commit._WENT.replace(storage.postgres.connections.LIFE, nothing),
        )
        monkeypatch.setattr(storage.postgres.connections, "LIFE", nothing)
    name = forgetful.new()
    deaths = iter(("before",))

    def dies() -> Literal["before"] | None:
        if next(deaths, None) is None:
            return None
        forgetful.kill()
        forgetful.start()
        for _ in range(20):
            forgetful.say("SELECT pg_current_xact_id()")
        return "before"

    folder = write_folder(tmp_path / "sql")
    async with Wire(forgetful) as wire, a_store(wire.dsn(name), folder) as store:
        forgetful.say("CHECKPOINT")
        wire.cut = dies
        assert await _refused(store.tx(add, "a")) == heeded
        assert await _read(store) == set()


# --- a standby takes over ---------------------------------------------------------------------


async def taken_over(found: Crowd, primary: Server, wire: Wire) -> Standby:
    """The primary dies under load; its standby is reached before it may write."""
    standby = Standby(primary)
    await asyncio.to_thread(standby.follows)

    async def trouble() -> None:
        await asyncio.sleep(found.chance.uniform(0, 0.3))
        await asyncio.to_thread(primary.kill)
        wire.leads_to(standby)
        before = found.told[NOT_SAVED]
        async with asyncio.timeout(LONG_ENOUGH):
            # Acts in flight during the crash hear that it is not known whether they were saved.
            while found.told[NOT_SAVED] == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len((await found.state("anne"))["messages"]) > 0, "it can be read meanwhile"
        await asyncio.to_thread(standby.takes_over)

    await found.lives_through(trouble)
    return standby


@pytest.mark.parametrize(
    ("seed", "times"),
    [
        (11, 1),
        *(
            pytest.param(seed, 20, marks=[pytest.mark.long, pytest.mark.timeout(3600)])
            for seed in range(12, 15)
        ),
    ],
)
async def test_a_standby_that_takes_over_has_all_that_was_confirmed(
    tmp_path: Path, seed: int, times: int, figures: Callable[[str], None]
) -> None:
    """At the same address, disconnected under load and read-only for a while: people are told that
    nothing was saved, and everything confirmed exists once, without a restart of Digi."""
    with contextlib.ExitStack() as stack:
        server: Server = stack.enter_context(a_server(FOLLOWED | WEAK))
        name = server.new()
        async with Wire(server) as wire, at_work(tmp_path, wire.dsn(name), seed) as found:
            for _ in range(times):
                server = await taken_over(found, server, wire)
                stack.callback(server.gone)
                await all_stands(found)
            await found.rings_on()
            assert NOT_SAVED in found.told
            said = found.figures("failovers")
        figures(f"{said}; {found.told.total()} times somebody heard that it was not kept")


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncIterator[tuple[Server, Standby, str]]:
    """A primary, its standby, and a database with one note."""
    with a_server(FOLLOWED | WEAK) as primary:
        name = primary.new()
        await (await Postgres.open(primary.dsn(name), folder=folder)).close()
        standby = Standby(primary)
        try:
            await asyncio.to_thread(standby.follows)
            yield primary, standby, name
        finally:
            standby.gone()


async def _refused(turn: Awaitable[object]) -> bool:
    try:
        await turn
    except Unavailable:
        return True
    return False


def doctor_tells(primary: Server, name: str) -> bool:
    return any("standby follows" in fault for fault in examine(primary.dsn(name)).faults)


@pytest.mark.long
async def test_an_address_of_both_finds_the_one_that_writes(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """`host=…,…` with `target_session_attrs=read-write`: before, during and after the failover. If
    commits did not wait for the standby, `check` would report it."""
    folder = write_folder(tmp_path / "sql")
    async with a_pair(folder) as (primary, standby, name):
        assert not doctor_tells(primary, name)
        primary.waits_for("")
        assert doctor_tells(primary, name)
        primary.waits_for("standby")
        dsn = (
            f"postgresql:///{name}?host={primary.folder},{standby.folder}&user=digi"
            "&target_session_attrs=read-write"
        )
        store = await Postgres.open(dsn, folder=folder, connections=4)
        confirmed = list(await asyncio.gather(*(store.tx(add, f"{n:03}") for n in range(50))))
        await asyncio.to_thread(primary.kill)
        assert await _refused(store.tx(add, "between"))
        await asyncio.to_thread(standby.takes_over)
        async with asyncio.timeout(LONG_ENOUGH):
            while await _refused(store.tx(add, "after")):
                pass
        assert await _read(store) == {*confirmed, "after"}
        await store.close()
        figures(f"{len(confirmed)} confirmed across a failover, all there")


def once(key: str) -> Script[None]:
    """Record the beginning of each turn, which may be repeated, and its end."""
    first = yield "inbox_first", {"tenant": "t", "key": f"once:{key}", "now": 0}
    if first:
        yield "inbox_answered", {"tenant": "t", "key": f"once:{key}", "reply": b"done"}
    else:
        yield "inbox_again", {}


def all_once() -> Script[set[str]]:
    rows = yield "inbox_named", {}
    return {row["key"].removeprefix("once:") for row in rows}


def dies_for(primary: Server, wire: Wire, standby: Standby) -> Literal["before"]:
    primary.kill()
    wire.leads_to(standby)
    return "before"


async def test_where_the_standby_does_not_answer_nothing_is_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The primary waits forever. If the wait is cancelled, or after a disconnect, it says
    "committed"; but if the standby took over, the transaction would be lost."""
    async with a_pair(FOLDER) as (primary, standby, name), Wire(primary) as wire:
        store = await Postgres.open(wire.dsn(name))
        await store.tx(once, "confirmed")
        monkeypatch.setattr(storage.postgres.commit, "COMMIT_SECONDS", 0.3)
        monkeypatch.setattr(storage.postgres.commit, "ASKING_SECONDS", 0.5)
        standby.freeze()
        for _ in range(2):
            assert await _refused(store.tx(once, "tired of waiting"))
        losses: tuple[Literal["after"], ...] = ("after",)
        cuts = iter(losses)
        wire.cut = lambda: next(cuts, None)
        assert await _refused(store.tx(once, "its answer was lost"))
        assert await store.read(all_once) >= {"confirmed", "tired of waiting"}, "looks go on"
        standby.thaw()
        async with asyncio.timeout(LONG_ENOUGH):
            while await _refused(store.tx(once, "tired of waiting")):
                pass
        wire.cut = lambda: dies_for(primary, wire, standby)
        assert await _refused(store.tx(once, "asked of one that follows"))
        wire.cut = lambda: None
        await asyncio.to_thread(standby.takes_over)
        async with asyncio.timeout(LONG_ENOUGH):
            while await _refused(store.tx(once, "well again")):
                pass
        assert await store.read(all_once) >= {"confirmed", "tired of waiting", "well again"}
        await store.close()
