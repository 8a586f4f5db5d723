"""In and out: an activity becomes a delivery, its answer what Teams shows, a parcel a message."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bot.cache import Cache
from bot.edge import (
    Answer,
    Delivery,
    DeliveryFailed,
    Fault,
    Members,
    Parcel,
    Receive,
    Sender,
    Typed,
)
from bot.teams import draw
from bot.teams.book import Book
from bot.teams.pace import Pace
from bot.teams.read import Incoming, incoming, kind_of
from bot.teams.seam import CallFailed, Json, Ref, Reply, Told, Transport
from bot.teams.words import Language, both, word
from dialogs import cards as c

INVOKE_SECONDS = 2.3
"""Teams waits for three."""
NAME_SECONDS = 0.6
TOAST = 400
"""So much of an answer stands at the button that was pressed."""
A_DAY = 24 * 60 * 60.0
A_WHILE = 10 * 60.0
NO_TOKEN_SECONDS = 60.0
HELD_SECONDS = 60 * 60.0
"""So long a message waits where somebody has to let Digi in before it can go."""
SHORT_WAIT = 1.5
"""So long the courier waits for its turn to speak; longer than that it does something else."""
CARD = "application/vnd.microsoft.card.adaptive"
TOLD = "application/vnd.microsoft.activity.message"
NOTED = Reply()
AGAIN = Reply(status=503)
UNKNOWN = Reply(status=501)

Sleep = Callable[[float], Awaitable[None]]


class _Waiting(Struct, frozen=True):
    """What a person may still open: an answer, or the rest of one."""

    tenant: str
    person: str
    language: Language
    pages: tuple[draw.Drawn, ...]
    title: str


class TeamsEdge:
    """Implements `bot.edge.Edge` for Teams. `receive` is handed in when the house is built."""

    def __init__(
        self, book: Book, told: Told, *, pace: Pace | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._book = book
        self._told = told
        self._pace = pace or Pace()
        self._sleep = sleep
        self._receive: Receive | None = None
        self._speaks_by: Transport | None = None
        self._chats: Cache[tuple[str, str], Ref] = Cache(20_000, A_DAY)
        self._closed: Cache[tuple[str, str], bool] = Cache(20_000, A_WHILE)
        self._no_targets: Cache[str, bool] = Cache(1000, A_DAY)
        self._begun: Cache[str, tuple[str, int]] = Cache(1000, A_DAY)
        self._own: Cache[tuple[str, str], str] = Cache(20_000, A_DAY)
        self._waiting: Cache[str, _Waiting] = Cache(5000, 3 * A_WHILE)
        self._seen: Cache[str, asyncio.Future[Reply]] = Cache(50_000, A_WHILE)
        self._failures: Counter[str] = Counter()
        self._later: set[asyncio.Task[Any]] = set()
        self._slow: set[asyncio.Task[Any]] = set()

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive

    def speaks_by(self, transport: Transport) -> None:
        self._speaks_by = transport

    @property
    def _transport(self) -> Transport:
        assert self._speaks_by is not None, "the door is built before anybody speaks"
        return self._speaks_by

    # --- bot.edge.Edge ----------------------------------------------------------------------------

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
        place, done = self._begun.get(parcel.id) or ("", 0)
        if not place:
            place = await self._post(parcel, drawn)
        for page in drawn.rest[done:]:
            # What had no room stands below it; a failure here goes on where it stopped.
            self._begun.put(parcel.id, (place, done))
            ref = await self._ref(parcel.tenant, read_place(place)[0])
            await self._said(parcel, ref, page)
            done += 1
        self._begun.drop(parcel.id)
        return place

    async def _post(self, parcel: Parcel, drawn: draw.Drawn) -> str:
        if parcel.kind == "private":
            ref = await self._chat(parcel)
        elif parcel.kind == "thread":
            ref = await self._ref(parcel.tenant, read_place(parcel.target)[0])
        else:
            ref = await self._ref(parcel.tenant, parcel.channel)
            if ref.kind == "channel":
                return await self._begins(parcel, ref, drawn)
        return written_place(ref.conversation_id, await self._said(parcel, ref, drawn))

    async def _begins(self, parcel: Parcel, ref: Ref, drawn: draw.Drawn) -> str:
        """A thread of its own in a channel."""
        await self._may_speak(parcel.tenant, parcel.channel)
        try:
            thread = await self._transport.new_thread(ref, parcel.channel, draw.message(drawn))
        except CallFailed as error:
            raise failure(error) from None
        id = thread.conversation_id.partition(";messageid=")[2]
        return written_place(thread.conversation_id, id)

    async def _said(self, parcel: Parcel, ref: Ref, drawn: draw.Drawn) -> str:
        await self._may_speak(parcel.tenant, ref.conversation_id)
        try:
            return await self._transport.send(ref, draw.message(drawn))
        except CallFailed as error:
            if parcel.kind == "private":
                self._chats.drop((parcel.tenant, parcel.person))
                raise private_failure(error) from None
            raise failure(error) from None

    async def _redraw(self, parcel: Parcel, drawn: draw.Drawn) -> str:
        place, id = read_place(parcel.target)
        ref = await self._ref(parcel.tenant, place)
        await self._may_speak(parcel.tenant, ref.conversation_id)
        try:
            await self._transport.update(ref, id, draw.message(drawn))
        except CallFailed as error:
            raise failure(error) from None
        return parcel.target

    async def _ref(self, tenant: str, conversation: str) -> Ref:
        found = await self._book.ref(tenant, conversation)
        if found is None:
            reason = "nobody of this tenant has been heard of yet"
            raise DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="workplace")
        return found

    async def _chat(self, parcel: Parcel) -> Ref:
        """The private chat with a person; asking again opens the same one."""
        known = self._chats.get((parcel.tenant, parcel.person))
        if known is not None:
            return known
        ref = await self._ref(parcel.tenant, "")
        try:
            return await self._opened(parcel.tenant, parcel.person, ref)
        except CallFailed as error:
            raise private_failure(error) from None

    async def _opened(self, tenant: str, person: str, ref: Ref) -> Ref:
        called = self._book.called(tenant, person)
        chat = await self._transport.open_private(ref, called)
        self._chats.put((tenant, person), chat)
        return chat

    async def _may_speak(self, tenant: str, conversation: str) -> None:
        """Teams' own limits; a short wait is waited for here."""
        seconds = self._pace.wait(tenant, conversation)
        while seconds:
            if seconds > SHORT_WAIT:
                reason = "Teams lets nobody speak faster"
                raise DeliveryFailed(reason, held=True, retry_after=seconds)
            await self._sleep(seconds)
            seconds = self._pace.wait(tenant, conversation)

    # --- in ---------------------------------------------------------------------------------------

    async def on_activity(self, activity: Json) -> Reply:
        """Anything that came from Teams."""
        what = incoming(activity)
        if what is None:
            return self._not_understood(activity)
        self._book.learn(what.tenant, what.ref)
        self._book.meet(what.tenant, what.person, what.address, what.locale)
        try:
            return await self._once(what)
        except Exception as error:
            if what.way in ("words", "members", "came", "gone"):
                self._told("teams", type(error).__name__)
            else:
                # It may have been without a name, and a line in the log has a time.
                self._failures[type(error).__name__] += 1
            return self._sorry(what)

    async def _once(self, what: Incoming) -> Reply:
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

    async def _answered(self, what: Incoming) -> Reply:
        match what.way:
            case "members":
                return await self._who_is_there(what)
            case "came":
                return await self._came(what)
            case "gone":
                return await self._gone(what)
            case "fetch" | "submit" if isinstance(what.data, draw.Ask):
                asked = draw.question(what.data, self._language(what))
                return Reply(draw.dialog(asked, what.data.label))
            case "fetch" | "submit" if isinstance(what.data, draw.Held):
                return self._waited_for(what, what.data)
            case _:
                pass
        channel = await self._channel(what)
        answer = await self._in_time(what, channel)
        if answer is None:
            return self._too_long(what)
        match what.way:
            case "words":
                return await self._to_words(what, channel, answer)
            case "press":
                await self._to_person(what, channel, answer)
                return NOTED
            case "execute":
                return self._to_execute(what, channel, answer)
            case _:
                return await self._to_dialog(what, channel, answer)

    async def _channel(self, what: Incoming) -> str:
        """The channel that an act belongs to. A button in a private chat may name one: it is
        believed where the person is in it."""
        if not what.private:
            await self._meet(what)
            return what.channel
        named = getattr(what.data, "channel", "")
        if not named or kind_of(named) == "personal":
            return ""
        if not await self._book.knows(what.tenant, named):
            return ""
        ref = msgspec.structs.replace(what.ref, conversation_id=named, kind=kind_of(named))
        try:
            async with asyncio.timeout(NAME_SECONDS):
                there = await self._book.members(self._transport, what.tenant, ref)
        except (CallFailed, TimeoutError):
            return ""
        return named if any(one.person == what.person for one in there) else ""

    async def _in_time(self, what: Incoming, channel: str) -> Answer | None:
        """None where the person has to be told before the answer is there; the act goes on."""
        assert self._receive is not None, "the house is built before anybody asks"
        assert what.what is not None
        sender = Sender(what.person, what.name, what.locale, what.foreign)
        delivery = Delivery(what.tenant, sender, what.key, what.what, channel)
        if what.way in ("words", "press"):
            return await self._receive(delivery)
        task = asyncio.create_task(_done(self._receive(delivery)))
        done, _ = await asyncio.wait({task}, timeout=INVOKE_SECONDS)
        if done:
            return task.result()
        self._slow.add(task)
        task.add_done_callback(self._over)
        return None

    # --- who is there -----------------------------------------------------------------------------

    async def _meet(self, what: Incoming) -> None:
        """Where Digi has never been asked anything it first looks who is there."""
        if await self._book.knows(what.tenant, what.channel):
            return
        try:
            await self._tell_members(what.tenant, what.channel, what.ref)
        except CallFailed as error:
            if not for_good(error):
                return  # the next word here tries again
        await self._book.write(what.tenant, what.channel, what.ref, what.team)

    async def _who_is_there(self, what: Incoming) -> Reply:
        await self._book.write(what.tenant, what.channel, what.ref, what.team)
        channels = {what.channel, *self._book.channels_of(what.tenant, what.team)}
        told = True
        for channel in sorted(channels):
            try:
                told &= await self._tell_members(what.tenant, channel, what.ref)
            except CallFailed as error:
                # A channel we cannot look into has no members for us.
                told &= for_good(error)
        return NOTED if told else AGAIN

    async def _tell_members(self, tenant: str, channel: str, ref: Ref) -> bool:
        assert self._receive is not None
        there = await self._book.members(
            self._transport, tenant,
            msgspec.structs.replace(ref, conversation_id=channel, kind=kind_of(channel)),
            fresh=True,
        )  # fmt: skip
        key = f"members:{uuid.uuid4().hex}"
        answer = await self._receive(Delivery(tenant, Sender(""), key, Members(there), channel))
        return not answer.undone

    async def gather(self) -> int:
        """Who is in all the channels that Digi is in: at the start and each day, by the clock."""
        for kind, times in self._failures.items():
            self._told("presses and forms in Teams", f"{kind} ({times})")
        self._failures.clear()
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

    async def _came(self, what: Incoming) -> Reply:
        if what.private:
            self._closed.drop_if(lambda key: key[0] == what.tenant)
            await self._book.write(what.tenant, "", what.ref)
            return NOTED
        return await self._who_is_there(what)

    async def _gone(self, what: Incoming) -> Reply:
        self._chats.drop_if(lambda key: key[0] == what.tenant)
        if not what.private:
            for channel in {what.channel, *self._book.channels_of(what.tenant, what.team)}:
                await self._book.forget(what.tenant, channel)
        return NOTED

    # --- answers ----------------------------------------------------------------------------------

    async def _to_words(self, what: Incoming, channel: str, answer: Answer) -> Reply:
        await self._to_person(what, channel, answer)
        return NOTED

    async def _to_person(self, what: Incoming, channel: str, answer: Answer) -> None:
        """Only to whoever asked: in the chat, targeted, or by a button that opens it for them."""
        language: Language = answer.language
        cards = answer.cards + _said_faults(answer.faults)
        if answer.form is not None and isinstance(what.what, Typed):
            offer = draw.Say(what.what.text[:200])
            cards = (*cards, _offer(word("to_the_form", language), word("open", language), offer))
        if not cards:
            if what.way == "press":
                return
            cards = (_said(word("done", language)),)
        if what.private:
            await self._calmly_said(what, _pages(cards, language))
        elif await self._targeted(what, _pages(cards, language)):
            return
        elif await self._in_chat(what, _pages(cards, language, channel)):
            if not what.hidden and what.way == "words":
                said = _said(word("answered_in_chat", language))
                await self._calmly_said(what, _pages((said,), language))
        elif what.hidden:
            return  # nobody else has seen the question
        elif answer.form is not None:
            # It opens for whoever presses, as themselves.
            await self._calmly_said(what, _pages(cards[-1:], language))
        else:
            held = draw.Held(self._held(what, cards, language))
            offer_it = _offer(word("only_for_you", language), word("read_it", language), held)
            await self._calmly_said(what, _pages((offer_it,), language))

    async def _calmly_said(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        """Into the conversation that it came from."""
        try:
            for page in pages:
                await self._soon_speaks(what.tenant, what.ref)
                id = await self._transport.send(what.ref, draw.message(page))
                if what.private:
                    self._own.put((what.ref.conversation_id, id), what.person)
        except CallFailed:
            return False
        return True

    async def _targeted(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        """Not every tenant has messages for one reader in a channel."""
        if self._no_targets.get(what.tenant):
            return False
        try:
            for page in pages:
                await self._soon_speaks(what.tenant, what.ref)
                id = await self._transport.send_targeted(what.ref, what.address, draw.message(page))
                self._own.put((what.ref.conversation_id, id), what.person)
        except CallFailed as error:
            if for_good(error):
                self._no_targets.put(what.tenant, True)
            return False
        return True

    async def _in_chat(self, what: Incoming, pages: Sequence[draw.Drawn]) -> bool:
        key = (what.tenant, what.person)
        if self._closed.get(key):
            return False
        try:
            chat = self._chats.get(key) or await self._opened(*key, what.ref)
            for page in pages:
                await self._soon_speaks(what.tenant, chat)
                id = await self._transport.send(chat, draw.message(page))
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

    def _to_execute(self, what: Incoming, channel: str, answer: Answer) -> Reply:
        """A few words stand at the button; more than that comes as a message of its own."""
        language: Language = answer.language
        cards = answer.cards + _said_faults(answer.faults)
        plain = draw.plain(cards)
        buttons = any(isinstance(part, c.Buttons) for card in cards for part in card.parts)
        if answer.instead and self._is_own(what):
            drawn = draw.messages(
                cards, language, place=draw.Place(channel=_elsewhere(what, channel))
            )
            self._soon(self._takes_its_place(what, drawn))
            return Reply({"statusCode": 200, "type": CARD, "value": drawn.card})
        if answer.form is None and not buttons and len(plain) <= TOAST:
            return _toast(plain or word("done", language))
        self._soon(self._to_person(what, channel, answer))
        return _toast(word("answered_here", language))

    def _is_own(self, what: Incoming) -> bool:
        """Whether the card that was pressed was an answer to this person alone."""
        return self._own.get((what.ref.conversation_id, what.message)) == what.person

    async def _takes_its_place(self, what: Incoming, drawn: draw.Drawn) -> None:
        """What the invoke shows is gone when the chat is opened again; this stays."""
        try:
            await self._transport.update(what.ref, what.message, draw.message(drawn))
        except CallFailed:
            return

    async def _to_dialog(self, what: Incoming, channel: str, answer: Answer) -> Reply:
        language: Language = answer.language
        elsewhere = _elsewhere(what, channel)
        if answer.faults and isinstance(what.data, draw.Send):
            filled = what.data.form.form
            return await self._form(what, channel, filled, language, answer.faults)
        if answer.form is not None:
            return await self._form(what, channel, answer.form, language)
        cards = answer.cards + _said_faults(answer.faults)
        if cards:
            place = draw.Place(inside=True, channel=elsewhere)
            drawn = draw.messages(cards, language, place=place)
            return self._page(what, language, (drawn, *drawn.rest), draw.title_of(cards))
        if what.way == "submit" and not what.compose:
            return Reply()  # the dialog closes, and the card behind it says what was done
        done = draw.messages((_said(word("done", language)),), language).card
        return Reply(draw.dialog(done, "Digi"))

    async def _form(
        self,
        what: Incoming,
        channel: str,
        form: c.FinishedForm,
        language: Language,
        faults: tuple[Fault, ...] = (),
    ) -> Reply:
        people = {
            person
            for field in form.fields
            if isinstance(field, c.People)
            for person in (
                *field.values,
                *str(what.fields.get(f"{draw.PREFIX}{field.id}") or "").split(","),
            )
            if person
        }
        where = await self._book.ref(what.tenant, channel) if channel else what.ref
        await self._book.names(
            self._transport, what.tenant, where or what.ref, people, NAME_SECONDS
        )
        drawn = draw.form(
            form, language,
            values=what.fields if faults else {},
            faults=[(fault.field, c.plain(fault.text)) for fault in faults],
            names=lambda person: self._book.name(what.tenant, person),
            channel=_elsewhere(what, channel),
        )  # fmt: skip
        return Reply(draw.dialog(drawn, draw.title_of_form(form), tall=len(form.fields) > 3))

    def _page(
        self, what: Incoming, language: Language, pages: tuple[draw.Drawn, ...], title: str
    ) -> Reply:
        """The first of several pages in a dialog; the others wait behind a button."""
        shown = pages[0].card
        if len(pages) > 1:
            waiting = _Waiting(what.tenant, what.person, language, pages[1:], title)
            shown = draw.more(pages[0], self._waits(waiting), language)
        return Reply(draw.dialog(shown, title, tall=len(str(shown)) > 3000))

    def _held(self, what: Incoming, cards: tuple[c.FinishedCard, ...], language: Language) -> str:
        drawn = draw.messages(cards, language, place=draw.Place(inside=True))
        pages = (drawn, *drawn.rest)
        return self._waits(
            _Waiting(what.tenant, what.person, language, pages, draw.title_of(cards))
        )

    def _waits(self, waiting: _Waiting) -> str:
        id = uuid.uuid4().hex
        self._waiting.put(id, waiting)
        return id

    def _waited_for(self, what: Incoming, held: draw.Held) -> Reply:
        waiting = self._waiting.get(held.id)
        if waiting is not None and (waiting.tenant, waiting.person) == (what.tenant, what.person):
            return self._page(what, waiting.language, waiting.pages, waiting.title)
        language = self._language(what)
        said = word("no_longer" if waiting is None else "not_yours", language)
        return Reply(draw.dialog(draw.messages((_said(said),), language).card, "Digi"))

    # --- when it goes wrong -----------------------------------------------------------------------

    def _sorry(self, what: Incoming) -> Reply:
        """Something of ours failed: honest, and nothing that was filled in is lost."""
        language = self._language(what)
        match what.way:
            case "submit" | "fetch" if isinstance(what.data, draw.Send):
                return self._still_there(what, what.data, word("form_not_saved", language))
            case "submit" | "fetch":
                said = draw.messages((_said(word("not_now", language)),), language).card
                return Reply(draw.dialog(said, "Digi"))
            case "execute":
                return _toast(word("not_now", language))
            case _:
                return AGAIN

    def _too_long(self, what: Incoming) -> Reply:
        language = self._language(what)
        said = word("takes_long", language)
        if isinstance(what.data, draw.Send):
            return self._still_there(what, what.data, said)
        if what.way == "execute":
            return _toast(said)
        return Reply(draw.dialog(draw.messages((_said(said),), language).card, "Digi"))

    def _still_there(self, what: Incoming, sent: draw.Send, said: str) -> Reply:
        form = sent.form.form
        drawn = draw.form(
            form, self._language(what), values=what.fields, faults=[("", said)],
            names=lambda person: self._book.name(what.tenant, person), channel=sent.channel,
        )  # fmt: skip
        return Reply(draw.dialog(drawn, draw.title_of_form(form)))

    def _not_understood(self, activity: Json) -> Reply:
        if activity.get("type") != "invoke":
            return NOTED
        match activity.get("name"):
            case (
                "task/fetch"
                | "task/submit"
                | "composeExtension/fetchTask"
                | ("composeExtension/submitAction")
            ):
                card = draw.messages((_said(both("strange")),), "da").card
                return Reply(draw.dialog(card, "Digi"))
            case "adaptiveCard/action":
                return _toast(both("strange"))
            case _:
                return UNKNOWN

    @staticmethod
    def _language(what: Incoming) -> Language:
        return "en" if what.locale[:2].casefold() == "en" else "da"

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._later.discard(task)
        self._slow.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures[type(error).__name__] += 1

    async def quiet(self) -> None:
        """Until nothing waits to be sent."""
        while self._later:
            await asyncio.wait(set(self._later))

    async def close(self) -> None:
        if under_way := self._later | self._slow:
            await asyncio.wait(under_way, timeout=2.0)


# --- small things ---------------------------------------------------------------------------------


async def _done(answer: Awaitable[Answer]) -> Answer:
    return await answer


def written_place(conversation: str, id: str) -> str:
    """Where a message stands, as our store keeps it."""
    return f"{conversation}|{id}"


def read_place(place: str) -> tuple[str, str]:
    conversation, _, id = place.rpartition("|")
    return conversation, id


def failure(error: CallFailed) -> DeliveryFailed:
    """What a refusal of Teams means for a message."""
    said = f"{error.status} {error.code}".strip() if error.status else error.code
    match error.status:
        case 0:
            if said.startswith("no token"):
                return DeliveryFailed(
                    said, held=True, retry_after=NO_TOKEN_SECONDS, closed="workplace"
                )
            return DeliveryFailed(f"Teams did not answer ({said})", uncertain=error.arrived)
        case 429:
            return DeliveryFailed("throttled", retry_after=error.retry_after or 5.0)
        case 401:
            reason = "Teams does not take our token"
            return DeliveryFailed(
                reason, held=True, retry_after=NO_TOKEN_SECONDS, closed="workplace"
            )
        case 413:
            return DeliveryFailed("the message is too big", permanent=True)
        case 403 if error.code == "MessageWritesBlocked":
            return DeliveryFailed(f"{said}: somebody has blocked Digi", permanent=True)
        case 403:
            reason = f"{said}: Digi is not installed there"
            return DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="channel")
        case 404:
            return DeliveryFailed(f"{said}: it is gone", permanent=True)
        case 400 | 405 | 501:
            return DeliveryFailed(f"{said}: Teams does not take it", permanent=True)
        case 504:
            return DeliveryFailed(said, uncertain=True, retry_after=error.retry_after)
        case _:
            return DeliveryFailed(said, retry_after=error.retry_after)


def for_good(error: CallFailed) -> bool:
    """The same question would be answered alike."""
    return error.status in (400, 403, 404, 405, 501)


def private_failure(error: CallFailed) -> DeliveryFailed:
    """Where Digi is not there for somebody, what it has to say waits until it is."""
    failed = failure(error)
    if error.status not in (403, 404):
        return failed
    return DeliveryFailed(failed.reason, held=True, retry_after=HELD_SECONDS, unreachable=True)


def _pages(
    cards: Sequence[c.FinishedCard], language: Language, channel: str = ""
) -> tuple[draw.Drawn, ...]:
    drawn = draw.messages(cards, language, place=draw.Place(channel=channel))
    return (drawn, *drawn.rest)


def _elsewhere(what: Incoming, channel: str) -> str:
    """The channel that something belongs to, where it is shown in a private chat."""
    return channel if what.private else ""


def _said(text: str) -> c.FinishedCard:
    return c.Card(tuple(c.Paragraph((c.Plain(line),)) for line in text.split("\n")))


def _said_faults(faults: Sequence[Fault]) -> tuple[c.FinishedCard, ...]:
    return tuple(c.Card((c.Paragraph(fault.text),)) for fault in faults)


def _offer(text: str, label: str, data: draw.Say | draw.Held) -> c.FinishedCard:
    """A text of this platform's own, and a button that is as if one had typed."""
    token = draw.written_button(data)
    button = c.Button[c.Spans]((c.Plain(label),), token=token, opens=True)
    return c.Card((c.Paragraph((c.Plain(text),)), c.Buttons((button,))))


def _toast(text: str) -> Reply:
    return Reply({"statusCode": 200, "type": TOLD, "value": text})
