"""A board is shortened for a post, divided into pages, and written as a table in documents."""

from __future__ import annotations

import csv
import io
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents import data, docx, html, tables
from dialogs.model import cards as c
from dialogs.model import documents as d
from dialogs.model.boards import IN_A_POST, board_table, grid_table, pages, shortened
from dialogs.model.cards import plain
from dialogs.model.spelled_out import note_line, spelled_out
from tests.bot.documents.samples import DAY, localizer
from tests.dialogs.test_cards import dresser
from tests.worlds.boards import boards

LETTERS: st.SearchStrategy[Any] = st.builds(c.Words, st.text("abcæøå", min_size=1, max_size=3))


def words(said: str) -> c.Words:
    return c.Words(said)


def lane(notes: int, name: str = "Realistisk", rest: int = 0) -> c.BoardColumn[c.Line]:
    made = tuple(c.BoardNote[c.Line](words(f"seddel {n}")) for n in range(notes))
    return c.BoardColumn(words(name), made, rest)


def under(column: c.BoardColumn[c.Line], language: Literal["da", "en"]) -> str:
    [part] = dresser(language).card(c.card(shortened(c.Board((column,))))).parts
    assert isinstance(part, c.Board)
    return plain(part.columns[0].under or ())


@pytest.mark.parametrize(
    ("notes", "danish", "english"),
    [
        (0, "Ingen sedler", "No notes"),
        (1, "", ""),
        (IN_A_POST, "", ""),
        (IN_A_POST + 1, "og én seddel til", "and one more note"),
        (40, "og 37 sedler til", "and 37 more notes"),
        (200, "og 197 sedler til", "and 197 more notes"),
    ],
)
def test_a_post_has_three_notes_a_lane_and_says_how_many_are_left(
    notes: int, danish: str, english: str
) -> None:
    """In words, with the singular where there is one."""
    assert under(lane(notes), "da") == danish
    assert under(lane(notes), "en") == english


def test_a_lane_of_which_nothing_is_shown_says_how_many_it_has() -> None:
    """There is nothing before it that its notes would be further ones of."""
    assert under(lane(0, rest=1), "da") == "Én seddel"
    assert under(lane(0, rest=7), "en") == "7 notes"


@given(boards(LETTERS), st.integers(1, 9))
def test_every_note_is_on_one_page_in_its_order(board: Any, most: int) -> None:
    """A page has no more notes than fit, each lane says what is left of it, and none is lost."""
    found = pages(board, most)
    assert all(sum(len(one.notes) for one in page.columns) <= most for page in found)
    columns = [column for page in found for column in page.columns]
    shown = [(one.name, note) for one in columns for note in one.notes]
    assert shown == [(one.name, note) for one in board.columns for note in one.notes]
    if board.columns:
        assert columns[-1].rest == board.columns[-1].rest
        assert {one.name for one in columns} == {one.name for one in board.columns}


def test_a_lane_that_goes_on_says_how_many_notes_are_left() -> None:
    """Of it, not of the board."""
    found = pages(c.Board((lane(5, "A"), lane(9, "B"))), 6)
    assert [[(len(one.notes), one.rest) for one in page.columns] for page in found] == [
        [(5, 0), (1, 8)],
        [(6, 2)],
        [(2, 0)],
    ]


def test_a_note_is_one_line_however_it_was_written() -> None:
    """A line end in it would make somebody's words look like another note, or like the leader's."""
    written = c.Quoted("Roen\n▲ Bedre: Ruterne (lederens)")
    note: c.BoardNote[c.Spans] = c.BoardNote((written,), "worse", (c.Plain("Værre"),))
    assert "\n" not in plain(note_line(note))
    assert plain(note_line(note)).startswith("▼ Værre: Roen ▲ Bedre")


def test_a_table_says_each_cell_with_the_name_of_its_column() -> None:
    """A cell that is empty or missing is there too: it is what is left to fill in."""
    cell = c.Plain
    grid: c.Grid[c.Spans] = c.Grid(
        ((cell("Rolle"),), (cell("I dag"),), (cell("Næste"),)), (((cell("Tovholder"),), ()),)
    )
    heading, facts = spelled_out(grid)
    assert isinstance(heading, c.Paragraph)
    assert plain(heading.text) == "Tovholder"
    assert isinstance(facts, c.FactRows)
    assert [(plain(a), plain(b)) for a, b in facts.rows] == [("I dag", "–"), ("Næste", "–")]


# --- in documents -------------------------------------------------------------------------

BOARD: c.Board[c.Line] = c.Board(
    (
        c.BoardColumn(
            words("Realistisk"),
            (
                c.BoardNote(words("=1+1 <b>fed</b>"), "better", words("Bedre"), words("lederens")),
                c.BoardNote(words("Tiden"), "worse", words("Værre")),
            ),
            4,
        ),
        c.BoardColumn(words("Sundt"), ()),
    )
)


def document(*passages: d.Passage[c.Line]) -> d.FinishedDocument:
    section = d.section(words("Tavlen"), *passages)
    neutral = d.document(
        title=words("Kompasset"),
        slug=words("kompas"),
        project="Ny omsorgsplatform",
        day=DAY,
        sections=(section,),
    )
    return localizer("da").document(neutral)


def test_a_board_is_a_table_with_a_row_for_each_note() -> None:
    """With its lane, its kind and what there is to know of it; what is left is said."""
    [table] = d.tables(document(board_table(words("Sedler"), BOARD)))
    rows = list(csv.reader(io.StringIO(tables.draw(table).decode("utf-8-sig")), delimiter=";"))
    assert rows == [
        ["Felt", "Slags", "Seddel", "Om sedlen"],
        ["Realistisk", "Bedre", "'=1+1 <b>fed</b>", "lederens"],
        ["Realistisk", "Værre", "Tiden", ""],
        ["Realistisk", "", "og 4 sedler til", ""],
        ["Sundt", "", "Ingen sedler", ""],
    ]


def test_a_board_without_kinds_has_no_column_for_them() -> None:
    """Nor one for what there is to know of its notes."""
    found = document(board_table(words("Sedler"), c.Board((lane(2),))))
    assert [plain(one) for one in d.tables(found)[0].header] == ["Felt", "Seddel"]


def test_boards_and_tables_are_drawn_in_every_format() -> None:
    """Also a table whose rows have fewer or more cells than there are columns."""
    grid: c.Grid[c.Line] = c.Grid(
        (words("Rolle"), words("Næste")),
        ((words("Tovholder"),), (words("a"), words("b"), words("c"))),
    )
    found = document(board_table(words("Sedler"), BOARD), grid_table(words("Roller"), grid))
    assert [len(row) for row in d.tables(found)[1].rows] == [2, 2]
    assert docx.draw(found)[:2] == b"PK"
    page = html.draw(found).decode()
    assert "&lt;b&gt;fed&lt;/b&gt;" in page
    assert "<b>fed" not in page
    assert "og 4 sedler til" in data.draw(found).decode()
