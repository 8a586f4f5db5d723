"""Which entries count as human in Teams' list of a channel's members."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dialogs.model import facts as f
from tests.worlds.stage import PEOPLE
from tests.worlds.teams.state import ELSEWHERE, Person, id_of
from tests.worlds.teams.trouble import Says
from tests.worlds.teams.world import BOT
from tests.worlds.teams_fixtures import Place, in_teams

FOUR = {one: PEOPLE[one] for one in ("anne", "sofie", "mette", "peter")}
EVERYBODY = set(map(id_of, FOUR))
BEGINS = """
    anne > @Digi start Ny omsorgsplatform
    anne > tryk "Jeg er leder"
    anne > tryk "Vis det i kanalen"
"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home", people=FOUR) as found:
        await found.hands.play(BEGINS)
        yield found


def joins(place: Place, handle: str, **more: Any) -> Person:
    """Add a person or bot to the channel without notifying Digi."""
    person = place.hands.meet(handle, f"Navn {handle}")
    for name, value in more.items():
        setattr(person, name, value)
    return person


async def counted(place: Place, fact: f.Fact[tuple[str, ...]] | None = None) -> set[str]:
    """Return who counts toward the project's thresholds."""
    tenant = place.hands.tenant
    [project] = await place.house.database.read(
        place.house.scripts.reading.projects_of, tenant, id_of("anne")
    )
    fact = fact or f.Team()
    known = await place.house.database.read(
        place.house.scripts.reading.look, tenant, project.id, (fact,)
    )
    return set(known[fact])


async def asks_again(place: Place, seconds: float) -> None:
    await place.world.clock.sleep(seconds)
    place.door.edge.ask_again()
    await place.door.edge.quiet()


async def test_each_entry_of_the_list_counts_as_what_it_is(place: Place) -> None:
    """Digi and other bots are no members, even with a directory id. Accounts, including guests,
    count; anonymous participants are served and do not count."""
    guest, foreign = joins(place, "gæst", role="guest"), joins(place, "fremmed", tenant=ELSEWHERE)
    joins(place, "robot", bot=True)
    joins(place, "agent", role="bot")
    nameless = joins(place, "navnløs", directory=False)
    anonymous = joins(place, "anonym", role="anonymous")
    await place.door.edge.gather()
    people = EVERYBODY | {guest.id, foreign.id}
    assert await counted(place) == people
    there = await counted(place, f.Present())
    assert there == people | {nameless.address, anonymous.id}
    assert BOT not in there
    place.world.home.people["sofie"].installed = True
    await place.hands.press("sofie", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("sofie")


async def test_four_people_are_four_among_bots(place: Place) -> None:
    """The protection of small teams works from the first lookup on."""
    for n in range(3):
        joins(place, f"robot{n}", bot=True)
        joins(place, f"ukendt{n}", directory=False)
    await place.door.edge.gather()
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    assert "Jeg kender kun 3, der kan skrive her uden navn." in place.hands.just("sofie")


async def test_a_channel_that_teams_did_not_tell_of_is_asked_about_again(place: Place) -> None:
    """Soon, not the next day: after the daily lookup and after an event; not before Retry-After,
    and not after a permanent error."""
    new = joins(place, "ny")
    place.world.plan("GET", Says(503))
    await place.door.edge.gather()
    assert await counted(place) == EVERYBODY
    assert place.told == [("teams members", "503")]
    await asks_again(place, 60)
    assert await counted(place) == EVERYBODY | {new.id}

    place.world.home.channels[place.hands.place].remove("ny")
    place.world.plan("GET", Says(429, after=600))
    activity = place.world.activity(
        place.world.home.people["anne"],
        place.hands.place,
        type="conversationUpdate",
        membersRemoved=[{"id": new.address}],
    )
    assert (await place.world.send(activity))[0] == 503
    await asks_again(place, 300)
    assert await counted(place) == EVERYBODY | {new.id}
    assert not place.world.too_early
    await asks_again(place, 301)
    assert await counted(place) == EVERYBODY

    place.world.plan("GET", Says(404))
    await place.door.edge.gather()
    calls = len(place.world.calls)
    await asks_again(place, 24 * 3600)
    assert len(place.world.calls) == calls


async def test_who_joined_without_an_event_is_asked_about_before_she_is_answered(
    place: Place,
) -> None:
    """Teams is asked once; a press that leads to an unsigned text asks nothing."""
    joins(place, "ny")

    def asked() -> int:
        return sum("members" in call.path for call in place.world.calls)

    before = asked()
    await place.hands.type("ny", "@Digi status")
    assert "Fase 1 af 4" in place.hands.just("ny")
    assert await counted(place) == EVERYBODY | {id_of("ny")}
    once = asked()
    await place.hands.type("ny", "@Digi status")
    assert before < once == asked()
