"""Measures a candidate and its baseline alternately (A B A B), so that other load affects both.

Each ratio is between neighbouring measurements; the table shows the median of the ratios and their
spread.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from msgspec import Struct

from tests.bench.load import Slice


class Measured(Struct, frozen=True):
    """The measurements of one server."""

    slices: list[Slice]
    busy: list[float]  # CPU seconds of each slice

    @property
    def rate(self) -> float:
        return statistics.median(one.rate for one in self.slices)

    @property
    def cost(self) -> float:
        """Return the CPU microseconds per request."""
        return statistics.median(
            1e6 * busy / len(one.waited) for one, busy in zip(self.slices, self.busy, strict=True)
        )

    def percentile(self, of_hundred: float) -> float:
        return statistics.median(one.percentile(of_hundred) for one in self.slices)


class Ratio(Struct, frozen=True):
    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lowest:.2f}-{self.highest:.2f})"


def ratio(candidate: Sequence[float], baseline: Sequence[float]) -> Ratio:
    """Return the ratios of each candidate slice to the baseline slice beside it."""
    each = [a / b for a, b in zip(candidate, baseline, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


class Row(Struct, frozen=True):
    """A row of the table. `reached` is None if there is no goal."""

    what: str
    figure: str
    baseline: str
    ratio: str
    goal: str
    reached: bool | None = None


# Rows are printed one by one, so the longest cell is unknown yet; this width suits most.
_COLUMNS = (
    ("what", 50),
    ("measured", 40),
    ("baseline", 40),
    ("ratio (lowest-highest)", 24),
    ("to reach", 20),
    ("reached", 7),
)
_REACHED = {True: "yes", False: "no", None: ""}


def head() -> str:
    """Return the heading of a Markdown table, which can be pasted into a document."""
    rule = "|".join("-" * (width + 2) for _, width in _COLUMNS)
    return f"{_drawn([name for name, _ in _COLUMNS])}\n|{rule}|"


def line(row: Row) -> str:
    return _drawn([row.what, row.figure, row.baseline, row.ratio, row.goal, _REACHED[row.reached]])


def _drawn(cells: Sequence[str]) -> str:
    padded = (cell.ljust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    return f"| {' | '.join(padded)} |"
