"""A round as people use it: what is written, refused, repeated and undone looks alike from outside,
and counts once each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core import engine
from bot.core.gate_results import Passed
from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Pressed, Sender
from bot.server.build import House
from dialogs import registry
from dialogs.model import cards as c
from dialogs.model.conversation import Responses, UnsignedPart, UnsignedStep, nothing
from dialogs.model.effects import (
    CloseRound,
    Mark,
    OpenRound,
    Pooled,
    PoolEntry,
    Publish,
    Refresh,
    Show,
    Undo,
)
from dialogs.model.events import Missing, Undoing
from dialogs.model.facts import Prefs, Unreleased, Waiting
from storage.sql import Unavailable, Unsure
from storage.transactions.anonymous_pool import Pool
from tests.anonymity.hands import (
    CANARY,
    changed,
    dump,
    every_log_line,
    project_of,
    reading,
    running,
)
from tests.faults.tools import ANSWERED, ENDS, Failpoints, rows_of
from tests.worlds.house import PROJECT, TENANT, a_house, asked, carry_out, found
from tests.worlds.stage import TENANT as STAGE_TENANT
from tests.worlds.stage import Stage, text_of

ROUND = "run.1"
TEAM = tuple(f"person{n}" for n in range(20))
NOTES: tuple[Pooled, ...] = (
    PoolEntry("note", ROUND, {"text": "æ" * 200}),
    PoolEntry("note", ROUND, {"text": "ø" * 200}),
    Mark(ROUND),
)
DOTS: tuple[Pooled, ...] = (PoolEntry("dots", ROUND, {"chosen": ["a"]}), Mark(ROUND, once=True))
ROOM = len(TEAM) * (2 * (200 + 450) + 220)


@pytest.fixture
async def house(tmp_path: Path, either: str) -> AsyncIterator[House]:
    async with a_house(tmp_path / "home", either=either) as built:
        await found(built, team=TEAM)
        yield built


async def sends(
    house: House, person: str, form: str, sent: tuple[Pooled, ...], database: Any = None
) -> str:
    taken: str = await (database or house.database).tx_sealed(
        house.scripts.pools.put, TENANT, PROJECT, sent, form, b"a receipt", f"mac of {person}"
    )
    return taken


async def drawn(house: House) -> tuple[Waiting, ...]:
    fact = Unreleased(("note", "dots", "mark"), ROUND)
    answers = await house.database.read(
        house.scripts.reading.unsigned_facts, TENANT, PROJECT, (fact,)
    )
    found: tuple[Waiting, ...] = answers[fact]
    return found


async def waiting(house: House) -> Counter[str]:
    return Counter(one.kind for one in await drawn(house))


def size(folder: Path, either: str) -> object:
    """Return the length of the pool's row; in the file also the number of pages."""
    [row] = asked(folder / "home", either, "SELECT length(sealed) FROM pool")
    if either:
        return row
    return row, asked(folder / "home", either, "PRAGMA page_count")


async def test_two_presses_at_once_count_once_each(house: House) -> None:
    """Everybody sends twice at the same moment, with one form and with two: as many ballots and
    marks as people, and the second form is refused."""
    await carry_out(house, OpenRound(ROUND, ROOM))
    for forms, answers in (((1, 1), {"kept", "again"}), ((2, 3), {"already"})):
        taken = await asyncio.gather(
            *(sends(house, one, f"{one} {form}", DOTS) for one in TEAM for form in forms)
        )
        assert set(taken) == answers
    assert await waiting(house) == {"dots": len(TEAM), "mark": len(TEAM)}


async def test_of_two_forms_at_once_one_is_kept(house: House) -> None:
    await carry_out(house, OpenRound(ROUND, ROOM))
    taken = await asyncio.gather(
        *(sends(house, one, f"{one} {form}", DOTS) for one in TEAM for form in (1, 2))
    )
    assert Counter(taken) == {"kept": len(TEAM), "already": len(TEAM)}
    assert await waiting(house) == {"dots": len(TEAM), "mark": len(TEAM)}


async def test_the_pool_does_not_grow_while_a_round_is_open(
    house: House, tmp_path: Path, either: str
) -> None:
    """Neither its row nor the file, whatever people write, refuse, repeat and undo; also not when
    the calendar writes the row again in between. Closing gives the room back."""
    before = size(tmp_path, either)
    await carry_out(house, OpenRound(ROUND, ROOM))
    reserved = size(tmp_path, either)
    assert reserved != before
    for n, person in enumerate(TEAM):
        assert await sends(house, person, f"form {n}", NOTES) == "kept"
        assert await sends(house, person, f"form {n}", NOTES) == "again"
        assert await sends(house, person, f"other {n}", DOTS) == "already"
        if n % 7 == 3:
            await sends(house, person, f"undo {n}", (Undo(ROUND, f"form {n}"),))
            await carry_out(house, Refresh())
        assert size(tmp_path, either) == reserved
    await carry_out(house, CloseRound(ROUND))
    [(closed,)] = asked(tmp_path / "home", either, "SELECT length(sealed) FROM pool")
    assert closed < 2 * ROOM


async def test_closing_a_round_writes_the_pool_twice_however_many_notes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once without the notes, once without the round: a rewrite for each note would write the whole
    pool again for each."""
    await carry_out(house, OpenRound(ROUND, ROOM))
    for n, person in enumerate(TEAM):
        await sends(house, person, f"form {n}", NOTES)
    notes = [one for one in await drawn(house) if one.kind == "note"]
    written = []
    seal = Pool.seal

    def counted(pool: Pool, *place: Any) -> bytes:
        written.append(place)
        return seal(pool, *place)

    monkeypatch.setattr(Pool, "seal", counted)
    published = [Publish(one.entry, one.new_id, "note", ROUND, 0, one.body) for one in notes]
    await carry_out(house, *published, CloseRound(ROUND))
    assert (len(notes), len(written)) == (2 * len(TEAM), 2)
    assert await waiting(house) == {}


OUTCOMES: tuple[tuple[str, str, tuple[Pooled, ...]], ...] = (
    ("kept", "form 2", NOTES),
    ("again", "form 1", NOTES),
    ("already", "form 3", DOTS),
    ("closed", "form 4", (PoolEntry("note", "run.2", {"text": "x"}), Mark("run.2"))),
    ("kept", "form 5", (Undo(ROUND, "form 1"),)),
    ("again", "form 6", (Undo(ROUND, "form 1"),)),
)


async def test_every_outcome_writes_the_pools_row_and_moves_the_counters_alike(
    house: House, tmp_path: Path, either: str
) -> None:
    """Also the one without an entry. From outside, a refusal is a text."""
    await carry_out(house, OpenRound(ROUND, ROOM))
    assert await sends(house, "anne", "form 1", NOTES) == "kept"
    moves = set()
    with rows_of(tmp_path / "home", either) as rows:
        for outcome, form, sent in OUTCOMES:
            before: Any = rows()
            counts = house.database.counts()
            assert await sends(house, "anne", form, sent) == outcome
            now: Any = rows()
            differ = [one for one in zip(before, now, strict=True) if one[0] != one[1]]
            assert [len(table) for table, _ in differ] == [1], "the pool's row"
            assert differ[0][0][0][:-1] == (TENANT, PROJECT)
            moved = house.database.counts()
            moves.add((moved[0] - counts[0], moved[1] - counts[1]))
    assert len(moves) == 1


async def test_a_failure_in_the_middle_keeps_all_of_a_sending_or_nothing(
    house: House, tmp_path: Path, either: str
) -> None:
    """Every statement fails once, also after its work is done; people press again until it is kept.
    Then there are two notes and one mark, once."""
    await carry_out(house, OpenRound(ROUND, ROOM))
    with rows_of(tmp_path / "home", either) as rows:
        broken = Failpoints(house.database, rows, every=True)
        for sent, left in (
            (NOTES, {"note": 2, "mark": 1}),
            ((Undo(ROUND, "form"),), {}),
            (DOTS, {"dots": 1, "mark": 1}),
        ):
            broken.act_begins()
            form = "undo" if isinstance(sent[0], Undo) else "form"
            while True:
                broken.arm()
                try:
                    await sends(house, "anne", form, sent, broken)
                    if broken.fired is None:
                        break
                except (Unavailable, Unsure):
                    pass
            broken.armed = False
            assert await waiting(house) == left
    assert {"pool_get 1", "pool_put 1", ENDS, ANSWERED} <= {where for _, where in broken.failed}


# --- through the gate ---------------------------------------------------------------------


def said(words: str) -> Responses:
    return (Show(c.card(c.Quote[c.Line](c.Words(words)))),)


def decide(event: Missing, known: object) -> UnsignedStep:
    ballot = PoolEntry("dots", event.question, {"chosen": event.text})
    return (ballot, Mark(event.question, once=True)), said("counted")


@pytest.fixture
def _in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objections to a question become dots in a round."""
    part = UnsignedPart(
        events=(Missing,),
        needs=nothing,
        decide=decide,
        in_rounds=frozenset({Missing}),
        already=lambda event: said("already"),
        closed=lambda event: said("closed"),
    )
    parts: dict[Any, UnsignedPart] = registry.UNSIGNED
    monkeypatch.setitem(parts, Missing, part)
    monkeypatch.setattr("bot.core.gate.IN_ROUNDS", part.in_rounds)


async def presses(house: House, person: str, round: str) -> str:
    token = write_press(house.vault, TENANT, Missing(project=PROJECT, question=round, text="a"))
    sender = Sender(person, person.title(), "da")
    answer = await house.engine.receive(Delivery(TENANT, sender, "k", Pressed(token), ""))
    return text_of(answer.cards[0])


@pytest.mark.usefixtures("_in_rounds")
async def test_each_person_is_answered_for_what_became_of_their_act(house: House) -> None:
    """Counted once; refused the second time; and refused where no round is open."""
    await carry_out(house, OpenRound(ROUND, ROOM))
    assert "counted" in await presses(house, TEAM[0], ROUND)
    assert "counted" in await presses(house, TEAM[1], ROUND)
    assert "already" in await presses(house, TEAM[0], ROUND)
    assert "closed" in await presses(house, TEAM[0], "run.2")
    assert await waiting(house) == {"dots": 2, "mark": 2}
    await carry_out(house, CloseRound(ROUND))
    assert "closed" in await presses(house, TEAM[2], ROUND)


class Undone(Undoing, frozen=True, tag="undone"):
    pass


def test_only_the_answer_itself_holds_what_undoes_it() -> None:
    """The form id is put into its button, wherever it stands in the card, and nowhere else."""
    button: c.Button[c.Line] = c.Button(c.text("button.read_more"), Undone())  # type: ignore[arg-type]
    moment = Show(c.card(c.Paragraph(c.text("question.noted")), c.buttons(button)))
    passed = Passed(TENANT, PROJECT, Undone(), Prefs(), form="the form")  # type: ignore[arg-type]
    own = engine._Own("the code", passed.form)
    filled = engine._with_own(moment, own)
    assert repr(filled).count("the form") == 1
    assert "the code" not in repr(filled)
    assert "the form" not in repr(moment)


# --- in an exercise -----------------------------------------------------------------------

WROTE = {"Hvor på tavlen": "Realistisk", "I dag": CANARY, "I dag, en til": f"{CANARY} 2"}


@pytest.fixture
async def exercise(tmp_path: Path, either: str) -> AsyncIterator[Stage]:
    """The compass, in the round in which people write what today's technology does."""
    async with running(tmp_path, either=either) as played:
        await played.play(
            """
            mette > /digi øvelse kompas
            mette > tryk "Begynd"
            mette > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=mette
            mette > tryk "Næste trin"
            mette > tryk "Næste trin"
            """
        )
        yield played


async def in_pool(played: Stage, folder: Path) -> Counter[str]:
    project = project_of(folder)
    [(sealed,)] = dump_of_pool(folder)
    pool = Pool.open(played.house.vault, STAGE_TENANT, project, sealed)
    return Counter(e.kind for e in pool.entries)


def dump_of_pool(folder: Path) -> list[tuple[bytes]]:
    with reading(folder) as conn:
        return list(conn.execute("SELECT sealed FROM pool").fetchall())


async def test_notes_and_their_undo_change_the_pools_row_and_no_other_byte(
    exercise: Stage, tmp_path: Path
) -> None:
    """Nor does the same form sent again, at the same moment; nothing is logged, and the row keeps
    its size."""
    played = exercise
    await played.press("sofie", "Skriv sedler")
    form, before = played.form["sofie"], dump(tmp_path)
    open_rounds = await in_pool(played, tmp_path)
    length = len(dump_of_pool(tmp_path)[0][0])
    with every_log_line() as lines:
        await played.fill("sofie", WROTE)
        undo = list(played.shown["sofie"])
        assert await in_pool(played, tmp_path) == open_rounds + Counter(note=2, mark=2)
        played.form["sofie"] = form
        await played.fill("sofie", WROTE)
        assert await in_pool(played, tmp_path) == open_rounds + Counter(note=2, mark=2)
        played.shown["sofie"] = undo
        await played.press("sofie", "Fortryd")
    # Neither mark stays. Whoever wrote in an earlier short round too no longer counts.
    assert await in_pool(played, tmp_path) == open_rounds
    assert changed(before, dump(tmp_path)) == {"pool"}
    assert len(dump_of_pool(tmp_path)[0][0]) == length
    assert [line for line in lines if not line.startswith("asyncio")] == []


async def test_undo_works_until_the_round_is_closed(exercise: Stage, tmp_path: Path) -> None:
    """Afterwards the button says that it is too late, and the note stays."""
    played = exercise
    await played.press("sofie", "Skriv sedler")
    await played.fill("sofie", WROTE)
    answered = list(played.shown["sofie"])
    await played.move(played.house.clock.now() + timedelta(minutes=10))
    await played.press("mette", "Led øvelsen", "trin 3 af 8")
    await played.press("mette", "Luk runden")
    left = await in_pool(played, tmp_path)
    assert left["note"] == 2
    played.shown["sofie"] = answered
    await played.press("sofie", "Fortryd")
    assert "kan ikke tages tilbage" in played.just("sofie")
    assert await in_pool(played, tmp_path) == left
