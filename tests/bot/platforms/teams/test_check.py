"""`python app.py check` with Teams' settings, against a simulated Microsoft on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from bot.platforms.teams.check import Finding, TeamsSettings, check
from tests.bot.cli.test_app import Box, free_port

APP = "11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-2222-3333-4444-555555555555"
SECRET = "en-hemmelighed-som-ingen-ser"
TOKEN = "et-token-som-ingen-ser"


class Microsoft:
    """A fake login, key server, managed identity and public address of Digi, all at one port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token: tuple[int, Any] = (200, {"access_token": TOKEN})
        self.keys: tuple[int, Any] = (200, {"jwks_uri": f"{self.url}/keys"})
        self.way_in = 401
        self.asked: list[dict[str, str]] = []
        app = web.Application()
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._login)
        app.router.add_get("/identity", self._identity)
        app.router.add_get("/openid", self._openid)
        app.router.add_post("/api/messages", self._messages)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Microsoft:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def settings(self) -> TeamsSettings:
        return TeamsSettings(
            app_id=APP,
            app_password=SECRET,
            app_tenant=TENANT,
            login_url=self.url,
            openid_url=f"{self.url}/openid",
            public_url=self.url,
        )

    async def _login(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append({"tenant": request.match_info["tenant"], **form})
        return _answer(*self.token)

    async def _identity(self, request: web.Request) -> web.Response:
        self.asked.append({**request.query, "header": request.headers["X-IDENTITY-HEADER"]})
        return _answer(*self.token)

    async def _openid(self, _: web.Request) -> web.Response:
        return _answer(*self.keys)

    async def _messages(self, _: web.Request) -> web.Response:
        found = "https://elsewhere.example.dk" if 300 <= self.way_in < 400 else ""
        return web.Response(status=self.way_in, headers={"Location": found} if found else {})


def _answer(status: int, body: Any) -> web.Response:
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html")
    return web.json_response(body, status=status)


@pytest.fixture
async def microsoft() -> AsyncIterator[Microsoft]:
    async with Microsoft() as there:
        yield there


def faults(found: list[Finding]) -> list[str]:
    """Return the problems, except the one that a test on one machine always has."""
    return [said for fine, said in found if not fine and "own address" not in said]


async def test_what_is_right_is_said_to_be_fine(microsoft: Microsoft) -> None:
    """App id, tenant, secret, keys and public address: one line each."""
    found = await check(microsoft.settings)
    assert faults(found) == []
    said = "\n".join(line for fine, line in found if fine)
    for part in (APP, TENANT, "secret works", "keys", "asks for Microsoft's token"):
        assert part in said
    assert microsoft.asked == [
        {
            "tenant": TENANT,
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": SECRET,
            "scope": "https://api.botframework.com/.default",
        }
    ]


async def test_an_address_of_this_machine_is_no_way_in_for_teams(microsoft: Microsoft) -> None:
    """It may answer on this machine, but Teams is elsewhere."""
    [line] = [said for fine, said in await check(microsoft.settings) if not fine]
    assert line.startswith("DIGI_PUBLIC_URL is this machine's own address")


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (401, {"error": "invalid_client", "error_codes": [7000215]}, "the secret's value"),
        (401, {"error": "invalid_client", "error_codes": [7000222]}, "has expired"),
        (400, {"error": "unauthorized_client", "error_codes": [700016]}, "same registration"),
        (400, {"error": "invalid_request", "error_codes": [90002]}, "no such tenant"),
        (400, {"error": "something_new", "error_codes": [1]}, "something_new"),
        (400, {"error": ["odd"], "error_codes": "odd"}, "status 400"),
        (200, {"token": "?"}, "status 200"),
        (200, [], "status 200"),
        (503, "<p>nede</p>", "status 503"),
    ],
)
async def test_a_refused_secret_comes_with_its_remedy(
    microsoft: Microsoft, status: int, body: Any, remedy: str
) -> None:
    """For any answer of the login, one line says what to do, without the secret."""
    microsoft.token = (status, body)
    [line] = faults(await check(microsoft.settings))
    assert remedy in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (200, "without a token"),
        (202, "without a token"),
        (307, "redirect"),
        (404, "pass POST /api/messages"),
        (405, "pass POST /api/messages"),
        (500, "status 500"),
        (502, "start Digi"),
    ],
)
async def test_a_way_in_that_is_none_is_told_apart(
    microsoft: Microsoft, status: int, remedy: str
) -> None:
    """A proxy without Digi, another program, and a Digi without authentication are three different
    problems."""
    microsoft.way_in = status
    [line] = faults(await check(microsoft.settings))
    assert remedy in line


async def test_keys_that_cannot_be_fetched_are_a_fault(microsoft: Microsoft) -> None:
    """Without the keys no request from Teams can be authenticated."""
    for microsoft.keys in ((404, {}), (200, {}), (200, "hej")):
        [line] = faults(await check(microsoft.settings))
        assert line.startswith("the keys")


async def test_without_a_way_out_nothing_is_called_wrong_that_was_not_tried() -> None:
    """The secret is not reported as wrong if the login cannot be reached."""
    nobody = f"http://127.0.0.1:{free_port()}"
    there = TeamsSettings(
        app_id=APP,
        app_password=SECRET,
        app_tenant=TENANT,
        login_url=nobody,
        openid_url=f"{nobody}/openid",
        public_url=nobody,
    )
    lines = faults(await check(there))
    assert [line for line in lines if "the secret was not checked" in line]
    assert [line for line in lines if f"{nobody}/api/messages could not be reached" in line]
    assert len(lines) == 3


async def test_a_machines_identity_is_asked_for_a_token(microsoft: Microsoft) -> None:
    """It is requested with the client id at the address that the machine offers; a refusal names
    the remedy."""
    there = replace(
        microsoft.settings,
        app_type="UserAssignedMSI",
        app_password="",
        identity_endpoint=f"{microsoft.url}/identity",
        identity_header="h",
    )
    found = await check(there)
    assert faults(found) == []
    assert [said for _, said in found if "managed identity works" in said]
    assert microsoft.asked == [
        {
            "resource": "https://api.botframework.com",
            "client_id": APP,
            "api-version": "2019-08-01",
            "header": "h",
        }
    ]
    microsoft.token = (400, {"error": "identity not found"})
    [line] = faults(await check(there))
    assert "MICROSOFT_APP_ID" in line
    gone = replace(there, identity_endpoint=f"http://127.0.0.1:{free_port()}/identity")
    [line] = faults(await check(gone))
    assert "SingleTenant with a secret" in line


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"app_id": "digi"}, "MICROSOFT_APP_ID"),
        ({"app_tenant": "vores tenant"}, "MICROSOFT_APP_TENANT_ID"),
        ({"app_type": "MultiTenant", "app_tenant": ""}, "DIGI_TEAMS_TENANTS"),
        ({"tenants": ("kommune",)}, "DIGI_TEAMS_TENANTS: entry 1"),
        ({"tenants": (APP,)}, "leaves out the bot's own tenant"),
        ({"hosts": ("https://smba.trafficmanager.net/",)}, "DIGI_TEAMS_HOSTS"),
        ({"hosts": ("*",)}, "DIGI_TEAMS_HOSTS"),
        ({"public_url": ""}, "DIGI_PUBLIC_URL is missing"),
    ],
)
async def test_a_setting_that_does_not_do_is_named(
    microsoft: Microsoft, change: dict[str, Any], named: str
) -> None:
    """Otherwise Teams would silently send nothing, or everybody would be refused."""
    lines = faults(await check(replace(microsoft.settings, **change)))
    assert [line for line in lines if named in line]


async def test_lists_that_are_right_are_no_fault(microsoft: Microsoft) -> None:
    """Several tenants including the own one, in any case; hosts with a wildcard."""
    there = replace(
        microsoft.settings,
        tenants=(TENANT.upper(), APP),
        hosts=("smba.trafficmanager.net", "*.botframework.com", "localhost:9000"),
    )
    assert faults(await check(there)) == []


async def test_trying_without_an_app_id_stays_on_this_machine() -> None:
    """It authenticates nobody, so it must not be reachable from outside."""
    [(fine, said)] = await check(TeamsSettings(local=True))
    assert (fine, "this machine only" in said) == (True, True)
    [(fine, said)] = await check(TeamsSettings(local=True, host="0.0.0.0"))
    assert (fine, "DIGI_HOST" in said) == (False, True)
    [(fine, said)] = await check(TeamsSettings(local=True, public_url="https://digi.example.dk"))
    assert (fine, "DIGI_PUBLIC_URL" in said) == (False, True)


async def test_the_doctor_has_its_lines_on_teams(tmp_path: Path, microsoft: Microsoft) -> None:
    """This is the operator's view; no line contains the secret or the token."""
    box = Box(tmp_path)
    settings = {
        "MICROSOFT_APP_ID": APP,
        "MICROSOFT_APP_PASSWORD": SECRET,
        "MICROSOFT_APP_TYPE": "SingleTenant",
        "MICROSOFT_APP_TENANT_ID": TENANT,
        "MICROSOFT_LOGIN_URL": microsoft.url,
        "DIGI_PUBLIC_URL": microsoft.url,
        "MICROSOFT_OPENID_URL": f"{microsoft.url}/openid",
    }
    done = await asyncio.to_thread(lambda: box("check", **settings))
    assert f"teams\tfine\tapp id {APP}" in done.stdout
    assert "teams\tfine\tthe secret works" in done.stdout
    assert (done.returncode, "own address" in done.stdout) == (1, True)
    assert SECRET not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
