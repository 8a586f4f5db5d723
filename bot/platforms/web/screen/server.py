"""Serves a screen: `GET /s/<token>`, and `/s/<token>/events` with a version when it has changed.

Nothing is acted on here, and no log line is written. The events carry no content: the page is
fetched anew by whoever shows it, which costs little while its ETag is the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from aiohttp import web

from bot.platforms.common.ports import Report, Screens, ShownScreen, Versions
from bot.platforms.web.page.limits import RequestLimit
from bot.platforms.web.screen.draw import (
    HEADERS,
    ScreenFrame,
    ScreenWords,
    etag,
    gone_page,
    screen_page,
    seconds_left,
)
from bot.platforms.web.screen.watch import OpenScreen, ScreenWatch, TooMany
from content.language import Language

HEARTBEAT = 15.0
RETRY = (1_000, 5_000)
"""Milliseconds after which a browser connects again, drawn for each: after a restart not all come
at once."""
EVENTS = {**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


Says = Callable[[web.Request, str, int], web.Response]
"""Returns a page that only says something."""


class EventStream:
    """Sends the version of what a page shows, and again each time it has changed."""

    def __init__(
        self,
        versions: Versions,
        watch: ScreenWatch,
        limit: RequestLimit,
        says: Says,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._versions = versions
        self._watch = watch
        self._limit = limit
        self._says = says
        self._heartbeat = heartbeat

    async def serve(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        if not self._limit.lets(token):
            return self._says(request, "screen.busy", 429)
        version = (await self._versions.versions([token])).get(token)
        if version is None:
            self._limit.leads_nowhere(token)
            return self._says(request, "screen.gone", 404)
        try:
            with self._watch.listening(token) as listener:
                listener.tell(version)
                return await self._stream(request, listener)
        except TooMany:
            return self._says(request, "screen.busy", 503)

    async def _stream(self, request: web.Request, listener: OpenScreen) -> web.StreamResponse:
        response = web.StreamResponse(headers=EVENTS)
        try:
            await response.prepare(request)
            await response.write(f"retry: {random.randint(*RETRY)}\n\n".encode())
            while not listener.over:
                version = await listener.news(self._heartbeat)
                if version is not None:
                    await response.write(f"data: {version}\n\n".encode())
                elif not listener.over:
                    await response.write(b": still here\n\n")
        except ConnectionError:
            pass  # the window was closed
        return response


class ScreenPage:
    def __init__(
        self,
        screens: Screens,
        words: ScreenWords,
        told: Report,
        *,
        watch: ScreenWatch | None = None,
        limit: RequestLimit | None = None,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._screens = screens
        self._words = words
        self._watch = watch or ScreenWatch(screens, told)
        self._limit = limit or RequestLimit()
        self._events = EventStream(screens, self._watch, self._limit, self._said, heartbeat)

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/s/{token}", self.show),
                web.get("/s/{token}/events", self._events.serve),
            ]
        )
        app.on_shutdown.append(self._close)

    async def _close(self, app: web.Application) -> None:
        await self._watch.close()

    async def show(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not self._limit.lets(token):
            return self._said(request, "screen.busy", 429)
        shown = await self._screens.show(token)
        if shown is None:
            self._limit.leads_nowhere(token)
            return self._said(request, "screen.gone", 404)
        lane = request.query.get("lane", "")
        there = any(one.id == lane for one in shown.screen.columns)
        frame = ScreenFrame(self._words, shown.language, lane if there else "")
        known = etag(shown, frame.lane)
        headers = {**HEADERS, "ETag": known, **_left(shown)}
        if request.headers.get("If-None-Match") == known:
            return web.Response(status=304, headers=headers)
        return _html(screen_page(frame, shown), 200, headers)

    def _said(self, request: web.Request, what: str, status: int) -> web.Response:
        english = request.headers.get("Accept-Language", "").lower().startswith("en")
        language: Language = "en" if english else "da"
        return _html(gone_page(ScreenFrame(self._words, language), what), status, HEADERS)


def _left(shown: ShownScreen) -> dict[str, str]:
    """Return how long there is left, for a page that has all the rest already."""
    ends_at = shown.screen.ends_at
    return {} if ends_at is None else {"X-Seconds-Left": str(seconds_left(ends_at, shown.at))}


def _html(text: str, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=headers
    )
