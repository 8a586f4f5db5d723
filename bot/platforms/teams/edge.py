"""In and out: an activity becomes a delivery, its answer what Teams shows, a parcel a message."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from bot.cache import Cache
from bot.normalize import readable
from bot.platforms.common.paging import PagedDelivery
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    DeliveryFailed,
    Parcel,
    Receive,
    Report,
    Sender,
    TypedText,
)
from bot.platforms.common.reply_retry import Sleep
from bot.platforms.teams import data, draw
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.failure import failure, private_failure
from bot.platforms.teams.ports import CallFailed, Json, Ref, TeamsReply, Transport
from bot.platforms.teams.presence import TeamsPresence
from bot.platforms.teams.rate_limit import TeamsRateLimiter
from bot.platforms.teams.read import TeamsRequest, incoming, kind_of, read_place, written_place
from bot.platforms.teams.sheets import NAME_SECONDS, Sheets, language_of, said
from bot.platforms.teams.speech import Speech
from bot.platforms.teams.words import both, word
from dialogs.model import cards as c
from dialogs.model.commands import Language

INVOKE_SECONDS = 2.3
"""Teams waits for three."""
ANSWER_SECONDS = 10.0
"""For a message Teams waits for fifteen."""
TOAST = 400
"""So much of an answer stands at the button that was pressed."""
A_DAY = 24 * 60 * 60.0
A_WHILE = 10 * 60.0
CARD = "application/vnd.microsoft.card.adaptive"
TOLD = "application/vnd.microsoft.activity.message"
NOTED = TeamsReply()
AGAIN = TeamsReply(status=503)
UNKNOWN = TeamsReply(status=501)

T = TypeVar("T")


class TeamsEdge:
    """Implements `ports.Edge` for Teams. `receive` is handed in when the application is built."""

    def __init__(
        self,
        book: Book,
        told: Report,
        *,
        pace: TeamsRateLimiter | None = None,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._told = told
        self._speech = Speech(book, pace=pace, sleep=sleep)
        self._sheets = Sheets(book, self._speech)
        self._presence = TeamsPresence(book, self._speech, told, now)
        self._receive: Receive | None = None
        self._pages: PagedDelivery[draw.TeamsMessage] = PagedDelivery(
            lambda page, _: draw.marked_again(page)
        )
        self._seen: Cache[str, asyncio.Future[TeamsReply]] = Cache(50_000, A_WHILE)
        self._failures: Counter[str] = Counter()
        self._later: set[asyncio.Task[Any]] = set()
        self._slow: set[asyncio.Task[Any]] = set()

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive
        self._presence.goes_to(receive)

    def speaks_by(self, transport: Transport) -> None:
        self._speech.speaks_by(transport)

    # --- ports.Edge -------------------------------------------------------------------------------

    @property
    def repeats(self) -> bool:
        return False

    def serves(self, tenant: str) -> bool:
        return tenant.startswith("teams:")

    def typed(self, command: str) -> str:
        return f"@Digi {command}".rstrip()

    async def deliver(self, parcel: Parcel) -> str:
        drawn = draw.messages((parcel.card,), parcel.language, again=parcel.again)
        if parcel.kind == "update":
            return await self._redraw(parcel, drawn)

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
        """A thread of its own in a channel."""
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

    # --- in ---------------------------------------------------------------------------------------

    async def on_activity(self, activity: Json) -> TeamsReply:
        """Anything that came from Teams. A browser may cut a picture in half, and Teams passes on
        what it gets."""
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
            return await self._once(what)
        except Exception as error:
            self._note(what, error)
            return self._sorry(what)

    def _note(self, what: TeamsRequest, error: Exception) -> None:
        if what.way in ("words", "members", "came", "gone"):
            self._told("teams", type(error).__name__)
        else:
            # It may have been without a name, and a line in the log has a time.
            self._failures[type(error).__name__] += 1

    async def _once(self, what: TeamsRequest) -> TeamsReply:
        """The same activity again, even at the same moment, has the same answer."""
        key = f"{what.tenant}|{what.key}"
        running = self._seen.get(key)
        if running is not None:
            return await asyncio.shield(running)
        future = asyncio.get_running_loop().create_future()
        self._seen.put(key, future)
        reply = AGAIN
        try:
            reply = await self._answered(what)
        finally:
            if reply != NOTED:
                # What a dialog shows is not remembered.
                self._seen.drop(key)
            future.set_result(reply)
        return reply

    async def _answered(self, what: TeamsRequest) -> TeamsReply:
        match what.way:
            case "members":
                return NOTED if await self._presence.who_is_there(what) else AGAIN
            case "came":
                return NOTED if await self._presence.came(what) else AGAIN
            case "gone":
                return NOTED if await self._presence.gone(what) else AGAIN
            case "fetch" | "submit" if isinstance(what.data, data.ConfirmData):
                asked = draw.question(what.data, language_of(what))
                return TeamsReply(draw.dialog(asked, what.data.label))
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
            self._note(what, error)
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
        """The channel that an act belongs to. A button in a private chat may name one: it is
        believed where the person is in it."""
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
        """None where the person has to be told before the answer is there; the act goes on."""
        assert self._receive is not None, "the house is built before anybody asks"
        assert what.what is not None
        sender = Sender(what.person, what.name, what.locale, what.foreign)
        delivery = Delivery(what.tenant, sender, what.key, what.what, channel)
        if what.way in ("words", "press"):
            return await self._received(delivery)
        task = asyncio.create_task(_done(self._received(delivery)))
        done, _ = await asyncio.wait({task}, timeout=INVOKE_SECONDS)
        if done:
            return task.result()
        self._slow.add(task)
        task.add_done_callback(self._over)
        return None

    async def _received(self, delivery: Delivery) -> Answer:
        """Where Teams did not tell that somebody joined, it is asked before they are answered."""
        assert self._receive is not None
        answer = await self._receive(delivery)
        if answer.absent and await self._presence.reask.ask_now(delivery.tenant, delivery.channel):
            return await self._receive(delivery)
        return answer

    async def gather(self) -> int:
        """By the clock: what failed since is told without its moment, and who is there is seen."""
        for kind, times in self._failures.items():
            self._told("presses and forms in Teams", f"{kind} ({times})")
        self._failures.clear()
        return await self._presence.gather()

    def ask_again(self) -> None:
        """By the clock: a channel whose people Teams did not tell is asked about again."""
        self._presence.reask.ask_due()

    # --- answers ----------------------------------------------------------------------------------

    async def _to_message(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        """The answer is a message too. Where Teams has no room for it yet it comes later; what
        could not be said is not acknowledged."""
        answered = self._soon(self._answers(what, channel, answer))
        done, _ = await asyncio.wait({answered}, timeout=ANSWER_SECONDS)
        return NOTED if not done or answered.result() else AGAIN

    async def _answers(self, what: TeamsRequest, channel: str, answer: Answer) -> bool:
        try:
            await self._to_person(what, channel, answer)
        except Exception as error:
            self._note(what, error)
            return False
        return True

    async def _to_person(self, what: TeamsRequest, channel: str, answer: Answer) -> None:
        """Only to whoever asked: in the chat, targeted, or by a button that opens it for them."""
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
                raise  # nobody else has seen the question
        else:
            if not what.hidden and what.way == "words":
                told = draw.said(word("answered_in_chat", language))
                await self._speech.answers(what, draw.pages((told,), language))
            return
        if answer.form is not None:
            # It opens for whoever presses, as themselves.
            offered = cards[-1]
        else:
            held = data.Held(self._sheets.held(what, cards, language))
            offered = draw.offer(word("only_for_you", language), word("read_it", language), held)
        await self._speech.answers(what, draw.pages((offered,), language), again=lost)

    def _to_execute(self, what: TeamsRequest, channel: str, answer: Answer) -> TeamsReply:
        """A few words stand at the button; more than that comes as a message of its own."""
        language: Language = answer.language
        cards = answer.cards + draw.said_faults(answer.faults)
        plain = draw.plain(cards)
        buttons = any(isinstance(part, c.Buttons) for card in cards for part in card.parts)
        if answer.instead and self._speech.is_own(what):
            drawn = draw.messages(
                cards, language, place=draw.CardPlace(channel=what.elsewhere(channel))
            )
            self._soon(self._speech.takes_its_place(what, drawn))
            return TeamsReply({"statusCode": 200, "type": CARD, "value": drawn.card})
        if answer.form is None and not buttons and len(plain) <= TOAST:
            return _toast(plain or word("done", language))
        self._soon(self._to_person(what, channel, answer))
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
        if cards:
            place = draw.CardPlace(inside=True, channel=elsewhere)
            drawn = draw.messages(cards, language, place=place)
            return self._sheets.page(what, language, (drawn, *drawn.rest), draw.title_of(cards))
        if what.way == "submit" and not what.compose:
            return TeamsReply()  # the dialog closes, and the card behind it says what was done
        return said(word("done", language))

    # --- when it goes wrong -----------------------------------------------------------------------

    def _sorry(self, what: TeamsRequest, *, unsure: bool = False) -> TeamsReply:
        """Something of ours failed: honest, and nothing that was filled in is lost. Where it was
        only after the act (`unsure`), nobody is told that nothing was kept."""
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

    def _soon(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._later.discard(task)
        self._slow.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures[type(error).__name__] += 1

    async def quiet(self) -> None:
        """Until nothing waits to be sent."""
        while self._later:
            await asyncio.wait(set(self._later))
        await self._presence.reask.quiet()

    async def close(self) -> None:
        self._presence.reask.close()
        if under_way := self._later | self._slow:
            await asyncio.wait(under_way, timeout=2.0)


# --- small things ---------------------------------------------------------------------------------


async def _done(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _toast(text: str) -> TeamsReply:
    return TeamsReply({"statusCode": 200, "type": TOLD, "value": text})
