"""An attacker who has copied SQLite's files, and what can be read from them without the key.

The pool's row has no time. An attacker can find between which named rows, which have one, it was
written: from the write-ahead log. For PostgreSQL, `server_thief` finds the same `Between`s from
transaction ids.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from storage.transactions.scope import from_us

PAGE = 4096


class Between(Struct, frozen=True):
    """The attacker's claim that the pool was written between two times."""

    after: datetime
    before: datetime

    def holds(self, at: datetime) -> bool:
        return self.after <= at <= self.before


class Copy(Struct, frozen=True):
    """The files at one time."""

    taken: datetime
    database: bytes
    log: bytes
    index: bytes


def copied(folder: Path, at: datetime) -> Copy:
    files = (folder / f"digi.db{ending}" for ending in ("", "-wal", "-shm"))
    return Copy(at, *(file.read_bytes() if file.exists() else b"" for file in files))


# --- from the log ----------------------------------------------------------------------------

Commit = dict[int, bytes]
_FORM = re.compile(rb"form:[0-9a-f]{32}")


def from_log(copy: Copy) -> list[Between]:
    """For each transaction that wrote the pool, return the named writes before and after it; also
    for content that is only in the log."""
    lives = lives_of(copy)
    with opened(states_of(copy)[-1]) as conn:
        named = conn.execute("SELECT key, at_us FROM inbox WHERE key LIKE 'form:%'")
        times = {key.encode(): from_us(at) for key, at in named}
        [[pool]] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pool'")
    return [one for life in lives for one in _changes(life, pool, times, copy.taken)]


def from_index(copy: Copy) -> list[Between]:
    """The shared-memory index lists the most recently written pages, even of an emptied log. If
    these are the pool's, it was written after the last named row."""
    with opened(states_of(copy)[-1]) as conn:
        [[last]] = conn.execute("SELECT max(at_us) FROM inbox WHERE key LIKE 'form:%'")
        [[pool]] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pool'")
        other = {page for (page,) in conn.execute("SELECT rootpage FROM sqlite_master")} - {pool}
    numbers = struct.unpack_from("<4062I", copy.index, 136)
    written = {number for number in numbers if number}
    if pool in written and not written & other:
        return [Between(from_us(last), copy.taken)]
    return []


def lives_of(copy: Copy) -> list[list[Commit]]:
    """Return the transactions in the log, one list for each time it was restarted: old content is
    overwritten only gradually."""
    found: dict[bytes, list[Commit]] = {}
    commit: Commit = {}
    for at in range(32, len(copy.log) - 24 - PAGE + 1, 24 + PAGE):
        head = copy.log[at : at + 24]
        commit[int.from_bytes(head[:4], "big")] = copy.log[at + 24 : at + 24 + PAGE]
        life = found.setdefault(head[8:16], [])
        if any(head[4:8]):
            life.append(commit)
            commit = {}
    return list(found.values())


def states_of(copy: Copy) -> list[bytes]:
    """Return the database as the file has it, and after each transaction in the log."""
    pages = dict(enumerate(_pages(copy.database), 1))
    found = [copy.database]
    for commit in (lives_of(copy) or [[]])[0]:
        pages |= commit
        found.append(b"".join(pages[n] for n in sorted(pages)))
    return found


@contextmanager
def opened(image: bytes) -> Iterator[sqlite3.Connection]:
    """An in-memory database cannot have a log; two header bytes say whether there is one."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.deserialize(image[:18] + b"\x01\x01" + image[20:])
        yield conn


def _pages(image: bytes) -> list[bytes]:
    return [image[at : at + PAGE] for at in range(0, len(image), PAGE)]


def _changes(
    life: list[Commit], pool: int, times: dict[bytes, datetime], until: datetime
) -> Iterator[Between]:
    last: datetime | None = None
    changed: datetime | None = None
    for commit in life:
        found = [
            times[key] for page in commit.values() for key in _FORM.findall(page) if key in times
        ]
        now = max(found, default=None)
        if now is not None and (last is None or now > last):
            if changed is not None:
                yield Between(changed, now)
            last, changed = now, None
        elif pool in commit:
            changed = changed or last
    if changed is not None:
        yield Between(changed, until)


# --- from what the files count themselves -----------------------------------------------------

Counters = dict[str, int]
_WAL_HEADER = 32


def counters_in(copy: Copy) -> Counters:
    """Return every increasing number in the headers of the file, its log and the index:
    https://www.sqlite.org/fileformat2.html and https://www.sqlite.org/walformat.html."""
    changes, pages, _, free, schema = struct.unpack_from(">5I", copy.database, 24)
    [valid_for] = struct.unpack_from(">I", copy.database, 92)
    [commits] = struct.unpack_from("<I", copy.index, 8)
    found = {
        "file change counter": changes,
        "version valid for": valid_for,
        "pages": pages,
        "free pages": free,
        "schema cookie": schema,
        "index: commits": commits,
        "index: salt-1": struct.unpack_from(">I", copy.index, 32)[0],
    }
    if len(copy.log) >= _WAL_HEADER:
        found["log: checkpoint sequence"], found["log: salt-1"] = struct.unpack_from(
            ">II", copy.log, 12
        )
    return found


def counted(minutes: list[Counters]) -> dict[str, list[int]]:
    """Return by how much each counter rose in each minute, beyond its smallest rise."""
    found = {}
    for name in minutes[0]:
        rises = [after[name] - before[name] for before, after in itertools.pairwise(minutes)]
        found[name] = [rise - min(rises) for rise in rises]
    return found


def pool_in(copy: Copy) -> bytes:
    """Return the pool's row as stored, encrypted."""
    with opened(states_of(copy)[-1]) as conn:
        [[sealed]] = conn.execute("SELECT sealed FROM pool")
        return bytes(sealed)


# --- what of it is worth something -----------------------------------------------------------


def placed(found: list[Between], acts: list[datetime], standing: list[datetime]) -> list[datetime]:
    """Return the unsigned acts that the attacker located to within half a day. Writes that the
    calendar explains (the night, a release, the start of the project) are ignored."""
    telling = [
        one
        for one in found
        if one.before - one.after < timedelta(hours=12)
        and not any(one.holds(at) for at in standing)
    ]
    return [at for at in acts if any(one.holds(at) for one in telling)]
