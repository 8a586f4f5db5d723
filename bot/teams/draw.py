"""Finished cards and forms as Adaptive Cards 1.5, within Teams' limits whatever people wrote.

All words stand in runs of plain text, where no markdown, link or mention is read. What has no room
goes on in `rest`; a button is never lost.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bot.teams.words import Language, word
from dialogs import cards as c

Block = dict[str, Any]

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.5"
CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
WHOLE = 27_000
"""A card as JSON. Teams refuses from 28 KB on; nothing is measured that its own count exceeds."""
FRAME = 2500
"""What a page takes besides its rows: the frame, what is spoken, a line on what follows."""
LINE = 1500
SPOKEN = 1000
SUMMARY = 200
BUTTONS_A_ROW = 4
BUTTONS = 8_000
BOX = 10_000
BUTTON = 75
QUESTION = 300
TITLE = 60
FEW = 8
GLYPHS = 12
EMPTY_VALUE = "\u2205"
PEOPLE = "graph.microsoft.com/users"
MARK = "digi"
PREFIX = "f."
"""Before the id of each field, so that it cannot be one of Teams' own names."""
UNPACKED = 200_000

_MACRO = re.compile(r"\{\{(?=(?:DATE|TIME)\()")
_MARKUP = re.compile(r"[\\*_\[\]()~`#<>|&{}!+]|^\s*(?:-|\d+[.)])")
_BEGINNING = re.compile(r"#{1,6}(?= |$)|>|[-+*](?= |$)|-{3}|\d{1,9}[.)](?= |$)|~{3}|`{3}")
_PAIRED = "*_`~"
_DOES = {
    "[": re.compile(r"\](?=[\[(:])"),
    "<": re.compile(r"<[A-Za-z/!?]"),
    "&": re.compile(r"&#?\w+;"),
    "\\": re.compile(r"\\[!-/:-@\[-`{-~]"),
}
"""Signs that do something only before or after others."""
_WEB = re.compile(r"https?://[^\s<>|]+")


# --- what stands on buttons -----------------------------------------------------------------------


class Press(Struct, frozen=True, tag_field="k", tag="p", omit_defaults=True):
    """One of Digi's own tokens. `channel` is where it belongs, if that is elsewhere."""

    token: str
    channel: str = ""


class Say(Struct, frozen=True, tag_field="k", tag="w", omit_defaults=True):
    """A button of this platform's own, which is as if one had typed a command."""

    words: str
    channel: str = ""


class Ask(Struct, frozen=True, tag_field="k", tag="a", omit_defaults=True):
    """A press that is asked about first."""

    token: str
    label: str
    question: str
    danger: bool = False
    channel: str = ""


class Held(Struct, frozen=True, tag_field="k", tag="h"):
    """An answer that waits for the person it is for; a further page of one."""

    id: str


class _Packed(Struct, frozen=True, tag_field="k", tag="f", omit_defaults=True):
    form: str
    channel: str = ""


class Send(Struct, frozen=True):
    """A filled form, with all that is needed to draw it again."""

    form: OpenForm
    channel: str = ""


class OpenForm(Struct, frozen=True):
    form: c.FinishedForm

    @property
    def token(self) -> str:
        return self.form.token

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(field.id for field in self.form.fields if not isinstance(field, c.Note))


Data = Press | Say | Ask | Held | Send
_Written = Press | Say | Ask | Held | _Packed
_forms = msgspec.json.Decoder(c.FinishedForm)


def written_data(data: _Written) -> Block:
    return {MARK: msgspec.to_builtins(data)}


def read_data(value: Mapping[str, Any]) -> Data | None:
    """What Digi wrote on the button; None where it was not Digi. Nothing of it is believed: what
    may be done is in the token, which bears a seal."""
    try:
        found: _Written = msgspec.convert(value.get(MARK), _Written)
        if isinstance(found, _Packed):
            return Send(OpenForm(_unpacked(found.form)), found.channel)
    except (msgspec.MsgspecError, zlib.error, binascii.Error, ValueError, RecursionError):
        return None
    return found


def _packed(form: c.FinishedForm) -> str:
    """No replica has to remember a form that is open somewhere: it goes along."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(form), 9)).decode()


def _unpacked(text: str) -> c.FinishedForm:
    opened = zlib.decompressobj()
    raw = opened.decompress(base64.b64decode(text, validate=True), UNPACKED)
    if opened.unconsumed_tail:
        raise ValueError
    return _forms.decode(raw)


# --- text -----------------------------------------------------------------------------------------


class _Line(Struct, frozen=True):
    """One line of runs."""

    runs: tuple[Block, ...]
    plain: str


class Row(Struct, frozen=True):
    """An element of a card, what is read aloud of it, and how much room it takes."""

    element: Block
    plain: str
    size: int
    buttons: bool = False


class Drawn(Struct, frozen=True):
    """A message. `rest` is what had no room in it: messages that follow."""

    card: Block
    summary: str
    rest: tuple[Drawn, ...] = ()


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _shown(text: str) -> str:
    """What a card would take for a date to be written out stays as it was typed."""
    return _MACRO.sub("{\u2060{", text)


def _runs(span: c.Span) -> tuple[str, Block]:
    match span:
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


def _lines(spans: Sequence[c.Span], lead: str = "", **style: object) -> Iterator[_Line]:
    """A line of its own for each line that somebody wrote, and none longer than LINE."""
    runs: list[Block] = []
    plain: list[str] = []
    room = LINE

    def done() -> Iterator[_Line]:
        nonlocal room
        if "".join(plain).strip():
            yield _Line(tuple(runs), "".join(plain))
        runs.clear()
        plain.clear()
        room = LINE

    for span in (c.Plain(lead), *spans) if lead else spans:
        text, look = _runs(span)
        for at, line in enumerate(_shown(text).split("\n")):
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
    """A text in pieces, broken between words where there are any."""
    while len(text) > max(room, 1):
        at = text.rfind(" ", 0, max(room, 1)) + 1 or (room if room > LINE // 2 else 0)
        if at:
            yield text[:at]
        text = text[at:]
        room = LINE
    if text:
        yield text


def _size(element: Any) -> int:
    return len(json.dumps(element)) + 2


def _row(element: Block, plain: str, *, buttons: bool = False) -> Row:
    return Row(element, plain, _size(element), buttons)


def _rich(line: _Line, **more: object) -> Row:
    return _row({"type": "RichTextBlock", "inlines": list(line.runs), **more}, line.plain)


# --- a card in rows -------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """Where a card is shown: `inside` a dialog every button is sent to the dialog; `channel` is
    the one that it belongs to, where it is shown elsewhere."""

    inside: bool = False
    channel: str = ""


def _rows(card: c.FinishedCard, place: Place) -> Iterator[Row]:
    for part in card.parts:
        match part:
            case c.Heading(text=text):
                yield from _heading(text)
            case c.Paragraph(text=text):
                yield from _close(_lines(text), "Medium")
            case c.Small(text=text):
                yield from _close(_lines(text, size="Small"), "Small")
            case c.Facts(rows=facts):
                for name, value in facts:
                    strong = tuple(
                        s if isinstance(s, c.Mention | c.Link | c.Quoted) else c.Strong(s.text)
                        for s in name
                    )
                    yield from _close(_lines((*strong, c.Plain("  "), *value)), "Small")
            case c.Quote(words=words, by=by):
                who = () if by is None else (c.Plain(" ("), *by, c.Plain(")"))
                yield from _boxes(_lines((*words, *who), lead="❝ "))
            case c.Bullets(items=items, numbered=numbered):
                for n, item in enumerate(items, 1):
                    lead = f"{n}. " if numbered else "• "
                    yield from _close(_lines(item, lead=lead), "Small")
            case c.Progress(step=step, of=of, label=label):
                yield from _close(_lines(label, lead=_glyphs(step, of)), "Small")
            case c.Buttons(buttons=buttons):
                yield from _button_rows([_button(button, place) for button in buttons])


def _boxes(lines: Iterable[_Line]) -> Iterator[Row]:
    """One box for what one person wrote, unless it is longer than a page has room for."""
    held: list[Row] = []
    for line in lines:
        row = _rich(line, **({"spacing": "None"} if held else {}))
        if held and sum(one.size for one in held) + row.size > BOX:
            yield _box(held)
            held = [_rich(line)]
        else:
            held.append(row)
    if held:
        yield _box(held)


def _box(rows: Sequence[Row]) -> Row:
    return _row(
        {
            "type": "Container",
            "style": "emphasis",
            "spacing": "Small",
            "items": [row.element for row in rows],
        },
        "\n".join(row.plain for row in rows),
    )


def _close(lines: Iterable[_Line], spacing: str) -> Iterator[Row]:
    for at, line in enumerate(lines):
        yield _rich(line, spacing=spacing if not at else "None")


def _heading(text: c.Spans) -> Iterator[Row]:
    """A heading that screen readers can jump to, where nothing in it could be read as markup."""
    plain = c.plain(text).strip()
    if plain and len(plain) <= 200 and "\n" not in plain and not _MARKUP.search(plain):
        yield _row(
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
        yield from _close(_lines(text, size="Large", weight="Bolder"), "Medium")


def _glyphs(step: int, of: int) -> str:
    if not 0 < of <= GLYPHS:
        return ""
    done = min(max(step, 0), of)
    return "●" * done + "○" * (of - done) + "  "


# --- buttons --------------------------------------------------------------------------------------


def _button(button: c.Button[c.Spans], place: Place) -> Block:
    label = cut(c.plain(button.label).strip() or "…", BUTTON)
    data = read_button(button.token, place.channel)
    if button.confirm is not None and isinstance(data, Press):
        question = cut(c.plain(button.confirm).strip() or label, QUESTION)
        danger = button.style == "danger"
        asked = Ask(data.token, label, question, danger, place.channel)
        return _action(label, asked, style=button.style, inside=place.inside, opens=True)
    opens = button.opens or not isinstance(data, Press)
    return _action(label, data, style=button.style, inside=place.inside, opens=opens)


def _action(
    label: str,
    data: Press | Say | Ask | Held,
    *,
    style: c.Style = "plain",
    inside: bool,
    opens: bool,
) -> Block:
    """What opens something for the one who presses opens a dialog; what does something does it on
    the spot, and where Teams is too old for that, by a message that nobody sees."""
    written = written_data(data)
    look = {"main": {"style": "positive"}, "danger": {"style": "destructive"}}.get(style, {})
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


def _button_rows(drawn: Iterable[Block]) -> Iterator[Row]:
    held: list[Block] = []
    size = 0
    for block in drawn:
        more = _size(block)
        if held and (len(held) == BUTTONS_A_ROW or size + more > BUTTONS):
            yield _row({"type": "ActionSet", "actions": list(held)}, "", buttons=True)
            held.clear()
            size = 0
        held.append(block)
        size += more
    if held:
        yield _row({"type": "ActionSet", "actions": held}, "", buttons=True)


_SAY, _HELD = "say:", "held:"


def written_button(data: Say | Held) -> str:
    """A button of this platform's own, as a token. Digi's own tokens have no colon."""
    return f"{_SAY}{data.words}" if isinstance(data, Say) else f"{_HELD}{data.id}"


def read_button(token: str, channel: str = "") -> Press | Say | Held:
    if token.startswith(_SAY):
        return Say(token.removeprefix(_SAY), channel)
    if token.startswith(_HELD):
        return Held(token.removeprefix(_HELD))
    return Press(token, channel)


ANYWHERE = Place()


# --- what the edge asks for -----------------------------------------------------------------------


def card(card: c.FinishedCard, language: Language = "da") -> Block:
    """A card as the first message of it stands."""
    return messages((card,), language).card


def messages(
    cards: Sequence[c.FinishedCard],
    language: Language,
    *,
    again: bool = False,
    place: Place = ANYWHERE,
) -> Drawn:
    """Several cards as one message, one below the other."""
    rows = [row for card in cards for row in _rows(card, place)]
    if again:
        rows += _close(_lines((c.Plain(word("again", language)),), size="Small"), "Medium")
    spoken = "\n".join(row.plain for row in rows if row.plain.strip())
    first, left = _first_page(rows)
    following: list[Drawn] = []
    while left:
        page, left = _page(left)
        words = "\n".join(row.plain for row in page if row.plain.strip())
        following.append(Drawn(_card(page, words, language), _summary(words)))
    if following and not place.inside:
        first += _close(_lines((c.Plain(word("rest", language)),), size="Small"), "Medium")
    return Drawn(_card(first, spoken, language), _summary(spoken), tuple(following))


def _first_page(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """As much as there is room for; the buttons first, where that leaves room for words."""
    room = WHOLE - FRAME
    buttons = sum(row.size for row in rows if row.buttons)
    if buttons > room * 3 // 4:
        return _page(rows)
    room -= buttons
    kept: list[Row] = []
    left: list[Row] = []
    for row in rows:
        if row.buttons:
            kept.append(row)
        elif not left and row.size <= room:
            kept.append(row)
            room -= row.size
        else:
            left.append(row)
    return kept, left


def _page(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    room = WHOLE - FRAME
    at = 0
    while at < len(rows) and rows[at].size <= room:
        room -= rows[at].size
        at += 1
    # A row alone always has room: lines and rows of buttons are made that small.
    at = max(at, 1)
    return list(rows[:at]), list(rows[at:])


def _card(rows: Sequence[Row], spoken: str, language: Language) -> Block:
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
    """For the one who listens: without the signs that a reading voice takes for markup."""
    plain = re.sub(r"[<>●○❝•]", "", text).replace("&", word("and", language))
    said = " ".join(cut(plain, SPOKEN).split()) or "Digi"
    while _size(said) > SPOKEN + 400:
        said = cut(said, len(said) * 3 // 4)
    return said


def _summary(text: str) -> str:
    """What a notification shows."""
    return cut(" ".join(re.sub(r"[<>]", "", text).split()), SUMMARY) or "Digi"


def plain(cards: Sequence[c.FinishedCard]) -> str:
    """The words of cards, without their buttons."""
    rows = (row.plain for card in cards for row in _rows(card, ANYWHERE))
    return "\n".join(words for words in rows if words.strip())


def message(drawn: Drawn) -> Block:
    """An activity that shows a card."""
    return {
        "type": "message",
        "summary": drawn.summary,
        "attachments": [{"contentType": CONTENT_TYPE, "content": drawn.card}],
    }


def more(drawn: Drawn, id: str, language: Language) -> Block:
    """The card in a dialog, with a button to what had no room."""
    action = _action(word("more", language), Held(id), inside=True, opens=True)
    return {**drawn.card, "body": [*drawn.card["body"], {"type": "ActionSet", "actions": [action]}]}


def question(ask: Ask, language: Language) -> Block:
    """In a dialog: is it meant?"""
    rows = list(_close(_lines((c.Plain(ask.question),)), "Medium"))
    style: c.Style = "danger" if ask.danger else "main"
    press = Press(ask.token, ask.channel)
    rows += _button_rows([_action(ask.label, press, style=style, inside=True, opens=True)])
    return _card(rows, ask.question, language)


def title_of(cards: Sequence[c.FinishedCard]) -> str:
    for card in cards:
        for part in card.parts:
            if isinstance(part, c.Heading) and (words := c.plain(part.text).strip()):
                return cut(" ".join(words.split()), TITLE)
    return "Digi"


def dialog(content: Block, title: str, *, tall: bool = False) -> Block:
    """What Teams is answered so that a dialog shows this card."""
    first, *others = content["body"]
    if others and first.get("style") == "heading" and first["text"] == title:
        content = {**content, "body": others}  # the dialog's own frame says it
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


# --- forms ----------------------------------------------------------------------------------------


class _Room(Struct, frozen=True):
    """How long the pieces of a form may be."""

    note: int
    label: int
    hint: int
    option: int
    value: int


_ROOMS = (
    _Room(3000, 500, 500, 200, 4000),
    _Room(1500, 300, 200, 120, 4000),
    _Room(600, 120, 80, 80, 4000),
    _Room(200, 75, 0, 75, 1500),
    _Room(60, 40, 0, 30, 400),
    _Room(0, 20, 0, 10, 60),
)
Names = Callable[[str], str]


def form(
    form: c.FinishedForm,
    language: Language = "da",
    *,
    values: Mapping[str, Any] | None = None,
    faults: Sequence[tuple[str, str]] = (),
    names: Names = lambda person: person,
    channel: str = "",
) -> Block:
    """A form as the card of a dialog. `values` are what stood in it when it was sent, by the ids
    that Teams knows; `faults` are fields and what is wrong with them."""
    drawn: Block = {}
    for room in _ROOMS:
        short = _shortened(form, room)
        drawn = _form(short, language, values or {}, faults, names, room, channel)
        if _bytes(drawn) <= WHOLE:
            break
    return drawn


def title_of_form(form: c.FinishedForm) -> str:
    return cut(c.plain(form.title).strip() or "Digi", TITLE)


def _bytes(card: Block) -> int:
    return len(json.dumps(card, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _form(
    form: c.FinishedForm,
    language: Language,
    values: Mapping[str, Any],
    faults: Sequence[tuple[str, str]],
    names: Names,
    room: _Room,
    channel: str,
) -> Block:
    known = {field.id for field in form.fields if not isinstance(field, c.Note)}
    rows: list[Row] = []
    for id, said in faults:
        if id not in known:
            rows += _fault(said, language)
    for field in form.fields:
        if isinstance(field, c.Note):
            rows += _close(_lines(field.text), "Medium")
            continue
        for id, said in faults:
            if id == field.id:
                rows += _fault(said, language)
        rows += _input(field, language, values, names, room)
    submit = cut(c.plain(form.submit).strip() or "OK", BUTTON)
    send = {
        "type": "Action.Submit",
        "title": submit,
        "style": "positive",
        "data": written_data(_Packed(_packed(form), channel)),
    }
    rows += _button_rows([send])
    spoken = [c.plain(form.title), *(said for _, said in faults)]
    return _card(rows, "\n".join(spoken), language)


def _fault(said: str, language: Language) -> Iterator[Row]:
    """Said in words and not by colour alone."""
    text = f"{word('look_again', language)} {cut(said, 500)}"
    yield from _close(_lines((c.Plain(text),), color="Attention", weight="Bolder"), "Medium")


def _input(
    field: c.Field[c.Spans],
    language: Language,
    values: Mapping[str, Any],
    names: Names,
    room: _Room,
) -> Iterator[Row]:
    assert not isinstance(field, c.Note)
    element = _element(field, language, names)
    label = c.plain(field.label).strip() or "…"
    if element is None:
        said = f"{label}\n{word('nothing_to_choose', language)}"
        yield from _close(_lines((c.Plain(said),)), "Medium")
        return
    element["id"] = f"{PREFIX}{field.id}"
    element["label"] = _shown(label)
    stood = values.get(element["id"])
    if isinstance(stood, str):
        element["value"] = cut(stood, room.value)
        if isinstance(field, c.People):
            element["choices"] = _people([p for p in stood.split(",") if p], names)
    if field.required:
        element["isRequired"] = True
        element["errorMessage"] = word("missing", language)
    yield _row(element, label)
    if field.hint is not None:
        yield from _close(_lines(field.hint, size="Small"), "Small")


def _element(field: c.Field[c.Spans], language: Language, names: Names) -> Block | None:
    match field:
        case c.TextField(long=long, limit=limit, value=value):
            element: Block = {
                "type": "Input.Text",
                "isMultiline": long,
                "maxLength": max(limit, 1),
            }
            if value is not None and (begun := c.plain(value)):
                element["value"] = begun
            return element
        case c.Choice(options=options, value=value):
            return _choosing(options, (value,) if value else (), many=False)
        case c.Choices(options=options, values=values):
            return _choosing(options, values, many=True)
        case c.People(many=many, values=values):
            chosen = [person for person in values if person]
            return {
                "type": "Input.ChoiceSet",
                "isMultiSelect": many,
                "style": "filtered",
                "choices": _people(chosen, names),
                "choices.data": {"type": "Data.Query", "dataset": PEOPLE},
                "placeholder": word("somebody", language),
                **({"value": ",".join(chosen)} if chosen else {}),
            }
        case c.DateField(value=day):
            return {"type": "Input.Date", **({"value": day.isoformat()} if day else {})}
        case c.TimeField(value=minutes):
            if minutes is None:
                return {"type": "Input.Time"}
            hour, minute = divmod(minutes, 60)
            return {"type": "Input.Time", "value": f"{hour:02}:{minute:02}"}
    raise AssertionError(field)


def _people(chosen: Sequence[str], names: Names) -> list[Block]:
    return [{"title": names(person) or person, "value": person} for person in chosen]


def _choosing(
    options: Sequence[c.Option[c.Spans]], chosen: Sequence[str], *, many: bool
) -> Block | None:
    if not options:
        return None
    listed = many or len(options) <= FEW
    element: Block = {
        "type": "Input.ChoiceSet",
        "isMultiSelect": many,
        "style": "expanded" if listed else "compact",
        "wrap": True,
        "choices": [
            {"title": _option(option, listed=listed), "value": written_value(option.value)}
            for option in options
        ],
    }
    begun = [written_value(o.value) for o in options if o.value in chosen]
    if begun:
        element["value"] = ",".join(begun if many else begun[:1])
    return element


def _option(option: c.Option[c.Spans], *, listed: bool) -> str:
    """Where options stand as a list their words are read as markdown, elsewhere they are not."""
    label = c.plain(option.label).strip() or "…"
    hint = c.plain(option.hint).strip() if option.hint is not None else ""
    said = " ".join(_shown(f"{label} · {hint}" if hint else label).split())
    return _unread(said) if listed else said


def _unread(text: str) -> str:
    """A line that is read as markdown, so that nothing in it is. Where a sign would do nothing it
    stands alone: not every Teams reads these words so, and those show the stroke before it."""
    signs = {sign for sign in _PAIRED if text.count(sign) > 1}
    signs |= {sign for sign, does in _DOES.items() if does.search(text)}
    begun = _BEGINNING.match(text)
    first = begun.end() - 1 if begun else -1
    return "".join(
        f"\\{sign}" if sign in signs or at == first else sign for at, sign in enumerate(text)
    )


def written_value(value: str) -> str:
    """Several chosen values come back with commas between them."""
    return value.replace("%", "%25").replace(",", "%2C") or EMPTY_VALUE


def read_chosen(value: str) -> str:
    return "" if value == EMPTY_VALUE else value.replace("%2C", ",").replace("%25", "%")


def read_value(form: OpenForm, id: str, value: object) -> str | list[str] | None:
    """What stands in a field, as the form means it."""
    if not isinstance(value, str):
        return None
    field = next(f for f in form.form.fields if not isinstance(f, c.Note) and f.id == id)
    match field:
        case c.Choice():
            return read_chosen(value)
        case c.Choices():
            return [read_chosen(one) for one in value.split(",") if one]
        case c.People(many=many):
            people = [one.strip() for one in value.split(",") if one.strip()]
            people = [one if ":" in one else one.casefold() for one in people]
            return people if many else (people[0] if people else "")
        case _:
            return value


def _shortened(form: c.FinishedForm, room: _Room) -> c.FinishedForm:
    return c.Form(
        _cut(form.title, TITLE),
        tuple(
            _short_field(field, room)
            for field in form.fields
            if room.note or not isinstance(field, c.Note)
        ),
        _cut(form.submit, BUTTON),
        form.into,
        {},
        form.token,
    )


def _short_field(field: c.Field[c.Spans], room: _Room) -> c.Field[c.Spans]:
    replace = msgspec.structs.replace
    if isinstance(field, c.Note):
        return replace(field, text=_cut(field.text, room.note))
    changes: dict[str, Any] = {"label": _cut(field.label, room.label)}
    if field.hint is not None:
        changes["hint"] = _cut(field.hint, room.hint) if room.hint else None
    if isinstance(field, c.TextField) and field.value is not None:
        changes["value"] = _cut(field.value, min(room.value, max(field.limit, 1)))
    if isinstance(field, c.Choice | c.Choices):
        changes["options"] = tuple(
            c.Option(
                option.value,
                _cut(option.label, room.option),
                _cut(option.hint, room.option) if option.hint is not None and room.hint else None,
            )
            for option in field.options
        )
    found: c.Field[c.Spans] = replace(field, **changes)
    return found


def _cut(spans: c.Spans, limit: int) -> c.Spans:
    whole = c.plain(spans)
    return spans if len(whole) <= limit else (c.Plain(cut(whole, max(limit, 1))),)
