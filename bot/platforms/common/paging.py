"""A message of several pages: it goes on where it stopped, and what may be there twice says so."""

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
    """A message of which some is there: where it begins, the pages that are still to come, and
    whether the first of them may be there too."""

    place: str
    pages: tuple[Page, ...]
    lost: bool = False


class Pages(Generic[Page]):
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
        """`begin` says the first page and answers where it stands, `say` one that follows there."""
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
    """Some of it has arrived: after a restart all of it comes again, and must say so. Which page
    may have come twice is known here; what is private is never said again."""
    if parcel.kind != "private":
        failed.uncertain = not parcel.again or (begun.lost and failed.uncertain)
    return failed
