"""The prepared course and the transcripts play unchanged in Slack, by HTTP and Socket Mode."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest

from bot.platforms.web.playground.scenario import COPENHAGEN
from tests.worlds.course import (
    AN_EVENING_IN_NOVEMBER,
    ENGLISH,
    beginning,
    each_transcript,
    plays_course,
)
from tests.worlds.slack.stage import slack_stage
from tests.worlds.stage import PEOPLE

Mode = Literal["http", "socket"]


@pytest.mark.parametrize("mode", ["http", "socket"])
@pytest.mark.parametrize(
    "start",
    [
        AN_EVENING_IN_NOVEMBER,
        datetime(2026, 12, 21, 7, 0, tzinfo=COPENHAGEN),
    ],
    ids=["an evening in November", "the Monday before Christmas"],
)
async def test_the_prepared_course_goes_in_slack_as_in_the_browser(
    start: datetime, mode: Mode, tmp_path: Path
) -> None:
    """Every press finds its button and every form its fields, at any date and by either
    transport."""
    async with slack_stage(tmp_path / "home", mode, **beginning(start)) as played:
        await plays_course(played)
        assert not played.world.too_early


@pytest.mark.parametrize(("transcript", "mode"), list(each_transcript(("http", "socket"), "http")))
async def test_a_conversation_goes_in_slack_as_on_paper(
    transcript: Path, mode: Mode, tmp_path: Path
) -> None:
    """Forms with empty required fields are submitted, so that Digi has to validate them itself."""
    async with slack_stage(tmp_path / "home", mode, holds_back=False) as played:
        await played.play(transcript.read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("transcript", ENGLISH, ids=lambda path: path.stem)
async def test_a_conversation_in_english_goes_as_on_paper(transcript: Path, tmp_path: Path) -> None:
    async with slack_stage(tmp_path / "home", "http", english=PEOPLE, holds_back=False) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
