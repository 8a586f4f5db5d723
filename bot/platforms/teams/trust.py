"""Authenticates requests from Teams: signing keys, claims, allowed tenants and service hosts. Uses
no SDK."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
from aiohttp import web
from jwt.types import Options
from msgspec import Struct

from bot.cache import Cache

OPENID_URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"
ISSUERS = (
    "https://api.botframework.com",
    "https://api.botframework.us",
    "https://api.botframework.azure.cn",
)
HOSTS = (
    "smba.trafficmanager.net",
    "*.botframework.com",
    "*.teams.microsoft.us",
    "*.infra.gov.teams.microsoft.us",
    "*.botframework.us",
    "*.botframework.azure.us",
    "*.botframework.azure.cn",
)
"""The hosts of Teams' own services, including the national clouds."""
ALGORITHMS = ("RS256", "RS384", "RS512")
KEYS_LIVE = 24 * 60 * 60.0
KEYS_LAST = 5 * KEYS_LIVE
"""How many seconds cached keys are used if no new ones can be fetched."""
ASK_AGAIN = 5 * 60.0
"""Minimum interval in seconds between fetches for unknown key ids, because anybody can send one."""
REST = 60.0
"""Seconds after a failed fetch in which cached keys are used without a new attempt."""
PATIENCE = 5.0
LEEWAY = 5 * 60
CHECKED = 5 * 60.0
_ODD = re.compile(r"[\s{}?#\\]")
_OPTIONS: Options = {"require": ["exp", "iss", "aud"]}


class Stranger(Exception):
    """The request is not from Teams or not for this bot. `status` is 401 or 403."""

    def __init__(self, status: int = 401) -> None:
        super().__init__(str(status))
        self.status = status


class KeysAway(Exception):
    """Microsoft's signing keys cannot be fetched at the moment."""


class SigningKeys:
    """Microsoft's signing keys: fetched with a timeout, cached, one fetch at a time."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url or OPENID_URL
        self._keys: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._issuer = ISSUERS[0]
        self._fetched = -KEYS_LAST
        self._tried = -KEYS_LAST
        self._one_at_a_time = asyncio.Lock()

    @property
    def issuer(self) -> str:
        return self._issuer

    async def key(self, id: str) -> tuple[Any, tuple[str, ...]]:
        """Return a key and the channels that it is endorsed for. Raises Stranger or KeysAway."""
        age = time.monotonic() - self._fetched
        found = self._keys.get(id)
        if found is not None and age < KEYS_LIVE:
            return found
        asked = time.monotonic()
        async with self._one_at_a_time:
            away = await self._refreshed(asked, known=found is not None)
        fresh = self._keys.get(id)
        if fresh is not None and time.monotonic() - self._fetched < KEYS_LAST:
            return fresh
        if away:
            raise KeysAway
        raise Stranger

    async def _refreshed(self, asked: float, *, known: bool) -> bool:
        """Fetch the keys if it is time to. Returns whether no current keys could be fetched."""
        now = time.monotonic()
        if self._tried >= asked:
            return self._fetched < self._tried  # another request fetched while this one waited
        if not known and now - self._fetched < ASK_AGAIN:
            return False
        if known and now - self._tried < REST:
            return True
        self._tried = now
        try:
            async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
                metadata = await _json(session, self._url)
                found = await _json(session, str(metadata["jwks_uri"]))
            self._keys = _readable(found["keys"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            return True
        said = metadata.get("issuer")
        self._issuer = said if said in ISSUERS else ISSUERS[0]
        self._fetched = self._tried = time.monotonic()
        return False


async def _json(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as response:
        response.raise_for_status()
        return await response.json(content_type=None)


def _readable(keys: Any) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Return the keys that can be parsed. Raises ValueError if there is none."""
    found: dict[str, tuple[Any, tuple[str, ...]]] = {}
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, dict) or key.get("kty") != "RSA" or not key.get("kid"):
            continue
        try:
            read = jwt.PyJWK({**key, "alg": "RS256"}).key
            found[str(key["kid"])] = (read, tuple(key.get("endorsements") or ()))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue
    if not found:
        raise ValueError
    return found


class Claims(Struct, frozen=True):
    """The claims of a valid token: the service URL it is for, and the channels of its key."""

    service_url: str
    channels: tuple[str, ...]
    until: float


class Doorkeeper:
    """Decides whether a request comes from Teams and is for this bot."""

    def __init__(
        self,
        *,
        app_id: str,
        keys: SigningKeys,
        tenants: Collection[str],
        hosts: Collection[str] = (),
    ) -> None:
        self._app_id = app_id
        self._keys = keys
        self._tenants = frozenset(tenant.casefold() for tenant in tenants)
        self._hosts = (*HOSTS, *(host.casefold() for host in hosts))
        self._checked: Cache[bytes, Claims] = Cache(1000, CHECKED)

    async def claims(self, header: str) -> Claims:
        """Verify an Authorization header. Raises Stranger or KeysAway."""
        scheme, _, token = header.partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise Stranger
        mark = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._checked.get(mark)
        if known is not None and known.until > time.time():
            return known
        found = await self._read(token)
        self._checked.put(mark, found)
        return found

    async def _read(self, token: str) -> Claims:
        try:
            head = jwt.get_unverified_header(token)
            if head.get("alg") not in ALGORITHMS:
                raise Stranger
            key, channels = await self._keys.key(str(head.get("kid") or ""))
            said = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._app_id,
                issuer=self._keys.issuer,
                leeway=LEEWAY,
                options=_OPTIONS,
            )
            until = float(said["exp"]) + LEEWAY
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            # Do not tell the caller what is wrong with the token.
            raise Stranger from None
        return Claims(str(said.get("serviceurl") or ""), channels, until)

    def fits(self, claims: Claims, activity: Mapping[str, Any]) -> None:
        """Check that the activity matches its token, an allowed tenant and an allowed host. Raises
        Stranger."""
        channel = activity.get("channelId")
        if channel != "msteams" or (claims.channels and channel not in claims.channels):
            raise Stranger(403)
        service_url = activity.get("serviceUrl")
        if not isinstance(service_url, str) or _bare(service_url) != _bare(claims.service_url):
            raise Stranger(403)
        if not self.may_speak_to(service_url) or tenant_id_of(activity) not in self._tenants:
            raise Stranger(403)

    def may_speak_to(self, service_url: str) -> bool:
        """Return whether the URL is a Teams service. Any other host could steal Digi's token."""
        return is_service(service_url, self._hosts)


class LocalDoorkeeper:
    """Without an app id: allows only clients on this machine, for development."""

    def lets_in(self, request: web.Request) -> None:
        """Raise Stranger unless the request comes from this machine, and not from a web page that
        is open in a browser."""
        origin = request.headers.get("Origin")
        if (
            not is_loopback(request.remote)
            or not is_loopback(_host_of(f"http://{request.host}"))
            or request.content_type != "application/json"
            or (origin is not None and not is_loopback(_host_of(origin)))
        ):
            raise Stranger(403)

    def fits(self, activity: Mapping[str, Any]) -> None:
        service_url = activity.get("serviceUrl")
        if not isinstance(service_url, str) or not self.may_speak_to(service_url):
            raise Stranger(403)

    def may_speak_to(self, service_url: str) -> bool:
        return not _ODD.search(service_url) and is_loopback(_host_of(service_url))


def tenant_id_of(activity: Mapping[str, Any]) -> str:
    """Return the conversation's tenant id in lower case."""
    conversation = activity.get("conversation")
    data = activity.get("channelData")
    tenant = data.get("tenant") if isinstance(data, dict) else None
    said = conversation.get("tenantId") if isinstance(conversation, dict) else None
    said = said or (tenant.get("id") if isinstance(tenant, dict) else None)
    return said.casefold() if isinstance(said, str) else ""


def is_service(service_url: str, hosts: Collection[str]) -> bool:
    """Return whether the URL is https at one of these hosts, or http on this machine if the host is
    listed."""
    try:
        url = urlsplit(service_url)
        host, port = (url.hostname or "").casefold(), url.port
    except ValueError:
        return False
    if not host or _ODD.search(service_url) or url.username is not None or url.password is not None:
        return False
    named = f"{host}:{port}" in hosts
    if url.scheme == "http":
        return is_loopback(host) and (named or host in hosts)
    if url.scheme != "https":
        return False
    within = any(entry.startswith("*.") and host.endswith(entry[1:]) for entry in hosts)
    return named or (port in (None, 443) and (host in hosts or within))


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _bare(url: str) -> str:
    return url.rstrip("/").casefold()
