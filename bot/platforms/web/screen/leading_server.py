"""Serves the page of whoever leads an exercise: `GET` and `POST /l/<token>`, and its events.

A GET only shows. A press is a POST of a button's token or of a form, and must come from this page
itself: the browser says so by `Origin`, or by `Sec-Fetch-Site` where it hides the origin because
the page lets no referrer out.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from msgspec.structs import replace

from bot.platforms.common.ports import (
    Answer,
    Leading,
    LedAct,
    Pressed,
    Report,
    Submitted,
)
from bot.platforms.web.page.draw import (
    HEADERS,
    PageFrame,
    PageWords,
    form_page,
    home_or_card,
    notice,
)
from bot.platforms.web.page.limits import RequestLimit
from bot.platforms.web.screen.draw import ScreenFrame
from bot.platforms.web.screen.leading_draw import LEADING_HEADERS, leading_page
from bot.platforms.web.screen.server import EventStream
from bot.platforms.web.screen.watch import ScreenWatch
from content.language import Language
from dialogs.model import cards as c

MOST_FIELDS = 400
ON_A_LINK = 120
"""Requests a minute to one link: one person presses and looks, on a few windows."""
SECRET = frozenset({"f", "p", "l"})
SentFields = Mapping[str, list[str]]


class LeadingPage:
    def __init__(
        self,
        leading: Leading,
        words: PageWords,
        told: Report,
        *,
        watch: ScreenWatch | None = None,
        limit: RequestLimit | None = None,
    ) -> None:
        self._leading = leading
        self._words = words
        self._told = told
        self._watch = watch or ScreenWatch(leading, told)
        self._limit = limit or RequestLimit(fewest=ON_A_LINK, most=ON_A_LINK)
        self._events = EventStream(leading, self._watch, self._limit, self._notice)

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/l/{token}", self.show),
                web.post("/l/{token}", self.take),
                web.get("/l/{token}/events", self._events.serve),
            ]
        )
        app.on_shutdown.append(self._close)

    async def _close(self, app: web.Application) -> None:
        await self._watch.close()

    async def show(self, request: web.Request) -> web.Response:
        if not self._limit.lets(request.match_info["token"]):
            return self._notice(request, "screen.busy", 429)
        return await self._page(request)

    async def take(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not self._limit.lets(token):
            return self._notice(request, "screen.busy", 429)
        if not is_own_page(request):
            return self._notice(request, "leading.elsewhere", 403)
        fields = await _fields(request)
        opened_by = _first(fields, "p")
        if "f" in fields:
            values: dict[str, str | list[str] | None] = {
                name: found[0] if len(found) == 1 else found
                for name, found in fields.items()
                if name not in SECRET
            }
            acted = await self._act(token, Submitted(_first(fields, "f"), values))
        else:
            acted = await self._act(token, Pressed(opened_by))
        if acted is None:
            return self._gone(request)
        answer = acted.answer
        if answer.faults and (opened_by or _typed(fields)):
            return await self._with_faults(token, acted, opened_by, fields)
        if answer.form is not None:
            return _html(form_page(self._frame(acted, opened_by), answer.form), 200, HEADERS)
        if answer.cards and (acted.looked or _leads_on(answer)):
            shown = home_or_card(self._frame(acted), answer, home=False)
            return _html(shown, 200, HEADERS)
        return await self._page(request, _said(answer))

    async def _act(self, token: str, what: Pressed | Submitted) -> LedAct | None:
        return await self._leading.act(token, what)

    async def _page(self, request: web.Request, told: str = "") -> web.Response:
        led = await self._leading.look(request.match_info["token"])
        if led is None:
            return self._gone(request)
        frame = ScreenFrame(self._words, led.language)
        page = leading_page(frame, PageFrame(self._words, led.language), led, told)
        return _html(page, 200, LEADING_HEADERS)

    async def _with_faults(
        self, token: str, acted: LedAct, opened_by: str, fields: SentFields
    ) -> web.Response:
        """Return the form as it was sent, with what is wrong in it; it keeps its id. If it cannot
        be opened again, return what is wrong and what was typed."""
        again = await self._act(token, Pressed(opened_by)) if opened_by else None
        frame = self._frame(acted, opened_by)
        if again is None or again.answer.form is None:
            faults = tuple(c.Card((c.Paragraph(fault.text),)) for fault in acted.answer.faults)
            told = replace(acted.answer, cards=acted.answer.cards + faults)
            shown = home_or_card(frame, told, home=False, kept=_typed(fields))
            return _html(shown, 422, HEADERS)
        form = replace(again.answer.form, token=_first(fields, "f"))
        page = form_page(frame, form, acted.answer.faults, fields)
        return _html(page, 422, HEADERS)

    def _frame(self, acted: LedAct, opened_by: str = "") -> PageFrame:
        return PageFrame(
            self._words,
            acted.answer.language,
            token=opened_by,
            stays=True,
            back="leading.back",
            people=acted.people,
        )

    def _gone(self, request: web.Request) -> web.Response:
        self._limit.leads_nowhere(request.match_info["token"])
        return self._notice(request, "leading.gone", 404)

    def _notice(self, request: web.Request, what: str, status: int) -> web.Response:
        english = request.headers.get("Accept-Language", "").lower().startswith("en")
        language: Language = "en" if english else "da"
        page = notice(PageFrame(self._words, language, stays=True), what)
        return _html(page, status, HEADERS)


def is_own_page(request: web.Request) -> bool:
    """Return whether a POST comes from a page of this Digi. A proxy may leave the port out of
    `Host`; then the browser's own word counts."""
    origin, site = request.headers.get("Origin", "null"), request.headers.get("Sec-Fetch-Site")
    if origin != "null" and urlsplit(origin).hostname != request.url.host:
        return False
    return urlsplit(origin).netloc == request.host if site is None else site == "same-origin"


def _leads_on(answer: Answer) -> bool:
    """Return whether an act was answered with buttons that are not on the page itself."""
    parts = (part for card in answer.cards for part in card.parts)
    return not answer.instead and any(isinstance(part, c.Buttons) for part in parts)


def _typed(fields: SentFields) -> str:
    """Return what somebody wrote in a form. What was chosen from a list contains no blank."""
    return "\n".join(
        words
        for name, found in fields.items()
        if name not in SECRET
        for words in found
        if words and (name == "text" or len(words.split()) > 1)
    )


def _said(answer: Answer) -> str:
    """Return what an act was answered with: what was wrong, or the lines before the first heading
    of its card. The rest of that card stands on the page itself."""
    if answer.faults:
        return " ".join(c.plain(fault.text) for fault in answer.faults)
    lines: list[str] = []
    for part in answer.cards[0].parts if answer.cards else ():
        if not isinstance(part, c.Paragraph):
            break
        lines.append(c.plain(part.text))
    return " ".join(lines)


async def _fields(request: web.Request) -> dict[str, list[str]]:
    body = (await request.read()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}


def _first(fields: SentFields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _html(text: str, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=headers
    )
