"""Who is in the channels that Digi is in: told when somebody joins or leaves, once a day, and again
soon where Slack did not say it, or did not say of everybody whether they are a person."""

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
        """Somebody joined or left. False where it was not kept, and should be told again."""
        if what.person == at.bot:
            self._hindrances.overcome(at.tenant, what.channel)
        try:
            return await self._tell_members(at, what.channel, what.key)
        except TROUBLE as error:
            # A channel we cannot look into has no members for us; otherwise it comes again.
            return _closed(self._not_told(at, what.channel, error))

    async def gather(self) -> int:
        """By the clock, at the start and each day: who is in all the channels that Digi is in."""
        told = 0
        trouble: Exception | None = None
        for at in await self._workspaces.all():
            try:
                client = self._api.client(at.token)
                told += await self._look_into(at, await self._directory.channels(client, at.tenant))
            except TROUBLE as error:
                # One workplace that is out of reach must not keep the others from being seen.
                failed = self._hindrances.failed(at.tenant, "", error, writes=False)
                trouble = trouble if _closed(failed) else error
        if trouble is not None:
            raise trouble
        return told

    async def _look_into(self, at: Installation, channels: Sequence[str]) -> int:
        """One channel after the other; what fails is asked again later."""
        told = 0
        rest = 0.0
        trouble = ""
        for channel in channels:
            if rest:
                # Slack has had enough of such questions for now.
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
        # One look after the other, so that an older list never replaces a newer one.
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
        """Slack did not say who is in a channel: asked again soon, unless that cannot help."""
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
    """Asking again soon would not help."""
    return failed.permanent or failed.retry_after == HELD_SECONDS
