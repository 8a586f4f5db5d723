"""The transport to Teams through botbuilder 4.17; the only file that imports it.

It works around botbuilder's faults: fetching keys and tokens blocks the event loop without a
timeout, each send requests a token, some unauthenticated requests get a 500, unknown fields are
dropped, an invoke response is serialised twice, and each turn builds a new client.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp import web
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
)
from botframework.connector.bot_framework_sdk_client_async import (
    BotFrameworkConnectorConfiguration,
)
from msrest.pipeline import AsyncHTTPPolicy, AsyncHTTPSender, AsyncPipeline, Response
from yarl import URL

from bot.platforms.common.ports import Report
from bot.platforms.teams.ports import AppType, CallFailed, Json, OnActivity, Ref, TeamsReply
from bot.platforms.teams.tokens import (
    FetchToken,
    NoToken,
    Tokens,
    audience_of,
    by_secret,
    short_name,
)
from bot.platforms.teams.trust import Doorkeeper, KeysAway, LocalDoorkeeper, SigningKeys, Stranger

PATIENCE = 10.0
_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,59}")
_encode = msgspec.json.Encoder().encode


class BotbuilderTransport:
    """Implements `bot.platforms.teams.ports.Transport`."""

    def __init__(
        self,
        on_activity: OnActivity,
        *,
        told: Report,
        app_id: str | None = None,
        secret: str | None = None,
        app_type: AppType = "SingleTenant",
        app_tenant: str | None = None,
        openid_url: str | None = None,
        login_url: str | None = None,
        tenants: Collection[str] = (),
        hosts: Collection[str] = (),
    ) -> None:
        """Without an app id only clients on this machine are served."""
        self._on_activity = on_activity
        self._told = told
        self._doorkeeper: Doorkeeper | LocalDoorkeeper = LocalDoorkeeper()
        tokens: Tokens | None = None
        if app_id is not None:
            keys = SigningKeys(openid_url)
            self._doorkeeper = Doorkeeper(app_id=app_id, keys=keys, tenants=tenants, hosts=hosts)
            if app_type == "UserAssignedMSI":
                tokens = Tokens(_by_identity(app_id, audience_of(login_url or "")))
            else:
                tenant = app_tenant if app_type == "SingleTenant" and app_tenant else _SHARED
                tokens = Tokens(by_secret(app_id, secret or "", tenant, login_url))
        self._connectors = _Connectors(tokens)
        self._adapter = CloudAdapter(_Authentication(self._connectors))

    # --- in -------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.Response:
        try:
            activity = await self._let_in(request, await request.read())
        except Stranger as stranger:
            return web.Response(status=stranger.status)
        except KeysAway:
            self._told("teams", "Microsoft's signing keys cannot be fetched")
            return web.Response(status=503)
        if activity is None:
            return web.Response(status=400)
        reply = await self._turn(activity)
        if reply.body is None:
            return web.Response(status=reply.status)
        return web.Response(
            body=_encode(reply.body), status=reply.status, content_type="application/json"
        )

    async def _let_in(self, request: web.Request, raw: bytes) -> Json | None:
        """Authenticate a request and return its activity; None if the body is not one. Raises
        Stranger or KeysAway."""
        doorkeeper = self._doorkeeper
        claims = None
        if isinstance(doorkeeper, LocalDoorkeeper):
            doorkeeper.lets_in(request)
        else:
            claims = await doorkeeper.claims(request.headers.get("Authorization", ""))
        activity = _json(raw)
        if activity is None or not isinstance(activity.get("type"), str):
            return None
        if isinstance(doorkeeper, LocalDoorkeeper):
            doorkeeper.fits(activity)
        else:
            assert claims is not None
            doorkeeper.fits(claims, activity)
        return activity

    async def _turn(self, raw: Json) -> TeamsReply:
        """Run one turn of botbuilder's pipeline. The raw activity is passed around its models,
        which would drop fields."""
        replies: list[TeamsReply] = []

        async def logic(_: object) -> None:
            replies.append(await self._on_activity(raw))

        known = AuthenticateRequestResult()
        known.claims_identity = ClaimsIdentity({}, True)
        known.connector_factory = self._connectors
        activity = Activity(type=raw["type"], service_url=raw["serviceUrl"])
        try:
            await self._adapter.process_activity(known, activity, logic)
        except Exception as error:
            self._told("teams", type(error).__name__)
            return TeamsReply(status=503)
        return replies[0]

    # --- out ------------------------------------------------------------------------------------

    async def send(self, ref: Ref, activity: Json) -> str:
        said = await self._call(ref, "POST", _activities(ref), _addressed(ref, activity))
        return _id_in(said)

    async def update(self, ref: Ref, activity_id: str, activity: Json) -> None:
        path = f"{_activities(ref)}/{quote(activity_id, safe='')}"
        await self._call(ref, "PUT", path, {**_addressed(ref, activity), "id": activity_id})

    async def open_private(self, ref: Ref, user_id: str) -> Ref:
        body = {
            "isGroup": False,
            "bot": {"id": ref.bot_id},
            "members": [{"id": user_id}],
            "tenantId": ref.tenant_id,
            "channelData": {"tenant": {"id": ref.tenant_id}},
        }
        said = await self._call(ref, "POST", "/v3/conversations", body, writes=False)
        chat = _id_in(said)
        if not chat:
            raise CallFailed(0, "no id in the answer")
        return msgspec.structs.replace(ref, conversation_id=chat, kind="personal")

    async def new_thread(self, ref: Ref, channel_id: str, activity: Json) -> Ref:
        body = {
            "isGroup": True,
            "bot": {"id": ref.bot_id},
            "tenantId": ref.tenant_id,
            "channelData": {"channel": {"id": channel_id}, "tenant": {"id": ref.tenant_id}},
            "activity": activity,
        }
        said = await self._call(ref, "POST", "/v3/conversations", body)
        thread = _id_in(said)
        if ";messageid=" not in thread:
            begun = _id_in(said, "activityId")
            if not begun:
                raise CallFailed(0, "no id in the answer", arrived=True)
            thread = f"{channel_id};messageid={begun}"
        return msgspec.structs.replace(ref, conversation_id=thread, kind="channel")

    async def send_targeted(self, ref: Ref, user_id: str, activity: Json) -> str:
        body = {**_addressed(ref, activity), "recipient": {"id": user_id}}
        path = f"{_activities(ref)}?isTargetedActivity=true"
        said = await self._call(ref, "POST", path, body)
        return _id_in(said)

    async def update_targeted(self, ref: Ref, activity_id: str, activity: Json) -> None:
        path = f"{_activities(ref)}/{quote(activity_id, safe='')}?isTargetedActivity=true"
        await self._call(ref, "PUT", path, {**_addressed(ref, activity), "id": activity_id})

    async def members(self, ref: Ref) -> list[Json]:
        found: list[Json] = []
        page = ""
        while True:
            path = f"/v3/conversations/{quote(ref.conversation_id, safe='')}/pagedmembers"
            more = f"&continuationToken={quote(page, safe='')}" if page else ""
            said = await self._call(ref, "GET", f"{path}?pageSize=500{more}", writes=False)
            there = said.get("members")
            if not isinstance(there, list):  # not the same as an empty channel
                raise CallFailed(0, "no members in the answer")
            found += [one for one in there if isinstance(one, dict)]
            page = str(said.get("continuationToken") or "")
            if not page:
                return found

    async def _call(
        self, ref: Ref, method: str, path: str, body: Json | None = None, *, writes: bool = True
    ) -> Json:
        """Call the connector service with plain JSON. A 401 is retried once with a new token.
        Raises CallFailed."""
        if not self._doorkeeper.may_speak_to(ref.service_url):
            raise CallFailed(0, "the service URL is not one of Teams' hosts")
        client = (await self._connectors.create(ref.service_url))._client
        for last in (False, True):
            # msrest sets no Content-Type itself; its generated clients do.
            headers = {"Content-Type": "application/json; charset=utf-8"} if body else None
            request = client._request(method, path, None, headers, body, None)
            try:
                response = await client.async_send(request)
            except NoToken as refused:
                raise CallFailed(0, f"no token: {refused.reason}") from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                never = isinstance(error, aiohttp.ClientConnectorError)
                raise CallFailed(0, type(error).__name__, arrived=writes and not never) from None
            if response.status != 401 or last:
                break
            # Nothing was executed. The token may have expired early: fetch a new one.
            self._connectors.forget()
        if response.status >= 300:
            raise CallFailed(
                response.status, _code(response.said), retry_after=_seconds(response.retry_after)
            )
        said: Json = response.said
        return said

    async def close(self) -> None:
        await self._connectors.close()


_SHARED = "botframework.com"
"""The login tenant for multi-tenant bots."""


# --- what botbuilder is given ---------------------------------------------------------------------


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """Satisfies botbuilder's interface. Requests are authenticated in `_let_in`, before botbuilder
    sees them."""

    def __init__(self, connectors: _Connectors) -> None:
        self._connectors = connectors

    async def authenticate_request(self, activity: Activity, auth_header: str) -> Any:
        raise PermissionError

    async def authenticate_streaming_request(self, auth_header: str, channel_id: str) -> Any:
        raise PermissionError

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        return self._connectors

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        """Digi uses no OAuth sign-in of users."""


class _Connectors(ConnectorFactory):  # type: ignore[misc]
    """Creates one connector client per service URL, all on one aiohttp session.

    msrest's own sender uses threads and retries, and constructing it takes longer than a turn (it
    builds a list of status codes).
    """

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens
        self._sender = _Sender()
        self._clients: dict[str, ConnectorClient] = {}

    async def create(self, service_url: str, audience: str | None = None) -> ConnectorClient:
        found = self._clients.get(service_url)
        if found is None:
            config = BotFrameworkConnectorConfiguration(
                _Credentials(self._tokens), service_url, pipeline_type=self._pipeline
            )
            found = self._clients[service_url] = ConnectorClient(None, custom_configuration=config)
        return found

    def _pipeline(self, config: BotFrameworkConnectorConfiguration) -> AsyncPipeline:
        # A policy instance belongs to one pipeline, and msrest adds the configured one to its own.
        return AsyncPipeline([config.user_agent_policy, _Credentials(self._tokens)], self._sender)

    def forget(self) -> None:
        if self._tokens is not None:
            self._tokens.forget()

    async def close(self) -> None:
        await self._sender.close()


class _Credentials(AsyncHTTPPolicy):  # type: ignore[misc]
    """Adds the access token to requests without blocking the event loop."""

    def __init__(self, tokens: Tokens | None) -> None:
        super().__init__()
        self._tokens = tokens

    async def send(self, request: Any, **config: Any) -> Any:
        if self._tokens is not None:
            request.http_request.headers["Authorization"] = f"Bearer {await self._tokens.get()}"
        return await self.next.send(request, **config)


class _Answer(msgspec.Struct):
    """The parts of a connector service's answer that Digi reads."""

    status: int
    said: Json
    retry_after: str
    context: Any = None


class _Sender(AsyncHTTPSender):  # type: ignore[misc]
    """Sends a request once, with a timeout, without retries and without following redirects."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Any, **_: Any) -> Response:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        asked = request.http_request
        url = URL(asked.url, encoded=True)
        async with self._session.request(
            asked.method, url, data=asked.data, headers=dict(asked.headers), allow_redirects=False
        ) as response:
            said = _json(await response.read()) or {}
            retry_after = response.headers.get("Retry-After", "")
            return Response(request, _Answer(response.status, said, retry_after))

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _by_identity(client_id: str, audience: str) -> FetchToken:
    """Return a function that fetches a token for the host's managed identity. MSAL blocks, so it
    runs in a thread."""

    def ask() -> dict[str, Any]:
        import requests
        from msal import ManagedIdentityClient, UserAssignedManagedIdentity

        with requests.Session() as session:
            client = ManagedIdentityClient(
                UserAssignedManagedIdentity(client_id=client_id), http_client=session
            )
            found: dict[str, Any] = client.acquire_token_for_client(resource=audience)
            return found

    async def asked() -> tuple[str, float]:
        said = await asyncio.to_thread(ask)
        if "access_token" not in said:
            raise NoToken(short_name(said) or "no managed identity")
        return str(said["access_token"]), float(said.get("expires_in") or 3600)

    return asked


# --- small things ---------------------------------------------------------------------------------


def _id_in(said: Json, name: str = "id") -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""


def _activities(ref: Ref) -> str:
    return f"/v3/conversations/{quote(ref.conversation_id, safe='')}/activities"


def _addressed(ref: Ref, activity: Json) -> Json:
    return {
        **activity,
        "from": {"id": ref.bot_id},
        "conversation": {"id": ref.conversation_id},
    }


def _json(raw: bytes) -> Json | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _code(said: Json) -> str:
    error = said.get("error")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    return code if _CODE.fullmatch(code) else ""


def _seconds(said: str) -> float | None:
    try:
        return float(said)
    except ValueError:
        return None
