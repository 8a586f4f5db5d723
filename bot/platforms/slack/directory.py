"""Reads users and channel members from Slack on demand; users are cached for half an hour."""

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
"""Timeout in seconds for looking up a name while somebody waits for the answer."""
NOBODY_WAITS = 5.0
"""Timeout in seconds for looking up a user while nobody waits for the answer."""
PAGE = 200
SLACKBOT = "USLACKBOT"
REST = 60.0
"""Minimum pause in seconds after Slack answered with a rate limit."""


class KnownPerson(Struct, frozen=True):
    name: str = ""
    locale: str = ""
    bot: bool = False
    gone: bool = False
    """The account is deactivated."""
    person: bool = False
    """Slack states that this is a human. If it does not say, the account does not count as one."""
    home: str = ""
    """The id of the workspace that the account belongs to."""
    organisation: str = ""
    """The Enterprise Grid organisation of the account, and the workspaces in it that it is in."""
    workspaces: tuple[str, ...] = ()
    stranger: bool = False

    def foreign(self, tenant: str) -> bool:
        """Return whether the account belongs to another organisation.

        Slack sets `is_stranger` only for people who share no channel with Digi; for all others
        compare their home workspace or organisation.
        """
        here = tenant.removeprefix("slack:")
        if self.stranger or not self.home:
            return self.stranger
        if here.startswith("E"):
            return self.organisation != here
        return self.home != here and here not in self.workspaces


class Roster(Struct, frozen=True):
    """The members of a channel, and how many of them could not be looked up this time."""

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
        """Return the user, from the cache or from Slack; None if Slack does not answer in time."""
        found = self.held(tenant, person)
        if found is not None or self.rests(tenant) > 0:
            return found
        try:
            async with asyncio.timeout(SOON if patience is None else patience):
                said = await client.users_info(user=person, include_locale=True)
            user = said.get("user")
            if not isinstance(user, dict):
                return None  # a malformed answer; do not cache it
        except TROUBLE as error:
            failed = self._hindrances.failed(tenant, "", error, writes=False)
            if failed.reason == RATELIMITED:
                self._rests[tenant] = self._now() + max(REST, failed.retry_after or 0.0)
            if not failed.permanent:
                return None
            user = {}  # a permanent error: cache that nobody has this id
        found = known_of(person, user)
        self._people.put((tenant, person), found)
        return found

    def rests(self, tenant: str) -> float:
        """Return how many seconds Slack's rate limit for user lookups still lasts."""
        left = self._rests.get(tenant, 0.0) - self._now()
        if left <= 0:
            self._rests.pop(tenant, None)
        return max(0.0, left)

    async def channels(self, client: AsyncWebClient, tenant: str) -> tuple[str, ...]:
        """Return the ids of all channels that Digi is in. In an Enterprise Grid organisation, each
        workspace has to be asked separately."""
        teams = [""]
        if tenant.startswith(tenant_of("E")):
            teams = [text_at(one, "id") async for one in _all(client.auth_teams_list, "teams")]
        found: dict[str, None] = {}
        for team in teams:
            there = _all(
                client.users_conversations,
                "channels",
                types="public_channel,private_channel",
                exclude_archived=True,
                team_id=team or None,
            )
            found |= {text_at(one, "id"): None async for one in there}
        return tuple(found)

    async def members(self, client: AsyncWebClient, at: Installation, channel: str) -> Roster:
        """Return the channel's members except Digi, other bots and deactivated accounts."""
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
    """Iterate over all items of a paginated list."""
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
    """Build a KnownPerson from Slack's user object."""
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
