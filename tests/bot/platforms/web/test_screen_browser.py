"""The screen of a meeting in a real browser, on a projector of 1024 × 768."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.bot.cli.test_app import free_port
from tests.worlds.browser import CONTRAST
from tests.worlds.screens import (
    ENDS,
    LANES,
    Room,
    a_room,
    fake_run,
    serving_screens,
)

NOTES = (
    *(f"{lane} b2 Færre ture til kontoret" for lane, _ in LANES),
    *(f"{lane} w Tiden er talt på forhånd" for lane, _ in LANES),
    *(f"{lane} t Vi lærer det af hinanden" for lane, _ in LANES),
)

TYPE = """() => [...document.querySelectorAll(".words, h1, h2")].map(
  node => parseFloat(getComputedStyle(node).fontSize))"""
EDGES = """() => ["today", "better", "worse"].map(kind => {
  const note = document.querySelector(`.note.${kind}`);
  const style = getComputedStyle(note);
  return [style.borderInlineStartStyle, parseFloat(style.borderInlineStartWidth) >= 8,
    getComputedStyle(note.querySelector(".kind")).textTransform];
})"""


@pytest.fixture(autouse=True)
def run_of_an_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch)


@asynccontextmanager
async def wall(
    browser: Browser, address: str, *, scheme: str = "light", script: bool = True
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        viewport={"width": 1024, "height": 768},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="da",
        java_script_enabled=script,
    )
    try:
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content" in said.text else None)
        await page.goto(address)
        yield page
        assert wrong == []
        assert await context.cookies() == []
    finally:
        await context.close()


def at(room: Room, query: str = "") -> str:
    return f"{room.url}/s/{room.token}{query}"


async def test_the_wall_follows_by_itself(tmp_path: Path, browser: Browser) -> None:
    """What is written shows without anybody touching it; the clock runs, and stops at nothing."""
    async with a_room(tmp_path / "home") as room, wall(browser, at(room)) as page:
        await expect(page.locator(".clock")).to_have_text(re.compile(r"18:3\d"))
        await room.write("own b Jeg kan selv bytte besøg")
        await expect(page.locator(".words")).to_have_text("Jeg kan selv bytte besøg")
        room.wall.at = ENDS - timedelta(seconds=2)
        await room.write("own w3 Ruten bestemmer")
        await expect(page.locator(".rank")).to_have_text("3")
        await expect(page.locator(".clock")).to_have_text("0:00")
        await expect(page.locator(".soon")).to_have_text("Tiden er gået")
        await expect(page.locator("#told")).to_have_text("Tiden er gået")


async def test_the_wall_comes_back_after_a_restart_with_what_was_written_meanwhile(
    tmp_path: Path, browser: Browser
) -> None:
    """It says that it is away, keeps what it shows, and tries again by itself."""
    port = free_port()
    async with a_room(tmp_path / "home") as room:
        await room.write("own b Før genstarten")
        serving = AsyncExitStack()
        url, _, _ = await serving.enter_async_context(
            serving_screens(room.house, room.failures, port=port)
        )
        async with serving, wall(browser, f"{url}/s/{room.token}") as page:
            await expect(page.locator(".words")).to_have_text("Før genstarten")
            await serving.aclose()
            await room.write("own w Imens")
            await expect(page.locator("#away")).to_be_visible()
            await expect(page.locator(".words")).to_have_text("Før genstarten")
            await serving.enter_async_context(serving_screens(room.house, room.failures, port=port))
            await expect(page.locator(".words")).to_have_text(["Før genstarten", "Imens"])
            await expect(page.locator("#away")).to_be_hidden()


async def test_a_wall_whose_link_is_withdrawn_says_so(tmp_path: Path, browser: Browser) -> None:
    """What was on it is gone at once."""
    async with a_room(tmp_path / "home") as room, wall(browser, at(room)) as page:
        await room.write("own b Jeg kan selv bytte besøg")
        await expect(page.locator(".words")).to_be_visible()
        await room.house.links.withdraw(room.token)
        await expect(page.locator("h1")).to_have_text("Her er ingen skærm")
        await expect(page.locator(".words")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_wall_is_read_from_the_back_of_the_room(
    tmp_path: Path, browser: Browser, scheme: str
) -> None:
    """What people wrote is at least 24 px; contrast holds in both themes; kinds differ by their
    edges and words where there is no colour; six lanes fit without scrolling."""
    async with a_room(tmp_path / "home") as room:
        await room.write(*NOTES[:12])
        async with wall(browser, at(room), scheme=scheme) as page:
            assert await page.evaluate("document.documentElement.scrollHeight") <= 768
            await room.write(*NOTES[12:])
            await expect(page.locator(".note.today").first).to_be_visible()
            for query in ("", "?lane=safe"):
                await page.goto(at(room, query))
                assert min(await page.evaluate(TYPE)) >= 24
                assert await page.evaluate(CONTRAST) == []
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                edges = await page.evaluate(EDGES)
                assert len({style for style, _, _ in edges}) == 3
                assert all(strong and shape == "uppercase" for _, strong, shape in edges)


async def test_without_javascript_the_wall_shows_all_the_same(
    tmp_path: Path, browser: Browser
) -> None:
    """One lane at a time by its links, by the keyboard alone."""
    async with a_room(tmp_path / "home") as room:
        await room.write(*NOTES)
        async with wall(browser, at(room), script=False) as page:
            await expect(page.locator(".clock")).to_have_text("18:40")
            for _ in range(20):
                await page.keyboard.press("Tab")
                if await page.locator("nav a:focus", has_text="Udviklende").count():
                    break
            await page.keyboard.press("Enter")
            await expect(page.locator("h2")).to_have_text(["Udviklende"])
            await expect(page.locator(".words")).to_have_count(3)
