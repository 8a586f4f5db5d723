"""Weeks of a workplace with named and unsigned acts.

Everybody acts by name equally often, so that this reveals nothing. But whoever writes unsigned acts
by name a few minutes before, as people do who have just opened Digi: anything that reveals the time
of the unsigned act would reveal its author.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from msgspec import Struct

from tests.anonymity.hands import RELEASED, says, says_by_name
from tests.worlds.stage import COPENHAGEN, PEOPLE, Stage

WRITERS = tuple(person for person in PEOPLE if person != "anne")
NAMED_A_WEEK = 3


class Act(Struct, frozen=True):
    """An unsigned act, known only to the test."""

    person: str
    at: datetime
    words: str


class Plan(Struct, frozen=True):
    at: datetime
    person: str
    words: str
    named: bool


Watch = Callable[[datetime], Awaitable[None]]


async def nobody_looks(at: datetime) -> None:
    pass


def planned(chance: random.Random, monday: datetime, texts: int) -> list[Plan]:
    """Return times on working days between eight and five, all different."""

    def moment() -> datetime:
        minutes = chance.randrange(9 * 60 + 20, 17 * 60)
        seconds = chance.randrange(3600) / 60
        day = monday + timedelta(days=chance.randrange(5))
        return day.replace(hour=0, minute=0) + timedelta(minutes=minutes, seconds=seconds)

    plans: list[Plan] = []
    left = dict.fromkeys(WRITERS, NAMED_A_WEEK)
    for n in range(texts):
        at, person = moment(), chance.choice([p for p in WRITERS if left[p]])
        left[person] -= 1
        words = f"Uden navn {monday:%Y%m%d}-{n:02} " + "hemmeligt " * chance.randrange(40, 90)
        plans.append(Plan(at, person, words, named=False))
        just_before = at - timedelta(minutes=chance.uniform(1, 5))
        plans.append(Plan(just_before, person, "Lige før", named=True))
    for person, times in left.items():
        for _ in range(times):
            words = "Med navn " + "ord " * chance.randrange(60)
            plans.append(Plan(moment(), person, words, named=True))
    return sorted(plans, key=lambda plan: plan.at)


async def lively_week(
    played: Stage, chance: random.Random, monday: datetime, texts: int, watch: Watch = nobody_looks
) -> list[Act]:
    """Play a week; `watch` is called every evening."""
    acts: list[Act] = []
    plans = planned(chance, monday, texts)
    for day in range(7):
        date = monday + timedelta(days=day)
        await played.move(date.replace(hour=3, minute=1))
        for plan in plans:
            if plan.at.date() != date.date():
                continue
            await played.move(plan.at)
            played.house.engine._gate._acts.clear()
            if plan.named:
                await says_by_name(played, plan.person, plan.words)
            else:
                await says(played, plan.person, plan.words)
                acts.append(Act(plan.person, played.house.clock.now(), plan.words))
        await played.move(
            date.replace(hour=17, minute=0) + timedelta(seconds=chance.randrange(3600))
        )
        await watch(played.house.clock.now())
    return acts


def first_monday() -> datetime:
    """Return the first Monday after the stage's current week."""
    return datetime(2026, 11, 9, tzinfo=COPENHAGEN)


def first_release() -> datetime:
    return RELEASED.replace(hour=7) - timedelta(days=4)


def standing(since: datetime, until: datetime) -> list[datetime]:
    """Return when the pool is written in any case: at the start, each night, and at the
    releases."""
    first = first_release()
    weekly = [first + timedelta(weeks=n) for n in range((until - first).days // 7 + 1)]
    nights = [
        (since + timedelta(days=n)).replace(hour=3, minute=0, second=0)
        for n in range((until - since).days + 2)
    ]
    return [since, *weekly, *nights]
