"""Backups that are opened again: restoring one, and rewriting one without what was deleted."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.server import new_key
from dialogs import forgetting
from storage import plain_ids, rekey, tombstones
from storage.sql import StoreError, Unavailable
from storage.sqlite import backup
from storage.sqlite.driver import Sqlite
from storage.sqlite.file import FileLock, examine
from storage.tombstones import Tombstone
from storage.transactions import erasing
from storage.transactions.scope import to_us
from storage.transactions.store import Scripts
from storage.vault import Vault

WORK = ".work-"


async def cleansed(
    vault: Vault, scripts: Scripts, file: Path, stones: list[Tombstone], home: Path
) -> None:
    """Rewrite a backup without what was deleted since. Atomic: on an error the backup stays
    unchanged."""
    with beside(home) as folder:
        copy = folder / "copy.db"
        head = await asyncio.to_thread(backup.open_file, vault, file, copy)
        store = await Sqlite.open(copy)
        try:
            await plain_ids.make_anew(store, scripts, forgetting, head.at)
            await store.tx_sealed(erasing.heeded, vault, forgetting, stones, to_us(head.at))
            await store.vacuum()
        finally:
            await store.close()
        await asyncio.to_thread(backup.make, vault, copy, file, head.at)


async def restore(
    vault: Vault, file: Path, database: Path, home: Path, backups: Path, *, over: bool
) -> int:
    """Replace the database by a backup, and delete again what was deleted since. Returns the number
    of those deletions. Rounds that were open take nothing more.

    With `over`, an existing database is backed up first.
    """
    await asyncio.to_thread(home.mkdir, 0o700, parents=True, exist_ok=True)
    lock = await asyncio.to_thread(FileLock, database)
    try:
        with beside(home) as folder:
            copy = folder / "copy.db"
            head = await asyncio.to_thread(backup.open_file, vault, file, copy)
            # An earlier version's backups hold who had taken part.
            await asyncio.to_thread(backup.forget_marks, vault, copy)
            store = await Sqlite.open(copy)
            try:
                scripts = Scripts(vault)
                await store.tx(rekey.keep_secret, vault)
                await plain_ids.make_anew(store, scripts, forgetting, head.at)
                stones = sorted(
                    {
                        *(
                            one
                            for there in (home, backups, file.parent)
                            for one in tombstones.read_file(there)
                        ),
                        *(await store.read(tombstones.stones)),
                    }
                )
                since = to_us(head.at)
                heeded: int = await store.tx_sealed(
                    erasing.heeded, vault, forgetting, stones, since
                )
                await store.tx(tombstones.kept, stones)
                await store.vacuum()
            finally:
                await store.close()
            await asyncio.to_thread(_refuse_between_keys, database)
            await asyncio.to_thread(_set_aside, vault, database, home, backups, over=over)
            os.replace(copy, database)
    finally:
        lock.release()
    return heeded


def _refuse_between_keys(database: Path) -> None:
    """Raise HalfRotated during a key rotation: the replaced database would need both keys, and the
    next start keeps one."""
    known = None
    with suppress(StoreError):  # it may be damaged, which can be the reason for the restore
        known = examine(database)
    if rekey.is_under_way(known):
        raise new_key.HalfRotated("nothing was restored")


def _set_aside(vault: Vault, database: Path, home: Path, backups: Path, *, over: bool) -> None:
    if database.exists() and database.stat().st_size:
        if not over:
            raise Unavailable(
                f"{database} is not empty: restore with --over, which backs it up first"
            )
        with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as conn:
            # If the database is damaged, it is kept as it is.
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = datetime.now(UTC)
        _keep(vault, database, home, backup.free_name(backups, now), now)
    # SQLite must never apply the old file's write-ahead log to the new file.
    for part in ("-wal", "-shm"):
        Path(f"{database}{part}").unlink(missing_ok=True)


def _keep(vault: Vault, database: Path, home: Path, target: Path, at: datetime) -> None:
    """Make a backup of a database without changing it. A damaged one is kept as it is."""
    with beside(home) as folder:
        copy = folder / "copy.db"
        shutil.copyfile(database, copy)
        try:
            backup.make(vault, copy, target, at)
        except sqlite3.Error:
            backup.seal_file(vault, database, target, at)


@contextmanager
def beside(home: Path) -> Iterator[Path]:
    """Create a temporary folder on the same disk, readable by this user only."""
    with tempfile.TemporaryDirectory(dir=home, prefix=WORK) as folder:
        yield Path(folder)
