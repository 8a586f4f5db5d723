"""Everything that the documentation refers to exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs/decisions"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MADE_BY_THE_READER = "coffee"
"""The example conversation of CONTRIBUTING.md, which tests/test_contributing.py creates."""
_PATH = re.compile(r"(?<![\w/.-])(?:bot|dialogs|storage|content|tests|docs)/[\w/.-]*\w")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_and_link_of_a_page_leads_to_a_file(page: Path) -> None:
    """Every path and link in the documentation names a file or folder of this repository."""
    text = page.read_text()
    named = [path for path in _PATH.findall(text) if MADE_BY_THE_READER not in path]
    lost = [path for path in named if not (ROOT / path).exists()]
    lost += [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    assert lost == []


def test_the_list_of_decisions_names_every_page_by_its_title() -> None:
    """docs/decisions/README.md lists all pages by their titles, numbered without gaps or
    duplicates."""
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    titles = [page.read_text().partition("\n")[0].removeprefix("# ") for page in pages]
    assert [title.partition(".")[0] for title in titles] == [
        str(number) for number in range(1, len(pages) + 1)
    ]
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (DECISIONS / "README.md").read_text(), re.M)
    assert listed == [(title, page.name) for title, page in zip(titles, pages, strict=True)]


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_a_decision_is_half_a_page_of_context_decision_and_cost(page: Path) -> None:
    """Each decision has three short paragraphs in the same order: context, decision, cost."""
    text = page.read_text()
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.M) == ["Context", "Decision", "Cost"]
    assert len(text.split()) <= 250


def test_each_setting_stands_once_in_its_table() -> None:
    """Each setting has exactly one row in the tables, so that no two rows can disagree."""
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "docs/settings.md").read_text(), re.M)
    variables = [variable for row in rows for variable in re.findall(r"`(\w+)`", row)]
    assert len(variables) > 20
    assert sorted(variables) == sorted(set(variables))


def test_every_command_that_a_page_names_is_there() -> None:
    """Every `make` target and `app.py` command in the documentation exists."""
    text = "\n".join(page.read_text() for page in PAGES)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    commands = set(re.findall(r' add\("([a-z-]+)", _', (ROOT / "bot/cli/commands.py").read_text()))
    assert {"run", "test"} <= targets
    assert {"run", "check"} <= commands
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
    assert sorted(named - targets) == []
    named = set(re.findall(r"python app\.py ([a-z][a-z-]+)", text))
    assert len(named) > 5
    assert sorted(named - commands) == []
