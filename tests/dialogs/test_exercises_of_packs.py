"""An exercise that a workplace wrote in its pack runs from its beginning to its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.worlds.stage import Stage, stage

GUIDE = Path(__file__).parents[2] / "docs" / "packs.md"
PROJECT = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld Tovholder=ali
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
"""
BEGIN = """
ali > /digi øvelse {id}
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvem leder"=ali
"""
END = """
ali > tryk "Led øvelsen" på "trin {n} af {n}"
ali > tryk "Lav en aftale"
ali > udfyld "Hvad har I aftalt"="Skrive vagten ned" "Hvem tager den"=peter
ali > tryk "Led øvelsen" på "trin {n} af {n}"
ali > tryk "Slut øvelsen"
ali > udfyld "Hvad nåede I frem til"="Vi skriver det ned"
kanal < "Vi skriver det ned"
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack of docs/packs.md."""
    folder = tmp_path / "nordby"
    (folder / "exercises").mkdir(parents=True)
    blocks = re.findall(
        r"^`(exercises/\S+\.toml)`\n\n```toml\n(.*?)```",
        GUIDE.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    for name, text in blocks:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


async def begins(found: Stage, id: str) -> None:
    await found.play(PROJECT + BEGIN.format(id=id))


async def test_a_board_of_a_pack_runs_to_its_end(pack: Path, tmp_path: Path) -> None:
    """Notes in its lanes and kinds, dots, and agreements."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await begins(found, "nordby-vagtskifte")
        for person in ("fatima", "peter", "sofie", "lars", "bodil"):
            await found.play(
                f"""
                {person} > tryk "Skriv sedler"
                {person} > udfyld "Hvor på tavlen"="Aften til nat" "Lav om"="{person}s seddel"
                """
            )
        await found.play(
            """
            ur > til 2026-11-02 09:30
            ali > tryk "Led øvelsen" på "trin 1 af 4"
            ali > tryk "Luk runden"
            kanal < "s seddel"
            ali > tryk "Led øvelsen" på "trin 1 af 4"
            ali > tryk "Næste trin"
            ali > tryk "Næste trin"
            """
        )
        for person in ("fatima", "peter", "sofie", "lars", "bodil"):
            await found.play(
                f"""
                {person} > tryk "Sæt prikker"
                {person} > udfyld "Vælg op til 3"="bodils seddel"
                """
            )
        await found.play(
            """
            ur > til 2026-11-02 09:40
            ali > tryk "Led øvelsen" på "trin 3 af 4"
            ali > tryk "Luk runden"
            kanal < "Det valgte I at arbejde med:"
            ali > tryk "Led øvelsen" på "trin 3 af 4"
            ali > tryk "Næste trin"
            """
            + END.format(n=4)
        )


async def test_a_survey_of_a_pack_runs_to_its_end(pack: Path, tmp_path: Path) -> None:
    """Its own statements and its own scale."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await begins(found, "nordby-tryghed")
        for person in ("fatima", "peter", "sofie", "lars", "bodil"):
            await found.play(
                f"""
                {person} > tryk "Svar på rundspørgen"
                {person} > udfyld "Jeg har prøvet planen"=Enig "Jeg ved, hvem"="Ved ikke"
                {person} < "Jeg har dine svar."
                """
            )
        await found.play(
            """
            ur > til 2026-11-02 09:30
            ali > tryk "Led øvelsen" på "trin 1 af 3"
            ali > tryk "Luk runden"
            kanal < "Jeg har prøvet planen af, før den går i gang."
            ali > tryk "Led øvelsen" på "trin 1 af 3"
            ali > tryk "Næste trin"
            ali > tryk "Næste trin"
            """
            + END.format(n=3)
        )


async def test_a_table_of_a_pack_runs_to_its_end(pack: Path, tmp_path: Path) -> None:
    """Its own rows and columns, and a row that is added."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await begins(found, "nordby-makker")
        await found.play(
            """
            fatima > tryk "Udfyld en række"
            fatima > tryk "Nattevagten"
            fatima < "Hvem kan I ringe til om natten?"
            fatima > udfyld "Hvem hjælper"="Karen" "Hvornår på vagten"="Efter midnat"
            peter > tryk "Udfyld en række"
            peter > tryk "En ny række"
            peter > udfyld "Hvad handler"="Weekenden" "Hvem hjælper"="Omar"
            kanal < "Nattevagten"
            kanal < "Efter midnat"
            kanal < "Weekenden"
            ali > tryk "Led øvelsen" på "trin 1 af 2"
            ali > tryk "Næste trin"
            """
            + END.format(n=2)
        )


async def test_a_workshop_of_a_pack_runs_to_its_end(pack: Path, tmp_path: Path) -> None:
    """Its points one after the other, with the pack's own board inside: in the time of its point,
    with what came of it in both."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await begins(found, "nordby-temadag")
        await found.play(
            """
            kanal < "Find tal om vagtskiftet · ingen har taget den endnu"
            ali > tryk "Fordel forberedelsen"
            ali > tryk "Find tal om vagtskiftet"
            ali > udfyld "Hvem gør det"=peter
            ali > tryk "Led øvelsen" på "trin 1 af 4"
            ali > tryk "Næste trin"
            ali < "Sæt 25 minutter af."
            ali > tryk "Næste trin"
            ali < "Sæt 12 minutter af."
            """
        )
        for person in ("fatima", "peter", "sofie", "lars", "bodil"):
            await found.play(
                f"""
                {person} > tryk "Skriv sedler"
                {person} > udfyld "Hvor på tavlen"="Aften til nat" "Lav om"="{person}s seddel"
                """
            )
        await found.play(
            """
            ur > til 2026-11-02 09:30
            ali > tryk "Led øvelsen" på "Det gode vagtskifte"
            ali > tryk "Luk runden"
            kanal < "s seddel"
            ali > tryk "Led øvelsen" på "Det gode vagtskifte"
            ali > tryk "Næste trin"
            ali > tryk "Næste trin"
            ur > til 2026-11-02 09:40
            ali > tryk "Luk runden"
            ali > tryk "Led øvelsen" på "Det gode vagtskifte"
            ali > tryk "Næste trin"
            ali > tryk "Slut øvelsen" på "Det gode vagtskifte"
            ali > udfyld "Hvad nåede I frem til"="Natten vil have papir"
            ali < "Øvelsen er slut. I er tilbage i »Vores temadag«."
            ali > tryk "Næste trin"
            ali > tryk "Lav en aftale"
            ali > udfyld "Hvad har I aftalt"="Skrive vagten ned" "Hvem tager den"=peter
            ali > tryk "Led øvelsen" på "trin 4 af 4"
            ali > tryk "Slut øvelsen"
            ali > udfyld "Endte mødet"=Ja "Hvad nåede I frem til"="Vi skriver det ned"
            kanal < "Vi skriver det ned"
            kanal < "Natten vil have papir"
            """
        )


async def test_an_exercise_of_a_pack_may_last_as_long_as_it_likes(
    pack: Path, tmp_path: Path
) -> None:
    """Half an hour is no length of ours."""
    file = pack / "exercises" / "nordby-makker.toml"
    text = file.read_text(encoding="utf-8").replace("45", "30").replace("= 30 }", "= 15 }")
    file.write_text(text, encoding="utf-8")
    async with stage(tmp_path, packs=(pack,)) as found:
        await begins(found, "nordby-makker")
        await found.play('ali < "Sæt 15 minutter af."')


TRIED = {
    "nordby-vagtskifte": """
        peter < "Prøv det selv: Det gode vagtskifte"
        peter < "Trin 1 af 4"
        peter < "Dag til aften"
        peter < "▲ Hold fast i: "
        peter < "▼ Lav om: "
        peter > tryk "Næste trin"
        peter > tryk "Næste trin"
        peter < "op til tre prikker på én gang"
        peter > tryk "Næste trin"
        peter < "Hvem gør hvad inden næste måned?"
        """,
    "nordby-tryghed": """
        peter < "Prøv det selv: Er vi klar til den nye plan?"
        peter < "Trin 1 af 3"
        peter < "Enig, Både og, Uenig og Ved ikke"
        peter < "Jeg ved, hvem jeg ringer til, når planen driller."
        peter > tryk "Næste trin"
        peter > tryk "Næste trin"
        peter < "Hvad mangler, og hvem sørger for det?"
        """,
    "nordby-makker": """
        peter < "Prøv det selv: Hvem hjælper hvem i gang?"
        peter < "Trin 1 af 2"
        peter < "Hvornår på vagten?"
        peter < "Nattevagten"
        peter > tryk "Næste trin"
        """,
    "nordby-temadag": """
        peter < "Prøv det selv: Vores temadag"
        peter < "Trin 1 af 4"
        peter < "I fordeler, hvem der gør hvad klar før mødet"
        peter > tryk "Næste trin"
        peter > tryk "Næste trin"
        peter < "Her laver I en hel øvelse: Det gode vagtskifte."
        peter > tryk "Næste trin"
        """,
}
OVER = """
peter > tryk "Næste trin"
peter < "Det var hele øvelsen."
peter > tryk "Forfra"
peter < "Trin 1 af"
kanal <! "Prøv det selv"
ali > /digi øvelse {id}
ali > tryk "Begynd"
ali < "Hvem leder øvelsen?"
"""


@pytest.mark.parametrize("id", TRIED)
async def test_an_exercise_of_a_pack_is_tried_first(id: str, pack: Path, tmp_path: Path) -> None:
    """One of each mechanic, with the pack's own words in it; nothing is posted, and afterwards it
    can be tried again and begun."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await found.play(PROJECT)
        await found.play(f'peter > /digi øvelse {id}\npeter > tryk "Prøv det selv først"')
        await found.play(TRIED[id] + OVER.format(id=id))
