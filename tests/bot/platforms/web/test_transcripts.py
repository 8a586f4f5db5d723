"""The transcripts play unchanged in the playground."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.browser_stage import browser_stage
from tests.worlds.course import each_transcript


@pytest.mark.parametrize(("transcript", "way"), list(each_transcript(("http",), "http")))
async def test_a_conversation_goes_in_the_browser_as_on_paper(
    transcript: Path, way: str, tmp_path: Path
) -> None:
    """Each act leads to the expected lines, in the windows of those who should read them."""
    async with browser_stage(tmp_path / "home") as played:
        await played.play(transcript.read_text(encoding="utf-8"))
