"""Fixtures for all tests: a dialog that raises fails the test, and every card and form shown is
checked."""

from __future__ import annotations

import functools
import os
import pickle
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from bot.core.engine import Engine
from bot.core.localize import Localizer
from bot.platforms.common.ports import Answer, Delivery
from content import catalogue as content
from content.model import Catalogue
from dialogs.model import cards as c
from storage.sqlite import driver, file
from tests.waiting import LONG_ENOUGH
from tests.worlds import teams_watch
from tests.worlds.cards import Dressed
from tests.worlds.postgres import either, empty_dsn, places, postgres_dsn, postgres_server

__all__ = ["either", "empty_dsn", "places", "postgres_dsn", "postgres_server"]

# Hypothesis: no deadline, because the machine may be busy.
settings.register_profile("digi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("digi")

_read_anew, _read_once = content.load, functools.cache(content.load)
_parse = tomllib.loads
_answers_kindly = Engine._not_done
_card, _form = Localizer.card, Localizer.form
_connect = file.connected


@functools.cache
def _parsed(text: str) -> bytes:
    return pickle.dumps(_parse(text))


def pytest_configure(config: pytest.Config) -> None:
    """Cache the parsed catalogue. Ours is frozen, so it is read once for all tests, also by modules
    that need it while they are imported. A test's own catalogue differs in a file or two, and most
    of the time would go into parsing the unchanged files again."""
    patched = pytest.MonkeyPatch()
    config.add_cleanup(patched.undo)
    patched.setattr(content, "load", read_once)
    patched.setattr(tomllib, "loads", lambda text: pickle.loads(_parsed(text)))


def read_once(folder: Path | None = None, packs: tuple[Path, ...] = ()) -> Catalogue:
    """Load our own catalogue once, and a test's own each time."""
    return _read_anew(folder, packs) if folder or packs else _read_once()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Collect the counts of a proof, to be printed together after the run, whichever worker ran
    it."""
    return lambda said: request.node.user_properties.append(("figures", said))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use two workers and a half for each core, because a test waits for processes, servers and the
    disk half of its time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(2, (cores or 1) * 5 // 2)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = [
        (report.nodeid, said)
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, said in report.user_properties
        if name == "figures"
    ]
    if found:
        terminalreporter.section("figures of the proofs")
        for node, said in sorted(found):
            terminalreporter.write_line(f"{node.rpartition('::')[2]}: {said}")


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test when Digi reports an internal error, which a person would only see as an
    apology."""

    def loud(engine: Engine, delivery: Delivery, *, unsure: bool) -> Answer:
        raise  # noqa: PLE0704 - called where the failure was caught

    monkeypatch.setattr(Engine, "_not_done", loud)


@pytest.fixture(autouse=True)
def _padding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the padding of counters: a test's clock passes many minutes, and each takes sixteen
    fsyncs."""
    monkeypatch.setattr("storage.padding.WRITES", 1)


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch fsync off in this process: nobody cuts the power, and syncing took half of a long
    test's CPU time. tests/faults/lossy.py, where the power is cut, opens connections of its own
    with the driver's settings, and a child process syncs as in production."""

    monkeypatch.setattr(driver, "connected", unsynced)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def unsynced(path: Path) -> sqlite3.Connection:
    """Connect like the driver, but without fsync."""
    conn = _connect(path)
    conn.execute("PRAGMA synchronous=OFF")
    return conn


@pytest.fixture
def synced(_unsynced: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the driver's own settings, for a test of these."""
    monkeypatch.setattr(driver, "connected", _connect)


WAITS_AT_MOST = {
    "bot.platforms.common.background": ("CLOSE_SECONDS",),
    "bot.platforms.common.reask": ("ANSWER_WAITS",),
    "bot.platforms.slack.directory": ("NOBODY_WAITS", "SOON"),
    "bot.platforms.slack.edge": ("FORM_SECONDS",),
    "bot.platforms.slack.replies": ("ANSWER_SECONDS", "WHISPER_SECONDS"),
    "bot.platforms.slack.web_api": ("ANSWER_SECONDS", "PATIENCE"),
    "bot.platforms.teams.check": ("SECONDS",),
    "bot.platforms.teams.edge": (
        "ANSWER_SECONDS",
        "INVOKE_SECONDS",
        "NAME_SECONDS",
        "PLACE_SECONDS",
    ),
    "bot.platforms.teams.sheets": ("NAME_SECONDS",),
    "bot.platforms.teams.tokens": ("PATIENCE",),
    "bot.platforms.teams.transport": ("PATIENCE",),
    "bot.platforms.teams.trust": ("PATIENCE",),
    "storage.postgres.commit": ("COMMIT_SECONDS", "ASKING_SECONDS"),
    "storage.postgres.connections": ("WAIT_SECONDS",),
    "storage.postgres.driver": ("WAIT_SECONDS",),
    "storage.postgres.vacuum": ("VACUUM_SECONDS", "_VACUUM_MOST"),
    "storage.sqlite.writer": ("_LOG_SECONDS",),
}


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the three seconds in which a platform wants its answer, and those within them for the
    database, which a busy machine would exceed. A test of late answers, or of a database that is
    held up, lowers them itself."""
    for module, name in limits_on_waiting():
        monkeypatch.setattr(module, name, LONG_ENOUGH)


def limits_on_waiting() -> Iterator[tuple[ModuleType, str]]:
    """Yield the limits in `WAITS_AT_MOST` whose module is loaded."""
    for module, names in WAITS_AT_MOST.items():
        if (loaded := sys.modules.get(module)) is not None:
            yield from ((loaded, name) for name in names)


@pytest.fixture
def kindly(_heard: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Allow internal errors, for tests of what a person is told about them."""
    return lambda: monkeypatch.setattr(Engine, "_not_done", _answers_kindly)


@pytest.fixture(autouse=True)
def dressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dressed]:
    """Check every card and form that a test's people are shown against what all edges can draw."""
    found = Dressed()

    def card(dresser: Localizer, neutral: c.NeutralCard) -> c.FinishedCard:
        finished = _card(dresser, neutral)
        found.cards.append(finished)
        return finished

    def form(dresser: Localizer, neutral: c.NeutralForm) -> c.FinishedForm:
        finished = _form(dresser, neutral)
        found.forms.append(finished)
        return finished

    monkeypatch.setattr(Localizer, "card", card)
    monkeypatch.setattr(Localizer, "form", form)
    yield found
    problems = found.problems() + teams_watch.problems(found.cards, found.forms)
    assert not problems, "\n".join(problems)
