"""The ways a call can fail, and the records that Slack keeps of calls."""

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
    """429 with a Retry-After."""

    after: int = 1


@dataclass(frozen=True)
class Broken:
    """A server error of Slack."""

    status: int = 503


@dataclass(frozen=True)
class Lost:
    """The call is executed, but its answer is lost."""


@dataclass(frozen=True)
class Slow:
    """The answer arrives after this many seconds of the simulated clock."""

    seconds: float = 10.0


@dataclass(frozen=True)
class Says:
    """An error code that the test chooses."""

    error: str
    more: Mapping[str, Any] = field(default_factory=dict)


Trouble = Limited | Broken | Lost | Slow | Says


@dataclass(frozen=True)
class Call:
    """A recorded call of the Web API with its answer."""

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
    """The modal in which the button was pressed, for views.push."""
    used: bool = False


@dataclass
class ResponseUrl:
    team: str
    channel: str
    user: str
    at: float
    message: Message | None = None
    used: int = 0
