"""The interface of a conversation: pure functions, registered under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from msgspec import Struct

from dialogs.model.cards import NeutralCard
from dialogs.model.commands import Recognised
from dialogs.model.effects import Effects, Pooled, Response, Seen
from dialogs.model.events import Look, Person, Press, Signed, SignedEvent, Unsigned, View
from dialogs.model.facts import Fact, Known, Viewer

Facts = tuple[Fact[Any], ...]
Step = tuple[Any, Effects]
Responses = tuple[Response, ...]
LookResults = tuple[Seen, ...]
Instance = Callable[[Any], str]
"""Returns the instance of a conversation that an event belongs to, such as a question's id."""


class Sight(Struct, frozen=True):
    """A read-only view: the facts it needs, and a function that shows it."""

    needs: Callable[[Look, Viewer], Facts]
    show: Callable[[Look, Viewer, Known], LookResults]


UnsignedStep = tuple[tuple[Pooled, ...], Responses]
"""What an unsigned event changes in the pool (nothing after an error), and the answer to it."""


def _refuses_nothing(event: object) -> Responses:
    raise AssertionError(f"{event!r} belongs to no round")


class UnsignedPart(Struct, frozen=True, kw_only=True):
    """Decides unsigned events of a conversation.

    Only storage can see whether a person took part in a round before, so these answers are given
    beforehand: `already` to a second act in a round that allows one, `closed` where the round is
    not open. In both cases the pool stays as it was.
    """

    events: tuple[type[Unsigned], ...]
    needs: Callable[[Any], Facts]
    decide: Callable[[Any, Known], UnsignedStep]
    in_rounds: frozenset[type[Unsigned]] = frozenset()
    """Events that leave or remove a `Mark`: for these the gate passes on a MAC of the person."""
    already: Callable[[Any], Responses] = _refuses_nothing
    closed: Callable[[Any], Responses] = _refuses_nothing


def nothing(*_: object) -> Facts:
    return ()


def _decides_nothing(state: object, event: SignedEvent, known: Known) -> Step:
    raise AssertionError(f"no conversation decides {event!r}")


def _has_no_post(state: object, slot: str, known: Known) -> NeutralCard:
    raise AssertionError(f"no conversation draws {slot!r}")


class Conversation(Struct, frozen=True, kw_only=True):
    """A conversation. This is all that the rest of Digi knows about it.

    `events` are the signed events that it decides, each with a function for the instance. `state`
    is the tagged union of its states, which is also their JSON schema. `commands` maps typed
    commands to presses. `decide(state, event, known)` gets `None` as the state of a new instance.
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
    """It receives Begun (set your timers) and Halted (drop them)."""
    opens_pool: frozenset[type[Signed]] = frozenset()
    """Events that open the pool. After them the database's log is emptied before anything is
    sent."""
    timers_open_pool: bool = False
    unsigned: UnsignedPart | None = None
    forgets: Callable[[Any, Person], Any] | None = None
    """Returns the state after a person is erased; storage itself removes the person's name."""


def the_only(name: str, *events: type[Signed]) -> dict[type[Signed], Instance]:
    """Register events of a conversation that has one instance per project."""
    return dict.fromkeys(events, lambda event: name)


def by_field(field: str, *events: type[Signed]) -> dict[type[Signed], Instance]:
    """Register events that name their instance in this field."""
    return dict.fromkeys(events, attrgetter(field))


def opens(view: View) -> Callable[[Recognised], Press]:
    """Return the press for a command that only opens a view."""
    return lambda typed: Look(view)
