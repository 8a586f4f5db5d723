"""The sheets on paper: what the channel may read is on them, and nothing else."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from bot.documents import data, docx, html
from bot.documents.plain import LANGUAGES
from dialogs.model.documents import FinishedDocument
from tests.worlds.play import PUBLIC_URL
from tests.worlds.sheets import meeting_sheet, week_sheet
from tests.worlds.stage import Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh" AMR="Jonas Friis" Tovholder="Ali Demir"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > send
jonas > tryk "Jeg er AMR"
jonas > send
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
ur > til spørgsmål
"""
ALLOWED = """
anne > /digi aftaler
anne > tryk "Skriv en aftale ned"
anne > udfyld "Hvad har=Spørg om ruteplanen" "Hvem gør=Fatima Yildiz" Hvornår=2026-12-18
fatima > tryk "Jeg tager den"
peter > /digi sig
peter > tryk "Med navn"
peter > udfyld Hvad=Spørgsmål Din="Må jeg selv bytte om på to besøg?" Hvem="Anne Holm, alle"
anne > tryk "Led samtalen" på "bytte om på to besøg"
anne > tryk "Skriv et svar"
anne > udfyld Hvad="Vi gør det" Dit="Ja, i prøveperioden." Hvem="Den, der kører" Senest=2026-11-20
"""
SECRET = """
anne > /digi aftaler
anne > tryk "Skriv en aftale ned"
anne > udfyld "Hvad har=HEMMELIGT tilbud" "Hvem gør=Lars Østergaard" Hvornår=2026-12-18
mette > /digi trio
mette > tryk "Tag op næste gang"
mette > udfyld "Hvad vil=HEMMELIGT i trioen"
karen > /digi sig
karen > tryk "Med navn"
karen > udfyld Hvad=Bekymring Din="HEMMELIGT til lederen" Hvem="Anne Holm"
noor > tryk "Sig det"
noor > tryk "Uden navn"
noor > udfyld Hvad=Bekymring Din="HEMMELIGT til TR" Hvem="Mette Krogh"
sofie > tryk "Sig det"
sofie > tryk "Uden navn"
sofie > udfyld Hvad=Bekymring Din="HEMMELIGT endnu" Hvem="alle"
lars > tryk "Svar uden navn"
lars > udfyld "Dit svar=HEMMELIGT før lukning"
omar > tryk "Svar"
omar > udfyld "Dit svar=HEMMELIGT for dem uden svar"
"""
Draw = Callable[[FinishedDocument], bytes]
EACH: dict[str, Draw] = {"docx": docx.draw, "html": html.draw, "json": data.draw}


def words_in(drawn: bytes) -> str:
    """Return everything in a file, also what lies packed in it."""
    if not drawn.startswith(b"PK"):
        return drawn.decode()
    with zipfile.ZipFile(BytesIO(drawn)) as archive:
        found = [archive.read(name) for name in archive.namelist()]
    return "\n".join(one.decode("utf-8", "replace") for one in found)


async def both(played: Stage, person: str) -> list[FinishedDocument]:
    return [await week_sheet(played, person), await meeting_sheet(played, person)]


@pytest.mark.parametrize("weeks", [0, 1])
async def test_a_sheet_holds_only_what_the_channel_may_read(tmp_path: Path, weeks: int) -> None:
    """An offer to one person, the trio's points, texts to some alone, and unreleased texts and
    answers are on no sheet, whoever asks for it: also not the leader's or a representative's."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET + weeks * "ur > en uge\n")
        for person in ("anne", "mette", "jonas", "sofie", "noor", "lars", "karen"):
            week, meeting = await both(played, person)
            for draw in EACH.values():
                found = words_in(draw(week))
                assert "Spørg om ruteplanen" in found
                assert "Må jeg selv bytte om på to besøg?" in found
                assert "Ja, i prøveperioden." in found
                assert "HEMMELIGT" not in found
                assert "HEMMELIGT" not in words_in(draw(meeting))


async def test_before_the_release_nothing_on_a_sheet_tells_that_somebody_wrote(
    tmp_path: Path,
) -> None:
    """The files are the same to the byte with and without unsigned texts and answers."""
    seen = []
    for writes in (False, True):
        async with stage(tmp_path / str(writes)) as played:
            await played.play(BEGUN + ALLOWED)
            for person, way in (("sofie", "Sig det"), ("lars", "Svar uden navn")):
                await played.press(person, way)
                if way == "Sig det":
                    await played.press(person, "Uden navn")
                if writes and way == "Sig det":
                    told = {"Hvad": "Bekymring", "Din": "x", "Hvem": "alle"}
                    await played.fill(person, told)
                elif writes:
                    await played.fill(person, {"Dit svar": "x"})
            files = [draw(one) for one in await both(played, "ali") for draw in EACH.values()]
            seen.append(files)
    assert seen[0] == seen[1]


async def test_what_is_released_to_all_is_on_the_sheet_once_it_is_answered(tmp_path: Path) -> None:
    """Then it stands with its answer, and with nobody's name."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + """
            sofie > tryk "Sig det"
            sofie > tryk "Uden navn"
            sofie > udfyld Hvad=Spørgsmål Din="Bliver vi målt på tiden?" Hvem="alle"
            ur > en uge
            """
        )
        assert "Bliver vi målt" not in words_in(html.draw(await week_sheet(played, "ali")))
        await played.play(
            """
            anne > tryk "Sig det"
            anne > tryk "Læs, hvad der er sagt"
            anne > tryk "Læs"
            anne > tryk "Skriv et svar"
            anne > udfyld Hvad="Nej" Dit="Tiden bliver ikke brugt til det."
            """
        )
        found = words_in(html.draw(await week_sheet(played, "ali")))
        assert "Bliver vi målt på tiden?" in found
        assert "Tiden bliver ikke brugt til det." in found
        assert "Sofie" not in found


async def test_nobody_is_named_beside_a_date_that_passed(tmp_path: Path) -> None:
    """As in the weekly overview: the sheet hangs on a wall."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED)
        assert "Fatima Yildiz" in words_in(html.draw(await week_sheet(played, "ali")))
        await played.play("ur > til 2026-12-21 10:00")
        found = words_in(html.draw(await week_sheet(played, "ali")))
        assert "Spørg om ruteplanen" in found
        assert "Skulle have været klaret" in found
        assert "Fatima Yildiz" not in found


async def test_a_sheet_without_anything_says_so(tmp_path: Path) -> None:
    """No question, no agreement, no answer: three sentences instead of empty headings."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN.replace("ur > til spørgsmål", ""))
        found = words_in(html.draw(await week_sheet(played, "ali")))
        for said in ("ikke noget åbent spørgsmål", "ingen åbne aftaler", "ikke kommet svar"):
            assert said in found


async def test_the_code_of_the_page_is_on_both_sheets_while_it_is_open(tmp_path: Path) -> None:
    """Those without a chat can answer from where the sheet hangs; a closed page has no code."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        for one in await both(played, "ali"):
            assert "<svg" not in words_in(html.draw(one))
        await played.play('anne > /digi qr\nanne > tryk "Åbn siden"')
        for one in await both(played, "ali"):
            found = words_in(html.draw(one))
            assert "<svg" in found
            assert re.search(rf"{re.escape(PUBLIC_URL)}/b/[a-z2-7]{{32}}", found)
        await played.play('anne > tryk "Luk siden"')
        for one in await both(played, "ali"):
            assert PUBLIC_URL not in words_in(html.draw(one))


async def test_a_sheet_is_in_the_language_of_the_channel(tmp_path: Path) -> None:
    """Whoever fetches it may have another: the sheet is for everybody."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await played.play(
            """
            noor privat > pause mig
            noor > tryk "Ret tider og sprog"
            noor > udfyld Sprog=Engelsk
            noor > /digi sheet
            noor < "The week's sheet"
            """
        )
        for one in await both(played, "noor"):
            assert one.language == "da"
            assert f'<html lang="{LANGUAGES["da"]}">' in words_in(html.draw(one))
