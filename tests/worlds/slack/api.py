"""The simulated Web API: one method for each API method, with a common entry point."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.worlds.slack.limits import Refused
from tests.worlds.slack.state import Channel, Dict, Message, View, Workspace
from tests.worlds.slack.trouble import (
    DEEP,
    RESPONSE_SECONDS,
    RESPONSE_TIMES,
    TRIGGER_SECONDS,
    Broken,
    Call,
    Limited,
    Lost,
    Says,
    Slow,
    Trouble,
)

if TYPE_CHECKING:
    from tests.worlds.slack.world import SlackWorld

SCOPES = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.delete": "chat:write",
    "conversations.open": "im:write",
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "users.conversations": "channels:read",
    "users.info": "users:read",
    "users.list": "users:read",
}
_JSON = ("blocks", "view", "metadata", "attachments")
_BY_CHANNEL = ("chat.postMessage", "chat.postEphemeral")
_UPDATE_TEXT = 4000
_YES = (True, 1, "true", "True", "1")


def _limit_of(team: str, method: str, args: Dict) -> tuple[str, str, str]:
    """Return the key of a rate limit. Slack limits each method per workspace, and posting per
    channel."""
    return team, method, str(args.get("channel", "")) if method in _BY_CHANNEL else ""


class No(Exception):
    """An error answer with Slack's error code."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Dict = {"ok": False, "error": error, **more}


class Api:
    def __init__(self, world: SlackWorld) -> None:
        self._world = world
        self._methods: dict[str, Callable[[Workspace, Dict], Dict]] = {
            "auth.test": self._auth_test,
            "auth.revoke": self._auth_revoke,
            "auth.teams.list": self._auth_teams,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": self._whisper,
            "chat.delete": self._delete,
            "conversations.open": self._open,
            "conversations.info": self._info,
            "conversations.members": self._members,
            "users.conversations": self._conversations,
            "users.info": self._user,
            "users.list": self._users,
            "views.open": self._view_open,
            "views.push": self._view_push,
            "views.update": self._view_update,
            "views.publish": self._view_publish,
        }

    def add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/response/{id}", self._response)

    # --- the way in -----------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.Response:
        self._world.under_way += 1
        try:
            return await self._answered(request)
        finally:
            self._world.under_way -= 1

    async def _answered(self, request: web.Request) -> web.Response:
        world, method = self._world, request.match_info["method"]
        try:
            args, token = await _arguments(request)
        except No as no:
            return self._reply(method, {}, "", no.answer)
        trouble = world.trouble_for(method, args)
        team = next((s.team for s in world.workspaces if s.token == token), "")
        if isinstance(trouble, Limited):
            self._limit(method, args, team, trouble.after)
            answer = {"ok": False, "error": "ratelimited"}
            return self._reply(method, args, team, answer, 429, trouble, after=trouble.after)
        if isinstance(trouble, Broken):
            return self._reply(method, args, team, {}, trouble.status, trouble)
        if isinstance(trouble, Slow):
            # Only the caller waits for the delay, not the whole server.
            world.under_way -= 1
            try:
                await world.clock.until(trouble.seconds)
            finally:
                world.under_way += 1
        try:
            if isinstance(trouble, Says):
                raise No(trouble.error, **trouble.more)
            answer = {"ok": True, **self._do(method, token, args, request)}
        except No as no:
            answer = no.answer
        except Refused as refused:
            answer = _refusal(refused)
        response = self._reply(method, args, team, answer, 200, trouble)
        if isinstance(trouble, Lost) and request.transport is not None:
            request.transport.abort()
        return response

    def _do(self, method: str, token: str, args: Dict, request: web.Request) -> Dict:
        if method == "api.test":
            return {}
        if method == "oauth.v2.access":
            return self._oauth(args, request)
        if method == "apps.connections.open":
            if not token.startswith("xapp-"):
                raise No("not_allowed_token_type")
            if token != self._world.app_token:
                raise No("invalid_auth")
            return {"url": self._world.socket.ticket()}
        if method not in self._methods:
            raise No("unknown_method", req_method=method)
        space = self._space(token)
        needed = SCOPES.get(method)
        if needed == "channels:read":
            found = space.channels.get(str(args.get("channel")))
            needed = "groups:read" if found and found.private else needed
        if needed and needed not in space.scopes:
            raise No("missing_scope", needed=needed, provided=",".join(sorted(space.scopes)))
        return self._methods[method](space, args)

    def _space(self, token: str) -> Workspace:
        if not token:
            raise No("not_authed")
        for space in self._world.workspaces:
            if token == space.token:
                if space.uninstalled:
                    raise No("account_inactive")
                if space.revoked:
                    raise No("token_revoked")
                if space.expired:
                    raise No("token_expired")
                return space
        raise No("invalid_auth")

    def _limit(self, method: str, args: Dict, team: str, after: int) -> None:
        key = _limit_of(team, method, args)
        until = self._world.clock.now() + after
        self._world.limited[key] = max(until, self._world.limited.get(key, 0.0))

    def _reply(
        self,
        method: str,
        args: Dict,
        team: str,
        answer: Dict,
        status: int = 200,
        trouble: Trouble | None = None,
        after: int | None = None,
    ) -> web.Response:
        world = self._world
        now = world.clock.now()
        call = Call(method, args, team, now, answer, status, trouble)
        world.calls.append(call)
        key = _limit_of(team, method, args)
        if after is None and now < world.limited.get(key, 0.0):
            world.too_early.append(call)
        headers = {"x-slack-req-id": world.hex()}
        space = next((s for s in world.workspaces if s.team == team), None)
        if space is not None:
            headers["x-oauth-scopes"] = ",".join(sorted(space.scopes))
        if after is not None:
            headers["Retry-After"] = str(after)
        if status >= 500:
            return web.Response(status=status, text="upstream connect error", headers=headers)
        return web.json_response(answer, status=status, headers=headers)

    # --- tokens ---------------------------------------------------------------------------

    def _auth_test(self, space: Workspace, args: Dict) -> Dict:
        return {
            "url": f"https://{space.name.casefold()}.slack.com/",
            "team": space.name,
            "user": "digi",
            "team_id": space.team,
            "user_id": space.bot,
            "bot_id": space.bot_id,
            "is_enterprise_install": space.is_grid,
        } | ({"enterprise_id": space.enterprise} if space.enterprise else {})

    def _auth_teams(self, space: Workspace, args: Dict) -> Dict:
        """Return the organisation's workspaces in which the app may be used."""
        if not space.is_grid:
            raise No("not_allowed_token_type")
        page, cursor = self._page([{"id": space.team, "name": space.name}], args)
        return {"teams": page, "response_metadata": {"next_cursor": cursor}}

    def _auth_revoke(self, space: Workspace, args: Dict) -> Dict:
        space.revoked = True
        return {"revoked": True}

    def _oauth(self, args: Dict, request: web.Request) -> Dict:
        world = self._world
        given = args.get("client_id"), args.get("client_secret")
        head = request.headers.get("Authorization", "")
        if head.startswith("Basic "):
            id, _, secret = base64.b64decode(head[6:]).decode().partition(":")
            given = id, secret
        if given[0] != world.client_id:
            raise No("invalid_client_id")
        if given[1] != world.client_secret:
            raise No("bad_client_secret")
        if args.get("grant_type") == "refresh_token":
            space = next(
                (s for s in world.workspaces if s.refresh and s.refresh == args["refresh_token"]),
                None,
            )
            if space is None:
                raise No("invalid_refresh_token")
        else:
            code = str(args.get("code", ""))
            if code not in world.codes:
                raise No("invalid_code")
            space, redirect_uri = world.codes.pop(code)
            if redirect_uri != str(args.get("redirect_uri", redirect_uri)):
                raise No("bad_redirect_uri")
            space.revoked = space.uninstalled = False
        if space.refresh:
            space.token = f"xoxe.xoxb-1-{world.hex(12)}"
            space.refresh = f"xoxe-1-{world.hex(20)}"
            space.expired = False
        answer: Dict = {
            "app_id": world.app_id,
            "authed_user": {"id": next(iter(space.users), "U0ADMIN")},
            "scope": ",".join(sorted(space.scopes)),
            "token_type": "bot",
            "access_token": space.token,
            "bot_user_id": space.bot,
            "team": None if space.is_grid else {"id": space.team, "name": space.name},
            "enterprise": (
                {"id": space.enterprise, "name": space.name} if space.enterprise else None
            ),
            "is_enterprise_install": space.is_grid,
        }
        if space.refresh:
            answer |= {"refresh_token": space.refresh, "expires_in": 43200}
        return answer

    # --- messages -------------------------------------------------------------------------

    def _place(self, space: Workspace, args: Dict, *, writes: bool = False) -> Channel:
        channel = space.channels.get(str(args.get("channel")))
        inside = channel is not None and space.bot in channel.members
        if channel is None or (channel.private and not inside):
            raise No("channel_not_found")
        if writes:
            if channel.archived:
                raise No("is_archived")
            if not inside and "chat:write.public" not in space.scopes:
                raise No("not_in_channel")
        return channel

    def _content(self, args: Dict) -> tuple[str, list[Dict]]:
        text, blocks = str(args.get("text") or ""), args.get("blocks") or []
        if not text and not blocks:
            raise No("no_text")
        self._world.checked({"text": text, "blocks": blocks})
        return text, blocks

    def _thread(self, space: Workspace, channel: str, args: Dict) -> str:
        ts = str(args.get("thread_ts") or "")
        parent = space.message(channel, ts) if ts else None
        if ts and (parent is None or parent.only_for):
            raise No("thread_not_found")
        return parent.thread_ts or ts if parent is not None else ""

    def _post(self, space: Workspace, args: Dict) -> Dict:
        channel = self._place(space, args, writes=True)
        text, blocks = self._content(args)
        metadata = args.get("metadata")
        if metadata and not ({"event_type", "event_payload"} <= set(metadata)):
            raise No("invalid_metadata_format")
        message = self._world.post(
            space,
            channel.id,
            text=text,
            blocks=blocks,
            thread_ts=self._thread(space, channel.id, args),
            metadata=metadata,
        )
        shown = self._world.message_json(space, message)
        return {"channel": channel.id, "ts": message.ts, "message": shown}

    def _own(self, space: Workspace, args: Dict, error: str) -> Message:
        channel = self._place(space, args)
        message = space.message(channel.id, str(args.get("ts")))
        if message is None or message.only_for:
            raise No("message_not_found")
        if message.user != space.bot:
            raise No(error)
        if channel.archived:
            raise No("is_archived")
        return message

    def _update(self, space: Workspace, args: Dict) -> Dict:
        message = self._own(space, args, "cant_update_message")
        if len(str(args.get("text") or "")) > _UPDATE_TEXT:
            raise No("msg_too_long")
        text, _ = self._content(args)
        self._world.change(message, text=text, blocks=args.get("blocks"))
        if "metadata" in args:
            message.metadata = args["metadata"] or None
        shown = self._world.message_json(space, message)
        return {"channel": message.channel, "ts": message.ts, "text": text, "message": shown}

    def _whisper(self, space: Workspace, args: Dict) -> Dict:
        channel = self._place(space, args, writes=True)
        user = str(args.get("user"))
        if user not in channel.members:
            raise No("user_not_in_channel")
        text, blocks = self._content(args)
        message = self._world.post(
            space,
            channel.id,
            text=text,
            blocks=blocks,
            only_for=user,
            thread_ts=self._thread(space, channel.id, args),
        )
        return {"message_ts": message.ts}

    def _delete(self, space: Workspace, args: Dict) -> Dict:
        message = self._own(space, args, "cant_delete_message")
        message.deleted = True
        return {"channel": message.channel, "ts": message.ts}

    # --- channels and people --------------------------------------------------------------

    def _open(self, space: Workspace, args: Dict) -> Dict:
        users = [one.strip() for one in str(args.get("users") or "").split(",") if one.strip()]
        if not users:
            raise No("users_list_not_supplied")
        if len(users) > 1:
            raise No("too_many_users")
        user = space.users.get(users[0])
        if user is None:
            raise No("user_not_found")
        if user.bot:
            raise No("cannot_dm_bot")
        if user.deleted:
            raise No("user_disabled")
        known = f"D{user.id[1:]}" in space.channels
        channel = space.im(user.id)
        return {"channel": {"id": channel.id}} | ({"already_open": True} if known else {})

    def _info(self, space: Workspace, args: Dict) -> Dict:
        channel = self._place(space, args)
        found = self._channel_json(space, channel)
        if args.get("include_num_members") in _YES:
            found["num_members"] = len(channel.members)
        return {"channel": found}

    def _channel_json(self, space: Workspace, channel: Channel) -> Dict:
        found: Dict = {
            "id": channel.id,
            "name": channel.name,
            "is_channel": not channel.im,
            "is_im": bool(channel.im),
            "is_private": channel.private,
            "is_archived": channel.archived,
            "is_member": space.bot in channel.members,
            "is_ext_shared": channel.shared,
            "context_team_id": space.team,
        }
        return found | ({"user": channel.im} if channel.im else {})

    def _members(self, space: Workspace, args: Dict) -> Dict:
        channel = self._place(space, args)
        page, cursor = self._page(channel.members, args)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def _conversations(self, space: Workspace, args: Dict) -> Dict:
        """Return the bot's channels. Private channels require a scope of their own."""
        if space.is_grid and args.get("team_id") != space.team:
            raise No("team_access_not_granted" if args.get("team_id") else "missing_argument")
        kinds = str(args.get("types") or "public_channel").split(",")
        if "private_channel" in kinds and "groups:read" not in space.scopes:
            provided = ",".join(sorted(space.scopes))
            raise No("missing_scope", needed="groups:read", provided=provided)
        found = [
            self._channel_json(space, channel)
            for channel in space.channels.values()
            if space.bot in channel.members
            and ("im" if channel.im else "private_channel" if channel.private else "public_channel")
            in kinds
            and not (channel.archived and args.get("exclude_archived") in _YES)
        ]
        page, cursor = self._page(found, args)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    def _user(self, space: Workspace, args: Dict) -> Dict:
        user = space.users.get(str(args.get("user")))
        if user is None:
            raise No("user_not_found")
        locale = args.get("include_locale") in _YES
        return {"user": self._world.user_json(space, user, locale=locale)}

    def _users(self, space: Workspace, args: Dict) -> Dict:
        page, cursor = self._page(list(space.users.values()), args)
        locale = args.get("include_locale") in _YES
        return {
            "members": [self._world.user_json(space, user, locale=locale) for user in page],
            "cache_ts": int(self._world.clock.now()),
            "response_metadata": {"next_cursor": cursor},
        }

    def _page(self, items: list[Any], args: Dict) -> tuple[list[Any], str]:
        """Return a page of a list. Slack may return fewer items than the requested limit."""
        cursor = str(args.get("cursor") or "")
        try:
            start = int(base64.b64decode(cursor).decode().removeprefix("at:")) if cursor else 0
            size = min(int(args.get("limit") or self._world.page), self._world.page)
        except ValueError:
            raise No("invalid_cursor") from None
        end = start + size
        following = base64.b64encode(f"at:{end}".encode()).decode() if end < len(items) else ""
        return items[start:end], following

    # --- views ----------------------------------------------------------------------------

    def _exchange(self, space: Workspace, args: Dict) -> tuple[str, str, str]:
        """Consume a trigger_id, and return its person, channel and modal."""
        trigger = self._world.triggers.get(str(args.get("trigger_id")))
        if trigger is None or trigger.team != space.team:
            raise No("invalid_trigger_id")
        if trigger.used:
            raise No("exchanged_trigger_id")
        if self._world.clock.now() - trigger.at > TRIGGER_SECONDS:
            raise No("expired_trigger_id")
        trigger.used = True
        return trigger.user, trigger.channel, trigger.view

    def _drawn(self, args: Dict, kind: str) -> Dict:
        view = args.get("view")
        if not isinstance(view, dict) or view.get("type") != kind:
            raise No("invalid_arguments", response_metadata={"messages": ["[ERROR] no view"]})
        self._world.checked(view)
        return view

    def _view_open(self, space: Workspace, args: Dict) -> Dict:
        body = self._drawn(args, "modal")
        user, channel, _ = self._exchange(space, args)
        view = self._world.open_view(space, user, body, root=None)
        view.origin = channel
        return {"view": self._world.view_json(space, view)}

    def _view_push(self, space: Workspace, args: Dict) -> Dict:
        body = self._drawn(args, "modal")
        user, channel, under = self._exchange(space, args)
        stack = space.stacks.get(user, [])
        if not under or under not in stack:
            raise No("not_found")
        if len(stack) >= DEEP:
            raise No("push_limit_reached")
        view = self._world.open_view(space, user, body, root=space.views[under])
        view.origin = channel
        return {"view": self._world.view_json(space, view)}

    def _view_update(self, space: Workspace, args: Dict) -> Dict:
        body = self._drawn(args, "modal")
        view = self._find(space, args)
        if args.get("hash") and args["hash"] != view.hash:
            raise No("hash_conflict")
        self._world.set_view(view, body)
        return {"view": self._world.view_json(space, view)}

    def _find(self, space: Workspace, args: Dict) -> View:
        id, external = args.get("view_id"), args.get("external_id")
        for view in space.views.values():
            there = view.id in space.stacks.get(view.user, [])
            if there and (view.id == id or (external and view.body.get("external_id") == external)):
                return view
        raise No("not_found")

    def _view_publish(self, space: Workspace, args: Dict) -> Dict:
        user = str(args.get("user_id"))
        if user not in space.users:
            raise No("user_not_found")
        body = self._drawn(args, "home")
        view = space.homes.get(user)
        if view is None:
            view = space.homes[user] = View(self._world.fresh("V"), user, {})
            space.views[view.id] = view
        elif args.get("hash") and args["hash"] != view.hash:
            raise No("hash_conflict")
        self._world.set_view(view, body)
        return {"view": self._world.view_json(space, view)}

    # --- response_url ---------------------------------------------------------------------

    async def _response(self, request: web.Request) -> web.Response:
        world = self._world
        found = world.response_urls.get(request.match_info["id"])
        if found is None or world.clock.now() - found.at > RESPONSE_SECONDS:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if found.used >= RESPONSE_TIMES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        body: Dict = await request.json()
        trouble = world.trouble_for("response_url", body)
        if isinstance(trouble, Limited):
            return web.Response(status=429, headers={"Retry-After": str(trouble.after)})
        if isinstance(trouble, Broken):
            return web.Response(status=trouble.status)
        found.used += 1
        answer: Dict = {"ok": True}
        try:
            self.respond(world.space(found.team), body, found.channel, found.user, found.message)
        except Refused as refused:
            answer = _refusal(refused)
        world.calls.append(Call("response_url", body, found.team, world.clock.now(), answer))
        if isinstance(trouble, Lost) and request.transport is not None:
            request.transport.abort()
        if not answer["ok"]:
            return web.json_response(answer, status=400)
        return web.Response(text="ok")

    def respond(
        self, space: Workspace, body: Dict, channel: str, user: str, message: Message | None
    ) -> None:
        """Show the answer to a command or a message at a response_url: ephemeral unless it says
        otherwise."""
        if body.get("delete_original"):
            if message is not None:
                message.deleted = True
            return
        text, blocks = str(body.get("text") or ""), body.get("blocks") or []
        self._world.checked({"text": text, "blocks": blocks})
        if body.get("replace_original") and message is not None:
            self._world.change(message, text=text, blocks=blocks)
            return
        everybody = body.get("response_type") == "in_channel"
        self._world.post(
            space,
            channel,
            text=text,
            blocks=blocks,
            only_for="" if everybody else user,
            thread_ts=str(body.get("thread_ts") or ""),
        )


async def _arguments(request: web.Request) -> tuple[Dict, str]:
    """Read arguments from the query string, a form or JSON, and the token from the header or among
    them."""
    args: Dict = dict(request.query)
    if request.content_type == "application/json":
        try:
            given = json.loads(await request.text() or "{}")
        except ValueError:
            raise No("invalid_json") from None
        if not isinstance(given, dict):
            raise No("json_not_object")
        args |= given
    elif request.method == "POST":
        args |= {key: str(value) for key, value in (await request.post()).items()}
    for name in _JSON:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                raise No(f"invalid_{name}_format") from None
    token = str(args.pop("token", ""))
    head = request.headers.get("Authorization", "")
    if head.startswith("Bearer "):
        token = head.removeprefix("Bearer ")
    await asyncio.sleep(0)
    return args, token


def _refusal(refused: Refused) -> Dict:
    return {
        "ok": False,
        "error": refused.error,
        "response_metadata": {"messages": [f"[ERROR] {one}" for one in refused.found]},
    }
