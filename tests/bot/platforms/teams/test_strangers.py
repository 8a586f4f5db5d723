"""Authentication of requests from Teams, and the hosts Digi calls, with real tokens and
signatures."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.teams.ports import CallFailed, Json, Ref, TeamsReply
from bot.platforms.teams.tokens import NoToken, Tokens
from bot.platforms.teams.transport import BotbuilderTransport
from bot.platforms.teams.trust import HOSTS, is_service
from bot.server import http_server as server
from bot.server.http_server import Hosts
from tests.waiting import until
from tests.worlds.teams.state import CHANNEL, ELSEWHERE, Dict, Tenant
from tests.worlds.teams.trouble import Lost, Says
from tests.worlds.teams.world import APP, SECRET, STRANGE_KEY, TeamsWorld
from tests.worlds.teams_fixtures import Place, in_teams

CANARY = "kanariefugl-4711"
HOUR = 3600


class Heard:
    """A transport alone, which records the activities it accepts."""

    def __init__(self, world: TeamsWorld, transport: BotbuilderTransport) -> None:
        self.world = world
        self.transport = transport
        self.activities: list[Json] = []
        self.told: list[tuple[str, str]] = []
        self.reply = TeamsReply()
        self.error: Exception | None = None

    async def hears(self, activity: Json) -> TeamsReply:
        self.activities.append(activity)
        if self.error is not None:
            raise self.error
        return self.reply

    def ref(self, conversation: str = CHANNEL) -> Ref:
        return Ref(self.world.service_url, conversation, f"28:{APP}", self.world.home.id, "channel")


@asynccontextmanager
async def alone(world: TeamsWorld | None = None, **more: Any) -> AsyncIterator[Heard]:
    world = world or TeamsWorld()
    world.home.move_in({"anne": "Anne Holm"})
    async with world:
        found: list[Heard] = []
        made = {
            "app_id": APP,
            "secret": SECRET,
            "app_tenant": world.home.id,
            "openid_url": f"{world.url}/openid",
            "login_url": f"{world.url}/login",
            "tenants": [world.home.id.upper()],
            "hosts": ["127.0.0.1"],
            **more,
        }

        async def hears(activity: Json) -> TeamsReply:
            return await found[0].hears(activity)

        transport = BotbuilderTransport(
            hears, told=lambda what, kind: found[0].told.append((what, kind)), **made
        )
        found.append(Heard(world, transport))
        app = server.application(Hosts.named(()))
        app.add_routes([web.post("/api/messages", transport.handle)])
        runner = server.runner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            world.digi_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
            yield found[0]
        finally:
            await runner.cleanup()
            await transport.close()


def _message(world: TeamsWorld, **more: Any) -> Dict:
    person = world.home.people["anne"]
    return world.activity(person, person.chat, type="message", text="status", **more)


class _Ears(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@pytest.fixture
def ears() -> Iterator[_Ears]:
    """Capture all log records of botbuilder, msrest, msal, aiohttp and Digi at every level."""
    found = _Ears()
    loggers = [
        logging.getLogger(name)
        for name in (
            "",
            "aiohttp.server",
            "asyncio",
            "botbuilder",
            "botframework",
            "digi",
            "msal",
            "msrest",
            "urllib3",
        )
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(found)
        logger.setLevel(logging.DEBUG)
    yield found
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(found)
        logger.setLevel(level)


# --- in -------------------------------------------------------------------------------------------


async def test_a_right_token_passes_and_nothing_of_the_activity_is_lost() -> None:
    """Fields that no SDK knows reach Digi unchanged."""
    async with alone() as heard:
        activity = _message(
            heard.world,
            trigger="slash",
            channelData={"tenant": {"id": heard.world.home.id}, "onBehalfOf": [{"x": 1}]},
        )
        activity["recipient"]["isTargeted"] = True
        assert (await heard.world.send(activity))[0] == 200
        assert heard.activities == [activity]
        assert heard.told == []


async def test_an_invoke_is_answered_with_its_own_body() -> None:
    """The response is serialised once, so that a dialog opens."""
    async with alone() as heard:
        heard.reply = TeamsReply({"task": {"type": "continue", "value": {"title": "æøå"}}})
        activity = _message(heard.world, name="task/fetch", value={}) | {"type": "invoke"}
        assert await heard.world.send(activity) == (200, heard.reply.body)


def _none(world: TeamsWorld) -> str:
    claims = {
        "iss": "https://api.botframework.com",
        "aud": APP,
        "exp": time.time() + HOUR,
        "serviceurl": world.service_url,
    }
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "k1"})


STRANGERS: dict[str, tuple[Callable[[TeamsWorld], str], int]] = {
    "no token": (lambda w: "", 401),
    "garbage": (lambda w: "abc", 401),
    "three pieces of garbage": (lambda w: "a.b.c", 401),
    "signs that are no letters": (lambda w: "æ.ø.å", 401),
    "another audience": (lambda w: w.token(aud="33333333-3333-4333-8333-333333333333"), 401),
    "an audience that is a list": (lambda w: w.token(aud=["x"]), 401),
    "no audience": (lambda w: w.token(aud=None), 401),
    "another issuer": (lambda w: w.token(iss="https://sts.windows.net/x/"), 401),
    "no issuer": (lambda w: w.token(iss=None), 401),
    "another key": (lambda w: w.token(STRANGE_KEY), 401),
    "another key id": (lambda w: w.token(kid="k2"), 401),
    "no key id": (lambda w: w.token(kid=""), 401),
    "expired": (lambda w: w.token(exp=int(time.time()) - HOUR), 401),
    "no end": (lambda w: w.token(exp=None), 401),
    "an end that is a word": (lambda w: w.token(exp="soon"), 401),
    "not yet": (lambda w: w.token(nbf=int(time.time()) + HOUR), 401),
    "alg none": (_none, 401),
    "alg HS256": (lambda w: w.token("geheimnis" * 8, alg="HS256"), 401),
    "another serviceUrl": (lambda w: w.token(serviceurl="https://smba.trafficmanager.net/x"), 403),
    "no serviceUrl": (lambda w: w.token(serviceurl=None), 403),
    "a serviceUrl that is a number": (lambda w: w.token(serviceurl=7), 403),
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("stranger", STRANGERS)
async def test_a_stranger_is_refused(stranger: str, ears: _Ears) -> None:
    """The status is 401 or 403, never 500; no log contains anything of the body, and Digi does not
    see it."""
    made, status = STRANGERS[stranger]
    async with alone() as heard:
        activity = _message(heard.world) | {"text": CANARY}
        token = made(heard.world)
        header = {"Authorization": f"Bearer {token}"} if token else {}
        answered = await heard.world.send(activity, token="", headers=header)
        assert answered == (status, {})
        assert heard.activities == []
        assert CANARY not in "\n".join(ears.heard)


@pytest.mark.parametrize(
    "activity",
    [
        {"channelData": {"tenant": {"id": ELSEWHERE}}, "conversation": {"id": "a:x"}},
        {"conversation": {"id": "a:x", "tenantId": ELSEWHERE}},
        {"conversation": {"id": "a:x"}, "channelData": {}},
        {"conversation": None, "channelData": None},
        {"channelId": "slack"},
        {"channelId": None},
        {"serviceUrl": "https://evil.example/"},
        {"serviceUrl": 7},
        {"serviceUrl": None},
    ],
    ids=str,
)
async def test_a_right_token_with_a_strange_activity_is_refused(activity: Dict) -> None:
    """A foreign tenant, another channel or another service gives 403."""
    async with alone() as heard:
        assert await heard.world.send(_message(heard.world) | activity) == (403, {})
        assert heard.activities == []


async def test_a_service_that_is_no_service_of_teams_is_refused_though_the_token_names_it() -> None:
    """Digi's token must not be sent to a host that somebody entered in a bot registration."""
    async with alone(hosts=[]) as heard:
        for url in (
            "https://evil.example",
            "http://smba.trafficmanager.net/emea",
            "https://smba.trafficmanager.net.evil.example",
            heard.world.service_url,
            "https://a@smba.trafficmanager.net",
            "https://smba.trafficmanager.net:8443/x",
            "https://{a}.botframework.com",
        ):
            activity = _message(heard.world) | {"serviceUrl": url}
            token = heard.world.token(serviceurl=url)
            assert await heard.world.send(activity, token=token) == (403, {})
            with pytest.raises(CallFailed):
                await heard.transport.send(Ref(url, CHANNEL, "28:x", "t"), {"type": "message"})
        activity = _message(heard.world) | {"serviceUrl": "https://smba.trafficmanager.net/emea/"}
        token = heard.world.token(serviceurl="https://smba.trafficmanager.net/emea")
        assert (await heard.world.send(activity, token=token))[0] == 200
        assert heard.world.calls == []


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://smba.trafficmanager.net/emea/", True),
        ("https://europe.botframework.com", True),
        ("https://smba.infra.gov.teams.microsoft.us/gcch", True),
        ("https://teams.digi.example/x", False),
        ("https://botframework.com.evil.example", False),
        ("https://evilbotframework.com", False),
        ("ftp://smba.trafficmanager.net", False),
        ("https://", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_the_hosts_of_teams_are_few(url: str, fine: bool) -> None:
    """https and known names; lookalikes are rejected."""
    assert is_service(url, HOSTS) == fine


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"{}", 400),
        (b'{"type":7}', 400),
        (b"[" * 100_000, 400),
        (b'{"type":"message"}', 403),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
async def test_what_is_no_activity_is_a_bad_request(body: bytes, status: int) -> None:
    """After authentication it is 400. Without authentication it is 401 for any body, unless it is
    too long for anybody."""
    async with alone() as heard:
        for token, expected in (
            (heard.world.token(), status),
            ("abc", 413 if status == 413 else 401),
        ):
            async with heard.world.session.post(
                heard.world.digi_url,
                data=io.BytesIO(body),
                headers={"Authorization": f"Bearer {token}"},
            ) as response:
                assert response.status == expected


async def test_what_fails_inside_is_no_500(ears: _Ears) -> None:
    """The operator is told the error's type, and nobody the text."""
    async with alone() as heard:
        heard.error = RuntimeError(CANARY)
        assert (await heard.world.send(_message(heard.world)))[0] == 503
        assert heard.told == [("teams", "RuntimeError")]
        assert CANARY not in "\n".join(ears.heard)


async def test_the_same_token_is_not_checked_for_every_activity() -> None:
    """Teams uses a token for an hour: the keys are fetched once."""
    async with alone() as heard:
        token = heard.world.token()
        for _ in range(20):
            assert (await heard.world.send(_message(heard.world), token=token))[0] == 200
        for _ in range(5):
            assert (await heard.world.send(_message(heard.world)))[0] == 200
        assert heard.world.key_requests == 1


async def test_an_outage_of_the_keys_is_said_to_pass() -> None:
    """503, so that Teams retries; it works again when the keys can be fetched."""
    async with alone() as heard:
        heard.world.keys_away = True
        assert (await heard.world.send(_message(heard.world)))[0] == 503
        assert heard.told == [("teams", "Microsoft's signing keys cannot be fetched")]
        heard.world.keys_away = False
        assert (await heard.world.send(_message(heard.world)))[0] == 200
        heard.world.keys_away = True
        assert (await heard.world.send(_message(heard.world)))[0] == 200


async def test_an_unknown_key_does_not_make_digi_ask_again_and_again() -> None:
    """Anybody can send an unknown key id."""
    async with alone() as heard:
        assert (await heard.world.send(_message(heard.world)))[0] == 200
        for n in range(20):
            token = heard.world.token(STRANGE_KEY, kid=f"k{n + 2}")
            assert (await heard.world.send(_message(heard.world), token=token))[0] == 401
        assert heard.world.key_requests == 1


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
_NAMES = (
    "type",
    "id",
    "name",
    "value",
    "text",
    "from",
    "recipient",
    "conversation",
    "channelData",
    "entities",
    "membersAdded",
    "membersRemoved",
    "action",
    "locale",
    "replyToId",
)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home") as found:
        yield found


@pytest.mark.parametrize(
    "bodies",
    [150, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
    ids=["few", "ten thousand"],
)
async def test_no_body_at_all_makes_a_500(
    place: Place, bodies: int, ears: _Ears, figures: Callable[[str], None]
) -> None:
    """Generated activities of an authenticated sender are all answered."""
    loop = asyncio.get_running_loop()
    kinds = st.sampled_from(("message", "invoke", "conversationUpdate", "installationUpdate"))
    names = st.sampled_from(
        (
            "task/fetch",
            "task/submit",
            "adaptiveCard/action",
            "composeExtension/fetchTask",
            "composeExtension/submitAction",
            "other",
        )
    )
    made = st.fixed_dictionaries(
        {"type": kinds | _values, "name": names | _values},
        optional={name: _values for name in _NAMES if name not in ("type", "name")},
    )
    data = st.dictionaries(st.sampled_from(("digi", "f.text", "msteams")), _values, max_size=3)
    values = (
        st.none()
        | st.fixed_dictionaries({"data": data})
        | st.fixed_dictionaries({"action": st.fixed_dictionaries({"data": data})})
    )
    found: list[tuple[Dict, Any]] = []

    @settings(
        max_examples=bodies,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(made, values)
    def generate(activity: Dict, value: Any) -> None:
        found.append((activity, value))

    await loop.run_in_executor(None, generate)
    whole = place.world.activity(place.world.home.people["anne"], CHANNEL)
    token = place.world.token()
    answered: Counter[int] = Counter()
    for activity, value in found:
        body = {**whole, "text": CANARY, **activity}
        if value is not None:
            body["value"] = value
        status, _ = await place.world.send(body, token=token)
        assert status in (200, 400, 403, 501), (status, body)
        answered[status] += 1
    assert CANARY not in "\n".join(ears.heard)
    assert answered[200] > bodies // 10
    figures(f"{len(found)} activities: {dict(answered)}, none a 500")
    place.told.clear()


async def test_nothing_that_is_said_reaches_a_log(
    place: Place, ears: _Ears, capfd: pytest.CaptureFixture[str]
) -> None:
    """No library logs texts or names at any level."""
    for line in (
        f"anne > /digi start {CANARY}",
        'anne > tryk "Jeg er leder"',
        'anne > tryk "Vis det i kanalen"',
        "anne > /digi næste",
        'peter > tryk "Svar"',
        f'peter > udfyld "Dit svar={CANARY}"',
        'sofie > tryk "Sig det"',
        'sofie > tryk "Uden navn"',
        f'sofie > udfyld Hvad=Bekymring "Din={CANARY}" Hvem="Anne Holm"',
        f"sofie > /digi sig {CANARY}",
        f"sofie privat > {CANARY}",
    ):
        await place.hands.play(line)
    place.world.plan("POST", Says(400, CANARY), Says(403, CANARY), Lost())
    await place.hands.play("ur > en uge")
    people = place.world.home.people
    told = "\n".join((*ears.heard, *capfd.readouterr()))
    for said in (
        CANARY,
        people["sofie"].id,
        people["sofie"].address,
        "Sofie Bæk",
        place.hands.code,
    ):
        assert said not in told


# --- out ------------------------------------------------------------------------------------------


async def test_one_token_serves_for_an_hour() -> None:
    """For any number of messages, also concurrent ones."""
    async with alone() as heard:
        sends = (heard.transport.send(heard.ref(), {"type": "message"}) for _ in range(5))
        await asyncio.gather(*sends)
        await heard.transport.members(heard.ref())
        assert len(heard.world.token_requests) == 1
        assert heard.world.token_requests[0]["tenant"] == heard.world.home.id


async def test_a_token_that_ended_early_is_replaced_once() -> None:
    """Nothing was executed with the old token, so the call is repeated with a new one."""
    async with alone() as heard:
        await heard.transport.send(heard.ref(), {"type": "message"})
        heard.world.tokens.clear()
        await heard.transport.send(heard.ref(), {"type": "message"})
        assert len(heard.world.token_requests) == 2
        heard.world.token_lives = 0
        heard.world.tokens.clear()
        with pytest.raises(CallFailed, match="401"):
            await heard.transport.send(heard.ref(), {"type": "message"})
        assert len(heard.world.token_requests) == 3


async def test_a_refused_secret_is_no_storm_of_requests() -> None:
    """Only Microsoft's error code is reported."""
    async with alone() as heard:
        heard.world.refuses_tokens = "invalid_client"
        for _ in range(5):
            with pytest.raises(CallFailed, match="no token: invalid_client") as failed:
                await heard.transport.send(heard.ref(), {"type": "message"})
            assert not failed.value.arrived
        assert len(heard.world.token_requests) == 1
        assert heard.world.calls == []


async def test_a_token_is_renewed_before_it_ends_and_an_old_one_does_while_it_lives() -> None:
    """Therefore a short outage of Microsoft's login has no effect."""
    at = 0.0
    asked: list[float] = []
    away = False

    async def asks() -> tuple[str, float]:
        asked.append(at)
        if away:
            raise NoToken("away")
        return f"t{len(asked)}", 3600.0

    tokens = Tokens(asks, monotonic=lambda: at)
    assert await tokens.get() == "t1"
    at = 3200.0
    assert await tokens.get() == "t1"
    away, at = True, 3400.0
    assert await tokens.get() == "t1"
    assert await tokens.get() == "t1"
    assert asked == [0.0, 3400.0]
    at = 3700.0
    with pytest.raises(NoToken, match="away"):
        await tokens.get()
    away, at = False, 3720.0
    assert await tokens.get() == "t4"


async def test_neither_keys_nor_tokens_hold_up_the_loop() -> None:
    """Both are fetched without blocking. If one were fetched on the event loop, the simulated
    Microsoft, which runs on it too, could not answer."""
    async with alone() as heard:
        world = heard.world
        world.keys_gate.clear()
        hearing = asyncio.create_task(world.send(_message(world)))
        await until(lambda: world.key_requests)
        assert not hearing.done()
        world.keys_gate.set()
        assert (await hearing)[0] == 200
        world.keys_gate.clear()
        speaking = asyncio.create_task(heard.transport.send(heard.ref(), {"type": "message"}))
        await until(lambda: world.token_requests)
        assert not speaking.done()
        world.keys_gate.set()
        await speaking


async def test_a_way_that_hangs_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetching keys and tokens has a timeout."""
    monkeypatch.setattr("bot.platforms.teams.trust.PATIENCE", 0.05)
    monkeypatch.setattr("bot.platforms.teams.tokens.PATIENCE", 0.05)
    async with alone() as heard:
        heard.world.keys_wait = 0.5
        assert (await heard.world.send(_message(heard.world)))[0] == 503
        with pytest.raises(CallFailed, match="no token: TimeoutError"):
            await heard.transport.send(heard.ref(), {"type": "message"})


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_managed_identity_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is fetched in a thread from the host's identity service, and cached for an hour."""
    asked: list[Dict] = []

    async def identity(request: web.Request) -> web.Response:
        asked.append({**request.query, "header": request.headers["X-IDENTITY-HEADER"]})
        token = "ours-of-the-machine"
        heard.world.tokens[token] = heard.world.clock.now() + HOUR
        return web.json_response(
            {
                "access_token": token,
                "expires_on": str(int(time.time()) + HOUR),
                "resource": request.query["resource"],
                "token_type": "Bearer",
            }
        )

    app = web.Application()
    app.add_routes([web.get("/identity", identity)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        port = runner.addresses[0][1]
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", "kun-her")
        async with alone(app_type="UserAssignedMSI", secret=None) as heard:
            for _ in range(3):
                await heard.transport.send(heard.ref(), {"type": "message"})
            assert heard.world.token_requests == []
    finally:
        await runner.cleanup()
    assert len(asked) == 1
    assert (asked[0]["header"], asked[0]["client_id"]) == ("kun-her", APP)
    assert asked[0]["resource"] == "https://api.botframework.com"


# --- on this machine alone ------------------------------------------------------------------------


async def test_without_an_app_id_only_this_machine_is_served() -> None:
    """No web page in a browser gets through, and no other host is called."""
    async with alone(TeamsWorld(local=True), app_id=None) as heard:
        activity = _message(heard.world)
        assert (await heard.world.send(activity))[0] == 200
        strange: list[tuple[Dict, Dict]] = [
            ({}, {"Host": "digi.example"}),
            ({}, {"Origin": "https://evil.example"}),
            ({}, {"Content-Type": "text/plain"}),
            ({"serviceUrl": "https://smba.trafficmanager.net/emea"}, {}),
            ({"serviceUrl": "http://10.0.0.1/x"}, {}),
        ]
        for changed, headers in strange:
            async with heard.world.session.post(
                heard.world.digi_url,
                data=json.dumps(activity | changed),
                headers={"Content-Type": "application/json", **headers},
            ) as response:
                assert response.status == 403
        assert len(heard.activities) == 1
        with pytest.raises(CallFailed):
            await heard.transport.send(
                Ref("https://smba.trafficmanager.net/emea", CHANNEL, "28:x", "t"), {}
            )


async def test_two_tenants_are_served_side_by_side() -> None:
    """Each is recognised by its id, and no third one."""
    other = Tenant(id="33333333-3333-4333-8333-333333333333")
    other.move_in({"bo": "Bo Berg"})
    world = TeamsWorld(Tenant(), other)
    async with alone(world, tenants=[one.id for one in world.tenants]) as heard:
        for tenant in world.tenants:
            person = next(iter(tenant.people.values()))
            activity = world.activity(person, person.chat, tenant=tenant, type="message", text="x")
            assert (await world.send(activity))[0] == 200
        person.tenant = ELSEWHERE
        activity = world.activity(
            person, person.chat, tenant=Tenant(id=ELSEWHERE), type="message", text="x"
        )
        assert (await world.send(activity))[0] == 403
        assert len(heard.activities) == 2
