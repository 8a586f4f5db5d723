"""The ports of an edge (adapter): Slack, Teams and the browser.

Inbound: the edge verifies and parses its platform's JSON and calls `receive(Delivery) -> Answer`.
Outbound: the courier calls `deliver(Parcel)`, which returns the platform's id of the message.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from dialogs.model.cards import FinishedCard, FinishedForm, FinishedPicture, Spans
from dialogs.model.files import FinishedFile
from dialogs.model.links import LinkKind, ProjectLink
from dialogs.model.screens import FinishedScreen

# --- in -----------------------------------------------------------------------------------


class Sender(Struct, frozen=True):
    person: str
    name: str = ""
    locale: str = ""
    foreign: bool = False


class TypedText(Struct, frozen=True, tag="typed"):
    """Text typed after `/digi`, after a mention, or in the private chat."""

    text: str


class Pressed(Struct, frozen=True, tag="pressed"):
    """A button was pressed; `token` is what Digi put on it."""

    token: str


class Submitted(Struct, frozen=True, tag="submitted"):
    """A form was submitted. `values` by field id: text, a list of texts, or an ISO date."""

    token: str
    values: dict[str, str | list[str] | None]


class Members(Struct, frozen=True, tag="members"):
    """The current members of a channel with their names, without bots and Digi.

    `people` are those whom the platform reports as human. `unknown` are those about whom it has
    said nothing, or not yet: they are served like everybody and count toward no threshold.
    """

    people: tuple[Sender, ...]
    unknown: tuple[Sender, ...] = ()


class AtHome(Struct, frozen=True, tag="at_home"):
    """A person opened the Home tab."""


class InChat(Struct, frozen=True, tag="in_chat"):
    """A person opened the private chat with Digi. `told`: the welcome message has arrived there."""

    told: bool = False


class ToAgree(Struct, frozen=True, tag="to_agree"):
    """The plain text of a message from which somebody wants to make an agreement."""

    text: str


class Visit(Struct, frozen=True, tag="visit"):
    """Somebody opens an address of the page. The view is one of `dialogs.model.links.PAGE_VIEWS`,
    or of `CARD_VIEWS` with a card; for any other they get the first page."""

    view: str
    ref: str = ""


What = TypedText | Pressed | Submitted | Members | AtHome | InChat | ToAgree | Visit


class DealtCard(Struct, frozen=True):
    """A card that was dealt for the exercise whose run this is. `token` is its address."""

    run: str
    token: str


class Delivery(Struct, frozen=True):
    """A request that reached an edge. `key` is its idempotency key. `page` is the project whose
    page it comes from; the sender is then nobody, and only its locale is known. `dealt`: it is not
    the project's page but that of a card."""

    tenant: str
    sender: Sender
    key: str
    what: What
    channel: str = ""
    page: str = ""
    dealt: DealtCard | None = None


class Fault(Struct, frozen=True):
    """An error at a form field, or above the form if `field` is empty."""

    field: str
    text: Spans


class Answer(Struct, frozen=True):
    """The answer to a request: cards for this person only, a form to open, errors in a form.

    `undone`: nothing is known to be stored, and the request should be retried. `instead`: the cards
    replace the one whose button was pressed. `absent`: the sender is not known to be in the
    channel; an edge that can look up the members does so and passes the delivery in again.
    `files`: what a download gives, not drawn yet. `screen`: what a wall shows, for whoever leads.
    """

    language: Literal["da", "en"] = "da"
    cards: tuple[FinishedCard, ...] = ()
    form: FinishedForm | None = None
    faults: tuple[Fault, ...] = ()
    undone: bool = False
    instead: bool = False
    absent: bool = False
    files: tuple[FinishedFile, ...] = ()
    screen: FinishedScreen | None = None


Receive = Callable[[Delivery], Awaitable[Answer]]

DrawPicture = Callable[[FinishedPicture, int], str]
"""Draws a picture as SVG, so many pixels wide."""

Changed = Callable[[str, str], None]
"""Called after a named change, with the workplace and the project (empty: any)."""

Report = Callable[[str, str], None]
"""Reports a failure to the operator: what failed, and the kind of failure."""

# --- out ----------------------------------------------------------------------------------


class Parcel(Struct, frozen=True):
    """A message to deliver. `id` is the letter's: the same id is the same message.

    `target` is the platform's id of the message to update (`update`) or to reply to (`thread`).
    `again`: a copy may have arrived already. `until`, by the monotonic clock: no other replica
    delivers it before.
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
        """Raise unless this process still holds the lease. Call it directly before the platform
        call: a process that was frozen past its lease must send nothing, because another replica
        may have sent it."""
        if time.monotonic() > self.until:
            raise DeliveryFailed(
                "another replica may hold the lease by now", held=True, retry_after=1.0
            )


class DeliveryFailed(Exception):
    """A message was not delivered, or it is unknown whether it was.

    `permanent`: a retry cannot help. `uncertain`: it may have arrived. `retry_after`: the
    platform's Retry-After in seconds. `held`: the message waits until somebody fixes the cause.
    `closed`: until then nothing can be delivered to the channel, or to the workplace.
    `unreachable`: the person first has to install Digi for a private chat.
    """

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
    """The outbound side of an edge, as the courier uses it. `repeats`: delivering the same parcel
    twice is harmless."""

    @property
    def repeats(self) -> bool: ...

    def serves(self, tenant: str) -> bool: ...

    def typed(self, command: str, *, private: bool) -> str:
        """Return how a command is typed here, in a channel or in the private chat: `/digi hjælp`,
        `@Digi hjælp`, `hjælp`."""
        ...

    async def deliver(self, parcel: Parcel) -> str: ...


# --- the port that an edge for several workplaces needs --------------------------------------


class Installation(Struct, frozen=True):
    """A workspace that installed Digi, with the token for it. If `expires` is set (seconds since
    1970), `refresh` is the refresh token."""

    tenant: str
    token: str
    bot: str
    name: str = ""
    refresh: str = ""
    expires: int = 0

    def __repr__(self) -> str:
        return f"Installation({self.tenant})"


class Installations(Protocol):
    """Stores the tokens of workspaces, encrypted."""

    async def put(self, installation: Installation) -> None: ...

    async def one(self, tenant: str) -> Installation | None: ...

    async def all(self) -> list[Installation]: ...

    async def remove(self, tenant: str) -> None: ...

    async def spend(self, ticket: str, expires: int, now: int) -> bool:
        """Mark a single-use ticket as used; returns whether this was the first use, by any replica.
        Tickets are remembered until they expire; both times are seconds since 1970."""
        ...


# --- the port that an edge needs whose platform tells only once where it can be spoken to ---------


class Address(Struct, frozen=True):
    """Where Digi can post: a channel (`place`) or, without one, a workplace. It names no person:
    private chats are looked up when needed."""

    tenant: str
    place: str
    service_url: str
    bot: str
    team: str = ""

    def __repr__(self) -> str:
        return f"Address({self.tenant})"


class Addresses(Protocol):
    """Stores the addresses, encrypted."""

    async def put(self, address: Address) -> None: ...

    async def one(self, tenant: str, place: str) -> Address | None: ...

    async def all(self) -> list[Address]: ...

    async def remove(self, tenant: str, place: str) -> None: ...


# --- the port that whatever is reached by a link needs ---------------------------------------


class Links(Protocol):
    """Makes, resolves and withdraws links; a token is the last part of a link's path."""

    async def make(
        self,
        kind: LinkKind,
        tenant: str,
        project: str,
        person: str = "",
        until: datetime | None = None,
    ) -> str:
        """Store a link and return its token, which is stored nowhere."""
        ...

    async def resolve(self, token: str) -> ProjectLink | None:
        """Return what the token stands for; None alike for one that is withdrawn, has expired or
        never was."""
        ...

    async def withdraw(self, token: str) -> None: ...


# --- the port that downloads need ------------------------------------------------------------


class FileChoice(Struct, frozen=True):
    """One way to have a file: what the form sends, the button's label, and the file's name."""

    value: str
    label: str
    name: str


class FilePage(Struct, frozen=True):
    """The words of the page that a download's link leads to. Without `choices` there is no file,
    and why stands in `lines`."""

    language: Literal["da", "en"]
    title: str
    lines: tuple[str, ...]
    choices: tuple[FileChoice, ...] = ()


class FetchedFile(Struct, frozen=True):
    """A drawn file. `opens`: the browser shows it, to be printed, instead of keeping it."""

    name: str
    media_type: str
    body: bytes
    opens: bool = False


class Downloads(Protocol):
    """Finds what a link gives, and asks again who it was given to and what they may see."""

    async def page(self, token: str, language: Literal["da", "en"]) -> FilePage | None:
        """Return what the page offers; None alike for a link that is withdrawn, has expired, never
        was, or whose person may not see this any more."""
        ...

    async def fetch(self, token: str, choice: str) -> FetchedFile | None:
        """Draw the file; None as for the page."""
        ...

    def gone(self, language: Literal["da", "en"]) -> FilePage: ...

    def failed(self, language: Literal["da", "en"]) -> FilePage: ...


# --- the port that screens need --------------------------------------------------------------


class ShownScreen(Struct, frozen=True):
    """What a wall shows now. `at` is Digi's own time, from which the page counts down."""

    language: Literal["da", "en"]
    screen: FinishedScreen
    at: datetime


class Versions(Protocol):
    """Tells when what a link shows has changed."""

    async def versions(self, tokens: Iterable[str]) -> dict[str, int]:
        """Return the version of what each of these shows, without those that lead nowhere. Only
        signed events change a version."""
        ...


class Screens(Versions, Protocol):
    """Finds what a link puts on a wall, and when it has changed."""

    async def show(self, token: str) -> ShownScreen | None:
        """Return what the screen shows; None alike for a link that is withdrawn, has expired or
        never was."""
        ...

    async def by_digits(self, digits: str) -> str:
        """Return the token of the screen that six digits open; "" where they open none."""
        ...


class LedScreen(Struct, frozen=True):
    """What whoever leads an exercise has before them: the screen, a card with what they can do, the
    form that puts notes together, and the people who can be chosen in a form."""

    language: Literal["da", "en"]
    screen: FinishedScreen
    card: FinishedCard
    grouping: FinishedForm | None
    at: datetime


class LedAct(Struct, frozen=True):
    """The answer to an act of whoever leads. `looked`: it changed nothing and only shows
    something."""

    answer: Answer
    looked: bool = False
    people: tuple[tuple[str, str], ...] = ()


class Leading(Versions, Protocol):
    """Serves a link for leading, as the person it was given to, whose role is checked each time."""

    async def look(self, token: str) -> LedScreen | None:
        """Return None alike for a link that is withdrawn, has expired, never was, or whose person
        does not lead the exercise any more."""
        ...

    async def act(self, token: str, what: Pressed | Submitted) -> LedAct | None:
        """Carry out a press or a form; None as for the look."""
        ...


# --- ports that the browser's edge needs ---------------------------------------------------


class RoomMessage(Struct, frozen=True):
    """A message in the playground. `place` is `channel:<id>` or `private:<person>`."""

    id: str
    place: str
    by: str
    body: bytes
    at: datetime
    thread: str = ""
    seq: int = 0


class WebRoom(Protocol):
    """Stores the playground's messages, so that they survive a restart."""

    async def put(self, message: RoomMessage) -> int:
        """Store a message, or replace the one with its id; returns its new sequence number."""
        ...

    async def read(self, place: str, after: int = 0) -> list[RoomMessage]: ...

    async def one(self, id: str) -> RoomMessage | None: ...


class Clockwork(Protocol):
    """The clock as the playground controls it."""

    def now(self) -> datetime: ...

    async def move_to(self, target: datetime) -> None:
        """Move the clock, stopping at each due time on the way to execute all that is due."""
        ...

    async def settle(self) -> None:
        """Execute and deliver everything that is due now."""
        ...

    async def landmarks(self) -> dict[str, datetime]:
        """Return when the next `question`, `overview` and `release` are due, if any."""
        ...

    async def start_over(self) -> None:
        """*Begynd forfra*: delete all data of the playground and reset the clock to real time."""
        ...
