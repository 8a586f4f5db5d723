"""`check` finds every mistake that a Slack administrator can make, and names its remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from bot.platforms.slack.check import SlackSettings, check
from bot.platforms.slack.transport import quiet_logger
from bot.platforms.slack.web_api import WebApi
from tests.bot.cli.test_app import free_port
from tests.worlds.slack.state import Workspace
from tests.worlds.slack.world import SlackWorld


async def _said(world: SlackWorld, asked: SlackSettings) -> list[tuple[bool, str]]:
    return await check(WebApi(world.api_url, quiet_logger()), asked)


def _everything(world: SlackWorld) -> SlackSettings:
    return SlackSettings(bot_token=world.home.token, app_token=world.app_token)


async def test_where_all_is_well_each_part_says_so() -> None:
    """It prints who Digi is, the scopes, and the way in."""
    async with SlackWorld() as world:
        assert await _said(world, _everything(world)) == [
            (True, "Plejen as digi"),
            (True, "all 7 scopes are granted"),
            (True, "Socket Mode can be opened"),
        ]


def _scopes(space: Workspace) -> None:
    space.scopes -= {"groups:read", "im:write"}


def _revoked(space: Workspace) -> None:
    space.revoked = True


def _uninstalled(space: Workspace) -> None:
    space.uninstalled = True


def _expired(space: Workspace) -> None:
    space.expired = True


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_scopes, ("scopes are missing (groups:read, im:write)", "install the app again")),
        (_revoked, ("token_revoked", "'OAuth & Permissions'")),
        (_uninstalled, ("account_inactive", "install the app again")),
        (_expired, ("token_expired", "/slack/install", "SLACK_CLIENT_ID")),
    ],
)
async def test_what_is_wrong_with_the_bot_token_is_said_with_its_remedy(
    spoil: Callable[[Workspace], None], words: tuple[str, ...]
) -> None:
    """Missing scopes are named; a token can be revoked, removed or expired."""
    async with SlackWorld() as world:
        spoil(world.home)
        wrong = [said for fine, said in await _said(world, _everything(world)) if not fine]
        assert len(wrong) == 1
        assert [word for word in words if word not in wrong[0]] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bot_token": "xoxb-forkert"}, ("bot token", "invalid_auth", "SLACK_BOT_TOKEN")),
        ({"app_token": "xapp-forkert"}, ("app token", "connections:write", "SLACK_APP_TOKEN")),
        ({"app_token": "xoxb-forkert"}, ("app token", "not_allowed_token_type")),
    ],
)
async def test_a_wrong_token_is_said_with_its_variable(
    change: dict[str, Any], words: tuple[str, ...]
) -> None:
    """The other token is checked as well."""
    async with SlackWorld() as world:
        found = await _said(world, msgspec.structs.replace(_everything(world), **change))
        [wrong] = [said for fine, said in found if not fine]
        assert [word for word in words if word not in wrong] == []
        assert any(fine for fine, _ in found)


@pytest.mark.parametrize(
    ("status", "fine", "words"),
    [
        (401, True, "Digi answers at"),
        (404, False, "answers 404, so something other than Digi is there. The proxy"),
        (502, False, "answers 502"),
        (200, False, "answers 200"),
        (None, False, "start Digi before this check"),
    ],
)
async def test_the_address_is_tried_as_slack_will_use_it(
    status: int | None, fine: bool, words: str
) -> None:
    """An unsigned request must be rejected; any other answer is not Digi's."""
    port = free_port()
    app = web.Application()

    async def answers(_: web.Request) -> web.Response:
        return web.Response(status=status or 500)

    app.router.add_post("/slack/events", answers)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    if status is not None:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with SlackWorld() as world:
            asked = SlackSettings(world.home.token, public_url=f"http://127.0.0.1:{port}")
            *_, last = await _said(world, asked)
            assert last[0] is fine
            assert words in last[1]
    finally:
        await runner.cleanup()


async def test_without_an_address_it_says_what_was_not_checked() -> None:
    """One workspace works without a public address; several do not."""
    async with SlackWorld() as world:
        *_, last = await _said(world, SlackSettings(world.home.token))
        assert last[0]
        assert "was not checked" in last[1]
        found = await _said(world, SlackSettings(several=True))
        assert [fine for fine, _ in found] == [True, False]
        assert "DIGI_PUBLIC_URL is missing" in found[1][1]


async def test_without_a_way_to_slack_no_token_is_called_wrong() -> None:
    """The remedy concerns the network."""
    async with SlackWorld() as world:
        api = WebApi(f"http://127.0.0.1:{free_port()}/api/", quiet_logger())
        [(fine, said)] = await check(api, _everything(world))
        assert not fine
        assert "HTTPS_PROXY" in said
        assert "were not checked" in said
