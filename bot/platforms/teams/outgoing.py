"""Sends messages to Teams: posts, updates, replies in a thread, and private messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.platforms.common.paging import PagedDelivery
from bot.platforms.common.ports import Parcel
from bot.platforms.teams import draw
from bot.platforms.teams.failure import failure, private_failure
from bot.platforms.teams.ports import CallFailed, Ref
from bot.platforms.teams.read import read_place, written_place
from bot.platforms.teams.speech import Speech

T = TypeVar("T")


class TeamsOutgoing:
    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._pages: PagedDelivery[draw.TeamsMessage] = PagedDelivery(
            lambda page, _: draw.marked_again(page)
        )

    async def deliver(self, parcel: Parcel) -> str:
        if parcel.kind == "update":
            alone = draw.messages((parcel.card,), parcel.language, alone=True)
            return await self._redraw(parcel, alone)
        drawn = draw.messages((parcel.card,), parcel.language, again=parcel.again)

        async def say(place: str, page: draw.TeamsMessage) -> None:
            ref = await self._speech.ref(parcel.tenant, read_place(place)[0])
            await self._said(parcel, ref, page)

        return await self._pages.deliver(parcel, lambda: self._post(parcel, drawn), drawn.rest, say)

    async def _post(self, parcel: Parcel, drawn: draw.TeamsMessage) -> str:
        if parcel.kind == "private":
            ref = await self._speech.chat(parcel.tenant, parcel.person)
        elif parcel.kind == "thread":
            ref = await self._speech.ref(parcel.tenant, read_place(parcel.target)[0])
        else:
            ref = await self._speech.ref(parcel.tenant, parcel.channel)
            if ref.kind == "channel":
                return await self._begins(parcel, ref, drawn)
        return written_place(ref.conversation_id, await self._said(parcel, ref, drawn))

    async def _begins(self, parcel: Parcel, ref: Ref, drawn: draw.TeamsMessage) -> str:
        """Start a new thread in a channel."""
        transport, message = self._speech.transport, draw.message(drawn)
        try:
            thread = await self._tells(
                parcel, parcel.channel, lambda: transport.new_thread(ref, parcel.channel, message)
            )
        except CallFailed as error:
            raise failure(error) from None
        id = thread.conversation_id.partition(";messageid=")[2]
        return written_place(thread.conversation_id, id)

    async def _said(self, parcel: Parcel, ref: Ref, drawn: draw.TeamsMessage) -> str:
        transport, message = self._speech.transport, draw.message(drawn)
        try:
            return await self._tells(
                parcel, ref.conversation_id, lambda: transport.send(ref, message)
            )
        except CallFailed as error:
            if parcel.kind == "private":
                self._speech.no_chat(parcel.tenant, parcel.person)
                raise private_failure(error) from None
            raise failure(error) from None

    async def _tells(
        self, parcel: Parcel, conversation: str, call: Callable[[], Awaitable[T]]
    ) -> T:
        async def tells() -> T:
            parcel.still_ours()
            return await call()

        return await self._speech.calls(parcel.tenant, conversation, tells)

    async def _redraw(self, parcel: Parcel, drawn: draw.TeamsMessage) -> str:
        place, id = read_place(parcel.target)
        ref = await self._speech.ref(parcel.tenant, place)
        transport, message = self._speech.transport, draw.message(drawn)
        try:
            await self._speech.calls(
                parcel.tenant, ref.conversation_id, lambda: transport.update(ref, id, message)
            )
        except CallFailed as error:
            raise failure(error) from None
        return parcel.target
