"""Two people send the form of one row in the same moment, by the requests of Slack and of Teams.

On PostgreSQL each of the two requests reaches another replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.server.build import House
from tests.faults.test_table_race import BEGUN, LATE
from tests.waiting import LONG_ENOUGH
from tests.worlds import slack_fixtures, teams_fixtures
from tests.worlds.slack.hands import SlackHands
from tests.worlds.stage import PEOPLE
from tests.worlds.teams.hands import TeamsHands

Hands = SlackHands | TeamsHands
SAVED = "Rækken er gemt. Dit navn står ved ændringen."
ROWS = ("Ledere", "Medarbejdere generelt", "Fagspecialister")
COLUMN = "Hvad?"
PAIR = ("fatima", "peter")


@asynccontextmanager
async def meeting(
    platform: str, folder: Path, either: str
) -> AsyncIterator[tuple[Hands, list[House]]]:
    """Return people at a table that nobody has written in yet, and the replicas of Digi."""
    if platform == "slack":
        async with slack_fixtures.in_slack(folder, either=either) as in_slack:
            await in_slack.hands.play(BEGUN)
            houses = [in_slack.house]
            async with AsyncExitStack() as more:
                if either:
                    other = slack_fixtures.another_replica(folder, in_slack, either)
                    houses.append((await more.enter_async_context(other)).house)
                yield in_slack.hands, houses
            assert in_slack.told == []
        return
    async with teams_fixtures.in_teams(folder, either=either) as in_teams:
        await in_teams.hands.play(BEGUN)
        houses = [in_teams.house]
        async with AsyncExitStack() as more:
            if either:
                another = teams_fixtures.another_replica(folder, in_teams, either)
                houses.append((await more.enter_async_context(another)).house)
            yield in_teams.hands, houses
        assert in_teams.told == []


async def opens(hands: Hands, person: str, row: str) -> None:
    await hands.press(person, "Udfyld en række")
    await hands.press(person, row)
    assert hands.form(person) is not None


async def posted(hands: Hands, houses: list[House], words: str) -> None:
    """Wait for the post in the channel: the replica that redraws it may be the other one."""
    clock = hands.house.clock
    async with asyncio.timeout(LONG_ENOUGH):
        while words not in hands.channel():
            # A replica sends no faster than its platform allows.
            target = clock.now() + timedelta(seconds=5)
            await asyncio.gather(*(house.courier.move_to(target) for house in houses))


@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_of_two_who_write_a_row_at_once_both_hear_what_happened(
    platform: str, tmp_path: Path, either: str
) -> None:
    """One is saved. The other reads who was first, keeps the text, and can write the two together;
    rows that both add at once both stand there."""
    async with meeting(platform, tmp_path, either) as (hands, houses):
        for row in ROWS:
            written = {person: f"{person} om {row}" for person in PAIR}
            for person in PAIR:
                await opens(hands, person, row)
            await asyncio.gather(*(hands.fill(one, {COLUMN: written[one]}) for one in PAIR))
            first, late = sorted(PAIR, key=lambda one: SAVED not in hands.just(one))
            assert SAVED in hands.just(first)
            assert SAVED not in hands.just(late)
            said = f"{hands.just(late)}\n{hands.faults[late]}"
            assert f"{PEOPLE[first]} {LATE}" in said
            assert hands.form(late) is not None  # with what was written
            await posted(hands, houses, written[first])
            assert written[late] not in hands.channel()

            await opens(hands, late, row)
            assert written[first] in str(hands.form(late))
            await hands.fill(late, {COLUMN: f"{written[first]}, {written[late]}"})
            assert SAVED in hands.just(late)
            await posted(hands, houses, f"{written[first]}, {written[late]}")

        for person in PAIR:
            await opens(hands, person, "En ny række")
        values = {one: {"Hvad handler": f"Række af {one}", COLUMN: one} for one in PAIR}
        await asyncio.gather(*(hands.fill(one, values[one]) for one in PAIR))
        for person in PAIR:
            assert SAVED in hands.just(person)
            await posted(hands, houses, f"Række af {person}")
