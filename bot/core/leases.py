"""This process's leases on lanes, and until when each is certainly valid.

Of several replicas on one database only one sends in a workplace at a time: it holds the lane's
lease in the database. A fencing token on each claimed letter stops a replica that lost the lane.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection

from bot.clock import Clock
from bot.core.health import Health
from storage.database import Database
from storage.transactions.outbox import Lease, Outbox

LEASE_US = 60_000_000
"""How long a claimed letter stays claimed."""
LANE_US = 30_000_000
KEPT_EVERY = 10.0
ENOUGH = 2 / 3
"""The part of a lease that must be left before a call: longer than any platform's timeout."""


class LaneLost(Exception):
    """Another replica has the lane by now."""


class Leases:
    def __init__(self, database: Database, outbox: Outbox, clock: Clock, health: Health) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._health = health
        self.holder = secrets.token_hex(8)
        self._ours: dict[str, float] = {}
        """When each lease expires at the earliest, by the monotonic clock."""
        self._used: dict[str, float] = {}
        """When a lane was last worked in, by the monotonic clock."""

    def lease(self, lease_us: int = LANE_US) -> Lease:
        return Lease(self._clock.real_us(), lease_us)

    def patient(self) -> bool:
        """Return whether expired leases are not taken over for now.

        While the database was away nobody could renew; the previous holder goes first, because it
        knows which messages arrived.
        """
        return self._clock.monotonic() - self._health.shaken < LANE_US / 1_000_000

    def until(self, tenant: str) -> float:
        """Return until when a lease is certainly valid, by the monotonic clock."""
        return self._ours.get(tenant, -math.inf)

    def used(self, tenant: str) -> None:
        self._used[tenant] = self._clock.monotonic()

    def took(self, tenant: str, asked: float, lease: Lease) -> None:
        """Note a lease that was requested at `asked`, by the monotonic clock."""
        self._ours[tenant] = asked + lease.lease_us / 1_000_000

    async def may_begin(self, tenant: str) -> None:
        """Make sure that a platform call begun now ends within the lease, renewing it if needed.
        Raises LaneLost."""
        left = self.until(tenant) - self._clock.monotonic()
        if left <= ENOUGH * self.lease().lease_us / 1_000_000:
            await self._renew(tenant)

    async def _renew(self, tenant: str) -> None:
        asked, lease = self._clock.monotonic(), self.lease()
        if not await self._database.tx(self._outbox.take_lane, tenant, self.holder, lease):
            self._ours.pop(tenant, None)
            raise LaneLost
        self.took(tenant, asked, lease)

    async def keep(self, busy: Collection[str]) -> None:
        """Renew the leases of lanes in use, and release lanes in which nothing was done for 30
        seconds."""
        asked, lease = self._clock.monotonic(), self.lease()
        since = asked - LANE_US / 1_000_000
        idle = [one for one, at in self._used.items() if at < since and one not in busy]
        kept = await self._database.tx(self._outbox.keep_lanes, idle, self.holder, lease)
        for tenant in idle:
            # If it was used again meanwhile, the next claim acquires it again.
            self._ours.pop(tenant, None)
            self._used.pop(tenant, None)
        for tenant in kept:
            self.took(tenant, asked, lease)
            self._used.setdefault(tenant, asked)
        for tenant in self._ours.keys() - set(kept):
            if self._ours[tenant] < asked + lease.lease_us / 1_000_000:  # not taken since
                del self._ours[tenant]

    async def leave(self) -> None:
        """Release all leases at shutdown, so that other replicas need not wait for them."""
        await self._database.tx(self._outbox.leave_lanes, self.holder)
        self._ours.clear()
        self._used.clear()
