"""Each file can be had in the ways that fit it, and each way draws what its name says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from bot.documents.files import FileWay, drawables, title_of
from content import catalogue as content
from content.model import Catalogue
from dialogs.model.appointments import FinishedAppointment
from dialogs.model.cards import Plain
from dialogs.model.documents import Format
from dialogs.model.posters import PAPERS, FinishedPoster
from tests.bot.documents.samples import finished

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DEADLINE = FinishedAppointment(
    uid="a", title=(Plain("Svar"),), note=(), slug=(Plain("aftale"),), day=date(2026, 12, 4)
)
BEGINS = {"docx": b"PK", "html": b"<!doctype html>", "json": b"{", "ics": b"BEGIN:VCALENDAR"}


def poster(language: str) -> FinishedPoster:
    line = (Plain("ord"),)
    return FinishedPoster(
        name=line,
        title=line,
        lead=line,
        how=(line,),
        kept=line,
        type=line,
        hang=line,
        take=line,
        document=line,
        code=line,
        code_leads=line,
        print=dict.fromkeys(PAPERS, line),
        address=(Plain("https://digi.nordby.dk/b/x"),),
        language="da" if language == "da" else "en",
    )


WHOLE = replace(finished(), formats=get_args(Format))


@pytest.mark.parametrize("file", [DEADLINE, WHOLE])
def test_each_way_draws_its_own_kind_of_file(file: object) -> None:
    """The bytes are of the kind that the file's name and media type say."""
    ways = drawables((file,), NOW)  # type: ignore[arg-type]
    assert len({one.choice for one in ways}) == len(ways)
    assert len({one.name for one in ways}) == len(ways)
    for one in ways:
        drawn, kind = one.draw(), one.name.rpartition(".")[2]
        assert kind == one.way
        assert drawn.startswith(BEGINS.get(kind, b"\xef\xbb\xbf")), one.name
        assert one.opens == (kind == "html")


def test_a_document_is_offered_in_the_ways_that_it_names() -> None:
    """A sheet as Word and to be printed; a report says that it can be had as data, too."""
    assert [one.way for one in drawables((finished(),), NOW)] == ["docx", "html"]
    assert [one.way for one in drawables((WHOLE,), NOW)] == ["docx", "html", "csv", "json"]


def test_what_draws_word_files_is_loaded_with_the_first_one() -> None:
    """It takes 15 MB, which Digi does without until somebody wants one."""
    found = "import sys, bot.documents.files; print('docx' in sys.modules, 'lxml' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", found], capture_output=True, check=True, text=True)
    assert said.stdout.split() == ["False", "False"]


def test_a_poster_can_be_had_on_two_papers_in_two_languages() -> None:
    ways = drawables((poster("da"), poster("en")), NOW)
    assert {one.way for one in ways} == {"a4_da", "a5_da", "a4_en", "a5_en"}
    for one in ways:
        paper, _, language = one.way.partition("_")
        page = one.draw().decode()
        assert f'<html lang="{language}" class="{paper}">' in page
        assert f"size: {paper.upper()} portrait" in page


def test_each_way_has_the_words_of_its_button() -> None:
    catalogue: Catalogue = content.load()
    for way in get_args(FileWay):
        assert catalogue.phrase(f"download.as_{way}").of("en")


def test_the_page_is_headed_by_what_the_file_is_about() -> None:
    assert title_of(DEADLINE) == "Svar"
    assert title_of(poster("da")) == "ord"
