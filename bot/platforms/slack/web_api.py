"""Calls of Slack's Web API: one session, no retries below us, and failures as what they mean."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cache import Cache
from bot.platforms.common.ports import DeliveryFailed

PATIENCE = 10.0
CLIENTS = 1000
ANSWER_SECONDS = 1.5
"""So long may a call take that an acknowledgement waits for."""

# This message will not go better the next time.
_FOR_GOOD: Mapping[str, str] = {
    "user_not_found": "the person is not in this workspace",
    "user_disabled": "the person's account is switched off",
    "users_not_found": "the person is not in this workspace",
    "cannot_dm_bot": "a bot has no private messages",
    "message_not_found": "the message was deleted",
    "thread_not_found": "the message was deleted",
    "cant_update_message": "the message is not Digi's",
    "edit_window_closed": "the workspace does not let messages be changed any more",
    "invalid_blocks": "Slack does not take the message",
    "invalid_arguments": "Slack does not take the message",
    "msg_too_long": "the message is too long",
    "msg_blocks_too_long": "the message is too long",
    "no_text": "the message is empty",
}
# Nothing can be written in this channel until somebody has done what the words say.
_IN_CHANNEL: Mapping[str, str] = {
    "not_in_channel": "Digi is not in the channel: somebody there types /invite @Digi",
    "channel_not_found": "the channel is gone, or Digi was taken out of it: somebody there types"
    " /invite @Digi",
    "is_archived": "the channel is archived: somebody unarchives it, or the project is ended",
    "restricted_action": "only some may write in the channel: let Digi be one of them",
}
# Nothing can be written in the whole workspace until then.
_IN_WORKSPACE: Mapping[str, str] = {
    "account_inactive": "Digi was uninstalled or its account switched off: install Digi again",
    "token_revoked": "the token was revoked: install Digi again",
    "invalid_auth": "Slack does not know the token: install Digi again",
    "not_authed": "there is no token: install Digi again",
    "token_expired": "the token has run out and could not be renewed: install Digi again",
    "org_login_required": "the workspace is being moved into an organisation: it passes",
    "missing_scope": "a scope is missing",
    "ekm_access_denied": "the workspace's keys are locked: whoever looks after Slack opens them",
    "team_access_not_granted": "the organisation has not let Digi into this workspace: whoever"
    " looks after Slack does",
}
HELD = {**_IN_CHANNEL, **_IN_WORKSPACE}
RATELIMITED = "ratelimited"
HELD_SECONDS = 600.0
"""So often what waits for somebody is tried again."""
_NAME = re.compile(r"[a-z][a-z_]{1,60}")
_SCOPES = re.compile(r"[a-z][a-z_.:]{1,40}(,[a-z][a-z_.:]{1,40}){0,20}")
# Slack says of these that a part may have been done.
_UNCERTAIN = frozenset({"fatal_error", "internal_error"})


class WebApi:
    """Clients for any token, on one session that is opened when it is first needed."""

    def __init__(self, base_url: str, logger: logging.Logger) -> None:
        self._base_url = base_url
        self._logger = logger
        self._session: aiohttp.ClientSession | None = None
        self._clients: Cache[str | None, AsyncWebClient] = Cache(CLIENTS, HELD_SECONDS)

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self._session

    def client(self, token: str | None = None) -> AsyncWebClient:
        """Each token's own, kept for a while: to make one takes as long as a press does."""
        session = self.session
        found = self._clients.get(token)
        if found is None or found.session is not session:
            found = AsyncWebClient(
                token=token, base_url=self._base_url, session=session, retry_handlers=[],
                logger=self._logger,
            )  # fmt: skip
            self._clients.put(token, found)
        return found

    async def token(self, client_id: str, client_secret: str, **given: str) -> AsyncSlackResponse:
        """oauth.v2.access with the secrets in its body: slack_sdk's own way of sending them in a
        header is one that aiohttp is about to drop."""
        fields = {"client_id": client_id, "client_secret": client_secret, **given}
        return await self.client().api_call(
            "oauth.v2.access", data={name: value for name, value in fields.items() if value}
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class OddAnswer(SlackClientError):
    """Slack said that all is well, and left out what its documentation says is then there."""


def text_at(said: Any, *names: str) -> str:
    """A text in an answer, by the names that lead to it. Raises OddAnswer."""
    for name in names:
        said = said.get(name) if isinstance(said, dict | AsyncSlackResponse) else None
    if not isinstance(said, str) or not said:
        raise OddAnswer
    return said


def list_at(said: AsyncSlackResponse, name: str) -> list[Any]:
    """A list in an answer; one that is not there is not empty. Raises OddAnswer."""
    found = said.get(name)
    if not isinstance(found, list):
        raise OddAnswer
    return found


TROUBLE = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call may raise where Slack, the way there, or our right to call is the reason."""


async def in_time(call: Coroutine[Any, Any, Any]) -> bool:
    """Whether it went well, within the time that the acknowledgement leaves."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await call
    except TROUBLE:
        return False
    return True


def error_of(error: BaseException) -> str:
    """Slack's own short name for what is wrong; never the text, which may hold a message, and
    nothing that is no such name: whatever answers in Slack's place may repeat our token."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    if isinstance(said, str) and _NAME.fullmatch(said):
        return said
    return f"HTTP {getattr(error.response, 'status_code', '?')}"


def failure(error: BaseException, *, writes: bool) -> DeliveryFailed:
    """`writes`: the call would have put something into a channel."""
    if not isinstance(error, SlackApiError):
        gone_out = not isinstance(error, aiohttp.ClientConnectorError)
        return DeliveryFailed(
            f"Slack did not answer ({type(error).__name__})",
            uncertain=writes and gone_out,
            held=not gone_out,
        )
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or 0)
    said = error_of(error)
    if status == 429 or said in ("ratelimited", "rate_limited"):
        return DeliveryFailed(
            RATELIMITED,
            retry_after=retry_after(getattr(response, "headers", None) or {}),
            held=True,
        )
    if said in _FOR_GOOD:
        return DeliveryFailed(f"{said}: {_FOR_GOOD[said]}", permanent=True)
    if said in HELD:
        needed = needed_by(error)
        more = f" ({needed}): add it to the app and install Digi again" if needed else ""
        return DeliveryFailed(
            f"{said}: {HELD[said]}{more}",
            retry_after=HELD_SECONDS,
            held=True,
            closed="workplace" if said in _IN_WORKSPACE else "channel",
        )
    return DeliveryFailed(said, uncertain=writes and (said in _UNCERTAIN or status == 504))


def in_whole_workspace(said: str) -> bool:
    return said in _IN_WORKSPACE


def retry_after(headers: Mapping[str, str]) -> float:
    for name, value in headers.items():
        if name.casefold() == "retry-after":
            try:
                return max(1.0, float(value))
            except ValueError:
                break
    return 30.0


def needed_by(error: BaseException) -> str:
    """Which scope is missing."""
    data = getattr(getattr(error, "response", None), "data", None)
    needed = data.get("needed") if isinstance(data, dict) else None
    named = isinstance(needed, str) and _SCOPES.fullmatch(needed)
    return str(needed) if named and error_of(error) == "missing_scope" else ""
