"""Who people are and who is in a channel: asked of Slack when it is needed, kept for minutes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from bot.cache import Cache
from bot.platforms.common.ports import Installation, Members, Sender
from bot.platforms.slack.hindrances import Hindrances
from bot.platforms.slack.read import tenant_of
from bot.platforms.slack.web_api import RATELIMITED, TROUBLE, list_at, text_at

HELD = 30 * 60.0
MOST = 20_000
AT_ONCE = 10
SOON = 0.8
"""Seconds that an answer may wait for a name."""
NOBODY_WAITS = 5.0
"""Seconds that a look at all names of a message may take, where nobody waits for an answer."""
PAGE = 200
SLACKBOT = "USLACKBOT"
REST = 60.0
"""Seconds without questions, at least, after Slack found them too many."""


class KnownPerson(Struct, frozen=True):
    name: str = ""
    locale: str = ""
    bot: bool = False
    gone: bool = False
    """The account is switched off."""
    person: bool = False
    """Slack says that this is a person. Where it says nothing, nobody is taken for one."""
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


class Roster(Struct, frozen=True):
    """Who is in a channel, and how many of them Slack could not be asked about this time."""

    members: Members
    failed: int = 0


class Directory:
    def __init__(self, hindrances: Hindrances, now: Callable[[], float] = time.time) -> None:
        self._hindrances = hindrances
        self._now = now
        self._people: Cache[tuple[str, str], KnownPerson] = Cache(MOST, HELD)
        self._rests: dict[str, float] = {}

    def held(self, tenant: str, person: str) -> KnownPerson | None:
        return self._people.get((tenant, person))

    def forget(self, tenant: str) -> None:
        self._people.drop_if(lambda key: key[0] == tenant)

    async def person(
        self, client: AsyncWebClient, tenant: str, person: str, *, patience: float | None = None
    ) -> KnownPerson | None:
        """None where Slack does not say in time: then there is no name this once."""
        found = self.held(tenant, person)
        if found is not None or self.rests(tenant) > 0:
            return found
        try:
            async with asyncio.timeout(SOON if patience is None else patience):
                said = await client.users_info(user=person, include_locale=True)
            user = said.get("user")
            if not isinstance(user, dict):
                return None  # an answer without an account says nothing
        except TROUBLE as error:
            failed = self._hindrances.failed(tenant, "", error, writes=False)
            if failed.reason == RATELIMITED:
                self._rests[tenant] = self._now() + max(REST, failed.retry_after or 0.0)
            if not failed.permanent:
                return None
            user = {}  # Slack knows nobody by that id, and will not the next time
        found = known_of(person, user)
        self._people.put((tenant, person), found)
        return found

    def rests(self, tenant: str) -> float:
        """For how many seconds Slack wants no more questions about people."""
        left = self._rests.get(tenant, 0.0) - self._now()
        if left <= 0:
            self._rests.pop(tenant, None)
        return max(0.0, left)

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

    async def members(self, client: AsyncWebClient, at: Installation, channel: str) -> Roster:
        """Everybody in the channel but Digi, other bots and accounts that are switched off."""
        tenant = at.tenant
        there = _all(client.conversations_members, "members", channel=channel)
        ids = [str(one) async for one in there if one != at.bot]
        gate = asyncio.Semaphore(AT_ONCE)

        async def known(id: str) -> KnownPerson | None:
            async with gate:
                return await self.person(client, tenant, id, patience=NOBODY_WAITS)

        found = await asyncio.gather(*(known(id) for id in ids))
        people: list[Sender] = []
        unknown: list[Sender] = []
        for id, one in zip(ids, found, strict=True):
            if one is None:
                unknown.append(Sender(id))
            elif not (one.bot or one.gone):
                sender = Sender(id, one.name, one.locale, one.foreign(tenant))
                (people if one.person else unknown).append(sender)
        return Roster(Members(tuple(people), tuple(unknown)), found.count(None))


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


def known_of(id: str, user: dict[str, Any]) -> KnownPerson:
    """What Slack says of the account with this id."""
    profile = user.get("profile")
    said = profile if isinstance(profile, dict) else {}
    member = user.get("enterprise_user")
    grid = member if isinstance(member, dict) else {}
    teams = grid.get("teams")
    name = said.get("real_name") or user.get("real_name") or user.get("name") or ""
    home = str(user.get("team_id") or "")
    bot = bool(user.get("is_bot") or user.get("is_workflow_bot")) or id == SLACKBOT
    gone = bool(user.get("deleted"))
    theirs = user.get("id") == id and user.get("is_bot") is False and bool(home)
    return KnownPerson(
        name=str(name)[:80],
        locale=str(user.get("locale") or ""),
        bot=bot,
        gone=gone,
        person=theirs and not (bot or gone),
        home=home,
        organisation=str(grid.get("enterprise_id") or ""),
        workspaces=tuple(map(str, teams)) if isinstance(teams, list) else (),
        stranger=bool(user.get("is_stranger")),
    )
