"""A screen: what hangs on the wall of a meeting, independent of language.

It shows the step of an exercise, how long there is left, and the notes in their lanes. It is for
everybody in the room, so it holds only what the project's channel may read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Literal

from msgspec import Struct

from dialogs.model.cards import L2, L, Line, Spans

Sign = Literal["today", "better", "worse", "plain"]


class ScreenNote(Struct, Generic[L], frozen=True):
    """A note. Its kind is told by `sign` and in the words of `kind`. `rank` is its place after the
    dots (1, 2, 3), or 0. `group` is what it was put together under, and `about` says what sets it
    apart: the leader's, written on paper."""

    id: str
    words: L
    sign: Sign = "plain"
    kind: L | None = None
    about: L | None = None
    rank: int = 0
    group: L | None = None


class ScreenColumn(Struct, Generic[L], frozen=True):
    """A lane with its notes; `text` says what the lane is about."""

    id: str
    name: L
    notes: tuple[ScreenNote[L], ...] = ()
    text: L | None = None


class Screen(Struct, Generic[L], frozen=True):
    """What a wall shows: the exercise's name and where one is in it (`place`), the step and what to
    do, and the lanes.

    The page counts down to `ends_at` by itself; `next` says what comes then. `waits` says what is
    waited for, where there is nothing to read yet. `foot` are the lines below.
    """

    title: L
    place: L
    heading: L
    instruction: L
    columns: tuple[ScreenColumn[L], ...] = ()
    ends_at: datetime | None = None
    next: L | None = None
    waits: L | None = None
    foot: tuple[L, ...] = ()


NeutralScreen = Screen[Line]
FinishedScreen = Screen[Spans]


def finished(screen: Screen[L], line: Callable[[L], L2]) -> Screen[L2]:
    """Return the screen with its lines as `line` puts them."""

    def maybe(said: L | None) -> L2 | None:
        return None if said is None else line(said)

    def column(one: ScreenColumn[L]) -> ScreenColumn[L2]:
        notes = tuple(
            ScreenNote(
                note.id,
                line(note.words),
                note.sign,
                maybe(note.kind),
                maybe(note.about),
                note.rank,
                maybe(note.group),
            )
            for note in one.notes
        )
        return ScreenColumn(one.id, line(one.name), notes, maybe(one.text))

    return Screen(
        line(screen.title),
        line(screen.place),
        line(screen.heading),
        line(screen.instruction),
        tuple(column(one) for one in screen.columns),
        screen.ends_at,
        maybe(screen.next),
        maybe(screen.waits),
        tuple(line(one) for one in screen.foot),
    )
