"""Lays out a card's lines and buttons as Block Kit blocks and splits them into pages that stay
within Slack's limits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from bot.platforms.slack.text_lines import (
    SECTION,
    Block,
    SlackLine,
    are_alike,
    as_lines,
    board_lines,
    cut_escaped,
    escaped,
    fact_lines,
    heading_line,
    length_of,
    plain_text,
    plain_words,
    section_block,
    split_line,
)
from bot.platforms.slack.words import word
from content.language import Language
from dialogs.model import cards as c
from dialogs.model import pictures
from dialogs.model.shorten import cut
from dialogs.model.spelled_out import spelled_out

BLOCK = 160
"""Estimated characters of JSON that a text block needs besides its text."""


FALLBACK = 3900


BUTTONS_A_ROW = 25


BUTTON = 75


ALT_TEXT = 2000


CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30


GLYPHS = 12


def rows_of(
    card: c.FinishedCard, language: Language, *, pictured: bool = False
) -> list[tuple[bool, Any]]:
    """Return the card's rows in order: (True, buttons and images) or (False, lines). Pictures are
    drawn as images if `pictured`, and always as their sentence."""
    rows: list[tuple[bool, Any]] = []
    for part in card.parts:
        match part:
            case c.Heading(text=text):
                if plain_words(text).strip():
                    rows.append((False, [heading_line(text)]))
            case c.Paragraph(text=text):
                rows.append((False, as_lines(text)))
            case c.Small(text=text):
                rows.append((False, as_lines(text, small=True)))
            case c.FactRows(rows=facts):
                rows.append((False, [x for name, v in facts for x in fact_lines(name, v)]))
            case c.Quote(words=words, by=by):
                # Plain text, so that a mention inside quoted words notifies nobody.
                who = f" ({plain_words(by)})" if by is not None else ""
                rows.append((False, split_line(SlackLine(f"❝ {plain_words(words)}{who}"))))
            case c.Bullets(items=items, numbered=numbered):
                lines: list[SlackLine] = []
                for n, item in enumerate(items, 1):
                    lines += as_lines(item, lead=f"{n}. " if numbered else "• ")
                rows.append((False, lines))
            case c.Progress(step=step, of=of, label=label):
                rows.append((False, as_lines(label, lead=_glyphs(step, of))))
            case pictures.Steps() | pictures.Chart():
                rows += _picture_rows(part, pictured)
            case c.Buttons(buttons=buttons):
                rows.append((True, [_button(button, language) for button in buttons]))
            case c.Board(columns=columns):
                rows += [(False, board_lines(column)) for column in columns]
            case c.Matters() | c.Grid():
                rows += rows_of(c.Card(spelled_out(part)), language, pictured=pictured)
    return [(kind, held) for kind, held in rows if held]


def _picture_rows(picture: c.FinishedPicture, pictured: bool) -> list[tuple[bool, Any]]:
    """Render a picture above its sentence; without a public address, the sentence alone."""
    sentence = picture.sentence or ()
    said = plain_words(sentence).strip()
    if not (pictured and said and picture.url.startswith("https://")):
        return [(False, as_lines(sentence))]
    image = {"type": "image", "image_url": picture.url, "alt_text": cut(said, ALT_TEXT)}
    return [(True, [image]), (False, as_lines(sentence, small=True))]


def _glyphs(step: int, of: int) -> str:
    if not 0 < of <= GLYPHS:
        return ""
    done = min(max(step, 0), of)
    return "●" * done + "○" * (of - done) + "  "


def _button(button: c.Button[c.Spans], language: Language) -> Block:
    label = c.plain(button.label).strip() or "…"
    drawn: Block = {
        "type": "button",
        "text": plain_text(cut(label, BUTTON)),
        "value": button.token,
    }
    if button.style == "main":
        drawn["style"] = "primary"
    elif button.style == "danger":
        drawn["style"] = "danger"
    if button.confirm is not None:
        drawn["confirm"] = {
            "title": plain_text(cut(label, CONFIRM_TITLE)),
            "text": plain_text(cut(c.plain(button.confirm).strip() or label, CONFIRM_TEXT)),
            "confirm": plain_text(cut(label, CONFIRM_BUTTON)),
            "deny": plain_text(word("keep", language)),
        }
    return drawn


def text_blocks(lines: Sequence[SlackLine]) -> list[Block]:
    """Return the smallest number of blocks that hold these lines in order, each within its
    limit."""
    blocks: list[Block] = []
    held: list[SlackLine] = []
    size = 0

    def close() -> None:
        nonlocal size
        if held:
            blocks.append(section_block(held))
        held.clear()
        size = 0

    for line in lines:
        if line.heading:
            close()
            blocks.append({"type": "header", "text": plain_text(line.plain)})
            continue
        length = len(line.text) + 1
        if held and (not are_alike(held[0], line) or size + length > SECTION):
            close()
        held.append(line)
        size += length
    close()
    return blocks


def _button_blocks(held: Sequence[Block]) -> list[Block]:
    """Return blocks of buttons; an image among them is a block of its own."""
    blocks: list[Block] = []
    row: list[Block] = []
    for one in held:
        if one["type"] == "image":
            blocks.append(dict(one))
            row = []
        elif row and len(row) < BUTTONS_A_ROW:
            row.append(one)
        else:
            row = [one]
            blocks.append({"type": "actions", "elements": row})
    return blocks


def _laid_out(rows: Sequence[tuple[bool, Any]]) -> list[Block]:
    return [
        block
        for is_buttons, held in rows
        for block in (_button_blocks(held) if is_buttons else text_blocks(held))
    ]


def print_of(drawn: Any) -> str:
    """Return a short hash of a drawing, used to tell whether two drawings are equal."""
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()[:10]


def named_blocks(blocks: list[Block]) -> list[Block]:
    """Give every block and button an id derived from the content.

    A redrawn message with other words gets other ids, so that Slack keeps no state of the old one.
    """
    print_of_blocks = print_of(blocks)
    action = 0
    for at, block in enumerate(blocks):
        if block["type"] == "actions":
            for element in block["elements"]:
                element["action_id"] = f"press-{action}"
                action += 1
        block.setdefault("block_id", f".{at}-{print_of_blocks}")
    return blocks


def fitted_blocks(
    rows: list[tuple[bool, Any]], most: int, whole: int, *, ascii_only: bool = False
) -> tuple[list[Block], list[SlackLine]]:
    """Return the blocks that fit into the limits, and the lines that did not. Buttons always
    fit."""
    blocks = _laid_out(rows)
    if len(blocks) <= most and _fits(blocks, whole, ascii_only):
        return blocks, []
    joined = _joined(rows, most)
    blocks = _laid_out(joined)
    if len(blocks) <= most and named_size(blocks, ascii_only) <= whole:
        return blocks, []
    buttons = [row for row in joined if row[0]]
    room = whole - named_size(_laid_out(buttons), ascii_only)
    places = most - len(_laid_out(buttons))
    kept: list[tuple[bool, Any]] = []
    left: list[SlackLine] = []
    for is_buttons, held in joined:
        if is_buttons:
            kept.append((True, held))
            continue
        page = BlockPage(ascii_only)
        for line in held:
            if left or not page.takes(line, places, room):
                if not left:
                    short = _shortened(line, room - page.chars - BLOCK, ascii_only)
                    if short is not None:
                        page.takes(short, places, room)
                left.append(line)
        room -= page.chars
        places -= page.blocks
        if page.lines:
            kept.append((False, page.lines))
    return _laid_out(kept), left


class BlockPage:
    """One page of lines with a running count of its blocks and characters. It must count the way
    `text_blocks` draws."""

    def __init__(self, ascii_only: bool = False) -> None:
        self._ascii_only = ascii_only
        self.lines: list[SlackLine] = []
        self.blocks = 0
        self.chars = 0
        self._in_block = 0

    def takes(self, line: SlackLine, most: int, whole: int) -> bool:
        """Add the line if it fits, and return whether it did."""
        text = line.text
        new = (
            not self.lines
            or line.heading
            or not are_alike(self.lines[-1], line)
            or self._in_block + len(text) + 1 > SECTION
        )
        chars = self.chars + line.size(self._ascii_only) + (BLOCK if new else 2)
        if self.blocks + new > most or chars > whole:
            return False
        self.lines.append(line)
        self.blocks += new
        self.chars = chars
        self._in_block = len(text) + 1 + (0 if new else self._in_block)
        return True


def filled_page(lines: Sequence[SlackLine], most: int, whole: int) -> BlockPage:
    """Return a page with as many of the lines as fit into a view."""
    page = BlockPage(ascii_only=True)
    for line in lines:
        if not page.takes(line, most, whole):
            short = _shortened(line, whole - page.chars - BLOCK, True)
            if short is not None:
                page.takes(short, most, whole)
            break
    return page


def _shortened(line: SlackLine, room: int, ascii_only: bool) -> SlackLine | None:
    """Return the line shortened to `room` characters of JSON, or None if too little would be
    left."""
    if line.heading or room < 80:
        return None
    text = line.plain[:room]
    while text and length_of(text, ascii_only) > room:
        text = text[: len(text) * 9 // 10]
    return SlackLine(f"{text[:-1].rstrip()}…", None, line.small) if len(text) > 40 else None


def _joined(rows: list[tuple[bool, Any]], most: int) -> list[tuple[bool, Any]]:
    """Merge adjacent text rows and adjacent button rows. If the button rows alone would take more
    than half of the blocks, move all buttons to the end."""
    found: list[tuple[bool, Any]] = []
    for is_buttons, held in rows:
        if found and found[-1][0] == is_buttons:
            found[-1] = (is_buttons, [*found[-1][1], *held])
        else:
            found.append((is_buttons, list(held)))
    buttons = [button for is_buttons, held in found if is_buttons for button in held]
    if sum(len(_button_blocks(held)) for is_buttons, held in found if is_buttons) > most // 2:
        lines = [line for is_buttons, held in found if not is_buttons for line in held]
        return [(False, lines), (True, buttons)]
    return found


def _fits(blocks: list[Block], whole: int, ascii_only: bool) -> bool:
    """Return whether the blocks fit, and avoid the exact count where an upper bound is enough.

    The length of msgspec's compact JSON times two (times four if non-ASCII is escaped) is never
    less than the exact length, and far faster to compute.
    """
    times = 4 if ascii_only else 2
    return times * len(msgspec.json.encode(blocks)) <= whole - _names(blocks) or (
        named_size(blocks, ascii_only) <= whole
    )


def named_size(blocks: list[Block], ascii_only: bool) -> int:
    """Return the size of the blocks as JSON, including the ids that `named_blocks` will add."""
    return length_of(blocks, ascii_only) + _names(blocks)


def _names(blocks: list[Block]) -> int:
    return sum(40 + 30 * len(block.get("elements", ())) for block in blocks)


def fallback_of(rows: Sequence[tuple[bool, Any]]) -> str:
    """Return the text without buttons, for notifications and screen readers."""
    lines = [line for is_buttons, held in rows if not is_buttons for line in held]
    whole = escaped("\n".join(line.plain for line in lines if line.plain.strip()))
    return cut_escaped(whole, FALLBACK) or "Digi"
