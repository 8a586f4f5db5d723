"""The state of a simulated tenant: people, channels, chats, messages and recorded problems."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Dict = dict[str, Any]
_SPACE = uuid.UUID("6f2c2a1e-0000-4000-8000-000000000000")
TENANT = "11111111-1111-4111-8111-111111111111"
ELSEWHERE = "99999999-9999-4999-8999-999999999999"
TEAM = "19:plejen@thread.tacv2"
CHANNEL = "19:hjemmepleje@thread.tacv2"


def id_of(handle: str) -> str:
    """Return a person's directory id."""
    return str(uuid.uuid5(_SPACE, handle))


@dataclass
class Person:
    handle: str
    name: str
    locale: str = "da-DK"
    tenant: str = TENANT
    role: str = "user"
    """The role in the list of members: guest, anonymous, bot."""
    directory: bool = True
    """Whether the person has a directory account."""
    bot: bool = False
    installed: bool = True
    """Whether the app is installed for the person, so that Digi may write privately."""

    @property
    def id(self) -> str:
        return id_of(self.handle)

    @property
    def address(self) -> str:
        return f"{'28' if self.bot else '29'}:{self.handle}-{self.id[:8]}"

    @property
    def chat(self) -> str:
        return f"a:{self.handle}-{self.id[:8]}"


@dataclass
class Message:
    id: str
    place: str
    """Return the channel or chat, without a thread."""
    root: str
    """Return the id of the thread's first message; "" in a chat."""
    activity: Dict
    by: str
    only_for: str = ""
    changed: int = 0
    versions: int = 1
    deleted: bool = False

    @property
    def card(self) -> Dict | None:
        for attachment in self.activity.get("attachments") or ():
            if attachment.get("contentType") == "application/vnd.microsoft.card.adaptive":
                content: Dict = attachment["content"]
                return content
        return None


@dataclass
class Tenant:
    id: str = TENANT
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, list[str]] = field(default_factory=dict)
    """The members (by handle) of each channel and group chat."""
    team: str = TEAM
    targeted: bool = True
    """Whether the tenant supports targeted messages in channels."""
    installed: set[str] = field(default_factory=set)
    """The channels and chats in which Digi is installed."""
    blocked: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    _in_place: dict[str, list[Message]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self._in_place.setdefault(message.place, []).append(message)

    def in_place(self, place: str) -> list[Message]:
        return self._in_place.get(place, [])

    def move_in(
        self, people: Mapping[str, str], channel: str = CHANNEL, *, english: Collection[str] = ()
    ) -> None:
        for handle, name in people.items():
            locale = "en-GB" if handle in english else "da-DK"
            self.people[handle] = Person(handle, name, locale, self.id)
        self.channels[channel] = list(people)
        self.installed.add(channel)

    def somebody(self, id: str) -> Person | None:
        """Find a person by any of their names."""
        for person in self.people.values():
            if id in (person.id, person.address, person.handle):
                return person
        return None

    def message(self, place: str, id: str) -> Message | None:
        for message in reversed(self.in_place(place)):
            if message.id == id and not message.deleted:
                return message
        return None


class Clock:
    """A fake clock: another clock's time plus what was waited for here."""

    def __init__(self, source: Callable[[], float] = lambda: 1_793_606_400.0) -> None:
        self._source = source
        self._ahead = 0.0

    def now(self) -> float:
        return self._source() + self._ahead

    async def sleep(self, seconds: float) -> None:
        self._ahead += seconds
