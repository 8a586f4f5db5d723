"""The JSON that the page and the server exchange: acts, state and events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from bot.platforms.common.ports import DrawPicture, RoomMessage
from bot.platforms.web.playground.edge import MessageBody, read_body
from bot.platforms.web.playground.people import (
    Channel,
    Colleague,
    channel_of,
    person_of,
    private_place,
)
from bot.platforms.web.playground.sentences import SENTENCES
from content.language import Language
from dialogs.model.cards import (
    Button,
    Buttons,
    FinishedCard,
    FinishedForm,
    MatterRow,
    Matters,
    Part,
    Spans,
)
from dialogs.model.pictures import Chart, Steps

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


WIDTHS = (260, 340, 616)
"""Pixels across a card: on a phone of 320 px, on others, and on a screen. style.css shows one."""


class RequestRefused(Exception):
    """The request is rejected with this status and the sentence with this key."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class TypeAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    place: str
    text: str
    key: str
    thread: str = ""
    """The id of the message that is answered in its thread."""


class PressAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    token: str
    key: str
    channel: str = ""


class SubmitAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    token: str
    values: dict[str, str | list[str] | None]
    channel: str = ""


class ClockAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    to: Literal["question", "overview", "day", "week"]


CourseName = Literal["weeks", "meeting"]


class CourseAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    course: CourseName


class PlainAct(Struct, frozen=True, rename={"person": "as"}):
    person: str


class DrawnSteps(Steps[Spans], frozen=True, tag="steps", kw_only=True):
    """Steps in the form that the page receives: with their drawings for each of `WIDTHS`."""

    drawings: tuple[str, ...]


class DrawnChart(Chart[Spans], frozen=True, tag="chart", kw_only=True):
    drawings: tuple[str, ...]


class Shown(Struct, frozen=True):
    """A message in the form that the page receives."""

    id: str
    place: str
    by: str
    at: str
    thread: str
    seq: int
    text: str
    card: FinishedCard | None
    language: Language


class WallPaths(Struct, frozen=True):
    """Where the screen of the exercise that is under way can be opened, and the page of whoever
    leads it. Both are empty while nobody has asked for them."""

    screen: str = ""
    leading: str = ""


class WorldTime(Struct, frozen=True):
    now: datetime
    landmarks: dict[str, datetime]
    wall: WallPaths


class CourseNews(Struct, frozen=True):
    running: bool
    course: CourseName = "weeks"
    step: int = 0
    of: int = 0
    line: str = ""
    stuck: bool = False


class SpokenLanguage(Struct, frozen=True):
    """The language that Digi speaks with the person of a window, and the commands in it."""

    language: Language
    commands: Sequence[tuple[str, str]]


class PageState(Struct, frozen=True):
    token: str
    epoch: str
    me: Colleague
    spoken: SpokenLanguage
    people: tuple[Colleague, ...]
    visitors: tuple[Colleague, ...]
    channels: tuple[Channel, ...]
    messages: list[Shown]
    after: int
    letters: dict[str, list[int]]
    time: WorldTime
    course: CourseNews


A = TypeVar("A", TypeAct, PressAct, SubmitAct, ClockAct, CourseAct, PlainAct)

_KEY = re.compile(r"web:[0-9a-f-]{36}")
# --- what goes to the page ----------------------------------------------------------------


def bare(card: FinishedCard, draw: DrawPicture) -> FinishedCard:
    """Return the card with its pictures drawn and without internal data: the page only needs to
    send back the tokens."""
    return msgspec.structs.replace(card, parts=tuple(_bare_part(p, draw) for p in card.parts))


def _bare_part(part: Part[Spans], draw: DrawPicture) -> Part[Spans]:
    match part:
        case Buttons(buttons):
            return Buttons(tuple(_bare_button(button) for button in buttons))
        case Matters(items):
            return Matters(tuple(_bare_row(one) for one in items))
        case Steps():
            drawn = tuple(draw(part, width) for width in WIDTHS)
            return DrawnSteps(**msgspec.structs.asdict(part), drawings=drawn)
        case Chart():
            drawn = tuple(draw(part, width) for width in WIDTHS)
            return DrawnChart(**msgspec.structs.asdict(part), drawings=drawn)
        case _:
            return part


def _bare_row(one: MatterRow[Spans]) -> MatterRow[Spans]:
    return (
        one if one.button is None else msgspec.structs.replace(one, button=_bare_button(one.button))
    )


def _bare_button(button: Button[Spans]) -> Button[Spans]:
    return msgspec.structs.replace(button, press=None)


def bare_form(form: FinishedForm) -> FinishedForm:
    return msgspec.structs.replace(form, into="", fixed={})


def as_shown(message: RoomMessage, draw: DrawPicture) -> Shown:
    body: MessageBody = read_body(message)
    return Shown(
        id=message.id,
        place=message.place,
        by=message.by,
        # A fixed number of digits, so that the page can compare times as strings.
        at=message.at.astimezone(UTC).isoformat(timespec="microseconds"),
        thread=message.thread,
        seq=message.seq,
        text=body.text,
        card=None if body.card is None else bare(body.card, draw),
        language=body.language,
    )


def json_answer(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        headers=HEADERS,
        content_type="application/json",
    )


def failure(request: web.Request, me: Colleague, sentence: str) -> web.Response:
    """Answer that an act failed, in the language of the window."""
    said = SENTENCES[sentence][language_of(request, me.locale)]
    return json_answer({"failed": said})


async def send_event(response: web.StreamResponse, kind: str, data: object, id: str = "") -> None:
    head = f"id: {id}\n" if id else ""
    await response.write(
        f"{head}event: {kind}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
    )


# --- what comes from the page -------------------------------------------------------------


async def read_act(request: web.Request, kind: type[A]) -> A:
    if request.content_type != "application/json":
        raise RequestRefused(400, "unreadable")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestRefused(400, "unreadable") from None


def known_person(id: str) -> Colleague:
    found = person_of(id)
    if found is None:
        raise RequestRefused(400, "nobody")
    return found


def act_key(key: str) -> str:
    """Check an idempotency key. The page draws a new one for each act."""
    if not _KEY.fullmatch(key):
        raise RequestRefused(400, "unreadable")
    return key


def known_channel(id: str) -> str:
    if id and channel_of(id) is None:
        raise RequestRefused(400, "elsewhere")
    return id


def channel_in(place: str, me: Colleague) -> str:
    """Return the channel id of a place; "" for the person's private chat."""
    if place == private_place(me.id):
        return ""
    kind, _, id = place.partition(":")
    if kind != "channel" or channel_of(id) is None:
        raise RequestRefused(400, "elsewhere")
    return id


def number_in(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def language_of(request: web.Request, otherwise: Language = "da") -> Language:
    """Return the language of the window, which it sends with each act."""
    match request.headers.get("Accept-Language", "")[:2]:
        case "en":
            return "en"
        case "da":
            return "da"
        case _:
            return otherwise
