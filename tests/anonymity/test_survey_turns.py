"""Surveys as they are held: what a reader who knows all answers but one finds in everything shown.

test_surveys.py proves the rules over many histories. Here real people answer a real survey twice,
in turns and a database, and the reader has what was posted, every view, picture, report and wall.
A survey has sixteen statements, so each run is sixteen histories of one team.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.common.ports import Submitted
from dialogs.exercise import survey_results as survey
from dialogs.exercise.survey_results import Side, StatementTally, WordChange
from dialogs.model import cards as c
from dialogs.model import pictures
from dialogs.model.events import Look
from tests.anonymity import survey_reader as reader
from tests.anonymity.hands import Seen, stored_at
from tests.anonymity.meeting import Meeting
from tests.worlds.cards import Dressed
from tests.worlds.stage import Stage, stage, text_of

STATEMENTS = tuple(f"s{n:02}" for n in range(16))
NAMES = {id: f"Udsagn {id}" for id in STATEMENTS}
SIDES: dict[Side, str] = {"yes": "Gul", "between": "Hvid", "no": "Blå"}
DIFFER = "I ser forskelligt"
APART = timedelta(days=57)
PROJECT = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld Tovholder=ali
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
"""
SURVEY = """
mechanic = "survey"
title = {{ da = "Måling", en = "Survey" }}

[guide]
lengths = [45]
gives = {{ da = "I ser det.", en = "You see it." }}
{scale}
[[guide.steps]]
id = "survey"
does = "survey"
minutes = {{ 45 = 30 }}
name = {{ da = "Svar", en = "Answer" }}
text = {{ da = "Hvad synes du?", en = "What do you think?" }}

[[guide.steps]]
id = "agree"
does = "agree"
minutes = {{ 45 = 15 }}
name = {{ da = "Aftal", en = "Agree" }}
text = {{ da = "Hvem gør hvad?", en = "Who does what?" }}

{items}"""
ONE, LEADS = "sofie", "ali"


def _pack(folder: Path, points: int) -> Path:
    """Write a pack with a survey of sixteen statements on a scale of so many points."""
    scale = "".join(
        f'[[guide.scale]]\nid = "{point.id}"\nside = "{point.side}"\n'
        f'name = {{ da = "{SIDES[point.side]}{point.id}", en = "{SIDES[point.side]}{point.id}" }}\n'
        for point in reader.scale(points)
    )
    items = "".join(
        f'[[item]]\nid = "{id}"\ntext = {{ da = "{name}", en = "{name}" }}\n'
        for id, name in NAMES.items()
    )
    (folder / "exercises").mkdir(parents=True)
    file = folder / "exercises" / "maaling.toml"
    file.write_text(SURVEY.format(scale=scale, items=items), encoding="utf-8")
    return folder


# --- a survey is held twice ---------------------------------------------------------------


class HeldTwice:
    """One team answers the same survey twice, and everything that is seen of it."""

    def __init__(self, played: Stage, folder: Path, team: tuple[reader.History, ...]) -> None:
        self.meeting, self.team = Meeting(played, folder, leads=LEADS), team
        self.runs: list[str] = []
        self.seen: Seen = {}

    async def hold(self) -> None:
        for n in range(2):
            if n:
                await self.meeting.played.move(self.meeting.played.house.clock.now() + APART)
            answered = self._people(n)
            silent = tuple(f"silent{m}" for m in range(10))
            await self.meeting.gathers(("anne", "ali", *silent, *answered))
            await self.meeting.begins("maaling")
            for person, points in answered.items():
                form = await self.meeting.opens(person, "answer_survey")
                assert form is not None, person
                given: dict[str, Any] = {f"answers.{s}": p for s, p in points.items()}
                answer = await self.meeting.does(person, Submitted(form.token, given))
                assert not answer.faults
            await self.meeting.closes()
            self.runs.append(self.meeting.run)
            await self.meeting.ends()
        self.seen = await self.meeting.seen(("anne", LEADS))

    def _people(self, n: int) -> dict[str, dict[str, str]]:
        """Return what each answers in this round. Who left is at the front of the first round's
        answers, and who joined at the end of the second's."""
        rounds = [history.rounds[n] for history in self.team]
        stay = len(self.team[0].rounds[1].others) - self._joined()
        gone = len(self.team[0].rounds[0].others) - stay
        people = {
            f"p{m + (gone if n else 0)}": {
                s: one.others[m] for s, one in zip(STATEMENTS, rounds, strict=True)
            }
            for m in range(len(rounds[0].others))
        }
        if rounds[0].one is not None:
            people[ONE] = {s: str(one.one) for s, one in zip(STATEMENTS, rounds, strict=True)}
        return people

    def _joined(self) -> int:
        first, second = (len(one.others) for one in self.team[0].rounds)
        others = self.team[0].rounds[1].moved - (self.team[0].course in ("joins", "leaves"))
        return (others + second - first) // 2

    async def answers(self, run: str) -> c.FinishedCard:
        """Return *Se svarene*."""
        look = Look("survey_answers", project=self.meeting.project, ref=run)
        return (await self.meeting.does(LEADS, look)).cards[0]

    async def read(self) -> list[tuple[object, ...]]:
        """Return what the reader sees of each statement: of each run, and of the comparison."""
        then, now = [await self.answers(run) for run in self.runs]
        return [
            (_result(then, name), _result(now, name), _comparison(now, name))
            for name in NAMES.values()
        ]


def _word(said: str) -> str:
    """Return the word of a sentence, from the one point or the two that it names."""
    if DIFFER in said:
        return "differ"
    [found] = [side for side, name in SIDES.items() if name in said]
    return found


def _lines(card: c.FinishedCard, name: str) -> list[str]:
    return [line for line in text_of(card).splitlines() if line.startswith(f"{name} ·")]


def _result(card: c.FinishedCard, name: str) -> object:
    lines = [line for line in _lines(card, name) if "Dengang:" not in line]
    if not lines:
        return None
    [line] = lines
    bars = [
        bar.values
        for part in card.parts
        if isinstance(part, pictures.Chart)
        for bar in part.bars
        if c.plain(bar.label) == name
    ]
    return _word(line), (bars[0] if bars else None)


def _comparison(card: c.FinishedCard, name: str) -> object:
    if "Dengang og nu" not in text_of(card):
        return None
    changed = [line for line in _lines(card, name) if "Dengang:" in line]
    if not changed:
        word: Any = _result(card, name)
        return (WordChange(reader.STATEMENT, word[0], word[0]),)
    then, _, now = changed[0].partition(" Nu: ")
    words: list[Any] = [_word(then), _word(now)]
    return (WordChange(reader.STATEMENT, *words),)


def _sentences(node: Any) -> Iterator[str]:
    """Return each run of text in what was shown, wherever it stands."""
    if isinstance(node, list) and node and all(_is_span(one) for one in node):
        yield "".join(one["text"] for one in node)
    elif isinstance(node, list | dict):
        for one in node.values() if isinstance(node, dict) else node:
            yield from _sentences(one)


def _is_span(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("text"), str)


def _said_of_statements(shown: str) -> set[str]:
    """Return what a view says about how statements were answered."""
    found: set[str] = set()
    for line in shown.splitlines():
        try:
            sentences = list(_sentences(json.loads(line)))
        except json.JSONDecodeError:
            sentences = [line]
        found |= {one for one in sentences if "Udsagn" in one and ("·" in one or ":" in one)}
    return found


# --- what comes of it ---------------------------------------------------------------------


async def _known(
    folder: Path, seeds: Iterable[int], either: Callable[[], str], dressed: Dressed
) -> Counter[reader.HowKnown]:
    found: Counter[reader.HowKnown] = Counter()
    for seed in seeds:
        team = reader.together(seed, len(STATEMENTS), 24)
        pack = _pack(folder / f"pack{seed}", len(team[0].scale))
        place = either()
        stored_at(folder / str(seed), place)
        async with stage(folder / str(seed), packs=(pack,), either=place) as played:
            await played.play(PROJECT)
            held = HeldTwice(played, folder / str(seed), team)
            await held.hold()
            for one, seen in zip(team, await held.read(), strict=True):
                found[reader.knows(one, seen)] += 1
            _says_it_nowhere_else(held)
        dressed.forget()
    return found


def _says_it_nowhere_else(held: HeldTwice) -> None:
    """No view, message, file, picture or wall says more of a statement than *Se svarene*."""
    read = {
        line
        for key, shown in held.seen.items()
        if len(key) > 2 and key[1] == "survey_answers" and key[2] in held.runs
        for line in _said_of_statements(shown)
    }
    said = {line for shown in held.seen.values() for line in _said_of_statements(shown)}
    assert said <= read, said - read


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    reader.forget()
    yield
    reader.forget()


LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("places", "surveys"),
    [
        ("sqlite", 2),
        pytest.param("postgres", 1),
        pytest.param("sqlite", 60, marks=LONG),
        pytest.param("postgres", 20, marks=LONG),
    ],
    indirect=["places"],
)
async def test_the_one_answer_is_not_found_in_anything_that_is_shown(
    tmp_path: Path,
    places: Callable[[], str],
    dressed: Dressed,
    figures: Callable[[str], None],
    surveys: int,
) -> None:
    """With scales of 3 and 5 points; the one joins, leaves, stays or changes the answers."""
    found = await _known(tmp_path, range(surveys), places, dressed)
    many, certain, known = found.total(), found["certain"], found["known"]
    figures(f"{surveys} surveys held twice, {many} statements: {certain} certain, {known} known")
    assert many == surveys * len(STATEMENTS)
    assert certain == 0
    assert known <= many / 100


async def test_control_counted_exactly_answers_are_found_in_what_is_shown(
    tmp_path: Path,
    dressed: Dressed,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
) -> None:
    """Control: no draw, and a word has changed as soon as it is another one."""

    def any_change(then: StatementTally, now: StatementTally, margin: int) -> WordChange:
        return WordChange(now.statement, survey.word(then), survey.word(now))

    monkeypatch.setattr(survey, "BY_LOT", 0)
    monkeypatch.setattr(survey, "_change", any_change)
    found = await _known(tmp_path, (17, 18), str, dressed)
    figures(f"control, counted exactly: {found['certain']} of {found.total()} certain")
    assert found["certain"] >= 8
