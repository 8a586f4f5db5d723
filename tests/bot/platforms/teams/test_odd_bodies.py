"""Activities from Teams with one node malformed, for every node."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.teams.read import AGREEMENTS
from tests.worlds.course import EVERYTHING
from tests.worlds.odd_json import of_wrong_types, with_half
from tests.worlds.postgres import either_later
from tests.worlds.teams.state import CHANNEL
from tests.worlds.teams_fixtures import Place, in_teams

KINDS = {
    "message",
    "adaptiveCard/action",
    "task/fetch",
    "task/submit",
    "composeExtension/fetchTask",
    "composeExtension/submitAction",
    "conversationUpdate",
    "installationUpdate",
}


@pytest.fixture
async def place(tmp_path: Path, either: str) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home", either=either) as found:
        yield found


async def every_kind(place: Place) -> list[dict[str, Any]]:
    """Record one activity of each kind and shape, while people do everything that Digi handles."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    send = place.world.send

    async def noted(activity: dict[str, Any], **more: Any) -> Any:
        found.setdefault(_shape(activity), activity)
        return await send(activity, **more)

    place.world.send = noted  # type: ignore[method-assign]
    await place.hands.play(EVERYTHING)
    await place.hands.type("peter", "hjælp", private=True)
    anne = place.world.home.people["anne"]
    await place.world.installed()
    await place.world.installed_for(anne)
    made: dict[str, Any] = {"type": "invoke", "name": "composeExtension/fetchTask"}
    payload = {"body": {"contentType": "html", "content": "<p>Vi <b>tester</b></p>"}}
    value = {"commandId": AGREEMENTS, "commandContext": "message", "messagePayload": payload}
    await place.world.send(place.world.activity(anne, CHANNEL, **made, value=value))
    sent = next(one for one in found.values() if one.get("name") == "task/submit")
    await place.world.send({**sent, "name": "composeExtension/submitAction"})
    left: dict[str, Any] = {"type": "conversationUpdate", "membersRemoved": [{"id": "29:x"}]}
    renamed = {"eventType": "channelDeleted", "tenant": {"id": place.world.home.id}}
    await place.world.send(place.world.activity(anne, CHANNEL, **left, channelData=renamed))
    place.world.send = send  # type: ignore[method-assign]
    return list(found.values())


def _shape(activity: dict[str, Any]) -> tuple[Any, ...]:
    """Return a key for activities that are parsed in the same way."""
    value = activity.get("value")
    return (
        _kind(activity),
        activity["conversation"]["conversationType"],
        isinstance(value, dict),
        "membersAdded" in activity,
        "membersRemoved" in activity,
    )


def _kind(activity: dict[str, Any]) -> str:
    return str(activity.get("name") or activity["type"])


async def _tried(place: Place, activities: Iterator[tuple[Any, Any]]) -> Counter[int]:
    """Count the answers by status. No internal error may have occurred."""
    counted: Counter[int] = Counter()
    place.told.clear()
    token = place.world.token()
    for number, (way, activity) in enumerate(activities):
        place.house.engine._gate._acts.clear()  # disable the rate limit
        anew = activity  # disable the detection of duplicates
        if isinstance(activity, dict) and way[:1] != ("id",):
            anew = {**activity, "id": f"odd:{number}:{id(way)}"}
        status, _ = await place.world.send(anew, token=token)
        counted[status] += 1
        if (status, way) == (503, ("conversation", "id")):
            place.told.clear()  # an unknown conversation, so no answer can be sent
            continue
        assert status in (200, 400, 403, 501), (status, way, activity)
        assert not [kind for _, kind in place.told if kind.isidentifier()], (way, activity)
        failures = place.door.edge.background.failures
        assert not failures, (failures, way, activity)
    await place.door.edge.quiet()
    place.told.clear()
    return counted


@either_later
async def test_half_a_pair_of_surrogates_is_no_fault_wherever_it_stands(
    place: Place, figures: Callable[[str], None]
) -> None:
    """In every text and key of every kind of activity. A client may cut an emoji in half, and Teams
    passes it on: the text is accepted without it."""
    activities = await every_kind(place)
    assert {_kind(activity) for activity in activities} == KINDS
    counted = Counter[int]()
    for activity in activities:
        counted += await _tried(place, with_half(activity))
    figures(f"{counted.total()} placements: {dict(counted)}")
    assert counted[200] > counted.total() // 2


@either_later
@pytest.mark.parametrize(
    "values",
    [1, pytest.param(None, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
    ids=["some", "all"],
)
async def test_what_is_of_another_type_is_answered_all_the_same(
    place: Place, figures: Callable[[str], None], values: int | None
) -> None:
    """A missing node or one of another type, anywhere in any activity."""
    counted = Counter[int]()
    for activity in await every_kind(place):
        counted += await _tried(place, of_wrong_types(activity, values))
    figures(f"{counted.total()} placements: {dict(counted)}")
    assert counted[200] > counted.total() // 2
