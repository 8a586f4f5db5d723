"""Publishes Home tabs: when somebody opens one, and again when named content has changed.

An unsigned text never triggers an update, because the time of the update would reveal it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

from slack_sdk.web.async_client import AsyncWebClient

from bot.cache import Cache
from bot.platforms.common.ports import Answer, AtHome, Installation
from bot.platforms.slack import draw
from bot.platforms.slack.blocks import print_of
from bot.platforms.slack.read import SlackRequest, tenant_of
from bot.platforms.slack.web_api import WebApi, in_time
from bot.platforms.slack.workspaces import Workspaces

MOST = 500
KEPT = 15 * 60.0
"""How long a Home tab is kept up to date after it was opened. Opening it always publishes it."""
PAUSE = 0.5
"""Debounce: changes within this many seconds cause one update."""

At = tuple[str, str]
HomeLook = Callable[[SlackRequest, Installation, AsyncWebClient], Awaitable[Answer]]


class Homes:
    def __init__(self, api: WebApi, workspaces: Workspaces, ask: HomeLook) -> None:
        self._api = api
        self._workspaces = workspaces
        self._ask = ask
        self._drawn: Cache[At, str] = Cache(MOST, KEPT)
        """The hash of the last published view for each (workspace, person) whose Home tab is kept
        current."""
        self._stale: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def opened(self, what: SlackRequest, answer: Answer, client: AsyncWebClient) -> None:
        at = (what.tenant, what.person)
        self._drawn.put(at, "")
        await self._publish(at, answer, client)

    async def settled(self) -> None:
        """Wait until all pending changes are published."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def changed(self, tenant: str, project: str) -> None:
        """Implements `bot.platforms.common.ports.Changed`: schedule an update of the workspace's
        tabs."""
        if tenant in self._stale or all(at[0] != tenant for at in self._drawn.live()):
            return
        self._stale.add(tenant)
        task = asyncio.create_task(self._again(tenant))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self, tenant: str) -> None:
        await asyncio.sleep(PAUSE)
        self._stale.discard(tenant)
        # Errors are ignored: opening the tab publishes it again in any case.
        with suppress(Exception):
            there = await self._workspaces.of(tenant)
            if there is None:
                return
            client = self._api.client(there.token)
            for at in self._drawn.live():
                if at[0] == tenant:
                    answer = await self._ask(_looks(at), there, client)
                    await self._publish(at, answer, client)

    async def _publish(self, at: At, answer: Answer, client: AsyncWebClient) -> None:
        """Publish a Home tab unless it looks the same as before."""
        view = draw.home(answer.cards, answer.language)
        drawn = print_of(view)
        if answer.undone or self._drawn.get(at) in (None, drawn):
            return
        if await in_time(client.views_publish(user_id=at[1], view=view)):
            self._drawn.change(at, drawn)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


def _looks(at: At) -> SlackRequest:
    home = at[0].removeprefix(tenant_of(""))
    return SlackRequest("home", home, f"home:{uuid.uuid4().hex}", at[1], what=AtHome())
