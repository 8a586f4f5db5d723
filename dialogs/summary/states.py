"""The state of the weekly summaries: what each of those that were sent told of."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model.cards import NeutralCard
from dialogs.model.events import Person

LIVE = 5
"""How many weeks a summary that was sent goes on changing in place."""


class Issue(Struct, frozen=True, kw_only=True):
    """A week's summaries, so that each can be drawn again as of that moment.

    `since` is when answers are counted from, `new` the texts that were new, `named` for each person
    who got a summary what it named: texts that waited and agreements past their date. `advice` is
    the reading advice, which is given once.
    """

    at: datetime
    since: datetime
    new: tuple[str, ...] = ()
    named: dict[str, tuple[str, ...]] = {}
    advice: NeutralCard = NeutralCard(())

    def slot(self, person: Person) -> str:
        return f"{self.at:%Y-%m-%d}:{person}"


class Summary(Struct, frozen=True, kw_only=True, tag="summary"):
    """The state of the summaries. `known` are the concerns that existed at the last summary."""

    last: datetime | None = None
    known: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()  # newest first
