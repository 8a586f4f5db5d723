"""Rounds in which too few wrote or chose: what may be shown of them, and when.

Whoever leads an exercise decides when a round is closed, and may know who is writing. A round that
is closed after one person's notes would show whose they are. So a round has an earliest closing
time, which is fixed when it opens, and one with fewer than five writers shows nothing by itself.
Its notes come at the end of the run, together with those of other short rounds and without lane and
kind, if at least five people wrote them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from dialogs.model.facts import Waiting

LEAST_WRITERS = 5
AT_A_MEETING = timedelta(minutes=3)
FIRST_DOTS = 3


class ShortRound(Struct, frozen=True):
    """A closed round that shows nothing by itself.

    `together` is how many different people wrote in it and in the short rounds directly before it.
    Who wrote in a round that is shown does not count: their notes are not among these.
    """

    notes: tuple[Waiting, ...]
    together: int


class TookPart(Struct, frozen=True):
    """How many took part in a round: from the chat, and with cards. Somebody may have done both,
    and whoever deals cards may keep some, so the two are never added."""

    chat: int
    cards: int

    @property
    def surely(self) -> int:
        """Return how many different people these are at least."""
        return max(self.chat, self.cards)


def counts_of(waiting: Iterable[Waiting], ref: str) -> TookPart:
    """Count the marks of a round, or of those that short rounds share."""
    marks = [one for one in waiting if one.kind == "mark" and one.ref == ref]
    cards = sum("card" in one.body for one in marks)
    return TookPart(len(marks) - cards, cards)


def earliest_closing(opened_at: datetime, closes: datetime, *, at_a_meeting: bool) -> datetime:
    """Return when a round may be closed at the earliest. A round over days ends by itself."""
    return min(opened_at + AT_A_MEETING, closes) if at_a_meeting else closes


def may_close(at: datetime, earliest: datetime) -> bool:
    return at >= earliest


def shown_at_closing(
    notes: tuple[Waiting, ...], writers: int, at: datetime, earliest: datetime
) -> tuple[Waiting, ...] | None:
    """Return the notes that a closed round shows, in an order of chance; None for a short round.

    A run that is ended or dropped closes its round at once, which may be too early.
    """
    if writers < LEAST_WRITERS or not may_close(at, earliest):
        return None
    return tuple(sorted(notes, key=lambda note: note.new_id))


def shown_at_end(rounds: Iterable[ShortRound]) -> tuple[Waiting, ...]:
    """Return the notes of all short rounds, without lane and kind and in an order of chance, if
    five people wrote them. Otherwise nothing: they are to be deleted unread."""
    rounds = tuple(rounds)
    if max((one.together for one in rounds), default=0) < LEAST_WRITERS:
        return ()
    notes = [replace(note, body={"text": note.body["text"]}) for r in rounds for note in r.notes]
    return tuple(sorted(notes, key=lambda note: note.new_id))


def dots_order(
    ballots: Iterable[tuple[str, ...]], notes: Iterable[str], cards: int = 0
) -> tuple[str, ...] | None:
    """Return the notes in the order that the dots gave: the first three, and then the rest as they
    stood. None under five voters; so many of the ballots came by cards. How many dots a note has is
    not shown."""
    chosen = [frozenset(ballot) for ballot in ballots]
    if TookPart(len(chosen) - cards, cards).surely < LEAST_WRITERS:
        return None
    order = tuple(dict.fromkeys(notes))
    dots = Counter(id for ballot in chosen for id in ballot if id in order)
    ranked = sorted(dots, key=lambda id: (-dots[id], order.index(id)))
    first = tuple(ranked[:FIRST_DOTS])
    return (*first, *(id for id in order if id not in first))


def may_set_dots(notes: Iterable[str], chosen_from: Iterable[str]) -> bool:
    """Return whether dots may be set on these notes. Two orders of the same notes, with one voter
    more, would show what that one chose."""
    return not set(notes) & set(chosen_from)
