"""What can go wrong with a call, and what Slack remembers of those that were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.worlds.slack.state import Dict, Message

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS, RESPONSE_TIMES = 1800.0, 5
DEEP = 3


@dataclass(frozen=True)
class Limited:
    """429, with the seconds to wait."""

    after: int = 1


@dataclass(frozen=True)
class Broken:
    """Slack itself is in trouble."""

    status: int = 503


@dataclass(frozen=True)
class Lost:
    """The work is done, and the answer never arrives."""


@dataclass(frozen=True)
class Slow:
    """The answer comes when the world's clock has gone on by so much."""

    seconds: float = 10.0


@dataclass(frozen=True)
class Says:
    """An error of Slack's own choosing."""

    error: str
    more: Mapping[str, Any] = field(default_factory=dict)


Trouble = Limited | Broken | Lost | Slow | Says


@dataclass(frozen=True)
class Call:
    """One call of the Web API, as it was made and answered."""

    method: str
    args: Dict
    team: str
    at: float
    answer: Dict
    status: int = 200
    trouble: Trouble | None = None

    @property
    def ok(self) -> bool:
        return bool(self.answer.get("ok"))


@dataclass
class Trigger:
    user: str
    team: str
    at: float
    channel: str = ""
    view: str = ""
    """The modal that was open when the button was pressed, for views.push."""
    used: bool = False


@dataclass
class ResponseUrl:
    team: str
    channel: str
    user: str
    at: float
    message: Message | None = None
    used: int = 0
