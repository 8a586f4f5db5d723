"""No test depends on the pace of the machine: tests/conftest.py raises every limit on waiting."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import WAITS_AT_MOST

ROOT = Path(__file__).parents[1]
LIMIT = re.compile(
    r"(?:asyncio\.timeout\(|ClientTimeout\(total=|timeout=|within\(|SOON if [^)]* else )([A-Z_]+)\b"
)


def test_every_limit_on_an_answer_is_raised_for_the_tests() -> None:
    """A new limit in bot/platforms stands in `WAITS_AT_MOST`: otherwise a busy machine exceeds it
    and a test is red that has found nothing."""
    found = set()
    for path in sorted((ROOT / "bot" / "platforms").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found |= {(module, name) for name in LIMIT.findall(path.read_text(encoding="utf-8"))}
    raised = {(module, name) for module, names in WAITS_AT_MOST.items() for name in names}
    assert len(found) > 10
    assert found - raised == set()
