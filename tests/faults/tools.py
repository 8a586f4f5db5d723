"""Fault injection: a store that fails once at each boundary of each script."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bot.core import leases, sending
from bot.server.build import House
from storage.database import Database
from storage.sealed_table import SealedTable
from storage.sql import Script, Unavailable, Unsure
from storage.transactions.turns import Turn

Point = tuple[str, str]
"""A handler (an event's type, or a script's name) and the boundary within it."""

ENDS = "the commit"
ANSWERED = "the answer"


class Failpoints:
    """A database that fails once at each boundary: before each statement, before the commit, and
    after it, when the answer is lost.

    A person's act fails once and is repeated by the person; the courier retries by itself and then
    meets the next boundary (`arm(goes_on=True)`). A script that runs only after a failure
    (`AFTERWARDS`) fails as well if two failures at once are allowed (`twice`).
    """

    AFTERWARDS = frozenset({"Outbox.later", "Outbox.dead", "Outbox.freed"})

    def __init__(
        self,
        inner: Database,
        rows: Callable[[], object],
        *,
        every: bool = False,
        twice: bool = True,
    ) -> None:
        self._inner = inner
        self._rows = rows
        self._before: object = None
        self._every = every
        self._twice = twice
        self.seen: set[Point] = set()
        self.failed: Counter[Point] = Counter()
        self.events: set[str] = set()
        self.armed = False
        self._goes_on = False
        self.fired: Point | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def act_begins(self) -> None:
        """A new act begins; in the long run all its boundaries count as new."""
        if self._every:
            self.seen.clear()

    def arm(self, *, goes_on: bool = False) -> None:
        self.armed, self.fired, self._goes_on = True, None, goes_on

    def _boundary(self, handler: str, where: str, told: object = "") -> None:
        point = (handler, where)
        afterwards = handler in self.AFTERWARDS
        if afterwards and not self._twice:
            return
        if self.fired is not None and not (self._goes_on or afterwards):
            return
        if not self.armed or point in self.seen:
            return
        self.seen.add(point)
        self.failed[point] += 1
        self.fired = point
        # Another connection sees committed data only, not this transaction's.
        self._before = self._rows()
        # After the commit only the database knows its result.
        raise (Unsure if where == ANSWERED else Unavailable)(f"a failpoint {told}")

    def _breaking(self, script: Callable[..., Script[Any]], handler: str) -> Any:
        def run(*args: Any) -> Generator[Any, Any, Any]:
            inner = script(*args)
            count: Counter[str] = Counter()
            try:
                ask = next(inner)
                while True:
                    count[ask[0]] += 1
                    place = f"{ask[0]} {count[ask[0]]}" if self._every else ask[0]
                    self._boundary(handler, place, ask)
                    ask = inner.send((yield ask))
            except StopIteration as end:
                value = end.value
            finally:
                inner.close()
            self._boundary(handler, ENDS)
            return value

        return run

    def _handler(self, script: Callable[..., Script[Any]], args: tuple[Any, ...]) -> str:
        if args and isinstance(args[0], Turn):
            tag = str(type(args[0].event).__struct_config__.tag)
            self.events.add(tag)
            return f"{tag} {getattr(args[0].event, 'name', '')}" if tag == "woke" else tag
        table = getattr(script, "__self__", None)
        if isinstance(table, SealedTable):
            return f"{table.name}.{script.__name__}"
        return script.__qualname__

    async def _run(
        self, run: Any, script: Callable[..., Script[Any]], args: tuple[Any, ...]
    ) -> Any:
        handler = self._handler(script, args)
        already = self.fired
        try:
            value = await run(self._breaking(script, handler), *args)
        except Unavailable:
            if self.fired is not already:
                assert self._rows() == self._before, f"{self.fired} left something"
            raise
        self._boundary(handler, ANSWERED)
        return value

    async def tx(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return await self._run(self._inner.tx, script, args)

    async def tx_sealed(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return await self._run(self._inner.tx_sealed, script, args)

    async def read(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return await self._run(self._inner.read, script, args)


def installed(house: House, broken: Failpoints) -> None:
    """Make all parts of Digi use the failing store."""
    house.database = broken
    courier = house.courier
    for part in (
        house.engine,
        house.turns,
        house.views,
        house.fence,
        house.engine._gate,
        courier,
        courier.leases,
        courier.watch,
        courier.sender,
        courier.timers,
        courier.lanes,
        courier.housekeeping,
    ):
        part._database = broken


def at_once(monkeypatch: Any) -> None:
    """Retry without delay, as often as necessary."""
    monkeypatch.setattr(sending, "LONGEST_WAIT", 0.0)
    monkeypatch.setattr(leases, "LEASE_US", 0)
    monkeypatch.setattr(sending, "TRIES", 1_000_000)


@contextmanager
def rows_of(folder: Path, either: str = "") -> Iterator[Callable[[], object]]:
    """Return every committed row of every table, read by another connection."""
    conn: Any
    if either:
        conn = psycopg.connect(either, autocommit=True)
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    else:
        url = f"{(folder / 'digi.db').as_uri()}?mode=ro"
        conn = sqlite3.connect(url, uri=True, check_same_thread=False)
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    with closing(conn):
        names = [name for (name,) in conn.execute(tables).fetchall()]
        selects = [f"SELECT * FROM {name}{' ORDER BY 1, 2' if either else ''}" for name in names]

        def look() -> object:
            return [conn.execute(select).fetchall() for select in selects]

        yield look
