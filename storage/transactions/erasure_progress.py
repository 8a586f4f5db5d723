"""How far erasing a person has come: one row of `meta` for each, until its proof is filed.

A person is erased project by project, each in a transaction of its own. The row says whether that
is still under way, so that a start after a stop finishes it, and what has gone so far, which the
proof says. It names nobody: its key is the random salt and hash of the tombstone.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from msgspec import Struct

from storage import tombstones
from storage.sql import Script
from storage.tombstones import Tombstone, buried, is_of, salted, stones
from storage.transactions.scope import to_us

_KEY = "erased:"
_UNDER_WAY, _UNNAMED, _LED, _GONE = "under_way", "unnamed", "led", "gone."


class Erased(Struct, frozen=True):
    """What has gone, by the words of the code; never whose or how it was worded."""

    gone: dict[str, int] = {}  # records by kind, and roles
    unnamed: int = 0  # rows that keep their text without the name
    led: int = 0  # seats of a leader that stay, for the protection of those who wrote unnamed

    def plus(self, more: Erased) -> Erased:
        gone = Counter(self.gone) + Counter(more.gone)
        return Erased(dict(sorted(gone.items())), self.unnamed + more.unnamed, self.led + more.led)


class Erasure(Struct, frozen=True):
    stone: str
    under_way: bool
    erased: Erased


def begun(tenant: str, person: str, now: datetime) -> Script[Tombstone]:
    """The tombstone, before anything is erased; of an erasure that was stopped, the one it has."""
    yield "lock", {"lock": _KEY}
    there = {one.stone for one in (yield from all_erasures()) if one.under_way}
    for stone in (yield from stones()):
        if stone.id in there and is_of(stone.id, tenant, person):
            return stone
    stone = Tombstone(to_us(now), "person", salted(tenant, person))
    yield from buried("person", stone.id, now)
    yield from _put(Erasure(stone.id, True, Erased()))
    return stone


def all_erasures() -> Script[tuple[Erasure, ...]]:
    """Those whose proof has not been filed yet."""
    rows = yield "meta_erased", {}
    return tuple(_read(str(row["key"]), str(row["value"])) for row in rows)


def counted(id: str, more: Erased) -> Script[None]:
    """In the transaction in which it has gone."""
    yield "lock", {"lock": _KEY}
    for one in (yield from all_erasures()):
        if one.stone == id:
            yield from _put(Erasure(id, one.under_way, one.erased.plus(more)))


def finished(id: str) -> Script[None]:
    yield "lock", {"lock": _KEY}
    for one in (yield from all_erasures()):
        if one.stone == id:
            yield from _put(Erasure(id, False, one.erased))


def unsettled() -> Script[tuple[list[Tombstone], dict[str, Erased]]]:
    """What is deleted, and of which the files still have to be cleared: without what is still
    being deleted. What was counted of a person goes with the tombstone's id."""
    erasures = yield from all_erasures()
    under_way = {one.stone for one in erasures if one.under_way}
    every = yield from stones()
    new = [one for one in every if not one.done and one.id not in under_way]
    return new, {one.stone: one.erased for one in erasures if not one.under_way}


def settled(found: list[Tombstone]) -> Script[None]:
    """The files are cleared, and the proof is filed."""
    yield from tombstones.settled(found)
    for one in found:
        yield "meta_drop", {"key": f"{_KEY}{one.id}"}


def _put(one: Erasure) -> Script[None]:
    numbers = {f"{_GONE}{kind}": n for kind, n in one.erased.gone.items()}
    numbers |= {_UNNAMED: one.erased.unnamed, _LED: one.erased.led, _UNDER_WAY: one.under_way}
    value = "|".join(f"{name}:{n:d}" for name, n in numbers.items())
    yield "meta_set", {"key": f"{_KEY}{one.stone}", "value": value}


def _read(key: str, value: str) -> Erasure:
    parts = (part.split(":") for part in value.split("|"))
    numbers = {name: int(n) for name, n in parts}
    gone = {name.removeprefix(_GONE): n for name, n in numbers.items() if name.startswith(_GONE)}
    erased = Erased(gone, numbers[_UNNAMED], numbers[_LED])
    return Erasure(key.removeprefix(_KEY), bool(numbers[_UNDER_WAY]), erased)
