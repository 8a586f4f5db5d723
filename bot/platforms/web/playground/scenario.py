"""Parses scenarios: scripted conversations, for the playground's prepared course and for the tests.

A scenario is UTF-8 text; `#` begins a comment. Its lines:

    anne > /digi start Ny omsorgsplatform       typed in the channel
    anne privat > status                        typed in the private chat with Digi
    mette > tryk "Svar"                         press the newest button with this label
    mette > tryk "Svar" på "Kerneopgaven"       on the newest message with this text
    mette > udfyld Svar="Mere tid" Dato=2026-12-04 Læsere="Anne Holm, Jonas Friis"
    mette > udfyld "Dit svar=Mere tid"          the same, quoted as a whole
    mette > udfyld Dato={+7}                    a week from now; {kode} is the last receipt code
    mette > send                                submit the open form unchanged
    ur > til spørgsmål | til overblik | en dag | en uge | til 2026-12-04 09:00 | til mandag 08:00
    ur > til tre hele uger                      the Monday before three weeks without a day off
    mette < kode                                she was shown a receipt code
    anne < "text"                               her newest answer or message has this text
    anne <! "text"                              she sees this text nowhere
    kanal < "text"                              the newest channel messages have this text
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from dialogs.model.calendar import Calendar, is_working_day

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
CLOCK = "ur"
CHANNEL = "kanal"

T = TypeVar("T")
Landmarks = Callable[[], Awaitable[Mapping[str, datetime]]]

_LINE = re.compile(r"(\w+)(\s+privat)?\s*([<>].*)")
_PRESS = re.compile(r'tryk\s+"([^"]+)"(?:\s+på\s+"([^"]+)")?')
_WHOLE = re.compile(r'\s*"([^"=]+)=([^"]*)"(?=\s|$)')
_PAIR = re.compile(r'\s*(?:"([^"]+)"|([^="]+?))\s*=\s*(?:"([^"]*)"|(\S+))')
_EXPECT = re.compile(r'(<!?)\s*(?:"(.*)"|(kode))')
_AHEAD = re.compile(r"\{\+(\d+)\}")
_MOMENT = re.compile(r"til (\d{4}-\d\d-\d\d)(?: (\d\d?):(\d\d))?")
_WEEKDAY = re.compile(r"til (\w+)(?: (\d\d?):(\d\d))?")
_WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_LANDMARKS = {"spørgsmål": "question", "overblik": "overview", "udsendelse": "release"}
_STEPS = {"en dag": timedelta(days=1), "en uge": timedelta(days=7)}


class ScenarioError(LookupError):
    """The scenario names something that does not exist. The message lists what does."""


class TypeWords(Struct, frozen=True):
    words: str
    private: bool = False


class PressButton(Struct, frozen=True):
    label: str
    near: str = ""


class FillForm(Struct, frozen=True):
    values: dict[str, str]


class MoveClock(Struct, frozen=True):
    to: str


class Expect(Struct, frozen=True):
    """Expects that `text` is shown, or that it is not (`absent`). Without a text, expects a receipt
    code."""

    text: str
    absent: bool = False


ScenarioAct = TypeWords | PressButton | FillForm | MoveClock | Expect


class ScenarioLine(Struct, frozen=True):
    number: int
    text: str
    who: str
    act: ScenarioAct


def read_scenario(text: str) -> list[ScenarioLine]:
    found: list[ScenarioLine] = []
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            found.append(ScenarioLine(number, written, *_read(written)))
        except ScenarioError as error:
            raise ScenarioError(f"line {number}: {written}: {error}") from None
    return found


def _read(line: str) -> tuple[str, ScenarioAct]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ScenarioError("expected `who > what` or `who < what`")
    who, private, what = found[1].casefold(), bool(found[2]), found[3].strip()
    if what.startswith("<"):
        return who, _expected(what)
    act = what[1:].strip()
    if who == CLOCK:
        return who, MoveClock(act)
    if act.startswith("tryk "):
        pressed = _PRESS.fullmatch(act)
        if pressed is None:
            raise ScenarioError('write a press as tryk "Label" or tryk "Label" på "text"')
        return who, PressButton(pressed[1], pressed[2] or "")
    if act in ("send", "udfyld"):
        return who, FillForm({})
    if act.startswith("udfyld "):
        return who, FillForm(_pairs(act.removeprefix("udfyld ")))
    return who, TypeWords(act, private)


def _expected(what: str) -> Expect:
    found = _EXPECT.fullmatch(what)
    if found is None:
        raise ScenarioError('write an expectation as < "text", <! "text" or < kode')
    return Expect(found[2] or "", absent=found[1] == "<!")


def _pairs(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    position = 0
    while text[position:].strip():
        if found := _WHOLE.match(text, position):
            values[found[1]] = found[2]
        elif found := _PAIR.match(text, position):
            values[found[1] or found[2]] = found[4] if found[3] is None else found[3]
        else:
            raise ScenarioError(f'write a field as Label="text", not {text[position:].strip()!r}')
        position = found.end()
    return values


# --- what words stand for -----------------------------------------------------------------


def named(label: str, candidates: Sequence[tuple[str, T]], kind: str) -> T:
    """Return the candidate with this name; a unique substring, or the beginning of the name, also
    counts."""
    wanted = label.strip().casefold()
    for name, found in candidates:
        if name.casefold() == wanted:
            return found
    for name, found in candidates:
        if name.casefold().startswith(wanted):
            return found
    having = [found for name, found in candidates if wanted in name.casefold()]
    if len(having) == 1:
        return having[0]
    raise ScenarioError(
        f"no {kind} {label!r}; there are: {', '.join(name for name, _ in candidates)}"
    )


def several(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def days_ahead(text: str, now: Callable[[], datetime]) -> str:
    """Replace `{+9}` with the date nine days from now."""
    return _AHEAD.sub(lambda days: str(_day(now()) + timedelta(days=int(days[1]))), text)


async def moment(words: str, now: datetime, landmarks: Landmarks) -> datetime:
    """Return the time to which a line moves the clock. `landmarks` returns planned events by
    name."""
    today = _day(now)
    if words in _STEPS:
        return now + _STEPS[words]
    if found := _MOMENT.fullmatch(words):
        return _at(date.fromisoformat(found[1]), found[2], found[3])
    if landmark := _LANDMARKS.get(words.removeprefix("til ")):
        due = (await landmarks()).get(landmark)
        if due is None:
            raise ScenarioError("no such event is planned")
        return due
    if words == "til tre hele uger":
        return _three_whole_weeks(today)
    if (found := _WEEKDAY.fullmatch(words)) and found[1] in _WEEKDAYS:
        ahead = (_WEEKDAYS.index(found[1]) - today.weekday()) % 7
        first = _at(today + timedelta(days=ahead), found[2], found[3])
        return first if first > now else _at(today + timedelta(days=ahead + 7), found[2], found[3])
    raise ScenarioError("not a time that the clock can be moved to")


def _three_whole_weeks(today: date) -> datetime:
    """Return the next Monday morning that begins three weeks without a public holiday or other day
    off."""
    calendar = Calendar()
    monday = today + timedelta(days=(-today.weekday() - 1) % 7 + 1)
    workdays = [timedelta(days=n) for n in range(21) if n % 7 < 5]
    while not all(is_working_day(calendar, monday + day) for day in workdays):
        monday += timedelta(days=7)
    return _at(monday, None, None)


def _day(moment: datetime) -> date:
    return moment.astimezone(COPENHAGEN).date()


def _at(day: date, hour: str | None, minute: str | None) -> datetime:
    return datetime.combine(day, time(int(hour or 8), int(minute or 0), tzinfo=COPENHAGEN))
