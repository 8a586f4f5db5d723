"""Every phrase that the code uses exists, and every existing phrase is used."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from content import catalogue as content
from content.model import Catalogue

ROOT = Path(__file__).parents[2]
ROOMS = ("dialogs", "bot", "content", "storage")
# Sections whose keys are built from data: names of days, names of parts.
MADE = re.compile(r"^(day|month|part|role|state)\.")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return content.load()


@functools.cache
def _nodes() -> list[tuple[Path, ast.AST]]:
    """Iterate over the AST nodes of every source file, with the file."""
    files = [p for room in ROOMS for p in (ROOT / room).rglob("*.py")]
    return [
        (path, node)
        for path in (*files, ROOT / "app.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]


def _literals() -> tuple[set[str], list[re.Pattern[str]]]:
    """Return every string in the code; f-strings as patterns."""
    strings: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for _, node in _nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            pattern = "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.-]+"
                for part in node.values
            )
            fixed = "".join(
                str(part.value) for part in node.values if isinstance(part, ast.Constant)
            )
            if re.search(r"[a-z_]{3,}\.|_[a-z]{4,}$", fixed):
                patterns.append(re.compile(pattern))
    return strings, patterns


def _named() -> dict[str, str]:
    """Return the keys passed to text(...) as literals, with their places."""
    found: dict[str, str] = {}
    for path, node in _nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("text", "_says", "Text", "_show")
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            found[node.args[0].value] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_every_phrase_that_is_named_exists(catalogue: Catalogue) -> None:
    """Otherwise a person, not a developer, would find the missing key."""
    missing = {key: at for key, at in _named().items() if key not in catalogue.phrases}
    assert not missing


def test_every_phrase_is_used(catalogue: Catalogue) -> None:
    """Unused phrases have to be deleted."""
    strings, patterns = _literals()
    # A list of options builds its keys from a prefix: project.language with _da, _en.
    prefixes = [s for s in strings if re.fullmatch(r"[a-z]+\.[a-z_]+", s)]
    prefixes = [prefix for prefix in prefixes if prefix not in catalogue.phrases]
    unused = [
        key
        for key in catalogue.phrases
        if key not in strings
        and not MADE.match(key)
        and not any(pattern.fullmatch(key) for pattern in patterns)
        and not any(key.startswith(f"{prefix}_") for prefix in prefixes)
    ]
    assert not unused


def test_arguments_fit_their_placeholders(catalogue: Catalogue) -> None:
    """A call's keyword arguments match the placeholders of its phrase."""
    wrong: list[str] = []
    for path, node in _nodes():
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "text"
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and all(keyword.arg for keyword in node.keywords)
        ):
            continue
        key = str(node.args[0].value)
        if key not in catalogue.phrases:
            continue
        wanted = set(re.findall(r"\{(\w+)\}", str(catalogue.phrases[key])))
        given = {keyword.arg for keyword in node.keywords}
        if wanted - given:
            wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {key} lacks {wanted - given}")
    assert not wrong
