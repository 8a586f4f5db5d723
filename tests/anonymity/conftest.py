"""What the proofs of anonymity share."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.transactions import anonymous_pool as pools
from tests.worlds.postgres import Server, a_server


@pytest.fixture(scope="session")
def tidy_server() -> Iterator[Server]:
    """As docs/operations.md asks for it: a file of the log that is over is thrown away."""
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
    """Where temporary files would go."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    return folder
