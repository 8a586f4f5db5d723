"""The playground's prepared courses play from beginning to end, on any date."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

import app
from bot.clock import Clock
from bot.platforms.common.ports import RoomMessage
from bot.platforms.web.playground.courses import COURSES
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import CHANNELS, PEOPLE, TENANT
from bot.platforms.web.playground.player import Player
from bot.platforms.web.playground.scenario import COPENHAGEN, read_scenario
from bot.server.build import House
from bot.server.playground import PlaygroundClock, wall_paths
from storage.database import Database
from storage.playground_room import Room
from storage.vault import Vault
from tests.worlds.course import AN_EVENING_IN_NOVEMBER, beginning

ON_ANY_DATE = pytest.mark.parametrize(
    "start",
    [
        AN_EVENING_IN_NOVEMBER,
        datetime(2026, 12, 21, 7, 0, tzinfo=COPENHAGEN),
        datetime(2027, 3, 25, 12, 0, tzinfo=COPENHAGEN),
    ],
    ids=["an evening in November", "the Monday before Christmas", "the Thursday before Easter"],
)
WEEKS, MEETING = (course.file.read_text(encoding="utf-8") for course in COURSES.values())


NewPlayer = Callable[[], Player]


@asynccontextmanager
async def playground(folder: Path, start: datetime) -> AsyncIterator[tuple[NewPlayer, House]]:
    made: list[Room[RoomMessage]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[WebEdge]:
        room = Room(store, vault, RoomMessage)
        made.append(room)
        return [WebEdge(room, clock.now)]

    house = await app.build(
        folder,
        edges=edges,
        clock=beginning(start)["clock"],
        key_file=folder / "key" / "digi.key",
        public_url="http://127.0.0.1:8642",
    )
    [room] = made
    held = PlaygroundClock(TENANT, house)
    try:
        await house.gather_playground()
        yield lambda: Player(house.engine.receive, room, held, PEOPLE, CHANNELS[0].id), house
        assert not house.log.failures
    finally:
        await house.close()


async def screen_of(house: House) -> str:
    """Return the token of the screen that the playground shows a link to; "" if there is none."""
    channels = [channel.id for channel in CHANNELS]
    return (await wall_paths(house, TENANT, channels)).screen.removeprefix("/s/")


@ON_ANY_DATE
async def test_the_prepared_course_meets_what_it_expects(start: datetime, tmp_path: Path) -> None:
    """Every press finds its button; there are overviews with a conclusion and an answer."""
    async with playground(tmp_path, start) as (new_player, house):
        played = new_player()
        assert await played.play(WEEKS) == []
        seen = await played.seen("bodil")
        assert "Ugens overblik" in seen
        assert "I nåede frem til:" in seen
        assert "Spurgt og svaret" in seen
        assert await screen_of(house) == ""


@ON_ANY_DATE
async def test_the_prepared_meeting_goes_from_notes_to_agreements(
    start: datetime, tmp_path: Path
) -> None:
    """Every press finds its button; there are notes of two rounds, an order, what it takes and
    agreements, in the channel and on the screen."""
    async with playground(tmp_path, start) as (new_player, house):
        played = new_player()
        assert await played.play(MEETING) == []
        seen = await played.seen("bodil")
        for words in (
            "Jeg bytter selv om på to besøg",
            "A real break in the plan",
            "samlet under »Det planen ikke ved«",
            "1. Det planen ikke ved",
            "Vi retter selv køretiderne, før den går i gang",
            "Skrive trapper og lange veje ind for hver rute (Torben Skov)",
            "Planen skal kende vores veje",
        ):
            assert words in seen
        shown = await house.screens.show(await screen_of(house))
        assert shown is not None
        assert "Planen skal kende vores veje" in repr(shown.screen)


async def test_the_second_time_the_meeting_starts_over_clean(tmp_path: Path) -> None:
    """The first meeting's screen leads nowhere any more, and the second has one of its own."""
    async with playground(tmp_path, AN_EVENING_IN_NOVEMBER) as (new_player, house):
        assert await new_player().play(MEETING) == []
        before = await screen_of(house)
        await PlaygroundClock(TENANT, house).start_over()
        assert await screen_of(house) == ""
        assert await house.screens.show(before) is None
        played = new_player()
        assert await played.play(MEETING) == []
        assert await screen_of(house) not in ("", before)
        assert (await played.seen("bodil")).count("Det nåede I frem til: Kompasset") == 1


def test_the_prepared_meeting_is_read_by_those_who_look_on_in_about_two_minutes() -> None:
    """With the pause before each step it lasts as long as the page says; six write."""
    steps = read_scenario(MEETING)
    assert 105 <= len(steps) * COURSES["meeting"].pace <= 135
    written = [step.who for step in steps if step.text.endswith('tryk "Skriv sedler"')]
    assert len(set(written)) == 6
