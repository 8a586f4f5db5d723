"""Plays every conversation's transcript, which is also its documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.stage import stage

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))
ENGLISH = sorted((Path(__file__).parents[1] / "transcripts" / "english").glob("*.txt"))


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_its_transcript(transcript: Path, tmp_path: Path) -> None:
    """Each act leads to the expected lines."""
    async with stage(tmp_path) as played:
        await played.play(transcript.read_text(encoding="utf-8"))


@pytest.mark.parametrize("transcript", ENGLISH, ids=lambda path: path.stem)
async def test_a_conversation_goes_in_english(transcript: Path, tmp_path: Path) -> None:
    """The people use the chat in English, and the project speaks it in the channel."""
    async with stage(tmp_path, locale="en") as played:
        await played.play(transcript.read_text(encoding="utf-8"))


# For PostgreSQL: a course with its calendar, unsigned texts, and an end.
_ALSO = {"digest_life", "say_later_by_code", "project_end"}
_LONG = pytest.mark.long


@pytest.mark.parametrize(
    "transcript",
    [pytest.param(path, marks=() if path.stem in _ALSO else _LONG) for path in TRANSCRIPTS],
    ids=lambda path: path.stem,
)
async def test_it_goes_on_postgresql_as_on_sqlite(
    transcript: Path, tmp_path: Path, postgres_dsn: str
) -> None:
    """The same lines; the database makes no visible difference."""
    async with stage(tmp_path, either=postgres_dsn) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
