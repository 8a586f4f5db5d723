"""docs/words.md lists all terms that the code uses, and no others."""

import ast
import functools
import re
from pathlib import Path
from typing import get_args

from dialogs.model.facts import RoleName
from dialogs.registry import CONVERSATIONS
from storage.migrate import migrations, statements
from storage.postgres.dialect import built

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/words.md").read_text()
ROOTS = ("bot", "dialogs", "storage", "content")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CODE = re.compile(r"`([^`]+)`")
_TABLE = re.compile(r"CREATE TABLE (\w+)")


def rows() -> list[list[str]]:
    """Return the cells of each row except headings."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| ")
    ]
    return [row for row in found if row[0] not in ("term", "word", "folder", "---")]


def terms() -> list[str]:
    """Return the terms of the first column, without folders and explanations in brackets."""
    return [
        term.strip()
        for row in rows()
        if not row[0].startswith("`")
        for term in re.sub(r"\(.*?\)", "", row[0]).split(",")
    ]


def places() -> list[tuple[str, str]]:
    """Return each path that a row names, with the name behind it or ""."""
    found: list[tuple[str, str]] = []
    for row in rows():
        for part in _CODE.findall(row[-1] if len(row) == 4 else " ".join(row)):
            if "/" in part or part in ROOTS:
                found.append((part, ""))
            elif len(row) == 4:
                found[-1] = (found[-1][0], part)
    return found


@functools.cache
def names_in(path: Path) -> set[str]:
    """Return the names that a file defines: classes, functions and constants, or the keys of a
    table of phrases."""
    text = path.read_text()
    if path.suffix != ".py":
        return set(re.findall(r"^(\w+) = ", text, re.M))
    found = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return found


def test_what_a_row_points_at_is_there() -> None:
    """Every path and name in the list exists."""
    assert len(places()) > 80
    assert [path for path, _ in places() if not (ROOT / path).exists()] == []
    assert [(p, name) for p, name in places() if name and name not in names_in(ROOT / p)] == []


def test_every_term_is_used_in_the_code_or_the_content() -> None:
    """Every term in the list is used in the code or the content."""
    used = {
        word
        for root in (*ROOTS, "tests")
        for ending in ("py", "toml", "sql")
        for file in (ROOT / root).rglob(f"*.{ending}")
        for word in _letters(file.read_text())
    }
    assert len(terms()) > 100
    assert [term for term in terms() if not set(_letters(term)) <= used] == []


def _letters(text: str) -> list[str]:
    return re.findall(r"[a-zæøå]+", text.lower())


def test_every_folder_has_a_line() -> None:
    """Every package has a row that says what it is for."""
    folders = {
        str(file.parent.relative_to(ROOT))
        for root in ROOTS
        for file in (ROOT / root).rglob("*.py")
        if file.name != "__init__.py"
        and file.parent not in (ROOT / "bot", ROOT / "dialogs")
        and file.parent != ROOT / "storage"
    }
    assert sorted(folders - {path for path, _ in places()}) == []


def test_every_table_conversation_and_role_is_a_term() -> None:
    """Every table, conversation and role has a row."""
    tables = {
        name
        for migration in migrations()
        for statement in statements(migration.sql)
        for name in _TABLE.findall(built(statement))
    }
    assert "letter" in tables
    known = {word for term in terms() for word in term.lower().split()}
    known |= {path.rpartition("/")[2] for path, _ in places()}
    known |= {name.lower() for name in _CODE.findall(PAGE)}
    missing = {*tables, *CONVERSATIONS, *get_args(RoleName)} - known
    assert sorted(name for name in missing if not name.endswith("_new")) == []


# Names that still stand for more than one thing. Remove from this list; never add to it.
SHARED: set[str] = set()
RENAMED: set[str] = set()


@functools.cache
def _modules() -> dict[str, ast.Module]:
    return {
        str(file.relative_to(ROOT)): ast.parse(file.read_text())
        for root in ROOTS
        for file in (ROOT / root).rglob("*.py")
    }


def _defined(tree: ast.Module) -> dict[str, bool]:
    """Return the public classes and types of a module, and whether each is a port (a Protocol)."""
    found: dict[str, bool] = {}
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name, bases=bases):
                found[name] = any("Protocol" in ast.unparse(base) for base in bases)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not (
                isinstance(value, ast.Call) and "TypeVar" in ast.unparse(value.func)
            ):
                found[name] = False
    return {name: port for name, port in found.items() if name[0].isupper() and not name.isupper()}


def test_a_class_name_stands_for_one_thing() -> None:
    """Public classes and types have unique names, except a port and its implementations."""
    places: dict[str, list[bool]] = {}
    for tree in _modules().values():
        for name, is_port in _defined(tree).items():
            places.setdefault(name, []).append(is_port)
    assert len(places) > 300
    twice = {name for name, ports in places.items() if len(ports) > 1 + sum(ports)}
    assert sorted(twice - SHARED) == []


def test_no_class_is_imported_under_another_name() -> None:
    """No class is imported under another name, so that a search for the name finds all its uses."""
    renamed = {
        alias.name
        for tree in _modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name[0].isupper()
    }
    assert sorted(renamed - RENAMED) == []


def test_every_method_that_the_architecture_names_is_there() -> None:
    """`Gate.read` in a step of docs/architecture.md is a method or field of that class."""
    classes: dict[str, set[str]] = {}
    for tree in _modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names = {part.name for part in node.body if isinstance(part, _FUNCTIONS)}
                names |= {ast.unparse(p.target) for p in node.body if isinstance(p, ast.AnnAssign)}
                classes.setdefault(node.name, set()).update(names)
    page = (ROOT / "docs/architecture.md").read_text()
    named = re.findall(r"`([A-Z]\w+)\.(\w+)`", page)
    assert len(named) > 4
    assert [(kind, name) for kind, name in named if name not in classes.get(kind, set())] == []
