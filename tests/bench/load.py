"""A load generator: many keep-alive connections, each sending its next request after the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

from msgspec import Struct

PATIENCE = 30.0


class Slice(Struct, frozen=True):
    """The measurements of one period of load: its duration, each request's latency, and errors."""

    seconds: float
    waited: list[float]
    wrong: list[str]

    @property
    def rate(self) -> float:
        return len(self.waited) / self.seconds

    def percentile(self, of_hundred: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        ranked = sorted(self.waited)
        return 1000 * ranked[min(len(ranked) - 1, int(len(ranked) * of_hundred / 100))]


class Request(Struct, frozen=True):
    """The bytes of a request, and a text that the answer must contain."""

    wire: bytes
    expects: bytes


class Pace(Struct, frozen=True):
    """A connection sends at `first` and then every so many seconds, and counts from when it should
    have sent. Without `every` it sends its next request when it has its answer."""

    first: float = 0.0
    every: float = 0.0


class _Line(asyncio.Protocol):
    """A connection. Answers are read completely, by their Content-Length."""

    def __init__(self, requests: Iterator[Request], until: Callable[[], bool], pace: Pace) -> None:
        self._requests = requests
        self._until = until
        self._pace = pace
        self._due = 0.0
        self._held = b""
        self._sent: Request | None = None
        self._at = 0.0
        self._transport: asyncio.Transport | None = None
        self.waited: list[float] = []
        self.wrong: list[str] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def start(self) -> None:
        self._due = time.perf_counter() + self._pace.first
        self._next()

    def _next(self) -> None:
        self._sent = None
        wait = self._due - time.perf_counter() if self._pace.every else 0.0
        if wait > 0 and not self._until():
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = None if self._until() else next(self._requests, None)
        if self._sent is None:
            self._transport.close()
            return
        self._at = self._due if self._pace.every else time.perf_counter()
        self._due += self._pace.every
        self._transport.write(self._sent.wire)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, gap, body = self._held.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return
        assert self._sent is not None
        self.waited.append(time.perf_counter() - self._at)
        if head[9:11] != b"20" or self._sent.expects not in body:
            self.wrong.append(f"{head[:32]!r} {body[:300]!r}")
        self._held = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent is not None:
            self.wrong.append(f"the connection was lost ({exc})")
        if not self.done.done():
            self.done.set_result(None)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def load(
    port: int,
    requests: Iterator[Request],
    *,
    connections: int = 32,
    seconds: float,
    every: float = 0.0,
) -> Slice:
    """Send requests until the time is over or none is left, and wait for those in progress. With
    `every`, each connection sends one in so many seconds, evenly after one another."""
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    lines = []
    for number in range(connections):
        pace = Pace(every * number / connections, every)
        _, line = await loop.create_connection(
            partial(_Line, requests, lambda: time.perf_counter() >= end, pace), "127.0.0.1", port
        )
        lines.append(line)
    began = time.perf_counter()
    end = began + seconds
    for line in lines:
        line.start()
    async with asyncio.timeout(seconds + PATIENCE):
        for line in lines:
            await line.done
    return Slice(
        time.perf_counter() - began,
        [one for line in lines for one in line.waited],
        [one for line in lines for one in line.wrong],
    )


def post(path: str, body: bytes, headers: dict[str, str], expects: bytes) -> Request:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return Request("\r\n".join(lines).encode() + b"\r\n\r\n" + body, expects)
