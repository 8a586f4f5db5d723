"""Serves GET /metrics: Digi's health in Prometheus' text format.

A counter that is scraped every fifteen seconds reveals when it changed. Therefore no metric changes
when somebody writes without a name or only looks at something; failures of such acts are counted on
the hour. No metric names a form, a project or a workplace.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from bot.core.courier import Courier
from bot.core.tally import Tally
from bot.log import Log
from bot.server.upkeep import Upkeep
from storage.sql import StoreError
from storage.transactions.store import Scripts

Reads = Callable[..., Awaitable[Any]]
FRESH = 5.0


class Metrics:
    def __init__(
        self,
        read: Reads,
        scripts: Scripts,
        tally: Tally,
        courier: Courier,
        upkeep: Upkeep,
        log: Log,
    ) -> None:
        self._read = read
        self._scripts = scripts
        self._tally = tally
        self._courier = courier
        self._upkeep = upkeep
        self._log = log
        self._began = time.time()
        self._text = ""
        self._drawn = float("-inf")

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self.handle)]

    async def handle(self, _: web.Request) -> web.Response:
        if time.monotonic() - self._drawn > FRESH:
            self._text = "".join([line async for line in self._lines()])
            self._drawn = time.monotonic()
        return web.Response(
            text=self._text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def _lines(self) -> Any:
        letters: dict[str, int] = {}
        works = 1
        try:
            letters = await self._read(self._scripts.outbox.letter_states)
        except StoreError:
            works = 0
        made = await self._upkeep.newest_backup()
        for block in (
            _metric("digi_up", "gauge", "1 if the database answers", works),
            _metric("digi_started_seconds", "gauge", "start time of this process", self._began),
            _metric("digi_turns_total", "counter", "signed acts and timers", self._tally.turns),
            _metric(
                "digi_failures_total",
                "counter",
                "failures; those of unsigned acts on the hour",
                self._log.failed_times,
            ),
            _metric(
                "digi_courier_idle_seconds",
                "gauge",
                "seconds since the last successful"
                " round of timers, lanes or maintenance, the oldest; normally a few",
                self._courier.idle(),
            ),
            _metric(
                "digi_backup_seconds",
                "gauge",
                "time of the newest backup; 0: none",
                made.timestamp() if made else 0,
            ),
            _letters(letters),
        ):
            for line in block:
                yield line


def _metric(name: str, kind: str, help: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value:.0f}\n"


def _letters(states: dict[str, int]) -> Iterator[str]:
    yield "# HELP digi_letters letters and timers by state\n# TYPE digi_letters gauge\n"
    for state in ("ready", "claimed", "paused", "sending", "uncertain", "dead"):
        yield f'digi_letters{{state="{state}"}} {states.get(state, 0)}\n'
