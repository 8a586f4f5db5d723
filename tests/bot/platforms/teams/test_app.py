"""The command line with Teams' settings, against a simulated Teams."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.bot.cli.test_app import free_port
from tests.worlds.process import digi_process
from tests.worlds.slack.hands import move_in
from tests.worlds.slack.world import SlackWorld
from tests.worlds.teams.render import text_of
from tests.worlds.teams.world import APP, SECRET, TeamsWorld


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DIGI_HOME": str(folder / "data"),
        "DIGI_KEY_FILE": str(folder / "digi.key"),
        "DIGI_PORT": str(free_port()),
        **more,
    }


def _teams(world: TeamsWorld) -> dict[str, str]:
    return {
        "MICROSOFT_APP_ID": APP,
        "MICROSOFT_APP_PASSWORD": SECRET,
        "MICROSOFT_APP_TENANT_ID": world.home.id,
        "MICROSOFT_OPENID_URL": f"{world.url}/openid",
        "MICROSOFT_LOGIN_URL": f"{world.url}/login",
        "DIGI_TEAMS_HOSTS": "127.0.0.1",
    }


async def _asked(world: TeamsWorld) -> str:
    """Let Anne ask for help in her private chat, and return the answer."""
    anne = world.home.people["anne"]
    status, _ = await world.send(world.activity(anne, anne.chat, type="message", text="hjælp"))
    assert status == 200
    return "\n".join(text_of(m.card) for m in world.home.messages if m.card is not None)


async def test_digi_serves_teams_and_slack_side_by_side(tmp_path: Path) -> None:
    """One line names both ways in; each is answered; SIGTERM ends the process."""
    slack = SlackWorld()
    move_in(slack.home, {"anne": "Anne Holm"}, "C0HJEMMEPLEJE")
    world = TeamsWorld()
    world.home.move_in({"anne": "Anne Holm"})
    async with slack, world:
        env = _environment(
            tmp_path,
            SLACK_BOT_TOKEN=slack.home.token,
            SLACK_API_URL=slack.api_url,
            SLACK_SIGNING_SECRET=slack.signing_secret,
            **_teams(world),
        )
        slack.digi_url = f"http://127.0.0.1:{env['DIGI_PORT']}/slack/events"
        world.digi_url = f"http://127.0.0.1:{env['DIGI_PORT']}/api/messages"
        async with digi_process(tmp_path, env) as process:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            assert "POST /slack/events" in line
            assert "Teams, at POST /api/messages" in line
            assert "start" in (await slack.send.command("U0ANNE", "hjælp", "C0HJEMMEPLEJE")).text
            assert "Det kan du gøre nu" in await _asked(world)
            assert (await world.send({}, token="abc"))[0] == 401
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def test_digi_can_be_tried_on_this_machine_without_an_app_id(tmp_path: Path) -> None:
    """The line says that it serves this machine only."""
    world = TeamsWorld(local=True)
    world.home.move_in({"anne": "Anne Holm"})
    async with world:
        env = _environment(tmp_path, DIGI_TEAMS_LOCAL="1")
        world.digi_url = f"http://127.0.0.1:{env['DIGI_PORT']}/api/messages"
        async with digi_process(tmp_path, env) as process:
            assert process.stdout is not None
            assert "for this machine only" in (await process.stdout.readline()).decode()
            assert "Det kan du gøre nu" in await _asked(world)


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"DIGI_TEAMS_LOCAL": "1", "DIGI_HOST": "0.0.0.0"}, "DIGI_TEAMS_LOCAL"),
        ({"DIGI_TEAMS_LOCAL": "1", "DIGI_PUBLIC_URL": "https://digi.dk"}, "DIGI_PUBLIC_URL"),
        (
            {"DIGI_TEAMS_LOCAL": "1", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"},
            "Slack's variables",
        ),
        ({"MICROSOFT_APP_ID": APP, "MICROSOFT_APP_PASSWORD": "p"}, "DIGI_TEAMS_TENANTS"),
    ],
)
async def test_a_teams_that_would_be_open_to_anybody_is_not_served(
    env: dict[str, str], name: str, tmp_path: Path
) -> None:
    """`run` refuses to serve without authentication where people use Digi, or without a list of
    tenants."""
    async with digi_process(tmp_path, _environment(tmp_path, **env)) as process:
        out, err = await process.communicate()
        assert process.returncode == 1
        assert name in err.decode()
        assert "Traceback" not in (out + err).decode()
