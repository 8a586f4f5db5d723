"""Measures how long the report of a whole project takes, and how much memory, in each format."""

from __future__ import annotations

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from io import BytesIO

import docx as python_docx

from bot.documents import data, docx, html, tables
from bot.documents.pictures import picture_svg
from dialogs.model.documents import FinishedDocument
from dialogs.model.documents import tables as lists_of
from tests.bench.contest import Row, ratio
from tests.bench.progress import Progress
from tests.worlds.full_report import AGREEMENTS, ANSWERS, CONCERNS, EXERCISES, SAID, full_report

MOST_SECONDS, MOST_MB = 5.0, 150
PARAGRAPHS = 470
"""Paragraphs of the report, headings and cells included."""


def _bare() -> bytes:
    """Write as many paragraphs with python-docx alone."""
    word = python_docx.Document()
    for number in range(PARAGRAPHS):
        word.add_paragraph(f"{number}: {SAID * 3}")
    saved = BytesIO()
    word.save(saved)
    return saved.getvalue()


async def _seconds(work: Callable[[], object]) -> float:
    """Return how long it takes in a thread, as on the server."""
    began = time.perf_counter()
    await asyncio.to_thread(work)
    return time.perf_counter() - began


def _spreadsheets(document: FinishedDocument) -> None:
    for table in lists_of(document):
        tables.draw(table)


def _peak(draw: Callable[[], object]) -> float:
    """Return how many megabytes drawing takes at most, beside what was there before."""
    tracemalloc.start()
    try:
        draw()
        return tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()


async def rows(told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    document = full_report()
    docx.draw(document)  # loads fonts and templates
    ways: dict[str, Callable[[], object]] = {
        "DOCX": lambda: docx.draw(document),
        "HTML": lambda: html.draw(document),
        "CSV": lambda: _spreadsheets(document),
        "JSON": lambda: data.draw(document),
    }
    bare: list[float] = []
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        told(f"round {number + 1} of {rounds}")
        bare.append(await _seconds(_bare))
        for name, draw in ways.items():
            picture_svg.cache_clear()
            took[name].append(await _seconds(draw))
    size = f"{ANSWERS} answers, {CONCERNS} concerns, {AGREEMENTS} agreements, {EXERCISES} exercises"
    goal = f"≤ {MOST_SECONDS:.0f} s, ≤ {MOST_MB} MB"
    for name, draw in ways.items():
        middle, peak = statistics.median(took[name]), _peak(draw)
        word = name == "DOCX"
        yield Row(
            f"a report of {size} as {name}",
            f"{middle:.2f} s, {peak:.0f} MB",
            f"python-docx alone: {statistics.median(bare):.2f} s" if word else "",
            str(ratio(took[name], bare)) if word else "",
            goal,
            middle <= MOST_SECONDS and peak <= MOST_MB,
        )
