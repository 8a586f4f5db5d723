"""The simulated Slack is as strict as the real one."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal, cast
from urllib.parse import parse_qs

import pytest
from aiohttp import ClientError, web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.web.playground.scenario import ScenarioError
from bot.server.build import House
from tests.waiting import LONG_ENOUGH, until
from tests.worlds.slack import (
    Broken,
    Limited,
    Lost,
    Refused,
    Says,
    SlackHands,
    SlackWorld,
    Slow,
    Workspace,
    check,
    id_of,
    move_in,
)
from tests.worlds.slack.limits import length_of
from tests.worlds.slack.render import without_marks

Dict = dict[str, Any]
CHANNEL = "C0HJEMME"
PEOPLE = {"anne": "Anne Holm", "mette": "Mette Krogh", "ali": "Ali Demir"}


# --- payloads -----------------------------------------------------------------------------


def plain(text: str) -> Dict:
    return {"type": "plain_text", "text": text}


def marked(text: str) -> Dict:
    return {"type": "mrkdwn", "text": text}


def section(text: Dict, **more: Any) -> Dict:
    return {"type": "section", "text": text, **more}


def button(**more: Any) -> Dict:
    return {"type": "button", "text": plain("Svar"), "action_id": "a", "value": "v", **more}


def actions(*elements: Dict, **more: Any) -> Dict:
    return {"type": "actions", "elements": list(elements), **more}


def option(n: int, **more: Any) -> Dict:
    return {"text": plain(f"Valg {n}"), "value": str(n), **more}


def options(count: int) -> list[Dict]:
    return [option(n) for n in range(count)]


def confirm(**more: Any) -> Dict:
    found = {"title": plain("Sikker?"), "text": plain("Det kan ikke laves om.")}
    return {**found, "confirm": plain("Ja"), "deny": plain("Nej"), **more}


def text_input(**more: Any) -> Dict:
    return {"type": "plain_text_input", "action_id": "t", **more}


def select(**more: Any) -> Dict:
    return {"type": "static_select", "action_id": "s", "options": options(2), **more}


def field_(element: Dict, **more: Any) -> Dict:
    return {"type": "input", "label": plain("Dit svar"), "element": element, **more}


def modal(*blocks: Dict, **more: Any) -> Dict:
    return {
        "type": "modal",
        "title": plain("Svar"),
        "submit": plain("Send"),
        "close": plain("Fortryd"),
        "blocks": list(blocks) or [field_(text_input())],
        **more,
    }


def table(rows: int, cells: int = 2) -> Dict:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells] * rows}


def rich(*spans: Dict) -> Dict:
    part = {"type": "rich_text_section", "elements": list(spans)}
    return {"type": "rich_text", "elements": [part]}


def confirmed(**more: Any) -> list[Dict]:
    return [actions(button(confirm=confirm(**more)))]


def without(payload: Dict, name: str) -> Dict:
    return {key: value for key, value in payload.items() if key != name}


GOOD: dict[str, Any] = {
    "a message of all blocks": [
        {"type": "header", "text": {**plain("Ugens overblik"), "emoji": False}, "block_id": "h"},
        section({**marked("Hej *alle*"), "verbatim": True}, block_id="s1"),
        section(marked("Felter"), fields=[marked("*Leder*\nAnne"), plain("TR: Mette")]),
        section(marked("Knap"), accessory=button(action_id="a1", style="primary")),
        actions(
            button(action_id="a2", style="danger", confirm=confirm()),
            button(action_id="a3", url="https://eksempel.dk"),
            select(action_id="a4", placeholder=plain("Vælg")),
            {"type": "overflow", "action_id": "a5", "options": options(5)},
            {"type": "datepicker", "action_id": "a6", "initial_date": "2026-12-04"},
        ),
        {"type": "context", "elements": [marked("Kilde"), plain("2026")]},
        {"type": "divider"},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Mere ro", "style": {"bold": True}},
                        {"type": "user", "user_id": "U0ANNE"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "et"}]}
                    ],
                },
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "Sagt"}]},
            ],
        },
        {"type": "image", "image_url": "https://eksempel.dk/x.png", "alt_text": "Hjulet"},
    ],
    "markdown and a table": [{"type": "markdown", "text": "# Uge 46\n* et"}, table(3)],
    "50 blocks": [{"type": "divider"}] * 50,
    "words at their longest": [
        section(marked("x" * 3000)),
        {"type": "header", "text": plain("h" * 150)},
        actions(button(text=plain("b" * 75), value="v" * 2000, action_id="a" * 255)),
    ],
    "a modal of all fields": modal(
        section(marked("Læs først")),
        field_(text_input(action_id="f1", multiline=True, max_length=3000, initial_value="Før")),
        field_(select(action_id="f2", initial_option=option(1)), optional=True, hint=plain("Et")),
        field_({"type": "radio_buttons", "action_id": "f3", "options": options(10)}),
        field_(
            {
                "type": "checkboxes",
                "action_id": "f4",
                "options": [option(0, description=plain("Mere")), option(1)],
                "initial_options": [option(1)],
            }
        ),
        field_({"type": "users_select", "action_id": "f5", "initial_user": "W0ANNE"}),
        field_({"type": "multi_users_select", "action_id": "f6", "initial_users": ["U0ALI"]}),
        field_({"type": "datepicker", "action_id": "f7"}),
        field_({"type": "timepicker", "action_id": "f8", "initial_time": "09:30"}),
        field_({"type": "multi_static_select", "action_id": "f9", "options": options(100)}),
        callback_id="answer",
        private_metadata="m" * 3000,
        notify_on_close=True,
        clear_on_close=True,
    ),
    "fields that share an action_id": modal(
        field_(text_input(), block_id="a"), field_(text_input(), block_id="b")
    ),
    "a modal without fields": without(modal(section(marked("Tak"))), "submit"),
    "a home": {"type": "home", "blocks": [section(marked("*Mit*"), accessory=button())]},
}

BAD: dict[str, tuple[Any, str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "blocks: more than 50"),
    "101 blocks in a view": (modal(*[{"type": "divider"}] * 101), "blocks: more than 100"),
    "no fallback text": ({"text": "", "blocks": [section(marked("x"))]}, "text: missing"),
    "a text of 40,001": ({"text": "x" * 40_001, "blocks": []}, "text: more than 40000"),
    "a section of 3,001": ([section(marked("x" * 3001))], "blocks[0].text.text"),
    "an empty section": ([section(marked(""))], "blocks[0].text.text"),
    "a section of nothing": ([{"type": "section"}], "neither text nor fields"),
    "11 fields": ([{"type": "section", "fields": [marked("f")] * 11}], "blocks[0].fields"),
    "a field of 2,001": (
        [{"type": "section", "fields": [marked("f" * 2001)]}],
        "blocks[0].fields[0].text",
    ),
    "a header of 151": ([{"type": "header", "text": plain("h" * 151)}], "blocks[0].text.text"),
    "a header with markup": ([{"type": "header", "text": marked("h")}], "blocks[0].text.type"),
    "11 in a context": (
        [{"type": "context", "elements": [marked("x")] * 11}],
        "blocks[0].elements: 1 to 10",
    ),
    "an empty context": ([{"type": "context", "elements": []}], "blocks[0].elements"),
    "26 actions": (
        [actions(*(button(action_id=f"a{n}") for n in range(26)))],
        "blocks[0].elements: 1 to 25",
    ),
    "no actions": ([actions()], "blocks[0].elements: 1 to 25"),
    "a button of 76": ([actions(button(text=plain("b" * 76)))], "elements[0].text.text"),
    "a button with markup": ([actions(button(text=marked("*b*")))], "elements[0].text.type"),
    "a button without words": ([actions(without(button(), "text"))], "elements[0].text: missing"),
    "a value of 2,001": ([actions(button(value="v" * 2001))], "elements[0].value"),
    "a url of 3,001": ([actions(button(url="https://" + "u" * 2993))], "elements[0].url"),
    "a warning button": ([actions(button(style="warning"))], "elements[0].style"),
    "an action_id of 256": ([actions(button(action_id="a" * 256))], "elements[0].action_id"),
    "no action_id": ([actions(without(button(), "action_id"))], "elements[0].action_id: missing"),
    "a block_id of 256": ([section(marked("x"), block_id="b" * 256)], "blocks[0].block_id"),
    "two buttons of one action_id": (
        [actions(button()), actions(button())],
        "the action_id 'a' stands 2 times",
    ),
    "two actions of one action_id": (
        [actions(button(), select(action_id="a"))],
        "the action_id 'a' stands 2 times",
    ),
    "a button and an accessory of one action_id": (
        modal(actions(button()), section(marked("x"), accessory=button())),
        "the action_id 'a' stands 2 times",
    ),
    "two blocks of one block_id": (
        [section(marked("x"), block_id="d"), section(marked("y"), block_id="d")],
        "the block_id 'd' stands 2 times",
    ),
    "two tables": ([table(1), table(1)], "more than one table"),
    "a table of 101": ([table(101)], "blocks[0].rows: 1 to 100"),
    "a table of 21 cells": ([table(1, 21)], "blocks[0].rows[0]"),
    "a text field among buttons": ([actions(text_input())], "plain_text_input may not stand here"),
    "a button as a field": (modal(field_(button())), "button may not stand here"),
    "a field without a label": (
        modal({"type": "input", "element": text_input()}),
        "blocks[0].label: missing",
    ),
    "a label of 2,001": (modal(field_(text_input(), label=plain("l" * 2001))), "label.text"),
    "a hint of 2,001": (modal(field_(text_input(), hint=plain("l" * 2001))), "hint.text"),
    "a placeholder of 151": (
        modal(field_(text_input(placeholder=plain("p" * 151)))),
        "element.placeholder.text",
    ),
    "a field for 3,001": (modal(field_(text_input(max_length=3001))), "element.max_length"),
    "a start longer than its field": (
        modal(field_(text_input(max_length=5, initial_value="seksten"))),
        "element.initial_value",
    ),
    "101 options": (modal(field_(select(options=options(101)))), "element.options: 1 to 100"),
    "no options": (modal(field_(select(options=[]))), "element.options: 1 to 100"),
    "11 radio buttons": (
        modal(field_({"type": "radio_buttons", "action_id": "r", "options": options(11)})),
        "element.options: 1 to 10",
    ),
    "11 boxes": (
        modal(field_({"type": "checkboxes", "action_id": "r", "options": options(11)})),
        "element.options: 1 to 10",
    ),
    "6 in an overflow": (
        [actions({"type": "overflow", "action_id": "o", "options": options(6)})],
        "elements[0].options: 1 to 5",
    ),
    "an option of 76": (
        modal(field_(select(options=[option(1, text=plain("t" * 76))]))),
        "options[0].text.text",
    ),
    "an option's value of 151": (
        modal(field_(select(options=[option(1, value="v" * 151)]))),
        "options[0].value",
    ),
    "an option's description of 76": (
        modal(field_(select(options=[option(1, description=plain("d" * 76))]))),
        "options[0].description.text",
    ),
    "two options of one value": (
        modal(field_(select(options=[option(1), option(1)]))),
        "two have the same value",
    ),
    "a chosen option that is not there": (
        modal(field_(select(initial_option=option(7)))),
        "initial_option: not one of the options",
    ),
    "a title of 25": (modal(title=plain("t" * 25)), "title.text"),
    "no title": (without(modal(), "title"), "title: missing"),
    "a submit of 25": (modal(submit=plain("t" * 25)), "submit.text"),
    "a close of 25": (modal(close=plain("t" * 25)), "close.text"),
    "a field and no submit": (without(modal(), "submit"), "submit: required"),
    "metadata of 3,001": (modal(private_metadata="m" * 3001), "private_metadata"),
    "a callback_id of 256": (modal(callback_id="c" * 256), "callback_id"),
    "a question's title of 101": (confirmed(title=plain("t" * 101)), "confirm.title.text"),
    "a question of 301": (confirmed(text=plain("t" * 301)), "confirm.text.text"),
    "a yes of 31": (confirmed(confirm=plain("t" * 31)), "confirm.confirm.text"),
    "a no of 31": (confirmed(deny=plain("t" * 31)), "confirm.deny.text"),
    "markdown of 12,001": ([{"type": "markdown", "text": "m" * 12_001}], "blocks[0].text"),
    "two of markdown, 12,001 together": (
        [{"type": "markdown", "text": "m" * 6000}, {"type": "markdown", "text": "m" * 6001}],
        "more than 12000 characters of markdown",
    ),
    "markdown in a modal": (modal({"type": "markdown", "text": "m"}), "messages only"),
    "a block of no kind": ([{"type": "nope"}], "blocks[0].type"),
    "a block without a type": ([{"text": marked("x")}], "blocks[0].type"),
    "a colour": ([section(marked("x"), colour="red")], "blocks[0].colour: unknown"),
    "a picture without words": (
        [{"type": "image", "image_url": "https://eksempel.dk/x.png"}],
        "blocks[0].alt_text: missing",
    ),
    "a date the other way": (
        [actions({"type": "datepicker", "action_id": "d", "initial_date": "12-03-2026"})],
        "elements[0].initial_date",
    ),
    "twenty-five o'clock": (
        modal(field_({"type": "timepicker", "action_id": "t", "initial_time": "25:00"})),
        "element.initial_time",
    ),
    "a handle in the place of an id": (
        modal(field_({"type": "users_select", "action_id": "u", "initial_user": "anne"})),
        "ids of people begin with U or W",
    ),
    "an empty span": ([rich({"type": "text", "text": ""})], "elements[0].text: missing or empty"),
    "a view of 250,001": (
        modal(*[section(plain("x" * 2900), block_id=str(n)) for n in range(90)]),
        "view_too_large",
    ),
    "13,201 in all": ([section(marked("x" * 3000))] * 4 + [section(marked("x" * 1100))], "13200"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_slack_takes_passes(name: str) -> None:
    """No limit is stricter than Slack's own."""
    check(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_what_slack_refuses_is_caught_with_its_place(name: str) -> None:
    """Each limit is exceeded once, and the error names the place."""
    payload, place = BAD[name]
    with pytest.raises(Refused) as caught:
        check(payload)
    assert place in str(caught.value)


def test_the_validators_that_others_wrote_have_their_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems that our own table does not cover are found by slack_sdk and slackblocks."""
    monkeypatch.setattr("tests.worlds.slack.limits._message", lambda message: iter(()))
    monkeypatch.setattr("tests.worlds.slack.limits._view", lambda view: iter(()))
    for name in ("a section of 3,001", "a colour", "101 options", "a title of 25"):
        with pytest.raises(Refused, match=r"slack_sdk says|slackblocks says"):
            check(BAD[name][0])


def test_values_and_ids_do_not_count_toward_the_whole() -> None:
    """Fifty tokens of 2,000 characters fit, because only visible text counts."""
    blocks = [actions(button(action_id=f"a{n}", value="v" * 2000)) for n in range(50)]
    assert length_of(blocks) < 2000
    check(blocks)


def test_markup_is_read_as_slack_shows_it() -> None:
    """Names replace ids, entities are decoded, and text that merely resembles markup is
    unchanged."""
    text = "*Hej* <@U0ANNE>, se <https://a.dk|her> &lt;b&gt; 2*3*4 snake_case_name"
    names = {"U0ANNE": "Anne Holm"}
    assert without_marks(text, names.__getitem__) == (
        "Hej Anne Holm, se her <b> 2*3*4 snake_case_name"
    )


# --- a bot to stand on the other side ------------------------------------------------------


@dataclass
class Toy:
    """A toy bot whose answers the test sets, by HTTP or Socket Mode."""

    world: SlackWorld
    client: AsyncWebClient
    heard: list[Dict] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    answer: Callable[[Dict], Awaitable[Any]] | None = None
    status: int = 200

    async def receive(self, payload: Dict) -> Any:
        self.heard.append(payload)
        return await self.answer(payload) if self.answer else None

    async def http(self, request: web.Request) -> web.Response:
        body = await request.text()
        verifier = SignatureVerifier(self.world.signing_secret)
        if not verifier.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        self.retries.append(request.headers.get("X-Slack-Retry-Num", "0"))
        if request.content_type == "application/json":
            payload = json.loads(body)
            if payload["type"] == "url_verification":
                return web.json_response({"challenge": payload["challenge"]})
        else:
            form = {key: value[0] for key, value in parse_qs(body).items()}
            payload = json.loads(form["payload"]) if "payload" in form else form
        said = await self.receive(payload)
        if self.status != 200 or said is None:
            return web.Response(status=self.status)
        return web.json_response(said)

    async def envelope(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        said = await self.receive(request.payload)
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, said))


@asynccontextmanager
async def toy(mode: Literal["http", "socket"] = "http", **more: Any) -> AsyncIterator[Toy]:
    async with SlackWorld(mode=mode, **more) as world:
        move_in(world.home, PEOPLE, CHANNEL)
        client = AsyncWebClient(world.home.token, base_url=world.api_url, retry_handlers=[])
        bot = Toy(world, client)
        if mode == "socket":
            speaking = SocketModeClient(
                world.app_token, web_client=AsyncWebClient(base_url=world.api_url)
            )
            speaking.socket_mode_request_listeners.append(bot.envelope)
            await speaking.connect()  # type: ignore[no-untyped-call]
            await world.socket.connected()
            try:
                yield bot
            finally:
                await speaking.close()  # type: ignore[no-untyped-call]
            return
        app = web.Application()
        app.router.add_post("/slack/events", bot.http)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.digi_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield bot
        finally:
            await runner.cleanup()


def hands_of(bot: Toy) -> SlackHands:
    async def nothing(*_: Any) -> None:
        pass

    house = SimpleNamespace(courier=SimpleNamespace(settle=nothing, move_to=nothing))
    return SlackHands(bot.world, cast(House, house), PEOPLE, CHANNEL)


async def refused(call: Awaitable[Any]) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


# --- the Web API --------------------------------------------------------------------------


async def test_a_message_is_posted_redrawn_answered_and_deleted() -> None:
    """With metadata, in its thread; only the bot that wrote a message may change it."""
    async with toy() as bot:
        client, space = bot.client, bot.world.home
        posted = await client.chat_postMessage(
            channel=CHANNEL,
            text="Hej",
            blocks=[section(marked("Hej"))],
            metadata={"event_type": "digi", "event_payload": {"letter": "1"}},
        )
        assert posted["message"]["metadata"]["event_payload"] == {"letter": "1"}
        await client.chat_update(
            channel=CHANNEL, ts=posted["ts"], text="Nu", blocks=[section(marked("Nu"))]
        )
        await client.chat_postMessage(channel=CHANNEL, text="Mere", thread_ts=posted["ts"])
        first, second = space.messages
        assert (first.text, first.versions, second.thread_ts) == ("Nu", 2, first.ts)
        assert first.metadata is not None
        unknown = client.chat_update(channel=CHANNEL, ts="1.000001", text="x")
        assert await refused(unknown) == "message_not_found"
        lost = client.chat_postMessage(channel=CHANNEL, text="x", thread_ts="1.000001")
        assert await refused(lost) == "thread_not_found"
        long = client.chat_update(channel=CHANNEL, ts=first.ts, text="x" * 4001)
        assert await refused(long) == "msg_too_long"
        await client.chat_delete(channel=CHANNEL, ts=first.ts)
        assert first.deleted


async def test_query_string_form_and_json_are_read_alike() -> None:
    """Arguments and the token are accepted in each of these encodings."""
    async with toy() as bot:
        url = f"{bot.world.api_url}chat.postMessage"
        token = bot.world.home.token
        blocks = [section(marked("Hej"))]
        given = {"channel": CHANNEL, "text": "Hej", "blocks": json.dumps(blocks), "token": token}
        session = bot.world.session
        head = {"Authorization": f"Bearer {token}"}
        for answer in (
            await session.post(url, params=given),
            await session.post(url, data=given),
            await session.post(url, json={**given, "blocks": blocks}, headers=head),
        ):
            assert (await answer.json())["ok"] is True
        assert [m.text for m in bot.world.home.messages] == ["Hej"] * 3


async def test_what_slack_would_refuse_is_refused_and_kept() -> None:
    """The error names the place, and a test that does not remove it fails."""

    async def posts_too_much() -> None:
        async with toy() as bot:
            with pytest.raises(SlackApiError) as caught:
                await bot.client.chat_postMessage(
                    channel=CHANNEL, text="Hej", blocks=[section(marked("x" * 3001))]
                )
            answer = caught.value.response
            assert answer["error"] == "invalid_blocks"
            assert "blocks[0].text.text" in answer["response_metadata"]["messages"][0]
            assert bot.world.home.messages == []

    with pytest.raises(Refused, match=r"blocks\[0\]\.text\.text"):
        await posts_too_much()


async def test_all_blocks_together_have_a_limit_of_their_own() -> None:
    """msg_blocks_too_long, although each block is short enough."""
    async with toy() as bot:
        blocks = [section(marked("x" * 2900))] * 5
        call = bot.client.chat_postMessage(channel=CHANNEL, text="Hej", blocks=blocks)
        assert await refused(call) == "msg_blocks_too_long"
        bot.world.faults.clear()


async def test_places_people_and_scopes_are_looked_at() -> None:
    """Each missing channel, person or permission has its own error code."""
    async with toy() as bot:
        space, client = bot.world.home, bot.client
        space.channel("C0UDEN", "uden-digi", ["U0ANNE"])
        space.channel("G0LUKKET", "lukket", ["U0ANNE"], private=True)
        space.channel("C0GAMMEL", "gammel", ["U0ANNE", space.bot], archived=True)
        for place, error in (
            ("C0UDEN", "not_in_channel"),
            ("G0LUKKET", "channel_not_found"),
            ("C0GAMMEL", "is_archived"),
            ("C0INTET", "channel_not_found"),
        ):
            assert await refused(client.chat_postMessage(channel=place, text="x")) == error
        whisper = client.chat_postEphemeral(channel=CHANNEL, user="U0INGEN", text="x")
        assert await refused(whisper) == "user_not_in_channel"
        assert await refused(client.users_info(user="U0INGEN")) == "user_not_found"
        assert await refused(client.conversations_open(users=space.bot)) == "cannot_dm_bot"
        space.scopes.discard("users:read")
        with pytest.raises(SlackApiError) as caught:
            await client.users_info(user="U0ANNE")
        answer = caught.value.response
        assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
        assert "chat:write" in answer["provided"]
        assert "users:read" not in (await client.auth_test()).headers["x-oauth-scopes"]


async def test_lists_come_in_pages() -> None:
    """Pages may be smaller than requested; the cursor leads to the next."""
    async with toy(page=2) as bot:
        members, cursor = [], ""
        while True:
            answer = await bot.client.conversations_members(
                channel=CHANNEL, cursor=cursor, limit=1000
            )
            assert len(answer["members"]) <= 2
            members += answer["members"]
            cursor = answer["response_metadata"]["next_cursor"]
            if not cursor:
                break
        assert members == bot.world.home.channels[CHANNEL].members
        found = await bot.client.users_info(user="U0ANNE", include_locale=True)
        assert (found["user"]["locale"], found["user"]["tz"]) == ("da-DK", "Europe/Copenhagen")
        everybody = [u async for page in await bot.client.users_list() for u in page["members"]]
        assert len(everybody) == len(PEOPLE) + 1


async def test_a_token_that_ended_says_how() -> None:
    """Unknown, revoked, expired, uninstalled, wrong type: five error codes."""
    async with toy() as bot:
        space = bot.world.home
        stranger = AsyncWebClient("xoxb-ukendt", base_url=bot.world.api_url)
        assert await refused(stranger.auth_test()) == "invalid_auth"
        nobody = AsyncWebClient(base_url=bot.world.api_url)
        assert await refused(nobody.auth_test()) == "not_authed"
        opening = bot.client.apps_connections_open(app_token=space.token)
        assert await refused(opening) == "not_allowed_token_type"
        space.expired = True
        assert await refused(bot.client.auth_test()) == "token_expired"
        await bot.world.send.tokens_revoked()
        assert await refused(bot.client.auth_test()) == "token_revoked"
        await bot.world.send.uninstalled()
        assert await refused(bot.client.auth_test()) == "account_inactive"
        assert [one["event"]["type"] for one in bot.heard] == ["tokens_revoked", "app_uninstalled"]


async def test_an_installation_gives_a_token_once_and_rotates_it() -> None:
    """A code works once; a refresh token gives the next pair, and the old token becomes invalid."""
    async with toy() as bot:
        world = bot.world
        space = Workspace(
            team="T0NY", name="Ny", enterprise="E0STOR", token="xoxe.xoxb-1", refresh="xoxe-1-a"
        )
        space.user("W0ANNE", "Anne Holm")
        code = world.agreed(space)
        secret = {"client_id": world.client_id, "client_secret": world.client_secret}

        async def asks(**more: str) -> Dict:
            url = f"{world.api_url}oauth.v2.access"
            async with world.session.post(url, data={**secret, **more}) as response:
                found: Dict = await response.json()
                return found

        wrong = await asks(code=code, client_secret="x")
        assert wrong["error"] == "bad_client_secret"
        first = await asks(code=code)
        assert (first["enterprise"]["id"], first["is_enterprise_install"]) == ("E0STOR", True)
        assert (await asks(code=code))["error"] == "invalid_code"
        again = await asks(grant_type="refresh_token", refresh_token=first["refresh_token"])
        old = AsyncWebClient(first["access_token"], base_url=world.api_url)
        new = AsyncWebClient(again["access_token"], base_url=world.api_url)
        assert await refused(old.auth_test()) == "invalid_auth"
        assert (await new.auth_test())["enterprise_id"] == "E0STOR"
        assert (await new.users_info(user="W0ANNE"))["user"]["enterprise_user"]
        await new.auth_revoke()
        assert await refused(new.auth_test()) == "token_revoked"


async def test_trouble_comes_as_planned_and_early_returns_are_seen() -> None:
    """429 with Retry-After, 5xx, a chosen error code, an answer that is lost or late."""
    async with toy() as bot:
        world, client = bot.world, bot.client
        world.plan("chat.postMessage", Limited(30), None, Broken(503), Says("fatal_error"), Lost())
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=CHANNEL, text="1")
        assert caught.value.response.headers["Retry-After"] == "30"
        await client.chat_postMessage(channel=CHANNEL, text="2")
        assert [call.args["text"] for call in world.too_early] == ["2"]
        await world.clock.advance(30)
        with pytest.raises(SlackApiError):
            await client.chat_postMessage(channel=CHANNEL, text="3")
        call = client.chat_postMessage(channel=CHANNEL, text="4")
        assert await refused(call) == "fatal_error"
        with pytest.raises(ClientError):
            await client.chat_postMessage(channel=CHANNEL, text="5")
        assert [m.text for m in world.home.messages] == ["2", "5"]
        world.plan("auth.test", Slow(10))
        slow = asyncio.create_task(client.auth_test())
        await asyncio.sleep(0.05)
        assert not slow.done()
        await world.clock.advance(10)
        assert (await slow)["ok"]
        assert len(world.too_early) == 1


async def test_weather_and_slowness_do_not_stop_the_world() -> None:
    """Failures by the test's own rule; a late form concerns only the bot."""
    async with toy() as bot:
        world, hands = bot.world, hands_of(bot)

        patience: list[float] = [0.05, LONG_ENOUGH]

        async def answer(payload: Dict) -> Dict:
            try:
                async with asyncio.timeout(patience.pop(0)):
                    await bot.client.views_open(trigger_id=payload["trigger_id"], view=modal())
            except TimeoutError:
                return {"text": "Formularen nåede ikke frem"}
            return {"text": "Nu kom den"}

        bot.answer = answer
        world.plan("views.open", Slow(10))
        await hands.type("anne", "/digi")
        assert "Formularen nåede ikke frem" in hands.just("anne")
        await hands.type("anne", "/digi")
        assert "Nu kom den" in hands.just("anne")
        world.weather = lambda method, args: Limited(5) if args.get("text") == "nej" else None
        await bot.client.chat_postMessage(channel=CHANNEL, text="ja")
        call = bot.client.chat_postMessage(channel=CHANNEL, text="nej")
        assert await refused(call) == "ratelimited"
        assert [call.status for call in world.calls_of("chat.postMessage")] == [200, 429]


# --- commands, views, events --------------------------------------------------------------


async def test_a_trigger_serves_once_and_for_three_seconds() -> None:
    """By the fake clock; and at most three modals are stacked."""
    async with toy() as bot:
        world = bot.world
        errors: list[str] = []

        async def opens(payload: Dict) -> None:
            for _ in range(2):
                try:
                    await bot.client.views_open(trigger_id=payload["trigger_id"], view=modal())
                except SlackApiError as error:
                    errors.append(str(error.response["error"]))

        bot.answer = opens
        await world.send.command("U0ANNE", "", CHANNEL)
        assert errors == ["exchanged_trigger_id"]
        late = world.trigger("U0ANNE", world.home.team)
        await world.clock.advance(3.5)
        call = bot.client.views_open(trigger_id=late, view=modal())
        assert await refused(call) == "expired_trigger_id"
        call = bot.client.views_open(trigger_id="1.2.x", view=modal())
        assert await refused(call) == "invalid_trigger_id"
        for _ in range(2):
            top = world.home.top("U0ANNE")
            assert top is not None
            trigger = world.trigger("U0ANNE", world.home.team, view=top.id)
            await bot.client.views_push(trigger_id=trigger, view=modal())
        top = world.home.top("U0ANNE")
        assert top is not None
        trigger = world.trigger("U0ANNE", world.home.team, view=top.id)
        call = bot.client.views_push(trigger_id=trigger, view=modal())
        assert await refused(call) == "push_limit_reached"
        call = bot.client.views_update(view_id=top.id, view=modal(), hash="gammel")
        assert await refused(call) == "hash_conflict"


@pytest.mark.parametrize("mode", ["http", "socket"])
async def test_people_type_press_and_fill_by_words(mode: Literal["http", "socket"]) -> None:
    """A command, its card, a form with a field error, and its end, in both modes."""
    async with toy(mode) as bot:
        hands = hands_of(bot)
        form = modal(
            field_(text_input(), block_id="svar"),
            field_(select(), label=plain("Hvad er det?"), block_id="hvad", optional=True),
            field_(
                {"type": "users_select", "action_id": "u"}, label=plain("Hvem"), block_id="hvem"
            ),
            private_metadata="tegn",
            callback_id="answer",
        )

        async def answer(payload: Dict) -> Any:
            if "command" in payload:
                blocks = [section(marked("*Velkommen*")), actions(button())]
                return {"response_type": "ephemeral", "text": "Velkommen", "blocks": blocks}
            if payload["type"] == "block_actions":
                await bot.client.views_open(trigger_id=payload["trigger_id"], view=form)
                return None
            values = payload["view"]["state"]["values"]
            if values["svar"]["t"]["value"] == "kort":
                return {"response_action": "errors", "errors": {"svar": "Skriv lidt mere"}}
            await bot.client.chat_postMessage(channel=CHANNEL, text=values["svar"]["t"]["value"])
            return None

        bot.answer = answer
        await hands.type("anne", "/digi start Ny platform")
        assert bot.heard[0]["text"] == "start Ny platform"
        assert "Velkommen\n[Svar]" in hands.just("anne")
        assert "Velkommen" not in hands.channel()
        await hands.press("anne", "Svar", near="Velkommen")
        assert bot.heard[1]["actions"][0]["value"] == "v"
        assert "Valg 1" in hands.just("anne")
        assert await hands.fill("anne", {"Dit svar": "kort"}) is None
        assert "Udfyld dette felt." in hands.just("anne")
        await hands.fill("anne", {"Hvem": "Mette Krogh", "hvad": "Valg 1"}, keep=True)
        assert "Skriv lidt mere" in hands.just("anne")
        await hands.fill("anne", {"Dit svar": "Mere ro ved besøgene"}, keep=True)
        view = bot.heard[-1]["view"]
        assert view["private_metadata"] == "tegn"
        assert view["state"]["values"] == {
            "svar": {"t": {"type": "plain_text_input", "value": "Mere ro ved besøgene"}},
            "hvad": {"s": {"type": "static_select", "selected_option": option(1)}},
            "hvem": {"u": {"type": "users_select", "selected_user": "U0METTE"}},
        }
        assert hands.form("anne") is None
        assert hands.channel(since_last_act=True) == "Mere ro ved besøgene"
        assert "Velkommen" in hands.ever("anne")
        assert "Velkommen" not in hands.ever("mette")
        with pytest.raises(AssertionError, match='mette sees no button "Svar"'):
            await hands.press("mette", "Svar")


async def test_a_transcript_plays_through_slack() -> None:
    """The same lines as on paper, including the private chat and its buttons."""
    async with toy() as bot:
        hands = hands_of(bot)

        async def answer(payload: Dict) -> Any:
            if "command" in payload:
                opened = await bot.client.conversations_open(users=payload["user_id"])
                await bot.client.chat_postMessage(
                    channel=opened["channel"]["id"],
                    text="Til dig",
                    blocks=[section(marked("Til dig")), actions(button())],
                )
                return None
            await bot.client.chat_update(
                channel=payload["channel"]["id"],
                ts=payload["message"]["ts"],
                text="Tak",
                blocks=[section(plain(f"Tak, <{payload['user']['name']}>"))],
            )
            return None

        bot.answer = answer
        await hands.play(
            'mette privat > status\nmette < "Til dig"\nanne <! "Til dig"\n'
            'mette > tryk "Svar" på "Til dig"\nmette < "Tak, <mette.krogh>"\nkanal <! "Tak"'
        )
        assert bot.heard[0]["channel_id"] == "D0METTE"


async def test_a_mention_a_shortcut_and_the_home_tab_reach_the_bot() -> None:
    """The payloads of what is not a command are Slack's."""
    async with toy() as bot:
        hands = hands_of(bot)

        async def answer(payload: Dict) -> None:
            if payload.get("type") == "event_callback":
                event = payload["event"]
                if event["type"] == "app_home_opened":
                    view = {"type": "home", "blocks": [section(marked("Mit")), actions(button())]}
                    await bot.client.views_publish(user_id=event["user"], view=view)
                else:
                    await bot.client.chat_postMessage(channel=event["channel"], text="Hjælp")

        bot.answer = answer
        await hands.type("anne", "@Digi hvad kan du?")
        assert bot.heard[-1]["event"]["text"] == "<@U0DIGI> hvad kan du?"
        assert hands.channel(since_last_act=True) == "Hjælp"
        await hands.shortcut("ali", "agreement", on="Hjælp")
        assert bot.heard[-1]["type"] == "message_action"
        assert bot.heard[-1]["message"]["text"] == "Hjælp"
        await hands.shortcut("ali", "concern")
        assert (bot.heard[-1]["type"], bot.heard[-1]["callback_id"]) == ("shortcut", "concern")
        await hands.open_home("ali")
        assert "Mit\n[Svar]" in hands.just("ali")
        await hands.press("ali", "Svar")
        assert bot.heard[-1]["view"]["type"] == "home"
        await bot.world.send.left(id_of("ali"), CHANNEL)
        assert bot.heard[-1]["event"]["type"] == "member_left_channel"
        assert (await bot.world.send.verification()).fine


async def test_an_event_that_fails_comes_again_at_once_after_one_and_after_five_minutes() -> None:
    """Retries are numbered and follow the fake clock; commands are never retried."""
    async with toy() as bot:
        bot.status = 503
        await bot.world.send.joined("U0ANNE", CHANNEL)
        assert bot.retries == ["0", "1"]
        await bot.world.clock.advance(60)
        assert bot.retries == ["0", "1", "2"]
        await bot.world.clock.advance(300)
        assert bot.retries == ["0", "1", "2", "3"]
        await bot.world.clock.advance(3600)
        assert len(bot.retries) == 4
        assert len({one["event_id"] for one in bot.heard}) == 1
        answered = await bot.world.send.command("U0ANNE", "", CHANNEL)
        assert len(bot.heard) == 5
        await bot.world.send.again(answered)
        assert bot.heard[5] == bot.heard[4]
        bot.status = 200
        await bot.world.send.event({"type": "app_uninstalled"}, times=4)
        assert len(bot.heard) == 10


async def test_an_answer_after_three_seconds_is_none() -> None:
    """The person sees Slack's error message; the bot may continue."""
    async with toy() as bot:
        hands = hands_of(bot)
        begun, over = asyncio.Event(), asyncio.Event()

        async def dawdles(payload: Dict) -> None:
            begun.set()
            await over.wait()

        bot.answer = dawdles
        act = asyncio.create_task(hands.type("anne", "/digi"))
        await begun.wait()
        await bot.world.clock.advance(3)
        assert (await act).status is None
        over.set()
        assert "operation_timeout" in hands.just("anne")
        bot.answer = None
        bot.status = 500
        await hands.type("anne", "/digi")
        assert "dispatch_failed" in hands.just("anne")


async def test_a_response_url_serves_five_times_in_half_an_hour() -> None:
    """It can post an ephemeral message, a public one, or replace the original."""
    async with toy() as bot:
        await bot.world.send.command("U0ANNE", "", CHANNEL)
        url, session = bot.heard[0]["response_url"], bot.world.session
        kinds = ["ephemeral", "in_channel", "ephemeral", "ephemeral", "ephemeral", "ephemeral"]
        statuses = []
        for kind in kinds:
            answer = await session.post(url, json={"response_type": kind, "text": "Hej"})
            statuses.append(answer.status)
        assert statuses == [200] * 5 + [404]
        assert [m.only_for for m in bot.world.home.messages] == ["U0ANNE", "", *["U0ANNE"] * 3]
        await bot.world.send.command("U0ANNE", "", CHANNEL)
        await bot.world.clock.advance(1801)
        late = await session.post(bot.heard[1]["response_url"], json={"text": "Hej"})
        assert late.status == 404


async def test_an_answer_that_slack_cannot_use_fails_the_test() -> None:
    """Errors for unknown fields, a text answer to a button, a view that is too long."""
    async with toy() as bot:
        hands = hands_of(bot)
        answers: list[Any] = [
            {"response_action": "errors", "errors": {"findes-ikke": "Hvad?"}},
            {"response_action": "update", "view": modal(title=plain("t" * 25))},
            {"response_action": "slut"},
        ]

        async def answer(payload: Dict) -> Any:
            if "command" in payload:
                await bot.client.views_open(trigger_id=payload["trigger_id"], view=modal())
                return None
            return answers.pop(0)

        bot.answer = answer
        await hands.type("anne", "/digi")
        for _ in range(3):
            answered = await hands.fill("anne", {"Dit svar": "x"})
            assert answered is not None
            assert answered.wrong
        assert len(bot.world.faults) >= 3
        bot.world.faults.clear()


async def test_socket_mode_refreshes_and_comes_back() -> None:
    """After a refresh the client has a new connection, and the old one gets nothing."""
    async with toy("socket") as bot:
        world = bot.world
        await world.send.command("U0ANNE", "et", CHANNEL)
        await world.socket.say("warning")
        await world.socket.say("refresh_requested")
        await world.socket.connected()
        await world.send.command("U0ANNE", "to", CHANNEL)
        assert [one["text"] for one in bot.heard] == ["et", "to"]
        assert world.socket.opened >= 2


async def test_a_socket_that_is_cut_and_one_that_stays_silent_are_no_answer() -> None:
    """Without a close frame, the next request finds no connection, and an event is retried."""
    async with toy("socket") as bot:
        world = bot.world
        begun, over = asyncio.Event(), asyncio.Event()

        async def dawdles(payload: Dict) -> None:
            begun.set()
            await over.wait()

        bot.answer = dawdles
        sent = asyncio.create_task(world.send.command("U0ANNE", "et", CHANNEL))
        await begun.wait()
        await world.clock.advance(3)
        assert (await sent).status is None
        over.set()
        await until(lambda: world.socket.strangers)
        assert len(world.socket.strangers) == 1
        await world.socket.cut()
        answered = await world.send.command("U0ANNE", "to", CHANNEL)
        assert answered.status is None
        assert "no connection" in answered.text


async def test_a_workspace_of_an_organisation_says_so_everywhere() -> None:
    """People's ids may begin with W; commands, presses, views and events name the organisation."""
    space = Workspace(enterprise="E0STOR")
    async with SlackWorld(space) as world:
        space.user("W0ANNE", "Anne Holm")
        space.channel(CHANNEL, "hjemme", ["W0ANNE", space.bot])
        world.digi_url = f"{world.url}/response/ingen"
        await world.send.command("W0ANNE", "hjælp", CHANNEL)
        message = world.post(space, CHANNEL, text="x", blocks=[actions(button())])
        action = {"type": "button", "action_id": "a", "block_id": "b"}
        await world.send.press("W0ANNE", action, message=message)
        await world.send.left("W0ANNE", CHANNEL)
        command, press, event = (answered.payload for answered in world.send.answers[:3])
        assert (command["enterprise_id"], command["is_enterprise_install"]) == ("E0STOR", "true")
        assert press["enterprise"]["id"] == "E0STOR"
        [authorization] = event["authorizations"]
        assert authorization["enterprise_id"] == "E0STOR"
        assert authorization["is_enterprise_install"]
        view = world.open_view(space, "W0ANNE", modal(), root=None)
        assert world.view_json(space, view)["app_installed_team_id"] == "E0STOR"
        space.org_wide = False
        assert world.view_json(space, view)["app_installed_team_id"] == space.team


async def test_every_kind_of_field_is_filled_by_its_label() -> None:
    """Labels may be shortened to their beginning; options and people are found by name, several
    with commas."""
    async with toy() as bot:
        hands = hands_of(bot)
        form = modal(
            field_(
                {"type": "checkboxes", "action_id": "a", "options": options(3)},
                label=plain("Hvilke af dem?"),
                block_id="b1",
            ),
            field_(
                {"type": "multi_users_select", "action_id": "a"},
                label=plain("Hvem er med?"),
                block_id="b2",
            ),
            field_({"type": "datepicker", "action_id": "a"}, label=plain("Dag"), block_id="b3"),
            field_({"type": "timepicker", "action_id": "a"}, label=plain("Tid"), block_id="b4"),
            field_(
                {
                    "type": "radio_buttons",
                    "action_id": "a",
                    "options": options(2),
                    "initial_option": option(0),
                },
                label=plain("Én af dem"),
                block_id="b5",
            ),
            field_(text_input(max_length=5), label=plain("Kort"), block_id="b6", optional=True),
            notify_on_close=True,
        )

        async def answer(payload: Dict) -> None:
            if "command" in payload:
                await bot.client.views_open(trigger_id=payload["trigger_id"], view=form)

        bot.answer = answer
        await hands.type("anne", "/digi")
        with pytest.raises(ScenarioError, match="no field 'Hvorfor'"):
            await hands.fill("anne", {"Hvorfor": "x"})
        with pytest.raises(ScenarioError, match="no option 'Valg 7'"):
            await hands.fill("anne", {"Hvilke": "Valg 7"})
        with pytest.raises(AssertionError, match="no more than 5 characters"):
            await hands.fill("anne", {"Kort": "for langt"})
        await hands.fill(
            "anne",
            {
                "Hvilke": "Valg 0, Valg 2",
                "Hvem": "ali, Mette Krogh",
                "Dag": "2026-12-04",
                "Tid": "kl. 9.30",
                "Én": "Valg 1",
            },
        )
        values = {
            block: next(iter(held.values()))
            for block, held in bot.heard[-1]["view"]["state"]["values"].items()
        }
        assert [one["value"] for one in values["b1"]["selected_options"]] == ["0", "2"]
        assert values["b2"]["selected_users"] == ["U0ALI", "U0METTE"]
        assert values["b3"]["selected_date"] == "2026-12-04"
        assert values["b4"]["selected_time"] == "09:30"
        assert values["b5"]["selected_option"]["value"] == "1"
        assert values["b6"]["value"] is None
        await hands.type("anne", "/digi")
        await hands.type("anne", "/digi")
        closed = [one["type"] for one in bot.heard if one.get("type") == "view_closed"]
        assert closed == ["view_closed"], "a modal lies before everything else"


async def test_a_modal_goes_on_to_the_next_to_another_or_to_none() -> None:
    """update, push, clear and an empty answer behave as in Slack."""
    async with toy() as bot:
        hands = hands_of(bot)
        second = without(modal(section(marked("Din kode: 1234")), title=plain("Kode")), "submit")
        answers: list[Any] = [
            {"response_action": "push", "view": modal(title=plain("Nr. 2"))},
            None,
            {"response_action": "update", "view": second},
            {"response_action": "clear"},
        ]

        async def answer(payload: Dict) -> Any:
            if "command" in payload:
                await bot.client.views_open(trigger_id=payload["trigger_id"], view=modal())
                return None
            return answers.pop(0)

        bot.answer = answer
        await hands.type("anne", "/digi")
        await hands.fill("anne", {"Dit": "x"})
        assert "Nr. 2" in hands.just("anne")
        await hands.fill("anne", {"Dit": "x"})
        first = hands.form("anne")
        assert first is not None
        assert "Nr. 2" not in hands.just("anne")
        await hands.fill("anne", {"Dit": "x"})
        assert hands.just("anne").strip() == "Kode\nDin kode: 1234"
        with pytest.raises(AssertionError, match="nothing to send"):
            await hands.fill("anne", {})
        await hands.type("anne", "/digi")
        await hands.fill("anne", {"Dit": "x"})
        assert hands.form("anne") is None


async def test_what_was_filled_in_stays_while_the_field_is_the_same() -> None:
    """A redrawn modal keeps the values of fields with the same ids; a new id starts empty."""
    async with toy() as bot:
        world, hands = bot.world, hands_of(bot)
        space = world.home
        view = modal(field_(text_input(), block_id="svar"))
        opened = await bot.client.views_open(
            trigger_id=world.trigger("U0ANNE", space.team), view=view
        )
        top = space.top("U0ANNE")
        assert top is not None
        top.typed["svar", "t"] = {"type": "plain_text_input", "value": "Før"}
        same = copy.deepcopy(view) | {"title": plain("Igen")}
        await bot.client.views_update(view_id=opened["view"]["id"], view=same)
        assert "Før" in hands.just("anne")
        await bot.client.views_update(view_id=opened["view"]["id"], view=modal())
        assert "Før" not in hands.just("anne")


async def test_forgeries_are_as_a_stranger_would_send_them() -> None:
    """A signature is valid only with the secret, the body and the timestamp it was made from."""
    async with toy() as bot:
        send = bot.world.send
        body = b"command=%2Fdigi"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        old = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        assert (await send.raw(body, form | send.signed(body)))[0] == 200
        assert (await send.raw(body + b"x", form | send.signed(body)))[0] == 401
        assert (await send.raw(body, form | send.signed(body, at=old)))[0] == 401
