"""Documents as HTML: one file that prints, is read aloud in order, and loads nothing."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bot.documents.html import draw
from content.language import Language
from dialogs.model import documents as d
from dialogs.model.cards import Line, Paragraph, Words
from tests.bot.documents.samples import (
    ADDRESS,
    ARABIC,
    WRITTEN,
    finished,
    localizer,
    neutral,
    with_pictures,
)

VOID = {"meta", "br", "path", "col"}


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text within them. Each that is opened
    is closed."""

    def __init__(self, drawn: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(drawn.decode())
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said: list[str] = []
        self.found.append((tag, dict(attrs), said))
        if tag not in VOID:
            self._open.append((tag, said))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, said in self._open:
            said.append(data)

    def all(self, *tags: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(said)) for tag, attrs, said in self.found if tag in tags]


def test_headings_go_down_one_level_at_a_time() -> None:
    """One h1, then h2, and h3 below it."""
    page = Page(draw(finished(more=2)))
    levels = [int(tag[1]) for tag, _, _ in page.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert 3 in levels


@pytest.mark.parametrize(("language", "code"), [("da", "da-DK"), ("en", "en-GB")])
def test_the_page_is_in_the_language_of_its_words(language: Language, code: str) -> None:
    [(attrs, _)] = Page(draw(finished(language))).all("html")
    assert attrs["lang"] == code


def test_a_table_names_its_columns() -> None:
    """The header row stands in `thead`, so that it prints on each page; the table has a name."""
    page = Page(draw(finished(agreements=60)))
    assert [said for _, said in page.all("caption")] == ["Aftaler"]
    heads = page.all("th")
    assert [said for _, said in heads] == ["Aftale", "Hvem", "Hvornår"]
    assert {attrs["scope"] for attrs, _ in heads} == {"col"}
    assert len(page.all("td")) == 3 * 60


def test_a_picture_says_what_it_shows() -> None:
    page = Page(draw(finished()))
    assert [attrs["role"] for attrs, _ in page.all("svg")] == ["img"]
    assert page.all("desc") == [({}, f"Svar fra din egen telefon: {ADDRESS}")]
    assert page.all("figcaption")[0][1] == f"Svar fra din egen telefon{ADDRESS}"


def test_a_chart_and_steps_say_their_figures_in_words() -> None:
    """Each is a picture whose description is the sentence that also stands below it."""
    page = Page(draw(with_pictures()))
    sentences = [said for _, said in page.all("desc")]
    assert "Konsekvensvurdering" in sentences[0]
    assert "værre" in sentences[1]
    assert [said for _, said in page.all("figcaption")] == sentences


def test_without_an_address_there_is_no_code() -> None:
    """Where the operator has set no address, it says so, and no code leads nowhere."""
    page = Page(draw(localizer("da", address="").document(neutral(0))))
    assert not page.all("svg")
    assert "DIGI_PUBLIC_URL" in page.all("figcaption")[0][1]


@pytest.mark.parametrize("written", WRITTEN)
def test_what_people_wrote_is_text(written: str) -> None:
    """Markup in it stays text, in a quotation and in a table."""
    page = Page(draw(finished()))
    assert (written + "– Anne Holm") in [said for _, said in page.all("blockquote")]
    assert written in [said for _, said in page.all("td")]
    assert not page.all("script", "b")


def test_the_page_loads_nothing_and_leads_nowhere() -> None:
    """No script, no file from elsewhere, no address to press; only links within the page."""
    drawn = draw(finished(more=2))
    page = Page(drawn)
    loaded = {"src", "srcset", "href", "xlink:href", "data", "action", "poster", "background"}
    told = {attrs[name] for _, attrs, _ in page.found for name in loaded & attrs.keys()}
    assert told
    assert all(one is not None and re.fullmatch(r"#s\d+", one) for one in told)
    assert not {"link", "script", "iframe", "object", "embed", "base"} & {
        t for t, _, _ in page.found
    }
    [(_, style)] = page.all("style")
    assert not re.search(r"url\(|@import|@font-face", style)
    policy = next(a["content"] for a, _ in page.all("meta") if "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_a_title_cannot_end_the_style_sheet() -> None:
    """The title stands in the style sheet, for the foot of each page, character by character."""
    title = '</style><script>alert(1)</script> " } */ \\'
    document = localizer("da").document(replace(neutral(), title=Words(title)))
    page = Page(draw(document))
    assert not page.all("script")
    assert [said for _, said in page.all("h1")] == [title]
    [(_, style)] = page.all("style")
    [said] = re.findall(r'@bottom-left { content: "([^"]*)"', style)
    assert "".join(chr(int(one, 16)) for one in said.split("\\")[1:]) == title


def test_right_to_left_text_begins_at_the_right() -> None:
    page = Page(draw(finished()))
    turned = [said for _, attrs, said in page.found if attrs.get("dir") == "rtl"]
    assert ["".join(said) for said in turned] == [ARABIC, f"{ARABIC}– Anne Holm"]


def test_the_same_document_is_the_same_file() -> None:
    assert draw(finished(more=2)) == draw(finished(more=2))


def test_the_contents_lead_to_each_heading() -> None:
    """From four sections on; each link's target is the heading of the same words."""
    assert not Page(draw(finished(more=1))).all("nav")
    page = Page(draw(finished(more=2)))
    ids = {attrs.get("id"): said for attrs, said in page.all("h2", "h3")}
    links = [(attrs["href"], said) for attrs, said in page.all("a")]
    assert len(links) == 5
    assert all(href is not None and ids[href[1:]] == said for href, said in links)


def test_what_html_cannot_hold_is_replaced() -> None:
    bad = "før\x00\ud83defter"
    document = replace(neutral(0), sections=(d.section(Words(bad)),))
    page = Page(draw(localizer("da").document(document)))
    assert page.all("h2")[0][1] == "før\ufffd\ufffdefter"


def test_no_style_stands_in_an_element() -> None:
    """Whoever serves the file allows its one style sheet by hash, and nothing else."""
    page = Page(draw(finished(more=2)))
    assert not [attrs for _, attrs, _ in page.found if "style" in attrs]
    assert sum(tag == "style" for tag, _, _ in page.found) == 1


def test_what_leads_to_something_is_on_its_page_also_in_print() -> None:
    """The name of a table and what ends with a colon; in the last passage of a section nothing."""
    told = (
        Paragraph[Line](Words("Long " * 30)),
        Paragraph[Line](Words("Said there:")),
        Paragraph[Line](Words("The name")),
        d.DataTable[Line](Words("T"), (Words("A"),), ((Words("1"),),), together=True),
        Paragraph[Line](Words("The last:")),
    )
    made = d.document(
        title=Words("t"),
        slug=Words("t"),
        project="p",
        day=date(2026, 11, 2),
        sections=(d.section(Words("S"), *told),),
    )
    page = draw(localizer("da").document(made)).decode()
    assert re.findall(r'<p class="leads said"><bdi>(.*?)</bdi></p>', page) == [
        "Said there:",
        "The name",
    ]
    assert '<table class="together">' in page
    assert ".leads, thead { break-after: avoid; }" in page
