"""Sends messages and answers to Teams: into a conversation, to one reader in it, or in a private
chat."""

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
"""How many seconds the courier waits for the rate limiter; a longer wait reschedules the letter."""
ELSEWHERE_AFTER = 15.0
"""How many seconds an answer is retried as a targeted message before it goes to the private
chat."""
IN_CHAT_AFTER = 60.0
NEW_CHATS = "new chats"
"""The rate limiter's key for opening private chats. They are limited like one conversation."""

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
        """The newest card that is to replace a message, while the update is in progress."""

    def speaks_by(self, transport: Transport) -> None:
        self._speaks_by = transport

    @property
    def transport(self) -> Transport:
        assert self._speaks_by is not None, "the door must be built before a message is sent"
        return self._speaks_by

    # --- where ------------------------------------------------------------------------------------

    async def ref(self, tenant: str, conversation: str) -> Ref:
        found = await self._book.ref(tenant, conversation)
        if found is None:
            reason = "no activity of this tenant has arrived yet"
            raise DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="workplace")
        return found

    async def chat(self, tenant: str, person: str) -> Ref:
        """Open the private chat with a person, or return the cached one. Opening it is
        idempotent."""
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
        """Call Teams within the rate limits. Raises CallFailed, or DeliveryFailed if it would have
        to wait longer than `SHORT_WAIT`."""
        seconds = self._pace.wait(tenant, conversation)
        while seconds:
            if seconds > SHORT_WAIT:
                reason = "rate limit of Teams"
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
        """Drop a cached private chat that no longer exists."""
        self._chats.drop((tenant, person))

    def came(self, tenant: str) -> None:
        """After an installation: retry people who could not be reached before."""
        self._closed.drop_if(lambda key: key[0] == tenant)

    def gone(self, tenant: str) -> None:
        self._chats.drop_if(lambda key: key[0] == tenant)

    # --- answers of this moment -------------------------------------------------------------------

    async def answers(
        self, what: TeamsRequest, pages: Sequence[draw.TeamsMessage], *, again: bool = False
    ) -> None:
        """Answer in the conversation the request came from.

        `again`: the answer may have been sent elsewhere already. This and the next two methods
        raise DeliveryFailed.
        """

        async def say(message: Json) -> None:
            id = await self.transport.send(what.ref, message)
            if what.private:
                self._own.put((what.ref.conversation_id, id), what.person)

        await self._says(what, what.ref, pages, say, PATIENCE, again)

    async def targeted(self, what: TeamsRequest, pages: Sequence[draw.TeamsMessage]) -> None:
        """Answer with a targeted message, which not every tenant supports."""
        if self._no_targets.get(what.tenant):
            raise DeliveryFailed("no targeted messages in this tenant", permanent=True)

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
            raise DeliveryFailed("Digi is not installed for this person", unreachable=True)
        # A hidden command cannot be answered in a third place, so retry here for longer.
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
        """Return whether the pressed card was an answer that only this person got."""
        return self._own.get((what.ref.conversation_id, what.message)) == what.person

    async def takes_its_place(self, what: TeamsRequest, drawn: draw.TeamsMessage) -> bool:
        """Replace the card of a message that only this person sees; return whether that succeeded.
        The card in an invoke response disappears when the chat is opened again; an updated message
        does not."""
        transport = self.transport
        update = transport.update if what.private else transport.update_targeted
        card = (what.ref.conversation_id, what.message)
        self._newest.put(card, drawn)

        async def change(page: draw.TeamsMessage, _: bool) -> None:
            if self._newest.get(card) is not drawn:
                return  # a newer press has replaced the card meanwhile
            try:
                await self.calls(
                    what.tenant,
                    what.ref.conversation_id,
                    lambda: update(what.ref, what.message, draw.message(page)),
                )
            except CallFailed as error:
                raise failure(error) from None

        # Errors are ignored: the invoke response, or the dialog, shows the card in any case.
        with suppress(DeliveryFailed):
            await self._patience.says(card, (drawn,), change)
            return True
        return False
