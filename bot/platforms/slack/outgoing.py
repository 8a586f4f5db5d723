"""Sends messages to Slack: posts, updates, replies in a thread, private and ephemeral messages."""

from __future__ import annotations

from collections.abc import Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.cache import Cache
from bot.platforms.common.paging import PagedDelivery
from bot.platforms.common.ports import DeliveryFailed, Parcel
from bot.platforms.common.rate_limit import RateLimiter
from bot.platforms.slack import draw
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.read import SlackRequest
from bot.platforms.slack.web_api import (
    RATELIMITED,
    TROUBLE,
    WebApi,
    error_of,
    failure,
    retry_after,
    text_at,
)
from bot.platforms.slack.workspaces import Workspaces

MOST = 20_000
A_DAY = 24 * 60 * 60.0
IN_A_CHANNEL = ((1, 1.0),)
"""Slack documents one message a second per channel, and tolerates short bursts of unstated size."""
IN_A_WORKSPACE = ((240, 60.0),)
MARGIN = 0.001
EVENT_TYPE = "digi_letter"
BLOCKS_REFUSED = "invalid_blocks"
"""What Slack answers, among others, if its servers cannot fetch an image of the message."""


class Outgoing:
    def __init__(
        self,
        api: WebApi,
        workspaces: Workspaces,
        hindrances: Hindrances,
        now: Callable[[], float],
        *,
        paced: bool = True,
    ) -> None:
        self._api = api
        self._workspaces = workspaces
        self._hindrances = hindrances
        self._private: Cache[tuple[str, str], str] = Cache(MOST, A_DAY)
        self._now = now
        self._pace = RateLimiter(IN_A_CHANNEL, IN_A_WORKSPACE, now) if paced else None
        self._rests: Cache[tuple[str, str], float] = Cache(MOST, A_DAY)
        """When a rate-limited method may be called again in a workspace; for posting, per
        channel."""
        self._pages: PagedDelivery[draw.SlackMessage] = PagedDelivery(
            lambda page, parcel: draw.marked_again(page, parcel.language)
        )

    async def deliver(self, parcel: Parcel) -> str:
        client = await self._client(parcel.tenant)
        if parcel.kind == "update":
            alone = draw.message(parcel.card, parcel.language, pictured=True, alone=True)
            return await self._redraw(client, parcel, alone)
        drawn = draw.message(parcel.card, parcel.language, again=parcel.again, pictured=True)
        thread = ""
        match parcel.kind:
            case "private":
                channel = await self._chat(client, parcel)
            case "thread":
                channel, thread = read_place(parcel.target)
            case _:
                channel = parcel.channel

        async def begin() -> str:
            return await self._post(client, parcel, channel, thread, drawn)

        async def say(place: str, page: draw.SlackMessage) -> str:
            return await self._post(client, parcel, channel, thread or read_place(place)[1], page)

        return await self._pages.deliver(parcel, begin, drawn.rest, say)

    async def _client(self, tenant: str) -> AsyncWebClient:
        try:
            at = await self._workspaces.of(tenant)
        except TROUBLE as error:
            raise failure(error, writes=False) from None
        if at is None:
            raise self._hindrances.not_installed(tenant)
        return self._api.client(at.token)

    async def _post(
        self,
        client: AsyncWebClient,
        parcel: Parcel,
        channel: str,
        thread: str,
        drawn: draw.SlackMessage,
    ) -> str:
        self._may_post(parcel.tenant, channel)
        parcel.still_ours()
        try:
            said = await client.chat_postMessage(
                channel=channel,
                text=drawn.text,
                blocks=drawn.blocks,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"letter": parcel.id}},
            )
            place = written_place(str(said.get("channel") or channel), text_at(said, "ts"))
        except TROUBLE as error:
            if drawn.pictured and error_of(error) == BLOCKS_REFUSED:
                plain = drawn.without_pictures()
                return await self._post(client, parcel, channel, thread, plain)
            failed = self._hindrances.failed(parcel.tenant, channel, error, writes=True)
            raise self._noted(parcel.tenant, posting(channel), failed) from None
        self._hindrances.overcome(parcel.tenant, channel)
        return place

    async def _redraw(
        self, client: AsyncWebClient, parcel: Parcel, drawn: draw.SlackMessage
    ) -> str:
        channel, ts = read_place(parcel.target)
        self._may_call(parcel.tenant, "chat.update")
        try:
            await client.chat_update(channel=channel, ts=ts, text=drawn.text, blocks=drawn.blocks)
        except TROUBLE as error:
            if drawn.pictured and error_of(error) == BLOCKS_REFUSED:
                return await self._redraw(client, parcel, drawn.without_pictures())
            failed = self._hindrances.failed(parcel.tenant, channel, error, writes=True)
            raise self._noted(parcel.tenant, "chat.update", failed) from None
        self._hindrances.overcome(parcel.tenant, channel)
        return parcel.target

    async def _chat(self, client: AsyncWebClient, parcel: Parcel) -> str:
        """Open the private chat with a person, or return the cached one. Opening it is
        idempotent."""
        known = self._private.get((parcel.tenant, parcel.person))
        if known is not None:
            return known
        self._may_call(parcel.tenant, "conversations.open")
        try:
            said = await client.conversations_open(users=parcel.person)
            channel = text_at(said, "channel", "id")
        except TROUBLE as error:
            failed = self._hindrances.failed(parcel.tenant, "", error, writes=False)
            raise self._noted(parcel.tenant, "conversations.open", failed) from None
        self._private.put((parcel.tenant, parcel.person), channel)
        return channel

    # --- answers of the moment --------------------------------------------------------------

    async def answer(self, what: SlackRequest, page: draw.SlackMessage) -> None:
        """Answer a typed message; in a channel as an ephemeral message, which only its author
        sees."""
        client = await self._client(what.tenant)
        where, thread = what.answer_to, what.thread or None
        method = posting(where, "chat.postEphemeral" if what.channel else "chat.postMessage")
        if what.channel:
            self._may_call(what.tenant, method)
        else:
            self._may_post(what.tenant, where)
        try:
            if what.channel:
                await client.chat_postEphemeral(
                    channel=where,
                    user=what.person,
                    text=page.text,
                    blocks=page.blocks,
                    thread_ts=thread,
                )
            else:
                await client.chat_postMessage(
                    channel=where,
                    text=page.text,
                    blocks=page.blocks,
                    thread_ts=thread,
                    unfurl_links=False,
                    unfurl_media=False,
                )
        except TROUBLE as error:
            failed = self._hindrances.failed(what.tenant, where, error, writes=True)
            raise self._noted(what.tenant, method, failed) from None

    async def whisper(self, what: SlackRequest, body: dict[str, object]) -> None:
        """Send an ephemeral message through the response_url of the button that was pressed."""
        try:
            async with self._api.session.post(what.response_url, json=body) as response:
                await response.read()
        except TROUBLE as error:
            raise failure(error, writes=True) from None
        if response.status == 429:
            wait = retry_after(response.headers)
            raise DeliveryFailed(RATELIMITED, retry_after=wait, held=True)
        if response.status != 200:
            said = f"response_url: {response.status}"
            raise DeliveryFailed(said, permanent=response.status < 500)

    # --- how fast ---------------------------------------------------------------------------

    def _may_post(self, tenant: str, channel: str) -> None:
        self._may_call(tenant, posting(channel))
        if self._pace is not None and (wait := self._pace.wait(tenant, channel)):
            raise DeliveryFailed(RATELIMITED, retry_after=wait + MARGIN, held=True)

    def _may_call(self, tenant: str, method: str) -> None:
        rest = (self._rests.get((tenant, method)) or 0.0) - self._now()
        if rest > 0:
            raise DeliveryFailed(RATELIMITED, retry_after=rest + MARGIN, held=True)

    def _noted(self, tenant: str, method: str, failed: DeliveryFailed) -> DeliveryFailed:
        if failed.reason == RATELIMITED and failed.retry_after is not None:
            self._rests.put((tenant, method), self._now() + failed.retry_after)
        return failed


def posting(channel: str, method: str = "chat.postMessage") -> str:
    return f"{method} {channel}"


def written_place(channel: str, ts: str) -> str:
    """Return the id under which a message is stored: its channel and its timestamp."""
    return f"{channel}:{ts}"


def read_place(place: str) -> tuple[str, str]:
    channel, _, ts = place.partition(":")
    return channel, ts
