"""The private chat with Digi in Slack: its tab, its welcome message, and what works in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.slack.manifest import EVENTS, manifest
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.trouble import Says
from tests.worlds.slack_fixtures import Place, in_slack


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home", english=("noor",)) as found:
        yield found


def test_people_can_type_in_the_conversation_and_digi_is_not_given_what_they_type() -> None:
    """A read-only tab has no field to type `/digi` in. Free text would reach Digi only through
    `message.im`, which the manifest does not request."""
    tab = manifest(None, socket_mode=True)["features"]["app_home"]
    assert tab["messages_tab_enabled"]
    assert not tab["messages_tab_read_only_enabled"]
    assert "message.im" not in EVENTS


async def test_the_tab_says_once_what_is_read_there(place: Place) -> None:
    """The welcome message is sent when the tab is first opened, in the person's language, and not
    again."""
    await place.hands.open_chat("fatima")
    first = place.hands.private("fatima")
    assert "/digi hjælp" in first
    assert "læser jeg det ikke" in first
    assert "[Sig det] [Min kode] [Hvor er vi nu?]" in first
    await place.hands.open_chat("fatima")
    assert place.hands.private("fatima") == first
    await place.hands.open_chat("noor")
    assert "I do not read it" in place.hands.private("noor")


async def test_a_first_message_that_did_not_arrive_is_tried_at_the_next_opening(
    place: Place,
) -> None:
    """It is recorded only after it has arrived."""
    place.world.plan("chat.postMessage", Says("channel_not_found"))
    await place.hands.open_chat("fatima")
    assert not place.hands.private("fatima")
    await place.hands.open_chat("fatima")
    assert "/digi hjælp" in place.hands.private("fatima")


async def test_who_switches_between_the_tabs_gets_one_first_message(place: Place) -> None:
    """This also holds if the tab is opened again before the first message has been posted."""
    opened = (place.world.send.home_opened(id_of("ali"), tab="messages") for _ in range(3))
    await asyncio.gather(*opened)
    await place.hands.open_chat("ali")
    assert place.hands.private("ali").count("[Sig det]") == 1


async def test_the_home_tab_is_not_the_conversation(place: Place) -> None:
    """Opening the Home tab posts nothing."""
    await place.hands.open_home("fatima")
    assert not place.hands.private("fatima")


BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""


async def test_all_that_one_does_alone_is_done_in_the_conversation(place: Place) -> None:
    """Writing something, using a code, and the project's status work without a channel, by buttons
    and typed commands."""
    await place.hands.play(BEGUN)
    await place.hands.open_chat("fatima")
    await place.hands.press("fatima", "Hvor er vi nu?", "læser jeg det ikke")
    assert "Fase 1 af 4" in place.hands.just("fatima")
    await place.hands.press("fatima", "Sig det", "læser jeg det ikke")
    await place.hands.press("fatima", "Med navn")
    await place.hands.fill(
        "fatima", {"Hvad": "Spørgsmål", "Din": "Hvem?", "Hvem": "Anne Holm (leder)"}
    )
    await place.hands.press("fatima", "Min kode", "læser jeg det ikke")
    assert "Din kode" in place.hands.just("fatima")
    await place.hands.close("fatima")
    for words, said in (
        ("status", "Fase 1 af 4"),
        ("sig", "dit navn skal stå"),
        ("kode", "Din kode"),
    ):
        await place.hands.type("fatima", f"/digi {words}", private=True)
        assert said in place.hands.just("fatima"), words
        await place.hands.close("fatima")
    assert not place.hands.faults["fatima"]


async def test_who_is_in_several_projects_is_asked_which(place: Place) -> None:
    """The same act continues in the chosen project."""
    await place.hands.play(BEGUN)
    place.world.home.channel("C0ANDEN", "anden", [id_of("anne"), place.world.home.bot])
    await place.door.edge.gather()
    await place.world.send.command(id_of("anne"), "start Nyt vagtskema", "C0ANDEN")
    await place.hands.open_chat("anne")
    await place.hands.press("anne", "Hvor er vi nu?", "læser jeg det ikke")
    assert "Hvilket forløb mener du?" in place.hands.just("anne")
    await place.hands.press("anne", "Ny omsorgsplatform")
    assert "Fase 1 af 4" in place.hands.just("anne")


async def test_help_names_each_of_several_projects(place: Place) -> None:
    """A person in two projects is not told that there is none, and each project has its own
    help."""
    await place.hands.play(BEGUN)
    place.world.home.channel("C0ANDEN", "anden", [id_of("anne"), place.world.home.bot])
    await place.door.edge.gather()
    await place.world.send.command(id_of("anne"), "start Nyt vagtskema", "C0ANDEN")
    await place.hands.type("anne", "/digi hjælp", private=True)
    said = place.hands.just("anne")
    assert "Du er med i 2 forløb." in said
    assert "[Ny omsorgsplatform] [Nyt vagtskema]" in said
    assert "ikke noget forløb" not in said
    await place.hands.press("anne", "Ny omsorgsplatform")
    assert "Forløbet om Ny omsorgsplatform er i gang." in place.hands.just("anne")


async def test_who_is_in_no_project_finds_the_ways_in_all_the_same(place: Place) -> None:
    """Every command is answered, and codes work for everybody."""
    await place.hands.open_chat("fatima")
    await place.hands.press("fatima", "Sig det", "læser jeg det ikke")
    assert "Et forløb begynder i holdets kanal" in place.hands.just("fatima")
    await place.hands.press("fatima", "Min kode", "læser jeg det ikke")
    assert place.hands.form("fatima") is not None
    await place.hands.close("fatima")
    await place.hands.type("fatima", "/digi hjælp", private=True)
    assert "[Min kode]" in place.hands.just("fatima")
