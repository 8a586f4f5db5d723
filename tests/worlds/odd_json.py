"""The same JSON with one place of it broken: every place in turn."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

HALF = "x\ud83d"
"""Half of a pair: JSON can write it, and no text can hold it."""
WRONG: tuple[Any, ...] = (
    None, True, 7, -0.5, 10**30, "", "x", "x" * 5000, "\0", [], {}, [None], [7, "x"], {"id": None},
    {"type": {"x": []}}, [[{"id": "x"}]],
)  # fmt: skip

_MISSING = object()

Way = tuple[str | int, ...]


def ways(whole: Any) -> list[Way]:
    """To every place in it, the whole and the innermost; of items that are alike, to one."""
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
    """A copy that holds this value there."""
    if not way:
        return value
    made = copy.copy(node)
    made[way[0]] = put(node[way[0]], way[1:], value)
    return made


def named(node: Any, way: Way, name: str) -> Any:
    """A copy in which the last step of the way has another name."""
    if len(way) > 1:
        return put(node, way[:1], named(node[way[0]], way[1:], name))
    return {name if held == way[0] else held: value for held, value in node.items()}


def without(node: Any, way: Way) -> Any:
    """A copy in which it is missing."""
    if len(way) > 1:
        return put(node, way[:1], without(node[way[0]], way[1:]))
    made = copy.copy(node)
    del made[way[0]]
    return made


def with_half(whole: Any) -> Iterator[tuple[Way, Any]]:
    """Half a pair in every text, in place of every other value, and in every name."""
    for way in ways(whole):
        yield way, put(whole, way, HALF)
        if way and isinstance(way[-1], str):
            yield way, named(whole, way, HALF)


def of_wrong_types(whole: Any, values: int | None = None) -> Iterator[tuple[Way, Any]]:
    """Every place missing, and holding each of `WRONG`; or only so many of these, others at each
    place."""
    kinds = (_MISSING, *WRONG)
    turn = itertools.cycle(kinds)
    for way in ways(whole)[1:]:
        for wrong in itertools.islice(turn, values or len(kinds)):
            yield way, without(whole, way) if wrong is _MISSING else put(whole, way, wrong)
    yield from (((), wrong) for wrong in WRONG)
