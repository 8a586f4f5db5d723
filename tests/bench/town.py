"""Creates many teams to measure with: one is played through the real Digi, the others are copies.

A copy has the first team's rows, decrypted, given other ids, and encrypted again, so that the
database contains what the dialogs would have written.
"""

from __future__ import annotations

import base64
import sqlite3
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot.clock import Clock
from bot.core.tokens import FormToken, write_press, write_token
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    Members,
    Parcel,
    Pressed,
    Sender,
    Submitted,
    TypedText,
)
from bot.server.build import House, build
from dialogs.model import events as e
from dialogs.model.events import Look, Press, View
from storage.vault import Vault, read_key

TENANT = "slack:T0BENCH"
TEAM = 20
QUESTIONS = 20
ANSWERS = 10  # for each question
CONCERNS = 30
NAME = "Ny omsorgsplatform"
BEGINNING = datetime.fromisoformat("2026-11-02T09:00:00+01:00")
WORDS = (
    "Vi skal have tid til at lære det, mens vi er på arbejde, og nogen at spørge, når det driller."
    " Det hjælper ikke borgeren, at vi står med en skærm i hånden og leder."
)


def channel_of(team: int) -> str:
    return f"C{team:06}0"


def person_of(team: int, number: int) -> str:
    return f"U{team:06}{number:03}"


class Sink:
    """An edge that accepts everything, at once or as the test sets."""

    repeats = False

    def __init__(self) -> None:
        self.taken = 0
        self.told: Callable[[Parcel], None] | None = None

    def serves(self, tenant: str) -> bool:
        return True

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}"

    async def deliver(self, parcel: Parcel) -> str:
        self.taken += 1
        if self.told is not None:
            self.told(parcel)
        return parcel.target or f"{parcel.channel}:{self.taken}.000000"


async def house_at(
    home: Path, moment: datetime, edge: Sink | None = None, postgres: str | None = None
) -> tuple[House, Sink]:
    """Build Digi in this folder; its clock starts at a given time."""
    found = edge or Sink()
    house = await build(
        home,
        edges=lambda *_: (found,),
        clock=clock_at(moment),
        key_file=key_of(home),
        postgres=postgres,
    )
    return house, found


def key_of(home: Path) -> Path:
    return home.parent / f"{home.name}.key"


def clock_at(moment: datetime) -> Clock:
    clock = Clock()
    return Clock(round(moment.timestamp() * 1_000_000) - clock.now_us())


class Team:
    """Team 0, whose people act as a test tells them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.project = ""
        self._acts = 0
        # A key that the database has seen before would stop the act as a duplicate.
        self._opened = uuid.uuid4().hex

    async def act(
        self, number: int, what: TypedText | Pressed | Submitted, *, team: int = 0
    ) -> Answer:
        self._acts += 1
        sender = Sender(person_of(team, number), f"Person {number}", "da-DK")
        delivery = Delivery(
            TENANT, sender, f"act:{self._opened}:{self._acts}", what, channel_of(team)
        )
        answer = await self.house.engine.receive(delivery)
        assert not answer.undone, "the house did not take it"
        assert not answer.faults, answer.faults
        return answer

    async def press(self, number: int, press: Press, *, team: int = 0) -> Answer:
        token = write_press(self.house.vault, TENANT, press)
        return await self.act(number, Pressed(token), team=team)

    async def fill(self, number: int, look: Look, values: dict[str, Any]) -> Answer:
        answer = await self.press(number, look)
        assert answer.form is not None, answer
        return await self.act(number, Submitted(answer.form.token, values))

    async def founded(self) -> None:
        people = tuple(Sender(person_of(0, n), f"Person {n}", "da-DK") for n in range(TEAM))
        members = Delivery(TENANT, Sender(""), "members:0", Members(people), channel_of(0))
        await self.house.engine.receive(members)
        await self.act(0, TypedText(f"start {NAME}"))
        [mine] = await self.house.database.read(
            self.house.scripts.reading.projects_of, TENANT, person_of(0, 0)
        )
        self.project = mine.id
        for event in (
            e.RoleConfirmed(project=mine.id, role="leader"),
            e.ShownInChannel(project=mine.id),
        ):
            await self.press(0, event)
        await self.house.courier.settle()

    async def asked(self) -> tuple[str, ...]:
        """Ask twenty questions in the channel."""
        for theme in self.house.catalogue.themes:
            await self.press(0, e.ThemePosted(project=self.project, theme=theme.id))
        await self.house.courier.settle()
        return self.questions()

    def questions(self) -> tuple[str, ...]:
        catalogue = self.house.catalogue
        found = tuple(q.id for theme in catalogue.themes for q in catalogue.of_theme(theme.id))
        assert len(found) == QUESTIONS, found
        return found

    async def answered(self, questions: Iterable[str], answers: int = ANSWERS) -> None:
        for question in questions:
            look = Look("answer", project=self.project, ref=question)
            for number in range(1, answers + 1):
                await self.fill(number, look, {"text": f"{WORDS} ({number})"})
        await self.house.courier.settle()

    async def worried(self, concerns: int = CONCERNS) -> None:
        """Write texts, half of them signed and half unsigned, all to everybody, and wait for the
        release."""
        for number in range(concerns):
            view: View = "say_named" if number % 2 else "say_unnamed"
            values = {"kind": "concern", "text": f"{WORDS} ({number})", "readers": ["everyone"]}
            if view == "say_unnamed":
                values["sending"] = "release"
            look = Look(view, project=self.project)
            await self.fill(1 + number % (TEAM - 1), look, values)
        await self.comes_to("release")

    async def comes_to(self, mark: str, *, before: timedelta = timedelta(0)) -> None:
        """Move the clock to a landmark and execute all that becomes due."""
        marks = await self.house.landmarks(TENANT)
        await self.house.courier.move_to(marks[mark] - before)


async def one_team(home: Path, *, until: str = "") -> datetime:
    """Create team 0 in a new database, on the morning of its first overview or a minute before a
    landmark, with nothing due; returns when it is due."""
    house, _ = await house_at(home, BEGINNING)
    try:
        team = Team(house)
        await team.founded()
        await team.answered(await team.asked())
        await team.worried()
        if until:
            await team.comes_to(until, before=timedelta(minutes=1))
        return house.clock.now()
    finally:
        await house.close()


# --- copies -----------------------------------------------------------------------------------

# The additional data of each encrypted column: the columns after tenant and project.
_SEALED: dict[str, tuple[str, tuple[str, ...]]] = {
    "state": ("body", ("dialog", "id")),
    "record": ("body", ("kind", "id")),
    "role": ("body", ("person", "role")),
    "published": ("body", ("id",)),
    "snapshot": ("body", ("audience", "release")),
    "pool": ("sealed", ()),
    "letter": ("body", ("id",)),
    "answered": ("", ()),
    "project": ("", ()),
    "post": ("", ()),
}


class _Original(msgspec.Struct, frozen=True):
    """A row of team 0, and the places of ids that differ in each team."""

    row: dict[str, Any]
    names: tuple[str, ...]
    body: bool


class Copies:
    """Writes copies of team 0 into a database that no Digi has open."""

    def __init__(self, home: Path, tenant: str = TENANT, person: str = "U") -> None:
        """Copies may belong to another workplace; their people's ids begin with this prefix."""
        self.tenant = tenant
        self._person = person
        self._path = home / "digi.db"
        self._vault = Vault(read_key(key_of(home)))
        with closing(self._opened()) as conn:
            conn.row_factory = sqlite3.Row
            [row] = conn.execute("SELECT id FROM project WHERE channel = ?", [channel_of(0)])
            self.project = str(row["id"])
            self._rows = {
                table: [self._opened_row(table, dict(row)) for row in self._rows_of(conn, table)]
                for table in _SEALED
            }
            self._originals = {
                table: [self._original(table, row) for row in rows]
                for table, rows in self._rows.items()
            }
            self._people = [
                (row["id"], self._vault.open(row["body"], "person", TENANT, row["id"]))
                for row in conn.execute("SELECT id, body FROM person")
                if row["id"].startswith(person_of(0, 0)[:7])
            ]

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)

    def _rows_of(self, conn: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
        column = "id" if table == "project" else "project"
        return conn.execute(f"SELECT * FROM {table} WHERE {column} = ?", [self.project]).fetchall()

    def _opened_row(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        column, places = _SEALED[table]
        if column:
            aad = (table, TENANT, self.project, *(str(row[place]) for place in places))
            row[column] = self._vault.open(row[column], *aad)
        return row

    def _original(self, table: str, row: dict[str, Any]) -> _Original:
        marks = (TENANT, self.project, channel_of(0), person_of(0, 0)[:7])
        names = tuple(
            name
            for name, value in row.items()
            if isinstance(value, str) and any(mark in value for mark in marks)
        )
        plain = row[_SEALED[table][0]] if _SEALED[table][0] and table != "pool" else b""
        return _Original(row, names, any(mark.encode() in plain for mark in marks))

    def project_of(self, team: int) -> str:
        return f"{team:012x}" if team else self.project

    def person_of(self, team: int, number: int) -> str:
        return self._person + person_of(team, number)[1:]

    def write(self, teams: Iterable[int]) -> None:
        with closing(self._opened()) as conn:
            conn.execute("PRAGMA synchronous=OFF")
            conn.execute("PRAGMA cache_size=-200000")
            conn.execute("BEGIN")
            # Columns that the database counts itself are copied unchanged.
            counting = conn.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in counting:
                conn.execute(f"DROP TRIGGER {name}")
            [(seq,)] = conn.execute("SELECT coalesce(max(seq), 0) FROM letter")
            for team in teams:
                seq = self._write_one(conn, team, seq)
            for _, sql in counting:
                conn.execute(sql)
            conn.execute("COMMIT")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def more_answers(self, answers: int) -> None:
        """Add answers to team 0's questions up to this total, evenly distributed, each by another
        person."""
        [first, *_] = (row for row in self._rows["record"] if row["kind"] == "answer")
        questions = sorted({row["ref"] for row in self._rows["record"] if row["kind"] == "answer"})
        with closing(self._opened()) as conn:
            conn.execute("BEGIN")
            conn.execute("DELETE FROM record WHERE kind = 'answer'")
            for n in range(answers):
                question = questions[n % len(questions)]
                person = f"U9{n // len(questions):08}"
                row = {**first, "id": f"{n:032x}", "ref": question, "person": person}
                row["at_us"] = first["at_us"] + n
                aad = ("record", TENANT, self.project, "answer", row["id"])
                row["body"] = self._vault.seal(first["body"], *aad)
                marks = ", ".join("?" * len(row))
                conn.execute(f"INSERT INTO record VALUES ({marks})", tuple(row.values()))
            conn.execute("COMMIT")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _write_one(self, conn: sqlite3.Connection, team: int, seq: int) -> int:
        project = self.project_of(team)
        tenant = self.tenant
        swaps = (
            (TENANT, tenant),
            (self.project, project),
            (channel_of(0), channel_of(team)),
            (person_of(0, 0)[:7], self.person_of(team, 0)[:7]),
        )
        raw = tuple((old.encode(), new.encode()) for old, new in swaps)
        for table, originals in self._originals.items():
            column, places = _SEALED[table]
            copies = []
            for original in originals:
                row = original.row
                copy = dict(row)
                for name in original.names:
                    copy[name] = _swapped(row[name], swaps)
                if table == "project":
                    copy["seq"] = team + 1
                if table == "letter":
                    seq += 1
                    copy["seq"] = seq
                    if copy["id"] == row["id"]:
                        copy["id"] = uuid.uuid4().hex
                if column:
                    plain = row[column]
                    for old, new in raw if original.body else ():
                        plain = plain.replace(old, new)
                    aad = (table, tenant, project, *(str(copy[place]) for place in places))
                    copy[column] = self._vault.seal(plain, *aad)
                copies.append(tuple(copy.values()))
            if copies:
                marks = ", ".join("?" * len(copies[0]))
                conn.executemany(f"INSERT INTO {table} VALUES ({marks})", copies)
        for id, body in self._people:
            person = _swapped(id, swaps)
            sealed = self._vault.seal(body, "person", tenant, person)
            conn.execute("INSERT INTO person VALUES (?, ?, ?)", (tenant, person, sealed))
        conn.executemany(
            "INSERT INTO member VALUES (?, ?, ?, 1)",
            [(tenant, channel_of(team), self.person_of(team, n)) for n in range(TEAM)],
        )
        return seq


def moved(home: Path, dsn: str) -> None:
    """Copy the town's rows to a PostgreSQL database that has Digi's tables."""
    import psycopg

    with (
        closing(sqlite3.connect(home / "digi.db")) as source,
        psycopg.connect(dsn) as target,
    ):
        tables = source.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'migration'"
            " AND name NOT LIKE 'sqlite_%'"
        )
        target.execute("ALTER TABLE record DISABLE TRIGGER USER")
        for (table,) in tables.fetchall():
            rows = source.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in rows.description]
            target.execute(f"DELETE FROM {table}".encode())
            said = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with target.cursor().copy(said.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        target.execute("ALTER TABLE record ENABLE TRIGGER USER")


def _swapped(value: str, swaps: tuple[tuple[str, str], ...]) -> str:
    for old, new in swaps:
        value = value.replace(old, new)
    return value


def filled(
    vault: Vault,
    token: str,
    values: dict[str, Any],
    *,
    person: str,
    project: str,
    question: str,
    tenant: str = TENANT,
) -> Submitted:
    """Return the form for another team's question, as if this person had opened it there."""
    body, _, _ = token.rpartition(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    form = msgspec.json.decode(raw, type=FormToken)
    fixed = {**form.fixed, "project": project, "question": question}
    anew = msgspec.structs.replace(form, fixed=fixed, form=uuid.uuid4().hex)
    return Submitted(write_token(vault, tenant, anew, person), values)
