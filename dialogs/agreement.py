"""An agreement: offered, taken by its owner, reminded once, and done or not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct


class Agreement(Struct, frozen=True, kw_only=True, tag="agreement"):
    """It holds when its owner has taken it. `what` is a record of kind "agreement"."""

    id: str
    owner: str  # empty: nobody yet, anybody may take it
    due: date | None
    status: Literal["offered", "taken", "done", "not_done", "declined"]
    offered_at: datetime
    changed_at: datetime
    question: str = ""
    moved: int = 0  # how often it got a new date


State = Agreement
