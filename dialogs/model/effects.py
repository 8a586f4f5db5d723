"""What a dialog may ask for. Nothing here does it.

A signed event may have `Effect`s, which are kept in the same transaction, and `Moment`s, which
belong to the answer of this moment only. An unsigned event may have `Moment`s and one
`PoolEntry`: a kept effect cannot be expressed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from dialogs.model.cards import Line, NeutralCard, NeutralForm
from dialogs.model.events import Event, Person, SignedEvent

# --- kept ---------------------------------------------------------------------------------


class Record(Struct, frozen=True, tag="record"):
    """Keep a row of something that grows with people: answers, points, news.

    The same (kind, id) again replaces it. `body` is sealed; nothing else is text, and no person's
    id is a part of `id` or `ref`: these stay where the name is taken away.
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
    """A standing post of this dialog in the project's channel (or of a person): drawn by `view`,
    redrawn in place. The same slot again is a new post; the old one is left as it stood."""

    slot: str
    to: Person = ""
    dialog: str = ""
    of: str = ""


class Redraw(Struct, frozen=True, tag="redraw"):
    """Draw a standing post again, if it is there. Many in a row become one."""

    slot: str
    dialog: str = ""
    of: str = ""


class Say(Struct, frozen=True, tag="say"):
    """A message in the channel as decided now; in the thread of a standing post if one is named.
    What is named by `once` is said once in a project; the store keeps a MAC of it."""

    card: NeutralCard
    thread: str = ""
    dialog: str = ""
    of: str = ""
    once: str = ""


class Privately(Struct, frozen=True, tag="privately"):
    """A private message. Into the person's bag, or (`now`) on the spot, inside working hours."""

    person: Person
    card: NeutralCard
    now: bool = False
    urgency: int = 5
    once: str = ""


class Timer(Struct, frozen=True, tag="timer"):
    """Come back as `Woke` at this moment. The same name again moves it."""

    name: str
    at: datetime


class Cancel(Struct, frozen=True, tag="cancel"):
    name: str


class Tell(Struct, frozen=True, tag="tell"):
    """Another dialog is told in the same transaction."""

    event: SignedEvent


class BeginAll(Struct, frozen=True, tag="begin_all"):
    """Every conversation that has timers in a project is told to set them, in the same transaction.

    Storage expands this into a `Tell` of `Begun` for each; so a project need not know them.
    """


class HaltAll(Struct, frozen=True, tag="halt_all"):
    """Every conversation that has timers in a project is told to drop them."""


class Grant(Struct, frozen=True, tag="grant"):
    """Give a person a role in this project, or change what stands beside it."""

    person: Person
    role: Literal["leader", "deputy", "tr", "amr", "facilitator", "reader"]
    status: Literal["asked", "confirmed", "declined", "was"]
    detail: str = ""


class OpenProject(Struct, frozen=True, tag="open_project"):
    """A project comes to be in a channel: its row, its pool, its place."""

    project: str
    channel: str


class CloseProject(Struct, frozen=True, tag="close_project"):
    """The channel is free for a new project; what was said stays until retention ends."""


class EraseProject(Struct, frozen=True, tag="erase_project"):
    """Everything of the project is deleted for good."""


class Keep(Struct, frozen=True, tag="keep"):
    """What a person chose for themselves: hours, language, a pause; and that the private chat's
    first message has been said there."""

    person: Person
    hours: tuple[int, int] | None = None
    language: str | None = None
    paused_until: date | None = None
    paused: bool | None = None
    greeted: bool | None = None


class SetMembers(Struct, frozen=True, tag="set_members"):
    """Who is in a channel. Those in `people` count toward thresholds; those in `unknown` do where
    they were known to be people before."""

    channel: str
    people: tuple[Person, ...]
    unknown: tuple[Person, ...] = ()


class Publish(Struct, frozen=True, tag="publish"):
    """An entry leaves the pool under a new random id; its time is not known and not kept."""

    entry: str
    id: str
    kind: str
    ref: str
    release: int
    body: dict[str, Any]
    receipt: bytes = b""


class Retract(Struct, frozen=True, tag="retract"):
    """The words of something released are deleted; that it was there stays."""

    id: str


class Unpool(Struct, frozen=True, tag="unpool"):
    """Take entries out of the pool without publishing them."""

    entries: tuple[str, ...]


class Snapshot(Struct, frozen=True, tag="snapshot"):
    """What one audience may know of anonymous things after this release, and all it may know."""

    audience: str
    release: int
    body: dict[str, Any]


class Refresh(Struct, frozen=True, tag="refresh"):
    """Rewrite the pool although nothing changed (each night, whether anybody wrote or not)."""


# --- of this moment -----------------------------------------------------------------------


class Show(Struct, frozen=True, tag="show"):
    """Only this person sees it, now; it may be lost without harm. `instead` says that it takes the
    place of the card whose button was pressed, where that too was for this person alone."""

    card: NeutralCard
    instead: bool = False


class Open(Struct, frozen=True, tag="open"):
    form: NeutralForm


class FieldError(Struct, frozen=True, tag="field_error"):
    """Something in the form needs another look; what was typed stays. No field: the whole form."""

    field: str
    text: Line


Moment = Show | Open | FieldError
Effect = (
    Record | Forget | Post | Redraw | Say | Privately | Timer | Cancel | Tell | BeginAll | HaltAll
    | Grant | OpenProject | CloseProject | EraseProject | Keep | SetMembers | Publish | Retract
    | Unpool | Snapshot | Refresh
)  # fmt: skip
Effects = tuple[Effect | Moment, ...]


class PoolEntry(Struct, frozen=True, tag="pool_entry"):
    """What an unsigned event leaves in the pool: what it is, what it belongs to, what it says."""

    kind: str
    ref: str
    body: dict[str, Any]
    author: bytes = b""  # hash of the receipt it speaks for, where an author acts by code
    one_each: bool = False  # a second one by the same person replaces the first
    withdraw: bool = False  # take the author's own entry out before anybody has seen it


__all__ = [
    "BeginAll",
    "Cancel",
    "CloseProject",
    "Effect",
    "Effects",
    "EraseProject",
    "Event",
    "FieldError",
    "Forget",
    "Grant",
    "HaltAll",
    "Keep",
    "Moment",
    "Open",
    "OpenProject",
    "PoolEntry",
    "Post",
    "Privately",
    "Publish",
    "Record",
    "Redraw",
    "Refresh",
    "Retract",
    "Say",
    "SetMembers",
    "Show",
    "Snapshot",
    "Tell",
    "Timer",
    "Unpool",
]  # fmt: skip
