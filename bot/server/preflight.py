"""Checks whether Digi can serve with these settings, without changing anything.

`run` and `check` both use it, so that one does not accept what the other refuses.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from bot.cli.control import is_running
from bot.server.settings import Settings
from bot.server.value_shapes import is_loopback
from storage import rekey
from storage.sql import StoreError
from storage.sqlite.file import examine
from storage.vault import KeyProblem, read_key

FILES_BESIDE = (".lock", "-wal", "-shm")

Refusal = tuple[str, str]
"""(subject, problem and remedy)"""


def refusals(settings: Settings, *, serving: bool = True) -> list[Refusal]:
    """Return all problems. With `serving` false, only those that keep a command from the
    database."""
    found: list[Refusal] = []
    if serving:
        found += _listening(settings)
    for where, folder in (("home", settings.home), ("database", _folder_of(settings))):
        if (why := cannot_use(folder)) is not None and why not in [said for _, said in found]:
            found.append((where, why))
    if not any(where in ("home", "database") for where, _ in found):
        found += _database(settings)
    return found


def cannot_use(folder: Path) -> str | None:
    """Return why this folder cannot be written or created; None if it can."""
    there = folder.absolute()
    try:
        while not os.path.lexists(there):
            there = there.parent
        if not there.is_dir():
            return f"{there} is not a folder, but must be one: choose another path, or move it"
    except OSError as error:
        return f"{there}: {error.strerror}; give Digi's user access to it"
    return None if _may_use(there, os.X_OK) else _not_permitted(there)


def _may_use(path: Path, more: int = 0) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(path, os.R_OK | os.W_OK | more, effective_ids=effective)


def _not_permitted(path: Path) -> str:
    return f"{path}: Permission denied; give Digi's user access to it"


def _folder_of(settings: Settings) -> Path:
    return settings.home if settings.sqlite is None else settings.sqlite.parent


def _listening(settings: Settings) -> list[Refusal]:
    found: list[Refusal] = []
    if settings.playground and settings.host not in ("127.0.0.1", "localhost", "::1"):
        said = "DIGI_HOST: the playground is served on this machine only (127.0.0.1)"
        found.append(("settings", said))
    if (said_of_teams := local_teams_problem(settings)) is not None:
        found.append(("settings", said_of_teams))
    if not found and not is_running(settings.home):
        found += _port(settings)
    return found


def _port(settings: Settings) -> list[Refusal]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except socket.gaierror:
        return [("settings", "DIGI_HOST is not an address of this machine: remove or correct it")]
    except OSError as error:
        said = (
            f"port {settings.port} cannot be opened ({os.strerror(error.errno or 0)}): stop"
            " the program that uses it, or set DIGI_PORT to another"
        )
        return [("settings", said)]
    return []


def _database(settings: Settings) -> list[Refusal]:
    try:
        if os.path.lexists(settings.key_file):
            read_key(settings.key_file)
    except KeyProblem as error:
        return [("key", str(error))]
    if settings.sqlite is not None:
        files = (settings.sqlite, *(Path(f"{settings.sqlite}{end}") for end in FILES_BESIDE))
        for file in files:
            if file.is_file() and not _may_use(file):
                return [("database", _not_permitted(file))]
    try:
        if settings.postgres is not None:
            from storage.postgres.doctor import examine as examine_server

            seen = examine_server(settings.postgres)
            if seen.stops:
                return [("database", said) for said in seen.stops]
            fingerprint = seen.fingerprint
        else:
            assert settings.sqlite is not None
            fingerprint = examine(settings.sqlite)
    except StoreError as error:
        return [("database", str(error))]
    return _key(settings, fingerprint)


def _key(settings: Settings, fingerprint: str | None) -> list[Refusal]:
    try:
        if rekey.fitting(settings.key_file, fingerprint) is not None:
            return []
    except KeyProblem as error:
        return [("key", str(error))]
    except StoreError as error:
        return [("database", str(error))]
    if settings.postgres is not None:
        return [("key", str(no_shared_key(settings.key_file)))]
    why = cannot_use(settings.key_file.parent)
    return [] if why is None else [("key", why)]


def no_shared_key(key_file: Path) -> KeyProblem:
    """Return the error for a missing key on PostgreSQL: replicas share one key, so none creates
    it."""
    return KeyProblem(
        f"{key_file}: there is no key. For a new database make one once with `python app.py"
        " key`, and give every replica the same file; for an existing one put its key back"
    )


def local_teams_problem(settings: Settings) -> str | None:
    """Return why local Teams is refused: without an app id nobody is authenticated, so it is only
    for this machine."""
    if settings.teams is None or not settings.teams.local:
        return None
    if not is_loopback(settings.host):
        return (
            "DIGI_TEAMS_LOCAL=1 serves this machine only: leave DIGI_HOST out,"
            " or give MICROSOFT_APP_ID and leave DIGI_TEAMS_LOCAL out."
        )
    beside = [
        name
        for name, there in (
            ("Slack's variables", settings.slack),
            ("DIGI_PUBLIC_URL", settings.public_url),
            ("DIGI_DATABASE=postgresql://...", settings.postgres),
        )
        if there
    ]
    if not beside:
        return None
    return (
        "DIGI_TEAMS_LOCAL=1 is for tests, and this looks like a Digi that people use:"
        f" leave it out, or leave out {', '.join(beside)}."
    )
