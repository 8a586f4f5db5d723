"""Turns and looks are executed once, completely, and in order, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import storage.sqlite.writer
from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Pressed, Sender, Submitted, TypedText
from bot.server.build import House
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.links import ProjectLink
from dialogs.registry import SIGHTS
from storage.sql import Conflict, Script, Unavailable
from storage.sqlite.writer import Writer
from storage.transactions import links
from storage.transactions.anonymous_pool import Pool
from storage.transactions.effects import CARRIED_OUT_BY
from storage.transactions.facts import SCRIPTS
from storage.transactions.letters import once_key
from storage.transactions.links import token_of
from storage.transactions.scope import Scope
from storage.transactions.turns import DEPTH, TooDeep, Turn, keep_state
from storage.vault import code_hash
from tests.worlds.house import (
    CHANNEL,
    MONDAY,
    PROJECT,
    TENANT,
    Fake,
    Paper,
    a_house,
    asked,
    faked,
    found,
    kept,
    note,
    on_disk,
)
from tests.worlds.stage import CHANNEL as STAGE_CHANNEL
from tests.worlds.stage import TENANT as STAGE_TENANT
from tests.worlds.stage import Stage, stage, text_of

TEAM = ("anne", "mette", "ali", "fatima")
ROLES = (
    fx.Grant("anne", "leader", "confirmed"),
    fx.Grant("mette", "tr", "confirmed", "FOA"),
    fx.Grant("ali", "facilitator", "confirmed"),
)
SENTENCE = "Det blev ikke gemt. Din tekst står her endnu. Prøv igen om et øjeblik."


@pytest.fixture
def edge() -> Paper:
    return Paper()


@pytest.fixture
async def house(tmp_path: Path, edge: Paper, either: str) -> AsyncIterator[House]:
    async with a_house(tmp_path / "home", edge, either=either) as built:
        await found(built, roles=ROLES, team=TEAM)
        yield built


@pytest.fixture
async def sqlite_house(tmp_path: Path, edge: Paper) -> AsyncIterator[House]:
    async with a_house(tmp_path / "home", edge) as built:
        await found(built, roles=ROLES, team=TEAM)
        yield built


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return faked(monkeypatch, "digest")


def news(text: str, id: str = "") -> e.NewsGiven:
    return e.NewsGiven(project=PROJECT, text=text, by="anne", at=MONDAY, id=id or text)


async def turn(house: House, event: e.SignedEvent, key: str = "") -> tuple[fx.Seen, ...]:
    done = Turn(TENANT, PROJECT, key or f"key:{event.id}", event, MONDAY)
    return await house.engine.turn(done)


def press(house: House, person: str, what: e.Press, key: str = "k") -> Delivery:
    token = write_press(house.vault, TENANT, what)
    return Delivery(TENANT, Sender(person, person.title(), "da"), key, Pressed(token), CHANNEL)


async def ask(house: House, *facts: f.Fact[Any], project: str = PROJECT) -> Any:
    answers = await house.database.read(
        house.scripts.reading.unsigned_facts, TENANT, project, facts
    )
    return answers[facts[0]] if len(facts) == 1 else answers


async def diary(house: House) -> tuple[str, ...]:
    body = await ask(house, f.StateOf("digest", "digest"))
    return tuple(msgspec.json.decode(body)["lines"]) if body else ()


# --- once ---------------------------------------------------------------------------------


async def test_the_same_thing_again_is_one_turn_with_the_same_answer(
    house: House, fake: Fake, edge: Paper
) -> None:
    """A retry of a press, concurrently or later, changes nothing and shows the same answer."""
    fake.does(fx.Show(note("thanks")), fx.Say(note("news")))
    once = press(house, "anne", e.NewsGiven(project=PROJECT, text="a"))
    answers = await asyncio.gather(*(house.engine.receive(once) for _ in range(5)))
    await house.courier.settle()
    answers.append(await house.engine.receive(once))
    assert len({msgspec.json.encode(answer) for answer in answers}) == 1
    assert answers[0].cards
    assert await diary(house) == ("a",)
    assert edge.said() == ["news"]


async def test_a_retry_of_what_may_be_done_only_once_has_the_same_answer(tmp_path: Path) -> None:
    """The platform missed the answer and retries the deletion of a draft: the retry gets the same
    answer instead of a refusal."""
    async with stage(tmp_path) as played:
        await played.type("anne", "/digi start")
        await played.fill("anne", {"Navn": "Ny omsorgsplatform"})
        drop = Pressed(played._button("anne", "Slet kladden", ""))
        once = Delivery(STAGE_TENANT, Sender("anne", "Anne Holm", "da"), "k1", drop, STAGE_CHANNEL)
        answers = [await played.house.engine.receive(once) for _ in range(3)]
        assert "er slettet" in text_of(answers[0].cards[0])
        assert answers[1:] == answers[:1] * 2
        later = msgspec.structs.replace(once, key="k2")
        assert "er slettet" not in text_of((await played.house.engine.receive(later)).cards[0])


async def test_turns_of_one_project_come_one_after_the_other(house: House, fake: Fake) -> None:
    """Of fifty concurrent turns, each sees the state that the one before it left."""
    await asyncio.gather(*(turn(house, news(f"n{n}")) for n in range(50)))
    assert sorted(await diary(house)) == sorted(f"n{n}" for n in range(50))


async def test_whoever_was_slower_decides_again(house: House, fake: Fake) -> None:
    """A conflict is retried as a whole, and given up after some attempts."""
    tries = []

    def late(state: Any, event: Any, known: Any) -> Any:
        tries.append(event)
        if len(tries) < 3:
            raise Conflict("somebody was quicker")
        return Fake.note(state, event, known)

    fake.acts = late
    await turn(house, news("a"))
    assert await diary(house) == ("a",)
    assert len(tries) == 3

    def never(state: Any, event: Any, known: Any) -> Any:
        raise Conflict("somebody is always quicker")

    fake.acts = never
    with pytest.raises(Conflict):
        await turn(house, news("b"))
    assert await diary(house) == ("a",)


async def test_a_state_that_moved_meanwhile_is_a_conflict(house: House) -> None:
    """The version shows that somebody else has written, so nothing is overwritten."""

    def stale() -> Script[None]:
        scope = Scope(TENANT, PROJECT, house.vault)
        yield from keep_state(scope, "project", "project", 7, b"{}")

    with pytest.raises(Conflict):
        await house.database.tx(stale)
    assert (await ask(house, f.About())).id == PROJECT


def test_every_kind_of_effect_is_carried_out() -> None:
    """Each kind is stored by a script of its own, or becomes events for other conversations."""
    assert {*CARRIED_OUT_BY, fx.Tell, fx.BeginAll, fx.HaltAll} == set(get_args(fx.Effect))


# --- whole, or not at all -----------------------------------------------------------------


async def test_a_refused_form_leaves_nothing_and_may_be_sent_again(
    house: House, fake: Fake, tmp_path: Path, either: str
) -> None:
    """A field error rolls the turn back, including its key; the corrected form is accepted."""
    refusal = fx.FieldError("text", c.text("gate.field_missing"))
    fake.does(fx.Say(note("news")), fx.Timer("t", MONDAY), refusal)
    before = kept(tmp_path / "home", either)
    assert await turn(house, news("a"), "form:1") == (refusal,)
    assert kept(tmp_path / "home", either) == before
    fake.does()
    assert await turn(house, news("b"), "form:1") == ()
    assert await diary(house) == ("b",)


async def test_a_dialog_that_fails_leaves_nothing(
    house: House, fake: Fake, tmp_path: Path, kindly: Callable[[], None], either: str
) -> None:
    """The person is told so in their language, and nothing of the attempt is stored."""
    kindly()

    def fails(state: Any, event: Any, known: Any) -> Any:
        raise RuntimeError("hemmeligt")

    fake.acts = fails
    once = press(house, "anne", e.NewsGiven(project=PROJECT, text="a"))
    await house.engine.receive(press(house, "anne", e.PersonResumed(), "known by now"))
    before = kept(tmp_path / "home", either)
    answer = await house.engine.receive(once)
    assert kept(tmp_path / "home", either) == before
    said = msgspec.json.encode(answer).decode()
    assert "ikke ændret" in said
    assert "hemmeligt" not in said
    fake.acts = fake.note
    await house.engine.receive(once)
    assert await diary(house) == ("a",)


async def test_a_form_that_could_not_be_kept_stays_open(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    kindly: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The database is away: the typed text stays in the form, and the log contains none of it."""
    kindly()

    async def away(*_: object) -> None:
        raise Unavailable("disk full, said while keeping hemmeligt")

    for name in ("read", "tx", "tx_sealed"):
        monkeypatch.setattr(house.database, name, away)
    sender = Sender("anne", "Anne", "en")
    form = Submitted("token", {"text": "hemmeligt"})
    answer = await house.engine.receive(Delivery(TENANT, sender, "k", form, CHANNEL))
    assert [fault.field for fault in answer.faults] == [""]
    assert c.plain(answer.faults[0].text) == (
        "It was not saved. Your text is still here. Try again in a moment."
    )
    danish = msgspec.structs.replace(sender, locale="da")
    answer = await house.engine.receive(Delivery(TENANT, danish, "k", form, CHANNEL))
    assert c.plain(answer.faults[0].text) == SENTENCE
    answer = await house.engine.receive(Delivery(TENANT, danish, "k", TypedText("status"), CHANNEL))
    assert answer.cards
    assert house.tally.failures == {"Unavailable": 2}
    assert "hemmeligt" not in capsys.readouterr().err


async def test_what_presses_and_forms_failed_is_told_at_the_full_hour(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log line at that moment would reveal when somebody wrote without a name."""
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(house.log, "failed", lambda *said: told.append(said))
    await house.courier.move_to(MONDAY + timedelta(minutes=1))
    house.tally.failures["Unavailable"] += 3
    await house.courier.move_to(MONDAY + timedelta(minutes=59))
    assert told == []
    await house.courier.move_to(MONDAY + timedelta(minutes=60))
    assert told == [("presses and forms of an hour", "Unavailable (3)")]
    await house.courier.move_to(MONDAY + timedelta(minutes=120))
    assert len(told) == 1


async def test_dialogs_that_tell_each_other_too_deep_leave_nothing(
    house: House, fake: Fake, tmp_path: Path, either: str
) -> None:
    """Nesting is limited to eight levels; exceeding it is a bug, and nothing is stored."""

    def chain(depth: int) -> Any:
        def tells(state: Any, event: Any, known: Any) -> Any:
            n = int(event.text)
            told = (fx.Tell(e.NewsGiven(text=str(n + 1))),) if n < depth else ()
            return Fake.note(state, event, known, *told, fx.Say(note("x")))

        return tells

    fake.acts = chain(DEPTH)
    await turn(house, news("0"))
    assert await diary(house) == tuple(str(n) for n in range(DEPTH + 1))
    assert len({event.id for event in fake.heard}) == DEPTH + 1
    assert {(event.by, event.at) for event in fake.heard} == {("anne", MONDAY)}
    fake.acts = chain(DEPTH + 1)
    before = kept(tmp_path / "home", either)
    with pytest.raises(TooDeep):
        await turn(house, news("0", "again"))
    assert kept(tmp_path / "home", either) == before


# --- looks --------------------------------------------------------------------------------

STATUS = msgspec.json.encode(e.Look("status")).decode()
WALKED = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
ur > til spørgsmål
fatima > tryk "Svar"
fatima > udfyld Dit="Mere ro ved besøgene"
"""


async def test_a_look_leaves_database_and_log_as_they_are(tmp_path: Path) -> None:
    """Every look by everybody leaves the files byte for byte equal, and can be repeated."""
    async with stage(tmp_path) as played:
        await played.play(WALKED)
        house = played.house
        [project] = await house.database.read(
            house.scripts.reading.projects_of, STAGE_TENANT, "anne"
        )
        rows = await house.database.read(_states, project.id)
        refs = ["", "nothing", *(row["id"] for row in rows)]
        before = on_disk(tmp_path)
        for person in ("anne", "mette", "fatima"):
            for view in get_args(e.View):
                for ref in refs:
                    words = STATUS if view == "which_project" else ""
                    await _look(played, person, e.Look(view, project.id, ref, words))
                    assert on_disk(tmp_path) == before, (person, view, ref)


def _states(project: str) -> Script[list[dict[str, Any]]]:
    key = {"tenant": STAGE_TENANT, "project": project}
    return (yield "state_all", {**key, "dialog": "question"})


async def _look(played: Stage, person: str, look: e.Look) -> Answer:
    house = played.house
    house.engine._gate._acts.clear()
    house.engine._gate._codes.clear()
    token = write_press(house.vault, STAGE_TENANT, look)
    sender = Sender(person, "Et andet navn", "en")
    what = Pressed(token)
    return await house.engine.receive(Delivery(STAGE_TENANT, sender, "look", what, STAGE_CHANNEL))


# --- what a turn may do -------------------------------------------------------------------


async def test_what_a_timer_opens_is_not_remembered(house: House, fake: Fake) -> None:
    """Thousands of timers fire in an hour, for projects that nobody looks at, so their states are
    not cached."""
    fake.does(fx.Timer("t", MONDAY + timedelta(minutes=1)))
    await turn(house, news("a"))
    house.vault.forget()
    before = len(house.vault._opened)
    await house.courier.move_to(MONDAY + timedelta(minutes=2))
    assert isinstance(fake.heard[-1], e.Woke)
    assert len(house.vault._opened) == before
    await turn(house, news("b"))
    assert len(house.vault._opened) > before


async def test_every_effect_is_done(
    house: House, fake: Fake, edge: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of effect is executed once, and its result is in the database."""
    done: set[type] = set()

    async def does(*effects: fx.Effect) -> None:
        done.update(type(effect) for effect in effects)
        fake.does(*effects)
        await turn(house, news(f"t{len(done)}", f"id{len(fake.heard)}"))

    rec = fx.Record("answer", "q1", "q1:anne", "anne", MONDAY, {"text": "Mere tid"})
    await does(rec, fx.Record("answer", "q1", "q1:ali", "ali", MONDAY, {"text": "Nej"}))
    assert [r.body["text"] for r in await ask(house, f.Records("answer", "q1"))] == [
        "Nej",
        "Mere tid",
    ]
    await does(fx.Forget("answer", id="q1:ali"))
    assert await ask(house, f.HowMany("answer", "q1")) == 1
    await does(fx.Forget("answer", ref="q1"), fx.Forget("answer", person="anne"))
    assert await ask(house, f.HowMany("answer", "q1")) == 0
    await does(
        fx.Post("post"),
        fx.Redraw("post"),
        fx.Say(note("said"), thread="post"),
        fx.Privately("mette", note("now"), now=True),
        fx.Privately("mette", note("in the bag")),
        fx.Timer("a", MONDAY + timedelta(hours=1)),
        fx.Timer("b", MONDAY + timedelta(hours=1)),
        fx.Cancel("b"),
    )
    await house.courier.settle()
    assert [p.kind for p in edge.parcels].count("thread") == 1
    assert {"said", "now", "in the bag"} <= set(edge.said())
    timers = await house.database.read(house.scripts.outbox.timers, TENANT)
    assert [name for name, _ in timers] == ["digest:digest:a"]
    fake.acts = lambda state, event, known: fake.note(
        state, event, known, *([fx.Tell(e.NewsGiven(text="told"))] if event.text != "told" else [])
    )
    done.add(fx.Tell)
    await turn(house, news("tells"))
    assert "told" in await diary(house)
    monkeypatch.setattr("bot.core.dialogs.WITH_TIMERS", ("digest",))
    all_told: tuple[fx.Effect, ...] = (fx.BeginAll(), fx.HaltAll())
    fake.acts = lambda state, event, known: fake.note(
        state, event, known, *(all_told if isinstance(event, e.NewsGiven) else ())
    )
    done.update((fx.BeginAll, fx.HaltAll))
    await turn(house, news("begins"))
    assert (await diary(house))[-2:] == ("Begun", "Halted")
    await does(
        fx.Grant("fatima", "deputy", "asked", "x"), fx.Grant("fatima", "deputy", "confirmed")
    )
    assert f.Role("fatima", "deputy", "confirmed", led=True) in await ask(house, f.Roles())
    until = date(2026, 12, 1)
    await does(fx.Keep("ali", hours=(9, 17), language="en", paused=True, paused_until=until))
    prefs = await ask(house, f.PrefsOf("ali"))
    assert prefs == f.Prefs("", "en", "", (9, 17), True, until)
    await does(fx.Keep("ali", paused=False))
    assert await ask(house, f.PrefsOf("ali")) == f.Prefs("", "en", "", (9, 17))
    await does(fx.SetMembers(CHANNEL, ("bo", "anne"), ("ny",)))
    assert await ask(house, f.Team()) == ("anne", "bo")
    assert await ask(house, f.Present()) == ("anne", "bo", "ny")
    for n in range(3):
        entry = fx.PoolEntry("answer", "q1", {"text": f"unnamed {n}"})
        await house.database.tx(
            house.scripts.pools.put, TENANT, PROJECT, (entry,), f"form{n}", bytes([n]) * 32, ""
        )
    await does(fx.OpenRound("r.1", 4096))
    noted = (fx.PoolEntry("note", "r.1", {"text": "a note"}), fx.Mark("r.1"))
    await house.database.tx(
        house.scripts.pools.put, TENANT, PROJECT, noted, "form r", bytes(32), "mac of anne"
    )
    assert len(await ask(house, f.Unreleased(("note", "mark"), "r.1"))) == 2
    await does(fx.CloseRound("r.1"))
    assert [w.kind for w in await ask(house, f.Unreleased(("note", "mark"), "r.1"))] == ["note"]
    waiting = {w.body["text"]: w for w in await ask(house, f.Unreleased(("answer",)))}
    first = waiting["unnamed 0"]
    await does(
        fx.Publish(first.entry, first.new_id, "answer", "q1", 1, first.body, first.receipt),
        fx.Unpool((waiting["unnamed 1"].entry,)),
        fx.Refresh(),
        fx.Snapshot("all", 1, {"n": 1}),
    )
    [published] = await ask(house, f.Published("answer", "q1"))
    assert published == f.Unnamed(first.new_id, "answer", "q1", 1, first.body, bytes(32))
    assert [w.body["text"] for w in await ask(house, f.Unreleased(("answer",), "q1"))] == [
        "unnamed 2"
    ]
    assert (await ask(house, f.SnapshotOf("all"))).body == {"n": 1}
    await does(fx.Retract(first.new_id))
    [published] = await ask(house, f.Published("answer", "q1"))
    assert published.body == {**first.body, "text": ""}
    await does(
        fx.MakeLink("page", "one"), fx.MakeLink("page", "two"), fx.WithdrawLink("page", "one")
    )
    gone, there = (token_of(house.vault, "page", id) for id in ("one", "two"))
    assert await house.links.resolve(gone) is None
    assert await house.links.resolve(there) == ProjectLink("page", TENANT, PROJECT)
    now = house.clock.now()
    await does(fx.MakeLink("screen", "wall"), fx.MakeCode("wall", now + timedelta(minutes=10)))
    digits = links.digits_of(house.vault, "wall")
    opened = await house.database.read(links.by_digits, house.vault, digits, now)
    assert opened == token_of(house.vault, "screen", "wall")
    await does(fx.Preserve("lesson", "k1", {"text": "kept"}, outlives=True))
    await does(fx.Preserve("lesson", "k2", {"text": "kept too"}), fx.Discard("k1"))
    [kept] = await ask(house, f.Keepsakes("lesson"))
    assert (kept.id, kept.body) == ("k2", {"text": "kept too"})
    await does(fx.CloseProject())
    assert await ask(house, f.ChannelProject(CHANNEL)) is None
    await does(fx.OpenProject(PROJECT, CHANNEL))
    assert (await ask(house, f.ChannelProject(CHANNEL))).id == PROJECT
    assert len(await ask(house, f.Unreleased(("answer",)))) == 1
    await does(fx.MoveProject(CHANNEL, "C-other"))
    assert await ask(house, f.ChannelProject(CHANNEL)) is None
    assert (await ask(house, f.ChannelProject("C-other"))).id == PROJECT
    assert await ask(house, f.PresentIn(CHANNEL)) == ("anne", "bo", "ny")
    assert len(await ask(house, f.Unreleased(("answer",)))) == 1
    await does(fx.EraseProject())
    assert done == set(get_args(fx.Effect))
    assert await house.database.read(_left, house, PROJECT) == []


def _left(house: House, project: str) -> Script[list[str]]:
    scope = {"tenant": TENANT, "project": project}
    rows = []
    for name in ("role_all", "pool_get"):
        rows += yield name, scope
    for dialog in ("project", "digest"):
        rows += yield "state_all", {**scope, "dialog": dialog}
    rows += [row for row in (yield "letter_all", {}) if row["project"] == project]
    return [str(row) for row in rows]


# --- facts --------------------------------------------------------------------------------


def test_every_fact_has_exactly_one_script() -> None:
    """The store has exactly one script for each fact that a dialog can ask for."""
    facts = {kind for kind in f.Fact.__subclasses__() if kind.__module__ == f.__name__}
    assert set(SCRIPTS) == facts
    assert len(set(SCRIPTS.values())) == len(SCRIPTS)


async def test_facts_of_an_empty_house_are_empty(house: House) -> None:
    """Every fact can be answered for an empty database."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    empty: dict[f.Fact[Any], Any] = {
        f.About(): None,
        f.Roles(): (),
        f.Team(): (),
        f.Present(): (),
        f.PrefsOf("nobody"): f.Prefs(),
        f.Records("answer"): (),
        f.Records("answer", "q"): (),
        f.RecordsSince("answer", at): (),
        f.Mine("answer", "q", "nobody"): None,
        f.HowMany("answer", "q"): 0,
        f.StateOf("digest", "digest"): None,
        f.States("digest"): (),
        f.Published("answer"): (),
        f.Published("answer", "q"): (),
        f.SnapshotOf("all"): None,
        f.Unreleased(("answer",)): (),
        f.ByCode("what?"): None,
        f.ByCode(CODE): None,
        f.MyProjects("nobody"): (),
        f.ChannelProject("C9"): None,
        f.PresentIn("C9"): (),
        f.EveryProject(): (),
        f.MyRefs("answer", "nobody"): frozenset(),
        f.InEach("nobody", (f.About(),)): (),
        f.By("answer", "q"): frozenset(),
        f.ByTeam("answer"): frozenset(),
        f.HowManyEach("answer"): {},
        f.Keepsakes("lesson"): (),
        f.KeepsakesHere("sheet", "nobody"): (),
    }
    assert await ask(house, *empty, project="nowhere") == empty
    assert {type(fact) for fact in empty} == set(SCRIPTS)


CODE = "0000-0000-0000-0000-0"


async def test_records_are_found_by_kind_ref_person_and_time(house: House, fake: Fake) -> None:
    """Records come oldest first, and at most as many as were asked for."""
    records = [
        fx.Record("said", f"q{n % 2}", f"r{n}", TEAM[n % 4], MONDAY + timedelta(hours=n), {"n": n})
        for n in range(8)
    ]
    fake.does(*reversed(records))
    await turn(house, news("a"))

    def numbers(found: tuple[f.Rec, ...]) -> list[int]:
        return [rec.body["n"] for rec in found]

    assert numbers(await ask(house, f.Records("said"))) == list(range(8))
    assert numbers(await ask(house, f.Records("said", "q1"))) == [1, 3, 5, 7]
    assert numbers(await ask(house, f.Records("said", "q1", 2))) == [1, 3]
    since = f.RecordsSince("said", MONDAY + timedelta(hours=5))
    assert numbers(await ask(house, since)) == [5, 6, 7]
    mine = await ask(house, f.Mine("said", "q1", "mette"))
    assert (mine.person, mine.at, mine.body["n"]) == ("mette", MONDAY + timedelta(hours=5), 5)
    assert await ask(house, f.HowMany("said", "q1")) == 2
    assert await ask(house, f.By("said", "q1")) == {TEAM[1], TEAM[3]}


async def test_how_many_have_answered_is_kept_as_answers_come_and_go(
    house: House, fake: Fake, tmp_path: Path, either: str
) -> None:
    """The count follows insertions and deletions; answering again counts once, and no row is left
    at zero."""

    async def does(*effects: fx.Effect) -> list[int]:
        fake.does(*effects)
        await turn(house, news(f"t{len(fake.heard)}", f"id{len(fake.heard)}"))
        each = await ask(house, f.HowManyEach("answer"))
        one_by_one = [await ask(house, f.HowMany("answer", ref)) for ref in ("q1", "q2")]
        assert each == {ref: n for ref, n in zip(("q1", "q2"), one_by_one, strict=True) if n}
        return one_by_one

    def answer(ref: str, person: str) -> fx.Record:
        return fx.Record("answer", ref, f"{ref}:{person}", person, MONDAY, {"text": "x"})

    people = [f"p{n}" for n in range(600)]
    assert await does(*(answer("q1", person) for person in people)) == [600, 0]
    assert await ask(house, f.By("answer", "q1")) == set(people)
    assert await does(answer("q1", "p1"), answer("q2", "p1"), answer("q2", "anne")) == [600, 2]
    assert await does(fx.SetMembers(CHANNEL, ("anne", "p7"))) == [600, 2]
    assert await ask(house, f.ByTeam("answer")) == {("anne", "q2"), ("p7", "q1")}
    assert await does(fx.Grant("p1", "tr", "confirmed")) == [600, 2]
    assert ("p1", "q2") in await ask(house, f.ByTeam("answer"))
    assert await does(fx.Forget("answer", person="p1"), fx.Forget("answer", id="q1:p2")) == [598, 1]
    assert await does(fx.Forget("answer", ref="q1")) == [0, 1]
    left = "SELECT ref, n FROM answered"
    assert asked(tmp_path / "home", either, left) == [("q2", 1)]
    await does(fx.EraseProject())
    assert asked(tmp_path / "home", either, left) == []


async def test_a_code_opens_what_waits_and_what_was_released(house: House, fake: Fake) -> None:
    """It works in any project of the workplace, and opens nothing of others."""
    from storage.vault import code_of

    code = code_of(house.vault, "form1")
    entry = fx.PoolEntry("said", "", {"text": "hemmeligt"})
    for n, receipt in enumerate((code_hash(code), b"\1" * 32)):
        await house.database.tx(
            house.scripts.pools.put, TENANT, PROJECT, (entry,), f"form{n}", receipt, ""
        )
    waiting = await ask(house, f.ByCode(code.lower()), project="elsewhere")
    assert (waiting.waiting, waiting.project, waiting.body) == (True, PROJECT, entry.body)
    mine = next(
        w for w in await ask(house, f.Unreleased(("said",))) if w.receipt == code_hash(code)
    )
    fake.does(fx.Publish(mine.entry, mine.new_id, "said", "", 1, mine.body, mine.receipt))
    await turn(house, news("release"))
    out = await ask(house, f.ByCode(code), project="elsewhere")
    assert (out.waiting, out.id, out.body) == (False, mine.new_id, entry.body)
    assert await ask(house, f.ByCode(CODE)) is None


# --- unnamed ------------------------------------------------------------------------------


async def test_a_second_vote_replaces_the_first_and_a_second_send_changes_nothing() -> None:
    """Votes are stored in the pool, where nobody can see them."""
    vote = fx.PoolEntry("fits", "q1", {}, one_each=True)
    pool = Pool().add(vote, b"r1", "form1", "mark a").add(vote, b"r2", "form2", "mark b")
    assert len(pool.drawn(("fits",), "q1")) == 2
    assert len(pool.add(vote, b"r3", "form3", "mark a").drawn(("fits",), "q1")) == 2
    assert pool.add(vote, b"r4", "form1", "mark a") is pool
    answer = fx.PoolEntry("answer", "q1", {"text": "x"})
    both = pool.add(answer, b"r5", "form5", "mark a").add(answer, b"r6", "form6", "mark a")
    assert len(both.drawn(("fits", "answer"), "q1")) == 4
    assert {entry.mark for entry in both.entries if entry.kind == "answer"} == {""}


async def test_whatever_opens_the_pool_leaves_no_trace_in_the_log(
    sqlite_house: House, fake: Fake, tmp_path: Path
) -> None:
    """This also holds for turns of which the engine did not expect it."""
    house = sqlite_house
    entry = fx.PoolEntry("answer", "q1", {"text": "x"})
    await house.database.tx(
        house.scripts.pools.put, TENANT, PROJECT, (entry,), "form1", b"\0" * 32, ""
    )
    fake.needs = (f.Unreleased(("answer",)),)
    await turn(house, news("a"))
    wal = tmp_path / "home" / "digi.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0
    with closing(sqlite3.connect(tmp_path / "home" / "digi.db")) as conn:
        assert conn.execute("PRAGMA quick_check").fetchone() == ("ok",)


async def test_nothing_is_posted_before_the_log_of_a_release_is_empty(
    sqlite_house: House, fake: Fake, edge: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program reads the file meanwhile: released texts wait and are sent afterwards."""
    house = sqlite_house
    monkeypatch.setattr(storage.sqlite.writer, "_LOG_SECONDS", 0.05)
    fake.does(fx.Refresh(), fx.Say(note("released")))
    with closing(sqlite3.connect(tmp_path / "home" / "digi.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pool").fetchall()
        await turn(house, news("a"))
        await house.courier.settle()
        assert edge.said() == []
        reader.execute("ROLLBACK")
    await house.courier.move_to(MONDAY + timedelta(minutes=2))
    assert edge.said() == ["released"]


async def test_a_release_waits_where_its_log_could_not_be_emptied(
    sqlite_house: House, edge: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program reads the file: nothing is released or posted until it has ended."""
    house = sqlite_house
    monkeypatch.setattr(storage.sqlite.writer, "_LOG_SECONDS", 0.05)
    question = faked(monkeypatch, "question")
    question.does(fx.Refresh(), fx.Say(note("released")))
    closing_it = e.ClosedForAnswers(project=PROJECT, question="q", by="anne", at=MONDAY, id="c")
    with somebody_reads(tmp_path / "home"):
        with pytest.raises(Unavailable):
            await turn(house, closing_it)
        assert len(question.heard) == 0
        await house.courier.settle()
        assert edge.said() == []
    assert await turn(house, closing_it) == ()
    await house.courier.settle()
    assert edge.said() == ["released"]
    assert len(question.heard) == 1


async def test_a_release_stands_and_its_letters_wait_where_a_reader_began_with_it(
    sqlite_house: House, edge: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is not reported as failed, and nothing is posted before the log is empty."""
    house = sqlite_house
    monkeypatch.setattr(storage.sqlite.writer, "_LOG_SECONDS", 0.05)
    faked(monkeypatch, "question").does(fx.Refresh(), fx.Say(note("released")))
    closing_it = e.ClosedForAnswers(project=PROJECT, question="q", by="anne", at=MONDAY, id="c")
    with ExitStack() as opened:
        frees = Writer._log_is_free

        def begins_to_read(writer: Writer) -> bool:
            free = frees(writer)
            opened.enter_context(somebody_reads(tmp_path / "home"))
            return free

        monkeypatch.setattr(Writer, "_log_is_free", begins_to_read)
        assert await turn(house, closing_it) == ()
        await house.courier.settle()
        assert edge.said() == []
    await house.courier.move_to(MONDAY + timedelta(minutes=2))
    assert edge.said() == ["released"]


@contextmanager
def somebody_reads(home: Path) -> Iterator[None]:
    conn = sqlite3.connect(home / "digi.db", isolation_level=None, check_same_thread=False)
    with closing(conn) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pool").fetchall()
        yield


async def test_a_statement_that_fails_leaves_nothing_of_its_turn(
    house: House, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either: str
) -> None:
    """Each statement of a turn with many effects fails once, and nothing is stored."""
    fake.does(
        fx.Record("answer", "q", "a", "anne", MONDAY, {"text": "x"}),
        fx.Post("post"),
        fx.Say(note("x"), once="o"),
        fx.Privately("mette", note("x")),
        fx.Timer("t", MONDAY),
        fx.Grant("fatima", "deputy", "asked"),
        fx.Keep("ali", hours=(9, 17)),
        fx.Snapshot("all", 1, {}),
        fx.Refresh(),
        fx.Show(note("done")),
    )
    before = kept(tmp_path / "home", either)
    real = house.scripts.turns.run
    at = 0
    while True:

        def failing(*args: Any, at: int = at) -> Script[Any]:
            script = real(*args)
            rows: Any = None
            for _ in range(at):
                try:
                    rows = yield script.send(rows)
                except StopIteration as end:
                    return end.value
            raise RuntimeError(f"statement {at}")

        monkeypatch.setattr(house.scripts.turns, "run", failing)
        try:
            await turn(house, news("a"))
        except RuntimeError:
            assert kept(tmp_path / "home", either) == before, at
            at += 1
        else:
            break
    assert at > 15
    assert await diary(house) == ("a",)


async def test_answers_are_forgotten_after_a_day_and_what_was_once_said_with_its_project(
    house: House, fake: Fake, tmp_path: Path, either: str
) -> None:
    """Answers for retries are deleted after a day, and `once` keys with their project."""

    def inbox() -> list[tuple[str, bool]]:
        sql = "SELECT key, reply IS NOT NULL FROM inbox WHERE key LIKE 'told:%' OR key = 'key:a'"
        return [(key, bool(reply)) for key, reply in asked(tmp_path / "home", either, sql)]

    fake.does(fx.Show(note("x")), fx.Say(note("y"), once="overview:1"))
    await turn(house, news("a"))
    once = once_key(house.vault, TENANT, PROJECT, "overview:1")
    assert "overview" not in once
    assert sorted(inbox()) == [("key:a", True), (once, False)]
    await house.courier.move_to(MONDAY + timedelta(days=2))
    assert sorted(inbox()) == [("key:a", False), (once, False)]
    fake.does(fx.EraseProject())
    await turn(house, news("b"))
    assert inbox() == [("key:a", False)]


def test_every_look_has_its_sight() -> None:
    """Every look that can be requested has a sight that shows it."""
    assert set(SIGHTS) == set(get_args(e.View))
