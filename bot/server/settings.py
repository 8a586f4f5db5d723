"""Reads the settings from the environment. All problems are reported at once, with their
remedies."""

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec
from dotenv import dotenv_values

from bot.platforms.teams.ports import AppType
from bot.server.value_shapes import (
    ADDRESS,
    is_loopback,
    is_postgres_address,
    looks_like_an_address,
    looks_secret,
)

LogLevel = Literal["error", "warning", "info", "debug"]
L = TypeVar("L", bound=str)
_ALLOWED_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")

BACKUP_DAYS = 14
LONGEST_BACKUP_DAYS = 30

# Settings that are never printed. All others are rejected if their value looks like a secret.
SECRET = frozenset(
    [
        "DIGI_DATABASE",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "SLACK_CLIENT_SECRET",
        "MICROSOFT_APP_PASSWORD",
    ]
)
NAMES = frozenset(
    [
        "DIGI_HOME",
        "DIGI_DATABASE",
        "DIGI_KEY_FILE",
        "DIGI_HOST",
        "DIGI_PORT",
        "DIGI_LOG",
        "DIGI_PACKS",
        "DIGI_PUBLIC_URL",
        "DIGI_ALLOWED_HOSTS",
        "DIGI_BACKUPS",
        "DIGI_BACKUP_DAYS",
        "DIGI_OPERATOR_FILE",
        "DIGI_TEAMS_TENANTS",
        "DIGI_TEAMS_HOSTS",
        "DIGI_TEAMS_LOCAL",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "SLACK_CLIENT_ID",
        "SLACK_CLIENT_SECRET",
        "SLACK_API_URL",
        "MICROSOFT_APP_ID",
        "MICROSOFT_APP_PASSWORD",
        "MICROSOFT_APP_TYPE",
        "MICROSOFT_APP_TENANT_ID",
        "MICROSOFT_OPENID_URL",
        "MICROSOFT_LOGIN_URL",
    ]
)


class SettingsError(Exception):
    """Some settings are invalid. Each problem names its variable and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class OperatorFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is responsible for this Digi; shown by `/digi om`."""

    controller: str = ""
    contact: str = ""
    legal_basis: str = ""
    whistleblower: str = ""

    def missing(self) -> list[str]:
        """Return the fields that are empty, which `/digi om` cannot show."""
        return [name for name in self.__struct_fields__ if not getattr(self, name).strip()]


class Slack(msgspec.Struct, frozen=True):
    bot_token: str | None
    signing_secret: str | None
    app_token: str | None
    client_id: str | None
    client_secret: str | None
    api_url: str

    def __repr__(self) -> str:
        return "Slack(...)"  # keeps tokens out of tracebacks

    @property
    def socket_mode(self) -> bool:
        """Return whether Digi opens a WebSocket to Slack; otherwise Slack sends requests to POST
        /slack/events."""
        return self.app_token is not None


class Teams(msgspec.Struct, frozen=True):
    app_id: str | None
    app_password: str | None
    app_type: AppType
    app_tenant: str | None
    openid_url: str | None
    login_url: str | None
    tenants: tuple[str, ...]
    hosts: tuple[str, ...]
    local: bool

    def __repr__(self) -> str:
        return "Teams(...)"


class Settings(msgspec.Struct, frozen=True):
    home: Path
    sqlite: Path | None
    postgres: str | None
    key_file: Path
    host: str
    port: int
    log: LogLevel
    packs: tuple[Path, ...]
    backups: Path
    backup_days: int
    public_url: str | None
    allowed_hosts: tuple[str, ...]
    operator: OperatorFile
    slack: Slack | None
    teams: Teams | None

    def __repr__(self) -> str:
        return f"Settings(home={str(self.home)!r}, ...)"  # the database's URL contains a password

    @property
    def playground(self) -> bool:
        """Return whether Digi serves the playground, because no platform is configured."""
        return self.slack is None and self.teams is None


def load(environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> Settings:
    """Read the environment, and the file for variables that it lacks. Raises SettingsError."""
    given = os.environ if environ is None else environ
    values = {**_from_file(env_file), **given}
    return _Reader({name: text.strip() for name, text in values.items()}).settings()


def _from_file(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    try:
        found = dotenv_values(file, interpolate=False)
    except UnicodeDecodeError as error:
        why = f"it is not UTF-8 at byte {error.start}"
    except OSError as error:
        why = error.strerror or "it cannot be read"
    else:
        return {name: text for name, text in found.items() if text is not None}
    raise SettingsError([f"{file} cannot be read ({why}): correct or remove it."])


def default_key_file(home: Path) -> Path:
    """Return the default path of the key file. It is outside the home, so that a copy of the home
    does not contain the key, and each home has its own."""
    place = home.resolve()
    mark = hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    return Path.home() / ".config" / "digi" / f"{place.name or 'home'}-{mark}.key"


_PLACE = re.compile(r"\(at [a-z0-9, ]+\)$")  # the position in an error message of tomllib


class _Reader:
    """Collects all problems while it reads, so that an operator sees them at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._problems: list[str] = []

    def settings(self) -> Settings:
        self._look_for_misspelt_names()
        self._look_for_misplaced_secrets()
        home = Path(self._get("DIGI_HOME") or "data").expanduser()
        sqlite, postgres = self._database(home)
        read = Settings(
            home=home,
            sqlite=sqlite,
            postgres=postgres,
            key_file=self._key_file(home),
            host=self._get("DIGI_HOST") or "127.0.0.1",
            port=self._port(),
            log=self._one_of("DIGI_LOG", "info", get_args(LogLevel)),
            packs=self._packs(),
            backups=Path(self._get("DIGI_BACKUPS") or home / "backups").expanduser(),
            backup_days=self._backup_days(),
            public_url=self._url("DIGI_PUBLIC_URL"),
            allowed_hosts=self._allowed_hosts(),
            operator=self._operator(),
            slack=self._slack(),
            teams=self._teams(),
        )
        if self._problems:
            raise SettingsError(self._problems)
        return read

    def _get(self, name: str) -> str | None:
        return self._values.get(name) or None

    def _problem(self, line: str) -> None:
        self._problems.append(line)

    def _look_for_misspelt_names(self) -> None:
        for name in sorted(self._values):
            if name.startswith("DIGI_") and name not in NAMES:
                near = difflib.get_close_matches(name, NAMES, 1)
                remedy = f"did you mean {near[0]}?" if near else "remove it."
                self._problem(f"{name} is not a setting of Digi: {remedy}")

    def _look_for_misplaced_secrets(self) -> None:
        """Reject secrets in settings that are printed, such as paths, hosts and ids."""
        for name in sorted((NAMES - SECRET) & self._values.keys()):
            if looks_secret(self._values[name]):
                self._values[name] = ""
                self._problem(
                    f"{name} contains a password, a token or a key, and this setting is printed"
                    " (its value is not shown here): move it to the setting meant for it."
                )

    def _database(self, home: Path) -> tuple[Path | None, str | None]:
        text = self._get("DIGI_DATABASE")
        if text is None:
            return home / "digi.db", None
        if text.startswith(("postgresql://", "postgres://")):
            if is_postgres_address(text):
                return None, text
            self._problem(
                "DIGI_DATABASE is not a valid address of PostgreSQL (it is not shown here):"
                f" give {ADDRESS}."
            )
            return None, None
        if looks_like_an_address(text) or looks_secret(text):
            self._problem(
                "DIGI_DATABASE is neither a file nor a postgresql:// address:"
                " set it to one of these, or remove it for a file in DIGI_HOME."
            )
            return None, None
        return Path(text).expanduser(), None

    def _key_file(self, home: Path) -> Path:
        if text := self._get("DIGI_KEY_FILE"):
            return Path(text).expanduser()
        try:
            return default_key_file(home)
        except RuntimeError:
            self._problem(
                "DIGI_KEY_FILE is not set and this user has no home folder:"
                " set it to a file outside DIGI_HOME that only Digi may read."
            )
            return Path()

    def _port(self) -> int:
        text = self._get("DIGI_PORT") or "8642"
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
            self._problem("DIGI_PORT is not a port: set it to a number from 1 to 65535.")
            return 0
        return int(text)

    def _backup_days(self) -> int:
        """Read how many days backups are kept: at most the shortest retention of a project, so that
        no backup outlives deleted data."""
        text = self._get("DIGI_BACKUP_DAYS") or str(BACKUP_DAYS)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_BACKUP_DAYS):
            self._problem(
                "DIGI_BACKUP_DAYS is the number of days a backup is kept: set it to 1 to"
                f" {LONGEST_BACKUP_DAYS}, so that no backup outlives what a project deletes."
            )
            return 0
        return int(text)

    def _one_of(self, name: str, default: L, choices: tuple[L, ...]) -> L:
        text = self._get(name)
        if text is None:
            return default
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        self._problem(f"{name} has an unknown value: use one of {', '.join(choices)}.")
        return default

    def _packs(self) -> tuple[Path, ...]:
        text = self._get("DIGI_PACKS") or ""
        packs = tuple(Path(part.strip()).expanduser() for part in text.split(",") if part.strip())
        for pack in packs:
            if not pack.exists():
                self._problem(
                    f"DIGI_PACKS names {pack}, which does not exist:"
                    " correct the path (separate several by commas)."
                )
        return packs

    def _url(self, name: str) -> str | None:
        text = self._get(name)
        if text is None:
            return None
        try:
            url = urlsplit(text)
            fine = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))
            fine = fine and not ("@" in text or url.query or url.fragment)
        except ValueError:
            fine = False
        if not fine:
            self._problem(
                f"{name} is not a safe address: use one that begins with https:// and has no"
                " name, password or query in it."
            )
        return text.rstrip("/")

    def _allowed_hosts(self) -> tuple[str, ...]:
        found = tuple(name.casefold() for name in self._list("DIGI_ALLOWED_HOSTS"))
        if not all(map(_ALLOWED_HOST.fullmatch, found)):
            self._problem(
                "DIGI_ALLOWED_HOSTS contains what is no host name: use names without https:// and"
                " port, separated by commas; *. in front allows all subdomains."
            )
        return found

    def _operator(self) -> OperatorFile:
        text = self._get("DIGI_OPERATOR_FILE")
        if text is None:
            return OperatorFile()
        try:
            return msgspec.convert(
                tomllib.loads(Path(text).expanduser().read_text(encoding="utf-8")), OperatorFile
            )
        except OSError as error:
            why = error.strerror or "it cannot be read"
        except UnicodeDecodeError as error:
            why = f"it is not UTF-8 at byte {error.start}"
        except tomllib.TOMLDecodeError as error:
            # Do not print the error itself: it may quote the file, which may be the wrong one.
            found = _PLACE.search(str(error))
            why = f"it is not TOML {found[0] if found else ''}".strip()
        except msgspec.ValidationError as error:
            why = str(error)
        self._problem(
            f"DIGI_OPERATOR_FILE names {text}, which is invalid ({why}): use a TOML file"
            f" with texts for {', '.join(OperatorFile.__struct_fields__)}."
        )
        return OperatorFile()

    def _slack(self) -> Slack | None:
        api_url = self._url("SLACK_API_URL") or "https://slack.com/api"
        slack = Slack(
            bot_token=self._get("SLACK_BOT_TOKEN"),
            signing_secret=self._get("SLACK_SIGNING_SECRET"),
            app_token=self._get("SLACK_APP_TOKEN"),
            client_id=self._get("SLACK_CLIENT_ID"),
            client_secret=self._get("SLACK_CLIENT_SECRET"),
            api_url=f"{api_url}/",
        )
        several = slack.client_id or slack.client_secret
        if not (slack.bot_token or slack.signing_secret or slack.app_token or several):
            return None
        if several and not (slack.client_id and slack.client_secret):
            missing = "SLACK_CLIENT_SECRET" if slack.client_id else "SLACK_CLIENT_ID"
            self._problem(f"{missing} is missing: SLACK_CLIENT_ID and _SECRET go together.")
        if not slack.bot_token and not several:
            self._problem(
                "SLACK_BOT_TOKEN is missing: copy it from 'OAuth & Permissions' of the Slack app"
                " (or set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET for several workspaces)."
            )
        if not slack.signing_secret and not slack.app_token:
            self._problem(
                "SLACK_SIGNING_SECRET is missing: copy it from 'Basic Information' of the Slack app"
                " (or set SLACK_APP_TOKEN for Socket Mode)."
            )
        if slack.bot_token and not slack.bot_token.startswith("xoxb-"):
            self._problem("SLACK_BOT_TOKEN is not a bot token: use the one that begins with xoxb-.")
        if slack.app_token and not slack.app_token.startswith("xapp-"):
            self._problem(
                "SLACK_APP_TOKEN is not an app token: use the one that begins with xapp-."
            )
        return slack

    def _teams(self) -> Teams | None:
        local = self._get("DIGI_TEAMS_LOCAL") or "0"
        if local not in {"0", "1"}:
            self._problem("DIGI_TEAMS_LOCAL has an unknown value: set it to 1, or remove it.")
        own = self._get("MICROSOFT_APP_TENANT_ID")
        teams = Teams(
            app_id=self._get("MICROSOFT_APP_ID"),
            app_password=self._get("MICROSOFT_APP_PASSWORD"),
            # Microsoft creates new bots as SingleTenant only; without a tenant id it is an old
            # MultiTenant one.
            app_type=self._one_of(
                "MICROSOFT_APP_TYPE", "SingleTenant" if own else "MultiTenant", get_args(AppType)
            ),
            app_tenant=own,
            openid_url=self._url("MICROSOFT_OPENID_URL"),
            login_url=self._url("MICROSOFT_LOGIN_URL"),
            tenants=self._list("DIGI_TEAMS_TENANTS") or tuple(filter(None, [own])),
            hosts=self._list("DIGI_TEAMS_HOSTS"),
            local=local == "1",
        )
        if teams.local and teams.app_id:
            self._problem(
                "DIGI_TEAMS_LOCAL=1 is for tests without an app id:"
                " leave it out, or leave MICROSOFT_APP_ID out."
            )
        if not teams.app_id:
            if teams.app_password:
                self._problem(
                    "MICROSOFT_APP_ID is missing: copy it from the bot's registration,"
                    " or leave MICROSOFT_APP_PASSWORD out."
                )
            return teams if teams.local else None
        if not teams.app_password and teams.app_type != "UserAssignedMSI":
            self._problem(
                "MICROSOFT_APP_PASSWORD is missing: make a client secret for the bot's registration"
                " and put its value there."
            )
        if not teams.app_tenant and teams.app_type != "MultiTenant":
            self._problem(
                f"MICROSOFT_APP_TENANT_ID is missing: a bot of the type {teams.app_type}"
                " belongs to one tenant; give its id."
            )
        return teams

    def _list(self, name: str) -> tuple[str, ...]:
        parts = (self._get(name) or "").split(",")
        return tuple(part.strip() for part in parts if part.strip())
