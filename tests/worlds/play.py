"""Plays transcripts on any stage: paper edge, Slack, Teams, browser.

tests/worlds/stage.py documents the syntax.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

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
    read_scenario,
)
from bot.server.build import House

CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){4}[0-9A-Z]\b")
PUBLIC_URL = "https://digi.example"


class Play(ABC):
    """Base class of the stages. It reads transcripts; a subclass acts and looks for all people."""

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

    async def restart(self) -> None:  # noqa: B027
        """Stop Digi and start it anew. Only paper can; elsewhere the course goes on."""

    async def go(self, *, new: bool) -> None:
        """Let everybody act and look in another channel, in which all of them are too, or back in
        the first one."""
        raise NotImplementedError

    async def leave(self, person: str) -> None:
        """Let somebody leave the channel."""
        raise NotImplementedError

    @abstractmethod
    def channel(self, *, since_last_act: bool = False) -> str: ...

    @abstractmethod
    def just(self, person: str) -> str:
        """Return what this person saw after the last act."""

    @abstractmethod
    def ever(self, person: str) -> str:
        """Return all that this person has seen so far."""

    # --- transcripts ----------------------------------------------------------------------

    async def play(self, script: str) -> None:
        for line in read_scenario(script):
            try:
                await self._line(line)
            except (AssertionError, ScenarioError) as wrong:
                raise AssertionError(f"line {line.number}: {line.text}\n{wrong}") from wrong

    async def _line(self, line: ScenarioLine) -> None:
        match line.act:
            case MoveClock("genstart"):
                await self.restart()
            case MoveClock(to) if to.startswith("uden "):
                await self.leave(to.removeprefix("uden "))
            case MoveClock("i den nye kanal" | "i den gamle kanal" as where):
                await self.go(new=where == "i den nye kanal")
            case MoveClock(to):
                now = self._now()
                await self.move(await moment(to, now, lambda: self.house.landmarks(self.tenant)))
            case PressButton(label, near):
                await self.press(line.who, self._meant(label), self._meant(near))
            case FillForm(values):
                await self.fill(line.who, {k: self._meant(v) for k, v in values.items()})
            case TypeWords(words, private):
                await self.type(line.who, self._meant(words), private=private)
            case Expect() as expected:
                self._expects(line.who, self._meant(expected.text), absent=expected.absent)

    def _expects(self, who: str, wanted: str, *, absent: bool) -> None:
        if who == CHANNEL:
            text = self.channel(since_last_act=not absent)
        elif not wanted:
            assert self.code
            assert self.code in self.just(who)
            return
        else:
            text = self.ever(who) if absent else self.just(who)
        if absent:
            assert wanted not in text, f"--- but it is in ---\n{text}"
        else:
            assert wanted in text, f"--- not in ---\n{text}"

    def _meant(self, text: str) -> str:
        return days_ahead(text.replace("{kode}", self.code), self._now)

    def _now(self) -> datetime:
        return self.house.clock.now()


def no_button(person: str, label: str, near: str, shown: Iterable[str]) -> AssertionError:
    """Fail with a list of the buttons that exist, newest first."""
    return AssertionError(
        f'{person} sees no button "{label}"'
        + (f' near "{near}"' if near else "")
        + "\n--- shown ---\n"
        + "\n".join(islice(shown, 6))
    )
