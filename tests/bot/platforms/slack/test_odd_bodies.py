"""Signed requests from Slack with one node malformed, for every node."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.worlds.course import EVERYTHING
from tests.worlds.odd_json import of_wrong_types, with_half
from tests.worlds.postgres import either_later
from tests.worlds.slack.hands import id_of
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

KINDS = {
    "command",
    "block_actions",
    "view_submission",
    "shortcut",
    "message_action",
    "view_closed",
    "url_verification",
    "app_mention",
    "message",
    "app_home_opened",
    "member_joined_channel",
    "member_left_channel",
    "app_uninstalled",
    "tokens_revoked",
}


@pytest.fixture
async def place(tmp_path: Path, either: str) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home", either=either) as found:
        yield found


async def every_kind(place: Place) -> list[dict[str, Any]]:
    """Record one request of each kind and shape, while people do everything that Digi handles."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    once = place.world.send.once

    async def noted(kind: Any, payload: dict[str, Any], **more: Any) -> Any:
        found.setdefault(_shape(payload), payload)
        return await once(kind, payload, **more)

    place.world.send.once = noted  # type: ignore[method-assign]
    await place.hands.play(EVERYTHING)
    await place.hands.open_home("anne")
    await place.hands.shortcut("anne", "say")
    await place.hands.shortcut("anne", "agreement", "Ny omsorgsplatform")
    send = place.world.send
    await send.said(id_of("peter"), "hjælp")
    await send.joined(id_of("anne"), CHANNEL)
    place.world.send.once = once  # type: ignore[method-assign]
    event = next(body for body in found.values() if "event" in body)
    rest = (
        {"type": "member_left_channel", "user": id_of("anne"), "channel": CHANNEL},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U2"]}},
        {"type": "app_uninstalled"},
    )
    bodies = [*found.values(), {"type": "url_verification", "token": "t", "challenge": "c"}]
    closed = next(body for body in found.values() if body.get("type") == "view_submission")
    bodies += [{**closed, "type": "view_closed", "is_cleared": False}]
    return bodies + [{**event, "event_id": f"Ev{n}", "event": one} for n, one in enumerate(rest)]


def _shape(body: dict[str, Any]) -> tuple[Any, ...]:
    """Return a key for requests that are parsed in the same way."""
    view, container = body.get("view") or {}, body.get("container") or {}
    inputs = sorted({str(block.get("element", {}).get("type")) for block in view.get("blocks", ())})
    event = body.get("event") or {}
    return (body.get("type"), event.get("type"), container.get("is_ephemeral"), tuple(inputs))


def _kind(body: dict[str, Any]) -> str:
    return str((body.get("event") or body).get("type") or "command")


def _raw(body: Any) -> tuple[bytes, str]:
    """Encode as Slack does: form fields for a command, JSON for an event, JSON in a form field
    otherwise."""
    if isinstance(body, dict) and "command" in body:
        pairs = (f"{_quoted(name)}={_quoted(value)}" for name, value in body.items())
        return "&".join(pairs).encode(), "application/x-www-form-urlencoded"
    text = json.dumps(body)
    if isinstance(body, dict) and ("event" in body or "challenge" in body):
        return text.encode(), "application/json"
    return urlencode({"payload": text}).encode(), "application/x-www-form-urlencoded"


def _faults(place: Place) -> list[str]:
    """Return internal errors by type; a missing channel is a normal answer."""
    return [kind for _, kind in place.told if kind.isidentifier()]


def _anew(body: Any, way: tuple[Any, ...], number: int) -> Any:
    """Give the request new ids, so that it is no duplicate."""
    for name in {"trigger_id", "event_id"} - {*way[:1]}:
        if isinstance(body, dict) and name in body:
            body = {**body, name: f"{number}.{id(way)}"}
    return body


def _quoted(held: Any) -> str:
    text = held if isinstance(held, str) else json.dumps(held)
    return quote(text.encode("utf-8", "surrogatepass"))


async def _tried(place: Place, bodies: Iterator[tuple[Any, Any]]) -> Counter[tuple[int, bool]]:
    """Count the answers by status, and by whether they have a body."""
    counted: Counter[tuple[int, bool]] = Counter()
    place.told.clear()
    for number, (way, body) in enumerate(bodies):
        place.house.engine._gate._acts.clear()  # disable the rate limit
        raw, kind = _raw(_anew(body, way, number))
        headers = {"Content-Type": kind, **place.world.send.signed(raw)}
        status, said = await place.world.send.raw(raw, headers)
        assert status in (200, 400), (status, way, body)
        assert not _faults(place), (way, body, place.told)
        failures = place.door.edge.background.failures
        assert not failures, (failures, way, body)
        counted[status, bool(said)] += 1
    await place.door.edge.quiet()
    place.world.faults.clear()
    return counted


@either_later
async def test_half_a_pair_of_surrogates_is_a_bad_request_wherever_it_stands(
    place: Place, figures: Callable[[str], None]
) -> None:
    """In every text and key of every kind of request the answer is an empty 400, and nothing is
    done. A command is form-encoded: its bytes are invalid UTF-8."""
    bodies = await every_kind(place)
    assert {_kind(body) for body in bodies} == KINDS
    counted = Counter[tuple[int, bool]]()
    for body in bodies:
        found = await _tried(place, with_half(body))
        assert set(found) == {(400, False)} or _kind(body) == "command", body
        counted += found
    figures(f"{counted.total()} placements: {dict(counted)}")


@either_later
@pytest.mark.parametrize(
    "values",
    [1, pytest.param(None, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
    ids=["some", "all"],
)
async def test_what_is_of_another_type_is_answered_all_the_same(
    place: Place, figures: Callable[[str], None], values: int | None
) -> None:
    """A missing node or one of another type, anywhere in any request, gives 200 or 400 and no
    internal error."""
    counted = Counter[tuple[int, bool]]()
    for body in await every_kind(place):
        counted += await _tried(place, of_wrong_types(body, values))
    figures(f"{counted.total()} placements: {dict(counted)}")
    assert counted[200, False] > counted.total() // 10
