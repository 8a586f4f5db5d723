"""With a read-only database everybody is told so, and a retry is executed once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.slack import homes, read
from storage.sqlite.driver import Sqlite
from tests.worlds.slack import sender
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.trouble import Broken
from tests.worlds.slack_fixtures import CHANNEL, Mode, Place, in_slack

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
anne > /digi næste
"""
OFFERED = """
anne > /digi aftaler
anne > tryk "Skriv en aftale ned"
anne > udfyld "Hvad har I aftalt?"="Prøv ruterne" Hvem="Ali Demir"
"""


@pytest.fixture(params=["http", "socket"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    monkeypatch.setattr(homes, "PAUSE", 0.0)
    mode: Mode = request.param
    async with in_slack(tmp_path / "home", mode) as found:
        await found.hands.play(BEGUN)
        yield found


@contextmanager
def silence() -> Iterator[None]:
    """In Socket Mode a missing acknowledgement is noticed after one second."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sender.PATIENCE, "socket", 1.0)
        yield


@contextmanager
def refusing(place: Place) -> Iterator[None]:
    """Make the database read-only, as on a read-only disk; nothing is delivered meanwhile."""
    database = place.house.database
    assert isinstance(database, Sqlite)
    database._writer._conn.execute("PRAGMA query_only=ON")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(place.house.courier, "settle", _nothing)
        yield
    database._writer._conn.execute("PRAGMA query_only=OFF")


async def _nothing() -> None:
    pass


def _honest(text: str) -> bool:
    return "prøv igen" in text.casefold() and ("ikke gemt" in text or "lykkedes ikke" in text)


async def test_an_event_comes_again_and_is_then_done_once(place: Place) -> None:
    """503 by HTTP and no acknowledgement in Socket Mode; Slack's own retry succeeds."""
    world = place.world
    world.home.user("U0NY", "Ny Kollega")
    before = len(world.send.answers)
    with refusing(place), silence():
        [answered] = await world.send.joined("U0NY", CHANNEL)
        assert answered.status == (503 if world.mode == "http" else None)
        assert "U0NY" not in await _members(place)
    await world.clock.advance(61)
    assert "U0NY" in await _members(place)
    attempts = world.send.answers[before:]
    assert [one.fine for one in attempts] == [False, False, True]


async def test_a_command_is_answered_with_the_truth(place: Place) -> None:
    """Typed again, the command is executed once."""
    questions = place.hands.channel().count("[Svar]")
    with refusing(place):
        answered = await place.world.send.command(id_of("anne"), "næste", CHANNEL)
        assert answered.status == 200
        assert _honest(answered.body["text"])
    await place.hands.type("anne", "/digi næste")
    assert place.hands.channel().count("[Svar]") == questions + 1


async def test_looking_goes_on_as_before(place: Place) -> None:
    """Reads are answered, and a form can be opened."""
    with refusing(place):
        await place.hands.type("fatima", "/digi status")
        assert "Ny omsorgsplatform" in place.hands.just("fatima")
        await place.hands.press("fatima", "Svar")
        assert place.hands.form("fatima") is not None


async def test_a_button_of_a_message_is_answered_with_the_truth(place: Place) -> None:
    """The answer is beside the message; pressed again, it is executed once."""
    await place.hands.play(OFFERED)
    with refusing(place):
        await place.hands.press("ali", "Jeg tager den")
        assert _honest(place.hands.just("ali"))
    await place.hands.press("ali", "Jeg tager den")
    assert "Du har taget" in place.hands.just("ali")
    assert "allerede" not in place.hands.just("ali")


async def test_a_button_of_the_home_tab_is_answered_with_the_truth(place: Place) -> None:
    """The answer is a modal of its own, because there is no message."""
    await place.hands.play(OFFERED)
    await place.hands.open_home("ali")
    with refusing(place):
        await place.hands.press("ali", "Jeg tager den")
        assert _honest(place.hands.just("ali"))
    await place.hands.open_home("ali")
    await place.hands.press("ali", "Jeg tager den")
    assert "Du har taget aftalen" in place.hands.just("ali")


async def test_a_button_in_a_window_is_answered_with_the_truth(place: Place) -> None:
    """The answer is in that modal."""
    await place.hands.play(OFFERED)
    await place.hands.open_home("ali")
    await place.hands.press("ali", "Aftaler")
    with refusing(place):
        await place.hands.press("ali", "Jeg tager den")
        assert _honest(place.hands.just("ali"))
    await place.hands.open_home("ali")
    await place.hands.press("ali", "Aftaler")
    await place.hands.press("ali", "Jeg tager den")
    assert "Du har taget aftalen" in place.hands.just("ali")


async def test_where_nobody_can_be_told_slack_shows_that_it_failed(
    place: Place,
) -> None:
    """If neither the database nor Slack's API works, the answer is not a silent 200."""
    await place.hands.play(OFFERED)
    await place.hands.open_home("ali")
    control, _, view = place.hands._find("ali", "Jeg tager den", "")
    with refusing(place), silence():
        place.world.weather = lambda method, args: Broken(503)
        answered = await place.world.send.press(id_of("ali"), control.action, view=view)
        assert answered.status == (503 if place.world.mode == "http" else None)
    place.world.weather = lambda method, args: None


@pytest.mark.parametrize("way", ["Svar", "Svar uden navn"])
async def test_a_form_keeps_what_was_filled_in_and_is_sent_once(place: Place, way: str) -> None:
    """By name and unsigned: an error below the field; then the same form is accepted once."""
    await place.hands.press("fatima", way)
    words = {"Dit svar": "Vi når det ikke om morgenen"}
    with refusing(place):
        answered = await place.hands.fill("fatima", words)
        assert answered is not None
        assert answered.body["response_action"] == "errors"
        assert all(
            _honest(text) or "ikke gemt" in text for text in answered.body["errors"].values()
        )
        view = place.hands.form("fatima")
        assert view is not None
        assert words["Dit svar"] in str(view.typed)
    for _ in range(2):
        # The second time, Send is pressed again although the first was accepted.
        again = await place.world.send.submit(id_of("fatima"), view)
        assert again.body.get("response_action") != "errors"
    await place.hands.press("anne", "Led samtalen")
    await place.hands.press("anne", "Luk for svar")
    await place.hands.press("anne", "Se svar")
    assert place.hands.just("anne").count(words["Dit svar"]) == 1


async def test_a_message_that_becomes_an_agreement_does_so_once(place: Place) -> None:
    """The shortcut only opens the form; submitting it fails, then succeeds."""
    await place.hands.shortcut("anne", read.AGREEMENT, on="Velkommen")
    view = place.hands.form("anne")
    assert view is not None
    with refusing(place):
        answered = await place.world.send.submit(id_of("anne"), view)
        assert answered.body["response_action"] == "errors"
    await place.hands.fill("anne", {})
    assert place.hands.channel().count("[Jeg tager den]") == 1


async def _members(place: Place) -> list[str]:
    def script() -> Any:
        rows = yield "member_all", {"tenant": place.hands.tenant, "channel": CHANNEL}
        return [row["person"] for row in rows]

    found: list[str] = await place.house.database.read(script)
    return found
