"""Any board and any table, for the tests that draw any card, and one of a given size."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from dialogs.model.cards import Board, BoardColumn, BoardNote, Grid, NoteSign, Plain, Spans

NOTHING: st.SearchStrategy[Any] = st.none()


def boards(
    lines: st.SearchStrategy[Any], under: st.SearchStrategy[Any] = NOTHING
) -> st.SearchStrategy[Any]:
    """Return boards that hold such lines; with `under` as the localizer finishes them."""
    note = st.builds(
        BoardNote,
        lines,
        st.sampled_from(get_args(NoteSign)),
        st.none() | lines,
        st.none() | lines,
    )
    notes = st.lists(note, max_size=4).map(tuple)
    column = st.builds(BoardColumn, lines, notes, st.integers(0, 200), under)
    return st.builds(Board, st.lists(column, max_size=4).map(tuple))


def grids(lines: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return tables, also with rows that have fewer cells than there are columns."""

    def built(columns: int) -> st.SearchStrategy[Any]:
        row = st.lists(lines, max_size=columns).map(tuple)
        names = st.tuples(*([lines] * columns))
        return st.builds(Grid, names, st.lists(row, max_size=4).map(tuple))

    return st.integers(1, 4).flatmap(built)


def board_of(notes: int, words: Spans, lanes: int = 6) -> Board[Spans]:
    """Return a finished board with so many notes of these words in its lanes."""
    signs = get_args(NoteSign)
    kind, name = (Plain("Forværring"),), (Plain("Sundt og sikkert"),)
    made = [BoardNote(words, signs[n % len(signs)], kind) for n in range(notes)]
    return Board(tuple(BoardColumn(name, tuple(made[i::lanes])) for i in range(lanes)))
