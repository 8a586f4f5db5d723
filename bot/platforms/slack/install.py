"""The OAuth installation for further workspaces: GET /slack/install and /slack/oauth_redirect.

The OAuth state is signed with a secret of the server, bound to one browser by a cookie, expires,
and can be used once. Nobody can be tricked into finishing an installation that somebody else began.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Struct

from bot.platforms.common.ports import Installation, Installations, Report
from bot.platforms.slack.manifest import SCOPES
from bot.platforms.slack.read import tenant_of
from bot.platforms.slack.web_api import TROUBLE, WebApi, error_of
from bot.platforms.slack.workspaces import Workspaces

COOKIE = "digi_install"
MINUTES = 10

MakeMac = Callable[[bytes], str]
"""Returns a MAC of the bytes, under a key that all replicas of this Digi share."""

_STATE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})")
_BROWSER = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE = re.compile(r"[\x21-\x7e]{1,500}")
_HOME = re.compile(r"[A-Z0-9]{2,30}")

_DONE = "Digi er installeret. Skriv /invite @Digi i holdets kanal, og så /digi start.\n\nDigi is installed. Type /invite @Digi in the team's channel, then /digi start.\n"  # noqa: E501
_STOPPED = "Digi blev ikke installeret. Begynd forfra på /slack/install.\n\nDigi was not installed. Begin again at /slack/install.\n"  # noqa: E501
_SAYS = "\nSlack svarer · Slack says: {error}\n"
_ODD = "\nSlack svarede ikke med det, Digi skal bruge. Den, der driver Digi, kan se det i loggen.\n\nSlack did not answer with what Digi needs. Whoever runs Digi can see so in the log.\n"  # noqa: E501
_UNSAVED = (
    "\nDet kunne ikke gemmes. Prøv igen om lidt.\n\nIt could not be saved. Try again in a moment.\n"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Home(Struct):
    id: str
    name: str | None = None


class _Granted(Struct):
    """The fields of Slack's oauth.v2.access answer that Digi uses."""

    access_token: str
    team: _Home | None = None
    enterprise: _Home | None = None
    is_enterprise_install: bool | None = None
    bot_user_id: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None


class Install:
    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        *,
        client_id: str,
        client_secret: str,
        base_url: str,
        public_url: str | None,
        installations: Installations,
        mac: MakeMac,
        told: Report,
        now: Callable[[], float],
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._client_id = client_id
        self._client_secret = client_secret
        self._authorize = f"{base_url.removesuffix('/').removesuffix('api')}oauth/v2/authorize"
        self._redirect = f"{public_url}/slack/oauth_redirect" if public_url else ""
        self._installations = installations
        self._mac = mac
        self._told = told
        self._now = now

    async def begin(self, request: web.Request) -> web.Response:
        browser, nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        expires = int(self._now()) + MINUTES * 60
        state = f"{expires}.{nonce}.{self._signed(expires, nonce, browser)}"
        query = {"client_id": self._client_id, "scope": ",".join(SCOPES), "state": state}
        if self._redirect:
            query["redirect_uri"] = self._redirect
        location = f"{self._authorize}?{urlencode(query)}"
        response = web.Response(status=302, headers={**_HEADERS, "Location": location})
        response.set_cookie(
            COOKIE,
            browser,
            max_age=MINUTES * 60,
            httponly=True,
            samesite="Lax",
            path="/slack",
            secure=self._redirect.startswith("https://"),
        )
        return response

    async def end(self, request: web.Request) -> web.Response:
        try:
            return await self._ended(request)
        except Exception as error:
            # Usually the database: tell the person who is waiting at the page.
            self._told("slack install", type(error).__name__)
            return _page(503, _STOPPED + _UNSAVED)

    async def _ended(self, request: web.Request) -> web.Response:
        if not await self._ours(request):
            return _page(400, _STOPPED, begun=True)
        code = request.query.get("code", "")
        if not _CODE.fullmatch(code):
            return _page(400 if code else 200, _STOPPED)  # an empty code: the person pressed Cancel
        try:
            said = await self._api.token(
                self._client_id, self._client_secret, code=code, redirect_uri=self._redirect
            )
        except TROUBLE as error:
            return _page(400, _STOPPED + _SAYS.format(error=error_of(error)))
        installation = _read(said.data, int(self._now()))
        if installation is None:
            self._told("slack install", "Slack's answer lacks what an installation needs")
            return _page(400, _STOPPED + _ODD)
        await self._workspaces.installed(installation)
        return _page(200, _DONE)

    async def _ours(self, request: web.Request) -> bool:
        """Return whether the state is genuine: signed here, for this browser, not expired, not used
        yet."""
        state = _STATE.fullmatch(request.query.get("state", ""))
        browser = request.cookies.get(COOKIE, "")
        if state is None or not _BROWSER.fullmatch(browser):
            return False
        expires, nonce, now = int(state[1]), state[2], int(self._now())
        if not hmac.compare_digest(self._signed(expires, nonce, browser), state[3]):
            return False
        return now < expires and await self._installations.spend(nonce, expires, now)

    def _signed(self, expires: int, nonce: str, browser: str) -> str:
        return self._mac(f"slack-install\0{expires}\0{nonce}\0{browser}".encode())


def _read(said: object, now: int) -> Installation | None:
    """Convert Slack's answer into an installation; None if a required field is missing or
    invalid."""
    try:
        found = msgspec.convert(said, _Granted)
        home = found.enterprise if found.is_enterprise_install else found.team or found.enterprise
        if home is None or not _HOME.fullmatch(home.id) or not found.access_token:
            return None
        name = home.name or ""
        name.encode()
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
    return Installation(
        tenant=tenant_of(home.id),
        token=found.access_token,
        bot=found.bot_user_id or "",
        name=name,
        refresh=found.refresh_token or "",
        expires=now + found.expires_in if found.expires_in else 0,
    )


def _page(status: int, text: str, *, begun: bool = False) -> web.Response:
    """Answer with a page. `begun` keeps the cookie, so that an installation begun in this browser
    can still be finished."""
    response = web.Response(status=status, text=text, headers=_HEADERS)
    if not begun:
        response.del_cookie(COOKIE, path="/slack")
    return response
