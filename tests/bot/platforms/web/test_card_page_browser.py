"""The page behind a card in a real browser: a small old phone without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.bot.platforms.web.test_card_page import TO_DOTS, five_write, in_hand
from tests.bot.platforms.web.test_visitor_page_browser import RULES, SMALL, phone
from tests.worlds.browser import CONTRAST
from tests.worlds.card_holders import SURVEY


async def _is_fine(page: Page) -> None:
    where = page.url.partition("?")[2]
    assert await page.evaluate(RULES) == [], where
    assert await page.evaluate(CONTRAST) == [], where


async def _to(page: Page, label: str) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.locator(":focus", has_text=label).count():
            return
        named = page.get_by_label(label, exact=True)
        if await named.count() == 1 and await named.and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"Tab does not lead to {label}")


async def test_by_keyboard_notes_and_dots_are_sent_with_a_card(
    tmp_path: Path, browser: Browser
) -> None:
    """Nothing is pressed but Tab, space, Enter and letters; what is missing has the focus."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        async with phone(browser, phones[0].address) as page:
            await _to(page, "Skriv sedler")
            await page.keyboard.press("Enter")
            await expect(page.locator("h1")).to_have_text("Skriv sedler")
            await _to(page, "Seddel (kan springes over)")
            await page.keyboard.type("Vognen mangler om natten")
            await _to(page, "Send")
            await page.keyboard.press("Enter")
            await expect(page.locator(".summary")).to_be_focused()
            await _to(page, "Nu")
            await page.keyboard.press("Space")
            await _to(page, "Send")
            await page.keyboard.press("Enter")
            await expect(page.locator("main")).to_contain_text("Jeg har 1 seddel fra dig.")
            await played.play(TO_DOTS)
            await _to(page, "Til forsiden")
            await page.keyboard.press("Enter")
            await _to(page, "Sæt prikker")
            await page.keyboard.press("Enter")
            await _to(page, "Vognen mangler om natten")
            await page.keyboard.press("Space")
            await _to(page, "Send")
            await page.keyboard.press("Enter")
            await expect(page.locator("main")).to_contain_text("Jeg har dine prikker.")


@pytest.mark.parametrize(("scheme", "lang"), [("light", "da"), ("dark", "en")])
async def test_everybody_can_use_a_card(
    tmp_path: Path, browser: Browser, scheme: str, lang: str
) -> None:
    """Headings, labels, groups, contrast and targets, at 320 pixels and in a wide window; also the
    survey, a form with faults, and the page of a card that leads nowhere."""
    for folder, course, view in (("notes", "", "write_notes"), ("survey", SURVEY, "answer_survey")):
        home = tmp_path / folder
        home.mkdir()
        async with in_hand(home, 1, *([course] if course else [])) as (_, [card]):
            for width in (SMALL, 1280):
                async with phone(
                    browser, card.address, width=width, scheme=scheme, lang=lang
                ) as page:
                    await _is_fine(page)
                    await page.goto(f"{card.address}?v={view}")
                    await _is_fine(page)
                    await page.locator(".send").click()
                    await expect(page.locator(".summary")).to_be_visible()
                    await _is_fine(page)
                    await page.goto(card.address[:-32] + "a" * 32)
                    await _is_fine(page)
