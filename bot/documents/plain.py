"""What each format needs of a text: what XML may hold, its direction, a name for the file."""

from __future__ import annotations

import re
import unicodedata

from dialogs.model.cards import Link, Paragraph, Quote, Small, Spans, plain
from dialogs.model.documents import DataTable, FinishedDocument, Format, Passage

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85")
_OUR_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})

LANGUAGES = {"da": "da-DK", "en": "en-GB"}
LETTERS_ACROSS, MARGINS = 95, 3
"""Letters in a line across the page, and as much as a cell has beside its words."""
NAME, NARROWEST, LONGEST_WORD = 22, 14, 24
"""Letters of a line that stays in one piece; letters for which each longer one has room; and the
longest word that stays in one piece, so that none takes all the page."""


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


def introduces(
    passage: Paragraph[Spans] | Small[Spans], after: Passage[Spans] | None, *, first: bool
) -> bool:
    """Return whether a page must not end with this passage: it leads to what comes after it in its
    section. `first`: it begins the section."""
    if after is None:
        return False
    said = plain(passage.text)
    if first and (isinstance(passage, Small) or len(said) <= LETTERS_ACROSS):
        return True
    return isinstance(after, DataTable | Quote) or said.rstrip().endswith(":")


def column_shares(table: DataTable[Spans]) -> list[float]:
    """Return each column's share of the page: a short line has room, and a long one for its words.
    The rest goes to where most is written, as far as the longest line there needs it."""
    columns = [
        [clean(plain(cell)) for cell in column]
        for column in zip(table.header, *table.rows, strict=True)
    ]
    most = [max(map(_longest_line, column)) + MARGINS for column in columns]
    written = [sum(map(len, column)) for column in columns]
    wide = [float(_least(column)) for column in columns]
    growing = [i for i, one in enumerate(wide) if one < most[i]]
    while growing and (left := LETTERS_ACROSS - sum(wide)) > 1:
        of = sum(written[i] for i in growing)
        for i in growing:
            wide[i] = min(most[i], wide[i] + left * written[i] / of)
        growing = [i for i in growing if wide[i] < most[i]]
    return [one / sum(wide) for one in wide]


def _least(column: list[str]) -> int:
    """Return the letters that a column needs; its header, which is bold, a quarter more for a
    word."""
    bold = _longest_word(column[0])
    bold = min(bold + bold // 4, LONGEST_WORD) + MARGINS
    return max(bold, _least_of(column))


def _least_of(column: list[str]) -> int:
    line = max(map(_longest_line, column))
    if line <= NAME:
        return line + MARGINS
    word = max(map(_longest_word, column))
    return max(NARROWEST, min(word, LONGEST_WORD)) + MARGINS


def _longest_word(said: str) -> int:
    return max(map(len, said.split()), default=0)


def _longest_line(said: str) -> int:
    return max(map(len, said.split("\n")))


def file_name(document: FinishedDocument, format: Format) -> str:
    """Return the name of the file: digi-ugens-ark-2026-11-02.docx. It holds no words of people."""
    slug = plain(document.slug).lower().translate(_OUR_LETTERS)
    slug = re.sub("[^a-z0-9]+", "-", slug).strip("-")
    return f"digi-{slug}-{document.day.isoformat()}.{format}"
