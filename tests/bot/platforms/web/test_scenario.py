"""The lines of a scenario are parsed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.platforms.web.playground.scenario import (
    COPENHAGEN,
    Expect,
    FillForm,
    MoveClock,
    PressButton,
    ScenarioAct,
    ScenarioError,
    TypeWords,
    moment,
    read_scenario,
)

TRANSCRIPTS = sorted((Path(__file__).parents[3] / "transcripts").glob("*.txt"))


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("anne > /digi start x", TypeWords("/digi start x")),
        ("anne privat > status", TypeWords("status", private=True)),
        ('anne > tryk "Svar"', PressButton("Svar")),
        ('anne > tryk "Svar" på "Fase 2"', PressButton("Svar", "Fase 2")),
        ("anne > send", FillForm({})),
        ('anne > udfyld Svar="Ja, tak" Dato={+7}', FillForm({"Svar": "Ja, tak", "Dato": "{+7}"})),
        ('anne > udfyld "Dit svar"="Ja"', FillForm({"Dit svar": "Ja"})),
        ('anne > udfyld "Dit svar=Ja"', FillForm({"Dit svar": "Ja"})),
        ('anne > udfyld Dit svar="Ja" Hvem=', None),
        ('anne > udfyld Dit svar="Ja" A=b', FillForm({"Dit svar": "Ja", "A": "b"})),
        ('anne > udfyld "A"="1" "B=2=3"', FillForm({"A": "1", "B": "2=3"})),
        ("ur > en uge", MoveClock("en uge")),
        ("anne < kode", Expect("")),
        ('anne < "Aftalen "Hent tallene" er klaret."', Expect('Aftalen "Hent tallene" er klaret.')),
        ('kanal <! "Svar"', Expect("Svar", absent=True)),
        ("anne > tryk Svar", None),
    ],
)
def test_a_line_means_what_it_says(line: str, act: ScenarioAct | None) -> None:
    """Each line has its meaning, or an error that names the line and the mistake."""
    if act is None:
        with pytest.raises(ScenarioError, match="line 1: anne > "):
            read_scenario(line)
    else:
        assert [read.act for read in read_scenario(line)] == [act]


def test_every_transcript_can_be_read() -> None:
    for path in TRANSCRIPTS:
        assert read_scenario(path.read_text(encoding="utf-8")), path.name


async def no_landmarks() -> dict[str, datetime]:
    return {}


@pytest.mark.parametrize(
    ("words", "hour", "day"),
    [
        ("til onsdag 13:15", 13, 4),
        ("til onsdag 13:00", 13, 11),
        ("til onsdag 10:00", 13, 11),
        ("til torsdag 09:00", 13, 5),
        ("til tirsdag 09:00", 13, 10),
    ],
)
async def test_a_weekday_is_the_next_moment_of_that_name(words: str, hour: int, day: int) -> None:
    """A later hour of the same day is today; an hour that has passed is a week away."""
    now = datetime(2026, 11, 4, hour, tzinfo=COPENHAGEN)  # a Wednesday
    assert (await moment(words, now, no_landmarks)).day == day
