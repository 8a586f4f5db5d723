"""The playground's HTTP API: refusals, answers, and the player of scenarios."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.common.ports import DeliveryFailed, Parcel
from bot.platforms.web.playground.people import PEOPLE, TENANT
from bot.platforms.web.playground.player import Player
from bot.platforms.web.playground.server import TOKEN
from tests.bot.cli.test_app import free_port
from tests.waiting import LONG_ENOUGH
from tests.worlds.web_fixtures import (
    BEGINNING,
    CHANNEL,
    CODE,
    PAGE_TOKEN,
    World,
    playground,
    shown,
)
from tests.worlds.web_page import PLACE


def new_key() -> str:
    return f"web:{uuid.uuid4()}"


async def post(
    http: aiohttp.ClientSession, world: World, path: str, body: object, **headers: str
) -> tuple[int, Any]:
    sent = {TOKEN: PAGE_TOKEN, "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with http.post(f"{world.url}/play/{path}", data=data, headers=sent) as response:
        return response.status, await response.json()


def typing(text: str, place: str = PLACE, person: str = "anne") -> dict[str, str]:
    return {"as": person, "place": place, "text": text, "key": new_key()}


# --- seen from outside --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/static/app.js", "/play/state?as=anne", "/play/live?as=anne"]
)
async def test_another_name_for_this_machine_is_refused(
    world: World, http: aiohttp.ClientSession, path: str
) -> None:
    """Every GET checks the Host header, which prevents DNS rebinding."""
    for host in ("digi.example.com", f"evil.example:{world.port}", "127.0.0.1", "localhost:1"):
        async with http.get(world.url + path, headers={"Host": host}) as response:
            assert response.status == 403
            assert "failed" in await response.json()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_each_name_of_loopback_is_answered(
    world: World, http: aiohttp.ClientSession, name: str
) -> None:
    """127.0.0.1, localhost and [::1] are the same machine."""
    async with http.get(world.url, headers={"Host": f"{name}:{world.port}"}) as response:
        assert response.status == 200


def test_the_team_has_fourteen() -> None:
    """Leader, TR, AMR, facilitator and ten colleagues: enough for figures to be shown."""
    assert len(PEOPLE) == 14
    assert len({person.id for person in PEOPLE} | {person.name for person in PEOPLE}) == 28
    assert sum(person.role == "member" for person in PEOPLE) >= 6


@pytest.mark.parametrize("path", ["type", "press", "submit", "clock", "course", "start-over"])
@pytest.mark.parametrize(
    "headers",
    [
        {TOKEN: "another token"},
        {TOKEN: ""},
        {TOKEN: "æøå"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
async def test_a_post_from_elsewhere_changes_nothing(
    world: World, http: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    """Without the page's token, Host and Origin, no POST reaches Digi or the clock."""
    before = len(world.digi.deliveries)
    world.digi.broken = True
    status, answer = await post(http, world, path, typing("/digi start x"), **headers)
    assert status == 403
    assert list(answer) == ["failed"]
    assert len(world.digi.deliveries) == before
    assert world.room.messages == {}
    assert world.clock.now() == BEGINNING


@pytest.mark.parametrize("path", ["type", "press", "submit", "clock", "course", "start-over"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"as": 7}',
        b"\xff\xfe",
        b'{"as": "anne", "text": "\\ud800"}',
        b"[" * 100_000,
        b'{"as": "nobody", "place": "x", "text": "", "key": "", "token": "", "values": {}}',
    ],
)
async def test_what_cannot_be_read_is_answered_in_one_sentence(
    world: World, http: aiohttp.ClientSession, path: str, body: bytes
) -> None:
    """Bad JSON, invalid UTF-8, missing fields: 400 and a sentence, never a stack trace."""
    status, answer = await post(http, world, path, body)
    assert status == 400
    assert list(answer) == ["failed"]
    assert "Traceback" not in answer["failed"]


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
likely = st.fixed_dictionaries(
    {"as": st.just("anne"), "place": st.just(PLACE), "key": st.builds(new_key)},
    optional={
        "text": st.one_of(st.text(), st.text().map("/digi {}".format), values),
        "token": st.one_of(st.sampled_from(["answer", "form-1"]), st.text()),
        "values": st.one_of(st.dictionaries(st.text(), st.text()), values),
        "to": st.one_of(st.just("week"), values),
        "channel": st.one_of(st.just(CHANNEL), values),
    },
)


async def test_no_payload_breaks_anything(
    world: World, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Any payload gets 200 or 400, and nothing of it is logged."""
    payloads: list[object] = []

    @settings(
        max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.one_of(values, likely))
    def make(payload: object) -> None:
        payloads.append(payload)

    await asyncio.to_thread(make)
    for payload in payloads:
        for path in ("type", "press", "submit", "clock"):
            assert (await post(http, world, path, payload))[0] in (200, 400)
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []


async def test_more_than_a_megabyte_is_refused(world: World, http: aiohttp.ClientSession) -> None:
    """A body over the limit is rejected, with or without Content-Length."""
    large = json.dumps(typing("x" * (1024 * 1024))).encode()
    assert (await post(http, world, "type", large))[0] == 413

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    headers = {TOKEN: PAGE_TOKEN, "Content-Type": "application/json"}
    async with http.post(f"{world.url}/play/type", data=pieces(), headers=headers) as response:
        assert response.status == 413


async def test_every_answer_forbids_what_the_page_does_not_need(
    world: World, http: aiohttp.ClientSession
) -> None:
    """A strict Content-Security-Policy, nosniff and no-referrer are on pages, JSON and errors."""
    for path in ("/", "/static/style.css", "/play/state?as=anne", "/play/state?as=nobody"):
        async with http.get(world.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'")
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_an_unknown_person_is_answered_in_a_sentence(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Nobody can act as a person who does not exist."""
    for path in ("/play/state", "/play/state?as=%00", "/play/live?as=digi"):
        async with http.get(world.url + path) as response:
            assert response.status == 400


async def test_nobody_writes_in_another_persons_private_chat(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Acts are possible in a channel or in one's own chat with Digi."""
    for place in ("private:mette", "channel:none", "", "digi"):
        assert (await post(http, world, "type", typing("hej", place)))[0] == 400
    assert world.room.messages == {}


# --- acts ---------------------------------------------------------------------------------


async def test_the_same_act_twice_is_one_act(world: World, http: aiohttp.ClientSession) -> None:
    """The page's idempotency key makes a double click, or a repeated request, one delivery."""
    for act in (typing("/digi start Ny omsorgsplatform"), typing("Godmorgen")):
        first = await post(http, world, "type", act)
        assert await post(http, world, "type", act) == first
    keys = [delivery.key for delivery in world.digi.deliveries]
    assert len(keys) == len(set(keys))
    assert sum(message.by == "anne" for message in world.room.messages.values()) == 1


async def test_typed_words_reach_digi_as_the_platform_would_send_them(
    world: World, http: aiohttp.ClientSession
) -> None:
    """`/digi` is removed, the channel is added, and chat between colleagues is not delivered."""
    world.digi.deliveries.clear()
    await post(http, world, "type", typing("/digi status"))
    await post(http, world, "type", typing("/DIGI"))
    await post(http, world, "type", typing("status", "private:anne"))
    await post(http, world, "type", typing("/digital er ikke en kommando"))
    heard = [(delivery.what, delivery.channel) for delivery in world.digi.deliveries]
    assert [(msgspec.to_builtins(what)["text"], channel) for what, channel in heard] == [
        ("status", CHANNEL),
        ("", CHANNEL),
        ("status", ""),
    ]
    assert {delivery.tenant for delivery in world.digi.deliveries} == {TENANT}


async def test_a_reply_stands_in_the_thread_of_what_it_answers(
    world: World, http: aiohttp.ClientSession
) -> None:
    """A reply to a reply is in the same thread; a message of another place has no thread here."""
    await world.digi.deliver("q1", "post", shown("Spørgsmål"), channel=CHANNEL)
    await world.digi.deliver("p1", "private", shown("Kun til Anne"), person="anne")
    first = typing("Enig") | {"thread": "q1"}
    assert (await post(http, world, "type", first))[0] == 200
    second = typing("Også mig", person="mette") | {"thread": first["key"]}
    assert (await post(http, world, "type", second))[0] == 200
    assert [m.thread for m in await world.room.read(PLACE)] == ["", "q1", "q1"]
    for gone in ("p1", "nothing"):
        status, answer = await post(http, world, "type", typing("Hej") | {"thread": gone})
        assert (status, "ikke længere" in answer["failed"]) == (400, True)
    assert len(await world.room.read(PLACE)) == 3
    assert not world.digi.deliveries


async def test_what_is_typed_to_digi_is_not_kept_in_the_room(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Commands with their texts, and messages in the private chat, are never stored in the room."""
    await post(http, world, "type", typing("/digi sig jeg tør ikke sige det højt"))
    await post(http, world, "type", typing("jeg tør ikke sige det højt", "private:anne"))
    assert world.room.messages == {}


async def test_a_failure_is_said_and_its_text_stays_out_of_the_log(
    world: World, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """When `receive` raises, the person is told that the result is unknown, and the log has only
    the error's type."""
    world.digi.broken = True
    status, answer = await post(http, world, "type", typing("/digi status hemmeligt"))
    assert (status, answer["failed"]) == (
        200,
        "Jeg ved ikke, om det lykkedes. Din tekst står her endnu. Se efter om et øjeblik, og prøv"
        " igen, hvis der ikke er sket noget.",
    )
    _, answer = await post(http, world, "type", typing("/digi status", person="oksana"))
    assert answer["failed"].startswith("I do not know")
    assert "RuntimeError" in caplog.text
    assert "hemmeligt" not in caplog.text
    assert "this text must reach nobody" not in caplog.text


async def test_a_form_is_submitted_under_its_own_key(
    world: World, http: aiohttp.ClientSession
) -> None:
    """The key is the form's token, so that submitting twice is one submission."""
    act = {"as": "mette", "token": "form-1", "values": {"text": "Mere tid"}, "channel": CHANNEL}
    for _ in range(2):
        _, answer = await post(http, world, "submit", act)
        assert "gemt" in json.dumps(answer, ensure_ascii=False)
    assert len(world.digi.given) == 1
    assert world.digi.deliveries[-1].key == "form:form-1"


async def test_the_page_never_gets_what_is_sealed(
    world: World, http: aiohttp.ClientSession
) -> None:
    """The page gets the tokens of buttons and forms, not their content."""
    world.digi.form = msgspec.structs.replace(world.digi.form, fixed={"question": "hemmelig"})
    _, answer = await post(http, world, "type", typing("/digi sig"))
    assert answer["form"]["token"] == "form-1"
    assert answer["form"]["fixed"] == {}
    assert "hemmelig" not in json.dumps(answer)


# --- the edge -----------------------------------------------------------------------------


async def test_a_parcel_that_comes_again_does_not_undo_a_redraw(world: World) -> None:
    """`deliver` is idempotent by the parcel's id, also after the message has changed."""
    digi = world.digi
    assert await digi.deliver("a", "post", shown("ét"), channel=CHANNEL) == "a"
    assert await digi.deliver("b", "update", shown("to"), target="a") == "a"
    assert await digi.deliver("a", "post", shown("ét"), channel=CHANNEL) == "a"
    (message,) = world.room.messages.values()
    assert "to" in message.body.decode()


async def test_a_redraw_of_nothing_fails_for_good(world: World) -> None:
    """A deleted message cannot be redrawn, and the error is permanent."""
    with pytest.raises(DeliveryFailed) as failed:
        await world.edge.deliver(
            Parcel("x", TENANT, "update", shown("nyt"), "da", channel=CHANNEL, target="gone")
        )
    assert failed.value.permanent


async def test_an_edge_serves_its_own_tenant_and_says_how_one_types(world: World) -> None:
    """The courier asks before it delivers; help texts ask how a command is typed here."""
    assert world.edge.serves(TENANT)
    assert not world.edge.serves("slack:T1")
    assert world.edge.typed("hjælp", private=False) == "/digi hjælp"
    assert world.edge.repeats


# --- live ---------------------------------------------------------------------------------


@asynccontextmanager
async def live(
    http: aiohttp.ClientSession, world: World, query: str, **headers: str
) -> AsyncIterator[aiohttp.StreamReader]:
    url = f"{world.url}/play/live?{query}"
    async with http.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()}) as found:
        assert found.content_type == "text/event-stream"
        yield found.content


async def next_messages(stream: aiohttp.StreamReader) -> tuple[str, list[dict[str, Any]]]:
    async with asyncio.timeout(LONG_ENOUGH):
        id = ""
        kind = ""
        while True:
            line = (await stream.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                id = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: ") and kind == "messages":
                return id, json.loads(line[6:])


async def test_a_window_is_told_at_once_and_resumes_where_it_was(
    world: World, http: aiohttp.ClientSession
) -> None:
    """New messages are pushed; after a reconnect only newer ones are sent."""
    async with live(http, world, "as=anne") as stream:
        await world.digi.deliver("a", "post", shown("ét"), channel=CHANNEL)
        last, (first,) = await next_messages(stream)
        assert first["id"] == "a"
    await world.digi.deliver("b", "post", shown("to"), channel=CHANNEL)
    async with live(http, world, "as=anne", Last_Event_ID=last) as stream:
        _, (second,) = await next_messages(stream)
        assert second["id"] == "b"


async def test_a_window_hears_nothing_of_another_persons_private_chat(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Private messages to Anne are neither in Mette's state nor in her events."""
    await world.digi.deliver("p", "private", shown("kun til Anne"), person="anne")
    await world.digi.deliver("c", "post", shown("til alle"), channel=CHANNEL)
    async with live(http, world, "as=mette") as stream:
        _, messages = await next_messages(stream)
        assert [message["id"] for message in messages] == ["c"]
    async with http.get(f"{world.url}/play/state?as=mette") as response:
        assert "kun til Anne" not in await response.text()
    async with http.get(f"{world.url}/play/state?as=anne") as response:
        assert "kun til Anne" in await response.text()


# --- the clock and the course -------------------------------------------------------------


async def test_the_clock_goes_where_it_is_told(world: World, http: aiohttp.ClientSession) -> None:
    """A day, a week, or the next question; if none is planned, the answer says so."""
    for to, target in (
        ("day", BEGINNING + timedelta(days=1)),
        ("week", BEGINNING + timedelta(days=8)),
        ("question", (BEGINNING + timedelta(days=9)).replace(hour=9)),
    ):
        _, answer = await post(http, world, "clock", {"as": "anne", "to": to})
        assert world.clock.now() == target
        assert answer["time"]["now"] == target.isoformat().replace("+00:00", "Z")
    _, answer = await post(http, world, "clock", {"as": "anne", "to": "overview"})
    assert answer["failed"].startswith("Der er ikke planlagt et overblik")


async def test_a_course_is_played_by_the_words_on_the_buttons(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """The button plays a scenario from the beginning, and its progress is pushed to all windows."""
    course = tmp_path / "course.txt"
    course.write_text(SCENARIO, "utf-8")
    async with playground(free_port(), course) as world:
        await post(http, world, "type", typing("Det her er væk bagefter"))
        async with live(http, world, "as=anne") as stream:
            assert (await post(http, world, "course", WEEKS))[0] == 200
            told: list[dict[str, Any]] = []
            async with asyncio.timeout(LONG_ENOUGH):
                while not (told and told[-1]["running"] is False and any(n["of"] for n in told)):
                    line = (await stream.readline()).decode()
                    if line.startswith("data: ") and '"running"' in line:
                        told.append(json.loads(line[6:]))
        assert not told[-1]["stuck"]
        bodies = [message.body.decode() for message in world.room.messages.values()]
        assert any("Mette Dahl har svaret" in body for body in bodies)
        assert not any("væk bagefter" in body for body in bodies)


WEEKS = {"as": "anne", "course": "weeks"}
MEETING = {"as": "anne", "course": "meeting"}


async def ended(http: aiohttp.ClientSession, world: World) -> dict[str, Any]:
    """Return what the windows are told of the course that was played, once it has ended."""
    async with asyncio.timeout(LONG_ENOUGH):
        while True:
            async with http.get(f"{world.url}/play/state?as=anne") as response:
                course: dict[str, Any] = (await response.json())["course"]
            if not course["running"]:
                return course
            await asyncio.sleep(0.01)


async def test_while_a_course_is_played_nothing_else_begins(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """Neither the same course nor another, nor a step of the clock: each is told what is being
    played. Afterwards the next one can begin."""
    meeting = tmp_path / "meeting.txt"
    meeting.write_text("anne > /digi start x\n" + "ur > en dag\n" * 40, "utf-8")
    async with playground(free_port(), course=meeting, meeting=meeting) as world:
        both = [post(http, world, "course", MEETING) for _ in range(2)]
        said = [answer for _, answer in await asyncio.gather(*both)]
        assert sorted(map(len, said)) == [0, 1], "of two at the same time one begins"
        for path, body in (
            ("course", MEETING),
            ("course", WEEKS),
            ("clock", {"as": "anne", "to": "day"}),
            ("start-over", {"as": "anne"}),
        ):
            _, answer = await post(http, world, path, body)
            assert answer["failed"].startswith("Mødet bliver spillet lige nu.")
            _, answer = await post(http, world, path, body | {"as": "oksana"})
            assert answer["failed"].startswith("The meeting is being played right now.")
        assert await ended(http, world) | {"line": ""} == {
            "running": False,
            "course": "meeting",
            "step": 0,
            "of": 0,
            "line": "",
            "stuck": False,
        }
        assert (await post(http, world, "course", WEEKS))[1] == {}
        _, answer = await post(http, world, "course", MEETING)
        assert answer["failed"].startswith("Forløbet ind i uge 3 bliver spillet lige nu.")


async def test_a_course_that_gets_stuck_is_told_and_can_be_played_again(
    http: aiohttp.ClientSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A button that is not there, or no file; afterwards the clock can be moved."""
    meeting = tmp_path / "meeting.txt"
    async with playground(free_port(), meeting=meeting) as world:
        _, answer = await post(http, world, "course", MEETING)
        assert answer["failed"] == "Der er ikke noget at spille her."
        meeting.write_text('anne > tryk "Findes ikke, hemmeligt"', "utf-8")
        assert (await post(http, world, "course", MEETING))[1] == {}
        assert (await ended(http, world))["stuck"]
        assert "hemmeligt" not in caplog.text
        assert "did not go as written: line 1" in caplog.text
        meeting.write_text("anne > /digi start x", "utf-8")
        assert (await post(http, world, "course", MEETING))[1] == {}
        assert not (await ended(http, world))["stuck"]
        assert "time" in (await post(http, world, "clock", {"as": "anne", "to": "day"}))[1]


async def test_a_course_that_is_not_there_is_refused(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Only the two prepared courses can be named."""
    status, answer = await post(http, world, "course", {"as": "anne", "course": "another"})
    assert (status, answer["failed"][:10]) == (400, "Det kunne ")


SCENARIO = f"""
# Anne begynder, Mette svarer.
anne > /digi start Ny omsorgsplatform
kanal < "Velkommen til forløbet om Ny omsorgsplatform"
anne < "Du er leder i det her forløb."
mette <! "Du er leder i det her forløb."
bodil > Godmorgen allesammen
kanal < "Bodil Krogh: Godmorgen allesammen"
mette > tryk "Min kode"
mette < kode
mette > tryk "Svar" på "Velkommen til forløbet"
mette > udfyld Svar="fejl"
mette < "Der står fejl i teksten"
mette > udfyld Svar="Mere tid {{kode}}" Dato=2026-12-11 "Hvem gør det?"="Jonas" Klokken=13:30 \
Hvem er med?="Anne Holm, Jonas" Hvem må læse det?="Mette, Alle" Hvad er det?=Mette
mette < "Tak. Dit svar er gemt."
kanal < "Mette Dahl har svaret."
anne <! "{CODE}"
ur > en uge
ur > til spørgsmål
ur > til mandag 08:00
ur > til 2027-01-04 09:00
anne privat > overblk
anne < "Jeg kender ikke overblk."
"""


def player_in(world: World) -> Player:
    return Player(world.digi.receive, world.room, world.clock, PEOPLE, CHANNEL)


async def test_a_scenario_passes_through_the_same_way_in_as_a_browser(world: World) -> None:
    """The player types, presses and fills by the labels on the screen, and sees what people see."""
    player = player_in(world)
    assert await player.play(SCENARIO) == []
    assert world.digi.given[0].values == {
        "text": f"Mere tid {CODE}",
        "short": "",
        "kind": "mette",
        "readers": ["mette", "all"],
        "who": "jonas",
        "more": ["anne", "jonas"],
        "when": "2026-12-11",
        "hour": "810",
    }
    assert world.clock.now().astimezone().date() == date(2027, 1, 4)
    seen = await player.seen("mette")
    assert CODE in seen
    assert "Du er leder" not in seen


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('anne > tryk "Findes ikke"', "there are: Svar, Se svar"),
        ('anne < "Findes ikke"', "not there"),
        ('anne <! "Velkommen"', "still there"),
        ("nobody > hej", "nobody is called"),
        ("ur > baglæns", "not a time that the clock"),
        ("anne < kode", "no code"),
        ('anne > udfyld Svar="x"', "no form is open"),
        ("ingenting", "expected `who > what`"),
    ],
)
async def test_a_scenario_that_does_not_hold_names_its_line(
    world: World, line: str, problem: str
) -> None:
    """Each problem names the line, what was expected, and what there is instead."""
    found = await player_in(world).play("anne > /digi start x\n" + line)
    assert len(found) == 1
    assert found[0].startswith("line 2")
    assert problem in found[0]
