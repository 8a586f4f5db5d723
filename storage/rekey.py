"""Key rotation: encrypt every sealed value with a new key, in one transaction.

Whole or not at all: a stop in between undoes it. The new key lies beside the old one, as
`<key>.new`, until the transaction stands; a start after a stop sees by the database's own
fingerprint which of the two it was.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from storage.sql import Damaged, NoDatabase, Row, Script
from storage.vault import KeyProblem, Vault, make_key, read_key

BATCH = 200
SECRET = "house"
UNCLEARED = "uncleared"
"""In `meta`, until the files hold nothing more of what the old key sealed."""
WRITTEN = 44  # how long a whole key is as it stands in its file


class Sealed(Struct, frozen=True):
    """A table with an encrypted column: its key columns, and the columns its encryption is bound
    to."""

    table: str
    key: tuple[str, ...]
    column: str = "body"
    bound: tuple[str, ...] = ()  # where that is more than the key

    def place(self, row: Row) -> tuple[str, ...]:
        return (self.table, *(str(row[name]) for name in self.bound or self.key))


_OF_PROJECT = ("tenant", "project")
# The test of the inventory holds this list against every sealed column there is.
TABLES = (
    Sealed("inbox", ("tenant", "key"), "reply"),
    Sealed("state", (*_OF_PROJECT, "dialog", "id")),
    Sealed("record", (*_OF_PROJECT, "kind", "id")),
    Sealed("role", (*_OF_PROJECT, "person", "role")),
    Sealed("person", ("tenant", "id")),
    Sealed("pool", _OF_PROJECT, "sealed"),
    Sealed("published", (*_OF_PROJECT, "id")),
    Sealed("snapshot", (*_OF_PROJECT, "audience", "release")),
    Sealed("letter", ("id",), bound=(*_OF_PROJECT, "id")),
    Sealed("room", ("id",)),
    Sealed("installation", ("tenant",)),
    Sealed("address", ("tenant", "place")),
    Sealed("secret", ("name",)),
)


class Rekeyed(Struct, frozen=True):
    rows: int
    damaged: int = 0
    """Values that opened with neither key and were left as they are."""
    cleared: bool = True
    """What the old key sealed is out of the files; otherwise the coming night clears them."""


def rekeyed(vault: Vault, key: bytes) -> Script[Rekeyed]:
    """Seal every row anew. The vault turns to the key with the first of them."""
    vault.turn_to(key)
    count = damaged = 0
    for one in TABLES:
        after: dict[str, object] = dict.fromkeys(one.key, "")
        if "release" in after:
            after["release"] = -1
        while True:
            rows = yield f"sealed_{one.table}", {**after, "limit": BATCH}
            for row in rows:
                place = one.place(row)
                opened = vault.open_if_whole(row[one.column], *place)
                if opened is None:
                    damaged += 1
                    continue
                named = {name: row[name] for name in one.key}
                yield f"reseal_{one.table}", {**named, "sealed": vault.seal(opened, *place)}
                count += 1
            if len(rows) < BATCH:
                break
            after = {name: rows[-1][name] for name in one.key}
    yield "meta_set", {"key": "key_fingerprint", "value": vault.fingerprint()}
    yield "meta_set", {"key": UNCLEARED, "value": "1"}
    return Rekeyed(count, damaged)


def keep_secret(vault: Vault) -> Script[None]:
    """What no new key may change is drawn by the first one, and kept from then on."""
    rows = yield "secret_get", {"name": SECRET}
    if rows:
        secret = vault.open_if_whole(rows[0]["body"], "secret", SECRET)
        if secret is None:
            raise Damaged("the secret that buttons and codes are made with does not open")
        vault.remember(secret)
        return
    sealed = vault.seal(vault.secret, "secret", SECRET)
    yield "secret_put", {"name": SECRET, "body": sealed}


def known_key() -> Script[str | None]:
    """The fingerprint of the key that the database was made with; None where it has none yet."""
    rows = yield "meta_get", {"key": "key_fingerprint"}
    return str(rows[0]["value"]) if rows else None


def first_key(fingerprint: str) -> Script[str]:
    """Of a new database it is this one from now on; answers which one it is."""
    yield "meta_first", {"key": "key_fingerprint", "value": fingerprint}
    return (yield from known_key()) or ""


# --- the files ----------------------------------------------------------------------------


def fitting(key_file: Path, fingerprint: str | None) -> bytes | None:
    """The key of a database that was made with one of this fingerprint; None where neither has been
    made yet. Raises KeyProblem or NoDatabase.

    A first key waits beside its place until the database bears its fingerprint, as every later
    one does. So a key in its place has, or had, a database.
    """
    if os.path.lexists(key_file):
        key = read_key(key_file)
        if fingerprint is None:
            raise NoDatabase(str(key_file))
        if Vault(key).fingerprint() == fingerprint:
            return key
    elif fingerprint is None:
        return None
    with suppress(KeyProblem):
        key = read_key(waiting(key_file))
        if Vault(key).fingerprint() == fingerprint:
            return key
    read_key(key_file)
    raise KeyProblem(
        f"{key_file} is not the key that this database was made with;"
        " put the right one back, or name its place in DIGI_KEY_FILE"
    )


def first_waiting(key_file: Path) -> bytes:
    """A key for a new database, beside its place. One that was left there by a stop does as well:
    nothing has been sealed with it."""
    drop_half(key_file)
    path = waiting(key_file)
    return read_key(path) if path.exists() else make_key(path)


def waiting(key_file: Path) -> Path:
    return key_file.with_name(f"{key_file.name}.new")


def drop_half(key_file: Path) -> None:
    """A stop while the new key was being written: nothing has been sealed with half a key."""
    path = waiting(key_file)
    try:
        half = len(path.read_bytes().strip()) < WRITTEN
    except OSError:
        return
    if half:
        path.unlink(missing_ok=True)


def take_place(key_file: Path) -> None:
    """The new key is the key; the old one is gone with this."""
    os.replace(waiting(key_file), key_file)
    handle = os.open(key_file.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
