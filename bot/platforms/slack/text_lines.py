"""Converts text spans into lines of mrkdwn or plain text, escaped and split by Slack's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from bot.platforms.common.receipt_code import is_receipt_code
from bot.platforms.slack import rich_text
from bot.platforms.slack.rich_text import PERSON, WEB, pieces
from dialogs.model import cards as c
from dialogs.model.shorten import cut
from dialogs.model.spelled_out import note_line, strong

Block = dict[str, Any]


SECTION = 3000


HEADER = 150


RICH = 60
"""Estimated characters of JSON that a rich text line needs besides its elements."""


_READ_AS_MARKUP = re.compile(r"[*_~`]|:[\w+'-]+:|(?:^|\n)\s*>")


_GAP = c.Plain("  ")


class SlackLine(Struct, frozen=True):
    """A line of text: as plain text, and as mrkdwn if that is safe. `rich` is set if mrkdwn is not
    safe and the line has styles, mentions or links."""

    plain: str
    marked: str | None = None
    small: bool = False
    heading: bool = False
    rich: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        return self.plain if self.marked is None else self.marked

    def size(self, ascii_only: bool) -> int:
        """Return the number of characters as JSON."""
        if self.rich:
            return length_of(self.rich, ascii_only) + RICH
        return length_of(self.text, ascii_only)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_words(spans: c.Spans) -> str:
    """Return the text without markup; a link is followed by its address."""
    return "".join(
        span.name
        if isinstance(span, c.Mention)
        else f"{span.text} ({span.url})"
        if isinstance(span, c.Link) and span.text and span.url != span.text
        else span.text
        for span in spans
    )


def _marked(spans: c.Spans) -> str | None:
    """Return the line as mrkdwn, or None if Slack could read some of its words as markup."""
    found: list[str] = []
    # Check the whole line: `:sm` and `ile:` are harmless alone and an emoji together.
    if _READ_AS_MARKUP.search("".join(_said(span) for span in spans)):
        return None
    spans = _merged(spans)
    for at, span in enumerate(spans):
        match span:
            case c.Strong(text=text) | c.Quoted(text=text) if is_receipt_code(span):
                found.append(f"`{text}`")
            case c.Plain(text=text) | c.Quoted(text=text):
                found.append(escaped(text))
            case c.Strong(text=text) | c.Emph(text=text):
                sign = "*" if isinstance(span, c.Strong) else "_"
                before = plain_words(spans[:at])[-1:]
                after = plain_words(spans[at + 1 :])[:1]
                found.append(_styled(escaped(text), sign, before, after))
            case c.Mention(person=person, name=name):
                found.append(f"<@{person}>" if PERSON.fullmatch(person) else escaped(name))
            case c.Link(text=text, url=url):
                shown = escaped(text).replace("|", "/")
                found.append(
                    f"<{escaped(url)}|{shown}>" if WEB.fullmatch(url) and shown else escaped(text)
                )
    return "".join(found)


def _merged(spans: c.Spans) -> c.Spans:
    """Merge neighbours of the same style: in `*Hvem er med?**!*` Slack would show the signs."""
    found: list[c.Span] = []
    for span in spans:
        last = found[-1] if found else None
        if isinstance(span, c.Strong) and isinstance(last, c.Strong) and _on_one_line(last, span):
            found[-1] = c.Strong(last.text + span.text)
        elif isinstance(span, c.Emph) and isinstance(last, c.Emph) and _on_one_line(last, span):
            found[-1] = c.Emph(last.text + span.text)
        else:
            found.append(span)
    return tuple(found)


def _on_one_line(*spans: c.Strong | c.Emph) -> bool:
    return not any("\n" in span.text for span in spans)


def _said(span: c.Span) -> str:
    if not isinstance(span, c.Mention):
        return span.text
    return "" if PERSON.fullmatch(span.person) else span.name


def _styled(text: str, sign: str, before: str, after: str) -> str:
    """Put the mrkdwn sign around the text. Slack recognises it only at word boundaries and next to
    a character that is not a space."""
    inner = text.strip()
    if not inner or "\n" in inner or before.isalnum() or (after.isalnum() and text[-1:] != " "):
        return text
    return text.replace(inner, f"{sign}{inner}{sign}", 1)


def as_line(spans: c.Spans, *, small: bool = False, lead: str = "") -> SlackLine:
    marked = _marked(spans)
    if marked is not None and len(marked) + len(lead) > SECTION:
        marked = None
    plain = lead + plain_words(spans)
    if marked is not None:
        return SlackLine(plain, lead + marked, small)
    # Slack's context blocks, used for small text, take no rich text.
    return SlackLine(plain, None, small, rich=() if small else rich_text.elements(spans, lead))


def as_lines(spans: c.Spans, *, small: bool = False, lead: str = "") -> Sequence[SlackLine]:
    """Split a text into the fewest lines that hold it. Digi's own phrases are cached. Text from
    people is not, so that it does not stay in memory."""
    if c.is_ours(spans):
        return _our_lines(spans, small, lead)
    return split_line(as_line(spans, small=small, lead=lead))


@lru_cache(maxsize=4096)
def _our_lines(spans: c.Spans, small: bool, lead: str) -> Sequence[SlackLine]:
    return tuple(split_line(as_line(spans, small=small, lead=lead)))


def fact_lines(name: c.Spans, value: c.Spans) -> Sequence[SlackLine]:
    bold = _strong(name) if c.is_ours(name) else strong(name)
    return as_lines((*bold, _GAP, *value))


@lru_cache(maxsize=1024)
def _strong(name: c.Spans) -> c.Spans:
    return strong(name)


def board_lines(column: c.BoardColumn[c.Spans]) -> Sequence[SlackLine]:
    """Return a lane of a board: its name, a line for each note, and what is said below them."""
    lines = [*as_lines(strong(column.name))]
    for note in column.notes:
        lines += as_lines(note_line(note))
    return [*lines, *as_lines(column.under or (), small=True)]


def split_line(line: SlackLine) -> list[SlackLine]:
    if line.marked is not None and len(line.marked) <= SECTION:
        return [line] if line.plain.strip() and line.marked.strip() else []
    if line.rich:
        lines = rich_text.split(line.rich, SECTION) if line.plain.strip() else []
        return [SlackLine(rich_text.words(rich), rich=rich) for rich in lines]
    return [SlackLine(piece, None, line.small) for piece in pieces(line.plain, SECTION)]


def heading_line(text: c.Spans) -> SlackLine:
    plain = plain_words(text)
    if len(plain) <= HEADER and "\n" not in plain and not _has_mention(text):
        return SlackLine(plain, None, heading=True)
    strong = tuple(c.Strong(s.text) if isinstance(s, c.Plain | c.Emph) else s for s in text)
    return (
        split_line(as_line(strong))[0] if len(plain) <= SECTION else SlackLine(cut(plain, SECTION))
    )


def _has_mention(text: c.Spans) -> bool:
    return any(isinstance(span, c.Mention) for span in text)


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def section_block(lines: Sequence[SlackLine]) -> Block:
    if lines[0].rich:
        parts = [{"type": "rich_text_section", "elements": list(line.rich)} for line in lines]
        return {"type": "rich_text", "elements": parts}
    if lines[0].marked is not None:
        text: Block = {
            "type": "mrkdwn",
            "text": "\n".join(line.marked or "" for line in lines),
            "verbatim": True,
        }
    else:
        text = plain_text("\n".join(line.plain for line in lines))
    if lines[0].small:
        return {"type": "context", "elements": [text]}
    return {"type": "section", "text": text}


def length_of(drawn: Any, ascii_only: bool) -> int:
    """Return the number of characters as JSON. A view counts in its ASCII form, where an æ takes
    six."""
    return len(json.dumps(drawn, ensure_ascii=ascii_only))


def are_alike(before: SlackLine, line: SlackLine) -> bool:
    """Return whether both lines can share a block."""
    return not before.heading and _manner(before) == _manner(line)


def _manner(line: SlackLine) -> tuple[bool, bool, bool]:
    return line.marked is None, line.small, bool(line.rich)


def small_block(text: str) -> Block:
    return section_block([SlackLine(text, None, small=True)])


def cut_escaped(text: str, limit: int) -> str:
    """Truncate, but not in the middle of an HTML entity."""
    if len(text) <= limit:
        return text
    return re.sub(r"&[a-z]{0,3}$", "", text[: limit - 1]).rstrip() + "…"
