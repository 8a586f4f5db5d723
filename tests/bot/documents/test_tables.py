"""Tables as CSV: what a spreadsheet opens, and never calculates."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents.tables import draw
from dialogs.model.cards import Plain, Quoted, Spans
from dialogs.model.documents import DataTable, tables
from tests.bot.documents.samples import WRITTEN, finished

FORMULA = "=+-@\t\r\n"


def table(*cells: str) -> DataTable[Spans]:
    row: tuple[Spans, ...] = tuple((Quoted(one),) for one in cells)
    head: tuple[Spans, ...] = tuple((Plain(f"k{i}"),) for i, _ in enumerate(cells))
    return DataTable((Plain("Liste"),), head, (row,))


def read(drawn: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(drawn.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_excel_opens_it_with_danish_letters_in_columns() -> None:
    """A byte order mark, semicolons, and lines that end as Windows ends them."""
    drawn = draw(table("æøå", "b"))
    assert drawn == '\ufeff"k0";"k1"\r\n"æøå";"b"\r\n'.encode()


@pytest.mark.parametrize(
    "written",
    ["=1+1", "+45 12 34", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "＝1"],
)
def test_no_cell_is_calculated(written: str) -> None:
    """What begins like a formula begins with an apostrophe, also after blanks."""
    cell = read(draw(table(written)))[1][0]
    assert cell.startswith("'")
    assert cell[1:].replace("\n", "") == written.replace("\r", "").replace("\n", "")


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_whatever_people_write_stays_in_its_cell(cells: list[str]) -> None:
    """Quotes, semicolons and line ends do not make a new cell, and none begins as a formula."""
    head, *rows = read(draw(table(*cells)))
    assert len(head) == len(cells)
    [row] = rows
    assert len(row) == len(cells)
    assert not any(cell.strip(" \u00a0")[:1] in FORMULA for cell in row if cell.strip(" \u00a0"))


def test_every_list_of_a_document_is_a_table() -> None:
    """All rows are there, with the names of people as they are called."""
    [found] = tables(finished(agreements=len(WRITTEN)))
    rows = read(draw(found))
    assert rows[0] == ["Aftale", "Hvem", "Hvornår"]
    assert len(rows) == 1 + len(WRITTEN)
    assert rows[1][1:] == ["Anne Holm", "tirsdag den 24. november"]
