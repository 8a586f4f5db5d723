"""Base class of the simulated chat platforms: served on this machine for one test, sends requests
to Digi, and can be told to fail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from types import TracebackType
from typing import Generic, Self, TypeVar

from aiohttp import ClientSession, web

K = TypeVar("K")
"""A kind of failure of a call."""
C = TypeVar("C")
"""A recorded call with its answer."""


class PretendedPlatform(ABC, Generic[K, C]):
    """A payload that the platform would reject is rejected and recorded in `faults`. At the end of
    the test, faults that the test has not removed raise."""

    biggest = 1024 * 1024

    def __init__(self) -> None:
        self.digi_urls: list[str] = []
        """Digi's URLs. Requests go to each replica in turn."""
        self.faults: list[Exception] = []
        self.calls: list[C] = []
        self.too_early: list[C] = []
        """Calls made before the Retry-After of a 429 had passed."""
        self.trouble: dict[str, deque[K | None]] = {}
        self.tick = 0
        """Increases with each new or changed message."""
        self.port = 0
        self.session: ClientSession
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def add_routes(self, app: web.Application) -> None: ...

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=self.biggest)
        self.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self.session = ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if kind is None and self.faults:
            raise self.faults[0]

    @property
    def digi_url(self) -> str:
        """Return the URL for the next request."""
        self.digi_urls = self.digi_urls[1:] + self.digi_urls[:1]
        return self.digi_urls[-1] if self.digi_urls else ""

    @digi_url.setter
    def digi_url(self, url: str) -> None:
        self.digi_urls = [url]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def plan(self, method: str, *trouble: K | None) -> None:
        """Plan the outcomes of the next calls of this method; None lets a call succeed."""
        self.trouble.setdefault(method, deque()).extend(trouble)
