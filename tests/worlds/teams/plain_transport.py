"""A second transport to Teams that uses no SDK.

It shows that bot/platforms/teams/transport.py can be replaced without other changes.
"""

from __future__ import annotations

import json
from urllib.parse import quote

import aiohttp
from aiohttp import web
from msgspec.structs import replace
from yarl import URL

from bot.platforms.common.ports import Report
from bot.platforms.teams.door import MakeTransport
from bot.platforms.teams.ports import CallFailed, Json, OnActivity, Ref, Transport
from bot.platforms.teams.tokens import NoToken, Tokens, by_secret
from bot.platforms.teams.trust import Doorkeeper, KeysAway, SigningKeys, Stranger
from tests.worlds.teams.world import APP, SECRET, TeamsWorld


class PlainTransport:
    """Implements `bot.platforms.teams.ports.Transport`."""

    def __init__(self, on_activity: OnActivity, doorkeeper: Doorkeeper, tokens: Tokens) -> None:
        self._on_activity = on_activity
        self._doorkeeper = doorkeeper
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.Response:
        try:
            claims = await self._doorkeeper.claims(request.headers.get("Authorization", ""))
            activity = json.loads(await request.read())
            self._doorkeeper.fits(claims, activity)
        except Stranger as stranger:
            return web.Response(status=stranger.status)
        except KeysAway:
            return web.Response(status=503)
        except ValueError:
            return web.Response(status=400)
        reply = await self._on_activity(activity)
        if reply.body is None:
            return web.Response(status=reply.status)
        return web.json_response(reply.body, status=reply.status)

    async def send(self, ref: Ref, activity: Json) -> str:
        return str((await self._call(ref, "POST", _place(ref), activity))["id"])

    async def update(self, ref: Ref, activity_id: str, activity: Json) -> None:
        await self._call(ref, "PUT", f"{_place(ref)}/{activity_id}", activity)

    async def open_private(self, ref: Ref, user_id: str) -> Ref:
        body = {"isGroup": False, "members": [{"id": user_id}], "tenantId": ref.tenant_id}
        said = await self._call(ref, "POST", "", body, writes=False)
        return replace(ref, conversation_id=said["id"], kind="personal")

    async def new_thread(self, ref: Ref, channel_id: str, activity: Json) -> Ref:
        body = {
            "isGroup": True,
            "tenantId": ref.tenant_id,
            "activity": activity,
            "channelData": {"channel": {"id": channel_id}},
        }
        said = await self._call(ref, "POST", "", body)
        return replace(ref, conversation_id=said["id"], kind="channel")

    async def send_targeted(self, ref: Ref, user_id: str, activity: Json) -> str:
        body = {**activity, "recipient": {"id": user_id}}
        path = f"{_place(ref)}?isTargetedActivity=true"
        return str((await self._call(ref, "POST", path, body))["id"])

    async def update_targeted(self, ref: Ref, activity_id: str, activity: Json) -> None:
        path = f"{_place(ref)}/{activity_id}?isTargetedActivity=true"
        await self._call(ref, "PUT", path, activity)

    async def members(self, ref: Ref) -> list[Json]:
        path = f"/{quote(ref.conversation_id, safe='')}/pagedmembers"
        said = await self._call(ref, "GET", path, None, writes=False)
        return list(said["members"])

    async def _call(
        self, ref: Ref, method: str, path: str, body: Json | None, *, writes: bool = True
    ) -> Json:
        if not self._doorkeeper.may_speak_to(ref.service_url):
            raise CallFailed(0, "the service URL is not one of Teams' hosts")
        if self._session is None:
            self._session = aiohttp.ClientSession()
        url = URL(f"{ref.service_url}/v3/conversations{path}", encoded=True)
        for _ in range(2):
            try:
                headers = {"Authorization": f"Bearer {await self._tokens.get()}"}
                async with self._session.request(
                    method, url, json=body, headers=headers
                ) as response:
                    said: Json = await response.json(content_type=None)
            except NoToken as refused:
                raise CallFailed(0, refused.reason) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise CallFailed(0, type(error).__name__, arrived=writes) from None
            if response.status != 401:
                break
            self._tokens.forget()
        if response.status >= 300:
            after = response.headers.get("Retry-After")
            raise CallFailed(
                response.status, said["error"]["code"], retry_after=float(after) if after else None
            )
        return said

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def by_hand(world: TeamsWorld, told: Report) -> MakeTransport:
    def transport(on_activity: OnActivity) -> Transport:
        doorkeeper = Doorkeeper(
            app_id=APP,
            keys=SigningKeys(f"{world.url}/openid"),
            tenants=[tenant.id for tenant in world.tenants],
            hosts=["127.0.0.1"],
        )
        tokens = Tokens(by_secret(APP, SECRET, world.home.id, f"{world.url}/login"))
        return PlainTransport(on_activity, doorkeeper, tokens)

    return transport


def _place(ref: Ref) -> str:
    return f"/{quote(ref.conversation_id, safe='')}/activities"
