"""An attacker with access to everything does not learn who wrote.

The attacker has the database, its write-ahead log, the outbox, all logs, a backup of each night and
the key; for PostgreSQL also the physical order of rows, raw pages and the write-ahead log. A
program that uses all of it names authors no better than by drawing lots among those who could have
written. With backups and key it learns the day of a text, but not the hour.
"""

from __future__ import annotations

import hashlib
import logging
import random
import sqlite3
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from bot.clock import Clock
from bot.core.engine import Engine
from storage.postgres.driver import Postgres
from storage.postgres.vacuum import PoolVacuum
from storage.sqlite import backup
from storage.sqlite.driver import Sqlite
from storage.transactions.anonymous_pool import Pool
from storage.transactions.scope import from_us
from storage.vault import Vault, code_hash, code_of
from tests.anonymity.canaries import every_log_line
from tests.anonymity.hands import running, without_padding
from tests.anonymity.server_thief import from_log, from_pages, image_of
from tests.anonymity.thief import Between, Copy, copied, opened, states_of
from tests.anonymity.weeks import (
    WRITERS,
    Act,
    first_monday,
    first_release,
    lively_week,
    standing,
)
from tests.worlds.postgres import Server
from tests.worlds.stage import BEGINNING, PEOPLE, TENANT

Figures = Callable[[str], None]
ANY_DAY = timedelta(hours=23)
SMALL = timedelta(microseconds=1)


class Loot(Struct, frozen=True):
    """Everything that the attacker has."""

    key: bytes
    copies: list[Copy]
    backups: list[tuple[datetime, bytes]]
    lines: list[datetime]
    """Times of log lines, or of transactions that no named row explains."""


class Image(Struct, frozen=True):
    """A state of the database. What it lacks was written after `since`; what it contains was
    written before `until`."""

    since: datetime
    until: datetime
    raw: bytes


class Said(Struct, frozen=True):
    """An unsigned text as the key holder reads it, with everything stored beside it, the period in
    which it was written, and its position in that period."""

    words: str
    beside: str
    receipt: bytes
    release: int
    place: float


class Thief:
    """Uses all available hints, and draws lots if there are none."""

    def __init__(self, loot: Loot) -> None:
        self.vault = Vault(loot.key)
        self.chance = random.Random(1)
        images = sorted(_images(loot), key=lambda image: image.until)
        with opened(images[-1].raw) as conn:
            rows = conn.execute(
                "SELECT at_us, person FROM record WHERE person <> '' ORDER BY at_us"
            )
            self.named = [(from_us(at), person) for at, person in rows if person in WRITERS]
            keys = conn.execute("SELECT key, at_us FROM inbox").fetchall()
            self.said = list(self._all_said(conn))
        self.of_forms = {
            code_hash(code_of(self.vault, key.removeprefix("form:"))): from_us(at)
            for key, at in keys
            if key.startswith("form:")
        }
        self.between = dict(self._placed(images))
        self.lines = [at for at in loot.lines if not self._explained(at)]

    def _all_said(self, conn: sqlite3.Connection) -> Iterator[Said]:
        rows = conn.execute(
            "SELECT project, id, receipt, body, release FROM published ORDER BY rowid"
        ).fetchall()
        for project, id, receipt, sealed, release in rows:
            body = msgspec.json.decode(
                self.vault.open(sealed, "published", TENANT, project, id), type=dict[str, Any]
            )
            together = [row[1] for row in rows if row[4] == release]
            place = together.index(id) / max(1, len(together) - 1)
            yield Said(body["text"], _beside(body), receipt, release, place)
        for project, sealed in conn.execute("SELECT project, sealed FROM pool"):
            entries = Pool.open(self.vault, TENANT, project, sealed).entries
            for n, entry in enumerate(entries):
                beside = _beside(entry.body) + entry.mark
                place = n / max(1, len(entries) - 1)
                yield Said(entry.body["text"], beside, entry.receipt, 0, place)

    def _placed(self, images: list[Image]) -> Iterator[tuple[str, Between]]:
        """Return the time of each text, as closely as two states of the database show."""
        known: set[str] = set()
        before: Image | None = None
        for image in images:
            with opened(image.raw) as conn:
                there = {one.words for one in self._all_said(conn)}
            if before is not None:
                for words in there - known:
                    yield words, Between(before.since, image.until)
            known, before = known | there, image

    def _explained(self, line: datetime) -> bool:
        return any(abs(line - at) < timedelta(seconds=2) for at, _ in self.named)

    # --- guessing -----------------------------------------------------------------------------

    def who(self, said: Said) -> str:
        ways = (self._by_name, self._by_form, self._by_time, self._by_lines, self._by_order)
        for way in ways:
            if (found := way(said)) is not None:
                return found
        return self.chance.choice(WRITERS)

    def _by_name(self, said: Said) -> str | None:
        """Return the person named beside the text, or by a value that is computed from the person
        and the key only."""
        for person in WRITERS:
            shapes = (
                f'"{person}"',
                PEOPLE[person],
                self.vault.mac(person.encode()),
                hashlib.sha256(person.encode()).hexdigest(),
            )
            if any(shape in said.beside for shape in shapes):
                return person
        return None

    def _by_form(self, said: Said) -> str | None:
        """Return the person whose signed form gives the text's code."""
        at = self.of_forms.get(said.receipt)
        return None if at is None else self._last_by_name(at)

    def _by_time(self, said: Said) -> str | None:
        between = self.between.get(said.words)
        if between is None:
            return None
        if between.before - between.after < ANY_DAY:
            return self._last_by_name(between.before - SMALL)
        active = [person for at, person in self.named if between.holds(at)]
        return self.chance.choice(active) if active else None

    def _by_lines(self, said: Said) -> str | None:
        """Return a time of that period from log lines that no named row explains."""
        since, until = self._period(said)
        lines = [at for at in self.lines if since < at < until]
        return self._last_by_name(self.chance.choice(lines)) if lines else None

    def _by_order(self, said: Said) -> str | None:
        """Assume that rows are stored in the order of writing, like named rows."""
        since, until = self._period(said)
        rows = [person for at, person in self.named if since < at < until]
        return rows[round(said.place * (len(rows) - 1))] if rows else None

    def _period(self, said: Said) -> tuple[datetime, datetime]:
        """Return between which releases it was written, from its release number or because it is
        still waiting."""
        number = said.release or max(one.release for one in self.said) + 1
        until = first_release() + timedelta(weeks=number - 1)
        return until - timedelta(weeks=1), until

    def _last_by_name(self, at: datetime) -> str | None:
        rows = [person for when, person in self.named if when <= at]
        return rows[-1] if rows else None


def _beside(body: dict[str, Any]) -> str:
    """Return everything stored with the text except its words and its readers, whom the author
    chose openly."""
    rest = {key: value for key, value in body.items() if key not in ("text", "readers")}
    return msgspec.json.encode(rest).decode()


def _images(loot: Loot) -> Iterator[Image]:
    for at, raw in loot.backups:
        yield Image(at, at, raw)
    for copy in loot.copies:
        states = [(last, raw) for raw in states_of(copy) if (last := _last(raw)) is not None]
        for since, raw in states:
            later = [other for other, _ in states if other > since]
            yield Image(since, min(later, default=copy.taken), raw)


def _last(raw: bytes) -> datetime | None:
    """Return when the last named row was written; None if the database has no tables yet."""
    with opened(raw) as conn:
        try:
            [[at]] = conn.execute("SELECT coalesce(max(at_us), 0) FROM record")
        except sqlite3.DatabaseError:
            return None
    return from_us(at)


# --- the weeks, and what comes of them --------------------------------------------------------


async def _robbed(
    folder: Path,
    weeks: int,
    texts: int,
    server: Server | None = None,
    *,
    evenings: bool = False,
    nightly: bool = False,
) -> tuple[Loot, list[Act]]:
    """Simulate weeks of a workplace, and return all data at the end: a copy of the files (with
    `evenings`, of each evening), the backups (`nightly`), and the times of log lines."""
    acts: list[Act] = []
    copies: list[Copy] = []
    heard: list[datetime] = []
    taken: dict[datetime, bytes] = {}  # before they are deleted as too old
    name = server.new() if server else ""
    dsn = server.dsn(name) if server else ""

    def copy(at: datetime) -> Copy:
        return Copy(at, image_of(dsn), b"", b"") if dsn else copied(folder, at)

    async with running(folder, either=dsn) as played:
        clock = played.house.clock
        played.house.upkeep._nightly = nightly
        if nightly and dsn:
            # A dump that an operator makes shortly after the pools were rewritten.
            played.house.courier.housekeeping._nightly = _dumps(taken, clock, dsn)

        async def watched(at: datetime) -> None:
            if evenings:
                copies.append(copy(at))
            for file in backup.all_in(folder / "backups"):
                taken.setdefault(backup.head_of(file).at, _plain(played.house.vault, file))
            if server:
                heard.extend(_written(server, name, at))

        with every_log_line(lambda: heard.append(clock.now())):
            for n in range(weeks):
                monday = first_monday() + timedelta(weeks=n)
                acts += await lively_week(played, random.Random(n), monday, texts, watched)
        copies.append(copy(clock.now()))
    if server:
        server.drop(name)
    key = b64decode((folder / "key" / "digi.key").read_bytes())
    return Loot(key, copies, sorted(taken.items()), heard), acts


def _dumps(taken: dict[datetime, bytes], clock: Clock, dsn: str) -> Callable[[], Awaitable[None]]:
    async def dumps() -> None:
        taken[clock.now()] = image_of(dsn)

    return dumps


def _written(server: Server, name: str, at: datetime) -> Iterator[datetime]:
    """Return times from the server's pages and write-ahead log: the middle between the named acts
    around each write that neither the calendar nor the minute's maintenance explains, by day."""
    explained = [*standing(BEGINNING, at), at]
    for one in (*from_pages(server.dsn(name), at), *from_log(server, name, at)):
        middle = one.after + (one.before - one.after) / 2
        if 7 <= middle.hour < 17 and not any(one.holds(when) for when in explained):
            yield middle


def _plain(vault: Vault, file: Path) -> bytes:
    target = file.with_suffix(".opened")
    backup.open_file(vault, file, target)
    raw = target.read_bytes()
    target.unlink()
    return raw


def _hits(thief: Thief, acts: list[Act]) -> int:
    author = {act.words.strip(): act.person for act in acts}
    guessed = {one.words: thief.who(one) for one in thief.said}
    assert guessed.keys() == author.keys()
    return sum(author[words] == person for words, person in guessed.items())


def _by_lot(acts: list[Act]) -> tuple[float, float]:
    """Return how many hits random guessing gives, and the number that it exceeds in one of two
    hundred cases."""
    p = 1 / len(WRITERS)
    mean = len(acts) * p
    return mean, mean + 2.576 * sqrt(len(acts) * p * (1 - p))


LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Server | None:
    """A PostgreSQL server; None if the database is SQLite."""
    if request.param == "sqlite":
        return None
    found: Server = request.getfixturevalue("tidy_server")
    return found


EITHER = pytest.mark.parametrize(
    "server", ["sqlite", pytest.param("postgres", marks=LONG)], indirect=True
)


@pytest.mark.parametrize(
    ("server", "weeks", "texts"),
    [
        ("sqlite", 2, 6),
        ("postgres", 1, 6),
        pytest.param("sqlite", 20, 10, marks=LONG),
        pytest.param("postgres", 20, 10, marks=LONG),
    ],
    indirect=["server"],
)
async def test_whoever_holds_everything_draws_lots(
    tmp_path: Path,
    server: Server | None,
    chance: random.Random,
    figures: Figures,
    weeks: int,
    texts: int,
) -> None:
    """With files, write-ahead log, outbox, all log lines, and the key."""
    loot, acts = await _robbed(tmp_path, weeks, texts, server)
    hits, (mean, most) = _hits(Thief(loot), acts), _by_lot(acts)
    where = "PostgreSQL" if server else "SQLite"
    figures(f"{where}, {len(acts)} texts in {weeks} weeks: {hits} authors named, {mean:.1f} by lot")
    assert hits <= most


@pytest.mark.parametrize(
    ("server", "weeks", "texts"),
    [
        ("sqlite", 1, 6),
        pytest.param("postgres", 1, 6, marks=LONG),
        pytest.param("sqlite", 20, 10, marks=LONG),
        pytest.param("postgres", 20, 10, marks=LONG),
    ],
    indirect=["server"],
)
async def test_with_a_backup_of_each_night_and_the_key_it_is_the_day(
    tmp_path: Path,
    server: Server | None,
    chance: random.Random,
    figures: Figures,
    weeks: int,
    texts: int,
) -> None:
    """The attacker learns between which two nights a text was written, and nothing more precise."""
    loot, acts = await _robbed(tmp_path, weeks, texts, server, nightly=True)
    thief = Thief(loot)
    assert len(loot.backups) >= 7 * weeks
    for act in acts:
        between = thief.between[act.words.strip()]
        assert between.holds(act.at)
        assert between.before - between.after >= ANY_DAY
    hits, (mean, _) = _hits(thief, acts), _by_lot(acts)
    where = "PostgreSQL" if server else "SQLite"
    figures(
        f"{where}, {len(acts)} texts, a backup of each night and the key: the day of every one, "
        f"{hits} authors named, {mean:.1f} by lot"
    )


# --- and would the thief find what there is? --------------------------------------------------


async def test_control_without_checkpoints_the_thief_names_the_authors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """Control: the write-ahead log is not emptied, and there is a copy of each evening."""

    async def emptied(store: Sqlite) -> bool:
        return True

    monkeypatch.setattr(Sqlite, "tx_sealed", Sqlite.tx)
    monkeypatch.setattr(Sqlite, "checkpoint", emptied)
    without_padding(monkeypatch)
    loot, acts = await _robbed(tmp_path, 1, 6, evenings=True)
    hits = _hits(Thief(loot), acts)
    figures(f"without checkpoints: {hits} of {len(acts)} authors named")
    assert hits >= 0.6 * len(acts)


@pytest.mark.long
async def test_control_a_server_that_is_left_as_it_is_names_the_authors(
    tmp_path: Path, tidy_server: Server, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """Control: no vacuum, no stirring, and a write-ahead log that is kept."""

    async def left(store: object) -> bool:
        return True

    monkeypatch.setattr(Postgres, "_stir", left)
    for what in ("shared", "clear_once", "recycle_wal"):
        monkeypatch.setattr(PoolVacuum, what, left)
    monkeypatch.setattr("storage.padding.WRITES", 0)
    loot, acts = await _robbed(tmp_path, 1, 6, tidy_server)
    thief = Thief(loot)
    lines = set(thief.lines)
    hits = sum(
        any(
            abs(at - act.at) < ANY_DAY / 2 and thief._last_by_name(at) == act.person for at in lines
        )
        for act in acts
    )
    figures(f"a server left as it is: {hits} of {len(acts)} authors named by {len(lines)} lines")
    assert hits >= 0.6 * len(acts)
    assert len(lines) <= 2 * len(acts)


@EITHER
async def test_control_a_line_in_the_log_without_a_word_is_enough(
    tmp_path: Path, server: Server | None, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """Control: one log line "a form was sent" for each text, without its content."""
    put = Engine._run_unsigned_turn

    async def says_so(engine: Engine, *args: Any) -> Any:
        logging.getLogger("digi").debug("a form was sent")
        return await put(engine, *args)

    monkeypatch.setattr(Engine, "_run_unsigned_turn", says_so)
    loot, acts = await _robbed(tmp_path, 1, 3, server)
    thief = Thief(loot)
    named = [thief._last_by_name(at) for at in thief.lines]
    figures(f"with a line for each of {len(acts)} texts: {len(named)} authors named")
    assert named == [act.person for act in acts]


@EITHER
async def test_control_a_person_kept_beside_a_text_is_found(
    tmp_path: Path, server: Server | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the pool stores, for each text, a code of the author that only the key holder can
    compute."""
    received, add = Engine._handle, Pool.add
    now: list[str] = []

    async def whose(engine: Engine, delivery: Any) -> Any:
        now[:] = [engine._vault.mac(delivery.sender.person.encode())]
        return await received(engine, delivery)

    def marked(pool: Pool, entry: Any, *rest: Any) -> Pool:
        return add(pool, msgspec.structs.replace(entry, body={**entry.body, "by": now[0]}), *rest)

    monkeypatch.setattr(Engine, "_handle", whose)
    monkeypatch.setattr(Pool, "add", marked)
    loot, acts = await _robbed(tmp_path, 1, 12, server)
    thief = Thief(loot)
    author = {act.words.strip(): act.person for act in acts}
    unreleased = [one for one in thief.said if not one.release]
    assert unreleased
    assert all(thief.who(one) == author[one.words] for one in unreleased)
