"""Digi's access token for the Teams service: cached, renewed before it expires, and fetched with a
timeout."""

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
"""A token is renewed when it expires in less than this many seconds."""
REST = 10.0
"""Seconds without a new attempt after a token was refused."""

_NAME = re.compile(r"[a-z][a-z_]{1,60}")

FetchToken = Callable[[], Awaitable[tuple[str, float]]]
"""Fetches a new token and its lifetime in seconds."""


class NoToken(Exception):
    """Microsoft issued no token. `reason` is its error code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """A token cache with one request at a time; concurrent callers wait for it."""

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
            # A token that lives shorter than the margin is still used for half of its lifetime.
            self._token, self._until = token, now + max(lives, EARLY + lives / 2)
            self._refused = None

    def forget(self) -> None:
        """Drop a token that the service rejected."""
        self._token = ""


def by_secret(app_id: str, secret: str, tenant: str, login_url: str | None = None) -> FetchToken:
    """Return a function that fetches a token with the app's secret (client credentials)."""
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
    """Return the login's error code, safe to log.

    Nothing that does not look like a code: a proxy that answers instead of the login may echo the
    secret.
    """
    name = said.get("error") if isinstance(said, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def audience_of(login_url: str) -> str:
    """Return the token's audience for the cloud that the login URL belongs to."""
    host = urlsplit(login_url).hostname or ""
    if host.endswith(".us"):
        return "https://api.botframework.us"
    if host.endswith(".cn"):
        return "https://api.botframework.azure.cn"
    return "https://api.botframework.com"
