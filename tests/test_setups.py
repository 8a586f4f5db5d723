"""Set-ups that do not do: `check` and `run` refuse the same, and what is printed fits what runs."""

from __future__ import annotations

import json

import pytest

from tests.test_operator import Here, digi

__all__ = ["digi"]

BOT = {"SLACK_BOT_TOKEN": "xoxb-1"}
SIGNED = {**BOT, "SLACK_SIGNING_SECRET": "s"}
SOCKET = {**BOT, "SLACK_APP_TOKEN": "xapp-1"}
SEVERAL = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "c", "SLACK_SIGNING_SECRET": "s"}
URL = {"DIGI_PUBLIC_URL": "https://digi.dk"}


@pytest.mark.parametrize(
    ("env", "socket_mode", "missing"),
    [
        ({}, True, "SLACK_BOT_TOKEN, SLACK_APP_TOKEN"),
        (URL, False, "SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET"),
        (SOCKET, True, ""),
        ({**SIGNED, **SOCKET}, True, ""),
        ({**SOCKET, **URL}, True, ""),
        ({**SIGNED, **URL}, False, ""),
        ({**SEVERAL, **URL}, False, ""),
    ],
)
def test_slacks_manifest_is_for_the_mode_that_runs(
    digi: Here, env: dict[str, str], socket_mode: bool, missing: str
) -> None:
    """The JSON alone on stdout; beside it which mode it is for, and what is still to be set."""
    done = digi("manifest", "slack", **env)
    assert done.returncode == 0, done.stderr
    drawn = json.loads(done.stdout)
    assert drawn["settings"]["socket_mode_enabled"] is socket_mode
    assert ("Socket Mode" in done.stderr) is socket_mode
    assert (f"still to be set: {missing} (" in done.stderr) if missing else (";" not in done.stderr)
    assert "example" not in done.stdout


@pytest.mark.parametrize("env", [SIGNED, SEVERAL, {**SEVERAL, "SLACK_APP_TOKEN": "xapp-1"}])
def test_no_manifest_is_drawn_with_an_address_that_nobody_has_set(
    digi: Here, env: dict[str, str]
) -> None:
    """Where Slack would call Digi, or lead people back to it, it says so and what is missing."""
    done = digi("manifest", "slack", **env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "DIGI_PUBLIC_URL is missing" in done.stderr
