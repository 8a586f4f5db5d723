"""Serves the playground: the real bot in a simulated workplace, for browsers on this machine only.

The page is a few static files that call a JSON API. Acts of people arrive as POST requests and are
passed to `receive`, as from any chat platform. Messages from Digi are pushed as server-sent events.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from aiohttp import web

from bot.platforms.common.ports import (
    Answer,
    Clockwork,
    Delivery,
    DrawPicture,
    Pressed,
    Receive,
    RoomMessage,
    Sender,
    Submitted,
    TypedText,
    WebRoom,
    What,
)
from bot.platforms.web.playground.courses import COURSES, CoursePlayer, PreparedCourse
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import (
    CHANNELS,
    PEOPLE,
    TENANT,
    VISITORS,
    Colleague,
    channel_place,
    private_place,
)
from bot.platforms.web.playground.phone import (
    PagePath,
    let_the_phone_show_it,
    no_page,
    phone_handler,
)
from bot.platforms.web.playground.sentences import SENTENCES
from bot.platforms.web.playground.wire import (
    HEADERS,
    ClockAct,
    CourseAct,
    CourseName,
    PageState,
    PlainAct,
    PressAct,
    RequestRefused,
    SpokenLanguage,
    SubmitAct,
    TypeAct,
    WallPaths,
    WorldTime,
    act_key,
    as_shown,
    bare,
    bare_form,
    channel_in,
    failure,
    json_answer,
    known_channel,
    known_person,
    language_of,
    number_in,
    read_act,
    send_event,
)
from content.language import Language

log = logging.getLogger("digi.web")

Commands = Callable[[Language], Sequence[tuple[str, str]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FindWall = Callable[[], Awaitable[WallPaths]]
LanguageWith = Callable[[Colleague], Awaitable[Language]]
"""Returns the language that Digi speaks with somebody."""

STATIC = Path(__file__).parent / "static"
HEARTBEAT = 15.0
TOKEN = "X-Digi-Token"

KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}

_COMMAND = re.compile(r"/digi(?:\s+(.*)|)", re.IGNORECASE | re.DOTALL)


async def no_wall() -> WallPaths:
    return WallPaths()


async def as_on_platform(person: Colleague) -> Language:
    return person.locale


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
    draw: DrawPicture,
    courses: Mapping[CourseName, PreparedCourse] = COURSES,
    phone: PagePath = no_page,
    wall: FindWall = no_wall,
    language: LanguageWith = as_on_platform,
) -> None:
    """Add the playground's routes to `app`, which must accept only this machine's names at
    `port` (`bot.server.http_server.Hosts`). `token` is the CSRF token that the page sends with
    each POST."""
    playground = Playground(
        receive, room, edge, clock, token, commands, draw, courses, wall, language
    )
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
    get("/play/phone", phone_handler(phone))
    app.on_response_prepare.append(let_the_phone_show_it)
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
        draw: DrawPicture,
        courses: Mapping[CourseName, PreparedCourse],
        wall: FindWall,
        language: LanguageWith,
    ) -> None:
        self._receive = receive
        self._room = room
        self._edge = edge
        self._clock = clock
        self._token = token
        self._commands = commands
        self._draw = draw
        self._wall = wall
        self._language = language
        self._moving = asyncio.Lock()
        self._courses = CoursePlayer(receive, room, edge, clock, courses, self._moving, self._empty)
        self._letters: dict[str, dict[str, int]] = {}
        self._closing = False

    async def close(self, app: web.Application) -> None:
        self._closing = True
        self._edge.tell("close", None)
        await self._courses.close()

    # --- looking on -----------------------------------------------------------------------

    async def state(self, request: web.Request) -> web.Response:
        me = known_person(request.query.get("as", ""))
        messages = await self._messages(me)
        return json_answer(
            PageState(
                token=self._token,
                epoch=self._edge.epoch,
                me=me,
                spoken=await self._spoken(me),
                people=PEOPLE,
                visitors=VISITORS,
                channels=CHANNELS,
                messages=[as_shown(message, self._draw) for message in messages],
                after=max((message.seq for message in messages), default=0),
                letters=await self._letters_of_all(),
                time=await self._time(),
                course=self._courses.news,
            )
        )

    async def live(self, request: web.Request) -> web.StreamResponse:
        me = known_person(request.query.get("as", ""))
        after = number_in(request.headers.get("Last-Event-ID") or request.query.get("after", "0"))
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            with self._edge.listening() as listener:
                await response.write(b"retry: 1000\n\n")
                await send_event(response, "hello", self._edge.epoch)
                for kind in ("room", "clock"):
                    listener.tell(kind, None)
                listener.tell("course", self._courses.news)
                spoken = None
                while not self._closing:
                    news = await listener.news(HEARTBEAT)
                    if not news:
                        await response.write(b": still here\n\n")
                    if "close" in news:
                        break
                    if "reset" in news:
                        after = 0
                        await send_event(response, "hello", self._edge.epoch)
                    if "room" in news:
                        fresh = await self._messages(me, after)
                        after = max([after, *(message.seq for message in fresh)])
                        if fresh:
                            shown = [as_shown(message, self._draw) for message in fresh]
                            await send_event(response, "messages", shown, str(after))
                        await send_event(response, "letters", await self._letters_of_all())
                    if "clock" in news or "room" in news:
                        before, spoken = spoken, await self._spoken(me)
                        if spoken != before:
                            await send_event(response, "spoken", spoken)
                        await send_event(response, "time", await self._time())
                    if "course" in news:
                        await send_event(response, "course", news["course"])
        except ConnectionError:
            pass  # the window was closed
        return response

    # --- acts -----------------------------------------------------------------------------

    async def type(self, request: web.Request) -> web.Response:
        act = await read_act(request, TypeAct)
        me, key = known_person(act.person), act_key(act.key)
        channel = channel_in(act.place, me)
        text = act.text.strip()
        command = _COMMAND.fullmatch(text)
        if command is None and channel:
            thread = await self._thread(act.place, act.thread)
            language = language_of(request, me.locale)
            if text:
                await self._edge.say(key, act.place, me.id, text, thread, language=language)
            return json_answer(Answer(language=language))
        words = (command.group(1) or "").strip() if command else text
        return await self._act(request, me, key, TypedText(words), channel)

    async def _thread(self, place: str, id: str) -> str:
        """Return the id of the first message in the thread that is answered; "" outside a
        thread."""
        if not id:
            return ""
        answered = await self._room.one(id)
        if answered is None or answered.place != place:
            raise RequestRefused(400, "no_thread")
        return answered.thread or answered.id

    async def press(self, request: web.Request) -> web.Response:
        act = await read_act(request, PressAct)
        me = known_person(act.person)
        key, channel = act_key(act.key), known_channel(act.channel)
        return await self._act(request, me, key, Pressed(act.token), channel)

    async def submit(self, request: web.Request) -> web.Response:
        act = await read_act(request, SubmitAct)
        me, channel = known_person(act.person), known_channel(act.channel)
        what = Submitted(act.token, act.values)
        return await self._act(request, me, f"form:{act.token}", what, channel)

    async def _act(
        self, request: web.Request, me: Colleague, key: str, what: What, channel: str
    ) -> web.Response:
        sender = Sender(me.id, me.name, me.locale)
        try:
            answer = await self._receive(Delivery(TENANT, sender, key, what, channel))
        except Exception as error:
            log.error("an act in the playground failed: %s", type(error).__name__)
            return failure(request, me, "unsure")
        self._edge.tell("clock", None)
        form = None if answer.form is None else bare_form(answer.form)
        cards = tuple(bare(card, self._draw) for card in answer.cards)
        return json_answer(msgspec.structs.replace(answer, cards=cards, form=form))

    # --- the world ------------------------------------------------------------------------

    async def move_clock(self, request: web.Request) -> web.Response:
        act = await read_act(request, ClockAct)
        me = known_person(act.person)
        if busy := self._courses.busy():
            return failure(request, me, busy)
        async with self._moving:
            try:
                if act.to in ("question", "overview"):
                    target = (await self._clock.landmarks()).get(act.to)
                    if target is None:
                        return failure(request, me, f"no_{act.to}")
                else:
                    target = self._clock.now() + timedelta(days=7 if act.to == "week" else 1)
                await self._clock.move_to(max(target, self._clock.now()))
            except Exception as error:
                log.error("moving the playground's clock failed: %s", type(error).__name__)
                return failure(request, me, "not_moved")
            finally:
                self._edge.tell("clock", None)
        return json_answer({"time": await self._time()})

    async def start_over(self, request: web.Request) -> web.Response:
        me = known_person((await read_act(request, PlainAct)).person)
        if busy := self._courses.busy():
            return failure(request, me, busy)
        async with self._moving:
            await self._empty()
        return json_answer({})

    async def play_course(self, request: web.Request) -> web.Response:
        act = await read_act(request, CourseAct)
        me = known_person(act.person)
        refused = await self._courses.begin(act.course)
        return failure(request, me, refused) if refused else json_answer({})

    async def _empty(self) -> None:
        await self._clock.start_over()
        self._letters.clear()
        self._edge.emptied()
        self._edge.tell("clock", None)

    async def _spoken(self, me: Colleague) -> SpokenLanguage:
        language = await self._language(me)
        return SpokenLanguage(language, self._commands(language))

    async def _messages(self, me: Colleague, after: int = 0) -> list[RoomMessage]:
        places = [channel_place(channel.id) for channel in CHANNELS] + [private_place(me.id)]
        found = [message for place in places for message in await self._room.read(place, after)]
        return sorted(found, key=lambda message: message.seq)

    async def _letters_of_all(self) -> dict[str, list[int]]:
        """Return the sequence numbers of each person's private messages, so that the page can count
        new ones."""
        for person in PEOPLE:
            known = self._letters.setdefault(person.id, {})
            newer = await self._room.read(private_place(person.id), max(known.values(), default=0))
            known.update((message.id, message.seq) for message in newer)
        return {person: list(known.values()) for person, known in self._letters.items()}

    async def _time(self) -> WorldTime:
        return WorldTime(self._clock.now(), await self._clock.landmarks(), await self._wall())


def _page(name: str) -> Handler:
    """Return a handler for a static file, which is read once at startup."""
    content = (STATIC / name).read_bytes()
    kind = KINDS[Path(name).suffix]

    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=HEADERS)

    return serve


# --- what comes from the page -------------------------------------------------------------


def _guarded(handler: Handler, allowed: set[str], token: str | None) -> Handler:
    """Wrap a handler: accept requests only from our own page on this machine, and answer errors as
    JSON."""

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
            return json_answer(
                {"failed": SENTENCES[refused.sentence][language_of(request)]}, refused.status
            )
        except Exception as error:
            log.error("a request to the playground failed: %s", type(error).__name__)
            return json_answer({"failed": SENTENCES["unsure"][language_of(request)]}, 503)

    return guarded


def _same_page(request: web.Request, allowed: set[str]) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in allowed}:
        raise RequestRefused(403, "outside")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise RequestRefused(403, "outside")
