"""The whole course is played as the map defines it: which questions are asked, in which order,
once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.platforms.common.ports import Parcel
from content.model import Course
from dialogs.walk.states import Walk
from tests.worlds.stage import CHANNEL, TENANT, Stage, stage, text_of

PHASES = (1, 2, 3, 4)
LENGTHS = {"whole": "Hele forløbet", "short": "Det korte forløb"}


async def begin(played: Stage, phase: int, length: str) -> None:
    """Let Anne start a project in this phase, confirm that she leads it, and show it to the
    team."""
    await played.type("anne", "/digi start Ny omsorgsplatform")
    await played.press("anne", "Flere valg")
    await played.fill("anne", {"Hvor er I nu": str(phase), "Forløb": LENGTHS[length]})
    await played.press("anne", "Jeg er leder")
    await played.press("anne", "Vis det i kanalen")


async def walk_of(played: Stage) -> Walk:
    house = played.house
    [project] = await house.database.read(house.scripts.reading.projects_of, TENANT, "anne")
    body = await house.database.read(
        house.scripts.reading.state_of, TENANT, project.id, "walk", "walk"
    )
    return msgspec.json.decode(body, type=Walk)


async def ask_all(played: Stage) -> None:
    """Move the clock week by week until no question of this phase is left."""
    while (await walk_of(played)).left():
        marks = await played.house.landmarks(TENANT)
        await played.move(marks["question"])


async def move_on(played: Stage) -> None:
    await played.type("anne", "/digi fase")
    await played.fill("anne", {"Hvem har besluttet": "Vi har besluttet det"})


def asked_on_paper(played: Stage) -> list[str]:
    """Return the questions when they were first asked: of the team, or of the trio first."""
    found: dict[str, None] = {}
    for parcel in played.edge.parcels:
        if _asks(parcel):
            for id in _questions_in(played, text_of(parcel.card)):
                found[id] = None
    return list(found)


def posted(played: Stage) -> list[str]:
    """Return the questions of the channel's posts, one per message."""
    return [
        id
        for message in played.edge.messages.values()
        if message.place == f"channel:{CHANNEL}" and "[Svar]" in text_of(message.card)
        for id in _questions_in(played, text_of(message.card))
    ]


def _asks(parcel: Parcel) -> bool:
    words = text_of(parcel.card)
    return parcel.kind != "update" and any(
        button in words for button in ("[Svar]", "[Svar på 1]", "[Skriv et forslag]")
    )


def _questions_in(played: Stage, words: str) -> Iterator[str]:
    inside = [
        (words.index(question.text.da), question.id)
        for question in played.house.catalogue.questions.values()
        if question.text.da in words
    ]
    return (id for _, id in sorted(inside))


def as_the_map_says(course: Course, phase: int, length: str) -> list[str]:
    places = course.whole(phase) if length == "whole" else course.shortened(phase)
    return [place.question for place in places]


@pytest.mark.parametrize("phase", PHASES)
async def test_the_whole_course_asks_what_the_map_says_in_its_order(
    phase: int, tmp_path: Path
) -> None:
    """A late start first asks some earlier questions, then each phase in order; each of the 31
    questions once."""
    async with stage(tmp_path) as played:
        await begin(played, phase, "whole")
        course = played.house.catalogue.course
        for number in range(phase, 5):
            await ask_all(played)
            if number < 4:
                await move_on(played)
        # The trio's last question goes to the team when the trio's days have passed.
        await played.move(played.house.clock.now() + timedelta(days=14))
        expected = as_the_map_says(course, phase, "whole")
        walk = await walk_of(played)
        assert list(walk.asked) == expected
        assert asked_on_paper(played) == expected
        assert sorted(posted(played)) == sorted(expected)
        assert {*walk.asked, *(p.id for p in walk.rest)} == set(played.house.catalogue.questions)
        assert phase > 1 or len(walk.asked) == 31


@pytest.mark.parametrize("phase", PHASES)
async def test_the_short_course_asks_its_five_and_no_more(phase: int, tmp_path: Path) -> None:
    """The five questions for the starting phase, in order; after them no more are asked."""
    async with stage(tmp_path) as played:
        await begin(played, phase, "short")
        await ask_all(played)
        await played.move(played.house.clock.now() + timedelta(days=28))
        expected = as_the_map_says(played.house.catalogue.course, phase, "short")
        walk = await walk_of(played)
        assert len(expected) == 5
        assert list(walk.asked) == expected
        assert asked_on_paper(played) == expected
        assert sorted(posted(played)) == sorted(expected)
        assert len(walk.rest) == 26


async def test_each_theme_in_one_go_has_its_five_in_order_and_is_not_asked_again(
    tmp_path: Path,
) -> None:
    """Twenty questions in four messages; then the eleven phase questions are asked, once each."""
    async with stage(tmp_path) as played:
        await begin(played, 1, "whole")
        catalogue = played.house.catalogue
        for theme in catalogue.themes:
            await played.type("anne", f"/digi grundspørgsmål {theme.name.da.lower()}")
            said = played.channel(since_last_act=True)
            five = [q.id for q in catalogue.of_theme(theme.id)]
            assert list(_questions_in(played, said)) == five
            assert all(f"[Svar på {n}]" in said for n in range(1, 6))
            assert posted(played) == []
        for number in PHASES:
            await ask_all(played)
            if number < 4:
                await move_on(played)
        walk = await walk_of(played)
        twenty = [q.id for theme in catalogue.themes for q in catalogue.of_theme(theme.id)]
        eleven = [p.question for p in catalogue.course.order if p.question not in twenty]
        assert list(walk.asked) == twenty + eleven
        assert len(set(walk.asked)) == len(walk.asked) == 31


async def test_the_short_course_becomes_the_whole_without_asking_anything_twice(
    tmp_path: Path,
) -> None:
    """Asked questions are not repeated; the others follow in the map's order."""
    async with stage(tmp_path) as played:
        await begin(played, 2, "short")
        await ask_all(played)
        await played.press("anne", "Hele forløbet")
        before = (await walk_of(played)).asked
        for number in (2, 3, 4):
            await ask_all(played)
            if number < 4:
                await move_on(played)
        walk = await walk_of(played)
        course = played.house.catalogue.course
        rest = [id for id in as_the_map_says(course, 2, "whole") if id not in before]
        assert list(walk.asked) == [*before, *rest]
        assert len(set(walk.asked)) == len(walk.asked)
