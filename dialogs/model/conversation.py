"""What every conversation is made of: pure functions, gathered under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from msgspec import Struct

from dialogs.model.cards import NeutralCard
from dialogs.model.commands import Recognised
from dialogs.model.effects import Effects, Moment, PoolEntry
from dialogs.model.events import Look, Person, Press, Signed, SignedEvent, Unsigned, View
from dialogs.model.facts import Fact, Known, Viewer

Facts = tuple[Fact[Any], ...]
Step = tuple[Any, Effects]
Moments = tuple[Moment, ...]
Instance = Callable[[Any], str]
"""Which instance of a conversation an event belongs to: a question's id, an agreement's id."""


class Sight(Struct, frozen=True):
    """One thing that can be looked at: which facts it needs, and what it shows."""

    needs: Callable[[Look, Viewer], Facts]
    show: Callable[[Look, Viewer, Known], Moments]


class UnsignedPart(Struct, frozen=True, kw_only=True):
    """How a conversation answers events without a sender: with a pool entry (or none, where
    something was wrong) and what belongs to this moment."""

    events: tuple[type[Unsigned], ...]
    needs: Callable[[Any], Facts]
    decide: Callable[[Any, Known], tuple[PoolEntry | None, Moments]]


def nothing(*_: object) -> Facts:
    return ()


def _decides_nothing(state: object, event: SignedEvent, known: Known) -> Step:
    raise AssertionError(f"no conversation decides {event!r}")


def _has_no_post(state: object, slot: str, known: Known) -> NeutralCard:
    raise AssertionError(f"no conversation draws {slot!r}")


class Conversation(Struct, frozen=True, kw_only=True):
    """Everything that the rest of Digi must know of one conversation; nothing else lists them.

    `events` are the signed events that it decides, each with the instance it belongs to.
    `state` is the tagged union of its states, written to JSON and read back as that type.
    `commands` are the names of typed commands that it answers, each with the press it stands for.

    `decide(state, event, known)` is given `None` as the state of what does not exist yet.
    `view(state, slot, known)` draws a standing post.
    """

    name: str
    state: Any = None
    events: Mapping[type[Signed], Instance] = {}
    needs: Callable[[Any, SignedEvent], Facts] = nothing
    decide: Callable[[Any, SignedEvent, Known], Step] = _decides_nothing
    view_needs: Callable[[Any, str], Facts] = nothing
    view: Callable[[Any, str, Known], NeutralCard] = _has_no_post
    sights: Mapping[str, Sight] = {}
    commands: Mapping[str, Callable[[Recognised], Press]] = {}
    has_timers: bool = False
    """Is told when the project begins (set your timers) and when it halts (drop them)."""
    opens_pool: frozenset[type[Signed]] = frozenset()
    """Events that open the pool: the database's log is emptied before anything is said of them."""
    timers_open_pool: bool = False
    unsigned: UnsignedPart | None = None
    forgets: Callable[[Any, Person], Any] | None = None
    """The state once this person is erased, beyond their name, which storage takes out."""


def the_only(name: str, *events: type[Signed]) -> dict[type[Signed], Instance]:
    """These events belong to the one instance that each project has of this conversation."""
    return dict.fromkeys(events, lambda event: name)


def by_field(field: str, *events: type[Signed]) -> dict[type[Signed], Instance]:
    """These events name their instance in this field."""
    return dict.fromkeys(events, attrgetter(field))


def opens(view: View) -> Callable[[Recognised], Press]:
    """What a command stands for that only opens a view."""
    return lambda typed: Look(view)
