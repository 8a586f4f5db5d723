"""The benchmarks measure what they claim: copied teams are real, and numbers are counted
correctly."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.core import gate
from bot.core.turn_runner import TurnRunner
from bot.platforms.common.ports import Delivery, Sender, TypedText
from dialogs.model.events import Look
from storage.sql import Script
from storage.transactions.anonymous_pool import Pool
from storage.transactions.turns import Turn
from tests.bench import digests, flood, notes, town
from tests.bench import main as bench
from tests.bench.contest import Measured, Row, head, line, ratio
from tests.bench.load import Request, Slice, load
from tests.bench.progress import Progress
from tests.waiting import until
from tests.worlds.stage import text_of


@pytest.fixture
async def teams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three teams, two of them copies."""
    monkeypatch.setattr(gate, "ACTS_A_MINUTE", 10**9)
    monkeypatch.setattr(gate, "CODES_AN_HOUR", 10**9)
    home = tmp_path / "digi"
    await town.one_team(home)
    town.Copies(home).write(range(1, 3))
    return home


async def test_a_copied_team_is_a_team_like_the_first(teams: Path) -> None:
    """Status, answers and concerns equal those of the first team, with other ids."""
    house, _ = await town.house_at(teams, town.BEGINNING)
    said: list[str] = []
    try:
        for team in range(3):
            people = tuple(town.person_of(team, n) for n in (0, 5))
            for person in people:
                for words in ("status", "spørgsmål", "sig det"):
                    answer = await house.engine.receive(
                        Delivery(
                            town.TENANT,
                            Sender(person),
                            words,
                            TypedText(words),
                            town.channel_of(team),
                        )
                    )
                    said.append("\n".join(text_of(card) for card in answer.cards))
    finally:
        await house.close()
    a_third = len(said) // 3
    assert said[:a_third] == said[a_third : 2 * a_third] == said[2 * a_third :]
    assert any(town.NAME in one for one in said)
    assert all(said)


async def test_a_form_goes_to_another_team_as_if_it_had_been_opened_there(teams: Path) -> None:
    """The answer is stored in that team's project, under that person's name."""
    house, _ = await town.house_at(teams, town.BEGINNING)
    copies = town.Copies(teams)
    try:
        first = town.Team(house)
        first.project = copies.project
        question = first.questions()[0]
        opened = await first.press(1, Look("answer", project=first.project, ref=question))
        assert opened.form is not None
        await first.act(
            1,
            town.filled(
                house.vault,
                opened.form.token,
                {"text": "Kun her"},
                person=town.person_of(2, 1),
                project=copies.project_of(2),
                question=question,
            ),
            team=2,
        )
        for team, there in ((0, False), (1, False), (2, True)):
            look = Look("answer", project=copies.project_of(team), ref=question)
            form = (await first.press(1, look, team=team)).form
            assert form is not None
            assert ("Kun her" in str(form)) == there
    finally:
        await house.close()


async def test_a_note_and_an_unnamed_answer_are_new_texts_in_the_same_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is stored; neither is taken for an act that this database has seen before."""
    monkeypatch.setattr(gate, "ACTS_A_MINUTE", 10**9)
    home = tmp_path / "digi"
    house, people = await notes.begun(home, None)
    try:
        for number in range(3):
            await people.note(number)
            await people.answer(number)
        project = town.Copies(home).project
        key = {"tenant": town.TENANT, "project": project}

        def pool() -> Script[Pool]:
            [row] = yield "pool_get", key
            return Pool.open(house.vault, town.TENANT, project, row["sealed"])

        kinds = Counter(entry.kind for entry in (await house.database.read(pool)).entries)
        assert (kinds["note"], kinds["answer"]) == (3, 3)
    finally:
        await house.close()


async def test_the_watch_runs_for_overviews_and_for_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only overviews are due when the measurement starts, one for each project."""
    monkeypatch.setattr(gate, "ACTS_A_MINUTE", 10**9)
    home = tmp_path / "digi"
    moment = await town.one_team(home, until="overview")
    town.Copies(home).write(range(1, 8))
    rung: list[str] = []
    real = TurnRunner.woke

    async def woke(turns: TurnRunner, turn: Turn) -> None:
        rung.append(turn.event.name)  # type: ignore[union-attr]
        await real(turns, turn)

    monkeypatch.setattr(TurnRunner, "woke", woke)
    found = await digests.decided(home, moment, 8, None)
    assert rung == ["overview"] * 8
    assert found.overviews == 6
    assert found.one > 0


@asynccontextmanager
async def answering(status: int, seen: list[str]) -> AsyncIterator[int]:
    """Serve every address with this status; `seen` gets where each request came from."""

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.remote or "")
        return web.Response(status=status, text="here")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_flood_comes_from_many_addresses_and_must_be_answered_as_it_should() -> None:
    """Another status than the expected one fails the measurement."""
    seen: list[str] = []
    async with answering(429, seen) as port:
        refused = flood.Flood("", itertools.repeat("token"), flood.MANY[:3], 429)
        async with flood._flooded(port, refused):
            await until(lambda: len(seen) >= 6)
        assert set(seen) == set(flood.MANY[:3])
        answered = flood.Flood("", itertools.repeat("token"), flood.ONE, 200)
        with pytest.raises(AssertionError, match="answered wrongly"):
            async with flood._flooded(port, answered) as wrong:
                await until(lambda: wrong)


async def test_people_at_a_pace_send_one_after_another() -> None:
    """So many each, however fast they are answered, and all of them are answered."""
    seen: list[str] = []
    requests = itertools.repeat(Request(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", b"here"))
    async with answering(200, seen) as port:
        found = await load(port, requests, connections=2, seconds=0.5, every=0.2)
    assert found.wrong == []
    assert 2 <= len(found.waited) == len(seen) <= 6


def test_a_ratio_is_made_of_neighbours() -> None:
    """A minute in which the machine was slow for both does not change it."""
    found = ratio([60.0, 6.0, 50.0], [100.0, 10.0, 100.0])
    assert (found.median, found.lowest, found.highest) == (0.6, 0.5, 0.6)


def test_a_slice_counts_what_was_answered_and_how_long_each_waited() -> None:
    """The rate is answers per second; of a hundred latencies, the 99th percentile is the 99th."""
    one = Slice(2.0, [n / 1000 for n in range(1, 101)], [])
    assert one.rate == 50
    assert one.percentile(50) == pytest.approx(51)
    assert one.percentile(99) == pytest.approx(100)
    assert Measured([one], [0.5]).cost == pytest.approx(5000)


def test_the_table_says_whether_a_goal_is_reached() -> None:
    """Yes, no, or empty if there is no goal; every row has all cells."""
    rows = [Row("a", "1", "2", "0.5", "≥ 0.6", reached) for reached in (True, False, None)]
    lines = [*head().splitlines(), *map(line, rows)]
    assert [one.split("|")[-2].strip() for one in lines[2:]] == ["yes", "no", ""]
    assert {one.count("|") for one in lines} == {7}


def test_a_row_stands_as_soon_as_it_is_measured_and_one_part_keeps_no_other_from_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The heading comes first and each row after its part. Errors are on stderr, and the exit code
    shows that the table is incomplete."""
    stood: list[str] = []

    async def measured(part: str, *_: object) -> AsyncIterator[Row]:
        stood.append(capsys.readouterr().out)
        yield Row(part, "1", "2", "0.5", "")
        if part == "b":
            raise ValueError("no server")
        stood.append(capsys.readouterr().out)

    monkeypatch.setattr(bench, "measured", measured)
    assert not asyncio.run(bench.all_of(("a", "b", "c"), bench.SHORT))
    assert [one[2:6].strip() for one in stood] == ["what", "a", "", "b", "c"]
    assert asyncio.run(bench.all_of(("a", "c"), bench.SHORT))


def test_progress_is_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """However often it is updated; it is not written to stdout."""
    told = Progress("slack", every=3600)
    for _ in told.over("teams are made", range(1000)):
        pass
    assert capsys.readouterr().err == ""
    told = Progress("slack", every=0)
    told("round 1 of 3")
    said = capsys.readouterr()
    assert (said.err, said.out) == ("slack, 0 s: round 1 of 3\n", "")
