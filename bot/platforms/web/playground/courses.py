"""The prepared courses: which there are, and playing one while the browser windows look on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from msgspec import Struct

from bot.platforms.common.ports import Clockwork, Receive, RoomMessage, WebRoom
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import CHANNELS, PEOPLE
from bot.platforms.web.playground.player import Player
from bot.platforms.web.playground.wire import CourseName, CourseNews

log = logging.getLogger("digi.web")

_HERE = Path(__file__).parent


class PreparedCourse(Struct, frozen=True):
    file: Path
    pace: float
    """Seconds to wait before each step, so that somebody who looks on can follow."""


COURSES: Mapping[CourseName, PreparedCourse] = {
    "weeks": PreparedCourse(_HERE / "course_da.txt", 0.15),
    "meeting": PreparedCourse(_HERE / "meeting_da.txt", 1.4),
}


class CoursePlayer:
    """Plays one course at a time. Holds `moving` meanwhile, so that nobody moves the clock."""

    def __init__(
        self,
        receive: Receive,
        room: WebRoom,
        edge: WebEdge,
        clock: Clockwork,
        courses: Mapping[CourseName, PreparedCourse],
        moving: asyncio.Lock,
        empty: Callable[[], Awaitable[None]],
    ) -> None:
        self._receive = receive
        self._room = room
        self._edge = edge
        self._clock = clock
        self._courses = courses
        self._moving = moving
        self._empty = empty
        self._playing: asyncio.Task[None] | None = None
        self.news = CourseNews(running=False)

    def busy(self) -> str:
        """Return the key of the sentence that says what the clock is in use for; "" if nothing."""
        if self.news.running:
            return f"playing_{self.news.course}"
        return "busy" if self._moving.locked() else ""

    async def begin(self, name: CourseName) -> str:
        """Begin to play. Returns "", or the key of the sentence that says why not."""
        course = self._courses[name]
        try:
            scenario = await asyncio.to_thread(course.file.read_text, "utf-8")
        except FileNotFoundError:
            return "no_course"
        if busy := self.busy():
            return busy
        await self._moving.acquire()  # at once, because nobody holds it
        self._tell(CourseNews(running=True, course=name))
        self._playing = asyncio.create_task(self._play(name, scenario, course.pace))
        return ""

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    async def _play(self, name: CourseName, scenario: str, pace: float) -> None:
        """Clear the workplace and play the scenario."""
        stuck = True

        async def on_step(step: int, of: int, line: str) -> None:
            self._tell(CourseNews(running=True, course=name, step=step, of=of, line=line))
            self._edge.tell("clock", None)
            await asyncio.sleep(pace)

        try:
            await self._empty()
            heard = _Heard(self._room, self._edge)
            player = Player(self._receive, heard, self._clock, PEOPLE, CHANNELS[0].id)
            problems = await player.play(scenario, on_step)
            for problem in problems:
                log.error(
                    "the prepared course did not go as written: %s", problem.partition(":")[0]
                )
            stuck = bool(problems)
        except Exception as error:
            log.error("the prepared course was aborted: %s", type(error).__name__)
        finally:
            self._moving.release()
            self._tell(CourseNews(running=False, course=name, stuck=stuck))
            self._edge.tell("clock", None)

    def _tell(self, news: CourseNews) -> None:
        self.news = news
        self._edge.tell("course", news)


class _Heard:
    """The room as the player uses it: storing a message also notifies the windows."""

    def __init__(self, room: WebRoom, edge: WebEdge) -> None:
        self._room = room
        self._edge = edge
        self.read = room.read
        self.one = room.one

    async def put(self, message: RoomMessage) -> int:
        seq = await self._room.put(message)
        self._edge.tell("room", None)
        return seq
