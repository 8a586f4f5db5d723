"""The facts that a dialog can ask for. The store answers each with exactly one script."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
from content.model import Catalogue
from msgspec import Struct

from dialogs.model.calendar import Calendar, Hours, local
from dialogs.model.events import Committee, KeepsakeKind, Length, Level, Origin, Person

T = TypeVar("T")
S = TypeVar("S")

# --- what stands behind everything: the project and its people -----------------------------


class Frame(Struct, frozen=True):
    """What is fixed, what the team can influence, what is unknown, and the promised level of
    influence."""

    fixed: str = ""
    shape: str = ""
    unknown: str = ""
    unknown_until: date | None = None
    level: Level = "asked"


STILL_ANSWERED = timedelta(days=14)
Stage = Literal["draft", "running", "paused", "not_now", "stopped", "ended"]


class Project(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    channel: str
    stage: Stage
    starter: Person
    drafted_at: datetime
    started_at: datetime | None = None
    about: str = ""
    origin: Origin = "shape"
    workplace: str = "general"
    unit: str = ""  # the part of the workplace that the technology comes to, as people write it
    committee: Committee = "med"  # what the committee of employer and employees is called here
    phase: int = 1
    entered: int = 1  # the phase in which the project was started
    picture: str = ""  # the id of the link to the picture of its phases
    frames: dict[str, Frame] = {}
    weekday: int = 1  # the weekday of the question; Monday is 0
    hour: int = 600  # minutes after midnight
    every_weeks: int = 1
    overview_weekday: int = 3
    overview_hour: int = 780
    days_off: tuple[date, ...] = ()
    hours: Hours = (8, 16)  # for private messages to people without hours of their own
    decision: date | None = None
    med_deadline: date | None = (
        None  # until when the committee takes items; None: four weeks before
    )
    language: Literal["da", "en"] = "da"
    length: Length = "whole"
    threshold: int = 5
    retention_days: int = 90
    reason: str = ""
    until: date | None = None
    leader_left: date | None = None  # since when the leader has not been in the channel
    ended_at: datetime | None = None
    better: str = ""
    worse: str = ""
    promise: str = ""  # in a project that ended before promises had a conversation of their own
    erase_on: date | None = None  # when all data of an ended project is deleted

    @property
    def answered_until(self) -> date | None:
        """Return the last day on which texts can be answered after the project's end; None before
        it."""
        if self.ended_at is None:
            return None
        last = local(self.calendar, self.ended_at).date() + STILL_ANSWERED
        return last if self.erase_on is None else min(last, self.erase_on)

    @property
    def open(self) -> bool:
        return self.stage in ("draft", "running", "paused", "not_now")

    @property
    def under_way(self) -> bool:
        """Return whether the project has started and has neither stopped nor ended; it may be
        paused."""
        return self.open and self.stage != "draft"

    @property
    def running(self) -> bool:
        return self.stage == "running"

    @property
    def frame(self) -> Frame:
        return self.frames.get(str(self.phase), Frame())

    @property
    def calendar(self) -> Calendar:
        return _calendar(self.days_off, self.hours)


@lru_cache(maxsize=1024)
def _calendar(days_off: tuple[date, ...], hours: Hours) -> Calendar:
    return Calendar(day_off=days_off, hours=hours)


RoleName = Literal["leader", "deputy", "tr", "amr", "facilitator", "reader"]
RoleStatus = Literal["asked", "confirmed", "declined", "was"]


class Role(Struct, frozen=True):
    """A person's role. `detail` is a representative's union (FOA, DSR). `led` means that they have
    led the project in this role at some time, and is never reset."""

    person: Person
    role: RoleName
    status: RoleStatus
    detail: str = ""
    led: bool = False


class Prefs(Struct, frozen=True):
    """A person's preferences. Without `hours`, those of a project apply (`hours_for`)."""

    name: str = ""
    language: str = ""
    locale: str = ""
    hours: Hours | None = None
    paused: bool = False
    paused_until: date | None = None
    greeted: bool = False  # has received the welcome message of the private chat
    soon: bool = True  # is notified at once of texts sent for the next working day
    foreign: bool = False  # of another organisation, in a shared channel; never reset


def on_break(prefs: Prefs, today: date) -> bool:
    """Whether a person wants no private message today. A break with a date ends on that day."""
    return prefs.paused and (prefs.paused_until is None or prefs.paused_until > today)


def hours_for(prefs: Prefs, projects: tuple[Project, ...]) -> Hours:
    """Return when Digi may write to a person privately: in their own hours, or else in the working
    hours of the project they joined first."""
    if prefs.hours is not None:
        return prefs.hours
    oldest = min(projects, key=lambda project: (project.drafted_at, project.id), default=None)
    return Calendar().hours if oldest is None else oldest.hours


class Viewer(Struct, frozen=True):
    """The person who looks, with their roles in this project. `private` means a private chat with
    Digi."""

    person: Person
    roles: frozenset[str] = frozenset()
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    channel: str = ""
    project: str = ""
    private: bool = False
    foreign: bool = False  # of another organisation, in a shared channel

    def may(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))

    @property
    def visits(self) -> bool:
        """Return whether this is somebody unknown, on the page for those without a chat."""
        return "visitor" in self.roles


class Rec(Struct, frozen=True):
    """A stored record, decrypted."""

    id: str
    ref: str
    person: Person
    at: datetime
    body: dict[str, Any]


class Unnamed(Struct, frozen=True):
    """A published pool entry, without person and time."""

    id: str
    kind: str
    ref: str
    release: int
    body: dict[str, Any]
    receipt: bytes = b""


class Waiting(Struct, frozen=True):
    """An entry still in the pool, visible only to the turn that releases it.

    `new_id` is the random id under which it will be published. Entries come in random order.
    """

    entry: str
    new_id: str
    kind: str
    ref: str
    body: dict[str, Any]
    receipt: bytes
    author: bytes = b""


class Written(bytes):
    """A state as stored JSON. It is decoded once and cached."""

    _said: tuple[Any, Any] | None = None

    def read_as(self, type: Hashable) -> Any:
        if self._said is None or self._said[0] is not type:
            self._said = (type, reader(type).decode(self))
        return self._said[1]


class Stated(Struct, frozen=True):
    """The state of one question, agreement or concern, as stored."""

    id: str
    body: Written


class Snap(Struct, frozen=True):
    audience: str
    release: int
    body: dict[str, Any]


class Authored(Struct, frozen=True):
    """What a receipt code opens: an entry in the pool, or a released one.

    `receipt` is the code's hash, which identifies the author's later acts. `later` has released
    additions by the author, `unsent` those still in the pool, with their kinds. For a released
    concern there are also its state and the texts of its answers.
    """

    project: str
    waiting: bool
    kind: str
    ref: str
    id: str
    body: dict[str, Any]
    later: tuple[dict[str, Any], ...] = ()
    receipt: bytes = b""
    unsent: tuple[tuple[str, dict[str, Any]], ...] = ()
    state: Written | None = None
    answers: tuple[Rec, ...] = ()


class Keepsake(Struct, frozen=True):
    """Something of a project that the workplace may read elsewhere, without people. `until` is set
    when the project has been deleted: the day on which this is deleted too."""

    id: str
    project: str
    until: datetime | None
    body: dict[str, Any]


# --- the facts ----------------------------------------------------------------------------


class Fact(Struct, Generic[T], frozen=True):
    """A query to the store; `T` is the type of its answer."""


class About(Fact[Project | None], frozen=True):
    """The project that the event belongs to."""


class Roles(Fact[tuple[Role, ...]], frozen=True):
    """Everybody who has, had, declined or is asked to take a role here."""


class Team(Fact[tuple[Person, ...]], frozen=True):
    """The people in the project's channel who are known to be human. Only they count toward a
    threshold; bots and accounts that could not be looked up do not."""


class Present(Fact[tuple[Person, ...]], frozen=True):
    """Everybody in the project's channel whom Digi serves, known to be human or not."""


class PresentIn(Fact[tuple[Person, ...]], frozen=True):
    """Everybody in any channel, with or without a project; nobody where Digi was not told."""

    channel: str


class PrefsOf(Fact[Prefs], frozen=True):
    person: Person


class Records(Fact[tuple[Rec, ...]], frozen=True):
    """Records of a kind (for a ref), oldest first, at most `limit`."""

    kind: str
    ref: str = ""
    limit: int = 500


class RecordsSince(Fact[tuple[Rec, ...]], frozen=True):
    kind: str
    since: datetime


class Mine(Fact[Rec | None], frozen=True):
    """One person's own record of a kind for a ref."""

    kind: str
    ref: str
    person: Person


class MyRefs(Fact[frozenset[str]], frozen=True):
    """The refs for which a person has a record of a kind."""

    kind: str
    person: Person


class By(Fact[frozenset[Person]], frozen=True):
    """The people who have a record of a kind for a ref. The records are not decrypted."""

    kind: str
    ref: str


class ByTeam(Fact[frozenset[tuple[Person, str]]], frozen=True):
    """Which of the channel's members and role holders have a record of a kind, and for which
    ref."""

    kind: str


class HowMany(Fact[int], frozen=True):
    """The number of people who have a record of a kind for a ref."""

    kind: str
    ref: str = ""


class HowManyEach(Fact[Mapping[str, int]], frozen=True):
    """The number of people who have a record of a counted kind, for each ref."""

    kind: str


class StateOf(Fact[Written | None], frozen=True):
    """The state of one instance of another dialog."""

    dialog: str
    of: str


class States(Fact[tuple[Stated, ...]], frozen=True):
    """The states of all instances of a dialog in this project."""

    dialog: str


class Published(Fact[tuple[Unnamed, ...]], frozen=True):
    """The published pool entries of a kind (for a ref), in the order of their random ids."""

    kind: str
    ref: str = ""


class SnapshotOf(Fact[Snap | None], frozen=True):
    """The newest snapshot for an audience: `all`, or a person."""

    audience: str


class Unreleased(Fact[tuple[Waiting, ...]], frozen=True):
    """The entries in the pool. Only available to the turn that releases them."""

    kinds: tuple[str, ...]
    ref: str = ""


class ByCode(Fact[Authored | None], frozen=True):
    """What a receipt code opens, released or not, in any project of the workplace."""

    code: str


class MyProjects(Fact[tuple[Project, ...]], frozen=True):
    """The open projects in whose channel a person is or in which they have a role."""

    person: Person


class InEach(Fact[tuple[Mapping["Fact[Any]", Any], ...]], frozen=True):
    """The same facts for each open project of a person, oldest project first, at most `limit`."""

    person: Person
    facts: tuple[Fact[Any], ...]
    limit: int = 20


class EveryProject(Fact[tuple[Project, ...]], frozen=True):
    """All projects of the workplace that have begun, whoever asks, in the order they began."""


class ChannelProject(Fact[Project | None], frozen=True):
    """The open project of a channel."""

    channel: str


class Keepsakes(Fact[tuple[Keepsake, ...]], frozen=True):
    """All keepsakes of a kind in the workplace, newest first, at most 500."""

    kind: KeepsakeKind


class KeepsakesHere(Fact[tuple[Keepsake, ...]], frozen=True):
    """The keepsakes of deleted projects in whose channel this person is, newest first."""

    kind: KeepsakeKind
    person: Person


class Operator(Struct, frozen=True):
    """The organisation responsible for this Digi, from the operator's file; missing fields are
    empty."""

    controller: str = ""
    contact: str = ""
    legal_basis: str = ""
    whistleblower: str = ""
    database_keeps_times: bool = False
    """Whoever runs the database server can see when an unsigned text was written."""
    has_address: bool = False
    """Links can be opened in a browser: there is a DIGI_PUBLIC_URL, or this is the playground."""


NOBODY = Operator()


@cache
def reader(type: Hashable) -> msgspec.json.Decoder[Any]:
    """Return a cached JSON decoder for a state type: building one takes longer than decoding."""
    return msgspec.json.Decoder(cast(Any, type))


# --- what a dialog receives ---------------------------------------------------------------


class Known:
    """The answers to the requested facts, the catalogue, and the operator."""

    def __init__(
        self,
        catalogue: Catalogue,
        found: Mapping[Fact[Any], Any],
        operator: Operator = NOBODY,
    ) -> None:
        self.catalogue = catalogue
        self.operator = operator
        self._found = found
        self._read: dict[str, dict[str, Any]] = {}
        """The decoded states of each dialog. One card reads them at several places."""

    def __call__(self, fact: Fact[T]) -> T:
        return cast(T, self._found[fact])

    @property
    def project(self) -> Project:
        """The project. It must exist, which the gate ensures."""
        project = self(About())
        assert project is not None
        return project

    def each(self, fact: InEach) -> tuple[Known, ...]:
        """The facts of each of a person's projects."""
        return tuple(Known(self.catalogue, found, self.operator) for found in self(fact))

    def states(self, dialog: str, type: type[S]) -> Mapping[str, S]:
        found = self._read.get(dialog)
        if found is None:
            read = cast(Hashable, type)
            found = self._read[dialog] = {s.id: s.body.read_as(read) for s in self(States(dialog))}
        return found

    def state(self, dialog: str, of: str, type: type[S]) -> S | None:
        body = self(StateOf(dialog, of))
        return None if body is None else cast(S, body.read_as(cast(Hashable, type)))

    def holders(self, *roles: str, status: str = "confirmed") -> tuple[Person, ...]:
        """Return the holders of these roles, in the order of the arguments."""
        held = [r for r in self(Roles()) if r.status == status]
        return tuple(dict.fromkeys(r.person for role in roles for r in held if r.role == role))
