"""No test depends on the pace of the machine: tests/conftest.py raises every limit on waiting."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.conftest import WAITS_AT_MOST

ROOT = Path(__file__).parents[1]
LIMIT = re.compile(
    r"(?:asyncio\.timeout\(|ClientTimeout\(total=|timeout=|within\(|SOON if [^)]* else "
    r"|time\.monotonic\(\) \+ )([A-Z_]+)\b"
)
ATTEMPTS = {
    ("storage.postgres.pipeline", "_CANCEL_SECONDS"),
    ("storage.postgres.vacuum", "LEAST_SECONDS"),
    ("storage.sqlite.wal", "BUSY_SECONDS"),
    ("storage.sqlite.wal", "TRY_SECONDS"),
    ("storage.sqlite.writer", "_PAUSE_SECONDS"),
}
"""How long one attempt takes: if it is too short, nothing fails, and another attempt follows."""


def test_every_limit_on_an_answer_is_raised_for_the_tests() -> None:
    """A new limit in bot/platforms or storage stands in `WAITS_AT_MOST`: otherwise a busy machine
    exceeds it and a test is red that has found nothing."""
    found = set()
    for folder in (ROOT / "bot" / "platforms", ROOT / "storage"):
        for path in sorted(folder.rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= {(module, name) for name in LIMIT.findall(path.read_text(encoding="utf-8"))}
    raised = {(module, name) for module, names in WAITS_AT_MOST.items() for name in names}
    assert len(found) > 20
    assert found - ATTEMPTS - raised == set()
    assert ATTEMPTS - found == set()


def test_no_test_has_less_time_than_the_others() -> None:
    """Only what takes long has a limit of its own: the one in pyproject.toml ends a test that
    hangs, and beside other work a browser takes minutes for what else takes seconds."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    default = settings["tool"]["pytest"]["ini_options"]["timeout"]
    given = [
        (path.name, int(seconds))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for seconds in re.findall(r"mark\.timeout\((\d+)\)", path.read_text(encoding="utf-8"))
    ]
    assert given
    assert [(name, seconds) for name, seconds in given if seconds < default] == []
