"""Through the real platform adapters, unsigned texts leave no trace, and looks write nothing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.core.gate import Gate
from bot.platforms.common.ports import Delivery
from dialogs.model.commands import COMMANDS, parse
from dialogs.model.events import Look
from dialogs.registry import pressed_by_words
from tests.anonymity import canaries
from tests.anonymity.canaries import NAME, WORDS, every_log_line, found_in, lying
from tests.anonymity.hands import RELEASED, by_code, changed, dump, says
from tests.anonymity.web_hands import WebHands, in_browser
from tests.worlds.play import Play
from tests.worlds.slack.hands import SlackHands
from tests.worlds.slack.stage import slack_stage
from tests.worlds.stage import PEOPLE
from tests.worlds.teams_fixtures import in_teams

BEGINS = """
    anne > /digi start Ny omsorgsplatform
    anne > tryk "Jeg er leder"
    anne > tryk "Vis det i kanalen"
    kanal < "Velkommen til forløbet"
    anne > /digi næste
    kanal < "Svar uden navn"
    kanal <! "Jeg er leder"
    anne <! "Hvem må læse"
"""
WHO = "FUGLEKENDER"


def _crowd(size: int) -> dict[str, str]:
    return PEOPLE | {f"{WHO}{n:02}": canaries.name(n) for n in range(size)}


@asynccontextmanager
async def _slack(folder: Path, size: int) -> AsyncIterator[tuple[Play, list[str]]]:
    people = _crowd(size)
    async with slack_stage(folder, people=people) as played:
        yield played, [person for person in people if person.startswith(WHO)]


@asynccontextmanager
async def _browser(folder: Path, size: int) -> AsyncIterator[tuple[Play, list[str]]]:
    async with in_browser(folder) as played:
        yield played, ["bodil", "fatima", "henrik", "linh", "samira", "torben"]


@asynccontextmanager
async def _teams(folder: Path, size: int) -> AsyncIterator[tuple[Play, list[str]]]:
    people = _crowd(size)
    async with in_teams(folder, people=people) as place:
        yield place.hands, [person for person in people if person.startswith(WHO)]
        assert place.told == []


EDGES = {"slack": _slack, "teams": _teams, "browser": _browser}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(
    ("texts", "people"),
    [(6, 6), pytest.param(200, 40, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
async def test_what_comes_through_an_edge_is_found_nowhere(
    tmp_path: Path,
    figures: Callable[[str], None],
    temporary: Path,
    capfd: pytest.CaptureFixture[str],
    edge: str,
    texts: int,
    people: int,
) -> None:
    """Written, answered and withdrawn over HTTP, with all loggers captured at all levels: texts are
    in no log, file or output; neither are authors, except as members of the channel."""
    folder = tmp_path / "home"
    screen = ""
    with every_log_line() as lines:
        async with EDGES[edge](folder, people) as (played, crowd):
            await played.play(BEGINS)
            await played.house.database.checkpoint()
            there = _named(folder)
            lines.clear()

            def nowhere() -> None:
                nonlocal screen
                shown = capfd.readouterr()
                screen += shown.out + shown.err
                sinks = lying(folder, lines, screen, temporary)
                assert found_in(sinks, (WORDS, NAME)) == {}
                del sinks["database"], sinks["log ahead"]
                assert found_in(sinks, (WHO,)) == {}

            codes = []
            for n in range(texts):
                person = crowd[n % len(crowd)]
                if n % 3 == 1:
                    await played.press(person, "Svar uden navn")
                    await played.fill(person, {"Dit svar": canaries.words(n)})
                    codes.append(played.code)
                else:
                    codes.append(await says(played, person, canaries.words(n)))
            await by_code(played, crowd[0], codes[0], "Træk teksten tilbage")
            await played.fill(crowd[0], {})
            nowhere()
            await played.house.database.checkpoint()
            assert _named(folder) == there
            await played.move(RELEASED)
            nowhere()
    nowhere()
    assert len(set(codes)) == texts
    said = screen + "".join(lines)
    assert not [code for code in codes if code in said]
    figures(f"{edge}: {texts} texts by {len(crowd)} people, {len(lines)} lines in logs: none")


async def test_control_an_edge_that_logs_what_comes_in_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: one DEBUG line with the request contains author and text."""
    read = Gate.read

    def logs(gate: Gate, delivery: Delivery) -> object:
        logging.getLogger("digi").debug("came: %s", delivery)
        return read(gate, delivery)

    monkeypatch.setattr(Gate, "read", logs)
    with every_log_line() as lines:
        async with _slack(tmp_path / "home", 1) as (played, [person]):
            await played.play(BEGINS)
            lines.clear()
            await says(played, person, canaries.words(1))
        sinks = {"logs": [line.encode() for line in lines]}
    assert found_in(sinks, (WORDS,))
    assert found_in(sinks, (WHO,))


@pytest.mark.parametrize("edge", EDGES)
async def test_through_an_edge_the_pools_row_changes_and_nothing_else(
    tmp_path: Path, edge: str
) -> None:
    """By a person unknown to Digi: a form is opened, filled in and sent, a code used, the text
    withdrawn, a question answered. No address, name or installation is stored."""
    folder = tmp_path / "home"
    async with EDGES[edge](folder, 2) as (played, [person, other, *_]):
        await played.play(BEGINS)
        await played.house.database.checkpoint()
        before = dump(folder)
        code = await says(played, person, canaries.words(1))
        await by_code(played, person, code, "Træk teksten tilbage")
        await played.fill(person, {})
        await played.press(other, "Svar uden navn")
        await played.fill(other, {"Dit svar": canaries.words(2)})
        assert changed(before, dump(folder)) == {"pool"}


def _named(folder: Path) -> int:
    return (folder / "digi.db").read_bytes().count(WHO.encode())


# --- looks ------------------------------------------------------------------------------------

LOOKS = [
    command.da[0]
    for command in COMMANDS
    if isinstance(pressed_by_words(parse(command.da[0])), Look)
]
PRESSED = ("Svar", "Svar uden navn", "Se svar", "Sig det")


async def _looks(played: Play, people: tuple[str, ...], same: Callable[[str], None]) -> None:
    for person in people:
        for words in LOOKS:
            for private in (False, True):
                await played.type(person, words, private=private)
                same(f"{person}: {words}")
        for label in PRESSED:
            await played.press(person, label)
            same(f"{person} presses {label}")
        await by_code(played, person, "7KQ2-M4XD-9HTB-W3CE-Y")
        same(f"{person} tries a code")
        match played:
            case SlackHands():
                await played.open_home(person)
                same(f"{person} opens Home")
            case WebHands():
                await played.see(person)
                same(f"{person} opens a window")


@pytest.mark.parametrize("edge", EDGES)
async def test_a_look_through_an_edge_writes_nothing(tmp_path: Path, edge: str) -> None:
    """Every read-only command and form, the Home tab and the page: database and write-ahead log are
    byte for byte equal afterwards."""
    folder = tmp_path / "home"
    async with EDGES[edge](folder, 1) as (played, _):
        await played.play(BEGINS)
        await says(played, "bodil", "Det her venter")
        files = [folder / "digi.db", folder / "digi.db-wal"]
        before = [file.read_bytes() for file in files]

        def same(after: str) -> None:
            played.house.engine._gate._acts.clear()
            assert [file.read_bytes() for file in files] == before, after

        await _looks(played, ("anne", "bodil"), same)


@pytest.mark.parametrize("edge", EDGES)
async def test_control_a_named_act_through_an_edge_is_seen(tmp_path: Path, edge: str) -> None:
    """Control: the comparison distinguishes a turn from a look."""
    folder = tmp_path / "home"
    async with EDGES[edge](folder, 1) as (played, _):
        await played.play(BEGINS)
        before = (folder / "digi.db-wal").read_bytes()
        await played.press("bodil", "Svar")
        assert (folder / "digi.db-wal").read_bytes() == before
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        assert (folder / "digi.db-wal").read_bytes() != before
