"""Serves `GET /p/<token>.png`: the pictures that stand in messages of Slack and Teams.

Their servers fetch them for whoever reads the message, so nothing is asked about who they are, and
no log line is written. The answer is the same for a link that was withdrawn and for none.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from bot.platforms.web.page.limits import RequestLimit
from content.language import Language

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pictures(Protocol):
    async def png(self, token: str, of: str, language: Language) -> bytes | None:
        """Return the phases of the project that the token stands for, or the result of the survey
        round `of`. None alike for a link that is withdrawn, has expired or never was, and for a
        round without a picture."""
        ...


def routes(pictures: Pictures, limit: RequestLimit | None = None) -> list[web.RouteDef]:
    limit = limit or RequestLimit()

    async def show(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not limit.lets(token):
            return web.Response(status=429, headers=HEADERS)
        language: Language = "en" if request.query.get("l") == "en" else "da"
        png = await pictures.png(token, request.query.get("of", ""), language)
        if png is None:
            limit.leads_nowhere(token)
            return web.Response(status=404, headers=HEADERS)
        return web.Response(body=png, content_type="image/png", headers=HEADERS)

    return [web.get("/p/{token}.png", show)]
