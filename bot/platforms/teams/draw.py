"""Renders finished cards as Adaptive Cards 1.5, within Teams' limits.

Text that does not fit continues in `rest`; a button is never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bot.platforms.common.ports import Fault
from bot.platforms.teams.data import (
    MARK,
    CardElement,
    CommandData,
    Held,
    PressData,
    read_button,
    written_button,
    written_data,
)
from bot.platforms.teams.pieces import (
    CardRow,
    a_row,
    boxes,
    button_rows,
    framed,
    in_rows,
    lane_rows,
    summary_of,
    text_lines,
)
from bot.platforms.teams.words import word
from content.language import Language
from dialogs.model import cards as c
from dialogs.model import pictures
from dialogs.model.shorten import cut
from dialogs.model.spelled_out import spelled_out, strong

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
WHOLE = 27_000
"""Limit in characters of JSON for one card. Teams rejects cards from 28 KB on, and may measure them
in a more compact form, which is never longer."""
WHOLE_BOARD = WHOLE // 2
"""The same for a card with a board or a table: so many characters are fewer than 28 KB in UTF-16
too. These cards are nearly all words, and are divided without loss."""
FRAME = 2500
"""Characters of JSON reserved for a page's frame, its `speak` text and the note that it
continues."""
BUTTON = 75
QUESTION = 300
TITLE = 60
GLYPHS = 12
LOOKS: dict[c.Style, CardElement] = {
    "main": {"style": "positive"},
    "danger": {"style": "destructive"},
}
_MARKUP = re.compile(r"[\\*_\[\]()~`#<>|&{}!+]|^\s*(?:-|\d+[.)])")


class TeamsMessage(Struct, frozen=True):
    """A rendered message. `rest` holds the text that did not fit, as further messages."""

    card: CardElement
    summary: str
    rest: tuple[TeamsMessage, ...] = ()


class CardPlace(Struct, frozen=True):
    """Where a card is shown. `inside`: in a dialog, whose buttons must submit to the dialog.
    `channel`: the channel that the card belongs to, if it is shown elsewhere."""

    inside: bool = False
    channel: str = ""


def _rows(card: c.FinishedCard, place: CardPlace) -> Iterator[CardRow]:
    for part in card.parts:
        match part:
            case c.Heading(text=text):
                yield from _heading(text)
            case c.Paragraph(text=text):
                yield from in_rows(text_lines(text), "Medium")
            case c.Small(text=text):
                yield from in_rows(text_lines(text, size="Small"), "Small")
            case c.FactRows(rows=facts):
                for name, value in facts:
                    yield from in_rows(text_lines((*strong(name), c.Plain("  "), *value)), "Small")
            case c.Quote(words=words, by=by):
                who = () if by is None else (c.Plain(" ("), *by, c.Plain(")"))
                yield from boxes(text_lines((*words, *who), lead="❝ "))
            case c.Bullets(items=items, numbered=numbered):
                for n, item in enumerate(items, 1):
                    lead = f"{n}. " if numbered else "• "
                    yield from in_rows(text_lines(item, lead=lead), "Small")
            case c.Progress(step=step, of=of, label=label):
                yield from in_rows(text_lines(label, lead=_glyphs(step, of)), "Small")
            case pictures.Steps() | pictures.Chart():
                yield from _picture(part.sentence or (), part.url)
            case c.Buttons(buttons=buttons):
                yield from button_rows([_button(button, place) for button in buttons])
            case c.Board(columns=columns):
                for column in columns:
                    yield from lane_rows(column)
            case c.Matters() | c.Grid():
                yield from _rows(c.Card(spelled_out(part)), place)


def _picture(sentence: c.Spans, url: str) -> Iterator[CardRow]:
    """Render a picture above its sentence; without a public address, the sentence alone."""
    if url.startswith("https://"):
        said = c.plain(sentence)
        image = {"type": "Image", "url": url, "altText": said, "size": "Stretch"}
        yield a_row({**image, "spacing": "Medium"}, "")
        yield from in_rows(text_lines(sentence, size="Small"), "Small")
    else:
        yield from in_rows(text_lines(sentence), "Medium")


ANYWHERE = CardPlace()


def _heading(text: c.Spans) -> Iterator[CardRow]:
    """Render a heading that screen readers can jump to, if Teams cannot read it as markdown;
    otherwise render it as bold text."""
    plain = c.plain(text).strip()
    if plain and len(plain) <= 200 and "\n" not in plain and not _MARKUP.search(plain):
        yield a_row(
            {
                "type": "TextBlock",
                "text": plain,
                "style": "heading",
                "size": "Large",
                "weight": "Bolder",
                "wrap": True,
            },
            plain,
        )
    else:
        yield from in_rows(text_lines(text, size="Large", weight="Bolder"), "Medium")


def _glyphs(step: int, of: int) -> str:
    if not 0 < of <= GLYPHS:
        return ""
    done = min(max(step, 0), of)
    return "●" * done + "○" * (of - done) + "  "


def _button(button: c.Button[c.Spans], place: CardPlace) -> CardElement:
    label = cut(c.plain(button.label).strip() or "…", BUTTON)
    data = read_button(button.token, place.channel)
    opens = button.opens or not isinstance(data, PressData)
    if button.confirm is None:
        return _action(label, data, style=button.style, inside=place.inside, opens=opens)
    style: c.Style = "danger" if button.style == "danger" else "main"
    press = _action(label, data, style=style, inside=place.inside, opens=opens)
    return _asking(label, button.style, button.confirm, press)


def _asking(label: str, style: c.Style, question: c.Spans, press: CardElement) -> CardElement:
    """Render a button that first shows a question below itself, with the press as its answer."""
    words = (c.Plain(cut(c.plain(question).strip() or label, QUESTION)),)
    rows = [*in_rows(text_lines(words), "None"), *button_rows([press])]
    body = [row.element for row in rows]
    card = {"type": "AdaptiveCard", "body": body}
    return {"type": "Action.ShowCard", "title": label, **LOOKS.get(style, {}), "card": card}


def _action(
    label: str,
    data: PressData | CommandData | Held,
    *,
    style: c.Style = "plain",
    inside: bool,
    opens: bool,
) -> CardElement:
    """Render a button.

    One that opens something opens a dialog (task/fetch). One that acts is an Action.Execute; old
    Teams clients fall back to an Action.Submit, which sends an invisible message.
    """
    written = written_data(data)
    look = LOOKS.get(style, {})
    if inside or opens:
        where = {} if inside else {"msteams": {"type": "task/fetch"}}
        return {
            "type": "Action.Submit",
            "title": label,
            **look,
            "data": {**where, **written},
            "associatedInputs": "none",
        }
    return {
        "type": "Action.Execute",
        "title": label,
        **look,
        "verb": MARK,
        "data": written,
        "associatedInputs": "none",
        "fallback": {"type": "Action.Submit", "title": label, **look, "data": written},
    }


# --- what the edge asks for -----------------------------------------------------------------------


def card(card: c.FinishedCard, language: Language = "da") -> CardElement:
    """Return the first page of a card."""
    return messages((card,), language).card


def messages(
    cards: Sequence[c.FinishedCard],
    language: Language,
    *,
    again: bool = False,
    place: CardPlace = ANYWHERE,
    alone: bool = False,
) -> TeamsMessage:
    """Render several cards as one message, one below the other. `alone`: no message can follow, so
    what does not fit is left out, and the message says so."""
    rows = [row for card in cards for row in _rows(card, place)]
    if again:
        rows += in_rows(text_lines((c.Plain(word("again", language)),), size="Small"), "Medium")
    spoken = "\n".join(row.plain for row in rows if row.plain.strip())
    room = (WHOLE_BOARD if _has_board(cards) else WHOLE) - FRAME
    first, left = _first_page(rows, room)
    following: list[TeamsMessage] = []
    while left:
        page, left = _page(left, room)
        words = "\n".join(row.plain for row in page if row.plain.strip())
        following.append(TeamsMessage(framed(page, words, language), summary_of(words)))
    if following and not place.inside:
        said = word("no_room" if alone else "rest", language)
        first += in_rows(text_lines((c.Plain(said),), size="Small"), "Medium")
    rest = () if alone else tuple(following)
    return TeamsMessage(framed(first, spoken, language), summary_of(spoken), rest)


def _has_board(cards: Sequence[c.FinishedCard]) -> bool:
    return any(isinstance(part, c.Board | c.Grid) for card in cards for part in card.parts)


def _first_page(rows: list[CardRow], room: int) -> tuple[list[CardRow], list[CardRow]]:
    """Split the rows into the first page and the rest. All buttons go on the first page, unless
    they take more than three quarters of it."""
    buttons = sum(row.size for row in rows if row.buttons)
    if buttons > room * 3 // 4:
        return _page(rows, room)
    room -= buttons
    kept: list[CardRow] = []
    left: list[CardRow] = []
    for row in rows:
        if row.buttons:
            kept.append(row)
        elif not left and row.size <= room:
            kept.append(row)
            room -= row.size
        else:
            left.append(row)
    return kept, left


def _page(rows: Sequence[CardRow], room: int) -> tuple[list[CardRow], list[CardRow]]:
    at = 0
    while at < len(rows) and rows[at].size <= room:
        room -= rows[at].size
        at += 1
    # A single row always fits: lines and button rows are limited in size.
    at = max(at, 1)
    return list(rows[:at]), list(rows[at:])


def pages(
    cards: Sequence[c.FinishedCard], language: Language, channel: str = ""
) -> tuple[TeamsMessage, ...]:
    """Render several cards as a message and its continuations."""
    drawn = messages(cards, language, place=CardPlace(channel=channel))
    return (drawn, *drawn.rest)


def marked_again(page: TeamsMessage) -> TeamsMessage:
    """Add a visible note to a message or a further page that it may be a duplicate."""
    said = word("again", page.card["lang"])
    row = [one.element for one in in_rows(text_lines((c.Plain(said),), size="Small"), "Medium")]
    if page.card["body"][-len(row) :] == row:
        return page
    card = {
        **page.card,
        "body": [*page.card["body"], *row],
        "speak": f"{page.card['speak']} {said}",
    }
    return TeamsMessage(card, page.summary, page.rest)


def plain(cards: Sequence[c.FinishedCard]) -> str:
    """Return the text of cards without their buttons."""
    rows = (row.plain for card in cards for row in _rows(card, ANYWHERE))
    return "\n".join(words for words in rows if words.strip())


def message(drawn: TeamsMessage) -> CardElement:
    """Build a message activity with a card."""
    return {
        "type": "message",
        "summary": drawn.summary,
        "attachments": [{"contentType": CONTENT_TYPE, "content": drawn.card}],
    }


def more(drawn: TeamsMessage, id: str, language: Language) -> CardElement:
    """Return the card for a dialog, with a button that opens the next page."""
    action = _action(word("more", language), Held(id), inside=True, opens=True)
    return {**drawn.card, "body": [*drawn.card["body"], {"type": "ActionSet", "actions": [action]}]}


def title_of(cards: Sequence[c.FinishedCard]) -> str:
    for card in cards:
        for part in card.parts:
            if isinstance(part, c.Heading) and (words := c.plain(part.text).strip()):
                return cut(" ".join(words.split()), TITLE)
    return "Digi"


def dialog(content: CardElement, title: str, *, tall: bool = False) -> CardElement:
    """Build the invoke response that shows a card in a dialog."""
    first, *others = content["body"]
    if others and first.get("style") == "heading" and first["text"] == title:
        content = {**content, "body": others}  # the dialog's title bar shows it already
    return {
        "task": {
            "type": "continue",
            "value": {
                "title": title or "Digi",
                "width": "medium",
                "height": "large" if tall else "medium",
                "card": {"contentType": CONTENT_TYPE, "content": content},
            },
        }
    }


# --- cards of this platform's own -----------------------------------------------------------------


def said(text: str) -> c.FinishedCard:
    return c.Card(tuple(c.Paragraph((c.Plain(line),)) for line in text.split("\n")))


def said_faults(faults: Sequence[Fault]) -> tuple[c.FinishedCard, ...]:
    return tuple(c.Card((c.Paragraph(fault.text),)) for fault in faults)


def typed_texts(fields: Mapping[str, object]) -> tuple[c.FinishedCard, ...]:
    """Show what somebody typed into a form that cannot be drawn again, so that they can copy it.
    The ids of what they chose contain no blank, and tell nobody anything."""
    texts = [
        value for value in fields.values() if isinstance(value, str) and len(value.split()) > 1
    ]
    return (c.Card(tuple(c.Quote((c.Plain(text),)) for text in texts)),) if texts else ()


def offer(text: str, label: str, written: CommandData | Held) -> c.FinishedCard:
    """Return a card with the adapter's own text and a button that acts like a typed command."""
    token = written_button(written)
    button = c.Button[c.Spans]((c.Plain(label),), token=token, opens=True)
    return c.Card((c.Paragraph((c.Plain(text),)), c.Buttons((button,))))
