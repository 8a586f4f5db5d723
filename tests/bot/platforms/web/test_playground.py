"""The playground: what it refuses, what it shows, and what a person can do in a real browser."""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, Page, expect

from bot.platforms.common.ports import Answer, DeliveryFailed, Parcel
from bot.platforms.web.playground.people import PEOPLE, TENANT
from bot.platforms.web.playground.player import Player
from bot.platforms.web.playground.server import STATIC, TOKEN
from dialogs.model.cards import (
    Bullets,
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Emph,
    Facts,
    FinishedCard,
    FinishedForm,
    Form,
    Heading,
    Link,
    Mention,
    Note,
    Option,
    Paragraph,
    People,
    Plain,
    Progress,
    Quote,
    Quoted,
    Small,
    Spans,
    Strong,
    TextField,
    TimeField,
    plain,
)
from tests.waiting import LONG_ENOUGH
from tests.worlds.browser import chromium
from tests.worlds.web_fixtures import (
    BEGINNING,
    CHANNEL,
    CODE,
    PAGE_TOKEN,
    World,
    playground,
    shown,
    words,
)

PLACE = f"channel:{CHANNEL}"
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\"> **fed** *kursiv* <!everyone> <@U1> "
    "[et link](http://example.com) &lt;b&gt; " + "x" * 400
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def new_key() -> str:
    return f"web:{uuid.uuid4()}"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with playground(free_port()) as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


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
    """A name that somebody pointed at 127.0.0.1 reads nothing: every GET checks Host."""
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
    """Leader, TR, AMR, facilitator and ten colleagues, so that figures may be shown."""
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
    """Without the page's token, its Host and its Origin, no POST reaches Digi or the clock."""
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
    """Bad JSON, bytes that are no UTF-8, missing fields: 400 and a sentence, never a trace."""
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
    """Whatever is posted is answered with 200 or 400, and nothing of it is logged."""
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
    """A body over the cap is refused, whether it says its length or not."""
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
    """A strict policy, no sniffing and no referrer stand on pages, JSON and refusals alike."""
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
    """Nobody can look as somebody who does not work there."""
    for path in ("/play/state", "/play/state?as=%00", "/play/live?as=digi"):
        async with http.get(world.url + path) as response:
            assert response.status == 400


async def test_nobody_writes_in_another_persons_private_chat(
    world: World, http: aiohttp.ClientSession
) -> None:
    """The place of an act is a channel or one's own chat with Digi."""
    for place in ("private:mette", "channel:none", "", "digi"):
        assert (await post(http, world, "type", typing("hej", place)))[0] == 400
    assert world.room.messages == {}


# --- acts ---------------------------------------------------------------------------------


async def test_the_same_act_twice_is_one_act(world: World, http: aiohttp.ClientSession) -> None:
    """The page's own key makes a double click, or a send that is repeated, one delivery."""
    for act in (typing("/digi start Ny omsorgsplatform"), typing("Godmorgen")):
        first = await post(http, world, "type", act)
        assert await post(http, world, "type", act) == first
    keys = [delivery.key for delivery in world.digi.deliveries]
    assert len(keys) == len(set(keys))
    assert sum(message.by == "anne" for message in world.room.messages.values()) == 1


async def test_typed_words_reach_digi_as_the_platform_would_send_them(
    world: World, http: aiohttp.ClientSession
) -> None:
    """`/digi` is taken off, the channel is named, and chat of colleagues is none of Digi's."""
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


async def test_what_is_typed_to_digi_is_not_kept_in_the_room(
    world: World, http: aiohttp.ClientSession
) -> None:
    """A command and what follows it, and words in the private chat, are never stored."""
    await post(http, world, "type", typing("/digi sig jeg tør ikke sige det højt"))
    await post(http, world, "type", typing("jeg tør ikke sige det højt", "private:anne"))
    assert world.room.messages == {}


async def test_a_failure_is_said_and_its_text_stays_out_of_the_log(
    world: World, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """When `receive` raises, nobody knows what became of the act: the person hears that, and the
    log has only the error's type."""
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
    """A submission's key is the form's token, so that sending it twice is one submission."""
    act = {"as": "mette", "token": "form-1", "values": {"text": "Mere tid"}, "channel": CHANNEL}
    for _ in range(2):
        _, answer = await post(http, world, "submit", act)
        assert "gemt" in json.dumps(answer, ensure_ascii=False)
    assert len(world.digi.given) == 1
    assert world.digi.deliveries[-1].key == "form:form-1"


async def test_the_page_never_gets_what_is_sealed(
    world: World, http: aiohttp.ClientSession
) -> None:
    """Of a button and a form the page gets the token, not what the token stands for."""
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
    """A message that is gone cannot be redrawn, and trying again would not help."""
    with pytest.raises(DeliveryFailed) as failed:
        await world.edge.deliver(
            Parcel("x", TENANT, "update", shown("nyt"), "da", channel=CHANNEL, target="gone")
        )
    assert failed.value.permanent


async def test_an_edge_serves_its_own_tenant_and_says_how_one_types(world: World) -> None:
    """The courier asks before it hands over; help texts ask how a command looks here."""
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
    """A new message comes by itself; after a break only what is newer comes."""
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
    """What Digi writes to Anne alone is neither in Mette's state nor in her events."""
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
    """A day, a week, the next question; where nothing is planned, a sentence says so."""
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
    """The button plays a scenario from the beginning, and its progress is told as it goes."""
    course = tmp_path / "course.txt"
    course.write_text(SCENARIO, "utf-8")
    async with playground(free_port(), course) as world:
        await post(http, world, "type", typing("Det her er væk bagefter"))
        async with live(http, world, "as=anne") as stream:
            assert (await post(http, world, "course", {"as": "anne"}))[0] == 200
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
    """A player types, presses and fills by the words on the screen, and sees what people see."""
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
        ("ur > baglæns", "does not know that place"),
        ("anne < kode", "no code"),
        ('anne > udfyld Svar="x"', "no form is open"),
        ("ingenting", "not `who > what`"),
    ],
)
async def test_a_scenario_that_does_not_hold_names_its_line(
    world: World, line: str, problem: str
) -> None:
    """Each problem says which line, what was looked for, and what there is instead."""
    found = await player_in(world).play("anne > /digi start x\n" + line)
    assert len(found) == 1
    assert found[0].startswith("line 2")
    assert problem in found[0]


# --- in a browser -------------------------------------------------------------------------


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@asynccontextmanager
async def window(
    browser: Browser,
    world: World,
    person: str,
    width: int = 1440,
    height: int = 900,
    *,
    breaks: bool = False,
) -> AsyncIterator[Page]:
    """A person's window; an error on the page, or a request that leaves the machine, fails."""
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    page.set_default_timeout(LONG_ENOUGH * 1000)
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    context.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{world.url}/?as={person}")
    await expect(page.locator("#person-select option")).to_have_count(14)
    yield page
    await context.close()
    assert breaks or wrong == []
    assert [url for url in asked if not url.startswith(world.url + "/")] == []


async def write(page: Page, text: str) -> None:
    await page.fill("#composer-text", text)
    await page.press("#composer-text", "Enter")


async def test_two_windows_as_two_people_update_each_other(world: World, browser: Browser) -> None:
    """What one does shows in the other at once; whispers and private words do not."""
    async with window(browser, world, "anne") as anne, window(browser, world, "mette") as mette:
        await write(anne, "/digi start Ny omsorgsplatform")
        await expect(mette.get_by_text("Velkommen til forløbet om")).to_be_visible()
        await expect(anne.locator("#places .news")).to_have_text("1 ny")
        await expect(mette.locator("#places .news")).to_have_count(0)
        await expect(mette.locator("#people .news")).to_have_text("1 ny")
        await write(mette, "Godmorgen allesammen")
        await expect(anne.get_by_text("Godmorgen allesammen")).to_be_visible()
        await write(mette, "/digi overblk")
        await expect(mette.locator(".whisper")).to_contain_text("Kun du kan se dette")
        await mette.locator(".message .button.main").click()
        await mette.get_by_label("Svar (skal").fill("Mere tid")
        await mette.locator("dialog .main").click()
        await expect(anne.locator(".thread")).to_contain_text("Mette Dahl har svaret.")
        await expect(anne.locator(".whisper")).to_have_count(0)
        await anne.get_by_role("button", name="Slet forløbet").click()
        await anne.get_by_role("dialog").get_by_role("button", name="Slet forløbet").click()
        await expect(mette.get_by_text("Forløbet er slettet.")).to_be_visible()
        await anne.get_by_role("button", name="Digi og dig").click()
        await expect(anne.get_by_text("Du er leder i det her forløb.")).to_be_visible()
        await expect(anne.locator("#places .news")).to_have_count(0)


async def test_a_form_with_faults_keeps_what_was_written(world: World, browser: Browser) -> None:
    """Faults stand under their fields, tied to them for screen readers, and nothing is lost."""
    async with window(browser, world, "mette") as page:
        await write(page, "/digi sig")
        text = page.get_by_label("Svar (skal")
        await expect(text).to_be_focused()
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog .wrong")).to_contain_text("Skriv noget her.")
        await text.fill("fejl, som skal rettes. " + "x" * 50)
        await expect(page.locator(".count.over")).to_have_text("13 tegn for meget")
        await text.fill("fejl")
        await page.get_by_label("Overskrift").fill("Det bliver stående")
        await page.get_by_label("Alle, i ugens overblik").check()
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog .wrong")).to_contain_text("Der står fejl i teksten.")
        await expect(text).to_be_focused()
        described = (await text.get_attribute("aria-describedby") or "").split()
        said = [await page.locator(f"[id='{id}']").text_content() for id in described]
        assert "Der står fejl i teksten. Ret det, og send igen." in said
        assert await text.get_attribute("aria-invalid") == "true"
        await expect(text).to_have_value("fejl")
        await expect(page.get_by_label("Overskrift")).to_have_value("Det bliver stående")
        await expect(page.get_by_label("Alle, i ugens overblik")).to_be_checked()
        world.digi.broken = True
        await text.fill("Nu er det rigtigt")
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog [role=alert]")).to_contain_text("Jeg ved ikke")
        await expect(text).to_have_value("Nu er det rigtigt")
        world.digi.broken = False
        await page.locator("dialog .main").click()
        await expect(page.locator("#form")).to_be_hidden()
        await expect(page.locator(".whisper")).to_contain_text("Tak. Dit svar er gemt.")
        assert world.digi.given[0].values == {
            "text": "Nu er det rigtigt",
            "short": "Det bliver stående",
            "kind": "anne",
            "readers": ["all"],
            "who": "",
            "more": [],
            "when": "2026-12-04",
            "hour": "600",
        }


async def _closed_by_escape(page: Page) -> None:
    await page.keyboard.press("Escape")


async def _closed_beside(page: Page) -> None:
    await page.mouse.click(5, 5)


async def _closed_by_button(page: Page) -> None:
    await page.locator("#form").get_by_role("button", name="Fortryd").click()


@pytest.mark.parametrize("close", [_closed_by_escape, _closed_beside, _closed_by_button])
async def test_what_was_written_in_a_form_is_not_lost_by_closing_it(
    world: World, browser: Browser, close: Callable[[Page], Awaitable[None]]
) -> None:
    """An untouched form closes at once. One with words in it asks first, as often as needed."""
    async with window(browser, world, "mette") as page:
        form, asks = page.locator("#form"), page.locator("#confirm")
        await write(page, "/digi sig")
        await expect(form).to_be_visible()
        await close(page)
        await expect(form).to_be_hidden()
        await write(page, "/digi sig")
        text = page.get_by_label("Svar (skal")
        await text.fill("Vi når det ikke")
        for _ in range(3):
            await close(page)
            await expect(asks).to_contain_text("er ikke sendt")
            await asks.get_by_role("button", name="Skriv videre").click()
            await expect(asks).to_be_hidden()
            await expect(text).to_have_value("Vi når det ikke")
        await close(page)
        await asks.get_by_role("button", name="Luk uden at sende").click()
        await expect(form).to_be_hidden()
        await expect(asks).to_be_hidden()


async def test_a_code_stands_large_and_can_be_copied(world: World, browser: Browser) -> None:
    """It is shown once: in a type whose letters cannot be confused, with a button that copies."""
    async with window(browser, world, "mette") as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await write(page, "/digi start")
        await page.get_by_role("button", name="Min kode").click()
        code = page.locator(".whisper .code code")
        await expect(code).to_have_text(CODE)
        style = (
            "element => [getComputedStyle(element).fontFamily, getComputedStyle(element).fontSize]"
        )
        family, size = await code.evaluate(style)
        assert "mono" in family
        assert float(size.removesuffix("px")) >= 20
        await page.get_by_role("button", name="Kopiér").click()
        await expect(page.locator(".whisper .code [role=status]")).to_have_text(
            "Koden er kopieret."
        )
        assert await page.evaluate("navigator.clipboard.readText()") == CODE


async def test_everything_can_be_done_with_the_keyboard_alone(
    world: World, browser: Browser
) -> None:
    """Skip link, commands, a button, a form and Esc: Tab, arrows and Enter are enough."""
    async with window(browser, world, "mette") as page:
        keys = page.keyboard
        await keys.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await keys.press("Enter")
        composer = page.locator("#composer-text")
        await expect(composer).to_be_focused()
        await keys.type("/digi s")
        await expect(page.locator("#suggestions li")).to_have_count(4)
        await keys.press("ArrowDown")
        await keys.press("Enter")
        await expect(composer).to_have_value("/digi start ")
        await keys.type("Ny omsorgsplatform")
        await keys.press("Enter")
        answer = page.locator(".message .button.main")
        await expect(answer).to_be_visible()
        await expect(composer).to_be_focused()
        for _ in range(12):
            await keys.press("Shift+Tab")
            if await answer.evaluate("found => found === document.activeElement"):
                break
        await expect(answer).to_be_focused()
        await keys.press("Enter")
        await expect(page.locator("#form")).to_be_visible()
        await keys.press("Escape")
        await expect(page.locator("#form")).to_be_hidden()
        await expect(answer).to_be_focused()
        await keys.press("Enter")
        await expect(page.get_by_label("Svar (skal")).to_be_focused()
        await keys.type("Skrevet uden mus")
        for _ in range(60):
            await keys.press("Tab")
            if await page.evaluate("document.activeElement.matches('dialog .main')"):
                break
        await keys.press("Enter")
        await expect(page.locator(".whisper")).to_be_focused()
        assert world.digi.given[0].values["text"] == "Skrevet uden mus"


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1920])
async def test_no_width_scrolls_sideways(world: World, browser: Browser, width: int) -> None:
    """From the smallest phone to a wide screen, with the longest words, nothing sticks out."""
    await world.digi.deliver("q1", "post", world.digi.card, channel=CHANNEL)
    await world.edge.say("s", PLACE, "mette", HOSTILE)
    hostile = Facts(((words(HOSTILE), words(HOSTILE)),))
    buttons = Buttons((Button(words(HOSTILE), token="a"),))
    await world.digi.deliver("h", "post", Card((hostile, buttons)), channel=CHANNEL)
    async with window(browser, world, "anne", width, 740) as page:
        await expect(page.locator(".message")).to_have_count(3)
        wide = "found => found.scrollWidth - found.clientWidth"
        assert await page.locator("html").evaluate(wide) <= 0
        assert await page.locator("#log").evaluate(wide) <= 0
        await write(page, "/digi sig")
        await expect(page.locator("#form")).to_be_visible()
        assert await page.locator("#form").evaluate(wide) <= 0
        assert await page.locator("#form .fields").evaluate(wide) <= 0


async def test_a_phone_has_a_list_for_people_and_a_drawer_for_the_clock(
    world: World, browser: Browser
) -> None:
    """On a phone the same things are within reach, and Esc puts the drawer away."""
    async with window(browser, world, "anne", 360, 740) as page:
        await expect(page.locator("#clock")).to_be_hidden()
        await page.locator("#person-select").select_option("oksana")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.get_by_role("button", name="The clock").click()
        await page.get_by_role("button", name="One week on").click()
        await expect(page.locator("#clock-status")).to_have_text(
            "It is now Monday 30 November, 09:00."
        )
        await page.keyboard.press("Escape")
        await expect(page.locator("#clock")).to_be_hidden()
        await page.locator("#place-select").select_option("private:oksana")
        await expect(page.locator("#log")).to_contain_text("It is quiet here so far")


async def test_a_phones_bar_takes_a_tenth_of_its_height(world: World, browser: Browser) -> None:
    """Who one is, where one is, and the clock, in one row."""
    async with window(browser, world, "anne", 390, 844) as page:
        bar = await page.locator(".left").bounding_box()
        assert bar is not None
        assert bar["height"] <= 84


async def test_at_400_percent_nothing_stands_before_what_was_said(
    world: World, browser: Browser
) -> None:
    """1280 x 1024 at 400 % is 320 x 256: the page scrolls as a whole, and shows the newest."""
    async with window(browser, world, "anne", 320, 256) as page:
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        said = page.get_by_text("Jeg kender ikke overblk")
        await expect(said).to_be_in_viewport()
        bar = await page.locator(".left").bounding_box()
        assert bar is not None
        assert bar["y"] + bar["height"] <= 0


SMALL_TARGETS = """() => [...document.querySelectorAll(
    "button, select, summary, textarea, input, label.option, [role=option], #another")]
    .filter((one) => one.offsetParent && !one.closest("label.option > *"))
    .filter((one) => !one.matches("label.option input"))
    .map((one) => [one.textContent || one.id, one.getBoundingClientRect().height])
    .filter(([, height]) => height < 44)"""


@pytest.mark.parametrize("width", [390, 1440])
async def test_everything_that_is_pressed_is_44_pixels_high(
    world: World, browser: Browser, width: int
) -> None:
    """In the channel, in the list of commands and in a form."""
    async with window(browser, world, "anne", width) as page:
        await write(page, "/digi start")
        await page.locator(".message .button.main").click()
        await page.get_by_label("Svar (skal").fill("Mere tid")
        assert await page.evaluate(SMALL_TARGETS) == []
        await page.locator("dialog .main").click()
        await expect(page.locator(".thread summary")).to_be_visible()
        await page.fill("#composer-text", "/digi ")
        await expect(page.locator("#suggestions li")).to_have_count(5)
        assert await page.evaluate(SMALL_TARGETS) == []


async def test_one_whisper_stands_open_and_says_once_whom_it_is_for(
    world: World, browser: Browser
) -> None:
    """The newest; earlier ones are a line each, until somebody opens them. A code stays open."""
    async with window(browser, world, "anne") as page:
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        await write(page, "/digi statsu")
        label = page.get_by_text("Kun du kan se dette")
        await expect(label).to_have_count(1)
        await expect(page.get_by_text("Jeg kender ikke overblk")).to_be_hidden()
        await page.get_by_text("Vist før: /digi overblk").click()
        await expect(page.get_by_text("Jeg kender ikke overblk")).to_be_visible()
        await page.get_by_role("button", name="Min kode").click()
        await expect(page.get_by_text(CODE)).to_be_visible()
        await expect(page.get_by_text("Jeg kender ikke statsu")).to_be_hidden()
        await write(page, "/digi fortabt")
        await expect(page.get_by_text(CODE)).to_be_visible()


async def test_the_log_has_no_landmarks_and_the_field_is_a_field(
    world: World, browser: Browser
) -> None:
    """axe: `landmark-unique`, `aria-allowed-role`, `heading-order`."""
    async with window(browser, world, "anne") as page:
        await write(page, "/digi overblk")
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        await expect(page.locator("#log").get_by_role("region")).to_have_count(0)
        await expect(
            page.locator("#composer-text[role], #composer-text[aria-expanded]")
        ).to_have_count(0)
        levels = await page.locator("#log h2, #log h3").evaluate_all(
            "all => all.map(h => h.tagName)"
        )
        assert levels[0] == "H2"


@pytest.mark.parametrize(("width", "there"), [(1440, "#places button[aria-current]"),
                                              (390, "#person-select")])  # fmt: skip
async def test_one_step_leads_back_from_the_text_field(
    world: World, browser: Browser, width: int, there: str
) -> None:
    """To conversations and people, however much stands in the log between."""
    async with window(browser, world, "anne", width) as page:
        await write(page, "/digi start")
        await expect(page.locator(".message .button.main")).to_be_visible()
        await page.locator("#composer-text").focus()
        await page.keyboard.press("Shift+Tab")
        await expect(page.locator("#back")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator(there).first).to_be_focused()


async def test_the_clocks_list_holds_nothing_that_has_been(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come is no longer ahead."""

    async def landmarks() -> dict[str, datetime]:
        return {
            "question": BEGINNING - timedelta(hours=1), "overview": BEGINNING + timedelta(days=1)
        }  # fmt: skip

    monkeypatch.setattr(world.clock, "landmarks", landmarks)
    async with window(browser, world, "anne") as page:
        await expect(page.locator("#landmarks")).to_contain_text("Næste overblik")
        await expect(page.locator("#landmarks")).not_to_contain_text("Næste spørgsmål")


async def test_what_people_write_is_shown_as_they_wrote_it(world: World, browser: Browser) -> None:
    """Tags, marks of formatting and mentions are letters like any other."""
    quoted: Spans = (Quoted(HOSTILE),)
    await world.digi.deliver("h", "post", Card((Quote(quoted, quoted),)), channel=CHANNEL)
    world.digi.card = Card((Paragraph(quoted),))
    async with window(browser, world, "anne") as page:
        await write(page, HOSTILE)
        await expect(page.locator(".said")).to_have_text(HOSTILE)
        await expect(page.locator("blockquote")).to_have_text(HOSTILE)
        await expect(page.locator("#log img, #log b, #log a")).to_have_count(0)
        assert "broken" not in await page.title()


async def test_starting_over_asks_first_and_clears_every_window(
    world: World, browser: Browser
) -> None:
    """*Begynd forfra* is confirmed; then all windows show an empty room and the real time."""
    async with window(browser, world, "anne") as anne, window(browser, world, "mette") as mette:
        await write(anne, "Godmorgen")
        await expect(mette.get_by_text("Godmorgen")).to_be_visible()
        await anne.get_by_role("button", name="Begynd forfra").click()
        await anne.keyboard.press("Escape")
        await expect(anne.get_by_text("Godmorgen")).to_be_visible()
        await anne.get_by_role("button", name="Begynd forfra").click()
        await anne.get_by_role("dialog").get_by_role("button", name="Begynd forfra").click()
        for page in (anne, mette):
            await expect(page.locator("#log")).to_contain_text("Her er stille endnu")


async def test_a_window_finds_its_way_back_after_a_restart(browser: Browser) -> None:
    """When Digi is started again, with another token, an open window goes on by itself."""
    port = free_port()
    async with AsyncExitStack() as stack:
        async with playground(port) as world:
            page = await stack.enter_async_context(window(browser, world, "anne", breaks=True))
            await write(page, "Før")
            await expect(page.get_by_text("Før")).to_be_visible()
            await page.evaluate("window.same = true")
        await expect(page.locator("#offline")).to_have_text("Forbindelsen er væk. Jeg prøver igen.")
        await page.fill("#composer-text", "Efter")
        async with playground(port, token="another token"):
            await page.press("#composer-text", "Enter")
            await expect(page.locator(".said")).to_have_text("Efter")
            await expect(page.locator("#offline")).to_be_empty()
            assert await page.evaluate("window.same")


# --- every card and every form ------------------------------------------------------------

texts = st.one_of(st.text(max_size=40), st.sampled_from([HOSTILE, "", " ", "\n", "\u202e\u0000"]))
spans: st.SearchStrategy[Spans] = st.lists(
    st.one_of(
        st.builds(Plain, texts),
        st.builds(Strong, texts),
        st.builds(Emph, texts),
        st.builds(Quoted, texts),
        st.builds(Mention, texts, texts),
        st.builds(Link, texts, st.one_of(texts, st.just("javascript:alert(1)"))),
    ),
    max_size=4,
).map(tuple)
some_spans = st.lists(spans, max_size=4).map(tuple)
styles = st.sampled_from(["plain", "main", "quiet", "danger"])
button = st.builds(Button, spans, st.none(), styles, st.one_of(st.none(), spans), token=texts)
cards: st.SearchStrategy[FinishedCard] = st.lists(
    st.one_of(
        st.builds(Heading, spans),
        st.builds(Paragraph, spans),
        st.builds(Small, spans),
        st.builds(Facts, st.lists(st.tuples(spans, spans), max_size=3).map(tuple)),
        st.builds(Quote, spans, st.one_of(st.none(), spans)),
        st.builds(Bullets, some_spans, st.booleans()),
        st.builds(Progress, st.integers(0, 40), st.integers(0, 40), spans),
        st.builds(Buttons, st.lists(button, max_size=4).map(tuple)),
    ),
    max_size=6,
).map(lambda parts: Card(tuple(parts)))
hint = st.one_of(st.none(), spans)
people = st.lists(st.sampled_from([person.id for person in PEOPLE] + ["gone"]), max_size=3)
options = st.lists(st.builds(Option, texts, spans, hint), max_size=10).map(tuple)
forms: st.SearchStrategy[FinishedForm] = st.builds(
    Form,
    spans,
    st.lists(
        st.one_of(
            st.builds(Note, spans),
            st.builds(
                TextField,
                texts,
                spans,
                hint,
                st.booleans(),
                st.integers(1, 3000),
                st.booleans(),
                hint,
            ),
            st.builds(Choice, texts, spans, options, texts, hint, st.booleans()),
            st.builds(
                Choices, texts, spans, options, st.lists(texts).map(tuple), hint, st.booleans()
            ),
            st.builds(People, texts, spans, st.booleans(), people.map(tuple), hint, st.booleans()),
            st.builds(
                DateField, texts, spans, st.one_of(st.none(), st.dates()), hint, st.booleans()
            ),
            st.builds(
                TimeField,
                texts,
                spans,
                st.one_of(st.none(), st.integers(0, 1439)),
                hint,
                st.booleans(),
            ),
        ),
        max_size=6,
    ).map(tuple),
    spans,
    texts,
    token=texts,
)

DRAW = """async ([answers, people]) => {
  const { drawCard, drawForm } = await import("/static/draw.js");
  return answers.map((answer) => {
    const form = drawForm(answer.form, people);
    for (const field of form.fields) {
      field.fault();
      field.show(["x"]);
      field.show([]);
      document.body.append(field.element);
      field.focus();
      field.element.remove();
    }
    return {
      text: answer.cards.map((card) => drawCard(card, "da", () => {}).textContent),
      read: form.fields.map((field) => [field.id, field.read()]),
      strange: answer.cards.flatMap((card) => [
        ...drawCard(card, "da", () => {}).querySelectorAll("img, script, b, a[href^='javascript']"),
      ]).length,
    };
  });
}"""


def all_text(card: FinishedCard) -> str:
    """What a drawn card must hold, in order, to the letter."""
    found: list[Spans | None] = []
    for part in card.parts:
        match part:
            case Facts(rows):
                found += [line for row in rows for line in row]
            case Quote(quoted, by):
                found += [quoted, by]
            case Bullets(items):
                found += items
            case Progress(label=label):
                found.append(label)
            case Buttons(found_buttons):
                found += [each.label for each in found_buttons]
            case Heading(line) | Paragraph(line) | Small(line):
                found.append(line)
    return "".join(plain(line) for line in found if line is not None)


async def test_every_card_and_form_is_drawn_whatever_it_says(
    world: World, browser: Browser
) -> None:
    """Any card and form goes through JSON unchanged and is drawn, text for text, without markup."""
    made: list[Answer] = []

    @settings(
        max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(cards, max_size=2).map(tuple), forms)
    def make(some: tuple[FinishedCard, ...], form: FinishedForm) -> None:
        answer = Answer(cards=some, form=form)
        assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
        made.append(answer)

    await asyncio.to_thread(make)
    people_there = [msgspec.to_builtins(person) for person in PEOPLE]
    async with window(browser, world, "anne") as page:
        drawn = await page.evaluate(DRAW, [msgspec.to_builtins(made), people_there])
    for answer, found in zip(made, drawn, strict=True):
        assert found["text"] == [all_text(card) for card in answer.cards]
        assert found["strange"] == 0
        assert answer.form is not None
        fields = [field for field in answer.form.fields if not isinstance(field, Note)]
        assert [id for id, _ in found["read"]] == [field.id for field in fields]
        for field, (_, read) in zip(fields, found["read"], strict=True):
            if isinstance(field, TimeField):
                assert read == ("" if field.value is None else str(field.value))
            if isinstance(field, DateField):
                assert read == (field.value.isoformat() if field.value else "")
            if isinstance(field, People) and field.many:
                known = [person.id for person in PEOPLE if person.id in field.values]
                assert read == known


# --- what can be read ---------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_pair_of_colours_can_be_read() -> None:
    """Text stands out by 4.5 to 1 on everything it stands on, in light and in dark (WCAG AA)."""
    css = (STATIC / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    pairs = [(ink, on) for ink in ("ink", "soft") for on in ("ground", "side", "sheet", "whisper")]
    pairs += [("accent", on) for on in ("ground", "side", "sheet", "whisper", "accent-wash")]
    pairs += [("accent-ink", "accent"), ("danger", "sheet"), ("danger", "ground")]
    pairs += [("danger-ink", "danger"), ("ink", "accent-wash"), ("soft", "accent-wash")]
    for theme in (light, dark):
        for ink, on in pairs:
            low, high = sorted((luminance(theme[ink]), luminance(theme[on])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, on)


def test_the_page_has_every_text_in_both_languages() -> None:
    """What the page itself says exists in Danish and in English, under the same names."""
    source = (STATIC / "words.js").read_text("utf-8")
    danish, english = (
        re.findall(r"^    (\w+):", block, re.MULTILINE)
        for block in re.findall(r"^  (?:da|en): \{\n(.*?)^  \},", source, re.MULTILINE | re.DOTALL)
    )
    assert danish == english
    page = (STATIC / "index.html").read_text("utf-8")
    assert set(re.findall(r'data-word="(\w+)"', page)) <= set(danish)
