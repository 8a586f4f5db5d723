"""Measures events in a project with few answers and in one with very many."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from bot.platforms.common.ports import Delivery, Sender, Submitted, TypedText
from bot.server.build import House
from dialogs.model.events import Look
from storage.transactions.letters import PostBody
from tests.bench import town
from tests.bench.contest import Row, ratio
from tests.bench.progress import Progress

FEW, MANY = 10, 100_000
EVENTS = 50
WITHIN = 1.2

Act = Callable[[int], Awaitable[object]]


class Project:
    """Team 0 with this many answers, and the events to measure in it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.team = town.Team(house)
        self.question = self.team.questions()[0]
        self.token = ""

    async def opened(self, project: str) -> None:
        self.team.project = project
        look = Look("answer", project=project, ref=self.question)
        answer = await self.team.press(3, look)
        assert answer.form is not None
        self.token = answer.form.token

    async def answer(self, number: int) -> None:
        """A turn: a person answers, for the first time or again."""
        who = 1 + number % (town.TEAM - 1)
        filled = town.filled(
            self.house.vault,
            self.token,
            {"text": f"{town.WORDS} {number}"},
            person=town.person_of(0, who),
            project=self.team.project,
            question=self.question,
        )
        await self.team.act(who, Submitted(filled.token, filled.values))

    async def status(self, number: int) -> None:
        """A look at the status."""
        sender = Sender(town.person_of(0, number % town.TEAM), "Person", "da-DK")
        said = Delivery(town.TENANT, sender, "", TypedText("status"), town.channel_of(0))
        await self.house.engine.receive(said)

    async def drawn(self, number: int) -> None:
        """A redraw of the theme's post."""
        theme = self.house.catalogue.themes[0].id
        post = PostBody("walk", "walk", f"theme:{theme}")
        assert await self.house.views.draw(town.TENANT, self.team.project, post) is not None


async def _time(act: Act, number: int) -> float:
    began = time.perf_counter()
    await act(number)
    return 1e6 * (time.perf_counter() - began)


async def _in_turn(
    told: Progress, what: str, few: Act, many: Act, rounds: int
) -> tuple[list[float], list[float]]:
    """Measure the events alternately, and return the median of each round, which a busy disk hardly
    affects."""
    quick: list[float] = []
    slow: list[float] = []
    for number in range(rounds):
        told(f"{what}, round {number + 1} of {rounds}")
        each = [(await _time(few, n), await _time(many, n)) for n in range(EVENTS)]
        quick.append(statistics.median(one for one, _ in each))
        slow.append(statistics.median(other for _, other in each))
    return quick, slow


async def rows(
    folder: Path, told: Progress, *, rounds: int, few: int = FEW, many: int = MANY
) -> AsyncIterator[Row]:
    async with AsyncExitStack() as open_houses:
        projects: list[Project] = []
        for answers in (few, many):
            told(f"a project with {answers:,} answers is made")
            home = folder / f"with-{answers}"
            moment: datetime = await town.one_team(home)
            copies = town.Copies(home)
            copies.more_answers(answers)
            house, _ = await town.house_at(home, moment)
            open_houses.push_async_callback(house.close)
            project = Project(house)
            await project.opened(copies.project)
            projects.append(project)
        with_few, with_many = projects
        for what, in_few, in_many in (
            ("an answer", with_few.answer, with_many.answer),
            ("`/digi status`", with_few.status, with_many.status),
            ("afterwards, a post drawn anew", with_few.drawn, with_many.drawn),
        ):
            quick, slow = await _in_turn(told, what, in_few, in_many, rounds)
            yield _row(f"{what}, {many:,} answers in the project", few, quick, slow)


def _row(what: str, few: int, quick: list[float], slow: list[float]) -> Row:
    times = ratio(slow, quick)
    return Row(
        what,
        f"{statistics.median(slow):.0f} µs",
        f"{few} answers: {statistics.median(quick):.0f} µs",
        str(times),
        f"≤ {WITHIN:.2f}",
        times.median <= WITHIN,
    )
