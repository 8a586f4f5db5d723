"""Lists, boards and tables as simpler parts, for where they are not drawn as what they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import assert_never

from dialogs.model.cards import (
    Board,
    BoardNote,
    Bullets,
    Buttons,
    FactRows,
    Grid,
    Link,
    MatterRow,
    Matters,
    Mention,
    NoteSign,
    Paragraph,
    Part,
    Plain,
    Quote,
    Quoted,
    Small,
    Spans,
    Strong,
    plain,
)

SIGNS: dict[NoteSign, str] = {"today": "◆", "better": "▲", "worse": "▼", "plain": "■"}
"""What stands for a note's colour in text, always beside the word for its kind."""
EMPTY: Spans = (Plain("–"),)


def spelled_out(part: Matters[Spans] | Board[Spans] | Grid[Spans]) -> tuple[Part[Spans], ...]:
    match part:
        case Matters():
            return tuple(_matters(part))
        case Board():
            return tuple(_board(part))
        case Grid():
            return tuple(_grid(part))
        case _:
            assert_never(part)


# --- what waits ---------------------------------------------------------------------------


def _matters(matters: Matters[Spans]) -> Iterator[Part[Spans]]:
    for one in matters.items:
        above = (*(one.kind or ()), *_chip(one))
        if above:
            yield Small(above)
        yield Quote(one.words) if one.kind is not None else Paragraph(one.words)
        if one.about is not None:
            yield Small(one.about)
        if one.button is not None:
            yield Buttons((one.button,))


def _chip(one: MatterRow[Spans]) -> Spans:
    if one.promise is None:
        return ()
    between: Spans = (Plain(" · "),) if one.kind else ()
    return (*between, *strong(one.promise))


# --- boards and tables --------------------------------------------------------------------


def _board(board: Board[Spans]) -> Iterator[Part[Spans]]:
    for column in board.columns:
        yield Paragraph(strong(column.name))
        if column.notes:
            yield Bullets(tuple(note_line(note) for note in column.notes))
        if column.under is not None:
            yield Small(column.under)


def note_line(note: BoardNote[Spans]) -> Spans:
    """Return a note as one line, with its kind before it and what else there is to know behind. A
    line end inside could make one note look like two."""
    before: Spans = ()
    if note.kind is not None:
        before = (Plain(f"{SIGNS[note.sign]} "), *strong(note.kind), Plain(": "))
    words = tuple(
        Quoted(" ".join(span.text.split("\n"))) if isinstance(span, Quoted) else span
        for span in note.words
    )
    about: Spans = () if note.about is None else (Plain(" ("), *note.about, Plain(")"))
    return (*before, *words, *about)


def _grid(grid: Grid[Spans]) -> Iterator[Part[Spans]]:
    """Say each row by itself: what it is about, then each column with its name."""
    for row in grid.rows:
        about, *cells = row or (EMPTY,)
        yield Paragraph(strong(about if plain(about).strip() else EMPTY))
        named = zip_longest(grid.columns[1:], cells, fillvalue=EMPTY)
        facts = tuple((name, cell if plain(cell).strip() else EMPTY) for name, cell in named)
        if facts:
            yield FactRows(facts)


def strong(spans: Spans) -> Spans:
    """Return the line with Digi's own words in it standing out. People's words have no style."""
    return tuple(
        span if isinstance(span, Mention | Link | Quoted) else Strong(span.text) for span in spans
    )
