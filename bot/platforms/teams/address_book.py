"""Remembers where Digi can post in Teams (service URL and bot id), who the members are, and their
names.

Addresses are learned from every incoming activity and kept in memory. They are written to the
database when Digi is installed or first used in a channel, and otherwise by a timer. What somebody
does later never causes a write, because its time would reveal something about an unsigned text.
"""

from __future__ import annotations

import asyncio

from bot.cache import Cache
from bot.platforms.common.ports import Address, Addresses, Members, Sender
from bot.platforms.teams.ports import CallFailed, Json, Ref, Transport
from bot.platforms.teams.read import kind_of, person_of, tenant_id

HELD = 10 * 60.0
NAMES = 30 * 60.0
A_DAY = 24 * 60 * 60.0
BOT = "28:"
"""Prefix of the ids of bots."""
NO_PEOPLE = ("bot", "skill")
UNCLEAR = ("anonymous",)
MOST = 50_000


class Book:
    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._written: dict[tuple[str, str], Address] = {}
        self._learnt: dict[tuple[str, str], Address] = {}
        self._members: Cache[tuple[str, str], Members] = Cache(1000, HELD)
        self._names: Cache[tuple[str, str], str] = Cache(MOST, NAMES)
        self._called: Cache[tuple[str, str], str] = Cache(MOST, NAMES)
        self._locales: Cache[tuple[str, str], str] = Cache(MOST, A_DAY)

    # --- addresses ------------------------------------------------------------------------------

    async def open(self) -> None:
        for address in await self._addresses.all():
            self._written[address.tenant, address.place] = address

    def learn(self, tenant: str, ref: Ref) -> None:
        """Remember in memory the tenant's current service URL and Digi's id there."""
        held = self._learnt.get((tenant, ""))
        if held is None or (held.service_url, held.bot) != (ref.service_url, ref.bot_id):
            self._learnt[tenant, ""] = Address(tenant, "", ref.service_url, ref.bot_id)

    async def knows(self, tenant: str, place: str) -> bool:
        return await self._one(tenant, place) is not None

    async def write(self, tenant: str, place: str, ref: Ref, team: str = "") -> None:
        await self._put(Address(tenant, place, ref.service_url, ref.bot_id, team))
        await self._put(Address(tenant, "", ref.service_url, ref.bot_id))

    async def catch_up(self) -> None:
        """Write the learned addresses to the database; called by a timer."""
        for address in list(self._learnt.values()):
            await self._put(address)

    async def _put(self, address: Address) -> None:
        if self._written.get((address.tenant, address.place)) != address:
            await self._addresses.put(address)
            self._written[address.tenant, address.place] = address

    async def _one(self, tenant: str, place: str) -> Address | None:
        found = self._written.get((tenant, place))
        if found is None:
            # Another replica may have stored it.
            found = await self._addresses.one(tenant, place)
            if found is not None:
                self._written[tenant, place] = found
        return found

    async def ref(self, tenant: str, conversation: str) -> Ref | None:
        """Return where to post in a conversation; None if no activity of this tenant has ever
        arrived."""
        found = self._learnt.get((tenant, "")) or await self._one(tenant, "")
        if found is None:
            return None
        return Ref(
            found.service_url, conversation, found.bot, tenant_id(tenant), kind_of(conversation)
        )

    def channels(self) -> list[tuple[str, str]]:
        return [(tenant, place) for tenant, place in self._written if place]

    def channels_of(self, tenant: str, team: str) -> list[str]:
        """Return a team's channels; none if the team's id is empty."""
        return [
            address.place
            for address in self._written.values()
            if team and address.tenant == tenant and address.team == team and address.place
        ]

    async def forget(self, tenant: str, place: str) -> None:
        self._written.pop((tenant, place), None)
        self._members.drop((tenant, place))
        await self._addresses.remove(tenant, place)

    # --- people -----------------------------------------------------------------------------------

    def meet(self, tenant: str, person: str, address: str, locale: str) -> None:
        """Remember a person's id and locale. The locale comes only with activities, never with the
        list of members."""
        if person:
            self._called.put((tenant, person), address)
        if person and locale:
            self._locales.put((tenant, person), locale)

    def called(self, tenant: str, person: str) -> str:
        """Return the id to address a person by: Teams' own id if known, else their directory id."""
        return self._called.get((tenant, person)) or person

    async def members(
        self, transport: Transport, tenant: str, ref: Ref, *, fresh: bool = False
    ) -> Members:
        """Return a conversation's members except Digi and other bots, from the cache unless
        `fresh`. Raises CallFailed."""
        key = (tenant, ref.conversation_id)
        found = None if fresh else self._members.get(key)
        if found is None:
            there = [one for one in await transport.members(ref) if not _is_bot(ref, one)]
            people = tuple(self._member(tenant, ref, one) for one in there if _is_person(one))
            unknown = tuple(self._member(tenant, ref, one) for one in there if not _is_person(one))
            found = Members(people, tuple(one for one in unknown if one.person))
            self._members.put(key, found)
        return found

    def _member(self, tenant: str, ref: Ref, said: Json) -> Sender:
        address = str(said.get("id") or "")
        person = person_of(str(said.get("aadObjectId") or said.get("objectId") or address))
        name = str(said.get("name") or "")[:80]
        home = str(said.get("tenantId") or "").casefold()
        self._names.put((tenant, person), name)
        if address and address != person:
            self._called.put((tenant, person), address)
        locale = self._locales.get((tenant, person)) or ""
        return Sender(person, name, locale, bool(home) and home != ref.tenant_id)

    def name(self, tenant: str, person: str) -> str:
        return self._names.get((tenant, person)) or ""

    async def names(
        self, transport: Transport, tenant: str, ref: Ref, people: set[str], patience: float
    ) -> None:
        """Make sure that the names of these people are cached, if Teams answers within `patience`
        seconds."""
        if any(not self.name(tenant, person) for person in people):
            try:
                async with asyncio.timeout(patience):
                    await self.members(transport, tenant, ref, fresh=True)
            except (CallFailed, TimeoutError):
                return


def _role(said: Json) -> str:
    return str(said.get("userRole") or said.get("role") or "").casefold()


def _is_bot(ref: Ref, said: Json) -> bool:
    """Return whether this is Digi or another bot or agent. These may have directory ids, like
    people."""
    address = str(said.get("id") or "")
    return address == ref.bot_id or address.startswith(BOT) or _role(said) in NO_PEOPLE


def _is_person(said: Json) -> bool:
    """Return whether the member has a directory account. Guests have one; an anonymous participant
    has none and may use any name."""
    id = said.get("aadObjectId") or said.get("objectId")
    return isinstance(id, str) and bool(id) and _role(said) not in UNCLEAR
