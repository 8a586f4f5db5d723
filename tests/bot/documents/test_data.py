"""Documents as JSON: for other programs, by the schema in docs/."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from bot.documents import data
from content.language import Language
from dialogs.model.documents import plain_text
from dialogs.model.pictures import Chart, Steps
from tests.bot.documents.samples import ADDRESS, WRITTEN, finished, with_pictures

SCHEMA = Path(__file__).parents[3] / "docs/document.schema.json"


class OldReader(Struct, forbid_unknown_fields=True):
    """A program that was written by the schema's first version."""

    format: str
    version: int
    document: dict[str, object]


def test_the_published_schema_is_that_of_the_files() -> None:
    """docs/document.schema.json says what we write. After a change: `python -m
    tests.bot.documents.test_data`; and a new VERSION if readers of the old one cannot follow."""
    assert json.loads(SCHEMA.read_text()) == data.schema()


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_file_reads_back_as_the_document_in_plain_words(language: Language) -> None:
    document = finished(language, more=2)
    told = msgspec.json.decode(data.draw(document), type=data.DataFile)
    assert told.document == plain_text(document)
    assert told.version == data.VERSION
    assert told.document.language == language


def test_a_picture_is_in_it_with_its_figures() -> None:
    told = msgspec.json.decode(data.draw(with_pictures()), type=data.DataFile)
    steps, chart = told.document.sections[0].passages
    assert isinstance(steps, Steps)
    assert [one.name for one in steps.steps][1] == "Konsekvensvurdering"
    assert isinstance(chart, Chart)
    assert [bar.values for bar in chart.bars] == [(4, 1), (2, 5)]


def test_the_file_says_what_it_is() -> None:
    """Its format and version stand in it, though they are the defaults."""
    old = msgspec.json.decode(data.draw(finished()), type=OldReader)
    assert (old.format, old.version) == ("digi-document", 1)
    assert old.document["day"] == "2026-11-24"


def test_everything_of_the_document_is_in_it() -> None:
    """What people wrote, to the letter, and the address; nobody's id."""
    told = data.draw(finished()).decode()
    strings = set(_strings(json.loads(told)))
    assert {*WRITTEN, ADDRESS, "Anne Holm"} <= strings
    assert "anne" not in strings


def _strings(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [one for value in node.values() for one in _strings(value)]
    return [one for value in node for one in _strings(value)] if isinstance(node, list) else []


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(data.schema(), indent=2, ensure_ascii=False) + "\n")
