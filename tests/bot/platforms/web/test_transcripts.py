"""The transcripts play unchanged in the playground."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.browser_stage import browser_stage
from tests.worlds.course import ENGLISH, each_transcript

RESTARTS = {("exercise_paused", "http")}
"""This playground is not stopped while it serves; test_browser_course.py kills one."""


@pytest.mark.parametrize(("transcript", "way"), list(each_transcript(("http",), "http", RESTARTS)))
async def test_a_conversation_goes_in_the_browser_as_on_paper(
    transcript: Path, way: str, tmp_path: Path
) -> None:
    """Each act leads to the expected lines, in the windows of those who should read them."""
    async with browser_stage(tmp_path / "home") as played:
        await played.play(transcript.read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("transcript", ENGLISH, ids=lambda path: path.stem)
async def test_a_conversation_in_english_goes_as_on_paper(transcript: Path, tmp_path: Path) -> None:
    async with browser_stage(tmp_path / "home", "en") as played:
        await played.play(transcript.read_text(encoding="utf-8"))
