"""Says which people and which stored texts a card refers to, so that they are read before it is
localized."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, cast, get_origin

import msgspec

from dialogs.model import cards as c

KeptKey = tuple[str, str, str]


def wanted(thing: Any) -> tuple[tuple[str, ...], tuple[KeptKey, ...]]:
    """Return the people and the stored texts that a card or form refers to."""
    people: dict[str, None] = {}
    kept: dict[KeptKey, None] = {}
    left = [thing]
    while left:
        node = left.pop()
        kind = type(node)
        if kind is c.Text:
            if node.args:
                left += reversed(node.args.values())
        elif kind is tuple or kind is list:
            left += reversed(node)
        elif kind is dict:
            left += reversed(node.values())
        elif kind is c.Who or kind is c.First:
            people[node.person] = None
        elif kind is c.Kept:
            kept[node.kind, node.id, node.field] = None
        else:
            for name in _holds(cast(Hashable, kind)):
                left.append(getattr(node, name))
    return tuple(people), tuple(kept)


@cache
def _holds(kind: Hashable) -> tuple[str, ...]:
    """Return the fields of a node that can contain names or stored texts, last first, without the
    presses of buttons."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ()
    return tuple(
        field.name
        for field in reversed(msgspec.structs.fields(kind))
        if field.type not in (str, int, bool, date, datetime)
        and get_origin(field.type) is not Literal
        and field.name != "press"
    )
