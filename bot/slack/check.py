"""What `python app.py check` asks of Slack: whether the tokens do, and what they may."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.errors import SlackApiError

from bot.slack.manifest import SCOPES
from bot.slack.web_api import TROUBLE, WebApi, error_of

_REMEDY: Mapping[str, str] = {
    "bot": "copy SLACK_BOT_TOKEN once more from 'OAuth & Permissions' of the Slack app",
    "app": "make a token with connections:write under 'Basic Information', 'App-Level Tokens',"
    " and put it in SLACK_APP_TOKEN",
}


async def check(
    api: WebApi, bot_token: str | None, app_token: str | None
) -> list[tuple[bool, str]]:
    """(fine, what to say), a line each; without a way to Slack that is what it says."""
    found: list[tuple[bool, str]] = []
    try:
        if bot_token is not None:
            found += await _bot(api, bot_token)
        if app_token is not None:
            found.append(await _app(api, app_token))
    except TROUBLE as error:
        found.append(
            (
                False,
                f"Slack could not be reached ({error_of(error)}): see that this machine may open"
                " https://slack.com, or name a proxy in HTTPS_PROXY; the tokens were not tried",
            )
        )
    finally:
        await api.close()
    return found


async def _bot(api: WebApi, token: str) -> list[tuple[bool, str]]:
    try:
        said = await api.client(token).auth_test()
    except SlackApiError as error:
        return [(False, f"the bot token is refused ({error_of(error)}): {_REMEDY['bot']}")]
    found = [(True, f"{said.get('team')} as {said.get('user')}")]
    granted = said.headers.get("x-oauth-scopes") or ""
    missing = [scope for scope in SCOPES if scope not in granted.split(",")]
    if granted and missing:
        found.append(
            (
                False,
                f"scopes are missing ({', '.join(missing)}): add them under 'OAuth & Permissions'"
                " and install the app again",
            )
        )
    return found


async def _app(api: WebApi, token: str) -> tuple[bool, str]:
    try:
        await api.client().apps_connections_open(app_token=token)
    except SlackApiError as error:
        return False, f"the app token is refused ({error_of(error)}): {_REMEDY['app']}"
    return True, "Socket Mode can be opened"
