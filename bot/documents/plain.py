"""What each format needs of a text: what XML may hold, its direction, a name for the file."""

from __future__ import annotations

import re
import unicodedata

from dialogs.model.cards import Link, Spans, plain
from dialogs.model.documents import DataTable, FinishedDocument, Format

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85")
_OUR_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})

LANGUAGES = {"da": "da-DK", "en": "en-GB"}
NARROWEST, WIDEST = 21, 44
"""Letters for which a column of a table has room, at least and at most; twice as many where only
two share the page."""


def clean(text: str) -> str:
    """Return the text with what XML cannot hold replaced, and each line end as a line feed."""
    return _NOT_XML.sub("\ufffd", _LINE_END.sub("\n", text))


def address_in(spans: Spans) -> str:
    """Return the address that a finished line leads to; "" if there is none, as where the operator
    has set no DIGI_PUBLIC_URL."""
    return next((clean(span.url) for span in spans if isinstance(span, Link)), "")


def is_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction is written from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def column_shares(table: DataTable[Spans]) -> list[float]:
    """Return each column's share of the page, by what it holds: a name in one line, and not all of
    it for a word without an end."""
    columns = tuple(zip(table.header, *table.rows, strict=True))
    longest = [max(_longest_line(cell) for cell in column) for column in columns]
    widest = 2 * WIDEST if len(columns) == 2 else WIDEST
    wanted = [min(max(one, NARROWEST), widest) for one in longest]
    return [one / sum(wanted) for one in wanted]


def _longest_line(cell: Spans) -> int:
    return max(map(len, clean(plain(cell)).split("\n")))


def file_name(document: FinishedDocument, format: Format) -> str:
    """Return the name of the file: digi-ugens-ark-2026-11-02.docx. It holds no words of people."""
    slug = plain(document.slug).lower().translate(_OUR_LETTERS)
    slug = re.sub("[^a-z0-9]+", "-", slug).strip("-")
    return f"digi-{slug}-{document.day.isoformat()}.{format}"
