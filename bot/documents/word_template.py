"""The empty Word document that every document begins as: A4, our styles, no author."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import docx
from docx import document as word_document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from bot.documents.plain import LANGUAGES, clean
from dialogs.model.cards import plain
from dialogs.model.documents import FinishedDocument

FONT = "Calibri"
INK, MUTED, ACCENT = (RGBColor.from_string(one) for one in ("1D2321", "59615D", "0B5D54"))
MARGIN = Mm(20)
ACROSS = Mm(210) - 2 * MARGIN
SMALL, RULED, LABEL = "Digi Small", "Digi Ruled Line", "Digi Label"
# Parts of python-docx's template that hold somebody else's picture, settings and styles.
_NOT_OURS = ("thumbnail", "customXml", "stylesWithEffects", "webSettings")


def element(tag: str, /, **attributes: str) -> Any:
    """Return an element of the w: namespace with attributes of it."""
    made = OxmlElement(f"w:{tag}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def empty(document: FinishedDocument) -> word_document.Document:
    word = docx.Document()
    for part in (word.part, word.part.package):
        for id, found in list(part.rels.items()):
            if found.reltype.endswith(_NOT_OURS):
                del part.rels[id]
    _set_properties(word, document)
    _set_language(word, LANGUAGES[document.language])
    _set_page(word)
    _set_styles(word)
    return word


def _set_properties(word: word_document.Document, document: FinishedDocument) -> None:
    """Say what it is, and nobody's name; its time is the day alone."""
    about, day = word.core_properties, datetime.combine(document.day, time())
    about.title, about.subject = clean(plain(document.title)), clean(plain(document.project))
    about.author = about.last_modified_by = about.comments = about.keywords = ""
    about.language = LANGUAGES[document.language]
    about.created = about.modified = day
    about.revision = 1


def _set_language(word: word_document.Document, language: str) -> None:
    defaults = word.styles.element.find(qn("w:docDefaults"))
    for spoken in defaults.iter(qn("w:lang")):
        spoken.set(qn("w:val"), language)
        spoken.set(qn("w:eastAsia"), language)
    settings = word.settings.element
    # Its schema wants a figure even where the page is fitted to the window.
    settings.find(qn("w:zoom")).set(qn("w:percent"), "100")
    settings.find(qn("w:themeFontLang")).set(qn("w:val"), language)
    decimal, lists = (",", ";") if language == "da-DK" else (".", ",")
    settings.find(qn("w:decimalSymbol")).set(qn("w:val"), decimal)
    settings.find(qn("w:listSeparator")).set(qn("w:val"), lists)
    for one in settings.iter(qn("w:compatSetting")):
        if one.get(qn("w:name")) == "compatibilityMode":
            one.set(qn("w:val"), "15")  # otherwise Word opens it in an older version's mode
    # Danish has words longer than a narrow cell.
    settings.find(qn("w:defaultTabStop")).addnext(element("autoHyphenation"))


def _set_page(word: word_document.Document) -> None:
    page = word.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = MARGIN
    page.bottom_margin = Mm(22)
    page.header_distance = page.footer_distance = Mm(10)


def _set_styles(word: word_document.Document) -> None:
    _style(word, "Normal", 11, INK, after=6)
    _style(word, "Title", 24, INK, after=2, bold=True)
    _style(word, "Subtitle", 11, MUTED, after=12)
    _style(word, "Heading 1", 16, ACCENT, before=18, after=6, bold=True)
    _style(word, "Heading 2", 13, ACCENT, before=12, after=4, bold=True)
    _style(word, "TOC Heading", 13, ACCENT, before=12, after=4, bold=True)
    _style(word, "Quote", 11, INK, after=6)
    _style(word, "List Bullet", 11, INK, after=3)
    _style(word, "List Number", 11, INK, after=3)
    _style(word, "Footer", 9, MUTED)
    word.styles["Footer"].paragraph_format.tab_stops.clear_all()
    border = word.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        border.getparent().remove(border)
    quoted = word.styles["Quote"]
    quoted.paragraph_format.left_indent = Mm(6)
    _add_borders(quoted, "12", "8", "left")
    for name, based in ((SMALL, "Normal"), (LABEL, "Normal"), (RULED, "Normal")):
        made = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made.base_style = word.styles[based]
    _style(word, SMALL, 9.5, MUTED, after=4)
    _style(word, LABEL, 11, INK, before=9, after=0, bold=True)
    word.styles[LABEL].paragraph_format.keep_with_next = True
    _style(word, RULED, 11, INK)
    ruled = word.styles[RULED]
    ruled.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    ruled.paragraph_format.line_spacing = Mm(10)
    _add_borders(ruled, "6", "0", "bottom", "between")
    for level in (1, 2):
        _contents_style(word, level)


def _style(
    word: word_document.Document,
    name: str,
    size: float,
    color: RGBColor,
    *,
    before: float = 0,
    after: float = 0,
    bold: bool = False,
) -> None:
    style = word.styles[name]
    style.font.size, style.font.color.rgb = Pt(size), color
    style.font.bold, style.font.italic = bold, False
    style.font.cs_bold, style.font.cs_italic = bold, False
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    space = style.element.rPr.find(qn("w:spacing"))
    if space is not None:
        style.element.rPr.remove(space)  # letter spacing of the template's title
    style.paragraph_format.space_before = Pt(before)
    style.paragraph_format.space_after = Pt(after)
    style.paragraph_format.line_spacing = 1.15


def _contents_style(word: word_document.Document, level: int) -> None:
    name = f"toc {level}"  # what Word itself calls the lines of a table of contents
    made = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    made.base_style = word.styles["Normal"]
    made.paragraph_format.left_indent = Mm(6 * (level - 1))
    made.paragraph_format.space_after = Pt(2)
    made.paragraph_format.tab_stops.add_tab_stop(ACROSS, WD_TAB_ALIGNMENT.RIGHT)


def _add_borders(style: Any, size: str, space: str, *sides: str) -> None:
    borders = element("pBdr")
    for side in sides:
        borders.append(element(side, val="single", sz=size, space=space, color="8A928E"))
    style.element.get_or_add_pPr().insert_element_before(borders, *_after("pBdr"))


# The schema wants the properties of a paragraph in this order, and Word refuses some files that
# have another.
PARAGRAPH_PROPERTIES = (
    "pStyle",
    "keepNext",
    "keepLines",
    "pageBreakBefore",
    "widowControl",
    "numPr",
    "pBdr",
    "shd",
    "tabs",
    "bidi",
    "spacing",
    "ind",
    "contextualSpacing",
    "jc",
    "outlineLvl",
    "rPr",
)


def _after(name: str) -> tuple[str, ...]:
    later = PARAGRAPH_PROPERTIES[PARAGRAPH_PROPERTIES.index(name) + 1 :]
    return tuple(f"w:{one}" for one in later)


def add_property(paragraph: Any, name: str) -> None:
    """Add a property without a value to a paragraph's properties, in its place."""
    paragraph.get_or_add_pPr().insert_element_before(element(name), *_after(name))


def at_the_right(inline: Any) -> None:
    """Move a picture from its line to the right margin, with the words beside it."""
    told = {
        "distT": "0",
        "distB": "0",
        "distL": "114300",
        "distR": "0",
        "simplePos": "0",
        "relativeHeight": "1",
        "behindDoc": "0",
        "locked": "0",
        "layoutInCell": "1",
        "allowOverlap": "0",
    }
    anchor = OxmlElement("wp:anchor", attrs=told)
    anchor.append(OxmlElement("wp:simplePos", attrs={"x": "0", "y": "0"}))
    for tag, relative, where, value in (
        ("wp:positionH", "margin", "wp:align", "right"),
        ("wp:positionV", "paragraph", "wp:posOffset", "0"),
    ):
        position = OxmlElement(tag, attrs={"relativeFrom": relative})
        position.append(OxmlElement(where))
        position[0].text = value
        anchor.append(position)
    inline.getparent().replace(inline, anchor)
    for child in list(inline):
        anchor.append(child)
        if child.tag == qn("wp:extent"):
            anchor.append(OxmlElement("wp:wrapSquare", attrs={"wrapText": "left"}))
