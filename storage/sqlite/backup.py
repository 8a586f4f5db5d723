"""A backup: the whole database in one encrypted file, in which truncation is detected too.

    DIGI-BACKUP 1\\n  fingerprint of the key (16 letters)\\n  moment in microseconds\\n  prefix (7)
    then pieces of a megabyte, each sealed with its number and whether it is the last one

The key is derived from the vault's own: the rows inside are sealed with it anyway, so a second
key would be one more thing to lose and protect nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from storage.sql import StoreError, queries
from storage.sqlite.file import connected
from storage.transactions.anonymous_pool import Pool
from storage.transactions.scope import from_us, to_us
from storage.vault import Vault

MAGIC = b"DIGI-BACKUP 1\n"
PIECE = 1 << 20
POOLS = 500
"""Rewrite so many pools between two reads."""
SYNCED = 8
"""Sync the file after this many pieces."""
_TAG = 16
_PREFIX = 7  # and four bytes of number and one of "last": the twelve of a nonce
_NAME = re.compile(r"digi-(\d{8}T\d{6}Z)(?:-\d+)?\.backup")


class BadBackup(StoreError):
    """This is no backup that can be used: take another one."""


class OtherKey(StoreError):
    """The backup was made with another key: put that key where DIGI_KEY_FILE says, and restore
    again."""


class Head(Struct, frozen=True):
    fingerprint: str
    at: datetime
    prefix: bytes

    @property
    def raw(self) -> bytes:
        lines = f"{self.fingerprint}\n{to_us(self.at)}\n".encode()
        return MAGIC + lines + self.prefix


def name_of(at: datetime) -> str:
    return f"digi-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup"


def made_at(file: Path) -> datetime | None:
    """When a backup was made, by its name; None for any other file."""
    found = _NAME.fullmatch(file.name)
    if found is None:
        return None
    return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def all_in(folder: Path) -> list[Path]:
    """Our backups in a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if made_at(file) is not None)


def free_name(folder: Path, at: datetime) -> Path:
    """A name of this moment that no other backup has."""
    first = folder / name_of(at)
    number, path = 1, first
    while path.exists():
        number += 1
        path = first.with_name(f"{first.stem}-{number}.backup")
    return path


def prune(folder: Path, now: datetime, days: int) -> int:
    """Delete what is older than so many days; answers how many went."""
    old = [one for one in all_in(folder) if (made_at(one) or now) < now - timedelta(days=days)]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def make(vault: Vault, copy: Path, target: Path, at: datetime) -> None:
    """Make a backup of a copy of the database, which is changed: a backup does not hold who took
    part in a round."""
    forget_marks(vault, copy)
    seal_file(vault, copy, target, at)


def forget_marks(vault: Vault, file: Path) -> None:
    """Remove who took part in rounds from all pools of a copy of the database.

    Every pool is sealed anew at the same size, so that none tells whether there was anything to
    remove. One that another key sealed, or that is damaged, stays as it is.
    """
    named, last = queries(), {"tenant": "", "project": ""}
    with closing(connected(file)) as conn:
        conn.execute("BEGIN")
        while rows := conn.execute(named["sealed_pool"], {**last, "limit": POOLS}).fetchall():
            for tenant, project, sealed in rows:
                last = {"tenant": tenant, "project": project}
                pool = Pool.open_if_whole(vault, tenant, project, sealed)
                if pool is not None:
                    again = pool.unmarked().seal(vault, tenant, project)
                    conn.execute(named["reseal_pool"], {**last, "sealed": again})
        conn.execute("COMMIT")


def seal_file(vault: Vault, source: Path, target: Path, at: datetime) -> None:
    """Encrypt a file, whole or not at all: a crash leaves a `.part` file that the next backup
    overwrites."""
    head = Head(vault.fingerprint(), at, os.urandom(_PREFIX))
    part = target.with_name(f"{target.name}.part")
    file = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    aead = AESGCM(vault.backup_key())
    with os.fdopen(file, "wb") as out, source.open("rb") as plain:
        out.write(head.raw)
        for number, piece, last in _pieces(plain, PIECE):
            out.write(aead.encrypt(_nonce(head, number, last), piece, head.raw))
            # One long sync at the end would block all commits of the running Digi meanwhile.
            if last or not number % SYNCED:
                out.flush()
                os.fsync(out.fileno())
    os.replace(part, target)
    _sync_folder(target.parent)


def open_file(vault: Vault, source: Path, target: Path) -> Head:
    """Decrypt a backup into a new file; the file is removed if any piece fails authentication."""
    try:
        with source.open("rb") as sealed:
            head = _head(sealed, source)
            if head.fingerprint != vault.fingerprint():
                raise OtherKey(source.name)
            file = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(file, "wb") as out:
                _open_into(out, sealed, head, vault)
    except InvalidTag:
        target.unlink(missing_ok=True)
        raise BadBackup(f"{source.name} is damaged or cut short") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return head


def fingerprint_of(source: Path) -> str:
    """Of the key it was made with; empty where it is no whole backup."""
    try:
        return head_of(source).fingerprint
    except BadBackup:
        return ""


def head_of(source: Path) -> Head:
    with source.open("rb") as sealed:
        return _head(sealed, source)


def _open_into(out: BinaryIO, sealed: BinaryIO, head: Head, vault: Vault) -> None:
    aead = AESGCM(vault.backup_key())
    for number, piece, last in _pieces(sealed, PIECE + _TAG):
        out.write(aead.decrypt(_nonce(head, number, last), piece, head.raw))
    out.flush()
    os.fsync(out.fileno())


def _head(sealed: BinaryIO, source: Path) -> Head:
    if sealed.read(len(MAGIC)) != MAGIC:
        raise BadBackup(f"{source.name} was not made by Digi")
    fingerprint, at = sealed.readline(64).strip(), sealed.readline(64).strip()
    prefix = sealed.read(_PREFIX)
    if not at.isdigit() or len(prefix) != _PREFIX:
        raise BadBackup(f"{source.name} is damaged or cut short")
    return Head(fingerprint.decode("ascii", "replace"), from_us(int(at)), prefix)


def _pieces(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Each piece with its number and whether it is the last; an empty file is one empty piece."""
    number, piece = 0, file.read(size)
    while True:
        following = file.read(size)
        yield number, piece, not following
        if not following:
            return
        number, piece = number + 1, following


def _nonce(head: Head, number: int, last: bool) -> bytes:
    return head.prefix + number.to_bytes(4, "big") + bytes([last])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
