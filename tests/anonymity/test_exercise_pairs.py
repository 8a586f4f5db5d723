"""Who wrote which note, set which dots or gave which answer makes no difference to what is stored
or shown, neither while the round is open nor afterwards.

While it is open the pool says who has taken part, to whoever has the key; so there the size of its
row is compared, and everything else whole.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from bot.core.engine import Engine
from bot.platforms.common.ports import Answer, Delivery, Sender, Submitted
from storage.transactions.anonymous_pool import Pool
from tests.anonymity.hands import Dump, dump, says_by_name
from tests.anonymity.meeting import OF_EXERCISES, SURVEY, Meeting
from tests.anonymity.pair_worlds import Dice, World, differences, in_order, left, still_world
from tests.worlds.cards import Dressed
from tests.worlds.stage import CHANNEL, COPENHAGEN, PEOPLE

LOOKERS = ("anne", "mette", "sofie")
NEARBY = ("sofie",)


class TakesPart(Struct, frozen=True):
    """Somebody takes part in a round; `name` identifies it in both runs. `gives`: the words of the
    notes, those of the notes that are chosen, or the points of the answers."""

    name: str
    person: str
    at: datetime
    gives: tuple[str, ...]
    locale: str = "da"
    place: str = CHANNEL


class TakesBack(Struct, frozen=True):
    """The sending of this name is taken back."""

    name: str
    at: datetime
    of: str


class ByName(Struct, frozen=True):
    name: str
    person: str
    at: datetime


Acts = tuple[TakesPart | TakesBack | ByName, ...]


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=COPENHAGEN)


class Course:
    """One world: a board with dots and a survey, in which these acts happen."""

    def __init__(self, meeting: Meeting, dice: Dice, acts: Acts, either: str) -> None:
        self.meeting, self.dice, self.acts, self.either = meeting, dice, acts, either
        self.moments: tuple[datetime, ...] = ()
        self.answered: dict[str, Answer] = {}
        self.open: list[World] = []

    async def play(self, moments: tuple[datetime, ...]) -> None:
        meeting, self.moments = self.meeting, moments
        await meeting.played.move(_at(3, 9))
        await meeting.begins()
        await meeting.goes_to("write")
        await self._until(_at(3, 10))
        await meeting.closes()
        await meeting.goes_to("read")
        await meeting.goes_to("dots")
        await self._until(_at(3, 11))
        await meeting.closes()
        await meeting.ends()
        await meeting.begins(SURVEY)
        await meeting.played.move(_at(4, 9))
        await self._until(_at(4, 10))
        await meeting.closes()
        await meeting.played.move(_at(9, 12))

    async def _until(self, end: datetime) -> None:
        """Let everything happen that happens in this round, and keep what is seen and stored."""
        now = self.meeting.played.house.clock.now()
        for moment in (one for one in self.moments if now <= one < end):
            await self.meeting.played.move(moment)
            for act in self.acts:
                if act.at == moment:
                    await self._does(act)
        await self.meeting.played.move(end)
        self.dice.thrown(f"looks at {end}")
        seen = await self.meeting.seen(NEARBY, (*OF_EXERCISES, "home"))
        rows = _without_the_pool(dump(self.meeting.folder))
        if self.either:
            del rows["lane"]  # leases use the server's clock, which cannot be stopped
            rows = in_order(rows)
        self.open.append((rows, seen, b""))

    async def _does(self, act: TakesPart | TakesBack | ByName) -> None:
        meeting = self.meeting
        match act:
            case ByName(name=name, person=person):
                self.dice.thrown(name)
                await says_by_name(meeting.played, person, name)
            case TakesBack(name=name, of=of):
                person = next(one.person for one in self.acts if one.name == of)  # type: ignore[union-attr]
                await meeting.undoes(person, self.answered[of], name)
            case TakesPart(name=name, gives=gives, place=place):
                who = Sender(act.person, PEOPLE[act.person], act.locale)
                if name.startswith("note"):
                    answer = await meeting.notes(who, *gives, name=name, place=place)
                elif name.startswith("dots"):
                    answer = await meeting.dots(who, *gives, name=name, place=place)
                else:
                    answer = await meeting.answers(who, gives[0], name, place)
                assert not answer.faults, answer.faults
                self.answered[name] = answer


def _without_the_pool(rows: Dump) -> Dump:
    """Return the rows with the pool's content replaced by its size."""
    pool = [(*row[:-1], len(row[-1])) for row in rows["pool"]]
    return {**rows, "pool": pool}


async def _world(
    folder: Path, dice: Dice, acts: Acts, moments: tuple[datetime, ...], either: str
) -> tuple[list[World], World]:
    async with still_world(folder, dice, either) as played:
        course = Course(Meeting(played, folder, dice.thrown), dice, acts, either)
        await course.play(moments)
        dice.thrown("looks")
        seen = await course.meeting.seen(LOOKERS)
        return course.open, await left(played, folder, seen, either)


BETWEEN: Acts = (
    ByName("Bodil by name", "bodil", _at(3, 9, 20)),
    ByName("Lars by name", "lars", _at(3, 9, 40)),
    ByName("Omar by name", "omar", _at(3, 10, 30)),
    ByName("Sofie by name", "sofie", _at(4, 9, 30)),
)
NOTES = tuple(
    TakesPart(f"note {n}", person, _at(3, 9, 10 + 6 * n), (f"Fordel {n}", f"Ulempe {n}"))
    for n, person in enumerate(("sofie", "lars", "emil", "noor", "karen", "grethe"))
)
DOTS = tuple(
    TakesPart(f"dots {n}", person, _at(3, 10, 10 + 6 * n), (f"Fordel {n}", f"Ulempe {n // 2}"))
    for n, person in enumerate(("sofie", "lars", "emil", "noor", "karen", "omar"))
)
POINTS = ("bbbbbb", "bswuwb", "wwwwww", "bbssww", "ubbbbb", "sssbbb")
ANSWERS = tuple(
    TakesPart(f"answer {n}", person, _at(4, 9, 10 + 6 * n), (points,))
    for n, (person, points) in enumerate(
        zip(("sofie", "lars", "emil", "noor", "bodil", "omar"), POINTS, strict=True)
    )
)


def _acts(*parts: tuple[TakesPart | TakesBack, ...]) -> Acts:
    return (*BETWEEN, *(act for part in parts for act in part))


def _swapped(acts: tuple[TakesPart, ...], one: int, other: int) -> tuple[TakesPart, ...]:
    people = [act.person for act in acts]
    people[one], people[other] = people[other], people[one]
    return tuple(replace(act, person=who) for act, who in zip(acts, people, strict=True))


def _by(acts: tuple[TakesPart, ...], n: int, person: str) -> tuple[TakesPart, ...]:
    return tuple(replace(act, person=person) if m == n else act for m, act in enumerate(acts))


def _moved(acts: tuple[TakesPart, ...], one: int, other: int) -> tuple[TakesPart, ...]:
    times = [act.at for act in acts]
    times[one], times[other] = times[other], times[one]
    return tuple(replace(act, at=at) for act, at in zip(acts, times, strict=True))


ACTS = _acts(NOTES, DOTS, ANSWERS)
TAKEN_BACK = (
    TakesPart("note taken back", "fatima", _at(3, 9, 15), ("Fortrudt",)),
    TakesBack("takes it back", _at(3, 9, 25), "note taken back"),
)
ENGLISH = tuple(replace(act, locale="en-US", place="") for act in NOTES[:1])
PAIRS: dict[str, tuple[Acts, Acts]] = {
    "two authors of notes swapped": (ACTS, _acts(_swapped(NOTES, 0, 3), DOTS, ANSWERS)),
    "another person wrote a note": (ACTS, _acts(_by(NOTES, 1, "peter"), DOTS, ANSWERS)),
    "two change places in time": (ACTS, _acts(_moved(NOTES, 0, 5), DOTS, ANSWERS)),
    "a note that was taken back": (ACTS, _acts(NOTES, TAKEN_BACK, DOTS, ANSWERS)),
    "another language and the private chat": (
        ACTS,
        _acts((*ENGLISH, *NOTES[1:]), DOTS, ANSWERS),
    ),
    "two who set dots swapped": (ACTS, _acts(NOTES, _swapped(DOTS, 1, 4), ANSWERS)),
    "another person set dots": (ACTS, _acts(NOTES, _by(DOTS, 5, "peter"), ANSWERS)),
    "two answers swapped": (ACTS, _acts(NOTES, DOTS, _swapped(ANSWERS, 0, 2))),
    "another person answered": (ACTS, _acts(NOTES, DOTS, _by(ANSWERS, 1, "peter"))),
    "all of it at once": (
        ACTS,
        _acts(
            _moved(_swapped(NOTES, 0, 3), 1, 2),
            TAKEN_BACK,
            _moved(_swapped(DOTS, 1, 4), 0, 5),
            _moved(_swapped(ANSWERS, 0, 2), 3, 4),
        ),
    ),
}
SOON = {
    "sqlite": {"a note that was taken back", "another person wrote a note", "all of it at once"},
    "postgres": {"all of it at once"},
}
_played: dict[tuple[Acts, tuple[datetime, ...], bool], tuple[list[World], World]] = {}


def _moments(*worlds: Acts) -> tuple[datetime, ...]:
    """Return the times to which the clock is moved in both runs."""
    return tuple(sorted({act.at for acts in worlds for act in acts}))


@pytest.mark.parametrize(
    ("places", "pair"),
    [
        pytest.param(place, pair, marks=() if pair in SOON[place] else pytest.mark.long)
        for place in SOON
        for pair in PAIRS
    ],
    indirect=["places"],
)
async def test_who_took_part_with_what_leaves_no_difference(
    tmp_path: Path, places: Callable[[], str], dice: Dice, dressed: Dressed, pair: str
) -> None:
    """Every row with its position, the file itself, every view of every role, and what hangs on the
    wall and on the leading page are equal; and so they are while each round is open."""
    moments = _moments(*(acts for pair in PAIRS.values() for acts in pair))
    worlds = []
    for n, acts in enumerate(PAIRS[pair]):
        place = places()
        key = acts, moments, bool(place)
        if key not in _played:
            _played[key] = await _world(tmp_path / str(n), dice, acts, moments, place)
        worlds.append(_played[key])
    dressed.forget()
    for one, other in zip(worlds[0][0], worlds[1][0], strict=True):
        assert differences(one, other) == []
    assert differences(worlds[0][1], worlds[1][1]) == []
    rows, seen, _ = worlds[0][1]
    assert {"published", "record", "state"} <= {table for table in rows if rows[table]}
    said = " ".join(seen.values())
    assert all(word in said for act in NOTES for word in act.gives)
    assert "Det valgte I at arbejde med" in said
    assert "De fleste svarer" in said or "I ser forskelligt på det" in said


# --- and would a difference be seen? ----------------------------------------------------------


def _counts_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: Digi keeps whose form came last."""
    received = Engine._handle

    async def counts(engine: Engine, delivery: Delivery) -> Answer:
        answer = await received(engine, delivery)
        if isinstance(delivery.what, Submitted):
            key = f"forms:{delivery.sender.person}"
            await engine._database.tx(engine._scripts.set_meta, key, "1")
        return answer

    monkeypatch.setattr(Engine, "_handle", counts)


def _keeps_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: who took part stays in the pool when the round is closed."""
    monkeypatch.setattr(Pool, "closed", lambda pool, ref: pool)


@pytest.mark.parametrize("fault", [_counts_people, _keeps_marks], ids=lambda one: one.__name__)
@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
async def test_control_a_difference_that_is_kept_is_seen(
    tmp_path: Path,
    places: Callable[[], str],
    dice: Dice,
    dressed: Dressed,
    fault: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: with one such thing stored, the two runs differ."""
    fault(monkeypatch)
    pair = PAIRS["another person wrote a note"]
    worlds = [
        await _world(tmp_path / str(n), dice, acts, _moments(*pair), places())
        for n, acts in enumerate(pair)
    ]
    dressed.forget()
    assert differences(worlds[0][1], worlds[1][1]) != []
