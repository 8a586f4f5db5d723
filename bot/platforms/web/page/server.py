"""Serves the page for those without a chat, and that of a card: `GET` and `POST /b/<token>`.

A GET only shows. What is sent comes as a POST and goes to `receive` like any other delivery, but
with nobody as its sender. Nothing tells visitors apart: no cookie, no address, no header is read
beyond the wanted language, and no log line is written. A card that cannot be used, because it was
used in this round or its exercise is over, is answered like an address that never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from aiohttp import web
from msgspec.structs import replace

from bot.platforms.common.ports import (
    Answer,
    DealtCard,
    Delivery,
    Links,
    Pressed,
    Receive,
    Sender,
    Submitted,
    Visit,
    What,
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
from content.language import Language
from dialogs.model.links import LinkKind, ProjectLink, page_query

MOST_FIELDS = 300
"""A board with 200 notes has as many boxes to check."""
KINDS: frozenset[LinkKind] = frozenset({"page", "card"})
Fields = Mapping[str, list[str]]


class VisitorPage:
    def __init__(
        self, receive: Receive, links: Links, words: PageWords, limit: RequestLimit | None = None
    ) -> None:
        self._receive = receive
        self._links = links
        self._words = words
        self._limit = limit or RequestLimit()
        self._notices: dict[tuple[str, Language], str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/b/{token}", self.show), web.post("/b/{token}", self.take)]

    # --- requests -------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        link = await self._opened(request)
        if isinstance(link, web.Response):
            return link
        visit = Visit(request.query.get("v", "page"), request.query.get("r", ""))
        asked = request.query.get("l", "")
        answer = await self._receive(_delivery(link, visit, asked, request))
        if _is_gone(answer):
            return self._gone(request)
        return self._answer(answer, self._frame(answer.language, visit))

    async def take(self, request: web.Request) -> web.Response:
        link = await self._opened(request)
        fields = await _fields(request)
        if isinstance(link, web.Response):
            return self._gone(request, fields) if link.status == 404 else link
        asked = _first(fields, "l") or request.query.get("l", "")
        pressed = Pressed(_first(fields, "p"))
        opened_by: What = (
            pressed
            if pressed.token
            else Visit(request.query.get("v", "page"), request.query.get("r", ""))
        )
        form = _first(fields, "f")
        what: What = Submitted(form, _values(fields)) if "f" in fields else opened_by
        answer = await self._receive(_delivery(link, what, asked, request))
        if _is_gone(answer):
            return self._gone(request, fields)
        if not answer.faults:
            return self._answer(answer, self._frame(answer.language, opened_by, stays=True))
        again = await self._receive(_delivery(link, opened_by, asked, request))
        if _is_gone(again):
            return self._gone(request, fields)
        return self._with_faults(answer, again, opened_by, form, fields)

    async def _opened(self, request: web.Request) -> ProjectLink | web.Response:
        """Return the link, or the page that says that it leads nowhere or that too many ask."""
        token = request.match_info["token"]
        if not self._limit.lets(token):
            return self._notice(request, "page.busy", 429)
        link = await self._links.resolve(token)
        if link is None or link.kind not in KINDS:
            self._limit.leads_nowhere(token)
            return self._gone(request)
        return link

    # --- answers --------------------------------------------------------------------------

    def _answer(self, answer: Answer, frame: PageFrame) -> web.Response:
        if answer.form is not None:
            return _html(form_page(frame, answer.form))
        is_home = not (frame.query or frame.token or frame.stays)
        return _html(home_or_card(frame, answer, home=is_home))

    def _with_faults(
        self, answer: Answer, again: Answer, opened_by: What, token: str, given: Fields
    ) -> web.Response:
        """Return the form as it was sent, with what is wrong; it keeps its id, so that a text that
        was stored after all is not stored twice."""
        frame = self._frame(answer.language, opened_by, stays=True)
        if again.form is None:
            return _html(home_or_card(frame, again, home=False, kept=_typed(given)), 422)
        form = replace(again.form, token=token)
        return _html(form_page(frame, form, answer.faults, given), 422)

    def _frame(self, language: Language, opened_by: What, *, stays: bool = False) -> PageFrame:
        match opened_by:
            case Pressed(token=token):
                return PageFrame(self._words, language, "", token, stays)
            case Visit(view=view, ref=ref) if view != "page":
                return PageFrame(self._words, language, page_query(view, ref), "", stays)
            case _:
                return PageFrame(self._words, language, stays=stays)

    def _gone(self, request: web.Request, given: Fields | None = None) -> web.Response:
        return self._notice(request, "page.gone", 404, _typed(given or {}))

    def _notice(self, request: web.Request, what: str, status: int, kept: str = "") -> web.Response:
        language: Language = "en" if _wanted(request).startswith("en") else "da"
        if kept:
            return _html(self._drawn(what, language, kept), status)
        if (what, language) not in self._notices:
            self._notices[what, language] = self._drawn(what, language)
        return _html(self._notices[what, language], status)

    def _drawn(self, what: str, language: Language, kept: str = "") -> str:
        return notice(PageFrame(self._words, language, stays=True), what, kept)


def _delivery(link: ProjectLink, what: What, asked: str, request: web.Request) -> Delivery:
    locale = asked if asked in ("da", "en") else _wanted(request)
    return Delivery(
        link.tenant,
        Sender("", locale=locale),
        "",
        what,
        page=link.project,
        dealt=_dealt(link, request.match_info["token"]),
    )


def _dealt(link: ProjectLink, token: str) -> DealtCard | None:
    if link.kind != "card":
        return None
    return DealtCard(link.look.ref if link.look is not None else "", token)


def _is_gone(answer: Answer) -> bool:
    """Return whether there is nothing to show: so is a card answered that cannot be used."""
    return not (answer.cards or answer.faults or answer.form)


def _wanted(request: web.Request) -> str:
    """Return the first of our languages that the browser asks for; "" for the project's own."""
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        language = part.partition(";")[0].strip()[:2].casefold()
        if language in ("da", "en"):
            return language
    return ""


async def _fields(request: web.Request) -> dict[str, list[str]]:
    body = (await request.read()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}


def _values(fields: Fields) -> dict[str, str | list[str] | None]:
    """Return what was sent in the fields of a form."""
    return {
        name: found[0] if len(found) == 1 else found
        for name, found in fields.items()
        if name not in ("f", "p", "l")
    }


def _typed(fields: Fields) -> str:
    """Return what somebody wrote: the text of a form, or the notes, one a line."""
    return "\n".join(
        words
        for name, found in fields.items()
        if name == "text" or name.startswith("notes.")
        for words in found
        if words
    )


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS
    )
