"""Agreements whose owner has left, and agreements during a pause."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.platforms.common.ports import Delivery, Members, Pressed, Sender
from tests.worlds.stage import CHANNEL, COPENHAGEN, PEOPLE, TENANT, Stage, stage

TAKEN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
anne > /digi aftaler
anne > tryk "Skriv en aftale ned"
anne > udfyld "Hvad har=Hent tallene" "Hvem gør=Peter Lund" Hvornår=2026-11-13
peter > tryk "Jeg tager den"
"""


async def leaves(found: Stage, person: str) -> None:
    there = tuple(Sender(p, name) for p, name in PEOPLE.items() if p != person)
    await found.house.engine.receive(
        Delivery(TENANT, Sender(""), f"without:{person}", Members(there), CHANNEL)
    )


async def test_the_leader_carries_on_an_agreement_whose_owner_has_gone(tmp_path: Path) -> None:
    """While the owner is a member nobody else can change it; afterwards the leader can."""
    async with stage(tmp_path) as found:
        await found.play(TAKEN)
        await found.play('anne > /digi aftaler\nanne <! "[Klaret]"')
        await leaves(found, "peter")
        await found.play(
            """
            sofie > /digi aftaler
            sofie < "Peter Lund har taget den."
            sofie <! "[Klaret]"
            anne > /digi aftaler
            anne > tryk "Ny dato"
            anne > udfyld Hvornår=2026-11-20
            anne < "har fået en ny dato: fredag den 20. november."
            anne > /digi aftaler
            anne > tryk "Klaret"
            anne < "er klaret."
            """
        )


async def test_a_pause_holds_back_a_reminder_until_the_project_goes_on(tmp_path: Path) -> None:
    """Nothing is sent during a pause; afterwards a date that has passed is asked about once."""
    async with stage(tmp_path) as found:
        await found.play(TAKEN)
        await found.play("anne > /digi pause forløbet\nanne > send")
        await found.move(datetime(2026, 11, 24, 12, tzinfo=COPENHAGEN))
        assert "Hent tallene" not in found.private("peter", since_last_act=True)
        await found.play("anne > /digi fortsæt")
        await found.move(datetime(2026, 12, 4, 12, tzinfo=COPENHAGEN))
        asked = found.private("peter", since_last_act=True)
        assert asked.count("Aftalen her skulle være klaret fredag den 13. november.") == 1
        assert "Til huskesedlen" not in asked


async def test_an_old_button_says_what_is_true_now(tmp_path: Path) -> None:
    """A press from a window that has not been redrawn yet changes nothing."""
    async with stage(tmp_path) as found:
        await found.play(TAKEN)
        labels = ("Klaret", "Ny dato", "Ikke klaret")
        old = [found._button("peter", label, "Hent tallene") for label in labels]
        await found.play('peter > tryk "Klaret"')
        for token in old:
            await found._act("peter", Pressed(token))
            assert "er allerede klaret." in found.just("peter")
