"""`queries.sql` has every statement that is used, and no unused one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from storage.sql import FOLDER, queries

ROOT = FOLDER.parent
STATEMENT = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|ALTER|CREATE|DROP|VACUUM|PRAGMA|BEGIN|COMMIT|ROLLBACK"
    r"|SET|CHECKPOINT)\b"
)
SEALED_TABLES = {
    "address": ("all", "delete", "one", "put"),
    "installation": ("all", "delete", "one", "put"),
    "room": ("one", "put", "read"),
}
"""The statement names that `storage/sealed_table.py` builds from table and operation."""


def sources() -> Iterator[tuple[str, ast.AST]]:
    for folder in ("storage", "bot"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                yield str(path.relative_to(ROOT)), node


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_its_header_names_every_other_place_with_sql() -> None:
    """The header lists exactly the other places with SQL."""
    head = (FOLDER / "queries.sql").read_text(encoding="utf-8").partition("-- name:")[0]
    named = set(re.findall(r"\b(?:storage|bot)/[\w/]*(?:/|\.py)", head))
    found = {
        next((place for place in named if file.startswith(place)), file)
        for file, node in sources()
        if is_text(node) and STATEMENT.match(node.value)  # type: ignore[attr-defined]
    }
    assert found == named - {"storage/migrations/"}


def test_every_statement_is_run_by_somebody() -> None:
    """Each is used under its name, or under a name built from table names."""
    names = {node.value for _, node in sources() if is_text(node)}  # type: ignore[attr-defined]
    patterns = [
        "".join(re.escape(part.value) if is_text(part) else "[a-z]+" for part in node.values)  # type: ignore[attr-defined]
        for _, node in sources()
        if isinstance(node, ast.JoinedStr)
    ]
    put_together = re.compile(
        "|".join(one for one in patterns if re.search("[a-z]{4}_|_[a-z]{4}", one))
    )
    sealed = {f"{table}_{act}" for table, acts in SEALED_TABLES.items() for act in acts}
    left_over = [
        name
        for name in queries()
        if name not in names | sealed and not put_together.fullmatch(name)
    ]
    assert left_over == []
