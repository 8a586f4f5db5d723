"""What keeps Digi from posting is reported once; messages wait and are sent when it is fixed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core import sending
from tests.bot.platforms.slack.test_workspaces import install, served
from tests.worlds.slack.hands import SlackHands, id_of, move_in
from tests.worlds.slack.state import Workspace
from tests.worlds.slack.trouble import Says
from tests.worlds.slack.world import SlackWorld
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""
QUESTION = "[Svar] [Svar uden navn]"
TEN_MINUTES = timedelta(minutes=11)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


def _taken_out(space: Workspace, there: bool) -> None:
    members = space.channels[CHANNEL].members
    members.append(space.bot) if there else members.remove(space.bot)


def _taken_out_of_private(space: Workspace, there: bool) -> None:
    space.channels[CHANNEL].private = True
    _taken_out(space, there)


def _archived(space: Workspace, there: bool) -> None:
    space.channels[CHANNEL].archived = not there


def _revoked(space: Workspace, there: bool) -> None:
    space.revoked = not there


def _uninstalled(space: Workspace, there: bool) -> None:
    space.uninstalled = not there


def _without_scope(space: Workspace, there: bool) -> None:
    space.scopes.add("chat:write") if there else space.scopes.discard("chat:write")


@pytest.mark.parametrize(
    ("hinder", "operator", "person"),
    [
        (
            _taken_out,
            "not_in_channel: Digi is not in the channel: somebody there types /invite",
            "/invite @Digi",
        ),
        (
            _taken_out_of_private,
            "channel_not_found: the channel is gone, or Digi was taken out",
            "/invite @Digi",
        ),
        (_archived, "is_archived: the channel is archived", "arkiveret"),
        (_revoked, "token_revoked: the token was revoked: install Digi again", "installere mig"),
        (_uninstalled, "account_inactive: Digi was uninstalled", "installere mig"),
        (_without_scope, "missing_scope: a scope is missing (chat:write)", "chat:write"),
    ],
    ids=["taken out", "out of private", "archived", "revoked", "uninstalled", "scope"],
)
async def test_what_cannot_be_written_waits_until_it_can(
    place: Place, hinder: Callable[[Workspace, bool], None], operator: str, person: str
) -> None:
    """The operator is told once, whoever uses Digi there is told, acts are still accepted, and
    nothing is lost."""
    await place.hands.play(BEGUN)
    hinder(place.world.home, False)
    await place.hands.type("anne", "/digi næste")
    await place.hands.move(place.house.clock.now() + timedelta(hours=3))
    assert [why for _, why in place.told if operator in why] == [place.told[0][1]]
    assert len(place.told) == 1
    # Acts are accepted meanwhile, and whoever uses Digi in the channel is told the reason.
    await place.hands.type("anne", "/digi status")
    assert person in place.hands.just("anne")
    await place.hands.type("anne", "/digi næste")
    posts = place.hands.channel().count(QUESTION)
    hinder(place.world.home, True)
    await place.hands.move(place.house.clock.now() + TEN_MINUTES)
    assert place.hands.channel().count(QUESTION) == posts + 2
    letters = [
        m.metadata["event_payload"]["letter"] for m in place.world.home.messages if m.metadata
    ]
    assert len(set(letters)) == len(letters)
    assert not [row for row in await _letters(place) if row["state"] == "dead"]
    await place.hands.type("anne", "/digi status")
    assert person not in place.hands.just("anne")


async def test_one_channel_that_is_shut_does_not_keep_others_waiting(place: Place) -> None:
    """Private messages and other channels are still delivered."""
    await place.hands.play(BEGUN)
    place.world.home.channel("C0ANDEN", "anden", [id_of("anne"), place.world.home.bot])
    _archived(place.world.home, False)
    await place.hands.type("anne", "/digi næste")
    await place.world.send.command(id_of("anne"), "start Nyt vagtskema", "C0ANDEN")
    await place.hands._settle()
    assert "Nyt vagtskema" in place.hands.just("anne")
    await place.hands.press("anne", "Jeg er leder", "Nyt vagtskema")
    await place.hands.press("anne", "Vis det i kanalen", "Nyt vagtskema")
    there = [m.text for m in place.world.home.messages if m.channel == "C0ANDEN" and not m.only_for]
    assert "Nyt vagtskema" in "".join(there)


async def test_a_deleted_channel_leaves_the_private_chat(place: Place) -> None:
    """The leader is told privately, once; the report and the end are still reached."""
    await place.hands.play(BEGUN)
    del place.world.home.channels[CHANNEL]
    await place.hands.play("anne privat > næste")
    await place.hands.move(place.house.clock.now() + timedelta(hours=3))
    told = [m.channel for m in place.world.home.messages if "Jeg kan ikke skrive" in m.text]
    assert told == ["D0ANNE"]
    await place.hands.play(
        """
        anne privat > rapport
        anne < "[Hent rapporten]"
        anne privat > afslut
        anne < "[Slut forløbet]"
        """
    )


async def test_a_renamed_channel_goes_on_under_its_id(place: Place) -> None:
    """Digi stores no name of a channel, so nothing has to follow."""
    await place.hands.play(BEGUN)
    space = place.world.home
    before = space.channels[CHANNEL].name
    space.channels[CHANNEL].name = "nyt-navn"
    await place.hands.play('anne > /digi næste\nkanal < "[Svar] [Svar uden navn]"')
    await place.hands.play("anne > /digi status")
    assert not place.told
    assert before not in "".join(m.text for m in space.messages)


async def test_what_has_waited_too_long_is_given_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outdated messages are dropped, visibly for the operator: after two weeks, here after two
    hours."""
    monkeypatch.setattr(sending, "HELD", timedelta(hours=2))
    await place.hands.play(BEGUN)
    _archived(place.world.home, False)
    await place.hands.type("anne", "/digi næste")
    await place.hands.move(place.house.clock.now() + timedelta(hours=3))
    states = {row["state"] for row in await _letters(place) if row["place"] == f"channel:{CHANNEL}"}
    assert "dead" in states


async def test_a_scope_that_only_lets_digi_look_is_told_once(place: Place) -> None:
    """A missing read scope only costs names."""
    place.world.home.scopes.discard("users:read")
    place.world.home.user("U0NY", "Ny Kollega")
    for _ in range(2):
        await place.world.send.joined("U0NY", CHANNEL)
        await place.hands.type("anne", "/digi hjælp")
        assert "Det kan du gøre nu" in place.hands.just("anne")
    assert [why for _, why in place.told] == [
        "missing_scope: a scope is missing (users:read): add it to the app and install Digi again"
    ]


async def test_a_workplace_whose_token_is_revoked_pauses_and_the_rest_go_on(
    tmp_path: Path,
) -> None:
    """After a new installation, waiting messages are sent in order."""
    spaces = [Workspace(team=f"T0{x}", name=x, token=f"xoxb-{x}", bot=f"U0DIGI{x}") for x in "AB"]
    people = {"anne": "Anne Holm", "ali": "Ali Demir"}
    for space in spaces:
        move_in(space, people, CHANNEL)
    told: list[tuple[str, str]] = []
    async with SlackWorld(*spaces) as world, served(tmp_path / "h", world, told=told) as found:
        _, house, base = found
        first, second = (SlackHands(world, house, people, CHANNEL, space=space) for space in spaces)
        for hands, space in ((first, spaces[0]), (second, spaces[1])):
            assert (await install(base, world, space))[0] == 200
            await found[0].edge.gather()
            await hands.play(BEGUN)
        spaces[0].revoked = True
        for hands in (first, second):
            await hands.type("anne", "/digi næste")
        assert QUESTION in second.channel()
        assert QUESTION not in first.channel()
        await second.move(house.clock.now() + timedelta(hours=2))
        assert [(where, why.partition(":")[0]) for where, why in told] == [
            ("slack:T0A", "token_revoked")
        ]
        spaces[0].token = "xoxb-ny"
        assert (await install(base, world, spaces[0]))[0] == 200
        await first.move(house.clock.now() + TEN_MINUTES)
        assert QUESTION in first.channel()


async def test_a_token_that_runs_out_early_is_renewed_and_the_message_arrives(
    tmp_path: Path,
) -> None:
    """If it cannot be renewed, the operator is told once; other workplaces do not wait."""
    space = Workspace(team="T0A", refresh="xoxe-1")
    move_in(space, {"anne": "Anne Holm"}, CHANNEL)
    told: list[tuple[str, str]] = []
    async with SlackWorld(space) as world, served(tmp_path / "h", world, told=told) as found:
        _, house, base = found
        await install(base, world, space)
        await found[0].edge.gather()
        hands = SlackHands(world, house, ["anne"], CHANNEL, space=space)
        await hands.play(BEGUN)
        space.expired = True
        await hands.type("anne", "/digi næste")
        await hands.move(house.clock.now() + timedelta(seconds=5))
        assert QUESTION in hands.channel()
        assert told == []
        space.expired, space.refresh = True, "xoxe-en-anden"
        await hands.type("anne", "/digi næste")
        await hands.move(house.clock.now() + timedelta(hours=1))
        assert [why.partition(":")[0] for _, why in told] == ["token_expired"]


@pytest.mark.parametrize("error", ["invalid_blocks", "message_not_found", "user_disabled"])
async def test_a_message_that_can_never_arrive_is_given_up_at_once(
    place: Place, error: str
) -> None:
    """It blocks no other message."""
    await place.hands.play(BEGUN)
    place.world.plan("chat.postMessage", Says(error))
    await place.hands.type("anne", "/digi næste")
    dead = [row for row in await _letters(place) if row["state"] == "dead"]
    assert len(dead) == 1
    assert place.house.log.failures[-1][1].startswith(error)


async def _letters(place: Place) -> Any:
    return await place.house.database.read(place.house.scripts.outbox.letters)
