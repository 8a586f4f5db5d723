"""Renders a line as rich text elements. Slack parses no markup in these, so that text from people
cannot change the style, mentions or links around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bot.platforms.common.receipt_code import is_receipt_code
from dialogs.model import cards as c

Element = dict[str, Any]

PERSON = re.compile(r"[UW][A-Z0-9]{2,40}")
WEB = re.compile(r"https?://[^\s<>|]+")


def elements(spans: c.Spans, lead: str) -> tuple[Element, ...]:
    """Return the line's elements, or none if plain text would look the same."""
    drawn = [element for span in spans if (element := _element(span)) is not None]
    if all(set(element) == {"type", "text"} for element in drawn):
        return ()
    return (*([{"type": "text", "text": lead}] if lead else []), *drawn)


def _element(span: c.Span) -> Element | None:
    match span:
        case c.Mention(person=person, name=name):
            if PERSON.fullmatch(person):
                return {"type": "user", "user_id": person}
            return {"type": "text", "text": name} if name else None
        case c.Link(text=text, url=url) if text and WEB.fullmatch(url):
            return {"type": "link", "url": url, "text": text}
        case c.Strong(text=text) | c.Quoted(text=text) if is_receipt_code(span):
            return {"type": "text", "text": text, "style": {"code": True}}
        case c.Strong(text=text) if text.strip():
            return {"type": "text", "text": text, "style": {"bold": True}}
        case c.Emph(text=text) if text.strip():
            return {"type": "text", "text": text, "style": {"italic": True}}
        case _:
            return {"type": "text", "text": span.text} if span.text else None


def words(line: Sequence[Element]) -> str:
    return "".join(str(element.get("text", "")) for element in line)


def split(line: Sequence[Element], limit: int) -> list[tuple[Element, ...]]:
    """Split into lines of at most `limit` characters. A label stays in front of its value."""
    found: list[tuple[Element, ...]] = []
    held: list[Element] = []
    size = 0
    for element in line:
        text = element.get("text", "")
        for piece in pieces(text, limit) if len(text) > limit else [text]:
            if held and size + len(piece) > limit:
                found.append(tuple(held))
                held, size = [], 0
            held.append({**element, "text": piece} if piece else element)
            size += len(piece)
    return [*found, tuple(held)] if held else found


def pieces(text: str, limit: int) -> Iterable[str]:
    """Split a text into pieces of at most `limit` characters, at a blank if there is one."""
    while len(text) > limit:
        at = max(text.rfind(" ", limit // 2, limit), text.rfind("\n", limit // 2, limit))
        at = limit if at < 0 else at + 1
        if text[:at].strip():
            yield text[:at]
        text = text[at:]
    if text.strip():
        yield text
