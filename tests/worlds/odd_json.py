"""Generates malformed variants of a JSON document, one for each place in it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

HALF = "x\ud83d"
"""An unpaired surrogate: JSON can contain it, but it is not valid Unicode."""
WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    -0.5,
    10**30,
    "",
    "x",
    "x" * 5000,
    "\0",
    [],
    {},
    [None],
    [7, "x"],
    {"id": None},
    {"type": {"x": []}},
    [[{"id": "x"}]],
)

_MISSING = object()

Way = tuple[str | int, ...]


def ways(whole: Any) -> list[Way]:
    """Return the paths to every node, including the root. Of equal list items only one is used."""
    found: dict[Way, Way] = {}

    def walk(node: Any, way: Way, alike: Way) -> None:
        found.setdefault(alike, way)
        if isinstance(node, dict):
            for name, held in node.items():
                walk(held, (*way, name), (*alike, name))
        if isinstance(node, list):
            for at, held in enumerate(node):
                walk(held, (*way, at), (*alike, "*"))

    walk(whole, (), ())
    return list(found.values())


def put(node: Any, way: Way, value: Any) -> Any:
    """Return a copy with this value at the path."""
    if not way:
        return value
    made = copy.copy(node)
    made[way[0]] = put(node[way[0]], way[1:], value)
    return made


def named(node: Any, way: Way, name: str) -> Any:
    """Return a copy in which the last key of the path is renamed."""
    if len(way) > 1:
        return put(node, way[:1], named(node[way[0]], way[1:], name))
    return {name if held == way[0] else held: value for held, value in node.items()}


def without(node: Any, way: Way) -> Any:
    """Return a copy without the node at the path."""
    if len(way) > 1:
        return put(node, way[:1], without(node[way[0]], way[1:]))
    made = copy.copy(node)
    del made[way[0]]
    return made


def with_half(whole: Any) -> Iterator[tuple[Way, Any]]:
    """Return copies with an unpaired surrogate in every string, instead of every other value, and
    in every key."""
    for way in ways(whole):
        yield way, put(whole, way, HALF)
        if way and isinstance(way[-1], str):
            yield way, named(whole, way, HALF)


def of_wrong_types(whole: Any, values: int | None = None) -> Iterator[tuple[Way, Any]]:
    """Return copies without each node, and with each value of `WRONG` instead of it; or a limited
    number of these, spread over the places."""
    kinds = (_MISSING, *WRONG)
    turn = itertools.cycle(kinds)
    for way in ways(whole)[1:]:
        for wrong in itertools.islice(turn, values or len(kinds)):
            yield way, without(whole, way) if wrong is _MISSING else put(whole, way, wrong)
    yield from (((), wrong) for wrong in WRONG)
