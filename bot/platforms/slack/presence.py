"""Keeps the members of Digi's channels current: after a join or leave event, once a day, and again
soon after a lookup that failed or did not say of everybody whether they are human."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

from bot.platforms.common.ports import (
    Delivery,
    DeliveryFailed,
    Installation,
    Receive,
    Report,
    Sender,
)
from bot.platforms.common.reask import ALL, Reask
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.read import SlackRequest
from bot.platforms.slack.web_api import HELD_SECONDS, RATELIMITED, TROUBLE, WebApi, error_of
from bot.platforms.slack.workspaces import Workspaces


class SlackPresence:
    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        directory: Directory,
        hindrances: Hindrances,
        told: Report,
        now: Callable[[], float],
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._directory = directory
        self._hindrances = hindrances
        self._told = told
        self._receive: Receive | None = None
        self.reask = Reask(self._asks_again, lambda kind: told("slack people", kind), now)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive

    async def who_is_there(self, what: SlackRequest, at: Installation) -> bool:
        """Handle a join or leave event. Returns False if it was not stored, so that Slack retries
        it."""
        if what.person == at.bot:
            self._hindrances.overcome(at.tenant, what.channel)
        try:
            return await self._tell_members(at, what.channel, what.key)
        except TROUBLE as error:
            # A channel that Digi may not read cannot succeed later: accept the event.
            return _closed(self._not_told(at, what.channel, error))

    async def gather(self) -> int:
        """Read the members of all channels in all workspaces, and return how many channels were
        stored."""
        told = 0
        trouble: Exception | None = None
        for at in await self._workspaces.all():
            try:
                client = self._api.client(at.token)
                told += await self._look_into(at, await self._directory.channels(client, at.tenant))
            except TROUBLE as error:
                # One unreachable workspace must not keep the others from being read.
                failed = self._hindrances.failed(at.tenant, "", error, writes=False)
                trouble = trouble if _closed(failed) else error
        if trouble is not None:
            raise trouble
        return told

    async def _look_into(self, at: Installation, channels: Sequence[str]) -> int:
        """Read these channels one after the other; a channel that fails is retried later."""
        told = 0
        rest = 0.0
        trouble = ""
        for channel in channels:
            if rest:
                # After a rate limit: postpone all remaining channels.
                self.reask.failed(at.tenant, channel, rest=rest)
                continue
            try:
                told += await self._tell_members(at, channel, f"members:{uuid.uuid4().hex}")
            except TROUBLE as error:
                failed = self._not_told(at, channel, error)
                trouble = trouble or ("" if _closed(failed) else error_of(error))
                if failed.reason == RATELIMITED:
                    rest = failed.retry_after or 0.0
        if trouble:
            self._told("slack members", trouble)
        return told

    async def _tell_members(self, at: Installation, channel: str, key: str) -> bool:
        assert self._receive is not None
        # One at a time, so that an older list never overwrites a newer one.
        lock = self._locks.setdefault((at.tenant, channel), asyncio.Lock())
        async with lock:
            roster = await self._directory.members(self._api.client(at.token), at, channel)
            told = Delivery(at.tenant, Sender(""), key, roster.members, channel)
            answer = await self._receive(told)
        missing = ALL if answer.undone else roster.failed
        rest = self._directory.rests(at.tenant)
        self.reask.answered(at.tenant, channel, missing=missing, rest=rest)
        return not answer.undone

    def _not_told(self, at: Installation, channel: str, error: BaseException) -> DeliveryFailed:
        """Handle a failed member lookup: retry soon, unless the error is permanent."""
        failed = self._hindrances.failed(at.tenant, channel, error, writes=False)
        if _closed(failed):
            self.reask.forget(at.tenant, channel)
        else:
            self.reask.failed(at.tenant, channel, rest=failed.retry_after or 0.0)
        return failed

    async def _asks_again(self, tenant: str, channels: list[str]) -> None:
        at = await self._workspaces.of(tenant)
        if at is None:
            self.reask.forget(tenant)
        else:
            await self._look_into(at, channels)


def _closed(failed: DeliveryFailed) -> bool:
    """Return whether a retry in the near future is pointless."""
    return failed.permanent or failed.retry_after == HELD_SECONDS
