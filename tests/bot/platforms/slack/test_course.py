"""What plays on paper and in the browser plays in Slack, unchanged, by HTTP and by Socket Mode."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bot.clock import Clock
from bot.platforms.web.playground.people import PEOPLE
from bot.platforms.web.playground.server import COURSE
from tests.worlds.slack.stage import slack_stage

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
TRANSCRIPTS = sorted((Path(__file__).parents[3] / "transcripts").glob("*.txt"))
Mode = Literal["http", "socket"]


@pytest.mark.parametrize("mode", ["http", "socket"])
@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 11, 20, 21, 0, tzinfo=COPENHAGEN),
        datetime(2026, 12, 21, 7, 0, tzinfo=COPENHAGEN),
    ],
    ids=["an evening in November", "the Monday before Christmas"],
)
async def test_the_prepared_course_goes_in_slack_as_in_the_browser(
    start: datetime, mode: Mode, tmp_path: Path
) -> None:
    """Every press finds its button, every form its fields, whatever the day and the way in."""
    at = itertools.count(round(start.timestamp() * 1_000_000), 1000)
    people = {person.id: person.name for person in PEOPLE}
    english = [person.id for person in PEOPLE if person.locale == "en"]
    clock = Clock(real_us=lambda: next(at))
    async with slack_stage(
        tmp_path / "home", mode, people=people, english=english, clock=clock
    ) as played:
        await played.play(COURSE.read_text(encoding="utf-8"))
        seen = played.ever("bodil")
        assert "Ugens overblik" in seen
        assert "I nåede frem til:" in seen
        assert "Spurgt og svaret" in seen
        assert not played.house.log.failures
        assert not played.world.too_early


def _each() -> Iterator[Any]:
    """One transcript of each conversation is played at once; all of them, both ways, at leisure."""
    begun: set[str] = set()
    for path in TRANSCRIPTS:
        conversation = path.stem.partition("_")[0]
        for mode in ("http", "socket"):
            soon = mode == "http" and conversation not in begun
            marks = () if soon else (pytest.mark.long,)
            yield pytest.param(path, mode, marks=marks, id=f"{path.stem} by {mode}")
        begun.add(conversation)


@pytest.mark.parametrize(("transcript", "mode"), list(_each()))
async def test_a_conversation_goes_in_slack_as_on_paper(
    transcript: Path, mode: Mode, tmp_path: Path
) -> None:
    """The same lines; a form with empty fields is sent, so that Digi must mind them itself."""
    async with slack_stage(tmp_path / "home", mode, holds_back=False) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
