"""Whoever leads an exercise closes rounds as soon as they may, and places no note."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dialogs.exercise import short_rounds as rounds
from dialogs.exercise.short_rounds import ShortRound
from dialogs.model.facts import Waiting

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
Candidates = frozenset[str]
"""Those who may have written a note, as far as the attacker can tell."""


class Attacker:
    """Leads a run and knows who is writing, but not what. Closes each round at the first moment at
    which that is possible, and ends the run in the middle of a round."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.team = [f"p{n}" for n in range(self.chance.randrange(5, 16))]
        self.at = NOW
        self.segment: set[str] = set()  # who wrote in short rounds since the last one shown
        self.short: list[ShortRound] = []
        self.wrote_short: set[str] = set()
        self.found: list[Candidates] = []

    def run(self) -> list[Candidates]:
        """Return the candidates for each note that was shown."""
        for _ in range(self.chance.randrange(1, 6)):
            self._round()
        self._round(ends=True)
        self.found += [frozenset(self.wrote_short) for _ in rounds.shown_at_end(self.short)]
        return self.found

    def _round(self, *, ends: bool = False) -> None:
        """Each person takes some time to write; the attacker's patience varies."""
        earliest = rounds.earliest_closing(
            self.at, self.at + timedelta(days=1), at_a_meeting=self.chance.random() < 0.9
        )
        pace = self.chance.choice((30, 120, 600))
        closes = self.at + timedelta(seconds=1) if ends else earliest
        takes = {p: timedelta(seconds=self.chance.expovariate(1 / pace)) for p in self.team}
        wrote = {p for p, time in takes.items() if self.at + time <= closes}
        notes = tuple(self._note() for _ in wrote)
        shown = rounds.shown_at_closing(notes, len(wrote), closes, earliest)
        if shown is None:
            self.segment |= wrote
            self.wrote_short |= wrote
            self.short.append(ShortRound(notes, len(self.segment)))
        else:
            self.segment = set()
            self.found += [frozenset(wrote) for _ in shown]
        self.at = closes

    def _note(self) -> Waiting:
        body = {"lane": "a", "kind": "better", "text": "En seddel"}
        id = f"{self.chance.getrandbits(64):x}"
        return Waiting(id, id, "note", "r", body, b"")


def _few(histories: int) -> tuple[int, int, int]:
    """Return how many notes were shown, how many have under five candidates, and how many one."""
    found = [one for seed in range(histories) for one in Attacker(seed).run()]
    few = sum(len(one) < 5 for one in found)
    return len(found), few, sum(len(one) == 1 for one in found)


@pytest.mark.parametrize("histories", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_five_may_have_written_each_note_however_early_a_round_is_closed(
    figures: Callable[[str], None], histories: int
) -> None:
    """The attacker closes each round as soon as possible, and ends the run too early."""
    shown, few, _ = _few(histories)
    assert shown > histories
    assert few == 0
    figures(
        f"rounds closed early: {histories} runs, {shown} notes shown, 0 with under 5 candidates"
    )


def test_control_without_a_least_number_of_writers_notes_are_placed(
    monkeypatch: pytest.MonkeyPatch, figures: Callable[[str], None]
) -> None:
    """Control: every round shows its notes, and may be closed at once."""
    monkeypatch.setattr(rounds, "LEAST_WRITERS", 1)
    monkeypatch.setattr(rounds, "AT_A_MEETING", timedelta(seconds=10))
    shown, few, placed = _few(500)
    figures(f"control without the rule: {shown} notes shown, {placed} placed with certainty")
    assert few > shown / 10
    assert placed > 50


def test_control_counting_all_writers_of_the_run_places_notes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: those who wrote in a round that was shown count for the short rounds too."""

    def everybody(short: tuple[ShortRound, ...]) -> tuple[Waiting, ...]:
        return tuple(note for one in short for note in one.notes)

    monkeypatch.setattr(rounds, "shown_at_end", everybody)
    _, few, placed = _few(500)
    assert few > 50
    assert placed > 10
