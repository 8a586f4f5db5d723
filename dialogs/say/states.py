"""When what is said without a name goes, and whether anything can be said now."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model import facts as f
from dialogs.model.cards import Line, text
from dialogs.model.facts import Known

FEW = 5  # so few that a text is easily guessed: the author confirms having read so
WEEKLY = "release"
SENT_AT = 14  # the hour at which *næste arbejdsdag* is released


class Say(Struct, frozen=True, kw_only=True, tag="say"):
    """When what was said without a name goes. `next_release` has been told to authors, so it
    stays where it is until it has come, whatever else is changed."""

    next_release: datetime
    next_day: datetime
    every_weeks: int = 1
    number: int = 0  # of the last release
    ended: bool = False  # nothing new is taken in; one release is still to come
    over: bool = False


HERE = f.State("say", "say")


def why_closed(state: Say | None, known: Known) -> Line | None:
    """None where something can be said now."""
    if not known.project.open:
        return text("say.ended")
    return text("say.not_started") if state is None else None
