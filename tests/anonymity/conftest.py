"""What the proofs of anonymity share."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import pool as pools


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
