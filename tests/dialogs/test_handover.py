"""A project whose leader leaves: who may name a new one, and what the new one gets."""

from __future__ import annotations

from pathlib import Path

from bot.platforms.common.ports import Delivery, Members, Sender
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""
WITH_TR = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh" AMR="Jonas Friis"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
"""
WITH_DEPUTY = """
anne > /digi roller
anne > tryk "Skift roller"
anne > udfyld Stedfortræder="Peter Lund"
peter > tryk "Jeg er stedfortræder"
"""


async def present(played: Stage, *people: str, foreign: str = "") -> None:
    """Report that these are in the channel, and nobody else."""
    there = tuple(Sender(one, PEOPLE[one], foreign=one == foreign) for one in people)
    played.acts += 1
    delivery = Delivery(TENANT, Sender(""), f"there {played.acts}", Members(there), CHANNEL)
    await played.house.engine.receive(delivery)


def all_but(*gone: str) -> tuple[str, ...]:
    return tuple(one for one in PEOPLE if one not in gone)


async def test_the_tr_names_a_new_leader_when_the_old_one_has_left(tmp_path: Path) -> None:
    """Nobody else may, and a TR does not take it themselves. What was written to the old leader
    stays with them; the channel hears of it before and after."""
    async with stage(tmp_path) as played:
        await played.play(WITH_TR)
        await played.play(
            """
            sofie > /digi sig
            sofie > tryk "Med navn"
            sofie > udfyld Hvad=Bekymring "Din tekst"="Kun til Anne" "Hvem må læse"="Anne Holm"
            """
        )
        await present(played, *all_but("anne"))
        await played.play(
            """
            fatima > /digi roller
            fatima < "Lederen er ikke i kanalen længere. Mette Krogh kan finde en ny."
            fatima <! "Find en ny leder"
            mette > /digi roller
            mette > tryk "Find en ny leder"
            mette < "Det, der kun er skrevet til den gamle leder, får den nye ikke at se."
            mette > udfyld Leder=mette
            mette < "Den samme person kan ikke være både leder og TR"
            mette > udfyld Leder=bodil
            mette < "Jeg har spurgt Bodil Aagaard."
            kanal < "Mette Krogh har spurgt, om Bodil Aagaard vil være leder."
            anne < "Du er ikke længere i kanalen for Ny omsorgsplatform."
            mette > /digi roller
            mette < "Leder Anne Holm og Bodil Aagaard (er spurgt)"
            bodil > tryk "Jeg er leder" på "Du er spurgt"
            kanal < "Bodil Aagaard er nu leder af forløbet. Før var det Anne Holm."
            kanal < "Leder Bodil Aagaard"
            bodil > /digi bekymringer
            bodil <! "Kun til Anne"
            mette > /digi roller
            mette < "Leder Bodil Aagaard"
            """
        )
        assert "[Find en ny leder]" not in played.just("mette")


async def test_the_old_leader_can_put_an_end_to_it(tmp_path: Path) -> None:
    """A leader who is only out of the channel is told, and remains."""
    async with stage(tmp_path) as played:
        await played.play(WITH_TR)
        await present(played, *all_but("anne"))
        await played.play(
            """
            mette > /digi roller
            mette > tryk "Find en ny leder"
            mette > udfyld Leder=bodil
            anne > tryk "Skift roller" på "Du er ikke længere i kanalen"
            anne > send
            bodil > tryk "Roller" på "Du har ingen rolle"
            bodil < "Leder Anne Holm"
            """
        )
        assert "Bodil Aagaard" not in played.just("bodil")


async def test_anybody_may_where_nobody_nearer_is_left(tmp_path: Path) -> None:
    """The starter led it, and there is no representative: somebody offers to."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await present(played, *all_but("anne"))
        await played.play(
            """
            fatima > /digi roller
            fatima < "Lederen er ikke i kanalen længere. Alle her kan finde en ny."
            fatima > tryk "Find en ny leder"
            fatima > send
            fatima > udfyld Leder=fatima
            kanal < "Lederen er ikke i kanalen længere. Fatima Yildiz vil gerne være leder."
            fatima > tryk "Jeg er leder" på "Du er spurgt"
            kanal < "Fatima Yildiz er nu leder af forløbet. Før var det Anne Holm."
            fatima > /digi indstillinger
            fatima < "Indstillinger"
            """
        )


async def test_the_deputy_comes_before_the_representatives(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(WITH_TR + WITH_DEPUTY)
        await present(played, *all_but("anne"))
        await played.play(
            """
            mette > /digi roller
            mette < "Lederen er ikke i kanalen længere. Peter Lund kan finde en ny."
            mette <! "Find en ny leder"
            peter > /digi roller
            peter > tryk "Find en ny leder"
            """
        )
        await present(played, *all_but("anne", "peter"))
        await played.play(
            """
            mette > /digi roller
            mette > tryk "Find en ny leder"
            peter > udfyld Leder=bodil
            peter < "Mette Krogh kan finde en ny."
            """
        )


async def test_a_leader_who_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Also where the form was opened while they were away."""
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await present(played, *all_but("anne"))
        await played.play(
            """
            fatima > /digi roller
            fatima > tryk "Find en ny leder"
            """
        )
        await present(played, *PEOPLE)
        await played.play(
            """
            fatima > udfyld Leder=bodil
            fatima < "Forløbet har en leder, som selv kan give rollen videre."
            kanal <! "vil være leder"
            fatima > /digi roller
            """
        )
        assert "Find en ny leder" not in played.just("fatima")


async def test_nobody_has_left_where_the_platform_told_of_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path, team=()) as played:
        await played.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            anne > /digi roller
            anne < "Leder Anne Holm"
            anne <! "Lederen er ikke i kanalen længere"
            """
        )


async def test_people_of_another_organisation_neither_name_nor_become_leader(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await present(played, *all_but("anne"), foreign="omar")
        await played.play(
            """
            omar > /digi roller
            omar < "Lederen er ikke i kanalen længere."
            omar <! "Find en ny leder"
            fatima > /digi roller
            fatima > tryk "Find en ny leder"
            fatima > udfyld Leder=omar
            fatima < "Omar Said"
            """
        )
        assert "Omar Said vil" not in played.channel()


async def test_it_holds_after_the_end_too(tmp_path: Path) -> None:
    """Somebody has to follow up."""
    async with stage(tmp_path) as played:
        await played.play(WITH_TR)
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Platformen er i drift"
            """
        )
        await present(played, *all_but("anne"))
        await played.play(
            """
            mette > /digi roller
            mette > tryk "Find en ny leder"
            mette > udfyld Leder=bodil
            bodil > tryk "Jeg er leder" på "Du er spurgt"
            kanal < "Bodil Aagaard er nu leder af forløbet. Før var det Anne Holm."
            """
        )


TOLD = "har ikke været i kanalen i to arbejdsdage"


async def test_nobody_is_told_of_a_leader_who_comes_back(tmp_path: Path) -> None:
    """Neither in private nor in the channel; whoever is told is told once, however often the
    members are looked up."""
    async with stage(tmp_path) as played:
        await played.play(WITH_TR)
        await present(played, *all_but("anne"))
        await played.play("ur > til 2026-11-03 12:00")
        await present(played, *PEOPLE)
        await played.play("ur > en uge")
        assert TOLD not in played.private("mette") + played.channel()
        await present(played, *all_but("anne"))
        await present(played, *all_but("anne"))
        await played.play("ur > en uge")
        await present(played, *all_but("anne", "emil"))
        await played.play("ur > en uge")
        assert played.private("mette").count(TOLD) == 1
        assert TOLD not in played.channel()


async def test_the_channel_is_told_where_nobody_nearer_is_left(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        await present(played, *all_but("anne"))
        await played.play(
            """
            ur > til 2026-11-04 09:00
            kanal < "Lederen af forløbet om Ny omsorgsplatform har ikke været i kanalen"
            fatima > tryk "Find en ny leder"
            fatima > udfyld Leder=bodil
            kanal < "Fatima Yildiz har spurgt, om Bodil Aagaard vil være leder."
            """
        )


async def test_nothing_is_said_of_the_leader_of_a_project_that_is_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(WITH_TR)
        await present(played, *all_but("anne"))
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Platformen er i drift"
            ur > en uge
            """
        )
        assert TOLD not in played.private("mette") + played.channel()
