"""The chart of a survey of sixteen statements is divided between its bars, so that no page's end
cuts one."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import docx
import pytest
from docx.shared import Mm
from msgspec.structs import replace

from bot.documents import docx as word
from bot.documents import html
from bot.documents.pictures import TALLEST, WIDE, picture_svg, rows_of_pages
from content import catalogue as content
from content.model import Item
from dialogs.exercise import survey_results as survey
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.model import documents as d
from dialogs.model.cards import Said, Spans, plain
from dialogs.model.pictures import Bar, Chart
from tests.bot.documents.samples import localizer, neutral
from tests.bot.documents.test_pictures import CHART, STEPS, texts
from tests.worlds.browser import chromium

INK = 96 / 25.4
PAGE, ACROSS = (297 - 18 - 20) * INK, 170 * INK
"""What a printed page of A4 has room for between its margins, in pixels."""


def statements(*, whole: bool) -> tuple[Item, ...]:
    """Return the pitfalls: by their names, or by their whole texts of several lines."""
    items = content.load().set("pitfalls").items
    return tuple(replace(item, name=None) for item in items) if whole else items


def document(*, whole: bool) -> d.FinishedDocument:
    """Return a document with the answers of forty to the pitfalls."""
    items, guide = statements(whole=whole), content.load().set("pitfalls").guide
    assert guide is not None
    tallies = tuple(
        StatementTally(item.id, yes=5 * (n % 4) + 5, between=10, no=25 - 5 * (n % 4))
        for n, item in enumerate(items)
    )
    chart = survey.chart(SurveyCount(40, tallies), items, guide.scale)
    assert chart is not None
    section = d.section(Said("Det svarede I", "What you answered"), chart)
    return localizer("da").document(replace(neutral(0), sections=(section,)))


def chart_in(one: d.FinishedDocument) -> Chart[Spans]:
    [found] = [part for part in one.sections[0].passages if isinstance(part, Chart)]
    return found


@pytest.mark.parametrize("ground", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_each_drawing_is_lower_than_a_page_and_each_bar_in_one(whole: bool, ground: bool) -> None:
    """Each has the title and what its patterns mean."""
    chart = chart_in(document(whole=whole))
    pages = rows_of_pages(chart, ground=ground)
    assert len(pages) > 1
    for rows in pages:
        svg = picture_svg(chart, ground=ground, rows=rows)
        assert float(ElementTree.fromstring(svg).attrib["height"]) <= TALLEST
        read = ["".join(one.itertext()) for one in texts(svg)]
        assert read[0] == plain(chart.title)
        assert read[-3:] == ["Enig", "Resten", "Uenig"]
    bars = [bar for rows in pages if rows for bar in chart.bars[slice(*rows)]]
    assert tuple(bars) == chart.bars


def test_a_bar_is_as_long_as_in_the_whole_chart() -> None:
    """Those of two pages can be compared."""
    chart = replace(CHART, bars=(Bar(CHART.title, (10, 5, 10)), Bar(CHART.title, (20, 20, 10))))
    short, long = (
        max(map(float, re.findall(r'<rect[^>]* width="([\d.]+)"[^>]* rx="5.5"', svg)))
        for svg in (picture_svg(chart, rows=(0, 1)), picture_svg(chart, rows=(1, 2)))
    )
    assert short == pytest.approx(long / 2, abs=1)


def test_a_picture_that_a_page_holds_is_drawn_once() -> None:
    """A short chart, the steps, and a chart without bars."""
    assert rows_of_pages(CHART) == ((0, len(CHART.bars)),)
    assert rows_of_pages(STEPS) == (None,)
    assert rows_of_pages(replace(CHART, bars=())) == (None,)


@pytest.mark.parametrize("whole", [False, True])
async def test_a_page_printed_by_a_browser_holds_each_drawing(whole: bool) -> None:
    """With the heading above it, and the print keeps each drawing on one page."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": round(ACROSS), "height": round(PAGE)})
        await page.emulate_media(media="print")
        await page.set_content(html.draw(document(whole=whole)).decode())
        drawn = await page.evaluate(
            """() => [...document.querySelectorAll(".drawn svg")].map(one => [
                one.getBoundingClientRect().height, getComputedStyle(one).breakInside])"""
        )
        heading = await page.locator("h2").bounding_box()
    assert len(drawn) > 1
    assert heading is not None
    assert all(2 * heading["height"] + height <= PAGE for height, _ in drawn)
    assert {kept for _, kept in drawn} == {"avoid"}


@pytest.mark.parametrize("whole", [False, True])
def test_a_page_in_word_holds_each_drawing(whole: bool) -> None:
    """With the heading above it; every one says what it shows."""
    found = docx.Document(BytesIO(word.draw(document(whole=whole))))
    drawn = found.inline_shapes
    assert len(drawn) > 1
    assert all(one.width == Mm(170) and one.height <= Mm(225) for one in drawn)
    assert all(one._inline.docPr.get("descr") for one in drawn)
    assert round(TALLEST * 170 / WIDE) <= 225
