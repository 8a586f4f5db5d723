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
        self._outstanding: deque[SentStatement | None] = deque()
        """Statements whose results are outstanding, in order; None is a Sync."""
        self._socket = -1
        self._loop: asyncio.AbstractEventLoop
        self._socket_ready: asyncio.Future[None] | None = None
        self._cancelled = False
        self._partial: PGresult | None = None
        """The first part of the next result, until it is complete."""

    def enter(self) -> None:
        socket = self._pg.socket
        self._pg.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(socket, self._wake)
        self._socket = socket

    def leave(self) -> None:
        self._unwatch()
        if self._conn.closed:
            return
        try:
            self._pg.exit_pipeline_mode()
        except psycopg.OperationalError:  # an answer is still outstanding
            self._pg.finish()

    # --- send -----------------------------------------------------------------------------

    def put(self, statement: Statement, params: Mapping[str, Any]) -> SentStatement:
        """Queue a prepared statement; it is sent at the latest with the next `receive`."""
        values = [params[name] for name in statement.names]
        types = self._types
        given = types.dump_sequence(values, [PyFormat.AUTO] * len(values))
        key = (statement.text, types.types or ())
        name = self._names.get(key)
        if name is None:
            self._prepared += 1
            name = self._names[key] = f"digi_{self._prepared}".encode()
            self._pg.send_prepare(name, statement.text.encode(), key[1])
            self._outstanding.append(SentStatement("", key))
        self._pg.send_query_prepared(name, given, types.formats, result_format=pq.Format.BINARY)
        sent = SentStatement(statement.text)
        self._outstanding.append(sent)
        return sent

    def put_text(self, text: str) -> SentStatement:
        """Queue a statement that is not worth preparing."""
        self._pg.send_query_params(text.encode(), None)
        sent = SentStatement(text)
        self._outstanding.append(sent)
        return sent

    @property
    def full(self) -> bool:
        return len(self._outstanding) > _MOST

    # --- receive --------------------------------------------------------------------------

    async def receive(self) -> None:
        """Send all queued statements and wait for all results; raises the first error among
        them."""
        if self._outstanding and self._outstanding[-1] is not None:
            self._pg.pipeline_sync()
            self._outstanding.append(None)
        await self._receive(0)

    def rows(self, sent: SentStatement) -> list[Row]:
        """The rows of a statement whose result has arrived."""
        answer = sent.answer
        if answer is None or not answer.nfields:
            return []
        columns = self._columns.get(sent.text)
        if columns is None:
            names = (answer.fname(n) or b"" for n in range(answer.nfields))
            columns = self._columns[sent.text] = tuple(name.decode() for name in names)
        self._types.set_pgresult(answer)
        return self._types.load_rows(
            0, answer.ntuples, lambda row: dict(zip(columns, row, strict=True))
        )

    async def send_commit(self) -> None:
        """Send COMMIT with all queued statements, and wait for the results of all but the COMMIT.
        What fails after this is the COMMIT itself."""
        if self._outstanding:
            self._pg.send_flush_request()
        self.put_text("COMMIT")
        self._pg.pipeline_sync()
        self._outstanding.append(None)
        await self._receive(2)

    async def receive_commit(self) -> None:
        """Wait for the COMMIT's own result; raises unless the transaction was committed."""
        commit = self._outstanding[0]
        await self._receive(0)
        if commit is None or commit.answer is None or commit.answer.command_status != b"COMMIT":
            raise errors.TransactionRollback("the server undid it")

    async def roll_back(self) -> None:
        """Roll back. Afterwards the connection is usable or closed."""
        if self._cancelled:
            await self._cancel()
            return
        try:
            with suppress(psycopg.DatabaseError):
                await self.receive()
            if self._pg.transaction_status in _OPEN:
                self.put_text("ROLLBACK")
                await self.receive()
            if self._pg.transaction_status != pq.TransactionStatus.IDLE:
                await self.close()
        except psycopg.Error:
            await self.close()

    async def _cancel(self) -> None:
        """Cancel what the server is doing for a caller that was cancelled, and close the
        connection."""
        self._unwatch()
        try:
            with suppress(psycopg.Error):
                await self._conn.cancel_safe(timeout=_CANCEL_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        self._unwatch()
        self._outstanding.clear()
        await self._conn.close()

    # --- socket ---------------------------------------------------------------------------

    async def _receive(self, left: int) -> None:
        """Receive results until `left` are outstanding. The first failed result is the one to
        raise: those after it only say that they were skipped."""
        while self._pg.flush():
            await self._wait_for_socket(writing=True)
            self._pg.consume_input()
        failed: psycopg.Error | None = None
        while len(self._outstanding) > left:
            while (answer := self._next_result()) is None:
                await self._wait_for_socket()
                self._consume_input()
            sent = self._outstanding.popleft()
            if (sent is None) != (answer.status == pq.ExecStatus.PIPELINE_SYNC):
                raise psycopg.InternalError("an answer to something else")
            if sent is None:
                continue
            if answer.status in _DONE:
                sent.answer = answer
                continue
            if sent.prepares is not None:
                self._names.pop(sent.prepares, None)
            if failed is None:
                failed = _error(answer, self._conn.info.encoding)
        if failed is not None:
            raise failed

    def _next_result(self) -> PGresult | None:
        """The next result, or None until it has arrived. libpq ends a statement's result with None,
        a Sync's not."""
        pg = self._pg
        while not pg.is_busy():
            answer = pg.get_result()
            if answer is None:
                found, self._partial = self._partial, None
                if found is None:
                    raise psycopg.OperationalError("the server has gone")
                return found
            if answer.status == pq.ExecStatus.PIPELINE_SYNC:
                return answer
            if self._partial is None:
                self._partial = answer
        return None

    def _consume_input(self) -> None:
        try:
            self._pg.consume_input()
        except psycopg.OperationalError as error:
            # Prefer the server's last error over "the connection is gone".
            last, self._partial = self._partial, None
            if last is None or last.status != pq.ExecStatus.FATAL_ERROR:
                raise
            raise _error(last, self._conn.info.encoding) from error

    async def _wait_for_socket(self, *, writing: bool = False) -> None:
        """Wait until the socket is readable, or writable."""
        if self._conn.closed:
            raise psycopg.OperationalError("the server has gone")
        self._socket_ready = self._loop.create_future()
        if writing:
            self._loop.add_writer(self._socket, self._wake)
        try:
            await self._socket_ready
        except asyncio.CancelledError:
            self._cancelled = True
            raise
        finally:
            self._socket_ready = None
            if writing:
                self._loop.remove_writer(self._socket)

    def _wake(self) -> None:
        if self._socket_ready is not None and not self._socket_ready.done():
            self._socket_ready.set_result(None)

    def _unwatch(self) -> None:
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._socket = -1


def _error(answer: PGresult, encoding: str) -> psycopg.Error:
    if answer.status == pq.ExecStatus.PIPELINE_ABORTED:
        return errors.PipelineAborted("pipeline aborted")
    return errors.error_from_result(answer, encoding)
