"""Every exercise of the catalogue can be begun, and is led step by step to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from content import catalogue as content
from tests.worlds.stage import Stage, stage

CATALOGUE = content.load()
# A standing board has no end of its own; transcripts/exercise_notice_board.txt leads one.
EXERCISES = [
    one.id for one in CATALOGUE.sets.values() if one.guide is not None and not one.guide.standing
]


async def project(found: Stage, school: str) -> None:
    await found.play(
        f"""
        anne > /digi start
        anne > udfyld Navn="Ny omsorgsplatform" TR=mette "Flere valg"="Jeg vil"
        anne > udfyld Slags={school} Tovholder=ali
        anne > tryk "Jeg er leder"
        mette > tryk "Jeg er TR"
        mette > send
        anne > tryk "Vis det i kanalen"
        ali > tryk "Jeg er tovholder"
        """
    )


@pytest.mark.parametrize("id", EXERCISES)
async def test_every_exercise_runs_from_its_beginning_to_its_end(id: str, tmp_path: Path) -> None:
    """Each step shows its instruction, each round can be closed, and the result is in the
    channel."""
    one = CATALOGUE.set(id)
    assert one.guide is not None
    school = "Skole" if one.pack == "education" else '"Et andet"'
    async with stage(tmp_path) as found:
        await project(found, school)
        await found.type("mette", f"/digi øvelse {one.title.da}")
        await found.press("mette", "Begynd")
        assert one.title.da in found.just("mette")
        await found.fill("mette", {"Hvordan": "På et møde", "Hvem leder": "mette"})
        for step in one.guide.steps:
            assert step.name.da in found.channel()
            await found.press("mette", "Led øvelsen")
            assert all(question.da in found.just("mette") for question in step.questions)
            if "Luk runden" in found.just("mette"):
                await found.play("ur > en dag")
                await found.press("mette", "Luk runden")
                await found.press("mette", "Led øvelsen")
            if step is not one.guide.steps[-1]:
                await found.press("mette", "Næste trin")
        await found.press("mette", "Slut øvelsen")
        await found.fill("mette", {"Hvad nåede": "Vi begynder i det små"})
        assert "Vi begynder i det små" in found.channel()
