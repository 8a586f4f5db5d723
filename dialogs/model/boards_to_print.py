"""What a meeting without screens needs on paper: a board to hang up, and cards to deal.

Like a poster, both contain lines of type `L`; bot/core/localize.py makes them words, and
bot/documents draws the sheets.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

from content.language import Language
from msgspec import Struct

from dialogs.model.cards import (
    BoardNote,
    Day,
    Line,
    LinkAddress,
    NoteSign,
    Spans,
    Words,
    text,
)

L = TypeVar("L")


class PrintedKind(Struct, Generic[L], frozen=True):
    """A kind of notes, of which a lane without notes has some to write on."""

    name: L
    sign: NoteSign = "plain"


class PrintedLane(Struct, Generic[L], frozen=True):
    """A lane with what it is about. Without notes it has empty ones."""

    name: L
    text: L | None = None
    notes: tuple[BoardNote[L], ...] = ()


class BoardToPrint(
    Struct, Generic[L], frozen=True, kw_only=True, tag="board_to_print", tag_field="file"
):
    """A board for the wall, on A3. `print` is for whoever prints it and is not printed."""

    title: L
    head: L
    lanes: tuple[PrintedLane[L], ...]
    kinds: tuple[PrintedKind[L], ...]
    document: L
    print: L
    language: Language = "da"


class CardsToPrint(
    Struct, Generic[L], frozen=True, kw_only=True, tag="cards_to_print", tag_field="file"
):
    """Cards to cut out and deal, one for each person: `addresses` are what their QR codes lead to.

    The cards look alike but for their codes, and are printed in the order of these, which is
    random: nobody can tell from a card who got it, or which one was dealt first.
    """

    title: L
    name: L
    addresses: tuple[L, ...]
    how: L
    kept: L
    until: L
    type: L
    document: L
    code: L
    print: L
    language: Language = "da"


NeutralPrint = BoardToPrint[Line] | CardsToPrint[Line]
FinishedPrint = BoardToPrint[Spans] | CardsToPrint[Spans]


def board_to_print(
    *,
    title: Line,
    project: str,
    day: date,
    lanes: tuple[PrintedLane[Line], ...],
    kinds: tuple[PrintedKind[Line], ...] = (),
) -> BoardToPrint[Line]:
    """Return the board of the exercise with this title, as it is on this day."""
    return BoardToPrint(
        title=title,
        head=text("document.head", name=Words(project), day=Day(day, year=True)),
        lanes=lanes,
        kinds=kinds,
        document=text("to_print.board", title=title),
        print=text("to_print.print_board"),
    )


def cards_to_print(*, title: Line, project: str, cards: tuple[str, ...]) -> CardsToPrint[Line]:
    """Return the cards for the exercise with this title, by the ids of their links."""
    return CardsToPrint(
        title=title,
        name=Words(project),
        addresses=tuple(LinkAddress("card", id) for id in cards),
        how=text("to_print.how"),
        kept=text("to_print.kept"),
        until=text("to_print.until"),
        type=text("to_print.type"),
        document=text("to_print.cards", title=title),
        code=text("to_print.code"),
        print=text("to_print.print_cards"),
    )


def finished(one: NeutralPrint, line: Callable[[Line], Spans], language: Language) -> FinishedPrint:
    """Return the sheets in a language, as `line` says it."""
    if isinstance(one, BoardToPrint):
        return _board(one, line, language)
    return CardsToPrint(
        title=line(one.title),
        name=line(one.name),
        addresses=tuple(line(address) for address in one.addresses),
        how=line(one.how),
        kept=line(one.kept),
        until=line(one.until),
        type=line(one.type),
        document=line(one.document),
        code=line(one.code),
        print=line(one.print),
        language=language,
    )


def _board(
    one: BoardToPrint[Line], line: Callable[[Line], Spans], language: Language
) -> BoardToPrint[Spans]:
    def maybe(said: Line | None) -> Spans | None:
        return None if said is None else line(said)

    return BoardToPrint(
        title=line(one.title),
        head=line(one.head),
        lanes=tuple(
            PrintedLane(
                line(lane.name),
                maybe(lane.text),
                tuple(
                    BoardNote(line(n.words), n.sign, maybe(n.kind), maybe(n.about))
                    for n in lane.notes
                ),
            )
            for lane in one.lanes
        ),
        kinds=tuple(PrintedKind(line(kind.name), kind.sign) for kind in one.kinds),
        document=line(one.document),
        print=line(one.print),
        language=language,
    )
