"""Killed while a whole workplace takes part in a round: each person counts once, nobody is lost."""

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

import pytest

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
MARKS = "run.marks.0"


def dots(n: int) -> tuple[Pooled, ...]:
    return PoolEntry("dots", ROUND, {"of": n}), Mark(ROUND, once=True)


def answers(n: int) -> tuple[Pooled, ...]:
    return PoolEntry("ballot", ROUND, {"of": n}), Mark(ROUND, once=True)


def notes(n: int) -> tuple[Pooled, ...]:
    """Two notes of one form, and the marks of this round and of the short ones with it."""
    both = (PoolEntry("note", ROUND, {"of": n, "text": text}) for text in ("en", "to"))
    return *both, Mark(ROUND), Mark(MARKS)


SENDINGS = {"dots": dots, "answers": answers, "notes": notes}


async def opened(path: Path, either: str) -> Database:
    return await (Postgres.open(either) if either else Sqlite.open(path))


async def everybody_sends(store: Database, kind: str, said: Any) -> None:
    """Each sends the same form as before the kill, all at once, and hears what became of it."""

    async def sends(n: int) -> None:
        sent = SENDINGS[kind](n)
        taken = await store.tx_sealed(
            Pools(VAULT).put, TENANT, PROJECT, sent, f"form {n}", b"", f"mac of {n}"
        )
        said(f"{n} {taken}")

    await asyncio.gather(*(sends(n) for n in range(PEOPLE)))


async def main(path: str, either: str, kind: str) -> None:
    store = await opened(Path(path), either)
    await everybody_sends(store, kind, lambda line: print(line, flush=True))


def killed(path: Path, either: str, kind: str, after: int) -> dict[int, str]:
    """Return what was confirmed before the kill."""
    child: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.test_round_kill", str(path), either, kind],
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


@pytest.mark.parametrize("kind", SENDINGS)
async def test_everybody_counts_once_however_often_it_is_killed(
    tmp_path: Path, either: str, kind: str
) -> None:
    """Whoever was answered is in the pool, and whoever was not sends again. A second form of theirs
    is refused where one is allowed, also after the kill; one who writes again counts once."""
    path = tmp_path / "digi.db"
    scope = Scope(TENANT, PROJECT, VAULT)

    def begins() -> Script[None]:
        yield from open_pool(scope)
        yield from rewrite_pool(
            scope, MONDAY, lambda pool: pool.opened(ROUND, ROOM).opened(MARKS, ROOM)
        )

    store = await opened(path, either)
    await store.tx(begins)
    await store.close()
    confirmed: dict[int, str] = {}
    for after in AFTER:
        told = await asyncio.to_thread(killed, path, either, kind, after)
        assert len(told) >= after
        assert {told[one] for one in told.keys() & confirmed.keys()} <= {"again"}
        confirmed |= told
    store = await opened(path, either)
    last: list[str] = []
    await everybody_sends(store, kind, last.append)
    assert {f"{one} again" for one in confirmed} <= set(last)
    put = Pools(VAULT).put
    other = SENDINGS[kind](1)
    taken = await store.tx_sealed(put, TENANT, PROJECT, other, "another", b"", "mac of 1")
    assert taken == ("kept" if kind == "notes" else "already")

    def drawn() -> Script[Pool]:
        rows = yield "pool_get", scope.key
        return Pool.open(VAULT, TENANT, PROJECT, rows[0]["sealed"])

    pool: Pool = await store.read(drawn)
    await store.close()
    said = Counter(e.body["of"] for e in pool.entries if "of" in e.body)
    expected = dict.fromkeys(range(PEOPLE), 2 if kind == "notes" else 1)
    assert said == (expected | {1: 4} if kind == "notes" else expected)
    marks = Counter(e.ref for e in pool.entries if e.kind == "mark")
    assert marks == dict.fromkeys((ROUND, MARKS) if kind == "notes" else (ROUND,), PEOPLE)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
