"""Serves `/vis`: on a borrowed computer, six digits from whoever leads open the screen.

They open nothing else, and live for ten minutes. Wrong ones are limited for everybody together: who
tries is not told apart, and nothing about an address is looked at or kept. There are a million of
them, so that ten wrong tries a minute find one of a meeting with a chance of one in ten thousand.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from aiohttp import web

from bot.platforms.common.ports import Fault, Screens
from bot.platforms.web.page.draw import HEADERS, PageFrame, PageWords, form_page
from content.language import Language
from dialogs.model.cards import Form, Note, Plain, Spans, TextField

WRONG_A_MINUTE = 10
MINUTE = 60.0
FIELD = "digits"


class WrongTries:
    """Counts wrong digits within a minute. In memory, for this process."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, most: int = WRONG_A_MINUTE
    ) -> None:
        self._monotonic = monotonic
        self._most = most
        self._began = monotonic()
        self._wrong = 0

    def lets(self) -> bool:
        now = self._monotonic()
        if now - self._began > MINUTE:
            self._began, self._wrong = now, 0
        return self._wrong < self._most

    def add(self) -> None:
        self._wrong += 1

    def take_back(self) -> None:
        """Forget a try that was right."""
        self._wrong = max(0, self._wrong - 1)


class DigitsPage:
    def __init__(self, screens: Screens, words: PageWords, tries: WrongTries | None = None) -> None:
        self._screens = screens
        self._words = words
        self._tries = tries or WrongTries()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/vis", self.ask), web.post("/vis", self.take)]

    async def ask(self, request: web.Request) -> web.Response:
        return self._page(_language(request, request.query.get("l", "")))

    async def take(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode("utf-8", "replace")
        try:
            fields = parse_qs(body, max_num_fields=4)
        except ValueError:
            fields = {}
        given = fields.get(FIELD, [""])[0]
        language = _language(request, fields.get("l", [""])[0])
        digits = re.sub(r"\s", "", given)
        if not re.fullmatch(r"[0-9]{6}", digits):
            return self._page(language, "screen.digits_shape", given, 422)
        if not self._tries.lets():
            return self._page(language, "screen.digits_wait", given, 429)
        # Counted before the database is asked, so that tries at the same time all count.
        self._tries.add()
        token = await self._screens.by_digits(digits)
        if not token:
            return self._page(language, "screen.digits_unknown", given, 422)
        self._tries.take_back()
        return web.Response(status=303, headers={**HEADERS, "Location": f"/s/{token}"})

    def _page(
        self, language: Language, fault: str = "", given: str = "", status: int = 200
    ) -> web.Response:
        frame = PageFrame(self._words, language, back="")

        def line(key: str) -> Spans:
            return (Plain(self._words(language, key)),)

        field = TextField(FIELD, line("screen.digits"), hint=line("screen.digits_hint"), limit=7)
        form = Form[Spans](
            line("screen.digits_title"),
            (Note(line("screen.digits_note")), field),
            line("screen.digits_show"),
            "",
        )
        faults = (Fault(FIELD, line(fault)),) if fault else ()
        page = form_page(frame, form, faults, {FIELD: [given]} if fault else None)
        return web.Response(
            text=page, status=status, content_type="text/html", charset="utf-8", headers=HEADERS
        )


def _language(request: web.Request, chosen: str) -> Language:
    asked = chosen or request.headers.get("Accept-Language", "")
    return "en" if asked.lower().startswith("en") else "da"
