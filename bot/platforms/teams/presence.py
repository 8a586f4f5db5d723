"""Keeps the members of Digi's channels current, and handles Digi's installation and removal."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

import msgspec

from bot.platforms.common.ports import Delivery, Receive, Report, Sender
from bot.platforms.common.reask import Reask
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.failure import THROTTLED_SECONDS, for_good
from bot.platforms.teams.ports import CallFailed, Ref
from bot.platforms.teams.read import TeamsRequest, kind_of
from bot.platforms.teams.speech import Speech

THROTTLED = 429


class TeamsPresence:
    """Handles membership events. False means that an event was not stored, so that Teams retries
    it."""

    def __init__(self, book: Book, speech: Speech, told: Report, now: Callable[[], float]) -> None:
        self._book = book
        self._speech = speech
        self._told = told
        self._receive: Receive | None = None
        self.reask = Reask(self._asks_again, lambda kind: told("teams people", kind), now)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive

    async def meet(self, what: TeamsRequest) -> None:
        """Read the members of a channel in which Digi is used for the first time."""
        if await self._book.knows(what.tenant, what.channel):
            return
        try:
            await self._tell_members(what.tenant, what.channel, what.ref)
        except CallFailed as error:
            if not self._not_told(what.tenant, what.channel, error):
                return  # retried at the next message here
        await self._book.write(what.tenant, what.channel, what.ref, what.team)

    async def who_is_there(self, what: TeamsRequest) -> bool:
        await self._book.write(what.tenant, what.channel, what.ref, what.team)
        channels = {what.channel, *self._book.channels_of(what.tenant, what.team)}
        told = True
        for channel in sorted(channels):
            try:
                told &= await self._tell_members(what.tenant, channel, what.ref)
            except CallFailed as error:
                # A channel that Digi may not read cannot succeed later: accept the event.
                told &= self._not_told(what.tenant, channel, error)
        return told

    async def _tell_members(self, tenant: str, channel: str, ref: Ref) -> bool:
        assert self._receive is not None
        # One at a time, so that an older list never overwrites a newer one.
        lock = self._locks.setdefault((tenant, channel), asyncio.Lock())
        async with lock:
            there = await self._book.members(
                self._speech.transport,
                tenant,
                msgspec.structs.replace(ref, conversation_id=channel, kind=kind_of(channel)),
                fresh=True,
            )
            key = f"members:{uuid.uuid4().hex}"
            answer = await self._receive(Delivery(tenant, Sender(""), key, there, channel))
        if answer.undone:
            self.reask.failed(tenant, channel)
        else:
            self.reask.answered(tenant, channel)
        return not answer.undone

    def _not_told(self, tenant: str, channel: str, error: CallFailed) -> bool:
        """Handle a failed member lookup; schedule a retry unless the error is permanent. Returns
        True if it is."""
        if for_good(error):
            self.reask.forget(tenant, channel)
            return True
        rest = error.retry_after or (THROTTLED_SECONDS if error.status == THROTTLED else 0.0)
        self.reask.failed(tenant, channel, rest=rest)
        return False

    async def gather(self) -> int:
        """Read the members of all known channels, and return how many were stored. Called at
        startup and once a day."""
        await self._book.catch_up()
        return await self._look_into(self._book.channels())

    async def _look_into(self, channels: Sequence[tuple[str, str]]) -> int:
        """Read these channels one after the other; a channel that fails is retried later."""
        told = 0
        trouble = ""
        rests: dict[str, float] = {}
        for tenant, channel in channels:
            if tenant in rests:
                # After a rate limit: postpone the tenant's remaining channels.
                self.reask.failed(tenant, channel, rest=rests[tenant])
                continue
            ref = await self._book.ref(tenant, channel)
            if ref is None:
                self.reask.forget(tenant, channel)
                continue
            try:
                told += await self._tell_members(tenant, channel, ref)
            except CallFailed as error:
                # One unreachable channel must not keep the others from being read.
                if not self._not_told(tenant, channel, error):
                    trouble = trouble or str(error)
                if error.status == THROTTLED:
                    rests[tenant] = error.retry_after or THROTTLED_SECONDS
        if trouble:
            self._told("teams members", trouble)
        return told

    async def _asks_again(self, tenant: str, channels: list[str]) -> None:
        await self._look_into([(tenant, channel) for channel in channels])

    async def came(self, what: TeamsRequest) -> bool:
        if what.private:
            self._speech.came(what.tenant)
            await self._book.write(what.tenant, "", what.ref)
            return True
        return await self.who_is_there(what)

    async def gone(self, what: TeamsRequest) -> bool:
        self._speech.gone(what.tenant)
        if not what.private:
            for channel in {what.channel, *self._book.channels_of(what.tenant, what.team)}:
                await self._book.forget(what.tenant, channel)
                self.reask.forget(what.tenant, channel)
        return True
