"""Readers for the committee: who may be one, and what they see outside the project's channel."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.tokens import write_press
from bot.platforms.common.ports import AtHome, Delivery, Members, Pressed, Sender
from content.catalogue import load
from dialogs.model import events as e
from dialogs.model.effects import FieldError, Grant, Say, Show
from dialogs.model.facts import Known, Prefs, PrefsOf, Project, Role, Roles
from dialogs.model.facts import Stage as ProjectStage
from dialogs.project import readers
from tests.worlds.sheets import project_of
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, stage, text_of

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > udfyld "Hvilken fagforening"=FOA
anne > tryk "Vis det i kanalen"
"""
READS = """
mette > /digi rapport
mette > tryk "Vælg læsere"
mette > udfyld "Læsere for MED-udvalget"="Karen Dahl"
karen > tryk "Ja, jeg læser med"
"""
NO_LONGER = """
mette > /digi rapport
mette > tryk "Vælg læsere"
mette > udfyld "Læsere for MED-udvalget"=""
mette < "Dem, du fjernede, kan ikke læse rapporten mere."
karen < "Du læser ikke længere rapporten om Ny omsorgsplatform."
karen privat > rapport
karen < "Du er ikke med i noget forløb endnu."
"""


async def leaves(played: Stage, person: str) -> None:
    """Report that everybody but this person is in the channel."""
    left = Members(tuple(Sender(one, name) for one, name in PEOPLE.items() if one != person))
    played.acts += 1
    key = f"left {played.acts}"
    await played.house.engine.receive(Delivery(TENANT, Sender(""), key, left, CHANNEL))


async def answer_to(played: Stage, person: str, typed: str) -> str:
    """What somebody reads who types this in the private chat."""
    await played.type(person, typed, private=True)
    return "\n".join(text_of(card) for card in played.shown[person])


async def pressed_in_private(played: Stage, person: str, press: e.Press) -> str:
    played.acts += 1
    token = Pressed(write_press(played.house.vault, TENANT, press))
    sent = Delivery(TENANT, Sender(person, PEOPLE[person]), f"press {played.acts}", token)
    answer = await played.house.engine.receive(sent)
    return "\n".join(text_of(card) for card in answer.cards)


async def home_of(played: Stage, person: str) -> str:
    played.acts += 1
    sent = Delivery(TENANT, Sender(person, PEOPLE[person]), f"home {played.acts}", AtHome())
    answer = await played.house.engine.receive(sent)
    return "\n".join(text_of(card) for card in answer.cards)


async def test_a_reader_outside_the_channel_sees_the_report_and_nothing_else(
    tmp_path: Path, either: str
) -> None:
    """Neither a command nor help nor their own page tells them more; and once they are no longer a
    reader, a button that they still have refuses, and the project is not on their page."""
    async with stage(tmp_path, either=either) as played:
        await played.play(BEGUN)
        await leaves(played, "karen")
        await played.play(READS)
        only = "jeg kan ikke vise dig andet fra forløbet. Skriv /digi rapport"
        assert only in await answer_to(played, "karen", "status")
        helped = await answer_to(played, "karen", "hjælp")
        assert "Du læser rapporten om Ny omsorgsplatform for MED-udvalget." in helped
        assert "[Se rapporten] [Dine tider og dit sprog]" in helped
        assert "/digi status" not in helped
        assert "[Hent rapporten] [Forløb i samme enhed]\n" in await answer_to(
            played, "karen", "rapport"
        )
        home = await home_of(played, "karen")
        assert "Ny omsorgsplatform" in home
        assert "Se rapporten" in home
        assert "Hvor er vi nu?" not in home
        await played.play(NO_LONGER)
        assert "Ny omsorgsplatform" not in await home_of(played, "karen")
        wanted = e.FileWanted(project=await project_of(played), view="report_file")
        refused = await pressed_in_private(played, "karen", wanted)
        assert refused.startswith("Du læser ikke længere rapporten for MED-udvalget.")


# --- who may be one -----------------------------------------------------------------------


def chosen(*people: str, stage: ProjectStage = "running", foreign: str = "") -> Any:
    """Return the effects of choosing these people, where Karen reads and Omar is asked."""
    project = Project(id="p", name="Ny", channel="C", stage=stage, starter="anne", drafted_at=AT)
    facts: dict[Any, Any] = {
        Roles(): (Role("karen", "reader", "confirmed"), Role("omar", "reader", "asked")),
        **{PrefsOf(one): Prefs(foreign=one == foreign) for one in people},
    }
    event = e.ReadersChosen(project="p", by="anne", at=AT, id="x", people=people)
    return readers.decide(project, event, Known(load(), facts))[1]


def test_nobody_of_another_organisation_is_asked() -> None:
    """The error names them, and nobody else is asked either."""
    [fault] = chosen("karen", "noor", foreign="noor")
    assert isinstance(fault, FieldError)
    assert "noor" in str(fault)


def test_a_draft_has_no_readers() -> None:
    """It has no report."""
    assert [type(one) for one in chosen("noor", stage="draft")] == [FieldError]


def test_whoever_is_left_out_no_longer_reads_and_nobody_is_asked_twice() -> None:
    """Who had not said yes is not spoken of in the channel."""
    effects = chosen("karen", "noor", "noor")
    assert [one for one in effects if isinstance(one, Grant)] == [
        Grant("omar", "reader", "declined"),
        Grant("noor", "reader", "asked"),
    ]
    assert not [one for one in effects if isinstance(one, Say)]
    assert [one for one in chosen() if isinstance(one, Grant)] == [
        Grant("karen", "reader", "was"),
        Grant("omar", "reader", "declined"),
    ]
    assert len([one for one in chosen() if isinstance(one, Say)]) == 1


def test_after_the_end_nothing_is_said_in_the_channel() -> None:
    """It may have another project by then; the report can still be read."""
    effects = chosen("noor", stage="ended")
    assert Grant("noor", "reader", "asked") in effects
    assert not [one for one in effects if isinstance(one, Say)]


def test_the_same_people_once_more_change_nothing() -> None:
    """The answer says so."""
    assert [type(one) for one in chosen("karen", "omar")] == [Show]
