"""The Slack part of `python app.py check`: tests the tokens, their scopes and the public
address."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from slack_sdk.errors import SlackApiError

from bot.platforms.slack.manifest import SCOPES
from bot.platforms.slack.web_api import TROUBLE, WebApi, error_of

_REMEDY: Mapping[str, str] = {
    "bot": "copy SLACK_BOT_TOKEN once more from 'OAuth & Permissions' of the Slack app",
    "app": "make a token with connections:write under 'Basic Information', 'App-Level Tokens',"
    " and put it in SLACK_APP_TOKEN",
}

_ROTATED = (
    "the token expires, and Digi renews only tokens that were issued at /slack/install (set"
    " SLACK_CLIENT_ID and SLACK_CLIENT_SECRET): use those, or an app without token rotation"
)
_GONE = (
    "install the app again, and copy its new token from 'OAuth & Permissions' to SLACK_BOT_TOKEN"
)
_OF_BOT: Mapping[str, str] = {
    "token_expired": _ROTATED,
    "token_revoked": _GONE,
    "account_inactive": _GONE,
}
_PROXY = "The proxy must pass POST /slack/events on to Digi's port"


class SlackSettings(Struct, frozen=True):
    """The Slack settings to check."""

    bot_token: str | None = None
    app_token: str | None = None
    several: bool = False
    public_url: str | None = None

    def __repr__(self) -> str:
        return "SlackSettings(...)"  # keeps tokens out of tracebacks


Found = tuple[bool, str]
"""(passed, message)"""


async def check(api: WebApi, asked: SlackSettings) -> list[Found]:
    """Run all Slack checks and return one result each. An unreachable Slack is itself a result."""
    found: list[Found] = []
    try:
        if asked.bot_token is not None:
            found += await _bot(api, asked.bot_token)
        if asked.app_token is not None:
            found.append(await _app(api, asked.app_token))
        if asked.bot_token is None and asked.several:
            found.append(await _reached(api))
    except TROUBLE as error:
        found.append(
            (
                False,
                f"Slack could not be reached ({error_of(error)}): allow this machine to connect to"
                " https://slack.com, or set a proxy in HTTPS_PROXY; the tokens were not checked",
            )
        )
    if asked.app_token is None:
        found.append(await _address(api, asked))
    await api.close()
    return found


async def _bot(api: WebApi, token: str) -> list[Found]:
    try:
        said = await api.client(token).auth_test()
    except SlackApiError as error:
        why = error_of(error)
        return [(False, f"the bot token is refused ({why}): {_OF_BOT.get(why, _REMEDY['bot'])}")]
    found = [(True, f"{said.get('team')} as {said.get('user')}")]
    granted = [scope for scope in (said.headers.get("x-oauth-scopes") or "").split(",") if scope]
    missing = [scope for scope in SCOPES if scope not in granted]
    if granted and missing:
        found.append(
            (
                False,
                f"scopes are missing ({', '.join(missing)}): add them under 'OAuth & Permissions'"
                " and install the app again",
            )
        )
    elif granted:
        found.append((True, f"all {len(SCOPES)} scopes are granted"))
    return found


async def _app(api: WebApi, token: str) -> Found:
    try:
        await api.client().apps_connections_open(app_token=token)
    except SlackApiError as error:
        return False, f"the app token is refused ({error_of(error)}): {_REMEDY['app']}"
    return True, "Socket Mode can be opened"


async def _reached(api: WebApi) -> Found:
    """Check that Slack answers. `api.test` needs no token, and no workspace's token is known
    here."""
    await api.client().api_test()
    return True, "Slack can be reached; workspaces install Digi at /slack/install"


async def _address(api: WebApi, asked: SlackSettings) -> Found:
    """Check that Digi answers at its public address: an unsigned request must get 401."""
    if asked.public_url is None:
        if asked.several:
            return False, f"DIGI_PUBLIC_URL is missing: Slack redirects people back to it. {_PROXY}"
        return True, f"the public address was not checked: set DIGI_PUBLIC_URL. {_PROXY}"
    url = f"{asked.public_url}/slack/events"
    try:
        async with api.session.post(url, json={}, allow_redirects=False) as answer:
            status = answer.status
    except TROUBLE as error:
        return False, (
            f"nothing answers at {url} ({error_of(error)}): start Digi before this check, and"
            f" see that the host name resolves to this machine. {_PROXY}"
        )
    if status != 401:
        return False, f"{url} answers {status}, so something other than Digi is there. {_PROXY}"
    return True, f"Digi answers at {url}"
