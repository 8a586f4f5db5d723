"""Finished cards and forms as Block Kit, within Slack's limits whatever people wrote.

What people wrote is never read as markup: a line that could be is drawn as rich text, in which
labels and words are elements of their own, or as plain text; everything else is escaped. A text
that is too long is cut or goes on in `rest`; a button is never lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from bot.platforms.slack.blocks import (
    FALLBACK,
    BlockPage,
    fallback_of,
    fitted_blocks,
    named_blocks,
    rows_of,
    text_blocks,
)
from bot.platforms.slack.forms import (
    TITLE,
    VIEW_BLOCKS,
    WHOLE_VIEW,
    nothing_to_show,
    written_channel,
)
from bot.platforms.slack.rich_text import pieces
from bot.platforms.slack.text_lines import (
    Block,
    SlackLine,
    cut_escaped,
    plain_text,
    small_block,
)
from bot.platforms.slack.words import word
from dialogs.model import cards as c
from dialogs.model.commands import Language

BLOCKS = 49
WHOLE = 12_000
"""All blocks of a message together, as JSON: Slack refuses somewhat more than this."""


class SlackMessage(Struct, frozen=True):
    """A message. `rest` is what had no room in it: messages for its thread."""

    text: str
    blocks: list[Block]
    rest: tuple[SlackMessage, ...] = ()


# --- a card in rows ----------------------------------------------------------------------------

# Several lines that belong together, or the buttons of one place.
_Row = list[SlackLine] | list[Block]


# --- what the edge asks for --------------------------------------------------------------------


def message(card: c.FinishedCard, language: Language, *, again: bool = False) -> SlackMessage:
    """A message of its own: posted, redrawn or whispered."""
    return messages((card,), language, again=again)


def messages(
    cards: Sequence[c.FinishedCard], language: Language, *, again: bool = False
) -> SlackMessage:
    """Several cards as one message, one below the other."""
    rows = _all_rows(cards, language)
    blocks, left = fitted_blocks(rows, BLOCKS - 2, WHOLE - 400)
    if left:
        blocks.append(small_block(word("rest", language)))
    drawn = SlackMessage(
        fallback_of(rows), named_blocks(blocks or nothing_to_show()), _continued(left)
    )
    if not again:
        return drawn
    pages = tuple(marked_again(page, language) for page in drawn.rest)
    return marked_again(SlackMessage(drawn.text, drawn.blocks, pages), language)


def marked_again(page: SlackMessage, language: Language) -> SlackMessage:
    """A message, or a further page of one, which may be there already; said to all who read it."""
    said = word("again", language)
    if page.text.endswith(said):
        return page
    text = f"{cut_escaped(page.text, FALLBACK - len(said) - 1)}\n{said}"
    return SlackMessage(text, named_blocks([*page.blocks, small_block(said)]), page.rest)


def _all_rows(cards: Sequence[c.FinishedCard], language: Language) -> list[tuple[bool, Any]]:
    return [row for card in cards for row in rows_of(card, language)]


def _continued(left: list[SlackLine]) -> tuple[SlackMessage, ...]:
    """What had no room, in messages of its own."""
    found: list[SlackMessage] = []
    while left:
        page = BlockPage()
        while left and page.takes(left[0], BLOCKS - 1, WHOLE - 200):
            left.pop(0)
        if not page.lines:
            # Signs that JSON writes six characters for.
            first = left.pop(0)
            left[:0] = [SlackLine(piece, None, first.small) for piece in pieces(first.plain, 1000)]
            continue
        found.append(
            SlackMessage(fallback_of([(False, page.lines)]), named_blocks(text_blocks(page.lines)))
        )
    return tuple(found)


def home(cards: Sequence[c.FinishedCard], language: Language) -> Block:
    """The Home tab."""
    blocks, _ = fitted_blocks(_all_rows(cards, language), VIEW_BLOCKS, WHOLE_VIEW, ascii_only=True)
    return {"type": "home", "blocks": named_blocks(blocks or nothing_to_show())}


def sheet(cards: Sequence[c.FinishedCard], language: Language, channel: str = "") -> Block:
    """Cards in a modal with nothing to fill in: a receipt, an answer to a press in a modal."""
    rows = _all_rows(cards, language)
    title = "Digi"
    if rows and not rows[0][0] and (first := rows[0][1][0]).heading and len(first.plain) <= TITLE:
        title = first.plain
        rows = rows[1:]
    blocks, _ = fitted_blocks(rows, VIEW_BLOCKS, WHOLE_VIEW, ascii_only=True)
    return {
        "type": "modal",
        "callback_id": written_channel(channel),
        "title": plain_text(title),
        "close": plain_text(word("close", language)),
        "blocks": named_blocks(blocks or nothing_to_show()),
    }


# --- fields ----------------------------------------------------------------------------------
