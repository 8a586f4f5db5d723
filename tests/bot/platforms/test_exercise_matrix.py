"""Every exercise of the catalogue, on every edge, with one, eight and forty people.

Each is led from *Begynd* to its agreements, or to the end of a standing board. By default each
exercise is led once, so that every edge and every size, and every pair of the two, comes up, and
the standing board on paper with every size; all of them are led in the long run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from content import catalogue as content
from tests.worlds.browser_stage import browser_stage
from tests.worlds.exercises import Leading, starts, workplace
from tests.worlds.play import Play
from tests.worlds.slack.stage import slack_stage
from tests.worlds.stage import stage
from tests.worlds.teams_fixtures import teams_stage

CATALOGUE = content.load()
EXERCISES = tuple(one.id for one in CATALOGUE.sets.values() if one.guide is not None)
EDGES = ("paper", "slack", "teams", "browser")
SIZES = (40, 1, 8)
"""In an order by which a survey, which needs ten people, meets forty by default."""


STANDING = {one.id for one in CATALOGUE.sets.values() if one.guide and one.guide.standing}


def matrix() -> Iterator[Any]:
    for n, id in enumerate(EXERCISES):
        for edge in EDGES:
            for size in SIZES:
                soon = (edge, size) == (EDGES[n % len(EDGES)], SIZES[n % len(SIZES)])
                soon = soon or (id in STANDING and edge == "paper")
                marks = () if soon else (pytest.mark.long,)
                yield pytest.param(id, edge, size, marks=marks, id=f"{id}-{edge}-{size}")


@asynccontextmanager
async def on(edge: str, folder: Path, people: dict[str, str]) -> AsyncIterator[Play]:
    match edge:
        case "paper":
            async with stage(folder, people=people) as played:
                yield played
                assert not played.house.log.failures
        case "slack":
            async with slack_stage(folder, people=people) as in_slack:
                yield in_slack
        case "teams":
            async with teams_stage(folder, people=people) as in_teams:
                yield in_teams
        case "browser":
            async with browser_stage(folder, named=people) as in_browser:
                yield in_browser


@pytest.mark.parametrize(("id", "edge", "size"), list(matrix()))
async def test_an_exercise_is_led_from_its_beginning_to_its_agreements(
    id: str, edge: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step shows what to do, each round its notes when it is closed, each week of a standing
    board its notes when it is over, and the result is in the channel. The pretended Slack and Teams
    refuse what the real ones would.

    A survey is answered here by forty people only. It is offered where ten may answer, so that the
    five answers from which there is a result can be anybody's. With one or eight no round opens:
    there is nothing to fill in or to count. What is checked is what such a workplace meets instead:
    the channel and whoever leads read that a survey needs ten, and that they talk about the
    statements at the meeting; the statements can be read; and nothing speaks of notes on paper."""
    # Forty people act faster than one may.
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 1_000_000)
    people = workplace(size)
    one = CATALOGUE.set(id)
    async with on(edge, tmp_path / "home", people) as play:
        await starts(play, one)
        await Leading(play, CATALOGUE, people).whole(one)


def test_by_default_each_exercise_edge_and_size_comes_up() -> None:
    """The small selection leaves none out, and no pair of edge and size."""
    soon = [param.values for param in matrix() if not param.marks]
    assert {id for id, _, _ in soon} == set(EXERCISES)
    assert {(edge, size) for _, edge, size in soon} == {(e, s) for e in EDGES for s in SIZES}
    surveys = {id for id in EXERCISES if CATALOGUE.set(id).mechanic == "survey"}
    assert any(id in surveys and size == 40 for id, _, size in soon)
    assert STANDING
    for id in STANDING:
        assert {size for one, _, size in soon if one == id} == set(SIZES)
