"""The operators' way to a running Digi: one request and one answer over a socket in DIGI_HOME.

Only the user that Digi runs as may open it (0600). It does what changes something; what only reads
opens the database by itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

SOCKET = "control.sock"
LONGEST = 1 << 20
WAIT = 3600.0
REST = 5.0
"""Seconds for what was sent beyond a request."""
_STOPPED = "Digi stopped before it was done: try again, it begins where it must"


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do, and with what."""

    do: str
    args: dict[str, str] = {}


class Done(Struct, frozen=True):
    fine: bool
    said: str


Handle = Callable[[Request], Awaitable[Done]]


class BadRequest(Exception):
    """A request that is none; what is wrong with it, in words."""


async def listen(home: Path, handle: Handle) -> asyncio.AbstractServer:
    """From now on until it is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, TimeoutError):
            done = await _answer(reader, handle)
            writer.write(msgspec.json.encode(done) + b"\n")
            writer.write_eof()
            # Closed with something unread, the other side might lose the answer.
            async with asyncio.timeout(REST):
                while await reader.read(LONGEST):
                    pass
        writer.close()

    with suppress(FileNotFoundError):
        os.unlink(home / SOCKET)
    with _short(home) as path:
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(answer, path, limit=LONGEST)
        finally:
            os.umask(before)


async def _answer(reader: asyncio.StreamReader, handle: Handle) -> Done:
    try:
        request = await _read(reader)
    except BadRequest as unreadable:
        return Done(
            False, f"the request {unreadable}: is this app.py of another version than the Digi that"
            " runs?"
        )  # fmt: skip
    try:
        return await handle(request)
    except Exception as error:
        # The handler knows what an operator can mend; this is a fault of ours, and goes to the log.
        context = {"message": "an order of an operator failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
        return Done(False, f"it failed ({type(error).__name__}); Digi's log says where")


async def _read(reader: asyncio.StreamReader) -> Request:
    """One line. Raises Unreadable, also for half a line, whatever that may say."""
    try:
        line = await reader.readline()
    except ValueError:
        raise BadRequest(f"is too long (more than {LONGEST} bytes)") from None
    if not line.endswith(b"\n"):
        raise BadRequest("came to an end too early")
    try:
        line.decode()
        request = msgspec.json.decode(line, type=Request)
    except UnicodeDecodeError:
        raise BadRequest("holds bytes that are no UTF-8") from None
    except msgspec.ValidationError as error:
        raise BadRequest(f"has not the form that Digi knows ({error})") from None
    except msgspec.MsgspecError as error:
        raise BadRequest(f"is no JSON ({error})") from None
    if "\0" in "".join((request.do, *request.args, *request.args.values())):
        raise BadRequest("holds a NUL character")
    return request


def is_running(home: Path) -> bool:
    """Whether a Digi takes orders in this home."""
    if not (home / SOCKET).is_socket():
        return False
    with _short(home) as path, socket.socket(socket.AF_UNIX) as there:
        try:
            there.connect(path)
        except OSError:
            return False
    return True


async def ask(home: Path, request: Request) -> Done | None:
    """What the running Digi answers; None where none listens."""
    with _short(home) as path:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
    line = msgspec.json.encode(request) + b"\n"
    if len(line) > LONGEST:
        writer.close()
        return Done(False, f"the request is too long (more than {LONGEST} bytes)")
    try:
        writer.write(line)
        line = await asyncio.wait_for(reader.readline(), WAIT)
        return msgspec.json.decode(line, type=Done) if line else Done(False, _STOPPED)
    except ConnectionError:
        return Done(False, _STOPPED)
    except (msgspec.MsgspecError, ValueError):
        return Done(False, f"what listens at {home / SOCKET} gave an answer that is none of Digi's")
    finally:
        writer.close()


class _short:
    """The socket's path by way of its folder's handle: a path of a socket holds 107 bytes only."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._handle = -1

    def __enter__(self) -> str:
        proc = Path("/proc/self/fd")
        if not proc.is_dir():
            return str(self._home / SOCKET)
        self._handle = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        return str(proc / str(self._handle) / SOCKET)

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
