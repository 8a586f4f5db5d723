"""The Home tab and the two shortcuts in Slack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.slack import homes, read
from tests.waiting import LONG_ENOUGH
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.state import Message
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld TR=mette
mette > tryk "Jeg er TR"
mette > udfyld "Hvilken fagforening"=FOA
anne > tryk "Vis det i kanalen"
"""


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(homes, "PAUSE", 0.0)
    async with in_slack(tmp_path / "home") as found:
        yield found


def _published(place: Place, person: str = "") -> int:
    calls = place.world.calls_of("views.publish")
    return sum(not person or call.args["user_id"] == id_of(person) for call in calls)


async def _redrawn(place: Place) -> None:
    async with asyncio.timeout(LONG_ENOUGH):
        await place.door.edge.homes.settled()


def _said(place: Place, person: str, text: str) -> Message:
    """Post a person's own message in the channel."""
    return place.world.post(place.world.home, CHANNEL, text=text, blocks=[], user=id_of(person))


# --- the Home tab -----------------------------------------------------------------------------


async def test_who_is_in_no_project_is_told_how_one_begins(place: Place) -> None:
    """The two buttons for everybody are there too."""
    await place.hands.open_home("anne")
    shown = place.hands.home("anne")
    assert "[Sig det] [Min kode]" in shown
    assert "Du er ikke med i noget forløb endnu" in shown
    assert "/digi start" in shown


async def test_the_home_tab_shows_ones_projects_and_what_waits(place: Place) -> None:
    """Open questions, an agreement that the person is asked to take, and each project's status."""
    await place.hands.play(BEGUN + "anne > /digi næste")
    await place.hands.open_home("fatima")
    shown = place.hands.home("fatima")
    assert "Ny omsorgsplatform" in shown
    assert "Fase 1 af 4: Idéudvikling" in shown
    assert "Du kan svare på:" in shown
    assert "[Svar] [Svar uden navn]" in shown
    await place.hands.press("fatima", "Svar")
    await place.hands.fill("fatima", {"Dit svar": "Vi får mere tid"})
    await place.hands.open_home("fatima")
    assert "Du kan svare på" not in place.hands.home("fatima")
    assert "Intet venter på dig lige nu." in place.hands.home("fatima")


async def test_a_leader_sees_how_many_answers_are_owed_and_when(place: Place) -> None:
    """It counts texts that are released or signed and addressed to this reader; others see nothing
    of them."""
    await place.hands.play(
        BEGUN
        + """
        sofie > /digi sig
        sofie > tryk "Med navn"
        sofie > udfyld Hvad=Spørgsmål Din="Hvem passer telefonen?" Hvem="Anne Holm (leder)"
        """
    )
    await place.hands.open_home("anne")
    assert "1 venter på dit svar." in place.hands.home("anne")
    assert "telefonen" not in place.hands.home("anne")
    await place.hands.press("anne", "Læs og svar")
    assert "Hvem passer telefonen?" in place.hands.just("anne")
    for other in ("mette", "sofie", "fatima"):
        await place.hands.open_home(other)
        assert "venter på dit svar" not in place.hands.home(other)


async def test_an_open_home_tab_follows_what_is_done_by_name(place: Place) -> None:
    """It is updated after named acts of this person and of others; a Home tab that was never opened
    is not drawn."""
    await place.hands.play(BEGUN + "anne > /digi næste")
    await place.hands.open_home("ali")
    await _redrawn(place)
    place.world.calls.clear()
    await place.hands.shortcut("mette", read.AGREEMENT, on="Velkommen")
    await place.hands.fill("mette", {"Hvad har I aftalt?": "Prøv ruterne", "Hvem": "Ali Demir"})
    await _redrawn(place)
    assert "Prøv ruterne" in place.hands.home("ali")
    assert "[Jeg tager den] [Ikke mig]" in place.hands.home("ali")
    assert (_published(place, "ali"), _published(place)) == (1, 1)
    await place.hands.open_home("ali")
    await place.hands.press("ali", "Jeg tager den", "Prøv ruterne")
    await _redrawn(place)
    assert "Du har taget den." in place.hands.home("ali")


async def test_an_open_home_tab_stays_as_it_is_for_what_is_said_without_a_name(
    place: Place,
) -> None:
    """No call is made, whoever looks, and unreleased texts are counted nowhere."""
    await place.hands.play(BEGUN + "anne > /digi næste")
    for person in ("anne", "mette", "fatima"):
        await place.hands.open_home(person)
    await _redrawn(place)
    before = {person: place.hands.home(person) for person in ("anne", "mette", "fatima")}
    place.world.calls.clear()
    await place.hands.play(
        """
        peter > tryk "Svar uden navn"
        peter > udfyld "Dit svar"="Vi når det ikke"
        sofie > /digi sig
        sofie > tryk "Uden navn"
        sofie > udfyld Hvad=Bekymring Din="Vi mister roen" Hvem="Anne Holm (leder)"
        """
    )
    assert place.hands.code
    await _redrawn(place)
    assert _published(place) == 0
    for person, shown in before.items():
        await place.hands.open_home(person)
        assert place.hands.home(person) == shown


async def test_a_home_tab_that_looks_the_same_is_not_sent_again(place: Place) -> None:
    """A change that does not concern the person causes no call."""
    await place.hands.play(BEGUN)
    await place.hands.open_home("fatima")
    await _redrawn(place)
    place.world.calls.clear()
    await place.hands.type("anne", "/digi råd")
    await _redrawn(place)
    assert _published(place) == 0


# --- the shortcuts ----------------------------------------------------------------------------


async def test_the_global_shortcut_opens_the_door_to_say_it(place: Place) -> None:
    """It opens in the person's project, and offers to write by name or unsigned."""
    await place.hands.play(BEGUN)
    await place.hands.shortcut("sofie", read.SAY)
    assert "[Med navn] [Uden navn]" in place.hands.just("sofie")
    await place.hands.press("sofie", "Uden navn")
    await place.hands.fill(
        "sofie", {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm (leder)"}
    )
    assert place.hands.code


async def test_a_message_becomes_an_agreement_with_its_own_words(place: Place) -> None:
    """The form contains the message's text as people read it, in the channel's project."""
    await place.hands.play(BEGUN)
    said = _said(
        place,
        "fatima",
        "<@U0ALI> tester   ruterne &amp; skriver til <#C1|vagten> på"
        " <https://plan.dk/a|planen>\u202e\nfredag <!here>",
    )
    await place.world.send.shortcut(id_of("mette"), read.AGREEMENT, message=said)
    view = place.hands.form("mette")
    assert view is not None
    [first, *_] = [block for block in view.body["blocks"] if block["type"] == "input"]
    words = "@Ali Demir tester ruterne & skriver til #vagten på planen fredag @here"
    assert first["element"]["initial_value"] == words
    await place.hands.fill("mette", {})
    assert words in place.hands.channel()


@pytest.mark.parametrize("sign", ["ord ", "æ", "👩‍👩‍👧"])
async def test_a_long_message_is_cut_to_what_the_field_holds(place: Place, sign: str) -> None:
    """It can be submitted as it is."""
    await place.hands.play(BEGUN)
    said = _said(place, "fatima", sign * 900)
    await place.world.send.shortcut(id_of("anne"), read.AGREEMENT, message=said)
    view = place.hands.form("anne")
    assert view is not None
    [first, *_] = [block for block in view.body["blocks"] if block["type"] == "input"]
    assert first["element"]["initial_value"].endswith("…")
    assert len(first["element"]["initial_value"]) <= first["element"]["max_length"] == 300
    await place.hands.fill("anne", {})
    assert not place.hands.faults["anne"]


@pytest.mark.parametrize("sign", ["👩‍👩‍👧", "æ", '"\\'])
async def test_a_message_of_a_private_chat_is_asked_which_project_it_is_for(
    place: Place, sign: str
) -> None:
    """With several projects the person is asked; any text is carried along."""
    await place.hands.play(BEGUN)
    place.world.home.channel("C0ANDEN", "anden", [id_of("anne"), place.world.home.bot])
    await place.door.edge.gather()
    await place.world.send.command(id_of("anne"), "start Nyt vagtskema", "C0ANDEN")
    chat = place.world.home.im(id_of("anne"))
    said = place.world.post(
        place.world.home, chat.id, text=sign * 900, blocks=[], user=id_of("anne")
    )
    await place.world.send.shortcut(id_of("anne"), read.AGREEMENT, message=said)
    await place.world.quiet()
    assert "Hvilket forløb mener du?" in place.hands.just("anne")
    await place.hands.press("anne", "Ny omsorgsplatform")
    view = place.hands.form("anne")
    assert view is not None
    [first, *_] = [block for block in view.body["blocks"] if block["type"] == "input"]
    assert first["element"]["initial_value"].startswith(sign * 20)


async def test_a_message_where_there_is_no_project_gets_a_kind_sentence(place: Place) -> None:
    """In a channel without a project, and for a person who may not do it."""
    said = _said(place, "fatima", "Ali tester ruterne")
    await place.world.send.shortcut(id_of("anne"), read.AGREEMENT, message=said)
    await place.world.quiet()
    assert "Der er ikke noget forløb i denne kanal endnu" in place.hands.just("anne")
    await place.hands.play(BEGUN)
    await place.hands.shortcut("fatima", read.AGREEMENT, on="Velkommen")
    assert place.hands.form("fatima") is None
    assert "Anne Holm" in place.hands.just("fatima")


async def test_a_message_without_text_opens_an_empty_form(place: Place) -> None:
    """For a message with only an image, the person writes the text."""
    await place.hands.play(BEGUN)
    await place.world.send.shortcut(
        id_of("anne"), read.AGREEMENT, message=_said(place, "fatima", "")
    )
    view = place.hands.form("anne")
    assert view is not None
    assert "initial_value" not in json.dumps(view.body)


# --- what is redrawn for one person -----------------------------------------------------------


async def test_the_plan_changes_where_it_stands(place: Place) -> None:
    """Ten presses on the plan leave one plan, not eleven."""
    await place.hands.play(BEGUN)
    await place.hands.type("anne", "/digi plan")
    before = len([m for m in place.world.home.messages if m.only_for and not m.deleted])
    for label in ("Nr. 1 ned", "Nr. 2 op", "Spring nr. 3 over", "Vis 5 til"):
        await place.hands.press("anne", label)
    shown = [m for m in place.world.home.messages if m.only_for and not m.deleted]
    assert len(shown) == before
    assert "6. " in place.hands.just("anne")
    # A button that leads elsewhere adds a card.
    await place.hands.press("anne", "Flere spørgsmål")
    assert len([m for m in place.world.home.messages if m.only_for]) == before + 1


def _whispers(place: Place) -> list[Message]:
    return [m for m in place.world.home.messages if m.only_for and not m.deleted]


async def test_an_older_draft_changes_where_it_stands(place: Place) -> None:
    """A form that was opened from a draft leaves one draft: the new one, in the old one's place."""
    await place.hands.play(
        """
        anne > /digi start Ny omsorgsplatform
        anne > tryk "Ret"
        anne > udfyld "Hvor det kommer"="Det skal vi"
        anne < "Det skal vi"
        """
    )
    assert len(_whispers(place)) == 1
    assert place.hands.form("anne") is None


async def test_a_draft_that_slack_lets_nobody_change_stays_and_the_new_one_is_shown(
    place: Place,
) -> None:
    """After thirty minutes Slack accepts nothing at the response_url, and has no other way to
    change an ephemeral message: the new draft is shown in the modal."""
    await place.hands.play('anne > /digi start Ny omsorgsplatform\nanne > tryk "Ret"')
    place.world.response_urls.clear()
    await place.hands.play('anne > udfyld "Hvor det kommer"="Det skal vi"\nanne < "Det skal vi"')
    [old] = _whispers(place)
    assert "Det skal vi" not in json.dumps(old.blocks, ensure_ascii=False)


async def test_a_message_that_all_see_is_never_replaced_by_a_whisper(place: Place) -> None:
    """A button in the leader's private letter that leads to the plan does not replace the
    letter."""
    await place.hands.play(
        """
        anne > /digi start Ny omsorgsplatform
        anne > tryk "Jeg er leder"
        anne > tryk "Ret"
        anne > udfyld "Hvor det kommer"="Det skal vi"
        anne > tryk "Vis det i kanalen"
        ur > til 2026-11-06 12:00
        """
    )
    letter = place.hands.private("anne")
    await place.hands.press("anne", "Sæt nr. 3 på planen", "Fire spørgsmål til")
    assert "Spørgsmålet er sat på planen" in place.hands.just("anne")
    assert place.hands.private("anne") == letter
