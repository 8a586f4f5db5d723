"""A simulated Slack: a real HTTP server on this machine that behaves like Slack, including
failures."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal

from aiohttp import web

from tests.worlds.platform import PretendedPlatform
from tests.worlds.slack.api import Api
from tests.worlds.slack.limits import Refused, check
from tests.worlds.slack.sender import Sender
from tests.worlds.slack.socket import SocketMode
from tests.worlds.slack.state import Clock, Dict, Message, User, View, Workspace, with_ids
from tests.worlds.slack.trouble import Call, ResponseUrl, Trigger, Trouble


class SlackWorld(PretendedPlatform[Trouble, Call]):
    """Use as `async with SlackWorld() as slack:`; `slack.api_url` is the value for SLACK_API_URL.
    Every payload is validated by `check`."""

    biggest = 64 * 1024 * 1024

    def __init__(
        self,
        *workspaces: Workspace,
        mode: Literal["http", "socket"] = "http",
        clock: Clock | None = None,
        page: int = 100,
    ) -> None:
        super().__init__()
        self.workspaces = list(workspaces) or [Workspace()]
        self.mode: Literal["http", "socket"] = mode
        self.clock = clock or Clock()
        self.page = page
        self.signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
        self.app_token = "xapp-1-A0DIGI-1-abc"
        self.app_id = "A0DIGI"
        self.client_id, self.client_secret = "100.200", "geheimnis"
        self.limited: dict[tuple[str, str, str], float] = {}
        self.weather: Callable[[str, Dict], Trouble | None] = lambda method, args: None
        """Decides, for calls without a planned outcome, whether they fail."""
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.codes: dict[str, tuple[Workspace, str]] = {}
        """OAuth codes of approved installations, each with its redirect_uri."""
        self.under_way = 0
        self._ids = itertools.count(1)
        self._stamps = itertools.count(1)
        self._chance = random.Random(4)
        self.api = Api(self)
        self.socket = SocketMode(self)
        self.send = Sender(self)

    # --- serving --------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        self.api.add_routes(app)
        self.socket.add_routes(app)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.socket.close()
        await super().__aexit__(kind, error, trace)

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def home(self) -> Workspace:
        """Return the first workspace, which in most tests is the only one."""
        return self.workspaces[0]

    # --- planned trouble ------------------------------------------------------------------

    def trouble_for(self, method: str, args: Dict) -> Trouble | None:
        planned = self.trouble.get(method)
        return planned.popleft() if planned else self.weather(method, args)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # --- what Slack takes -----------------------------------------------------------------

    def checked(self, payload: Dict | Sequence[Dict]) -> None:
        """Validate a payload; every payload passes here."""
        try:
            check(payload)
        except Refused as refused:
            self.faults.append(refused)
            raise

    # --- ids ------------------------------------------------------------------------------

    def fresh(self, prefix: str) -> str:
        return f"{prefix}{next(self._ids):08d}"

    def stamp(self) -> str:
        return f"{int(self.clock.now())}.{next(self._stamps):06d}"

    def hex(self, digits: int = 32) -> str:
        return f"{self._chance.getrandbits(4 * digits):0{digits}x}"

    def trigger(self, user: str, team: str, *, channel: str = "", view: str = "") -> str:
        id = f"{next(self._ids)}.{self.hex(12)}.{self.hex()}"
        self.triggers[id] = Trigger(user, team, self.clock.now(), channel, view)
        return id

    def response_url(
        self, space: Workspace, channel: str, user: str, message: Message | None = None
    ) -> str:
        id = self.hex(24)
        self.response_urls[id] = ResponseUrl(space.team, channel, user, self.clock.now(), message)
        return f"{self.url}/response/{id}"

    # --- the workspace --------------------------------------------------------------------

    def space(self, team: str) -> Workspace:
        for space in self.workspaces:
            if team in (space.team, space.enterprise):
                return space
        raise AssertionError(f"no workspace {team!r}")

    def post(
        self,
        space: Workspace,
        channel: str,
        *,
        text: str,
        blocks: list[Dict],
        user: str = "",
        thread_ts: str = "",
        metadata: Dict | None = None,
        only_for: str = "",
    ) -> Message:
        self.tick += 1
        message = Message(
            self.stamp(),
            channel,
            text,
            with_ids(blocks, lambda: self.fresh("b")),
            user or space.bot,
            thread_ts,
            metadata,
            only_for,
            changed=self.tick,
        )
        space.messages.append(message)
        return message

    def change(self, message: Message, *, text: str, blocks: list[Dict] | None) -> None:
        self.tick += 1
        message.text = text
        if blocks is not None:
            message.blocks = with_ids(blocks, lambda: self.fresh("b"))
        message.changed = self.tick
        message.versions += 1

    def open_view(self, space: Workspace, user: str, body: Dict, *, root: View | None) -> View:
        """Open a modal, on top of open ones."""
        stack = space.stacks.setdefault(user, [])
        previous = stack[-1] if root is not None else ""
        if root is None:
            stack.clear()
        id = self.fresh("V")
        view = View(id, user, {}, previous=previous, root=stack[0] if stack else id)
        space.views[id] = view
        stack.append(id)
        self.set_view(view, body)
        return view

    def set_view(self, view: View, body: Dict) -> None:
        """Replace a view's content. Typed values are kept where the ids are the same."""
        self.tick += 1
        drawn = dict(body)
        drawn["blocks"] = with_ids(body["blocks"], lambda: self.fresh("b"))
        view.body = drawn
        view.hash = f"{int(self.clock.now())}.{self.hex(8)}"
        view.errors = {}
        ids = {
            (block["block_id"], block["element"]["action_id"])
            for block in drawn["blocks"]
            if block["type"] == "input"
        }
        view.typed = {key: value for key, value in view.typed.items() if key in ids}

    def view_json(self, space: Workspace, view: View) -> Dict:
        """Return a view's JSON as Slack sends it, without the state of its fields."""
        body = view.body
        home = body["type"] == "home"
        return {
            "id": view.id,
            "team_id": space.team,
            "type": body["type"],
            "blocks": body["blocks"],
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "hash": view.hash,
            "title": body.get("title", {"type": "plain_text", "text": "View Title"}),
            "clear_on_close": body.get("clear_on_close", False),
            "notify_on_close": body.get("notify_on_close", False),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": view.previous or None,
            "root_view_id": view.root or view.id,
            "app_id": self.app_id,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": space.enterprise if space.is_grid else space.team,
            "bot_id": space.bot_id,
            "state": {"values": {}},
        } | ({"user_id": view.user} if home else {})

    def message_json(self, space: Workspace, message: Message) -> Dict:
        found: Dict = {
            "type": "message",
            "user": message.user,
            "ts": message.ts,
            "text": message.text,
            "team": space.team,
        }
        if message.user == space.bot:
            found |= {"bot_id": space.bot_id, "app_id": self.app_id}
        if message.blocks:
            found["blocks"] = message.blocks
        if message.thread_ts:
            found["thread_ts"] = message.thread_ts
        if message.metadata:
            found["metadata"] = message.metadata
        return found

    def user_json(self, space: Workspace, user: User, *, locale: bool = False) -> Dict:
        first, _, last = user.name.partition(" ")
        found: Dict = {
            "id": user.id,
            "team_id": user.team or space.team,
            "name": user.name.casefold().replace(" ", "."),
            "deleted": user.deleted,
            "real_name": user.name,
            "tz": user.tz,
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "profile": {
                "real_name": user.name,
                "display_name": first,
                "first_name": first,
                "last_name": last,
                "team": user.team or space.team,
                "email": f"{user.id}@hemmelig",
            },
            "is_bot": user.bot,
            "is_workflow_bot": user.workflow,
            "is_app_user": False,
            "is_restricted": user.guest,
            # Slack sets is_stranger only if the app shares no channel with the person.
            "is_stranger": bool(user.team)
            and user.team != space.team
            and not any(user.id in one.members for one in space.channels.values()),
            "updated": int(self.clock.now()),
        }
        if locale:
            found["locale"] = user.locale
        if space.enterprise and not user.team:
            found["enterprise_user"] = {
                "id": user.id,
                "enterprise_id": space.enterprise,
                "teams": [space.team],
            }
        return found

    # --- installing -----------------------------------------------------------------------

    def agreed(self, space: Workspace, redirect_uri: str = "") -> str:
        """Approve an installation as an administrator, and return the OAuth code."""
        code = f"{self.hex(12)}.{self.hex(20)}"
        self.codes[code] = (space, redirect_uri)
        if space not in self.workspaces:
            self.workspaces.append(space)
        return code

    async def quiet(self) -> None:
        """Wait until no call is in progress and no new one has begun meanwhile."""
        calm = 0
        while calm < 3:
            before = len(self.calls)
            await asyncio.sleep(0)
            calm = calm + 1 if not self.under_way and len(self.calls) == before else 0
            if self.under_way:
                await asyncio.sleep(0.001)
