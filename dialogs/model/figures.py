"""How many: what may be said of contributions that bear no name."""

from __future__ import annotations


def shown(n: int, may: int, enough: int) -> int:
    """A figure that points at nobody, or 0 where there is none to show: so many at least.

    In steps of the threshold, so that no two figures differ by less than it: somebody who joins,
    leaves or withdraws moves none by one. And always so many fewer than may write that the rest
    could be enough of them too: of eleven, "at least ten" would point at the one who has not.
    """
    most = min(n, may - enough)
    return max(0, most - most % enough)
