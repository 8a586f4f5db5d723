"""How a transcript is played, whatever the stage: on paper, in Slack, in the browser.

tests/worlds/stage.py tells what the lines mean.
"""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.server.build import House
from dialogs.model.calendar import Calendar, is_working_day

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){4}[0-9A-Z]\b")
_AHEAD = re.compile(r"\{\+(\d+)\}")
_WEEKDAY = re.compile(r"til (\w+) (\d\d?):(\d\d)")
_WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_LANDMARKS = {
    "til spørgsmål": "question", "til overblik": "overview", "til udsendelse": "release",
}  # fmt: skip


class Play(ABC):
    """Hands and eyes for everybody, and the reading of transcripts. A stage says how they work."""

    def __init__(self, house: House, tenant: str) -> None:
        self.house = house
        self.tenant = tenant
        self.code = ""

    # --- what a stage does ----------------------------------------------------------------

    @abstractmethod
    async def type(self, person: str, words: str, *, private: bool = False) -> object: ...

    @abstractmethod
    async def press(self, person: str, label: str, near: str = "") -> object: ...

    @abstractmethod
    async def fill(self, person: str, values: dict[str, str]) -> object: ...

    @abstractmethod
    async def move(self, to: datetime) -> None: ...

    @abstractmethod
    def channel(self, *, since_last_act: bool = False) -> str: ...

    @abstractmethod
    def just(self, person: str) -> str:
        """What this person has before their eyes after the last act."""

    @abstractmethod
    def ever(self, person: str) -> str:
        """All that this person has seen so far."""

    # --- transcripts ----------------------------------------------------------------------

    async def play(self, script: str) -> None:
        for number, raw in enumerate(script.splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            try:
                await self._line(line)
            except AssertionError as wrong:
                raise AssertionError(f"line {number}: {line}\n{wrong}") from wrong

    async def _line(self, line: str) -> None:
        if line.startswith("ur > "):
            await self.move(await self._moment(line[5:].strip()))
            return
        if found := re.fullmatch(r"(\w+) (<!?) (.+)", line):
            self._expects(*found.groups())
            return
        found = re.fullmatch(r"(\w+)( privat)? > (.+)", line)
        assert found, "what does this line mean?"
        person, private, act = found[1], bool(found[2]), found[3].replace("{kode}", self.code)
        if pressed := re.fullmatch(r'tryk "(.+?)"(?: på "(.+)")?', act):
            await self.press(person, pressed[1], pressed[2] or "")
        elif act == "send":
            await self.fill(person, {})
        elif act.startswith("udfyld "):
            pairs = shlex.split(self._ahead(act.removeprefix("udfyld ")))
            await self.fill(person, dict(p.split("=", 1) for p in _glued(pairs)))
        else:
            await self.type(person, act, private=private)

    def _expects(self, who: str, sign: str, what: str) -> None:
        wanted = what.strip().strip('"').replace("{kode}", self.code)
        if who == "kanal":
            text = self.channel(since_last_act=sign == "<")
        elif what == "kode":
            assert self.code
            assert self.code in self.just(who)
            return
        else:
            text = self.just(who) if sign == "<" else self.ever(who)
        if sign == "<":
            assert wanted in text, f"--- not in ---\n{text}"
        else:
            assert wanted not in text, f"--- but it is in ---\n{text}"

    # --- days and hours -------------------------------------------------------------------

    async def _moment(self, act: str) -> datetime:
        now = self.house.clock.now()
        if act == "en dag":
            return now + timedelta(days=1)
        if act == "en uge":
            return now + timedelta(days=7)
        if act in _LANDMARKS:
            return (await self.house.landmarks(self.tenant))[_LANDMARKS[act]]
        if act == "til tre hele uger":
            return self._three_whole_weeks()
        if (named := _WEEKDAY.fullmatch(act)) and named[1] in _WEEKDAYS:
            ahead = (_WEEKDAYS.index(named[1]) - self._today().weekday() - 1) % 7 + 1
            at = time(int(named[2]), int(named[3]), tzinfo=COPENHAGEN)
            return datetime.combine(self._today() + timedelta(days=ahead), at)
        when = datetime.fromisoformat(act.removeprefix("til "))
        return when.replace(tzinfo=COPENHAGEN)

    def _three_whole_weeks(self) -> datetime:
        """The next Monday morning with three weeks ahead in which no day is off."""
        calendar = Calendar()
        monday = self._today()
        monday += timedelta(days=(-monday.weekday() - 1) % 7 + 1)
        workdays = [timedelta(days=n) for n in range(21) if n % 7 < 5]
        while not all(is_working_day(calendar, monday + day) for day in workdays):
            monday += timedelta(days=7)
        return datetime.combine(monday, time(8, tzinfo=COPENHAGEN))

    def _ahead(self, text: str) -> str:
        """`{+9}` is the day nine days from now."""
        return _AHEAD.sub(lambda days: str(self._today() + timedelta(days=int(days[1]))), text)

    def _today(self) -> date:
        return self.house.clock.now().astimezone(COPENHAGEN).date()


def _glued(pairs: list[str]) -> list[str]:
    """`Dato for svar=2026-01-01` may have blanks in its label."""
    found: list[str] = []
    rest = ""
    for piece in pairs:
        rest = f"{rest} {piece}".strip()
        if "=" in piece:
            found.append(rest)
            rest = ""
    assert not rest, f"no value for {rest}"
    return found
