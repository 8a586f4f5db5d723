"""Erases a person while Digi serves: one transaction per project, so that writers wait only
briefly.

What a crash leaves half done is finished at the next start or in the nightly run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime

from dialogs import forgetting
from storage import tombstones
from storage.database import Database
from storage.sql import Script
from storage.tombstones import Tombstone, is_of
from storage.transactions import erasing, erasure_progress
from storage.vault import Vault


async def erase_in_steps(
    database: Database,
    vault: Vault,
    tenant: str,
    person: str,
    stone: Tombstone,
    now: datetime,
    *,
    still: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
) -> None:
    """Do everything after the first step of an erasure. Idempotent: after a crash it does what is
    left.

    The courier is paused (`still`) while a project is erased, and sends messages between two of
    them.
    """
    for project in await database.read(erasing.projects_of, tenant):
        async with still():
            await database.tx(
                erasing.project_step, vault, forgetting, tenant, project, person, now, stone.id
            )
        await asyncio.sleep(0)  # lets the courier continue before the next project
    for table in erasing.OF_THE_MOMENT:
        after = erasing.first_of(table, tenant)
        while after is not None:
            after = await database.tx(
                erasing.erase_of_the_moment, vault, table, tenant, person, after
            )
    async with still():
        await database.tx(erasing.last_step, tenant, person, stone.id)


async def finish(database: Database, vault: Vault, now: datetime) -> None:
    """Finish erasures that were interrupted by a crash or a database error."""
    for stone, found in await database.read(_half_done):
        for tenant, person in found:
            await erase_in_steps(database, vault, tenant, person, stone, now)
        if not found:
            await database.tx(erasure_progress.finished, stone.id)


def _half_done() -> Script[list[tuple[Tombstone, list[tuple[str, str]]]]]:
    """Return each unfinished erasure's tombstone with the (workplace, person) that it stands
    for."""
    under_way = {one.stone for one in (yield from erasure_progress.all_erasures()) if one.under_way}
    if not under_way:
        return []
    people = yield "person_every", {}
    return [
        (
            one,
            [
                (row["tenant"], row["id"])
                for row in people
                if is_of(one.id, row["tenant"], row["id"])
            ],
        )
        for one in (yield from tombstones.stones())
        if one.id in under_way
    ]
