"""Every note that is shown could have been written by at least five people, in runs as they are
held: rounds of fewer, people who join, leave, write twice or take it back, and a leader who writes.

The attacker knows who was writing in each round, and when, and whose the leader's notes are.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.platforms.common.ports import Answer
from dialogs.exercise import short_rounds
from dialogs.model import events as e
from tests.anonymity.hands import running
from tests.anonymity.meeting import BOARD, LEADS, Meeting
from tests.worlds.cards import Dressed
from tests.worlds.stage import PEOPLE, Stage

ALWAYS = {"mette", "jonas", "anne"}
OTHERS = tuple(person for person in PEOPLE if person not in ALWAYS)
LEAST = 5


class HeldRun:
    """One run, and what the test knows of it but Digi does not."""

    def __init__(self, played: Stage, folder: Path, seed: int) -> None:
        self.meeting, self.chance = Meeting(played, folder), random.Random(seed)
        self.there = {*PEOPLE}
        self.wrote: dict[str, tuple[str, str]] = {}
        """Note -> who wrote it, and in which round."""
        self.shown: set[str] = set()
        self.short: set[str] = set()
        self.too_few: list[str] = []
        self.of_leader = 0

    async def hold(self, rounds: int) -> None:
        """Rounds until one is shown. One that is not is followed by a pause or by the end, and some
        are ended at once."""
        await self.meeting.begins(BOARD)
        await self.meeting.goes_to("write")
        for _ in range(rounds):
            await self._round()
            if self.chance.random() < 0.3:
                break  # ended in the middle of the round, before it could be closed
            await self.meeting.closes()
            await self._looks(ended=False)
            if self.shown or self.chance.random() < 0.2:
                break
            paused = e.ExercisePaused(project=self.meeting.project, run=self.meeting.run)
            await self.meeting.does(LEADS, paused)
            again = e.ExerciseResumed(project=self.meeting.project, run=self.meeting.run)
            await self.meeting.does(LEADS, again)
        await self.meeting.ends()
        await self._looks(ended=True)

    async def _round(self) -> None:
        """Some write, some of them twice, and some take it back; meanwhile people come and go."""
        round = f"{self.meeting.run}.{self.meeting.rounds + 1}"
        most = self.chance.choice((2, 4, 5, 6, 9))
        for person in self.chance.sample(OTHERS, most):
            if person not in self.there:
                continue
            for _ in range(self.chance.choice((1, 1, 2))):
                note = f"Seddel {len(self.wrote)}"
                answer = await self.meeting.notes(person, note)
                assert not answer.faults
                self.wrote[note] = (person, round)
                await self._takes_back(person, note, answer)
            if self.chance.random() < 0.2:
                await self._moves()
        if self.chance.random() < 0.5:
            self.of_leader += 1
            await self.meeting.notes("anne", f"Lederens {self.of_leader}")

    async def _takes_back(self, person: str, note: str, answer: Answer) -> None:
        if self.chance.random() < 0.2:
            await self.meeting.undoes(person, answer)
            del self.wrote[note]

    async def _moves(self) -> None:
        for person in OTHERS:
            if self.chance.random() < 0.2:
                self.there ^= {person}
        await self.meeting.gathers(tuple(sorted(self.there)))

    async def _looks(self, *, ended: bool) -> None:
        """Work out who could have written each note that is new: whoever has a note in the round
        that shows it, or, at the end, in any round that showed nothing."""
        now = await self.meeting.published()
        refs = {one.body["text"]: one.ref for one in now}
        new = refs.keys() - self.shown
        assert new <= self.wrote.keys(), "no note that was taken back, and none of the leader's"
        for note in new:
            together = refs[note] == self.meeting.run
            assert together == ended
            hidden = {text for text in self.wrote if text not in self.shown}
            could = {
                person
                for text, (person, round) in self.wrote.items()
                if (text in hidden if together else round == refs[note])
            }
            if len(could) < LEAST:
                self.too_few.append(f"{note}: {sorted(could)}")
        self.shown |= new


async def _held(
    folder: Path, runs: int, places: Callable[[], str], dressed: Dressed
) -> tuple[int, int, int, list[str]]:
    """Return how many notes were written and shown, how many of these at an end, and those that too
    few could have written."""
    written = shown = at_end = 0
    too_few: list[str] = []
    for seed in range(runs):
        async with running(folder / str(seed), either=places()) as played:
            run = HeldRun(played, folder / str(seed), seed)
            await run.hold(4)
            refs = [one.ref for one in await run.meeting.published()]
        written, shown = written + len(run.wrote), shown + len(run.shown)
        at_end += refs.count(run.meeting.run)
        too_few += run.too_few
        dressed.forget()
    return written, shown, at_end, too_few


LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("places", "runs"),
    [
        ("sqlite", 8),
        ("postgres", 2),
        pytest.param("sqlite", 200, marks=LONG),
        pytest.param("postgres", 50, marks=LONG),
    ],
    indirect=["places"],
)
async def test_at_least_five_could_have_written_each_note_that_is_shown(
    tmp_path: Path,
    places: Callable[[], str],
    dressed: Dressed,
    figures: Callable[[str], None],
    runs: int,
) -> None:
    """Counted by the test itself, from who wrote and did not take it back."""
    written, shown, at_end, too_few = await _held(tmp_path, runs, places, dressed)
    figures(f"{runs} runs, {written} notes, {shown} shown, {at_end} at the end: none by under five")
    assert too_few == []
    assert 0 < at_end < shown < written or runs < 8


async def test_control_without_a_least_number_notes_are_placed(
    tmp_path: Path, dressed: Dressed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: every round shows its notes, and the same runs place some of them."""
    monkeypatch.setattr(short_rounds, "LEAST_WRITERS", 1)
    *_, too_few = await _held(tmp_path, 3, str, dressed)
    assert too_few != []
