"""Builds the Slack app manifest, which `python app.py manifest slack` prints."""

from __future__ import annotations

from typing import Any

from bot.platforms.slack.read import AGREEMENT, SAY

SCOPES = (
    "commands",  # /digi and the shortcuts
    "chat:write",  # to post in channels Digi was invited to, and in private chats
    "users:read",  # to read people's names and languages
    "channels:read",  # to read the members of public channels
    "groups:read",  # to read the members of private channels
    "app_mentions:read",  # to receive messages that mention @Digi
    "im:write",  # to open a private chat
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "member_joined_channel",
    "member_left_channel",
    "tokens_revoked",
)


class CannotDraw(Exception):
    """Raised when the manifest needs an address that is not set; the message names the setting."""


def missing(
    *, socket_mode: bool, several: bool, bot_token: bool, signing_secret: bool, app_token: bool
) -> list[str]:
    """Return the names of the settings that `run` still needs in this mode."""
    found = []
    if not bot_token and not several:
        found.append("SLACK_BOT_TOKEN")
    if socket_mode and not app_token:
        found.append("SLACK_APP_TOKEN")
    if not socket_mode and not signing_secret:
        found.append("SLACK_SIGNING_SECRET")
    return found


def manifest(public_url: str | None, *, socket_mode: bool, several: bool = False) -> dict[str, Any]:
    """Build the manifest. `public_url` is where Slack reaches Digi; only Socket Mode for a single
    workspace works without it."""
    if public_url is None:
        _check_without_address(socket_mode=socket_mode, several=several)
    base = public_url or ""
    events = f"{base}/slack/events"
    command: dict[str, Any] = {
        "command": "/digi",
        "description": "Tal om ny teknologi, mens det gør en forskel",
        "usage_hint": "hjælp · help",
        "should_escape": False,
    }
    subscriptions: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if not socket_mode:
        command["url"] = events
        subscriptions["request_url"] = events
        interactivity["request_url"] = events
    oauth: dict[str, Any] = {"scopes": {"bot": list(SCOPES)}}
    if several:
        oauth["redirect_urls"] = [f"{base}/slack/oauth_redirect"]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Digi",
            "description": "Hjælper holdet med at tale om ny teknologi, mens det gør en forskel.",
            "background_color": "#2f4858",
        },
        "features": _features(command),
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": subscriptions,
            "interactivity": interactivity,
            "org_deploy_enabled": several,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _features(command: dict[str, Any]) -> dict[str, Any]:
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "Digi", "always_online": True},
        "shortcuts": [
            {
                "name": "Sig det · Say it",
                "type": "global",
                "callback_id": SAY,
                "description": "Et spørgsmål, en idé eller en bekymring",
            },
            {
                "name": "Lav en aftale · Agree",
                "type": "message",
                "callback_id": AGREEMENT,
                "description": "Gør beskeden til en aftale i forløbet",
            },
        ],
        "slash_commands": [command],
    }


def _check_without_address(*, socket_mode: bool, several: bool) -> None:
    """Raise CannotDraw if Slack must reach Digi at an address in this mode."""
    if not socket_mode:
        raise CannotDraw(
            "with these settings Digi serves Slack over HTTP, and DIGI_PUBLIC_URL is missing: set"
            " it to the https:// address at which Slack reaches Digi, or set SLACK_APP_TOKEN for"
            " Socket Mode"
        )
    if several:
        raise CannotDraw(
            "several workspaces install Digi at /slack/install, and DIGI_PUBLIC_URL is missing:"
            " set it to the https:// address at which Slack reaches Digi"
        )
