"""What the edges of the chat platforms have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, Protocol, TypeVar

from bot.platforms.common.background import Background
from bot.platforms.common.ports import Answer, Delivery, Receive, Report
from bot.platforms.common.reask import Reask


class Presence(Protocol):
    """Who is in the channels that Digi is in."""

    reask: Reask

    def goes_to(self, receive: Receive) -> None: ...

    async def gather(self) -> int: ...


P = TypeVar("P", bound=Presence)


class ChatEdge(Generic[P]):
    """`receive` is handed in when the application is built. `by_name` are the kinds of request
    that are never without a name: their failures are told at once."""

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
        """Where the platform did not tell that somebody joined, it is asked before they are
        answered."""
        assert self._receive is not None, "the house is built before anybody asks"
        answer = await self._receive(delivery)
        if answer.absent and await self._presence.reask.ask_now(delivery.tenant, delivery.channel):
            return await self._receive(delivery)
        return answer

    def _failed(self, kind: str, error: Exception) -> None:
        """Something of ours failed that the operator should hear of."""
        if kind in self._by_name:
            self._told(self._platform.lower(), type(error).__name__)
        else:
            self.background.count(error)

    async def gather(self) -> int:
        """By the clock, at the start and each day: what failed since is told without its moment,
        and who is in all the channels that Digi is in is seen."""
        self.background.report(
            lambda failed: self._told(f"presses and forms in {self._platform}", failed)
        )
        return await self._presence.gather()

    def ask_again(self) -> None:
        """By the clock: who was not known to be a person is asked about again."""
        self._presence.reask.ask_due()

    async def quiet(self) -> None:
        """Until nothing waits to be said."""
        await self.background.quiet()
        await self._presence.reask.quiet()
