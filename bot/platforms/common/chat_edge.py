"""The base class of the adapters for chat platforms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, Protocol, TypeVar

from bot.platforms.common.background import Background
from bot.platforms.common.ports import Answer, Delivery, Receive, Report
from bot.platforms.common.reask import Reask


class Presence(Protocol):
    """Keeps the members of Digi's channels current."""

    reask: Reask

    def goes_to(self, receive: Receive) -> None: ...

    async def gather(self) -> int: ...


P = TypeVar("P", bound=Presence)


class ChatEdge(Generic[P]):
    """Base class for Slack and Teams.

    `receive` is set when the application is built. `by_name` are the kinds of request that are
    always signed, whose failures may be reported at once.
    """

    def __init__(
        self, platform: str, told: Report, by_name: Collection[str], background: Background
    ) -> None:
        self._platform = platform
        self._told = told
        self._by_name = by_name
        self.background = background
        self._receive: Receive | None = None
        self._presence: P

    # --- ports.Edge -------------------------------------------------------------------------------

    @property
    def repeats(self) -> bool:
        return False

    def serves(self, tenant: str) -> bool:
        return tenant.startswith(f"{self._platform.lower()}:")

    def goes_to(self, receive: Receive) -> None:
        self._receive = receive
        self._presence.goes_to(receive)

    async def _received(self, delivery: Delivery) -> Answer:
        """Pass a delivery to the engine. If the sender is not known to be in the channel, look up
        its members and try once more."""
        assert self._receive is not None, "goes_to must be called before a request arrives"
        answer = await self._receive(delivery)
        if answer.absent and await self._presence.reask.ask_now(delivery.tenant, delivery.channel):
            return await self._receive(delivery)
        return answer

    def _failed(self, kind: str, error: Exception) -> None:
        """Report an internal error to the operator: at once for signed requests, else as a count
        later."""
        if kind in self._by_name:
            self._told(self._platform.lower(), type(error).__name__)
        else:
            self.background.count(error)

    async def gather(self) -> int:
        """Report the number of failures, and read the members of all channels; called at startup
        and once a day."""
        self.background.report(
            lambda failed: self._told(f"presses and forms in {self._platform}", failed)
        )
        return await self._presence.gather()

    def ask_again(self) -> None:
        """Retry due member lookups; called by a timer."""
        self._presence.reask.ask_due()

    async def quiet(self) -> None:
        """Wait until all background work is done."""
        await self.background.quiet()
        await self._presence.reask.quiet()
