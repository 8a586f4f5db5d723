"""Opens every sealed value once and names those that do not open: `python app.py check --deep`.

It reads beside a running Digi in steps of a few hundred rows, each a transaction of its own: one
that stayed open would keep the write-ahead log from being emptied, and so would hold up whoever
writes without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from storage.rekey import TABLES, Sealed
from storage.vault import Vault

STEP = 200

Select = Callable[[str, list[Any]], list[tuple[Any, ...]]]
"""Runs a SELECT whose parameters are written `?`."""


class Damage(Struct, frozen=True):
    """Where a value lies that does not open; nothing of what it held."""

    table: str
    row: tuple[str, ...]


class CheckedValues(Struct, frozen=True):
    values: int
    damaged: tuple[Damage, ...]


def open_all(asks: Select, vault: Vault) -> CheckedValues:
    values = 0
    damaged: list[Damage] = []
    for one in TABLES:
        for row in _rows(asks, one):
            values += 1
            if vault.open_if_whole(bytes(row[one.column]), *one.place(row)) is None:
                damaged.append(Damage(one.table, tuple(str(row[name]) for name in one.key)))
    return CheckedValues(values, tuple(damaged))


def _rows(asks: Select, one: Sealed) -> Iterator[dict[str, Any]]:
    """In the order of the key, from one step to the next."""
    names = (*dict.fromkeys((*one.key, *one.bound)), one.column)
    key, marks = ", ".join(one.key), ", ".join("?" for _ in one.key)
    after: list[Any] = []
    while True:
        further = f" AND ({key}) > ({marks})" if after else ""
        found = asks(
            f"SELECT {', '.join(names)} FROM {one.table} WHERE {one.column} IS NOT NULL{further}"
            f" ORDER BY {key} LIMIT {STEP}",
            after,
        )
        for values in found:
            yield dict(zip(names, values, strict=True))
        if len(found) < STEP:
            return
        after = list(found[-1][: len(one.key)])
