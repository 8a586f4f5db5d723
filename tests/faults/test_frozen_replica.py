"""Two real replicas with a simulated Slack: one is frozen past its lease and resumed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from bot.platforms.slack.words import word
from tests.bot.cli.test_app import READY, ROOT, free_port
from tests.waiting import LONG_ENOUGH
from tests.worlds.postgres import FOLLOWED, Server, Standby, Wire, a_server, with_key
from tests.worlds.slack.hands import SlackHands, move_in
from tests.worlds.slack.state import Clock, Message
from tests.worlds.slack.trouble import Slow
from tests.worlds.slack.world import SlackWorld
from tests.worlds.stage import PEOPLE

CHANNEL = "C0HJEMMEPLEJE"
QUICK = """
import sys, app
from bot.core import leases
leases.Leases.lease.__defaults__ = (5_000_000,)
leases.LEASE_US, leases.KEPT_EVERY = 10_000_000, 0.5
sys.exit(app.main([]))
"""
"""The real program with leases of five seconds. Shorter ones could expire on a busy machine without
a freeze."""
AS_IT_IS = "import sys, app; sys.exit(app.main([]))"
NEVER = 10_000.0
PLAY = ("/digi start Ny omsorgsplatform", "Jeg er leder", "Vis det i kanalen")


async def _nothing() -> None:
    """There is nothing to wait for: the courier is in another process."""


class Pair:
    """Two Digi processes on one database, and users whose requests go to either."""

    def __init__(
        self,
        world: SlackWorld,
        replicas: list[asyncio.subprocess.Process],
        ports: list[int],
        dsn: str,
    ) -> None:
        self.world, self.replicas, self._ports, self._dsn = world, replicas, ports, dsn
        self.hands = self.hands_in(CHANNEL)
        self.asks(0)

    def hands_in(self, channel: str) -> SlackHands:
        elsewhere: Any = SimpleNamespace(courier=SimpleNamespace(settle=_nothing))
        return SlackHands(self.world, elsewhere, PEOPLE, channel)

    def asks(self, n: int) -> None:
        """Send Slack's requests to this replica from now on."""
        self.world.digi_url = f"http://127.0.0.1:{self._ports[n]}/slack/events"

    def freeze(self, n: int) -> None:
        self.replicas[n].send_signal(signal.SIGSTOP)

    def thaw(self, n: int) -> None:
        self.replicas[n].send_signal(signal.SIGCONT)

    def said(self) -> dict[str, list[Message]]:
        """Return the messages in Slack by the letter that they came from."""
        found: dict[str, list[Message]] = {}
        for message in self.world.home.messages:
            if message.metadata:
                found.setdefault(message.metadata["event_payload"]["letter"], []).append(message)
        return found

    def again(self) -> list[str]:
        """Return the letters of which Slack has two copies, the second one marked."""
        mark = word("again", "da")
        twice = []
        for letter, copies in self.said().items():
            marked = [mark in str(message.blocks) for message in copies]
            if len(copies) > 1:
                assert sorted(marked) == [False, True], (letter, len(copies))
                assert not any(m.channel.startswith("D") for m in copies), "a private one twice"
                twice.append(letter)
        return twice

    def spoken_in(self) -> set[str]:
        return {message.channel for copies in self.said().values() for message in copies}

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_ENOUGH):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Wait until no letters are due and no call is in progress."""
        calm = 0
        while calm < 3:
            before = len(self.world.calls)
            await asyncio.sleep(0.5)
            still = len(self.world.calls) == before and not await self._waiting()
            calm = calm + 1 if still else 0

    async def _waiting(self) -> bool:
        """Return whether letters are due or in progress; True if the server is away."""
        asked = "SELECT count(*) FROM letter WHERE kind NOT IN ('timer', 'bag') AND state <> 'dead'"
        try:
            async with await psycopg.AsyncConnection.connect(self._dsn) as server:
                return await (await server.execute(asked)).fetchone() != (0,)
        except psycopg.OperationalError:
            return True


@asynccontextmanager
async def a_pair(folder: Path, dsn: str, code: str) -> AsyncIterator[Pair]:
    world = SlackWorld(clock=Clock(time.time))
    move_in(world.home, PEOPLE, CHANNEL)
    await with_key(dsn, folder / "digi.key")
    ports = [free_port(), free_port()]
    replicas: list[asyncio.subprocess.Process] = []
    async with world:
        try:
            for n, port in enumerate(ports):
                env = {
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "DIGI_DATABASE": dsn,
                    "DIGI_HOME": str(folder / f"home{n}"),
                    "DIGI_PORT": str(port),
                    "DIGI_KEY_FILE": str(folder / "digi.key"),
                    "SLACK_BOT_TOKEN": world.home.token,
                    "SLACK_API_URL": world.api_url,
                    "SLACK_SIGNING_SECRET": world.signing_secret,
                }
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", code, env=env, cwd=ROOT, stdout=asyncio.subprocess.PIPE
                )
                replicas.append(process)
            for process in replicas:
                assert process.stdout is not None
                async with asyncio.timeout(READY):
                    assert b"http://127.0.0.1" in await process.stdout.readline()
            yield Pair(world, replicas, ports, dsn)
        finally:
            for process in replicas:
                process.kill()
                await process.wait()


async def begins(hands: SlackHands) -> None:
    """Start a project in the channel."""
    await hands.type("anne", PLAY[0])
    for label in PLAY[1:]:
        await hands.press("anne", label)


@pytest.mark.parametrize(
    "code",
    [QUICK, pytest.param(AS_IT_IS, marks=[pytest.mark.long, pytest.mark.timeout(600)])],
    ids=["quick", "as it is"],
)
async def test_one_that_is_frozen_while_it_speaks_says_nothing_when_it_wakes(
    tmp_path: Path, postgres_dsn: str, code: str, figures: Callable[[str], None]
) -> None:
    """SIGSTOP during a call that Slack has not answered: the other replica takes over after the
    lease, marks the possible duplicate and sends the rest. After SIGCONT nothing is sent again."""
    async with a_pair(tmp_path, postgres_dsn, code) as pair:
        pair.freeze(1)
        await begins(pair.hands)
        await pair.until(lambda: len(pair.said()) >= 1)
        await pair.quiet()
        pair.world.plan("chat.postMessage", Slow(NEVER))
        await pair.hands.type("anne", "/digi næste")
        await pair.until(lambda: not pair.world.trouble["chat.postMessage"])
        before = len(pair.said())
        pair.freeze(0)
        pair.thaw(1)
        pair.asks(1)
        began = time.monotonic()
        await pair.until(lambda: len(pair.said()) > before)
        taken = time.monotonic() - began
        await pair.hands.type("anne", "/digi overblik")
        await pair.quiet()
        await pair.world.clock.advance(NEVER)
        pair.thaw(0)
        for n in (0, 1, 0):
            pair.asks(n)
            await pair.hands.type("anne", "/digi næste")
            await pair.quiet()
        assert len(pair.again()) == 1, "the one that Slack had not answered"
        copies = Counter(len(messages) for messages in pair.said().values())
        assert set(copies) == {1, 2}
        figures(
            f"frozen in a call, taken over after {taken:.0f} s: {copies[1]} messages once,"
            f" {copies[2]} twice (marked: Slack had not answered)"
        )


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(3))
async def test_ones_that_freeze_at_any_moment_say_nothing_twice_unmarked(
    tmp_path: Path, postgres_dsn: str, seed: int, figures: Callable[[str], None]
) -> None:
    """The replicas are frozen in turn for longer than a lease, while people use the other one."""
    chance = random.Random(seed)
    async with a_pair(tmp_path, postgres_dsn, QUICK) as pair:
        for n in range(20):
            channel = f"C1{n:05}"
            move_in(pair.world.home, PEOPLE, channel, f"kanal-{n}")
            hands, frozen = pair.hands_in(channel), chance.randrange(2)
            pair.asks(1 - frozen)
            act = asyncio.create_task(begins(hands))
            await asyncio.sleep(chance.uniform(0, 0.6))
            pair.freeze(frozen)
            await act
            for _ in range(2):
                await hands.type("anne", chance.choice(("/digi næste", "/digi overblik")))
                await asyncio.sleep(chance.uniform(0, 1.5))
            pair.thaw(frozen)
        await pair.quiet()
        for n in range(20):
            # If the rate limit was reached, the person was told so, and repeats the act.
            await begins_at_last(pair, f"C1{n:05}", "anne")
        await pair.quiet()
        twice, said = pair.again(), pair.said()
        figures(f"20 times frozen at any moment: {len(said)} messages, {len(twice)} twice (marked)")


async def begins_at_last(pair: Pair, channel: str, person: str) -> None:
    """Repeat each act after an error or a missing answer, from the current state."""
    hands = pair.hands_in(channel)
    begin, mine, show = PLAY
    async with asyncio.timeout(LONG_ENOUGH):
        while channel not in pair.spoken_in():
            await hands.type(person, begin)
            for label in (mine, show):
                with contextlib.suppress(AssertionError):  # the button no longer exists
                    await hands.press(person, label)
            await asyncio.sleep(3)  # the per-person rate limit was reached


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2))
async def test_both_go_on_where_a_standby_takes_over_and_nothing_comes_twice(
    tmp_path: Path, seed: int, figures: Callable[[str], None]
) -> None:
    """The primary crashes while both replicas serve and one is sending; leases expire before
    anybody can write again. The sender records what arrived before the other replica may send
    it."""
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        server: Server = stack.enter_context(a_server(FOLLOWED))
        name = server.new()
        async with Wire(server) as wire, a_pair(tmp_path, wire.dsn(name), QUICK) as pair:
            channels: list[str] = []
            people = iter(PEOPLE)
            for n in range(6):
                standby = Standby(server)
                stack.callback(standby.gone)
                await asyncio.to_thread(standby.follows)
                started = []
                for m in range(2):
                    channels.append(f"C1{n:03}{m:02}")
                    move_in(pair.world.home, PEOPLE, channels[-1], f"kanal-{n}-{m}")
                    pair.asks(m)
                    begins_it = begins_at_last(pair, channels[-1], next(people))
                    started.append(asyncio.create_task(begins_it))
                    await asyncio.sleep(chance.uniform(0, 0.3))
                await asyncio.to_thread(server.kill)
                wire.leads_to(standby)
                await asyncio.sleep(chance.uniform(2, 4))
                await asyncio.to_thread(standby.takes_over)
                server = standby
                await asyncio.gather(*started)
            await pair.quiet()
            twice, said = pair.again(), pair.said()
        figures(
            f"6 failovers under two replicas: {len(said)} messages, {len(twice)} twice (marked)"
        )
