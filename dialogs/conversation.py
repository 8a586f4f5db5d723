"""What every conversation is made of: pure functions, gathered under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from dialogs.cards import NeutralCard
from dialogs.effects import Effects, Moment, PoolEntry
from dialogs.events import Look, SignedEvent, UnsignedEvent
from dialogs.facts import Fact, Known, Viewer

Facts = tuple[Fact[Any], ...]
Step = tuple[Any, Effects]
Moments = tuple[Moment, ...]


class Sight(Struct, frozen=True):
    """One thing that can be looked at: which facts it needs, and what it shows."""

    needs: Callable[[Look, Viewer], Facts]
    show: Callable[[Look, Viewer, Known], Moments]


class Conversation(Struct, frozen=True):
    """`state` is the tagged union of its states, written to JSON and read back as that type.

    `decide(state, event, known)` is given `None` as the state of what does not exist yet.
    `view(state, slot, known)` draws a standing post. `unsigned` answers events without a sender:
    a pool entry (or none, where something was wrong) and what belongs to this moment.
    """

    name: str
    state: Any
    needs: Callable[[Any, SignedEvent], Facts]
    decide: Callable[[Any, SignedEvent, Known], Step]
    view_needs: Callable[[Any, str], Facts]
    view: Callable[[Any, str, Known], NeutralCard]
    sights: Mapping[str, Sight] = {}
    unsigned_needs: Callable[[UnsignedEvent], Facts] | None = None
    unsigned: Callable[[UnsignedEvent, Known], tuple[PoolEntry | None, Moments]] | None = None


def nothing(*_: object) -> Facts:
    return ()
