"""Posters: what hangs on the wall for those without a chat at work.

Like a card, a poster contains lines of type `L`; bot/core/localize.py makes them words, and
bot/documents/poster.py draws the sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from content.language import Language
from msgspec import Struct

from dialogs.model.cards import Line, Spans, Words, text

L = TypeVar("L")

Paper = Literal["a4", "a5"]
PAPERS: tuple[Paper, ...] = ("a4", "a5")


class Poster(Struct, Generic[L], frozen=True, kw_only=True, tag="poster", tag_field="file"):
    """The words of a poster, from the top down. `address` is what its QR code leads to; `how` says
    what to do with the code; `print` is for whoever prints it and is not printed."""

    name: L
    title: L
    lead: L
    how: tuple[L, ...]
    kept: L
    type: L
    address: L
    hang: L
    take: L
    document: L
    code: L
    code_leads: L
    print: dict[Paper, L]
    language: Language = "da"


NeutralPoster = Poster[Line]
FinishedPoster = Poster[Spans]


def poster(name: str, address: Line) -> NeutralPoster:
    """Return the poster of the project with this name, whose page lies at the address."""
    return Poster(
        name=Words(name),
        title=text("poster.title"),
        lead=text("poster.lead"),
        how=(text("poster.scan"), text("poster.no_app"), text("poster.any_language")),
        kept=text("poster.kept"),
        type=text("poster.type"),
        address=address,
        hang=text("poster.hang"),
        take=text("poster.take"),
        document=text("poster.document", name=Words(name)),
        code=text("poster.code", name=Words(name)),
        code_leads=text("poster.code_leads", address=address),
        print={paper: text("poster.print", paper=Words(paper.upper())) for paper in PAPERS},
    )


def finished(
    one: NeutralPoster, line: Callable[[Line], Spans], language: Language
) -> FinishedPoster:
    """Return the poster in a language, as `line` says it."""
    return Poster(
        name=line(one.name),
        title=line(one.title),
        lead=line(one.lead),
        how=tuple(line(each) for each in one.how),
        kept=line(one.kept),
        type=line(one.type),
        address=line(one.address),
        hang=line(one.hang),
        take=line(one.take),
        document=line(one.document),
        code=line(one.code),
        code_leads=line(one.code_leads),
        print={paper: line(said) for paper, said in one.print.items()},
        language=language,
    )
