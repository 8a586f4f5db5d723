"""Pictures: what they say, independent of platform, language and drawing.

A picture holds figures and words of ours, never people's: the localizer refuses any other. It is
drawn by bot/documents/pictures.py; dialogs/model/picture_sentences.py says the same in a sentence.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from msgspec import Struct

L = TypeVar("L")

StepState = Literal["done", "now", "later"]
Tone = Literal["accent", "better", "worse", "today", "neutral"]
"""What a group means. Each has its colour and its pattern, so that it can be read in grey."""


class NamedStep(Struct, Generic[L], frozen=True):
    """A step with its name, and when it was or will be, if that is known."""

    name: L
    state: StepState
    when: L | None = None


class Steps(Struct, Generic[L], frozen=True, tag="steps"):
    """Named steps in order, such as the four phases. At most one of them is `now`.

    `title` says what they are steps of. `link` is the id of a link at which the picture can be
    fetched, if there is one. The localizer writes `sentence`, the word `now` that the current step
    is marked with, and `url`, if Digi has a public address.
    """

    title: L
    steps: tuple[NamedStep[L], ...]
    sentence: L | None = None
    now: L | None = None
    link: str = ""
    url: str = ""


class Group(Struct, Generic[L], frozen=True):
    """A group that has its share of each bar."""

    name: L
    tone: Tone = "accent"


class Bar(Struct, Generic[L], frozen=True):
    """A bar with the figure of each group, in the order of the groups."""

    label: L
    values: tuple[int, ...]


class Chart(Struct, Generic[L], frozen=True, tag="chart"):
    """A bar chart. With several groups, each bar is stacked. `unit` is what the figures count.

    `link` is the id of a link at which its project's pictures can be fetched, and `of` the round
    whose figures it shows. The localizer writes `sentence`, and `url`, if there is a link and Digi
    has a public address.
    """

    title: L
    bars: tuple[Bar[L], ...]
    groups: tuple[Group[L], ...]
    unit: L | None = None
    sentence: L | None = None
    link: str = ""
    of: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        if any(len(bar.values) != len(self.groups) for bar in self.bars):
            raise ValueError("each bar needs a figure for each group")
        if any(value < 0 for bar in self.bars for value in bar.values):
            raise ValueError("a bar cannot be shorter than nothing")
