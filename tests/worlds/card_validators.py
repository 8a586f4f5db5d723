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
from collections.abc import Callable
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

    What Microsoft's packages find depends on the structure only and takes most of the time, so they
    get one card of each structure.
    """
    if not _is_new(card, _without_data):
        return []
    return problems(card) if _is_new(card, _structure) else card_checks.problems(card)


_seen: set[int] = set()
_TEXTS = {"text", "title", "label", "placeholder", "errorMessage", "speak"}


def _is_new(card: Json, part: Callable[[Json], Any]) -> bool:
    mark = hash((part.__name__, json.dumps(part(card))))
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


def _structure(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: bool(value) if name in _TEXTS or name == "data" else _structure(value)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_structure(one) for one in node]
    return node


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
