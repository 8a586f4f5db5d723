"""Building blocks for Adaptive Cards: text lines, rows, and the card's frame.

All text is in plain TextRuns, in which Teams parses no markdown, links or mentions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from bot.platforms.common.receipt_code import is_receipt_code
from bot.platforms.teams.data import CardElement
from bot.platforms.teams.words import word
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.shorten import cut
from dialogs.model.spelled_out import note_line, strong

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.5"
LINE = 1500
SPOKEN = 1000
SUMMARY = 200
BUTTONS_A_ROW = 4
BUTTONS = 8_000
BOX = 10_000
BOX_STYLES: dict[c.NoteSign, str] = {
    "today": "warning",
    "better": "good",
    "worse": "attention",
    "plain": "emphasis",
}
_MACRO = re.compile(r"\{\{(?=(?:DATE|TIME)\()")
_WEB = re.compile(r"https?://[^\s<>|]+")


class TextLine(Struct, frozen=True):
    """A line of text as TextRuns."""

    runs: tuple[CardElement, ...]
    plain: str


class CardRow(Struct, frozen=True):
    """A card element, its text for screen readers, and its size in characters of JSON."""

    element: CardElement
    plain: str
    size: int
    buttons: bool = False


def shown(text: str) -> str:
    """Break Adaptive Cards' {{DATE()}} and {{TIME()}} macros with an invisible character, so that
    they are shown as typed."""
    return _MACRO.sub("{\u2060{", text)


def _runs(span: c.Span) -> tuple[str, CardElement]:
    match span:
        case c.Strong(text=text) | c.Quoted(text=text) if is_receipt_code(span):
            return text, {"fontType": "Monospace", "size": "Large", "weight": "Bolder"}
        case c.Strong(text=text):
            return text, {"weight": "Bolder"}
        case c.Emph(text=text):
            return text, {"italic": True}
        case c.Mention(name=name):
            return name, {}
        case c.Link(text=text, url=url) if _WEB.fullmatch(url):
            return text or url, {"selectAction": {"type": "Action.OpenUrl", "url": url}}
        case _:
            return span.text, {}


def text_lines(spans: Sequence[c.Span], lead: str = "", **style: object) -> Iterator[TextLine]:
    """Split spans into lines, at line breaks and before a line exceeds LINE characters."""
    runs: list[CardElement] = []
    plain: list[str] = []
    room = LINE

    def done() -> Iterator[TextLine]:
        nonlocal room
        if "".join(plain).strip():
            yield TextLine(tuple(runs), "".join(plain))
        runs.clear()
        plain.clear()
        room = LINE

    for span in (c.Plain(lead), *spans) if lead else spans:
        text, look = _runs(span)
        for at, line in enumerate(shown(text).split("\n")):
            if at:
                yield from done()
            for piece in _pieces(line, room):
                if len(piece) > room:
                    yield from done()
                runs.append({"type": "TextRun", "text": piece, **style, **look})
                plain.append(piece)
                room -= len(piece)
    yield from done()


def _pieces(text: str, room: int) -> Iterator[str]:
    """Split a text at blanks: the first piece fits into `room`, the others into LINE."""
    while len(text) > max(room, 1):
        at = text.rfind(" ", 0, max(room, 1)) + 1 or (room if room > LINE // 2 else 0)
        if at:
            yield text[:at]
        text = text[at:]
        room = LINE
    if text:
        yield text


def size_of(element: Any) -> int:
    return len(json.dumps(element)) + 2


def a_row(element: CardElement, plain: str, *, buttons: bool = False) -> CardRow:
    return CardRow(element, plain, size_of(element), buttons)


def rich_row(line: TextLine, **more: object) -> CardRow:
    return a_row({"type": "RichTextBlock", "inlines": list(line.runs), **more}, line.plain)


def boxes(lines: Iterable[TextLine], style: str = "emphasis") -> Iterator[CardRow]:
    """Put one person's words into one shaded box, or into several if they are too long for a
    page."""
    held: list[CardRow] = []
    for line in lines:
        row = rich_row(line, **({"spacing": "None"} if held else {}))
        if held and sum(one.size for one in held) + row.size > BOX:
            yield _box(held, style)
            held = [rich_row(line)]
        else:
            held.append(row)
    if held:
        yield _box(held, style)


def _box(rows: Sequence[CardRow], style: str) -> CardRow:
    return a_row(
        {
            "type": "Container",
            "style": style,
            "spacing": "Small",
            "items": [row.element for row in rows],
        },
        "\n".join(row.plain for row in rows),
    )


def lane_rows(lane: c.BoardColumn[c.Spans]) -> Iterator[CardRow]:
    """Render a lane of a board: its name, each note in a box of its colour, and what is said below
    them."""
    yield from in_rows(text_lines(strong(lane.name)), "Medium")
    for note in lane.notes:
        yield from boxes(text_lines(note_line(note)), BOX_STYLES[note.sign])
    yield from in_rows(text_lines(lane.under or (), size="Small"), "Small")


def in_rows(lines: Iterable[TextLine], spacing: str) -> Iterator[CardRow]:
    for at, line in enumerate(lines):
        yield rich_row(line, spacing=spacing if not at else "None")


def button_rows(drawn: Iterable[CardElement]) -> Iterator[CardRow]:
    held: list[CardElement] = []
    size = 0
    for block in drawn:
        more = size_of(block)
        if held and (len(held) == BUTTONS_A_ROW or size + more > BUTTONS):
            yield a_row({"type": "ActionSet", "actions": list(held)}, "", buttons=True)
            held.clear()
            size = 0
        held.append(block)
        size += more
    if held:
        yield a_row({"type": "ActionSet", "actions": held}, "", buttons=True)


def framed(rows: Sequence[CardRow], spoken: str, language: Language) -> CardElement:
    body = [row.element for row in rows] or [{"type": "TextBlock", "text": "…", "wrap": True}]
    words = _aloud(spoken, language)
    return {
        "type": "AdaptiveCard",
        "$schema": SCHEMA,
        "version": VERSION,
        "lang": language,
        "speak": words,
        "fallbackText": cut(words, SUMMARY),
        "body": body,
    }


def _aloud(text: str, language: Language) -> str:
    """Return the text for screen readers, without symbols that would be read aloud or parsed as
    markup."""
    plain = re.sub(r"[<>●○❝•◆▲▼■]", "", text).replace("&", word("and", language))
    said = " ".join(cut(plain, SPOKEN).split()) or "Digi"
    while size_of(said) > SPOKEN + 400:
        said = cut(said, len(said) * 3 // 4)
    return said


def summary_of(text: str) -> str:
    """Return the text of a notification."""
    return cut(" ".join(re.sub(r"[<>]", "", text).split()), SUMMARY) or "Digi"
