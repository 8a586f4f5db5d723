"""What hands have in common on the pretended chat platforms."""

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
        """Where the world's tick stood before the last act of anybody."""
        self._marks: dict[str, int] = {}

    def _begins(self, person: str) -> None:
        self.faults[person] = ""
        self.seen[person] = []
        self._marks[person] = 0

    @abstractmethod
    def _shown(self, person: str) -> str:
        """What this person alone has before their eyes."""

    @abstractmethod
    def _text(self, message: M) -> str: ...

    def _remember(self) -> None:
        """What somebody has before their eyes they have seen, though it be gone tomorrow."""
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
    """`kl. 9.30`, `9:30`, `9`, or minutes after midnight."""
    if said.isdigit() and int(said) > 24:
        return f"{int(said) // 60:02}:{int(said) % 60:02}"
    found = re.fullmatch(r"(?:kl\.? ?)?(\d\d?)(?:[.:](\d\d))?", said.strip())
    assert found, f"{said!r} is no hour"
    return f"{int(found[1]):02}:{int(found[2] or 0):02}"
