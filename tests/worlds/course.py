"""Plays the prepared course and the transcripts on the chat platforms."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest

from bot.clock import Clock
from bot.platforms.web.playground.courses import COURSES
from bot.platforms.web.playground.people import PEOPLE
from bot.platforms.web.playground.scenario import COPENHAGEN
from tests.worlds.play import Play

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))
ENGLISH = sorted((Path(__file__).parents[1] / "transcripts" / "english").glob("*.txt"))
AN_EVENING_IN_NOVEMBER = datetime(2026, 11, 20, 21, 0, tzinfo=COPENHAGEN)
EVERYTHING = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
anne > /digi næste
peter > tryk "Svar"
peter > udfyld "Dit svar"="Vi når det ikke"
sofie > tryk "Svar uden navn"
sofie > udfyld "Dit svar"="Vi når det heller ikke"
fatima > @Digi hjælp
"""
"""The acts that a chat platform sends, each in its most common form."""


class Beginning(TypedDict):
    people: dict[str, str]
    english: list[str]
    clock: Clock


def beginning(start: datetime = AN_EVENING_IN_NOVEMBER) -> Beginning:
    """Return the people of the prepared course, and a clock set to its beginning."""
    at = itertools.count(round(start.timestamp() * 1_000_000), 1000)
    return {
        "people": {person.id: person.name for person in PEOPLE},
        "english": [person.id for person in PEOPLE if person.locale == "en"],
        "clock": Clock(real_us=lambda: next(at)),
    }


async def plays_course(played: Play) -> None:
    """Play the whole course, and return what a person has read by then."""
    await played.play(COURSES["weeks"].file.read_text(encoding="utf-8"))
    seen = played.ever("bodil")
    assert "Ugens overblik" in seen
    assert "I nåede frem til:" in seen
    assert "Spurgt og svaret" in seen
    assert not played.house.log.failures


def each_transcript(
    ways: Sequence[str], soon: str, never: Collection[tuple[str, str]] = ()
) -> Iterator[Any]:
    """Parametrize a test by transcripts: one of each conversation in the usual way by default; all
    of them, in all ways, in the long run."""
    begun: set[str] = set()
    for path in TRANSCRIPTS:
        conversation = path.stem.partition("_")[0]
        for way in ways:
            if (path.stem, way) in never:
                continue
            at_once = way == soon and conversation not in begun
            marks = () if at_once else (pytest.mark.long,)
            yield pytest.param(path, way, marks=marks, id=f"{path.stem}: {way}")
        begun.add(conversation)
