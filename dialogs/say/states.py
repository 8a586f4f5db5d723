"""When unsigned texts are released, and whether texts are accepted now."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model import facts as f
from dialogs.model.cards import Line, text
from dialogs.model.facts import Known

FEW = 5  # with fewer writers authors are easily guessed, and confirm that they know
WEEKLY = "release"
SENT_AT = 14  # the hour at which texts with *næste arbejdsdag* are released


class SayState(Struct, frozen=True, kw_only=True, tag="say"):
    """The release schedule. Authors were told `next_release`, so it is not moved by any other
    change."""

    next_release: datetime
    next_day: datetime
    every_weeks: int = 1
    number: int = 0  # of the last release
    ended: bool = False  # no new texts are accepted; one release is still due
    over: bool = False


HERE = f.StateOf("say", "say")


def why_closed(state: SayState | None, known: Known) -> Line | None:
    """Return why no texts are accepted now; None if they are."""
    if not known.project.open:
        return text("say.ended")
    return text("say.not_started") if state is None else None
