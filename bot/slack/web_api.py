"""Calls of Slack's Web API: one session, no retries below us, and failures as what they mean."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.edge import DeliveryFailed

PATIENCE = 10.0
AT_ONCE = 1.5
"""So long may a call take that an acknowledgement waits for."""

# It will not go better the next time.
_FOR_GOOD: Mapping[str, str] = {
    "is_archived": "the channel is archived",
    "channel_not_found": "the channel is gone, or Digi was taken out of it",
    "account_inactive": "Digi was uninstalled or its account switched off",
    "token_revoked": "the token was revoked: install Digi again",
    "invalid_auth": "Slack does not know the token: install Digi again",
    "not_authed": "there is no token: install Digi again",
    "user_not_found": "the person is not in this workspace",
    "user_disabled": "the person's account is switched off",
    "users_not_found": "the person is not in this workspace",
    "cannot_dm_bot": "a bot has no private messages",
    "message_not_found": "the message was deleted",
    "thread_not_found": "the message was deleted",
    "cant_update_message": "the message is not Digi's",
    "edit_window_closed": "the workspace does not let messages be changed any more",
    "restricted_action": "the workspace does not let Digi write there",
    "invalid_blocks": "Slack does not take the message",
    "invalid_arguments": "Slack does not take the message",
    "msg_too_long": "the message is too long",
    "msg_blocks_too_long": "the message is too long",
    "no_text": "the message is empty",
}
# It goes as soon as somebody has done what the words say.
_WAITS: Mapping[str, str] = {
    "not_in_channel": "Digi is not in the channel: somebody there types /invite @Digi",
    "missing_scope": "a scope is missing",
    "ekm_access_denied": "the workspace's keys are locked",
    "team_access_not_granted": "the organisation has not let Digi into this workspace",
}
_WAIT_SECONDS = 600.0
# Slack says of these that a part may have been done.
_UNCERTAIN = frozenset({"fatal_error", "internal_error"})


class WebApi:
    """Clients for any token, on one session that is opened when it is first needed."""

    def __init__(self, base_url: str, logger: logging.Logger) -> None:
        self._base_url = base_url
        self._logger = logger
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self._session

    def client(self, token: str | None = None) -> AsyncWebClient:
        return AsyncWebClient(
            token=token, base_url=self._base_url, session=self.session, retry_handlers=[],
            logger=self._logger,
        )  # fmt: skip

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


TROUBLE = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call may raise where Slack, the way there, or our right to call is the reason."""


async def in_time(call: Coroutine[Any, Any, Any]) -> bool:
    """Whether it went well, within the time that the acknowledgement leaves."""
    try:
        async with asyncio.timeout(AT_ONCE):
            await call
    except TROUBLE:
        return False
    return True


def error_of(error: BaseException) -> str:
    """Slack's own short name for what is wrong; never the text, which may hold a message."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    return str(said) if said else f"HTTP {getattr(error.response, 'status_code', '?')}"


def failure(error: BaseException, *, writes: bool) -> DeliveryFailed:
    """`writes`: the call would have put something into a channel."""
    if not isinstance(error, SlackApiError):
        arrived = writes and not isinstance(error, aiohttp.ClientConnectorError)
        return DeliveryFailed(f"Slack did not answer ({type(error).__name__})", uncertain=arrived)
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or 0)
    said = error_of(error)
    if status == 429 or said in ("ratelimited", "rate_limited"):
        return DeliveryFailed("ratelimited", retry_after=_retry_after(response))
    if said in _FOR_GOOD:
        return DeliveryFailed(f"{said}: {_FOR_GOOD[said]}", permanent=True)
    if said in _WAITS:
        more = _needed(response) if said == "missing_scope" else ""
        return DeliveryFailed(f"{said}: {_WAITS[said]}{more}", retry_after=_WAIT_SECONDS)
    if said == "token_expired":
        return DeliveryFailed(said, retry_after=1.0)
    return DeliveryFailed(said, uncertain=writes and (said in _UNCERTAIN or status == 504))


def _retry_after(response: Any) -> float:
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    for name, value in headers.items():
        if name.casefold() == "retry-after":
            try:
                return max(1.0, float(value))
            except ValueError:
                break
    return 30.0


def _needed(response: Any) -> str:
    data = getattr(response, "data", None)
    needed = data.get("needed") if isinstance(data, dict) else None
    return f" ({needed}): add it to the app and install Digi again" if needed else ""
