"""What plays on paper, in the browser and in Slack plays in Teams, unchanged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import pytest

from bot.clock import Clock
from bot.platforms.web.playground.people import PEOPLE
from bot.platforms.web.playground.server import COURSE
from tests.worlds.teams.plain_transport import by_hand
from tests.worlds.teams_fixtures import teams_stage

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
TRANSCRIPTS = sorted((Path(__file__).parents[3] / "transcripts").glob("*.txt"))


class Client(TypedDict, total=False):
    targeted: bool
    slash: bool
    old: bool
    personally: bool
    channel: str


CLIENTS: dict[str, Client] = {
    "targeted": {},
    "by slash": {"slash": True},
    "in the chat": {"targeted": False},
    "an old client": {"targeted": False, "old": True},
    "personally": {"personally": True},
    "a group chat": {"channel": "19:gruppe@thread.v2"},
}


OF_A_CHANNEL = {
    "advice_no_project", "gate_draft_is_hidden", "help_in_channel", "help_in_words",
    "project_delete", "project_end",
    "project_stop", "say_pause_and_end", "walk_end", "walk_status",
}  # fmt: skip
"""What is said in a channel where there is no project, or none any more: a personal chat has no
channel that it could be about."""
SOON = ("in the chat", "personally")


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(client, marks=() if client in SOON else (pytest.mark.long,))
        for client in CLIENTS
    ],
)
async def test_the_prepared_course_goes_in_teams_as_in_the_browser(
    client: str, tmp_path: Path
) -> None:
    """Every press finds its button, every form its fields, whatever a tenant's Teams can do."""
    async with teams_stage(tmp_path / "home", **_november(), **CLIENTS[client]) as played:
        await played.play(COURSE.read_text(encoding="utf-8"))
        seen = played.ever("bodil")
        assert "Ugens overblik" in seen
        assert "I nåede frem til:" in seen
        assert "Spurgt og svaret" in seen
        assert not played.house.log.failures
        assert not played.world.too_early


async def test_the_course_goes_by_another_transport_too(tmp_path: Path) -> None:
    """A successor of botbuilder replaces one file: here is one without any SDK."""
    async with teams_stage(tmp_path / "home", making=by_hand, **_november()) as played:
        await played.play(COURSE.read_text(encoding="utf-8"))
        assert "I nåede frem til:" in played.ever("bodil")
        assert not played.house.log.failures


class Beginning(TypedDict):
    people: dict[str, str]
    english: list[str]
    clock: Clock


def _november() -> Beginning:
    """An evening in November, with the people of the prepared course."""
    start = datetime(2026, 11, 20, 21, 0, tzinfo=COPENHAGEN)
    at = itertools.count(round(start.timestamp() * 1_000_000), 1000)
    return {
        "people": {person.id: person.name for person in PEOPLE},
        "english": [person.id for person in PEOPLE if person.locale == "en"],
        "clock": Clock(real_us=lambda: next(at)),
    }


def _each() -> Iterator[Any]:
    """One transcript of each conversation is played at once; all of them, every way, at leisure."""
    begun: set[str] = set()
    for path in TRANSCRIPTS:
        conversation = path.stem.partition("_")[0]
        for client in CLIENTS:
            if client == "personally" and path.stem in OF_A_CHANNEL:
                continue
            soon = client == "targeted" and conversation not in begun
            marks = () if soon else (pytest.mark.long,)
            yield pytest.param(path, client, marks=marks, id=f"{path.stem}: {client}")
        begun.add(conversation)


@pytest.mark.parametrize(("transcript", "client"), list(_each()))
async def test_a_conversation_goes_in_teams_as_on_paper(
    transcript: Path, client: str, tmp_path: Path
) -> None:
    """The same lines; a form with empty fields is sent, so that Digi must mind them itself."""
    async with teams_stage(tmp_path / "home", holds_back=False, **CLIENTS[client]) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
