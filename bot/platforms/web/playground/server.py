"""The real bot in a pretended workplace, for a browser on this machine and nobody else.

The page is three static files that ask for JSON. What people do comes in as POSTs and goes to
`receive` like everything from a chat platform; what Digi says comes out over server-sent events.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from aiohttp import web
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
    What,
)
from bot.platforms.web.playground.edge import MessageBody, WebEdge, read_body
from bot.platforms.web.playground.people import (
    CHANNELS,
    PEOPLE,
    TENANT,
    Channel,
    Colleague,
    channel_of,
    channel_place,
    person_of,
    private_place,
)
from bot.platforms.web.playground.player import Player
from dialogs.model.cards import Buttons, FinishedCard, FinishedForm
from dialogs.model.commands import Language

log = logging.getLogger("digi.web")

Commands = Callable[[Language], Sequence[tuple[str, str]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = Path(__file__).parent / "static"
COURSE = Path(__file__).parent / "course_da.txt"
HEARTBEAT = 15.0
TOKEN = "X-Digi-Token"

KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

SENTENCES: dict[str, dict[Language, str]] = {
    "unsure": {
        "da": "Jeg ved ikke, om det lykkedes. Din tekst står her endnu. Se efter om et øjeblik, og "
        "prøv igen, hvis der ikke er sket noget.",
        "en": "I do not know whether that worked. Your text is still here. Look again in a moment, "
        "and try again if nothing has happened.",
    },
    "unreadable": {
        "da": "Det kunne jeg ikke læse. Der er ikke ændret noget. Genindlæs siden, og prøv igen.",
        "en": "I could not read that, and nothing has changed. Reload the page and try again.",
    },
    "nobody": {
        "da": "Den person findes ikke på arbejdspladsen. Vælg en fra listen.",
        "en": "There is no such person in the workplace. Choose one from the list.",
    },
    "elsewhere": {
        "da": "Den samtale er ikke din. Vælg en kanal eller din egen samtale med Digi.",
        "en": "That conversation is not yours. Choose a channel or your own chat with Digi.",
    },
    "outside": {
        "da": "Legepladsen svarer kun en browser på denne maskine, på sin egen adresse.",
        "en": "The playground answers only a browser on this machine, at its own address.",
    },
    "token": {
        "da": "Siden er for gammel. Genindlæs den, og prøv igen.",
        "en": "The page is too old. Reload it and try again.",
    },
    "busy": {
        "da": "Uret er ved at blive flyttet. Vent, til det er færdigt.",
        "en": "The clock is being moved. Wait until that is done.",
    },
    "no_question": {
        "da": "Der er ikke planlagt et spørgsmål endnu. Begynd med /digi start i kanalen.",
        "en": "No question is planned yet. Begin with /digi start in the channel.",
    },
    "no_overview": {
        "da": "Der er ikke planlagt et overblik endnu. Begynd med /digi start i kanalen.",
        "en": "No overview is planned yet. Begin with /digi start in the channel.",
    },
    "not_moved": {
        "da": "Uret kunne ikke flyttes hele vejen. Det, der er sket, er gemt. Prøv igen.",
        "en": "The clock could not be moved all the way. What has happened is saved. Try again.",
    },
    "no_course": {
        "da": "Der er intet forløb at spille her.",
        "en": "There is no course to play here.",
    },
}


class RequestRefused(Exception):
    """A request that is not answered, and the sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class TypeAct(Struct, frozen=True, rename={"person": "as"}):
    person: str
    place: str
    text: str
    key: str


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


class PlainAct(Struct, frozen=True, rename={"person": "as"}):
    person: str


class Shown(Struct, frozen=True):
    """A message as the page gets it."""

    id: str
    place: str
    by: str
    at: str
    thread: str
    seq: int
    text: str
    card: FinishedCard | None
    language: Language


class WorldTime(Struct, frozen=True):
    now: datetime
    landmarks: dict[str, datetime]


class CourseNews(Struct, frozen=True):
    running: bool
    step: int = 0
    of: int = 0
    line: str = ""
    stuck: bool = False


class PageState(Struct, frozen=True):
    token: str
    epoch: str
    me: Colleague
    people: tuple[Colleague, ...]
    channels: tuple[Channel, ...]
    messages: list[Shown]
    after: int
    letters: dict[str, list[int]]
    time: WorldTime
    commands: Sequence[tuple[str, str]]
    course: CourseNews


A = TypeVar("A", TypeAct, PressAct, SubmitAct, ClockAct, PlainAct)

_KEY = re.compile(r"web:[0-9a-f-]{36}")
_COMMAND = re.compile(r"/digi(?:\s+(.*)|)", re.IGNORECASE | re.DOTALL)


def add_routes(
    app: web.Application,
    receive: Receive,
    room: WebRoom,
    edge: WebEdge,
    clock: Clockwork,
    *,
    port: int,
    token: str,
    commands: Commands,
    course: Path = COURSE,
    pace: float = 0.15,
) -> None:
    """Serve the playground from `app`, which answers this machine's own names at `port` only
    (`bot.server.http_server.Hosts`). `token` is what the page must show with every POST."""
    playground = Playground(receive, room, edge, clock, token, commands, course, pace)
    allowed = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def get(path: str, handler: Handler) -> None:
        app.router.add_get(path, _guarded(handler, allowed, None))

    def post(path: str, handler: Handler) -> None:
        app.router.add_post(path, _guarded(handler, allowed, token))

    get("/", _page("index.html"))
    for file in sorted(STATIC.iterdir()):
        if file.suffix in KINDS and file.name != "index.html":
            get(f"/static/{file.name}", _page(file.name))
    get("/play/state", playground.state)
    get("/play/live", playground.live)
    post("/play/type", playground.type)
    post("/play/press", playground.press)
    post("/play/submit", playground.submit)
    post("/play/clock", playground.move_clock)
    post("/play/course", playground.play_course)
    post("/play/start-over", playground.start_over)
    app.on_shutdown.append(playground.close)


class Playground:
    def __init__(
        self,
        receive: Receive,
        room: WebRoom,
        edge: WebEdge,
        clock: Clockwork,
        token: str,
        commands: Commands,
        course: Path,
        pace: float,
    ) -> None:
        self._receive = receive
        self._room = room
        self._edge = edge
        self._clock = clock
        self._token = token
        self._commands = commands
        self._course = course
        self._pace = pace
        self._moving = asyncio.Lock()
        self._letters: dict[str, dict[str, int]] = {}
        self._playing: asyncio.Task[None] | None = None
        self._news = CourseNews(running=False)
        self._closing = False

    async def close(self, app: web.Application) -> None:
        self._closing = True
        self._edge.tell("close", None)
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    # --- looking on -----------------------------------------------------------------------

    async def state(self, request: web.Request) -> web.Response:
        me = _person(request.query.get("as", ""))
        messages = await self._messages(me)
        return _json(
            PageState(
                token=self._token,
                epoch=self._edge.epoch,
                me=me,
                people=PEOPLE,
                channels=CHANNELS,
                messages=[_shown(message) for message in messages],
                after=max((message.seq for message in messages), default=0),
                letters=await self._letters_of_all(),
                time=await self._time(),
                commands=self._commands(me.locale),
                course=self._news,
            )
        )

    async def live(self, request: web.Request) -> web.StreamResponse:
        me = _person(request.query.get("as", ""))
        after = _number(request.headers.get("Last-Event-ID") or request.query.get("after", "0"))
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            with self._edge.listening() as listener:
                await response.write(b"retry: 1000\n\n")
                await _tell(response, "hello", self._edge.epoch)
                for kind in ("room", "clock"):
                    listener.tell(kind, None)
                listener.tell("course", self._news)
                while not self._closing:
                    news = await listener.news(HEARTBEAT)
                    if not news:
                        await response.write(b": still here\n\n")
                    if "close" in news:
                        break
                    if "reset" in news:
                        after = 0
                        await _tell(response, "hello", self._edge.epoch)
                    if "room" in news:
                        fresh = await self._messages(me, after)
                        after = max([after, *(message.seq for message in fresh)])
                        if fresh:
                            shown = [_shown(message) for message in fresh]
                            await _tell(response, "messages", shown, str(after))
                        await _tell(response, "letters", await self._letters_of_all())
                    if "clock" in news or "room" in news:
                        await _tell(response, "time", await self._time())
                    if "course" in news:
                        await _tell(response, "course", news["course"])
        except ConnectionError:
            pass  # the window was closed
        return response

    # --- acts -----------------------------------------------------------------------------

    async def type(self, request: web.Request) -> web.Response:
        act = await _read(request, TypeAct)
        me, key = _person(act.person), _act_key(act.key)
        channel = _channel_in(act.place, me)
        text = act.text.strip()
        command = _COMMAND.fullmatch(text)
        if command is None and channel:
            if text:
                await self._edge.say(key, act.place, me.id, text)
            return _json(Answer(language=me.locale))
        words = (command.group(1) or "").strip() if command else text
        return await self._act(me, key, TypedText(words), channel)

    async def press(self, request: web.Request) -> web.Response:
        act = await _read(request, PressAct)
        me = _person(act.person)
        return await self._act(me, _act_key(act.key), Pressed(act.token), _channel(act.channel))

    async def submit(self, request: web.Request) -> web.Response:
        act = await _read(request, SubmitAct)
        what = Submitted(act.token, act.values)
        return await self._act(
            _person(act.person), f"form:{act.token}", what, _channel(act.channel)
        )

    async def _act(self, me: Colleague, key: str, what: What, channel: str) -> web.Response:
        sender = Sender(me.id, me.name, me.locale)
        try:
            answer = await self._receive(Delivery(TENANT, sender, key, what, channel))
        except Exception as error:
            log.error("an act in the playground failed: %s", type(error).__name__)
            return _json({"failed": SENTENCES["unsure"][me.locale]})
        self._edge.tell("clock", None)
        form = None if answer.form is None else bare_form(answer.form)
        cards = tuple(bare(card) for card in answer.cards)
        return _json(msgspec.structs.replace(answer, cards=cards, form=form))

    # --- the world ------------------------------------------------------------------------

    async def move_clock(self, request: web.Request) -> web.Response:
        act = await _read(request, ClockAct)
        me = _person(act.person)
        if self._moving.locked():
            return _json({"failed": SENTENCES["busy"][me.locale]})
        async with self._moving:
            try:
                if act.to in ("question", "overview"):
                    target = (await self._clock.landmarks()).get(act.to)
                    if target is None:
                        return _json({"failed": SENTENCES[f"no_{act.to}"][me.locale]})
                else:
                    target = self._clock.now() + timedelta(days=7 if act.to == "week" else 1)
                await self._clock.move_to(max(target, self._clock.now()))
            except Exception as error:
                log.error("the playground's clock did not move: %s", type(error).__name__)
                return _json({"failed": SENTENCES["not_moved"][me.locale]})
            finally:
                self._edge.tell("clock", None)
        return _json({"time": await self._time()})

    async def start_over(self, request: web.Request) -> web.Response:
        me = _person((await _read(request, PlainAct)).person)
        if self._moving.locked():
            return _json({"failed": SENTENCES["busy"][me.locale]})
        async with self._moving:
            await self._empty()
        return _json({})

    async def play_course(self, request: web.Request) -> web.Response:
        me = _person((await _read(request, PlainAct)).person)
        if self._moving.locked():
            return _json({"failed": SENTENCES["busy"][me.locale]})
        try:
            scenario = await asyncio.to_thread(self._course.read_text, "utf-8")
        except FileNotFoundError:
            return _json({"failed": SENTENCES["no_course"][me.locale]})
        await self._moving.acquire()
        self._playing = asyncio.create_task(self._play(scenario))
        return _json({})

    async def _play(self, scenario: str) -> None:
        """Begin anew, and play; the lock is held until the end, so that nobody moves the clock."""
        stuck = True
        try:
            self._tell_course(CourseNews(running=True))
            await self._empty()
            channel = CHANNELS[0].id
            player = Player(
                self._receive, _Heard(self._room, self._edge), self._clock, PEOPLE, channel
            )
            problems = await player.play(scenario, self._on_step)
            for problem in problems:
                log.error("the prepared course: %s", problem.partition(":")[0])
            stuck = bool(problems)
        except Exception as error:
            log.error("the prepared course broke off: %s", type(error).__name__)
        finally:
            self._moving.release()
            self._tell_course(CourseNews(running=False, stuck=stuck))
            self._edge.tell("clock", None)

    async def _on_step(self, step: int, of: int, line: str) -> None:
        self._tell_course(CourseNews(running=True, step=step, of=of, line=line))
        self._edge.tell("clock", None)
        await asyncio.sleep(self._pace)

    def _tell_course(self, news: CourseNews) -> None:
        self._news = news
        self._edge.tell("course", news)

    async def _empty(self) -> None:
        await self._clock.start_over()
        self._letters.clear()
        self._edge.emptied()
        self._edge.tell("clock", None)

    async def _messages(self, me: Colleague, after: int = 0) -> list[RoomMessage]:
        places = [channel_place(channel.id) for channel in CHANNELS] + [private_place(me.id)]
        found = [message for place in places for message in await self._room.read(place, after)]
        return sorted(found, key=lambda message: message.seq)

    async def _letters_of_all(self) -> dict[str, list[int]]:
        """Where in the order of change each person's private messages stand, to count the new."""
        for person in PEOPLE:
            known = self._letters.setdefault(person.id, {})
            newer = await self._room.read(private_place(person.id), max(known.values(), default=0))
            known.update((message.id, message.seq) for message in newer)
        return {person: list(known.values()) for person, known in self._letters.items()}

    async def _time(self) -> WorldTime:
        return WorldTime(self._clock.now(), await self._clock.landmarks())


class _Heard:
    """The room as a player uses it: what is put there wakes the windows."""

    def __init__(self, room: WebRoom, edge: WebEdge) -> None:
        self._room = room
        self._edge = edge
        self.read = room.read
        self.one = room.one

    async def put(self, message: RoomMessage) -> int:
        seq = await self._room.put(message)
        self._edge.tell("room", None)
        return seq


# --- what goes to the page ----------------------------------------------------------------


def bare(card: FinishedCard) -> FinishedCard:
    """A card without what only Digi needs to know: the page hands back a token, nothing else."""
    return msgspec.structs.replace(
        card,
        parts=tuple(
            Buttons(tuple(msgspec.structs.replace(button, press=None) for button in part.buttons))
            if isinstance(part, Buttons)
            else part
            for part in card.parts
        ),
    )


def bare_form(form: FinishedForm) -> FinishedForm:
    return msgspec.structs.replace(form, into="", fixed={})


def _shown(message: RoomMessage) -> Shown:
    body: MessageBody = read_body(message)
    return Shown(
        id=message.id,
        place=message.place,
        by=message.by,
        # Of one length always, so that the page can put moments in order as they are.
        at=message.at.astimezone(UTC).isoformat(timespec="microseconds"),
        thread=message.thread,
        seq=message.seq,
        text=body.text,
        card=None if body.card is None else bare(body.card),
        language=body.language,
    )


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        headers=HEADERS,
        content_type="application/json",
    )


async def _tell(response: web.StreamResponse, kind: str, data: object, id: str = "") -> None:
    head = f"id: {id}\n" if id else ""
    await response.write(
        f"{head}event: {kind}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
    )


def _page(name: str) -> Handler:
    """A file of the page, read once: the page changes only with the program."""
    content = (STATIC / name).read_bytes()
    kind = KINDS[Path(name).suffix]

    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=HEADERS)

    return serve


# --- what comes from the page -------------------------------------------------------------


def _guarded(handler: Handler, allowed: set[str], token: str | None) -> Handler:
    """Answer only our own page on this machine, and every refusal in one sentence."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            if token is not None or request.path.startswith("/play/"):
                _same_page(request, allowed)
            if token is not None and not hmac.compare_digest(
                request.headers.get(TOKEN, "").encode("utf-8", "surrogateescape"), token.encode()
            ):
                raise RequestRefused(403, "token")
            return await handler(request)
        except RequestRefused as refused:
            return _json(
                {"failed": SENTENCES[refused.sentence][_language(request)]}, refused.status
            )
        except Exception as error:
            log.error("a request to the playground failed: %s", type(error).__name__)
            return _json({"failed": SENTENCES["unsure"][_language(request)]}, 503)

    return guarded


def _same_page(request: web.Request, allowed: set[str]) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in allowed}:
        raise RequestRefused(403, "outside")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise RequestRefused(403, "outside")


async def _read(request: web.Request, kind: type[A]) -> A:
    if request.content_type != "application/json":
        raise RequestRefused(400, "unreadable")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestRefused(400, "unreadable") from None


def _person(id: str) -> Colleague:
    found = person_of(id)
    if found is None:
        raise RequestRefused(400, "nobody")
    return found


def _act_key(key: str) -> str:
    """The page draws one for each act, so that sending it twice is still one act."""
    if not _KEY.fullmatch(key):
        raise RequestRefused(400, "unreadable")
    return key


def _channel(id: str) -> str:
    if id and channel_of(id) is None:
        raise RequestRefused(400, "elsewhere")
    return id


def _channel_in(place: str, me: Colleague) -> str:
    """The channel of a place; empty for one's own private chat."""
    if place == private_place(me.id):
        return ""
    kind, _, id = place.partition(":")
    if kind != "channel" or channel_of(id) is None:
        raise RequestRefused(400, "elsewhere")
    return id


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def _language(request: web.Request) -> Language:
    return "en" if request.headers.get("Accept-Language", "da").startswith("en") else "da"
