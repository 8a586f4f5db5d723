"""Sends Slack's requests to Digi: signed, with a deadline, and with retries of failed events."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from aiohttp import ClientError

from tests.waiting import LONG_ENOUGH
from tests.worlds.slack.limits import Refused
from tests.worlds.slack.state import Channel, Dict, Message, View, Workspace
from tests.worlds.slack.trouble import DEEP

if TYPE_CHECKING:
    from tests.worlds.slack.world import SlackWorld

ACK_SECONDS = 3.0
AGAIN = (0.0, 60.0, 300.0)
"""The delays before the retries of a failed event: none, one minute, five minutes."""
PATIENCE = {"http": LONG_ENOUGH, "socket": LONG_ENOUGH}
"""The real timeout in seconds, although the simulated clock stands still. In Socket Mode Digi
rejects an event by silence; over HTTP a timeout means that Digi hangs."""

Kind = Literal["command", "interaction", "event", "verification"]


@dataclass(frozen=True)
class Answered:
    """Digi's answer to one request. `status` is None if none came in time."""

    kind: Kind
    payload: Dict
    status: int | None
    text: str
    number: int = 0
    """The number of the retry."""
    wrong: str = ""
    """Why Slack could not use the answer; Slack shows the person an error of the app."""

    @property
    def fine(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.wrong

    @property
    def body(self) -> Dict:
        """Return the answer's JSON body, if it has one."""
        try:
            found = json.loads(self.text or "{}")
        except ValueError:
            return {"text": self.text}
        return found if isinstance(found, dict) else {}


class Sender:
    def __init__(self, world: SlackWorld) -> None:
        self._world = world
        self.answers: list[Answered] = []

    # --- commands and interactions --------------------------------------------------------

    async def command(
        self, user: str, text: str, channel: str, *, command: str = "/digi", team: str = ""
    ) -> Answered:
        """Send a slash command, and show the answer as it asks to be shown."""
        world = self._world
        space = self._space(team)
        place = space.channels[channel]
        form = {
            "token": "legacy",
            "team_id": space.team,
            "team_domain": space.name.casefold(),
            "channel_id": channel,
            "channel_name": "privategroup" if place.private else place.name,
            "user_id": user,
            "user_name": space.users[user].name.casefold().replace(" ", "."),
            "command": command,
            "text": text,
            "api_app_id": world.app_id,
            "is_enterprise_install": str(space.is_grid).lower(),
            "response_url": world.response_url(space, channel, user),
            "trigger_id": world.trigger(user, space.team, channel=channel),
        }
        if space.enterprise:
            form |= {"enterprise_id": space.enterprise, "enterprise_name": space.name}
        answered = await self.once("command", form)
        return self._noted(answered, self._shown(space, answered, place, user))

    def _shown(self, space: Workspace, answered: Answered, place: Channel, user: str) -> str:
        if not answered.fine or not answered.text:
            return ""
        try:
            self._world.api.respond(space, answered.body, place.id, user, None)
        except Refused as refused:
            return str(refused)
        return ""

    async def press(
        self,
        user: str,
        action: Dict,
        *,
        message: Message | None = None,
        view: View | None = None,
        team: str = "",
    ) -> Answered:
        """Press a button or use a menu, in a message or a view."""
        world = self._world
        space = self._space(team)
        body = self._interaction(space, "block_actions", user)
        body["actions"] = [{**action, "action_ts": world.stamp()}]
        if message is not None:
            place = space.channels[message.channel]
            body |= {
                "trigger_id": world.trigger(user, space.team, channel=place.id),
                "channel": {"id": place.id, "name": place.name},
                "container": {
                    "type": "message",
                    "message_ts": message.ts,
                    "channel_id": place.id,
                    "is_ephemeral": bool(message.only_for),
                },
                "message": world.message_json(space, message),
                "response_url": world.response_url(space, place.id, user, message),
                "state": {"values": {}},
            }
            if message.thread_ts:
                body["container"]["thread_ts"] = message.thread_ts
            if message.only_for:
                # Slack's payload omits the content of an ephemeral message.
                body["message"] = {
                    "app_id": world.app_id,
                    "is_ephemeral": True,
                    "ts": message.ts,
                    "type": "message",
                    "user": space.bot,
                }
        elif view is not None:
            stacked = view.body["type"] == "modal"
            body |= {
                "trigger_id": world.trigger(user, space.team, view=view.id if stacked else ""),
                "container": {"type": "view", "view_id": view.id},
                "view": self._view(space, view),
            }
        answered = await self.once("interaction", body)
        wrong = ""
        if answered.fine and answered.text not in ("", "{}"):
            wrong = f"an answer to a button is shown to nobody: {answered.text[:100]}"
        return self._noted(answered, wrong)

    async def submit(self, user: str, view: View, *, team: str = "") -> Answered:
        """Submit a modal, and show errors, update or close it as the answer says."""
        space = self._space(team)
        body = self._interaction(space, "view_submission", user)
        body |= {
            "trigger_id": self._world.trigger(user, space.team, channel=view.origin, view=view.id),
            "view": self._view(space, view),
            "response_urls": [],
        }
        view.errors = {}
        answered = await self.once("interaction", body)
        return self._noted(answered, self._submitted(space, answered, user, view))

    def _submitted(self, space: Workspace, answered: Answered, user: str, view: View) -> str:
        if not answered.fine:
            return ""
        body, stack = answered.body, space.stacks.get(user, [])
        match body.get("response_action"):
            case None:
                if body:
                    return f"no response_action: {answered.text[:100]}"
                if view.id in stack:
                    del stack[stack.index(view.id) :]
            case "clear":
                stack.clear()
            case "errors":
                errors = body.get("errors") or {}
                inputs = {b["block_id"] for b in view.body["blocks"] if b["type"] == "input"}
                if not errors or not set(errors) <= inputs:
                    return f"errors under fields that are not there: {sorted(errors)}"
                if not all(isinstance(text, str) and text for text in errors.values()):
                    return "an error without words"
                view.errors = dict(errors)
            case "update" | "push" as way:
                try:
                    self._world.checked(body["view"])
                except Refused as refused:
                    return str(refused)
                if way == "update":
                    self._world.set_view(view, body["view"])
                elif len(stack) >= DEEP:
                    return "push_limit_reached"
                else:
                    self._world.open_view(space, user, body["view"], root=view)
            case other:
                return f"no response_action of Slack's: {other!r}"
        return ""

    async def close(self, user: str, view: View, *, team: str = "") -> Answered | None:
        """Close a modal with the cross. Digi is notified only if the view asked for that."""
        space = self._space(team)
        whole = bool(view.body.get("clear_on_close"))
        stack = space.stacks.get(user, [])
        if whole:
            stack.clear()
        elif view.id in stack:
            del stack[stack.index(view.id) :]
        if not view.body.get("notify_on_close"):
            return None
        body = self._interaction(space, "view_closed", user)
        body |= {"view": self._view(space, view), "is_cleared": whole}
        return self._noted(await self.once("interaction", body), "")

    async def shortcut(
        self, user: str, callback_id: str, *, message: Message | None = None, team: str = ""
    ) -> Answered:
        """Use a global or a message shortcut."""
        world = self._world
        space = self._space(team)
        kind = "shortcut" if message is None else "message_action"
        body = self._interaction(space, kind, user)
        body |= {"callback_id": callback_id, "action_ts": world.stamp()}
        place = message.channel if message is not None else ""
        body["trigger_id"] = world.trigger(user, space.team, channel=place)
        if message is not None:
            channel = space.channels[message.channel]
            body |= {
                "channel": {"id": channel.id, "name": channel.name},
                "message": world.message_json(space, message),
                "message_ts": message.ts,
                "response_url": world.response_url(space, channel.id, user, message),
            }
        return self._noted(await self.once("interaction", body), "")

    def _interaction(self, space: Workspace, kind: str, user: str) -> Dict:
        who = space.users[user]
        return {
            "type": kind,
            "api_app_id": self._world.app_id,
            "token": "legacy",
            "team": {"id": space.team, "domain": space.name.casefold()},
            "user": {
                "id": user,
                "username": who.name.casefold().replace(" ", "."),
                "name": who.name.casefold().replace(" ", "."),
                "team_id": who.team or space.team,
            },
            "enterprise": (
                {"id": space.enterprise, "name": space.name} if space.enterprise else None
            ),
            "is_enterprise_install": space.is_grid,
        }

    def _view(self, space: Workspace, view: View) -> Dict:
        return self._world.view_json(space, view) | {"state": {"values": values_of(view)}}

    # --- events ---------------------------------------------------------------------------

    async def event(
        self, event: Dict, *, team: str = "", id: str = "", times: int = 1
    ) -> list[Answered]:
        """Send an event `times` times concurrently, as Slack sometimes does, and retry a failed one
        as the simulated clock advances."""
        space = self._space(team)
        body: Dict = {
            "token": "legacy",
            "team_id": space.team,
            "api_app_id": self._world.app_id,
            "event": {"event_ts": self._world.stamp(), **event},
            "type": "event_callback",
            "event_id": id or self._world.fresh("Ev"),
            "event_time": int(self._world.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": space.enterprise or None,
                    "team_id": space.team,
                    "user_id": space.bot,
                    "is_bot": True,
                    "is_enterprise_install": space.is_grid,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": self._world.hex(),
        }
        if space.enterprise:
            body["enterprise_id"] = space.enterprise
        return list(await asyncio.gather(*(self._attempt(body, 0, "") for _ in range(times))))

    async def _attempt(self, body: Dict, number: int, reason: str) -> Answered:
        answered = self._noted(await self.once("event", body, number=number, reason=reason), "")
        if not answered.fine and number < len(AGAIN):
            why = "http_timeout" if answered.status is None else "http_error"

            async def again() -> None:
                await self._attempt(body, number + 1, why)

            if AGAIN[number]:
                self._world.clock.later(AGAIN[number], again)
            else:
                await again()
        return answered

    async def mention(
        self, user: str, channel: str, text: str, *, team: str = ""
    ) -> list[Answered]:
        space = self._space(team)
        said = self._world.post(
            space, channel, text=f"<@{space.bot}> {text}".strip(), blocks=[], user=user
        )
        event = {
            "type": "app_mention",
            "user": user,
            "text": said.text,
            "ts": said.ts,
            "channel": channel,
            "team": space.team,
        }
        return await self.event(event, team=team)

    async def said(self, user: str, text: str, *, team: str = "") -> list[Answered]:
        """Type in the private chat; sent only if the app is subscribed to message.im."""
        space = self._space(team)
        place = space.im(user)
        said = self._world.post(space, place.id, text=text, blocks=[], user=user)
        event = {
            "type": "message",
            "user": user,
            "text": text,
            "ts": said.ts,
            "channel": place.id,
            "channel_type": "im",
            "team": space.team,
        }
        return await self.event(event, team=team)

    async def home_opened(self, user: str, *, tab: str = "home", team: str = "") -> list[Answered]:
        space = self._space(team)
        event: Dict = {
            "type": "app_home_opened",
            "user": user,
            "channel": space.im(user).id,
            "tab": tab,
        }
        if user in space.homes:
            event["view"] = self._world.view_json(space, space.homes[user])
        return await self.event(event, team=team)

    async def joined(self, user: str, channel: str, *, team: str = "") -> list[Answered]:
        space = self._space(team)
        place = space.channels[channel]
        if user not in place.members:
            place.members.append(user)
        event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel,
            "channel_type": "G" if place.private else "C",
            "team": space.team,
        }
        return await self.event(event, team=team)

    async def left(self, user: str, channel: str, *, team: str = "") -> list[Answered]:
        space = self._space(team)
        place = space.channels[channel]
        place.members = [one for one in place.members if one != user]
        event = {
            "type": "member_left_channel",
            "user": user,
            "channel": channel,
            "channel_type": "G" if place.private else "C",
            "team": space.team,
        }
        return await self.event(event, team=team)

    async def tokens_revoked(self, *, team: str = "") -> list[Answered]:
        space = self._space(team)
        space.revoked = True
        tokens = {"oauth": [], "bot": [space.bot]}
        return await self.event({"type": "tokens_revoked", "tokens": tokens}, team=team)

    async def uninstalled(self, *, team: str = "") -> list[Answered]:
        self._space(team).uninstalled = True
        return await self.event({"type": "app_uninstalled"}, team=team)

    async def verification(self) -> Answered:
        """Send the url_verification request, as when the address is entered at Slack."""
        body = {"token": "legacy", "challenge": self._world.hex(), "type": "url_verification"}
        answered = await self.once("verification", body)
        fine = answered.body.get("challenge", answered.text) == body["challenge"]
        return self._noted(answered, "" if fine else "the challenge did not come back")

    # --- on the wire ----------------------------------------------------------------------

    async def again(self, answered: Answered) -> Answered:
        """Send the same payload again, as after a network error."""
        return await self.once(answered.kind, answered.payload)

    def signed(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        stamp = str(int(time.time() if at is None else at))
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._world.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def once(
        self, kind: Kind, payload: Dict, *, number: int = 0, reason: str = ""
    ) -> Answered:
        """Send a request by HTTP or Socket Mode; Slack waits three seconds of the simulated
        clock."""
        if self._world.mode == "socket":
            sending = asyncio.ensure_future(self._by_socket(kind, payload, number, reason))
        else:
            sending = asyncio.ensure_future(self._by_http(kind, payload, number, reason))

        async def too_late() -> None:
            sending.cancel()

        self._world.clock.later(ACK_SECONDS, too_late)
        try:
            async with asyncio.timeout(PATIENCE[self._world.mode]):
                status, text = await asyncio.shield(sending)
        except asyncio.CancelledError:
            if not sending.cancelled():
                raise
            status, text = None, ""
        except (ClientError, ConnectionError, TimeoutError) as error:
            sending.cancel()
            status, text = None, f"{type(error).__name__}: {error}"
        answered = Answered(kind, payload, status, text, number)
        self.answers.append(answered)
        return answered

    async def _by_http(
        self, kind: Kind, payload: Dict, number: int, reason: str
    ) -> tuple[int, str]:
        if kind == "command":
            body, content_type = urlencode(payload), "application/x-www-form-urlencoded"
        elif kind == "interaction":
            body = urlencode({"payload": json.dumps(payload)})
            content_type = "application/x-www-form-urlencoded"
        else:
            body, content_type = json.dumps(payload), "application/json"
        headers = {"Content-Type": content_type, **self.signed(body.encode())}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return await self.raw(body.encode(), headers)

    async def raw(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Send any bytes, as an attacker may."""
        assert self._world.digi_urls, "say in digi_url where Digi is"
        async with self._world.session.post(
            self._world.digi_url, data=body, headers=headers
        ) as response:
            return response.status, await response.text()

    async def _by_socket(
        self, kind: Kind, payload: Dict, number: int, reason: str
    ) -> tuple[int, str]:
        kinds = {"command": "slash_commands", "interaction": "interactive"}
        ack = await self._world.socket.deliver(
            kinds.get(kind, "events_api"), payload, number, reason
        )
        given: Any = ack.get("payload")
        if not given:
            return 200, ""
        # In Socket Mode, Bolt wraps plain text in an envelope.
        return 200, given if isinstance(given, str) else json.dumps(given)

    def _noted(self, answered: Answered, wrong: str) -> Answered:
        if not wrong:
            return answered
        noted = Answered(
            answered.kind, answered.payload, answered.status, answered.text, answered.number, wrong
        )
        self.answers[self.answers.index(answered)] = noted
        self._world.faults.append(Refused("answer", [wrong]))
        return noted

    def _space(self, team: str) -> Workspace:
        return self._world.space(team) if team else self._world.home


def values_of(view: View) -> dict[str, Dict]:
    """Return state.values: every input with its typed or initial value."""
    found: dict[str, Dict] = {}
    for block in view.body["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            key = (block["block_id"], element["action_id"])
            value = view.typed.get(key) or initial(element)
            found.setdefault(key[0], {})[key[1]] = value
    return found


def initial(element: Dict) -> Dict:
    """Return the value of an untouched field."""
    kind = element["type"]
    found: Dict = {"type": kind}
    match kind:
        case "plain_text_input" | "number_input":
            found["value"] = element.get("initial_value")
        case "static_select" | "radio_buttons":
            found["selected_option"] = element.get("initial_option")
        case "multi_static_select" | "checkboxes":
            found["selected_options"] = list(element.get("initial_options", []))
        case "users_select":
            found["selected_user"] = element.get("initial_user")
        case "multi_users_select":
            found["selected_users"] = list(element.get("initial_users", []))
        case "conversations_select":
            found["selected_conversation"] = element.get("initial_conversation")
        case "channels_select":
            found["selected_channel"] = element.get("initial_channel")
        case "datepicker":
            found["selected_date"] = element.get("initial_date")
        case "timepicker":
            found["selected_time"] = element.get("initial_time")
    return found
