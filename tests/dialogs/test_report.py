"""The report: what the channel may read is in it, in every format, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bot.core.tokens import write_press
from bot.documents import data, docx, html, tables
from bot.documents.files import drawables
from bot.platforms.common.ports import Pressed
from dialogs.concern.states import Concern
from dialogs.model.cards import plain
from dialogs.model.documents import (
    DataTable,
    Document,
    FinishedDocument,
    Section,
    contents_before,
    plain_text,
)
from dialogs.model.documents import tables as tables_of
from dialogs.model.events import EditionSeen, Look
from dialogs.model.facts import Known, Records
from dialogs.report.states import REPORT, Reports
from tests.dialogs.test_sheets import ALLOWED, BEGUN, SECRET, words_in
from tests.worlds.sheets import project_of, report, sheet
from tests.worlds.stage import TENANT, Stage, stage

SUMMED_UP = """
anne > tryk "Led samtalen"
anne > tryk "Saml op"
anne > udfyld "Hvad nåede=Vi prøver det af på ét hold." "Hvad skal=Samlet op"
"""


def everything_in(one: FinishedDocument) -> str:
    """Return what is in the report in all its formats."""
    lists = "\n".join(tables.draw(table).decode() for table in tables_of(one))
    return "\n".join((*(words_in(draw(one)) for draw in (docx.draw, html.draw, data.draw)), lists))


def first_page(one: FinishedDocument) -> dict[str, str]:
    """Return the rows of page one."""
    [table] = (p for p in plain_text(one).sections[0].passages if isinstance(p, DataTable))
    return {row[0]: row[1] for row in table.rows}


def annex(one: FinishedDocument, heading: str) -> list[tuple[str, ...]]:
    """Return the rows of an annex."""
    [table] = tables_under(one, heading)
    return list(table.rows)


def tables_under(one: FinishedDocument, heading: str) -> list[DataTable[str]]:
    [found] = (part for part in plain_text(one).sections if part.heading == heading)
    return [part for part in found.passages if isinstance(part, DataTable)]


@pytest.mark.parametrize("weeks", [0, 1])
async def test_a_report_holds_only_what_the_channel_may_read(tmp_path: Path, weeks: int) -> None:
    """An offer to one person, the trio's points, texts to some alone, and unreleased texts and
    answers are in no report, whoever asks for it: also not the leader's or a representative's."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET + weeks * "ur > en uge\n")
        for person in ("anne", "mette", "jonas", "sofie", "noor", "lars", "karen"):
            found = everything_in(await report(played, person))
            for allowed in ("Spørg om ruteplanen", "bytte om på to besøg?", "Ja, i prøveperioden."):
                assert allowed in found
            assert "HEMMELIGT" not in found


async def test_everybody_gets_the_same_report(tmp_path: Path) -> None:
    """Nothing in it depends on who fetches it: it is passed on."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET)
        drawn = {data.draw(await report(played, person)) for person in ("anne", "mette", "peter")}
        assert len(drawn) == 1


async def test_before_the_release_nothing_in_a_report_tells_that_somebody_wrote(
    tmp_path: Path,
) -> None:
    """The files are the same to the byte with and without unsigned texts and answers."""
    seen = []
    for writes in (False, True):
        async with stage(tmp_path / str(writes)) as played:
            await played.play(BEGUN + ALLOWED)
            await played.press("sofie", "Sig det")
            await played.press("sofie", "Uden navn")
            if writes:
                told = {"Hvad": "Bekymring", "Din": "x", "Hvem": "alle"}
                await played.fill("sofie", told)
            await played.press("lars", "Svar uden navn")
            if writes:
                await played.fill("lars", {"Dit svar": "x"})
            seen.append(docx.draw(await report(played, "ali")))
    assert seen[0] == seen[1]


WRITERS = ("sofie", "lars", "bodil", "emil", "noor")


def say_to_all(writers: tuple[str, ...]) -> str:
    """Each writes a concern without a name, and keeps its code."""
    return "".join(
        f"""
        {who} > tryk "Sig det"
        {who} > tryk "Uden navn"
        {who} > udfyld Hvad=Bekymring Din="Bekymring af {who}" Hvem="alle"
        {who} < kode
        """
        for who in writers
    )


@pytest.mark.parametrize(("many", "shown"), [(4, False), (5, True)])
async def test_released_texts_without_a_name_are_in_the_report_from_the_threshold(
    tmp_path: Path, many: int, shown: bool
) -> None:
    """The report goes further than the channel, so no single one stands before the committee."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + say_to_all(WRITERS[:many]))
        assert "Bekymring af" not in everything_in(await report(played, "ali"))
        await played.play("ur > en uge")
        found = everything_in(await report(played, "ali"))
        assert ("Bekymring af lars" in found) is shown
        assert "står i bilag C og D, når der er mindst 5 af dem" in found


async def test_control_a_restricted_concern_in_the_report_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a report of all concerns, whoever may read them, is red in each format."""

    def leaks(known: Known) -> tuple[Concern, ...]:
        return tuple(known.states("concern", Concern).values())

    monkeypatch.setattr("dialogs.report.annexes.to_pass_on", leaks)
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + SECRET)
        one = await report(played, "ali")
        for draw in (docx.draw, html.draw, data.draw):
            assert "HEMMELIGT til lederen" in words_in(draw(one))
        assert any(b"HEMMELIGT til lederen" in tables.draw(table) for table in tables_of(one))


async def test_a_report_of_a_project_without_anything_says_so_in_each_row(tmp_path: Path) -> None:
    """No row is left out or empty: the committee sees what is missing."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN.replace("ur > til spørgsmål", ""))
        one = await report(played, "ali")
        rows = first_page(one)
        assert len(rows) == 10
        assert all(rows.values())
        assert rows["Beslutningen"] == "Ingen har sat en dato."
        assert rows["Behandlet før"] == "Det er ikke noteret, at sagen er drøftet i MED-udvalget."
        assert "Siden til dem er ikke åben" in rows["Endnu ikke spurgt"]
        found = everything_in(one)
        for said in (
            "Der er ikke stillet noget spørgsmål.",
            "Der er ingen aftaler.",
            "Her står ingen spørgsmål eller idéer.",
            "Her står ingen bekymringer.",
        ):
            assert said in found


async def test_page_one_has_what_was_written_to_the_committee(tmp_path: Path) -> None:
    """The level of the item, what it is about, and a discussion that the other side denies."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + """
            mette > /digi med-udvalg
            mette > tryk "Skriv punktet"
            mette > udfyld Niveau="Medindflydelse"
            mette > /digi med-udvalg
            mette > tryk "Det er drøftet"
            mette > udfyld Hvilken=2026-11-02 Niveau="Information" "En linje"="Orienteret"
            anne > /digi med-udvalg
            anne > tryk "Jeg ser det anderledes"
            anne > udfyld Niveau="Det er ikke drøftet" "Hvordan ser"="Punktet blev udskudt"
            """
        )
        made = await report(played, "ali")
        rows = first_page(made)
        asked = rows["Det bliver udvalget bedt om"]
        assert "Medindflydelse: Udvalget bedes drøfte sagen" in asked
        assert "Ny omsorgsplatform" in asked
        assert rows["Behandlet før"].splitlines() == [
            "Drøftet 2. november 2026. Niveau: Information.",
            "»Orienteret«",
            "Den anden side mener, at det ikke er drøftet.",
        ]
        course = str(plain_text(made).sections[1])
        await played.type("ali", "/digi resultater")
        for said in ("Orienteret", "Punktet blev udskudt"):
            assert said in course
            assert said in played.just("ali")


async def test_page_one_awaits_nothing_of_a_project_that_has_ended(tmp_path: Path) -> None:
    """It has the day of the end. What the committee was asked is told as past, and the page without
    a chat, which closes at the end, is not missed."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        project = await project_of(played)
        await played.play(
            """
            mette > /digi med-udvalg
            mette > tryk "Skriv punktet"
            mette > udfyld Niveau="Medindflydelse"
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Den er i drift"
            """
        )
        rows = first_page(await sheet(played, "ali", "report_file", of=project))
        asked = rows["Det bliver udvalget bedt om"]
        assert "Medindflydelse: Udvalget blev bedt om at drøfte sagen" in asked
        assert "Forløbet sluttede tirsdag den 3. november 2026." in rows["Beslutningen"]
        assert "Siden til dem" not in rows["Endnu ikke spurgt"]


async def test_the_pages_before_the_annexes_stay_few_however_much_is_written(
    tmp_path: Path,
) -> None:
    """They have the latest discussions, and the first words of why it ended. Annex E has all of
    it, to the last word."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        project = await project_of(played)
        reason = " ".join(f"grund{at}" for at in range(50))
        for number in range(1, 6):
            await played.play(
                f"""
                mette > /digi med-udvalg
                mette > tryk "Det er drøftet"
                mette > udfyld Niveau=Information "En linje"="{number}. drøftelse"
                """
            )
        await played.play(
            f"""
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="{reason}"
            """
        )
        found = await sheet(played, "ali", "report_file", of=project)
        course = str(plain_text(found).sections[1])
        told = [f"{number}. drøftelse" for number in range(1, 6)]
        assert [one for one in told if one in course] == told[2:]
        assert "grund0" in course
        assert "grund49" not in course
        assert "står helt i bilag E" in course
        rows = annex(found, "Bilag E · Ordene, som de er skrevet")
        whole = [row[2] for row in rows]
        assert whole == [*told, reason]


PROMISED = """
mette > /digi løfter
mette > tryk "Skriv et løfte"
mette > udfyld "Hvad skal"="Færre alarmer om natten" Bivirkning="Flere tryk" "Hvilken"=Driftslederen
anne > /digi løfter
anne > tryk "Skriv et løfte"
anne > udfyld "Hvad skal"="Ti minutter mere hos borgeren" "Hvilken"=Teamlederen
"""


async def test_promises_are_in_the_report_with_what_became_of_them(tmp_path: Path) -> None:
    """What the leader promised stands before what others expect, and nobody is named as having said
    that it was kept."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        assert first_page(await report(played, "ali"))["Løfter"].splitlines() == [
            "Der er ikke skrevet nogen løfter endnu.",
            "Der venter ingen svar med en lovet dato, og ingen aftaler er forsinkede.",
        ]
        await played.play(PROMISED)
        assert first_page(await report(played, "ali"))["Løfter"].splitlines()[:2] == [
            "• Lovet: Ti minutter mere hos borgeren",
            "• Forventet: Færre alarmer om natten",
        ]
        [row, _] = annex(await report(played, "ali"), "Bilag F · Løfter og virkelighed")
        assert row[1:] == ("–", "Ikke vurderet endnu.")
        project = await project_of(played)
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Den er i drift"
            ur > til 2027-02-05 12:00
            fatima > tryk "Delvis"
            fatima > tryk "Skriv en linje"
            fatima > udfyld "En linje"="Om natten, ikke om dagen"
            """
        )
        one = await sheet(played, "ali", "report_file", of=project)
        assert "hos borgeren · Efter 3 måneder: delvis holdt." in first_page(one)["Løfter"]
        [row, other] = annex(one, "Bilag F · Løfter og virkelighed")
        assert row[0] == "Lovet: Ti minutter mere hos borgeren (Teamlederen)"
        assert row[2].splitlines() == [
            "Efter 3 måneder: delvis holdt.",
            "»Om natten, ikke om dagen«",
        ]
        assert other[1:] == ("Bivirkning Flere tryk", "Ikke vurderet endnu.")


async def test_effects_on_the_work_are_in_the_report(tmp_path: Path) -> None:
    """Page one says that the APV must be looked at, and the annex has what was agreed."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        none = "Ingen har noteret, om APV'en skal ændres."
        assert first_page(await report(played, "ali"))["APV"] == none
        await played.play(
            """
            jonas > /digi med-udvalg
            jonas > tryk "APV"
            jonas > tryk "Skriv en virkning"
            jonas > udfyld Hvilken=Selvstændigt Bliver=Værre "Hvad sker"="Ruten ligger fast."
            """
        )
        one = await report(played, "ali")
        assert "Selvstændigt, værre: Ruten ligger fast." in first_page(one)["APV"].splitlines()
        assert annex(one, "Bilag G · Virkninger på arbejdet") == [
            (
                "Selvstændigt",
                "værre",
                "Ruten ligger fast.",
                "Ingen har skrevet, hvad der er aftalt.",
            )
        ]


EXERCISED = """
ali > /digi øvelse hvem gør hvad
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
ali > tryk "Næste trin"
fatima > tryk "Udfyld en række"
fatima > tryk "En ny kolonne"
fatima > udfyld "Hvad skal kolonnen"="Med hvem?"
fatima > tryk "Udfyld en række"
fatima > tryk "Ledere"
fatima > udfyld "Hvad?"="Rammen" "Med hvem"=TR "Hvem tager den"=peter "Hvornår ser I"=2026-11-30
"""
ENDED = """
ali > tryk "Led øvelsen" på "trin 2 af"
ali > tryk "Lav en aftale"
ali > udfyld "Hvad har I aftalt"="Vi mødes igen"
ali > tryk "Led øvelsen" på "trin 2 af"
ali > tryk "Slut øvelsen"
ali > udfyld "Hvad nåede"="Alle ved, hvem de spørger" "Hvem skal"="Til lederen"
"""
HELD = "Bilag H · Øvelserne"


async def test_an_exercise_is_in_the_report_when_it_has_ended(tmp_path: Path) -> None:
    """With what came of it, and its table with a column that was added. Nobody is named beside a
    day that has passed."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + EXERCISED)
        assert "Ingen øvelser er gjort færdige" in everything_in(await report(played, "ali"))
        await played.play(ENDED)
        one = await report(played, "ali")
        [held, table] = tables_under(one, HELD)
        [[name, result, to, agreed]] = held.rows
        assert name.startswith("Hvem gør hvad i jeres forløb? · ")
        assert (result, to, agreed) == ("»Alle ved, hvem de spørger«", "lederen", "Vi mødes igen")
        [row] = table.rows
        assert row[:2] == ("Ledere", "Rammen")
        assert row[table.header.index("Med hvem?")] == "TR"
        assert row[-2] == "Peter Lund"
        await played.play("ur > til 2026-12-01 10:00")
        [_, table] = tables_under(await report(played, "ali"), HELD)
        assert "Peter Lund" not in table.rows[0]


async def test_page_one_says_what_an_exercise_sends_to_the_committee(tmp_path: Path) -> None:
    """The row does not say that nothing was proposed, and the exercise counts as a result, as it
    does in the channel."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + 'fatima > tryk "Svar"\nfatima > udfyld "Dit svar"=Roen')
        await played.play(SUMMED_UP + EXERCISED)
        asked = "Det bliver udvalget bedt om"
        assert "ikke foreslået noget" in first_page(await report(played, "ali"))[asked]
        await played.play(ENDED.replace("Til lederen", "Til MED"))
        one = await report(played, "ali")
        lines = first_page(one)[asked].splitlines()
        assert lines[-1] == "Holdet har sendt resultatet af 1 øvelse. Det står i bilag H."
        assert "ikke foreslået noget" not in first_page(one)[asked]
        await played.play('fatima > /digi resultater\nfatima < "2 resultater, det nyeste først."')
        found = everything_in(one)
        assert "2 resultater, det nyeste først." in found
        assert "Det, øvelserne nåede frem til, står i bilag H." in found


async def test_page_one_has_a_promise_of_one_line_whole(tmp_path: Path) -> None:
    """It is shortened where what became of it needs the room. What nobody chose is not said to be
    missing: the rows below have it."""
    gain = "Ti minutter mere hos hver borger, hver eneste dag"
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + f"""
            anne > /digi løfter
            anne > tryk "Skriv et løfte"
            anne > udfyld "Hvad skal"="{gain}" "Hvilken"=Teamlederen
            """
        )
        rows = first_page(await report(played, "ali"))
        assert gain in rows["Løfter"]
        assert rows["Gevinster, og for hvem"].endswith("Det, der er lovet, står under Løfter.")
        assert rows["Ulemper, og for hvem"].endswith("Det, der er noteret, står under APV.")


def compass_of(writers: tuple[str, ...]) -> str:
    """A compass in which so many write a note without a name, and the leader writes one."""
    begun = """
        ali > /digi øvelse kompas
        ali > tryk "Begynd"
        ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
        ali > tryk "Led øvelsen" på "trin 1 af 8"
        ali > tryk "Næste trin"
        ali > tryk "Næste trin"
        """
    written = "".join(
        f"""
        {who} > tryk "Skriv sedler"
        {who} > udfyld "Hvor på tavlen"=Realistisk "I dag"="Seddel af {who}"
        """
        for who in (*writers, "anne")
    )
    ended = """
        ur > til 2026-11-03 15:00
        ali > tryk "Led øvelsen" på "trin 3 af 8"
        ali > tryk "Luk runden"
        ali > tryk "Led øvelsen" på "trin 3 af 8"
        ali > tryk "Slut øvelsen"
        ali > udfyld "Hvad nåede"="Roen skal blive"
        """
    return begun + written + ended


@pytest.mark.parametrize(("many", "shown"), [(4, False), (5, True)])
async def test_notes_are_in_the_report_when_the_channel_may_read_them(
    tmp_path: Path, many: int, shown: bool
) -> None:
    """Those of a round in which too few wrote are on no board, and so in no report."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + compass_of(WRITERS[:many]))
        one = await report(played, "ali")
        found = everything_in(one)
        assert ("Seddel af sofie" in found) is shown
        [_, board] = tables_under(one, HELD)
        said = {row[2]: row for row in board.rows}
        assert said["Seddel af anne"][3] == "lederens"
        assert ("Seddel af sofie" in said) is shown


async def test_a_note_of_a_leader_who_is_erased_is_gone_from_an_edition(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(BEGUN + compass_of(WRITERS) + MADE)
        assert "Seddel af anne" in everything_in(await edition(played, "ali"))
        await played.house.upkeep.erase_person(TENANT, "anne")
        assert "Seddel af anne" not in everything_in(await edition(played, "ali"))


async def test_the_committee_is_called_as_the_workplace_calls_it(tmp_path: Path) -> None:
    """A hospital's SU reads *SU* on page one."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await played.play('anne > /digi indstillinger\nanne > udfyld "Jeres udvalg hedder=SU"')
        assert plain((await report(played, "ali")).sections[0].heading) == "Til SU"


async def test_results_and_report_tell_the_same_number(tmp_path: Path) -> None:
    """One function counts the conclusions for both."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + 'fatima > tryk "Svar"\nfatima > udfyld "Dit svar=Roen"')
        await played.play(SUMMED_UP)
        await played.play('fatima > /digi resultater\nfatima < "1 resultat."')
        found = everything_in(await report(played, "fatima"))
        assert "1 resultat." in found
        assert "Forslag: »Vi prøver det af på ét hold.«" in found


async def test_nobody_is_named_beside_an_agreement_whose_date_passed(tmp_path: Path) -> None:
    """As in the weekly overview: the report goes further than the channel."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED)
        assert "Fatima Yildiz" in everything_in(await report(played, "ali"))
        await played.play("ur > til 2026-12-21 10:00")
        one = await report(played, "ali")
        assert "Fatima Yildiz" not in everything_in(one)
        assert "1 aftale skulle have været klaret." in first_page(one)["Løfter"]


async def test_a_draft_has_no_report(tmp_path: Path) -> None:
    """The channel knows nothing of a draft, so nothing can be passed on of it."""
    async with stage(tmp_path) as played:
        await played.play("anne > /digi start Ny omsorgsplatform")
        await played.play('anne > /digi rapport\nanne < "når forløbet er vist i kanalen"')


async def test_the_contents_stand_after_page_one(tmp_path: Path) -> None:
    """Page one is the committee's: nothing stands before it, and the next section begins a page."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        one = await report(played, "ali")
        assert contents_before(one) == 1
        drawn = html.draw(one).decode()
        assert drawn.index("Til MED-udvalget</h2>") < drawn.index("<nav") < drawn.index("Forløbet")
        assert '<nav aria-labelledby="contents" class="new-page">' in drawn


async def test_each_list_can_be_had_as_a_spreadsheet_without_formulas(tmp_path: Path) -> None:
    """Each says on its button what it lists; it begins with the byte order mark, keeps æøå, and a
    cell that begins like a formula is text."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + """
            anne > /digi aftaler
            anne > tryk "Skriv en aftale ned"
            anne > udfyld "Hvad har==HYPERLINK(1) på køkkenet" "Hvem gør=Fatima Yildiz"
            fatima > tryk "Jeg tager den"
            """
        )
        one = await report(played, "ali")
        lists = [way for way in drawables((one,), played.house.clock.now()) if way.way == "csv"]
        assert "Bilag B · Aftalerne" in {way.of for way in lists}
        [drawn] = (way.draw() for way in lists if way.of == "Bilag B · Aftalerne")
        assert drawn.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(drawn.decode("utf-8-sig")), delimiter=";"))
        assert rows[1][0] == "'=HYPERLINK(1) på køkkenet"


# --- editions -----------------------------------------------------------------------------

MADE = 'anne > /digi rapport\nanne > tryk "Lav MED-udgaven"\n'


async def edition(played: Stage, person: str) -> FinishedDocument:
    return await sheet(played, person, "edition_file", await _first(played))


async def _first(played: Stage) -> str:
    """Return the id of the first edition."""
    house, project = played.house, await project_of(played)
    found = await house.database.read(house.scripts.reading.look, TENANT, project, (REPORT,))
    return str(found[REPORT].read_as(Reports).editions[0].id)


async def test_an_edition_never_changes(tmp_path: Path) -> None:
    """What comes later is in no edition: a conclusion, an agreement that is done, a concern, and a
    year in which nobody wrote. The draft beside it has all of it."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + PROMISED + MADE)
        before = [draw(await edition(played, "ali")) for draw in (docx.draw, html.draw, data.draw)]
        await played.play(
            'fatima > tryk "Svar"\nfatima > udfyld "Dit svar=Roen"\n'
            + SUMMED_UP
            + """
            fatima > /digi aftaler
            fatima > tryk "Klaret"
            anne > /digi løfter
            anne > tryk "Ret løftet"
            anne > udfyld "Hvad skal"="Hurtigere"
            anne > /digi indstillinger
            anne > udfyld "Planlagt beslutning"=2027-05-03
            ur > til 2027-11-02 10:00
            """
        )
        after = [draw(await edition(played, "ali")) for draw in (docx.draw, html.draw, data.draw)]
        assert after == before
        assert "Vi prøver det af på ét hold." in everything_in(await report(played, "ali"))


async def test_no_phrase_of_an_edition_is_looked_up_again(tmp_path: Path) -> None:
    """A later version of Digi may word them anew, or have them no more."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + ALLOWED + MADE)
        kept = json.dumps(await _stored(played))
        assert "Planlagt" in kept or "Ingen har sat en dato." in kept
        assert '"type": "text"' not in kept


async def _stored(played: Stage) -> object:
    house, project, fact = played.house, await project_of(played), Records("edition")
    found = await house.database.read(house.scripts.reading.look, TENANT, project, (fact,))
    return [one.body for one in found[fact]]


async def test_representatives_say_once_that_they_have_seen_it(tmp_path: Path) -> None:
    """With the day and their remark; who has not is named as such."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + MADE)
        found = everything_in(await edition(played, "anne"))
        assert found.count("Ikke endnu") >= 2
        await played.play(
            """
            mette > /digi rapport
            mette > tryk "Jeg har set den"
            mette > udfyld "Din bemærkning"="Natholdet er ikke spurgt."
            """
        )
        again = EditionSeen(project=await project_of(played), edition=await _first(played))
        await played.send(
            "mette", Pressed(write_press(played.house.vault, TENANT, again)), private=True
        )
        played.acts += 1
        [seen] = _seen(plain_text(await edition(played, "ali")))
        [table] = seen.passages
        assert isinstance(table, DataTable)
        assert [row[0] for row in table.rows] == ["Mette Krogh (TR)", "Jonas Friis (AMR)"]
        assert table.rows[0][2] == "Natholdet er ikke spurgt."
        assert table.rows[1][1] == "Ikke endnu"


def _seen(one: Document[str]) -> tuple[Section[str], ...]:
    return tuple(part for part in one.sections if part.heading == "Set af TR og AMR")


async def test_what_is_erased_or_taken_back_is_gone_from_an_edition(tmp_path: Path) -> None:
    """A name that is erased, and a text that its author withdrew."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN + ALLOWED + say_to_all((*WRITERS[1:], "sofie")) + "ur > en uge\n" + MADE
        )
        found = everything_in(await edition(played, "ali"))
        assert "Bekymring af sofie" in found
        assert "Fatima Yildiz" in found
        await played.play(
            """
            sofie > /digi kode
            sofie > udfyld "Din kode"="{kode}"
            sofie > tryk "Træk teksten tilbage"
            sofie > send
            ur > en uge
            """
        )
        await played.house.upkeep.erase_person(TENANT, "fatima")
        found = everything_in(await edition(played, "ali"))
        assert "Bekymring af sofie" not in found
        assert "Fatima" not in found
        assert "Spørg om ruteplanen" in found


async def test_an_edition_of_another_project_is_not_there(tmp_path: Path) -> None:
    """Nor one that never was: the same answer."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN + MADE)
        look = Look("edition_file", project=await project_of(played), ref="f" * 32)
        answer = await played.send(
            "ali", Pressed(write_press(played.house.vault, TENANT, look)), private=True
        )
        assert not answer.files
        assert "Den udgave har jeg ikke." in str(answer.cards)
