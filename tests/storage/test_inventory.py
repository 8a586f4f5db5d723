"""Database columns: ids and code words are plain text, everything else is encrypted."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from storage.postgres.dialect import built
from storage.sql import FOLDER
from storage.vault import Vault
from tests.worlds.house import asked
from tests.worlds.postgres import program
from tests.worlds.stage import PEOPLE, Stage, stage

# Every text column and what it contains. A new column makes a test fail: store what people write or
# are called in an encrypted BLOB, or state here why it is harmless.
TEXT = {
    "meta.key": "a word of the code, or a salted hash",
    "meta.value": "a number, a date, the fingerprint of the key, or what was counted of erasing",
    "migration.name": "a word of the code",
    "project.tenant": "an id",
    "project.id": "an id",
    "project.channel": "an id",
    "inbox.tenant": "an id",
    "inbox.key": "an id of a delivery, a form or a timer, or a MAC of what was said once",
    "state.tenant": "an id",
    "state.project": "an id",
    "state.dialog": "a word of the code",
    "state.id": "an id",
    "record.tenant": "an id",
    "record.project": "an id",
    "record.kind": "a word of the code",
    "record.id": "an id",
    "record.ref": "an id",
    "record.person": "an id",
    "answered.tenant": "an id",
    "answered.project": "an id",
    "answered.ref": "an id",
    "role.tenant": "an id",
    "role.project": "an id",
    "role.person": "an id",
    "role.role": "a word of the code",
    "role.status": "a word of the code",
    "person.tenant": "an id",
    "person.id": "an id",
    "member.tenant": "an id",
    "member.channel": "an id",
    "member.person": "an id",
    "pool.tenant": "an id",
    "pool.project": "an id",
    "published.tenant": "an id",
    "published.project": "an id",
    "published.id": "a random id",
    "published.kind": "a word of the code",
    "published.ref": "an id",
    "snapshot.tenant": "an id",
    "snapshot.project": "an id",
    "snapshot.audience": "an id, or a word of the code",
    "post.tenant": "an id",
    "post.project": "an id",
    "post.dialog": "a word of the code",
    "post.dialog_id": "an id",
    "post.slot": "a word of the code and an id",
    "post.id": "a random id",
    "post.place": "an id",
    "post.platform_id": "an id",
    "letter.id": "an id",
    "letter.tenant": "an id",
    "letter.project": "an id",
    "letter.place": "an id",
    "letter.kind": "a word of the code",
    "letter.state": "a word of the code",
    "lane.tenant": "an id",
    "lane.holder": "a random id",
    "installation.tenant": "an id",
    "secret.name": "a word of the code",
    "tombstone.id": "a random id, the hash of a link's token, or a salted hash of a person",
    "tombstone.kind": "a word of the code",
    "address.tenant": "an id",
    "address.place": "an id",
    "bagged.tenant": "an id",
    "bagged.person": "an id",
    "bagged.day": "a date",
    "link.tenant": "an id",
    "link.project": "an id",
    "link.kind": "a word of the code",
    "link.person": "an id",
    "link.look": "what a download gives: words of the code, random ids, a date and a time of day",
    "keepsake.tenant": "an id",
    "keepsake.id": "a random id",
    "keepsake.project": "an id",
    "keepsake.channel": "an id",
    "keepsake.kind": "a word of the code",
    "room.id": "an id",
    "room.place": "an id",
    "room.thread": "an id",
    "room.author": "an id",
}
# The columns in which a person's id may be in plain text. `erase person` removes it from each, as
# tests/storage/test_erasing.py shows. No other column may contain one, whole or as a part of a
# longer id.
NAMES_A_PERSON = {
    "record.person",
    "role.person",
    "person.id",
    "member.person",
    "bagged.person",
    "snapshot.audience",
    "post.slot",
    "post.place",
    "letter.place",
    "room.place",
    "room.author",
    "link.person",
}
HASHES = {"published.receipt", "link.hash"}
SEALED = {
    "inbox.reply",
    "state.body",
    "record.body",
    "role.body",
    "person.body",
    "pool.sealed",
    "published.body",
    "snapshot.body",
    "letter.body",
    "room.body",
    "bagged.body",
    "post.body",
    "installation.body",
    "secret.body",
    "address.body",
    "keepsake.body",
}
META = {
    "oldest_code",
    "key_fingerprint",
    "clock_offset_us",
    "pools_rewritten",
    "stirred",
    "ids_made_anew",
    "erased",
    "uncleared",
}
TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
LIVELY = [
    path
    for path in sorted(TRANSCRIPTS.glob("*.txt"))
    if len(path.read_text(encoding="utf-8")) > 1500
][:12]
LIVELY.append(TRANSCRIPTS / "say_to_representatives.txt")  # in a release to named readers


Columns = dict[str, str]
_KINDS = {"text": "TEXT", "bytea": "BLOB", "bigint": "INTEGER"}
_SERVERS_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = 'public'"
)


def _columns(dsn: str, *more: str) -> Columns:
    """Return every column of the migrated schema with its type."""
    if dsn:
        with psycopg.connect(dsn) as server:
            for sql in more:
                server.execute(built(sql).encode())
            found = server.execute(_SERVERS_COLUMNS).fetchall()
            server.rollback()
            return {
                f"{table}.{name}": _KINDS.get(str(kind), str(kind)) for table, name, kind in found
            }
    with closing(sqlite3.connect(":memory:")) as conn:
        for file in sorted((FOLDER / "migrations").glob("*.sql")):
            conn.executescript(file.read_text(encoding="utf-8"))
        conn.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, applied_us INTEGER)")
        for sql in more:
            conn.execute(sql)
        tables = [
            name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            f"{table}.{column}": kind
            for table in tables
            for _, column, kind, *_ in conn.execute(f"PRAGMA table_info({table})")
        }


def _of_kind(columns: Columns, wanted: str) -> set[str]:
    return {column for column, kind in columns.items() if kind == wanted}


def test_every_column_is_sealed_a_number_or_a_known_id(either: str) -> None:
    """A new text column has to be classified above."""
    columns = _columns(either)
    assert _of_kind(columns, "TEXT") == set(TEXT)
    assert _of_kind(columns, "BLOB") == SEALED | HASHES
    assert set(columns.values()) == {"TEXT", "BLOB", "INTEGER"}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE published ADD COLUMN author TEXT",
        "ALTER TABLE pool ADD COLUMN note BLOB",
        "CREATE TABLE draft (words TEXT)",
        "ALTER TABLE snapshot ADD COLUMN at REAL",
        "ALTER TABLE person ADD COLUMN nick VARCHAR(20)",
    ],
)
def test_control_a_column_that_nobody_thought_about_is_noticed(either: str, sql: str) -> None:
    """Control: such a column, as a later migration may add it, is detected."""
    columns = _columns(either, sql)
    known = _of_kind(columns, "TEXT") == set(TEXT) and (
        _of_kind(columns, "BLOB") == SEALED | HASHES
    )
    assert not (known and set(columns.values()) == {"TEXT", "BLOB", "INTEGER"})


@pytest.mark.parametrize("transcript", LIVELY, ids=lambda path: path.stem)
async def test_nothing_that_people_wrote_lies_open(transcript: Path, tmp_path: Path) -> None:
    """After a busy course, no text, name or project word is readable in the file, the write-ahead
    log or the columns."""
    await _played(transcript, tmp_path, "")


@pytest.mark.parametrize(
    "transcript",
    [pytest.param(path, marks=pytest.mark.long if n else ()) for n, path in enumerate(LIVELY)],
    ids=lambda path: path.stem,
)
async def test_nothing_that_people_wrote_lies_open_on_a_server(
    transcript: Path, tmp_path: Path, postgres_dsn: str
) -> None:
    """Nor in a dump that an operator makes."""
    await _played(transcript, tmp_path, postgres_dsn)


async def test_control_words_that_are_not_sealed_are_found_open(
    tmp_path: Path, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same course with encryption disabled."""
    monkeypatch.setattr(Vault, "seal", lambda self, plain, *aad: plain)
    monkeypatch.setattr(Vault, "open", lambda self, sealed, *aad: sealed)
    with pytest.raises(AssertionError, match="a dump"):
        await _played(LIVELY[0], tmp_path, postgres_dsn)


async def _played(transcript: Path, folder: Path, either: str) -> None:
    script = transcript.read_text(encoding="utf-8")
    async with stage(folder, either=either) as played:
        typed = _typed(played)
        await played.play(script)
        _nothing_open(folder, typed, either)
    _nothing_open(folder, typed, either)


def _typed(played: Stage) -> set[str]:
    """Collect the texts that people write while it is played."""
    found = set(PEOPLE.values())
    values = played._values

    def noted(form, given):  # type: ignore[no-untyped-def]
        found.update(text for text in given.values() if _telling(text))
        return values(form, given)

    played._values = noted  # type: ignore[method-assign]
    return found


def _telling(text: str) -> bool:
    """Return whether a text is long enough not to occur by chance, and no date."""
    return len(text) >= 8 and not re.fullmatch(r"[\d\-.: ]+", text)


def _nothing_open(folder: Path, typed: set[str], either: str) -> None:
    files = {file.name: file.read_bytes() for file in sorted(folder.glob("digi.db*"))}
    if either:
        files["a dump"] = program("pg_dump", either)
    assert files
    for name, raw in files.items():
        for text in typed:
            for form in _dresses(text):
                assert form not in raw, (name, text)
    keys = {key.partition(":")[0] for (key,) in asked(folder, either, "SELECT key FROM meta")}
    assert keys <= META
    for column in TEXT:
        table, _, name = column.partition(".")
        for (value,) in asked(folder, either, f"SELECT DISTINCT {name} FROM {table}"):
            # What a link gives is a look: a view and random ids.
            for one in json.loads(value).values() if value.startswith("{") else [value]:
                assert re.fullmatch(r"[\w.:@|+/-]*", one, re.ASCII), (column, value)
            assert len(value) <= 200, (column, value)
            if column not in NAMES_A_PERSON:
                assert not PEOPLE.keys() & set(re.split(r"\W", value)), (column, value)


def _dresses(text: str) -> set[bytes]:
    return {
        text.encode(),
        text.encode("utf-16-le"),
        text.encode("ascii", "backslashreplace"),
        text.encode().hex().encode(),
    }
