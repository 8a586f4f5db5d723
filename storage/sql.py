"""What a script is, the statements it names, and what may go wrong with them."""

import functools
import re
from collections.abc import Generator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]
Params: TypeAlias = Mapping[str, Any] | list[Mapping[str, Any]]
# A transaction as a generator: it yields (statement name, parameters) and receives rows.
# It does no I/O, so it can be tried again as a whole and tested without a database.
# A list of parameters: the statement is executed with each of them in turn and returns no rows.
Script: TypeAlias = Generator[tuple[str, Params], list[Row], T]

FOLDER = Path(__file__).parent
_HEADING = re.compile(r"^-- name:\s*(\S+)[ \t]*$", re.MULTILINE)


class Counts(NamedTuple):
    """How often sealed commits raised the counters that the database itself keeps in its files."""

    sealed: int
    """Sealed commits of this process, of named turns too. A refused one counts where it made as
    many commits as a successful one."""
    cleared: int
    """How often SQLite's log was reset, or how often this process vacuumed PostgreSQL's pool."""
    each: int
    """How many of those one sealed commit makes."""


class StoreError(Exception):
    """The database cannot do this as things are."""

    def __init__(self, detail: str = "") -> None:
        said = " ".join((type(self).__doc__ or "").split())
        super().__init__(f"{said} ({detail})" if detail else said)


class Conflict(StoreError):
    """Something else has changed this in the meantime: load it again and decide again."""


class Unavailable(StoreError):
    """The database cannot be written or reached right now: see that the disk has room, that its
    folder may be written and that no other Digi holds it, and try again; nothing is lost."""

    counted = True
    """A sealed commit that fails in this way raises the database's own counters as one that does
    not."""


class NotBegun(Unavailable):
    __doc__ = Unavailable.__doc__
    counted = False


class LogHeld(Unavailable):
    """Another program is reading the database in a long transaction, so that what is written next
    could not be cleared out of its log, and nothing was written: end that program, or wait for it,
    and try again."""

    counted = False


class Unsure(Unavailable):
    """Whether it was kept is not known: do the same again, which finds out and keeps it once."""


class Damaged(StoreError):
    """The database file is damaged and was not touched: keep a copy of it, and put the latest
    backup in its place with `python app.py restore`."""


class NoDatabase(StoreError):
    """A key takes its place only once its database is made; this key is in its place, and the
    database is gone or empty: put the latest backup in its place (`python app.py restore FILE`, on
    PostgreSQL pg_restore), or name the right one in DIGI_HOME or DIGI_DATABASE. To begin anew on
    purpose, move the key away as well."""


class NewerSchema(StoreError):
    """The database was written by a newer Digi than this one: start the newer one, or restore the
    copy that was made before the upgrade."""


def together(script: Script[T], names: frozenset[str]) -> Script[T]:
    """The same script with batching: consecutive executions of one of these statements, whose rows
    nobody reads, go to the database as one list."""
    waiting: list[Mapping[str, Any]] = []
    said = ""
    rows: list[Row] = []
    try:
        name, params = next(script)
        while True:
            if waiting and name != said:
                yield said, waiting if len(waiting) > 1 else waiting[0]
                waiting = []
            if name in names and not isinstance(params, list):
                said = name
                waiting.append(params)
                rows = []
            else:
                rows = yield name, params
            name, params = script.send(rows)
    except StopIteration as end:
        if waiting:
            yield said, waiting if len(waiting) > 1 else waiting[0]
        return end.value  # type: ignore[no-any-return]
    finally:
        script.close()


def queries(folder: Path = FOLDER) -> Mapping[str, str]:
    """Every statement by its name, read once from `queries.sql` in the folder."""
    return _queries(folder / "queries.sql")


@functools.cache
def _queries(file: Path) -> Mapping[str, str]:
    before, *parts = _HEADING.split(file.read_text(encoding="utf-8"))
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{file}: a statement stands before the first '-- name:'")
    found: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"{file}: the name {name} is used twice")
        found[name] = text.strip()
    return MappingProxyType(found)
