"""A simulated Teams on this machine: connector service, signing keys, tokens and failures."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Callable
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.worlds.platform import PretendedPlatform
from tests.worlds.teams.limits import Refused, check
from tests.worlds.teams.state import CHANNEL, Clock, Dict, Message, Person, Tenant
from tests.worlds.teams.trouble import Call, Lost, Says, Trouble

APP = "22222222-2222-4222-8222-222222222222"
BOT = f"28:{APP}"
SECRET = "geheimnis"
ISSUER = "https://api.botframework.com"
LIMITS = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
TENANT_LIMIT = (30, 1.0)
BIGGEST = 100 * 1024
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TeamsWorld(PretendedPlatform[Trouble, Call]):
    """Use as `async with TeamsWorld() as teams:`."""

    def __init__(self, *tenants: Tenant, clock: Clock | None = None, local: bool = False) -> None:
        super().__init__()
        self.tenants = list(tenants) or [Tenant()]
        self.clock = clock or Clock()
        self.local = local
        """Without tokens, like a development client."""
        self.limited: dict[str, float] = {}
        self.weather: Callable[[str, str], Trouble | None] = lambda method, path: None
        self.keys_away = False
        self.keys_wait = 0.0
        """How many real seconds requests for keys and tokens take."""
        self.keys_gate = asyncio.Event()
        """While this event is not set, requests for keys and tokens hang."""
        self.keys_gate.set()
        self.key_requests = 0
        self.token_requests: list[Dict] = []
        self.tokens: dict[str, float] = {}
        self.token_lives = 3599
        self.refuses_tokens = ""
        self.strangers: list[str] = []
        self._said: dict[str, list[float]] = {}
        self._bearer = ("", 0.0, "")
        self._ids = itertools.count(1_793_606_400_001)

    # --- serving --------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/openid", self._openid),
                web.get("/keys", self._keys),
                web.post("/login/{tenant}/oauth2/v2.0/token", self._token),
                web.route("*", "/connector/{rest:.*}", self._connector),
            ]
        )

    @property
    def service_url(self) -> str:
        return f"{self.url}/connector"

    @property
    def home(self) -> Tenant:
        return self.tenants[0]

    # --- whom Digi believes ---------------------------------------------------------------

    async def _openid(self, _: web.Request) -> web.Response:
        self.key_requests += 1
        await asyncio.sleep(self.keys_wait)
        await self.keys_gate.wait()
        if self.keys_away:
            return web.Response(status=503)
        return web.json_response({"issuer": ISSUER, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [_jwk(KEY, "k1")]})

    def token(self, key: Any = KEY, *, kid: str = "k1", alg: str = "RS256", **claims: Any) -> str:
        """Create a token as Teams sends it to Digi. A claim of None is omitted."""
        now = int(time.time())
        whole = {
            "iss": ISSUER,
            "aud": APP,
            "exp": now + 3600,
            "nbf": now - 60,
            "serviceurl": self.service_url,
            **claims,
        }
        held = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(held, key, algorithm=alg, headers={"kid": kid})

    def _usual_token(self) -> str:
        """Return the same token for ten minutes, as Teams does: signing one takes longer than
        handling an activity."""
        service_url, until, token = self._bearer
        if service_url != self.service_url or time.monotonic() > until:
            token = self.token()
            self._bearer = (self.service_url, time.monotonic() + 600, token)
        return token

    # --- whom Teams believes --------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.token_requests.append({"tenant": request.match_info["tenant"], **form})
        await asyncio.sleep(self.keys_wait)
        await self.keys_gate.wait()
        if self.refuses_tokens:
            return web.json_response({"error": self.refuses_tokens}, status=400)
        wanted = {
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": SECRET,
            "scope": "https://api.botframework.com/.default",
        }
        if form != wanted:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"ours-{len(self.token_requests)}"
        self.tokens[token] = self.clock.now() + self.token_lives
        return web.json_response({"access_token": token, "expires_in": self.token_lives})

    # --- the connector service ------------------------------------------------------------

    async def _connector(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body: Dict = json.loads(raw) if raw else {}
        path = request.match_info["rest"]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        planned = self.trouble.get(request.method)
        trouble = planned.popleft() if planned else self.weather(request.method, path)
        if not self.local and self.tokens.get(token, 0.0) <= self.clock.now():
            if token not in self.tokens:
                self.strangers.append(path)
            status, answer, after = 401, _error("Unauthorized"), None
        elif isinstance(trouble, Says):
            status, answer, after = trouble.status, _error(trouble.code), trouble.after
        elif len(raw) > BIGGEST:
            status, answer, after = 413, _error("RequestEntityTooLarge"), None
        elif raw and request.content_type != "application/json":
            status, answer, after = 400, _error("BadArgument"), None
        else:
            status, answer, after = self._does(request.method, path, request.query_string, body)
        if isinstance(trouble, Lost) and status >= 300:
            trouble = None  # an error that says that nothing was executed
        call = Call(request.method, path, body, self.clock.now(), status, trouble)
        self.calls.append(call)
        conversation = _conversation(path, body)
        if self.limited.get(conversation, 0.0) > call.at and trouble is None and status != 429:
            self.too_early.append(call)
        if status == 429 and after is not None:
            self.limited[conversation] = call.at + after
        if isinstance(trouble, Lost):
            assert request.transport is not None
            request.transport.close()
        headers = {"Retry-After": str(after)} if after is not None else {}
        return web.json_response(answer, status=status, headers=headers)

    def _does(self, method: str, path: str, query: str, body: Dict) -> tuple[int, Dict, int | None]:
        if (method, path) == ("POST", "v3/conversations"):
            return self._opens(body)
        found = re.fullmatch(
            r"v3/conversations/([^/]+)/(activities|pagedmembers)(?:/([^/]+))?", path
        )
        if found is None:
            return 404, _error("ServiceNotFound"), None
        conversation, what, id = found[1], found[2], found[3]
        place, _, root = conversation.partition(";messageid=")
        tenant = self._tenant_of(place)
        if tenant is None:
            return 404, _error("ConversationNotFound"), None
        if place in tenant.blocked:
            return 403, _error("MessageWritesBlocked"), None
        if what == "pagedmembers":
            return self._members(tenant, place)
        if (refused := self._fits(body)) is not None:
            return refused
        if method == "PUT":
            return self._changes(tenant, place, id or "", body, "isTargetedActivity=true" in query)
        if "isTargetedActivity=true" in query:
            return self._targeted(tenant, place, root, body)
        if (limit := self._fast(tenant, conversation)) is not None:
            return 429, _error("TooManyRequests"), limit
        return 201, {"id": self._say(tenant, place, root, body).id}, None

    def _opens(self, body: Dict) -> tuple[int, Dict, int | None]:
        tenant = self._by_id(body.get("tenantId", ""))
        if tenant is None:
            return 403, _error("Forbidden"), None
        if not body.get("isGroup"):
            [member] = body["members"]
            person = tenant.somebody(member["id"])
            if person is None:
                return 404, _error("UserNotFound"), None
            if not person.installed:
                return 403, _error("ForbiddenOperationException"), None
            return 200, {"id": person.chat}, None
        channel = body["channelData"]["channel"]["id"]
        if channel not in tenant.channels:
            return 404, _error("ConversationNotFound"), None
        if channel not in tenant.installed:
            return 403, _error("BotNotInConversationRoster"), None
        if channel in tenant.blocked:
            return 403, _error("MessageWritesBlocked"), None
        if (refused := self._fits(body["activity"])) is not None:
            return refused
        if (limit := self._fast(tenant, channel)) is not None:
            return 429, _error("TooManyRequests"), limit
        said = self._say(tenant, channel, "", body["activity"])
        return 201, {"id": f"{channel};messageid={said.id}", "activityId": said.id}, None

    def _members(self, tenant: Tenant, place: str) -> tuple[int, Dict, int | None]:
        if place not in tenant.installed:
            return 403, _error("BotNotInConversationRoster"), None
        there = [tenant.people[handle] for handle in tenant.channels.get(place, [])]
        return 200, {"members": [_member(person) for person in there]}, None

    def _fits(self, activity: Dict) -> tuple[int, Dict, int | None] | None:
        for attachment in activity.get("attachments") or ():
            try:
                check(attachment["content"])
            except Refused as refused:
                self.faults.append(refused)
                return 400, _error("BadSyntax"), None
        return None

    def _changes(
        self, tenant: Tenant, place: str, id: str, body: Dict, targeted: bool
    ) -> tuple[int, Dict, int | None]:
        if targeted and "recipient" in body:
            return 400, _error("BadArgument"), None
        message = tenant.message(place, id)
        if message is None or message.by or bool(message.only_for) is not targeted:
            return 404, _error("ActivityNotFoundInConversation"), None
        self.tick += 1
        message.activity, message.changed = body, self.tick
        message.versions += 1
        return 200, {"id": id}, None

    def _targeted(
        self, tenant: Tenant, place: str, root: str, body: Dict
    ) -> tuple[int, Dict, int | None]:
        person = tenant.somebody(body["recipient"]["id"])
        if not tenant.targeted or person is None:
            return 400, _error("BadArgument"), None
        said = self._say(tenant, place, root, body)
        said.only_for = person.handle
        return 201, {"id": said.id}, None

    def _say(self, tenant: Tenant, place: str, root: str, activity: Dict) -> Message:
        return self.say(tenant, place, root, activity, by="")

    def say(self, tenant: Tenant, place: str, root: str, activity: Dict, *, by: str) -> Message:
        self.tick += 1
        id = str(next(self._ids))
        threaded = place.endswith("@thread.tacv2")
        message = Message(
            id, place, (root or id) if threaded else "", activity, by, changed=self.tick
        )
        tenant.add(message)
        return message

    def _fast(self, tenant: Tenant, conversation: str) -> int | None:
        """Check the rate limit; returns the Retry-After if it is exceeded, else None."""
        now = self.clock.now()
        for name, limits in ((conversation, LIMITS), (tenant.id, (TENANT_LIMIT,))):
            said = self._said.setdefault(name, [])
            for most, seconds in limits:
                if len(said) >= most and said[-most] > now - seconds + 0.0005:
                    return 1
        for name in (conversation, tenant.id):
            self._said[name].append(now)
        return None

    def _tenant_of(self, place: str) -> Tenant | None:
        for tenant in self.tenants:
            chats = {person.chat for person in tenant.people.values() if person.installed}
            if place in tenant.installed or place in chats:
                return tenant
        return None

    def _by_id(self, id: str) -> Tenant | None:
        return next((tenant for tenant in self.tenants if tenant.id == id), None)

    # --- what Teams sends -----------------------------------------------------------------

    async def send(
        self, activity: Dict, *, token: str | None = None, headers: Dict | None = None
    ) -> tuple[int, Dict]:
        """Send an activity to Digi and return its response."""
        shown = self._usual_token() if token is None else token
        whole = {"Authorization": f"Bearer {shown}"} if shown and not self.local else {}
        async with self.session.post(
            self.digi_url, json=activity, headers={**whole, **(headers or {})}
        ) as response:
            text = await response.text()
            try:
                return response.status, json.loads(text) if text else {}
            except ValueError:
                return response.status, {"text": text}

    def activity(
        self, person: Person | None, conversation: str, *, tenant: Tenant | None = None, **more: Any
    ) -> Dict:
        tenant = tenant or self.home
        place = conversation.partition(";messageid=")[0]
        kind = "personal"
        if place.startswith("19:"):
            kind = "channel" if place.endswith("@thread.tacv2") else "groupChat"
        data: Dict = {"tenant": {"id": tenant.id}}
        if kind == "channel":
            data |= {"team": {"id": tenant.team}, "channel": {"id": place}}
        found: Dict = {
            "id": f"f:{next(self._ids)}",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "timestamp": "2026-11-02T08:00:00.000Z",
            "recipient": {"id": BOT, "name": "Digi"},
            "conversation": {
                "id": conversation,
                "conversationType": kind,
                "tenantId": tenant.id,
                "isGroup": kind != "personal",
            },
            "channelData": data,
        }
        if person is not None:
            found["from"] = {"id": person.address, "name": person.name, "aadObjectId": person.id}
            found["locale"] = person.locale
            if person.tenant != tenant.id:
                found["from"]["tenantId"] = person.tenant
        return found | more

    async def installed_for(self, person: Person, *, tenant: Tenant | None = None) -> int:
        """Install the app for a person, by themselves or by an administrator."""
        person.installed = True
        status, _ = await self.send(
            self.activity(
                person, person.chat, tenant=tenant, type="installationUpdate", action="add"
            )
        )
        return status

    async def installed(self, channel: str = CHANNEL, *, tenant: Tenant | None = None) -> int:
        """Install the app in a team, and notify Digi as Teams does."""
        tenant = tenant or self.home
        tenant.installed.add(channel)
        someone = next(iter(tenant.people.values()))
        status, _ = await self.send(
            self.activity(
                someone,
                channel,
                tenant=tenant,
                type="conversationUpdate",
                membersAdded=[{"id": BOT}],
            )
        )
        return status

    async def deletes(self, channel: str) -> int:
        """Delete a channel, and notify Digi as Teams does: in the conversation of the team, with
        the channel named beside it."""
        self.home.channels.pop(channel)
        self.home.installed.discard(channel)
        someone = next(iter(self.home.people.values()))
        data = {
            "tenant": {"id": self.home.id},
            "team": {"id": self.home.team},
            "channel": {"id": channel},
            "eventType": "channelDeleted",
        }
        status, _ = await self.send(
            self.activity(someone, self.home.team, type="conversationUpdate", channelData=data)
        )
        return status


def _jwk(key: rsa.RSAPrivateKey, kid: str) -> Dict:
    found: Dict = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return found | {"kid": kid, "endorsements": ["msteams", "webchat"]}


def _member(person: Person) -> Dict:
    first, _, last = person.name.partition(" ")
    known = {"aadObjectId": person.id, "objectId": person.id} if person.directory else {}
    return {
        "id": person.address,
        "name": person.name,
        "givenName": first,
        "surname": last,
        **known,
        "tenantId": person.tenant,
        "userPrincipalName": f"{person.handle}@example.dk",
        "userRole": person.role,
    }


def _error(code: str) -> Dict:
    return {"error": {"code": code, "message": f"{code} in words"}}


def _conversation(path: str, body: Dict) -> str:
    found = re.match(r"v3/conversations/([^/]+)/", path)
    if found:
        return found[1]
    channel = (body.get("channelData") or {}).get("channel") or {}
    return str(channel.get("id") or "")
