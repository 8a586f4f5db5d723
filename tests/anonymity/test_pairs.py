"""Who wrote, when and from where makes no difference to what is stored or shown.

Two runs that differ only in that are byte for byte equal after the release, given the same random
seed for each act and a clock that stands still (pair_worlds.py).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
from msgspec import Struct
from msgspec.structs import replace

import bot.core.gate
from bot.core.engine import Engine
from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Pressed, Sender, Submitted, TypedText, What
from dialogs.model.events import Look
from dialogs.model.facts import Waiting
from storage.transactions import anonymous_pool as pools
from storage.transactions.people import SeenPerson
from tests.anonymity.hands import (
    everything_seen,
    instances,
    project_of,
    says_by_name,
)
from tests.anonymity.pair_worlds import Dice, World, differences, left, still_world
from tests.worlds.stage import CHANNEL, COPENHAGEN, PEOPLE, TENANT, Stage

LOOKERS = ("anne", "mette", "peter")
Door = Literal["channel", "private", "typed", "answer", "page", "page answer"]


class Said(Struct, frozen=True):
    """An unsigned text; `name` identifies it in both runs."""

    name: str
    person: str
    at: datetime
    words: str
    door: Door = "channel"
    locale: str = "da"
    readers: tuple[str, ...] = ("anne",)


class Named(Struct, frozen=True):
    name: str
    person: str
    at: datetime


Acts = tuple[Said | Named, ...]


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=COPENHAGEN)


async def _world(
    folder: Path,
    dice: Dice,
    acts: Acts,
    moments: tuple[datetime, ...],
    lookers: tuple[str, ...],
    either: str,
) -> World:
    async with still_world(folder, dice, either) as played:
        dice.thrown("a question")
        await played.type("anne", "næste")
        question = instances(folder)["question"][0]
        for moment in moments:
            await played.move(moment)
            for act in acts:
                if act.at != moment:
                    continue
                if isinstance(act, Named):
                    dice.thrown(act.name)
                    await says_by_name(played, act.person, act.name)
                else:
                    answer = await _say(played, folder, dice, act, question)
                    assert not answer.faults, answer.faults
        await played.move(_at(4, 17))
        dice.thrown("the question is closed")
        await played.press("anne", "Led samtalen")
        await played.press("anne", "Luk for svar")
        await played.move(_at(9, 12))
        dice.thrown("looks")
        seen = await everything_seen(played, folder, lookers)
        return await left(played, folder, seen, either)


async def _say(played: Stage, folder: Path, dice: Dice, act: Said, question: str) -> Answer:
    """Write through a button in the channel, in the private chat, by a command, or on the page,
    where nobody is known to have sent it."""
    project, house = project_of(folder), played.house
    sender = Sender(act.person, PEOPLE[act.person], act.locale)
    place = "" if act.door == "private" else CHANNEL
    asks_question = act.door in ("answer", "page answer")
    on_page = act.door.startswith("page")
    if on_page:
        sender, place = Sender("", locale=act.locale), ""

    async def does(step: str, what: What) -> Answer:
        dice.thrown(f"{act.name}: {step}")
        answer = await house.engine.receive(
            Delivery(
                TENANT,
                sender,
                f"{act.door}:{act.name}:{step}",
                what,
                place,
                page=project if on_page else "",
            )
        )
        await house.courier.settle()
        return answer

    if act.door == "typed":
        await does("a command", TypedText("sig"))
    view = "answer_unnamed" if asks_question else "say_unnamed"
    look = Look(view, project=project, ref=question if asks_question else "")  # type: ignore[arg-type]
    form = (await does("the form", Pressed(write_press(house.vault, TENANT, look)))).form
    assert form is not None
    values: dict[str, str | list[str] | None] = {"text": act.words}
    if not asks_question:
        values |= {
            "kind": "concern",
            "readers": [*act.readers],
            "trio": "false",
            "sending": "release",
        }
    return await does("sent", Submitted(form.token, values))


BETWEEN = (
    Named("Bodil by name", "bodil", _at(3, 12)),
    Named("Karen by name", "karen", _at(4, 9)),
    Named("Omar by name", "omar", _at(4, 13)),
)
FIRST = Said("the first", "sofie", _at(3, 10), "Jeg er bange for ruterne")
SECOND = Said("the second", "lars", _at(4, 10), "Og jeg for vagtplanen", readers=("everyone",))
THIRD = Said("an answer", "emil", _at(3, 14), "Pauserne", door="answer")
ACTS = (*BETWEEN, FIRST, SECOND, THIRD)
WORDS = 'Åse sagde "det går": vi når det ikke'
ODD = unicodedata.normalize("NFD", WORDS).replace('"', "”").replace(" ", "\u00a0") + "\u200b\r\n "

PAIRS: dict[str, tuple[Acts, Acts]] = {
    "two authors swapped": (
        ACTS,
        (*BETWEEN, replace(FIRST, person="lars"), replace(SECOND, person="sofie"), THIRD),
    ),
    "one writes and the other does not": (
        (*BETWEEN, FIRST, SECOND, THIRD),
        (*BETWEEN, replace(FIRST, person="noor"), SECOND, replace(THIRD, person="grethe")),
    ),
    "all by one person or by three": (
        (*BETWEEN, *(replace(one, person="sofie") for one in (FIRST, SECOND, THIRD))),
        ACTS,
    ),
    "one who also writes by name and one who does not": (
        (*BETWEEN, replace(FIRST, person="bodil"), SECOND, THIRD),
        (*BETWEEN, replace(FIRST, person="sofie"), SECOND, THIRD),
    ),
    "one moves in time": (ACTS, (*BETWEEN, replace(FIRST, at=_at(4, 16)), SECOND, THIRD)),
    "two change places in time": (
        ACTS,
        (*BETWEEN, replace(FIRST, at=SECOND.at), replace(SECOND, at=FIRST.at), THIRD),
    ),
    "an answer moves in time": (ACTS, (*BETWEEN, FIRST, SECOND, replace(THIRD, at=_at(3, 9, 30)))),
    "another door": (ACTS, (*BETWEEN, replace(FIRST, door="private"), SECOND, THIRD)),
    "the page without a chat": (
        ACTS,
        (*BETWEEN, replace(FIRST, door="page"), SECOND, replace(THIRD, door="page answer")),
    ),
    "a command": (ACTS, (*BETWEEN, replace(FIRST, door="typed"), SECOND, THIRD)),
    "another language": (
        ACTS,
        (*BETWEEN, replace(FIRST, locale="en-US"), SECOND, replace(THIRD, locale="en")),
    ),
    "another keyboard": (
        (*BETWEEN, replace(FIRST, words=WORDS), SECOND, THIRD),
        (*BETWEEN, replace(FIRST, words=ODD), SECOND, THIRD),
    ),
}


def _moments(pair: str) -> tuple[datetime, ...]:
    """Return the times to which the clock is moved in both runs."""
    return tuple(sorted({act.at for acts in PAIRS[pair] for act in acts}))


_seen: dict[tuple[Acts, tuple[datetime, ...], bool], World] = {}


SOON = {
    "sqlite": {
        "two authors swapped",
        "one moves in time",
        "two change places in time",
        "another door",
        "the page without a chat",
        "another language",
        "another keyboard",
    },
    "postgres": {"two authors swapped", "one moves in time"},
}


@pytest.mark.parametrize(
    ("places", "pair"),
    [
        pytest.param(place, pair, marks=() if pair in SOON[place] else pytest.mark.long)
        for place in SOON
        for pair in PAIRS
    ],
    indirect=["places"],
)
async def test_what_differs_leaves_no_difference(
    tmp_path: Path, places: Callable[[], str], dice: Dice, pair: str
) -> None:
    """Every row with its position, the file itself, and every view of every role are equal."""
    worlds = []
    for n, acts in enumerate(PAIRS[pair]):
        place = places()
        key = acts, _moments(pair), bool(place)
        if key not in _seen:
            folder = tmp_path / str(n)
            _seen[key] = await _world(folder, dice, acts, _moments(pair), LOOKERS, place)
        worlds.append(_seen[key])
    assert differences(*worlds) == []
    assert {"published", "record", "state"} <= {
        table for table in worlds[0][0] if worlds[0][0][table]
    }


# --- and would a difference be seen? ----------------------------------------------------------


def _keeps_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: Digi stores a person's name and language with every act."""
    received = Engine._handle

    async def keeps(engine: Engine, delivery: Delivery) -> Answer:
        who = delivery.sender
        known = [SeenPerson(who.person, who.name, who.locale)]
        await engine._database.tx(engine._scripts.people.called, delivery.tenant, known)
        return await received(engine, delivery)

    monkeypatch.setattr(Engine, "_handle", keeps)


def _counts_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: Digi counts the forms that a person has sent."""
    received, counted = Engine._handle, Counter[str]()

    async def counts(engine: Engine, delivery: Delivery) -> Answer:
        answer = await received(engine, delivery)
        if isinstance(delivery.what, Submitted):
            counted[delivery.sender.person] += 1
            key, value = f"forms:{delivery.sender.person}", str(counted[delivery.sender.person])
            await engine._database.tx(engine._scripts.set_meta, key, value)
        return answer

    monkeypatch.setattr(Engine, "_handle", counts)


def _keeps_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the pool is neither sorted nor shuffled."""
    drawn = pools.Pool.drawn

    def in_order(pool: pools.Pool, kinds: tuple[str, ...], ref: str) -> tuple[Waiting, ...]:
        found = {w.entry: w for w in drawn(pool, kinds, ref)}
        ids = sorted(w.new_id for w in found.values())
        ordered = [found[e.id] for e in pool.entries if e.id in found]
        return tuple(replace(w, new_id=id) for w, id in zip(ordered, ids, strict=True))

    monkeypatch.setattr(pools, "sorted", lambda entries, key: list(entries), raising=False)
    monkeypatch.setattr(pools.Pool, "drawn", in_order)


def _keeps_keyboards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.core.gate, "clean", str)
    monkeypatch.setattr(bot.core.form_values, "clean", str)


Seed = Callable[[pytest.MonkeyPatch], None]
SEEDED: list[tuple[Seed, str]] = [
    (_counts_people, "one writes and the other does not"),
    (_keeps_languages, "another language"),
    (_keeps_order, "two change places in time"),
    (_keeps_keyboards, "another keyboard"),
]


@pytest.mark.parametrize(
    ("places", "fault", "pair"),
    [
        *(("sqlite", fault, pair) for fault, pair in SEEDED),
        *(
            pytest.param("postgres", fault, pair, marks=pytest.mark.long if n else ())
            for n, (fault, pair) in enumerate(SEEDED)
        ),
    ],
    indirect=["places"],
    ids=lambda one: getattr(one, "__name__", one),
)
async def test_control_a_difference_that_is_kept_is_seen(
    tmp_path: Path,
    places: Callable[[], str],
    dice: Dice,
    fault: Seed,
    pair: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: with one such thing stored, the two runs differ."""
    fault(monkeypatch)
    worlds = [
        await _world(tmp_path / str(n), dice, acts, _moments(pair), (), places())
        for n, acts in enumerate(PAIRS[pair])
    ]
    assert differences(*worlds) != []
