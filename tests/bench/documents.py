"""Measures how long a document of a whole project takes, with a chart in it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from datetime import date
from io import BytesIO

import docx as python_docx

from bot.documents import docx, html
from bot.documents.pictures import picture_svg
from dialogs.model import cards as c
from dialogs.model import documents as d
from dialogs.model.cards import Plain, Quoted, Spans
from dialogs.model.pictures import Bar, Chart, Group
from tests.bench.contest import Row, ratio
from tests.bench.progress import Progress

ANSWERS, CONCERNS, AGREEMENTS = 200, 30, 60
MOST_SECONDS = 5.0
WORDS = "Vi mister roen om morgenen, når planen bliver ændret, efter at vi er kørt. " * 3


def _ours(words: str) -> Spans:
    return (Plain(words),)


def _said(number: int) -> Spans:
    return (Quoted(f"{number}: {WORDS}"),)


def _chart() -> c.FinishedPicture:
    bars = tuple(Bar(_ours(f"Udsagn {i}"), (1 + i, 20 - i)) for i in range(10))
    groups = (Group(_ours("bedre"), "better"), Group(_ours("værre"), "worse"))
    return Chart(_ours("Hvad bliver bedre?"), bars, groups, sentence=_ours("Ti udsagn."))


def report() -> d.FinishedDocument:
    """Return a document with the answers of twenty questions, concerns, agreements and a chart."""
    anne = _ours("Anne Holm")
    answers = tuple(
        d.Section(
            _ours(f"Spørgsmål {i}"), tuple(c.Quote(_said(n), anne) for n in range(ANSWERS // 20))
        )
        for i in range(20)
    )
    heading = (_ours("Aftale"), _ours("Hvem"), _ours("Hvornår"))
    rows = tuple((_said(n), anne, _ours("torsdag den 26. november")) for n in range(AGREEMENTS))
    concerns = tuple(
        part
        for n in range(CONCERNS)
        for part in (c.Quote(_said(n)), c.Paragraph(_ours("Svar:")), c.Quote(_said(n), anne))
    )
    return d.Document(
        title=_ours("Rapport"),
        slug=_ours("rapport"),
        project=_ours("Ny omsorgsplatform"),
        day=date(2026, 11, 26),
        head=_ours("Ny omsorgsplatform"),
        sections=(
            *answers,
            d.Section(_ours("Bekymringer"), concerns),
            d.Section(_ours("Aftaler"), (d.DataTable(_ours("Aftaler"), heading, rows),)),
            d.Section(_ours("Billedet"), (_chart(),)),
        ),
        furniture=d.Furniture(_ours("Indhold"), _ours("Side"), _ours("af")),
    )


def _bare() -> bytes:
    """Write as many paragraphs with python-docx alone."""
    word = python_docx.Document()
    for number in range(ANSWERS + 3 * CONCERNS + 3 * AGREEMENTS):
        word.add_paragraph(f"{number}: {WORDS}")
    saved = BytesIO()
    word.save(saved)
    return saved.getvalue()


async def _seconds(work: Callable[[], object]) -> float:
    """Return how long it takes in a thread, as on the server."""
    began = time.perf_counter()
    await asyncio.to_thread(work)
    return time.perf_counter() - began


async def rows(told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    document = report()
    docx.draw(document)  # loads fonts and templates
    word, page, bare = [], [], []
    for number in range(rounds):
        told(f"round {number + 1} of {rounds}")
        picture_svg.cache_clear()
        word.append(await _seconds(lambda: docx.draw(document)))
        bare.append(await _seconds(_bare))
        page.append(await _seconds(lambda: html.draw(document)))
    size = f"{ANSWERS} answers, {CONCERNS} concerns, {AGREEMENTS} agreements"
    goal = f"≤ {MOST_SECONDS:.0f} s"
    took, printed = statistics.median(word), statistics.median(page)
    yield Row(
        f"a DOCX of {size}",
        f"{took:.2f} s",
        f"python-docx alone: {statistics.median(bare):.2f} s",
        str(ratio(word, bare)),
        goal,
        took <= MOST_SECONDS,
    )
    yield Row("the same as HTML", f"{printed:.2f} s", "", "", goal, printed <= MOST_SECONDS)
