"""The stage that plays transcripts in the simulated Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.clock import Clock
from tests.worlds.slack.hands import SlackHands
from tests.worlds.slack.render import shown_signs
from tests.worlds.slack_fixtures import Mode, in_slack
from tests.worlds.stage import PEOPLE


@asynccontextmanager
async def slack_stage(
    folder: Path,
    mode: Mode = "http",
    *,
    people: Mapping[str, str] = PEOPLE,
    english: Collection[str] = (),
    clock: Clock | None = None,
    holds_back: bool = True,
) -> AsyncIterator[SlackHands]:
    """Return the simulated users. An error reported to the operator fails the test, and so does a
    sign of mrkdwn that Slack would show."""
    async with in_slack(
        folder, mode, people=people, english=english, clock=clock, holds_back=holds_back
    ) as place:
        yield place.hands
        assert place.told == []
        home = place.world.home
        bodies = [view.body for view in (*home.views.values(), *home.homes.values())]
        assert shown_signs([*bodies, *(message.blocks for message in home.messages)]) == []
