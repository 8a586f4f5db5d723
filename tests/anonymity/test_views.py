"""What waits is seen by nobody."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.anonymity.hands import (
    CANARY,
    RELEASED,
    by_code,
    changed,
    dump,
    everything_seen,
    running,
    says,
    says_by_name,
)
from tests.stage import Stage


async def test_nobodys_view_changes_before_the_release(tmp_path: Path) -> None:
    """Every view of every role, and every message, is the same with and without what waits."""
    async with running(tmp_path) as played:
        before = await everything_seen(played, tmp_path)
        code = await says(played, "sofie", CANARY)
        await says(played, "lars", "En anden tekst", to="Mette Krogh", early=True)
        await says(played, "emil", "Til alle", to="alle")
        await by_code(played, "sofie", code, "Skriv et svar")
        await played.fill("sofie", {"Din": "og mere"})
        assert await everything_seen(played, tmp_path) == before

        await played.move(RELEASED)
        after = await everything_seen(played, tmp_path)
        assert "Kanariefugl-9f3b" in after["anne", "concerns", ""]
        assert "Kanariefugl-9f3b" not in after["peter", "concerns", ""]
        assert "Til alle" in after["peter", "concerns", ""]


async def test_control_a_view_that_counted_what_waits_would_be_caught(tmp_path: Path) -> None:
    """The comparison tells two worlds apart as soon as one thing is said by name."""
    async with running(tmp_path) as played:
        before = await everything_seen(played, tmp_path)
        await says_by_name(played, "sofie", CANARY)
        assert await everything_seen(played, tmp_path) != before


async def test_what_later_happens_by_code_shows_at_the_next_release_only(tmp_path: Path) -> None:
    """More words, an objection and a withdrawal of what is out wait for the calendar too."""
    async with running(tmp_path) as played:
        first = await says(played, "sofie", CANARY)
        second = await says(played, "lars", "En anden tekst")
        await played.move(RELEASED)
        before = await everything_seen(played, tmp_path)
        await by_code(played, "sofie", first, "Skriv et svar")
        await played.fill("sofie", {"Din": "Senere ord"})
        await by_code(played, "lars", second, "Træk teksten tilbage")
        await played.fill("lars", {})
        assert await everything_seen(played, tmp_path) == before
        await played.move(RELEASED + timedelta(days=7))
        after = await everything_seen(played, tmp_path)
        assert "trukket tilbage" in after["anne", "concerns", ""]
        assert "En anden tekst" not in after["anne", "concerns", ""]


async def unnamed_act(played: Stage, chance: random.Random, codes: list[str]) -> None:
    """Somebody who does not lead says something without a name, or goes on with a code."""
    person = chance.choice(("sofie", "lars", "emil", "noor", "karen", "mette"))
    played.house.engine._gate._acts.clear()
    match chance.choice(("say", "early", "answer", "more", "withdraw", "object")):
        case "say" | "early" as when:
            readers = ["Anne Holm", "Jonas Friis", "alle", "Anne Holm, Jonas Friis"]
            early = when == "early"
            to = chance.choice(readers)
            codes.append(await says(played, person, f"Tekst {len(codes)}", to=to, early=early))
        case "answer":
            await played.press(person, "Svar uden navn")
            if played.form[person] is not None:
                await played.fill(person, {"Dit svar": f"Svar {len(codes)}"})
                codes.append(played.code)
        case act if codes:
            seen = await by_code(played, person, chance.choice(codes))
            words = {"more": "Skriv et svar", "object": "Jeg er ikke enig"}
            button = words.get(act, "Træk teksten tilbage")
            if f"[{button}" in seen or f"{button}]" in seen:
                await played.press(person, button)
                await played.fill(person, {} if act == "withdraw" else {"Din": "og mere"})


async def named_act(played: Stage, chance: random.Random) -> None:
    """What else happens in a project: time, answers, news by name."""
    match chance.choice(("day", "day", "week", "name", "answer", "next")):
        case "day":
            await played.move(played.house.clock.now() + timedelta(days=1))
        case "week":
            await played.move(played.house.clock.now() + timedelta(days=7))
        case "name":
            await says_by_name(played, "peter", "Med navn")
        case "answer":
            await played.press("peter", "Svar")
            if played.form["peter"] is not None:
                await played.fill("peter", {"Dit svar": "Med navn"})
        case _:
            await played.type("anne", "næste")


async def quiet_course(folder: Path, seed: int, acts: int) -> None:
    chance = random.Random(seed)
    codes: list[str] = []
    async with running(folder) as played:
        await played.type("anne", "næste")
        for _ in range(acts):
            before = await everything_seen(played, folder, ("anne", "mette", "peter"))
            rows = dump(folder)
            await unnamed_act(played, chance, codes)
            assert changed(rows, dump(folder)) <= {"pool"}
            assert await everything_seen(played, folder, ("anne", "mette", "peter")) == before
            await named_act(played, chance)
        assert codes


async def test_in_any_course_of_a_project_unnamed_acts_stay_unseen(tmp_path: Path) -> None:
    """Before and after each of them every view is the same, wherever the project stands."""
    await quiet_course(tmp_path, 1, 6)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2, 12))
async def test_in_many_courses_unnamed_acts_stay_unseen(tmp_path: Path, seed: int) -> None:
    """The same in ten longer courses."""
    await quiet_course(tmp_path, seed, 12)
