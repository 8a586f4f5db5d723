"""Which workplaces' lanes this process holds, and for how long it surely does.

Of several replicas on one database, one at a time sends in a workplace: it holds the lane by a
lease in the store, and the letters that it has claimed there by a fencing token.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection

from bot.clock import Clock
from bot.core.health import Health
from storage.transactions.store import Database, Lease, Scripts

LEASE_US = 60_000_000
"""Of a letter that was claimed."""
LANE_US = 30_000_000
KEPT_EVERY = 10.0
ENOUGH = 2 / 3
"""Of a lease: longer than any platform is waited for."""


class LaneLost(Exception):
    """The lane is another replica's by now."""


class Leases:
    def __init__(self, database: Database, scripts: Scripts, clock: Clock, health: Health) -> None:
        self._database = database
        self._scripts = scripts
        self._clock = clock
        self._health = health
        self.holder = secrets.token_hex(8)
        self._ours: dict[str, float] = {}
        """Until when a lane is surely ours, by the monotonic clock."""
        self._used: dict[str, float] = {}
        """When a lane was last worked in, by the monotonic clock."""

    def lease(self, lease_us: int = LANE_US) -> Lease:
        return Lease(self._clock.real_us(), lease_us)

    def patient(self) -> bool:
        """While the store was away nobody could renew a lease. Whoever was sending then has the
        first word now, because it knows what arrived."""
        return self._clock.monotonic() - self._health.shaken < LANE_US / 1_000_000

    def until(self, tenant: str) -> float:
        """By the monotonic clock."""
        return self._ours.get(tenant, -math.inf)

    def used(self, tenant: str) -> None:
        self._used[tenant] = self._clock.monotonic()

    def took(self, tenant: str, asked: float, lease: Lease) -> None:
        """It was asked for at that moment of the monotonic clock, and is ours for the lease."""
        self._ours[tenant] = asked + lease.lease_us / 1_000_000

    async def may_begin(self, tenant: str) -> None:
        """What is begun now ends before the lane can be another's, as long as nothing freezes.
        Raises LaneLost."""
        left = self.until(tenant) - self._clock.monotonic()
        if left <= ENOUGH * self.lease().lease_us / 1_000_000:
            await self._renew(tenant)

    async def _renew(self, tenant: str) -> None:
        asked, lease = self._clock.monotonic(), self.lease()
        if not await self._database.tx(self._scripts.take_lane, tenant, self.holder, lease):
            self._ours.pop(tenant, None)
            raise LaneLost
        self.took(tenant, asked, lease)

    async def keep(self, busy: Collection[str]) -> None:
        """Renews the lanes that are in use, also while a platform is slow to answer, and lets go
        of those in which nothing was done for as long as a lease."""
        asked, lease = self._clock.monotonic(), self.lease()
        since = asked - LANE_US / 1_000_000
        idle = [one for one, at in self._used.items() if at < since and one not in busy]
        kept = await self._database.tx(self._scripts.keep_lanes, idle, self.holder, lease)
        for tenant in idle:
            # It may have been used again meanwhile; then it is claimed, or taken, anew.
            self._ours.pop(tenant, None)
            self._used.pop(tenant, None)
        for tenant in kept:
            self.took(tenant, asked, lease)
            self._used.setdefault(tenant, asked)
        for tenant in self._ours.keys() - set(kept):
            if self._ours[tenant] < asked + lease.lease_us / 1_000_000:  # not taken since
                del self._ours[tenant]

    async def leave(self) -> None:
        """In order: others need not wait for the leases."""
        await self._database.tx(self._scripts.leave_lanes, self.holder)
        self._ours.clear()
        self._used.clear()
