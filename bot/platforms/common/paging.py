"""Resumes a partly delivered message of several pages; pages that may be duplicates are marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from bot.cache import Cache
from bot.platforms.common.ports import DeliveryFailed, Parcel

Page = TypeVar("Page")
MOST = 1000
A_DAY = 24 * 60 * 60.0


class _Begun(Struct, Generic[Page], frozen=True):
    """A partly delivered message: the id of its first page, the pages still to send, and whether
    the first of these may have arrived already."""

    place: str
    pages: tuple[Page, ...]
    lost: bool = False


class PagedDelivery(Generic[Page]):
    def __init__(self, marked: Callable[[Page, Parcel], Page]) -> None:
        self._marked = marked
        self._begun: Cache[str, _Begun[Page]] = Cache(MOST, A_DAY)

    async def deliver(
        self,
        parcel: Parcel,
        begin: Callable[[], Awaitable[str]],
        rest: tuple[Page, ...],
        say: Callable[[str, Page], Awaitable[object]],
    ) -> str:
        """Send what is missing of a message. `begin` sends the first page and returns its id, `say`
        sends a further page there."""
        begun = self._begun.get(parcel.id)
        if begun is None:
            begun = _Begun(await begin(), rest)
        elif begun.lost:
            first, *others = begun.pages
            begun = _Begun(begun.place, (self._marked(first, parcel), *others), lost=True)
        while begun.pages:
            try:
                await say(begun.place, begun.pages[0])
            except DeliveryFailed as failed:
                self._begun.put(parcel.id, _Begun(begun.place, begun.pages, failed.uncertain))
                raise _half_there(parcel, begun, failed) from None
            begun = _Begun(begun.place, begun.pages[1:])
        self._begun.drop(parcel.id)
        return begun.place

    def forget(self, parcel: str) -> None:
        self._begun.drop(parcel)


def _half_there(parcel: Parcel, begun: _Begun[Page], failed: DeliveryFailed) -> DeliveryFailed:
    """The failure to report for a partly delivered message. A restart forgets which pages arrived,
    so it counts as uncertain until it has been marked as a possible duplicate. A private message
    keeps the failure as it is, because it is never repeated."""
    if parcel.kind != "private":
        failed.uncertain = not parcel.again or (begun.lost and failed.uncertain)
    return failed
