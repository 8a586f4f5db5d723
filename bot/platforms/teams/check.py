"""The Teams part of `python app.py check`: tests the app registration, login, keys and public
address."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from msgspec import Struct

from bot.platforms.teams.tokens import LOGIN_URL, audience_of, short_name
from bot.platforms.teams.trust import OPENID_URL, is_loopback

METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"
SECONDS = 10.0

_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
_HOST = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?", re.IGNORECASE)

# Error codes (AADSTS) of Microsoft's login, with their remedies.
_REFUSED: Mapping[int, str] = {
    7000215: "the secret is wrong: MICROSOFT_APP_PASSWORD takes the secret's value, not its id",
    7000222: "the secret has expired: create a new one under 'Certificates & secrets' and put its"
    " value in MICROSOFT_APP_PASSWORD",
    700016: "the tenant has no such application: copy MICROSOFT_APP_ID and"
    " MICROSOFT_APP_TENANT_ID from the same registration",
    90002: "there is no such tenant: copy MICROSOFT_APP_TENANT_ID ('Directory (tenant) ID')",
    900023: "MICROSOFT_APP_TENANT_ID is not a tenant id: copy 'Directory (tenant) ID'",
    7000112: "the application is disabled in this tenant: have an administrator enable it",
    7000229: "the tenant has no service principal for the application: have an administrator"
    " open it under 'Enterprise applications'",
}

Finding = tuple[bool, str]
"""(passed, message)"""


class TeamsSettings(Struct, frozen=True):
    """The Teams settings to check. The two of `identity` are Azure App Service's managed identity
    variables."""

    app_id: str = ""
    app_password: str = ""
    app_type: str = "SingleTenant"
    app_tenant: str = ""
    login_url: str = LOGIN_URL
    openid_url: str = OPENID_URL
    tenants: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    local: bool = False
    host: str = "127.0.0.1"
    public_url: str = ""
    identity_endpoint: str = ""
    identity_header: str = ""

    def __repr__(self) -> str:
        return "TeamsSettings(...)"  # keeps the secret out of tracebacks


async def check(asked: TeamsSettings) -> list[Finding]:
    """Run all Teams checks and return one result each; a failure names its remedy."""
    if asked.local:
        return _local(asked)
    found = [*_names(asked), *_lists(asked)]
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as http:
        three = (_token(http, asked), _keys(http, asked), _endpoint(http, asked))
        found += await asyncio.gather(*three)
    if _loopback(asked.public_url):
        found.append(
            (
                False,
                "DIGI_PUBLIC_URL is this machine's own address, which Teams cannot reach: give"
                " the https:// address that leads here",
            )
        )
    return found


# --- what needs no asking ------------------------------------------------------------------


def _local(asked: TeamsSettings) -> list[Finding]:
    if not is_loopback(asked.host):
        return [
            (
                False,
                "DIGI_TEAMS_LOCAL=1 authenticates nobody: set DIGI_HOST to"
                " 127.0.0.1, or leave DIGI_TEAMS_LOCAL out and give MICROSOFT_APP_ID",
            )
        ]
    if asked.public_url and not _loopback(asked.public_url):
        return [
            (
                False,
                "DIGI_TEAMS_LOCAL=1 is for tests on this machine, but DIGI_PUBLIC_URL makes it"
                " public: remove one of them",
            )
        ]
    return [(True, "without an app id, for tests on this machine only")]


def _names(asked: TeamsSettings) -> list[Finding]:
    found: list[Finding] = []
    if _GUID.fullmatch(asked.app_id):
        found.append((True, f"app id {asked.app_id}"))
    else:
        found.append(
            (
                False,
                "MICROSOFT_APP_ID is not an application id: copy 'Microsoft App ID' from the bot's"
                " configuration; it looks like 00000000-0000-0000-0000-000000000000",
            )
        )
    tenant = asked.app_tenant
    if asked.app_type == "MultiTenant":
        if not asked.tenants:
            found.append(
                (
                    False,
                    "the bot belongs to no tenant, and DIGI_TEAMS_TENANTS names none: list the"
                    " ids of the tenants that may use Digi, or set MICROSOFT_APP_TYPE to"
                    " SingleTenant (Microsoft no longer creates multi-tenant bots)",
                )
            )
    elif _GUID.fullmatch(tenant) or _DOMAIN.fullmatch(tenant):
        found.append((True, f"tenant {tenant}"))
    else:
        found.append((False, f"MICROSOFT_APP_TENANT_ID is not a tenant: {_COPY_TENANT}"))
    return found


_COPY_TENANT = "copy 'Directory (tenant) ID' from the bot's registration"


def _lists(asked: TeamsSettings) -> list[Finding]:
    found: list[Finding] = [
        (False, f"DIGI_TEAMS_TENANTS: entry {n} is not a tenant id: {_COPY_TENANT}")
        for n, odd in enumerate(asked.tenants, 1)
        if not _GUID.fullmatch(odd)
    ]
    own = asked.app_tenant
    known = {tenant.lower() for tenant in asked.tenants}
    if known and _GUID.fullmatch(own) and own.lower() not in known:
        found.append(
            (
                False,
                "DIGI_TEAMS_TENANTS leaves out the bot's own tenant, so its people are refused:"
                " add the value of MICROSOFT_APP_TENANT_ID",
            )
        )
    found += [
        (
            False,
            f"DIGI_TEAMS_HOSTS: entry {n} is not a host name: give names alone, such as"
            " smba.trafficmanager.net or *.botframework.com",
        )
        for n, odd in enumerate(asked.hosts, 1)
        if not _HOST.fullmatch(odd)
    ]
    return found


# --- what is asked -------------------------------------------------------------------------


class _NoWay(Exception):
    """The service did not answer. The message says why."""


@asynccontextmanager
async def _way() -> AsyncIterator[None]:
    try:
        yield
    except aiohttp.ClientConnectorCertificateError:
        raise _NoWay("this machine does not trust its certificate") from None
    except ssl.SSLError:
        raise _NoWay("it does not speak https") from None
    except aiohttp.ClientConnectorDNSError:
        raise _NoWay("its name does not resolve") from None
    except TimeoutError:
        raise _NoWay(f"no answer in {SECONDS:.0f} seconds") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _NoWay(type(error).__name__) from None


async def _token(http: aiohttp.ClientSession, asked: TeamsSettings) -> Finding:
    if asked.app_type == "UserAssignedMSI":
        return await _identity(http, asked)
    tenant = asked.app_tenant if asked.app_type == "SingleTenant" else "botframework.com"
    form = {
        "grant_type": "client_credentials",
        "client_id": asked.app_id,
        "client_secret": asked.app_password,
        "scope": f"{audience_of(asked.login_url)}/.default",
    }
    url = f"{asked.login_url}/{tenant}/oauth2/v2.0/token"
    try:
        async with _way(), http.post(url, data=form, allow_redirects=False) as answer:
            status, said = answer.status, await _json(answer)
    except _NoWay as why:
        return (
            False,
            f"Microsoft's login could not be reached ({why}): allow this machine to connect to"
            f" {asked.login_url}, or set a proxy in HTTPS_PROXY; the secret was not checked",
        )
    if status == 200 and isinstance(said.get("access_token"), str):
        return True, "the secret works: Microsoft issued a token for it"
    numbers = said.get("error_codes")
    for number in numbers if isinstance(numbers, list) else ():
        if number in _REFUSED:
            return False, f"no token (AADSTS{number}): {_REFUSED[number]}"
    what = short_name(said) or f"status {status}"
    return (
        False,
        f"no token ({what}): check that MICROSOFT_APP_ID, MICROSOFT_APP_PASSWORD and"
        " MICROSOFT_APP_TENANT_ID come from the same registration",
    )


async def _identity(http: aiohttp.ClientSession, asked: TeamsSettings) -> Finding:
    """Request a token for the managed identity, from App Service's endpoint or the VM's metadata
    service."""
    ask = {"resource": audience_of(asked.login_url), "client_id": asked.app_id}
    if asked.identity_endpoint:
        url, ask["api-version"] = asked.identity_endpoint, "2019-08-01"
        headers = {"X-IDENTITY-HEADER": asked.identity_header}
    else:
        url, ask["api-version"] = METADATA, "2018-02-01"
        headers = {"Metadata": "true"}
    try:
        async with _way(), http.get(url, params=ask, headers=headers) as answer:
            status, said = answer.status, await _json(answer)
    except _NoWay as why:
        return (
            False,
            f"this machine offers no managed identity ({why}): run Digi on Azure with the"
            " identity assigned to it, or set MICROSOFT_APP_TYPE to SingleTenant with a secret",
        )
    if status == 200 and isinstance(said.get("access_token"), str):
        return True, "the managed identity works: the machine issued a token for it"
    return (
        False,
        f"this machine issues no token for the identity (status {status}): assign the identity"
        " whose client id is in MICROSOFT_APP_ID to it",
    )


async def _keys(http: aiohttp.ClientSession, asked: TeamsSettings) -> Finding:
    try:
        async with _way(), http.get(asked.openid_url) as answer:
            status, said = answer.status, await _json(answer)
    except _NoWay as why:
        status, said = 0, {"why": str(why)}
    if status == 200 and isinstance(said.get("jwks_uri"), str):
        return True, "the keys that sign Teams' messages can be fetched"
    what = said.get("why") if status == 0 else f"status {status}"
    return (
        False,
        f"the keys that sign Teams' messages could not be fetched ({what}): allow this machine"
        f" to connect to {asked.openid_url}; without them every message gets a 503",
    )


async def _endpoint(http: aiohttp.ClientSession, asked: TeamsSettings) -> Finding:
    if not asked.public_url:
        return (
            False,
            "DIGI_PUBLIC_URL is missing, so the endpoint could not be checked: set it to the https://"
            " address at which Teams reaches Digi",
        )
    url = f"{asked.public_url}/api/messages"
    try:
        async with _way(), http.post(url, json={}, allow_redirects=False) as answer:
            status = answer.status
    except _NoWay as why:
        return (
            False,
            f"{url} could not be reached from this machine ({why}): check that the name, the"
            " certificate and the proxy lead to Digi's port, and that Digi is running",
        )
    if status in {401, 403}:
        return True, f"{url} asks for Microsoft's token, as it should"
    if status < 300:
        return (
            False,
            f"{url} accepted a message without a token, so it is not Digi serving Teams; check"
            " where your proxy forwards requests",
        )
    if status < 400:
        return False, f"{url} answers with a redirect, which Teams does not follow: set its target"
    if status in {502, 503, 504}:
        return (
            False,
            f"{url} is reachable, but Digi does not answer behind it (status {status}): start Digi,"
            " then check again",
        )
    return (
        False,
        f"{url} is reachable, but something else answers (status {status}): let your proxy pass"
        " POST /api/messages on to Digi's port",
    )


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        said = await answer.json(content_type=None)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _loopback(url: str) -> bool:
    return url.startswith("http://")  # settings reject http:// for other hosts
