"""What of a project may outlive its deletion: stored without people, and deleted two years later.

A row is written while the project lives, so that a restored backup from before the deletion has it
too. Deleting the project only sets its date.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from dialogs.model.facts import Keepsake
from storage.sql import Row, Script
from storage.tombstones import Tombstone, buried
from storage.transactions.scope import Scope, from_us, to_us
from storage.vault import Vault

OUTLIVES = timedelta(days=730)
"""How long a row stays after its project was deleted; the phrases say two years."""
LIMIT = 500
TABLE = "keepsake"


def of_kind(tenant: str, vault: Vault, kind: str) -> Script[tuple[Keepsake, ...]]:
    """Those of the whole workplace, newest first."""
    asked = {"tenant": tenant, "kind": kind, "limit": LIMIT}
    return _opened(tenant, vault, (yield "keepsakes_of_kind", asked))


def of_person(tenant: str, vault: Vault, kind: str, person: str) -> Script[tuple[Keepsake, ...]]:
    """Those of deleted projects in whose channel this person is, newest first."""
    asked = {"tenant": tenant, "kind": kind, "person": person, "limit": LIMIT}
    return _opened(tenant, vault, (yield "keepsakes_of_person", asked))


def _opened(tenant: str, vault: Vault, rows: list[Row]) -> tuple[Keepsake, ...]:
    """Damaged ones are left out."""
    found = []
    for row in rows:
        body = vault.open_if_whole(row["body"], TABLE, tenant, row["id"])
        if body is not None:
            until = from_us(row["until_us"]) if row["until_us"] else None
            found.append(Keepsake(row["id"], row["project"], until, msgspec.json.decode(body)))
    return tuple(found)


def discard(tenant: str, id: str, now: datetime) -> Script[None]:
    """Delete one for good, also from a backup that is restored later."""
    yield "keepsake_drop", {"tenant": tenant, "id": id}
    yield from buried("keepsake", id, now)


def discard_again(id: str) -> Script[None]:
    rows = yield "keepsake_place", {"id": id}
    for row in rows:
        yield "keepsake_drop", {"tenant": row["tenant"], "id": id}


def project_deleted(scope: Scope, now: datetime) -> Script[None]:
    """Delete what does not outlive its project, and begin the time of what does."""
    yield "keepsake_delete", scope.key
    yield "keepsake_outlive", {**scope.key, "until": to_us(now + OUTLIVES)}


def discard_all_of(project: str, now: datetime) -> Script[int]:
    """Delete all that is left of a project, deleted or not; answers how many there were."""
    rows = yield "keepsakes_of_project", {"project": project}
    for row in rows:
        yield from discard(row["tenant"], row["id"], now)
    return len(rows)


def outliving(stones: list[Tombstone]) -> Script[dict[str, datetime]]:
    """Return which of these deleted projects something outlives, and until when."""
    found = {}
    for stone in stones:
        if stone.kind == "project":
            rows = yield "keepsakes_of_project", {"project": stone.id}
            if rows:
                found[stone.id] = from_us(max(row["until_us"] for row in rows))
    return found


def prune(now: datetime) -> Script[None]:
    yield "keepsake_prune", {"now": to_us(now)}
