"""The way out into the pretended workplace: a parcel becomes a message in the room."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from bot.platforms.common.ports import Clockwork, DeliveryFailed, Parcel, RoomMessage, WebRoom
from bot.platforms.web.playground.people import DIGI, TENANT, channel_place, private_place
from dialogs.model.cards import FinishedCard


class MessageBody(Struct, frozen=True, omit_defaults=True):
    """What a message holds: a person's own words, or a card of Digi's."""

    text: str = ""
    card: FinishedCard | None = None
    language: Literal["da", "en"] = "da"


_body = msgspec.json.Decoder(MessageBody)


def read_body(message: RoomMessage) -> MessageBody:
    return _body.decode(message.body)


class Listener:
    """What an open window has not been told yet; the newest of each kind is enough."""

    def __init__(self) -> None:
        self._news: dict[str, object] = {}
        self._woken = asyncio.Event()

    def tell(self, kind: str, data: object) -> None:
        self._news[kind] = data
        self._woken.set()

    async def news(self, patience: float) -> dict[str, object]:
        """What has happened since the last call; empty when `patience` seconds were quiet."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return {}
        self._woken.clear()
        found, self._news = self._news, {}
        return found


class WebEdge:
    """Implements `ports.Edge` for the playground, and wakes the browser windows that listen."""

    def __init__(self, room: WebRoom, clock: Clockwork, *, tenant: str = TENANT) -> None:
        self._room = room
        self._clock = clock
        self._tenant = tenant
        self._listeners: set[Listener] = set()
        self._last: datetime | None = None
        self.epoch = secrets.token_hex(4)
        """Another epoch means that what a window has drawn may be gone: it reads all anew."""

    @property
    def repeats(self) -> bool:
        """The same parcel again is the same message again."""
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
        # A parcel that comes again must not undo a redraw that happened in between.
        if await self._room.one(parcel.id) is None:
            private = parcel.kind == "private"
            place = private_place(parcel.person) if private else channel_place(parcel.channel)
            thread = parcel.target if parcel.kind == "thread" else ""
            await self.put(RoomMessage(parcel.id, place, DIGI, body, self._moment(), thread))
        return parcel.id

    async def say(self, id: str, place: str, person: str, text: str, thread: str = "") -> None:
        """Ordinary chat, as people write it to one another."""
        if await self._room.one(id) is None:
            body = msgspec.json.encode(MessageBody(text=text))
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
        """The room was cleared and the clock may run earlier than before."""
        self._last = None
        self.epoch = secrets.token_hex(4)
        self.tell("reset", self.epoch)

    def _moment(self) -> datetime:
        """Now, and never the same twice: messages are shown in the order of their moments."""
        now = self._clock.now()
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(microseconds=1)
        self._last = now
        return now
