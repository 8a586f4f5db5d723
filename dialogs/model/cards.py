"""What Digi shows: cards and forms made of few parts, in words of no platform and no language.

A part holds lines of type `L`. A dialog makes parts of `Line` (keys and typed arguments);
bot/core/localize.py turns them into parts of `Spans` (finished words), which an edge can draw.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from dialogs.model.events import Press

# --- lines, as dialogs write them ---------------------------------------------------------


class Words(Struct, frozen=True, tag="words"):
    """What a person wrote. Never searched for markup, never translated."""

    text: str


class Kept(Struct, frozen=True, tag="kept"):
    """What a person wrote, by the id of its record: opened from the vault at sending.

    Where `cut` is a number, no more than so many characters of it.
    """

    kind: str
    id: str
    field: str = "text"
    cut: int = 0


class Who(Struct, frozen=True, tag="who"):
    person: str


class First(Struct, frozen=True, tag="first"):
    """What a person is called, in one word: where a text must be short."""

    person: str


class Chat(Struct, frozen=True, tag="chat"):
    """The platform at hand, by its name, at the beginning of a sentence."""


FORMER = "former"
"""Stands where a person stood who has been erased."""
UNREADABLE = "\0unreadable"
"""Stands where words stood whose sealed value is damaged. Nobody can write a NUL."""


class Day(Struct, frozen=True, tag="day"):
    """A date as people say it: torsdag den 26. november."""

    day: date


class Moment(Struct, frozen=True, tag="moment"):
    """A date and an hour as people say them: torsdag den 26. november kl. 13."""

    at: datetime


class Hour(Struct, frozen=True, tag="hour"):
    """A time of day: kl. 13, kl. 7.30."""

    minutes: int


class Count(Struct, frozen=True, tag="count"):
    """A figure; the argument called `n` picks between a phrase's one and other."""

    n: int


class Said(Struct, frozen=True, tag="said"):
    """Words of the catalogue, kept with what was posted so that a later edition changes nothing."""

    da: str
    en: str


class Text(Struct, frozen=True, tag="text"):
    """A phrase of content/phrases and what fills its placeholders."""

    key: str
    args: dict[str, Line] = {}


class Listing(Struct, frozen=True, tag="listing"):
    """Several lines in one sentence: a, b og c."""

    items: tuple[Line, ...]


class Several(Struct, frozen=True, tag="several"):
    """Several sentences after one another in one paragraph."""

    lines: tuple[Line, ...]


class Typed(Struct, frozen=True, tag="typed"):
    """A command, by its code name (`help`), as one types it in this language on the platform at
    hand: `/digi hjælp` or `@Digi help`."""

    command: str


Line = (
    Words | Kept | Who | First | Chat | Day | Moment | Hour | Count | Said | Text | Listing
    | Several | Typed
)  # fmt: skip

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
    """What people wrote, inside a finished line: always drawn as plain text."""

    text: str


class Link(Struct, frozen=True, tag="link"):
    text: str
    url: str


Span = Plain | Strong | Emph | Mention | Quoted | Link
Spans = tuple[Span, ...]


def plain(spans: Spans) -> str:
    """A finished line without its markup: for fallback texts, labels and screen readers."""
    return "".join(span.name if isinstance(span, Mention) else span.text for span in spans)


_OURS = frozenset({Plain, Strong, Emph})


def is_ours(spans: Spans) -> bool:
    """Whether all of it is Digi's own words: nobody's name, and nothing that people wrote."""
    return all(type(span) in _OURS for span in spans)


# --- parts --------------------------------------------------------------------------------

L = TypeVar("L")
L2 = TypeVar("L2")
Style = Literal["plain", "main", "quiet", "danger"]


class Heading(Struct, Generic[L], frozen=True, tag="heading"):
    text: L


class Paragraph(Struct, Generic[L], frozen=True, tag="paragraph"):
    text: L


class Small(Struct, Generic[L], frozen=True, tag="small"):
    """What may be read last: a source, a hint, who wrote it."""

    text: L


class Facts(Struct, Generic[L], frozen=True, tag="facts"):
    """Names and what stands behind them."""

    rows: tuple[tuple[L, L], ...]


class Quote(Struct, Generic[L], frozen=True, tag="quote"):
    """What a person wrote, set apart; `by` is absent where there is no name."""

    words: L
    by: L | None = None


class Bullets(Struct, Generic[L], frozen=True, tag="bullets"):
    """`to_fill_in`: on paper there is room to write below each."""

    items: tuple[L, ...]
    numbered: bool = False
    to_fill_in: bool = False


class Progress(Struct, Generic[L], frozen=True, tag="progress"):
    """Where we are of how many; `label` says the same in words."""

    step: int
    of: int
    label: L


class Button(Struct, Generic[L], frozen=True):
    """`press` is what happens; dress seals it into `token`, the only thing an edge hands back.

    `opens`: it changes nothing and only shows something, to the one who presses.
    """

    label: L
    press: Press | None = None
    style: Style = "plain"
    confirm: L | None = None
    token: str = ""
    opens: bool = False


class Buttons(Struct, Generic[L], frozen=True, tag="buttons"):
    buttons: tuple[Button[L], ...]


Part = (
    Heading[L] | Paragraph[L] | Small[L] | Facts[L] | Quote[L] | Bullets[L] | Progress[L]
    | Buttons[L]
)  # fmt: skip


class Card(Struct, Generic[L], frozen=True):
    parts: tuple[Part[L], ...]


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
    """Exactly one of the options; an empty `value` preselects none."""

    id: str
    label: L
    options: tuple[Option[L], ...]
    value: str = ""
    hint: L | None = None
    required: bool = True


class Choices(Struct, Generic[L], frozen=True, tag="choices"):
    """Any number of the options."""

    id: str
    label: L
    options: tuple[Option[L], ...]
    values: tuple[str, ...] = ()
    hint: L | None = None
    required: bool = False


class People(Struct, Generic[L], frozen=True, tag="people"):
    """Somebody of the workplace, by the platform's own people picker."""

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
    """An hour of the day, as minutes after midnight."""

    id: str
    label: L
    value: int | None = None
    hint: L | None = None
    required: bool = False


class Note(Struct, Generic[L], frozen=True, tag="note"):
    """A paragraph between the fields."""

    text: L


Field = (
    TextField[L] | Choice[L] | Choices[L] | People[L] | DateField[L] | TimeField[L] | Note[L]
)  # fmt: skip


class Form(Struct, Generic[L], frozen=True):
    """`into` is the tag of the event that a submission becomes; its fields are the event's own.

    `fixed` holds what the person does not fill in (which question, which project).
    dress seals both, with a form id drawn when the form is opened, into `token`.
    """

    title: L
    fields: tuple[Field[L], ...]
    submit: L
    into: str
    fixed: dict[str, str] = {}
    token: str = ""


NeutralCard = Card[Line]
FinishedCard = Card[Spans]
NeutralForm = Form[Line]
FinishedForm = Form[Spans]


def text(key: str, /, **args: Line) -> Text:
    return Text(key, args)


def card(*parts: Part[Line] | None) -> NeutralCard:
    """A card of the parts that are there; `None` stands for a part that does not apply."""
    return Card(tuple(part for part in parts if part is not None))


def buttons(*found: Button[Line] | None) -> Buttons[Line] | None:
    present = tuple(button for button in found if button is not None)
    return Buttons(present) if present else None
