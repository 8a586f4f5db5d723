"""Draws a document as DOCX, for Word and LibreOffice.

What people wrote becomes text runs and nothing else. The same document gives the same bytes.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any, assert_never

from docx import document as word_document
from docx.enum.text import WD_BREAK, WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.text import paragraph as word_text
from docx.text.run import Run

from bot.documents.pictures import WIDE, picture_png, rows_of_pages
from bot.documents.plain import (
    LETTERS_ACROSS,
    address_in,
    clean,
    column_shares,
    introduces,
    is_right_to_left,
)
from bot.documents.qr import qr_png
from bot.documents.word_template import (
    ACROSS,
    LABEL,
    RULED,
    SMALL,
    add_property,
    at_the_right,
    element,
    empty,
)
from dialogs.model.cards import (
    Bullets,
    Emph,
    Link,
    Mention,
    Paragraph,
    Quote,
    Quoted,
    Small,
    Spans,
    Strong,
    plain,
)
from dialogs.model.documents import (
    DataTable,
    FinishedDocument,
    Passage,
    Picture,
    QrCode,
    Section,
    WritingSpace,
    contents_before,
)
from dialogs.model.pictures import Chart, Steps

SHORTEST_ROOM = 2
"""Ruled lines below each item of a list that is filled in by hand."""
HALF_A_PAGE = 22
"""Lines of a row; a longer one may go on on the next page. LibreOffice prints a row that is longer
than a page and may not be divided over the lower edge of its frame."""
QR_WIDE = Mm(38)
"""With its white margin; the code itself is then 3 cm, as on a poster."""
_SINCE = (1980, 1, 1, 0, 0, 0)


def draw(document: FinishedDocument) -> bytes:
    return _Drawing(document).file()


class _Drawing:
    def __init__(self, document: FinishedDocument) -> None:
        self._document = document
        self._word: word_document.Document = empty(document)
        self._beside_picture = False
        self._before = contents_before(document)
        # python-docx looks through all styles for each paragraph.
        self._styles = {one.name: one.style_id for one in self._word.styles}
        self._marks = 0

    def file(self) -> bytes:
        document = self._document
        self._paragraph("Title", document.title)
        self._paragraph("Subtitle", document.head)
        for i, section in enumerate(document.sections):
            if i == self._before:
                self._contents()
            self._section(section, begins_page=section.new_page and i != self._before)
        self._footer()
        drawn = BytesIO()
        self._word.save(drawn)
        return _without_times(drawn.getvalue())

    # --- passages ---------------------------------------------------------------------------

    def _section(self, section: Section[Spans], *, begins_page: bool) -> None:
        self._below_picture()
        heading = self._paragraph(f"Heading {section.level}", section.heading)
        if begins_page:
            heading.paragraph_format.page_break_before = True
        if self._before is not None:
            self._mark(heading)
        first = section.passages[0] if section.passages else None
        for passage, after in zip(section.passages, (*section.passages[1:], None), strict=False):
            if isinstance(passage, Paragraph | Small) and introduces(
                passage, after, first=passage is first
            ):
                style = SMALL if isinstance(passage, Small) else "Normal"
                self._paragraph(style, passage.text).paragraph_format.keep_with_next = True
            else:
                self._passage(passage)

    def _passage(self, passage: Passage[Spans]) -> None:
        match passage:
            case Paragraph(text=said):
                self._paragraph("Normal", said)
            case Small(text=said):
                self._paragraph(SMALL, said)
            case Quote(words=words, by=by):
                quoted = self._paragraph("Quote", words)
                if by is not None:
                    quoted.add_run().add_break()
                    self._add(quoted, by, before="– ")
            case Bullets():
                self._list(passage)
            case DataTable():
                self._below_picture()
                self._table(passage)
            case WritingSpace(label=label, lines=lines):
                self._below_picture()
                self._paragraph(LABEL, label)
                self._ruled(lines)
            case QrCode():
                self._qr(passage)
            case Steps() | Chart():
                self._picture(passage)
            case _:
                assert_never(passage)

    def _paragraph(self, style: str, spans: Spans = ()) -> word_text.Paragraph:
        made = self._word.add_paragraph()
        made._p.style = self._styles[style]
        self._add(made, spans)
        return made

    def _add(self, paragraph: word_text.Paragraph, spans: Spans, before: str = "") -> None:
        if before:
            paragraph.add_run(before)
        elif is_right_to_left(plain(spans)):
            # The paragraph begins at the right where what stands first in it does.
            add_property(paragraph._p, "bidi")
        for span in spans:
            _write(paragraph.add_run(), span)

    def _list(self, passage: Bullets[Spans]) -> None:
        number = self._numbering() if passage.numbered else ""
        for item in passage.items:
            made = self._paragraph("List Number" if passage.numbered else "List Bullet", item)
            if number:
                counted = made._p.get_or_add_pPr().get_or_add_numPr()
                counted.get_or_add_ilvl().val = 0
                counted.get_or_add_numId().val = int(number)
            if passage.to_fill_in:
                made.paragraph_format.keep_with_next = True
                self._ruled(SHORTEST_ROOM)

    def _numbering(self) -> str:
        """Return the id of a new list, which begins at 1 again."""
        numbering = self._word.part.numbering_part.element
        style = self._word.styles["List Number"].element.pPr.numPr.numId.val
        like = next(one for one in numbering.num_lst if one.numId == style)
        made = numbering.add_num(like.abstractNumId.val)
        made.add_lvlOverride(ilvl=0).add_startOverride(1)
        return str(made.numId)

    def _ruled(self, lines: int) -> None:
        for left in reversed(range(lines)):
            self._paragraph(RULED).paragraph_format.keep_with_next = left > 0

    def _qr(self, passage: QrCode[Spans]) -> None:
        """Put the code at the right margin; the words below it in the document stand beside it."""
        address, said = address_in(passage.address), clean(plain(passage.label))
        beside = self._paragraph(SMALL, passage.label)
        beside.add_run().add_break()
        beside.add_run(address or clean(plain(passage.address)))
        if address:
            picture = beside.add_run().add_picture(BytesIO(qr_png(address)), width=QR_WIDE)
            picture._inline.docPr.set("descr", f"{said}: {address}")
            picture._inline.docPr.set("title", said)
            at_the_right(picture._inline)
            self._beside_picture = True

    def _picture(self, picture: Picture[Spans]) -> None:
        """Put the picture across the page, and below it the sentence that says the same."""
        self._below_picture()
        said = clean(plain(picture.sentence or ()))
        pages = rows_of_pages(picture, ground=True)
        for rows in pages:
            place = self._paragraph("Normal")
            place.paragraph_format.keep_with_next = rows == pages[-1]
            drawn = BytesIO(picture_png(picture, width=WIDE, zoom=3, rows=rows))
            inline = place.add_run().add_picture(drawn, width=ACROSS)._inline
            for side in ("distT", "distB", "distL", "distR"):
                inline.set(side, "0")  # LibreOffice otherwise adds 3 mm
            inline.docPr.set("descr", said)
            inline.docPr.set("title", clean(plain(picture.title)))
        self._paragraph(SMALL, picture.sentence or ())

    def _below_picture(self) -> None:
        """Begin below a picture at the margin, where one reaches further than the words."""
        if self._beside_picture:
            self._beside_picture = False
            line = self._paragraph(SMALL)
            line.paragraph_format.space_after = Mm(0)
            line.paragraph_format.line_spacing = Pt(1)
            line.add_run()._r.append(element("br", type="textWrapping", clear="all"))

    # --- tables ---------------------------------------------------------------------------

    def _table(self, passage: DataTable[Spans]) -> None:
        """Rows are made as elements: python-docx looks through the table for each cell."""
        table = self._word.add_table(rows=0, cols=len(passage.header), style="Table Grid")
        table.autofit = False
        look = table._tbl.tblPr.find(qn("w:tblLook"))
        look.addprevious(_cell_margins())
        look.addnext(element("tblCaption", val=clean(plain(passage.name))))
        for side, told in (("firstColumn", "0"), ("noHBand", "1"), ("val", "0620")):
            look.set(qn(f"w:{side}"), told)
        wide = [int(ACROSS * share) for share in column_shares(passage)]
        for column, width in zip(table._tbl.tblGrid.gridCol_lst, wide, strict=True):
            column.w = width
        for i, cells in enumerate((passage.header, *passage.rows)):
            kept = passage.together and i < len(passage.rows)
            table._tbl.append(self._row(cells, wide, header=i == 0, kept=kept))
        self._paragraph(SMALL)  # two tables in a row would become one

    def _row(self, cells: tuple[Spans, ...], wide: list[int], *, header: bool, kept: bool) -> Any:
        """Return a row. `kept`: it is on the page of the next one."""
        row, properties = element("tr"), element("trPr")
        if max(map(_lines, cells, wide), default=0) <= HALF_A_PAGE:
            properties.append(element("cantSplit"))
        if header:
            properties.append(element("tblHeader"))
        row.append(properties)
        for spans, width in zip(cells, wide, strict=True):
            cell, about = element("tc"), element("tcPr")
            about.append(element("tcW", w=str(Emu(width).twips), type="dxa"))
            if header:
                about.append(element("shd", val="clear", color="auto", fill="E2EEEA"))
            cell.append(about)
            made = element("p")
            cell.append(made)
            row.append(cell)
            paragraph = word_text.Paragraph(made, self._word._body)
            paragraph.paragraph_format.space_after = Mm(0)
            if kept:
                paragraph.paragraph_format.keep_with_next = True
            self._add(paragraph, tuple(_as_header(spans)) if header else spans)
        return row

    # --- contents and footer --------------------------------------------------------------

    def _mark(self, heading: word_text.Paragraph) -> None:
        """Make the heading a place that the table of contents can lead to."""
        self._marks += 1
        id, name = str(self._marks), f"_Toc{self._marks}"
        begin, end = element("bookmarkStart", id=id, name=name), element("bookmarkEnd", id=id)
        heading._p.get_or_add_pPr().addnext(begin)
        heading._p.append(end)

    def _contents(self) -> None:
        """Write a field with all headings, each leading to its place.

        Page numbers come when the reader updates the field: what we cannot know is not written, and
        a field that updates itself as it is opened makes Word ask a question first.
        """
        document = self._document
        self._below_picture()
        heading = self._paragraph("TOC Heading", document.furniture.contents)
        if self._before:
            heading.paragraph_format.page_break_before = True
        found = document.sections
        for i, section in enumerate(found, 1):
            line = self._paragraph(f"toc {section.level}")
            if i == 1:
                _field_begins(line, 'TOC \\o "1-2" \\h \\z \\u')
            leads = element("hyperlink", anchor=f"_Toc{i}", history="1")
            run = element("r")
            leads.append(run)
            Run(run, line).add_text(clean(plain(section.heading)))
            line._p.append(leads)
            if i == len(found):
                _field_ends(line)

    def _footer(self) -> None:
        document, furniture = self._document, self._document.furniture
        line = self._word.sections[0].footer.paragraphs[0]
        stops = line.paragraph_format.tab_stops
        stops.add_tab_stop(ACROSS, WD_TAB_ALIGNMENT.RIGHT)
        self._add(line, document.title)
        line.add_run(f"\t{plain(furniture.page)} ")
        _field(line, "PAGE")
        line.add_run(f" {plain(furniture.of)} ")
        _field(line, "NUMPAGES")


# --- runs ---------------------------------------------------------------------------------


def _write(run: Run, span: Any) -> None:
    said = clean(span.name if isinstance(span, Mention) else span.text)
    if isinstance(span, Link):
        said = f"{said} ({clean(span.url)})"  # on paper nobody can follow a link
    for i, line in enumerate(said.split("\n")):
        if i:
            run.add_break(WD_BREAK.LINE)
        run.add_text(line)
    if isinstance(span, Strong):
        run.bold = True
    elif isinstance(span, Emph):
        run.italic = True
    elif isinstance(span, Quoted | Mention) and is_right_to_left(said):
        run._r.get_or_add_rPr().append(element("rtl"))


def _lines(cell: Spans, width: int) -> int:
    """Estimate how many lines a cell takes in a column."""
    across = max(1, round(LETTERS_ACROSS * width / ACROSS))
    return sum(-(-len(line) // across) or 1 for line in clean(plain(cell)).split("\n"))


def _as_header(spans: Spans) -> Spans:
    return tuple(Strong(span.text) if not isinstance(span, Mention) else span for span in spans)


def _cell_margins() -> Any:
    margins = element("tblCellMar")
    for side, twips in (("top", "50"), ("left", "100"), ("bottom", "50"), ("right", "100")):
        margins.append(element(side, w=twips, type="dxa"))
    return margins


def _field(paragraph: word_text.Paragraph, said: str) -> None:
    _field_begins(paragraph, said)
    paragraph.add_run("1")
    _field_ends(paragraph)


def _field_begins(paragraph: word_text.Paragraph, said: str) -> None:
    paragraph.add_run()._r.append(element("fldChar", fldCharType="begin"))
    told = element("instrText")
    told.set(qn("xml:space"), "preserve")
    told.text = f" {said} "
    paragraph.add_run()._r.append(told)
    paragraph.add_run()._r.append(element("fldChar", fldCharType="separate"))


def _field_ends(paragraph: word_text.Paragraph) -> None:
    paragraph.add_run()._r.append(element("fldChar", fldCharType="end"))


def _without_times(drawn: bytes) -> bytes:
    """Return the archive with the same time on every file in it, whenever it was drawn."""
    told = BytesIO()
    with zipfile.ZipFile(BytesIO(drawn)) as before, zipfile.ZipFile(told, "w") as after:
        for one in sorted(before.infolist(), key=lambda file: file.filename):
            entry = zipfile.ZipInfo(one.filename, _SINCE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            after.writestr(entry, before.read(one))
    return told.getvalue()
