"""What Digi asks of a database driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from storage.sql import Counts, Script


class Database(Protocol):
    """A database driver: SQLite (`alone`: one process serves the file) or PostgreSQL.

    `tx` runs a script as a transaction, perhaps in one commit with others. `tx_sealed` runs it
    alone and empties the write-ahead log before it returns; if a reader keeps the log from being
    emptied it raises LogHeld and writes nothing. A reader that begins during the commit can still
    keep the log: then `traces` is true until the log is empty. `read` cannot write.
    """

    @property
    def alone(self) -> bool: ...

    @property
    def damaged(self) -> bool:
        """Whether damage to the database files was found since the start."""
        ...

    @property
    def traces(self) -> bool: ...

    async def tx(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_sealed(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_settled(
        self, script: Callable[..., Script[Any]], *args: Any, settled: Callable[[bool], None]
    ) -> Any:
        """Like `tx_sealed`; calls `settled` with whether it was committed before any other
        write."""
        ...

    async def read(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def vacuum(self) -> None:
        """Rewrite the files so that nothing deleted or overwritten is left in them."""
        ...

    async def rewritten_at_once(self) -> int:
        """So many bytes `vacuum` rewrites while nobody can write to them: the whole file, or the
        largest table."""
        ...

    async def checkpoint(self) -> bool: ...

    async def clear(self) -> bool:
        """Empty the log as `tx_sealed` does after its commit, in one attempt: False if a reader
        prevents it."""
        ...

    async def probe(self) -> None:
        """Check for readers as `tx_sealed` does before its transaction, in one attempt."""
        ...

    def counts(self) -> Counts:
        """The database's own counters that `tx_sealed` raises and that a copy of the files
        shows."""
        ...

    async def close(self) -> None: ...
