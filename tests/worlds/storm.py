"""Many messages while a simulated platform rejects calls and loses answers."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any

from dialogs.model import events as e
from dialogs.model.effects import Effect, Post, Privately, Redraw, Say
from storage.transactions.turns import Turn
from tests.worlds.behind_door import PlatformPlace
from tests.worlds.house import Fake, found, note

CHANNELS = 12
ROUND = 5
"""Messages per channel and round."""


class Storm(ABC):
    """Twelve projects in twelve channels, with messages in channels and threads, a post that is
    updated, and private messages. A fifth of the calls is rejected for a while, and one in twenty
    is executed without an answer."""

    def __init__(self, place: PlatformPlace[Any, Any, Any], fake: Fake) -> None:
        self.place = place
        self.fake = fake
        self.calls = 0
        self.said: dict[str, list[str]] = {}
        """Texts in the order of the turns, by place."""
        self.boards: dict[str, str] = {}
        self.chance = random.Random(7)
        self._turns = 0
        fake.view = lambda state, slot: note(state.lines[-1])

    @abstractmethod
    def weather(self, *call: Any) -> Any:
        """Decide the outcome of a call, and count it."""

    @abstractmethod
    def channel(self, n: int) -> str: ...

    @abstractmethod
    async def join(self, n: int) -> None:
        """Add Digi to the channel with this number."""

    @abstractmethod
    def reader(self, n: int) -> tuple[str, str]:
        """Return a person, and where their private messages are found."""

    async def begin(self) -> None:
        for n in range(CHANNELS):
            await self.join(n)
            tenant = self.place.hands.tenant
            await found(self.place.house, f"p{n}", channel=self.channel(n), tenant=tenant)
            await self._turn(n, Post("board"), says=f"tavle {n}.0")
        await self.place.hands.move(self.place.house.clock.now() + timedelta(seconds=1))
        self.place.world.weather = self.weather

    async def round(self, number: int) -> None:
        for n in range(CHANNELS):
            effects: list[Effect] = []
            for k in range(ROUND):
                words = f"ord {n}.{number}.{k}"
                effects.append(Say(note(words), thread="board" if k % 2 else ""))
                self.said.setdefault(self.channel(n), []).append(words)
            self.boards[self.channel(n)] = f"tavle {n}.{number}"
            person, chat = self.reader(n)
            private = f"privat {n}.{number}"
            self.said.setdefault(chat, []).append(private)
            effects += [Redraw("board"), Privately(person, note(private), now=True)]
            await self._turn(n, *effects, says=f"tavle {n}.{number}")
        await self.place.hands.move(self.place.house.clock.now() + timedelta(minutes=1))

    async def _turn(self, n: int, *effects: Effect, says: str) -> None:
        self._turns += 1
        self.fake.does(*effects)
        at = self.place.house.clock.now()
        author, _ = self.reader(0)
        event = e.NewsGiven(project=f"p{n}", text=says, by=author, at=at, id=f"t{self._turns}")
        await self.place.house.engine.turn(
            Turn(self.place.hands.tenant, f"p{n}", f"turn:{self._turns}", event, at)
        )
