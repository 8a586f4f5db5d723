"""Says in which ways a file can be had, and draws it in the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Literal

from msgspec import Struct

from bot.documents import calendar_files, data, html, tables
from bot.documents.board_sheet import board_html
from bot.documents.card_sheet import cards_html
from bot.documents.plain import file_name
from bot.documents.poster import poster_html
from dialogs.model import documents
from dialogs.model.appointments import Appointment
from dialogs.model.boards_to_print import BoardToPrint, CardsToPrint
from dialogs.model.cards import plain
from dialogs.model.files import FinishedFile
from dialogs.model.posters import PAPERS, FinishedPoster, Paper

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html; charset=utf-8"
CSV = "text/csv; charset=utf-8"
JSON = "application/json; charset=utf-8"

FileWay = Literal[
    "ics",
    "docx",
    "html",
    "csv",
    "json",
    "a4_da",
    "a5_da",
    "a4_en",
    "a5_en",
    "board_da",
    "board_en",
    "cards_da",
    "cards_en",
]


class Drawable(Struct, frozen=True):
    """One way to have a file. `choice` is what a form sends, and tells two of the same way apart.
    `opens`: a browser shows it, to be printed."""

    way: FileWay
    choice: str
    name: str
    media_type: str
    draw: Callable[[], bytes]
    opens: bool = False
    of: str = ""  # which list of several this is


def title_of(file: FinishedFile) -> str:
    match file:
        case Appointment() | documents.Document():
            return plain(file.title)
        case _:
            return plain(file.document)


def drawables(files: Iterable[FinishedFile], now: datetime) -> tuple[Drawable, ...]:
    """Return all ways to have what was handed over; nothing is drawn yet."""
    return tuple(one for file in files for one in _drawables(file, now))


def _drawables(file: FinishedFile, now: datetime) -> tuple[Drawable, ...]:
    match file:
        case Appointment():
            draw = partial(calendar_files.calendar_file, file, now)
            name = calendar_files.file_name(file)
            return (Drawable("ics", "ics", name, calendar_files.MEDIA_TYPE, draw),)
        case documents.Document():
            return _document(file)
        case BoardToPrint(language=language):
            way: FileWay = "board_da" if language == "da" else "board_en"
            return (_sheet(way, lambda: board_html(file)),)
        case CardsToPrint(language=language):
            way = "cards_da" if language == "da" else "cards_en"
            return (_sheet(way, lambda: cards_html(file)),)
        case _:
            return tuple(_poster(file, paper) for paper in PAPERS)


def _document(one: documents.FinishedDocument) -> tuple[Drawable, ...]:
    def named(format: documents.Format) -> str:
        return file_name(one, format)

    found = documents.tables(one)
    several = len(found) > 1
    lists = tuple(
        Drawable(
            "csv",
            f"csv{i}",
            named("csv").replace(".csv", f"-{i}.csv") if several else named("csv"),
            CSV,
            partial(tables.draw, table),
            of=plain(table.name) if several else "",
        )
        for i, table in enumerate(found, 1)
    )
    every = (
        Drawable("docx", "docx", named("docx"), DOCX, partial(_docx, one)),
        Drawable("html", "html", named("html"), HTML, partial(html.draw, one), opens=True),
        *lists,
        Drawable("json", "json", named("json"), JSON, partial(data.draw, one)),
    )
    return tuple(way for way in every if way.way in one.formats)


def _docx(one: documents.FinishedDocument) -> bytes:
    # Loaded with the first one that is drawn: 15 MB and half a second of a start.
    from bot.documents import docx

    return docx.draw(one)


_POSTERS: dict[tuple[Paper, str], FileWay] = {
    ("a4", "da"): "a4_da",
    ("a5", "da"): "a5_da",
    ("a4", "en"): "a4_en",
    ("a5", "en"): "a5_en",
}


def _sheet(way: FileWay, html: Callable[[], str]) -> Drawable:
    name = f"digi-{way.replace('_', '-')}.html"
    return Drawable(way, way, name, HTML, lambda: html().encode(), opens=True)


def _poster(one: FinishedPoster, paper: Paper) -> Drawable:
    way = _POSTERS[paper, one.language]
    return _sheet(way, lambda: poster_html(one, paper))
