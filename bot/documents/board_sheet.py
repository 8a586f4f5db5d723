"""Draws a board as one HTML file that prints on A3: for the wall, with notes or to write on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from dialogs.model.boards_to_print import BoardToPrint, PrintedKind, PrintedLane
from dialogs.model.cards import BoardNote, NoteSign, Spans, plain
from dialogs.model.spelled_out import SIGNS

ACROSS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}
"""How many lanes stand beside each other on one sheet, by how many there are; 4 of more."""
MOST_ACROSS = 4
EMPTY_OF_A_KIND, EMPTY_WITHOUT_KINDS = 2, 4
"""Empty notes in a lane; one of a kind where three lanes stand below each other."""
WIDE, TALL = 390, 232
"""Millimetres that the lanes have on the sheet."""
LETTER, LINE, AROUND = 2.9, 6.6, 9.0
"""Millimetres that a letter and a line of a note take, and what is around its words."""
HEAD = 24
"""Millimetres for the name of a lane and what it is about."""
_STYLE = Path(__file__).with_name("board_sheet.css")


@cache
def style() -> str:
    """Return the style sheet, which stands in the file; who serves it allows it by its hash."""
    return f"@page {{ size: A3 landscape; margin: 0; }}\n{_STYLE.read_text('utf-8')}"


def board_html(one: BoardToPrint[Spans]) -> str:
    """Return one sheet with all lanes; where the notes need more, each lane across the page, on as
    many sheets as there are."""
    across = ACROSS.get(len(one.lanes), MOST_ACROSS)
    down = -(-len(one.lanes) // across)
    whole = _fits(one, across, down)
    empty = "".join(_empty(one.kinds, EMPTY_OF_A_KIND if down < 3 else 1))
    kind = f"whole across-{across}" if whole else "long"
    lanes = "".join(_lane(lane, empty) for lane in one.lanes)
    return f"""<!doctype html>
<html lang="{one.language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{_said(one.document)}</title>
<style>{style()}</style>
<p class="bar">{_said(one.print)}</p>
<div class="sheet {kind}">
<header><h1 dir="auto">{_said(one.title)}</h1><p dir="auto">{_said(one.head)}</p></header>
<main>{lanes}</main>
</div>
</html>
"""


def _fits(one: BoardToPrint[Spans], across: int, down: int) -> bool:
    """Return whether the lane with most to read has room for its notes on one sheet."""
    letters = max(1, int((WIDE / across - 24) / LETTER))
    room = TALL / max(down, 1) - HEAD
    return all(sum(_tall(note, letters) for note in lane.notes) <= room for lane in one.lanes)


def _tall(note: BoardNote[Spans], letters: int) -> float:
    written = plain(note.words).split("\n")
    lines = sum(-(-len(line) // letters) or 1 for line in written)
    return AROUND + LINE * (lines + (note.kind is not None) + (note.about is not None))


def _lane(lane: PrintedLane[Spans], empty: str) -> str:
    about = "" if lane.text is None else f'<p class="about" dir="auto">{_said(lane.text)}</p>'
    notes = "".join(_note(note) for note in lane.notes) or empty
    to_fill_in = "" if lane.notes else " empty"
    return (
        f'<section><h2 dir="auto">{_said(lane.name)}</h2>{about}'
        f'<ul class="notes{to_fill_in}">{notes}</ul></section>'
    )


def _note(note: BoardNote[Spans]) -> str:
    about = "" if note.about is None else f'<p class="under" dir="auto">{_said(note.about)}</p>'
    kind = "" if note.kind is None else _kind(note.sign, note.kind)
    return f'<li class="{note.sign}">{kind}<p dir="auto">{_said(note.words)}</p>{about}</li>'


def _empty(kinds: tuple[PrintedKind[Spans], ...], each: int) -> Iterator[str]:
    """Return notes to write on by hand, in their kinds one below the other."""
    if not kinds:
        yield '<li class="plain"></li>' * EMPTY_WITHOUT_KINDS
    for kind in kinds:
        yield f'<li class="{kind.sign}">{_kind(kind.sign, kind.name)}</li>' * each


def _kind(sign: NoteSign, name: Spans) -> str:
    return f'<p class="kind"><span aria-hidden="true">{SIGNS[sign]} </span>{_said(name)}</p>'


def _said(line: Spans) -> str:
    return escape(plain(line))
