"""Speaking in Teams: into a conversation, to one reader of it, or in a private chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from bot.cache import Cache
from bot.platforms.common.ports import DeliveryFailed
from bot.platforms.common.reply_retry import PATIENCE, ReplyRetry, Sleep
from bot.platforms.teams import draw
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.failure import (
    HELD_SECONDS,
    THROTTLED_SECONDS,
    failure,
    for_good,
    private_failure,
)
from bot.platforms.teams.ports import CallFailed, Json, Ref, Transport
from bot.platforms.teams.rate_limit import TeamsRateLimiter
from bot.platforms.teams.read import TeamsRequest

A_DAY = 24 * 60 * 60.0
A_WHILE = 10 * 60.0
SHORT_WAIT = 1.5
"""So long the courier waits for its turn to speak; longer than that it does something else."""
ELSEWHERE_AFTER = 15.0
"""So long an answer is tried where it is best read, before it goes where it can be read too."""
IN_CHAT_AFTER = 60.0
NEW_CHATS = "new chats"
"""They have a pace of their own, the same as a conversation's."""

T = TypeVar("T")


class Speech:
    def __init__(
        self, book: Book, *, pace: TeamsRateLimiter | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._book = book
        self._pace = pace or TeamsRateLimiter()
        self._sleep = sleep
        self._patience = ReplyRetry(self._pace.now, sleep)
        self._speaks_by: Transport | None = None
        self._chats: Cache[tuple[str, str], Ref] = Cache(20_000, A_DAY)
        self._closed: Cache[tuple[str, str], bool] = Cache(20_000, A_WHILE)
        self._no_targets: Cache[str, bool] = Cache(1000, A_DAY)
        self._own: Cache[tuple[str, str], str] = Cache(20_000, A_DAY)
        self._newest: Cache[tuple[str, str], draw.TeamsMessage] = Cache(1000, A_WHILE)
        """What a card is to be replaced with, where that is still under way."""

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
        chat = await self.calls(tenant, NEW_CHATS, lambda: self.transport.open_private(ref, called))
        self._chats.put((tenant, person), chat)
        return chat

    async def calls(self, tenant: str, conversation: str, call: Callable[[], Awaitable[T]]) -> T:
        """One call in its turn, as fast as Teams lets one speak. Raises CallFailed, or
        DeliveryFailed where the turn is too far off to be waited for here."""
        seconds = self._pace.wait(tenant, conversation)
        while seconds:
            if seconds > SHORT_WAIT:
                reason = "Teams lets nobody speak faster"
                raise DeliveryFailed(reason, held=True, retry_after=seconds)
            await self._sleep(seconds)
            seconds = self._pace.wait(tenant, conversation)
        try:
            return await call()
        except CallFailed as error:
            if error.status == 429:
                self._pace.rests(tenant, conversation, error.retry_after or THROTTLED_SECONDS)
            raise

    def no_chat(self, tenant: str, person: str) -> None:
        """The chat that was known is not there any more."""
        self._chats.drop((tenant, person))

    def came(self, tenant: str) -> None:
        """Somebody has let Digi in: whoever could not be reached is tried again."""
        self._closed.drop_if(lambda key: key[0] == tenant)

    def gone(self, tenant: str) -> None:
        self._chats.drop_if(lambda key: key[0] == tenant)

    # --- answers of this moment -------------------------------------------------------------------

    async def answers(
        self, what: TeamsRequest, pages: Sequence[draw.TeamsMessage], *, again: bool = False
    ) -> None:
        """Into the conversation that it came from. This and the next two raise DeliveryFailed;
        `again`: it may have been said elsewhere already."""

        async def say(message: Json) -> None:
            id = await self.transport.send(what.ref, message)
            if what.private:
                self._own.put((what.ref.conversation_id, id), what.person)

        await self._says(what, what.ref, pages, say, PATIENCE, again)

    async def targeted(self, what: TeamsRequest, pages: Sequence[draw.TeamsMessage]) -> None:
        """Not every tenant has messages for one reader in a channel."""
        if self._no_targets.get(what.tenant):
            raise DeliveryFailed("no messages for one reader here", permanent=True)

        async def say(message: Json) -> None:
            try:
                id = await self.transport.send_targeted(what.ref, what.address, message)
            except CallFailed as error:
                if for_good(error):
                    self._no_targets.put(what.tenant, True)
                raise
            self._own.put((what.ref.conversation_id, id), what.person)

        await self._says(what, what.ref, pages, say, ELSEWHERE_AFTER)

    async def in_chat(
        self, what: TeamsRequest, pages: Sequence[draw.TeamsMessage], *, again: bool = False
    ) -> None:
        key = (what.tenant, what.person)
        if self._closed.get(key):
            raise DeliveryFailed("Digi is not there for this person", unreachable=True)
        # Where nobody else has seen the question, there is no third place.
        seconds = PATIENCE if what.hidden else IN_CHAT_AFTER
        try:
            chat = self._chats.get(key)
            if chat is None:
                found: list[Ref] = []

                async def opens(_: None, __: bool) -> None:
                    try:
                        found.append(await self._opened(*key, what.ref))
                    except CallFailed as error:
                        raise private_failure(error) from None

                await self._patience.says(key, (None,), opens, seconds=seconds)
                [chat] = found
            there = chat

            async def say(message: Json) -> None:
                id = await self.transport.send(there, message)
                self._own.put((there.conversation_id, id), what.person)

            await self._says(what, there, pages, say, seconds, again, private_failure)
        except DeliveryFailed as failed:
            self._chats.drop(key)
            if failed.unreachable:
                self._closed.put(key, True)
            raise

    async def _says(
        self,
        what: TeamsRequest,
        where: Ref,
        pages: Sequence[draw.TeamsMessage],
        say: Callable[[Json], Awaitable[None]],
        seconds: float,
        again: bool = False,
        meaning: Callable[[CallFailed], DeliveryFailed] = failure,
    ) -> None:
        async def page_said(page: draw.TeamsMessage, again: bool) -> None:
            message = draw.message(draw.marked_again(page) if again else page)
            try:
                await self.calls(what.tenant, where.conversation_id, lambda: say(message))
            except CallFailed as error:
                raise meaning(error) from None

        reader = (what.tenant, where.conversation_id, what.person)
        await self._patience.says(reader, pages, page_said, seconds=seconds, again=again)

    def is_own(self, what: TeamsRequest) -> bool:
        """Whether the card that was pressed was an answer to this person alone."""
        return self._own.get((what.ref.conversation_id, what.message)) == what.person

    async def takes_its_place(self, what: TeamsRequest, drawn: draw.TeamsMessage) -> None:
        """What the invoke shows is gone when the chat is opened again; this stays."""
        card = (what.ref.conversation_id, what.message)
        self._newest.put(card, drawn)

        async def change(page: draw.TeamsMessage, _: bool) -> None:
            if self._newest.get(card) is not drawn:
                return  # pressed again meanwhile, and something newer stands there
            try:
                await self.calls(
                    what.tenant,
                    what.ref.conversation_id,
                    lambda: self.transport.update(what.ref, what.message, draw.message(page)),
                )
            except CallFailed as error:
                raise failure(error) from None

        # The card is shown all the same: it matters only where the chat is opened again.
        with suppress(DeliveryFailed):
            await self._patience.says(card, (drawn,), change)
