"""Plays a scenario as its people: finds buttons and fields by their labels."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

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
from bot.platforms.web.playground.scenario import (
    CHANNEL,
    Expect,
    FillForm,
    MoveClock,
    PressButton,
    ScenarioError,
    ScenarioLine,
    TypeWords,
    days_ahead,
    moment,
    named,
    read_scenario,
    several,
)
from dialogs.model.cards import (
    Board,
    Bullets,
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    FactRows,
    Field,
    FinishedCard,
    FinishedForm,
    Grid,
    Heading,
    Matters,
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
    every_button,
    plain,
)
from dialogs.model.pictures import Chart, Steps
from dialogs.model.spelled_out import spelled_out

NEWEST = 5
"""How many of the channel's last changed messages count as the newest."""

Values = dict[str, str | list[str] | None]
OnStep = Callable[[int, int, str], Awaitable[None]]

_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}-[0-9A-Z*~$=](?![0-9A-Z])")


def lines(card: FinishedCard) -> list[str]:
    """Return a card as lines of text, with buttons in brackets."""
    found: list[str] = []
    for part in card.parts:
        match part:
            case Heading(text) | Paragraph(text) | Small(text):
                found.append(plain(text))
            case FactRows(rows):
                found += [f"{plain(name)}: {plain(value)}" for name, value in rows]
            case Quote(words, by):
                found.append(f"“{plain(words)}”" + (f" {plain(by)}" if by else ""))
            case Bullets(items, numbered):
                marks = (f"{n}." if numbered else "-" for n in range(1, len(items) + 1))
                found += [f"{mark} {plain(item)}" for mark, item in zip(marks, items, strict=True)]
            case Progress(label=label):
                found.append(plain(label))
            case Steps(sentence=sentence) | Chart(sentence=sentence):
                found.append(plain(sentence or ()))
            case Buttons(buttons):
                found.append(" ".join(f"[{plain(button.label)}]" for button in buttons))
            case Matters() | Board() | Grid():
                found += lines(Card(spelled_out(part)))
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


class Player:
    """Acts and looks for all people of a scenario. It also keeps the ephemeral answers, which are
    never stored in the room."""

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
        # Each with the channel it was shown in, which is sent along with the next act on it.
        self._whispers: dict[str, list[tuple[tuple[FinishedCard, ...], str]]] = {}
        self._forms: dict[str, tuple[FinishedForm, str]] = {}
        self._faults: dict[str, list[str]] = {}
        self._codes: dict[str, str] = {}

    async def play(self, text: str, on_step: OnStep | None = None) -> list[str]:
        """Play all lines, and return a sentence for each that did not go as written."""
        try:
            steps = read_scenario(text)
        except ScenarioError as error:
            return [str(error)]
        problems: list[str] = []
        for index, step in enumerate(steps):
            if on_step:
                await on_step(index + 1, len(steps), step.text)
            following = steps[index + 1] if index + 1 < len(steps) else None
            awaited = following and following.who == step.who and isinstance(following.act, Expect)
            try:
                found = await self._step(step)
            except ScenarioError as error:
                found, awaited = [str(error)], False
            # A form error is expected if the next line checks for it.
            if found and not (awaited and isinstance(step.act, FillForm)):
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
            raise ScenarioError("no form is open")
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
        target = await moment(words, self._clock.now(), self._clock.landmarks)
        if target < self._clock.now():
            raise ScenarioError("that time is in the past, and the clock only moves forward")
        await self._clock.move_to(target)
        return []

    # --- eyes -----------------------------------------------------------------------------

    async def seen(self, person: str) -> str:
        """Return all text this person can see, oldest first: channel, private chat, ephemeral
        answers."""
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
        """Return what this person was shown last: an ephemeral answer, a form, a private
        message."""
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
        """Return the last receipt code this person was shown."""
        return self._codes.get(person, "")

    # --- the lines ------------------------------------------------------------------------

    async def _step(self, step: ScenarioLine) -> list[str]:
        match step.act:
            case Expect() as expected:
                return await self._look(step.who, expected)
            case MoveClock(to):
                return await self.move(to)
            case PressButton(label, near):
                return await self.press(self._person(step.who).id, label, near)
            case FillForm(values):
                return await self.fill(self._person(step.who).id, values)
            case TypeWords(words, private):
                return await self.type(self._person(step.who).id, words, private=private)

    async def _look(self, who: str, expected: Expect) -> list[str]:
        if who == CHANNEL:
            shown = await self.in_channel()
        else:
            person = self._person(who).id
            if not expected.text:
                return [] if self._codes.get(person) else ["no code was shown"]
            shown = await (self.seen(person) if expected.absent else self.newest(person))
        if (expected.text in shown) is not expected.absent:
            return []
        return [f"{'still' if expected.absent else 'not'} there; shown is:\n{shown}"]

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
            self._forms.pop(person, None)  # submitted, or abandoned for something else
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
        """Find the newest button with this label: in ephemeral answers, then in the private chat,
        then in the channel."""
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
            for button in every_button(card):
                if plain(button.label) == label:
                    return button, channel
                there.append(plain(button.label))
        raise ScenarioError(
            f"no button {label!r}; there are: {', '.join(dict.fromkeys(there)) or 'none'}"
        )

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
            raise ScenarioError(f"nobody is called {id!r}; there are: {', '.join(self._people)}")
        return self._people[id]

    def _with_code(self, person: str, value: str) -> str:
        value = value.replace("{kode}", self._codes.get(person, ""))
        return days_ahead(value, self._clock.now)

    # --- forms ----------------------------------------------------------------------------

    def _filled(self, form: FinishedForm, values: Mapping[str, str]) -> Values:
        fields = [field for field in form.fields if not isinstance(field, Note)]
        filled: Values = {field.id: _preset(field) for field in fields}
        for label, value in values.items():
            field = named(label, [(plain(field.label), field) for field in fields], "field")
            filled[field.id] = self._value(field, value)
        return filled

    def _value(self, field: Field[Spans], value: str) -> str | list[str]:
        match field:
            case TextField() | DateField():
                return value
            case Choice(options=options):
                return named(value, _options(options), "option") if value else ""
            case Choices(options=options):
                return [named(one, _options(options), "option") for one in several(value)]
            case People(many=many):
                people = [(person.name, person.id) for person in self._people.values()]
                chosen = [named(one, people, "person") for one in several(value)]
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


def _options(options: Sequence[Option[Spans]]) -> list[tuple[str, str]]:
    return [(plain(option.label), option.value) for option in options]


def _key() -> str:
    return f"web:{uuid.uuid4()}"
