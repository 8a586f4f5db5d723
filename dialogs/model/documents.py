"""Documents: what is printed, passed on or kept, independent of the file format.

Like a card, a document contains lines of type `L`: dialogs build a `Document[Line]`,
bot/core/localize.py makes it a `Document[Spans]`, and bot/documents draws that as a file. It is
made from the facts of a sight, and holds only what the project's channel may read, so that it can
be passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Generic, Literal, TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dialogs.model.cards import (
    Bullets,
    Day,
    Line,
    Paragraph,
    Quote,
    Small,
    Spans,
    Words,
    plain,
    text,
)
from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps

L = TypeVar("L")
L2 = TypeVar("L2")

Format = Literal["docx", "html", "csv", "json"]


class DataTable(Struct, Generic[L], frozen=True, tag="table"):
    """A table with a header row. `name` says what it lists; screen readers say it first.
    `together`: its rows tell of one thing, so no page begins between them if they fit on one."""

    name: L
    header: tuple[L, ...]
    rows: tuple[tuple[L, ...], ...]
    together: bool = False


class WritingSpace(Struct, Generic[L], frozen=True, tag="writing_space"):
    """Ruled lines across the page to write on by hand, below a label."""

    label: L
    lines: int = 3


class QrCode(Struct, Generic[L], frozen=True, tag="qr_code"):
    """A QR code with what it is for. Its address is also printed, for those who type it."""

    label: L
    address: L


Picture = Steps[L] | Chart[L]
Passage = (
    Paragraph[L]
    | Small[L]
    | Quote[L]
    | Bullets[L]
    | DataTable[L]
    | WritingSpace[L]
    | QrCode[L]
    | Picture[L]
)


class Section(Struct, Generic[L], frozen=True):
    """A heading with what belongs to it. A section of level 2 belongs to the one of level 1 before
    it. `new_page`: it begins a page."""

    heading: L
    passages: tuple[Passage[L], ...] = ()
    level: Literal[1, 2] = 1
    new_page: bool = False


class Furniture(Struct, Generic[L], frozen=True):
    """The words that a drawn document needs beside its own: the heading of its table of contents,
    and *Side 1 af 2*."""

    contents: L
    page: L
    of: L


class Document(Struct, Generic[L], frozen=True, kw_only=True, tag="document", tag_field="file"):
    """A document about one project on one day. `slug` is its name in file names; `head` names the
    project and the day below the title. `formats` are those that people are offered."""

    title: L
    slug: L
    project: L
    day: date
    head: L
    sections: tuple[Section[L], ...]
    furniture: Furniture[L]
    formats: tuple[Format, ...] = ("docx", "html")
    language: Literal["da", "en"] = "da"


NeutralDocument = Document[Line]
FinishedDocument = Document[Spans]

CONTENTS_FROM = 4
"""With so many sections of level 1 a document has a table of contents."""


def document(
    *, title: Line, slug: Line, project: str, day: date, sections: tuple[Section[Line] | None, ...]
) -> NeutralDocument:
    """Build a document from the sections that are not None."""
    name = Words(project)
    return Document(
        title=title,
        slug=slug,
        project=name,
        day=day,
        head=text("document.head", name=name, day=Day(day, year=True)),
        sections=tuple(one for one in sections if one is not None),
        furniture=Furniture(
            text("document.contents"), text("document.page"), text("document.page_of")
        ),
    )


def section(
    heading: Line,
    *passages: Passage[Line] | None,
    level: Literal[1, 2] = 1,
    new_page: bool = False,
) -> Section[Line]:
    """Build a section from the passages that are not None."""
    return Section(heading, tuple(one for one in passages if one is not None), level, new_page)


def contents_before(document: Document[L]) -> int | None:
    """Return the section before which the table of contents stands; None if there is none.

    A first page that stands by itself, because the section after it begins a page, comes before the
    contents.
    """
    if sum(one.level == 1 for one in document.sections) < CONTENTS_FROM:
        return None
    return next((i for i, one in enumerate(document.sections) if one.new_page), 0)


def tables(document: Document[L]) -> tuple[DataTable[L], ...]:
    """Return all tables, in order."""
    passages = (passage for one in document.sections for passage in one.passages)
    return tuple(passage for passage in passages if isinstance(passage, DataTable))


# --- from one kind of line to another -----------------------------------------------------


def converted(
    document: Document[L], line: Callable[[L], L2], picture: Callable[[Picture[L]], Picture[L2]]
) -> Document[L2]:
    """Return the document with every line and picture converted: into words, or into plain
    text."""
    furniture = document.furniture
    return Document(
        title=line(document.title),
        slug=line(document.slug),
        project=line(document.project),
        day=document.day,
        head=line(document.head),
        sections=tuple(
            Section(
                line(one.heading),
                tuple(_passage(passage, line, picture) for passage in one.passages),
                one.level,
                one.new_page,
            )
            for one in document.sections
        ),
        furniture=Furniture(line(furniture.contents), line(furniture.page), line(furniture.of)),
        formats=document.formats,
        language=document.language,
    )


def _passage(
    passage: Passage[L], line: Callable[[L], L2], picture: Callable[[Picture[L]], Picture[L2]]
) -> Passage[L2]:
    match passage:
        case Paragraph(text=said):
            return Paragraph(line(said))
        case Small(text=said):
            return Small(line(said))
        case Quote(words=words, by=by):
            return Quote(line(words), None if by is None else line(by))
        case Bullets(items=items, numbered=numbered, to_fill_in=to_fill_in):
            return Bullets(tuple(line(one) for one in items), numbered, to_fill_in)
        case DataTable(name=name, header=header, rows=rows, together=together):
            return DataTable(
                line(name),
                tuple(line(one) for one in header),
                tuple(tuple(line(cell) for cell in row) for row in rows),
                together,
            )
        case WritingSpace(label=label, lines=lines):
            return WritingSpace(line(label), lines)
        case QrCode(label=label, address=address):
            return QrCode(line(label), line(address))
        case Steps() | Chart():
            return picture(passage)
        case _:
            assert_never(passage)


def finished(
    document: NeutralDocument,
    line: Callable[[Line], Spans],
    picture: Callable[[Picture[Line]], Picture[Spans]],
    language: Literal["da", "en"],
) -> FinishedDocument:
    """Return the document in a language, as `line` and `picture` say it."""
    return replace(converted(document, line, picture), language=language)


def plain_text(document: FinishedDocument) -> Document[str]:
    return converted(document, plain, lambda picture: converted_picture(picture, plain))


def converted_picture(picture: Picture[L], line: Callable[[L], L2]) -> Picture[L2]:
    """Return a picture with every line converted, without an address of its own."""

    def maybe(said: L | None) -> L2 | None:
        return None if said is None else line(said)

    match picture:
        case Steps(title=title, steps=steps, sentence=sentence, now=now):
            named = (NamedStep(line(one.name), one.state, maybe(one.when)) for one in steps)
            return Steps(line(title), tuple(named), maybe(sentence), maybe(now))
        case Chart(title=title, bars=bars, groups=groups, unit=unit, sentence=sentence):
            return Chart(
                line(title),
                tuple(Bar(line(one.label), one.values) for one in bars),
                tuple(Group(line(one.name), one.tone) for one in groups),
                maybe(unit),
                maybe(sentence),
            )
        case _:
            assert_never(picture)
