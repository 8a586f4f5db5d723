"""The Teams adapter: passes activities to the engine, shows their answers, and delivers letters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from bot.normalize import readable
from bot.platforms.common.background import Background
from bot.platforms.common.chat_edge import ChatEdge
from bot.platforms.common.once import Once
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    DeliveryFailed,
    Parcel,
    Report,
    Sender,
    TypedText,
)
from bot.platforms.common.reply_retry import Sleep
from bot.platforms.teams import data, draw
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.outgoing import TeamsOutgoing
from bot.platforms.teams.ports import CallFailed, Json, TeamsReply, Transport
from bot.platforms.teams.presence import TeamsPresence
from bot.platforms.teams.rate_limit import TeamsRateLimiter
from bot.platforms.teams.read import TeamsRequest, incoming, kind_of
from bot.platforms.teams.sheets import NAME_SECONDS, Sheets, language_of, said
from bot.platforms.teams.speech import Speech
from bot.platforms.teams.words import both, word
from content.language import Language
from dialogs.model import cards as c

INVOKE_SECONDS = 2.3
"""How long an invoke may take to answer. Teams gives up after three seconds."""
ANSWER_SECONDS = 10.0
"""How long a message may take to acknowledge. Teams gives up after fifteen seconds."""
PLACE_SECONDS = 0.5
"""How long a submitted form may take to change the message behind it before its dialog shows the
result itself."""
TOAST = 400
"""The longest answer, in characters, that is shown as a toast at the pressed button."""
A_DAY = 24 * 60 * 60.0
SEEN = 50_000
A_WHILE = 10 * 60.0
CARD = "application/vnd.microsoft.card.adaptive"
TOLD = "application/vnd.microsoft.activity.message"
BY_NAME = ("words", "members", "came", "gone")
NOTED = TeamsReply()
AGAIN = TeamsReply(status=503)
UNKNOWN = TeamsReply(status=501)

T = TypeVar("T")


class TeamsEdge(ChatEdge[TeamsPresence]):
    """Implements `ports.Edge` for Teams."""

    def __init__(
        self,
        book: Book,
        told: Report,
        *,
        pace: TeamsRateLimiter | None = None,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("Teams", told, BY_NAME, Background())
        self._book = book
        self._speech = Speech(book, pace=pace, sleep=sleep)
        self._outgoing = TeamsOutgoing(self._speech)
        self._sheets = Sheets(book, self._speech)
        self._presence = TeamsPresence(book, self._speech, told, now)
        # Only plain acknowledgements are cached, never the content of a dialog.
        self._once = Once(SEEN, A_WHILE, AGAIN, lambda reply: reply == NOTED)

    def speaks_by(self, transport: Transport) -> None:
        self._speech.speaks_by(transport)

    # --- ports.Edge -------------------------------------------------------------------------------

    def typed(self, command: str, *, private: bool) -> str:
        return command if private else f"@Digi {command}".rstrip()

    async def deliver(self, parcel: Parcel) -> str:
        return await self._outgoing.deliver(parcel)

    # --- in ---------------------------------------------------------------------------------------

    async def on_activity(self, activity: Json) -> TeamsReply:
        """Handle any activity from Teams. Text may contain unpaired surrogates, when a client cuts
        an emoji in half; Teams passes them on."""
        try:
            activity = readable(activity)
            what = incoming(activity)
        except RecursionError:
            what = None
        if what is None:
            return self._not_understood(activity)
        self._book.learn(what.tenant, what.ref)
        self._book.meet(what.tenant, what.person, what.address, what.locale)
        try:
            return await self._once.answer(
                f"{what.tenant}|{what.key}", lambda: self._answered(what)
            )
        except Exception as error:
            self._failed(what.way, error)
            return self._sorry(what)

    async def _answered(self, what: TeamsRequest) -> TeamsReply:
        match what.way:
            case "members":
                return NOTED if await self._presence.who_is_there(what) else AGAIN
            case "came":
                return NOTED if await self._presence.came(what) else AGAIN
            case "gone":
                return NOTED if await self._presence.gone(what) else AGAIN
            case "fetch" | "submit" if isinstance(what.data, data.Held):
                return self._sheets.waited_for(what, what.data)
            case _:
                pass
        channel = await self._channel(what)
        answer = await self._in_time(what, channel)
        if answer is None:
            return self._too_long(what)
        try:
            return await self._shown(what, channel, answer)
        except Exception as error:
            if answer.undone:
                raise
            self._failed(what.way, error)
            return self._sorry(what, unsure=True)

    async def _shown(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        match what.way:
            case "words" | "press":
                return await self._to_message(what, channel, answer)
            case "execute":
                return self._to_execute(what, channel, answer)
            case _:
                return await self._to_dialog(what, channel, answer)

    async def _channel(self, what: TeamsRequest) -> str:
        """Return the channel that an act belongs to.

        A button in a private chat may name a channel. That is not trusted: the person must be a
        member of it.
        """
        if not what.private:
            await self._presence.meet(what)
            return what.channel
        named = getattr(what.data, "channel", "")
        if not named or kind_of(named) == "personal":
            return ""
        if not await self._book.knows(what.tenant, named):
            return ""
        ref = msgspec.structs.replace(what.ref, conversation_id=named, kind=kind_of(named))
        try:
            async with asyncio.timeout(NAME_SECONDS):
                there = await self._book.members(self._speech.transport, what.tenant, ref)
        except (CallFailed, TimeoutError):
            return ""
        everybody = (*there.people, *there.unknown)
        return named if any(one.person == what.person for one in everybody) else ""

    async def _in_time(self, what: TeamsRequest, channel: str) -> Answer | None:
        """Return the answer, or None if an invoke takes longer than `INVOKE_SECONDS`. It is then
        still processed in the background."""
        assert what.what is not None
        sender = Sender(what.person, what.name, what.locale, what.foreign)
        delivery = Delivery(what.tenant, sender, what.key, what.what, channel)
        if what.way in ("words", "press"):
            return await self._received(delivery)
        return await self.background.within(INVOKE_SECONDS, self._received(delivery))

    # --- answers ----------------------------------------------------------------------------------

    async def _to_message(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        """Answer a message with a message, and acknowledge it.

        After a rate limit the answer is retried later. If it cannot be sent, answer 503, so that
        Teams retries.
        """
        answered = self.background.start(self._answers(what, channel, answer))
        done, _ = await asyncio.wait({answered}, timeout=ANSWER_SECONDS)
        return NOTED if not done or answered.result() else AGAIN

    async def _answers(self, what: TeamsRequest, channel: str, answer: Answer) -> bool:
        try:
            await self._to_person(what, channel, answer)
        except Exception as error:
            self._failed(what.way, error)
            return False
        return True

    async def _to_person(self, what: TeamsRequest, channel: str, answer: Answer) -> None:
        """Show an answer only to the person who asked.

        Try in this order: the private chat if that is where they asked; a targeted message in the
        channel; the private chat; a button in the channel that opens the answer for them.
        """
        language: Language = answer.language
        cards = answer.cards + draw.said_faults(answer.faults)
        if answer.form is not None and isinstance(what.what, TypedText):
            say = data.CommandData(what.what.text[:200])
            opens = draw.offer(word("to_the_form", language), word("open", language), say)
            cards = (*cards, opens)
        if not cards:
            if what.way == "press":
                return
            cards = (draw.said(word("done", language)),)
        pages = draw.pages(cards, language)
        if what.private:
            await self._speech.answers(what, pages)
            return
        try:
            await self._speech.targeted(what, pages)
            return
        except DeliveryFailed as failed:
            lost = failed.uncertain
        try:
            pages = draw.pages(cards, language, channel)
            await self._speech.in_chat(what, pages, again=lost)
        except DeliveryFailed as failed:
            lost = lost or failed.uncertain
            if what.hidden:
                raise  # nobody else saw the command, so a button in the channel would reveal it
        else:
            if not what.hidden and what.way == "words":
                told = draw.said(word("answered_in_chat", language))
                await self._speech.answers(what, draw.pages((told,), language))
            return
        if answer.form is not None:
            # The form opens for whoever presses, as an act of their own.
            offered = cards[-1]
        else:
            held = data.Held(self._sheets.held(what, cards, language))
            offered = draw.offer(word("only_for_you", language), word("read_it", language), held)
        await self._speech.answers(what, draw.pages((offered,), language), again=lost)

    def _to_execute(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        """Answer a button: a short answer as a toast, a longer one as a message."""
        language: Language = answer.language
        cards = answer.cards + draw.said_faults(answer.faults)
        plain = draw.plain(cards)
        buttons = any(c.every_button(card) for card in cards)
        if answer.instead and self._speech.is_own(what):
            drawn = draw.messages(
                cards, language, place=draw.CardPlace(channel=what.elsewhere(channel))
            )
            self.background.start(self._speech.takes_its_place(what, drawn))
            return TeamsReply({"statusCode": 200, "type": CARD, "value": drawn.card})
        if answer.form is None and not buttons and len(plain) <= TOAST:
            return _toast(plain or word("done", language))
        self.background.start(self._to_person(what, channel, answer))
        return _toast(word("answered_here", language))

    async def _to_dialog(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        language: Language = answer.language
        elsewhere = what.elsewhere(channel)
        if answer.faults and isinstance(what.data, data.Send):
            filled = what.data.form.form
            return await self._sheets.form(what, channel, filled, language, answer.faults)
        if answer.form is not None:
            return await self._sheets.form(what, channel, answer.form, language)
        cards = answer.cards + draw.said_faults(answer.faults)
        if answer.faults:
            cards += draw.typed_texts(what.fields)
        if answer.instead and await self._changes_behind(what, cards, language, elsewhere):
            return TeamsReply()
        if cards:
            place = draw.CardPlace(inside=True, channel=elsewhere)
            drawn = draw.messages(cards, language, place=place)
            return self._sheets.page(what, language, (drawn, *drawn.rest), draw.title_of(cards))
        if what.way == "submit" and not what.compose:
            return TeamsReply()  # closes the dialog; the card behind it shows the result
        return said(word("done", language))

    async def _changes_behind(
        self,
        what: TeamsRequest,
        cards: tuple[c.FinishedCard, ...],
        language: Language,
        elsewhere: str,
    ) -> bool:
        """Put the answer to a form in place of the message whose button opened it, if only this
        person sees it. Return whether it stands there, so that the dialog can close."""
        if what.way != "submit" or not self._speech.is_own(what):
            return False
        drawn = draw.messages(cards, language, place=draw.CardPlace(channel=elsewhere))
        changing = self._speech.takes_its_place(what, drawn)
        return await self.background.within(PLACE_SECONDS, changing) is True

    # --- when it goes wrong -----------------------------------------------------------------------

    def _sorry(self, what: TeamsRequest, *, unsure: bool = False) -> TeamsReply:
        """Tell the person about an internal error without losing what they filled in.

        `unsure` means that the error came after the act, which may therefore have been saved: then
        do not claim that nothing was.
        """
        language = language_of(what)
        words = word("unsure" if unsure else "not_now", language)
        match what.way:
            case "submit" | "fetch" if isinstance(what.data, data.Send):
                words = word("form_unsure" if unsure else "form_not_saved", language)
                return self._sheets.still_there(what, what.data, words)
            case "submit" | "fetch":
                return said(words)
            case "execute":
                return _toast(words)
            case _:
                return AGAIN

    def _too_long(self, what: TeamsRequest) -> TeamsReply:
        language = language_of(what)
        words = word("takes_long", language)
        if isinstance(what.data, data.Send):
            return self._sheets.still_there(what, what.data, words)
        if what.way == "execute":
            return _toast(words)
        return said(words)

    def _not_understood(self, activity: Json) -> TeamsReply:
        if activity.get("type") != "invoke":
            return NOTED
        match activity.get("name"):
            case (
                "task/fetch"
                | "task/submit"
                | "composeExtension/fetchTask"
                | ("composeExtension/submitAction")
            ):
                return said(both("strange"))
            case "adaptiveCard/action":
                return _toast(both("strange"))
            case _:
                return UNKNOWN

    async def close(self) -> None:
        self._presence.reask.close()
        await self.background.close()


def _toast(text: str) -> TeamsReply:
    return TeamsReply({"statusCode": 200, "type": TOLD, "value": text})
