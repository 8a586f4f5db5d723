"""Buttons and forms in Slack that are too old for Digi, and what their presser is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.slack.hands import id_of
from tests.worlds.slack_fixtures import Place, in_slack

ANNE = id_of("anne")
TOLD = "Den knap er for gammel, eller den hører til et andet sted."


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


@pytest.mark.parametrize(
    "change", [{"value": "of.an-earlier-version"}, {"value": ""}], ids=["another value", "no value"]
)
async def test_a_button_that_is_too_old_is_answered_to_its_presser(
    place: Place, change: dict[str, Any]
) -> None:
    """Old posts stay in a channel for years; Slack itself shows nothing when a press is only
    acknowledged."""
    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    control, message, _ = place.hands._find("anne", "Jeg er leder", "")
    pressed = {**control.action, **change}
    answered = await place.world.send.press(ANNE, pressed, message=message)
    assert answered.status == 200
    assert TOLD in place.hands.just("anne")
    assert place.hands.channel() == ""


@pytest.mark.parametrize("written", ["", "of.an-earlier-version"])
async def test_a_form_that_is_too_old_keeps_its_text(place: Place, written: str) -> None:
    """It stays open with an error, instead of closing as if it had been saved."""
    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    await place.hands.press("anne", "Ret")
    view = place.hands.form("anne")
    assert view is not None
    view.body["private_metadata"] = written
    answered = await place.world.send.submit(ANNE, view)
    assert answered.body["response_action"] == "errors"
    assert "Den formular er for gammel. Din tekst står her endnu." in str(answered.body["errors"])
