"""Copies a database page by page, in steps, on the very connection that writes it.

SQLite brings along what that connection changes between two steps, so the copy is the database as
it is when the last page has been copied; and no read transaction is open between two steps. A
second connection could not do it: what somebody else changes makes SQLite begin again, and a
snapshot held until the end would keep the write-ahead log from being emptied.
"""

import queue
import sqlite3
import threading
from pathlib import Path

from storage.sql import Unavailable

PAGES = 200
"""In one step: less than a megabyte."""
_BEGINNINGS = 20
"""How often the copy may restart: SQLite restarts it when a transaction is rolled back."""


class _Stopped(Exception):
    """The copy was cancelled."""


class Copying:
    """`sqlite3.Connection.backup` in a thread that copies one step for each call of `step`."""

    def __init__(self, source: sqlite3.Connection, target: Path) -> None:
        self.done = False
        self._source = source
        self._target = target
        self._stopped = False
        self._so_far = 0
        self._beginnings = 0
        self._let = threading.Semaphore(0)
        self._copied: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._copy, name="store-copy", daemon=True)
        self._thread.start()

    def step(self, _: sqlite3.Connection) -> None:
        """Copy one step and wait for it; the caller must not use the source meanwhile."""
        self._let.release()
        error = self._copied.get()
        if error is not None:
            raise error

    def close(self) -> None:
        """Release the source connection, also where the copy was not finished."""
        self._stopped = True
        self._let.release()
        self._thread.join()

    def _copy(self) -> None:
        error: BaseException | None = None
        try:
            self._wait()
            copy = sqlite3.connect(self._target, isolation_level=None)
            try:
                # Only the compacted file that is made from this copy needs to be durable.
                for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000"):
                    copy.execute(f"PRAGMA {pragma}").fetchall()
                self._source.backup(copy, pages=PAGES, progress=self._progress)
            finally:
                copy.close()
            self.done = True
        except BaseException as raised:
            error = raised
        self._copied.put(error)

    def _progress(self, status: int, left: int, of: int) -> None:
        if status == sqlite3.SQLITE_DONE:
            return
        if of - left <= self._so_far:
            self._beginnings += 1
            if self._beginnings > _BEGINNINGS:
                raise Unavailable("the copy had to begin again too often")
        self._so_far = of - left
        self._copied.put(None)
        self._wait()

    def _wait(self) -> None:
        self._let.acquire()
        if self._stopped:
            raise _Stopped
