"""Builds all objects of the Slack adapter and runs its background tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from aiohttp import web
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.platforms.common.ports import Installations, Receive, Report
from bot.platforms.common.reply_retry import Sleep
from bot.platforms.common.tasks import DoorTasks
from bot.platforms.slack.edge import SlackEdge
from bot.platforms.slack.install import Install, MakeMac
from bot.platforms.slack.transport import SlackTransport, quiet_logger
from bot.platforms.slack.web_api import TROUBLE, WebApi, error_of
from bot.platforms.slack.workspaces import TokenRefused, Workspaces

AGAIN_SECONDS = 60.0
LONGEST_SECONDS = 60 * 60.0
A_DAY = 24 * 60 * 60.0


class SlackDoor:
    _install: Install | None = None
    _socket: SocketModeClient | None = None

    def __init__(
        self,
        *,
        bot_token: str | None,
        signing_secret: str | None,
        app_token: str | None,
        client_id: str | None,
        client_secret: str | None,
        api_url: str,
        public_url: str | None,
        installations: Installations,
        mac: MakeMac,
        told: Report,
        now: Callable[[], float] = time.time,
        paced: bool = True,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._api = WebApi(api_url, quiet_logger())
        self._app_token = app_token
        self._told = told
        self._tasks = DoorTasks(told)
        self.workspaces = Workspaces(
            self._api,
            token=bot_token,
            installations=installations,
            client_id=client_id,
            client_secret=client_secret,
        )
        self.edge = SlackEdge(self._api, self.workspaces, told, now, paced=paced, sleep=sleep)
        self.transport = SlackTransport(
            self.edge, self._api, self.workspaces, signing_secret=signing_secret, told=told
        )
        if client_id and client_secret and bot_token is None:
            self._install = Install(
                self._api,
                self.workspaces,
                client_id=client_id,
                client_secret=client_secret,
                base_url=api_url,
                public_url=public_url,
                installations=installations,
                mac=mac,
                told=told,
                now=now,
            )

    def routes(self) -> list[web.RouteDef]:
        found: list[web.RouteDef] = []
        if self._app_token is None:
            found.append(web.post("/slack/events", self.transport.handle))
        if self._install is not None:
            found.append(web.get("/slack/install", self._install.begin))
            found.append(web.get("/slack/oauth_redirect", self._install.end))
        return found

    def mode(self) -> str:
        """Describe how Slack reaches Digi, for the log."""
        if self._app_token is not None:
            return "Slack by Socket Mode"
        return "Slack over HTTP, at POST /slack/events"

    async def open(self, receive: Receive) -> None:
        """Connect and start the background tasks. Raises TokenRefused if Slack rejects the bot
        token; if Slack is unreachable, it reports that and retries in the background."""
        self.edge.goes_to(receive)
        if self.workspaces.single:
            try:
                await self.workspaces.own()
            except TROUBLE as error:
                self._told("slack", error_of(error))
        self._tasks.start("slack members", self._gathers)
        self._tasks.asks_again("slack people", self.edge.ask_again)
        if self._app_token is not None:
            self._socket = self.transport.socket(self._app_token, self._api)
            watch = partial(self.transport.keep_open, self._socket)
            self._tasks.start("socket mode", watch)

    async def _gathers(self) -> None:
        """Read all channel members at startup and once a day, with backoff after an error.

        It follows the clock only: nothing that a person does starts it.
        """
        again = AGAIN_SECONDS
        while True:
            try:
                await self.edge.gather()
                wait, again = A_DAY, AGAIN_SECONDS
            except TokenRefused:
                self._told("slack", "Slack rejects the bot token")
                wait = A_DAY
            except TROUBLE as error:
                self._told("slack members", error_of(error))
                wait, again = again, min(2 * again, LONGEST_SECONDS)
            await asyncio.sleep(wait)

    async def close(self) -> None:
        await self._tasks.close()
        if self._socket is not None:
            await self._socket.close()  # type: ignore[no-untyped-call]
        await self.edge.close()
