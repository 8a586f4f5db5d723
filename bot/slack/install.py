"""Installing Digi in further workplaces: GET /slack/install and /slack/oauth_redirect."""

from __future__ import annotations

import hmac
import secrets
import time
from urllib.parse import urlencode

from aiohttp import web

from bot.edge import Installation
from bot.slack.manifest import SCOPES
from bot.slack.read import tenant_of
from bot.slack.web_api import TROUBLE, WebApi, error_of
from bot.slack.workspaces import Workspaces

COOKIE = "digi_install"
MINUTES = 10

_DONE = "Digi er installeret. Skriv /invite @Digi i holdets kanal, og så /digi start.\n\nDigi is installed. Type /invite @Digi in the team's channel, then /digi start.\n"  # noqa: E501
_STOPPED = "Digi blev ikke installeret. Begynd forfra på /slack/install.\n\nDigi was not installed. Begin again at /slack/install.\n"  # noqa: E501


class Install:
    """The state lies in the browser that began, so that nobody can be led into another's."""

    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        *,
        client_id: str,
        client_secret: str,
        base_url: str,
        public_url: str | None,
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._client_id = client_id
        self._client_secret = client_secret
        self._authorize = f"{base_url.removesuffix('/').removesuffix('api')}oauth/v2/authorize"
        self._redirect = f"{public_url}/slack/oauth_redirect" if public_url else ""

    async def begin(self, request: web.Request) -> web.Response:
        state = secrets.token_urlsafe(32)
        query = {"client_id": self._client_id, "scope": ",".join(SCOPES), "state": state}
        if self._redirect:
            query["redirect_uri"] = self._redirect
        response = web.Response(
            status=302, headers={"Location": f"{self._authorize}?{urlencode(query)}"}
        )
        response.set_cookie(
            COOKIE, state, max_age=MINUTES * 60, httponly=True, samesite="Lax", path="/slack",
            secure=self._redirect.startswith("https://"),
        )  # fmt: skip
        return response

    async def end(self, request: web.Request) -> web.Response:
        given, kept = request.query.get("state", ""), request.cookies.get(COOKIE, "")
        code = request.query.get("code", "")
        if not kept or not hmac.compare_digest(given.encode(), kept.encode()):
            return web.Response(status=400, text=_STOPPED)
        response = web.Response(text=_DONE)
        response.del_cookie(COOKIE, path="/slack")
        if not code:  # somebody pressed Cancel
            response.text = _STOPPED
            return response
        try:
            said = await self._api.token(
                self._client_id, self._client_secret, code=code, redirect_uri=self._redirect
            )
        except TROUBLE as error:
            return web.Response(status=400, text=f"{_STOPPED}\n{error_of(error)}\n")
        whole = said.get("is_enterprise_install") and said.get("enterprise")
        home = said["enterprise"] if whole else said["team"] or said["enterprise"]
        lives = int(said.get("expires_in") or 0)
        await self._workspaces.installed(
            Installation(
                tenant=tenant_of(str(home["id"])),
                token=str(said["access_token"]),
                bot=str(said.get("bot_user_id") or ""),
                name=str(home.get("name") or ""),
                refresh=str(said.get("refresh_token") or ""),
                expires=int(time.time()) + lives if lives else 0,
            )
        )
        return response
