"""What a board shows where it has more notes than there is room for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from dialogs.model.cards import Board, BoardColumn, BoardNote

L = TypeVar("L")

IN_A_POST = 3
"""Notes a lane in a post; the rest are counted, and read on the board's own pages."""
ON_A_PAGE = 12


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
