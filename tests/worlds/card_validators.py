"""Validates cards for Teams with Microsoft's own Node packages, which `make test` installs if npm
exists.

One process serves a whole run, one line of JSON per request. Without Node, `make test` skips these
checks and says so; in CI (variable CI set) they must run.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.worlds import card_checks

NODE = Path(__file__).parents[1] / "node"
REMEDY = "On Debian: sudo apt-get install nodejs npm; then make test"

Json = dict[str, Any]


class Shown(msgspec.Struct, frozen=True):
    """A rendered card: the texts that a reader sees, after Teams' markdown."""

    problems: tuple[str, ...] = ()
    text: str = ""
    links: tuple[str, ...] = ()
    styled: tuple[str, ...] = ()


@cache
def lacking() -> str:
    """Return what this machine lacks to run Microsoft's packages; "" if nothing."""
    node = shutil.which("node")
    if node is None:
        return f"NOT TESTED: Teams' cards and manifest. Node is not there. {REMEDY}"
    if not (NODE / "node_modules" / "adaptivecards").is_dir():
        return (
            f"NOT TESTED: Teams' cards and manifest. {NODE / 'node_modules'} is not there. {REMEDY}"
        )
    return ""


def needed() -> None:
    """Skip the test if the packages are not available."""
    if reason := lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def problems(card: Json) -> list[str]:
    """Return all problems of a card that the available validators find."""
    found = card_checks.problems(card)
    if lacking():
        assert not os.environ.get("CI"), lacking()
        return found
    return [*found, *_ask("card", card)["problems"]]


def problems_of_new(card: Json) -> list[str]:
    """Validate a card unless this process has seen an equal one; the data of buttons is ignored.

    Microsoft's packages look at one element at a time, without reading its words, and take most of
    the time. So they get only cards with an element of a kind that they have not had yet.
    """
    shown = _without_data(card)
    if not _is_new(shown):
        return []
    kinds = [_is_new(kind) for kind in _kinds_of_elements(shown)]
    return problems(card) if any(kinds) else card_checks.problems(card)


_seen: set[int] = set()
_ANY_VALUE = {
    "altText",
    "data",
    "errorMessage",
    "fallbackText",
    "id",
    "label",
    "placeholder",
    "speak",
    "text",
    "title",
    "url",
    "value",
}
"""Properties of which only the type matters, and whether they are empty."""


def _is_new(part: Any) -> bool:
    mark = hash(msgspec.json.encode(part))
    if mark in _seen:
        return False
    _seen.add(mark)
    return True


def _without_data(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: name == "data" or _without_data(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_without_data(one) for one in node]
    return node


def _kinds_of_elements(node: Any, within: str = "") -> Iterator[Any]:
    """Yield for each element its own properties and the type of what holds it."""
    if isinstance(node, dict):
        yield within, {name: _kind_of_value(name, value) for name, value in node.items()}
        for name, value in node.items():
            yield from _kinds_of_elements(value, f"{node.get('type')}.{name}")
    elif isinstance(node, list):
        for one in node:
            yield from _kinds_of_elements(one, within)


def _kind_of_value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        kinds = {one.get("type") if isinstance(one, dict) else type(one).__name__ for one in value}
        return sorted(map(str, kinds)), len(value) > card_checks.PRIMARY
    if name in _ANY_VALUE or isinstance(value, dict):
        return type(value).__name__, bool(value)
    return value


def shown(card: Json) -> Shown:
    return msgspec.convert(_ask("card", card), Shown)


def manifest_problems(manifest: Json) -> list[str]:
    return list(_ask("manifest", manifest)["problems"])


def translation_problems(translation: Json) -> list[str]:
    return list(_ask("translation", translation)["problems"])


def _ask(kind: str, body: Json) -> Json:
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    line = json.dumps({"kind": kind, "body": body})
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, f"the validators ended at {line[:200]}"
    found: Json = json.loads(answer)
    return found


@cache
def _process() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        ["node", str(NODE / "validate.cjs")],
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
