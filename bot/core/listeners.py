"""Notifies watchers and the courier after a turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.platforms.common.ports import Changed


class Listeners:
    """The listeners. `watchers` are called after every signed turn and never after an unsigned
    one."""

    def __init__(self, watchers: Sequence[Changed] = ()) -> None:
        self._watchers = watchers
        self._couriers: list[Callable[[str], None]] = []

    def add_courier(self, wake: Callable[[str], None]) -> None:
        self._couriers.append(wake)

    def letters_written(self, tenant: str = "") -> None:
        """Wake the courier, so that it need not wait for its next look. It hears in which workplace
        letters were written, or "" for any."""
        for wake in self._couriers:
            wake(tenant)

    def changed(self, tenant: str, project: str) -> None:
        for watch in self._watchers:
            watch(tenant, project)
