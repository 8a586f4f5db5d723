"""Retries of member lookups: soon at first, less often without progress, never before
Retry-After."""

from __future__ import annotations

import asyncio

import pytest

from bot.platforms.common.reask import ALL, FIRST_WAIT, LONGEST_WAIT, Reask


class Platform:
    """A fake platform, for which the test sets the number of unknown members and the Retry-After of
    each channel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.platforms.common.reask.random.uniform", lambda low, high: 1.0)
        self.now = 0.0
        self.missing: dict[str, list[float]] = {}
        self.asked: list[tuple[float, str, str]] = []
        self.told: list[str] = []
        self.silent: set[str] = set()
        self.reask = Reask(self.ask, self.told.append, lambda: self.now)

    async def ask(self, tenant: str, channels: list[str]) -> None:
        for channel in channels:
            self.asked.append((self.now, tenant, channel))
            if tenant in self.silent:
                await asyncio.Event().wait()
            if tenant == "broken":
                raise ZeroDivisionError
            left = self.missing[channel].pop(0) if self.missing.get(channel) else 0
            self.reask.answered(tenant, channel, missing=left)

    async def until(self, seconds: float) -> list[float]:
        """Advance the clock, and return the times at which lookups were made."""
        before = len(self.asked)
        while self.now < seconds:
            self.now += 10.0
            self.reask.ask_due()
            for _ in range(3):
                await asyncio.sleep(0)
        return [at for at, _, _ in self.asked[before:]]


async def test_it_asks_soon_and_then_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The delay doubles up to an hour, and restarts when further members become known."""
    platform = Platform(monkeypatch)
    platform.missing["C1"] = [4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 0]
    platform.reask.answered("T1", "C1", missing=4)
    asked = await platform.until(6 * LONGEST_WAIT)
    waits = [round(then - at) for at, then in zip([0.0, *asked], asked, strict=False)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 30]
    assert FIRST_WAIT == 30
    assert await platform.until(9 * LONGEST_WAIT) == []


async def test_it_leaves_a_platform_in_peace_as_long_as_that_wants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Retry-After takes precedence over a shorter delay."""
    platform = Platform(monkeypatch)
    platform.reask.failed("T1", "C1", rest=400.0)
    assert await platform.until(1000.0) == [400.0]


async def test_no_workplace_waits_for_another_and_none_is_asked_twice_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One lookup never returns and one raises an unexpected error; the third workplace is still
    looked up."""
    platform = Platform(monkeypatch)
    platform.silent.add("silent")
    for tenant in ("broken", "silent", "fine"):
        platform.reask.answered(tenant, f"C-{tenant}", missing=ALL)
    await platform.until(50.0)
    assert [tenant for _, tenant, _ in platform.asked] == ["broken", "silent", "fine"]
    assert platform.told == ["ZeroDivisionError"]
    await platform.until(400.0)
    tenants = [tenant for _, tenant, _ in platform.asked]
    assert (tenants.count("silent"), tenants.count("fine"), tenants.count("broken")) == (1, 1, 3)
    platform.reask.close()
    await platform.reask.quiet()


@pytest.mark.parametrize("channel", ["C1", ""])
async def test_what_is_gone_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """This holds for a channel and for a whole workplace."""
    platform = Platform(monkeypatch)
    platform.reask.failed("T1", "C1")
    platform.reask.failed("T2", "C1")
    platform.reask.forget("T1", channel)
    await platform.until(100.0)
    assert platform.asked == [(30.0, "T2", "C1")]
