"""Where Digi can speak in Teams, who is there, and what they are called.

Addresses are learnt from whatever comes and kept in memory. They are written down when Digi is
installed or first met in a channel, and by the clock: never because of what somebody does later.
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
"""What the ids of bots begin with."""
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
        """Where the service of a workplace is now, and who we are there."""
        held = self._learnt.get((tenant, ""))
        if held is None or (held.service_url, held.bot) != (ref.service_url, ref.bot_id):
            self._learnt[tenant, ""] = Address(tenant, "", ref.service_url, ref.bot_id)

    async def knows(self, tenant: str, place: str) -> bool:
        return await self._one(tenant, place) is not None

    async def write(self, tenant: str, place: str, ref: Ref, team: str = "") -> None:
        await self._put(Address(tenant, place, ref.service_url, ref.bot_id, team))
        await self._put(Address(tenant, "", ref.service_url, ref.bot_id))

    async def catch_up(self) -> None:
        """By the clock: what was learnt since is written down."""
        for address in list(self._learnt.values()):
            await self._put(address)

    async def _put(self, address: Address) -> None:
        if self._written.get((address.tenant, address.place)) != address:
            await self._addresses.put(address)
            self._written[address.tenant, address.place] = address

    async def _one(self, tenant: str, place: str) -> Address | None:
        found = self._written.get((tenant, place))
        if found is None:
            # Another replica may have written it down.
            found = await self._addresses.one(tenant, place)
            if found is not None:
                self._written[tenant, place] = found
        return found

    async def ref(self, tenant: str, conversation: str) -> Ref | None:
        """None where nobody of this workplace has ever been heard of."""
        found = self._learnt.get((tenant, "")) or await self._one(tenant, "")
        if found is None:
            return None
        return Ref(
            found.service_url, conversation, found.bot, tenant_id(tenant), kind_of(conversation)
        )

    def channels(self) -> list[tuple[str, str]]:
        return [(tenant, place) for tenant, place in self._written if place]

    def channels_of(self, tenant: str, team: str) -> list[str]:
        """Of one team; where it has no name, none."""
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
        """Only an activity says which language somebody has: a list of members does not."""
        if person:
            self._called.put((tenant, person), address)
        if person and locale:
            self._locales.put((tenant, person), locale)

    def called(self, tenant: str, person: str) -> str:
        """What Teams calls a person: its own name for them, or the directory's."""
        return self._called.get((tenant, person)) or person

    async def members(
        self, transport: Transport, tenant: str, ref: Ref, *, fresh: bool = False
    ) -> Members:
        """Everybody in a conversation but Digi and other bots. Raises CallFailed."""
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
        """See to it that these have names, if Teams says them in time."""
        if any(not self.name(tenant, person) for person in people):
            try:
                async with asyncio.timeout(patience):
                    await self.members(transport, tenant, ref, fresh=True)
            except (CallFailed, TimeoutError):
                return


def _role(said: Json) -> str:
    return str(said.get("userRole") or said.get("role") or "").casefold()


def _is_bot(ref: Ref, said: Json) -> bool:
    """Digi itself, or another bot or agent: it may have a directory id like a person's."""
    address = str(said.get("id") or "")
    return address == ref.bot_id or address.startswith(BOT) or _role(said) in NO_PEOPLE


def _is_person(said: Json) -> bool:
    """Whoever has an account in a directory. A guest has one; somebody without one joined under
    any name they liked."""
    id = said.get("aadObjectId") or said.get("objectId")
    return isinstance(id, str) and bool(id) and _role(said) not in UNCLEAR
