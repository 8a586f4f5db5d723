"""A person's browser window on the playground of tests/worlds/web_fixtures.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from tests.waiting import LONG_ENOUGH
from tests.worlds.web_fixtures import (
    CHANNEL,
    World,
)

PLACE = f"channel:{CHANNEL}"
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\"> **fed** *kursiv* <!everyone> <@U1> "
    "[et link](http://example.com) &lt;b&gt; " + "x" * 400
)


@asynccontextmanager
async def window(
    browser: Browser,
    world: World,
    person: str,
    width: int = 1440,
    height: int = 900,
    *,
    breaks: bool = False,
) -> AsyncIterator[Page]:
    """Open a window. An error on the page or a request to another host fails the test."""
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    page.set_default_timeout(LONG_ENOUGH * 1000)
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    context.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{world.url}/?as={person}")
    await expect(page.locator("#person-select option")).to_have_count(15)
    yield page
    await context.close()
    assert breaks or wrong == []
    assert [url for url in asked if not url.startswith(world.url + "/")] == []


async def write(page: Page, text: str) -> None:
    await page.fill("#composer-text", text)
    await page.press("#composer-text", "Enter")
