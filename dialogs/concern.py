"""What was said, once it has been released: its ledger, from the reader to the answer."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct


class Answer(Struct, frozen=True):
    """`text` is the id of a record of kind "concern_answer"."""

    kind: Literal["do", "no", "others", "later"]
    text: str
    by: str
    who: str = ""
    until: date | None = None
    on: date | None = None


class Concern(Struct, frozen=True, kw_only=True, tag="concern"):
    """One thing said, with or without a name. Its words lie in `published` (without a name; same
    id) or in a record of kind "said" (with a name; same id). It carries no time of its own: only
    the number of the release, and the days of what readers did."""

    id: str
    kind: Literal["question", "idea", "concern"]
    readers: tuple[str, ...]
    everyone: bool
    release: int = 0
    author: str = ""  # only where it was said by name
    status: Literal["sent", "seen", "answered", "forwarded", "closed", "withdrawn"] = "sent"
    promised: date | None = None
    promised_by: str = ""
    answers: tuple[Answer, ...] = ()
    objected: bool = False  # the author has used the one objection to a closing
    in_trio: bool = False
    more: int = 0  # how many times the author has written again


State = Concern
