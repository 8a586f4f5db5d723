"""The control socket: operators' commands to a running Digi, one request and one response each.

The socket is in DIGI_HOME and may be opened only by Digi's own user (0600). It serves commands that
change something; commands that only read open the database themselves.
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
"""Seconds to drain bytes that were sent after the request."""
_STOPPED = "Digi stopped before it was done: run the command again, which continues it"


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """A command and its arguments."""

    do: str
    args: dict[str, str] = {}


class Done(Struct, frozen=True):
    fine: bool
    said: str


Handle = Callable[[Request], Awaitable[Done]]


class BadRequest(Exception):
    """The request is malformed; the message says why."""


async def listen(home: Path, handle: Handle) -> asyncio.AbstractServer:
    """Start to listen on the control socket. The server runs until it is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, TimeoutError):
            done = await _answer(reader, handle)
            writer.write(msgspec.json.encode(done) + b"\n")
            writer.write_eof()
            # Closing with unread bytes would reset the connection, and the client could lose the
            # answer.
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
            False,
            f"the request {unreadable}: is this app.py of another version than the Digi that runs?",
        )
    try:
        return await handle(request)
    except Exception as error:
        # The handler reports all that an operator can fix. Anything else is a bug and goes to the
        # log.
        context = {"message": "an operator's command failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
        return Done(False, f"it failed ({type(error).__name__}); Digi's log says where")


async def _read(reader: asyncio.StreamReader) -> Request:
    """Read a request, one line of JSON. Raises BadRequest, also for an incomplete line."""
    try:
        line = await reader.readline()
    except ValueError:
        raise BadRequest(f"is too long (more than {LONGEST} bytes)") from None
    if not line.endswith(b"\n"):
        raise BadRequest("is incomplete")
    try:
        line.decode()
        request = msgspec.json.decode(line, type=Request)
    except UnicodeDecodeError:
        raise BadRequest("is not UTF-8") from None
    except msgspec.ValidationError as error:
        raise BadRequest(f"does not have the expected form ({error})") from None
    except msgspec.MsgspecError as error:
        raise BadRequest(f"is not JSON ({error})") from None
    if "\0" in "".join((request.do, *request.args, *request.args.values())):
        raise BadRequest("contains a NUL character")
    return request


def is_running(home: Path) -> bool:
    """Return whether a running Digi listens on this home's control socket."""
    if not (home / SOCKET).is_socket():
        return False
    with _short(home) as path, socket.socket(socket.AF_UNIX) as there:
        try:
            there.connect(path)
        except OSError:
            return False
    return True


async def ask(home: Path, request: Request) -> Done | None:
    """Send a request to the running Digi and return its response; None if none runs."""
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
        return Done(False, f"another program than Digi answers at {home / SOCKET}")
    finally:
        writer.close()


class _short:
    """Gives a short path to the socket through /proc/self/fd, because a socket's path is limited to
    107 bytes."""

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
