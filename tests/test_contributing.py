"""Follows the steps of CONTRIBUTING.md for a new conversation on a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from msgspec import Struct

ROOT = Path(__file__).parents[1]
STEP = re.compile(r"^\d+\. `([^`]+)`[^\n]*\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKS = (
    "tests/dialogs/test_registry.py",
    "tests/bot/core/test_gate.py::test_the_table_says_what_it_must",
    "tests/content/test_phrases.py",
    "tests/dialogs/test_transcripts.py",
    "tests/test_words.py::test_every_folder_has_a_line",
)
ONLY = "not postgresql and not in_english and (not goes_as_its_transcript or coffee)"


class Change(Struct, frozen=True):
    """A new file, or one hunk of a diff."""

    path: str
    old: str | None
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {(self.old or self.new).strip().splitlines()[:1]}"

    def carry_out(self, tree: Path) -> None:
        file = tree / self.path
        if self.old is None:
            file.parent.mkdir(exist_ok=True)
            file.write_text(self.new, encoding="utf-8")
            return
        text = file.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.path} has not once what the recipe changes there"
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


def _changes() -> list[Change]:
    found: list[Change] = []
    for path, kind, body in STEP.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        if kind != "diff":
            found.append(Change(path, None, body))
            continue
        lines = body.splitlines(keepends=True)
        for is_mark, hunk in groupby(lines, lambda line: line.startswith("@@")):
            if not is_mark:
                each = list(hunk)
                old = "".join(line[1:] for line in each if line[0] != "+")
                found.append(
                    Change(path, old, "".join(line[1:] for line in each if line[0] != "-"))
                )
    return found


CHANGES = _changes()
# The error messages of the tests when a step was left out.
REMEDIES = {
    "tests/transcripts/coffee.txt": ["tests/transcripts/coffee_"],
    "dialogs/model/events.py": [
        "name 'CoffeeAsked' is not defined",
        "add CoffeeAsked to SignedEvent in dialogs/model/events.py",
        "add 'coffee' to View in dialogs/model/events.py",
    ],
    "dialogs/model/commands.py": ["dialogs/model/commands.py does not say how these are typed"],
    "bot/core/access.py": ["MAY in bot/core/access.py"],
    "dialogs/coffee/__init__.py": ["dialogs/coffee/__init__.py is missing"],
    "dialogs/coffee/decide.py": ["cannot import name 'decide' from 'dialogs.coffee'"],
    "content/phrases/coffee.toml": ["coffee.when"],
    "dialogs/registry.py": ["name 'coffee' is not defined", "dialogs/coffee has no row"],
    "docs/words.md": ["dialogs/coffee"],
}
LEFT_OUT = [
    (at, remedy)
    for path, remedies in REMEDIES.items()
    for at, remedy in zip(
        (at for at, change in enumerate(CHANGES) if change.path == path), remedies, strict=True
    )
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    leave = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
    for name in ("bot", "content", "dialogs", "docs", "storage", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leave)
    for validators in ROOT.glob("tests/node/node_modules"):
        (tmp_path / "tests/node/node_modules").symlink_to(validators)
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _checked(tree: Path, *checks: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *checks, "-k", ONLY], cwd=tree, capture_output=True, text=True, check=False
    )


def test_the_recipe_makes_a_conversation(tree: Path) -> None:
    """The nine files of the recipe make a conversation that plays its transcript."""
    for change in CHANGES:
        change.carry_out(tree)
    assert len({change.path for change in CHANGES}) == 9
    done = _checked(tree, *CHECKS)
    assert done.returncode == 0, done.stdout


_SHORT = {"SignedEvent", "View"}


@pytest.mark.parametrize(
    ("at", "remedy"),
    [
        pytest.param(
            at, remedy, id=remedy, marks=() if _SHORT & set(remedy.split()) else pytest.mark.long
        )
        for at, remedy in LEFT_OUT
    ],
)
def test_a_step_that_was_left_out_is_named(tree: Path, at: int, remedy: str) -> None:
    """If any step is left out, a test fails and names what is missing."""
    for change in (*CHANGES[:at], *CHANGES[at + 1 :]):
        change.carry_out(tree)
    done = _checked(tree, *CHECKS)
    assert done.returncode != 0
    assert remedy in done.stdout + done.stderr  # import errors are on stderr


def test_every_step_can_be_left_out() -> None:
    assert sorted(at for at, _ in LEFT_OUT) == list(range(len(CHANGES)))
