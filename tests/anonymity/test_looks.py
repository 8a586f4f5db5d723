"""A look writes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.anonymity.hands import CANARY, everything_seen, running, says


async def test_opening_every_form_and_view_writes_nothing(tmp_path: Path) -> None:
    """The database and its WAL are the same, byte by byte, after every look."""
    async with running(tmp_path) as played:
        await says(played, "sofie", CANARY)
        bytes_of = [tmp_path / "digi.db", tmp_path / "digi.db-wal"]
        before = [path.read_bytes() for path in bytes_of]
        await everything_seen(played, tmp_path)
        assert [path.read_bytes() for path in bytes_of] == before
