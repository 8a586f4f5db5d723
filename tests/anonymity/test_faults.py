"""Whatever fails during an unsigned act, no log and no traceback reveals it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.engine import Engine
from bot.platforms.common.ports import Answer, Delivery
from storage.sql import Unavailable
from tests.anonymity import canaries
from tests.anonymity.canaries import NAME, PERSON, WORDS, every_log_line, found_in
from tests.anonymity.crowd import Crowd
from tests.anonymity.hands import RELEASED, instances, running, waiting
from tests.faults.tools import Failpoints, at_once, installed, rows_of
from tests.worlds.postgres import either_later
from tests.worlds.stage import Stage

Figures = Callable[[str], None]


class Heard:
    """All output, log messages, and the tracebacks of all caught exceptions."""

    def __init__(self, lines: list[str], capfd: pytest.CaptureFixture[str]) -> None:
        self.lines, self.capfd = lines, capfd
        self.traces: list[str] = []

    def caught(self, error: BaseException) -> None:
        self.traces.append("".join(traceback.format_exception(error)))

    def sinks(self) -> dict[str, list[bytes]]:
        shown = self.capfd.readouterr()
        return {
            "logs": [line.encode() for line in self.lines],
            "screen": [shown.out.encode(), shown.err.encode()],
            "tracebacks": [trace.encode() for trace in self.traces],
        }


def listens(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    """Capture every exception that an act ends in, before it becomes an apology."""
    received = Engine._handle

    async def told(engine: Engine, delivery: Delivery) -> Answer:
        try:
            return await received(engine, delivery)
        except Exception as error:
            heard.caught(error)
            raise

    monkeypatch.setattr(Engine, "_handle", told)


class Stubborn(Crowd):
    """Users who repeat an act until it succeeds."""

    broken: Failpoints

    async def _receive(self, delivery: Delivery) -> Answer:
        self.broken.act_begins()
        while True:
            self.broken.arm()
            answer = await super()._receive(delivery)
            if self.broken.fired is None:
                self.broken.armed = False
                return answer


async def acts(played: Stage, folder: Path, crowd: Crowd, question: str, texts: int) -> None:
    for n in range(texts):
        await crowd.says(n, question)
    assert len(await waiting(played, folder)) == texts, "nothing lost, nothing twice"
    await crowd.withdraws(0)
    await played.press("bodil", "Svar")
    await played.fill("bodil", {"Dit svar": "Pauserne"})
    await played.press("anne", "Led samtalen")
    await played.press("anne", "Saml op")
    await played.fill("anne", {"Hvad": "Vi prøver det af"})
    await crowd.votes(question)


async def _course(folder: Path, heard: Heard, texts: int, either: str) -> Failpoints:
    """Write, answer, extend, vote, withdraw and release, with every statement failing once."""
    async with running(folder, either=either) as played:
        await played.type("anne", "næste")
        crowd = Stubborn(played, folder, 8)
        await crowd.comes()
        [question] = instances(folder)["question"]
        with rows_of(folder, either) as rows:
            crowd.broken = Failpoints(played.house.database, rows)
            installed(played.house, crowd.broken)
            await acts(played, folder, crowd, question, texts)
            crowd.broken.arm(goes_on=True)
            while True:
                try:
                    await played.move(RELEASED)
                    break
                except Unavailable as error:
                    heard.caught(error)
            crowd.broken.armed = False
        assert await waiting(played, folder) == ()
        return crowd.broken


async def test_every_statement_fails_once_and_nothing_is_told(
    tmp_path: Path,
    either: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kindly: Callable[[], None],
    figures: Figures,
) -> None:
    """The exception contains the statement and its parameters, as with some drivers. Texts,
    names and authors are in no log message at any level and no output; texts and names in no
    traceback."""
    kindly()
    at_once(monkeypatch)
    with every_log_line() as lines:
        heard = Heard(lines, capfd)
        listens(monkeypatch, heard)
        broken = await _course(tmp_path, heard, 5 if either else 10, either)
        sinks = heard.sinks()
        assert found_in(sinks, (WORDS, NAME, canaries.ADDRESS)) == {}
        del sinks["tracebacks"]
        assert found_in(sinks, (PERSON,)) == {}
    events = {handler for handler, _ in broken.failed}
    figures(f"{sum(broken.failed.values())} failures of {len(events)} scripts: nothing told")
    assert "woke release" in events
    assert {"pool_put", "publish", "snapshot_put"} <= {where for _, where in broken.failed}
    assert len(heard.traces) > 30


@either_later
async def test_control_an_error_that_is_logged_as_it_is_told(
    tmp_path: Path,
    either: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kindly: Callable[[], None],
) -> None:
    """Control: if the exception's text is logged, the author is found there."""
    kindly()
    at_once(monkeypatch)
    with every_log_line() as lines:
        heard = Heard(lines, capfd)
        listens(monkeypatch, heard)
        caught = heard.caught

        def logged(error: BaseException) -> None:
            lines.append(str(error))
            caught(error)

        monkeypatch.setattr(heard, "caught", logged)
        await _course(tmp_path, heard, 1, either)
        assert "logs" in found_in(heard.sinks(), (PERSON,))
