"""What leader and representatives hand to the committee holds what the channel may read, and names
no employee."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.documents import data, docx, html
from dialogs.model.documents import FinishedDocument
from tests.dialogs.test_sheets import ALLOWED, BEGUN, SECRET, words_in
from tests.worlds.sheets import sheet
from tests.worlds.stage import Stage, stage

ITEM = """
mette > /digi med-udvalg
mette > tryk "Skriv punktet"
mette > udfyld Hvorfor="Ruterne passer ikke" "Det regner vi"="Færre ture" Niveau=Medbestemmelse
"""
DRAWS = (docx.draw, html.draw, data.draw)


async def med_item(played: Stage, person: str) -> FinishedDocument:
    return await sheet(played, person, "med_item_file")


def unsigned(writers: tuple[str, ...]) -> str:
    return "".join(
        f"""
{who} > tryk "Sig det"
{who} > tryk "Uden navn"
{who} > udfyld Hvad=Bekymring Din="Uden navn nummer {n}" Hvem=alle
"""
        for n, who in enumerate(writers)
    )


@pytest.mark.parametrize("weeks", [0, 1])
async def test_an_item_holds_only_what_the_channel_may_read(tmp_path: Path, weeks: int) -> None:
    """The trio's points, offers, texts to some alone and what is unreleased are in no file, whoever
    asks for it. It is the same file for all."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET + ITEM + weeks * "ur > en uge\n")
        files = [await med_item(played, person) for person in ("anne", "mette", "noor", "karen")]
        for draw in DRAWS:
            found = words_in(draw(files[0]))
            assert "Færre ture" in found
            assert "HEMMELIGT" not in found
            assert [draw(one) for one in files] == [draw(files[0])] * len(files)


EFFECT = """
jonas > /digi med-udvalg
jonas > tryk "APV"
jonas > tryk "Skriv en virkning"
jonas > udfyld Hvilken=Selvstændigt Bliver=Værre "Hvad sker"="Ruten er fast" "Hvad er"="To bytter"
"""


@pytest.mark.parametrize("weeks", [0, 1])
async def test_the_annex_to_the_apv_holds_only_what_the_channel_may_read(
    tmp_path: Path, weeks: int
) -> None:
    """It has each of the six qualities, the agreements that were taken, and nobody's name."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET + EFFECT + weeks * "ur > en uge\n")
        files = [await sheet(played, one, "apv_file") for one in ("anne", "jonas", "karen")]
        for draw in DRAWS:
            found = words_in(draw(files[0]))
            for told in ("Realistisk", "Ruten er fast", "To bytter", "Spørg om ruteplanen"):
                assert told in found
            for hidden in ("HEMMELIGT", "Fatima", "Jonas", "Peter"):
                assert hidden not in found
            assert [draw(one) for one in files] == [draw(files[0])] * len(files)


@pytest.mark.parametrize(("writers", "there"), [(4, False), (5, True)])
async def test_concerns_without_a_name_are_in_the_annex_from_the_threshold_on(
    tmp_path: Path, writers: int, there: bool
) -> None:
    """They alone suggest that the APV be brought up to date, once there are enough of them."""
    people = ("sofie", "lars", "bodil", "emil", "noor")[:writers]
    async with stage(tmp_path) as played:
        await played.play(BEGUN + unsigned(people) + "ur > en uge\n")
        found = words_in(html.draw(await sheet(played, "ali", "apv_file")))
        assert ("Uden navn nummer 3" in found) is there
        assert ("Se efter, om APV" in found) is there


async def test_before_anybody_writes_the_item_it_says_what_the_project_says(tmp_path: Path) -> None:
    """It is a draft, and says so; the committee decides its agenda, and no lawyer has read it."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        found = words_in(html.draw(await med_item(played, "ali")))
        assert "Udkastet bygger på det, der står i forløbet." in found
        assert "Udvalget bestemmer selv sin dagsorden." in found
        assert "Ingen jurist har læst det her." in found
        assert "Holdet er ikke nået frem til noget endnu" in found


@pytest.mark.parametrize(("writers", "there"), [(4, False), (5, True)])
async def test_what_came_without_a_name_is_quoted_from_the_threshold_on(
    tmp_path: Path, writers: int, there: bool
) -> None:
    """Four are not quoted to the committee, although the channel may read them; five are. What was
    said by name is quoted without the name."""
    people = ("sofie", "lars", "bodil", "emil", "noor")[:writers]
    by_name = """
peter > /digi sig
peter > tryk "Med navn"
peter > udfyld Hvad=Idé Din="Begynd med to ruter" Hvem="alle"
"""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + unsigned(people) + by_name + "ur > en uge\n")
        found = words_in(html.draw(await med_item(played, "ali")))
        assert ("Uden navn nummer 3" in found) is there
        assert "Begynd med to ruter" in found
        assert "Peter" not in found


async def test_a_conclusion_stands_with_its_question_and_without_who_wrote_it(
    tmp_path: Path,
) -> None:
    """What the team proposed to the committee comes first."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + """
            anne > tryk "Led samtalen"
            anne > tryk "Luk for svar"
            anne > tryk "Saml op"
            anne > udfyld "Hvad nåede"="Vi vil høres om ruterne" "Hvad skal"="Foreslå til MED"
            ur > en uge
            """
        )
        found = words_in(html.draw(await med_item(played, "ali")))
        assert "Holdet har foreslået, at udvalget drøfter:" in found
        assert "Vi vil høres om ruterne" in found
        assert "Anne Holm" not in found
