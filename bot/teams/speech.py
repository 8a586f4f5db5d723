"""Speaking in Teams: into a conversation, to one reader of it, or in a private chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.cache import Cache
from bot.edge import DeliveryFailed
from bot.teams import draw
from bot.teams.book import Book
from bot.teams.failure import HELD_SECONDS, for_good, private_failure
from bot.teams.pace import Pace
from bot.teams.read import Incoming
from bot.teams.seam import CallFailed, Ref, Transport

A_DAY = 24 * 60 * 60.0
A_WHILE = 10 * 60.0
SHORT_WAIT = 1.5
"""So long the courier waits for its turn to speak; longer than that it does something else."""

Sleep = Callable[[float], Awaitable[None]]


class Speech:
    def __init__(
        self, book: Book, *, pace: Pace | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._book = book
        self._pace = pace or Pace()
        self._sleep = sleep
        self._speaks_by: Transport | None = None
        self._chats: Cache[tuple[str, str], Ref] = Cache(20_000, A_DAY)
        self._closed: Cache[tuple[str, str], bool] = Cache(20_000, A_WHILE)
        self._no_targets: Cache[str, bool] = Cache(1000, A_DAY)
        self._own: Cache[tuple[str, str], str] = Cache(20_000, A_DAY)

    def speaks_by(self, transport: Transport) -> None:
        self._speaks_by = transport

    @property
    def transport(self) -> Transport:
        assert self._speaks_by is not None, "the door is built before anybody speaks"
        return self._speaks_by

    # --- where ------------------------------------------------------------------------------------

    async def ref(self, tenant: str, conversation: str) -> Ref:
        found = await self._book.ref(tenant, conversation)
        if found is None:
            reason = "nobody of this tenant has been heard of yet"
            raise DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="workplace")
        return found

    async def chat(self, tenant: str, person: str) -> Ref:
        """The private chat with a person; asking again opens the same one."""
        known = self._chats.get((tenant, person))
        if known is not None:
            return known
        ref = await self.ref(tenant, "")
        try:
            return await self._opened(tenant, person, ref)
        except CallFailed as error:
            raise private_failure(error) from None

    async def _opened(self, tenant: str, person: str, ref: Ref) -> Ref:
        called = self._book.called(tenant, person)
        chat = await self.transport.open_private(ref, called)
        self._chats.put((tenant, person), chat)
        return chat

    async def may_speak(self, tenant: str, conversation: str) -> None:
        """Teams' own limits; a short wait is waited for here."""
        seconds = self._pace.wait(tenant, conversation)
        while seconds:
            if seconds > SHORT_WAIT:
                reason = "Teams lets nobody speak faster"
                raise DeliveryFailed(reason, held=True, retry_after=seconds)
            await self._sleep(seconds)
            seconds = self._pace.wait(tenant, conversation)

    def no_chat(self, tenant: str, person: str) -> None:
        """The chat that was known is not there any more."""
        self._chats.drop((tenant, person))

    def came(self, tenant: str) -> None:
        """Somebody has let Digi in: whoever could not be reached is tried again."""
        self._closed.drop_if(lambda key: key[0] == tenant)

    def gone(self, tenant: str) -> None:
        self._chats.drop_if(lambda key: key[0] == tenant)

    # --- answers of this moment -------------------------------------------------------------------

    async def answers(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        """Into the conversation that it came from."""
        try:
            for page in pages:
                await self._soon_speaks(what.tenant, what.ref)
                id = await self.transport.send(what.ref, draw.message(page))
                if what.private:
                    self._own.put((what.ref.conversation_id, id), what.person)
        except CallFailed:
            return False
        return True

    async def targeted(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        """Not every tenant has messages for one reader in a channel."""
        if self._no_targets.get(what.tenant):
            return False
        try:
            for page in pages:
                await self._soon_speaks(what.tenant, what.ref)
                id = await self.transport.send_targeted(what.ref, what.address, draw.message(page))
                self._own.put((what.ref.conversation_id, id), what.person)
        except CallFailed as error:
            if for_good(error):
                self._no_targets.put(what.tenant, True)
            return False
        return True

    async def in_chat(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        key = (what.tenant, what.person)
        if self._closed.get(key):
            return False
        try:
            chat = self._chats.get(key) or await self._opened(*key, what.ref)
            for page in pages:
                await self._soon_speaks(what.tenant, chat)
                id = await self.transport.send(chat, draw.message(page))
                self._own.put((chat.conversation_id, id), what.person)
        except CallFailed as error:
            self._chats.drop(key)
            if private_failure(error).unreachable:
                self._closed.put(key, True)
            return False
        return True

    async def _soon_speaks(self, tenant: str, ref: Ref) -> None:
        """An answer waits for its turn a little, and then tries all the same."""
        if seconds := self._pace.wait(tenant, ref.conversation_id):
            await self._sleep(min(seconds, SHORT_WAIT))
            self._pace.wait(tenant, ref.conversation_id)

    def is_own(self, what: Incoming) -> bool:
        """Whether the card that was pressed was an answer to this person alone."""
        return self._own.get((what.ref.conversation_id, what.message)) == what.person

    async def takes_its_place(self, what: Incoming, drawn: draw.Drawn) -> None:
        """What the invoke shows is gone when the chat is opened again; this stays."""
        try:
            await self.transport.update(what.ref, what.message, draw.message(drawn))
        except CallFailed:
            return
