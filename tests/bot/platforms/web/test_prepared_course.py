"""The playground's prepared course plays from beginning to end, on any date."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import app
from bot.clock import Clock
from bot.platforms.common.ports import RoomMessage
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import CHANNELS, PEOPLE, TENANT
from bot.platforms.web.playground.player import Player
from bot.platforms.web.playground.scenario import COPENHAGEN
from bot.platforms.web.playground.server import COURSE
from bot.server.serve import PlaygroundClock
from storage.database import Database
from storage.playground_room import Room
from storage.vault import Vault
from tests.worlds.course import AN_EVENING_IN_NOVEMBER, beginning


@pytest.mark.parametrize(
    "start",
    [
        AN_EVENING_IN_NOVEMBER,
        datetime(2026, 12, 21, 7, 0, tzinfo=COPENHAGEN),
        datetime(2027, 3, 25, 12, 0, tzinfo=COPENHAGEN),
    ],
    ids=["an evening in November", "the Monday before Christmas", "the Thursday before Easter"],
)
async def test_the_prepared_course_meets_what_it_expects(start: datetime, tmp_path: Path) -> None:
    """Every press finds its button; there are overviews with a conclusion and an answer."""
    made: list[Room[RoomMessage]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[WebEdge]:
        room = Room(store, vault, RoomMessage)
        made.append(room)
        return [WebEdge(room, clock.now)]

    house = await app.build(
        tmp_path,
        edges=edges,
        clock=beginning(start)["clock"],
        key_file=tmp_path / "key" / "digi.key",
        public_url="http://127.0.0.1:8642",
    )
    [room] = made
    held = PlaygroundClock(TENANT, house)
    try:
        await house.gather_playground()
        player = Player(house.engine.receive, room, held, PEOPLE, CHANNELS[0].id)
        assert await player.play(COURSE.read_text(encoding="utf-8")) == []
        seen = await player.seen("bodil")
        assert "Ugens overblik" in seen
        assert "I nåede frem til:" in seen
        assert "Spurgt og svaret" in seen
        assert not house.log.failures
    finally:
        await house.close()
