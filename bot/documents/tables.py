"""Draws a table as CSV, for spreadsheets.

Cells are separated by semicolons whatever the document's language: the Windows of a Danish
workplace has the comma for decimals, and Excel then opens a file with commas as one column. The
byte order mark tells Excel that it is UTF-8.
"""

from __future__ import annotations

import csv
import io

from bot.documents.plain import clean
from dialogs.model.cards import Spans, plain
from dialogs.model.documents import DataTable

SEPARATOR = ";"
# A cell that begins with one of these is calculated by a spreadsheet; the wide ones in some too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def draw(table: DataTable[Spans]) -> bytes:
    told = io.StringIO(newline="")
    rows = csv.writer(told, delimiter=SEPARATOR, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in (table.header, *table.rows):
        rows.writerow([_as_words(plain(cell)) for cell in row])
    return told.getvalue().encode("utf-8-sig")


def _as_words(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, with an apostrophe if it began as
    one."""
    said = clean(cell)
    return f"'{said}" if said.lstrip(" \u00a0").startswith(_FORMULA) else said
