"""Measures how long each edge takes to draw a board of 200 notes, all of its pages."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable

import msgspec

from bot.documents.pictures import picture_svg
from bot.platforms.common.ports import Answer
from bot.platforms.slack import draw as slack
from bot.platforms.teams import draw as teams
from bot.platforms.web.page.draw import PageFrame, home_or_card
from bot.platforms.web.playground.wire import bare
from dialogs.model import cards as c
from tests.bench.contest import Row
from tests.bench.progress import Progress
from tests.worlds.boards import board_of

NOTES = 200
MOST = 0.05
"""Seconds that a board may take."""
WORDS = "Vi mister roen om morgenen, når ruterne bliver ændret, efter at vi er kørt hjemmefra. " * 2


async def rows(told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    card: c.FinishedCard = c.Card((board_of(NOTES, (c.Quoted(WORDS[:160]),)),))
    frame = PageFrame(lambda language, key: key, "da")
    edges: dict[str, Callable[[], object]] = {
        "Slack": lambda: slack.message(card, "da"),
        "Teams": lambda: teams.messages((card,), "da"),
        "the playground": lambda: msgspec.json.encode(bare(card, picture_svg)),
        "the page": lambda: home_or_card(frame, Answer(cards=(card,)), home=False),
    }
    for name, draw in edges.items():
        draw()
        ours: list[float] = []
        for n in range(4 * rounds):
            told(f"{name}: {n + 1} of {4 * rounds}")
            ours.append(await asyncio.to_thread(_seconds, draw))
        took = statistics.median(ours)
        yield Row(
            f"a board of {NOTES} notes drawn for {name}",
            f"{took * 1000:.1f} ms",
            "",
            "",
            f"≤ {MOST * 1000:.0f} ms",
            took <= MOST,
        )


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor's time, which others on the machine lengthen less than the clock's."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
