"""docs/oevelser.md and docs/exercises.md, for whoever leads an exercise, agree with the content."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from content.catalogue import load
from content.language import Language
from content.model import Catalogue

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[Language, Path] = {"da": DOCS / "oevelser.md", "en": DOCS / "exercises.md"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def rows(page: str) -> list[list[str]]:
    """Return the cells of each row of the page's tables."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("language", PAGES)
def test_the_page_names_every_exercise_with_its_minutes_and_phases(
    catalogue: Catalogue, language: Language
) -> None:
    """Those for leader and representatives stand below the table, all others in it."""
    page = PAGES[language].read_text(encoding="utf-8")
    listed = {row[1]: row[2:] for row in rows(page) if len(row) > 2}
    for found in catalogue.sets.values():
        guide, title = found.guide, found.title.of(language)
        if guide is None:
            continue
        if guide.audience == "trio":
            assert f"*{title}*" in page
            continue
        minutes, *phases = listed[title]
        plain = re.sub(r"\(.*?\)", "", minutes)
        assert tuple(map(int, re.findall(r"\d+", plain))) == guide.lengths
        if phases:
            assert tuple(map(int, re.findall(r"\d+", phases[0]))) == guide.phases


@pytest.mark.parametrize("language", PAGES)
def test_the_page_on_the_compass_has_its_steps(catalogue: Catalogue, language: Language) -> None:
    """Each step of ninety minutes, in order."""
    guide = catalogue.set("compass").guide
    assert guide is not None
    page = PAGES[language].read_text(encoding="utf-8")
    steps = [(step.name.of(language), str(step.minutes["90"])) for step in guide.steps]
    assert [(row[0], row[1]) for row in rows(page) if tuple(row[:2]) in steps] == steps


@pytest.mark.parametrize("language", PAGES)
def test_a_button_that_the_page_names_is_there(catalogue: Catalogue, language: Language) -> None:
    """Each bold name in a table or in the sentence on everybody's buttons is a phrase."""
    page = PAGES[language].read_text(encoding="utf-8")
    cells = [cell for row in rows(page) for cell in row[:2]]
    everybody = [line for line in page.splitlines() if "**Led øvelsen**:" in line]
    everybody += [line for line in page.splitlines() if "**Lead the exercise**:" in line]
    named = {name for line in (*cells, *everybody) for name in re.findall(r"\*\*(.+?)\*\*", line)}
    assert len(named) > 15
    said = {
        form
        for phrase in catalogue.phrases.values()
        if isinstance(form := getattr(phrase, language), str)
    }
    assert named - said == set()
