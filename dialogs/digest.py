"""The weekly overview to the project's channel."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Digest(Struct, frozen=True, kw_only=True, tag="digest"):
    last: datetime | None = None  # when the last overview was decided, posted or not
    posted: int = 0
    quiet: int = 0  # weeks in a row with nothing to tell
    news: str = ""  # record id, kind "news", not yet told
    advised: tuple[str, ...] = ()  # set/item that the overview has used


State = Digest
