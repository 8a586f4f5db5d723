"""Log, metrics and tracebacks never contain what people wrote."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot import log as logs
from bot.clock import Clock
from bot.log import NOISY, Log, places
from bot.server.metrics import Metrics
from tests.anonymity.hands import CANARY, by_code, look, project_of, running, says, says_by_name
from tests.worlds.stage import BEGINNING, Stage

ROOT = Path(__file__).parents[2]


class Everything(logging.Handler):
    """A log handler that records everything at every level."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.__dict__}")


@pytest.mark.parametrize("name", sorted(NOISY))
def test_a_library_cannot_say_what_passed_through_it(name: str) -> None:
    """At any level, from any child of its logger, to any handler, and in an exception's text."""
    Log("debug")
    for logger in (logging.getLogger(name), logging.getLogger(f"{name}.deep.inside")):
        handler, level = Everything(), logger.level
        logger.addHandler(handler)
        logger.setLevel(1)
        try:
            for at in (1, logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL):
                logger.log(at, "body %s", CANARY)
                logger.log(at, CANARY, stack_info=True)
            try:
                raise ValueError(CANARY)
            except ValueError:
                logger.exception("failed with %r", CANARY)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
        assert len(handler.lines) == 11
        assert not any(CANARY in line for line in handler.lines)
        assert "ValueError" in handler.lines[-1]


def test_control_a_logger_that_is_not_kept_shut_is_heard() -> None:
    """Control: the handler above receives messages of other loggers."""
    logger, handler = logging.getLogger("somebody.else"), Everything()
    logger.addHandler(handler)
    logger.warning(CANARY)
    logger.removeHandler(handler)
    assert CANARY in handler.lines[0]


def test_our_log_names_outcomes_only(capsys: pytest.CaptureFixture[str]) -> None:
    """It has no parameter for a text: only what failed, the kind of failure, and a letter's id."""
    log = Log("debug")
    log.failed("letter", "KeyError", letter="a1")
    assert log.failures == [("letter", "KeyError")]
    assert log.failed_times == 1


def test_a_fault_says_where_and_not_what() -> None:
    """A fatal error prints no texts, writes no core file, and other processes cannot read the
    memory."""
    script = f"""
import ctypes, resource, threading
from bot.log import close_up
close_up()
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
def fails(words):
    raise RuntimeError(words)
thread = threading.Thread(target=fails, args=({CANARY!r},))
thread.start()
thread.join()
fails({CANARY!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("RuntimeError") == 2
    assert "fails" in done.stderr
    assert "Kanariefugl" not in done.stderr


async def test_a_forgotten_task_says_where_and_not_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The event loop's report of an exception that nobody awaited omits its text."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs._in_the_loop)
    loop.call_exception_handler({"message": CANARY, "exception": ValueError(CANARY)})
    loop.set_exception_handler(None)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert CANARY not in said
    assert places(None) == []


# --- figures ------------------------------------------------------------------------------


async def _figures(played: Stage) -> str:
    house = played.house
    metrics = Metrics(
        house.database.read, house.scripts, house.tally, house.courier, house.upkeep, house.log
    )
    text = "".join([line async for line in metrics._lines()])
    return re.sub(r"digi_started_seconds \d+", "", text)


async def test_what_is_said_without_a_name_moves_no_figure(tmp_path: Path) -> None:
    """Neither does a look at a form, a code, a withdrawal, or before the full hour a failure of
    such an act; a named act does. The clock stands still, because passing seconds change metrics
    too."""
    still = Clock(real_us=lambda: round(BEGINNING.timestamp() * 1_000_000), monotonic=lambda: 0.0)
    async with running(tmp_path, clock=still) as played:
        before = await _figures(played)
        code = await says(played, "noor", CANARY)
        await look(played, "noor", "say_unnamed", project_of(tmp_path))
        await by_code(played, "noor", code, "Træk teksten tilbage")
        await played.fill("noor", {})
        played.house.tally.failures["Unavailable"] += 1
        assert await _figures(played) == before
        await says_by_name(played, "noor", "Sagt med navn")
        assert await _figures(played) != before


async def test_no_figure_names_a_project_a_form_or_a_workplace(tmp_path: Path) -> None:
    """The only label is a letter's state, and every line is valid for Prometheus."""
    async with running(tmp_path) as played:
        text = await _figures(played)
        assert set(re.findall(r"\{(\w+)=", text)) == {"state"}
        for line in filter(None, text.splitlines()):
            assert re.fullmatch(r"# (HELP|TYPE) digi_\w+ .+|digi_\w+(\{state=\"\w+\"\})? \d+", line)
        assert project_of(tmp_path) not in text
