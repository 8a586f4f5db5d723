"""Supervised background work continues after an exception at any point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core import timers
from bot.core.housekeeping import Housekeeping
from bot.core.lanes import Lanes
from bot.core.timers import Timers
from bot.platforms.common.ports import Parcel
from bot.server.build import House
from bot.server.metrics import Metrics
from bot.supervise import supervise
from dialogs.model.effects import Say, Timer
from storage.sql import Unavailable
from storage.sqlite.driver import Sqlite
from tests.bot.core.test_courier import Office
from tests.waiting import LONG_ENOUGH
from tests.worlds.house import Paper, Wall, a_house, faked, found, note, words_of
from tests.worlds.slack_fixtures import in_slack
from tests.worlds.teams_fixtures import in_teams

Told = list[tuple[str, str]]
WAITS = 30
"""An upper limit for the number of awaits between two letters in any part of the courier."""
FAULTS: tuple[BaseException, ...] = (ZeroDivisionError("kanariefugl"), asyncio.CancelledError())


class Strike:
    """Raises an exception at the `at`th await of any of these coroutines."""

    def __init__(self, at: int, fault: BaseException) -> None:
        self.at, self.fault = at, fault
        self.waits = 0
        self.where: list[str] = []


class Struck:
    def __init__(self, work: Coroutine[Any, Any, Any], strike: Strike) -> None:
        self._work, self._strike = work, strike

    def __await__(self) -> Generator[Any, Any, Any]:
        answered: Any = None
        strike = self._strike
        try:
            while True:
                waits_for = self._work.send(answered)
                strike.waits += 1
                if strike.waits == strike.at:
                    strike.where = list(_stack(self._work))
                    waits_for = self._work.throw(strike.fault)
                answered = yield waits_for
        except StopIteration as end:
            return end.value
        finally:
            self._work.close()


def _stack(work: Any) -> Iterator[str]:
    while (code := getattr(work, "cr_code", None)) is not None:
        yield code.co_name
        work = work.cr_await


@asynccontextmanager
async def running(office: Office) -> AsyncIterator[None]:
    courier = asyncio.create_task(office.house.courier.run())
    try:
        yield
    finally:
        courier.cancel()
        with pytest.raises(asyncio.CancelledError):
            await courier


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr("bot.supervise.FIRST_WAIT", 0.001)
    monkeypatch.setattr("bot.core.housekeeping.EVERY", 0.001)
    # If an exception kept it from padding, the next minute would pad twice as much, and so on.
    monkeypatch.setattr("storage.padding.step", lambda made, floor: max(made, 1))
    fake, edge, wall = faked(monkeypatch, "digest"), Slowly(repeats=False), Wall()
    async with a_house(tmp_path / "home", edge, wall) as house:
        await found(house)
        yield Office(house, edge, wall, fake)


class Slowly(Paper):
    """An edge whose calls take a moment."""

    async def deliver(self, parcel: Parcel) -> str:
        await asyncio.sleep(0)
        said = await super().deliver(parcel)
        await asyncio.sleep(0)
        return said


async def _said(office: Office, text: str) -> None:
    """Write a letter and wait until it has arrived."""
    await office.do(Say(note(text)), Timer(text, office.house.clock.now()))
    async with asyncio.timeout(LONG_ENOUGH):
        while text not in office.edge.said() or text not in dict(office.woke()):
            office.wall.at += timedelta(seconds=2)
            office.house.listeners.letters_written()
            await asyncio.sleep(0.001)


PARTS: tuple[tuple[type[Any], str, set[str]], ...] = (
    (Timers, "run", {"round", "tx", "wait"}),
    (Lanes, "run", {"wait"}),
    (Lanes, "_serve", {"turn", "_claim", "send", "_says", "deliver", "_mark"}),
    (Housekeeping, "run", {"minute", "checkpoint", "sleep"}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize(
    ("part", "work", "among"), PARTS, ids=lambda one: getattr(one, "__name__", "")
)
async def test_the_courier_goes_on_wherever_a_fault_strikes(
    office: Office,
    fault: BaseException,
    part: type[Any],
    work: str,
    among: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """For each await in turn: all messages arrive, a copy is marked, each timer fires once, and the
    log has the exception's type but not its text."""
    run = getattr(part, work)
    strike = Strike(0, fault)
    places: set[str] = set()

    async def struck(*args: Any) -> Any:
        return await Struck(run(*args), strike)

    monkeypatch.setattr(part, work, struck)
    strikes = 0
    # How many awaits a call takes depends on the machine: repeat until each place was struck.
    while strikes < WAITS or not places >= among:
        strikes += 1
        office.wall.at += timedelta(minutes=1)  # so that the minute's maintenance is covered too
        strike = Strike(strikes % WAITS + 1, fault)
        async with running(office):
            letters = 0
            while not strike.where:
                letters += 1
                await _said(office, f"{strikes}.{letters}")
            await _said(office, f"{strikes} and more")
        places |= set(strike.where)
    assert ("courier", type(fault).__name__) in office.house.log.failures
    first = [words_of(parcel.card) for parcel in office.edge.parcels if not parcel.again]
    assert sorted(first) == sorted(set(first))
    fired = [name for name, _ in office.woke()]
    assert sorted(fired) == sorted(set(fired))
    assert "kanariefugl" not in capfd.readouterr().err


@pytest.mark.parametrize("part", ["timers", "lanes"])
async def test_the_courier_goes_on_where_it_cannot_say_when_it_is_needed_next(
    office: Office, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database query for the next due time raises an unexpected exception."""
    naps, faults = timers.nap, [ZeroDivisionError("kanariefugl")] * 3

    async def nap(*args: Any) -> float:
        if faults:
            raise faults.pop()
        return await naps(*args)

    monkeypatch.setattr(f"bot.core.{part}.nap", nap)
    async with running(office):
        await _said(office, "1")
        while faults:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await _said(office, "2")
    assert office.edge.said() == ["1", "2"]
    assert office.house.log.failures.count(("courier", "ZeroDivisionError")) == 3


async def test_a_stop_is_a_stop_whatever_the_courier_hears_at_that_moment(office: Office) -> None:
    """The notification of a new letter and the cancellation arrive together; the cancellation is
    not lost."""
    for n in range(20):
        courier = asyncio.create_task(office.house.courier.run())
        await _said(office, f"{n}")
        await asyncio.sleep(0.001)
        office.house.listeners.letters_written()
        courier.cancel()
        async with asyncio.timeout(LONG_ENOUGH):
            with pytest.raises(asyncio.CancelledError):
                await courier


async def test_an_operator_sees_a_courier_that_stands_still(office: Office) -> None:
    """The metric is the time since the last successful round; it grows while every round fails, and
    resets after a good one."""
    house = office.house
    await office.do(Say(note("0")))
    office.wall.tick = 60.0

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(house.scripts.outbox, "claim", fails, raising=False)
        async with running(office):
            while not house.log.failures:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    assert _figure(await _metrics(house), "digi_courier_idle_seconds") >= 60
    assert _figure(await _metrics(house), "digi_failures_total") >= 1
    office.wall.tick = 0.0
    async with running(office):
        await _said(office, "1")
        while house.courier.idle():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert _figure(await _metrics(house), "digi_courier_idle_seconds") == 0


async def _metrics(house: House) -> str:
    shown = Metrics(
        house.database.read, house.scripts, house.tally, house.courier, house.upkeep, house.log
    )
    return "".join([line async for line in shown._lines()])


def _figure(metrics: str, name: str) -> float:
    [line] = [line for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def test_who_is_there_is_asked_again_after_any_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Slack and Teams, a database that is away for a while does not end the daily lookup."""
    monkeypatch.setattr("bot.supervise.FIRST_WAIT", 0.001)
    async with in_slack(tmp_path / "slack") as slack, in_teams(tmp_path / "teams") as teams:
        for place, name in ((slack, "slack members"), (teams, "teams members")):
            door: Any = place.door
            gather, looks = door.edge.gather, asyncio.Event()
            faults: list[Exception] = [Unavailable("away"), ZeroDivisionError("kanariefugl")]

            async def gathers(
                faults: list[Exception] = faults,
                gather: Callable[[], Awaitable[int]] = gather,
                looks: asyncio.Event = looks,
            ) -> int:
                if faults:
                    raise faults.pop(0)
                looks.set()
                return await gather()

            monkeypatch.setattr(door.edge, "gather", gathers)
            again = asyncio.create_task(supervise(name, door._gathers, door.edge._told))
            async with asyncio.timeout(LONG_ENOUGH):
                await looks.wait()
            again.cancel()
            with pytest.raises(asyncio.CancelledError):
                await again
            assert place.told == [(name, "Unavailable"), (name, "ZeroDivisionError")]
        assert {task.get_name() for task in asyncio.all_tasks()} >= {
            "slack members",
            "teams members",
        }


async def test_it_waits_longer_each_time_and_a_minute_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log is not flooded, and a function that returns counts as a failure too."""
    waits: list[float] = []
    told: Told = []

    async def sleeps(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            raise GeneratorExit

    async def ends() -> None:
        pass

    monkeypatch.setattr("bot.supervise.asyncio.sleep", sleeps)
    with pytest.raises(GeneratorExit):
        await supervise("work", ends, lambda what, kind: told.append((what, kind)))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert set(told) == {("work", "it ended")}


async def test_the_stores_writer_outlives_whatever_one_piece_of_work_raises(
    tmp_path: Path,
) -> None:
    """A failing copy only fails its own caller; later transactions are executed."""
    async with a_house(tmp_path / "home") as house:
        assert isinstance(house.database, Sqlite)
        (tmp_path / "copy").touch()
        with pytest.raises(OSError, match="exists"):
            await house.database.copy_to(tmp_path / "copy")
        async with asyncio.timeout(LONG_ENOUGH):
            await house.database.tx(house.scripts.set_meta, "still", "here")
        assert await house.database.read(house.scripts.meta, "still") == "here"
