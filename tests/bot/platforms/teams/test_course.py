"""The prepared course and the transcripts play unchanged in Teams."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

import pytest

from tests.worlds.course import ENGLISH, beginning, each_transcript, plays_course
from tests.worlds.stage import PEOPLE
from tests.worlds.teams.plain_transport import by_hand
from tests.worlds.teams_fixtures import teams_stage


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
    "advice_no_project",
    "gate_draft_is_hidden",
    "help_in_channel",
    "help_in_words",
    "keepsake",
    "project_delete",
    "project_end",
    "project_moved",
    "project_stop",
    "say_pause_and_end",
    "walk_end",
    "walk_status",
}
"""Answers about the channel they are asked for in, which a private chat cannot give."""
NEVER = {(transcript, "personally") for transcript in OF_A_CHANNEL}
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
    """Every press finds its button and every form its fields, whatever the tenant's Teams
    supports."""
    async with teams_stage(tmp_path / "home", **beginning(), **CLIENTS[client]) as played:
        await plays_course(played)
        assert not played.world.too_early


async def test_the_course_goes_by_another_transport_too(tmp_path: Path) -> None:
    """A successor of botbuilder replaces one file; this one uses no SDK."""
    async with teams_stage(tmp_path / "home", making=by_hand, **beginning()) as played:
        await plays_course(played)


@pytest.mark.parametrize(
    ("transcript", "client"), list(each_transcript(tuple(CLIENTS), "targeted", NEVER))
)
async def test_a_conversation_goes_in_teams_as_on_paper(
    transcript: Path, client: str, tmp_path: Path
) -> None:
    """Forms with empty required fields are submitted, so that Digi has to validate them itself."""
    async with teams_stage(tmp_path / "home", holds_back=False, **CLIENTS[client]) as played:
        await played.play(transcript.read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("transcript", ENGLISH, ids=lambda path: path.stem)
async def test_a_conversation_in_english_goes_as_on_paper(transcript: Path, tmp_path: Path) -> None:
    async with teams_stage(tmp_path / "home", english=PEOPLE, holds_back=False) as played:
        await played.play(transcript.read_text(encoding="utf-8"))
