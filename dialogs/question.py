"""One question: asked, answered, closed, summed up, and what was arrived at."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Union

from msgspec import Struct


class Words(Struct, frozen=True):
    """The question as it was asked: it stores its own words, whatever the catalogue says later."""

    id: str
    da: str
    en: str
    why_da: str = ""
    why_en: str = ""
    theme: str = ""
    phase: int = 0
    source_da: str = ""
    source_en: str = ""
    number: int = 0  # its place among a theme's five, where the theme was posted in one go
    theme_post: str = ""  # the theme whose one post shows it; empty where it has a post of its own
    trio: bool = False  # asked of leader, TR and AMR first


class Asked(Struct, frozen=True, kw_only=True, tag="asked"):
    words: Words
    asked_at: datetime
    with_trio: bool = False  # still only with the trio
    proposal: str = ""  # record id of the trio's proposal, shown to the team
    closed: bool = False
    elimination: bool = False  # closed with unnamed answers that wait for the end of the phase
    unnamed: int = 0  # published with the closing


class Discussed(Asked, frozen=True, kw_only=True, tag="discussed"):
    """Somebody has answered, or it was talked about."""


class Proposed(Struct, frozen=True, kw_only=True, tag="proposed"):
    words: Words
    asked_at: datetime
    by: str
    conclusion: str  # record id, kind "conclusion"
    outcome: Literal["concluded", "aside", "med"]
    until: datetime
    proposed_at: datetime
    objections: int = 0


class Concluded(Struct, frozen=True, kw_only=True, tag="concluded"):
    words: Words
    asked_at: datetime
    by: str
    conclusion: str
    concluded_at: datetime
    objections: int = 0


class SetAside(Struct, frozen=True, kw_only=True, tag="set_aside"):
    words: Words
    asked_at: datetime
    set_aside_at: datetime
    by: str = ""
    conclusion: str = ""
    elsewhere: bool = False


class ToMed(Struct, frozen=True, kw_only=True, tag="to_med"):
    words: Words
    asked_at: datetime
    by: str
    conclusion: str
    proposed_at: datetime
    objections: int = 0


State = Union[Asked, Discussed, Proposed, Concluded, SetAside, ToMed]
