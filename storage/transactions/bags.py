"""What a sent bag of private letters consisted of, so that its message can be drawn again.

Each row is sealed as one value and padded, whether it holds anything or not: neither that a text
without a name was told of, nor how many, shows in the database.
"""

from __future__ import annotations

import msgspec

from storage.sql import Row, Script
from storage.transactions.letters import Letter, SentBag
from storage.transactions.scope import Scope
from storage.vault import Vault

SMALLEST = 4096


def put_bag(vault: Vault, head: Letter, person: str, day: str, bag: SentBag) -> Script[None]:
    key = {"tenant": head.tenant, "person": person, "day": day}
    yield "bagged_put", {**key, "id": head.id, "body": _sealed(vault, key, bag)}


def bag_of(vault: Vault, tenant: str, person: str, message: str) -> Script[SentBag | None]:
    """The bag that went out as this message; None where it was no bag, or nothing of it is kept."""
    rows = yield "bagged_of", {"tenant": tenant, "person": person}
    for row in rows:
        bag = _opened(vault, row)
        if bag is not None and bag.message == message:
            return bag
    return None


def forget_in_bags(scope: Scope) -> Script[None]:
    """Delete what the sent bags hold of a project that is erased."""
    rows = yield "bagged_every", {"tenant": scope.tenant}
    for row in rows:
        bag = _opened(scope.vault, row)
        if bag is None or all(part.project != scope.project for part in bag.parts):
            continue
        left = tuple(part for part in bag.parts if part.project != scope.project)
        key = {name: str(row[name]) for name in ("tenant", "person", "day")}
        after = msgspec.structs.replace(bag, parts=left)
        yield "reseal_bagged", {**key, "sealed": _sealed(scope.vault, key, after)}


def _sealed(vault: Vault, key: dict[str, str], bag: SentBag) -> bytes:
    body, size = msgspec.json.encode(bag), SMALLEST
    while size < len(body):
        size *= 2
    return vault.seal(body.ljust(size), "bagged", *key.values())


def _opened(vault: Vault, row: Row) -> SentBag | None:
    """None where the value is damaged: then the message stays as it is."""
    body = vault.open_if_whole(row["body"], "bagged", row["tenant"], row["person"], row["day"])
    return None if body is None else msgspec.json.decode(body, type=SentBag)
