"""Who is in the channels that Digi is in, and where Digi came to or left."""

from __future__ import annotations

import uuid

import msgspec

from bot.edge import Delivery, Members, Receive, Sender
from bot.teams.book import Book
from bot.teams.failure import for_good
from bot.teams.read import Incoming, kind_of
from bot.teams.seam import CallFailed, Ref
from bot.teams.speech import Speech


class Presence:
    """What comes back as False was not kept, and should be told again."""

    def __init__(self, book: Book, speech: Speech) -> None:
        self._book = book
        self._speech = speech
        self._receive: Receive | None = None

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive

    async def meet(self, what: Incoming) -> None:
        """Where Digi has never been asked anything it first looks who is there."""
        if await self._book.knows(what.tenant, what.channel):
            return
        try:
            await self._tell_members(what.tenant, what.channel, what.ref)
        except CallFailed as error:
            if not for_good(error):
                return  # the next word here tries again
        await self._book.write(what.tenant, what.channel, what.ref, what.team)

    async def who_is_there(self, what: Incoming) -> bool:
        await self._book.write(what.tenant, what.channel, what.ref, what.team)
        channels = {what.channel, *self._book.channels_of(what.tenant, what.team)}
        told = True
        for channel in sorted(channels):
            try:
                told &= await self._tell_members(what.tenant, channel, what.ref)
            except CallFailed as error:
                # A channel we cannot look into has no members for us.
                told &= for_good(error)
        return told

    async def _tell_members(self, tenant: str, channel: str, ref: Ref) -> bool:
        assert self._receive is not None
        there = await self._book.members(
            self._speech.transport, tenant,
            msgspec.structs.replace(ref, conversation_id=channel, kind=kind_of(channel)),
            fresh=True,
        )  # fmt: skip
        key = f"members:{uuid.uuid4().hex}"
        answer = await self._receive(Delivery(tenant, Sender(""), key, Members(there), channel))
        return not answer.undone

    async def gather(self) -> int:
        """Who is in all the channels that Digi is in: at the start and each day, by the clock."""
        await self._book.catch_up()
        told = 0
        trouble: CallFailed | None = None
        for tenant, channel in self._book.channels():
            ref = await self._book.ref(tenant, channel)
            try:
                told += ref is not None and await self._tell_members(tenant, channel, ref)
            except CallFailed as error:
                # One channel that is out of reach must not keep the others from being seen.
                trouble = trouble if for_good(error) else error
        if trouble is not None:
            raise trouble
        return told

    async def came(self, what: Incoming) -> bool:
        if what.private:
            self._speech.came(what.tenant)
            await self._book.write(what.tenant, "", what.ref)
            return True
        return await self.who_is_there(what)

    async def gone(self, what: Incoming) -> bool:
        self._speech.gone(what.tenant)
        if not what.private:
            for channel in {what.channel, *self._book.channels_of(what.tenant, what.team)}:
                await self._book.forget(what.tenant, channel)
        return True
