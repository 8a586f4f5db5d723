"""Replaces ids that earlier versions built from a person's id in plain text.

A MAC and a seal need the key, so a migration in SQL cannot do it: it is done at a start, and to a
backup before it is cleansed or restored. Whoever comes back to such an id finds its row by the
person and what it belongs to, never by the id.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from storage.sql import Row, Script
from storage.transactions.erasing import Forgetting, finish_erasures
from storage.transactions.facts import Scope
from storage.transactions.store import Database, Scripts, once_key

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
    await database.tx(finish_erasures, scripts, forgetting, now)
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
    yield from scripts.alone(tenant, project)
    scope = Scope(tenant, project, scripts.vault)
    rows = yield "record_named", scope.key
    for row in rows:
        kind, new = row["kind"], secrets.token_hex(16)
        place = ("record", tenant, project, kind)
        opened = scripts.vault.open_if_whole(row["body"], *place, row["id"])
        # A damaged one stays as it is, and loses the id all the same.
        body = row["body"] if opened is None else scripts.vault.seal(opened, *place, new)
        yield "record_rename", {
            **scope.key, "kind": kind, "id": row["id"], "new": new, "body": body,
        }  # fmt: skip
