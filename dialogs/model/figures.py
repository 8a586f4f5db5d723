"""Rounds numbers of unsigned contributions, so that they identify nobody."""

from __future__ import annotations


def shown(n: int, may: int, enough: int) -> int:
    """Return the number to show ("at least so many"), or 0 to show none.

    It is rounded down to a multiple of the threshold, so that one person more or less does not
    change it by one. It is also limited so that the people who did not contribute could be at least
    the threshold: of eleven, "at least ten" would point at the one who did not.
    """
    most = min(n, may - enough)
    return max(0, most - most % enough)
