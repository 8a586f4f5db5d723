"""No command, error or log prints any part of a password, a token or a key."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

import app
from bot.platforms.slack import check as slack_check
from bot.platforms.slack.transport import quiet_logger
from bot.platforms.slack.web_api import WebApi, failure
from bot.platforms.teams import check as teams_check
from bot.platforms.teams.tokens import NoToken, Tokens, by_secret
from bot.server.settings import NAMES, SECRET
from storage.postgres.driver import Postgres
from storage.postgres.errors import reason
from storage.sql import StoreError
from tests.bot.cli.test_app import Box
from tests.bot.cli.test_operator import Here, digi

__all__ = ["digi"]

PARTS = ("Zebra7", "Vulkan9")
"""Parts of the passwords below. They may be neither printed nor become a file's name."""
JOINED = [
    "Zebra7Vulkan9",
    *(f"Zebra7{sign}Vulkan9" for sign in "@/?#:%& \\"),
    "[Zebra7Vulkan9",
    "Zebra7]Vulkan9",
    "1/Zebra7Vulkan9",
    "Zebra7Vulkan9@",
    "1?Zebra7=Vulkan9",
    "%00Zebra7Vulkan9",
]
ADDRESSES = [
    *(f"postgresql://digi:{word}@127.0.0.1:1/digi" for word in JOINED),
    *(f"postgresql://digi:{quote(word, safe='')}@127.0.0.1:1/digi" for word in JOINED),
    *(
        shape.format("Zebra7Vulkan9")
        for shape in (
            "postgres:/digi:{}@127.0.0.1:1/digi",
            "POSTGRESQL://digi:{}@127.0.0.1:1/digi",
            "postgresq://digi:{}@127.0.0.1:1/digi",
            "jdbc:postgresql://digi:{}@127.0.0.1:1/digi",
            "postgresql:digi:{}@127.0.0.1/digi",
            "'postgresql://digi:{}@127.0.0.1:1/digi'",
            "psql postgresql://digi:{}@127.0.0.1:1/digi",
            "mysql://root:{}@127.0.0.1/digi",
            "digi:{}@127.0.0.1/digi",
            "postgresql://digi:{}",
            "postgresql://{}@127.0.0.1:1/digi",
            "host=127.0.0.1 port=1 user=digi password={}",
            "dbname=digi user={}",
            "postgresql://127.0.0.1:1/digi?password={}",
            "postgresql://127.0.0.1:1/digi?pasword={}",
            "postgresql://127.0.0.1:1/digi?sslmode={}",
            "postgresql://{}:1/digi",
            "postgresql://digi@127.0.0.1:{}/digi",
        )
    ),
]
MISPLACED = {
    "an address": "postgresql://digi:Zebra7Vulkan9@127.0.0.1/digi",
    "a page": "https://digi:Zebra7Vulkan9@127.0.0.1/digi",
    "a token": "xoxb-1-Zebra7Vulkan9",
    "a key": base64.b64encode(b"Zebra7Vulkan9".ljust(32, b"!")).decode(),
}
COMMANDS = [
    ["check"],
    ["key"],
    ["outbox"],
    ["projects"],
    ["backup"],
    ["restore", "nothing.backup"],
    ["rotate-key"],
    ["erase", "person", "U1", "--yes"],
    ["erase", "project", "p1", "--yes"],
    ["unseat", "U1", "p1"],
    ["manifest", "slack"],
    ["manifest", "teams"],
    ["content"],
    ["move", "postgresql:///digi?host=/nowhere"],
]


def hides(said: str, folder: Path | None = None) -> None:
    names = [str(path.name) for path in folder.rglob("*")] if folder is not None else []
    for text in (said, *names):
        for part in (*PARTS, MISPLACED["a key"]):
            assert part.casefold() not in text.casefold(), text


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_command_prints_a_part_of_a_database_password(digi: Here, address: str) -> None:
    """However the address is malformed, in `check`, in commands that read, and in commands that
    write."""
    for words in (["check"], ["key"], ["outbox"], ["rotate-key"], ["move", address]):
        done = digi(*words, DIGI_DATABASE="" if words[0] == "move" else address)
        hides(done.stdout + done.stderr, digi.home.parent)
        assert "an error in Digi" not in done.stderr


@pytest.mark.parametrize("address", [ADDRESSES[0], ADDRESSES[1], ADDRESSES[-1]])
def test_every_command_keeps_the_password_to_itself(digi: Here, address: str) -> None:
    """This also holds if it is in the .env file."""
    for words in COMMANDS:
        for there in (False, True):
            (digi.home.parent / ".env").write_text(f"DIGI_DATABASE={address}\n" if there else "")
            done = digi(*words, **({} if there else {"DIGI_DATABASE": address}))
            hides(done.stdout + done.stderr, digi.home.parent)


@pytest.mark.parametrize("what", MISPLACED)
def test_no_setting_prints_a_secret_that_stands_in_it_by_mistake(digi: Here, what: str) -> None:
    """Each setting in turn, and all at once; the message names the setting."""
    wrong = MISPLACED[what]
    for name in sorted(NAMES):
        done = digi("check", **{name: wrong})
        hides(done.stdout + done.stderr, digi.home.parent)
        if name not in SECRET:
            assert f"{name} " in done.stdout
            assert done.returncode == 1
    for words in [[], *COMMANDS]:
        done = digi(*words, **dict.fromkeys(NAMES, wrong))
        hides(done.stdout + done.stderr, digi.home.parent)
        assert done.returncode == 1 or words == ["content"]


@pytest.mark.parametrize("raw", [b"SLACK_BOT_TOKEN=Zebra7\xff\nX=Vulkan9\n", b"Zebra7 Vulkan9\n"])
def test_a_env_file_that_cannot_be_read_is_not_quoted(digi: Here, raw: bytes) -> None:
    """The message has the position of the error, not the content."""
    (digi.home.parent / ".env").write_bytes(raw)
    done = digi("check")
    hides(done.stdout + done.stderr)
    assert ".env" in done.stdout or done.returncode == 0


@pytest.mark.parametrize("text", ["Zebra7Vulkan9", "Zebra7 = Vulkan9", "a = 'Zebra7\nVulkan9"])
def test_a_file_that_is_no_operators_file_is_not_quoted(digi: Here, text: str) -> None:
    """It may be the wrong file."""
    wrong = digi.home.parent / "operator.toml"
    wrong.write_text(text)
    done = digi("check", DIGI_OPERATOR_FILE=str(wrong))
    hides(done.stdout + done.stderr)
    assert "DIGI_OPERATOR_FILE" in done.stdout


@pytest.mark.parametrize(
    "words", [["{}"], ["move", "one", "{}"], ["chekc", "{}"], ["content", "--lang", "{}"]]
)
def test_wrong_usage_repeats_no_address(
    digi: Here, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A superfluous argument may be an address with a password."""
    with pytest.raises(SystemExit) as ended:
        app.main([word.format(MISPLACED["an address"]) for word in words])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "usage" in said
    hides(said)


def test_a_fault_that_nobody_foresaw_is_told_without_its_text(
    digi: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its place and type are printed."""

    def fails(**_: bool) -> list[str]:
        raise RuntimeError(MISPLACED["an address"])

    monkeypatch.setattr("bot.cli.commands.examined", fails)
    done = digi("check")
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert "fails" in done.stderr
    hides(done.stdout + done.stderr)


# --- what others answer -------------------------------------------------------------------


@pytest.mark.parametrize("address", [one for one in ADDRESSES if one.startswith("postgresql://")])
async def test_no_error_of_the_driver_names_a_part_of_the_address(address: str) -> None:
    """Even if the settings did not reject it, libpq's own message is never printed."""
    with pytest.raises(psycopg.Error) as caught:
        psycopg.connect(address, connect_timeout=2).close()
    hides(reason(caught.value))
    with pytest.raises(StoreError) as ours:
        await Postgres.open(address)
    hides(str(ours.value))


def test_control_the_drivers_own_text_names_a_part_of_the_password() -> None:
    """Control: the test above would notice it."""
    with pytest.raises(psycopg.Error) as caught:
        psycopg.connect("postgresql://digi:Zebra7@Vulkan9@127.0.0.1:1/digi", connect_timeout=2)
    assert "Vulkan9" in str(caught.value)


@asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    """A server that answers instead of a platform and echoes in its error what it was sent."""

    async def echo(request: web.Request) -> web.Response:
        sent = f"{request.headers.get('Authorization', '')} {await request.text()}"
        answer = {"ok": False, "error": sent, "needed": sent, "error_description": sent}
        return web.json_response(answer, status=200 if "slack" in request.path else 400)

    site = web.Application()
    site.add_routes([web.route("*", "/{rest:.*}", echo)])
    runner = web.AppRunner(site)
    await runner.setup()
    try:
        tcp = web.TCPSite(runner, "127.0.0.1", 0)
        await tcp.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_what_repeats_a_token_in_an_error_is_not_repeated() -> None:
    """By `check`, in logged reasons, when a token is fetched, and by repr()."""
    token, secret = "xoxb-1-Zebra7Vulkan9", "Zebra7~Vulkan9"
    async with echoing() as url:
        api = WebApi(f"{url}/slack/", quiet_logger())
        asked = slack_check.SlackSettings(token, "xapp-1-Zebra7Vulkan9", False, None)
        hides(f"{await slack_check.check(api, asked)} {asked}")
        with pytest.raises(SlackApiError) as refused:
            await api.client(token).auth_test()
        assert "Zebra7" in str(refused.value)
        hides(failure(refused.value, writes=True).reason)
        await api.close()
        guid = "00000000-0000-0000-0000-000000000000"
        of_teams = teams_check.TeamsSettings(
            app_id=guid,
            app_password=secret,
            app_tenant=guid,
            login_url=url,
            openid_url=f"{url}/openid",
            tenants=(guid, secret),
            hosts=(secret,),
        )
        hides(f"{await teams_check.check(of_teams)} {of_teams}")
        with pytest.raises(NoToken) as no_token:
            await Tokens(by_secret(guid, secret, guid, url)).get()
        hides(no_token.value.reason)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_digi_that_serves_prints_no_secret(box: Box) -> None:
    """With every secret set, at log level debug, from start to end."""
    box.env |= {
        "DIGI_LOG": "debug",
        "SLACK_BOT_TOKEN": "xoxb-1-Zebra7Vulkan9",
        "SLACK_SIGNING_SECRET": "Zebra7Vulkan9",
        "SLACK_API_URL": "http://127.0.0.1:1/api",
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "Zebra7Vulkan9",
        "DIGI_PUBLIC_URL": "http://127.0.0.1:1",
    }
    with box.running() as process:
        process.terminate()
        hides("".join(process.communicate(timeout=60)))
    done = box("check")
    hides(done.stdout + done.stderr)
    manifest = box("manifest", "slack")
    assert json.loads(manifest.stdout)
