"""What `python app.py check` asks of Slack: whether the tokens do, and what they may."""

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
    "it is one that runs out; only tokens that are installed at /slack/install are renewed (set"
    " SLACK_CLIENT_ID and SLACK_CLIENT_SECRET), or take one of an app without token rotation"
)
_GONE = (
    "install the app again, and copy its new token from 'OAuth & Permissions' to SLACK_BOT_TOKEN"
)
_OF_BOT: Mapping[str, str] = {
    "token_expired": _ROTATED, "token_revoked": _GONE, "account_inactive": _GONE,
}  # fmt: skip
_PROXY = "The proxy must pass POST /slack/events on to Digi's port"


class SlackSettings(Struct, frozen=True):
    """What is set: tokens, and the address at which Slack reaches Digi where there is one."""

    bot_token: str | None = None
    app_token: str | None = None
    several: bool = False
    public_url: str | None = None

    def __repr__(self) -> str:
        return "SlackSettings(...)"  # tokens do not belong in a traceback


Found = tuple[bool, str]
"""Whether it is fine, and what to say."""


async def check(api: WebApi, asked: SlackSettings) -> list[Found]:
    """A line each; without a way to Slack that is what it says."""
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
                f"Slack could not be reached ({error_of(error)}): see that this machine may open"
                " https://slack.com, or name a proxy in HTTPS_PROXY; the tokens were not tried",
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
    """Nobody's token is at hand: api.test needs none."""
    await api.client().api_test()
    return True, "Slack can be reached; workspaces install Digi at /slack/install"


async def _address(api: WebApi, asked: SlackSettings) -> Found:
    """Whether Digi answers where Slack will ask: what is not signed is told 401 there."""
    if asked.public_url is None:
        if asked.several:
            return False, f"DIGI_PUBLIC_URL is missing: Slack leads people back to it. {_PROXY}"
        return True, f"the address was not tried: name it in DIGI_PUBLIC_URL. {_PROXY}"
    url = f"{asked.public_url}/slack/events"
    try:
        async with api.session.post(url, json={}, allow_redirects=False) as answer:
            status = answer.status
    except TROUBLE as error:
        return False, (
            f"nothing answers at {url} ({error_of(error)}): start Digi and run this beside it;"
            f" see that the name leads to this machine. {_PROXY}"
        )
    if status != 401:
        return False, f"{url} answers {status}, and not as Digi does. {_PROXY}"
    return True, f"Digi answers at {url}"
