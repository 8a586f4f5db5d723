"""The poster prints on one sheet, and another reader finds the address on it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest
import zxingcpp
from playwright.async_api import Browser, Page

from bot.core.localize import Localizer
from bot.documents.poster import STRIPS, poster_html
from content import catalogue as content
from content.language import Language
from dialogs.model.cards import Words
from dialogs.model.posters import PAPERS, FinishedPoster, Paper, finished, poster
from tests.worlds.browser import chromium
from tests.worlds.png import grey

ADDRESS = "https://digi.nordby.dk/b/7kq2m4xd6htbw3ce7kq2m4xd5htbw3ce"
FARTHER = "https://digi.hjemmeplejen.stornordby-kommune.dk/medarbejder/b/" + "7kq2m4xd" * 4
LONGEST = "Ny digital platform til dokumentation, ruteplanlægning og velfærdsteknologi nat"
SHEETS: dict[Paper, tuple[int, int]] = {"a4": (794, 1123), "a5": (559, 794)}
"""Pixels of each paper, at 96 to the inch."""
A4_INK = 96 / 25.4
OVERFLOWS = """() => [...document.querySelectorAll("header, main, .sheet, .strip, .how")]
    .filter(one => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
    .map(one => one.className || one.tagName)"""


class NoMac:
    """A poster has no buttons."""

    def mac(self, data: bytes) -> str:
        raise NotImplementedError

    def check_mac(self, data: bytes, tag: str) -> bool:
        raise NotImplementedError


def sheet(
    language: Language, name: str = "Ny omsorgsplatform", address: str = ADDRESS
) -> FinishedPoster:
    localizer = Localizer(
        content.load(),
        language,
        tenant="web:nord",
        mac=NoMac(),
        people={},
        words={},
        typed=str,
        today=date(2026, 11, 2),
    )
    return finished(poster(name, Words(address)), localizer.line, language)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def opened(browser: Browser, one: FinishedPoster, paper: Paper) -> Page:
    width, height = SHEETS[paper]
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.set_content(poster_html(one, paper))
    await page.emulate_media(media="print")
    return page


async def test_it_fills_one_sheet_in_both_languages(browser: Browser) -> None:
    """Also with the longest name and a long address, nothing is cut and no second page begins."""
    for paper in PAPERS:
        for language in ("da", "en"):
            for name, address in (("Ny omsorgsplatform", ADDRESS), (LONGEST[:80], FARTHER)):
                page = await opened(browser, sheet(language, name, address), paper)
                assert await page.evaluate(OVERFLOWS) == [], (paper, language, name)
                printed = await page.pdf(prefer_css_page_size=True, print_background=True)
                await page.close()
                assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
                [box] = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
                width, height = (float(side) / 72 * 96 for side in box)
                assert (round(width), round(height)) == pytest.approx(SHEETS[paper], abs=2)


@pytest.mark.parametrize("paper", PAPERS)
async def test_another_reader_finds_every_code_on_the_printed_page(
    browser: Browser, paper: Paper
) -> None:
    """The large one is at least three centimetres, and each strip has one of its own."""
    page = await opened(browser, sheet("da"), paper)
    found = zxingcpp.read_barcodes(grey(await page.screenshot()).view)
    assert [one.text for one in found] == [ADDRESS] * (STRIPS[paper] + 1)
    sides = sorted(
        abs(one.position.top_right.x - one.position.top_left.x) / A4_INK for one in found
    )
    assert sides[-1] >= 30
    assert sides[0] >= 17


async def test_the_hint_how_to_print_is_not_printed(browser: Browser) -> None:
    """On the screen it stands above the sheet, which fits a phone's width."""
    page = await opened(browser, sheet("en"), "a5")
    hint = page.get_by_text("Choose A5 paper")
    assert not await hint.is_visible()
    await page.emulate_media(media="screen")
    await page.set_viewport_size({"width": 390, "height": 800})
    assert await hint.is_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_words_of_people_stay_words() -> None:
    """A project's name is escaped wherever it stands."""
    drawn = poster_html(sheet("da", name='<b>"Ny" & bedre</b>'), "a4")
    assert "<b>&quot;" not in drawn.replace("&lt;", "")
    assert '<b>"Ny"' not in drawn
    assert drawn.count("&lt;b&gt;&quot;Ny&quot; &amp; bedre&lt;/b&gt;") >= 1 + STRIPS["a4"]


def test_it_needs_nothing_from_elsewhere() -> None:
    """No script, no picture, no font and no link: it can be served under the strictest policy."""
    drawn = poster_html(sheet("da"), "a4")
    assert not re.search(r"<(script|img|link|iframe|a)\b|url\(|@import|javascript:|\son\w+=", drawn)
    assert 'lang="da"' in drawn
    assert "Hæng den også i rengøringsrummet." in drawn
