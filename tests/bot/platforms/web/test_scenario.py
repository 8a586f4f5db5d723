"""The lines of a scenario are parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.platforms.web.playground.scenario import (
    Expect,
    FillForm,
    MoveClock,
    PressButton,
    ScenarioAct,
    ScenarioError,
    TypeWords,
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
