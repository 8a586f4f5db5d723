"""Documents as DOCX: what Word, LibreOffice and a screen reader find in the file."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree
from msgspec.structs import replace

from bot.documents.docx import draw
from content.language import Language
from dialogs.model import documents as d
from dialogs.model.cards import Bullets, Line, Paragraph, Quote, Small, Words
from tests.bot.documents.samples import (
    ADDRESS,
    ARABIC,
    EMOJI,
    LONG,
    MARKUP,
    WRITTEN,
    finished,
    localizer,
    neutral,
    with_pictures,
)

W = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main"}

# The order that ECMA-376 asks for, for what we write; Word calls a file with another one damaged.
ORDER = {
    "pPr": (
        "pStyle",
        "keepNext",
        "keepLines",
        "pageBreakBefore",
        "framePr",
        "widowControl",
        "numPr",
        "suppressLineNumbers",
        "pBdr",
        "shd",
        "tabs",
        "suppressAutoHyphens",
        "bidi",
        "adjustRightInd",
        "snapToGrid",
        "spacing",
        "ind",
        "contextualSpacing",
        "mirrorIndents",
        "jc",
        "textAlignment",
        "outlineLvl",
        "rPr",
        "sectPr",
    ),
    "rPr": (
        "rStyle",
        "rFonts",
        "b",
        "bCs",
        "i",
        "iCs",
        "caps",
        "smallCaps",
        "noProof",
        "color",
        "spacing",
        "w",
        "kern",
        "position",
        "sz",
        "szCs",
        "u",
        "rtl",
        "cs",
        "lang",
    ),
    "tblPr": (
        "tblStyle",
        "bidiVisual",
        "tblStyleRowBandSize",
        "tblStyleColBandSize",
        "tblW",
        "jc",
        "tblInd",
        "tblBorders",
        "shd",
        "tblLayout",
        "tblCellMar",
        "tblLook",
        "tblCaption",
        "tblDescription",
    ),
}


@cache
def sample(language: Language = "da", agreements: int = len(WRITTEN), more: int = 0) -> bytes:
    return draw(finished(language, agreements, more))


def parts(drawn: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(drawn)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def body(drawn: bytes, part: str = "word/document.xml") -> Any:
    return etree.fromstring(parts(drawn)[part])


def said(drawn: bytes) -> list[str]:
    """Return the text of each paragraph, in tables too."""
    found = []
    for paragraph in body(drawn).iter(qn("w:p")):
        pieces = [
            "\n" if one.tag == qn("w:br") else "\t" if one.tag == qn("w:tab") else one.text or ""
            for one in paragraph.iter(qn("w:t"), qn("w:br"), qn("w:tab"))
        ]
        found.append("".join(pieces))
    return found


def test_headings_have_the_styles_that_navigation_follows() -> None:
    """Title, Heading 1 and Heading 2 are Word's own, in the order of the document."""
    word = docx.Document(BytesIO(sample()))
    named = [(p.style.name, p.text) for p in word.paragraphs if p.style is not None]
    assert [one for one in named if one[0] in ("Title", "Heading 1", "Heading 2")] == [
        ("Title", "Ugens ark"),
        ("Heading 1", "Spørgsmålet"),
        ("Heading 1", "Aftaler"),
        ("Heading 2", "Det, der er svaret"),
    ]


@pytest.mark.parametrize(("language", "code"), [("da", "da-DK"), ("en", "en-GB")])
def test_the_language_is_that_of_the_words(language: Language, code: str) -> None:
    """A screen reader picks its voice by it, and Word its dictionary."""
    drawn = sample(language)
    default = body(drawn, "word/styles.xml").xpath("//w:docDefaults//w:lang/@w:val", namespaces=W)
    assert default == [code]
    assert docx.Document(BytesIO(drawn)).core_properties.language == code
    footer = "".join(body(drawn, "word/footer1.xml").xpath("//w:t/text()", namespaces=W))
    assert footer == {"da": "Ugens arkSide 1 af 1", "en": "Ugens arkPage 1 of 1"}[language]


def test_a_table_repeats_its_header_and_breaks_no_row() -> None:
    """Each table has one header row, which stands on every page; it has a name of its own."""
    [table] = body(sample(agreements=60)).iter(qn("w:tbl"))
    rows = table.findall(qn("w:tr"))
    assert len(rows) == 61
    assert [row.find(".//w:tblHeader", W) is not None for row in rows] == [True] + 60 * [False]
    assert all(row.find(".//w:cantSplit", W) is not None for row in rows)
    assert table.xpath("./w:tblPr/w:tblCaption/@w:val", namespaces=W) == ["Aftaler"]


def test_a_picture_says_what_it_shows() -> None:
    """The QR code has a title and a description with its address, which also stands below it."""
    drawn = sample()
    [picture] = body(drawn).iter("{*}docPr")
    assert picture.get("title") == "Svar fra din egen telefon"
    assert picture.get("descr") == f"Svar fra din egen telefon: {ADDRESS}"
    assert f"Svar fra din egen telefon\n{ADDRESS}" in said(drawn)


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_chart_and_steps_say_their_figures_in_words(language: Language) -> None:
    """Each is a picture whose description is the sentence that also stands below it."""
    drawn = draw(with_pictures(language))
    shown = list(body(drawn).iter("{*}docPr"))
    assert len(shown) == 2
    names = {"da": ("Konsekvensvurdering", "værre"), "en": ("Assessment", "worse")}
    for picture, name in zip(shown, names[language], strict=True):
        assert name in picture.get("descr")
        assert picture.get("descr") in said(drawn)
        assert picture.get("title")
    assert sum(name.endswith(".png") for name in parts(drawn)) == 2
    assert draw(with_pictures(language)) == drawn


def test_without_an_address_there_is_no_code() -> None:
    """Where the operator has set no address, it says so, and no code leads nowhere."""
    drawn = draw(localizer("da", address="").document(neutral(0)))
    assert not list(body(drawn).iter("{*}docPr"))
    assert any("DIGI_PUBLIC_URL" in one for one in said(drawn))


@pytest.mark.parametrize("more", [0, 1, 2, 30])
def test_a_long_document_lists_its_headings_first(more: int) -> None:
    """From four sections on there is a table of contents, a field whose lines lead to headings."""
    drawn = sample(more=more)
    tree = body(drawn)
    field = [one.text for one in tree.iter(qn("w:instrText"))]
    if more < 2:
        assert not field
        return
    assert field == [' TOC \\o "1-2" \\h \\z \\u ']
    leads = [one.get(qn("w:anchor")) for one in tree.iter(qn("w:hyperlink"))]
    marks = {
        mark.get(qn("w:name")): "".join(mark.getparent().xpath(".//w:t/text()", namespaces=W))
        for mark in tree.iter(qn("w:bookmarkStart"))
    }
    told = [
        "".join(one.xpath(".//w:t/text()", namespaces=W)) for one in tree.iter(qn("w:hyperlink"))
    ]
    assert [marks[one] for one in leads] == told
    assert len(told) == 3 + more
    assert {one.get(qn("w:fldCharType")) for one in tree.iter(qn("w:fldChar"))} == {
        "begin",
        "separate",
        "end",
    }


@pytest.mark.parametrize("written", WRITTEN)
def test_what_people_wrote_stands_as_they_wrote_it(written: str) -> None:
    """Markup, formulas, emoji and long words are plain text, in a quotation and in a table."""
    drawn = sample()
    assert f"{written}\n– Anne Holm" in said(drawn)
    assert written in said(drawn)
    for run in body(drawn).iter(qn("w:r")):
        if written in "".join(run.itertext()):
            assert run.find(".//w:b", W) is None


def test_what_xml_cannot_hold_is_replaced() -> None:
    """A stray control character or half an emoji must not make the file unreadable."""
    bad = "før\x00\x0b\x1b\ud83defter\r\nny"
    document = replace(neutral(0), title=Words(bad), sections=(d.section(Words(bad)),))
    drawn = draw(localizer("da").document(document))
    assert said(drawn)[0] == "før\ufffd\n\ufffd\ufffdefter\nny"


def test_right_to_left_text_begins_at_the_right() -> None:
    """Its paragraph and its run say so; Danish ones do not."""
    tree = body(sample())
    turned = {
        "".join(p.itertext())
        for p in tree.iter(qn("w:p"))
        if p.find("./w:pPr/w:bidi", W) is not None
    }
    assert turned == {f"{ARABIC}– Anne Holm", ARABIC}
    runs = {
        "".join(r.itertext()) for r in tree.iter(qn("w:r")) if r.find(".//w:rtl", W) is not None
    }
    assert runs == {ARABIC}


def test_each_numbered_list_begins_at_one() -> None:
    """Word otherwise counts on from the list before."""
    items: Bullets[Line] = Bullets((Words("a"), Words("b")), numbered=True)
    twice = d.section(Words("To"), items, items)
    drawn = draw(localizer("da").document(replace(neutral(0), sections=(twice,))))
    used = body(drawn).xpath("//w:numPr/w:numId/@w:val", namespaces=W)
    assert len(used) == 4
    assert used[0] == used[1] != used[2] == used[3]
    numbering = body(drawn, "word/numbering.xml")
    for id in set(used):
        [start] = numbering.xpath(
            f"//w:num[@w:numId='{id}']/w:lvlOverride/w:startOverride/@w:val", namespaces=W
        )
        assert start == "1"


def test_there_is_room_to_write_on_ruled_lines() -> None:
    """Three lines below the label, two below each item that is filled in by hand; each 10 mm."""
    drawn = sample()
    word = docx.Document(BytesIO(drawn))
    styles = [p.style.name for p in word.paragraphs if p.style is not None]
    assert styles.count("Digi Ruled Line") == 3 + 2
    ruled = word.styles["Digi Ruled Line"].paragraph_format
    assert round(ruled.line_spacing.mm) == 10


def test_the_same_document_is_the_same_file() -> None:
    """No time and nothing drawn by chance is in it, so that two copies can be compared."""
    first, second = sample(more=2), draw(finished(more=2))
    assert first == second
    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_file_names_no_author_and_leads_nowhere() -> None:
    """Its properties tell the title and the day; no part refers to anything outside of the file."""
    drawn = sample(more=2)
    about = docx.Document(BytesIO(drawn)).core_properties
    assert (about.author, about.last_modified_by, about.comments) == ("", "", "")
    assert (about.title, about.subject) == ("Ugens ark", "Ny omsorgsplatform")
    assert about.created is not None
    assert about.created.isoformat().startswith("2026-11-24T00:00:00")
    for name, content in parts(drawn).items():
        assert b'TargetMode="External"' not in content
        if name.endswith((".xml", ".rels")):
            tree = etree.fromstring(content)
            assert not tree.xpath("//*[local-name()='attachedTemplate']")
        assert "python-docx" not in content.decode("utf-8", "replace"), name
    assert not any("thumbnail" in name for name in parts(drawn))


def test_properties_stand_in_the_order_of_the_schema() -> None:
    """Word refuses what LibreOffice forgives."""
    drawn = sample(more=2)
    for part in ("word/document.xml", "word/styles.xml", "word/footer1.xml"):
        for kind, order in ORDER.items():
            for one in body(drawn, part).iter(qn(f"w:{kind}")):
                names = [child.tag.rpartition("}")[2] for child in one]
                known = [name for name in names if name in order]
                assert len(known) == len(set(known)), f"{part}: {names}"
                assert known == sorted(known, key=order.index), f"{part}: {names}"
                if part == "word/document.xml":
                    assert known == names, f"{part}: {set(names) - set(order)} is not in ORDER"


def test_settings_say_what_their_schema_requires() -> None:
    """The schema requires a zoom to be a figure, which the template that it is made from leaves
    out."""
    settings = body(sample(), "word/settings.xml")
    assert [one.get(qn("w:percent")) for one in settings.iter(qn("w:zoom"))] == ["100"]


def test_the_words_of_the_samples_are_what_they_are_called() -> None:
    assert re.search("[\u0600-\u06ff]", ARABIC)
    assert "🎉" in EMOJI
    assert len(LONG) > 200
    assert "<script>" in MARKUP


def test_the_code_stands_at_the_right_beside_the_words() -> None:
    """It takes no lines of its own, and what is written on by hand begins below it."""
    tree = body(sample())
    [picture] = tree.iter("{*}anchor")
    assert picture.xpath("string(./*[local-name()='positionH']/*)") == "right"
    children = [one.tag.rpartition("}")[2] for one in picture]
    assert children == [
        "simplePos",
        "positionH",
        "positionV",
        "extent",
        "wrapSquare",
        "docPr",
        "cNvGraphicFramePr",
        "graphic",
    ]
    [clear] = tree.xpath("//w:br[@w:clear='all']", namespaces=W)
    assert clear.getparent().tag == qn("w:r")


def drawn_of(*passages: d.Passage[Line]) -> bytes:
    made = d.document(
        title=Words("t"),
        slug=Words("t"),
        project="p",
        day=date(2026, 11, 2),
        sections=(d.section(Words("S"), *passages),),
    )
    return draw(localizer("da").document(made))


def table_of(*rows: tuple[str, ...], together: bool = False) -> d.DataTable[Line]:
    header = (*(Words("A") for _ in rows[0]),)
    cells = tuple(tuple(Words(cell) for cell in row) for row in rows)
    return d.DataTable[Line](Words("T"), header, cells, together=together)


def test_what_leads_to_something_stays_on_its_page() -> None:
    """The paragraph before a table or a quotation is kept with it, and what introduces a section,
    or ends with a colon, with what follows; any other is not."""
    drawn = drawn_of(
        Small[Line](Words("What it is")),
        Paragraph[Line](Words("Before text")),
        Paragraph[Line](Words("The name")),
        table_of(("1",)),
        Small[Line](Words("After it")),
        Paragraph[Line](Words("Said there:")),
        Paragraph[Line](Words("Who said it")),
        Quote[Line](Words("Words")),
        Paragraph[Line](Words("The last:")),
    )
    word = docx.Document(BytesIO(drawn))
    kept = {one.text for one in word.paragraphs if one.paragraph_format.keep_with_next}
    assert kept == {"What it is", "The name", "Said there:", "Who said it"}
    short = docx.Document(BytesIO(drawn_of(Paragraph[Line](Words("31")), Quote[Line](Words("Q")))))
    assert [one.text for one in short.paragraphs if one.paragraph_format.keep_with_next] == ["31"]
    long = (Paragraph[Line](Words("Long " * 30)), Paragraph[Line](Words("Next")))
    word = docx.Document(BytesIO(drawn_of(*long)))
    assert not [one for one in word.paragraphs if one.paragraph_format.keep_with_next]


def test_a_table_that_tells_of_one_thing_stays_on_one_page() -> None:
    """Each row but the last is kept with the next one; in other tables none is."""
    rows = (("For whom", "Everybody"), ("When", "In May"))
    for together, kept in ((True, [True, True, None]), (False, [None, None, None])):
        [table] = docx.Document(BytesIO(drawn_of(table_of(*rows, together=together)))).tables
        for column in table.columns:
            found = [cell.paragraphs[0].paragraph_format.keep_with_next for cell in column.cells]
            assert found == kept


def test_a_row_of_more_than_half_a_page_may_go_on_on_the_next() -> None:
    """LibreOffice would otherwise print a row of more than a page over its lower edge."""
    rows = (("Short", "x " * 300), ("Long", "x " * 2000))
    [table] = body(drawn_of(table_of(*rows))).iter(qn("w:tbl"))
    whole = [row.find(".//w:cantSplit", W) is not None for row in table.findall(qn("w:tr"))]
    assert whole == [True, True, False]
