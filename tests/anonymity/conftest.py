"""Fixtures for the anonymity tests."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.transactions import anonymous_pool as pools
from tests.anonymity.pair_worlds import Dice, seeded
from tests.worlds.postgres import Server, a_server


@pytest.fixture(scope="session")
def tidy_server() -> Iterator[Server]:
    """A PostgreSQL server with the settings of docs/operations.md, which removes finished
    write-ahead log files."""
    with a_server({"wal_recycle": "off", "synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture
def chance() -> Iterator[random.Random]:
    seeded = random.Random(20261120)
    pools.set_chance(seeded)
    yield seeded
    pools.set_chance(random.SystemRandom())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Redirect temporary files to a folder of the test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    return folder


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dice]:
    with seeded(monkeypatch) as found:
        yield found
