"""A look writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.engine import Engine
from tests.anonymity.hands import (
    CANARY,
    LOOKERS,
    Dump,
    dump,
    everything_seen,
    look,
    project_of,
    running,
    says,
)
from tests.anonymity.meeting import OF_EXERCISES, Meeting, through


def _all(folder: Path) -> tuple[Dump, list[bytes]]:
    """Return every row and, if there are local files, their bytes."""
    ours = [folder / "digi.db", folder / "digi.db-wal"]
    return dump(folder), [path.read_bytes() for path in ours if path.exists()]


async def test_opening_every_form_and_view_writes_nothing(tmp_path: Path, either: str) -> None:
    """Database and write-ahead log are byte for byte equal after every look of everybody."""
    async with running(tmp_path, either=either) as played:
        await says(played, "sofie", CANARY)
        before = _all(tmp_path)
        await everything_seen(played, tmp_path, ("anne", "peter") if either else LOOKERS)
        assert _all(tmp_path) == before


async def test_opening_every_form_and_view_of_an_exercise_writes_nothing(
    tmp_path: Path, either: str
) -> None:
    """Board, forms, wall, leading page, files and one's own part: in a round of notes, of dots and
    of a survey, and after each. Whoever has taken part looks too."""
    lookers = ("sofie",) if either else ("anne", "mette", "sofie")
    async with running(tmp_path, either=either) as played:
        meeting = Meeting(played, tmp_path)
        async for moment in through(meeting):
            before = _all(tmp_path)
            await meeting.seen(lookers, OF_EXERCISES)
            assert _all(tmp_path) == before, moment


async def test_control_a_look_that_is_counted_is_seen(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a counter of looks changes the files."""
    received = Engine._handle

    async def counted(engine: Engine, delivery: object) -> object:
        await engine._database.tx(engine._scripts.set_meta, "looks", "1")
        return await received(engine, delivery)  # type: ignore[arg-type]

    async with running(tmp_path, either=either) as played:
        before = _all(tmp_path)
        monkeypatch.setattr(Engine, "_handle", counted)
        await look(played, "peter", "status", project_of(tmp_path))
        assert _all(tmp_path) != before
