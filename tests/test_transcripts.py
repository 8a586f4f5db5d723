"""Every conversation as a transcript: the documentation of what Digi does, played for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stage import stage

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_its_transcript(transcript: Path, tmp_path: Path) -> None:
    """Every line a person does leads to every line that is expected."""
    async with stage(tmp_path) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
