"""Serves /om: what Digi is, what it stores, and who is responsible for it, in Danish and English.

Administrators read it before they approve Digi. It has the content of `/digi om`, names no person
or project, loads nothing from other sites, and is rendered once.
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from typing import Any

from aiohttp import web

from bot.core.localize import Localizer
from bot.core.tokens import Mac
from content.language import Language
from content.model import Catalogue
from dialogs.model import cards as c
from dialogs.model import pictures
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import Fact, Known, Operator, Viewer
from dialogs.model.spelled_out import spelled_out
from dialogs.registry import SIGHTS

Finds = Callable[[tuple[Fact[Any], ...]], Awaitable[dict[Fact[Any], Any]]]
"""Answers facts that belong to no project."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
STYLE = """
body { margin: 0 auto; max-width: 42rem; padding: 1.5rem; color: #1f2f38; background: #faf8f3;
  font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
dt { font-weight: 600; margin-top: .75rem; } dd { margin: 0; }
section + section { border-top: 1px solid #b9c4c6; margin-top: 2.5rem; }
small { color: #4a5a63; } a { color: #1d5a7a; }
@media (prefers-color-scheme: dark) {
  body { color: #e8e4da; background: #1c2a33; } small { color: #b9c4c6; } a { color: #8fc7e8; } }
"""


class AboutPage:
    def __init__(self, catalogue: Catalogue, operator: Operator, mac: Mac, finds: Finds) -> None:
        self._catalogue = catalogue
        self._operator = operator
        self._mac = mac
        self._finds = finds
        self._drawn = ""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/om", self.handle)]

    async def handle(self, _: web.Request) -> web.Response:
        if not self._drawn:
            self._drawn = await self._draw()
        return web.Response(text=self._drawn, content_type="text/html", headers=HEADERS)

    async def _draw(self) -> str:
        languages: tuple[Language, Language] = ("da", "en")
        sections = [
            f'<section lang="{language}" id="{language}">{await self._section(language)}</section>'
            for language in languages
        ]
        return (
            '<!doctype html><html lang="da"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Om Digi · About Digi</title><style>{STYLE}</style></head><body>"
            '<p><a href="#en" lang="en">English below</a></p>'
            f"<main>{''.join(sections)}</main></body></html>"
        )

    async def _section(self, language: Language) -> str:
        found: list[str] = []
        for level, look in enumerate((Look("about"), Look("about_all")), 1):
            viewer, sight = Viewer(""), SIGHTS[look.view]
            known = Known(
                self._catalogue, await self._finds(sight.needs(look, viewer)), self._operator
            )
            localizer = Localizer(
                self._catalogue,
                language,
                tenant="",
                mac=self._mac,
                people={},
                words={},
                typed=lambda word: word,
                today=date.min,
            )
            for moment in sight.show(look, viewer, known):
                if isinstance(moment, Show):
                    found += _parts(localizer.card(moment.card), level)
        return "".join(found)


def _parts(card: c.FinishedCard, level: int) -> Iterator[str]:
    for part in card.parts:
        match part:
            case c.Heading(text=text):
                yield f"<h{level}>{_line(text)}</h{level}>"
            case c.Paragraph(text=text):
                yield f"<p>{_line(text)}</p>"
            case c.Small(text=text):
                yield f"<p><small>{_line(text)}</small></p>"
            case c.FactRows(rows=rows):
                pairs = (f"<dt>{_line(a)}</dt><dd>{_line(b)}</dd>" for a, b in rows)
                yield f"<dl>{''.join(pairs)}</dl>"
            case c.Bullets(items=items, numbered=numbered):
                tag = "ol" if numbered else "ul"
                yield f"<{tag}>{''.join(f'<li>{_line(item)}</li>' for item in items)}</{tag}>"
            case c.Quote(words=words):
                yield f"<blockquote>{_line(words)}</blockquote>"
            case c.Progress(label=label):
                yield f"<p>{_line(label)}</p>"
            case pictures.Steps(sentence=sentence) | pictures.Chart(sentence=sentence):
                yield f"<p>{_line(sentence or ())}</p>"
            case c.Buttons():
                pass  # a web page has no buttons to press
            case c.Matters() | c.Board() | c.Grid():
                yield from _parts(c.Card(spelled_out(part)), level)


def _line(spans: c.Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: c.Span) -> str:
    match span:
        case c.Strong(text=text):
            return f"<strong>{html.escape(text)}</strong>"
        case c.Emph(text=text):
            return f"<em>{html.escape(text)}</em>"
        case c.Mention(name=name):
            return html.escape(name)
        case c.Link(text=text, url=url) if url.startswith("https://"):
            return f'<a href="{html.escape(url)}">{html.escape(text)}</a>'
        case _:
            return html.escape(span.text)
