"""Tombstones: marks of what was deleted, so that restoring a backup deletes it again.

A tombstone names nobody. It holds the random id of a project, a text or a keepsake, the hash of a
withdrawn link, or a salted hash of a person. Each is written in the transaction that deletes, and
copied to a file beside the database, which a restored backup does not replace. Restoring reads that
file and deletes again; a person's tombstone counts only where it is newer than the backup, because
people come back.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from storage.sql import Row, Script
from storage.transactions.scope import to_us

TombstoneKind = Literal["project", "published", "mine", "person", "link", "keepsake"]
NAME = "tombstones"


class Tombstone(Struct, frozen=True, order=True):
    at_us: int
    kind: str
    id: str
    done: bool = False


def salted(*who: str) -> str:
    """A person as a hash that cannot be looked up in a table made beforehand."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_hash(salt, who)}"


def is_of(id: str, *who: str) -> bool:
    salt, _, found = id.partition(".")
    return secrets.compare_digest(found, _hash(salt, who))


def _hash(salt: str, who: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join((salt, *who)).encode()).hexdigest()


# --- in the database ----------------------------------------------------------------------


def buried(kind: TombstoneKind, id: str, now: datetime, *, done: bool = False) -> Script[None]:
    yield "tombstone_put", {"id": id, "kind": kind, "at": to_us(now), "done": int(done)}


def stones() -> Script[list[Tombstone]]:
    rows: list[Row] = yield "tombstone_all", {}
    return [Tombstone(row["at_us"], row["kind"], row["id"], bool(row["done"])) for row in rows]


def kept(found: Iterable[Tombstone]) -> Script[None]:
    """Stones that came from a file: a restored database knows them again."""
    for one in found:
        yield (
            "tombstone_put",
            {"id": one.id, "kind": one.kind, "at": one.at_us, "done": int(one.done)},
        )


def settled(found: Iterable[Tombstone]) -> Script[None]:
    for one in found:
        yield "tombstone_done", {"id": one.id}


def forgotten(before_us: int) -> Script[None]:
    yield "tombstone_prune", {"before": before_us}


# --- beside it ----------------------------------------------------------------------------


def read_file(folder: Path) -> list[Tombstone]:
    """The tombstones in a folder's file; a line that a crash cut short is skipped."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = set()
    for line in text.splitlines():
        parts = line.split("\t")
        if len(parts) == 3 and parts[2].isdecimal():
            found.add(Tombstone(int(parts[2]), parts[0], parts[1]))
    return sorted(found)


def add_to_file(folder: Path, found: Iterable[Tombstone]) -> None:
    """On the disk when this returns; what is there already is not written twice."""
    known = {(one.kind, one.id) for one in read_file(folder)}
    new = [one for one in found if (one.kind, one.id) not in known]
    if not new:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(folder / NAME, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.writelines(f"{one.kind}\t{one.id}\t{one.at_us}\n" for one in new)
        out.flush()
        os.fsync(out.fileno())
