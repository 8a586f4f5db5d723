"""Finished cards and forms as Block Kit, within Slack's limits whatever people wrote.

What people wrote is never read as markup: a line that could be is drawn as rich text, in which
labels and words are elements of their own, or as plain text; everything else is escaped. A text
that is too long is cut or goes on in `rest`; a button is never lost.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from bot.platforms.slack import rich_text
from bot.platforms.slack.rich_text import PERSON, WEB, pieces
from bot.platforms.slack.words import word
from dialogs.model import cards as c
from dialogs.model.commands import Language

Block = dict[str, Any]

SECTION = 3000
HEADER = 150
BLOCKS = 49
VIEW_BLOCKS = 100
WHOLE = 12_000
"""All blocks of a message together, as JSON: Slack refuses somewhat more than this."""
WHOLE_VIEW = 240_000
BLOCK = 160
"""What a block of text takes besides its text."""
RICH = 60
"""What a line of rich text takes besides its elements."""
FALLBACK = 3900
BUTTONS_A_ROW = 25
BUTTON = 75
OPTION = 75
OPTIONS = 100
FEW = 10
LABEL = 2000
TITLE = 24
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
LONGEST_INPUT = 3000
GLYPHS = 12
EMPTY_VALUE = "\u2205"
"""Slack's options must have a value; ours may be empty."""

_READ_AS_MARKUP = re.compile(r"[*_~`]|:[\w+'-]+:|(?:^|\n)\s*>")
_GAP = c.Plain("  ")


class SlackMessage(Struct, frozen=True):
    """A message. `rest` is what had no room in it: messages for its thread."""

    text: str
    blocks: list[Block]
    rest: tuple[SlackMessage, ...] = ()


# --- text -----------------------------------------------------------------------------------


class _Line(Struct, frozen=True):
    """A line as Slack's markup, where that is safe, and as plain text; `rich` where it is not safe
    and something in it has a style."""

    plain: str
    marked: str | None = None
    small: bool = False
    heading: bool = False
    rich: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        return self.plain if self.marked is None else self.marked

    def size(self, ascii_only: bool) -> int:
        """As JSON."""
        if self.rich:
            return _length(self.rich, ascii_only) + RICH
        return _length(self.text, ascii_only)


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(spans: c.Spans) -> str:
    """Without markup; a link keeps its address."""
    return "".join(
        span.name
        if isinstance(span, c.Mention)
        else f"{span.text} ({span.url})"
        if isinstance(span, c.Link) and span.text and span.url != span.text
        else span.text
        for span in spans
    )


def _marked(spans: c.Spans) -> str | None:
    """As Slack's markup, or None where a word in it could be read as markup itself."""
    found: list[str] = []
    # As one: two harmless pieces can be a markup together, as `:sm` and `ile:`.
    if _READ_AS_MARKUP.search("".join(_said(span) for span in spans)):
        return None
    for at, span in enumerate(spans):
        match span:
            case c.Plain(text=text) | c.Quoted(text=text):
                found.append(escaped(text))
            case c.Strong(text=text) | c.Emph(text=text):
                sign = "*" if isinstance(span, c.Strong) else "_"
                before = _plain(spans[:at])[-1:]
                after = _plain(spans[at + 1 :])[:1]
                found.append(_styled(escaped(text), sign, before, after))
            case c.Mention(person=person, name=name):
                found.append(f"<@{person}>" if PERSON.fullmatch(person) else escaped(name))
            case c.Link(text=text, url=url):
                shown = escaped(text).replace("|", "/")
                found.append(
                    f"<{escaped(url)}|{shown}>" if WEB.fullmatch(url) and shown else escaped(text)
                )
    return "".join(found)


def _said(span: c.Span) -> str:
    if not isinstance(span, c.Mention):
        return span.text
    return "" if PERSON.fullmatch(span.person) else span.name


def _styled(text: str, sign: str, before: str, after: str) -> str:
    """Slack reads a sign only between words, and not beside a blank."""
    inner = text.strip()
    if not inner or "\n" in inner or before.isalnum() or (after.isalnum() and text[-1:] != " "):
        return text
    return text.replace(inner, f"{sign}{inner}{sign}", 1)


def _line(spans: c.Spans, *, small: bool = False, lead: str = "") -> _Line:
    marked = _marked(spans)
    if marked is not None and len(marked) + len(lead) > SECTION:
        marked = None
    plain = lead + _plain(spans)
    if marked is not None:
        return _Line(plain, lead + marked, small)
    # Slack's small text takes no rich text.
    return _Line(plain, None, small, rich=() if small else rich_text.elements(spans, lead))


def _lines(spans: c.Spans, *, small: bool = False, lead: str = "") -> Sequence[_Line]:
    """As few lines as hold it. What Digi says is the same again and again; what people wrote is
    drawn each time and remembered nowhere."""
    if c.is_ours(spans):
        return _our_lines(spans, small, lead)
    return _split(_line(spans, small=small, lead=lead))


@lru_cache(maxsize=4096)
def _our_lines(spans: c.Spans, small: bool, lead: str) -> Sequence[_Line]:
    return tuple(_split(_line(spans, small=small, lead=lead)))


def _fact(name: c.Spans, value: c.Spans) -> Sequence[_Line]:
    strong = _strong(name) if c.is_ours(name) else _made_strong(name)
    return _lines((*strong, _GAP, *value))


@lru_cache(maxsize=1024)
def _strong(name: c.Spans) -> c.Spans:
    return _made_strong(name)


def _made_strong(name: c.Spans) -> c.Spans:
    return tuple(
        span if isinstance(span, c.Mention | c.Link | c.Quoted) else c.Strong(span.text)
        for span in name
    )


def _split(line: _Line) -> list[_Line]:
    if line.marked is not None and len(line.marked) <= SECTION:
        return [line] if line.plain.strip() and line.marked.strip() else []
    if line.rich:
        lines = rich_text.split(line.rich, SECTION) if line.plain.strip() else []
        return [_Line(rich_text.words(rich), rich=rich) for rich in lines]
    return [_Line(piece, None, line.small) for piece in pieces(line.plain, SECTION)]


# --- a card in rows ----------------------------------------------------------------------------

# Several lines that belong together, or the buttons of one place.
_Row = list[_Line] | list[Block]


def _rows(card: c.FinishedCard, language: Language) -> list[tuple[bool, Any]]:
    """(True, buttons) or (False, lines), in order."""
    rows: list[tuple[bool, Any]] = []
    for part in card.parts:
        match part:
            case c.Heading(text=text):
                if _plain(text).strip():
                    rows.append((False, [_heading(text)]))
            case c.Paragraph(text=text):
                rows.append((False, _lines(text)))
            case c.Small(text=text):
                rows.append((False, _lines(text, small=True)))
            case c.Facts(rows=facts):
                rows.append((False, [x for name, v in facts for x in _fact(name, v)]))
            case c.Quote(words=words, by=by):
                # Plain text in any case: nobody is called by being quoted.
                who = f" ({_plain(by)})" if by is not None else ""
                rows.append((False, _split(_Line(f"❝ {_plain(words)}{who}"))))
            case c.Bullets(items=items, numbered=numbered):
                lines: list[_Line] = []
                for n, item in enumerate(items, 1):
                    lines += _lines(item, lead=f"{n}. " if numbered else "• ")
                rows.append((False, lines))
            case c.Progress(step=step, of=of, label=label):
                rows.append((False, _lines(label, lead=_glyphs(step, of))))
            case c.Buttons(buttons=buttons):
                rows.append((True, [_button(button, language) for button in buttons]))
    return [(kind, held) for kind, held in rows if held]


def _heading(text: c.Spans) -> _Line:
    plain = _plain(text)
    if len(plain) <= HEADER and "\n" not in plain and not _has_mention(text):
        return _Line(plain, None, heading=True)
    strong = tuple(c.Strong(s.text) if isinstance(s, c.Plain | c.Emph) else s for s in text)
    return _split(_line(strong))[0] if len(plain) <= SECTION else _Line(cut(plain, SECTION))


def _has_mention(text: c.Spans) -> bool:
    return any(isinstance(span, c.Mention) for span in text)


def _glyphs(step: int, of: int) -> str:
    if not 0 < of <= GLYPHS:
        return ""
    done = min(max(step, 0), of)
    return "●" * done + "○" * (of - done) + "  "


def _button(button: c.Button[c.Spans], language: Language) -> Block:
    label = c.plain(button.label).strip() or "…"
    drawn: Block = {
        "type": "button",
        "text": _plain_text(cut(label, BUTTON)),
        "value": button.token,
    }
    if button.style == "main":
        drawn["style"] = "primary"
    elif button.style == "danger":
        drawn["style"] = "danger"
    if button.confirm is not None:
        drawn["confirm"] = {
            "title": _plain_text(cut(label, CONFIRM_TITLE)),
            "text": _plain_text(cut(c.plain(button.confirm).strip() or label, CONFIRM_TEXT)),
            "confirm": _plain_text(cut(label, CONFIRM_BUTTON)),
            "deny": _plain_text(word("keep", language)),
        }
    return drawn


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


# --- rows as blocks ----------------------------------------------------------------------------


def _section(lines: Sequence[_Line]) -> Block:
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
        text = _plain_text("\n".join(line.plain for line in lines))
    if lines[0].small:
        return {"type": "context", "elements": [text]}
    return {"type": "section", "text": text}


def _text_blocks(lines: Sequence[_Line]) -> list[Block]:
    """As few blocks as hold these lines in order, each within its limit."""
    blocks: list[Block] = []
    held: list[_Line] = []
    size = 0

    def close() -> None:
        nonlocal size
        if held:
            blocks.append(_section(held))
        held.clear()
        size = 0

    for line in lines:
        if line.heading:
            close()
            blocks.append({"type": "header", "text": _plain_text(line.plain)})
            continue
        length = len(line.text) + 1
        if held and (not _alike(held[0], line) or size + length > SECTION):
            close()
        held.append(line)
        size += length
    close()
    return blocks


def _button_blocks(buttons: Sequence[Block]) -> list[Block]:
    return [
        {"type": "actions", "elements": list(buttons[at : at + BUTTONS_A_ROW])}
        for at in range(0, len(buttons), BUTTONS_A_ROW)
    ]


def _laid_out(rows: Sequence[tuple[bool, Any]]) -> list[Block]:
    return [
        block
        for is_buttons, held in rows
        for block in (_button_blocks(held) if is_buttons else _text_blocks(held))
    ]


def _length(drawn: Any, ascii_only: bool) -> int:
    """As JSON. A view is counted as it goes over the wire, where an æ takes six characters."""
    return len(json.dumps(drawn, ensure_ascii=ascii_only))


def print_of(drawn: Any) -> str:
    """Alike for what looks alike."""
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()[:10]


def _named(blocks: list[Block]) -> list[Block]:
    """With ids: other words give other ids, so that a redrawn message keeps nothing of the old."""
    print_of_blocks = print_of(blocks)
    action = 0
    for at, block in enumerate(blocks):
        if block["type"] == "actions":
            for element in block["elements"]:
                element["action_id"] = f"press-{action}"
                action += 1
        block.setdefault("block_id", f".{at}-{print_of_blocks}")
    return blocks


def _fitted(
    rows: list[tuple[bool, Any]], most: int, whole: int, *, ascii_only: bool = False
) -> tuple[list[Block], list[_Line]]:
    """Blocks within the limits, and the lines that had no room. Buttons are always there."""
    blocks = _laid_out(rows)
    if len(blocks) <= most and _fits(blocks, whole, ascii_only):
        return blocks, []
    joined = _joined(rows, most)
    blocks = _laid_out(joined)
    if len(blocks) <= most and _named_size(blocks, ascii_only) <= whole:
        return blocks, []
    buttons = [row for row in joined if row[0]]
    room = whole - _named_size(_laid_out(buttons), ascii_only)
    places = most - len(_laid_out(buttons))
    kept: list[tuple[bool, Any]] = []
    left: list[_Line] = []
    for is_buttons, held in joined:
        if is_buttons:
            kept.append((True, held))
            continue
        page = _Page(ascii_only)
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


class _Page:
    """Lines, and how much of a message they take; counts as `_text_blocks` draws."""

    def __init__(self, ascii_only: bool = False) -> None:
        self._ascii_only = ascii_only
        self.lines: list[_Line] = []
        self.blocks = 0
        self.chars = 0
        self._in_block = 0

    def takes(self, line: _Line, most: int, whole: int) -> bool:
        """Whether it has room; then it is in."""
        text = line.text
        new = (
            not self.lines
            or line.heading
            or not _alike(self.lines[-1], line)
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


def _filled_page(lines: Sequence[_Line], most: int, whole: int) -> _Page:
    """As many of the lines as a view has room for."""
    page = _Page(ascii_only=True)
    for line in lines:
        if not page.takes(line, most, whole):
            short = _shortened(line, whole - page.chars - BLOCK, True)
            if short is not None:
                page.takes(short, most, whole)
            break
    return page


def _alike(before: _Line, line: _Line) -> bool:
    """Whether both can stand in one block."""
    return not before.heading and _manner(before) == _manner(line)


def _manner(line: _Line) -> tuple[bool, bool, bool]:
    return line.marked is None, line.small, bool(line.rich)


def _shortened(line: _Line, room: int, ascii_only: bool) -> _Line | None:
    """As much of a line as `room` characters of JSON hold, where that is worth reading."""
    if line.heading or room < 80:
        return None
    text = line.plain[:room]
    while text and _length(text, ascii_only) > room:
        text = text[: len(text) * 9 // 10]
    return _Line(f"{text[:-1].rstrip()}…", None, line.small) if len(text) > 40 else None


def _joined(rows: list[tuple[bool, Any]], most: int) -> list[tuple[bool, Any]]:
    """Neighbouring texts in one row, and where that does not do, all buttons at the end."""
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
    """Counting exactly takes its time; written without blanks it is never twice as short, and in
    UTF-8 never four times."""
    times = 4 if ascii_only else 2
    return times * len(msgspec.json.encode(blocks)) <= whole - _names(blocks) or (
        _named_size(blocks, ascii_only) <= whole
    )


def _named_size(blocks: list[Block], ascii_only: bool) -> int:
    """With the ids that are put on at the end."""
    return _length(blocks, ascii_only) + _names(blocks)


def _names(blocks: list[Block]) -> int:
    return sum(40 + 30 * len(block.get("elements", ())) for block in blocks)


# --- what the edge asks for --------------------------------------------------------------------


def message(card: c.FinishedCard, language: Language, *, again: bool = False) -> SlackMessage:
    """A message of its own: posted, redrawn or whispered."""
    return messages((card,), language, again=again)


def messages(
    cards: Sequence[c.FinishedCard], language: Language, *, again: bool = False
) -> SlackMessage:
    """Several cards as one message, one below the other."""
    rows = _all_rows(cards, language)
    blocks, left = _fitted(rows, BLOCKS - 2, WHOLE - 400)
    if left:
        blocks.append(_small(word("rest", language)))
    drawn = SlackMessage(_fallback(rows), _named(blocks or _nothing()), _continued(left))
    if not again:
        return drawn
    pages = tuple(marked_again(page, language) for page in drawn.rest)
    return marked_again(SlackMessage(drawn.text, drawn.blocks, pages), language)


def _small(text: str) -> Block:
    return _section([_Line(text, None, small=True)])


def marked_again(page: SlackMessage, language: Language) -> SlackMessage:
    """A message, or a further page of one, which may be there already; said to all who read it."""
    said = word("again", language)
    if page.text.endswith(said):
        return page
    text = f"{_cut_escaped(page.text, FALLBACK - len(said) - 1)}\n{said}"
    return SlackMessage(text, _named([*page.blocks, _small(said)]), page.rest)


def _all_rows(cards: Sequence[c.FinishedCard], language: Language) -> list[tuple[bool, Any]]:
    return [row for card in cards for row in _rows(card, language)]


def _continued(left: list[_Line]) -> tuple[SlackMessage, ...]:
    """What had no room, in messages of its own."""
    found: list[SlackMessage] = []
    while left:
        page = _Page()
        while left and page.takes(left[0], BLOCKS - 1, WHOLE - 200):
            left.pop(0)
        if not page.lines:
            # Signs that JSON writes six characters for.
            first = left.pop(0)
            left[:0] = [_Line(piece, None, first.small) for piece in pieces(first.plain, 1000)]
            continue
        found.append(
            SlackMessage(_fallback([(False, page.lines)]), _named(_text_blocks(page.lines)))
        )
    return tuple(found)


def _fallback(rows: Sequence[tuple[bool, Any]]) -> str:
    """What notifications and screen readers get: the words, without the buttons."""
    lines = [line for is_buttons, held in rows if not is_buttons for line in held]
    whole = escaped("\n".join(line.plain for line in lines if line.plain.strip()))
    return _cut_escaped(whole, FALLBACK) or "Digi"


def _cut_escaped(text: str, limit: int) -> str:
    """Cut, but not in the middle of an escaped sign."""
    if len(text) <= limit:
        return text
    return re.sub(r"&[a-z]{0,3}$", "", text[: limit - 1]).rstrip() + "…"


def _nothing() -> list[Block]:
    return [{"type": "section", "text": _plain_text("…")}]


def home(cards: Sequence[c.FinishedCard], language: Language) -> Block:
    """The Home tab."""
    blocks, _ = _fitted(_all_rows(cards, language), VIEW_BLOCKS, WHOLE_VIEW, ascii_only=True)
    return {"type": "home", "blocks": _named(blocks or _nothing())}


def sheet(cards: Sequence[c.FinishedCard], language: Language, channel: str = "") -> Block:
    """Cards in a modal with nothing to fill in: a receipt, an answer to a press in a modal."""
    rows = _all_rows(cards, language)
    title = "Digi"
    if rows and not rows[0][0] and (first := rows[0][1][0]).heading and len(first.plain) <= TITLE:
        title = first.plain
        rows = rows[1:]
    blocks, _ = _fitted(rows, VIEW_BLOCKS, WHOLE_VIEW, ascii_only=True)
    return {
        "type": "modal",
        "callback_id": written_channel(channel),
        "title": _plain_text(title),
        "close": _plain_text(word("close", language)),
        "blocks": _named(blocks or _nothing()),
    }


def form(form: c.FinishedForm, language: Language, channel: str = "") -> Block:
    """A modal. `channel` comes back with the submission."""
    print_of = hashlib.sha256(form.token.encode()).hexdigest()[:10]
    inputs = {
        field.id: _input(field, print_of, language)
        for field in form.fields
        if not isinstance(field, c.Note)
    }
    blocks: list[Block] = []
    places = VIEW_BLOCKS - len(inputs)
    room = WHOLE_VIEW - _named_size(list(inputs.values()), True) - len(form.token)
    for field in form.fields:
        if isinstance(field, c.Note):
            # What is there to be read gives way to what is there to be filled in.
            page = _filled_page(_split(_line(field.text)), places, room)
            places -= page.blocks
            room -= page.chars
            blocks.extend(_text_blocks(page.lines))
        else:
            blocks.append(inputs[field.id])
    view: Block = {
        "type": "modal",
        "callback_id": written_channel(channel),
        "private_metadata": form.token,
        "title": _plain_text(cut(c.plain(form.title).strip() or "Digi", TITLE)),
        "submit": _plain_text(cut(c.plain(form.submit).strip() or "OK", TITLE)),
        "close": _plain_text(word("keep", language)),
        "blocks": _named(blocks or _nothing()),
    }
    return view


def written_channel(channel: str) -> str:
    """A view does not say where it was opened; this does, and Slack hands it back."""
    return f"digi:{channel}"


def read_channel(callback_id: str) -> str:
    return callback_id.removeprefix("digi:") if callback_id.startswith("digi:") else ""


# --- fields ----------------------------------------------------------------------------------


def _input(field: c.Field[c.Spans], print_of: str, language: Language) -> Block:
    assert not isinstance(field, c.Note)
    element = _element(field)
    label = c.plain(field.label).strip()
    if element is None:
        said = f"{label}\n{word('nothing_to_choose', language)}".strip()
        return {"type": "section", "text": _plain_text(cut(said, SECTION)), "block_id": field.id}
    element["action_id"] = f"fill-{print_of}"
    drawn: Block = {
        "type": "input",
        "block_id": field.id,
        "label": _plain_text(cut(label or "…", LABEL)),
        "element": element,
        "optional": not field.required,
    }
    if field.hint is not None and (hint := c.plain(field.hint).strip()):
        drawn["hint"] = _plain_text(cut(hint, LABEL))
    return drawn


def _element(field: c.Field[c.Spans]) -> Block | None:
    match field:
        case c.TextField(long=long, limit=limit, value=value):
            most = min(max(limit, 1), LONGEST_INPUT)
            element: Block = {"type": "plain_text_input", "multiline": long, "max_length": most}
            if value is not None and (begun := c.plain(value)):
                element["initial_value"] = cut(begun, most)
            return element
        case c.Choice(options=options, value=value):
            return _choosing(options, (value,), "radio_buttons", "static_select", "initial_option")
        case c.Choices(options=options, values=values):
            return _choosing(
                options, values, "checkboxes", "multi_static_select", "initial_options"
            )
        case c.People(many=many, values=values):
            chosen = [person for person in dict.fromkeys(values) if PERSON.fullmatch(person)]
            if many:
                several: Block = {"type": "multi_users_select"}
                return {**several, "initial_users": chosen} if chosen else several
            one: Block = {"type": "users_select"}
            return {**one, "initial_user": chosen[0]} if chosen else one
        case c.DateField(value=day):
            return {"type": "datepicker", **({"initial_date": day.isoformat()} if day else {})}
        case c.TimeField(value=minutes):
            if minutes is None:
                return {"type": "timepicker"}
            hour, minute = divmod(minutes, 60)
            return {"type": "timepicker", "initial_time": f"{hour:02}:{minute:02}"}
    raise AssertionError(field)


def _choosing(
    options: Sequence[c.Option[c.Spans]],
    chosen: Sequence[str],
    few: str,
    many: str,
    initial: str,
) -> Block | None:
    if not options:
        return None
    drawn = [_option(option) for option in options]
    element: Block = {"type": few if len(options) <= FEW else many}
    if len(drawn) <= OPTIONS:
        element["options"] = drawn
    else:
        element["option_groups"] = [
            {
                "label": _plain_text(f"{at + 1}–{min(at + OPTIONS, len(drawn))}"),
                "options": drawn[at : at + OPTIONS],
            }
            for at in range(0, len(drawn), OPTIONS)
        ]
    begun = [o for o, mine in zip(drawn, options, strict=True) if mine.value in chosen]
    if begun:
        element[initial] = begun if initial == "initial_options" else begun[0]
    return element


def _option(option: c.Option[c.Spans]) -> Block:
    """What is too long for its line goes on below it."""
    label = c.plain(option.label).strip() or "…"
    hint = c.plain(option.hint).strip() if option.hint is not None else ""
    below = hint
    if len(label) > OPTION:
        at = label.rfind(" ", OPTION // 2, OPTION - 1)
        at = OPTION - 2 if at < 0 else at
        label, rest = f"{label[:at].rstrip()} …", label[at:].strip()
        below = f"… {rest}" + (f" · {hint}" if hint else "")
    drawn: Block = {
        "text": _plain_text(label),
        "value": written_value(option.value),
    }
    if below:
        drawn["description"] = _plain_text(cut(below, OPTION))
    return drawn


def written_value(value: str) -> str:
    return value or EMPTY_VALUE


def read_value(value: str) -> str:
    return "" if value == EMPTY_VALUE else value
