"""The Slack adapter: passes requests to the engine, shows their answers, and delivers letters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.common.background import Background
from bot.platforms.common.chat_edge import ChatEdge
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    InChat,
    Installation,
    Parcel,
    Report,
    Sender,
    ToAgree,
)
from bot.platforms.common.reply_retry import ReplyRetry, Sleep
from bot.platforms.slack import draw
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.homes import Homes
from bot.platforms.slack.mentions import in_words, mentioned
from bot.platforms.slack.outgoing import Outgoing
from bot.platforms.slack.presence import SlackPresence
from bot.platforms.slack.read import SlackRequest
from bot.platforms.slack.replies import AGAIN, NOTED, Replies, SlackReply, too_long
from bot.platforms.slack.web_api import WebApi
from bot.platforms.slack.workspaces import Workspaces
from content.language import Language

FORM_SECONDS = 2.3
"""How long a form may take to answer. After three seconds Slack shows an error of its own."""
NAMES = 10
"""The most mentions in a message for which the people's names are looked up."""
BY_NAME = ("words", "home", "chat", "members", "gone", "hello")


class SlackEdge(ChatEdge[SlackPresence]):
    """Implements `ports.Edge` for Slack."""

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
        background = Background()
        super().__init__("Slack", told, BY_NAME, background)
        self._api = api
        self._workspaces = workspaces
        hindrances = Hindrances(workspaces, told)
        self._directory = Directory(hindrances, now)
        self._presence = SlackPresence(api, workspaces, self._directory, hindrances, told, now)
        self._outgoing = Outgoing(api, workspaces, hindrances, now, paced=paced)
        self._replies = Replies(
            api, workspaces, hindrances, self._outgoing, background, told, ReplyRetry(now, sleep)
        )
        self.homes = Homes(api, workspaces, self._asked)
        self._greeting: set[tuple[str, str]] = set()
        """(workspace, person) pairs whose welcome message is being sent."""

    # --- ports.Edge -------------------------------------------------------------------------------

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}".rstrip()

    async def deliver(self, parcel: Parcel) -> str:
        return await self._outgoing.deliver(parcel)

    # --- in -----------------------------------------------------------------------------------

    async def answer(self, what: SlackRequest, at: Installation) -> SlackReply:
        """Process a request and show its answer."""
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
            return too_long(what)
        try:
            return await self._shown(what, answer, client)
        except Exception as error:
            if answer.undone:
                raise
            self.note(what, error)
            return await self._replies.sorry(what, unsure=True)

    async def _shown(
        self, what: SlackRequest, answer: Answer, client: AsyncWebClient
    ) -> SlackReply:
        language: Language = answer.language
        match what.kind:
            case "command" | "shortcut":
                return await self._replies.to_command(what, answer, client)
            case "press":
                return await self._replies.to_press(what, answer, client)
            case "form":
                return await self._replies.to_form(what, answer, language)
            case "home" | "chat" if answer.undone:
                return AGAIN
            case "chat":
                if answer.cards:
                    self.background.start(self._greets(what, answer))
                return NOTED
            case "home":
                await self.homes.opened(what, answer, client)
                return NOTED
            case _:
                return await self._replies.to_words(what, answer)

    async def _in_time(
        self, what: SlackRequest, at: Installation, client: AsyncWebClient
    ) -> Answer | None:
        """Return the answer, or None if a form takes longer than `FORM_SECONDS`. It is then still
        processed in the background."""
        if what.kind != "form":
            return await self._asked(what, at, client)
        return await self.background.within(FORM_SECONDS, self._asked(what, at, client))

    async def _asked(self, what: SlackRequest, at: Installation, client: AsyncWebClient) -> Answer:
        assert what.what is not None
        # A form may be unsigned, so submitting one must not cause a user lookup at Slack: use the
        # cache.
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
        return await self._received(Delivery(at.tenant, sender, what.key, meant, what.channel))

    async def _in_words(self, text: str, at: Installation, client: AsyncWebClient) -> str:
        people = mentioned(text)[:NAMES]
        known = await asyncio.gather(
            *(self._directory.person(client, at.tenant, person) for person in people)
        )
        named = zip(people, known, strict=True)
        return in_words(text, {person: one.name for person, one in named if one is not None})

    def note(self, what: SlackRequest, error: Exception) -> None:
        self._failed(what.kind, error)

    async def sorry(self, what: SlackRequest, *, unsure: bool = False) -> SlackReply:
        return await self._replies.sorry(what, unsure=unsure)

    async def _greets(self, what: SlackRequest, answer: Answer) -> None:
        """Send the welcome message of a private chat, and record it only once it has arrived."""
        assert self._receive is not None
        whom = (what.tenant, what.person)
        if whom in self._greeting:
            return
        self._greeting.add(whom)
        try:
            drawn = draw.messages(answer.cards, answer.language)
            if await self._replies.answers(what, (drawn, *drawn.rest), answer.language):
                key = f"greeted:{what.key}"
                said = Delivery(what.tenant, Sender(what.person), key, InChat(told=True))
                await self._receive(said)
        finally:
            self._greeting.discard(whom)

    async def close(self) -> None:
        self.homes.close()
        self._presence.reask.close()
        await self.background.close()
        await self._api.close()


def _foreign(what: SlackRequest, at: Installation) -> bool:
    """Return whether the request itself shows that the person is of another organisation.

    For an Enterprise Grid organisation the request does not; only the directory knows.
    """
    home = at.tenant.removeprefix("slack:")
    return (
        bool(what.person_home)
        and home.startswith("T")
        and what.person_home[0] == "T"
        and (what.person_home != home)
    )
