"""Several workspaces: installation, tokens and removal."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, CookieJar, web

from bot.cache import Cache
from bot.clock import Clock
from bot.platforms.common.ports import DeliveryFailed, Edge, Installation, Parcel
from bot.platforms.slack.door import SlackDoor
from bot.platforms.slack.install import COOKIE
from bot.platforms.slack.manifest import SCOPES
from bot.platforms.slack.workspaces import HELD, TokenRefused
from bot.server import http_server as server
from bot.server.build import House, build
from bot.server.http_server import Hosts
from dialogs.model import cards as c
from storage.database import Database
from storage.installations import Installations
from storage.sql import Unavailable
from storage.vault import Vault
from tests.worlds.slack.hands import SlackHands
from tests.worlds.slack.render import controls
from tests.worlds.slack.state import Workspace
from tests.worlds.slack.world import SlackWorld
from tests.worlds.stage import slow_clock


def workspace(letter: str, **more: Any) -> Workspace:
    space = Workspace(
        team=f"T0{letter}",
        name=f"Sted{letter}",
        token=f"xoxb-hemmelig-{letter}",
        bot=f"U0DIGI{letter}",
        **more,
    )
    space.user(f"U0ANNE{letter}", "Anne Holm")
    space.user(space.bot, "Digi", bot=True)
    space.channel(f"C0{letter}", "hold", [f"U0ANNE{letter}", space.bot])
    return space


@asynccontextmanager
async def served(
    folder: Path,
    world: SlackWorld,
    *,
    token: str | None = None,
    told: list[tuple[str, str]] | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[tuple[SlackDoor, House, str]]:
    doors: list[SlackDoor] = []

    def edges(store: Database, vault: Vault, _: Clock) -> list[Edge]:
        several = token is None
        doors.append(
            SlackDoor(
                bot_token=token,
                signing_secret=world.signing_secret,
                app_token=None,
                client_id=world.client_id if several else None,
                client_secret=world.client_secret if several else None,
                api_url=world.api_url,
                public_url=None,
                installations=Installations(store, vault, Installation),
                told=lambda what, kind: told.append((what, kind)) if told is not None else None,
                paced=False,
                mac=vault.mac,
                now=now,
            )
        )
        return [doors[0].edge]

    house = await build(
        folder, edges=edges, clock=slow_clock(), key_file=folder.parent / "digi.key"
    )
    [door] = doors
    app = server.application(Hosts.named(()))
    app.add_routes(door.routes())
    runner = server.runner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    world.digi_url = f"{base}/slack/events"
    try:
        await door.open(house.engine.receive)
        yield door, house, base
    finally:
        await runner.cleanup()
        await door.close()
        await house.close()


async def install(base: str, world: SlackWorld, space: Workspace) -> tuple[int, str]:
    """Install as an administrator: begin, approve at Slack, return."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        async with browser.get(f"{base}/slack/install", allow_redirects=False) as begun:
            query = parse_qs(urlsplit(begun.headers["Location"]).query)
        there = {"state": query["state"][0], "code": world.agreed(space)}
        async with browser.get(f"{base}/slack/oauth_redirect", params=there) as ended:
            return ended.status, await ended.text()


async def test_two_workplaces_install_digi_and_each_has_its_own(tmp_path: Path) -> None:
    """Each is called with its own token, and the tokens are stored encrypted."""
    first, second = workspace("A"), workspace("B")
    async with SlackWorld(first, second) as world, served(tmp_path / "h", world) as found:
        door, _, base = found
        for space in (first, second):
            assert (await install(base, world, space))[0] == 200
        for letter, space in (("A", first), ("B", second)):
            answered = await world.send.command(
                f"U0ANNE{letter}", "hjælp", f"C0{letter}", team=space.team
            )
            assert "start" in answered.text
            card: c.FinishedCard = c.Card((c.Paragraph((c.Plain(f"Til {letter}"),)),))
            await door.edge.deliver(
                Parcel("l", f"slack:{space.team}", "post", card, "da", channel=f"C0{letter}")
            )
            assert [m.text for m in space.messages if not m.only_for] == [f"Til {letter}"]
        raw = b"".join(file.read_bytes() for file in (tmp_path / "h").glob("digi.db*"))
        assert b"xoxb-hemmelig" not in raw


async def test_whoever_did_not_begin_here_cannot_end_here(tmp_path: Path) -> None:
    """The state must match the browser's cookie."""
    space = workspace("A")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, _, base):
        code = world.agreed(space)
        async with ClientSession(cookies={COOKIE: "andres"}) as browser:
            there = {"state": "mine", "code": code}
            async with browser.get(f"{base}/slack/oauth_redirect", params=there) as ended:
                assert ended.status == 400
        assert await door.workspaces.of("slack:T0A") is None


async def test_a_way_back_serves_once(tmp_path: Path) -> None:
    """Without the browser that began, without its state, or a second time, nothing is installed."""
    space = workspace("A")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, _, base):
        back = f"{base}/slack/oauth_redirect"
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
            async with browser.get(f"{base}/slack/install", allow_redirects=False) as begun:
                query = parse_qs(urlsplit(begun.headers["Location"]).query)
                assert set(query["scope"][0].split(",")) == set(SCOPES)
            there = {"state": query["state"][0], "code": world.agreed(space)}
            for wrong in ({"code": there["code"]}, {**there, "state": "en anden"}):
                async with browser.get(back, params=wrong) as ended:
                    assert ended.status == 400
            async with ClientSession() as other, other.get(back, params=there) as ended:
                assert ended.status == 400
            assert await door.workspaces.of("slack:T0A") is None
            async with browser.get(back, params=there) as ended:
                assert ended.status == 200
            async with browser.get(back, params=there) as ended:
                assert ended.status == 400
        assert await door.workspaces.of("slack:T0A") is not None


async def test_who_somebody_is_to_slack_is_looked_up_once_for_many_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty commands query the database once and Slack never; the cache expires after a while."""
    space = workspace("A")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, _, base):
        await install(base, world, space)
        asked: list[str] = []
        one = Installations.one

        async def counted(self: Any, tenant: str) -> Any:
            asked.append(tenant)
            return await one(self, tenant)

        monkeypatch.setattr(Installations, "one", counted)
        door.workspaces.forget("slack:T0A")
        for _ in range(50):
            assert "start" in (await world.send.command("U0ANNEA", "hjælp", "C0A")).text
        assert asked == ["slack:T0A"]
        assert world.calls_of("auth.test") == []
        monkeypatch.setattr(door.workspaces._cache, "_monotonic", lambda: time.monotonic() + HELD)
        await world.send.command("U0ANNEA", "hjælp", "C0A")
        assert asked == ["slack:T0A"] * 2


@pytest.mark.parametrize("event", ["tokens_revoked", "uninstalled"])
async def test_a_workplace_that_leaves_is_forgotten_at_once(tmp_path: Path, event: str) -> None:
    """The token is removed from database and cache; messages for the workspace keep waiting."""
    space, other = workspace("A"), workspace("B")
    async with SlackWorld(space, other) as world, served(tmp_path / "h", world) as found:
        door, _, base = found
        await install(base, world, space)
        await install(base, world, other)
        await world.send.command("U0ANNEA", "hjælp", "C0A", team="T0A")
        await getattr(world.send, event)(team="T0A")
        assert await door.workspaces.of("slack:T0A") is None
        assert await door.workspaces.of("slack:T0B") is not None
        answered = await world.send.command("U0ANNEA", "hjælp", "C0A", team="T0A")
        assert "ikke installeret" in answered.text
        card: c.FinishedCard = c.Card((c.Paragraph((c.Plain("Goddag"),)),))
        with pytest.raises(DeliveryFailed) as failed:
            await door.edge.deliver(Parcel("l", "slack:T0A", "post", card, "da", channel="C0A"))
        assert failed.value.held


async def test_a_token_that_ends_is_renewed_before_it_does(tmp_path: Path) -> None:
    """It is renewed with the refresh token, once for concurrent callers, and stored."""
    space = workspace("A", refresh="xoxe-1")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, _, base):
        await install(base, world, space)
        old = space.token
        kept = await door.workspaces.of("slack:T0A")
        assert kept is not None
        door.workspaces._now = lambda: float(kept.expires) - 60
        found = await door.workspaces.of("slack:T0A")
        assert found is not None
        assert found.token == space.token != old


async def test_another_workplaces_command_is_not_answered_by_a_single_one(tmp_path: Path) -> None:
    """With a single token, Digi serves only the workspace that the token belongs to."""
    space, other = workspace("A"), workspace("B")
    async with (
        SlackWorld(space, other) as world,
        served(tmp_path / "h", world, token=space.token),
    ):
        answered = await world.send.command("U0ANNEB", "hjælp", "C0B", team="T0B")
        assert "ikke installeret" in answered.text


async def test_a_token_that_slack_does_not_know_stops_the_start(tmp_path: Path) -> None:
    """The message says where to find the right token."""
    async with SlackWorld(workspace("A")) as world:
        with pytest.raises(TokenRefused):
            async with served(tmp_path / "h", world, token="xoxb-forkert"):
                pass


async def test_an_organisation_is_one_workplace(tmp_path: Path) -> None:
    """On Enterprise Grid the tenant is the organisation, whichever workspace a person is in."""
    space = workspace("A", enterprise="E0ORG")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, _, base):
        await install(base, world, space)
        assert await door.workspaces.of("slack:E0ORG") is not None
        answered = await world.send.command("U0ANNEA", "hjælp", "C0A", team="T0A")
        assert "start" in answered.text


async def test_a_course_goes_in_an_organisation_whose_people_have_other_ids(
    tmp_path: Path,
) -> None:
    """Ids that begin with W, one token for the organisation, channels listed per workspace; the
    Home tab, private messages, people fields and forms work."""
    space = Workspace(team="T0A", name="Afdeling", enterprise="E0ORG", token="xoxb-org")
    for id, name in (("W0ANNE", "Anne Holm"), ("W0ALI", "Ali Demir")):
        space.user(id, name)
    space.user(space.bot, "Digi", bot=True)
    space.channel("C0A", "hold", ["W0ANNE", "W0ALI", space.bot])
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, house, base):
        await install(base, world, space)
        assert await door.edge.gather() == 1
        hands = SlackHands(world, house, ["anne", "ali"], "C0A", space=space)
        hands.people = {"anne": "W0ANNE", "ali": "W0ALI"}
        await hands.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Ret"
            anne > udfyld Tovholder=ali
            anne > tryk "Vis det i kanalen"
            ali > tryk "Jeg er tovholder"
            ali > /digi næste
            ali > tryk "Svar"
            ali > udfyld "Dit svar"="Mere tid"
            anne > @Digi hjælp
            anne < "Det kan du gøre nu"
            """
        )
        assert "1 har svaret med navn" in hands.channel()
        await hands.open_home("anne")
        assert "Ny omsorgsplatform" in hands.home("anne")
        asked = await house.database.read(house.scripts.reading.projects_of, "slack:E0ORG", "W0ALI")
        assert [project.name for project in asked] == ["Ny omsorgsplatform"]


async def test_with_the_tokens_out_of_reach_everybody_hears_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds even if Digi cannot look up the workspace of the request."""
    space = workspace("A")
    async with SlackWorld(space) as world, served(tmp_path / "h", world) as (door, house, base):
        await install(base, world, space)
        await world.send.command("U0ANNEA", "start Ny platform", "C0A", team="T0A")
        [shown] = [m for m in space.messages if m.only_for == "U0ANNEA"]
        [button, *_] = controls(shown.blocks, lambda user: user)

        async def away(*_: object) -> None:
            raise Unavailable

        door.workspaces.forget("slack:T0A")
        with monkeypatch.context() as patched:
            patched.setattr(house.database, "read", away)
            answered = await world.send.command("U0ANNEA", "status", "C0A", team="T0A")
            assert (answered.status, "Prøv igen" in answered.body["text"]) == (200, True)
            await world.send.press("U0ANNEA", button.action, message=shown, team="T0A")
            event = {"type": "app_mention", "user": "U0ANNEA", "text": "hej", "channel": "C0A"}
            answers = await world.send.event(event, team="T0A", id="Ev1")
            assert [one.status for one in answers] == [503]
        told = [m.text for m in space.messages if m.only_for == "U0ANNEA"]
        assert sum("Prøv igen" in text for text in told) == 2
        answers = await world.send.event(event, team="T0A", id="Ev1")
        assert [one.status for one in answers] == [200]


def test_a_memory_has_an_end() -> None:
    """Its size and age are limited."""
    now = 0.0
    cache: Cache[int, str] = Cache(2, 10.0, lambda: now)
    for n in range(3):
        cache.put(n, str(n))
    assert [cache.get(n) for n in range(3)] == [None, "1", "2"]
    now = 11.0
    assert cache.get(2) is None
    assert len(cache) == 1
