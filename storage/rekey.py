"""Key rotation: encrypt every sealed value with a new key, in steps, while Digi serves.

The first step writes into `meta` that the database has two keys, "<old>+<new>" by their
fingerprints, before anything is sealed with the new one. From then on both are needed: the new key
lies beside the old one, as `<key>.new`, until the last step names the new one alone. Whoever has
one of them only is refused, and so is a version of Digi that knows no such fingerprint. Stopped in
between, it is simply begun again at the first row: what the new key has sealed is left as it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from storage.sql import Conflict, Damaged, NoDatabase, Row, Script
from storage.vault import KeyProblem, Unreadable, Vault, make_key, read_key

BATCH = 200
SECRET = "house"
UNCLEARED = "uncleared"
"""The key in `meta` that stands until nothing sealed with the old key is left in the files."""
_BOTH = "+"
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

    def before_all(self) -> Row:
        return {name: -1 if name == "release" else "" for name in self.key}


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
    Sealed("bagged", ("tenant", "person", "day")),
    Sealed("post", (*_OF_PROJECT, "dialog", "dialog_id", "slot")),
    Sealed("keepsake", ("tenant", "id")),
    Sealed("installation", ("tenant",)),
    Sealed("address", ("tenant", "place")),
    Sealed("secret", ("name",)),
)


class Rekeyed(Struct, frozen=True):
    rows: int
    damaged: int = 0
    """Values that opened with neither key and were left as they are."""
    cleared: bool = True
    """Whether nothing sealed with the old key is left in the files; otherwise the next night clears
    them."""


def is_under_way(known: str | None) -> bool:
    return known is not None and _BOTH in known


def sealing(known: str) -> str:
    """The fingerprint of the new key."""
    return known.rpartition(_BOTH)[2]


def begun(old: str, new: str) -> Script[None]:
    """Store that a rotation has begun: the first step."""
    if (yield from known_key()) != old:
        raise Conflict
    yield "meta_set", {"key": "key_fingerprint", "value": f"{old}{_BOTH}{new}"}


def reseal_some(vault: Vault, one: Sealed, after: Row) -> Script[tuple[Row | None, Rekeyed]]:
    """Encrypt one batch of a table's rows again, beginning after this row. Return the last row of
    the batch (None if no more follow) and the counts."""
    count = damaged = 0
    rows = yield f"sealed_{one.table}", {**after, "limit": BATCH}
    for row in rows:
        try:
            sealed = vault.resealed(row[one.column], *one.place(row))
        except Unreadable:
            damaged += 1
            continue
        if sealed is not None:
            named = {name: row[name] for name in one.key}
            yield f"reseal_{one.table}", {**named, "sealed": sealed}
            count += 1
    last = {name: rows[-1][name] for name in one.key} if len(rows) == BATCH else None
    return last, Rekeyed(count, damaged)


def ended(new: str) -> Script[None]:
    """Store that no row is left that is sealed with the old key: the last step."""
    known = yield from known_key()
    if known is None or sealing(known) != new:
        raise Conflict
    yield "meta_set", {"key": "key_fingerprint", "value": new}
    yield "meta_set", {"key": UNCLEARED, "value": "1"}


def keep_secret(vault: Vault) -> Script[None]:
    """Store the secret that buttons and codes are made with, which no rotation may change."""
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
    """Return the fingerprint of the database's key; None if it has none yet."""
    rows = yield "meta_get", {"key": "key_fingerprint"}
    return str(rows[0]["value"]) if rows else None


def first_key(fingerprint: str) -> Script[str]:
    """Store this fingerprint in a new database, and return the one that is stored."""
    yield "meta_first", {"key": "key_fingerprint", "value": fingerprint}
    return (yield from known_key()) or ""


# --- the files ----------------------------------------------------------------------------


def fitting(key_file: Path, known: str | None) -> Vault | None:
    """Return a vault with the key that fits the database's fingerprint, or with both keys during a
    rotation; None if there is neither key nor database yet. Raises KeyProblem or NoDatabase.

    A key, also the first, is written to a `.new` file and renamed only when the database has
    stored its fingerprint. So where the final file exists, there is or was a database.
    """
    if is_under_way(known):
        return _with_both(key_file, known or "")
    if os.path.lexists(key_file):
        vault = Vault(read_key(key_file))
        if known is None:
            raise NoDatabase(str(key_file))
        if vault.fingerprint() == known:
            return vault
    elif known is None:
        return None
    with suppress(KeyProblem):
        vault = Vault(read_key(waiting(key_file)))
        if vault.fingerprint() == known:
            return vault
    read_key(key_file)
    raise KeyProblem(
        f"{key_file} is not the key that this database was made with;"
        " put the right one back, or name its place in DIGI_KEY_FILE"
    )


def _with_both(key_file: Path, known: str) -> Vault:
    with suppress(KeyProblem):
        vault, new = Vault(read_key(key_file)), read_key(waiting(key_file))
        old = vault.fingerprint()
        vault.turn_to(new)
        if f"{old}{_BOTH}{vault.fingerprint()}" == known:
            return vault
    raise KeyProblem(
        "a new key is being taken into use, and until that is done this database needs both: put"
        f" the old one at {key_file} and the new one at {waiting(key_file)}, and start Digi, which"
        " goes on with it"
    )


def finish_files(key_file: Path, known: str) -> None:
    """Finish after an interrupted rotation: the database's fingerprint says which key is in use.
    While it names both, both files stay."""
    path = waiting(key_file)
    if is_under_way(known):
        return
    try:
        new = Vault(read_key(path))
    except KeyProblem:
        drop_half(key_file)
        return
    if new.fingerprint() == known:
        take_place(key_file)
    else:
        path.unlink(missing_ok=True)


def first_waiting(key_file: Path) -> bytes:
    """Return a key for a new database, written to the `.new` file. One left there by an interrupted
    start is used: nothing has been sealed with it."""
    drop_half(key_file)
    path = waiting(key_file)
    return read_key(path) if path.exists() else make_key(path)


def waiting(key_file: Path) -> Path:
    return key_file.with_name(f"{key_file.name}.new")


def drop_half(key_file: Path) -> None:
    """Delete a key file whose writing was interrupted: nothing has been sealed with it."""
    path = waiting(key_file)
    try:
        half = len(path.read_bytes().strip()) < WRITTEN
    except OSError:
        return
    if half:
        path.unlink(missing_ok=True)


def take_place(key_file: Path) -> None:
    """Replace the old key file by the new one."""
    os.replace(waiting(key_file), key_file)
    handle = os.open(key_file.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
