"""Which accounts count as human in Slack, with bots in the channel and lookups that fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.slack.directory import AT_ONCE, known_of
from dialogs.model import facts as f
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.state import Dict
from tests.worlds.slack.trouble import Limited, Says, Trouble
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack
from tests.worlds.stage import PEOPLE

TENANT = "slack:T0PLEJEN"
FOUR = {one: PEOPLE[one] for one in ("anne", "sofie", "mette", "peter")}
BEGINS = """
    anne > /digi start Ny omsorgsplatform
    anne > tryk "Jeg er leder"
    anne > tryk "Vis det i kanalen"
"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home", people=FOUR) as found:
        yield found


def joins(place: Place, id: str, **more: Any) -> str:
    """Add an account to the channel without sending Digi the event."""
    place.world.home.user(id, f"Navn {id}", **more)
    place.world.home.channels[CHANNEL].members.append(id)
    return id


def silent_about(place: Place, *people: str) -> set[str]:
    """Make lookups of these accounts fail from now on; removed ones work again."""
    found = set(people)

    def weather(method: str, args: Dict) -> Trouble | None:
        return Says("internal_error") if args.get("user") in found else None

    place.world.weather = weather
    return found


async def counted(place: Place, fact: f.Fact[tuple[str, ...]] | None = None) -> set[str]:
    """Return who counts toward the project's thresholds."""
    [project] = await place.house.database.read(
        place.house.scripts.reading.projects_of, TENANT, id_of("anne")
    )
    fact = fact or f.Team()
    known = await place.house.database.read(
        place.house.scripts.reading.look, TENANT, project.id, (fact,)
    )
    return set(known[fact])


async def asks_again(place: Place, seconds: float) -> None:
    await place.world.clock.advance(seconds)
    place.door.edge.ask_again()
    await place.door.edge.quiet()


EVERYBODY = set(map(id_of, FOUR))


async def test_four_people_are_four_whatever_slack_fails_to_say(place: Place) -> None:
    """Three bots whose lookup failed, including Digi itself, once made a team of four count as
    seven, which switched off the protection of small teams until the next day."""
    await place.hands.play(BEGINS)
    silent_about(place, joins(place, "U0BOT", bot=True), place.world.home.bot, "USLACKBOT")
    joins(place, "USLACKBOT")
    place.door.edge._directory.forget(TENANT)
    await place.door.edge.gather()
    assert await counted(place) == EVERYBODY
    await place.hands.play(
        """
        sofie > tryk "Sig det"
        sofie > tryk "Uden navn"
        sofie < "Jeg kender kun 3, der kan skrive her uden navn."
        """
    )


async def test_digi_is_never_asked_about_and_never_a_member(place: Place) -> None:
    """Digi knows its own id."""
    await place.hands.play(BEGINS)
    bot = place.world.home.bot
    assert bot not in await counted(place, f.Present())
    assert bot not in {call.args.get("user") for call in place.world.calls_of("users.info")}


async def test_whoever_could_not_be_looked_up_is_looked_up_again_soon(place: Place) -> None:
    """Not only the next day; until then they are served like everybody and do not count."""
    await place.hands.play(BEGINS)
    silent = silent_about(place, joins(place, "U0NY"), joins(place, "U0BOT", bot=True))
    await place.door.edge.gather()
    assert await counted(place) == EVERYBODY
    assert await counted(place, f.Present()) == EVERYBODY | {"U0NY", "U0BOT"}
    place.hands.people["ny"] = "U0NY"
    place.hands.faults["ny"], place.hands.seen["ny"], place.hands._marks["ny"] = "", [], 0
    await place.hands.press("ny", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("ny")
    silent.clear()
    await asks_again(place, 60)
    assert await counted(place) == EVERYBODY | {"U0NY"}
    assert await counted(place, f.Present()) == EVERYBODY | {"U0NY"}
    asked = len(place.world.calls_of("users.info"))
    await asks_again(place, 24 * 3600)
    assert len(place.world.calls_of("users.info")) == asked


async def test_a_channel_that_slack_did_not_tell_of_is_asked_about_again(place: Place) -> None:
    """After an event, and after the daily lookup; other channels are read meanwhile."""
    await place.hands.play(BEGINS)
    joins(place, "U0NY")
    place.world.plan("conversations.members", Says("internal_error"))
    await place.door.edge.gather()
    assert await counted(place) == EVERYBODY
    await asks_again(place, 60)
    assert await counted(place) == EVERYBODY | {"U0NY"}
    assert ("slack members", "internal_error") in place.told


async def test_slack_is_asked_no_sooner_than_it_wants(place: Place) -> None:
    """After a rate limit the lookups stop, and continue after Retry-After."""
    await place.hands.play(BEGINS)
    more = {joins(place, f"U0NY{n:02}") for n in range(30)}
    place.world.plan("users.info", *[None] * 5, Limited(after=200))
    await place.door.edge.gather()
    first = next(call for call in place.world.calls if call.status == 429)
    for _ in range(8):
        await asks_again(place, 30)
    # Requests that were in progress when the rate limit came do not count.
    assert len(place.world.too_early) < AT_ONCE
    assert all(call.at - first.at < 1 for call in place.world.too_early)
    assert await counted(place) == EVERYBODY | more


async def test_a_channel_that_is_gone_is_not_asked_about_again(place: Place) -> None:
    """Only when somebody joins it, or the next day."""
    await place.hands.play(BEGINS)
    silent_about(place, joins(place, "U0NY"))
    await place.door.edge.gather()
    place.world.plan("conversations.members", Says("channel_not_found"))
    await asks_again(place, 60)
    calls = len(place.world.calls)
    await asks_again(place, 24 * 3600)
    assert len(place.world.calls) == calls


async def test_whoever_joins_counts_once_they_are_known_and_leaves_at_once(place: Place) -> None:
    """Each event reads the whole channel; a failed lookup does not make a known person unknown."""
    await place.hands.play(BEGINS)
    silent = silent_about(place, "U0NY")
    place.world.home.user("U0NY", "Ny")
    await place.world.send.joined("U0NY", CHANNEL)
    assert await counted(place) == EVERYBODY
    silent.clear()
    await asks_again(place, 60)
    assert await counted(place) == EVERYBODY | {"U0NY"}
    silent |= EVERYBODY
    place.door.edge._directory.forget(TENANT)
    await place.world.send.left("U0NY", CHANNEL)
    assert await counted(place) == EVERYBODY


@pytest.mark.parametrize("more", [{"user": None}, {"user": []}, {}])
async def test_an_answer_that_says_nothing_is_no_answer(
    place: Place, monkeypatch: pytest.MonkeyPatch, more: Dict
) -> None:
    """`ok` without an account makes nobody known, and the lookup is retried."""
    await place.hands.play(BEGINS)
    joins(place, "U0NY")
    with monkeypatch.context() as patched:
        patched.setitem(place.world.api._methods, "users.info", lambda space, args: more)
        await place.door.edge.gather()
    assert await counted(place) == EVERYBODY
    await asks_again(place, 60)
    assert await counted(place) == EVERYBODY | {"U0NY"}


@pytest.mark.parametrize(
    "account", [{"id": "U0NY"}, {"id": "U0NY", "team_id": TENANT}, {"id": "U2"}]
)
async def test_an_account_of_which_slack_tells_too_little_counts_as_nobody(
    place: Place, monkeypatch: pytest.MonkeyPatch, account: Dict
) -> None:
    """Slack does not say whether it is a bot."""
    await place.hands.play(BEGINS)
    joins(place, "U0NY")
    with monkeypatch.context() as patched:
        patched.setitem(
            place.world.api._methods, "users.info", lambda space, args: {"user": account}
        )
        await place.door.edge.gather()
    assert await counted(place) == EVERYBODY


PERSON = {"id": "U1", "team_id": "T0", "is_bot": False}


@pytest.mark.parametrize(
    ("said", "person"),
    [
        (PERSON, True),
        (PERSON | {"is_restricted": True, "is_ultra_restricted": True}, True),
        (PERSON | {"is_bot": True}, False),
        (PERSON | {"is_workflow_bot": True}, False),
        (PERSON | {"deleted": True}, False),
        (PERSON | {"id": "U2"}, False),
        (PERSON | {"team_id": ""}, False),
        ({"id": "U1", "team_id": "T0"}, False),
        ({"id": "U1"}, False),
        ({}, False),
    ],
)
def test_nobody_is_a_person_because_slack_says_nothing(said: Dict, person: bool) -> None:
    """A guest is human, a bot is not, and an answer without an account is nobody's."""
    assert known_of("U1", said).person == person


def test_slackbot_is_a_bot_although_slack_says_it_is_none() -> None:
    """Slackbot's account has `is_bot: false`."""
    known = known_of("USLACKBOT", PERSON | {"id": "USLACKBOT"})
    assert (known.bot, known.person) == (True, False)


async def test_each_account_counts_as_what_it_is(place: Place) -> None:
    """Guests and people of other workspaces are members and count; bots, workflow bots and
    deactivated accounts are no members."""
    await place.hands.play(BEGINS)
    guest = joins(place, "U0GAEST", guest=True)
    foreign = joins(place, "U0FREMMED", team="T0ANDRE")
    joins(place, "U0BOT", bot=True)
    joins(place, "U0FLOW", bot=True, workflow=True)
    joins(place, "U0VAEK", deleted=True)
    await place.door.edge.gather()
    assert await counted(place) == EVERYBODY | {guest, foreign}
    assert await counted(place, f.Present()) == EVERYBODY | {guest, foreign}
    place.world.home.users[guest].deleted = True
    place.door.edge._directory.forget(TENANT)
    await place.door.edge.gather()
    assert await counted(place, f.Present()) == EVERYBODY | {foreign}


# --- a join that Slack did not tell of --------------------------------------------------------


def arrives(place: Place, handle: str = "ny") -> None:
    """Add an account that can act in the channel, but whose join event was lost."""
    place.hands.people[handle] = joins(place, id_of(handle))
    place.hands.faults[handle], place.hands.seen[handle], place.hands._marks[handle] = "", [], 0


def asked_who_is_there(place: Place) -> int:
    return len(place.world.calls_of("conversations.members"))


async def test_who_joined_without_an_event_is_asked_about_before_she_is_answered(
    place: Place,
) -> None:
    """Slack is asked once; the person gets her answer, and counts from then on."""
    await place.hands.play(BEGINS)
    arrives(place)
    before = asked_who_is_there(place)
    await place.hands.type("ny", "/digi status")
    assert "Fase 1 af 4" in place.hands.just("ny")
    assert await counted(place) == EVERYBODY | {id_of("ny")}
    await place.hands.press("ny", "Sig det", "Velkommen")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("ny")
    await place.hands.type("ny", "@Digi status")
    assert asked_who_is_there(place) == before + 1


async def test_who_is_not_there_is_told_so_and_slack_is_asked_seldom(place: Place) -> None:
    """This holds however often she acts; if Slack does not answer, she still gets an answer."""
    await place.hands.play(BEGINS)
    arrives(place)
    place.world.plan("conversations.members", Says("internal_error"))
    before = asked_who_is_there(place)
    for _ in range(5):
        await place.hands.type("ny", "/digi status")
        assert "Er du lige kommet med" in place.hands.just("ny")
    assert asked_who_is_there(place) == before + 1
    await place.world.clock.advance(60)
    await place.hands.type("ny", "/digi status")
    assert "Fase 1 af 4" in place.hands.just("ny")


async def test_a_press_that_leads_to_something_without_a_name_asks_slack_nothing(
    place: Place,
) -> None:
    """A member lookup writes to the database, beside the time at which the person opens an unsigned
    form. She is told to type `/digi status` first, which makes Digi look."""
    await place.hands.play(BEGINS + "anne > /digi næste")
    arrives(place)
    before = asked_who_is_there(place)
    for leads_there in ("Svar uden navn", "Sig det"):
        await place.hands.press("ny", leads_there)
        assert asked_who_is_there(place) == before
        assert "Skriv /digi status" in place.hands.just("ny")
    await place.hands.type("ny", "/digi status")
    await place.hands.press("ny", "Svar uden navn")
    assert place.hands.form("ny") is not None
