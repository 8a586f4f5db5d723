"""The ways a call of the connector service can fail."""

from __future__ import annotations

from dataclasses import dataclass

from tests.worlds.teams.state import Dict


@dataclass(frozen=True)
class Says:
    """An error status: 429, 412, 413, 403, 502 and so on."""

    status: int
    code: str = ""
    after: int | None = None


@dataclass(frozen=True)
class Lost:
    """The call is executed, but its answer is lost."""


Trouble = Says | Lost


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: Dict
    at: float
    status: int
    trouble: Trouble | None = None
