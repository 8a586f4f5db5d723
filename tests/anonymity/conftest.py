"""What the proofs of anonymity share."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from storage import pool as pools


@pytest.fixture
def chance() -> Iterator[random.Random]:
    seeded = random.Random(20261120)
    pools.set_chance(seeded)
    yield seeded
    pools.set_chance(random.SystemRandom())
