"""Migrations run in order, completely or not at all, and never on a newer schema."""

import re
import sqlite3
from pathlib import Path

import pytest

from storage.migrate import migrations, statements
from storage.sql import NewerSchema, StoreError, queries
from storage.sqlite.driver import Sqlite
from tests.storage.test_sqlite import add, ids, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "digi.db"


def put(folder: Path, name: str, sql: str) -> None:
    (folder / "migrations" / f"{name}.sql").write_text(sql, encoding="utf-8")


def applied(path: Path) -> list[str]:
    with sqlite3.connect(path) as conn:
        rows = conn.execute("SELECT name FROM migration ORDER BY name").fetchall()
    conn.close()
    return [name for (name,) in rows]


async def start(path: Path, folder: Path, *notes: str) -> list[str]:
    """Open, write, close; return the notes that existed at the start."""
    store = await Sqlite.open(path, folder=folder)
    found = await ids(store)
    for note in notes:
        await store.tx(add, note)
    await store.close()
    return found


async def test_what_is_missing_is_run_once_and_in_order(path: Path, folder: Path) -> None:
    """A second start runs nothing again, and a later migration sees what earlier ones made."""
    await start(path, folder, "a")
    assert applied(path) == ["0001_base"]
    put(folder, "0002_colour", "ALTER TABLE note ADD COLUMN colour TEXT;")
    put(folder, "0003_index", "CREATE INDEX note_colour ON note (colour);")
    assert await start(path, folder) == ["a"]
    assert await start(path, folder) == ["a"]
    assert applied(path) == ["0001_base", "0002_colour", "0003_index"]


async def test_a_failing_migration_changes_nothing(path: Path, folder: Path) -> None:
    """Either all are applied or none: the old version still serves the file."""
    await start(path, folder, "a")
    put(folder, "0002_good", "ALTER TABLE note ADD COLUMN colour TEXT;")
    put(folder, "0003_bad", "CREATE TABLE more (id TEXT);\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await start(path, folder)
    assert applied(path) == ["0001_base"]
    (folder / "migrations" / "0002_good.sql").unlink()
    (folder / "migrations" / "0003_bad.sql").unlink()
    assert await start(path, folder, "b") == ["a"]


async def test_references_to_nothing_undo_the_migration(path: Path, folder: Path) -> None:
    """Tables may be rebuilt, but foreign keys must be valid afterwards."""
    await start(path, folder, "a")
    put(folder, "0002_torn", "INSERT INTO reply (note, text) VALUES ('nobody', '');")
    with pytest.raises(StoreError, match="reply"):
        await start(path, folder)
    assert applied(path) == ["0001_base"]


async def test_a_copy_is_made_before_an_upgrade(path: Path, folder: Path) -> None:
    """A database with content is copied completely first, readable by its owner only; an empty one
    is not."""
    await start(path, folder, "a", "b")
    assert list(path.parent.glob("*.before-*")) == []
    put(folder, "0002_drop", "DELETE FROM note WHERE id = 'a';")
    assert await start(path, folder) == ["b"]
    (copy,) = path.parent.glob("*.before-*")
    assert copy.name == "digi.db.before-0002_drop"
    assert copy.stat().st_mode & 0o077 == 0
    (folder / "migrations" / "0002_drop.sql").unlink()
    assert await start(copy, folder) == ["a", "b"]


async def test_a_newer_schema_is_refused(path: Path, folder: Path) -> None:
    """Older code does not serve a newer schema unless it is allowed, and leaves it unchanged."""
    put(folder, "0002_new", "ALTER TABLE note ADD COLUMN colour TEXT;")
    await start(path, folder, "a")
    (folder / "migrations" / "0002_new.sql").unlink()
    before = path.read_bytes()
    with pytest.raises(NewerSchema, match="0002_new"):
        await start(path, folder)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("oldest", "fine"), [("1", True), ("2", False), ("3", False)])
async def test_oldest_code_says_whether_older_code_may_serve(
    path: Path, folder: Path, oldest: str, fine: bool
) -> None:
    """A migration names the oldest code version that can still use the schema."""
    put(folder, "0002_new", "ALTER TABLE note ADD COLUMN colour TEXT;")
    put(folder, "0003_said", f"INSERT INTO meta (key, value) VALUES ('oldest_code', '{oldest}');")
    await start(path, folder, "a")
    (folder / "migrations" / "0002_new.sql").unlink()
    (folder / "migrations" / "0003_said.sql").unlink()
    if fine:
        assert await start(path, folder) == ["a"]
    else:
        with pytest.raises(NewerSchema):
            await start(path, folder)


async def test_another_history_is_refused(path: Path, folder: Path) -> None:
    """Migrations that were renamed after they ran are detected."""
    await start(path, folder)
    base = folder / "migrations" / "0001_base.sql"
    base.rename(base.with_name("0001_other.sql"))
    with pytest.raises(NewerSchema, match="0001_base"):
        await start(path, folder)


async def test_a_database_of_something_else_is_refused(path: Path, folder: Path) -> None:
    """Digi creates no tables in another program's file."""
    path.parent.mkdir()
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE customers (id TEXT)")
    conn.close()
    with pytest.raises(StoreError, match="not Digi's"):
        await start(path, folder)


def test_a_gap_in_the_numbers_is_refused(folder: Path) -> None:
    """A missing migration is detected before anything runs."""
    put(folder, "0003_late", "SELECT 1;")
    with pytest.raises(ValueError, match="missing"):
        migrations(folder)


def test_statements_are_cut_where_they_end() -> None:
    """A semicolon in a string, a comment or a trigger does not end a statement; a missing one is
    detected."""
    sql = (
        "-- one; two\nCREATE TABLE a (t TEXT DEFAULT ';');\n"
        "CREATE TRIGGER x AFTER INSERT ON a BEGIN\n  DELETE FROM a;\nEND;\n-- the end\n"
    )
    assert [text.split()[-1] for text in statements(sql)] == ["';');", "END;"]
    with pytest.raises(ValueError, match="semicolon"):
        list(statements("SELECT 1;\nSELECT 2\n"))


async def test_the_real_schema_is_made_twice_alike(tmp_path: Path) -> None:
    """The migrations and statements open a new database, and open it again."""
    path = tmp_path / "home" / "digi.db"
    for _ in range(2):
        store = await Sqlite.open(path)
        await store.close()
    assert applied(path) == [migration.name for migration in migrations()]
    assert list(path.parent.glob("*.before-*")) == []


async def test_every_statement_fits_the_schema(tmp_path: Path) -> None:
    """Each named statement can be prepared on the migrated schema."""
    path = tmp_path / "digi.db"
    await (await Sqlite.open(path)).close()
    conn = sqlite3.connect(path)
    for name, sql in queries().items():
        wanted = dict.fromkeys(re.findall(r"(?<!:):([a-z_]\w*)", sql), 0)
        try:
            conn.execute(f"EXPLAIN {sql}", wanted).fetchall()
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")
    conn.close()
