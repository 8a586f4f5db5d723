"""Measures how long the report of a whole project takes, and how much memory, in each format.

Each figure is of the whole way from the facts to the file: what the report says, its words in one
language, and the drawing.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import docx as python_docx

from bot.documents import data, docx, html, tables
from bot.documents.pictures import picture_svg
from dialogs.model.documents import FinishedDocument
from dialogs.model.documents import tables as lists_of
from tests.bench.contest import Row, ratio
from tests.bench.process import ROOT
from tests.bench.progress import Progress
from tests.worlds.full_report import (
    AGREEMENTS,
    ANSWERS,
    CONCERNS,
    EXERCISES,
    SAID,
    full_report,
    known,
)

MOST_SECONDS, MOST_MB = 5.0, 150
PARAGRAPHS = 1870
"""Paragraphs of the report, headings and cells included."""


def _bare() -> bytes:
    """Write as many paragraphs with python-docx alone."""
    word = python_docx.Document()
    for number in range(PARAGRAPHS):
        word.add_paragraph(f"{number}: {SAID * 3}")
    saved = BytesIO()
    word.save(saved)
    return saved.getvalue()


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor's time, which others on the machine lengthen less than the clock's."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def _spreadsheets(document: FinishedDocument) -> None:
    for table in lists_of(document):
        tables.draw(table)


WAYS: dict[str, Callable[[FinishedDocument], object]] = {
    "DOCX": docx.draw,
    "HTML": html.draw,
    "CSV": _spreadsheets,
    "JSON": data.draw,
}


def _make(way: str) -> None:
    WAYS[way](full_report())


async def _peak(way: str) -> float:
    """Return how many megabytes a process of its own takes at most, beside what it loads first."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.documents",
        way,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said, _ = await process.communicate()
    return float(said)


def _most_memory() -> float:
    """Return the most megabytes that this process has had in memory so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kilobytes] = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024 / 1_000_000


async def rows(told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    _make("DOCX")  # loads phrases, fonts and templates
    bare: list[float] = []
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(rounds):
        told(f"round {number + 1} of {rounds}")
        bare.append(await asyncio.to_thread(_seconds, _bare))
        for name in WAYS:
            picture_svg.cache_clear()
            took[name].append(await asyncio.to_thread(_seconds, partial(_make, name)))
    size = f"{ANSWERS} answers, {CONCERNS} concerns, {AGREEMENTS} agreements, {EXERCISES} exercises"
    goal = f"≤ {MOST_SECONDS:.0f} s, ≤ {MOST_MB} MB"
    for name in WAYS:
        middle, peak = statistics.median(took[name]), await _peak(name)
        word = name == "DOCX"
        yield Row(
            f"a report of {size} as {name}",
            f"{middle:.2f} s, +{peak:.0f} MB",
            f"python-docx alone: {statistics.median(bare):.2f} s" if word else "",
            str(ratio(took[name], bare)) if word else "",
            goal,
            middle <= MOST_SECONDS and peak <= MOST_MB,
        )


if __name__ == "__main__":
    known()
    before = _most_memory()
    _make(sys.argv[1])
    print(_most_memory() - before)
