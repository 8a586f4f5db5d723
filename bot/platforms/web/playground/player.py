"""Plays a scenario the way people do: finds buttons and fields by the words on them.

A scenario is UTF-8 text; `#` begins a comment. Its lines:

    anne > /digi start Ny omsorgsplatform       typed in the channel
    anne privat > status                        typed in the private chat with Digi
    mette > tryk "Svar"                         her newest button of that name
    mette > tryk "Svar" på "Kerneopgaven"       on the newest message that contains the text
    mette > udfyld Svar="Mere tid" Dato=2026-12-04 Læsere="Anne Holm, Jonas Friis"
    mette > udfyld Dato={+7}                    a week from then; {kode} is the last code shown
    ur > til spørgsmål | til overblik | en dag | en uge | til 2026-12-04 09:00 | til mandag 08:00
    ur > til tre hele uger                      the next Monday with three weeks without a day off
    mette < kode                                a code is shown to her
    anne < "text"                               in what she was shown last
    anne <! "text"                              nowhere before her eyes
    kanal < "text"                              in the newest messages of the channel
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from bot.platforms.common.ports import (
    Answer,
    Clockwork,
    Delivery,
    Pressed,
    Receive,
    RoomMessage,
    Sender,
    Submitted,
    TypedText,
    WebRoom,
)
from bot.platforms.web.playground.edge import MessageBody, read_body
from bot.platforms.web.playground.people import (
    DIGI,
    TENANT,
    Colleague,
    channel_place,
    private_place,
)
from dialogs.model.calendar import Calendar, is_working_day
from dialogs.model.cards import (
    Bullets,
    Button,
    Buttons,
    Choice,
    Choices,
    DateField,
    Facts,
    Field,
    FinishedCard,
    FinishedForm,
    Heading,
    Note,
    Option,
    Paragraph,
    People,
    Progress,
    Quote,
    Small,
    Spans,
    TextField,
    TimeField,
    plain,
)

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NEWEST = 5
"""How many of the channel's last changes count as the newest."""

T = TypeVar("T")
Values = dict[str, str | list[str] | None]
OnStep = Callable[[int, int, str], Awaitable[None]]

_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}-[0-9A-Z*~$=](?![0-9A-Z])")
_PRESS = re.compile(r'tryk\s+"([^"]+)"(?:\s+på\s+"([^"]+)")?\s*')
_PAIR = re.compile(r'\s*(?:"([^"]+)"|([^="]+?))\s*=\s*(?:"([^"]*)"|(\S+))')
_AHEAD = re.compile(r"\{\+(\d+)\}")
_EXPECT = re.compile(r'(<!?)\s*(?:"([^"]*)"|(kode))\s*')
_LINE = re.compile(r"(\w+)(\s+privat)?\s*([<>].*)")
_MOMENT = re.compile(r"til (\d{4}-\d\d-\d\d)(?: (\d\d?):(\d\d))?")
_WEEKDAY = re.compile(r"til (\w+)(?: (\d\d?):(\d\d))?")
_WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_LANDMARKS = {"spørgsmål": "question", "overblik": "overview", "udsendelse": "release"}
_STEPS = {"en dag": timedelta(days=1), "en uge": timedelta(days=7)}


class Hands(Protocol):
    """What a person can do on any edge. A list that is not empty says what went wrong."""

    async def type(self, person: str, text: str, *, private: bool = False) -> list[str]: ...

    async def press(self, person: str, label: str, near: str = "") -> list[str]: ...

    async def fill(self, person: str, values: Mapping[str, str]) -> list[str]: ...

    async def seen(self, person: str) -> str: ...


class CourseStep(Struct, frozen=True):
    number: int
    who: str
    private: bool
    what: str
    text: str


class Lost(Exception):
    """The scenario names something that is not there; the message says what is."""


def lines(card: FinishedCard) -> list[str]:
    """A card as somebody reads it aloud; buttons in brackets."""
    found: list[str] = []
    for part in card.parts:
        match part:
            case Heading(text) | Paragraph(text) | Small(text):
                found.append(plain(text))
            case Facts(rows):
                found += [f"{plain(name)}: {plain(value)}" for name, value in rows]
            case Quote(words, by):
                found.append(f"“{plain(words)}”" + (f" {plain(by)}" if by else ""))
            case Bullets(items, numbered):
                marks = (f"{n}." if numbered else "-" for n in range(1, len(items) + 1))
                found += [f"{mark} {plain(item)}" for mark, item in zip(marks, items, strict=True)]
            case Progress(label=label):
                found.append(plain(label))
            case Buttons(buttons):
                found.append(" ".join(f"[{plain(button.label)}]" for button in buttons))
    return found


def form_lines(form: FinishedForm) -> list[str]:
    found = [plain(form.title)]
    for field in form.fields:
        if isinstance(field, Note):
            found.append(plain(field.text))
            continue
        found.append(f"{plain(field.label)}:")
        if field.hint:
            found.append(plain(field.hint))
        if isinstance(field, TextField) and field.value:
            found.append(plain(field.value))
        if isinstance(field, Choice | Choices):
            for option in field.options:
                found.append(f"( ) {plain(option.label)}")
                if option.hint:
                    found.append(plain(option.hint))
    return [*found, f"[{plain(form.submit)}]"]


def read_scenario(text: str) -> list[CourseStep]:
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.fullmatch(stripped)
        if found is None:
            raise Lost(f"line {number}: not `who > what` or `who < what`: {stripped}")
        who, private, what = found.groups()
        steps.append(CourseStep(number, who.casefold(), bool(private), what.strip(), stripped))
    return steps


class Player:
    """Everybody's hands and eyes in one. Whispers are kept here: the room never holds them."""

    def __init__(
        self,
        receive: Receive,
        room: WebRoom,
        clock: Clockwork,
        people: Sequence[Colleague],
        channel: str,
        tenant: str = TENANT,
    ) -> None:
        self._receive = receive
        self._room = room
        self._clock = clock
        self._people = {person.id: person for person in people}
        self._channel = channel
        self._tenant = tenant
        # Each with the channel it stands in, which goes along with the next act from it.
        self._whispers: dict[str, list[tuple[tuple[FinishedCard, ...], str]]] = {}
        self._forms: dict[str, tuple[FinishedForm, str]] = {}
        self._faults: dict[str, list[str]] = {}
        self._codes: dict[str, str] = {}

    async def play(self, text: str, on_step: OnStep | None = None) -> list[str]:
        """Play all lines; the answer is one sentence for each that did not go as written."""
        try:
            steps = read_scenario(text)
        except Lost as lost:
            return [str(lost)]
        problems: list[str] = []
        for index, step in enumerate(steps):
            if on_step:
                await on_step(index + 1, len(steps), step.text)
            following = steps[index + 1] if index + 1 < len(steps) else None
            awaited = following and following.who == step.who and following.what.startswith("<")
            try:
                found = await self._step(step)
            except Lost as lost:
                found, awaited = [str(lost)], False
            # A fault that the next line looks for is what the scenario is about.
            if found and not (awaited and step.what.startswith("> udfyld")):
                problems += [f"line {step.number}: {step.text}: {problem}" for problem in found]
        return problems

    # --- hands ----------------------------------------------------------------------------

    async def type(self, person: str, text: str, *, private: bool = False) -> list[str]:
        command = re.fullmatch(r"/digi\b\s*(.*)", text.strip(), re.IGNORECASE | re.DOTALL)
        if command is None and not private:
            body = MessageBody(text=text)
            await self._room.put(
                RoomMessage(
                    id=_key(),
                    place=channel_place(self._channel),
                    by=self._person(person).id,
                    body=msgspec.json.encode(body),
                    at=self._clock.now(),
                )
            )
            return []
        words = command.group(1) if command else text.strip()
        return await self._act(person, _key(), TypedText(words), "" if private else self._channel)

    async def press(self, person: str, label: str, near: str = "") -> list[str]:
        button, channel = await self._button(person, label, near)
        return await self._act(person, _key(), Pressed(button.token), channel)

    async def fill(self, person: str, values: Mapping[str, str]) -> list[str]:
        if person not in self._forms:
            raise Lost("no form is open")
        form, channel = self._forms[person]
        filled = self._filled(form, {key: self._with_code(person, v) for key, v in values.items()})
        missing = [
            f"{plain(field.label)}: missing"
            for field in form.fields
            if not isinstance(field, Note) and field.required and not filled[field.id]
        ]
        if missing:
            self._faults[person] = missing
            return missing
        submitted = Submitted(form.token, filled)
        return await self._act(person, f"form:{form.token}", submitted, channel)

    async def move(self, words: str) -> list[str]:
        if words in _STEPS:
            target = self._clock.now() + _STEPS[words]
        elif moment := _MOMENT.fullmatch(words):
            day, hour, minute = moment.groups()
            target = _at(date.fromisoformat(day), hour, minute)
        elif words.removeprefix("til ") in _LANDMARKS:
            due = (await self._clock.landmarks()).get(_LANDMARKS[words.removeprefix("til ")])
            if due is None:
                raise Lost("nothing of that kind is planned")
            target = due
        elif words == "til tre hele uger":
            target = self._three_whole_weeks()
        elif (named := _WEEKDAY.fullmatch(words)) and named.group(1) in _WEEKDAYS:
            today = self._clock.now().astimezone(COPENHAGEN).date()
            ahead = (_WEEKDAYS.index(named.group(1)) - today.weekday() - 1) % 7 + 1
            target = _at(today + timedelta(days=ahead), named.group(2), named.group(3))
        else:
            raise Lost("the clock does not know that place")
        if target < self._clock.now():
            raise Lost("that moment has passed, and the clock only moves forward")
        await self._clock.move_to(target)
        return []

    def _three_whole_weeks(self) -> datetime:
        """The next Monday morning with three weeks ahead in which no day is off."""
        calendar = Calendar()
        monday = self._clock.now().astimezone(COPENHAGEN).date()
        monday += timedelta(days=(-monday.weekday() - 1) % 7 + 1)
        workdays = [timedelta(days=n) for n in range(21) if n % 7 < 5]
        while not all(is_working_day(calendar, monday + day) for day in workdays):
            monday += timedelta(days=7)
        return _at(monday, "8", "00")

    # --- eyes -----------------------------------------------------------------------------

    async def seen(self, person: str) -> str:
        """All text before this person's eyes, oldest first: channel, private chat, whispers."""
        who = self._person(person).id
        shown: list[str] = []
        for place in (channel_place(self._channel), private_place(who)):
            for message in await self._messages(place):
                shown += self._lines(message)
        for cards, _ in self._whispers.get(who, []):
            shown += [line for card in cards for line in lines(card)]
        if who in self._forms:
            shown += form_lines(self._forms[who][0])
        return "\n".join([*shown, *self._faults.get(who, [])])

    async def newest(self, person: str) -> str:
        """What this person was shown last: in a whisper, in a form and in the private chat."""
        shown: list[str] = []
        for cards, _ in self._whispers.get(person, [])[-1:]:
            shown += [line for card in cards for line in lines(card)]
        if person in self._forms:
            shown += form_lines(self._forms[person][0])
        for message in (await self._messages(private_place(person)))[-1:]:
            shown += self._lines(message)
        return "\n".join([*shown, *self._faults.get(person, [])])

    async def in_channel(self) -> str:
        changed = await self._room.read(channel_place(self._channel))
        newest = sorted(changed, key=lambda message: message.seq)[-NEWEST:]
        return "\n".join(line for message in newest for line in self._lines(message))

    def code(self, person: str) -> str:
        """The last code this person was shown."""
        return self._codes.get(person, "")

    # --- the lines ------------------------------------------------------------------------

    async def _step(self, step: CourseStep) -> list[str]:
        if step.what.startswith("<"):
            return await self._look(step)
        act = step.what[1:].strip()
        if step.who == "ur":
            return await self.move(act)
        person = self._person(step.who).id
        if act.startswith("tryk "):
            pressed = _PRESS.fullmatch(act)
            if pressed is None:
                raise Lost('a press is written tryk "Label" or tryk "Label" på "text"')
            return await self.press(person, pressed.group(1), pressed.group(2) or "")
        if act == "udfyld" or act.startswith("udfyld "):
            return await self.fill(person, _pairs(act.removeprefix("udfyld")))
        return await self.type(person, act, private=step.private)

    async def _look(self, step: CourseStep) -> list[str]:
        expected = _EXPECT.fullmatch(step.what)
        if expected is None:
            raise Lost('an expectation is written < "text", <! "text" or < kode')
        way, text, code = expected.groups()
        if step.who == "kanal":
            shown = await self.in_channel()
        else:
            person = self._person(step.who).id
            if code:
                return [] if self._codes.get(person) else ["no code was shown"]
            shown = await (self.newest(person) if way == "<" else self.seen(person))
        if (text in shown) is (way == "<"):
            return []
        return [f"{'not' if way == '<' else 'still'} there; shown is:\n{shown}"]

    async def _act(
        self, person: str, key: str, what: TypedText | Pressed | Submitted, channel: str = ""
    ) -> list[str]:
        who = self._person(person)
        sender = Sender(who.id, who.name, who.locale)
        answer = await self._receive(Delivery(self._tenant, sender, key, what, channel))
        await self._clock.settle()
        return self._take(who.id, answer, channel, submitted=isinstance(what, Submitted))

    def _take(self, person: str, answer: Answer, channel: str, *, submitted: bool) -> list[str]:
        form = self._forms[person][0] if submitted else None
        labels = (
            {f.id: plain(f.label) for f in form.fields if not isinstance(f, Note)} if form else {}
        )
        faults = [
            ": ".join(filter(None, (labels.get(fault.field, ""), plain(fault.text))))
            for fault in answer.faults
        ]
        self._faults[person] = faults
        if not (submitted and faults):
            self._forms.pop(person, None)  # sent, or left for something else
        if answer.cards:
            self._whispers.setdefault(person, []).append((answer.cards, channel))
        if answer.form is not None:
            self._forms[person] = (answer.form, channel)
        shown = "\n".join(line for card in answer.cards for line in lines(card))
        shown += "\n".join(form_lines(answer.form)) if answer.form else ""
        if codes := _CODE.findall(shown):
            self._codes[person] = codes[-1]
        return faults

    async def _button(self, person: str, label: str, near: str) -> tuple[Button[Spans], str]:
        """The newest button of that name: in whispers, in the private chat, in the channel."""
        surfaces: list[tuple[FinishedCard, str]] = [
            (card, channel)
            for cards, channel in reversed(self._whispers.get(person, []))
            for card in cards
        ]
        for place, channel in (
            (private_place(person), ""),
            (channel_place(self._channel), self._channel),
        ):
            for message in reversed(await self._messages(place)):
                card = read_body(message).card
                if card is not None:
                    surfaces.append((card, channel))
        there: list[str] = []
        for card, channel in surfaces:
            if near and near not in "\n".join(lines(card)):
                continue
            for part in card.parts:
                for button in part.buttons if isinstance(part, Buttons) else ():
                    if plain(button.label) == label:
                        return button, channel
                    there.append(plain(button.label))
        raise Lost(f"no button {label!r}; there are: {', '.join(dict.fromkeys(there)) or 'none'}")

    async def _messages(self, place: str) -> list[RoomMessage]:
        return sorted(await self._room.read(place), key=lambda message: message.at)

    def _lines(self, message: RoomMessage) -> list[str]:
        body = read_body(message)
        if body.card is not None:
            return lines(body.card)
        by = self._people.get(message.by)
        return [f"{by.name if by else DIGI}: {body.text}"]

    def _person(self, id: str) -> Colleague:
        if id not in self._people:
            raise Lost(f"nobody is called {id!r}; there are: {', '.join(self._people)}")
        return self._people[id]

    def _with_code(self, person: str, value: str) -> str:
        value = value.replace("{kode}", self._codes.get(person, ""))
        today = self._clock.now().astimezone(COPENHAGEN).date()
        return _AHEAD.sub(lambda days: str(today + timedelta(days=int(days[1]))), value)

    # --- forms ----------------------------------------------------------------------------

    def _filled(self, form: FinishedForm, values: Mapping[str, str]) -> Values:
        fields = [field for field in form.fields if not isinstance(field, Note)]
        filled: Values = {field.id: _preset(field) for field in fields}
        for label, value in values.items():
            field = _named(label, [(plain(field.label), field) for field in fields], "field")
            filled[field.id] = self._value(field, value)
        return filled

    def _value(self, field: Field[Spans], value: str) -> str | list[str]:
        match field:
            case TextField() | DateField():
                return value
            case Choice(options=options):
                return _named(value, _options(options), "option") if value else ""
            case Choices(options=options):
                return [_named(one, _options(options), "option") for one in _several(value)]
            case People(many=many):
                people = [(person.name, person.id) for person in self._people.values()]
                chosen = [_named(one, people, "person") for one in _several(value)]
                return chosen if many else (chosen[0] if chosen else "")
            case TimeField():
                hour, _, minute = value.replace(".", ":").partition(":")
                return str(int(hour) * 60 + int(minute or 0)) if value else ""
            case _:
                return value


def _preset(field: Field[Spans]) -> str | list[str] | None:
    match field:
        case TextField(value=text):
            return plain(text) if text else ""
        case Choice(value=chosen):
            return chosen
        case Choices(values=several):
            return list(several)
        case People(many=many, values=people):
            return list(people) if many else "".join(people[:1])
        case DateField(value=day):
            return day.isoformat() if day else ""
        case TimeField(value=minutes):
            return "" if minutes is None else str(minutes)
        case _:
            return None


def _named(label: str, candidates: Sequence[tuple[str, T]], kind: str) -> T:
    """The candidate of that name; the beginning of a name will do, or a word that only one has."""
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
    raise Lost(f"no {kind} {label!r}; there are: {', '.join(name for name, _ in candidates)}")


def _options(options: Sequence[Option[Spans]]) -> list[tuple[str, str]]:
    return [(plain(option.label), option.value) for option in options]


def _several(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _pairs(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    position = 0
    while text[position:].strip():
        found = _PAIR.match(text, position)
        if found is None:
            raise Lost(f'a field is written Label="text", not {text[position:].strip()!r}')
        quoted_label, label, quoted, bare = found.groups()
        values[quoted_label or label] = bare if quoted is None else quoted
        position = found.end()
    return values


def _at(day: date, hour: str | None, minute: str | None) -> datetime:
    return datetime(
        day.year, day.month, day.day, int(hour or 8), int(minute or 0), tzinfo=COPENHAGEN
    )


def _key() -> str:
    return f"web:{uuid.uuid4()}"
