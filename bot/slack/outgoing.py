"""Out: a parcel becomes a message, redrawn in place, in a thread, or in a private chat."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from bot.cache import Cache
from bot.edge import DeliveryFailed, Parcel
from bot.pace import Pace
from bot.slack import draw
from bot.slack.hindrances import Hindrances
from bot.slack.web_api import RATELIMITED, TROUBLE, WebApi, failure
from bot.slack.workspaces import Workspaces

MOST = 20_000
A_DAY = 24 * 60 * 60.0
IN_A_CHANNEL = ((1, 1.0),)
"""Slack minds no few at once, but does not say how few."""
IN_A_WORKSPACE = ((240, 60.0),)
MARGIN = 0.001
EVENT_TYPE = "digi_letter"


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
        self._pace = Pace(IN_A_CHANNEL, IN_A_WORKSPACE, now) if paced else None
        self._rests: dict[tuple[str, str], float] = {}
        """When a method may be called again in a workplace. What is posted is counted by channel,
        and there the courier waits by itself."""
        self._begun: Cache[str, _Begun] = Cache(1000, A_DAY)

    async def deliver(self, parcel: Parcel) -> str:
        try:
            at = await self._workspaces.of(parcel.tenant)
        except TROUBLE as error:
            raise failure(error, writes=False) from None
        if at is None:
            raise self._hindrances.not_installed(parcel.tenant)
        client = self._api.client(at.token)
        drawn = draw.message(parcel.card, parcel.language, again=parcel.again)
        if parcel.kind == "update":
            return await self._redraw(client, parcel, drawn)
        thread = ""
        match parcel.kind:
            case "private":
                channel = await self._chat(client, parcel)
            case "thread":
                channel, thread = read_place(parcel.target)
            case _:
                channel = parcel.channel
        begun = self._begun.get(parcel.id)
        if begun is None:
            place = await self._post(client, parcel, channel, thread, drawn)
            begun = _Begun(place, drawn.rest)
        elif begun.lost:
            first, *others = begun.pages
            marked = draw.marked_again(first, parcel.language)
            begun = _Begun(begun.place, (marked, *others), lost=True)
        while begun.pages:
            # What had no room stands below it; a failure here goes on where it stopped.
            below = thread or read_place(begun.place)[1]
            try:
                await self._post(client, parcel, channel, below, begun.pages[0])
            except DeliveryFailed as failed:
                self._begun.put(parcel.id, _Begun(begun.place, begun.pages, failed.uncertain))
                raise self._half_there(parcel, begun, failed) from None
            begun = _Begun(begun.place, begun.pages[1:])
        self._begun.drop(parcel.id)
        return begun.place

    @staticmethod
    def _half_there(parcel: Parcel, begun: _Begun, failed: DeliveryFailed) -> DeliveryFailed:
        """Some of it has arrived: after a restart all of it comes again, and must say so. Which
        page may have come twice is known here; what is private is never said again."""
        if parcel.kind != "private":
            failed.uncertain = not parcel.again or (begun.lost and failed.uncertain)
        return failed

    async def _post(
        self, client: AsyncWebClient, parcel: Parcel, channel: str, thread: str, drawn: draw.Drawn
    ) -> str:
        if self._pace is not None and (wait := self._pace.wait(parcel.tenant, channel)):
            raise DeliveryFailed(RATELIMITED, retry_after=wait + MARGIN, held=True)
        try:
            said = await client.chat_postMessage(
                channel=channel, text=drawn.text, blocks=drawn.blocks, thread_ts=thread or None,
                unfurl_links=False, unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"letter": parcel.id}},
            )  # fmt: skip
        except TROUBLE as error:
            raise self._hindrances.failed(parcel.tenant, channel, error, writes=True) from None
        self._hindrances.overcome(parcel.tenant, channel)
        return written_place(str(said.get("channel") or channel), str(said["ts"]))

    async def _redraw(self, client: AsyncWebClient, parcel: Parcel, drawn: draw.Drawn) -> str:
        channel, ts = read_place(parcel.target)
        self._may_call(parcel.tenant, "chat.update")
        try:
            await client.chat_update(channel=channel, ts=ts, text=drawn.text, blocks=drawn.blocks)
        except TROUBLE as error:
            failed = self._hindrances.failed(parcel.tenant, channel, error, writes=True)
            raise self._noted(parcel.tenant, "chat.update", failed) from None
        self._hindrances.overcome(parcel.tenant, channel)
        return parcel.target

    async def _chat(self, client: AsyncWebClient, parcel: Parcel) -> str:
        """The private chat with a person; asking again opens the same one."""
        known = self._private.get((parcel.tenant, parcel.person))
        if known is not None:
            return known
        self._may_call(parcel.tenant, "conversations.open")
        try:
            said = await client.conversations_open(users=parcel.person)
        except TROUBLE as error:
            failed = self._hindrances.failed(parcel.tenant, "", error, writes=False)
            raise self._noted(parcel.tenant, "conversations.open", failed) from None
        channel = str((said.get("channel") or {}).get("id") or "")
        self._private.put((parcel.tenant, parcel.person), channel)
        return channel

    def _may_call(self, tenant: str, method: str) -> None:
        rest = self._rests.get((tenant, method), 0.0) - self._now()
        if rest > 0:
            raise DeliveryFailed(RATELIMITED, retry_after=rest + MARGIN, held=True)
        self._rests.pop((tenant, method), None)

    def _noted(self, tenant: str, method: str, failed: DeliveryFailed) -> DeliveryFailed:
        if failed.reason == RATELIMITED and failed.retry_after is not None:
            self._rests[tenant, method] = self._now() + failed.retry_after
        return failed


class _Begun(Struct, frozen=True):
    """A message of which some is there: where it begins, the pages that are still to come, and
    whether the first of them may be there too."""

    place: str
    pages: tuple[draw.Drawn, ...]
    lost: bool = False


def written_place(channel: str, ts: str) -> str:
    """Where a message stands, as our store keeps it."""
    return f"{channel}:{ts}"


def read_place(place: str) -> tuple[str, str]:
    channel, _, ts = place.partition(":")
    return channel, ts
