"""Implements `python app.py check`: finds all problems at once and names the remedy for each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.server import settings as digi_settings
from bot.server.preflight import refusals
from bot.server.settings import Settings, SettingsError, Slack, Teams
from content import catalogue as content
from content.catalogue import ContentError
from storage import rekey
from storage.deep_check import CheckedValues, Select, open_all
from storage.sql import StoreError
from storage.sqlite import backup
from storage.sqlite.driver import DATABASE
from storage.sqlite.file import examine, reading

LATE = timedelta(days=2)
_PROMISES = {
    "whole": "fine\tthe whole promise: nobody can see when somebody wrote without a name",
    "all but the server": "know\tkept towards all but whoever runs the database server,"
    " who can see when something was written, but not who wrote or what. Digi says so before"
    " somebody writes without a name, so this is a supported way to run it. For the"
    " whole promise, change what the lines marked 'know' name",
    "broken": "broken\tnot kept: this server records who wrote when, or shows it to more people"
    " than those who run it: change what is named below",
}


def examined(*, deep: bool = False) -> list[str]:
    """Print what is fine and return the problems, one line each. `deep` decrypts every stored
    value."""
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = digi_settings.load()
        print(f"settings\tfine\t{settings.home}")
    except SettingsError as error:
        problems.extend(f"settings\t{line}" for line in error.problems)
    try:
        loaded = content.load(packs=settings.packs if settings else ())
        items = sum(da for _, da, _ in content.table(loaded))
        print(f"content\tfine\t{len(loaded.sets)} sets, {items} items, da and en")
    except ContentError as error:
        problems.extend(f"content\t{line}" for line in str(error).splitlines())
    if settings is not None:
        problems.extend(_database(settings, deep=deep))
        problems.extend(_backups(settings))
        _operator(settings)
        _links(settings)
        if settings.slack is not None:
            problems.extend(_slack(settings, settings.slack))
        if settings.teams is not None:
            problems.extend(_teams(settings, settings.teams))
    return problems


def _backups(settings: Settings) -> list[str]:
    """Return a problem if the newest nightly backup is too old. Only Digis on SQLite that serve a
    workplace make them."""
    path = settings.sqlite or settings.home / DATABASE
    if settings.playground or settings.postgres is not None or not path.exists():
        return []
    made = [backup.made_at(file) for file in backup.all_in(settings.backups)]
    newest = max(filter(None, made), default=None)
    began = datetime.fromtimestamp(path.stat().st_ctime, UTC) if newest is None else newest
    if newest is None and not settings.backups.is_dir():
        print(f"backup\tnone yet\t{settings.backups} (made each night)")
    elif datetime.now(UTC) - began > LATE:
        return [
            f"backup\tthe newest in {settings.backups} is of {began:%Y-%m-%d}: check that Digi may"
            " write there, that the disk has room, and that Digi runs at night"
        ]
    elif newest is not None:
        print(f"backup\tfine\t{newest:%Y-%m-%d %H:%M} UTC")
    return []


def _operator(settings: Settings) -> None:
    """Print which fields of the operator file are missing. Digi serves without them, so this is no
    problem."""
    for name in () if settings.playground else settings.operator.missing():
        print(
            f"operator\tmissing\t{name}: add it to the file of DIGI_OPERATOR_FILE;"
            " /digi om shows it"
        )


def _links(settings: Settings) -> None:
    """Print whether people without a chat can reach Digi. It serves without, so this is no
    problem."""
    if settings.playground:
        return
    if settings.public_url is None:
        print(
            "links\tmissing\tDIGI_PUBLIC_URL: without the address that people reach Digi at"
            " there is no page for those without a chat, no screen and no download"
        )
    else:
        print(f"links\tfine\tunder {settings.public_url}")


def _database(settings: Settings, *, deep: bool) -> list[str]:
    """Check whether Digi can use the database, and whether a SQLite file is undamaged."""
    stops = refusals(settings)
    problems = [f"{where}\t{said}" for where, said in stops]
    if settings.postgres is not None:
        problems.extend(_server(settings.postgres))
    elif not any(where in ("home", "database") for where, _ in stops):
        problems.extend(_file(settings.sqlite or settings.home / DATABASE))
    if settings.key_file.exists() and not any(
        where in ("home", "database", "key") for where, _ in stops
    ):
        _key(settings)
        if deep:
            problems.extend(_sealed(settings))
    return [*problems, *_keys_place(settings)]


def _sealed(settings: Settings) -> list[str]:
    with _asking(settings) as asks:
        known = _known(asks)
        opened = _opened(asks, settings, known)
        while opened.damaged and (newer := _known(asks)) != known:
            known = newer  # the key was rotated meanwhile
            opened = _opened(asks, settings, known)
    if not opened.damaged:
        print(f"sealed\tfine\tall {opened.values} values can be decrypted")
    return [
        f"sealed\t{one.table}\t{' '.join(one.row)}\tit is damaged and cannot be decrypted: see"
        " 'A damaged value' in docs/operations.md"
        for one in opened.damaged
    ]


def _key(settings: Settings) -> None:
    with _asking(settings) as asks:
        known = _known(asks)
    if rekey.is_under_way(known):
        waiting = rekey.waiting(settings.key_file)
        print(
            f"key\ta rotation is under way\tleave {settings.key_file} and {waiting} where"
            " they are; a running Digi continues it, and so does the next start, or"
            " python app.py rotate-key"
        )
    else:
        print(f"key\tfine\t{settings.key_file}")


def _known(asks: Select) -> str | None:
    rows = asks("SELECT value FROM meta WHERE key = 'key_fingerprint'", [])
    return str(rows[0][0]) if rows else None


def _opened(asks: Select, settings: Settings, known: str | None) -> CheckedValues:
    vault = rekey.fitting(settings.key_file, known)
    return CheckedValues(0, ()) if vault is None else open_all(asks, vault)


@contextmanager
def _asking(settings: Settings) -> Iterator[Select]:
    if settings.postgres is not None:
        from storage.postgres.doctor import asking

        with asking(settings.postgres) as asks:
            yield asks
        return
    path = settings.sqlite or settings.home / DATABASE
    if not path.exists():
        yield lambda *_: []
        return
    with closing(reading(path)) as conn:
        yield lambda sql, params: conn.execute(sql, params).fetchall()


def _file(path: Path) -> list[str]:
    if not path.exists():
        print(f"database\tnone yet\t{path} (made at the first start)")
        return []
    try:
        examine(path, whole=True)
    except StoreError as error:
        return [f"database\t{error}"]
    print(f"database\tfine\t{path}")
    return []


def _server(address: str) -> list[str]:
    from storage.postgres.doctor import examine as examine_server

    seen = examine_server(address)
    problems = _told(
        "database",
        [*((True, said) for said in seen.fine), *((False, said) for said in seen.faults)],
    )
    for said in seen.times:
        print(f"database\tknow\t{said}")
    if not seen.stops:
        print(f"promise\t{_PROMISES[seen.promise]}")
    return problems


def _keys_place(settings: Settings) -> list[str]:
    if not settings.key_file.resolve().is_relative_to(settings.home.resolve()):
        return []
    return [
        f"key\t{settings.key_file} is inside DIGI_HOME, so a copy of it contains data and key:"
        " move it and set DIGI_KEY_FILE to its new path"
    ]


def _slack(settings: Settings, slack: Slack) -> list[str]:
    from bot.platforms.slack.check import SlackSettings, check
    from bot.platforms.slack.transport import quiet_logger
    from bot.platforms.slack.web_api import WebApi

    async def asked() -> list[tuple[bool, str]]:
        api = WebApi(slack.api_url, quiet_logger())
        return await check(
            api,
            SlackSettings(
                slack.bot_token, slack.app_token, bool(slack.client_id), settings.public_url
            ),
        )

    return _told("slack", asyncio.run(asked()))


def _teams(settings: Settings, teams: Teams) -> list[str]:
    from bot.platforms.teams.check import TeamsSettings, check
    from bot.platforms.teams.tokens import LOGIN_URL
    from bot.platforms.teams.trust import OPENID_URL

    asked = TeamsSettings(
        app_id=teams.app_id or "",
        app_password=teams.app_password or "",
        app_type=teams.app_type,
        app_tenant=teams.app_tenant or "",
        login_url=teams.login_url or LOGIN_URL,
        openid_url=teams.openid_url or OPENID_URL,
        tenants=teams.tenants,
        hosts=teams.hosts,
        local=teams.local,
        host=settings.host,
        public_url=settings.public_url or "",
        identity_endpoint=os.environ.get("IDENTITY_ENDPOINT", ""),
        identity_header=os.environ.get("IDENTITY_HEADER", ""),
    )
    return _told("teams", asyncio.run(check(asked)))


def _told(where: str, found: Sequence[tuple[bool, str]]) -> list[str]:
    """Print the passed results and return the failed ones."""
    for fine, said in found:
        if fine:
            print(f"{where}\tfine\t{said}")
    return [f"{where}\t{said}" for fine, said in found if not fine]
