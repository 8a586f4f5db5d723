"""Draws a document as one HTML file that prints on A4 and loads nothing.

What people wrote is escaped text, in an element of its own direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import assert_never

from bot.documents.pictures import picture_svg, rows_of_pages
from bot.documents.plain import (
    LANGUAGES,
    address_in,
    clean,
    column_shares,
    introduces,
    is_right_to_left,
)
from bot.documents.qr import qr_svg
from dialogs.model.cards import (
    Bullets,
    Emph,
    Link,
    Mention,
    Paragraph,
    Quote,
    Quoted,
    Small,
    Span,
    Spans,
    Strong,
    plain,
)
from dialogs.model.documents import (
    DataTable,
    FinishedDocument,
    Passage,
    QrCode,
    Section,
    WritingSpace,
    contents_before,
)
from dialogs.model.pictures import Chart, Steps

ROOM = 2
"""Ruled lines below each item of a list that is filled in by hand."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = Path(__file__).with_name("document.css")


def draw(document: FinishedDocument) -> bytes:
    return "\n".join(_file(document)).encode()


def _file(document: FinishedDocument) -> Iterator[str]:
    title = _text(plain(document.title))
    yield "<!doctype html>"
    yield f'<html lang="{LANGUAGES[document.language]}">'
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
    yield f"<title>{title} · {_text(plain(document.project))}</title>"
    yield f"<style>\n{_page(document)}\n{_style()}</style>"
    yield f"<body><main><h1>{_said(document.title)}</h1>"
    yield f'<p class="head">{_said(document.head)}</p>'
    before = contents_before(document)
    for i, section in enumerate(document.sections):
        if i == before:
            yield from _contents(document, begins_page=i > 0)
        yield from _section(section, i + 1, begins_page=section.new_page and i != before)
    yield "</main></body></html>\n"


def _page(document: FinishedDocument) -> str:
    """Return the paper, with the title and *Side 1 af 2* below each page."""
    title, page, of = (
        _css_text(plain(line))
        for line in (document.title, document.furniture.page, document.furniture.of)
    )
    look = "font: 9pt/1.2 sans-serif; color: #59615d;"
    count = f'{page} " " counter(page) " " {of} " " counter(pages)'
    return (
        "@page { size: A4 portrait; margin: 18mm 20mm 20mm;\n"
        f"@bottom-left {{ content: {title}; {look} }}\n"
        f"@bottom-right {{ content: {count}; {look} }}\n}}"
    )


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")


def _contents(document: FinishedDocument, *, begins_page: bool) -> Iterator[str]:
    heading = _said(document.furniture.contents)
    new_page = ' class="new-page"' if begins_page else ""
    yield f'<nav aria-labelledby="contents"{new_page}><h2 id="contents">{heading}</h2><ul>'
    for i, section in enumerate(document.sections, 1):
        sub = ' class="sub"' if section.level == 2 else ""
        yield f'<li{sub}><a href="#s{i}">{_said(section.heading)}</a></li>'
    yield "</ul></nav>"


def _section(section: Section[Spans], number: int, *, begins_page: bool) -> Iterator[str]:
    heading = f"h{section.level + 1}"
    new_page = ' class="new-page"' if begins_page else ""
    yield f'<{heading} id="s{number}"{new_page}>{_said(section.heading)}</{heading}>'
    first = section.passages[0] if section.passages else None
    for passage, after in zip(section.passages, (*section.passages[1:], None), strict=False):
        if isinstance(passage, Paragraph | Small):
            leads = introduces(passage, after, first=passage is first)
            yield _words(passage, "leads " if leads else "")
        else:
            yield from _passage(passage)


def _passage(passage: Passage[Spans]) -> Iterator[str]:
    match passage:
        case Paragraph() | Small():
            yield _words(passage)
        case Quote(words=words, by=by):
            who = "" if by is None else f'<p class="small">– {_said(by)}</p>'
            told = f'<p class="said">{_said(words)}</p>{who}'
            yield f"<blockquote{_direction(words)}>{told}</blockquote>"
        case Bullets():
            yield from _list(passage)
        case DataTable():
            yield from _table(passage)
        case WritingSpace(label=label, lines=lines):
            yield f'<p class="label">{_said(label)}</p>{_ruled(lines)}'
        case QrCode(label=label, address=address):
            yield _qr(label, address)
        case Steps() | Chart():
            yield '<figure class="drawn">'
            yield from (picture_svg(passage, rows=rows) for rows in rows_of_pages(passage))
            yield f"<figcaption>{_said(passage.sentence or ())}</figcaption></figure>"
        case _:
            assert_never(passage)


def _list(passage: Bullets[Spans]) -> Iterator[str]:
    kind = "ol" if passage.numbered else "ul"
    yield f"<{kind}>"
    for item in passage.items:
        room = _ruled(ROOM) if passage.to_fill_in else ""
        yield f'<li{_direction(item)}><span class="said">{_said(item)}</span>{room}</li>'
    yield f"</{kind}>"


def _words(passage: Paragraph[Spans] | Small[Spans], leads: str = "") -> str:
    said, small = passage.text, "small " if isinstance(passage, Small) else ""
    return f'<p{_direction(said)} class="{leads}{small}said">{_said(said)}</p>'


def _table(passage: DataTable[Spans]) -> Iterator[str]:
    together = ' class="together"' if passage.together else ""
    yield f"<table{together}><caption>{_said(passage.name)}</caption><colgroup>"
    yield "".join(f'<col width="{one:.1%}">' for one in column_shares(passage))
    yield "</colgroup><thead><tr>"
    yield "".join(f'<th scope="col">{_said(cell)}</th>' for cell in passage.header)
    yield "</tr></thead><tbody>"
    for row in passage.rows:
        cells = (f'<td{_direction(cell)} class="said">{_said(cell)}</td>' for cell in row)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _qr(label: Spans, address: Spans) -> str:
    where = address_in(address)
    code = qr_svg(where, title=plain(label), desc=f"{plain(label)}: {where}") if where else ""
    under = f"{_said(label)}<br>{_text(where or plain(address))}"
    return f'<figure class="qr">{code}<figcaption>{under}</figcaption></figure>'


def _ruled(lines: int) -> str:
    """Return lines to write on, which a screen reader passes over."""
    return f'<div class="ruled" aria-hidden="true">{"<i></i>" * lines}</div>'


# --- words --------------------------------------------------------------------------------


def _direction(spans: Spans) -> str:
    """Return the direction of what begins with people's words."""
    people = bool(spans) and isinstance(spans[0], Quoted | Mention)
    return ' dir="rtl"' if people and is_right_to_left(plain(spans)) else ""


def _said(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    match span:
        case Strong(text=said):
            return f"<strong>{_text(said)}</strong>"
        case Emph(text=said):
            return f"<em>{_text(said)}</em>"
        case Quoted(text=said) | Mention(name=said):
            return f"<bdi>{_text(said)}</bdi>"
        case Link(text=said, url=url):
            return f"{_text(said)} ({_text(url)})"  # on paper nobody can follow a link
        case _:
            return _text(span.text)


def _text(said: str) -> str:
    return escape(clean(said))


def _css_text(said: str) -> str:
    """Return a text as CSS writes it: every character by its number, so that none ends it."""
    return '"' + "".join(f"\\{ord(letter):06x}" for letter in clean(said)) + '"'
