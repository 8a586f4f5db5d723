"""The Slack adapter against a simulated Slack: requests, messages and failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.platforms.common.ports import DeliveryFailed, Parcel, Submitted
from bot.platforms.slack import directory, read
from bot.platforms.slack.envelope import envelope
from bot.platforms.slack.forms import written_channel
from bot.platforms.slack.manifest import SCOPES, manifest
from bot.platforms.slack.outgoing import read_place, written_place
from bot.platforms.slack.read import incoming
from bot.platforms.slack.web_api import ANSWER_SECONDS
from dialogs.model import cards as c
from storage.sql import Unavailable
from tests.waiting import LONG_ENOUGH
from tests.worlds.slack.hands import id_of
from tests.worlds.slack.trouble import Broken, Limited, Lost, Says, Slow
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

ANNE = id_of("anne")
TENANT = "slack:T0PLEJEN"
CANARY = "kanariefugl-4711"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home") as found:
        yield found


def _parcel(kind: Any = "post", **more: Any) -> Parcel:
    card: c.FinishedCard = c.Card((c.Paragraph((c.Plain("Goddag"),)),))
    return Parcel(
        **{
            "id": "letter-1",
            "tenant": TENANT,
            "kind": kind,
            "card": card,
            "language": "da",
            "channel": CHANNEL,
            **more,
        }
    )


async def _fails(place: Place, parcel: Parcel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await place.door.edge.deliver(parcel)
    return failed.value


# --- in ---------------------------------------------------------------------------------------


async def test_a_command_is_answered_to_the_one_who_typed_it(place: Place) -> None:
    """The answer to a command is ephemeral."""
    answered = await place.world.send.command(ANNE, "hjælp", CHANNEL)
    assert answered.body["response_type"] == "ephemeral"
    assert "start" in place.hands.just("anne")


async def test_a_mention_is_answered_with_help(place: Place) -> None:
    """The answer in the channel is ephemeral."""
    await place.hands.type("anne", "@Digi")
    assert "Det kan du gøre nu" in place.hands.just("anne")


async def test_a_shortcut_says_what_sig_says(place: Place) -> None:
    """The global shortcut has no channel; a person without a project is told so."""
    await place.hands.shortcut("anne", read.SAY)
    assert "forløb" in place.hands.just("anne")


async def test_the_home_tab_has_the_same_two_doors_for_everybody(place: Place) -> None:
    """It always has buttons to write something and to use a code, and is drawn when it is
    opened."""
    await place.hands.open_home("anne")
    assert "[Sig det] [Min kode]" in place.hands.home("anne")
    await place.hands.press("anne", "Min kode")
    assert "Din kode" in place.hands.just("anne")


async def test_a_command_in_a_private_chat_belongs_to_no_channel(place: Place) -> None:
    """The chat with Digi is not a channel that a project could be in."""
    await place.hands.type("anne", "start", private=True)
    assert "kanal" in place.hands.just("anne")


async def test_a_form_that_does_not_open_is_said_in_the_same_answer(place: Place) -> None:
    """The trigger has expired: nothing is lost, and the person is told."""
    place.world.plan("views.open", Broken(503))
    await place.hands.type("anne", "/digi start")
    assert "Formularen nåede ikke frem" in place.hands.just("anne")


async def test_a_form_never_keeps_slack_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digi waits for views.open less than three seconds; otherwise the answer says that the form
    could not be opened."""
    assert ANSWER_SECONDS < 2
    monkeypatch.setattr("bot.platforms.slack.web_api.ANSWER_SECONDS", 0.01)
    place.world.plan("views.open", Slow(10))
    answered = await place.world.send.command(ANNE, "start", CHANNEL)
    assert "Formularen nåede ikke frem" in answered.body["text"]
    await place.world.clock.advance(20)


async def test_a_messages_own_menu_leads_to_the_agreements(place: Place) -> None:
    """The message's text is filled into the form for an agreement."""
    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Vis det i kanalen")
    await place.hands.shortcut("anne", read.AGREEMENT, on="Velkommen")
    assert "aftale" in place.hands.just("anne").casefold()


async def test_words_in_the_private_chat_are_answered_there(place: Place) -> None:
    """This needs the subscription to message.im; a form is opened by a button in the answer."""
    chat = place.world.home.im(ANNE)
    event = {
        "type": "message",
        "channel_type": "im",
        "user": ANNE,
        "channel": chat.id,
        "text": "min kode",
    }
    await place.world.send.event(event)
    assert "Åbn formularen" in place.hands.private("anne")
    await place.hands.press("anne", "Åbn formularen")
    assert "Din kode" in place.hands.just("anne")


async def test_slacks_own_questions_are_answered(place: Place) -> None:
    """It answers url_verification and ssl_check."""
    assert (await place.world.send.verification()).fine
    body = urlencode({"ssl_check": "1", "token": "legacy"}).encode()
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _ = await place.world.send.raw(body, fields | place.world.send.signed(body))
    assert status == 200


async def test_an_event_that_comes_four_times_at_once_is_answered_once(place: Place) -> None:
    """Slack retries events, sometimes while the first request is still in progress."""
    event = {"type": "app_mention", "user": ANNE, "text": "<@U0DIGI> hjælp", "channel": CHANNEL}
    answers = await place.world.send.event(event, id="Ev1", times=4)
    assert [one.status for one in answers] == [200] * 4
    assert len(place.world.calls_of("chat.postEphemeral")) == 1


@pytest.mark.parametrize("kind", ["command", "event", "form", "press"])
async def test_with_the_database_away_everybody_hears_the_truth(
    place: Place, kind: str, kindly: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are retried, people are told, forms keep the typed text; afterwards all works."""
    kindly()
    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    if kind == "form":
        await place.hands.press("anne", "Jeg er leder")
        await place.hands.press("anne", "Ret")

    async def away(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        for way in ("tx", "tx_sealed", "read"):
            patched.setattr(place.house.database, way, away)
        if kind == "command":
            answered = await place.world.send.command(ANNE, "status", CHANNEL)
            assert answered.status == 200
            assert "prøv igen" in answered.body["text"].casefold()
        elif kind == "press":
            control, message, _ = place.hands._find("anne", "Jeg er leder", "")
            answered = await place.world.send.press(ANNE, control.action, message=message)
            assert answered.status == 200
        elif kind == "form":
            view = place.hands.form("anne")
            assert view is not None
            answered = await place.world.send.submit(ANNE, view)
            assert answered.body["response_action"] == "errors"
        else:
            event = {"type": "app_mention", "user": ANNE, "text": "hjælp", "channel": CHANNEL}
            answers = await place.world.send.event(event, id="Ev2")
            assert [one.status for one in answers] == [503]
    if kind == "event":
        answers = await place.world.send.event(event, id="Ev2")
        assert [one.status for one in answers] == [200]
    elif kind == "form":
        await place.hands.fill("anne", {})
        assert not place.hands.faults["anne"]
    elif kind == "press":
        await place.hands.press("anne", "Jeg er leder")
        assert "Vis det i kanalen" in place.hands.just("anne")


async def _form_of_sofie(place: Place) -> Any:
    for text in ("Jeg er leder", "Vis det i kanalen"):
        if text == "Jeg er leder":
            await place.hands.type("anne", "/digi start Ny omsorgsplatform")
        await place.hands.press("anne", text)
    await place.house.courier.settle()
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    return place.hands.form("sofie")


SAID = {"Hvad": "Bekymring", "Din": "Vi mister roen om morgenen", "Hvem": "Anne Holm"}


async def test_a_form_that_takes_long_is_answered_in_time_and_the_act_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within three seconds the person is told that it takes longer, and the form keeps its content.
    Submitted again, the text is stored once, with the same code."""
    await _form_of_sofie(place)
    monkeypatch.setattr("bot.platforms.slack.edge.FORM_SECONDS", 0.01)
    receive = place.door.edge._receive
    assert receive is not None
    gate = asyncio.Event()

    async def slow(delivery: Any) -> Any:
        await gate.wait()
        return await receive(delivery)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(place.door.edge, "_receive", slow)
        meanwhile.setattr(place.hands, "_quiet", place.world.quiet)  # Digi waits at the gate
        await place.hands.fill("sofie", SAID)
    assert "Det tager længere, end det plejer." in place.hands.just("sofie")
    gate.set()
    await place.door.edge.quiet()
    monkeypatch.setattr("bot.platforms.slack.edge.FORM_SECONDS", 60.0)
    await place.hands.fill("sofie", {})
    assert place.hands.code in place.hands.just("sofie")


@pytest.mark.parametrize("kind", ["form", "press", "command"])
async def test_what_stands_is_not_called_unsaved_because_it_cannot_be_shown(
    place: Place, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error after the commit: the person is told that the result is unknown, and
    submitting again shows it."""
    await _form_of_sofie(place)

    def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(place.door.edge._replies, f"to_{kind}", broken)
        if kind == "form":
            await place.hands.fill("sofie", SAID)
            said = place.hands.just("sofie")
        elif kind == "press":
            await place.hands.press("mette", "Sig det")
            said = place.hands.just("mette")
        else:
            await place.hands.type("mette", "/digi status")
            said = place.hands.just("mette")
    assert "Jeg ved ikke, om det" in said
    assert "ikke gemt" not in said
    if kind == "form":
        await place.hands.fill("sofie", {})
        assert place.hands.code in place.hands.just("sofie")


async def test_a_failing_form_is_no_line_with_a_moment_in_the_log(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form may be unsigned, so the number of failures is reported with the daily member lookup
    only. Failed commands are reported at once."""

    async def away(*_: object) -> None:
        raise Unavailable

    await place.hands.type("anne", "/digi start Ny omsorgsplatform")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Ret")
    view = place.hands.form("anne")
    assert view is not None
    place.told.clear()
    with monkeypatch.context() as patched:
        patched.setattr(place.door.workspaces, "of", away)
        answered = await place.world.send.submit(ANNE, view)
        assert answered.body["response_action"] == "errors"
        assert place.told == []
        event = {"type": "app_mention", "user": ANNE, "text": "hjælp", "channel": CHANNEL}
        await place.world.send.event(event, id="Ev3")
        assert ("slack", "Unavailable") in place.told
    place.told.clear()
    await place.door.edge.gather()
    assert place.told == [("presses and forms in Slack", "Unavailable (1)")]
    place.told.clear()
    await place.door.edge.gather()
    assert place.told == []


# --- read ------------------------------------------------------------------------------------


def test_a_form_is_read_with_its_channel_and_all_kinds_of_fields() -> None:
    """The token is the one Digi put into the form, and fields are found by their block_ids."""
    values = {
        "ord": {"a": {"type": "plain_text_input", "value": "Ja & <nej>"}},
        "valg": {"a": {"type": "radio_buttons", "selected_option": {"value": "x"}}},
        "flere": {"a": {"type": "checkboxes", "selected_options": [{"value": "y"}]}},
        "hvem": {"a": {"type": "users_select", "selected_user": "U2"}},
        "alle": {"a": {"type": "multi_users_select", "selected_users": ["U2", "U3"]}},
        "dag": {"a": {"type": "datepicker", "selected_date": "2026-12-04"}},
        "tid": {"a": {"type": "timepicker", "selected_time": "09:30"}},
        "tom": {"a": {"type": "static_select", "selected_option": None}},
    }
    body = {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "t",
        "view": {
            "id": "V1",
            "private_metadata": "token",
            "callback_id": written_channel("C1"),
            "blocks": [{"type": "section", "block_id": "x"}, {"type": "input", "block_id": "ord"}],
            "state": {"values": values},
        },
    }
    found = envelope(body)
    assert found is not None
    what = incoming(found)
    assert what is not None
    assert what.channel == "C1"
    assert what.inputs == ("ord",)
    assert what.what == Submitted(
        "token",
        {
            "ord": "Ja & <nej>",
            "valg": "x",
            "flere": ["y"],
            "hvem": "U2",
            "alle": ["U2", "U3"],
            "dag": "2026-12-04",
            "tid": "09:30",
            "tom": None,
        },
    )


# --- out --------------------------------------------------------------------------------------


async def test_a_message_is_posted_redrawn_threaded_and_said_privately(place: Place) -> None:
    """The returned id is enough to update the message or reply in its thread."""
    edge = place.door.edge
    id = await edge.deliver(_parcel())
    channel, ts = read_place(id)
    assert written_place(channel, ts) == id
    assert await edge.deliver(_parcel("update", target=id, id="letter-2")) == id
    thread = await edge.deliver(_parcel("thread", target=id, id="letter-3"))
    assert place.world.home.message(CHANNEL, read_place(thread)[1]).thread_ts == ts  # type: ignore[union-attr]
    private = await edge.deliver(_parcel("private", person=ANNE, channel="", id="letter-4"))
    assert read_place(private)[0].startswith("D")
    [first, *_] = place.world.calls_of("chat.postMessage")
    assert first.args["metadata"]["event_payload"] == {"letter": "letter-1"}
    assert first.args["text"] == "Goddag"


LONG: c.FinishedCard = c.Card(
    tuple(c.Paragraph((c.Plain(f"linje {n} " + "x" * 900),)) for n in range(30))
)


async def test_a_digest_that_is_too_long_goes_on_in_its_thread(place: Place) -> None:
    """If the second page is rejected for a while, it is sent later, without a duplicate mark."""
    parcel = _parcel(card=LONG)
    place.world.plan("chat.postMessage", None, Limited(7))
    failed = await _fails(place, parcel)
    assert failed.retry_after == 7
    assert failed.uncertain, "after a restart all of it would come again"
    again = _parcel(card=LONG, again=True)
    await place.world.clock.advance(8)
    place.world.plan("chat.postMessage", Limited(7))
    assert not (await _fails(place, again)).uncertain
    await place.world.clock.advance(8)
    id = await place.door.edge.deliver(again)
    said = [m for m in place.world.home.messages if m.channel == CHANNEL]
    assert said[0].thread_ts == ""
    assert {m.thread_ts for m in said[1:]} == {read_place(id)[1]}
    text = json.dumps([m.blocks for m in said])
    assert [n for n in range(30) if text.count(f"linje {n} ") != 1] == []
    assert "to gange" not in text


async def test_a_redraw_that_does_not_fit_says_so_and_promises_nothing(place: Place) -> None:
    """Nothing can follow an update, so it does not say where the rest is."""
    target = await place.door.edge.deliver(_parcel())
    await place.door.edge.deliver(_parcel("update", card=LONG, target=target))
    told = place.hands.channel()
    assert "linje 0 " in told
    assert "linje 29 " not in told
    assert "Der er mere, end der er plads til her." in told
    assert "Resten" not in told


async def test_a_page_whose_answer_is_lost_comes_again_and_says_so(place: Place) -> None:
    """Only that page is repeated and marked."""
    place.world.plan("chat.postMessage", None, Lost())
    assert (await _fails(place, _parcel(card=LONG))).uncertain
    await place.door.edge.deliver(_parcel(card=LONG, again=True))
    first, second, copy, *rest = [
        json.dumps(m.blocks, ensure_ascii=False)
        for m in place.world.home.messages
        if m.channel == CHANNEL
    ]
    assert "to gange" in copy
    assert not any("to gange" in page for page in (first, second, *rest))
    assert copy.count("linje") == second.count("linje") > 0


async def test_what_was_half_there_when_digi_stopped_comes_again_and_says_so(
    place: Place,
) -> None:
    """A new process knows only that the message may have arrived."""
    place.world.plan("chat.postMessage", None, Limited(7))
    assert (await _fails(place, _parcel(card=LONG))).uncertain
    place.door.edge._outgoing._pages.forget("letter-1")
    await place.world.clock.advance(8)
    await place.door.edge.deliver(_parcel(card=LONG, again=True))
    said = [m for m in place.world.home.messages if m.channel == CHANNEL]
    assert "to gange" in json.dumps(said[1].blocks, ensure_ascii=False)


@pytest.mark.parametrize(
    ("trouble", "means", "after"),
    [
        (Limited(42), {"held"}, 42.0),
        (Broken(503), set(), None),
        (Broken(504), {"uncertain"}, None),
        (Lost(), {"uncertain"}, None),
        (Says("fatal_error"), {"uncertain"}, None),
        (Says("msg_too_long"), {"permanent"}, None),
        (Says("is_archived"), {"held"}, 600.0),
        (Says("token_revoked"), {"held"}, 600.0),
        (Says("missing_scope", {"needed": "chat:write"}), {"held"}, 600.0),
    ],
    ids=["limited", "broken", "gateway", "lost", "fatal", "long", "archived", "revoked", "scope"],
)
async def test_a_failure_says_whether_it_can_pass(
    place: Place, trouble: Any, means: set[str], after: float | None
) -> None:
    """Permanent, uncertain, held until somebody acts, or to be retried after Retry-After."""
    place.world.plan("chat.postMessage", trouble)
    failed = await _fails(place, _parcel())
    said = {name for name in ("permanent", "uncertain", "held") if getattr(failed, name)}
    assert (said, failed.retry_after) == (means, after)


async def test_a_copy_that_may_be_a_second_one_says_so(place: Place) -> None:
    """A note is at the end of the message."""
    await place.door.edge.deliver(_parcel(again=True))
    assert "to gange" in place.hands.channel()


async def test_where_digi_is_not_invited_it_says_how(place: Place) -> None:
    """The reason tells the operator, and an answer in that channel tells the person."""
    place.world.home.channels[CHANNEL].members.remove(place.world.home.bot)
    failed = await _fails(place, _parcel())
    assert "/invite" in failed.reason
    assert not failed.permanent
    await place.hands.type("anne", "/digi hjælp")
    assert "/invite @Digi" in place.hands.just("anne")


async def test_somebody_who_joins_is_a_member(place: Place) -> None:
    """A join and a leave event update the members."""
    place.world.home.user("U0NY", "Ny Kollega")
    await place.world.send.joined("U0NY", CHANNEL)
    rows = await place.house.database.read(_members)
    assert "U0NY" in rows
    assert place.world.home.bot not in rows
    await place.world.send.left("U0NY", CHANNEL)
    assert "U0NY" not in await place.house.database.read(_members)


async def test_whoever_is_of_another_workplace_is_known_as_such(place: Place) -> None:
    """Slack does not call those who share a channel with Digi strangers. The list of the channel's
    members is enough to recognise them, and then nobody can give them a role."""
    place.world.home.user("U0GAEST", "Gæst Andetsteds", team="T0ANDET")
    place.world.home.user("U0NY", "Ny Kollega")
    for person in ("U0GAEST", "U0NY"):
        await place.world.send.joined(person, CHANNEL)
    info = place.world.user_json(place.world.home, place.world.home.users["U0GAEST"])
    assert not info["is_stranger"]
    assert (await place.house.views.prefs(TENANT, "U0GAEST")).foreign
    assert not (await place.house.views.prefs(TENANT, "U0NY")).foreign


@pytest.mark.parametrize(
    ("tenant", "member", "foreign"),
    [
        ("slack:T1", {"team_id": "T1"}, False),
        ("slack:T1", {"team_id": "T2"}, True),
        (
            "slack:T1",
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2", "T1"]}},
            False,
        ),
        ("slack:T1", {"is_stranger": True}, True),
        ("slack:T1", {}, False),
        ("slack:E1", {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, False),
        ("slack:E1", {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}}, True),
        ("slack:E1", {"team_id": "T2"}, True),
        ("slack:E1", {}, False),
    ],
)
def test_who_is_foreign_is_read_from_a_persons_home(
    tenant: str, member: dict[str, Any], foreign: bool
) -> None:
    """In a workspace, in a workspace of an organisation, and in an organisation-wide
    installation."""
    assert directory.known_of("U1", member).foreign(tenant) == foreign


def _members() -> Any:
    rows = yield "member_all", {"tenant": TENANT, "channel": CHANNEL}
    return [row["person"] for row in rows]


# --- the manifest -----------------------------------------------------------------------------


@pytest.mark.parametrize("socket_mode", [True, False])
def test_the_manifest_keeps_to_slacks_limits_and_asks_for_little(socket_mode: bool) -> None:
    """The documentation gives a reason for every scope."""
    drawn = manifest("https://digi.dk", socket_mode=socket_mode)
    info, features = drawn["display_information"], drawn["features"]
    assert len(info["name"]) <= 35
    assert len(info["description"]) <= 140
    assert all(len(one["name"]) <= 24 for one in features["shortcuts"])
    assert ("request_url" in drawn["settings"]["interactivity"]) is not socket_mode
    docs = (Path(__file__).parents[4] / "docs" / "slack.md").read_text(encoding="utf-8")
    assert [scope for scope in SCOPES if f"`{scope}`" not in docs] == []


async def test_socket_mode_uses_the_same_way_in(tmp_path: Path) -> None:
    """The connection is reopened when Slack closes it."""
    async with in_slack(tmp_path / "home", "socket") as place:
        await place.hands.type("anne", "/digi hjælp")
        assert "Det kan du gøre nu" in place.hands.just("anne")
        await asyncio.sleep(0)


async def test_a_closed_connection_is_opened_again(tmp_path: Path) -> None:
    """Slack closes connections every few hours, and networks fail."""
    async with in_slack(tmp_path / "home", "socket") as place:
        before = place.world.socket.opened
        for socket in list(place.world.socket.connections):
            await socket.close()
        async with asyncio.timeout(LONG_ENOUGH):
            while place.world.socket.opened == before:  # noqa: ASYNC110 - another's server
                await asyncio.sleep(0.05)
        await place.hands.type("anne", "/digi hjælp")
        assert "Det kan du gøre nu" in place.hands.just("anne")
