"""Builds the Teams app package (manifest, translation, icons), which `python app.py manifest teams`
writes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from bot.platforms.teams import icons
from content.language import Language

SCHEMA = "1.29"
"""The first schema version with slash commands and targeted messages."""
SCHEMAS = f"https://developer.microsoft.com/en-us/json-schemas/teams/v{SCHEMA}"
NAME = "Digi"
OTHER: Literal["en"] = "en"

IN_CHANNEL = (
    "start",
    "status",
    "next",
    "questions",
    "meeting",
    "phase",
    "plan",
    "agreements",
    "advice",
    "digest",
    "about",
    "help",
)
"""The channel's commands; Teams allows twelve. Unsigned texts and codes are left out, because
others in the channel can see what is typed."""
IN_PRIVATE = (
    "help",
    "status",
    "say",
    "code",
    "agreements",
    "results",
    "advice",
    "lessons",
    "settings",
    "resume",
    "about",
)
DIALOGS = ("say", "code", "questions", "agreements", "status", "start", "help")
"""Commands of the message box that open a dialog. Each id is a command that Digi understands."""
ALSO_BY_SLASH = ("questions", "agreements", "status", "start", "help")
ALSO_FROM_A_MESSAGE = ("agreements",)

_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DEVELOPER = 32
_MOMENT = (2026, 1, 1, 0, 0, 0)
"""A fixed timestamp for the zip entries, so that the same settings give the same bytes."""

Word = Callable[[str, Language], str]


class CannotPackage(Exception):
    """The settings give no app that Teams would accept; the message names the setting and the
    remedy."""


class AppIdentity(Struct, frozen=True):
    """`public_url` is where Teams reaches Digi; `controller` is the organisation responsible for
    the data."""

    app_id: str
    public_url: str
    version: str
    controller: str = ""


def about(app_id: str | None, public_url: str | None, version: str, controller: str) -> AppIdentity:
    """Collect and check the settings for the manifest. Raises CannotPackage."""
    if app_id is None:
        raise CannotPackage(
            "MICROSOFT_APP_ID is missing: copy the application id from the bot's registration"
        )
    if not _GUID.fullmatch(app_id):
        raise CannotPackage(
            "MICROSOFT_APP_ID is not an application id: it looks like"
            " 00000000-0000-0000-0000-000000000000; copy it from the bot's registration"
        )
    if public_url is None or not public_url.startswith("https://"):
        raise CannotPackage(
            "DIGI_PUBLIC_URL is missing or a local address: set it to the address, with"
            " https://, at which Teams and your administrators reach Digi"
        )
    return AppIdentity(app_id.lower(), public_url, version, controller)


def package(app: AppIdentity, word: Word, said: Word) -> bytes:
    """Return the zip that an administrator uploads. `word` returns a command's name, `said` a
    phrase."""
    held = io.BytesIO()
    files = {
        "manifest.json": _json(manifest(app, word, said)),
        f"{OTHER}.json": _json(translation(word, said)),
        "color.png": icons.color(),
        "outline.png": icons.outline(),
    }
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, _MOMENT), data, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def manifest(app: AppIdentity, word: Word, said: Word) -> dict[str, Any]:
    """Build the manifest in Danish; `translation` returns the English texts."""
    host = urlsplit(app.public_url).netloc
    page = f"{app.public_url}/om"
    controller = app.controller.strip()
    return {
        "$schema": f"{SCHEMAS}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA,
        "version": _package_version(app.version),
        "id": app.app_id,
        "localizationInfo": {
            "defaultLanguageTag": "da",
            "additionalLanguages": [{"languageTag": OTHER, "file": f"{OTHER}.json"}],
        },
        "developer": {
            "name": controller if 0 < len(controller) <= _DEVELOPER else NAME,
            "websiteUrl": page,
            "privacyUrl": page,
            "termsOfUseUrl": page,
        },
        "name": {"short": NAME, "full": said("app.full", "da")},
        "description": {"short": said("app.short", "da"), "full": said("app.long", "da")},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": f"#{bytes(icons.NIGHT).hex().upper()}",
        "defaultInstallScope": "team",
        "defaultGroupCapability": {"team": "bot", "groupchat": "bot"},
        "bots": [_bot(app, word, said)],
        "composeExtensions": [
            {
                "botId": app.app_id,
                "commands": [_dialog(name, said) for name in DIALOGS],
            }
        ],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [host],
    }


_LISTS = (
    ("team", ("mention", "slash"), IN_CHANNEL),
    ("groupChat", ("mention", "slash"), IN_CHANNEL),
    ("personal", ("mention",), IN_PRIVATE),
)


def _bot(app: AppIdentity, word: Word, said: Word) -> dict[str, Any]:
    return {
        "botId": app.app_id,
        "scopes": ["team", "groupChat", "personal"],
        "supportsTargetedMessages": True,
        "supportsFiles": False,
        "isNotificationOnly": False,
        "commandLists": [
            {
                "scopes": [scope],
                "triggers": list(triggers),
                "commands": [_command(name, word, said) for name in names],
            }
            for scope, triggers, names in _LISTS
        ],
    }


def _command(name: str, word: Word, said: Word) -> dict[str, Any]:
    return {"title": word(name, "da"), "description": said(f"command.{name}", "da")}


def _dialog(name: str, said: Word) -> dict[str, Any]:
    title = said(f"app.{name}", "da")
    place = ["compose", "message"] if name in ALSO_FROM_A_MESSAGE else ["compose", "commandBox"]
    drawn: dict[str, Any] = {
        "id": name,
        "type": "action",
        "title": title,
        "description": said(f"command.{name}", "da"),
        "context": place,
        "fetchTask": True,
        "taskInfo": {"title": title, "width": "medium", "height": "medium"},
    }
    if name in ALSO_BY_SLASH:
        drawn["triggers"] = ["slash"]
    return drawn


def translation(word: Word, said: Word) -> dict[str, str]:
    """Return the translation file: each text by its JSON path in the manifest."""
    return {
        "$schema": f"{SCHEMAS}/MicrosoftTeams.Localization.schema.json",
        "name.short": NAME,
        "name.full": said("app.full", OTHER),
        "description.short": said("app.short", OTHER),
        "description.full": said("app.long", OTHER),
        **dict(_translated(word, said)),
    }


def _translated(word: Word, said: Word) -> Iterator[tuple[str, str]]:
    for at, (_, _, names) in enumerate(_LISTS):
        for n, name in enumerate(names):
            place = f"bots[0].commandLists[{at}].commands[{n}]"
            yield f"{place}.title", word(name, OTHER)
            yield f"{place}.description", said(f"command.{name}", OTHER)
    for n, name in enumerate(DIALOGS):
        place = f"composeExtensions[0].commands[{n}]"
        yield f"{place}.title", said(f"app.{name}", OTHER)
        yield f"{place}.description", said(f"command.{name}", OTHER)
        yield f"{place}.taskInfo.title", said(f"app.{name}", OTHER)


def _package_version(version: str) -> str:
    """Return Digi's version with the major number increased by one: Teams rejects versions below
    1."""
    first, _, rest = version.partition(".")
    return f"{int(first) + 1}.{rest}"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
