"""Where too few may write without a name, an exercise says how it is held best."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.stage import PEOPLE, Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld Tovholder=ali
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
"""
ON_PAPER = "I er for få til sedler uden navn i chatten. Lav øvelsen på papir."
TALKED = "I er for få til en rundspørge. Tal om udsagnene på et møde."
FOUR = ("anne", "ali", "fatima", "peter", "sofie")
FIVE = (*FOUR, "lars")
EVERYBODY = tuple(PEOPLE)


async def said_of(played: Stage, exercise: str) -> str:
    await played.type("ali", f"/digi øvelse {exercise}")
    return played.just("ali")


@pytest.mark.parametrize(
    ("team", "exercise", "best"),
    [
        (FOUR, "kompas", ON_PAPER),
        (FIVE, "kompas", ""),
        (FIVE, "faldgruber", TALKED),
        (EVERYBODY, "faldgruber", ""),
        (FOUR, "hvem gør hvad", ""),
    ],
)
async def test_the_list_says_how_few_people_hold_an_exercise_best(
    tmp_path: Path, team: tuple[str, ...], exercise: str, best: str
) -> None:
    """Notes on paper under five, statements in a talk under ten; a table is written by name, so it
    needs neither. The leader does not count."""
    async with stage(tmp_path, team=team) as played:
        await played.play(BEGUN)
        said = await said_of(played, exercise)
        assert "Hvad går det ud på?" in said
        assert [one for one in (ON_PAPER, TALKED) if one in said] == ([best] if best else [])


async def test_four_people_fill_in_a_table_without_paper(tmp_path: Path) -> None:
    """Nothing in it speaks of notes that are typed in afterwards."""
    async with stage(tmp_path, team=FOUR) as played:
        await played.play(
            BEGUN
            + """
ali > /digi øvelse hvem gør hvad
ali > tryk "Begynd"
ali <! "på papir"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
ali <! "på papir"
ali > tryk "Næste trin"
fatima > tryk "Udfyld en række"
fatima > tryk "Ledere"
fatima > udfyld "Hvad?"="Siger, hvad der ligger fast"
kanal < "Siger, hvad der ligger fast"
kanal <! "på papir"
"""
        )


STOCK = (
    BEGUN
    + """
ali > /digi øvelse kompas
ali > tryk "Begynd"
ali < "I laver øvelsen på papir"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
ali > tryk "Slut øvelsen"
ali > udfyld "Hvad nåede I frem til"="Færre systemer" "Hvornår ser I"=2027-01-11
ur > til 2027-01-11 09:30
ali > tryk "Gør status"
"""
)
TALK_INSTEAD = "Tal om udsagnene på mødet i stedet."


async def test_four_people_who_take_stock_talk_about_the_statements(tmp_path: Path) -> None:
    """The notes of the compass were on paper. Taking stock is a survey, which has none."""
    async with stage(tmp_path, team=FOUR) as played:
        await played.play(STOCK)
        assert TALK_INSTEAD in played.just("ali")
        assert "på papir" not in played.just("ali")
        await played.play('ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali')
        assert TALK_INSTEAD in played.channel(since_last_act=True)
        assert "på papir" not in played.just("ali")
        await played.play('ali > tryk "Næste trin"')
        assert "på papir" not in played.channel(since_last_act=True)
