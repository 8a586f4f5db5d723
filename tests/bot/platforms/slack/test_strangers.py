"""Requests that are forged, replayed or malformed; and what the logs contain."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.slack.envelope import envelope
from bot.platforms.slack.forms import written_channel
from bot.platforms.slack.read import incoming
from bot.platforms.slack.transport import quiet_logger
from tests.worlds.course import EVERYTHING
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.trouble import Says
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

ANNE = id_of("anne")
CANARY = "kanariefugl-4711"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


class Ears(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))

    def about(self, words: str) -> bool:
        return any(words in line for line in self.heard)


@pytest.fixture
def ears() -> Iterator[Ears]:
    """Capture all log records of Bolt, slack_sdk, aiohttp and Digi at every level."""
    found = Ears()
    loggers = [
        logging.getLogger(name)
        for name in ("", *logging.root.manager.loggerDict)
        if name.partition(".")[0] in ("", "slack_bolt", "slack_sdk", "aiohttp", "digi")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(found)
    yield found
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.removeHandler(found)


def _form(**more: str) -> bytes:
    fields = {
        "team_id": "T0PLEJEN",
        "user_id": ANNE,
        "channel_id": CHANNEL,
        "command": "/digi",
        "text": CANARY,
        "trigger_id": "1.2.3",
        **more,
    }
    return urlencode(fields).encode()


@pytest.mark.parametrize(
    "wrong",
    ["none", "forged", "stale", "no number", "no signature's form", "no utf-8", "no json"],
)
async def test_what_slack_did_not_send_is_refused_and_not_repeated_anywhere(
    place: Place, ears: Ears, capfd: pytest.CaptureFixture[str], wrong: str
) -> None:
    """The status is 401, or 400 for a signed body that cannot be parsed; no log at any level
    contains anything of it."""
    body = _form()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **place.world.send.signed(body)}
    match wrong:
        case "none":
            headers = {"Content-Type": headers["Content-Type"]}
        case "forged":
            headers["X-Slack-Signature"] = "v0=" + "0" * 64
        case "stale":
            headers |= place.world.send.signed(body, at=1_700_000_000)
        case "no number":
            headers["X-Slack-Request-Timestamp"] = "i går"
        case "no signature's form":
            headers["X-Slack-Signature"] = "æøå"
        case "no utf-8":
            body = b"text=" + CANARY.encode() + b"\xff\xfe"
            headers |= place.world.send.signed(body)
        case "no json":
            body = b'{"text": "' + CANARY.encode()
            headers = {"Content-Type": "application/json", **place.world.send.signed(body)}
    status, text = await place.world.send.raw(body, headers)
    assert status == (400 if wrong == "no json" else 401)
    assert CANARY not in text
    said = capfd.readouterr()
    assert CANARY not in "".join(ears.heard) + said.out + said.err


async def test_nothing_that_people_write_is_in_a_log_at_any_level(
    place: Place, ears: Ears, capfd: pytest.CaptureFixture[str]
) -> None:
    """For a whole act with its form, answer and message, and for a listener that fails."""
    await place.hands.type("anne", f"/digi start {CANARY}")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Ret")
    await place.hands.fill("anne", {"Derfor": f"Fordi {CANARY}"})
    await place.hands.press("anne", "Vis det i kanalen")
    assert CANARY in place.hands.channel()
    place.world.plan("chat.postEphemeral", Says("fatal_error"))
    await place.hands.type("anne", f"@Digi {CANARY}")
    said = capfd.readouterr()
    heard = "".join(ears.heard) + said.out + said.err
    assert CANARY not in heard
    assert ANNE not in heard


async def test_a_library_that_speaks_all_the_same_says_nothing(place: Place, ears: Ears) -> None:
    """Library log messages are replaced at any level; a control shows that the capture works."""
    quiet_logger().error(CANARY)
    child = logging.getLogger("slack_bolt.AsyncMultiTeamsAuthorization")
    child.setLevel(logging.DEBUG)
    child.debug(CANARY)
    logging.getLogger("slack_sdk").error(CANARY)
    assert CANARY not in "".join(ears.heard)
    logging.getLogger("somebody.else").error(CANARY)
    assert CANARY in "".join(ears.heard)


# --- bodies made by chance ----------------------------------------------------------------------

_names: st.SearchStrategy[str] = st.sampled_from(
    [
        "type",
        "event",
        "user",
        "channel",
        "view",
        "actions",
        "state",
        "values",
        "team",
        "id",
        "enterprise",
        "team_id",
        "user_id",
        "command",
        "trigger_id",
        "container",
        "authorizations",
        "event_id",
        "callback_id",
        "private_metadata",
        "text",
        "tab",
        "tokens",
        "message",
        "blocks",
    ]
) | st.text(max_size=5)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=6),
    max_leaves=12,
)
_anything = st.dictionaries(_names, _json, max_size=8)
_who = {
    "team": {"id": "T0PLEJEN"},
    "team_id": "T0PLEJEN",
    "user": {"id": ANNE},
    "user_id": ANNE,
    "trigger_id": "1.2.3",
    "event_id": "Ev",
    "channel": {"id": CHANNEL},
}
_kinds = st.sampled_from(
    [
        "event_callback",
        "block_actions",
        "view_submission",
        "shortcut",
        "message_action",
        "view_closed",
        "url_verification",
        "block_suggestion",
        "",
    ]
)
_events = st.builds(
    lambda kind, more: {"type": kind, "user": ANNE, "channel": CHANNEL, "text": CANARY, **more},
    st.sampled_from(
        ["app_mention", "message", "app_home_opened", "member_joined_channel", "tokens_revoked"]
    ),
    _anything,
)
_values = st.dictionaries(
    st.text(max_size=8),
    st.dictionaries(
        st.text(max_size=4),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        "plain_text_input",
                        "static_select",
                        "checkboxes",
                        "users_select",
                        "datepicker",
                        "x",
                    ]
                ),
                "value": st.just(CANARY) | st.text(max_size=20),
            }
        ),
        max_size=2,
    ),
    max_size=3,
)
_views = st.builds(
    lambda token, values, more: {
        "id": "V1",
        "type": "modal",
        "callback_id": written_channel(CHANNEL),
        "private_metadata": token,
        "state": {"values": values},
        "blocks": [],
        **more,
    },
    st.text(max_size=30) | st.just("e30.forkert"),
    _values,
    st.just({}) | _anything,
)
_plausible = st.builds(
    lambda kind, event, view, token, more: {
        **_who,
        "type": kind,
        "event": event,
        "view": view,
        "callback_id": "agreement",
        "command": "/digi",
        "text": CANARY,
        "message": {"text": CANARY},
        "actions": [{"type": "button", "value": token, "action_id": "press-0"}],
        **more,
    },
    _kinds,
    _events,
    _views,
    st.text(max_size=30),
    st.just({}) | _anything,
)
BODIES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    _plausible, st.builds(lambda kind, body: {**body, "type": kind}, _kinds, _anything)
)
FORMS = ("json", "payload", "fields", "no json", "no utf-8", "bytes")
SIGNED = ("right", "right", "none", "forged", "stale", "future", "no number", "empty", "no ascii")


def _raw(body: dict[str, Any], form: str) -> tuple[bytes, str]:
    drawn = json.dumps(body)
    fields = "application/x-www-form-urlencoded"
    match form:
        case "json":
            return drawn.encode(), "application/json"
        case "payload":
            return urlencode({"payload": drawn}).encode(), fields
        case "fields":
            flat = {name: value for name, value in body.items() if isinstance(value, str)}
            return urlencode(flat, errors="replace").encode(), fields
        case "no json":
            return drawn[:-1].encode() + CANARY.encode(), "application/json"
        case "no utf-8":
            return b"text=" + CANARY.encode() + b"\xff\xfe", fields
        case _:
            return bytes(range(256)), "application/octet-stream"


def _headers(place: Place, raw: bytes, kind: str, signed: str) -> dict[str, str]:
    now = time.time()
    right = place.world.send.signed(raw)
    match signed:
        case "right":
            found = right
        case "none":
            found = {}
        case "forged":
            found = right | {"X-Slack-Signature": "v0=" + "0" * 64}
        case "stale":
            found = place.world.send.signed(raw, at=now - 301)
        case "future":
            found = place.world.send.signed(raw, at=now + 400)
        case "no number":
            found = right | {"X-Slack-Request-Timestamp": "12e3"}
        case "empty":
            found = right | {"X-Slack-Request-Timestamp": "", "X-Slack-Signature": ""}
        case _:
            found = right | {"X-Slack-Signature": "v0=æ"}
    return {"Content-Type": kind, **found}


@pytest.mark.parametrize(
    "examples",
    [200, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
    ids=["few", "ten thousand"],
)
async def test_no_body_makes_digi_stumble_or_speak(
    place: Place,
    ears: Ears,
    capfd: pytest.CaptureFixture[str],
    figures: Callable[[str], None],
    examples: int,
) -> None:
    """Sent over HTTP: never a 500; 401 for unsigned or undecodable bodies, 400 for malformed JSON,
    and nothing of it in any log."""
    counted = {"all": 0, "401": 0}

    async def comes(body: dict[str, Any], form: str, signed: str) -> None:
        raw, kind = _raw(body, form)
        status, said = await place.world.send.raw(raw, _headers(place, raw, kind, signed))
        counted["all"] += 1
        counted["401"] += status == 401
        refused = signed != "right" or form in ("no utf-8", "bytes")
        assert status in ((401,) if refused else (400,) if form == "no json" else (200, 400, 503))
        assert CANARY not in said or status == 200
        assert not ears.about(CANARY)
        ears.heard.clear()

    loop = asyncio.get_running_loop()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=BODIES, form=st.sampled_from(FORMS), signed=st.sampled_from(SIGNED))
    def holds(body: dict[str, Any], form: str, signed: str) -> None:
        asyncio.run_coroutine_threadsafe(comes(body, form, signed), loop).result()

    await asyncio.to_thread(holds)
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err
    assert [kind for what, kind in place.told if what == "slack"] == []
    assert counted["all"] >= examples
    assert counted["401"] > examples // 3
    figures(f"{counted['all']} bodies, {counted['401']} of them 401, none a 500")


# --- the same again -----------------------------------------------------------------------------


async def _state(place: Place) -> Any:
    """Return all stored rows of the workplace and all content of the simulated Slack."""
    kept = await place.house.database.read(
        place.house.scripts.reading.all_states, place.hands.tenant
    )
    letters = await place.house.database.read(place.house.scripts.outbox.letters)
    ids = sorted(str(row["id"]) for row in letters)
    shown = [(m.ts, m.text, m.versions) for m in place.world.home.messages if not m.only_for]
    return kept, ids, shown


async def test_a_replay_is_answered_and_changes_nothing(place: Place, ears: Ears) -> None:
    """The same bytes within five minutes: a command, a button, forms and events."""
    seen: list[tuple[bytes, Mapping[str, str]]] = []
    original = place.world.send.raw

    async def kept(body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        seen.append((body, headers))
        return await original(body, headers)

    place.world.send.raw = kept  # type: ignore[method-assign]
    await place.hands.play(EVERYTHING)
    place.world.home.user("U0NY", "Ny Kollega")
    await place.world.send.joined("U0NY", CHANNEL)
    place.world.send.raw = original  # type: ignore[method-assign]
    before = await _state(place)
    mentions = len(place.world.calls_of("chat.postEphemeral"))
    for body, headers in seen:
        status, _ = await original(body, headers)
        assert status == 200
    await place.house.courier.settle()
    await place.world.quiet()
    assert await _state(place) == before
    assert len(place.world.calls_of("chat.postEphemeral")) == mentions
    await place.hands.press("anne", "Led samtalen")
    await place.hands.press("anne", "Luk for svar")
    await place.hands.press("anne", "Se svar")
    assert place.hands.just("anne").count("Vi når det heller ikke") == 1
    assert place.hands.just("anne").count("Vi når det ikke") == 1
    place.world.faults.clear()  # a replayed command has an expired trigger


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "",
        None,
        {"type": 7},
        {"type": "event_callback"},
        {"type": "block_actions"},
        {"type": "view_submission", "view": {"private_metadata": "x"}},
        {
            "type": "event_callback",
            "team_id": "T1",
            "event_id": "E",
            "event": {
                "type": "message",
                "channel_type": "im",
                "user": "U1",
                "channel": "D1",
                "bot_id": "B1",
                "text": "selv",
            },
        },
        {
            "type": "event_callback",
            "team_id": "T1",
            "event_id": "E",
            "event": {
                "type": "message",
                "channel_type": "channel",
                "user": "U1",
                "channel": "C1",
                "text": "snak",
            },
        },
        {
            "type": "event_callback",
            "team_id": "T1",
            "event_id": "E",
            "event": {"type": "app_home_opened", "user": "U1", "tab": "messages"},
        },
        {
            "type": "event_callback",
            "team_id": "T1",
            "event_id": "E",
            "event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}},
        },
    ],
)
def test_what_is_not_meant_for_digi_is_nothing(body: object) -> None:
    """Other people's messages, Digi's own messages, malformed events."""
    read_body = envelope(body)
    assert read_body is None or incoming(read_body) is None
