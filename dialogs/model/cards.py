"""The view model: cards and forms made of few parts, independent of platform and language.

A part contains lines of type `L`. Dialogs build parts of `Line` (phrase keys with typed arguments);
bot/core/localize.py turns them into parts of `Spans` (finished text), which an edge can render.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from dialogs.model.events import Press
from dialogs.model.links import LinkKind
from dialogs.model.pictures import Chart, Steps

# --- lines, as dialogs write them ---------------------------------------------------------


class Words(Struct, frozen=True, tag="words"):
    """Text that a person wrote. It is never parsed as markup and never translated."""

    text: str


class Kept(Struct, frozen=True, tag="kept"):
    """Text that a person wrote, by the id of its record; decrypted when the card is sent.

    `cut`, if not 0, is the maximum number of characters.
    """

    kind: str
    id: str
    field: str = "text"
    cut: int = 0


class Who(Struct, frozen=True, tag="who"):
    person: str


class First(Struct, frozen=True, tag="first"):
    """A person's first name, for short texts."""

    person: str


class Chat(Struct, frozen=True, tag="chat"):
    """The name of the chat platform, for the beginning of a sentence."""


FORMER = "former"
"""Replaces the id of an erased person."""
UNREADABLE = "\0unreadable"
"""Replaces a text whose encrypted value is damaged. Normalized text cannot contain a NUL."""


class Day(Struct, frozen=True, tag="day"):
    """A date in words: torsdag den 26. november; without its weekday: 26. november. Another year is
    said; with `year`, this one too."""

    day: date
    weekday: bool = True
    year: bool = False


class Moment(Struct, frozen=True, tag="moment"):
    """A date and time in words: torsdag den 26. november kl. 13."""

    at: datetime


class Hour(Struct, frozen=True, tag="hour"):
    """A time of day: kl. 13, kl. 7.30."""

    minutes: int


class LinkAddress(Struct, frozen=True, tag="link_address"):
    """The web address of a link that a dialog made, by the id that it keeps of it."""

    kind: LinkKind
    id: str


class ScreenCode(Struct, frozen=True, tag="screen_code"):
    """The six digits that open a screen at /vis for ten minutes, by the id of its link."""

    id: str


class DigitsAddress(Struct, frozen=True, tag="digits_address"):
    """Where the six digits of a screen are typed."""


class Count(Struct, frozen=True, tag="count"):
    """A number. As the argument `n` it selects a phrase's singular or plural."""

    n: int


class Said(Struct, frozen=True, tag="said"):
    """Text of the catalogue, copied into what was posted, so that a later edition does not change
    it."""

    da: str
    en: str


class Text(Struct, frozen=True, tag="text"):
    """A phrase of content/phrases with the arguments for its placeholders."""

    key: str
    args: dict[str, Line] = {}


class Worded(Struct, frozen=True, tag="worded"):
    """A phrase as it was said once, with its placeholders in both languages: a later edition of the
    content does not change it."""

    da: str
    en: str
    args: dict[str, Line] = {}


class Listing(Struct, frozen=True, tag="listing"):
    """An enumeration within a sentence: a, b og c. `last`: whether all of them hold, or one."""

    items: tuple[Line, ...]
    last: Literal["and", "or"] = "and"


class Several(Struct, frozen=True, tag="several"):
    """Several sentences in one paragraph."""

    lines: tuple[Line, ...]


class Typed(Struct, frozen=True, tag="typed"):
    """A command by its code name (`help`), shown as it is typed on the platform and in the language
    at hand: `/digi hjælp` or `@Digi help`. `in_channel`: it is to be typed in a channel, wherever
    this is read; in a private chat some platforms need the word alone."""

    command: str
    in_channel: bool = False


class ByDoor(Struct, frozen=True, tag="by_door"):
    """A line that reads differently in a chat and on the page. Whoever writes it need not know by
    which of them somebody came."""

    chat: Line
    page: Line


Line = (
    Words
    | Kept
    | Who
    | First
    | Chat
    | Day
    | Moment
    | Hour
    | Count
    | Said
    | Text
    | Worded
    | Listing
    | Several
    | Typed
    | LinkAddress
    | ScreenCode
    | DigitsAddress
    | ByDoor
)

# --- lines, as edges receive them ---------------------------------------------------------


class Plain(Struct, frozen=True, tag="plain"):
    text: str


class Strong(Struct, frozen=True, tag="strong"):
    text: str


class Emph(Struct, frozen=True, tag="emph"):
    text: str


class Mention(Struct, frozen=True, tag="mention"):
    person: str
    name: str


class Quoted(Struct, frozen=True, tag="quoted"):
    """People's text within a finished line; it must be rendered as plain text."""

    text: str


class Link(Struct, frozen=True, tag="link"):
    text: str
    url: str


Span = Plain | Strong | Emph | Mention | Quoted | Link
Spans = tuple[Span, ...]


def plain(spans: Spans) -> str:
    """Return a finished line without markup, for fallback texts, labels and screen readers."""
    return "".join(span.name if isinstance(span, Mention) else span.text for span in spans)


_OURS = frozenset({Plain, Strong, Emph})


def is_ours(spans: Spans) -> bool:
    """Return whether the line contains only Digi's own words: no names and no text from people."""
    return _OURS.issuperset(map(type, spans))


# --- parts --------------------------------------------------------------------------------

L = TypeVar("L")
L2 = TypeVar("L2")
Style = Literal["plain", "main", "quiet", "danger"]


class Heading(Struct, Generic[L], frozen=True, tag="heading"):
    text: L


class Paragraph(Struct, Generic[L], frozen=True, tag="paragraph"):
    text: L


class Small(Struct, Generic[L], frozen=True, tag="small"):
    """A small print paragraph: a source, a hint, an author."""

    text: L


class FactRows(Struct, Generic[L], frozen=True, tag="facts"):
    """Rows of a name and its value."""

    rows: tuple[tuple[L, L], ...]


class Quote(Struct, Generic[L], frozen=True, tag="quote"):
    """A quotation from a person. `by` is None if it is unsigned."""

    words: L
    by: L | None = None


class Bullets(Struct, Generic[L], frozen=True, tag="bullets"):
    """A list. `to_fill_in`: when printed, leave space to write below each item."""

    items: tuple[L, ...]
    numbered: bool = False
    to_fill_in: bool = False


class Progress(Struct, Generic[L], frozen=True, tag="progress"):
    """Progress, as step number and total; `label` says the same in words."""

    step: int
    of: int
    label: L


class Button(Struct, Generic[L], frozen=True):
    """A button. `press` is its command; the localizer signs it into `token`, which is all that an
    edge sends back. `opens`: the press changes nothing and only shows something to the person."""

    label: L
    press: Press | None = None
    style: Style = "plain"
    confirm: L | None = None
    token: str = ""
    opens: bool = False


class Buttons(Struct, Generic[L], frozen=True, tag="buttons"):
    buttons: tuple[Button[L], ...]


class MatterRow(Struct, Generic[L], frozen=True):
    """One thing that waits for somebody: what kind it is, its words, a line about it, what was
    promised, and one way in. `due` says how the promise stands; its words say so too."""

    words: L
    kind: L | None = None
    about: L | None = None
    promise: L | None = None
    due: Literal["", "soon", "passed", "done"] = ""
    button: Button[L] | None = None


class Matters(Struct, Generic[L], frozen=True, tag="matters"):
    """A list of what waits."""

    items: tuple[MatterRow[L], ...]


NoteSign = Literal["today", "better", "worse", "plain"]


class BoardNote(Struct, Generic[L], frozen=True):
    """A note on a board. `kind` names its sign in words; `about` says what else there is to know of
    it: that it is the leader's, or was written at the meeting."""

    words: L
    sign: NoteSign = "plain"
    kind: L | None = None
    about: L | None = None


class BoardColumn(Struct, Generic[L], frozen=True):
    """A lane of a board. `rest` is how many notes it has besides these; the localizer writes
    `under`, which says so, or that there is no note."""

    name: L
    notes: tuple[BoardNote[L], ...]
    rest: int = 0
    under: L | None = None


class Board(Struct, Generic[L], frozen=True, tag="board"):
    """Notes in lanes. dialogs/model/boards.py shortens it for a post, and divides it into pages."""

    columns: tuple[BoardColumn[L], ...]


class Grid(Struct, Generic[L], frozen=True, tag="grid"):
    """A table that people fill in together. The first cell of a row says what the row is about."""

    columns: tuple[L, ...]
    rows: tuple[tuple[L, ...], ...]


Part = (
    Heading[L]
    | Paragraph[L]
    | Small[L]
    | FactRows[L]
    | Quote[L]
    | Bullets[L]
    | Progress[L]
    | Buttons[L]
    | Matters[L]
    | Board[L]
    | Grid[L]
    | Steps[L]
    | Chart[L]
)


class Card(Struct, Generic[L], frozen=True):
    parts: tuple[Part[L], ...]


def every_button(card: Card[L]) -> tuple[Button[L], ...]:
    """Return the buttons of a card in the order in which they stand."""
    found: list[Button[L]] = []
    for part in card.parts:
        if isinstance(part, Buttons):
            found += part.buttons
        elif isinstance(part, Matters):
            found += (one.button for one in part.items if one.button is not None)
    return tuple(found)


# --- forms --------------------------------------------------------------------------------


class Option(Struct, Generic[L], frozen=True):
    value: str
    label: L
    hint: L | None = None


class TextField(Struct, Generic[L], frozen=True, tag="textfield"):
    id: str
    label: L
    hint: L | None = None
    long: bool = False
    limit: int = 2000
    required: bool = True
    value: L | None = None


class Choice(Struct, Generic[L], frozen=True, tag="choice"):
    """A choice of exactly one option. An empty `value` selects none initially."""

    id: str
    label: L
    options: tuple[Option[L], ...]
    value: str = ""
    hint: L | None = None
    required: bool = True


class Choices(Struct, Generic[L], frozen=True, tag="choices"):
    """A choice of any number of options."""

    id: str
    label: L
    options: tuple[Option[L], ...]
    values: tuple[str, ...] = ()
    hint: L | None = None
    required: bool = False


class People(Struct, Generic[L], frozen=True, tag="people"):
    """A choice of people with the platform's people picker."""

    id: str
    label: L
    many: bool = False
    values: tuple[str, ...] = ()
    hint: L | None = None
    required: bool = False


class DateField(Struct, Generic[L], frozen=True, tag="datefield"):
    id: str
    label: L
    value: date | None = None
    hint: L | None = None
    required: bool = False


class TimeField(Struct, Generic[L], frozen=True, tag="timefield"):
    """A time of day, as minutes after midnight."""

    id: str
    label: L
    value: int | None = None
    hint: L | None = None
    required: bool = False


class Note(Struct, Generic[L], frozen=True, tag="note"):
    """A paragraph between the fields."""

    text: L


Field = TextField[L] | Choice[L] | Choices[L] | People[L] | DateField[L] | TimeField[L] | Note[L]


class Form(Struct, Generic[L], frozen=True):
    """A form. `into` is the tag of the event that a submission becomes; the fields are the event's.
    `fixed` has values that the person does not enter (question, project). The localizer signs both,
    with a form id drawn when the form is opened, into `token`."""

    title: L
    fields: tuple[Field[L], ...]
    submit: L
    into: str
    fixed: dict[str, str] = {}
    token: str = ""


NeutralCard = Card[Line]
FinishedCard = Card[Spans]
FinishedPicture = Steps[Spans] | Chart[Spans]
NeutralForm = Form[Line]
FinishedForm = Form[Spans]


def text(key: str, /, **args: Line) -> Text:
    return Text(key, args)


def card(*parts: Part[Line] | None) -> NeutralCard:
    """Build a card from the parts that are not None."""
    return Card(tuple(part for part in parts if part is not None))


def buttons(*found: Button[Line] | None) -> Buttons[Line] | None:
    present = tuple(button for button in found if button is not None)
    return Buttons(present) if present else None
