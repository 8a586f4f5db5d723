"""Turns the text of a phrase into spans: its styles and its placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from content.language import Language
from content.model import Phrase
from dialogs.model import cards as c

_PIECE = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|\{(\w+)\}", re.S)
_SENTENCE_ENDS = (". ", "! ", "? ")


# The segments of a phrase: literal text, a placeholder's name, or either within a style.
Piece = c.Plain | str | tuple[type[c.Strong] | type[c.Emph], tuple[Any, ...]]


@lru_cache(maxsize=8192)
def pieces_of(template: str) -> tuple[Piece, ...]:
    found: list[Piece] = []
    end = 0
    for piece in _PIECE.finditer(template):
        if piece.start() > end:
            found.append(c.Plain(template[end : piece.start()]))
        strong, emph, name = piece.groups()
        if strong is not None:
            found.append((c.Strong, pieces_of(strong)))
        elif emph is not None:
            found.append((c.Emph, pieces_of(emph)))
        else:
            found.append(str(name))
        end = piece.end()
    if end < len(template):
        found.append(c.Plain(template[end:]))
    return tuple(found)


@lru_cache(maxsize=8192)
def fixed(phrase: Phrase, language: Language) -> c.Spans:
    """Return a phrase without placeholders, which most are; cached."""
    return _fixed_pieces(pieces_of(phrase.of(language)))


def _fixed_pieces(pieces: tuple[Piece, ...]) -> c.Spans:
    found: list[c.Span] = []
    for piece in pieces:
        if isinstance(piece, str):
            raise KeyError(piece)
        if isinstance(piece, c.Plain):
            found.append(piece)
        else:
            style, inside = piece
            found.extend(styled(style, _fixed_pieces(inside)))
    return tuple(found)


def styled(style: type[c.Strong] | type[c.Emph], spans: c.Spans) -> Iterator[c.Span]:
    for span in spans:
        # People's text is unchanged, whatever surrounds it.
        yield span if isinstance(span, c.Mention | c.Link | c.Quoted) else style(span.text)


def capitalised(spans: c.Spans) -> c.Spans:
    """Begin Digi's own words with a capital letter; people's words and names stay as they are."""
    if not spans or not isinstance(first := spans[0], c.Plain | c.Strong | c.Emph):
        return spans
    if not first.text[:1].islower():
        return spans
    raised = msgspec.structs.replace(first, text=first.text[0].upper() + first.text[1:])
    return (raised, *spans[1:])


def continuing(before: Sequence[c.Span], spans: c.Spans) -> c.Spans:
    """Return what comes next, with a capital letter if a sentence of Digi's has ended, or a
    question that was filled in."""
    last = before[-1] if before else None
    ended = isinstance(last, c.Plain) and (
        last.text.endswith(_SENTENCE_ENDS)
        or (last.text == " " and c.plain(tuple(before[-2:-1])).endswith(("!", "?")))
    )
    return capitalised(spans) if ended else spans


def closing(before: Sequence[c.Span], literal: c.Plain) -> c.Spans:
    """Return the literal text without the mark that it begins with, if what was filled in before it
    ends with a mark of its own: `Hvem er med?`, and not `Hvem er med?.` or `Hvem er med?:`."""
    mark = literal.text[:1]
    if mark not in (".", ":"):
        return (literal,)
    ended = c.plain(tuple(before[-1:]))[-1:]
    if ended not in ("!", "?") and not (mark == "." == ended):
        return (literal,)
    rest = literal.text[1:]
    return (c.Plain(rest),) if rest else ()


@lru_cache(maxsize=2048)
def marked(text: str) -> c.Spans:
    """Words of the catalogue may carry strong and emphasis, and nothing else."""
    found: list[c.Span] = []
    end = 0
    for piece in re.finditer(r"\*\*(.+?)\*\*|\*(.+?)\*", text, re.S):
        if piece.start() > end:
            found.append(c.Plain(text[end : piece.start()]))
        strong, emph = piece.groups()
        found.append(c.Emph(emph) if strong is None else c.Strong(strong))
        end = piece.end()
    if end < len(text):
        found.append(c.Plain(text[end:]))
    return tuple(found)
