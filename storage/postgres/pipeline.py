"""Pipelines a transaction's statements to PostgreSQL, to save network round trips.

A statement whose rows nobody reads is sent together with the next one that somebody awaits. This
uses libpq's pipeline mode through `psycopg.pq`, with psycopg's types and errors: psycopg's own
pipeline costs as much processor time in its cursors as it saves in waiting.

Each round trip ends with a Sync message. Only then does the server see the session as idle in a
transaction, so that `idle_in_transaction_session_timeout` ends the transaction of a frozen replica.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq.abc import PGresult

from storage.postgres.dialect import Statement
from storage.sql import Row

_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_OPEN = (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)
_MOST = 500
"""Answers that may be outstanding: the server and this side both keep them in memory."""

_CANCEL_SECONDS = 5.0

_Key = tuple[str, tuple[int, ...]]
"""A statement, and the types of what is put in."""


class SentStatement:
    """A statement that was sent, with the server's result once it has arrived."""

    __slots__ = ("answer", "prepares", "text")

    def __init__(self, text: str, prepares: _Key | None = None) -> None:
        self.text = text
        self.prepares = prepares
        self.answer: PGresult | None = None


class Pipeline:
    """Pipeline mode of one connection, entered and left for each transaction; in between psycopg
    can use the connection normally."""

    def __init__(self, conn: psycopg.AsyncConnection[Any]) -> None:
        self._conn = conn
        self._pg = conn.pgconn
        self._types = Transformer(conn)
        self._names: dict[_Key, bytes] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._prepared = 0
        self._due: deque[SentStatement | None] = deque()
        """Statements whose results are outstanding, in order; None is a Sync."""
        self._socket = -1
        self._loop: asyncio.AbstractEventLoop
        self._moved: asyncio.Future[None] | None = None
        self._broken_off = False
        self._found: PGresult | None = None
        """The first part of the next result, until it is complete."""

    def opens(self) -> None:
        socket = self._pg.socket
        self._pg.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(socket, self._wake)
        self._socket = socket

    def leaves(self) -> None:
        self._unwatched()
        if self._conn.closed:
            return
        try:
            self._pg.exit_pipeline_mode()
        except psycopg.OperationalError:  # an answer is still outstanding
            self._pg.finish()

    # --- said -----------------------------------------------------------------------------

    def put(self, statement: Statement, params: Mapping[str, Any]) -> SentStatement:
        """Queue a prepared statement; it is sent at the latest with the next `hear`."""
        values = [params[name] for name in statement.names]
        types = self._types
        given = types.dump_sequence(values, [PyFormat.AUTO] * len(values))
        key = (statement.text, types.types or ())
        name = self._names.get(key)
        if name is None:
            self._prepared += 1
            name = self._names[key] = f"digi_{self._prepared}".encode()
            self._pg.send_prepare(name, statement.text.encode(), key[1])
            self._due.append(SentStatement("", key))
        self._pg.send_query_prepared(name, given, types.formats, result_format=pq.Format.BINARY)
        said = SentStatement(statement.text)
        self._due.append(said)
        return said

    def say(self, text: str) -> SentStatement:
        """Queue a statement that is not worth preparing."""
        self._pg.send_query_params(text.encode(), None)
        said = SentStatement(text)
        self._due.append(said)
        return said

    @property
    def full(self) -> bool:
        return len(self._due) > _MOST

    # --- heard ----------------------------------------------------------------------------

    async def hear(self) -> None:
        """Send all queued statements and wait for all results; raises the first error among
        them."""
        if self._due and self._due[-1] is not None:
            self._pg.pipeline_sync()
            self._due.append(None)
        await self._hear(0)

    def rows(self, said: SentStatement) -> list[Row]:
        """The rows of a statement whose result has arrived."""
        answer = said.answer
        if answer is None or not answer.nfields:
            return []
        columns = self._columns.get(said.text)
        if columns is None:
            names = (answer.fname(n) or b"" for n in range(answer.nfields))
            columns = self._columns[said.text] = tuple(name.decode() for name in names)
        self._types.set_pgresult(answer)
        return self._types.load_rows(
            0, answer.ntuples, lambda row: dict(zip(columns, row, strict=True))
        )

    async def ends(self) -> None:
        """Send COMMIT with all queued statements, and wait for the results of all but the COMMIT.
        What fails after this is the COMMIT itself."""
        if self._due:
            self._pg.send_flush_request()
        self.say("COMMIT")
        self._pg.pipeline_sync()
        self._due.append(None)
        await self._hear(2)

    async def ended(self) -> None:
        """Wait for the COMMIT's own result; raises unless the transaction was committed."""
        commit = self._due[0]
        await self._hear(0)
        if commit is None or commit.answer is None or commit.answer.command_status != b"COMMIT":
            raise errors.TransactionRollback("the server undid it")

    async def abandon(self) -> None:
        """Roll back. Afterwards the connection is usable or closed."""
        if self._broken_off:
            await self._cancel()
            return
        try:
            with suppress(psycopg.DatabaseError):
                await self.hear()
            if self._pg.transaction_status in _OPEN:
                self.say("ROLLBACK")
                await self.hear()
            if self._pg.transaction_status != pq.TransactionStatus.IDLE:
                await self.close()
        except psycopg.Error:
            await self.close()

    async def _cancel(self) -> None:
        """Cancel what the server is doing for a caller that was cancelled, and close the
        connection."""
        self._unwatched()
        try:
            with suppress(psycopg.Error):
                await self._conn.cancel_safe(timeout=_CANCEL_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        self._unwatched()
        self._due.clear()
        await self._conn.close()

    # --- on the wire ----------------------------------------------------------------------

    async def _hear(self, left: int) -> None:
        """Receive results until `left` are outstanding. The first failed result is the one to
        raise: those after it only say that they were skipped."""
        while self._pg.flush():
            await self._moves(writing=True)
            self._pg.consume_input()
        failed: psycopg.Error | None = None
        while len(self._due) > left:
            while (answer := self._answer()) is None:
                await self._moves()
                self._reads()
            said = self._due.popleft()
            if (said is None) != (answer.status == pq.ExecStatus.PIPELINE_SYNC):
                raise psycopg.InternalError("an answer to something else")
            if said is None:
                continue
            if answer.status in _DONE:
                said.answer = answer
                continue
            if said.prepares is not None:
                self._names.pop(said.prepares, None)
            if failed is None:
                failed = _error(answer, self._conn.info.encoding)
        if failed is not None:
            raise failed

    def _answer(self) -> PGresult | None:
        """The next result, or None until it has arrived. libpq ends a statement's result with None,
        a Sync's not."""
        pg = self._pg
        while not pg.is_busy():
            answer = pg.get_result()
            if answer is None:
                found, self._found = self._found, None
                if found is None:
                    raise psycopg.OperationalError("the server has gone")
                return found
            if answer.status == pq.ExecStatus.PIPELINE_SYNC:
                return answer
            if self._found is None:
                self._found = answer
        return None

    def _reads(self) -> None:
        try:
            self._pg.consume_input()
        except psycopg.OperationalError as error:
            # Prefer the server's last error over "the connection is gone".
            said, self._found = self._found, None
            if said is None or said.status != pq.ExecStatus.FATAL_ERROR:
                raise
            raise _error(said, self._conn.info.encoding) from error

    async def _moves(self, *, writing: bool = False) -> None:
        """Wait until the socket is readable, or writable."""
        if self._conn.closed:
            raise psycopg.OperationalError("the server has gone")
        self._moved = self._loop.create_future()
        if writing:
            self._loop.add_writer(self._socket, self._wake)
        try:
            await self._moved
        except asyncio.CancelledError:
            self._broken_off = True
            raise
        finally:
            self._moved = None
            if writing:
                self._loop.remove_writer(self._socket)

    def _wake(self) -> None:
        if self._moved is not None and not self._moved.done():
            self._moved.set_result(None)

    def _unwatched(self) -> None:
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._socket = -1


def _error(answer: PGresult, encoding: str) -> psycopg.Error:
    if answer.status == pq.ExecStatus.PIPELINE_ABORTED:
        return errors.PipelineAborted("pipeline aborted")
    return errors.error_from_result(answer, encoding)
