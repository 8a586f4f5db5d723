"""The walk: the plan of questions, the rhythm in which they are asked, and the four phases."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Planned(Struct, frozen=True):
    """A question that will be asked. One of the team's own brings its words."""

    id: str
    phase: int
    trio: bool = False
    text: str = ""


class Walk(Struct, frozen=True, kw_only=True, tag="walk"):
    """`plan` is what is still to be asked, in order; `rest` lies under *Flere spørgsmål*."""

    plan: tuple[Planned, ...]
    rest: tuple[Planned, ...] = ()
    asked: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()  # posted in one go
    last_asked: datetime | None = None
    phases: tuple[tuple[int, datetime], ...] = ()  # which phase was entered when
    stands: tuple[tuple[str, str], ...] = ()  # question, how many asked again at which phase


State = Walk
