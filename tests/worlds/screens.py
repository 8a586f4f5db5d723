"""A wall at a meeting: a project whose run is written by a fake conversation, and its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.platforms.web.page.limits import RequestLimit
from bot.platforms.web.screen.by_digits import DigitsPage, WrongTries
from bot.platforms.web.screen.leading_server import LeadingPage
from bot.platforms.web.screen.server import ScreenPage
from bot.platforms.web.screen.watch import ScreenWatch
from bot.server.build import House
from bot.server.http_server import Hosts, application
from content.language import Language
from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Choices,
    DateField,
    Form,
    Heading,
    Line,
    Option,
    Paragraph,
    People,
    TextField,
    Words,
    buttons,
    card,
)
from dialogs.model.conversation import Facts, LookResults, Sight
from dialogs.model.effects import Display, FieldError, Grant, MakeCode, MakeLink, Open, Show
from dialogs.model.events import Look
from dialogs.model.facts import Known, StateOf, Viewer
from dialogs.model.screens import NeutralScreen, Screen, ScreenColumn, ScreenNote, Sign
from dialogs.registry import CONVERSATIONS, SIGHTS
from storage.transactions.links import digits_of, token_of
from storage.transactions.turns import Turn
from tests.worlds.house import (
    MONDAY,
    PROJECT,
    TENANT,
    Diary,
    Wall,
    a_house,
    carry_out,
    faked,
    found,
)

RUN = "digest"
DIALOG = "digest"
LANES = (
    ("realistic", "Realistisk"),
    ("recognised", "Anerkendt"),
    ("own", "Selvstændigt"),
    ("meaningful", "Meningsfyldt"),
    ("growing", "Udviklende"),
    ("safe", "Sundt og sikkert"),
)
KINDS: dict[str, tuple[Sign, str]] = {
    "t": ("today", "I dag"),
    "b": ("better", "Bedre"),
    "w": ("worse", "Værre"),
}
ENDS = MONDAY + timedelta(minutes=18, seconds=40)


def screen_of(lines: tuple[str, ...], ends_at: datetime | None = ENDS) -> NeutralScreen:
    """Return the screen of a compass. A line is a note: `safe w1 Telefonen siger til`, of kind
    worse and chosen first."""
    notes: dict[str, list[ScreenNote[Line]]] = {id: [] for id, _ in LANES}
    for n, line in enumerate(lines):
        lane, kind, words = line.split(" ", 2)
        sign, name = KINDS[kind[0]]
        note = ScreenNote[Line](f"n{n}", Words(words), sign, Words(name), rank=int(kind[1:] or "0"))
        notes[lane].append(note)
    return Screen(
        Words("Kompasset"),
        Words("trin 3 af 5 · Med den nye teknologi"),
        Words("Det arbejder I med først"),
        Words("Runden er lukket. Prikkerne gav 1, 2 og 3; resten står, som de stod."),
        tuple(ScreenColumn[Line](id, Words(name), tuple(notes[id])) for id, name in LANES),
        ends_at,
        Words("til: Hvad skal der til?"),
        waits=None if lines else Words("Skriv sedler i chatten eller med dit kort."),
        foot=(Words("Digi gemmer ikke, hvem der skrev hvad"),),
    )


def _needs(look: Look, viewer: Viewer) -> Facts:
    return (StateOf(DIALOG, look.ref),)


def _shows(look: Look, viewer: Viewer, known: Known) -> LookResults:
    diary = known.state(DIALOG, look.ref, Diary) or Diary()
    return (Display(screen_of(diary.lines)),)


def _leads(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """What whoever leads sees: the screen, three buttons, and a form over the notes."""
    [shown] = _shows(look, viewer, known)
    assert isinstance(shown, Display)
    writes = e.NewsGiven(project=PROJECT, text="own b Skrevet ved et tryk")
    ends = e.NewsGiven(project=PROJECT, text="own w Slut")
    frame = Look("frame", project=PROJECT, ref=RUN)
    ways = buttons(
        Button(Words("Næste trin"), writes, "main"),
        Button(Words("Slut øvelsen"), ends, "danger", confirm=Words("Er I færdige?")),
        Button(Words("Lav en aftale"), frame),
    )
    notes = tuple(
        Option(note.id, note.words) for lane in shown.screen.columns for note in lane.notes
    )
    grouping = Form[Line](
        Words("Saml sedler"),
        (Choices("notes", Words("Sedler"), notes), TextField("text", Words("Fælles"))),
        Words("Saml"),
        "news_given",
        {"project": PROJECT},
    )
    found = (Show(card(Heading(Words("Du leder")), ways)), shown)
    return (*found, Open(grouping)) if notes else found


def _asks(look: Look, viewer: Viewer, known: Known) -> LookResults:
    fields = (
        TextField[Line]("text", Words("Hvad")),
        People[Line]("who", Words("Hvem")),
        DateField[Line]("due", Words("Hvornår")),
    )
    form = Form[Line](
        Words("Lav en aftale"), fields, Words("Send"), "news_given", {"project": PROJECT}
    )
    return (Open(form),)


def fake_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace a conversation by one that keeps the notes of a run. Each timer of it adds one."""
    fake = faked(monkeypatch, DIALOG)

    def adds(
        state: Diary | None, event: object, known: Known
    ) -> tuple[Diary | None, tuple[Show | FieldError, ...]]:
        assert isinstance(event, e.Woke | e.NewsGiven)
        line = event.name if isinstance(event, e.Woke) else event.text
        if line.startswith("!"):
            return state, (FieldError("text", Words("Det går ikke")),)
        said = Show(card(Paragraph(Words("Sedlen hænger der"))))
        return Diary((*(state.lines if state else ()), line)), (said,)

    fake.acts = adds
    sights = {"overview": Sight(_needs, _shows), "news": Sight(_needs, _leads)}
    record = msgspec.structs.replace(CONVERSATIONS[DIALOG], sights=sights)
    monkeypatch.setitem(CONVERSATIONS, DIALOG, record)
    monkeypatch.setitem(SIGHTS, "news", sights["news"])
    monkeypatch.setitem(SIGHTS, "frame", Sight(_needs, _asks))


@dataclass
class Room:
    """The room of a meeting. `http` has no cookies."""

    house: House
    wall: Wall
    http: aiohttp.ClientSession
    url: str
    token: str
    watch: ScreenWatch
    failures: list[tuple[str, str]]
    written: int = field(default=0)

    async def write(self, *notes: str, run: str = RUN) -> None:
        """Change what the screen shows, each time by a signed event."""
        for note in notes:
            self.written += 1
            event = e.Woke(
                project=PROJECT, dialog=DIALOG, of=run, name=note, at=MONDAY, id=f"w{self.written}"
            )
            await self.house.engine.turn(
                Turn(TENANT, PROJECT, f"w{self.written}", event, self.house.clock.now())
            )

    async def get(self, path: str = "", **headers: str) -> aiohttp.ClientResponse:
        address = f"{self.url}/s/{path or self.token}"
        async with self.http.get(address, headers=headers) as got:
            await got.read()
            return got

    @asynccontextmanager
    async def events(self, token: str = "") -> AsyncIterator[aiohttp.StreamReader]:
        async with self.http.get(f"{self.url}/s/{token or self.token}/events") as got:
            assert got.status == 200, got.status
            assert got.headers["Content-Type"].startswith("text/event-stream")
            yield got.content


async def next_version(stream: aiohttp.StreamReader) -> int:
    """Return the next version that the server sends, past heartbeats."""
    while line := await stream.readline():
        if line.startswith(b"data: "):
            return int(line.removeprefix(b"data: "))
    raise EOFError


async def put_up(house: House, until: datetime | None = None, id: str = "l1") -> str:
    """Make the link of a screen, as *Vis på skærm* does; returns its token."""
    look = Look("overview", ref=RUN)
    await carry_out(house, MakeLink("screen", id, until=until, look=look))
    return token_of(house.vault, "screen", id)


async def put_digits(house: House, until: datetime, id: str = "l1") -> str:
    """Let six digits open the screen whose link has this id; returns them."""
    await carry_out(house, MakeCode(id, until))
    return digits_of(house.vault, id)


async def let_lead(house: House, person: str = "mette", id: str = "l1") -> str:
    """Give a person a link for leading the run; returns its token."""
    look = Look("news", ref=RUN)
    await carry_out(house, MakeLink("leading", id, person, MONDAY + timedelta(days=1), look))
    return token_of(house.vault, "leading", id)


@asynccontextmanager
async def serving_screens(
    house: House, failures: list[tuple[str, str]], heartbeat: float = 0.02, port: int = 0
) -> AsyncIterator[tuple[str, web.Application, ScreenWatch]]:
    phrases = house.catalogue.phrases

    def told(what: str, kind: str) -> None:
        failures.append((what, kind))

    def words(language: Language, key: str) -> str:
        return phrases[key].of(language)

    watch = ScreenWatch(house.screens, told, every=0.005, on_a_screen=3, in_all=4)
    page = ScreenPage(
        house.screens,
        words,
        told,
        watch=watch,
        limit=RequestLimit(),
        heartbeat=heartbeat,
    )
    leading = LeadingPage(
        house.leading,
        words,
        told,
        watch=ScreenWatch(house.leading, told, every=0.005),
    )
    app = application(Hosts.named(("127.0.0.1",)))
    page.add_to(app)
    leading.add_to(app)
    app.add_routes(DigitsPage(house.screens, words, WrongTries(most=3)).routes())
    async with TestServer(app, port=port or None) as server:
        yield f"http://127.0.0.1:{server.port}", app, watch


@asynccontextmanager
async def a_room(folder: Path, either: str = "") -> AsyncIterator[Room]:
    """A room with a screen, after `fake_run`."""
    wall = Wall()
    failures: list[tuple[str, str]] = []
    async with a_house(folder, wall=wall, either=either) as house:
        await found(house, roles=(Grant("mette", "leader", "confirmed"),), team=("mette", "ali"))
        token = await put_up(house)
        async with (
            serving_screens(house, failures) as (url, _, watch),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        ):
            yield Room(house, wall, http, url, token, watch, failures)
