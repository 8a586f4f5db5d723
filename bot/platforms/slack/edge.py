"""In and out: a request becomes a delivery, its answer what Slack shows, a parcel a message."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.common.ports import (
    Answer,
    Delivery,
    DeliveryFailed,
    InChat,
    Installation,
    Parcel,
    Receive,
    Report,
    Sender,
    ToAgree,
    TypedText,
)
from bot.platforms.common.reply_retry import ReplyRetry, Sleep
from bot.platforms.slack import draw, forms
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.homes import Homes
from bot.platforms.slack.outgoing import Outgoing
from bot.platforms.slack.presence import SlackPresence
from bot.platforms.slack.read import SlackRequest, in_words, mentioned, written_words
from bot.platforms.slack.text_lines import SECTION, cut
from bot.platforms.slack.web_api import ANSWER_SECONDS, WebApi, in_time
from bot.platforms.slack.words import both, word
from bot.platforms.slack.workspaces import Workspaces
from dialogs.model import cards as c
from dialogs.model.commands import Language

ResponseBody = dict[str, Any]
T = TypeVar("T")

FORM_SECONDS = 2.3
"""Slack waits for three, and then says itself that something went wrong."""
WHISPER_SECONDS = 1.5
WHISPERS = 5
"""A response_url may be used so often."""
NAMES = 10
"""So many people of a chosen message are called by their names."""


class SlackReply(Struct, frozen=True):
    """What Slack is told at once. None is an empty acknowledgement."""

    body: ResponseBody | None = None
    status: int = 200


NOTED = SlackReply()
MALFORMED = SlackReply(status=400)
AGAIN = SlackReply(status=503)
"""Slack brings an event again; a person cannot be asked to."""


class SlackEdge:
    """Implements `ports.Edge` for Slack. `receive` is handed in when the application is built."""

    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        told: Report,
        now: Callable[[], float] = time.time,
        *,
        paced: bool = True,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._receive: Receive | None = None
        self._told = told
        self._patience = ReplyRetry(now, sleep)
        self._hindrances = Hindrances(workspaces, told)
        self._directory = Directory(self._hindrances, now)
        self._presence = SlackPresence(
            api, workspaces, self._directory, self._hindrances, told, now
        )
        self._outgoing = Outgoing(api, workspaces, self._hindrances, now, paced=paced)
        self.homes = Homes(api, workspaces, self._received)
        self._failures: Counter[str] = Counter()
        self._later: set[asyncio.Task[Any]] = set()
        self._greeting: set[tuple[str, str]] = set()
        """To whom the chat's first message is on its way."""

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive
        self._presence.goes_to(receive)

    # --- ports.Edge -------------------------------------------------------------------------------

    @property
    def repeats(self) -> bool:
        return False

    def serves(self, tenant: str) -> bool:
        return tenant.startswith("slack:")

    def typed(self, command: str) -> str:
        return f"/digi {command}".rstrip()

    async def deliver(self, parcel: Parcel) -> str:
        return await self._outgoing.deliver(parcel)

    # --- in -----------------------------------------------------------------------------------

    async def answer(self, what: SlackRequest, at: Installation) -> SlackReply:
        """The turn first, then what belongs to this moment."""
        client = self._api.client(at.token)
        match what.kind:
            case "members":
                return NOTED if await self._presence.who_is_there(what, at) else AGAIN
            case "gone":
                self._directory.forget(at.tenant)
                self._presence.reask.forget(at.tenant)
                await self._workspaces.gone(at.tenant)
                return NOTED
            case _:
                pass
        answer = await self._in_time(what, at, client)
        if answer is None:
            return _errors(what, both("takes_long" if what.inputs else "unsure"))
        try:
            return await self._shown(what, answer, client)
        except Exception as error:
            if answer.undone:
                raise
            self.note(what, error)
            return await self.sorry(what, unsure=True)

    async def _shown(
        self, what: SlackRequest, answer: Answer, client: AsyncWebClient
    ) -> SlackReply:
        language: Language = answer.language
        match what.kind:
            case "command" | "shortcut":
                return await self._to_command(what, answer, client)
            case "press":
                return await self._to_press(what, answer, client)
            case "form":
                return self._to_form(what, answer, language)
            case "home" | "chat" if answer.undone:
                return AGAIN
            case "chat":
                if answer.cards:
                    self._soon(self._greets(what, answer))
                return NOTED
            case "home":
                await self.homes.opened(what, answer, client)
                return NOTED
            case _:
                return await self._to_words(what, answer)

    async def _in_time(
        self, what: SlackRequest, at: Installation, client: AsyncWebClient
    ) -> Answer | None:
        """None where a form has to be answered before the act is done; it goes on."""
        if what.kind != "form":
            return await self._received(what, at, client)
        task = asyncio.create_task(self._received(what, at, client))
        done, _ = await asyncio.wait({task}, timeout=FORM_SECONDS)
        if done:
            return task.result()
        self._later.add(task)
        task.add_done_callback(self._over)
        return None

    async def _received(
        self, what: SlackRequest, at: Installation, client: AsyncWebClient
    ) -> Answer:
        assert self._receive is not None, "the house is built before anybody asks"
        assert what.what is not None
        # Nobody is looked up because of a form: it may be without a name.
        known = (
            self._directory.held(at.tenant, what.person)
            if what.kind == "form"
            else await self._directory.person(client, at.tenant, what.person)
        )
        meant = what.what
        if isinstance(meant, ToAgree):
            meant = ToAgree(await self._in_words(meant.text, at, client))
        sender = Sender(
            what.person,
            known.name if known else "",
            known.locale if known else "",
            known.foreign(at.tenant) if known and known.home else _foreign(what, at),
        )
        delivery = Delivery(at.tenant, sender, what.key, meant, what.channel)
        answer = await self._receive(delivery)
        if answer.absent and await self._presence.reask.ask_now(at.tenant, what.channel):
            return await self._receive(delivery)
        return answer

    async def _in_words(self, text: str, at: Installation, client: AsyncWebClient) -> str:
        people = mentioned(text)[:NAMES]
        known = await asyncio.gather(
            *(self._directory.person(client, at.tenant, person) for person in people)
        )
        named = zip(people, known, strict=True)
        return in_words(text, {person: one.name for person, one in named if one is not None})

    def note(self, what: SlackRequest, error: Exception) -> None:
        """Something of ours failed that the operator should hear of."""
        if what.kind in ("words", "home", "chat", "members", "gone", "hello"):
            self._told("slack", type(error).__name__)
        else:
            # It may have been without a name, and a line in the log has a time.
            self._failures[type(error).__name__] += 1

    async def gather(self) -> int:
        """By the clock, at the start and each day: what failed since is told without its moment,
        and who is in all the channels that Digi is in is seen."""
        for kind, times in self._failures.items():
            self._told("presses and forms in Slack", f"{kind} ({times})")
        self._failures.clear()
        return await self._presence.gather()

    def ask_again(self) -> None:
        """By the clock: who was not known to be a person is asked about again."""
        self._presence.reask.ask_due()

    # --- answers --------------------------------------------------------------------------------

    async def _to_command(
        self, what: SlackRequest, answer: Answer, client: AsyncWebClient
    ) -> SlackReply:
        language: Language = answer.language
        cards = answer.cards + self._invitation(what, language)
        if answer.form is not None:
            view = forms.form(answer.form, language, what.channel)
            if not await self._opened(client, what, view):
                cards = (_said(word("no_form", language)), *cards)
        if answer.faults:
            cards = (*cards, *(c.Card((c.Paragraph(fault.text),)) for fault in answer.faults))
        if not cards:
            return NOTED
        if what.kind == "command":
            drawn = draw.messages(cards, language)
            if drawn.rest:
                self._soon(self._whispers(what, drawn.rest, language))
            return SlackReply(_ephemeral(drawn))
        await self._show(what, cards, language, client)
        return NOTED

    async def _to_press(
        self, what: SlackRequest, answer: Answer, client: AsyncWebClient
    ) -> SlackReply:
        language: Language = answer.language
        cards = answer.cards + self._invitation(what, language)
        if answer.form is not None:
            view = forms.form(answer.form, language, what.channel)
            if what.view:
                shown = await in_time(client.views_update(view_id=what.view, view=view))
            else:
                shown = await self._opened(client, what, view)
            if not shown:
                # The acknowledgement has waited for the form; it does not wait for this too.
                cards = (_said(word("no_form", language)), *cards)
                self._soon(self._show(what, cards, language, client))
                return NOTED
        if not cards:
            return NOTED
        instead = answer.instead and what.whispered
        shown = await self._show(what, cards, language, client, instead=instead)
        return AGAIN if answer.undone and not shown else NOTED

    async def _show(
        self,
        what: SlackRequest,
        cards: tuple[c.FinishedCard, ...],
        language: Language,
        client: AsyncWebClient | None,
        *,
        instead: bool = False,
    ) -> bool:
        """Where the button was: in its modal, beside its message, or in a modal of its own."""
        if what.response_url:
            drawn = draw.messages(cards, language)
            return await self._whispers(what, (drawn, *drawn.rest), language, instead=instead)
        if client is None:
            return False
        sheet = draw.sheet(cards, language, what.channel)
        if what.view:
            return await in_time(client.views_update(view_id=what.view, view=sheet))
        return await self._opened(client, what, sheet)

    def _to_form(self, what: SlackRequest, answer: Answer, language: Language) -> SlackReply:
        if answer.faults:
            known = set(what.inputs)
            errors: dict[str, str] = {}
            for fault in answer.faults:
                field = fault.field if fault.field in known else next(iter(what.inputs), "")
                said = cut(c.plain(fault.text), SECTION)
                errors[field] = f"{errors[field]} {said}" if field in errors else said
            if "" not in errors:
                return SlackReply({"response_action": "errors", "errors": errors})
            cards = tuple(c.Card((c.Paragraph(fault.text),)) for fault in answer.faults)
            return _updated(draw.sheet(cards, language, what.channel))
        if answer.form is not None:
            return _updated(forms.form(answer.form, language, what.channel))
        if answer.cards:
            return _updated(draw.sheet(answer.cards, language, what.channel))
        return SlackReply({"response_action": "clear"}) if what.deep else NOTED

    async def _to_words(self, what: SlackRequest, answer: Answer) -> SlackReply:
        if answer.undone:
            return AGAIN
        language: Language = answer.language
        cards = answer.cards
        if answer.form is not None:
            words = what.what.text[:200] if isinstance(what.what, TypedText) else ""
            cards = (*cards, _offer(word("to_the_form", language), (word("open", language), words)))
        if not cards:
            return NOTED
        drawn = draw.messages(cards, language)
        said = self._soon(self._answers(what, (drawn, *drawn.rest), language))
        done, _ = await asyncio.wait({said}, timeout=ANSWER_SECONDS)
        for task in done:
            task.result()
        return NOTED

    async def _greets(self, what: SlackRequest, answer: Answer) -> None:
        """The chat's first message; that it was said is kept only once it has arrived."""
        assert self._receive is not None
        whom = (what.tenant, what.person)
        if whom in self._greeting:
            return
        self._greeting.add(whom)
        try:
            drawn = draw.messages(answer.cards, answer.language)
            if await self._answers(what, (drawn, *drawn.rest), answer.language):
                key = f"greeted:{what.key}"
                said = Delivery(what.tenant, Sender(what.person), key, InChat(told=True))
                await self._receive(said)
        finally:
            self._greeting.discard(whom)

    async def _answers(
        self, what: SlackRequest, pages: tuple[draw.SlackMessage, ...], language: Language
    ) -> bool:
        """To what was typed, and whether it arrived. Where Slack has no room yet it comes later."""

        async def say(page: draw.SlackMessage, again: bool) -> None:
            if again:
                page = draw.marked_again(page, language)
            await self._outgoing.answer(what, page)

        try:
            await self._patience.says((what.tenant, what.answer_to, what.person), pages, say)
        except DeliveryFailed as failed:
            if not (failed.permanent or failed.closed):
                self._told("slack", f"an answer did not arrive: {failed.reason}")
            return False
        return True

    def _invitation(self, what: SlackRequest, language: Language) -> tuple[c.FinishedCard, ...]:
        """Where Digi could not write into the channel, it says so to whoever asks it there."""
        if not what.channel:
            return ()
        said = self._hindrances.in_words(what.tenant, what.channel, language)
        return (_said(said),) if said else ()

    # --- calls of this moment -------------------------------------------------------------------

    async def _opened(self, client: AsyncWebClient, what: SlackRequest, view: ResponseBody) -> bool:
        return await in_time(client.views_open(trigger_id=what.trigger, view=view))

    async def sorry(self, what: SlackRequest, *, unsure: bool = False) -> SlackReply:
        """Something of ours failed: honest, and nothing that was filled in is lost. Where it was
        only after the act (`unsure`), nobody is told that nothing was kept.

        A press has no answer of its own; where nobody could be told, Slack's own sign of failure
        is left to stand beside the button.
        """
        said = "unsure" if unsure else "not_now"
        match what.kind:
            case "form":
                return _errors(what, both("form_unsure" if unsure else "form_not_saved"))
            case "command":
                return SlackReply({"response_type": "ephemeral", "text": both(said)})
            case "press" | "shortcut":
                at = self._workspaces.remembered(what.tenant)
                client = self._api.client(at.token) if at is not None else None
                told = await self._show(what, (_said(both(said)),), "da", client)
                return NOTED if told else AGAIN
            case _:
                return AGAIN

    async def _whispers(
        self,
        what: SlackRequest,
        pages: tuple[draw.SlackMessage, ...],
        language: Language,
        *,
        instead: bool = False,
    ) -> bool:
        """To one person, beside the message; whether it was said within the time of a press."""
        said = self._soon(self._whispered(what, pages[:WHISPERS], language, instead))
        done, _ = await asyncio.wait({said}, timeout=WHISPER_SECONDS)
        return bool(done) and said.result()

    async def _whispered(
        self,
        what: SlackRequest,
        pages: tuple[draw.SlackMessage, ...],
        language: Language,
        instead: bool,
    ) -> bool:
        async def say(page: draw.SlackMessage, again: bool) -> None:
            replaces = instead and page is pages[0]
            if again and not replaces:
                page = draw.marked_again(page, language)
            await self._outgoing.whisper(what, _ephemeral(page, what.thread, instead=replaces))

        try:
            await self._patience.says((what.tenant, what.response_url), pages, say)
        except DeliveryFailed:
            return False
        return True

    def _soon(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._later.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures[type(error).__name__] += 1

    async def quiet(self) -> None:
        """Until nothing waits to be said."""
        while self._later:
            await asyncio.wait(set(self._later))
        await self._presence.reask.quiet()

    async def close(self) -> None:
        self.homes.close()
        self._presence.reask.close()
        if self._later:
            await asyncio.wait(self._later, timeout=WHISPER_SECONDS)
        await self._api.close()


def _said(text: str) -> c.FinishedCard:
    return c.Card((c.Paragraph((c.Plain(text),)),))


def _offer(text: str, *buttons: tuple[str, str]) -> c.FinishedCard:
    """A text of this platform's own, and buttons that are as if one had typed."""
    return c.Card(
        (
            c.Paragraph((c.Plain(text),)),
            c.Buttons(
                tuple(
                    c.Button[c.Spans]((c.Plain(label),), token=written_words(words))
                    for label, words in buttons
                )
            ),
        )
    )


def _ephemeral(
    drawn: draw.SlackMessage, thread: str = "", *, instead: bool = False
) -> ResponseBody:
    body: ResponseBody = {
        "response_type": "ephemeral",
        "replace_original": instead,
        "text": drawn.text,
        "blocks": drawn.blocks,
    }
    return {**body, "thread_ts": thread} if thread else body


def _updated(view: ResponseBody) -> SlackReply:
    return SlackReply({"response_action": "update", "view": view})


def _errors(what: SlackRequest, text: str) -> SlackReply:
    if not what.inputs:
        return _updated(draw.sheet((_said(text),), "da", what.channel))
    return SlackReply({"response_action": "errors", "errors": {what.inputs[0]: text}})


def _foreign(what: SlackRequest, at: Installation) -> bool:
    """Of another organisation, as far as the request itself tells it; of whoever is in one of an
    organisation's workspaces only the directory knows."""
    home = at.tenant.removeprefix("slack:")
    return (
        bool(what.person_home)
        and home.startswith("T")
        and what.person_home[0] == "T"
        and (what.person_home != home)
    )
