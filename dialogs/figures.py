"""How many: what may be said of contributions that bear no name."""

from __future__ import annotations


def shown(n: int, may: int, enough: int) -> int:
    """A figure that points at nobody, or 0 where there is none to show.

    In steps of the threshold, so that no two figures differ by less than it: somebody who joins,
    leaves or withdraws moves none by one. And none at all where fewer than that may write: it
    would point at people, however high it is.
    """
    if n < enough or may < enough:
        return 0
    return n - n % enough
