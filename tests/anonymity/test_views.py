"""Nobody can see unreleased texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dialogs.model.facts import HowMany, Published, Unnamed
from storage.sql import Script
from storage.transactions.anonymous_pool import Pool
from storage.transactions.facts import SCRIPTS, _how_many, _published
from storage.transactions.scope import Scope
from tests.anonymity.courses import AUTHORS, random_course
from tests.anonymity.hands import (
    CANARY,
    LOOKERS,
    RELEASED,
    Seen,
    by_code,
    changed,
    dump,
    everything_decided,
    everything_seen,
    running,
    says,
    says_by_name,
)
from tests.anonymity.meeting import OF_EXERCISES, SURVEY, WRITERS, Meeting
from tests.worlds.cards import Dressed
from tests.worlds.postgres import either_later
from tests.worlds.stage import CHANNEL


async def test_nobodys_view_changes_before_the_release(tmp_path: Path, either: str) -> None:
    """Every view of every role, and every message, is the same with and without them."""
    lookers = ("anne", "peter") if either else LOOKERS
    async with running(tmp_path, either=either) as played:
        before = await everything_seen(played, tmp_path, lookers)
        code = await says(played, "sofie", CANARY)
        await says(played, "lars", "En anden tekst", to="Mette Krogh", early=True)
        await says(played, "emil", "Til alle", to="alle")
        await by_code(played, "sofie", code, "Skriv et svar")
        await played.fill("sofie", {"Din": "og mere"})
        assert await everything_seen(played, tmp_path, lookers) == before

        await played.move(RELEASED)
        after = await everything_seen(played, tmp_path, lookers)
        assert "Kanariefugl-9f3b" in after["anne", "concerns", ""]
        assert "Kanariefugl-9f3b" not in after["peter", "concerns", ""]
        assert "Til alle" in after["peter", "concerns", ""]


@either_later
async def test_control_a_view_that_counted_what_waits_would_be_caught(
    tmp_path: Path, either: str
) -> None:
    """Control: the comparison detects a single named act."""
    lookers = ("anne", "peter") if either else LOOKERS
    async with running(tmp_path, either=either) as played:
        before = await everything_seen(played, tmp_path, lookers)
        await says_by_name(played, "sofie", CANARY)
        assert await everything_seen(played, tmp_path, lookers) != before


@either_later
async def test_what_later_happens_by_code_shows_at_the_next_release_only(
    tmp_path: Path, either: str
) -> None:
    """Additions, objections and withdrawals of released texts wait for the calendar too."""
    lookers = ("anne", "peter") if either else LOOKERS
    async with running(tmp_path, either=either) as played:
        first = await says(played, "sofie", CANARY)
        second = await says(played, "lars", "En anden tekst")
        await played.move(RELEASED)
        before = await everything_seen(played, tmp_path, lookers)
        await by_code(played, "sofie", first, "Skriv et svar")
        await played.fill("sofie", {"Din": "Senere ord"})
        await by_code(played, "lars", second, "Træk teksten tilbage")
        await played.fill("lars", {})
        assert await everything_seen(played, tmp_path, lookers) == before
        await played.move(RELEASED + timedelta(days=7))
        after = await everything_seen(played, tmp_path, lookers)
        assert "trukket tilbage" in after["anne", "concerns", ""]
        assert "En anden tekst" not in after["anne", "concerns", ""]


# --- an exercise ------------------------------------------------------------------------------


async def _shows(meeting: Meeting, lookers: tuple[str, ...], before: Seen) -> Seen:
    """Assert that nothing has changed for anybody; close the round, and assert that it then does,
    for everybody in the channel and on the wall."""
    assert await meeting.seen(lookers) == before
    await meeting.closes()
    after = await meeting.seen(lookers)
    changed = {key[0] for key in before if before[key] != after[key]}
    assert changed >= {"wall", "leading", *lookers, f"channel:{CHANNEL}"}
    return after


async def test_nobodys_view_of_an_exercise_changes_before_its_round_is_closed(
    tmp_path: Path, either: str, dressed: Dressed
) -> None:
    """Whoever takes part, takes it back, or takes part twice changes no board, wall, leading page,
    file, form or message, also not their own; the close of the round changes all of them."""
    lookers = ("sofie",) if either else ("anne", "sofie")
    async with running(tmp_path, either=either) as played:
        meeting = Meeting(played, tmp_path)
        await meeting.begins()
        await meeting.goes_to("write")
        before = await meeting.seen(lookers)
        for n, person in enumerate((*WRITERS, "sofie")):
            await meeting.notes(person, f"Seddel {n}", f"Ulempe {n}")
        await meeting.undoes("omar", await meeting.notes("omar", "Fortrudt"))
        after = await _shows(meeting, lookers, before)
        there = " ".join(after.values())
        assert "Seddel 5" in there
        assert "Fortrudt" not in there
        await meeting.goes_to("read")
        await meeting.goes_to("dots")
        before = await meeting.seen(lookers)
        for person in WRITERS:
            await meeting.dots(person, "Seddel 1", "Ulempe 3")
        await _shows(meeting, lookers, before)
        await meeting.ends()
        await meeting.begins(SURVEY)
        await played.move(played.house.clock.now() + timedelta(days=1))
        await meeting.put_up()
        before = await meeting.seen(lookers)
        for person in WRITERS:
            await meeting.answers(person, "bswubs")
        await meeting.undoes("omar", await meeting.answers("omar", "wwwwww"))
        await _shows(meeting, lookers, before)


def _also_published(scope: Scope, fact: Published) -> Script[tuple[Unnamed, ...]]:
    """Return what waits in the pool too, as if the run had shown it at its end."""
    found = yield from _published(scope, fact)
    [row] = yield "pool_get", scope.key
    pool = Pool.open(scope.vault, scope.tenant, scope.project, row["sealed"])
    waits = (
        Unnamed(one.id, one.kind, one.ref.rpartition(".")[0], 0, one.body)
        for one in pool.entries
        if one.kind == fact.kind
    )
    return (*found, *waits)


@either_later
async def test_control_a_board_that_shows_an_open_round_is_caught(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the board reads the pool, and a single note changes board and wall."""
    scripts: dict[Any, Any] = SCRIPTS
    monkeypatch.setitem(scripts, Published, _also_published)
    async with running(tmp_path, either=either) as played:
        meeting = Meeting(played, tmp_path)
        await meeting.begins()
        await meeting.goes_to("write")
        before = await meeting.seen(("peter",), OF_EXERCISES)
        await meeting.notes("lars", "En seddel")
        after = await meeting.seen(("peter",), OF_EXERCISES)
        assert {key[0] for key in before if before[key] != after[key]} >= {"wall", "peter"}


# --- any course -------------------------------------------------------------------------------


async def _seen_of(
    folder: Path, seed: int, acts: int, either: str = ""
) -> tuple[list[str], list[str]]:
    """Return what differs after an unsigned act for the leader, two writers and another person:
    views, messages, and rows other than the pool's. Also returns the act."""
    found: list[str] = []
    async with random_course(folder, seed, either) as course:
        for _ in range(course.chance.randrange(12)):
            if course.chance.random() < 0.4:
                await course.unnamed(course.chance.choice(AUTHORS))
            else:
                await course.named()
        course.done.clear()
        authors = course.chance.sample(AUTHORS, 2)
        lookers = ("anne", *authors)
        before, rows = await everything_decided(course.played, folder, lookers), dump(folder)
        for _ in range(acts):
            await course.unnamed(course.chance.choice(authors))
            found += [f"table {name}" for name in changed(rows, dump(folder)) - {"pool"}]
            after = await everything_decided(course.played, folder, lookers)
            found += [str(key) for key in before if before[key] != after.get(key)]
        return found, course.done


MANY = [pytest.mark.long, pytest.mark.timeout(7200)]


@pytest.mark.parametrize(
    ("places", "seeds", "acts"),
    [
        ("sqlite", range(5), 3),
        ("postgres", range(5, 6), 2),
        pytest.param("sqlite", range(1000), 3, marks=MANY),
        pytest.param("postgres", range(1000), 3, marks=MANY),
    ],
    indirect=["places"],
)
async def test_in_any_course_of_a_project_unnamed_acts_stay_unseen(
    tmp_path: Path,
    places: Callable[[], str],
    dressed: Dressed,
    figures: Callable[[str], None],
    seeds: range,
    acts: int,
) -> None:
    """At any point of a project: writing, answering, extending, withdrawing, voting. Only the
    pool's row differs, in content or version."""
    kinds: Counter[str] = Counter()
    for seed in seeds:
        found, done = await _seen_of(tmp_path / str(seed), seed, acts, place := places())
        assert found == [], seed
        assert len(done) == acts
        kinds.update(done)
        dressed.forget()
    where = "PostgreSQL" if place else "SQLite"
    figures(f"{where}, {len(seeds)} random courses, unnamed acts {dict(kinds)}: no view changed")


def _also_counts_what_waits(scope: Scope, fact: HowMany) -> Script[int]:
    named = yield from _how_many(scope, fact)
    [row] = yield "pool_get", scope.key
    return named + len(Pool.open(scope.vault, scope.tenant, scope.project, row["sealed"]).entries)


@either_later
async def test_control_a_figure_that_counts_what_waits_is_seen(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: *3 har svaret* would include unsigned answers."""
    scripts: dict[Any, Any] = SCRIPTS
    monkeypatch.setitem(scripts, HowMany, _also_counts_what_waits)
    found, _ = await _seen_of(tmp_path, 1, 3, either)
    assert found != []
