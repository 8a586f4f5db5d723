"""Promises as a document that outlives the project: what became of them, and nobody's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.documents import data, docx, html
from tests.dialogs.test_sheets import words_in
from tests.worlds.sheets import project_of, sheet
from tests.worlds.stage import stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""
WRITTEN = """
anne > /digi løfter
anne > tryk "Skriv et løfte"
anne > udfyld "Hvad skal"="Ti minutter mere" Bivirkning="Flere tryk" "Hvilken"=Teamlederen
"""


async def test_without_promises_the_document_says_so(tmp_path: Path) -> None:
    """Whoever opens an old link reads why it is empty."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        found = words_in(html.draw(await sheet(played, "ali", "promise_file")))
        assert "Der er ikke skrevet nogen løfter endnu." in found


async def test_the_document_holds_what_became_of_each_and_names_nobody(tmp_path: Path) -> None:
    """It can be kept when the project is deleted, since it says nothing of a person."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + WRITTEN)
        project = await project_of(played)
        before = words_in(html.draw(await sheet(played, "peter", "promise_file")))
        assert "Hvad blev det til?" in before
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Den er i drift"
            ur > til 2027-02-02 08:05
            peter > tryk "Delvis"
            peter > tryk "Skriv en linje"
            peter > udfyld "En linje"="Kun om dagen"
            """
        )
        made = await sheet(played, "peter", "promise_file", of=project)
        for draw in (docx.draw, html.draw, data.draw):
            found = words_in(draw(made))
            for told in ("Ti minutter mere", "Flere tryk", "Teamlederen", "Kun om dagen"):
                assert told in found
            assert "Er det lovet eller forventet?" in found
            assert "Peter" not in found
            assert "Anne" not in found


@pytest.mark.parametrize("again", ["Delvis", "Holdt"])
async def test_a_new_outcome_replaces_the_old_one_with_its_line(tmp_path: Path, again: str) -> None:
    """The line told why of the outcome before."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + WRITTEN
            + """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Den er i drift"
            ur > til 2027-02-02 08:05
            peter > tryk "Ikke holdt"
            peter > tryk "Skriv en linje"
            peter > udfyld "En linje"="Ruterne er de samme"
            """
        )
        assert "Ruterne er de samme" in played.channel()
        await played.press("fatima", again)
        await played.play("ur > til 2027-02-02 09:00\n")
        post = played.channel()[played.channel().rindex("3 måneder efter") :]
        assert "siger Fatima Yildiz" in post
        assert "Ruterne er de samme" not in post
