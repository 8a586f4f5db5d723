"""Digi's clock, which the playground can move forward."""

from datetime import UTC, datetime

import pytest

from bot.clock import Clock

DAY = 86_400_000_000


def test_a_moved_clock_goes_on_from_where_it_was_moved_to() -> None:
    """Real time is added to the offset, and the offset survives a restart."""
    real = [1_000_000]
    clock = Clock(real_us=lambda: real[0])
    offset = clock.move_to(1_000_000 + 7 * DAY)
    real[0] += 5
    assert clock.now_us() == 1_000_005 + 7 * DAY
    assert Clock(offset, real_us=lambda: real[0]).now_us() == clock.now_us()
    clock.reset()
    assert clock.now_us() == 1_000_005


def test_the_clock_never_goes_back() -> None:
    """Moving backwards is rejected and changes nothing."""
    clock = Clock(real_us=lambda: DAY)
    with pytest.raises(ValueError, match="forward"):
        clock.move_to(DAY - 1)
    assert clock.now_us() == DAY


def test_a_moment_is_exact_to_the_microsecond() -> None:
    """There is no rounding by floats between the stored number and the time."""
    clock = Clock(real_us=lambda: 1_795_212_345_678_901)
    assert clock.now() == datetime(2026, 11, 20, 22, 5, 45, 678_901, tzinfo=UTC)


def test_waiting_is_not_hurried_by_a_moved_clock() -> None:
    """Backoff and rate limits use the monotonic clock."""
    clock = Clock(real_us=lambda: 0, monotonic=lambda: 42.0)
    clock.move_to(DAY)
    assert clock.monotonic() == 42.0
