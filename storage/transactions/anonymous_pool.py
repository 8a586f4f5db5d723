"""The pool: everything of a project that was said without a name and is not released yet.

One encrypted row for each project, always rewritten whole and padded to a power of two: a single
entry has no row, index, version or time of its own. Entries are sorted by random ids.

A row that grows takes new pages of the database file. Their position between the pages of named
rows would tell when it grew. So space is reserved by the calendar, each night and at each release,
and entries in between fit into it. A round that opens reserves space of its own until it is closed.

Who took part in a round is kept in entries of their own, the marks: an HMAC of the person under
the round's secret, which is drawn when the round opens and forgotten when it closes. A mark and
what was said in the same sending have no field in common. A card that was dealt has a mark like a
person; its mark says that it is a card's, because cards and people are counted apart. What was said
with it does not.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import msgspec

from dialogs.model.effects import Mark, Pooled, PoolEntry, Undo
from dialogs.model.facts import Authored, Waiting
from storage.vault import Unreadable, Vault

ROOM = 12 * 1024  # what is kept free for a day: four texts of the longest, or thirty short ones
SMALLEST = 4096
ROUND = "round"
"""Holds the secret of a round of votes, which keep their own HMAC."""
OPEN = "open"
"""Holds the secret and the room of a round whose marks are entries of their own."""
MARK = "mark"
BY_CARD = "card"
"""Stands in the body of a mark that is a card's."""
Taken = Literal["kept", "again", "already", "closed"]
"""What became of a sending: kept; known, because its form was sent before; or refused, because the
person took part before, or because the round is not open."""
_chance: random.Random = random.SystemRandom()


class Entry(msgspec.Struct, frozen=True):
    id: str
    kind: str
    ref: str
    receipt: bytes  # SHA-256 of the code
    form: bytes  # SHA-256 of the form id and the entry's number: a retry is known by it
    body: dict[str, Any]
    author: bytes = b""
    mark: str = ""


_entries = msgspec.json.Decoder(tuple[Entry, ...])


def form_hash(form: str) -> bytes:
    return hashlib.sha256(b"form|" + form.encode()).digest()


def numbered(form: str, number: int) -> str:
    """Stands for one entry of a form. Without the form id, which is kept nowhere, nobody can tell
    which entries were sent together."""
    return f"{form}.{number}" if number else form


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
        used = len(self._body()) + 4
        return Pool(self.entries, _power_of_two(used + ROOM + self._reserved(), SMALLEST))

    def _reserved(self) -> int:
        """What open rounds have reserved and not used yet."""
        return sum(
            max(0, int(round.body["room"]) - _size(e for e in self._of(round.ref) if e != round))
            for round in self.entries
            if round.kind == OPEN
        )

    def _of(self, ref: str) -> Iterator[Entry]:
        return (e for e in self.entries if e.ref == ref)

    def _with(self, *entries: Entry) -> Pool:
        return Pool(entries, self._size)

    def opened(self, ref: str, room: int) -> Pool:
        """With a round that people can write in. One that is open keeps its secret, and never gets
        less room.

        Marks from a backup no longer count: nobody can tell whose they are, and whoever writes
        again would count twice."""
        round = self._round(ref)
        if round is not None:
            if room <= round.body["room"]:
                return self
            larger = msgspec.structs.replace(round, body={"room": room})
            return self._with(*(larger if e is round else e for e in self.entries))
        secret = _chance.getrandbits(256).to_bytes(32, "big").hex()
        left = (e for e in self.entries if e.ref != ref or e.kind != MARK)
        return self._with(*left, _bare(OPEN, ref, secret, {"room": room}))

    def closed(self, ref: str) -> Pool:
        """Without the round's secret, marks and room. What was written in it stays, but loses the
        hash of its form, which the chat knows from the button that undoes it."""
        left = (e for e in self.entries if e.ref != ref or e.kind not in (OPEN, MARK))
        return self._with(
            *(msgspec.structs.replace(e, form=b"") if e.ref == ref else e for e in left)
        )

    def unmarked(self) -> Pool:
        """As a backup may hold it: without the secrets of rounds, and without marks but for their
        number, which the close of the round needs. Such a round takes nothing more."""
        entries = (e for e in self.entries if e.kind not in (ROUND, OPEN))
        return self._with(
            *(
                _bare(MARK, e.ref, "", e.body)
                if e.kind == MARK
                else msgspec.structs.replace(e, mark="")
                for e in entries
            )
        )

    def take(
        self,
        pooled: tuple[Pooled, ...],
        receipt: bytes,
        form: str,
        person: str,
        *,
        by_card: bool = False,
    ) -> tuple[Pool, Taken]:
        """With all that one sending puts in, or as it was. `person` is a MAC of a person, or of a
        card that was dealt to one."""
        marks = [one for one in pooled if isinstance(one, Mark)]
        entries = [one for one in pooled if isinstance(one, PoolEntry)]
        if marks and self._knows(form):
            return self, "again"
        if any(not self._takes(one, person) for one in pooled):
            return self, "closed"
        if any(mark.once and self._mark_of(mark.ref, person) for mark in marks):
            return self, "already"
        pool = self
        for number, entry in enumerate(entries):
            # A receipt would be a common field of all that one person wrote at once.
            code = b"" if marks or number else receipt
            pool = pool.add(entry, code, numbered(form, number), person)
        for mark in marks:
            if pool._mark_of(mark.ref, person) is None:
                about = {BY_CARD: True} if by_card else {}
                new = _bare(MARK, mark.ref, pool._hash(mark.ref, person), about)
                pool = pool._with(*pool.entries, new)
        pool = pool._undone([one for one in pooled if isinstance(one, Undo)], person)
        return pool, "again" if pool is self else "kept"

    def _knows(self, form: str) -> bool:
        known = form_hash(form)
        return any(e.form == known for e in self.entries)

    def _takes(self, one: Pooled, person: str) -> bool:
        if isinstance(one, PoolEntry):
            return not (one.one_each and self._lost(one))
        return bool(person) and self._round(one.ref) is not None

    def _lost(self, vote: PoolEntry) -> bool:
        """Whether there are votes of a round whose secret is gone, so that nobody can tell who has
        voted: it came from a backup."""
        name = f"{vote.kind}:{vote.ref}"
        return any(e.kind == vote.kind for e in self._of(vote.ref)) and not any(
            e.kind == ROUND for e in self._of(name)
        )

    def _round(self, ref: str) -> Entry | None:
        return next((e for e in self._of(ref) if e.kind == OPEN), None)

    def _hash(self, ref: str, person: str) -> str:
        round = self._round(ref)
        return "" if round is None else _nullifier(round.mark, person)

    def _mark_of(self, ref: str, person: str) -> Entry | None:
        own = self._hash(ref, person)
        return next((e for e in self._of(ref) if e.kind == MARK and e.mark == own), None)

    def _undone(self, undos: list[Undo], person: str) -> Pool:
        """Without what was sent with these forms, and without this person's marks; as it was where
        no form is known (any more)."""
        numbers = range(len(self.entries))
        forms = {form_hash(numbered(undo.form, number)) for undo in undos for number in numbers}
        gone = {e.id for e in self.entries if e.form in forms}
        if not gone:
            return self
        marks = (self._mark_of(undo.ref, person) for undo in undos)
        gone |= {mark.id for mark in marks if mark is not None}
        return self._with(*(e for e in self.entries if e.id not in gone))

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
            round = _bare(ROUND, name, secret)
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


def _size(entries: Iterable[Entry]) -> int:
    return len(msgspec.json.encode(tuple(entries)))


def _bare(kind: str, ref: str, mark: str, body: dict[str, Any] | None = None) -> Entry:
    """An entry that nobody wrote: it has neither a receipt nor a form."""
    return Entry(_random_id(), kind, ref, b"", b"", body or {}, b"", mark)


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
