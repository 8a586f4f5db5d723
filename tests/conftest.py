"""What holds for every test: a failing dialog is heard, and every card and form is looked at."""

from __future__ import annotations

import functools
import os
import pickle
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.core.engine import Engine
from bot.core.localize import Localizer
from bot.platforms.common.ports import Answer, Delivery
from content import catalogue as content
from content.model import Catalogue
from dialogs.model import cards as c
from storage.sqlite import driver
from tests.waiting import LONG_ENOUGH
from tests.worlds import teams_watch
from tests.worlds.cards import Dressed
from tests.worlds.postgres import either, empty_dsn, places, postgres_dsn, postgres_server

__all__ = ["either", "empty_dsn", "places", "postgres_dsn", "postgres_server"]

# How long something takes is not asserted: the machine may have other things to do.
settings.register_profile("digi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("digi")

_read_anew, _read_once = content.load, functools.cache(content.load)
_parse = tomllib.loads
_answers_kindly = Engine._not_done
_card, _form = Localizer.card, Localizer.form
_connect = driver._connect


@functools.cache
def _parsed(text: str) -> bytes:
    return pickle.dumps(_parse(text))


def pytest_configure(config: pytest.Config) -> None:
    """Our own catalogue is frozen: it is read once for all tests, and a test module may ask for it
    while it is imported. A test's own catalogue differs from ours in a file or two, and parsing
    the same text again takes most of the time of reading it."""
    patched = pytest.MonkeyPatch()
    config.add_cleanup(patched.undo)

    def load(folder: Path | None = None, packs: tuple[Path, ...] = ()) -> Catalogue:
        return _read_anew(folder, packs) if folder or packs else _read_once()

    patched.setattr(content, "load", load)
    patched.setattr(tomllib, "loads", lambda text: pickle.loads(_parsed(text)))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """What a proof has counted; printed together after the run, whichever worker ran it."""
    return lambda said: request.node.user_properties.append(("figures", said))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three for two cores: a third of the time a test waits for a process or a server."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(2, (cores or 1) * 3 // 2)


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
    """A person is told kindly that something failed; a test must hear what it was."""

    def loud(engine: Engine, delivery: Delivery, *, unsure: bool) -> Answer:
        raise  # noqa: PLE0704 - called where the failure was caught

    monkeypatch.setattr(Engine, "_not_done", loud)


@pytest.fixture(autouse=True)
def _padding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's clock passes many minutes; sixteen syncs of the disk in each of them take long."""
    monkeypatch.setattr("storage.padding.WRITES", 1)


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power during a test, so this process syncs nothing to its disk: syncing took
    half of a long test's CPU time. tests/faults/lossy.py, where the power is cut, makes its own
    connections with the driver's settings, and a child process syncs as in production."""

    def connect(path: Path) -> sqlite3.Connection:
        conn = _connect(path)
        conn.execute("PRAGMA synchronous=OFF")
        return conn

    monkeypatch.setattr(driver, "_connect", connect)
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def synced(_unsynced: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test of the settings with which the driver connects."""
    monkeypatch.setattr(driver, "_connect", _connect)


_IN_TIME = {
    "bot.platforms.common.background": ("CLOSE_SECONDS",),
    "bot.platforms.slack.directory": ("NOBODY_WAITS", "SOON"),
    "bot.platforms.slack.replies": ("ANSWER_SECONDS", "WHISPER_SECONDS"),
    "bot.platforms.slack.web_api": ("ANSWER_SECONDS", "PATIENCE"),
    "bot.platforms.teams.edge": ("ANSWER_SECONDS", "INVOKE_SECONDS", "NAME_SECONDS"),
    "bot.platforms.teams.sheets": ("NAME_SECONDS",),
    "bot.platforms.teams.tokens": ("PATIENCE",),
    "bot.platforms.teams.transport": ("PATIENCE",),
    "bot.platforms.teams.trust": ("PATIENCE",),
}


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform wants its answer within three seconds, and on a busy machine Digi would take the
    way for those who are late. A test of that way shortens the time itself."""
    for name, seconds in _IN_TIME.items():
        if (module := sys.modules.get(name)) is not None:
            for one in seconds:
                monkeypatch.setattr(module, one, LONG_ENOUGH)


@pytest.fixture
def kindly(_heard: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """For tests of what a person is told when something fails."""
    return lambda: monkeypatch.setattr(Engine, "_not_done", _answers_kindly)


@pytest.fixture(autouse=True)
def dressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dressed]:
    """Every card and form that a test's people were shown is held to what all edges can draw."""
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
