"""Replaces ids that earlier versions built from a person's id in plain text, or left behind.

A MAC and a seal need the key, so a migration in SQL cannot do it: it is done at a start, and to a
backup before it is cleansed or restored. Whoever comes back to such an id finds its row by the
person and what it belongs to, never by the id.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import msgspec

from storage.database import Database
from storage.sql import Row, Script
from storage.tombstones import is_of, stones
from storage.transactions.anonymous_pool import Pool
from storage.transactions.erasing import Forgetting, erase_person
from storage.transactions.letters import once_key
from storage.transactions.locks import lock_project
from storage.transactions.scope import Scope
from storage.transactions.store import Scripts
from storage.vault import Vault

DONE = "ids_made_anew"


async def make_anew(
    database: Database, scripts: Scripts, forgetting: Forgetting, now: datetime
) -> None:
    """Records once, project by project, and erasures that left an id behind; keys of the inbox at
    each start, because a replica of the version before may have written more of them while it
    still served."""
    if await database.read(_named_keys):
        await database.tx(_rename_keys, scripts)
    if await database.read(scripts.meta, DONE):
        return
    for tenant, project in await database.read(_projects_with_plain_ids):
        await database.tx(_rename_records, scripts, tenant, project)
    await database.tx(_finish_erasures, scripts.vault, forgetting, now)
    await database.tx(scripts.set_meta, DONE, "1")


def _named_keys() -> Script[list[Row]]:
    return (yield "inbox_named", {})


def _rename_keys(scripts: Scripts) -> Script[None]:
    """What has been said once to a person is known by a MAC from now on; what counted for one day
    is dropped."""
    rows = yield from _named_keys()
    for row in rows:
        tenant, (kind, _, rest) = row["tenant"], row["key"].partition(":")
        if kind == "once":
            project, _, once = rest.partition(":")
            key = once_key(scripts.vault, tenant, project, once)
            yield "inbox_first", {"tenant": tenant, "key": key, "now": row["at_us"]}
        yield "inbox_drop", {"tenant": tenant, "key": row["key"]}


def _projects_with_plain_ids() -> Script[list[tuple[str, str]]]:
    rows = yield "record_named_in", {}
    return [(row["tenant"], row["project"]) for row in rows]


def _rename_records(scripts: Scripts, tenant: str, project: str) -> Script[None]:
    """Alone in the project, because a turn may be writing one of these rows."""
    yield from lock_project(tenant, project)
    scope = Scope(tenant, project, scripts.vault)
    rows = yield "record_named", scope.key
    for row in rows:
        kind, new = row["kind"], secrets.token_hex(16)
        place = ("record", tenant, project, kind)
        opened = scripts.vault.open_if_whole(row["body"], *place, row["id"])
        # A damaged one stays as it is, and loses the id all the same.
        body = row["body"] if opened is None else scripts.vault.seal(opened, *place, new)
        yield (
            "record_rename",
            {**scope.key, "kind": kind, "id": row["id"], "new": new, "body": body},
        )


def _finish_erasures(vault: Vault, forgetting: Forgetting, now: datetime) -> Script[None]:
    """An earlier version left whoever it erased as a reader of what was said without a name, and
    in the role of a former leader. Who has not come back since is erased once more."""
    yield "lock", {"lock": "erasures are finished"}
    every = yield from stones()
    erased = [one.id for one in every if one.kind == "person"]
    if not erased:
        return
    rows = yield "person_here", {}
    here = {(row["tenant"], row["id"]) for row in rows}
    left = yield from _readers(vault)
    rows = yield "person_every", {}
    for row in rows:
        left.setdefault((row["tenant"], row["id"]), set())
    for (tenant, person), projects in sorted(left.items()):
        if (tenant, person) not in here and any(is_of(id, tenant, person) for id in erased):
            also_in = frozenset(projects)
            yield from erase_person(vault, forgetting, tenant, person, now, also_in)


def _readers(vault: Vault) -> Script[dict[tuple[str, str], set[str]]]:
    """Workplace and person of each reader of what was said without a name, and in which projects;
    for this step at the start alone: nobody is told any of it."""
    found: dict[tuple[str, str], set[str]] = {}
    projects = yield "project_every", {}
    for project in projects:
        scope = Scope(project["tenant"], project["id"], vault)
        bodies: list[dict[str, Any]] = []
        rows = yield "published_every", scope.key
        for row in rows:
            opened = scope.open_if_whole("published", row["body"], row["id"])
            bodies.append({} if opened is None else msgspec.json.decode(opened))
        rows = yield "pool_get", scope.key
        for row in rows:
            pool = Pool.open_if_whole(scope.vault, scope.tenant, scope.project, row["sealed"])
            bodies += [entry.body for entry in pool.entries] if pool is not None else []
        for body in bodies:
            for one in (body, *body.get("more", ())):
                for person in one.get("readers", ()):
                    found.setdefault((scope.tenant, person), set()).add(scope.project)
    return found
