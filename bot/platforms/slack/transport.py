"""Receives Slack's requests through HTTP or Socket Mode and passes them to the edge through Bolt.

The signature is verified before the body is parsed: a request without a valid one gets 401, and a
signed request with a malformed body gets 400.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from yarl import query_to_pairs

from bot.platforms.common.once import Once
from bot.platforms.common.ports import Installation, Report
from bot.platforms.slack.edge import SlackEdge
from bot.platforms.slack.envelope import Envelope, Malformed, envelope
from bot.platforms.slack.read import SlackRequest, incoming
from bot.platforms.slack.replies import AGAIN, MALFORMED, NOTED, ResponseBody, SlackReply
from bot.platforms.slack.web_api import TROUBLE, WebApi
from bot.platforms.slack.words import both
from bot.platforms.slack.workspaces import Workspaces

SEEN_SECONDS = 15 * 60.0
SEEN = 50_000
WATCH_SECONDS = 30.0
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{1,12}")


class Quiet(logging.Filter):
    """Replaces the text of a library's log record, which may contain what people wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = "%s logged a message, which is withheld: it may contain what people wrote"
        record.args = (record.name,)
        record.exc_info = record.exc_text = record.stack_info = None
        return record.levelno >= logging.ERROR


def quiet_logger() -> logging.Logger:
    """Return the logger for Bolt and slack_sdk. Bolt copies its level and filters to its own
    loggers."""
    logger = logging.getLogger("slack_bolt.digi")
    logger.setLevel(logging.ERROR)
    if not logger.filters:
        logger.addFilter(Quiet())
    return logger


class SlackTransport:
    def __init__(
        self,
        edge: SlackEdge,
        api: WebApi,
        workspaces: Workspaces,
        *,
        signing_secret: str | None,
        told: Report,
    ) -> None:
        self._edge = edge
        self._workspaces = workspaces
        self._verifier = SignatureVerifier(signing_secret) if signing_secret else None
        self._told = told
        self._once = Once(SEEN, SEEN_SECONDS, AGAIN, lambda reply: reply.status == 200)
        self._app = self._bolt(api)

    def _bolt(self, api: WebApi) -> AsyncApp:
        """Build the Bolt app, which responds only when the work is done."""
        app = AsyncApp(
            name="slack_bolt.digi",
            logger=quiet_logger(),
            process_before_response=True,
            client=api.client(),
            authorize=_authorize,
            # `_verified` does this before Bolt parses the body, so that a malformed one without a
            # signature is a 401.
            request_verification_enabled=False,
            ssl_check_enabled=False,
            # Needed to learn that Digi itself joined a channel.
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
            user_facing_authorize_error_message=both("not_installed"),
        )

        # One middleware instead of a listener for each kind of request: Bolt would try all their
        # matchers on every request.
        app.use(_OneWay(self._receive))
        return app

    # --- one way in -----------------------------------------------------------------------------

    async def dispatch(self, body: object) -> SlackReply:
        """Handle a request's body, received by HTTP or Socket Mode."""
        try:
            read = envelope(body)
        except Malformed:
            return MALFORMED
        what = incoming(read) if read is not None else None
        if read is None or what is None:
            return NOTED
        try:
            at = await self._at(what)
            if at is None:
                return _not_installed(what)
            return await self._by_bolt(read, what, at)
        except Exception as error:
            # Usually the database. The person sees an error, and Slack retries events.
            self._edge.note(what, error)
            return await self._edge.sorry(what)

    async def _at(self, what: SlackRequest) -> Installation | None:
        if what.kind == "hello":
            return Installation("slack:", "", "")
        at = await self._workspaces.of(what.tenant)
        if at is None and self._workspaces.single and what.kind in ("press", "form"):
            # From a shared channel, the request can carry the other organisation's id. The gate
            # verifies the token on the button or form.
            at = await self._workspaces.own()
        return at

    async def _by_bolt(self, read: Envelope, what: SlackRequest, at: Installation) -> SlackReply:
        request = AsyncBoltRequest(
            body=msgspec.to_builtins(read), mode="socket_mode", context={"incoming": what, "at": at}
        )
        response = await self._app.async_dispatch(request)
        if response.status >= 500 and response.status != AGAIN.status:
            raise _NotHandedOn
        if isinstance(response, _Answered):
            return response.reply
        return SlackReply(json.loads(response.body) if response.body else None, response.status)

    async def _receive(self, what: SlackRequest, at: Installation) -> SlackReply:
        if what.kind not in ("words", "home", "chat", "members", "gone"):
            return await self._edge.answer(what, at)
        # Slack sends an event up to four times, sometimes concurrently.
        key = f"{what.tenant}|{what.key}"
        return await self._once.answer(key, lambda: self._edge.answer(what, at))

    # --- HTTP -----------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.Response:
        """Handle POST /slack/events."""
        text = self._verified(request, await request.read())
        if text is None:
            return web.Response(status=401)
        body = _parsed(text, request.content_type)
        reply = MALFORMED if body is None else await self.dispatch(body)
        if reply.body is None:
            return web.Response(status=reply.status)
        return web.Response(
            status=reply.status,
            body=msgspec.json.encode(reply.body),
            content_type="application/json",
            charset="utf-8",
        )

    def _verified(self, request: web.Request, raw: bytes) -> str | None:
        at = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        if self._verifier is None or not (_TIME.fullmatch(at) and _SIGNATURE.fullmatch(signature)):
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return None
        return text if self._verifier.is_valid(text, at, signature) else None

    # --- Socket Mode ----------------------------------------------------------------------------

    def socket(self, app_token: str, api: WebApi) -> SocketModeClient:
        """Create the Socket Mode client. `connect()` opens the connection; afterwards it reconnects
        itself."""
        client = SocketModeClient(
            app_token=app_token, web_client=api.client(), logger=quiet_logger(), ping_interval=10
        )

        async def came(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
            if request.type not in ("events_api", "slash_commands", "interactive"):
                return
            reply = await self.dispatch(request.payload)
            if reply.status != 200:
                return  # without an acknowledgement Slack retries an event
            answer = SocketModeResponse(envelope_id=request.envelope_id)
            if reply.body is not None:
                answer = SocketModeResponse(envelope_id=request.envelope_id, payload=reply.body)
            await client.send_socket_mode_response(answer)

        client.socket_mode_request_listeners.append(came)
        return client

    async def keep_open(self, client: SocketModeClient) -> None:
        """Keep the connection open until cancelled. A loss is reported once; reconnecting uses
        backoff."""
        lost = False
        wait = 1.0
        while True:
            try:
                if not await client.is_connected():
                    await client.connect_to_new_endpoint(force=True)
                lost, wait = False, 1.0
                await asyncio.sleep(WATCH_SECONDS)
            except (*TROUBLE, Exception) as error:
                if not lost:
                    self._told("socket mode", type(error).__name__)
                lost = True
                await asyncio.sleep(wait)
                wait = min(wait * 2, WATCH_SECONDS)


class _NotHandedOn(Exception):
    """Bolt answered with an error of its own instead of passing the request on."""


class _Answered(BoltResponse):
    """Carries the reply as an object, to avoid serialising and parsing it again."""

    def __init__(self, reply: SlackReply) -> None:
        super().__init__(status=reply.status, body="")
        self.reply = reply


class _OneWay(AsyncMiddleware):
    def __init__(
        self, receive: Callable[[SlackRequest, Installation], Awaitable[SlackReply]]
    ) -> None:
        self._receive = receive

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        return _Answered(await self._receive(req.context["incoming"], req.context["at"]))


async def _authorize(context: AsyncBoltContext) -> AuthorizeResult:
    """Return the authorization found earlier by `_at`; Bolt needs no lookup of its own."""
    what: SlackRequest = context["incoming"]
    at: Installation = context["at"]
    return AuthorizeResult(
        enterprise_id=None, team_id=what.home, bot_user_id=at.bot, bot_token=at.token
    )


def _parsed(text: str, content_type: str) -> ResponseBody | None:
    """Parse a JSON or form-encoded body; None if it is neither."""
    try:
        if content_type == "application/json":
            found = json.loads(text)
        else:
            # Does what urllib's parse_qsl does, which for a form takes longer than all other
            # parsing.
            fields = dict(query_to_pairs(text))
            found = json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _not_installed(what: SlackRequest) -> SlackReply:
    if what.kind == "command":
        return SlackReply({"response_type": "ephemeral", "text": both("not_installed")})
    return NOTED
