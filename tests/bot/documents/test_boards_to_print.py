"""The board fits its sheet, and another reader finds the address on each card."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
import zxingcpp
from playwright.async_api import Browser, Page

from bot.core.localize import Localizer
from bot.documents.board_sheet import board_html
from bot.documents.card_sheet import ON_A_SHEET, cards_html
from bot.documents.files import drawables, title_of
from content import catalogue as content
from content.language import Language
from dialogs.model import boards_to_print as b
from dialogs.model.cards import BoardNote, Line, NoteSign, Words
from dialogs.model.links import LinkKind
from tests.bot.documents.samples import DAY
from tests.bot.documents.test_files import NOW
from tests.bot.documents.test_poster import FARTHER, LONGEST, NoMac
from tests.worlds.browser import chromium
from tests.worlds.png import grey

A3, A4 = (1587, 1122), (794, 1122)
"""Pixels of each paper, at 96 to the inch; A3 lies on its side."""
INK = 96 / 25.4
SIX = (
    ("Realistisk", "Kravene passer til den tid og de kræfter, man har."),
    ("Anerkendt", "Andre ser det, man gør."),
    ("Selvstændigt", "Man kan selv være med til at bestemme."),
    ("Meningsfyldt", "Arbejdet gør en forskel."),
    ("Udviklende", "Man lærer noget."),
    ("Sundt og sikkert", "Krop og sind kan holde til det."),
)
KINDS: tuple[tuple[NoteSign, str], ...] = (
    ("today", "I dag"),
    ("better", "Bedre"),
    ("worse", "Værre"),
)
OVERFLOWS = """() => [...document.querySelectorAll("*")]
    .filter(one => ["SECTION", "LI", "UL", "MAIN", "HEADER", "DIV", "H1", "H2", "P"]
      .includes(one.tagName) && !one.closest(".bar"))
    .filter(one => one.scrollHeight > one.clientHeight + 2 || one.scrollWidth > one.clientWidth + 2)
    .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`)"""


def address_of(kind: LinkKind, id: str) -> str:
    """Draw an address from the id, as the store does."""
    letters = sha256(f"{kind}{id}".encode()).hexdigest()[:32]
    return f"https://digi.nordby.dk/b/{letters}"


def far_address_of(kind: LinkKind, id: str) -> str:
    return address_of(kind, id).replace("https://digi.nordby.dk/b/", FARTHER[:-32])


def localizer(far: bool = False) -> Localizer:
    return Localizer(
        content.load(),
        "da",
        tenant="web:nord",
        mac=NoMac(),
        people={},
        words={},
        typed=str,
        today=DAY,
        address=far_address_of if far else address_of,
    )


def board(
    notes: int, said: str = "Tiden er talt på forhånd", lanes: int = 6, kinds: int = 3
) -> b.BoardToPrint[Line]:
    """Return a board with so many notes in each lane."""
    written = tuple(
        BoardNote[Line](
            Words(said),
            KINDS[n % 3][0],
            Words(KINDS[n % 3][1]),
            Words("lederens") if n == 0 else None,
        )
        for n in range(notes)
    )
    names = (SIX * 3)[:lanes]
    return b.board_to_print(
        title=Words("Det gode arbejde-kompas"),
        project="Ny omsorgsplatform",
        day=DAY,
        lanes=tuple(b.PrintedLane[Line](Words(a), Words(c), written) for a, c in names),
        kinds=tuple(b.PrintedKind[Line](Words(name), sign) for sign, name in KINDS[:kinds]),
    )


def ids(people: int) -> tuple[str, ...]:
    return tuple(f"run.{n}" for n in range(people))


def cards(people: int, title: str = "Kompasset", name: str = "Ny platform") -> b.NeutralPrint:
    return b.cards_to_print(title=Words(title), project=name, cards=ids(people))


def html(one: b.NeutralPrint, language: Language = "da", far: bool = False) -> str:
    danish, english = localizer(far).files(one, "da")
    found = danish if language == "da" else english
    if isinstance(found, b.BoardToPrint):
        return board_html(found)
    assert isinstance(found, b.CardsToPrint)
    return cards_html(found)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def opened(browser: Browser, drawn: str, size: tuple[int, int]) -> Page:
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
    await page.set_content(drawn)
    await page.emulate_media(media="print")
    return page


async def printed(page: Page) -> list[tuple[int, int]]:
    """Return the size of each printed page, in pixels."""
    drawn = await page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", drawn)
    pages = len(re.findall(rb"/Type\s*/Page\b", drawn))
    assert len(boxes) == pages
    return [(round(float(w) / 72 * 96), round(float(h) / 72 * 96)) for w, h in boxes]


# --- the board ----------------------------------------------------------------------------


@pytest.mark.parametrize("notes", [0, 2])
async def test_a_board_fills_one_sheet_of_a3(browser: Browser, notes: int) -> None:
    """In both languages, however many lanes and kinds it has, and nothing of it is cut."""
    for language in ("da", "en"):
        for lanes in (1, 4, 6, 9):
            for kinds in (0, 3):
                page = await opened(browser, html(board(notes, "Roen", lanes, kinds), language), A3)
                assert await page.evaluate(OVERFLOWS) == [], (language, lanes, kinds)
                [size] = await printed(page)
                assert size == pytest.approx(A3, abs=2)
                await page.close()


async def test_a_board_with_many_notes_takes_as_many_sheets_as_it_needs(browser: Browser) -> None:
    """All 240 are there in full, and none is divided by the end of a sheet."""
    said = "Vi mister roen om morgenen, når ruterne skifter, og det går ud over borgeren. " * 2
    page = await opened(browser, html(board(40, said)), A3)
    assert await page.evaluate(OVERFLOWS) == []
    assert await page.locator("li").count() == 240
    pages = await printed(page)
    assert len(pages) > 3
    assert set(pages) == {pages[0]}
    assert pages[0] == pytest.approx(A3, abs=2)


async def test_an_empty_lane_has_notes_of_each_kind_to_write_on(browser: Browser) -> None:
    """Each large enough for a pen: a lane with notes has none besides."""
    page = await opened(browser, html(board(0)), A3)
    assert await page.locator("li.today").count() == 12
    assert await page.locator("li.worse .kind").first.inner_text() == "▼ VÆRRE"
    boxes = [await one.bounding_box() for one in await page.locator("li").all()]
    assert all(box and box["height"] / INK >= 20 and box["width"] / INK >= 45 for box in boxes)
    await page.close()
    page = await opened(browser, html(board(1)), A3)
    assert await page.locator("li").count() == 6


# --- cards --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["da", "en"])
async def test_another_reader_finds_the_code_of_every_card(
    browser: Browser, language: Language
) -> None:
    """Each at least three centimetres, each another one, eight on a sheet."""
    page = await opened(browser, html(cards(10), language), (A4[0], 2 * A4[1]))
    found = zxingcpp.read_barcodes(grey(await page.screenshot()).view)
    assert sorted(one.text for one in found) == sorted(address_of("card", id) for id in ids(10))
    sides = [abs(one.position.top_right.x - one.position.top_left.x) / INK for one in found]
    assert min(sides) >= 30
    assert [round(h) for _, h in await printed(page)] == pytest.approx([A4[1]] * 2, abs=2)


async def test_the_longest_names_and_addresses_fit_on_a_card(browser: Browser) -> None:
    """In both languages nothing is cut but a name of more than two lines."""
    for language in ("da", "en"):
        drawn = html(cards(ON_A_SHEET, LONGEST[:60], LONGEST[:80]), language, far=True)
        page = await opened(browser, drawn, A4)
        assert [
            one for one in await page.evaluate(OVERFLOWS) if not re.match(r"P\.(title|name)", one)
        ] == []
        assert len(await printed(page)) == 1
        await page.close()


def test_cards_differ_in_their_codes_alone_and_their_order_tells_nothing() -> None:
    """No number stands on one, and the order is not the one that they were made in."""
    drawn = html(cards(40))
    found = re.findall(r"<li>.*?</li>", drawn)
    typed = [re.findall(r"<b>(.*?)</b>", one)[0].replace("<wbr>", "") for one in found]
    made = [address_of("card", id).removeprefix("https://") for id in ids(40)]
    assert sorted(typed) == sorted(made)
    assert typed != made
    assert typed == sorted(typed)
    bare = {re.sub(r"<path.*?/>|<b>.*?</b>", "", one) for one in found}
    assert len(bare) == 1
    words = re.sub(r"<[^>]+>", " ", bare.pop())
    assert not re.search(r"\d", words)
    assert html(b.cards_to_print(title=Words("x"), project="y", cards=())).count("<li>") == 0


# --- both ---------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [board(0), board(3), cards(3)])
def test_they_need_nothing_from_elsewhere(one: b.NeutralPrint) -> None:
    """No script, picture, font, link or style of an element: they are served under the strictest
    policy."""
    for language in ("da", "en"):
        drawn = html(one, language)
        assert not re.search(
            r"<(script|img|link|iframe|a)\b|url\(|@import|javascript:|\son\w+=|\sstyle=", drawn
        )
        assert f'lang="{language}"' in drawn


def test_the_words_of_people_stay_words() -> None:
    """A note and a project's name are escaped wherever they stand."""
    nasty = '<b>"Ny" & bedre</b>'
    for drawn in (html(board(2, nasty)), html(cards(2, nasty, nasty))):
        assert "<b>&quot;" not in drawn
        assert '<b>"Ny"' not in drawn
        assert drawn.count("&lt;b&gt;&quot;Ny&quot; &amp; bedre&lt;/b&gt;") >= 2


def test_both_are_offered_in_two_languages() -> None:
    """The page of the download is headed by what they are."""
    for one, ways in ((board(0), ["board_da", "board_en"]), (cards(2), ["cards_da", "cards_en"])):
        found = drawables(localizer().files(one, "da"), NOW)
        assert [each.way for each in found] == ways
        assert len({each.name for each in found}) == 2
        assert all(each.opens and each.draw().startswith(b"<!doctype html>") for each in found)
    assert title_of(localizer().files(cards(2), "da")[0]) == "Kort: Kompasset"
