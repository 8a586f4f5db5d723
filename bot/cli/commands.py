"""The command line: parses arguments, runs the commands, and prints errors for the operator."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bot.cli.control import Done, Request, ask
from bot.cli.doctor import examined
from bot.cli.orders import carry_out
from bot.cli.progress import ProgressLine
from bot.cli.reading import whole_text
from bot.log import Log, places, redact_libraries
from bot.server import settings as digi_settings
from bot.server.backup_files import restore
from bot.server.build import make_first_key, open_store
from bot.server.serve import Problem, build_from, refuse_bad_setup, serve
from bot.server.settings import Settings, SettingsError
from bot.server.value_shapes import ADDRESS, is_postgres_address, looks_secret
from content import catalogue as content
from content.catalogue import ContentError
from content.plain_text import as_people_read_it
from content.readability import readability
from dialogs.advice import shelves
from dialogs.model.commands import word_for
from storage import rekey
from storage.sql import StoreError
from storage.sqlite.driver import DATABASE
from storage.sqlite.file import reading
from storage.vault import KeyProblem, Vault, read_key

VERSION = "0.1.0"
FINE, PROBLEM, USAGE = 0, 1, 2
WILL_ERASE = {
    "person": "This deletes what {id} wrote by name, and takes the name away from roles, agreements"
    " and all else. What was said without a name is not touched.",
    "project": "This deletes project {id} with everything that belongs to it, also what leader and"
    " representative chose to keep after it, for good.",
}


class _Usage(argparse.ArgumentParser):
    """An argument parser that repeats no argument in errors if one looks like a secret, such as an
    address with a password."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if any(looks_secret(word) for word in getattr(self, "_given", ())):
            message = "wrong arguments (they are not repeated here, as one looks like a secret)"
        super().error(message)


def main(argv: Sequence[str] | None = None) -> int:
    gc.enable()
    redact_libraries()
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return int(args.does(args))
    except SettingsError as error:
        for line in error.problems:
            print(line, file=sys.stderr)
    except (Problem, StoreError, KeyProblem, ContentError) as error:
        print(str(error), file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; give Digi's user access to it", file=sys.stderr)
    except Exception as error:
        # The text of an unexpected error may contain anything, so it is not printed.
        print(
            "an error in Digi; it happened here:",
            *places(error.__traceback__),
            type(error).__name__,
            sep="\n",
            file=sys.stderr,
        )
    return PROBLEM


AddCommand = Callable[[str, object, str], argparse.ArgumentParser]


def _parser() -> argparse.ArgumentParser:
    parser = _Usage(prog="python app.py", description="Digi")
    parser.add_argument("--version", action="version", version=f"digi {VERSION}")
    parser.set_defaults(does=_run)
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, does: object, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(does=does)
        return found

    _add_setup(add)
    _add_data(add)
    _add_people_and_projects(add)
    bench = add("bench", _bench, "measure how fast Digi is on this machine (takes minutes)")
    bench.add_argument("parts", nargs="*", metavar="PART", help="only these parts of the table")
    bench.add_argument("--short", action="store_true", help="take less time, with wider variation")
    return parser


def _add_setup(add: AddCommand) -> None:
    add("run", _run, "serve Digi (the default)")
    looked = add("check", _check, "check settings, key, database and content; name the remedies")
    looked.add_argument("--deep", action="store_true", help="also decrypt every stored value")
    listing = add("content", _content, "the catalogue: set id, items in da, items in en")
    listing.add_argument("--set", metavar="ID", help="print one set as people read it")
    listing.add_argument(
        "--read", action="store_true", help="print everything Digi says, with where it is met"
    )
    listing.add_argument(
        "--language", "--lang", choices=("da", "en"), default="da", help="its language"
    )
    listing.add_argument(
        "--lix", action="store_true", help="print the LIX readability score of each set's Danish"
    )
    listing.add_argument(
        "--where", action="store_true", help="print where Digi shows each set, also those of packs"
    )
    shown = add("manifest", _manifest, "write the app's manifest for a platform")
    shown.add_argument(
        "platform", choices=("slack", "teams"), help="slack: JSON to paste; teams: a zip"
    )
    shown.add_argument(
        "--out", metavar="FILE", type=Path, help="where to write it (teams: digi-teams.zip)"
    )


def _add_data(add: AddCommand) -> None:
    add("key", _key, "make the key of a new database")
    add("outbox", _outbox, "list the messages that wait to be sent, and the dead ones")
    kept = add("backup", _backup, "make an encrypted backup, also while Digi runs")
    kept.add_argument("--to", metavar="PATH", type=Path, help="a folder, or a new file")
    put_back = add("restore", _restore, "replace the database by a backup; stop Digi first")
    put_back.add_argument("file", metavar="FILE", type=Path)
    put_back.add_argument(
        "--over",
        action="store_true",
        help="replace a database that is not empty; it is backed up first",
    )
    add("rotate-key", _rotate_key, "encrypt everything with a new key, also while Digi runs")
    moved = add("move", _move, "move everything from the SQLite file to an empty PostgreSQL")
    moved.add_argument("to", metavar="postgresql://…", help="the new database")


def _add_people_and_projects(add: AddCommand) -> None:
    add("projects", _projects, "list each project, also where only something of it is kept")
    erased = add("erase", _erase, "delete a person's named data, or a project; prints the proof")
    erased.add_argument("what", choices=("person", "project"))
    erased.add_argument(
        "id", metavar="ID", help="a person's id on the platform, or a project's id (see projects)"
    )
    erased.add_argument(
        "--workplace", default="", help="the person's workplace, if several have this id"
    )
    erased.add_argument("--yes", action="store_true", help="do not ask first")
    unseated = add(
        "unseat", _unseat, "end the role of a representative who cannot do so themselves"
    )
    unseated.add_argument("person", metavar="PERSON", help="the person's id on the platform")
    unseated.add_argument("project", metavar="PROJECT", help="the project's id (see projects)")
    told = add("report", _report, "write a project's report in each format; prints no content")
    told.add_argument(
        "project", metavar="PROJECT", nargs="?", default="", help="its id, if there are several"
    )
    told.add_argument(
        "--to", metavar="FOLDER", type=Path, default=Path(), help="where to write the files"
    )


def _run(_: argparse.Namespace) -> int:
    asyncio.run(serve(digi_settings.load()))
    return FINE


def _check(args: argparse.Namespace) -> int:
    problems = examined(deep=args.deep)
    for line in problems:
        print(line)
    return PROBLEM if problems else FINE


def _content(args: argparse.Namespace) -> int:
    loaded = content.load(packs=digi_settings.load().packs)
    if args.where:
        print(shelves.as_table(loaded, content.load()), end="")
        return FINE
    if args.set:
        if args.set not in loaded.sets:
            raise Problem(f"there is no set {args.set}: python app.py content lists them all")
        print(as_people_read_it(loaded, args.set, args.language))
        return FINE
    if args.read:
        print(whole_text(loaded, args.language), end="")
        return FINE
    ease = readability(loaded) if args.lix else {}
    for row in content.table(loaded):
        cells = (*row, f"{ease[row[0]]:.0f}") if args.lix else row
        print("\t".join(str(cell) for cell in cells))
    return FINE


def _manifest(args: argparse.Namespace) -> int:
    settings = digi_settings.load()
    if args.platform == "teams":
        out: Path = args.out or Path("digi-teams.zip")
        out.write_bytes(_teams_package(settings))
        print(f"wrote {out}: upload it in the Teams admin center, or in Teams under 'Apps'")
        return FINE
    drawn = json.dumps(_slack_manifest(settings), ensure_ascii=False, indent=2)
    if args.out is None:
        print(drawn)
    else:
        args.out.write_text(drawn + "\n", encoding="utf-8")
        print(f"wrote {args.out}")
    return FINE


def _slack_manifest(settings: Settings) -> dict[str, object]:
    """Return the manifest for the mode in which `run` serves with these settings.

    Without Slack settings, it is Socket Mode unless there is a public address. Missing settings are
    listed on stderr.
    """
    from bot.platforms.slack.manifest import CannotDraw, manifest, missing

    slack, url = settings.slack, settings.public_url
    socket_mode = slack.socket_mode if slack else url is None
    several = bool(slack and slack.client_id)
    try:
        drawn = manifest(url, socket_mode=socket_mode, several=several)
    except CannotDraw as refused:
        raise Problem(str(refused)) from None
    names = missing(
        socket_mode=socket_mode,
        several=several,
        bot_token=bool(slack and slack.bot_token),
        signing_secret=bool(slack and slack.signing_secret),
        app_token=bool(slack and slack.app_token),
    )
    mode = "Socket Mode" if socket_mode else f"HTTP, at {url}/slack/events"
    needs = f"; still missing: {', '.join(names)}" if names else ""
    print(f"this manifest is for Slack by {mode}{needs} (docs/slack.md)", file=sys.stderr)
    return drawn


def _teams_package(settings: Settings) -> bytes:
    from bot.platforms.teams.manifest import CannotPackage, about, package

    app_id = settings.teams.app_id if settings.teams else None
    try:
        app = about(app_id, settings.public_url, VERSION, settings.operator.controller)
    except CannotPackage as refused:
        raise Problem(str(refused)) from None
    phrases = content.load(packs=settings.packs).phrases
    return package(app, word_for, lambda key, language: phrases[key].of(language))


def _key(_: argparse.Namespace) -> int:
    settings = digi_settings.load()
    asyncio.run(_keyed(settings))
    print(f"made {settings.key_file}: keep a copy, apart from the backups")
    return FINE


async def _keyed(settings: Settings) -> None:
    """Create a new database and its key together."""
    if settings.key_file.exists():
        raise KeyProblem(f"{settings.key_file}: there is a key already, and it was not changed")
    store = await open_store(settings.home, settings.sqlite, settings.postgres)
    try:
        known = await store.read(rekey.known_key)
        rekey.finish_files(settings.key_file, known or "")
        if known is not None and not settings.key_file.exists():
            raise Problem(
                "this database has a key already: put it back at"
                f" {settings.key_file}, or set DIGI_KEY_FILE to its path"
            )
        if known is None:
            await make_first_key(store, settings.key_file)
    finally:
        await store.close()


def _rows(sql: str) -> list[tuple[Any, ...]]:
    """Run a query on the database, also while a server uses it."""
    settings = digi_settings.load()
    if settings.postgres is not None:
        from storage.postgres import doctor as postgres_doctor

        return postgres_doctor.rows(settings.postgres, sql)
    path = settings.sqlite or settings.home / DATABASE
    if not path.exists():
        rekey.fitting(settings.key_file, None)
        raise Problem(f"there is no database at {path} yet: it is made at the first start")
    try:
        with closing(reading(path)) as conn:
            return conn.execute(sql).fetchall()
    except sqlite3.Error as error:
        raise Problem(f"{path} cannot be read ({error}): python app.py check says more") from None


def _outbox(_: argparse.Namespace) -> int:
    """Print the outbox, also while a server runs: state, kind, channel, due time, attempts and id,
    never a text."""
    asked = "SELECT id, kind, place, state, due_us, attempts FROM letter ORDER BY due_us, seq"
    for id, kind, place, state, due_us, attempts in _rows(asked):
        due = datetime.fromtimestamp(due_us / 1_000_000, UTC).isoformat(timespec="seconds")
        print("\t".join((state, kind, place, due, str(attempts), id)))
    return FINE


def _backup(args: argparse.Namespace) -> int:
    return _order(Request("backup", {"to": str(args.to.absolute())} if args.to else {}))


def _rotate_key(_: argparse.Namespace) -> int:
    return _order(Request("rotate-key"))


def _erase(args: argparse.Namespace) -> int:
    print(WILL_ERASE[args.what].format(id=args.id), file=sys.stderr)
    if not args.yes:
        if not sys.stdin.isatty():
            raise Problem("nothing was deleted: add --yes to delete without being asked")
        if input("Type yes to continue: ").strip().lower() not in ("yes", "ja"):
            raise Problem("nothing was deleted")
    named = {args.what: args.id, "workplace": args.workplace}
    return _order(Request(f"erase-{args.what}", named))


def _unseat(args: argparse.Namespace) -> int:
    return _order(Request("unseat", {"person": args.person, "project": args.project}))


def _report(args: argparse.Namespace) -> int:
    return _order(Request("report", {"project": args.project, "to": str(args.to.absolute())}))


def _order(request: Request) -> int:
    """Execute a command in the running Digi, or in this process if none runs."""
    done = asyncio.run(_ordered(digi_settings.load(), request))
    print(done.said, file=sys.stdout if done.fine else sys.stderr)
    return FINE if done.fine else PROBLEM


async def _ordered(settings: Settings, request: Request) -> Done:
    if settings.home.is_dir() and (done := await ask(settings.home, request)) is not None:
        return done
    await refuse_bad_setup(settings, serving=False)
    if settings.sqlite is not None and not settings.sqlite.exists():
        raise Problem(f"there is no database at {settings.sqlite} yet")
    house = await build_from(settings, lambda *_: [], Log("error"))
    try:
        return await carry_out(house, request)
    finally:
        await house.close()


def _restore(args: argparse.Namespace) -> int:
    settings = digi_settings.load()
    if settings.sqlite is None:
        raise Problem("PostgreSQL is restored with its own tools: docs/operations.md")
    vault = Vault(read_key(settings.key_file))
    heeded = asyncio.run(
        restore(vault, args.file, settings.sqlite, settings.home, settings.backups, over=args.over)
    )
    print(f"restored {args.file}; {heeded} deletions made since then were made again")
    return FINE


def _move(args: argparse.Namespace) -> int:
    """Copy the SQLite file into PostgreSQL, all or nothing. The file is only read."""
    from storage.copy_database import Moved, move

    settings = digi_settings.load()
    if settings.sqlite is None:
        raise Problem("DIGI_DATABASE names PostgreSQL already: leave it out to move from the file")
    if not settings.sqlite.exists():
        rekey.fitting(settings.key_file, None)
        raise Problem(f"there is no database at {settings.sqlite}")
    if not is_postgres_address(args.to):
        raise Problem(f"the target is not an address of PostgreSQL: use {ADDRESS}")
    shown = ProgressLine(sys.stderr)

    def told(step: Moved) -> None:
        shown.at(step.table, step.rows, step.of)

    fingerprint = Vault(read_key(settings.key_file)).fingerprint()
    try:
        rows = move(settings.sqlite, args.to, fingerprint, told)
    except KeyboardInterrupt:
        raise Problem(
            "interrupted: nothing was moved; run the command again to start over"
        ) from None
    finally:
        shown.end()
    print(
        f"moved {rows} rows and counted them on both sides. Set DIGI_DATABASE to the new address"
        f" and start Digi with the same key; {settings.sqlite} was not changed:"
        " delete it when all is well"
    )
    return FINE


def _projects(_: argparse.Namespace) -> int:
    for row in _rows("SELECT tenant, id, channel, open FROM project ORDER BY tenant, seq"):
        print("\t".join((*row[:3], "open" if row[3] else "ended")))
    kept = "SELECT DISTINCT tenant, project, channel, until_us FROM keepsake WHERE until_us > 0"
    for tenant, project, channel, until in _rows(f"{kept} ORDER BY tenant, project"):
        day = datetime.fromtimestamp(until / 1_000_000, UTC).date().isoformat()
        print(
            "\t".join((tenant, project, channel, f"deleted, promises or lesson kept until {day}"))
        )
    return FINE


def _bench(args: argparse.Namespace) -> int:
    try:
        from tests.bench.main import PARTS, run
    except ModuleNotFoundError as missing:
        raise Problem(
            f"{missing.name} is not installed: run `make bench` in a clone of the repository"
        ) from None
    if unknown := set(args.parts) - set(PARTS):
        raise Problem(f"there is no part {min(unknown)}: the parts are {', '.join(PARTS)}")
    if not run(tuple(args.parts), short=args.short):
        raise Problem("some parts were not measured: see the errors above")
    return FINE
