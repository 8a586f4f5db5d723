"""What stays of a deleted project: what both sides chose, without people, for two years."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.documents import docx, html
from bot.platforms.common.ports import Delivery, Sender, TypedText
from bot.server.backup_files import restore
from tests.dialogs.test_sheets import words_in
from tests.worlds.house import asked
from tests.worlds.sheets import sheet
from tests.worlds.stage import COPENHAGEN, PEOPLE, TENANT, Stage, stage, text_of

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh" AMR="Jonas Friis"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > send
jonas > tryk "Jeg er AMR"
jonas > send
anne > tryk "Vis det i kanalen"
anne > /digi løfter
anne > tryk "Skriv et løfte"
anne > udfyld "Hvad skal"="Ti minutter mere" "Hvilken"=Teamlederen
"""
ENDED = """
anne > /digi afslut
anne > tryk "Slut forløbet"
anne > udfyld "Hvorfor slutter"="Den er i drift" "Hvad bør de næste"="Begynd om natten"
"""
ONE_HOUR = timedelta(hours=1)
KEPT = "SELECT kind, outlives, until_us FROM keepsake ORDER BY kind"
DELETED = datetime(2028, 2, 4, 9, tzinfo=COPENHAGEN)
YEARS_LATER = datetime(2030, 2, 6, 9, tzinfo=COPENHAGEN)


@asynccontextmanager
async def begun(folder: Path, either: str = "") -> AsyncIterator[Stage]:
    async with stage(folder, either=either) as played:
        await played.play(BEGUN)
        yield played


async def chooses(played: Stage, person: str, label: str = "Gem det efter sletningen") -> None:
    await played.type(person, "/digi løfter")
    await played.press(person, "Hvad bliver gemt?")
    await played.press(person, label)


async def lessons(played: Stage, person: str) -> str:
    await played.type(person, "/digi erfaringer", private=True)
    return played.just(person)


@pytest.mark.parametrize(
    ("who", "stays"),
    [((), False), (("anne",), False), (("mette",), False), (("anne", "mette"), True)],
)
async def test_promises_and_lesson_stay_only_where_both_sides_chose_so(
    tmp_path: Path, either: str, who: tuple[str, ...], *, stays: bool
) -> None:
    """Otherwise both are deleted with the project; what stays is deleted two years later."""
    async with begun(tmp_path, either) as played:
        for person in who:
            await chooses(played, person)
        await played.play(ENDED)
        await played.move(DELETED)
        assert asked(tmp_path, either, "SELECT * FROM project") == []
        kinds = [row[0] for row in asked(tmp_path, either, KEPT)]
        assert kinds == (["lesson", "sheet"] if stays else [])
        assert ("Løfter: Ny omsorgsplatform" in await lessons(played, "peter")) is stays
        assert ("Begynd om natten" in played.just("peter")) is stays
        await played.move(YEARS_LATER)
        assert asked(tmp_path, either, KEPT) == []
        assert "Ny omsorgsplatform" not in await lessons(played, "peter")


async def test_what_stays_names_nobody_and_holds_nothing_from_elsewhere(tmp_path: Path) -> None:
    """Neither who promised, chose, judged or ended, nor a reason; also not on paper."""
    async with begun(tmp_path) as played:
        for person in ("anne", "mette"):
            await chooses(played, person)
        await played.play(
            ENDED
            + """
            ur > til 2027-02-02 08:05
            peter > tryk "Delvis"
            peter > tryk "Skriv en linje"
            peter > udfyld "En linje"="Kun om dagen"
            """
        )
        project = project_id(tmp_path)
        await played.move(DELETED)
        vault = played.house.vault
        bodies = "".join(
            vault.open(bytes(body), "keepsake", tenant, id).decode()
            for tenant, id, body in asked(tmp_path, "", "SELECT tenant, id, body FROM keepsake")
        )
        for told in ("Ti minutter mere", "Teamlederen", "Kun om dagen", "Begynd om natten"):
            assert told in bodies
        for id, name in PEOPLE.items():
            assert f'"{id}"' not in bodies
            assert name.split()[0] not in bodies
        assert "Den er i drift" not in bodies
        assert project not in bodies
        await lessons(played, "peter")
        await played.press("peter", "Løfter: Ny omsorgsplatform")
        [(id,)] = asked(tmp_path, "", "SELECT id FROM keepsake WHERE kind = 'sheet'")
        made = await sheet(played, "peter", "kept_promises_file", ref=id, of="-")
        for drawn in (docx.draw(made), html.draw(made)):
            assert "Kun om dagen" in words_in(drawn)
            assert "Er det lovet eller forventet?" in words_in(drawn)
            assert "Peter" not in words_in(drawn)


def project_id(home: Path, either: str = "") -> str:
    [(id,)] = asked(home, either, "SELECT id FROM project")
    return str(id)


async def test_a_choice_is_the_side_s_and_whoever_follows_can_take_it_back(tmp_path: Path) -> None:
    """A new TR sees what the one before chose, and chooses otherwise; an AMR does not choose
    beside a TR, and the facilitator never."""
    async with begun(tmp_path) as played:
        await chooses(played, "anne")
        await chooses(played, "mette")
        await played.type("jonas", "/digi løfter")
        await played.press("jonas", "Hvad bliver gemt?")
        assert "Gem det" not in played.just("jonas")
        await played.play(
            """
            mette > /digi roller
            mette > tryk "Jeg er ikke længere TR her"
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld TR="Sofie Bæk"
            sofie > tryk "Jeg er TR"
            sofie > send
            """
        )
        await played.type("sofie", "/digi løfter")
        await played.press("sofie", "Hvad bliver gemt?")
        assert "Valgt af Mette Krogh" in played.just("sofie")
        await played.press("sofie", "Gem det ikke")
        assert [row[0] for row in asked(tmp_path, "", KEPT)] == []


async def test_where_there_is_no_tr_the_amr_chooses(tmp_path: Path) -> None:
    """A project need not have a union representative."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN.replace('TR="Mette Krogh" ', "").replace(
                'mette > tryk "Jeg er TR"\nmette > send\n', ""
            )
        )
        await chooses(played, "anne")
        await chooses(played, "jonas")
        assert [row[:2] for row in asked(tmp_path, "", KEPT)] == [("sheet", 1)]


async def test_what_was_taken_back_does_not_return_with_an_older_backup(tmp_path: Path) -> None:
    """The backup knows that both had chosen; the tombstones beside it know better."""
    away = tmp_path / "away"
    away.mkdir()
    home = tmp_path / "home"
    async with begun(home) as played:
        await chooses(played, "anne")
        await chooses(played, "mette")
        await played.play(ENDED)
        old = await played.house.upkeep.backup(away)
        assert len(asked(home, "", KEPT)) == 2
        await played.type("mette", "/digi løfter")
        await played.press("mette", "Hvad bliver gemt?")
        await played.press("mette", "Gem det ikke")
        await played.house.upkeep.erase_project(project_id(home))
        vault = played.house.vault
    await restore(vault, old, home / "digi.db", home, home / "backups", over=True)
    assert asked(home, "", KEPT) == []


async def test_a_backup_from_before_the_deletion_still_has_what_was_to_stay(tmp_path: Path) -> None:
    """It was written while the project lived, so restoring deletes the project and not this."""
    away = tmp_path / "away"
    away.mkdir()
    home = tmp_path / "home"
    async with begun(home) as played:
        await chooses(played, "anne")
        await chooses(played, "mette")
        await played.play(ENDED)
        old = await played.house.upkeep.backup(away)
        await played.type("anne", "/digi slet")
        await played.press("anne", "Hele forløbet")
        assert "Løfterne og erfaringen er gemt uden navne" in played.just("anne")
        proofs = await played.house.upkeep.backup()
        assert proofs.exists()
        vault = played.house.vault
    await restore(vault, old, home / "digi.db", home, home / "backups", over=True)
    assert asked(home, "", "SELECT * FROM project") == []
    assert [(kind, until > 0) for kind, _, until in asked(home, "", KEPT)] == [
        ("lesson", True),
        ("sheet", True),
    ]


async def test_the_proof_says_what_was_kept_and_the_operator_can_delete_it(
    tmp_path: Path, either: str
) -> None:
    """`erase project` takes all of it, also when the project is gone already."""
    async with begun(tmp_path, either) as played:
        await chooses(played, "anne")
        await chooses(played, "mette")
        await played.play(ENDED)
        project = project_id(tmp_path, either)
        await played.move(DELETED)
        [proof] = [one.read_text(encoding="utf-8") for one in (tmp_path / "proofs").iterdir()]
        assert f"Beholdt af forløb {project} til 2030-01-" in proof
        said = await played.house.upkeep.erase_project(project)
        assert "Slettede løfter og erfaringer, som skulle være gemt efter et forløb: 2." in said
        assert "Beholdt af forløb" not in said
        assert asked(tmp_path, either, KEPT) == []


async def test_the_sheet_is_read_in_its_channel_only_and_lessons_not_by_guests(
    tmp_path: Path,
) -> None:
    """Somebody who is not there gets the same answer as where nothing was kept; a person of another
    organisation reads no lesson of this workplace."""
    there = tuple(person for person in PEOPLE if person != "karen")
    async with stage(tmp_path, team=there) as played:
        await played.play(BEGUN)
        await chooses(played, "anne")
        await chooses(played, "mette")
        await played.play(ENDED)
        await played.move(DELETED)
        assert "Løfter: Ny" not in await lessons(played, "karen")
        assert "Begynd om natten" in played.just("karen")
        guest = Sender("peter", "Peter Lund", foreign=True)
        typed = TypedText("/digi erfaringer")
        answer = await played.house.engine.receive(Delivery(TENANT, guest, "as a guest", typed))
        [shown] = [text_of(one) for one in answer.cards]
        assert "Begynd om natten" not in shown
        assert "Erfaringer her fra arbejdspladsen" not in shown
        assert "Løfter: Ny omsorgsplatform" in shown


async def test_a_lesson_of_another_kind_of_workplace_is_not_offered(tmp_path: Path) -> None:
    """Only projects of the same kind are; without a project, all are."""
    async with stage(tmp_path) as played:
        await played.play(
            BEGUN
            + ENDED.replace("Slut forløbet", "Vi stopper her").replace("Hvorfor slutter", "Hvorfor")
        )
        assert "Begynd om natten" in await lessons(played, "fatima")
        await played.play(
            """
            anne > /digi start
            anne > udfyld Navn="Ny tavle" "Flere valg"="Jeg vil"
            anne > udfyld Slags=Skole
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            """
        )
        assert "Begynd om natten" not in await lessons(played, "fatima")
        assert "Der er ingen erfaringer" in played.just("fatima")


async def test_five_lessons_are_on_a_page_and_the_rest_behind_a_button(tmp_path: Path) -> None:
    """Also the thousandth row is reached; a resumed project's lesson is no longer offered."""
    async with stage(tmp_path) as played:
        for n in range(7):
            await played.play(
                f"""
                anne > /digi start Forløb {n}
                anne > tryk "Jeg er leder"
                anne > tryk "Vis det i kanalen"
                anne > /digi afslut
                anne > tryk "Vi stopper her"
                anne > udfyld "Hvorfor"="Nok" "Hvad bør de næste"="Lære {n}"
                """
            )
            await played.move(played.house.clock.now() + ONE_HOUR)
        assert "Lære 6" in await lessons(played, "fatima")
        await played.press("fatima", "Se alle 7")
        page = played.just("fatima")
        assert [n for n in range(7) if f"Lære {n}" in page] == [2, 3, 4, 5, 6]
        await played.press("fatima", "Vis flere")
        page = played.just("fatima")
        assert [n for n in range(7) if f"Lære {n}" in page] == [0, 1]


async def test_a_project_that_goes_on_offers_its_lesson_to_nobody(tmp_path: Path) -> None:
    """Its lesson is not written yet. What was written stands in the form when it ends again."""
    async with begun(tmp_path) as played:
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Ikke nu"
            anne > udfyld "Hvorfor"="Ikke klar" "Hvad bør de næste"="Vent med låsene"
            """
        )
        assert [row[0] for row in asked(tmp_path, "", KEPT)] == ["lesson"]
        await played.type("anne", "/digi fortsæt")
        assert asked(tmp_path, "", KEPT) == []
        await played.type("anne", "/digi afslut")
        await played.press("anne", "Vi stopper her")
        assert "Vent med låsene" in played.just("anne")
