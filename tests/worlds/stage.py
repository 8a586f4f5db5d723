"""Plays transcripts on paper: a complete Digi with an edge that records all messages in memory.

A transcript is a scenario (bot/platforms/web/playground/scenario.py). The clock starts on Monday
2 November 2026 at 09:00 in Copenhagen; everybody is in the channel. Commands and checks:

    anne > /digi start Ny omsorgsplatform      types in the channel
    anne privat > status                       types in the private chat
    mette > tryk "Svar"                        presses the newest button with this label: in the
                                               last answer, her private chat, then the channel
    mette > tryk "Svar" på "Kerneopgaven"      the newest such button in a message with this text
    mette > udfyld Svar="Mere tid" Frist=2026-12-04 Hvem="Ali Demir, Jonas Friis"
                                               fills the open form by its labels and submits it
    mette > send                               submits the open form unchanged
    ur > til 2026-12-03 09:00                  moves the clock (Copenhagen); also: en dag, en uge,
                                               til spørgsmål, til overblik
    ur > genstart                              Digi stops and starts anew on the same database
    ur > uden anne                             she leaves the channel
    ur > i den nye kanal                       everybody acts and looks in another channel from here
    ur > i den gamle kanal                     and back in the first one
    kanal < "Velkommen"                        a channel or thread message since the last act has it
    kanal <! "Hemmeligt"                       no channel message has ever had it
    mette < "Tak"                              the last answer (card, form, error) has it, or a
                                               private message since the last act
    mette <! "Hemmeligt"                       she has never seen it
    mette < kode                               a receipt code was shown; {kode} stands for it

People: anne (the future leader), mette, jonas, ali, and fatima, peter, sofie, lars, bodil, emil,
noor, karen, omar, grethe.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    Members,
    Parcel,
    Pressed,
    Sender,
    Submitted,
    TypedText,
)
from bot.platforms.web.playground.scenario import several
from bot.server.build import House, build
from dialogs.model import cards as c
from dialogs.model import pictures
from dialogs.model.spelled_out import spelled_out
from tests.worlds.play import CODE, PUBLIC_URL, Play, no_button
from tests.worlds.postgres import with_key

TENANT = "test:arbejdsplads"
CHANNEL = "C-hjemmepleje"
NEW_CHANNEL = "C-aftenvagt"
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
BEGINNING = datetime(2026, 11, 2, 9, tzinfo=COPENHAGEN)
PEOPLE = {
    "anne": "Anne Holm",
    "mette": "Mette Krogh",
    "jonas": "Jonas Friis",
    "ali": "Ali Demir",
    "fatima": "Fatima Yildiz",
    "peter": "Peter Lund",
    "sofie": "Sofie Bæk",
    "lars": "Lars Østergaard",
    "bodil": "Bodil Aagaard",
    "emil": "Emil Skov",
    "noor": "Noor Haddad",
    "karen": "Karen Dahl",
    "omar": "Omar Said",
    "grethe": "Grethe Munk",
}


class Message:
    """A message on paper, updated in place."""

    def __init__(self, id: str, place: str, card: c.FinishedCard, thread: str) -> None:
        self.id, self.place, self.card, self.thread = id, place, card, thread
        self.changed = 0


class PaperEdge:
    """An edge that records everything. `repeats`: delivering the same parcel twice is harmless."""

    repeats = True

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.parcels: list[Parcel] = []
        self.at: list[datetime] = []
        self.clock: Clock | None = None
        self.ticks = 0

    def serves(self, tenant: str) -> bool:
        return tenant == TENANT

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}"

    async def deliver(self, parcel: Parcel) -> str:
        self.ticks += 1
        self.parcels.append(parcel)
        if self.clock is not None:
            self.at.append(self.clock.now())
        if parcel.kind == "update":
            message = self.messages[parcel.target]
            message.card = parcel.card
        else:
            place = f"private:{parcel.person}" if parcel.person else f"channel:{parcel.channel}"
            thread = parcel.target if parcel.kind == "thread" else ""
            message = self.messages.setdefault(
                parcel.id, Message(parcel.id, place, parcel.card, thread)
            )
        message.changed = self.ticks
        return message.id


_TEXTS: dict[int, tuple[c.FinishedCard, str]] = {}


def text_of(card: c.FinishedCard) -> str:
    """Return the text of a card, one part per line, with buttons as [words]. Tests look at a card
    again and again, so its text is kept."""
    known = _TEXTS.get(id(card))
    if known is None or known[0] is not card:
        if len(_TEXTS) > 2000:
            _TEXTS.clear()
        known = _TEXTS[id(card)] = (card, _text_of(card))
    return known[1]


def _text_of(card: c.FinishedCard) -> str:
    lines = []
    for part in card.parts:
        match part:
            case c.Heading(text=t) | c.Paragraph(text=t) | c.Small(text=t):
                lines.append(c.plain(t))
            case c.FactRows(rows=rows):
                lines.extend(f"{c.plain(a)} {c.plain(b)}" for a, b in rows)
            case c.Quote(words=words, by=by):
                lines.append(c.plain(words) + (f" ({c.plain(by)})" if by else ""))
            case c.Bullets(items=items):
                lines.extend(c.plain(i) for i in items)
            case c.Progress(label=label):
                lines.append(c.plain(label))
            case pictures.Steps(sentence=sentence) | pictures.Chart(sentence=sentence):
                lines.append(c.plain(sentence or ()))
            case c.Buttons(buttons=buttons):
                lines.append(" ".join(f"[{c.plain(b.label)}]" for b in buttons))
            case c.Matters() | c.Board() | c.Grid():
                lines.append(text_of(c.Card(spelled_out(part))))
    return "\n".join(lines)


def text_of_form(form: c.FinishedForm) -> str:
    lines = [c.plain(form.title)]
    for field in form.fields:
        if isinstance(field, c.Note):
            lines.append(c.plain(field.text))
            continue
        lines.append(c.plain(field.label))
        if field.hint is not None:
            lines.append(c.plain(field.hint))
        if isinstance(field, c.TextField) and field.value is not None:
            lines.append(c.plain(field.value))
        if isinstance(field, c.Choice | c.Choices):
            for o in field.options:
                lines.append(c.plain(o.label) + (f" {c.plain(o.hint)}" if o.hint else ""))
    lines.append(f"[{c.plain(form.submit)}]")
    return "\n".join(lines)


class Stage(Play):
    def __init__(
        self,
        house: House,
        edge: PaperEdge,
        locale: Literal["da", "en"] = "da",
        begin: Callable[[], Awaitable[House]] | None = None,
        people: Mapping[str, str] = PEOPLE,
    ) -> None:
        super().__init__(house, TENANT)
        self._begin = begin
        self.people = people
        self.locale = locale
        self.edge = edge
        self.shown: dict[str, list[c.FinishedCard]] = {p: [] for p in people}
        self.form: dict[str, c.FinishedForm | None] = dict.fromkeys(people)
        self.faults: dict[str, str] = dict.fromkeys(people, "")
        self.seen: dict[str, list[str]] = {p: [] for p in people}
        self.place = CHANNEL
        self.gone: set[str] = set()
        self.last = ""
        self.mark = 0
        self.acts = 0

    # --- acts -----------------------------------------------------------------------------

    async def type(self, person: str, words: str, *, private: bool = False) -> Answer:
        words = words.removeprefix("/digi").strip()
        return await self._act(person, TypedText(words), private=private)

    async def press(self, person: str, label: str, near: str = "") -> Answer:
        token = self._button(person, label, near)
        return await self._act(person, Pressed(token))

    async def fill(self, person: str, values: dict[str, str], *, again: bool = False) -> Answer:
        form = self.form[person]
        assert form is not None, f"{person} has no form open"
        return await self._act(person, Submitted(form.token, self._values(form, values)))

    async def _act(
        self, person: str, what: TypedText | Pressed | Submitted, *, private: bool = False
    ) -> Answer:
        self.acts += 1
        self.mark = self.edge.ticks
        self.shown[person] = []
        self.faults[person] = ""
        answer = await self.send(person, what, private=private)
        if isinstance(what, Submitted) and not answer.faults:
            self.form[person] = None
        if answer.form is not None:
            self.form[person] = answer.form
            self.seen[person].append(text_of_form(answer.form))
        self.shown[person] = list(answer.cards)
        self.faults[person] = "\n".join(c.plain(f.text) for f in answer.faults)
        self.seen[person] += [text_of(card) for card in answer.cards]
        for card in answer.cards:
            if found := CODE.search(text_of(card)):
                self.code = found[0]
        await self.house.courier.settle()
        return answer

    async def send(
        self, person: str, what: TypedText | Pressed | Submitted, *, private: bool
    ) -> Answer:
        sender = Sender(person, self.people[person], self.locale)
        place = "" if private else self.place
        return await self.house.engine.receive(
            Delivery(TENANT, sender, f"act:{self.acts}", what, place)
        )

    async def restart(self) -> None:
        assert self._begin is not None
        await self.house.courier.leases.leave()
        await self.house.close()
        self.house = await self._begin()

    async def go(self, *, new: bool) -> None:
        self.place = NEW_CHANNEL if new else CHANNEL
        await self.gather(self.place, self.people)

    async def leave(self, person: str) -> None:
        self.gone.add(person)
        await self.gather(self.place, [one for one in self.people if one not in self.gone])

    async def gather(self, channel: str, people: Iterable[str]) -> None:
        """Report that these people are in a channel, and nobody else."""
        self.acts += 1
        there = tuple(Sender(one, self.people[one], self.locale) for one in people)
        await self.house.engine.receive(
            Delivery(self.tenant, Sender(""), f"there:{self.acts}", Members(there), channel)
        )

    async def move(self, to: datetime) -> None:
        self.mark = self.edge.ticks
        await self.house.courier.move_to(to)

    # --- looking --------------------------------------------------------------------------

    def visible(self, person: str) -> list[Message]:
        """Return the visible cards, newest change first: the private chat, then the channel."""
        mine = [m for m in self.edge.messages.values() if m.place == f"private:{person}"]
        ours = [m for m in self.edge.messages.values() if m.place == f"channel:{self.place}"]
        return [
            *sorted(mine, key=lambda m: -m.changed),
            *sorted(ours, key=lambda m: -m.changed),
        ]

    def channel(self, *, since_last_act: bool = False) -> str:
        return "\n\n".join(
            text_of(m.card)
            for m in self.edge.messages.values()
            if m.place == f"channel:{self.place}" and (not since_last_act or m.changed > self.mark)
        )

    def private(self, person: str, *, since_last_act: bool = False) -> str:
        return "\n\n".join(
            text_of(m.card)
            for m in self.edge.messages.values()
            if m.place == f"private:{person}" and (not since_last_act or m.changed > self.mark)
        )

    def just(self, person: str) -> str:
        """Return what this person saw after the last act."""
        form = self.form[person]
        return "\n".join(
            [
                *(text_of(card) for card in self.shown[person]),
                text_of_form(form) if form else "",
                self.faults[person],
                self.private(person, since_last_act=True),
            ]
        )

    def ever(self, person: str) -> str:
        return "\n".join([*self.seen[person], self.private(person), self.channel()])

    # --- finding --------------------------------------------------------------------------

    def _button(self, person: str, label: str, near: str) -> str:
        cards = [*self.shown[person], *(m.card for m in self.visible(person))]
        for card in cards:
            if near and near not in text_of(card):
                continue
            for button in c.every_button(card):
                if c.plain(button.label) == label:
                    return button.token
        raise no_button(person, label, near, map(text_of, cards))

    def _values(
        self, form: c.FinishedForm, given: dict[str, str]
    ) -> dict[str, str | list[str] | None]:
        values: dict[str, str | list[str] | None] = {}
        left = dict(given)
        for field in form.fields:
            if isinstance(field, c.Note):
                continue
            label = c.plain(field.label)
            key = next((k for k in left if label.casefold().startswith(k.casefold())), None)
            said = left.pop(key) if key is not None else None
            match field:
                case c.TextField(value=value):
                    values[field.id] = said if said is not None else c.plain(value or ())
                case c.Choice(value=value, options=options):
                    values[field.id] = _option(options, said) if said is not None else value
                case c.Choices(values=chosen, options=options):
                    values[field.id] = (
                        [_option(options, one) for one in several(said)]
                        if said is not None
                        else list(chosen)
                    )
                case c.People(values=chosen, many=many):
                    people = (
                        [self._person(one) for one in several(said)]
                        if said is not None
                        else [*chosen]
                    )
                    values[field.id] = people if many else (people[0] if people else "")
                case c.DateField(value=day):
                    values[field.id] = (
                        said if said is not None else (day.isoformat() if day else "")
                    )
                case c.TimeField(value=minutes):
                    values[field.id] = (
                        said if said is not None else (str(minutes) if minutes is not None else "")
                    )
        assert not left, f"the form has no field {sorted(left)}:\n{text_of_form(form)}"
        return values

    def _person(self, said: str) -> str:
        for id, name in self.people.items():
            if said.casefold() in (id, name.casefold()):
                return id
        raise AssertionError(f"nobody is called {said}")


def _option(options: tuple[c.Option[c.Spans], ...], said: str) -> str:
    for option in options:
        if c.plain(option.label).casefold().startswith(said.casefold()):
            return option.value
    if said == "":
        return ""
    raise AssertionError(f"no option {said!r} among {[c.plain(o.label) for o in options]}")


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    team: tuple[str, ...] | None = None,
    people: Mapping[str, str] = PEOPLE,
    packs: tuple[Path, ...] = (),
    locale: Literal["da", "en"] = "da",
    clock: Clock | None = None,
    either: str = "",
) -> AsyncIterator[Stage]:
    """Build Digi on SQLite in this folder, or on the PostgreSQL database named by `either`. The
    clock stands at the beginning, and these people are in the channel, or those whom `team`
    names."""
    edge = PaperEdge()
    key_file = folder / "key" / "digi.key"
    if either:
        await with_key(either, key_file)
    ticking = clock or slow_clock()

    async def begin() -> House:
        house = await build(
            folder,
            edges=lambda *_: (edge,),
            clock=ticking,
            key_file=key_file,
            packs=packs,
            postgres=either or None,
            public_url=PUBLIC_URL,
        )
        edge.clock = house.clock
        return house

    found = Stage(await begin(), edge, locale, begin, people)
    try:
        there = tuple(
            Sender(person, people[person], locale) for person in (people if team is None else team)
        )
        await found.house.engine.receive(
            Delivery(TENANT, Sender(""), f"members:{len(there)}", Members(there), CHANNEL)
        )
        yield found
    finally:
        await found.house.close()


def slow_clock() -> Clock:
    """A clock that advances by a millisecond each time it is read."""
    at = itertools.count(round(BEGINNING.timestamp() * 1_000_000), 1000)
    return Clock(real_us=lambda: next(at))
