"""Rotates the key while Digi serves: re-encrypts everything in steps, between which others
write."""

from __future__ import annotations

import asyncio
from pathlib import Path

from storage import rekey
from storage.database import Database
from storage.rekey import Rekeyed
from storage.sql import Row, StoreError, Unsure
from storage.vault import Vault, make_key, read_key


class KeyInDoubt(StoreError):
    """It is unknown whether the database has switched to the new key: restart Digi, which finds out
    and continues. Leave both key files where they are."""


class HalfRotated(StoreError):
    """The key rotation is not finished, and both key files are needed until it is: run `python
    app.py rotate-key` again. The next start and the next nightly run continue it too."""


async def is_half_done(database: Database, vault: Vault) -> bool:
    return vault.has_two_keys or rekey.is_under_way(await database.read(rekey.known_key))


async def begin(database: Database, vault: Vault, key_file: Path) -> None:
    """Start a rotation: record in the database that there are two keys, before anything is
    encrypted with the new one.

    If it is unknown whether that was committed, continue to encrypt with the old key.
    """
    rekey.finish_files(key_file, vault.fingerprint())
    key = await asyncio.to_thread(_new_key, key_file)

    def settled(stands: bool) -> None:
        if stands:
            vault.turn_to(key)

    try:
        await database.tx_settled(
            rekey.begun, vault.fingerprint(), Vault(key).fingerprint(), settled=settled
        )
    except Unsure as error:
        raise KeyInDoubt from error
    except Exception:
        if not vault.has_two_keys:  # otherwise it was committed before the error
            rekey.waiting(key_file).unlink(missing_ok=True)
        raise


async def go_on(database: Database, vault: Vault, key_file: Path) -> Rekeyed:
    """Continue a rotation to its end, and delete the old key."""
    if not vault.has_two_keys:
        known = await database.read(rekey.known_key)
        await asyncio.to_thread(rekey.fitting, key_file, known)  # raises if the files do not match
        vault.turn_to(await asyncio.to_thread(read_key, rekey.waiting(key_file)))
    try:
        done = await _seal_all(database, vault)
        await database.tx(rekey.ended, vault.fingerprint())
    except StoreError as error:
        raise HalfRotated(str(error)) from error
    await asyncio.to_thread(rekey.take_place, key_file)
    vault.settle()
    return done


async def _seal_all(database: Database, vault: Vault) -> Rekeyed:
    """Repeat until a pass finds nothing encrypted with the old key.

    One pass is not enough: a transaction that encrypted before the switch may commit behind the
    pass.
    """
    rows = 0
    while True:
        found = [await _seal_table(database, vault, table) for table in rekey.TABLES]
        rows += (changed := sum(one.rows for one in found))
        if not changed:
            return Rekeyed(rows, sum(one.damaged for one in found))


async def _seal_table(database: Database, vault: Vault, table: rekey.Sealed) -> Rekeyed:
    rows = damaged = 0
    after: Row | None = table.before_all()
    while after is not None:
        after, some = await database.tx(rekey.reseal_some, vault, table, after)
        rows, damaged = rows + some.rows, damaged + some.damaged
    return Rekeyed(rows, damaged)


def _new_key(key_file: Path) -> bytes:
    path = rekey.waiting(key_file)
    path.unlink(missing_ok=True)
    return make_key(path)
