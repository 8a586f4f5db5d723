"""The playground's edge: stores delivered messages in the simulated workplace's room."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from bot.platforms.common.ports import DeliveryFailed, Parcel, RoomMessage, WebRoom
from bot.platforms.web.playground.people import DIGI, TENANT, channel_place, private_place
from content.language import Language
from dialogs.model.cards import FinishedCard


class MessageBody(Struct, frozen=True, omit_defaults=True):
    """The content of a message: a person's text, or a card from Digi."""

    text: str = ""
    card: FinishedCard | None = None
    language: Language = "da"


_body = msgspec.json.Decoder(MessageBody)


def read_body(message: RoomMessage) -> MessageBody:
    return _body.decode(message.body)


class Listener:
    """The events that a browser window has not read yet; of each kind only the newest is kept."""

    def __init__(self) -> None:
        self._news: dict[str, object] = {}
        self._woken = asyncio.Event()

    def tell(self, kind: str, data: object) -> None:
        self._news[kind] = data
        self._woken.set()

    async def news(self, patience: float) -> dict[str, object]:
        """Return the events since the last call, or nothing if there are none within `patience`
        seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return {}
        self._woken.clear()
        found, self._news = self._news, {}
        return found


class WebEdge:
    """Implements `ports.Edge` for the playground, and notifies the connected browser windows."""

    def __init__(self, room: WebRoom, now: Callable[[], datetime], *, tenant: str = TENANT) -> None:
        self._room = room
        self._now = now
        self._tenant = tenant
        self._listeners: set[Listener] = set()
        self._last: datetime | None = None
        self.epoch = secrets.token_hex(4)
        """Changes when the room is cleared; a window that drew another epoch reloads everything."""

    @property
    def repeats(self) -> bool:
        """Delivering the same parcel twice is harmless: it gives one message."""
        return True

    def serves(self, tenant: str) -> bool:
        return tenant == self._tenant

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}".rstrip()

    async def deliver(self, parcel: Parcel) -> str:
        body = msgspec.json.encode(MessageBody(card=parcel.card, language=parcel.language))
        if parcel.kind == "update":
            shown = await self._room.one(parcel.target)
            if shown is None:
                raise DeliveryFailed("the message to redraw is not in the room", permanent=True)
            await self.put(msgspec.structs.replace(shown, body=body))
            return shown.id
        # A parcel that is delivered again must not undo a redraw that happened in between.
        if await self._room.one(parcel.id) is None:
            private = parcel.kind == "private"
            place = private_place(parcel.person) if private else channel_place(parcel.channel)
            thread = parcel.target if parcel.kind == "thread" else ""
            await self.put(RoomMessage(parcel.id, place, DIGI, body, self._moment(), thread))
        return parcel.id

    async def say(
        self,
        id: str,
        place: str,
        person: str,
        text: str,
        thread: str = "",
        *,
        language: Language = "da",
    ) -> None:
        """Store an ordinary chat message from a person, in the language that they have chosen."""
        if await self._room.one(id) is None:
            body = msgspec.json.encode(MessageBody(text=text, language=language))
            await self.put(RoomMessage(id, place, person, body, self._moment(), thread))

    async def put(self, message: RoomMessage) -> None:
        await self._room.put(message)
        self.tell("room", None)

    def tell(self, kind: str, data: object) -> None:
        for listener in self._listeners:
            listener.tell(kind, data)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def emptied(self) -> None:
        """The room was cleared, and the clock may have been set back."""
        self._last = None
        self.epoch = secrets.token_hex(4)
        self.tell("reset", self.epoch)

    def _moment(self) -> datetime:
        """Return the current time, increased if necessary: messages are ordered by it, so it must
        be unique."""
        now = self._now()
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(microseconds=1)
        self._last = now
        return now
