"""Compares a note in an exercise with an unnamed answer to a question, in the same pool."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot.platforms.common.ports import Submitted
from bot.server.build import House
from dialogs.exercise.states import ALL_RUNS, ExerciseRun, every_run
from dialogs.model import events as e
from dialogs.model.cards import Choice, FinishedForm, TextField
from dialogs.model.events import Look
from dialogs.model.facts import Known
from tests.bench import town
from tests.bench.contest import Row, ratio
from tests.bench.progress import Progress
from tests.worlds.postgres import a_server

EXERCISE, ROUND = "compass", 3
"""The exercise, and at which of its steps notes are written."""
LEADS = 1
EVENTS = 40
WITHIN = 1.2


class Cost(Struct, frozen=True):
    """Microseconds of one text, all threads of this process included. A database server's own work
    is only in the first."""

    waited: float
    processor: float


class Unnamed:
    """What people of team 0 write without a name. All of it is in the pool of their project, so
    that both kinds of text rewrite a row of the same size."""

    def __init__(self, house: House, team: town.Team, run: str) -> None:
        self._team = team
        self._run = run
        self._question = team.questions()[0]

    async def note(self, number: int) -> Cost:
        return await self._sent(number, Look("write_notes", ref=self._run))

    async def answer(self, number: int) -> Cost:
        return await self._sent(number, Look("answer_unnamed", ref=self._question))

    async def _sent(self, number: int, look: Look) -> Cost:
        """Return what it cost to submit the form. Opening it is a look, and not measured."""
        who = LEADS + 1 + number % (town.TEAM - LEADS - 1)
        opened = await self._team.press(who, _in_project(look, self._team.project))
        assert opened.form is not None, opened
        sent = Submitted(opened.form.token, _filled(opened.form, f"{town.WORDS} {number}"))
        began, used = time.perf_counter(), time.process_time()
        answer = await self._team.act(who, sent)
        cost = Cost(1e6 * (time.perf_counter() - began), 1e6 * (time.process_time() - used))
        assert answer.cards, answer
        return cost


def _in_project(look: Look, project: str) -> Look:
    return Look(look.view, project=project, ref=look.ref)


def _filled(form: FinishedForm, words: str) -> dict[str, Any]:
    """Fill in the first text field, and the first option of each choice."""
    chosen = {f.id: f.options[0].value for f in form.fields if isinstance(f, Choice)}
    text = next(f.id for f in form.fields if isinstance(f, TextField))
    return chosen | {text: words}


async def begun(home: Path, postgres: str | None) -> tuple[House, Unnamed]:
    """Open a round of notes beside the questions of team 0."""
    moment = await town.one_team(home)
    if postgres is not None:
        await asyncio.to_thread(town.moved, home, postgres)
    house, _ = await town.house_at(home, moment, postgres=postgres)
    team = town.Team(house)
    team.project = town.Copies(home).project
    lead = town.person_of(0, LEADS)
    await team.press(
        0,
        e.ExerciseBegun(project=team.project, exercise=EXERCISE, minutes="90", lead=lead),
    )
    run = await _run(house, team.project)
    for step in run.guide.steps_of(int(run.minutes))[1:ROUND]:
        await team.press(LEADS, e.StepTaken(project=team.project, run=run.id, step=step.id))
    await house.courier.settle()
    return house, Unnamed(house, team, run.id)


async def _run(house: House, project: str) -> ExerciseRun:
    found = await house.database.read(house.scripts.reading.look, town.TENANT, project, (ALL_RUNS,))
    [run] = every_run(Known(house.catalogue, found))
    return run


async def _row(home: Path, told: Progress, rounds: int, postgres: str | None = None) -> Row:
    where = "" if postgres is None else " on PostgreSQL"
    house, people = await begun(home, postgres)
    notes: list[Cost] = []
    answers: list[Cost] = []
    try:
        for number in range(rounds):
            told(f"notes{where}, round {number + 1} of {rounds}")
            # Whoever is second finds the row as the first has left it: the two take turns at it.
            first = [(await people.note(n), await people.answer(n)) for n in range(0, EVENTS, 2)]
            second = [(await people.answer(n), await people.note(n)) for n in range(1, EVENTS, 2)]
            notes.append(_median([n for n, _ in first] + [n for _, n in second]))
            answers.append(_median([a for _, a in first] + [a for a, _ in second]))
    finally:
        await house.close()
    waited = ratio([n.waited for n in notes], [a.waited for a in answers])
    used = ratio([n.processor for n in notes], [a.processor for a in answers])
    return Row(
        f"a note on a board{where}",
        _figures(notes),
        f"an unnamed answer: {_figures(answers)}",
        f"{waited}; of the processor's time {used}",
        f"≤ {WITHIN:.2f}, of both",
        waited.median <= WITHIN and used.median <= WITHIN,
    )


def _median(costs: list[Cost]) -> Cost:
    waited, processor = ([getattr(c, name) for c in costs] for name in ("waited", "processor"))
    return Cost(statistics.median(waited), statistics.median(processor))


def _figures(costs: list[Cost]) -> str:
    typical = _median(costs)
    return f"{typical.waited / 1000:.1f} ms, {typical.processor:.0f} µs"


async def rows(folder: Path, told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    yield await _row(folder / "digi", told, rounds)
    with a_server(durable=True) as server:
        dsn = server.dsn(await asyncio.to_thread(server.take))
        yield await _row(folder / "digi-pg", told, rounds, dsn)
