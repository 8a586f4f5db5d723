"""Measures how long it takes to draw a chart as PNG, beside resvg alone on the finished SVG."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable

import resvg_py

from bot.documents.pictures import FONT_FILES, PNG_WIDTH, picture_png, picture_svg, zoom_of
from dialogs.model.cards import Plain, Spans
from dialogs.model.pictures import Bar, Chart, Group
from tests.bench.contest import Row, ratio
from tests.bench.progress import Progress

MOST = 0.1
"""Seconds that a chart may take."""


def _said(text: str) -> Spans:
    return (Plain(text),)


def chart(bars: int = 5) -> Chart[Spans]:
    """Return a chart of several statements in three groups."""
    return Chart(
        _said("Det, I ser forskelligt på, står først"),
        tuple(
            Bar(_said(f"Nummer {n}: indflydelse på vores egen dag"), (10, 5, 5 + n))
            for n in range(bars)
        ),
        (
            Group(_said("bedre"), "better"),
            Group(_said("som før"), "neutral"),
            Group(_said("værre"), "worse"),
        ),
        _said("svar"),
        _said("Det, I ser forskelligt på, står først."),
    )


async def rows(told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    picture = chart()
    svg = picture_svg(picture, PNG_WIDTH, ground=True)

    def drawn() -> None:
        picture_svg.cache_clear()
        picture_png(picture)

    def alone() -> None:
        resvg_py.svg_to_bytes(
            svg_string=svg, skip_system_fonts=True, font_files=list(FONT_FILES), zoom=zoom_of(svg)
        )

    ours: list[float] = []
    bare: list[float] = []
    drawn()
    for n in range(4 * rounds):
        told(f"{n + 1} of {4 * rounds}")
        ours.append(await asyncio.to_thread(_seconds, drawn))
        bare.append(await asyncio.to_thread(_seconds, alone))
    took = statistics.median(ours)
    yield Row(
        "a chart of five bars as PNG",
        f"{took * 1000:.0f} ms",
        f"resvg alone: {statistics.median(bare) * 1000:.0f} ms",
        str(ratio(ours, bare)),
        f"≤ {MOST * 1000:.0f} ms",
        took <= MOST,
    )


def _seconds(work: Callable[[], None]) -> float:
    """Return the processor's time, which others on the machine lengthen less than the clock's."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
