"""Fakes for the playground: a room in memory, a clock that only the test moves, and a small
Digi."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from aiohttp import web

from bot.documents.pictures import picture_svg
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    Fault,
    Parcel,
    Pressed,
    RoomMessage,
    Submitted,
    TypedText,
)
from bot.platforms.web.playground.courses import PreparedCourse
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import TENANT, Colleague
from bot.platforms.web.playground.server import add_routes
from bot.server import http_server as server
from bot.server.http_server import Hosts
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps

BEGINNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHANNEL = "ny-teknologi-hjemmeplejen"
PAGE_TOKEN = "a token of this run"
CODE = "7KQ2-M4XD-9HTB-W3CE-Y"
COMMANDS = {
    "da": (
        ("hjælp", "Hvad kan jeg gøre nu?"),
        ("start", "Begynd et forløb om en ny teknologi"),
        ("status", "Hvor er vi nu?"),
        ("sig", "Et spørgsmål, en idé eller en bekymring"),
        ("spørgsmål", "De spørgsmål, der er stillet"),
    ),
    "en": (("help", "What can I do now?"), ("status", "Where are we now?")),
}


def words(text: str) -> c.Spans:
    return (c.Plain(text),)


class MemoryRoom:
    """A WebRoom in memory."""

    def __init__(self) -> None:
        self.messages: dict[str, RoomMessage] = {}
        self._seq = 0

    async def put(self, message: RoomMessage) -> int:
        self._seq += 1
        self.messages[message.id] = msgspec.structs.replace(message, seq=self._seq)
        return self._seq

    async def read(self, place: str, after: int = 0) -> list[RoomMessage]:
        found = [m for m in self.messages.values() if m.place == place and m.seq > after]
        return sorted(found, key=lambda message: message.seq)

    async def one(self, id: str) -> RoomMessage | None:
        return self.messages.get(id)


class StillClock:
    """A Clockwork that moves only when told, and calls `passed` for each whole day on the way."""

    def __init__(self, room: MemoryRoom) -> None:
        self._now = BEGINNING
        self._room = room
        self.passed: Callable[[datetime], Awaitable[None]] | None = None

    def now(self) -> datetime:
        return self._now

    async def move_to(self, target: datetime) -> None:
        while self._now + timedelta(days=1) <= target:
            self._now += timedelta(days=1)
            if self.passed:
                await self.passed(self._now)
        self._now = max(self._now, target)

    async def settle(self) -> None:
        pass

    async def landmarks(self) -> dict[str, datetime]:
        return {"question": self._now.replace(hour=9, minute=0) + timedelta(days=1)}

    async def start_over(self) -> None:
        self._now = BEGINNING
        self._room.messages.clear()


STEPS = Steps(
    words("Hvor er vi nu?"),
    (
        NamedStep(words("Idéudvikling"), "done", words("til 12. november")),
        NamedStep(words("Konsekvensvurdering"), "now", words("siden 12. november")),
        NamedStep(words("Udvikling og anskaffelse"), "later", words("beslutning 4. februar")),
        NamedStep(words("Implementering og drift"), "later"),
    ),
    words("Her er vi nu: Konsekvensvurdering (siden 12. november)."),
    words("nu"),
)
CHART = Chart(
    words("Det, I ser forskelligt på"),
    (Bar(words("Vores egen dag"), (10, 5, 10)), Bar(words("Det, vi skal nå"), (5, 5, 15))),
    (
        Group(words("bedre"), "better"),
        Group(words("som før"), "neutral"),
        Group(words("værre"), "worse"),
    ),
    words("svar"),
    words("Det, I ser forskelligt på. Vores egen dag: bedre 10 svar, som før 5 og værre 10."),
)

BOARD: c.Board[c.Spans] = c.Board(
    (
        c.BoardColumn(
            words("Realistisk"),
            (
                c.BoardNote(words("Færre ture til kontoret"), "better", words("Bedre")),
                c.BoardNote(words("Tiden er talt på forhånd"), "worse", words("Værre")),
            ),
            4,
            words("og 4 sedler til"),
        ),
        c.BoardColumn(
            words("Udviklende"),
            (
                c.BoardNote(words("Vi lærer det af hinanden"), "today", words("I dag")),
                c.BoardNote(words("Planen er klar"), "plain", None, words("lederens")),
            ),
        ),
        c.BoardColumn(words("Sundt og sikkert"), (), 0, words("Ingen sedler")),
    )
)
GRID: c.Grid[c.Spans] = c.Grid(
    (words("Rolle"), words("Hvad gør den i dag?"), words("Hvem tager det næste?")),
    ((words("Oversætter"), words("Står klar i de første uger"), ()),),
)

EVERY_PART: c.FinishedCard = c.Card(
    (
        c.Heading((c.Plain("Velkommen til forløbet om "), c.Quoted("Ny omsorgsplatform"))),
        c.Paragraph(
            (
                c.Plain("Jeg hedder Digi, og jeg er et program. "),
                c.Strong("Hver tirsdag"),
                c.Plain(" stiller jeg et spørgsmål her. "),
                c.Emph("Svar, når det passer dig."),
                c.Plain(" Spørg "),
                c.Mention("anne", "Anne Holm"),
                c.Plain(", eller læs "),
                c.Link("mere her", "http://127.0.0.1/mere"),
                c.Plain("."),
            )
        ),
        c.FactRows(
            (
                (words("Det ligger fast"), words("Platformen er købt og kommer i februar.")),
                (words("Det kan I forme"), words("Ruterne, vagtplanen og oplæringen.")),
                (words("Tovholder"), (c.Mention("ali", "Ali Yılmaz"),)),
            )
        ),
        c.Quote(words("Vi får mere tid hos borgeren, hvis ruterne passer."), words("Bodil Krogh")),
        c.Quote(words("Jeg er bange for, at vi ikke længere ser hinanden om morgenen.")),
        c.Bullets((words("To minutter alene"), words("Fem minutter i par")), numbered=True),
        c.Bullets((words("Det passer"), words("Der mangler noget"))),
        c.Progress(1, 4, words("Fase 1 af 4: Idéudvikling")),
        STEPS,
        CHART,
        BOARD,
        GRID,
        c.Buttons(
            (
                c.Button(words("Svar"), style="main", token="answer"),
                c.Button(words("Se svar"), token="see"),
                c.Button(words("Min kode"), style="quiet", token="code"),
                c.Button(
                    words("Slet forløbet"),
                    style="danger",
                    confirm=words("Vil du slette forløbet? Det kan ikke fortrydes."),
                    token="delete",
                ),
            )
        ),
        c.Small(words("Kilde: Teknologi i arbejdet. Skrevet af Digi.")),
    )
)

READERS = (
    c.Option("anne", words("Anne Holm (leder)")),
    c.Option("mette", words("Mette Dahl (TR, FOA)"), words("Hun læser det ord for ord")),
    c.Option("all", words("Alle, i ugens overblik")),
)

EVERY_FIELD: c.FinishedForm = c.Form(
    title=words("Svar på ugens spørgsmål"),
    fields=(
        c.Note((c.Plain("Jeg gemmer dit svar "), c.Strong("med dit navn"), c.Plain("."))),
        c.TextField("text", words("Svar"), words("Et par linjer er nok"), long=True, limit=60),
        c.TextField("short", words("Overskrift"), required=False, limit=40),
        c.Choice("kind", words("Hvad er det?"), READERS[:2], value="anne"),
        c.Choices("readers", words("Hvem må læse det?"), READERS),
        c.People("who", words("Hvem gør det?")),
        c.People("more", words("Hvem er med?"), many=True),
        c.DateField("when", words("Dato"), value=date(2026, 12, 4)),
        c.TimeField("hour", words("Klokken"), 600, words("Inden for arbejdstid")),
    ),
    submit=words("Send"),
    into="answered",
    token="form-1",
)


def shown(*lines: str) -> c.FinishedCard:
    return c.Card(tuple(c.Paragraph(words(line)) for line in lines))


class SmallDigi:
    """A fake `receive` that knows five commands, one question and one form, and handles no key
    twice."""

    def __init__(self, edge: WebEdge) -> None:
        self._edge = edge
        self._answers: dict[str, Answer] = {}
        self.deliveries: list[Delivery] = []
        self.given: list[Submitted] = []
        self.card = EVERY_PART
        self.form = EVERY_FIELD
        self.broken = False
        self.languages: dict[str, Language] = {}
        """What people have chosen for themselves."""

    async def language(self, person: Colleague) -> Language:
        return self.languages.get(person.id, person.locale)

    async def receive(self, delivery: Delivery) -> Answer:
        if self.broken:
            raise RuntimeError("the database is away, and this text must reach nobody")
        if delivery.key in self._answers:
            return self._answers[delivery.key]
        self.deliveries.append(delivery)
        answer = await self._answer(delivery)
        if not answer.faults:
            self._answers[delivery.key] = answer
        return answer

    async def _answer(self, delivery: Delivery) -> Answer:
        match delivery.what:
            case TypedText(text) if text.startswith("start"):
                await self.deliver("q1", "post", self.card, channel=delivery.channel)
                note = shown("Du er leder i det her forløb.")
                await self.deliver("p1", "private", note, person=delivery.sender.person)
            case TypedText("engelsk" | "dansk" as chosen):
                self.languages[delivery.sender.person] = "en" if chosen == "engelsk" else "da"
                return Answer(cards=(shown("OK"),))
            case TypedText(text) if text == "sig":
                return Answer(form=self.form)
            case TypedText(text):
                return Answer(cards=(shown(f"Jeg kender ikke {text}.", "Skriv /digi hjælp."),))
            case Pressed("answer"):
                return Answer(form=self.form)
            case Pressed("code"):
                code = (c.Plain("Din kode er "), c.Quoted(CODE), c.Plain("."))
                received = c.Paragraph(words("Din tekst er modtaget."))
                return Answer(cards=(c.Card((received, c.Paragraph(code))),))
            case Pressed("see"):
                return Answer(cards=(self.card,))
            case Pressed("delete"):
                await self.deliver("q1-x", "update", shown("Forløbet er slettet."), target="q1")
            case Submitted(values=values) as given:
                if "fejl" in str(values.get("text")):
                    fault = Fault("text", words("Der står fejl i teksten. Ret det, og send igen."))
                    return Answer(faults=(fault,))
                self.given.append(given)
                reply = shown(f"{delivery.sender.name} har svaret.")
                await self.deliver("t1", "thread", reply, channel=CHANNEL, target="q1")
                return Answer(cards=(shown("Tak. Dit svar er gemt."),))
        return Answer()

    async def deliver(
        self,
        id: str,
        kind: str,
        card: c.FinishedCard,
        *,
        channel: str = "",
        person: str = "",
        target: str = "",
    ) -> str:
        parcel = msgspec.convert(
            {"id": id, "tenant": TENANT, "kind": kind, "card": card, "language": "da"}, Parcel
        )
        return await self._edge.deliver(
            msgspec.structs.replace(parcel, channel=channel, person=person, target=target)
        )


class World(msgspec.Struct):
    url: str
    port: int
    room: MemoryRoom
    clock: StillClock
    edge: WebEdge
    digi: SmallDigi


@asynccontextmanager
async def playground(
    port: int,
    course: Path | None = None,
    meeting: Path | None = None,
    token: str = PAGE_TOKEN,
) -> AsyncIterator[World]:
    """Serve the playground at a port of this machine."""
    room = MemoryRoom()
    clock = StillClock(room)
    edge = WebEdge(room, clock.now)
    digi = SmallDigi(edge)
    app = server.application(Hosts.this_machine(port))
    add_routes(
        app,
        digi.receive,
        room,
        edge,
        clock,
        port=port,
        token=token,
        commands=lambda language: COMMANDS[language],
        draw=picture_svg,
        language=digi.language,
        courses={
            "weeks": PreparedCourse(course or Path("no such course"), 0.01),
            "meeting": PreparedCourse(meeting or Path("no such meeting"), 0.01),
        },
    )
    runner = server.runner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield World(f"http://127.0.0.1:{port}", port, room, clock, edge, digi)
    finally:
        await runner.cleanup()
