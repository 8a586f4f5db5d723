"""Serves `/d/<token>`: a page with a file's name and a button, and the file when it is pressed.

Programs that check links fetch every address, so a GET draws no file and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Literal
from urllib.parse import quote

from aiohttp import web

from bot.platforms.common.ports import Downloads, FetchedFile, FilePage, Report
from bot.platforms.web.page.draw import HEADERS
from bot.platforms.web.page.limits import RequestLimit

STRICT = {name: said for name, said in HEADERS.items() if name != "Content-Security-Policy"}
"""What the page for visitors is served with; the policy allows each page its own style sheet."""
ON_A_LINK = 20
"""Requests a minute. Each is an act of the person whom the link was given to, who may do sixty."""
STYLE = """
:root { color-scheme: light dark; --ground: #f5f3ee; --card: #fffefb; --ink: #1d2321;
  --muted: #59615d; --line: #dcd8ce; --accent: #0b5d54; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #161a19; --card: #202725; --ink: #eceae3;
  --muted: #a5ada8; --line: #36403c; --accent: #7fd1c0; --on: #10201d; } }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 33rem; margin: 0 auto; padding: 1.75rem 1.25rem 2.5rem; }
p { margin: 0 0 1rem; }
.digi { color: var(--accent); font-weight: 600; font-size: .8125rem; margin: 0 0 .25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
.muted { color: var(--muted); font-size: .9375rem; }
button { display: block; width: 100%; min-height: 3.75rem; margin: 0 0 .625rem; text-align: start;
  padding: .75rem 1.125rem; font: inherit; font-size: 1.125rem; color: var(--accent);
  background: var(--card); border: 1px solid var(--line); border-radius: 14px; cursor: pointer; }
button:first-of-type { color: var(--on); background: var(--accent); border-color: var(--accent); }
button small { display: block; font-size: .875rem; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
"""
_STYLE_ELEMENT = re.compile(r"<style>(.*?)</style>", re.DOTALL)
Lang = Literal["da", "en"]
PageHandler = Callable[[web.Request], Awaitable[web.Response]]


def routes(
    downloads: Downloads, told: Report, limit: RequestLimit | None = None
) -> list[web.RouteDef]:
    """Return the routes. `told` gets the kind of a failure, and nothing of the request."""
    limit = limit or RequestLimit(fewest=ON_A_LINK, most=ON_A_LINK)

    async def page(request: web.Request) -> web.Response:
        language = _language(request)
        offered = await downloads.page(request.match_info["token"], language)
        return _html(offered, 200) if offered else gone(request)

    def gone(request: web.Request) -> web.Response:
        limit.leads_nowhere(request.match_info["token"])
        return _html(downloads.gone(_language(request)), 404)

    async def fetch(request: web.Request) -> web.Response:
        form = await request.post()
        choice = form.get("as", "")
        token = request.match_info["token"]
        fetched = await downloads.fetch(token, choice if isinstance(choice, str) else "")
        return gone(request) if fetched is None else _file(fetched)

    def guarded(handler: PageHandler) -> PageHandler:
        async def answered(request: web.Request) -> web.Response:
            if not limit.lets(request.match_info["token"]):
                return _html(downloads.failed(_language(request)), 429)
            try:
                return await handler(request)
            except Exception as error:
                told("download", type(error).__name__)
                return _html(downloads.failed(_language(request)), 503)

        return answered

    return [
        web.get("/d/{token}", guarded(page)),
        web.post("/d/{token}", guarded(fetch)),
    ]


def _html(page: FilePage, status: int) -> web.Response:
    buttons = "".join(
        f'<button name="as" value="{escape(one.value)}">{escape(one.label)}'
        f"<small>{escape(one.name)}</small></button>"
        for one in page.choices
    )
    lead, *rest = (escape(line) for line in page.lines)
    body = (
        f'<!doctype html><html lang="{page.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)} · Digi</title><style>{STYLE}</style></head>"
        f'<body><main><p class="digi">Digi</p><h1 dir="auto">{escape(page.title)}</h1><p>{lead}</p>'
        + (f'<form method="post">{buttons}</form>' if buttons else "")
        + "".join(f'<p class="muted">{line}</p>' for line in rest)
        + "</main></body></html>"
    )
    headers = {**STRICT, "Content-Security-Policy": policy(body)}
    return web.Response(
        status=status, text=body, content_type="text/html", charset="utf-8", headers=headers
    )


def _file(file: FetchedFile) -> web.Response:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", file.name)
    how = "inline" if file.opens else "attachment"
    named = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    headers = {**STRICT, "Content-Disposition": named, "Content-Type": file.media_type}
    shown = file.body.decode() if file.opens else ""
    headers["Content-Security-Policy"] = policy(shown)
    return web.Response(body=file.body, headers=headers)


def policy(html: str) -> str:
    """Return a policy that allows nothing but the style sheets that stand in the page, by their
    hashes, and a form to the page itself."""
    hashes = {
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        for style in _STYLE_ELEMENT.findall(html)
    }
    styles = " ".join(f"'sha256-{one}'" for one in sorted(hashes)) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )


def _language(request: web.Request) -> Lang:
    return "en" if request.headers.get("Accept-Language", "").lower().startswith("en") else "da"
