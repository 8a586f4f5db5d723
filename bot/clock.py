"""The clock that Digi goes by: real time plus an offset that the playground can move."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _real_us() -> int:
    return time.time_ns() // 1000


class Clock:
    """Dialogs never read it: they get the time on their event."""

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
        """What the store keeps, so that a moved clock survives a restart."""
        return self._offset_us

    def now_us(self) -> int:
        """World time in microseconds since 1970, UTC."""
        return self._real_us() + self._offset_us

    def now(self) -> datetime:
        # Added up rather than divided: a float would round the microseconds.
        return _EPOCH + self.now_us() * _MICROSECOND

    def move_to(self, target_us: int) -> int:
        """Move forward to this moment; the new offset is for the caller to store."""
        real = self._real_us()
        if target_us < real + self._offset_us:
            raise ValueError("the clock only moves forward")
        self._offset_us = target_us - real
        return self._offset_us

    def reset(self) -> None:
        """Back to real time, when the playground begins again."""
        self._offset_us = 0

    def real_us(self) -> int:
        """The machine's own time, which nobody has moved: for leases between processes."""
        return self._real_us()

    def monotonic(self) -> float:
        """For backoff, limits and sessions, which no moved clock may hurry."""
        return self._monotonic()
