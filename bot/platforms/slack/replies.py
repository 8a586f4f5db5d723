"""Shows the answer to a request: in the HTTP response, as an ephemeral message, or in a modal."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.common.background import Background
from bot.platforms.common.ports import (
    Answer,
    DeliveryFailed,
    Report,
    TypedText,
)
from bot.platforms.common.reply_retry import ReplyRetry
from bot.platforms.slack import draw, forms
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.outgoing import Outgoing
from bot.platforms.slack.read import SlackRequest, written_words
from bot.platforms.slack.text_lines import SECTION
from bot.platforms.slack.web_api import ANSWER_SECONDS, WebApi, in_time
from bot.platforms.slack.words import both, word
from bot.platforms.slack.workspaces import Workspaces
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.shorten import cut

ResponseBody = dict[str, Any]
T = TypeVar("T")

WHISPER_SECONDS = 1.5
WHISPERS = 5
"""How often Slack accepts a message at one response_url."""


class SlackReply(Struct, frozen=True):
    """The HTTP response to Slack. Without a body it is an empty acknowledgement."""

    body: ResponseBody | None = None
    status: int = 200


NOTED = SlackReply()
MALFORMED = SlackReply(status=400)
AGAIN = SlackReply(status=503)
"""Makes Slack retry an event. Slack does not retry what a person did: it shows them an error."""


class Replies:
    """Shows answers. `told` reports errors to the operator's log."""

    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        hindrances: Hindrances,
        outgoing: Outgoing,
        background: Background,
        told: Report,
        patience: ReplyRetry,
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._hindrances = hindrances
        self._outgoing = outgoing
        self._background = background
        self._told = told
        self._patience = patience

    async def to_command(
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
                self._background.start(self._whispers(what, drawn.rest, language))
            return SlackReply(_ephemeral(drawn))
        await self._show(what, cards, language, client)
        return NOTED

    async def to_press(
        self, what: SlackRequest, answer: Answer, client: AsyncWebClient
    ) -> SlackReply:
        language: Language = answer.language
        cards = answer.cards + self._invitation(what, language)
        if answer.form is not None:
            beside = what.response_url if what.whispered else ""
            view = forms.form(answer.form, language, what.channel, beside)
            if what.view:
                shown = await in_time(client.views_update(view_id=what.view, view=view))
            else:
                shown = await self._opened(client, what, view)
            if not shown:
                # Slack waits at most three seconds, and opening the form used them up.
                cards = (_said(word("no_form", language)), *cards)
                self._background.start(self._show(what, cards, language, client))
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
        """Show cards where the button was: beside its message or in its modal; else in a new
        modal."""
        if what.response_url:
            drawn = draw.messages(cards, language)
            return await self._whispers(what, (drawn, *drawn.rest), language, instead=instead)
        if client is None:
            return False
        sheet = draw.sheet(cards, language, what.channel)
        if what.view:
            return await in_time(client.views_update(view_id=what.view, view=sheet))
        return await self._opened(client, what, sheet)

    async def to_form(self, what: SlackRequest, answer: Answer, language: Language) -> SlackReply:
        """Show the answer in the form's modal; or, where it takes the place of the ephemeral
        message that the form was opened from, there. Slack accepts that for thirty minutes and five
        times, and an ephemeral message cannot be changed in any other way."""
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
        done = SlackReply({"response_action": "clear"}) if what.deep else NOTED
        if answer.cards:
            if answer.instead and what.response_url:
                drawn = draw.messages(answer.cards, language)
                pages = (drawn, *drawn.rest)
                if await self._whispers(what, pages, language, instead=True):
                    return done
            return _updated(draw.sheet(answer.cards, language, what.channel))
        return done

    async def to_words(self, what: SlackRequest, answer: Answer) -> SlackReply:
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
        said = self._background.start(self.answers(what, (drawn, *drawn.rest), language))
        done, _ = await asyncio.wait({said}, timeout=ANSWER_SECONDS)
        for task in done:
            task.result()
        return NOTED

    async def answers(
        self, what: SlackRequest, pages: tuple[draw.SlackMessage, ...], language: Language
    ) -> bool:
        """Answer a typed message, and return whether it arrived. After a rate limit it is retried
        later."""

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
        """Return a card that says why Digi cannot write into this channel, if it cannot."""
        if not what.channel:
            return ()
        said = self._hindrances.in_words(what.tenant, what.channel, language)
        return (_said(said),) if said else ()

    # --- calls of this moment -------------------------------------------------------------------

    async def _opened(self, client: AsyncWebClient, what: SlackRequest, view: ResponseBody) -> bool:
        return await in_time(client.views_open(trigger_id=what.trigger, view=view))

    async def sorry(self, what: SlackRequest, *, unsure: bool = False) -> SlackReply:
        """Tell the person about an internal error without losing what they filled in.

        `unsure` means that the error came after the act, which may therefore have been saved: then
        do not claim that nothing was. A press has no response body. If the person cannot be told in
        another way, answer 503, so that Slack shows its warning sign beside the button.
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
        """Send ephemeral messages, and return whether they were sent before the press must be
        acknowledged."""
        said = self._background.start(self._whispered(what, pages[:WHISPERS], language, instead))
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


def too_long(what: SlackRequest) -> SlackReply:
    return _errors(what, both("takes_long" if what.inputs else "unsure"))


def _said(text: str) -> c.FinishedCard:
    return c.Card((c.Paragraph((c.Plain(text),)),))


def _offer(text: str, *buttons: tuple[str, str]) -> c.FinishedCard:
    """Return a card with the adapter's own text and buttons that act like typed commands."""
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
