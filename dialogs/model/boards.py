"""What a board shows where it has more notes than there is room for, and as a table in
documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from dialogs.model.cards import Board, BoardColumn, BoardNote, Count, Grid, Line, Words, text
from dialogs.model.documents import DataTable

L = TypeVar("L")

IN_A_POST = 3
"""Notes a lane in a post; the rest are counted, and read on the board's own pages."""
ON_A_PAGE = 9


def shortened(board: Board[L], most: int = IN_A_POST) -> Board[L]:
    """Return the board with so many notes a lane, and the others counted."""
    return Board(
        tuple(
            replace(one, notes=one.notes[:most], rest=one.rest + len(one.notes[most:]))
            for one in board.columns
        )
    )


def pages(board: Board[L], most: int = ON_A_PAGE) -> tuple[Board[L], ...]:
    """Return the board in pages of so many notes, lane by lane, with every note once. A lane that
    goes on says on its page how many are left; one without notes stands beside its neighbours."""
    found: list[list[BoardColumn[L]]] = [[]]
    room = most
    for column in board.columns:
        left = len(column.notes)
        for notes in _portions(column.notes, room, most):
            left -= len(notes)
            found[-1].append(replace(column, notes=notes, rest=column.rest + left))
            room -= len(notes)
            if room == 0:
                found.append([])
                room = most
    return tuple(Board(tuple(columns)) for columns in found if columns)


def _portions(
    notes: tuple[BoardNote[L], ...], room: int, most: int
) -> Iterable[tuple[BoardNote[L], ...]]:
    """Divide a lane's notes: what there is room for first, then whole pages."""
    yield notes[:room]
    for at in range(room, len(notes), most):
        yield notes[at : at + most]


# --- in documents -------------------------------------------------------------------------

NOTHING: Line = Words("")


def board_table(name: Line, board: Board[Line]) -> DataTable[Line]:
    """Return the board as a table with a row for each note, under the lane and the kind."""
    rows = tuple(row for column in board.columns for row in _rows(column))
    header = (text("board.lane"), text("board.kind"), text("board.note"), text("board.about"))
    # A column that would be empty in each row is left out.
    kept = [i for i in range(4) if i in (0, 2) or any(row[i] is not NOTHING for row in rows)]
    return DataTable(
        name,
        tuple(header[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
    )


def _rows(column: BoardColumn[Line]) -> Iterator[tuple[Line, Line, Line, Line]]:
    for note in column.notes:
        yield column.name, note.kind or NOTHING, note.words, note.about or NOTHING
    if column.rest:
        yield column.name, NOTHING, text("board.rest", n=Count(column.rest)), NOTHING
    elif not column.notes:
        yield column.name, NOTHING, text("board.empty"), NOTHING


def grid_table(name: Line, grid: Grid[Line]) -> DataTable[Line]:
    """Return the table of a card as one of a document, each row as long as the header."""
    wide = len(grid.columns)
    rows = (row[:wide] + (NOTHING,) * (wide - len(row)) for row in grid.rows)
    return DataTable(name, grid.columns, tuple(rows))
