"""The pool: everything of a project that was said without a name and is not released yet.

One encrypted row for each project, always rewritten whole and padded to a power of two: a single
entry has no row, index, version or time of its own. Entries are sorted by random ids.

A row that grows takes new pages of the database file. Their position between the pages of named
rows would tell when it grew. So space is reserved by the calendar, each night and at each release,
and entries in between fit into it.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from dialogs.model.effects import PoolEntry
from dialogs.model.facts import Authored, Waiting
from storage.vault import Unreadable, Vault

ROOM = 12 * 1024  # what is kept free for a day: four texts of the longest, or thirty short ones
SMALLEST = 4096
ROUND = "round"
_chance: random.Random = random.SystemRandom()


class Entry(msgspec.Struct, frozen=True):
    id: str
    kind: str
    ref: str
    receipt: bytes  # SHA-256 of the code
    form: bytes  # SHA-256 of the form id: a retry is known by it
    body: dict[str, Any]
    author: bytes = b""
    mark: str = ""


_entries = msgspec.json.Decoder(tuple[Entry, ...])


def form_hash(form: str) -> bytes:
    return hashlib.sha256(b"form|" + form.encode()).digest()


class Pool:
    def __init__(self, entries: tuple[Entry, ...] = (), size: int = SMALLEST) -> None:
        self.entries = entries
        self._size = size

    @classmethod
    def open(cls, vault: Vault, tenant: str, project: str, sealed: bytes) -> Pool:
        padded = vault.open(sealed, "pool", tenant, project)
        size = int.from_bytes(padded[:4], "big")
        return cls(_entries.decode(padded[4 : 4 + size]), len(padded))

    @classmethod
    def open_if_whole(cls, vault: Vault, tenant: str, project: str, sealed: bytes) -> Pool | None:
        """None where the row is damaged."""
        try:
            return cls.open(vault, tenant, project, sealed)
        except Unreadable:
            return None

    def seal(self, vault: Vault, tenant: str, project: str) -> bytes:
        """Encrypt at the previous size, or at the next power of two where the entries no longer
        fit."""
        body = self._body()
        padded = len(body).to_bytes(4, "big") + body
        size = _power_of_two(len(padded), self._size)
        return vault.seal(padded.ljust(size, b"\0"), "pool", tenant, project)

    def _body(self) -> bytes:
        return msgspec.json.encode(sorted(self.entries, key=lambda e: e.id))

    def with_room(self) -> Pool:
        """With space for a day's entries (`ROOM`), until the calendar writes the row again."""
        return Pool(self.entries, _power_of_two(len(self._body()) + 4 + ROOM, SMALLEST))

    def _with(self, *entries: Entry) -> Pool:
        return Pool(entries, self._size)

    def add(self, entry: PoolEntry, receipt: bytes, form: str, mark: str) -> Pool:
        """With this entry in it. The same form again changes nothing; an author's later words join
        an entry that still waits; a withdrawal takes it out as if it had never been."""
        known = form_hash(form)
        if any(e.form == known for e in self.entries):
            return self
        original = next(
            (e for e in self.entries if entry.author and e.receipt == entry.author), None
        )
        rest = tuple(e for e in self.entries if e is not original)
        if original is not None and entry.withdraw:
            return self._with(*rest)
        if original is not None:
            more = [*original.body.get("more", ()), {**entry.body, "form": known.hex()}]
            if any(m.get("form") == known.hex() for m in original.body.get("more", ())):
                return self
            body = {**original.body, "more": more}
            return self._with(*rest, msgspec.structs.replace(original, body=body))
        pool, vote = self._marked(entry, mark) if entry.one_each and mark else (self, "")
        others = tuple(
            e
            for e in pool.entries
            if not (vote and e.mark == vote and (e.kind, e.ref) == (entry.kind, entry.ref))
        )
        new = Entry(
            _random_id(), entry.kind, entry.ref, receipt, known, entry.body, entry.author, vote
        )
        return self._with(*others, new)

    def _marked(self, entry: PoolEntry, mark: str) -> tuple[Pool, str]:
        """Allow one vote per person: keep an HMAC of the person under a secret of this round.

        The round's first vote draws the secret; it is deleted when the round's votes leave the
        pool. From then on nobody can tell whose a vote was, not even with the key and a backup of
        a later day."""
        name = f"{entry.kind}:{entry.ref}"
        round = next((e for e in self.entries if e.kind == ROUND and e.ref == name), None)
        if round is None:
            secret = _chance.getrandbits(256).to_bytes(32, "big").hex()
            round = Entry(_random_id(), ROUND, name, b"", b"", {}, b"", secret)
            return self._with(*self.entries, round), _nullifier(secret, mark)
        return self, _nullifier(round.mark, mark)

    def without(self, ids: frozenset[str]) -> Pool:
        left = tuple(e for e in self.entries if e.id not in ids)
        rounds = {f"{e.kind}:{e.ref}" for e in left if e.mark and e.kind != ROUND}
        return self._with(*(e for e in left if e.kind != ROUND or e.ref in rounds))

    def changed(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Pool:
        """The same entries in as much room, with what each says changed."""
        return self._with(*(msgspec.structs.replace(e, body=change(e.body)) for e in self.entries))

    def drawn(self, kinds: tuple[str, ...], ref: str) -> tuple[Waiting, ...]:
        """Entries of these kinds in an order of chance, each with the random id it will bear."""
        chosen = [e for e in self.entries if e.kind in kinds and (not ref or e.ref == ref)]
        _chance.shuffle(chosen)
        return tuple(
            Waiting(e.id, _random_id(), e.kind, e.ref, e.body, e.receipt, e.author) for e in chosen
        )

    def authored(self, project: str, receipt: bytes) -> Authored | None:
        for e in self.entries:
            if e.receipt == receipt:
                return Authored(project, True, e.kind, e.ref, e.id, e.body, receipt=receipt)
        return None

    def spoken_for(self, receipt: bytes) -> tuple[tuple[str, dict[str, Any]], ...]:
        """What an author added to what has been released, and what has not been sent yet."""
        return tuple((e.kind, e.body) for e in self.entries if e.author == receipt)


def _power_of_two(least: int, smallest: int) -> int:
    size = smallest
    while size < least:
        size *= 2
    return size


def _nullifier(secret: str, mark: str) -> str:
    return hmac.digest(bytes.fromhex(secret), mark.encode(), "sha256").hex()


def _random_id() -> str:
    return uuid.UUID(int=_chance.getrandbits(128), version=4).hex


def set_chance(chance: random.Random) -> None:
    """For the proofs that compare two stores byte by byte."""
    global _chance  # noqa: PLW0603
    _chance = chance
