"""The token that Digi shows when it speaks: asked for once an hour and tenant, and never waited
for without a limit."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp

LOGIN_URL = "https://login.microsoftonline.com"
PATIENCE = 5.0
EARLY = 5 * 60.0
"""A token is renewed while it still has so long to live."""
REST = 10.0
"""After a refusal nobody asks again for so long."""

_NAME = re.compile(r"[a-z][a-z_]{1,60}")

FetchToken = Callable[[], Awaitable[tuple[str, float]]]
"""A new token, and the seconds that it lives."""


class NoToken(Exception):
    """Microsoft gives no token. `reason` is its own short name for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """One token at a time, renewed before its end; whoever comes meanwhile waits for the same."""

    def __init__(self, asks: FetchToken, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._asks = asks
        self._monotonic = monotonic
        self._token = ""
        self._until = 0.0
        self._refused: tuple[float, str] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> str:
        now = self._monotonic()
        if self._token and now < self._until - EARLY:
            return self._token
        async with self._one_at_a_time:
            now = self._monotonic()
            if self._token and now < self._until - EARLY:
                return self._token
            if self._refused is None or now >= self._refused[0]:
                await self._renew(now)
        if self._token and self._monotonic() < self._until:
            return self._token
        raise NoToken(self._refused[1] if self._refused else "expired")

    async def _renew(self, now: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                token, lives = await self._asks()
        except NoToken as refused:
            self._refused = now + REST, refused.reason
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as e:
            self._refused = now + REST, type(e).__name__
        else:
            # One that lives for less than our margin still does for half its life.
            self._token, self._until = token, now + max(lives, EARLY + lives / 2)
            self._refused = None

    def forget(self) -> None:
        """The service did not take it."""
        self._token = ""


def by_secret(app_id: str, secret: str, tenant: str, login_url: str | None = None) -> FetchToken:
    """The application's own secret for a token, in one call."""
    base = (login_url or LOGIN_URL).rstrip("/")
    form = {
        "grant_type": "client_credentials",
        "client_id": app_id,
        "client_secret": secret,
        "scope": f"{audience_of(base)}/.default",
    }

    async def asked() -> tuple[str, float]:
        url = f"{base}/{tenant}/oauth2/v2.0/token"
        async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
            said = await response.json(content_type=None)
        if not isinstance(said, dict) or not said.get("access_token"):
            raise NoToken(short_name(said) or f"HTTP {response.status}")
        return str(said["access_token"]), float(said.get("expires_in") or 3600)

    return asked


def short_name(said: object) -> str:
    """The login's own short name for what is wrong, and nothing that is no such name: whatever
    answers in its place may repeat the secret that it was sent."""
    name = said.get("error") if isinstance(said, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def audience_of(login_url: str) -> str:
    """Which service a token of this cloud is for."""
    host = urlsplit(login_url).hostname or ""
    if host.endswith(".us"):
        return "https://api.botframework.us"
    if host.endswith(".cn"):
        return "https://api.botframework.azure.cn"
    return "https://api.botframework.com"
