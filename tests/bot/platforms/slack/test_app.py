"""The command line with Slack's settings, against a simulated Slack."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.bot.cli.test_app import free_port
from tests.worlds.process import digi_process
from tests.worlds.slack.hands import move_in
from tests.worlds.slack.world import SlackWorld

CHANNEL = "C0HJEMMEPLEJE"


def _environment(folder: Path, world: SlackWorld, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DIGI_HOME": str(folder / "data"),
        "DIGI_KEY_FILE": str(folder / "digi.key"),
        "DIGI_PORT": str(free_port()),
        "SLACK_BOT_TOKEN": world.home.token,
        "SLACK_API_URL": world.api_url,
        **more,
    }


def _mode(world: SlackWorld) -> dict[str, str]:
    if world.mode == "socket":
        return {"SLACK_APP_TOKEN": world.app_token}
    return {"SLACK_SIGNING_SECRET": world.signing_secret}


async def _said(folder: Path, env: dict[str, str], *words: str) -> tuple[int | None, str]:
    async with digi_process(folder, env, *words) as process:
        out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    return process.returncode, (out + err).decode()


@pytest.mark.parametrize("mode", ["http", "socket"])
async def test_digi_serves_slack_and_says_in_one_line_how(mode: str, tmp_path: Path) -> None:
    """One line names the way in; a command is answered; SIGTERM ends the process."""
    world = SlackWorld(mode="socket" if mode == "socket" else "http")
    move_in(world.home, {"anne": "Anne Holm"}, CHANNEL)
    async with world:
        env = _environment(tmp_path, world, **_mode(world))
        world.digi_url = f"http://127.0.0.1:{env['DIGI_PORT']}/slack/events"
        async with digi_process(tmp_path, env) as process:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            assert ("Socket Mode" if mode == "socket" else "POST /slack/events") in line
            if mode == "socket":
                await world.socket.connected()
            answered = await world.send.command("U0ANNE", "hjælp", CHANNEL)
            assert "start" in answered.text
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def test_check_tries_the_tokens_and_names_what_is_missing(tmp_path: Path) -> None:
    """It reports a valid token, missing scopes, and an invalid Socket Mode token."""
    async with SlackWorld() as world:
        env = _environment(tmp_path, world, **_mode(world))
        code, said = await _said(tmp_path, env, "check")
        assert (code, "slack\tfine\tPlejen as digi" in said) == (0, True)
        world.home.scopes.discard("groups:read")
        code, said = await _said(tmp_path, env | {"SLACK_APP_TOKEN": "xapp-1-forkert"}, "check")
        assert code == 1
        assert "groups:read" in said
        assert "SLACK_APP_TOKEN" in said


async def test_check_says_when_it_cannot_reach_slack(tmp_path: Path) -> None:
    """It does not report a token as wrong that it could not check."""
    world = SlackWorld()
    env = _environment(tmp_path, world, **_mode(world))
    env["SLACK_API_URL"] = f"http://127.0.0.1:{free_port()}/api/"
    code, said = await _said(tmp_path, env, "check")
    assert code == 1
    assert "could not be reached" in said


async def test_a_refused_token_stops_the_start_with_its_remedy(tmp_path: Path) -> None:
    """One line with the remedy, and no stack trace."""
    async with SlackWorld() as world:
        env = _environment(tmp_path, world, **_mode(world)) | {"SLACK_BOT_TOKEN": "xoxb-forkert"}
        code, said = await _said(tmp_path, env)
        assert code == 1
        assert "SLACK_BOT_TOKEN" in said


def _json(said: str) -> Any:
    """Return the JSON, which is on stdout without the line on stderr."""
    return json.JSONDecoder().raw_decode(said)[0]


async def test_the_manifest_is_printed_as_json(tmp_path: Path) -> None:
    """With a public address it is for HTTP, without one for Socket Mode."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    code, said = await _said(tmp_path, env, "manifest", "slack")
    assert code == 0
    assert _json(said)["settings"]["socket_mode_enabled"] is True
    _, said = await _said(
        tmp_path, env | {"DIGI_PUBLIC_URL": "https://digi.dk"}, "manifest", "slack"
    )
    drawn = _json(said)
    assert drawn["settings"]["socket_mode_enabled"] is False
    assert drawn["features"]["slash_commands"][0]["url"] == "https://digi.dk/slack/events"
