"""Only members known to be human count toward a threshold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.common.ports import Delivery, Members, Sender
from bot.platforms.web.playground.people import CHANNELS
from bot.platforms.web.playground.people import PEOPLE as WEB_PEOPLE
from bot.platforms.web.playground.people import TENANT as WEB_TENANT
from bot.server.build import House
from dialogs.model import facts as f
from dialogs.say.states import SayState
from storage.sql import Row, Script
from tests.anonymity.web_hands import in_browser
from tests.worlds.house import CHANNEL, PROJECT, TENANT, a_house, found
from tests.worlds.stage import CHANNEL as STAGE_CHANNEL
from tests.worlds.stage import PEOPLE, Stage, stage
from tests.worlds.stage import TENANT as STAGE_TENANT

BEGINS = """
    anne > /digi start Ny omsorgsplatform
    anne > tryk "Jeg er leder"
    anne > tryk "Vis det i kanalen"
    anne > /digi næste
"""


@pytest.fixture
async def house(tmp_path: Path, either: str) -> AsyncIterator[House]:
    async with a_house(tmp_path / "home", either=either) as built:
        await found(built)
        yield built


async def seen(house: House, channel: str, members: Members) -> None:
    key = f"members {house.tally.turns}"
    answer = await house.engine.receive(Delivery(TENANT, Sender(""), key, members, channel))
    assert not answer.undone


async def team(house: House, fact: f.Fact[tuple[str, ...]], project: str = PROJECT) -> set[str]:
    answered = await house.database.read(house.scripts.reading.look, TENANT, project, (fact,))
    return set(answered[fact])


async def test_who_is_not_known_to_be_a_person_is_there_and_does_not_count(house: House) -> None:
    """They are served as members. A person of another organisation, who may also write, does
    count."""
    people = (Sender("anne"), Sender("gæst", foreign=True))
    await seen(house, CHANNEL, Members(people, (Sender("ukendt"),)))
    assert await team(house, f.Team()) == {"anne", "gæst"}
    assert await team(house, f.Present()) == {"anne", "gæst", "ukendt"}
    for person in ("anne", "gæst", "ukendt"):
        standing = await house.database.read(
            house.scripts.reading.standing, TENANT, PROJECT, CHANNEL, person
        )
        assert standing[3], person


async def test_whoever_was_known_stays_known_when_the_platform_is_silent(house: House) -> None:
    """This holds in this channel and all others of the workplace, until the platform says
    otherwise."""
    await found(house, "p2", channel="C2")
    await seen(house, CHANNEL, Members((Sender("anne"), Sender("bo"))))
    for channel, project in ((CHANNEL, PROJECT), ("C2", "p2")):
        await seen(house, channel, Members((), (Sender("anne"), Sender("bo"), Sender("cy"))))
        assert await team(house, f.Team(), project) == {"anne", "bo"}
    await seen(house, CHANNEL, Members((Sender("anne"),)))
    assert await team(house, f.Present()) == {"anne"}


async def test_an_older_database_counts_nobody_before_they_are_looked_up(house: House) -> None:
    """Databases of earlier versions store who is in a channel, but not who is human."""
    await house.database.tx(_as_before, house)
    assert await team(house, f.Team()) == set()
    assert await team(house, f.Present()) == {"anne"}


def _as_before(house: House) -> Script[None]:
    yield "member_add", {"tenant": TENANT, "channel": CHANNEL, "person": "anne", "counts": 0}


async def test_everybody_of_the_playground_counts_at_every_start(tmp_path: Path) -> None:
    """In the playground all are human, also in a database of an earlier version."""
    async with in_browser(tmp_path / "home") as played:
        for _ in range(2):
            await played.house.database.tx(_clears)
            await played.house.gather_playground()
            rows = await played.house.database.read(_counting)
            assert {row["person"] for row in rows} == {one.id for one in WEB_PEOPLE}


def _clears() -> Script[None]:
    yield "clear_member", {"tenant": WEB_TENANT}


def _counting() -> Script[list[Row]]:
    return (yield "member_counting", {"tenant": WEB_TENANT, "channel": CHANNELS[0].id})


# --- the thresholds -----------------------------------------------------------------------

FOUR = ("anne", "sofie", "mette", "peter")
OTHERS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7")


async def _are_there(played: Stage, people: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    members = Members(
        tuple(Sender(one, PEOPLE[one]) for one in people), tuple(Sender(one) for one in unknown)
    )
    await played.house.engine.receive(
        Delivery(STAGE_TENANT, Sender(""), "members again", members, STAGE_CHANNEL)
    )


async def test_a_small_team_is_protected_however_many_bots_are_with_it(tmp_path: Path) -> None:
    """The extra confirmation, the count of writers, the biweekly release, and holding back answers
    all work as if only the seven were there."""
    async with stage(tmp_path / "home", team=FOUR) as played:
        await _are_there(played, FOUR, OTHERS)
        await played.play(BEGINS)
        say = await _say(played)
        assert say.every_weeks == 2
        await played.play(
            """
            sofie > tryk "Sig det"
            sofie > tryk "Uden navn"
            sofie < "Jeg kender kun 3, der kan skrive her uden navn."
            sofie > udfyld Hvad=Bekymring Din="Vi mister roen" Hvem="Anne Holm"
            sofie < "Vælg en af mulighederne."
            sofie > tryk "Svar uden navn"
            sofie < "Mindst 3 må skrive; 3 har ikke svaret med navn."
            sofie < "Jeg kender kun 3, der må skrive her uden navn."
            sofie > udfyld "Dit svar"="Pauserne er for korte" "Vil du"="Ja"
            sofie < kode
            anne > tryk "Led samtalen"
            anne > tryk "Luk for svar"
            anne > tryk "Se svar"
            anne <! "Pauserne er for korte"
            """
        )


async def test_a_team_of_whom_nobody_is_known_is_served_and_told_so(tmp_path: Path) -> None:
    """They can press and write like others, and no number is shown."""
    async with stage(tmp_path / "home", team=()) as played:
        await _are_there(played, (), (*FOUR, *OTHERS))
        await played.play(BEGINS)
        await played.play(
            """
            sofie > tryk "Sig det"
            sofie > tryk "Uden navn"
            sofie < "Jeg ved ikke, hvem der ellers kan skrive her uden navn."
            sofie > udfyld Hvad=Bekymring Din="Vi mister roen" Hvem="Anne Holm" "I er få"="Jeg har"
            sofie < kode
            sofie > tryk "Svar uden navn"
            sofie < "Jeg ved ikke, hvem der ellers må skrive her uden navn."
            peter > tryk "Svar"
            peter > udfyld "Dit svar"="Pauserne"
            kanal < "1 har svaret med navn"
            """
        )


async def _say(played: Stage) -> SayState:
    [state] = [
        body
        for dialog, _, body in await played.house.database.read(
            played.house.scripts.reading.all_states, STAGE_TENANT
        )
        if dialog == "say"
    ]
    found: SayState = f.reader(SayState).decode(state)
    return found
