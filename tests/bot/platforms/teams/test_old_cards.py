"""Buttons and forms in Teams whose data Digi cannot read: from an earlier version, or damaged.

Old posts stay in a channel for years. Whoever presses such a button is told in their own language
what to do, and is never left without an answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.teams.state import CHANNEL
from tests.worlds.teams_fixtures import Place, in_teams

DANISH = "Den knap er for gammel, eller den hører til et andet sted. Skriv "
ENGLISH = "That button is too old, or it belongs somewhere else. Type "
UNREADABLE: dict[str, dict[str, Any]] = {
    "of an earlier version": {"digi": {"k": "a", "token": "t.t", "label": "Slut", "question": "?"}},
    "of another app": {"action": "approve", "id": 7},
    "without anything": {},
    "damaged": {"digi": {"k": "f", "form": "bm90IGEgZm9ybQ=="}},
    "opened in another way": {"digi": {"k": "h", "id": "0"}},
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home", english=["sofie"]) as found:
        yield found


def _says(reply: Any) -> str:
    """Return what a dialog or a toast says."""
    task = reply.get("task")
    return str(task["value"]["card"]["content"]["speak"] if task else reply["value"])


async def _invoke(place: Place, handle: str, name: str, **value: Any) -> str:
    person = place.world.home.people[handle]
    activity = place.world.activity(person, CHANNEL, type="invoke", name=name, value=value)
    status, reply = await place.world.send(activity)
    assert status == 200
    return _says(reply)


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_button_that_cannot_be_read_is_answered_to_its_presser(
    place: Place, data: dict[str, Any]
) -> None:
    """Such a press arrives as a message without words."""
    for handle, said in (("anne", DANISH), ("sofie", ENGLISH)):
        person = place.world.home.people[handle]
        pressed = place.world.activity(person, CHANNEL, type="message", value=data)
        assert (await place.world.send(pressed))[0] == 200
        await place.door.edge.quiet()
        assert said in place.hands.just(handle)
    assert place.hands.channel() == ""


@pytest.mark.parametrize("data", list(UNREADABLE.values())[:4], ids=list(UNREADABLE)[:4])
async def test_a_button_that_cannot_be_read_says_so_where_it_answers(
    place: Place, data: dict[str, Any]
) -> None:
    """At the button itself, in the dialog that it opens, or in the one it stands in."""
    for handle, said in (("anne", DANISH), ("sofie", ENGLISH)):
        executed = {"action": {"type": "Action.Execute", "data": data}}
        assert said in await _invoke(place, handle, "adaptiveCard/action", **executed)
        for name in ("task/fetch", "task/submit", "composeExtension/submitAction"):
            assert said in await _invoke(place, handle, name, data=data)


@pytest.mark.parametrize("name", ["task/submit", "composeExtension/submitAction"])
async def test_the_words_in_a_form_that_cannot_be_read_are_not_lost(
    place: Place, name: str
) -> None:
    """They stand in the dialog, to be copied; what was chosen from a list does not."""
    data = {**UNREADABLE["damaged"], "f.kind": "worry", "f.text": "Vi mister\nroen, & <b>"}
    said = await _invoke(place, "anne", name, data=data)
    assert "Den formular er for gammel. Din tekst står her endnu. Kopiér den" in said
    assert "Vi mister roen, og b" in said
    assert "worry" not in said
    assert place.hands.channel() == ""
