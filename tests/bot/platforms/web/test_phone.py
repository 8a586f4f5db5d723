"""The playground's person without a chat: her phone shows the real page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.bot.platforms.web.test_browser_course import Served, begin, press, window, windows
from tests.worlds.web_page import write

CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    found = Served(tmp_path)
    await found.start()
    yield found
    await found.kill()


async def choose(page: Page, person: str) -> None:
    await page.locator("#people").get_by_role("button", name=person).click()


async def test_the_phone_shows_the_page_and_the_poster_opens(
    browser: Browser, served: Served
) -> None:
    """Without a page the phone says how one is opened. With one, Grethe says something in it and
    gets a code; the poster opens in a window of its own, with its style, ready to print."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        await begin(anne)
        await choose(anne, "Grethe Sand")
        phone = anne.locator("#phone")
        await expect(phone).to_contain_text("skriv /digi qr")
        await expect(anne.locator("#composer")).to_be_hidden()

        await choose(anne, "Anne Holm")
        await expect(anne.locator("#composer")).to_be_visible()
        await expect(phone).to_be_hidden()
        await write(anne, "/digi qr")
        await press(anne, "Åbn siden")
        await expect(anne.get_by_text("Siden er åben.")).to_be_visible()

        await choose(anne, "Grethe Sand")
        shown = anne.frame_locator("#phone iframe")
        await expect(shown.get_by_role("heading", level=1)).to_have_text("Ny omsorgsplatform")
        await shown.get_by_role("link", name="Sig det uden navn").click()
        await shown.get_by_label("Bekymring").check()
        await shown.get_by_label("Din tekst").fill("Lyset slukker, mens jeg gør rent.")
        await shown.get_by_label("alle, i ugens overblik").check()
        await shown.get_by_role("button", name="Send").click()
        await expect(shown.get_by_text(CODE).first).to_be_visible()
        alone = phone.get_by_role("link", name="Åbn siden i et vindue for sig")
        assert re.fullmatch(r"/b/[a-z2-7]{32}\?l=da", await alone.get_attribute("href") or "")

        await choose(anne, "Anne Holm")
        await write(anne, "/digi qr")
        await press(anne, "Vis plakaten")
        async with context.expect_page() as opened:
            await anne.locator("#log").locator("a[href*='/d/']").last.click()
        poster = await opened.value
        await poster.get_by_role("button", name="A4 på dansk").click()
        await expect(poster.get_by_role("heading", level=1)).to_have_text("Sig, hvad du tænker")
        header = poster.locator("header")
        await expect(header).to_have_css("background-color", "rgb(226, 238, 234)")
        await expect(poster.get_by_role("img", name="QR-kode til siden")).to_be_visible()


async def test_the_phone_works_on_a_phone_and_by_keyboard(browser: Browser, served: Served) -> None:
    """At 390 px she is chosen from the list; nothing is wider than the screen, and the skip link
    leads to the phone."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        await begin(anne)
        await write(anne, "/digi qr")
        await press(anne, "Åbn siden")
        await anne.set_viewport_size({"width": 390, "height": 800})
        await anne.locator("#person-select").select_option("grethe")
        frame = anne.locator("#phone iframe")
        await expect(frame).to_be_visible()
        await expect(frame).to_have_attribute("title", "Siden på telefonen: Grethe Sand")
        assert await anne.evaluate("document.documentElement.scrollWidth") <= 390
        box = await frame.bounding_box()
        assert box is not None
        assert box["width"] >= 320
        assert await anne.locator("#skip").get_attribute("href") == "#phone"
        await anne.locator("#person-select").select_option("anne")
        await expect(anne.locator("#log")).to_be_visible()
        await expect(frame).to_be_hidden()


async def test_only_the_playground_may_frame_the_page(browser: Browser, served: Served) -> None:
    """The page's own policy lets this playground frame it, and the playground lets nobody."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        answer = await anne.request.get(f"{served.url}/b/{'a' * 32}")
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        answer = await anne.request.get(f"{served.url}/")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
