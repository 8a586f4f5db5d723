"""What an edge is, and the ports it needs. An edge is a way in and out: Slack, Teams, the browser.

In: the edge checks and reads its platform's JSON and calls `receive(Delivery) -> Answer`.
Out: the courier calls `deliver(Parcel)`, which answers with the platform's id of the message.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from dialogs.model.cards import FinishedCard, FinishedForm, Spans

# --- in -----------------------------------------------------------------------------------


class Sender(Struct, frozen=True):
    person: str
    name: str = ""
    locale: str = ""
    foreign: bool = False


class TypedText(Struct, frozen=True, tag="typed"):
    """Words after `/digi`, after a mention, or in the private chat."""

    text: str


class Pressed(Struct, frozen=True, tag="pressed"):
    """A button; `token` is what Digi put on it."""

    token: str


class Submitted(Struct, frozen=True, tag="submitted"):
    """A filled form; `values` by field id: text, a list of texts, or an ISO date."""

    token: str
    values: dict[str, str | list[str] | None]


class Members(Struct, frozen=True, tag="members"):
    """Who is in the channel now, and what they are called; neither bots nor Digi itself.

    `people` are those of whom the platform says that they are people. `unknown` are those of whom
    it has said nothing, or not yet: they are served like everybody and count toward no threshold.
    """

    people: tuple[Sender, ...]
    unknown: tuple[Sender, ...] = ()


class AtHome(Struct, frozen=True, tag="at_home"):
    """A person looks at the page of their own on which Digi shows where things stand."""


class InChat(Struct, frozen=True, tag="in_chat"):
    """A person opens the private chat with Digi. `told`: its first message has arrived there."""

    told: bool = False


class ToAgree(Struct, frozen=True, tag="to_agree"):
    """A message that somebody wants to make an agreement of, in plain words."""

    text: str


What = TypedText | Pressed | Submitted | Members | AtHome | InChat | ToAgree


class Delivery(Struct, frozen=True):
    """One thing that reached an edge. The same `key` again is the same thing again."""

    tenant: str
    sender: Sender
    key: str
    what: What
    channel: str = ""


class Fault(Struct, frozen=True):
    """Under this field, or above the form where `field` is empty."""

    field: str
    text: Spans


class Answer(Struct, frozen=True):
    """What belongs to this moment: cards only this person sees, a form to open, faults in one.

    `undone` says that nothing is known to be kept and the same delivery should come again;
    `instead`, that the cards take the place of the one whose button was pressed; `absent`, that
    the sender is not known to be in the channel they act in. An edge that can ask its platform who
    is there does so and hands the same delivery in once more.
    """

    language: Literal["da", "en"] = "da"
    cards: tuple[FinishedCard, ...] = ()
    form: FinishedForm | None = None
    faults: tuple[Fault, ...] = ()
    undone: bool = False
    instead: bool = False
    absent: bool = False


Receive = Callable[[Delivery], Awaitable[Answer]]

Changed = Callable[[str, str], None]
"""Something named has changed: in which workplace, and in which project (empty: in any)."""

Report = Callable[[str, str], None]
"""Tells the operator that something failed: what, and the kind of failure."""

# --- out ----------------------------------------------------------------------------------


class Parcel(Struct, frozen=True):
    """One message to be delivered. `id` is the letter's: the same id again is the same message.

    `target` is the platform's id of the message to redraw (`update`) or to answer (`thread`).
    `again` says that a copy may already have arrived; `until`, by the monotonic clock, how long
    nobody else delivers it.
    """

    id: str
    tenant: str
    kind: Literal["post", "update", "thread", "private"]
    card: FinishedCard
    language: Literal["da", "en"]
    channel: str = ""
    person: str = ""
    target: str = ""
    again: bool = False
    until: float = math.inf

    def still_ours(self) -> None:
        """Called directly before the platform call: a process that was frozen past its lease sends
        nothing, because another replica may have sent it."""
        if time.monotonic() > self.until:
            raise DeliveryFailed("another may speak here by now", held=True, retry_after=1.0)


class DeliveryFailed(Exception):
    """A message did not arrive, or perhaps not.

    `permanent`: retrying cannot help. `uncertain`: it may have arrived all the same.
    `retry_after`: the platform's Retry-After in seconds. `held`: the message waits until somebody
    mends the cause. `closed`: until then nothing arrives in the channel, or in the workplace.
    `unreachable`: the person has to let Digi into a private chat first."""

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        retry_after: float | None = None,
        held: bool = False,
        closed: Literal["", "channel", "workplace"] = "",
        unreachable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.uncertain = uncertain
        self.retry_after = retry_after
        self.held = held
        self.closed = closed
        self.unreachable = unreachable


class CannotOpen(Exception):
    """A platform refuses Digi's credentials; the docstring of a subclass says why, and the
    remedy."""


class Edge(Protocol):
    """What the courier needs of an edge. `repeats`: delivering the same parcel twice is
    harmless."""

    @property
    def repeats(self) -> bool: ...

    def serves(self, tenant: str) -> bool: ...

    def typed(self, command: str, *, private: bool) -> str:
        """How one types a command here, in a channel or in the private chat: `/digi hjælp`,
        `@Digi hjælp`, `hjælp`."""
        ...

    async def deliver(self, parcel: Parcel) -> str: ...


# --- the port that an edge for several workplaces needs --------------------------------------


class Installation(Struct, frozen=True):
    """A workplace that has taken Digi in, and what Digi needs to speak there.

    Where `expires` is a number (seconds since 1970), `refresh` gives the next token.
    """

    tenant: str
    token: str
    bot: str
    name: str = ""
    refresh: str = ""
    expires: int = 0

    def __repr__(self) -> str:
        return f"Installation({self.tenant})"


class Installations(Protocol):
    """Where the tokens of several workplaces lie, sealed."""

    async def put(self, installation: Installation) -> None: ...

    async def one(self, tenant: str) -> Installation | None: ...

    async def all(self) -> list[Installation]: ...

    async def remove(self, tenant: str) -> None: ...

    async def spend(self, ticket: str, expires: int, now: int) -> bool:
        """Whether a ticket that serves once is used for the first time, by whichever replica. It
        is remembered until it expires; both times are seconds since 1970."""
        ...


# --- the port that an edge needs whose platform tells only once where it can be spoken to ---------


class Address(Struct, frozen=True):
    """Where Digi can speak: a channel (`place`), or, without one, a workplace as a whole.

    No person: whom a private chat is with is asked for anew.
    """

    tenant: str
    place: str
    service_url: str
    bot: str
    team: str = ""

    def __repr__(self) -> str:
        return f"Address({self.tenant})"


class Addresses(Protocol):
    """Where the addresses lie, sealed."""

    async def put(self, address: Address) -> None: ...

    async def one(self, tenant: str, place: str) -> Address | None: ...

    async def all(self) -> list[Address]: ...

    async def remove(self, tenant: str, place: str) -> None: ...


# --- ports that the browser's edge needs ---------------------------------------------------


class RoomMessage(Struct, frozen=True):
    """A message in the pretended workplace. `place` is `channel:<id>` or `private:<person>`."""

    id: str
    place: str
    by: str
    body: bytes
    at: datetime
    thread: str = ""
    seq: int = 0


class WebRoom(Protocol):
    """Where the pretended workplace keeps its messages, so that they survive a restart."""

    async def put(self, message: RoomMessage) -> int:
        """Store or replace (same id) a message; answers its new place in the order of change."""
        ...

    async def read(self, place: str, after: int = 0) -> list[RoomMessage]: ...

    async def one(self, id: str) -> RoomMessage | None: ...


class Clockwork(Protocol):
    """The playground's hold on the world's clock."""

    def now(self) -> datetime: ...

    async def move_to(self, target: datetime) -> None:
        """Step to each due moment on the way and let everything that is due happen."""
        ...

    async def settle(self) -> None:
        """Let everything that is due now happen and be delivered."""
        ...

    async def landmarks(self) -> dict[str, datetime]:
        """`question`, `overview`, `release`: when the next of each is due, where one is."""
        ...

    async def start_over(self) -> None:
        """*Begynd forfra*: everything of the playground is deleted, the clock is real again."""
        ...
