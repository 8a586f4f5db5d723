"""The phone of somebody without a chat: it shows the real page of the project, in a frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.platforms.web.playground.wire import json_answer

PagePath = Callable[[], Awaitable[str]]
"""Returns the path of the project's page; "" while there is none."""
POLICY = "Content-Security-Policy"


async def no_page() -> str:
    return ""


def phone_handler(path: PagePath) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def phone(request: web.Request) -> web.Response:
        return json_answer({"path": await path()})

    return phone


async def let_the_phone_show_it(request: web.Request, response: web.StreamResponse) -> None:
    """Let the playground frame the page. Anywhere else nobody may."""
    if request.path.startswith("/b/") and POLICY in response.headers:
        told = response.headers[POLICY]
        response.headers[POLICY] = told.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
