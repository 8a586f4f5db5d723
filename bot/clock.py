"""Digi's clock: real time plus an offset that the playground can move."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _real_us() -> int:
    return time.time_ns() // 1000


class Clock:
    """The clock. Dialogs never read it: they get the time with their event."""

    def __init__(
        self,
        offset_us: int = 0,
        *,
        real_us: Callable[[], int] = _real_us,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._offset_us = offset_us
        self._real_us = real_us
        self._monotonic = monotonic

    @property
    def offset_us(self) -> int:
        """The offset in microseconds, which the store keeps so that a moved clock survives a
        restart."""
        return self._offset_us

    def now_us(self) -> int:
        """Return Digi's time in microseconds since 1970, UTC."""
        return self._real_us() + self._offset_us

    def now(self) -> datetime:
        # Integer arithmetic: a float would round the microseconds.
        return _EPOCH + self.now_us() * _MICROSECOND

    def move_to(self, target_us: int) -> int:
        """Move the clock forward to this time; the caller has to store the new offset."""
        real = self._real_us()
        if target_us < real + self._offset_us:
            raise ValueError("the clock only moves forward")
        self._offset_us = target_us - real
        return self._offset_us

    def reset(self) -> None:
        """Return to real time, when the playground starts over."""
        self._offset_us = 0

    def real_us(self) -> int:
        """Return the machine's own time, for leases between processes."""
        return self._real_us()

    def monotonic(self) -> float:
        """Return the monotonic time, for backoff, rate limits and sessions, unaffected by a moved
        clock."""
        return self._monotonic()
