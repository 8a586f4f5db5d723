"""Who people are and who is in a channel: asked of Slack when it is needed, kept for minutes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from bot.cache import Cache
from bot.edge import Sender
from bot.slack.hindrances import Hindrances
from bot.slack.read import tenant_of
from bot.slack.web_api import TROUBLE, error_of, list_at, text_at

HELD = 30 * 60.0
MOST = 20_000
AT_ONCE = 10
SOON = 0.8
"""Seconds that an answer may wait for a name."""
PAGE = 200
REST = 60.0
"""Seconds without questions after Slack found them too many."""


class Known(Struct, frozen=True):
    name: str = ""
    locale: str = ""
    bot: bool = False
    home: str = ""
    """The workspace whose member this is."""
    organisation: str = ""
    """Its organisation, and those of its workspaces that this person is in."""
    workspaces: tuple[str, ...] = ()
    stranger: bool = False

    def foreign(self, tenant: str) -> bool:
        """Of another organisation. Slack calls only those strangers who share no channel with
        Digi; of the others their home tells."""
        here = tenant.removeprefix("slack:")
        if self.stranger or not self.home:
            return self.stranger
        if here.startswith("E"):
            return self.organisation != here
        return self.home != here and here not in self.workspaces


class Directory:
    def __init__(self, hindrances: Hindrances) -> None:
        self._hindrances = hindrances
        self._people: Cache[tuple[str, str], Known] = Cache(MOST, HELD)
        self._resting: Cache[str, bool] = Cache(1000, REST)

    def held(self, tenant: str, person: str) -> Known | None:
        return self._people.get((tenant, person))

    def forget(self, tenant: str) -> None:
        self._people.drop_if(lambda key: key[0] == tenant)

    async def person(
        self, client: AsyncWebClient, tenant: str, person: str, *, patience: float = SOON
    ) -> Known | None:
        """None where Slack does not say in time: then there is no name this once."""
        found = self.held(tenant, person)
        if found is not None or self._resting.get(tenant):
            return found
        try:
            async with asyncio.timeout(patience):
                said = await client.users_info(user=person, include_locale=True)
        except TROUBLE as error:
            if error_of(error) == "ratelimited":
                self._resting.put(tenant, True)
            self._hindrances.failed(tenant, "", error, writes=False)
            return None
        user = said.get("user")
        found = known_of(user if isinstance(user, dict) else {})
        self._people.put((tenant, person), found)
        return found

    async def channels(self, client: AsyncWebClient, tenant: str) -> tuple[str, ...]:
        """Every channel that Digi is in; an organisation is asked workspace by workspace."""
        teams = [""]
        if tenant.startswith(tenant_of("E")):
            teams = [text_at(one, "id") async for one in _all(client.auth_teams_list, "teams")]
        found: dict[str, None] = {}
        for team in teams:
            there = _all(
                client.users_conversations, "channels", types="public_channel,private_channel",
                exclude_archived=True, team_id=team or None,
            )  # fmt: skip
            found |= {text_at(one, "id"): None async for one in there}
        return tuple(found)

    async def members(
        self, client: AsyncWebClient, tenant: str, channel: str
    ) -> tuple[Sender, ...]:
        """Everybody in the channel but the bots. Names that do not come in time stay open."""
        there = _all(client.conversations_members, "members", channel=channel)
        ids = [str(one) async for one in there]
        gate = asyncio.Semaphore(AT_ONCE)

        async def known(id: str) -> Known | None:
            async with gate:
                return await self.person(client, tenant, id, patience=5.0)

        found = await asyncio.gather(*(known(id) for id in ids))
        return tuple(
            Sender(id, one.name, one.locale, one.foreign(tenant)) if one else Sender(id)
            for id, one in zip(ids, found, strict=True)
            if one is None or not one.bot
        )


async def _all(call: Callable[..., Awaitable[Any]], name: str, **given: Any) -> AsyncIterator[Any]:
    """Everything of a list that comes in pages."""
    cursor = ""
    while True:
        said = await call(cursor=cursor, limit=PAGE, **given)
        for one in list_at(said, name):
            yield one
        more = said.get("response_metadata")
        cursor = str(more.get("next_cursor") or "") if isinstance(more, dict) else ""
        if not cursor:
            return


def known_of(user: dict[str, Any]) -> Known:
    profile = user.get("profile")
    said = profile if isinstance(profile, dict) else {}
    member = user.get("enterprise_user")
    grid = member if isinstance(member, dict) else {}
    name = said.get("real_name") or user.get("real_name") or user.get("name") or ""
    return Known(
        name=str(name)[:80],
        locale=str(user.get("locale") or ""),
        bot=bool(user.get("is_bot")) or user.get("id") == "USLACKBOT",
        home=str(user.get("team_id") or ""),
        organisation=str(grid.get("enterprise_id") or ""),
        workspaces=tuple(str(one) for one in grid.get("teams") or ()),
        stranger=bool(user.get("is_stranger")),
    )
