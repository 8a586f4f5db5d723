"""Base class of the simulated users of Slack and Teams."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from bot.server.build import House
from tests.worlds.play import Play


class Changing(Protocol):
    changed: int


M = TypeVar("M", bound=Changing)


class ChatHands(Play, Generic[M]):
    def __init__(self, house: House, tenant: str) -> None:
        super().__init__(house, tenant)
        self.faults: dict[str, str] = {}
        self.seen: dict[str, list[str]] = {}
        self.mark = 0
        """The world's tick before the last act of anybody."""
        self._marks: dict[str, int] = {}

    def _begins(self, person: str) -> None:
        self.faults[person] = ""
        self.seen[person] = []
        self._marks[person] = 0

    @abstractmethod
    def _shown(self, person: str) -> str:
        """Return what only this person sees at the moment."""

    @abstractmethod
    def _text(self, message: M) -> str: ...

    def _remember(self) -> None:
        """Remember what a person sees, so that `ever` finds it after it has disappeared."""
        for person, seen in self.seen.items():
            shown = self._shown(person)
            if shown and shown not in seen:
                seen.append(shown)

    def _told(self, messages: Iterable[M], *, since_last_act: bool) -> str:
        return "\n\n".join(
            self._text(m) for m in messages if not since_last_act or m.changed > self.mark
        )


def newest(messages: Iterable[M]) -> list[M]:
    return sorted(messages, key=lambda message: -message.changed)


def hour_of(said: str) -> str:
    """Parse a time of day: `kl. 9.30`, `9:30`, `9`, or minutes after midnight."""
    if said.isdigit() and int(said) > 24:
        return f"{int(said) // 60:02}:{int(said) % 60:02}"
    found = re.fullmatch(r"(?:kl\.? ?)?(\d\d?)(?:[.:](\d\d))?", said.strip())
    assert found, f"{said!r} is no hour"
    return f"{int(found[1]):02}:{int(found[2] or 0):02}"
