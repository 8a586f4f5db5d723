"""A channel that is deleted in Slack or Teams: who is told, and what can still be reached."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dialogs.test_sheets import words_in
from tests.worlds.play import PUBLIC_URL
from tests.worlds.sheets import file_desk
from tests.worlds.slack_fixtures import CHANNEL as SLACK_CHANNEL
from tests.worlds.slack_fixtures import in_slack
from tests.worlds.teams.state import CHANNEL as TEAMS_CHANNEL
from tests.worlds.teams_fixtures import in_teams

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
ur > til spørgsmål
peter > tryk "Svar"
peter > udfyld "Dit svar"="Mere tid hos borgeren"
peter > /digi rapport
peter > tryk "Hent rapporten"
"""
NEXT = "anne privat > næste\nur > en uge\n"
CANNOT_WRITE = "Jeg kan ikke skrive i kanalen for Ny omsorgsplatform."
Place = Any


@pytest.fixture(params=["slack", "teams"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    # Weeks of an attempt each ten minutes would take most of the test's time.
    monkeypatch.setattr("bot.platforms.slack.web_api.HELD_SECONDS", 6 * 60 * 60.0)
    monkeypatch.setattr("bot.platforms.teams.failure.HELD_SECONDS", 6 * 60 * 60.0)
    world: Any = in_slack if request.param == "slack" else in_teams
    async with world(tmp_path / "home") as found:
        found.platform = request.param
        await found.hands.play(BEGUN)
        yield found


async def delete(place: Place) -> None:
    """Delete the channel; of the two, only Teams tells Digi so."""
    if place.platform == "slack":
        del place.world.home.channels[SLACK_CHANNEL]
    else:
        assert await place.world.deletes(TEAMS_CHANNEL) == 200


def link_of(place: Place, person: str) -> str:
    """Return the token of the download that this person was last given."""
    found: list[str] = re.findall(rf"{PUBLIC_URL}/d/([a-z2-7]{{32}})", place.hands.ever(person))
    return found[-1]


async def fetched(place: Place, person: str) -> str:
    file = await file_desk(place.house).fetch(link_of(place, person), "html")
    return words_in(file.body) if file else ""


async def test_whoever_leads_is_told_once_what_can_be_done(place: Place) -> None:
    """At once, privately, with the commands as they are typed there. What was to be posted waits,
    and is not given up letter by letter."""
    await delete(place)
    await place.hands.play(NEXT)
    told = place.hands.private("anne")
    assert told.count(CANNOT_WRITE) == 1
    assert "Enten er den lukket eller slettet" in told
    # The world of Teams writes /digi for @Digi. In the private chat it would be `flyt` alone.
    assert "Skriv /digi flyt i en anden kanal" in re.sub(r"[*`]", "", told)
    for person in ("mette", "peter"):
        assert CANNOT_WRITE not in place.hands.ever(person)
    assert "nåede ikke frem" not in place.hands.ever("anne")


async def test_its_people_still_fetch_its_documents(place: Place) -> None:
    """By a link from before and by a new one, whoever was in the channel when it was deleted. What
    was written meanwhile is in the document."""
    await delete(place)
    assert "Ny omsorgsplatform" in await fetched(place, "peter")
    await place.hands.play('anne privat > rapport\nanne > tryk "Hent rapporten"\n')
    assert "Ny omsorgsplatform" in await fetched(place, "anne")
    await place.hands.play(
        """
        peter privat > rapport
        peter > tryk "Hent rapporten"
        mette privat > status
        mette < "Ny omsorgsplatform"
        """
    )
    assert "Ny omsorgsplatform" in await fetched(place, "peter")


async def test_the_project_goes_on_in_another_channel(place: Place) -> None:
    """The question that waited comes there, and the leader is not told again."""
    await delete(place)
    await place.hands.play(NEXT)
    await place.hands.go(new=True)
    await place.hands.play(
        """
        anne > /digi flyt
        anne > tryk "Flyt Ny omsorgsplatform hertil"
        kanal < "har flyttet forløbet om Ny omsorgsplatform hertil."
        """
    )
    await place.hands.move(place.house.clock.now() + timedelta(hours=3))
    assert "Svar uden navn" in place.hands.channel()
    await place.hands.move(place.house.clock.now() + timedelta(days=21))
    assert place.hands.private("anne").count(CANNOT_WRITE) == 1


async def test_it_can_be_ended_and_is_deleted_as_it_says(place: Place) -> None:
    """That the channel cannot be told of the end does not keep the data."""
    await delete(place)
    await place.hands.play(NEXT)
    await place.hands.play(
        """
        anne privat > afslut
        anne > tryk "Slut forløbet"
        anne > udfyld "Hvorfor slutter"="Holdet er nedlagt"
        """
    )
    await place.hands.move(place.house.clock.now() + timedelta(days=120))
    await place.hands.play('anne privat > status\nanne < "ikke med i noget forløb"\n')
    assert await fetched(place, "peter") == ""
