"""Answers of Slack's Web API that have `{"ok": true}` and nothing else, or the wrong shape."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.common.ports import DeliveryFailed, Installation, Parcel
from bot.platforms.slack.web_api import OddAnswer
from dialogs.model import cards as c
from storage.installations import Installations
from storage.sqlite.driver import DATABASE
from storage.sqlite.file import reading
from tests.bot.platforms.slack.test_workspaces import served, workspace
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.world import SlackWorld
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

CARD: c.FinishedCard = c.Card((c.Paragraph((c.Plain("Hej"),)),))
ODD: tuple[Any, ...] = (
    {},
    {"team_id": 7, "user_id": "U", "ts": 7, "channel": 7, "members": 7, "channels": {"id": 7}},
    {"channel": {}, "channels": [7], "members": None, "ts": "", "response_metadata": 7},
)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


@pytest.mark.parametrize("answer", ODD, ids=str)
async def test_a_start_goes_on_and_the_operator_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    """auth.test is called again when its answer is needed."""
    space, told = workspace("A"), list[tuple[str, str]]()
    async with SlackWorld(space) as world:
        with monkeypatch.context() as patch:
            patch.setattr(world.api, "_do", lambda *_: answer)
            async with served(tmp_path / "h", world, token=space.token, told=told) as (door, _, _):
                assert ("slack", "OddAnswer") in told
                with pytest.raises(OddAnswer):
                    await door.workspaces.own()
                patch.undo()
                assert (await door.workspaces.own()).tenant == "slack:T0A"


@pytest.mark.parametrize("answer", ODD, ids=str)
@pytest.mark.parametrize("kind", ["post", "private"])
async def test_what_may_have_been_said_is_uncertain(
    place: Place, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], kind: Any
) -> None:
    """A message without a timestamp may have been posted; without a chat nothing was."""
    monkeypatch.setattr(place.world.api, "_do", lambda *_: answer)
    parcel = Parcel("l", place.hands.tenant, kind, CARD, "da", CHANNEL, id_of("anne"))
    with pytest.raises(DeliveryFailed) as failed:
        await place.door.edge.deliver(parcel)
    assert failed.value.uncertain == (kind == "post")
    assert not failed.value.permanent


@pytest.mark.parametrize("answer", ODD, ids=str)
async def test_a_list_that_is_not_there_is_no_empty_list(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: dict[str, Any]
) -> None:
    """Nobody is removed from a team because Slack's answer has no list."""

    def team() -> list[Any]:
        with closing(reading(tmp_path / "home" / DATABASE)) as conn:
            return conn.execute("SELECT channel, person FROM member ORDER BY 1, 2").fetchall()

    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    before = team()
    assert len(before) > 3
    monkeypatch.setattr(place.world.api, "_do", lambda *_: answer)
    with pytest.raises(OddAnswer):
        await place.door.edge.gather()
    await place.world.send.joined(id_of("anne"), CHANNEL)
    assert team() == before


@pytest.mark.parametrize("answer", [*ODD, {"access_token": "x", "expires_in": "soon"}], ids=str)
async def test_a_token_that_is_not_renewed_is_used_while_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    """The next call tries to renew it again."""
    space = workspace("A")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, house, _):
        old = Installation("slack:T0A", space.token, space.bot, "", "refresh", 1)
        await Installations(house.database, house.vault, Installation).put(old)
        monkeypatch.setattr(world.api, "_do", lambda *_: answer)
        assert await door.workspaces.of("slack:T0A") == old
        assert await door.workspaces.of("slack:T0A") == old
        assert len(world.calls_of("oauth.v2.access")) == 2
