"""Renders finished cards as Slack messages, Home tabs and modals, within Slack's limits.

Text that people wrote is never interpreted as markup. A line that could be is drawn as rich text,
with labels and words as separate elements, or as plain text; everything else is escaped. A text
that is too long is truncated or continues in `rest`. A button is never dropped.
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
from content.language import Language
from dialogs.model import cards as c

BLOCKS = 49
WHOLE = 12_000
"""Limit in characters of JSON for all blocks of one message, a little below Slack's own limit."""


class SlackMessage(Struct, frozen=True):
    """A rendered message. `rest` holds the text that did not fit, as further messages for its
    thread."""

    text: str
    blocks: list[Block]
    rest: tuple[SlackMessage, ...] = ()

    @property
    def pictured(self) -> bool:
        return any(block["type"] == "image" for block in self.blocks)

    def without_pictures(self) -> SlackMessage:
        """Return the message for when Slack cannot fetch a picture, and refuses all of it. What
        the picture says stands below it."""
        kept = [block for block in self.blocks if block["type"] != "image"]
        return SlackMessage(self.text, kept, self.rest)


# --- a card in rows ----------------------------------------------------------------------------

# Several lines that belong together, or a row of buttons.
_Row = list[SlackLine] | list[Block]


# --- what the edge asks for --------------------------------------------------------------------


def message(
    card: c.FinishedCard,
    language: Language,
    *,
    again: bool = False,
    pictured: bool = False,
    alone: bool = False,
) -> SlackMessage:
    """Render one card as a message: posted, updated or ephemeral."""
    return messages((card,), language, again=again, pictured=pictured, alone=alone)


def messages(
    cards: Sequence[c.FinishedCard],
    language: Language,
    *,
    again: bool = False,
    pictured: bool = False,
    alone: bool = False,
) -> SlackMessage:
    """Render several cards as one message, one below the other. Only for a message that can be
    sent again without them, `pictured` draws pictures as images. `alone`: no message can follow, so
    what does not fit is left out, and the message says so."""
    rows = [row for card in cards for row in rows_of(card, language, pictured=pictured)]
    blocks, left = fitted_blocks(rows, BLOCKS - 2, WHOLE - 400)
    if left:
        blocks.append(small_block(word("no_room" if alone else "rest", language)))
    rest = () if alone else _continued(left)
    drawn = SlackMessage(fallback_of(rows), named_blocks(blocks or nothing_to_show()), rest)
    if not again:
        return drawn
    pages = tuple(marked_again(page, language) for page in drawn.rest)
    return marked_again(SlackMessage(drawn.text, drawn.blocks, pages), language)


def marked_again(page: SlackMessage, language: Language) -> SlackMessage:
    """Add a visible note to a message or a further page that it may be a duplicate."""
    said = word("again", language)
    if page.text.endswith(said):
        return page
    text = f"{cut_escaped(page.text, FALLBACK - len(said) - 1)}\n{said}"
    return SlackMessage(text, named_blocks([*page.blocks, small_block(said)]), page.rest)


def _all_rows(cards: Sequence[c.FinishedCard], language: Language) -> list[tuple[bool, Any]]:
    return [row for card in cards for row in rows_of(card, language)]


def _continued(left: list[SlackLine]) -> tuple[SlackMessage, ...]:
    """Render the lines that did not fit as further messages."""
    found: list[SlackMessage] = []
    while left:
        page = BlockPage()
        while left and page.takes(left[0], BLOCKS - 1, WHOLE - 200):
            left.pop(0)
        if not page.lines:
            # Even one line is too long: characters that JSON escapes to six.
            first = left.pop(0)
            left[:0] = [SlackLine(piece, None, first.small) for piece in pieces(first.plain, 1000)]
            continue
        found.append(
            SlackMessage(fallback_of([(False, page.lines)]), named_blocks(text_blocks(page.lines)))
        )
    return tuple(found)


def home(cards: Sequence[c.FinishedCard], language: Language) -> Block:
    """Render cards as a Home tab."""
    blocks, _ = fitted_blocks(_all_rows(cards, language), VIEW_BLOCKS, WHOLE_VIEW, ascii_only=True)
    return {"type": "home", "blocks": named_blocks(blocks or nothing_to_show())}


def sheet(cards: Sequence[c.FinishedCard], language: Language, channel: str = "") -> Block:
    """Render cards as a modal without inputs: a receipt, or the answer to a button in a modal."""
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
