"""The project that a script works on, and how its values are encrypted and decrypted."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from dialogs.model.facts import Written
from storage.vault import Vault

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def drawn_ids() -> Iterator[str]:
    """Random ids with a common random prefix: a turn's letters lie side by side in the index, so
    that few of its pages change however large the table is."""
    first = secrets.token_hex(13)
    for number in itertools.count():
        yield f"{first}{number:06x}"


class Scope(msgspec.Struct, frozen=True):
    """A project, with what this transaction shares between scripts."""

    tenant: str
    project: str
    vault: Vault
    channels: dict[str, str | None] = {}
    """Channels of projects that this turn has looked up."""
    ids: Iterator[str] = msgspec.field(default_factory=drawn_ids)
    """Ids for the rows that this turn writes."""
    remembers: bool = True
    """Whether to cache what is decrypted. Not for timers: thousands of projects, each read once in
    their hour, would evict what people look at."""

    @property
    def key(self) -> dict[str, str]:
        return {"tenant": self.tenant, "project": self.project}

    def seal(self, table: str, plain: bytes, *more: str) -> bytes:
        return self.vault.seal(plain, table, self.tenant, self.project, *more)

    def open(self, table: str, sealed: bytes, *more: str) -> bytes:
        return self.vault.open(sealed, table, self.tenant, self.project, *more)

    def open_if_whole(self, table: str, sealed: bytes, *more: str) -> bytes | None:
        return self.vault.open_if_whole(sealed, table, self.tenant, self.project, *more)

    def state(self, sealed: bytes, dialog: str, of: str) -> Written:
        return self.read(Written, sealed, "state", dialog, of)

    def read(self, made: Callable[[bytes], T], sealed: bytes, table: str, *more: str) -> T:
        if not self.remembers:
            return made(self.open(table, sealed, *more))
        return self.vault.read_at(made, sealed, (table, self.tenant, self.project, *more))
