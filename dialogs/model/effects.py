"""The effects that a dialog can request; they are executed elsewhere.

A signed event may return `Effect`s, which are stored in the same transaction, and `Moment`s, which
belong to the answer only. An unsigned event may return `Moment`s and `Pooled`, what it changes in
the pool: other effects cannot be expressed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from dialogs.model.cards import Line, NeutralCard, NeutralForm
from dialogs.model.events import Event, KeepsakeKind, Look, Person, SignedEvent
from dialogs.model.files import NeutralFile
from dialogs.model.links import LinkKind
from dialogs.model.screens import NeutralScreen

# --- kept ---------------------------------------------------------------------------------


class Record(Struct, frozen=True, tag="record"):
    """Insert or replace a record: a row that grows with people, such as an answer, a point or news.

    `body` is encrypted and holds all texts. `id` and `ref` must not contain a person's id, because
    they remain when the name is erased.
    """

    kind: str
    ref: str
    id: str
    person: Person
    at: datetime
    body: dict[str, Any]


class Forget(Struct, frozen=True, tag="forget"):
    """Delete records: one by id, or all of a kind for a ref or a person."""

    kind: str
    id: str = ""
    ref: str = ""
    person: Person = ""


class Post(Struct, frozen=True, tag="post"):
    """Create a standing post of this dialog in the project's channel (or for a person), drawn by
    `view` and updated in place. Posting to the same slot again creates a new message and leaves the
    old one.

    A person who did not act gets it within their own hours or, with `bag`, as a part of their next
    bag, in the order of `urgency`.
    """

    slot: str
    to: Person = ""
    dialog: str = ""
    of: str = ""
    bag: bool = False
    urgency: int = 5


class Redraw(Struct, frozen=True, tag="redraw"):
    """Update a standing post if it exists. Pending redraws of a post are merged."""

    slot: str
    dialog: str = ""
    of: str = ""


class Say(Struct, frozen=True, tag="say"):
    """Send a fixed message to the channel, or to the thread of a standing post. With `once`, a
    message is sent once per project; the store keeps a MAC of `once`. With `left`, it goes to a
    channel that the project has left, and nobody hears of it if it cannot be delivered."""

    card: NeutralCard
    thread: str = ""
    dialog: str = ""
    of: str = ""
    once: str = ""
    left: str = ""


class Privately(Struct, frozen=True, tag="privately"):
    """Send a private message: in the person's bag or, with `now` or `soon`, outside it.

    Outside the bag it goes at once to whoever acts, to others within their own hours, and into the
    bag of whoever takes a break. `soon` is what a person can turn off.
    """

    person: Person
    card: NeutralCard
    now: bool = False
    soon: bool = False
    urgency: int = 5
    once: str = ""


class Timer(Struct, frozen=True, tag="timer"):
    """Set a timer that fires a `Woke` event. A timer with the same name is moved."""

    name: str
    at: datetime


class Cancel(Struct, frozen=True, tag="cancel"):
    name: str


class Tell(Struct, frozen=True, tag="tell"):
    """Send an event to another dialog in the same transaction."""

    event: SignedEvent


class BeginAll(Struct, frozen=True, tag="begin_all"):
    """Tell every conversation with timers to set them, in the same transaction.

    Storage expands this into a `Tell` of `Begun` for each, so that a project need not know them.
    """


class HaltAll(Struct, frozen=True, tag="halt_all"):
    """Tell every conversation with timers to cancel them."""


class Grant(Struct, frozen=True, tag="grant"):
    """Set a person's role in this project, or its details."""

    person: Person
    role: Literal["leader", "deputy", "tr", "amr", "facilitator", "reader"]
    status: Literal["asked", "confirmed", "declined", "was"]
    detail: str = ""


class OpenProject(Struct, frozen=True, tag="open_project"):
    """Create a project in a channel: its row, its pool and its address."""

    project: str
    channel: str


class MoveProject(Struct, frozen=True, tag="move_project"):
    """Give a project another channel. What waits to be sent goes there; standing posts stay where
    they are and are not updated any more, so whatever is open is posted again."""

    before: str
    channel: str


class CloseProject(Struct, frozen=True, tag="close_project"):
    """Release the channel for a new project. Data is kept until retention ends."""


class MakeLink(Struct, frozen=True, tag="make_link"):
    """Make a link into this project. `id` is random, and whoever keeps it can show the address
    (`cards.LinkAddress`)."""

    kind: LinkKind
    id: str
    person: Person = ""
    until: datetime | None = None
    look: Look | None = None  # what a download gives


class MakeCode(Struct, frozen=True, tag="make_code"):
    """Let six digits open a screen until then, by the id of its link. A dialog shows them with
    `cards.ScreenCode`."""

    link: str
    until: datetime


class WithdrawLink(Struct, frozen=True, tag="withdraw_link"):
    """End a link at once; with a screen's link also the digits that open it."""

    kind: LinkKind
    id: str


class Preserve(Struct, frozen=True, tag="preserve"):
    """Store something of the project, without people, that the workplace may read elsewhere.

    `id` is random and never used for anything else. With `outlives` it stays for two years after
    the project was deleted.
    """

    kind: KeepsakeKind
    id: str
    body: dict[str, Any]
    outlives: bool = False


class Discard(Struct, frozen=True, tag="discard"):
    """Delete what was preserved, also from backups."""

    id: str


class EraseProject(Struct, frozen=True, tag="erase_project"):
    """Delete all data of the project for good."""


class Keep(Struct, frozen=True, tag="keep"):
    """Store a person's preferences: hours, language, a pause, whether to hear `soon`; and that the
    welcome message was sent."""

    person: Person
    hours: tuple[int, int] | None = None
    language: str | None = None
    paused_until: date | None = None
    paused: bool | None = None
    greeted: bool | None = None
    soon: bool | None = None


class SetMembers(Struct, frozen=True, tag="set_members"):
    """Set the members of a channel.

    Those in `people` count toward thresholds; those in `unknown` count only if they were known to
    be human before.
    """

    channel: str
    people: tuple[Person, ...]
    unknown: tuple[Person, ...] = ()


class Publish(Struct, frozen=True, tag="publish"):
    """Publish a pool entry under a new random id. Its time is neither known nor stored."""

    entry: str
    id: str
    kind: str
    ref: str
    release: int
    body: dict[str, Any]
    receipt: bytes = b""


class Retract(Struct, frozen=True, tag="retract"):
    """Delete the text of a published entry, but keep the fact that it existed."""

    id: str


class Unpool(Struct, frozen=True, tag="unpool"):
    """Remove entries from the pool without publishing them."""

    entries: tuple[str, ...]


class OpenRound(Struct, frozen=True, tag="open_round"):
    """Open a round for writing: draw its secret, and reserve so many bytes in the pool until it is
    closed. The pool must not grow while people write, because its growth would tell when they did.

    An entry takes 200 bytes more than its body as JSON, the mark of a person or a card 230. A
    letter of æøå takes two. A round that is open already keeps its secret, and gets more room if it
    is to have more.
    """

    ref: str
    room: int


class CloseRound(Struct, frozen=True, tag="close_round"):
    """Forget a round's secret, its marks and its reserved room. Its entries stay until they are
    published or removed, and nothing can be undone any more."""

    ref: str


class Snapshot(Struct, frozen=True, tag="snapshot"):
    """Store what one audience may know about unsigned texts after a release. It may know nothing
    else."""

    audience: str
    release: int
    body: dict[str, Any]


class Refresh(Struct, frozen=True, tag="refresh"):
    """Rewrite the pool without a change (each night, whether or not anybody wrote)."""


# --- of this moment -----------------------------------------------------------------------


class Show(Struct, frozen=True, tag="show"):
    """Show a card to this person only, as the answer; it may be lost.

    `instead`: replace the card with the pressed button, if that too was for this person only.
    """

    card: NeutralCard
    instead: bool = False


class Open(Struct, frozen=True, tag="open"):
    form: NeutralForm


class FieldError(Struct, frozen=True, tag="field_error"):
    """An error at a form field; without a field, for the whole form. The typed text is kept."""

    field: str
    text: Line


class Hand(Struct, frozen=True, tag="hand"):
    """Hand over a file, as the answer to a look that a download carries out."""

    file: NeutralFile


class Display(Struct, frozen=True, tag="display"):
    """Put this on the screen from which the look came."""

    screen: NeutralScreen


Response = Show | Open | FieldError
Seen = Response | Hand | Display
"""What a look shows. A file or a screen is drawn anew each time, and never stored as an answer."""
Effect = (
    Record
    | Forget
    | Post
    | Redraw
    | Say
    | Privately
    | Timer
    | Cancel
    | Tell
    | BeginAll
    | HaltAll
    | Grant
    | OpenProject
    | MoveProject
    | CloseProject
    | Preserve
    | Discard
    | EraseProject
    | Keep
    | SetMembers
    | Publish
    | Retract
    | Unpool
    | OpenRound
    | CloseRound
    | Snapshot
    | Refresh
    | MakeLink
    | MakeCode
    | WithdrawLink
)
Effects = tuple[Effect | Response, ...]


class PoolEntry(Struct, frozen=True, tag="pool_entry"):
    """An entry in the pool: its kind, what it refers to, and its content."""

    kind: str
    ref: str
    body: dict[str, Any]
    author: bytes = b""  # hash of the author's receipt, for an act by code
    one_each: bool = False  # identifies a person's vote, so that a second one replaces it
    withdraw: bool = False  # remove the author's own unreleased entry


class Mark(Struct, frozen=True, tag="mark"):
    """Keep that somebody took part in a round: an entry of its own, which has no field in common
    with what they said in the same sending.

    The round must be open. A person has one mark in it, however often they write: how often would
    tell whose most of the notes are. With `once`, a second sending is refused. What is sent with a
    mark has no receipt code. It needs at least one `PoolEntry`, by which the same form is known
    when it is sent again.
    """

    ref: str
    once: bool = False


class Undo(Struct, frozen=True, tag="undo"):
    """Remove what one sending with a `Mark` put into the pool, as long as its round is open.

    The person's mark in the round goes too. Whoever wrote twice and undoes one is therefore not
    counted, unless they write again: that errs on the side of showing less.
    """

    ref: str
    form: str  # what the event `undoes`


Pooled = PoolEntry | Mark | Undo
"""What an unsigned event may change in the pool."""


__all__ = [
    "BeginAll",
    "Cancel",
    "CloseProject",
    "CloseRound",
    "Discard",
    "Display",
    "Effect",
    "Effects",
    "EraseProject",
    "Event",
    "FieldError",
    "Forget",
    "Grant",
    "HaltAll",
    "Hand",
    "Keep",
    "MakeCode",
    "MakeLink",
    "Mark",
    "MoveProject",
    "Open",
    "OpenProject",
    "OpenRound",
    "PoolEntry",
    "Pooled",
    "Post",
    "Preserve",
    "Privately",
    "Publish",
    "Record",
    "Redraw",
    "Refresh",
    "Response",
    "Retract",
    "Say",
    "Seen",
    "SetMembers",
    "Show",
    "Snapshot",
    "Tell",
    "Timer",
    "Undo",
    "Unpool",
    "WithdrawLink",
]
