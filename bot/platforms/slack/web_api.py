"""Calls Slack's Web API: one shared HTTP session, no automatic retries, and Slack's error codes
translated into DeliveryFailed."""

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
"""Timeout in seconds of a call that delays the acknowledgement of a request."""

# Permanent errors: a retry of this message cannot succeed.
_FOR_GOOD: Mapping[str, str] = {
    "user_not_found": "the person is not in this workspace",
    "user_disabled": "the person's account is deactivated",
    "users_not_found": "the person is not in this workspace",
    "cannot_dm_bot": "a bot has no private messages",
    "message_not_found": "the message was deleted",
    "thread_not_found": "the message was deleted",
    "cant_update_message": "the message is not Digi's",
    "edit_window_closed": "the workspace no longer allows the message to be edited",
    "invalid_blocks": "Slack rejects the message",
    "invalid_arguments": "Slack rejects the message",
    "msg_too_long": "the message is too long",
    "msg_blocks_too_long": "the message is too long",
    "no_text": "the message is empty",
}
# Nothing can be posted in this channel until somebody follows the text.
_IN_CHANNEL: Mapping[str, str] = {
    "not_in_channel": "Digi is not in the channel: somebody there types /invite @Digi",
    "channel_not_found": "the channel is gone, or Digi was taken out of it: somebody there types"
    " /invite @Digi",
    "is_archived": "the channel is archived: somebody unarchives it, or the project is ended",
    "restricted_action": "only some members may post in the channel: allow Digi to",
}
# Nothing can be posted in the whole workspace until somebody follows the text.
_IN_WORKSPACE: Mapping[str, str] = {
    "account_inactive": "Digi was uninstalled or its account deactivated: install Digi again",
    "token_revoked": "the token was revoked: install Digi again",
    "invalid_auth": "Slack rejects the token: install Digi again",
    "not_authed": "there is no token: install Digi again",
    "token_expired": "the token has expired and could not be renewed: install Digi again",
    "org_login_required": "the workspace is being moved into an organisation: wait until it is",
    "missing_scope": "a scope is missing",
    "ekm_access_denied": "the workspace's encryption keys are locked: a Slack administrator"
    " must unlock them",
    "team_access_not_granted": "the organisation has not approved Digi for this workspace: a"
    " Slack administrator must approve it",
}
HELD = {**_IN_CHANNEL, **_IN_WORKSPACE}
RATELIMITED = "ratelimited"
HELD_SECONDS = 600.0
"""Retry interval in seconds while somebody has to act first."""
_NAME = re.compile(r"[a-z][a-z_]{1,60}")
_SCOPES = re.compile(r"[a-z][a-z_.:]{1,40}(,[a-z][a-z_.:]{1,40}){0,20}")
# Errors after which Slack may have executed part of the call.
_UNCERTAIN = frozenset({"fatal_error", "internal_error"})


class WebApi:
    """API clients for any token, on one HTTP session that is opened on first use."""

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
        """Return the client of a token from a cache: building one takes as long as handling a
        press."""
        session = self.session
        found = self._clients.get(token)
        if found is None or found.session is not session:
            found = AsyncWebClient(
                token=token,
                base_url=self._base_url,
                session=session,
                retry_handlers=[],
                logger=self._logger,
            )
            self._clients.put(token, found)
        return found

    async def token(self, client_id: str, client_secret: str, **given: str) -> AsyncSlackResponse:
        """Call oauth.v2.access with the client's id and secret in the body. slack_sdk sends them in
        an Authorization header, in a way that aiohttp has deprecated."""
        fields = {"client_id": client_id, "client_secret": client_secret, **given}
        return await self.client().api_call(
            "oauth.v2.access", data={name: value for name, value in fields.items() if value}
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class OddAnswer(SlackClientError):
    """Slack answered "ok", but without a field that its documentation promises."""


def text_at(said: Any, *names: str) -> str:
    """Return the text at a path of field names in an answer. Raises OddAnswer if it is missing."""
    for name in names:
        said = said.get(name) if isinstance(said, dict | AsyncSlackResponse) else None
    if not isinstance(said, str) or not said:
        raise OddAnswer
    return said


def list_at(said: AsyncSlackResponse, name: str) -> list[Any]:
    """Return a list in an answer. Raises OddAnswer if it is missing, which is not the same as
    empty."""
    found = said.get(name)
    if not isinstance(found, list):
        raise OddAnswer
    return found


TROUBLE = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call raises because of Slack, the network or missing permissions."""


async def in_time(call: Coroutine[Any, Any, Any]) -> bool:
    """Await a call for at most `ANSWER_SECONDS`, and return whether it succeeded."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await call
    except TROUBLE:
        return False
    return True


def error_of(error: BaseException) -> str:
    """Return Slack's error code, safe to log.

    Never the error text, which may contain a message, and nothing that does not look like a code: a
    proxy that answers instead of Slack may echo the token.
    """
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    if isinstance(said, str) and _NAME.fullmatch(said):
        return said
    return f"HTTP {getattr(error.response, 'status_code', '?')}"


def failure(error: BaseException, *, writes: bool) -> DeliveryFailed:
    """Convert an error into a DeliveryFailed. `writes` means that the call would have posted
    something."""
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
    """Return the missing scope that the error names, or ""."""
    data = getattr(getattr(error, "response", None), "data", None)
    needed = data.get("needed") if isinstance(data, dict) else None
    named = isinstance(needed, str) and _SCOPES.fullmatch(needed)
    return str(needed) if named and error_of(error) == "missing_scope" else ""
