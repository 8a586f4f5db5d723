"""The workspaces that Digi is installed in, with their tokens and the renewal of these."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cache import Cache
from bot.platforms.common.ports import CannotOpen, Installation, Installations
from bot.platforms.slack.read import tenant_of
from bot.platforms.slack.web_api import TROUBLE, OddAnswer, WebApi, error_of, text_at

HELD = 5 * 60.0
MOST = 1000
# A token is renewed when it expires in less than this many seconds.
EARLY = 30 * 60


class TokenRefused(CannotOpen):
    """Slack rejects the bot token: copy SLACK_BOT_TOKEN again from 'OAuth & Permissions' of the
    Slack app, or reinstall the app."""


class Workspaces:
    """The workspace of SLACK_BOT_TOKEN, or all that installed Digi through OAuth."""

    def __init__(
        self,
        api: WebApi,
        *,
        token: str | None = None,
        installations: Installations | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._token = token
        self._own: Installation | None = None
        self._installations = installations
        self._client_id = client_id
        self._client_secret = client_secret
        self._now = now
        self._cache: Cache[str, Installation] = Cache(MOST, HELD)
        self._renewing = asyncio.Lock()
        self._run_out: dict[str, str] = {}
        """Tokens that Slack rejected as expired before their stated time, by workspace."""

    @property
    def single(self) -> bool:
        return self._token is not None

    async def of(self, tenant: str) -> Installation | None:
        """Return the workspace's installation, or None if Digi is not installed there (any
        more)."""
        if self._token is not None:
            own = await self.own()
            return own if own.tenant == tenant else None
        found = self._cache.get(tenant)
        if found is None and self._installations is not None:
            found = await self._installations.one(tenant)
            if found is not None:
                self._cache.put(tenant, found)
        if found is not None and self._ends(found):
            found = await self._renewed(tenant)
        return found

    def _ends(self, found: Installation) -> bool:
        soon = bool(found.expires) and found.expires - EARLY < self._now()
        return soon or self._run_out.get(found.tenant) == found.token

    async def own(self) -> Installation:
        """Return the only workspace. Slack's auth.test says which one the token belongs to."""
        if self._own is None:
            assert self._token is not None
            try:
                said = await self._api.client(self._token).auth_test()
            except SlackApiError as error:
                if error_of(error) in (
                    "invalid_auth",
                    "not_authed",
                    "account_inactive",
                    "token_revoked",
                ):
                    raise TokenRefused from None
                raise
            whole = said.get("is_enterprise_install") and said.get("enterprise_id")
            home = text_at(said, "enterprise_id" if whole else "team_id")
            self._own = Installation(
                tenant_of(home), self._token, text_at(said, "user_id"), str(said.get("team") or "")
            )
        return self._own

    async def all(self) -> list[Installation]:
        if self._token is not None:
            return [await self.own()]
        return [] if self._installations is None else await self._installations.all()

    async def installed(self, installation: Installation) -> None:
        assert self._installations is not None
        await self._installations.put(installation)
        self._cache.put(installation.tenant, installation)

    async def gone(self, tenant: str) -> None:
        """Remove a workspace that uninstalled Digi or revoked its token."""
        self.forget(tenant)
        if self._installations is not None:
            await self._installations.remove(tenant)

    def remembered(self, tenant: str) -> Installation | None:
        """Return the installation if it is cached, without a call to Slack or the database."""
        own = self._own if self._own is not None and self._own.tenant == tenant else None
        return own or self._cache.get(tenant)

    def expired(self, tenant: str) -> bool:
        """Note that Slack rejected the token as expired, and return whether it can be renewed. The
        next call of `of` renews it."""
        found = self._cache.get(tenant)
        self.forget(tenant)
        if found is None or not found.refresh or self._run_out.get(tenant) == found.token:
            return False
        self._run_out[tenant] = found.token
        return True

    def forget(self, tenant: str) -> None:
        """Drop the installation from the cache."""
        self._cache.drop(tenant)

    def _fresh(self, found: Installation, said: AsyncSlackResponse) -> Installation:
        lives = said.get("expires_in") or 0
        if not isinstance(lives, int):
            raise OddAnswer
        return msgspec.structs.replace(
            found,
            token=text_at(said, "access_token"),
            refresh=str(said.get("refresh_token") or found.refresh),
            expires=int(self._now()) + lives,
        )

    async def _renewed(self, tenant: str) -> Installation | None:
        assert self._installations is not None
        async with self._renewing:
            found = await self._installations.one(tenant)
            if found is None or not found.refresh or not self._ends(found):
                return found
            try:
                said = await self._api.token(
                    self._client_id or "",
                    self._client_secret or "",
                    grant_type="refresh_token",
                    refresh_token=found.refresh,
                )
                fresh = self._fresh(found, said)
            except TROUBLE:
                # Retried at the next call; the old token may still be valid for a while.
                return found
            await self.installed(fresh)
            self._run_out.pop(tenant, None)
            return fresh
