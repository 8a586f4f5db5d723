"""A candidate and its baseline in turn, A B A B, so that whatever else the machine does meets both.

A ratio is made of neighbours; the table shows the median of the ratios, and how far they spread.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from msgspec import Struct

from tests.bench.load import Slice


class Measured(Struct, frozen=True):
    """One server's slices."""

    slices: list[Slice]
    busy: list[float]  # seconds of the processor, a slice

    @property
    def rate(self) -> float:
        return statistics.median(one.rate for one in self.slices)

    @property
    def cost(self) -> float:
        """Microseconds of the processor for a request."""
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
    """Of neighbours, each candidate to the baseline measured beside it."""
    each = [a / b for a, b in zip(candidate, baseline, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


class Row(Struct, frozen=True):
    """A line of the table. `reached` is None where nothing was to be reached."""

    what: str
    figure: str
    baseline: str
    ratio: str
    goal: str
    reached: bool | None = None


HEAD = Row("what", "measured", "baseline", "ratio (lowest-highest)", "to reach")


def table(rows: Sequence[Row]) -> str:
    """As Markdown, so that it can be put into a document as it is."""
    said = {True: "yes", False: "no", None: ""}
    lines = [
        [row.what, row.figure, row.baseline, row.ratio, row.goal, said[row.reached]] for row in rows
    ]
    head = [HEAD.what, HEAD.figure, HEAD.baseline, HEAD.ratio, HEAD.goal, "reached"]
    widths = [max(len(line[at]) for line in (head, *lines)) for at in range(len(head))]

    def drawn(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = f"| {' | '.join('-' * width for width in widths)} |"
    return "\n".join([drawn(head), rule, *map(drawn, lines)])
