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

NAME = "control.sock"
LONGEST = 1 << 20
WAIT = 3600.0


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do, and with what."""

    do: str
    args: dict[str, str] = {}


class Done(Struct, frozen=True):
    fine: bool
    said: str


Handle = Callable[[Request], Awaitable[Done]]


async def listen(home: Path, handle: Handle) -> asyncio.AbstractServer:
    """From now on until it is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            line = await reader.readline()
            try:
                done = await handle(msgspec.json.decode(line, type=Request))
            except msgspec.MsgspecError:
                done = Done(False, "this Digi does not understand the request: is it another one?")
            writer.write(msgspec.json.encode(done) + b"\n")
            await writer.drain()
        writer.close()

    with suppress(FileNotFoundError):
        os.unlink(home / NAME)
    with _short(home) as path:
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(answer, path, limit=LONGEST)
        finally:
            os.umask(before)


def is_running(home: Path) -> bool:
    """Whether a Digi takes orders in this home."""
    if not (home / NAME).is_socket():
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
    try:
        writer.write(msgspec.json.encode(request) + b"\n")
        line = await asyncio.wait_for(reader.readline(), WAIT)
    finally:
        writer.close()
    if not line:
        return Done(False, "Digi stopped before it was done: try again, it begins where it must")
    return msgspec.json.decode(line, type=Done)


class _short:
    """The socket's path by way of its folder's handle: a path of a socket holds 107 bytes only."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._handle = -1

    def __enter__(self) -> str:
        proc = Path("/proc/self/fd")
        if not proc.is_dir():
            return str(self._home / NAME)
        self._handle = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        return str(proc / str(self._handle) / NAME)

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
