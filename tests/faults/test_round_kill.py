"""Killed while a whole workplace sets its dots: each person counts once, and nobody is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from dialogs.model.effects import Mark, Pooled, PoolEntry
from storage.database import Database
from storage.postgres.driver import Postgres
from storage.sql import Script
from storage.sqlite.driver import Sqlite
from storage.transactions.anonymous_pool import Pool
from storage.transactions.pools import Pools, open_pool, rewrite_pool
from storage.transactions.scope import Scope
from storage.vault import Vault
from tests.worlds.house import MONDAY, PROJECT, TENANT

ROUND = "run.1"
PEOPLE = 60
ROOM = PEOPLE * 500
VAULT = Vault(bytes(32))
AFTER = (1, 7, 25)
"""Kill it when so many have been confirmed."""


async def opened(path: Path, either: str) -> Database:
    return await (Postgres.open(either) if either else Sqlite.open(path))


async def everybody_sends(store: Database, said: Any) -> None:
    """Each sends the same form as before the kill, all at once, and hears what became of it."""

    async def sends(n: int) -> None:
        sent: tuple[Pooled, ...] = (
            PoolEntry("dots", ROUND, {"chosen": [n]}),
            Mark(ROUND, once=True),
        )
        taken = await store.tx_sealed(
            Pools(VAULT).put, TENANT, PROJECT, sent, f"form {n}", b"", f"mac of {n}"
        )
        said(f"{n} {taken}")

    await asyncio.gather(*(sends(n) for n in range(PEOPLE)))


async def main(path: str, either: str) -> None:
    store = await opened(Path(path), either)
    await everybody_sends(store, lambda line: print(line, flush=True))


def killed(path: Path, either: str, after: int) -> dict[int, str]:
    """Return what was confirmed before the kill."""
    child: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.test_round_kill", str(path), either],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with closing(child.stdout):
        lines = [child.stdout.readline() for _ in range(after)]
        os.kill(child.pid, signal.SIGKILL)
        lines += child.stdout.readlines()
        child.wait()
    told = (line.split() for line in lines if line.endswith("\n"))
    return {int(person): taken for person, taken in told}


async def test_everybody_counts_once_however_often_it_is_killed(
    tmp_path: Path, either: str
) -> None:
    """Whoever was answered is in the pool, and whoever was not sends again. A second form of theirs
    is refused, also after the kill."""
    path = tmp_path / "digi.db"
    scope = Scope(TENANT, PROJECT, VAULT)

    def begins() -> Script[None]:
        yield from open_pool(scope)
        yield from rewrite_pool(scope, MONDAY, lambda pool: pool.opened(ROUND, ROOM))

    store = await opened(path, either)
    await store.tx(begins)
    await store.close()
    confirmed: dict[int, str] = {}
    for after in AFTER:
        told = await asyncio.to_thread(killed, path, either, after)
        assert len(told) >= after
        assert {told[one] for one in told.keys() & confirmed.keys()} <= {"again"}
        confirmed |= told
    store = await opened(path, either)
    last: list[str] = []
    await everybody_sends(store, last.append)
    assert {f"{one} again" for one in confirmed} <= set(last)
    other = (PoolEntry("dots", ROUND, {"chosen": []}), Mark(ROUND, once=True))
    put = Pools(VAULT).put
    taken = await store.tx_sealed(put, TENANT, PROJECT, other, "another", b"", "mac of 1")
    assert taken == "already"

    def drawn() -> Script[Pool]:
        rows = yield "pool_get", scope.key
        return Pool.open(VAULT, TENANT, PROJECT, rows[0]["sealed"])

    pool: Pool = await store.read(drawn)
    await store.close()
    assert Counter(e.kind for e in pool.entries) == {"open": 1, "dots": PEOPLE, "mark": PEOPLE}
    assert sorted(e.body["chosen"][0] for e in pool.entries if e.kind == "dots") == [*range(PEOPLE)]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
