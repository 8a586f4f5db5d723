"""Digi keeps nothing that tells who wrote, and shows nobody anything that does.

Beside each proof stands a control: the same look at something that does leave a trace.
"""

from __future__ import annotations

import base64
import logging
import random
import sqlite3
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.edge import Delivery, Pressed, Sender, Submitted
from bot.tokens import write_press
from content import catalogue as content
from dialogs.conversations import SIGHTS
from dialogs.effects import PoolEntry
from dialogs.events import Look
from dialogs.facts import Published, States
from storage import pool as pools
from storage.facts import Scope, gather
from storage.sql import Script
from storage.vault import code_hash
from tests.stage import CHANNEL, COPENHAGEN, PEOPLE, TENANT, Stage, stage, text_of, text_of_form

ROOT = Path(__file__).parent.parent
CANARY = "Kanariefugl-9f3b Åse på 4. sal"
RELEASED = datetime(2026, 11, 9, 12, tzinfo=COPENHAGEN)
# The gate alone takes one to `which_project`, with the act that is to be done again.
VIEWS = tuple(sorted(SIGHTS.keys() - {"which_project"}))
LOOKERS = ("anne", "mette", "jonas", "ali", "peter", "sofie")

Dump = dict[str, list[tuple[Any, ...]]]


# --- hands ------------------------------------------------------------------------------------


@asynccontextmanager
async def running(folder: Path, *, team: tuple[str, ...] = tuple(PEOPLE)) -> AsyncIterator[Stage]:
    """A project on its way, with a leader, a TR, an AMR and a facilitator."""
    async with stage(folder, team=team) as played:
        await played.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld TR=mette AMR=jonas
            mette > tryk "Jeg er TR"
            mette > send
            jonas > tryk "Jeg er AMR"
            jonas > send
            """
        )
        yield played


async def open_form(played: Stage, person: str) -> None:
    await played.press(person, "Sig det")
    await played.press(person, "Uden navn")


async def says(
    played: Stage, person: str, words: str, *, to: str = "Anne Holm", early: bool = False
) -> str:
    """Said without a name; the answer is the code."""
    await open_form(played, person)
    values = {"Hvad": "Bekymring", "Din": words, "Hvem": to}
    if early and "Næste arbejdsdag" in played.just(person):
        values["Hvornår"] = "Næste arbejdsdag"
    await played.fill(person, values)
    assert "Din tekst er modtaget." in played.just(person), played.just(person)
    return played.code


async def by_code(played: Stage, person: str, code: str, button: str = "") -> str:
    await played.type(person, "kode", private=True)
    await played.fill(person, {"Din": code})
    if button:
        await played.press(person, button)
    return played.just(person)


async def says_by_name(played: Stage, person: str, words: str) -> None:
    await played.press(person, "Sig det")
    await played.press(person, "Med navn")
    await played.fill(person, {"Hvad": "Bekymring", "Din": words, "Hvem": "Anne Holm"})


def project_of(folder: Path) -> str:
    with reading(folder) as conn:
        return str(conn.execute("SELECT id FROM project").fetchone()[0])


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    conn = sqlite3.connect(f"{(folder / 'digi.db').as_uri()}?mode=ro", uri=True)
    try:
        yield conn
    finally:
        conn.close()


def dump(folder: Path) -> Dump:
    """Every byte of every row of every table, with the place the row lies at."""
    with reading(folder) as conn:
        tables = [r[0] for r in conn.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {
            name: conn.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid").fetchall()
            for name in sorted(tables)
        }


def changed(before: Dump, after: Dump) -> set[str]:
    return {name for name in after if before[name] != after[name]}


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


def wal_size(folder: Path) -> int:
    return (folder / "digi.db-wal").stat().st_size


@contextmanager
def every_log_line() -> Iterator[list[str]]:
    """What any logger says at any level, also those that do not pass it on."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.name} {record.getMessage()} {record.args} {record.exc_info}")

    listener = Listener(level=0)
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(listener)
        logger.setLevel(1)
    try:
        yield lines
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)


async def look(played: Stage, person: str, view: str, project: str, ref: str = "") -> str:
    """All that a person sees of one view, with what its buttons do; forms without their ids."""
    wanted = Look(view, project=project, ref=ref)  # type: ignore[arg-type]
    token = write_press(played.house.vault, TENANT, wanted)
    answer = await played.house.engine.receive(
        Delivery(TENANT, Sender(person, PEOPLE[person], "da"), f"look:{view}", Pressed(token))
    )
    # So that nobody looks more often a minute than a person can.
    played.house.engine._gate._acts.clear()
    seen = [msgspec.json.encode(card).decode() for card in answer.cards]
    if answer.form is not None:
        seen.append(text_of_form(answer.form))
    return "\n".join(seen)


def instances(folder: Path) -> list[str]:
    """The questions, texts and agreements that a view can be asked for."""
    with reading(folder) as conn:
        rows = conn.execute("SELECT id FROM state WHERE dialog IN ('question', 'concern')")
        return [""] + [id for (id,) in rows]


Seen = dict[tuple[str, ...], str]


async def everything_seen(played: Stage, folder: Path, lookers: tuple[str, ...] = LOOKERS) -> Seen:
    """Every view of people of every role, and all that was ever posted or sent."""
    project, refs = project_of(folder), instances(folder)
    seen: Seen = {}
    for person in lookers:
        for view in VIEWS:
            for ref in refs:
                seen[person, view, ref] = await look(played, person, view, project, ref)
    for message in played.edge.messages.values():
        seen[message.place, message.id] = text_of(message.card)
    return seen


async def opened(played: Stage, folder: Path) -> tuple[Any, Any]:
    """What was published, and what became of it, as one who has the key reads it."""
    project = project_of(folder)
    facts = (Published("said"), States("concern"))

    def script() -> Script[Any]:
        return (yield from gather(Scope(TENANT, project, played.house.vault), facts))

    found = await played.house.database.read(script)
    return found[facts[0]], found[facts[1]]


async def waiting(played: Stage, folder: Path) -> tuple[pools.Entry, ...]:
    with reading(folder) as conn:
        [(project, sealed)] = conn.execute("SELECT project, sealed FROM pool").fetchall()
    return pools.Pool.open(played.house.vault, TENANT, project, sealed).entries


# --- the turn ---------------------------------------------------------------------------------


async def test_an_unsigned_submission_changes_the_pools_row_and_no_other_byte(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Said, added to and withdrawn without a name: one row, no file, no log line, empty WAL."""
    async with running(tmp_path) as played:
        capfd.readouterr()
        code = ""
        for act in ("say", "write", "withdraw"):
            match act:
                case "say":
                    await open_form(played, "sofie")
                    values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
                case "write":
                    await by_code(played, "sofie", code, "Skriv et svar")
                    values = {"Din": "og mere"}
                case _:
                    await by_code(played, "sofie", code, "Træk teksten tilbage")
                    values = {}
            before, there = dump(tmp_path), files(tmp_path)
            with every_log_line() as lines:
                await played.fill("sofie", values)
            assert changed(before, dump(tmp_path)) == {"pool"}, act
            assert files(tmp_path) == there
            assert wal_size(tmp_path) == 0
            assert [line for line in lines if not line.startswith("asyncio")] == []
            code = code or played.code
        assert capfd.readouterr() == ("", "")


async def test_an_unnamed_answer_changes_the_pools_row_and_no_other_byte(tmp_path: Path) -> None:
    """Answering, taking it back by code, and *Det passer*: one row each, and nobody sees it
    before the question is closed."""
    async with running(tmp_path) as played:
        await played.type("anne", "næste")
        seen = await everything_seen(played, tmp_path)
        before = dump(tmp_path)
        await played.press("sofie", "Svar uden navn")
        await played.fill("sofie", {"Dit svar": CANARY})
        code = played.code
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert await everything_seen(played, tmp_path) == seen
        await by_code(played, "sofie", code, "Træk teksten tilbage")
        await played.fill("sofie", {})
        assert "Teksten er væk." in played.just("sofie")
        assert await waiting(played, tmp_path) == ()
        assert changed(before, dump(tmp_path)) == {"pool"}

        await played.press("lars", "Svar uden navn")
        await played.fill("lars", {"Dit svar": "Kun mit svar"})
        await played.press("bodil", "Svar")
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det af"})
        before = dump(tmp_path)
        await played.press("sofie", "Det passer")
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert wal_size(tmp_path) == 0


async def test_control_a_named_submission_is_seen_by_the_same_eyes(tmp_path: Path) -> None:
    """The comparison finds records, states, letters and a WAL where there are any."""
    async with running(tmp_path) as played:
        before = dump(tmp_path)
        await says_by_name(played, "sofie", CANARY)
        assert {"record", "state", "inbox"} <= changed(before, dump(tmp_path))
        assert wal_size(tmp_path) > 0
        with every_log_line() as lines:
            played.house.log.failed("something", "Fault")
        assert lines


async def test_opening_every_form_and_view_writes_nothing(tmp_path: Path) -> None:
    """The database and its WAL are the same, byte by byte, after every look."""
    async with running(tmp_path) as played:
        await says(played, "sofie", CANARY)
        bytes_of = [tmp_path / "digi.db", tmp_path / "digi.db-wal"]
        before = [path.read_bytes() for path in bytes_of]
        await everything_seen(played, tmp_path)
        assert [path.read_bytes() for path in bytes_of] == before


async def test_the_same_form_sent_again_shows_the_same_code(tmp_path: Path) -> None:
    """A second press of Send is the same submission; another form is another one."""
    async with running(tmp_path) as played:
        await open_form(played, "sofie")
        form = played.form["sofie"]
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        codes = []
        for _ in range(2):
            played.form["sofie"] = form
            await played.fill("sofie", values)
            codes.append(played.code)
        assert codes[0] == codes[1]
        assert len(await waiting(played, tmp_path)) == 1

        assert await says(played, "sofie", CANARY) != codes[0]
        assert len(await waiting(played, tmp_path)) == 2


async def test_a_form_kept_open_over_a_release_says_nothing_twice(tmp_path: Path) -> None:
    """Sent again after its text has gone out, it shows the same code and adds nothing."""
    async with running(tmp_path) as played:
        await open_form(played, "sofie")
        form = played.form["sofie"]
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        await played.fill("sofie", values)
        code = played.code
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(RELEASED)
        assert len(await waiting(played, tmp_path)) == 0

        played.form["sofie"] = form
        await played.fill("sofie", values)
        assert played.code == code
        assert len(await waiting(played, tmp_path)) == 0


async def test_more_words_sent_twice_are_kept_once(tmp_path: Path) -> None:
    """Also what an author adds by code is known by its form, before and after the release."""
    async with running(tmp_path) as played:
        code = await says(played, "sofie", CANARY)
        for released in (False, True):
            if released:
                await played.move(RELEASED)
            await by_code(played, "sofie", code, "Skriv et svar")
            form = played.form["sofie"]
            for _ in range(2):
                played.form["sofie"] = form
                await played.fill("sofie", {"Din": "og mere"})
            [entry] = await waiting(played, tmp_path)
            assert released or len(entry.body["more"]) == 1
        await played.move(RELEASED + timedelta(days=7))
        assert (await by_code(played, "sofie", code)).count("og mere") == 2


async def test_a_withdrawal_that_crosses_the_release_is_not_lost(tmp_path: Path) -> None:
    """Decided while the text still waited, written after it had gone: it holds at the next one."""
    async with running(tmp_path) as played:
        code = await says(played, "sofie", CANARY)
        await played.move(RELEASED)
        house, project = played.house, project_of(tmp_path)
        late = PoolEntry("withdraws", "", {}, code_hash(code), withdraw=True)
        await house.database.tx_sealed(
            house.scripts.put_in_pool, TENANT, project, late, "a form", b"", ""
        )
        assert "trukket tilbage" not in await look(played, "anne", "concerns", project)
        await played.move(RELEASED + timedelta(days=7))
        assert "trukket tilbage" in await look(played, "anne", "concerns", project)
        assert await waiting(played, tmp_path) == ()


# --- what can be seen -------------------------------------------------------------------------


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


async def test_a_text_for_one_reader_is_shown_to_no_other(tmp_path: Path) -> None:
    """What was said to the TR is found in no view of the leader, before or after."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        untouched = await look(played, "anne", "concerns", project)
        await says(played, "sofie", CANARY, to="Mette Krogh")
        await played.move(RELEASED)
        seen = await everything_seen(played, tmp_path)
        mine = [text for (who, *_), text in seen.items() if who in ("mette", "private:mette")]
        assert any("Kanariefugl-9f3b" in text for text in mine)
        others = [text for (who, *_), text in seen.items() if who not in ("mette", "private:mette")]
        assert not any("Kanariefugl-9f3b" in text for text in others)
        assert seen["anne", "concerns", ""] == untouched


async def test_a_role_given_later_does_not_open_what_was_written_before(tmp_path: Path) -> None:
    """A new leader reads what was addressed to them, and nothing that was addressed to the old."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        await says(played, "sofie", CANARY)
        await played.move(RELEASED)
        await says(played, "lars", "Den gamle leder, ikke sendt endnu")
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Leder=bodil Stedfortræder=peter
            bodil > tryk "Jeg er leder"
            """
        )
        await says(played, "emil", "Til den nye leder", to="Bodil Aagaard")
        await played.move(RELEASED + timedelta(days=7))
        for person in ("bodil", "peter"):
            for view in ("concerns", "concern", "answer_concern", "take_concern", "summary"):
                for ref in instances(tmp_path):
                    seen = await look(played, person, view, project, ref)
                    assert "Kanariefugl-9f3b" not in seen
                    assert "Den gamle leder" not in seen
        assert "Til den nye leder" in await look(played, "bodil", "concerns", project)
        old = await look(played, "anne", "concerns", project)
        assert "Kanariefugl-9f3b" in old
        assert "Den gamle leder" in old
        assert "Til den nye leder" not in old


async def test_whoever_has_led_is_refused_the_unnamed_forms_for_good(tmp_path: Path) -> None:
    """Not by the button, not with somebody's open form, and not after stepping down."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        await says(played, "sofie", CANARY)
        await open_form(played, "sofie")
        form = played.form["sofie"]
        assert form is not None
        values: dict[str, str | list[str] | None] = {
            "kind": "concern", "text": "Fra lederen", "readers": ["mette"], "trio": "false",
            "sending": "release",
        }  # fmt: skip

        async def refused(person: str) -> None:
            for view in ("say_unnamed", "write_more", "object", "withdraw", "answer_unnamed"):
                assert "Du kan skrive med navn." in await look(played, person, view, project), view
            answer = await played.house.engine.receive(
                Delivery(TENANT, Sender(person), "x", Submitted(form.token, values), CHANNEL)
            )
            assert answer.faults
            assert not answer.cards
            await played.press(person, "Sig det")
            assert "Uden navn" not in played.just(person)

        await refused("anne")
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Leder=bodil
            bodil > tryk "Jeg er leder"
            """
        )
        await refused("bodil")
        await refused("anne")
        assert len(await waiting(played, tmp_path)) == 1
        answer = await played.house.engine.receive(
            Delivery(TENANT, Sender("sofie"), "x", Submitted(form.token, values), CHANNEL)
        )
        assert answer.cards
        assert len(await waiting(played, tmp_path)) == 2


# --- the release ------------------------------------------------------------------------------


def tau(order: list[int]) -> float:
    """Kendall's: 1 where the order is kept, 0 where nothing of it is left."""
    pairs = list(combinations(order, 2))
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs)


@pytest.fixture
def chance() -> Iterator[random.Random]:
    seeded = random.Random(20261120)
    pools.set_chance(seeded)
    yield seeded
    pools.set_chance(random.SystemRandom())


async def test_a_release_has_lost_the_order_in_which_it_was_written(
    tmp_path: Path, chance: random.Random
) -> None:
    """Neither the rows' places nor their ids nor the readers' list have anything of it left."""
    authors = [person for person in PEOPLE if person not in ("anne", "mette")]
    async with running(tmp_path) as played:
        for n in range(48):
            await says(played, authors[n % len(authors)], f"Tekst nummer {n:02}")
            played.house.engine._gate._acts.clear()
        await played.move(datetime(2026, 11, 5, 7, 30, tzinfo=COPENHAGEN))
        published, states = await opened(played, tmp_path)
        number = {one.id: int(one.body["text"].split()[-1]) for one in published}
        with reading(tmp_path) as conn:
            rows = conn.execute("SELECT id FROM published ORDER BY rowid").fetchall()
            places = conn.execute("SELECT id FROM state WHERE dialog='concern' ORDER BY rowid")
            by_place = [number[id] for (id,) in places]
    orders = {
        "rows": [number[id] for (id,) in rows],
        "ids": [number[one.id] for one in published],
        "states": by_place,
        "list": [number[one.id] for one in states],
    }
    bound = 2.58 * (2 * (2 * 48 + 5) / (9 * 48 * 47)) ** 0.5
    for name, order in orders.items():
        assert len(order) == 48
        assert abs(tau(order)) < bound, name
    assert tau(sorted(orders["rows"])) == 1


def test_what_is_published_has_no_time(tmp_path: Path) -> None:
    """No column of pool, published text or snapshot holds a time or a person, and an id is drawn
    by chance alone."""
    conn = sqlite3.connect(":memory:")
    conn.executescript((ROOT / "storage/migrations/0001_base.sql").read_text(encoding="utf-8"))

    def columns(table: str) -> set[str]:
        return {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}

    assert columns("pool") == {"tenant", "project", "sealed"}
    assert columns("published") == {
        "tenant", "project", "id", "kind", "ref", "release", "receipt", "body",
    }  # fmt: skip
    assert columns("snapshot") == {"tenant", "project", "audience", "release", "body"}
    assert {"at_us", "person"} <= columns("record")


async def test_the_author_makes_no_difference_to_what_is_stored(
    tmp_path: Path, chance: random.Random
) -> None:
    """Two authors swapped, and one of them through another door: what is stored is the same."""
    worlds = []
    for name, order in (("one", ("sofie", "lars")), ("other", ("lars", "sofie"))):
        chance.seed(7)
        folder = tmp_path / name
        async with running(folder) as played:
            await says(played, order[0], "Den første tekst")
            await says(played, order[1], "Den anden tekst", to="alle")
            await played.move(RELEASED)
            published, states = await opened(played, folder)
            bare = tuple(msgspec.structs.replace(one, receipt=b"") for one in published)
            worlds.append((bare, states))
    assert worlds[0] == worlds[1]
    assert len(worlds[0][0]) == 2


async def test_what_is_withdrawn_before_the_release_leaves_no_trace(tmp_path: Path) -> None:
    """After the release it is as if it had never been written; its code opens nothing."""
    shapes = {}
    for world in ("never", "withdrawn", "sent"):
        folder = tmp_path / world
        async with running(folder) as played:
            if world != "never":
                code = await says(played, "sofie", CANARY)
                if world == "withdrawn":
                    await by_code(played, "sofie", code, "Træk teksten tilbage")
                    await played.fill("sofie", {})
                    assert await waiting(played, folder) == ()
                    assert "Jeg finder intet" in await by_code(played, "sofie", code)
            await played.move(RELEASED)
            found = dump(folder)
            sizes = {len(row[-1]) for row in found["pool"]}
            shapes[world] = {name: len(rows) for name, rows in found.items()}, sizes
    # A person who acts by code alone is nowhere; the tables tell the two worlds apart in nothing.
    assert shapes["withdrawn"] == shapes["never"]
    assert shapes["sent"] != shapes["never"]


async def test_a_release_comes_by_the_calendar_alone(tmp_path: Path) -> None:
    """No act of anybody brings it forward: a moved overview changes what comes after it."""
    async with running(tmp_path) as played:
        await open_form(played, "sofie")
        assert "torsdag den 5. november" in played.just("sofie")
        await played.type("anne", "indstillinger")
        assert played.form["anne"] is not None or "Ret" in played.just("anne")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Ugens overblik": "tirsdag"})
        await open_form(played, "sofie")
        assert "torsdag den 5. november" in played.just("sofie")
        await says(played, "sofie", CANARY)
        await played.move(datetime(2026, 11, 4, 20, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 5, 12, 30, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


async def test_two_releases_lie_a_week_apart_though_the_overview_moves(tmp_path: Path) -> None:
    """An overview moved to the day after a release does not let a single day's texts go."""
    async with running(tmp_path) as played:
        await played.move(datetime(2026, 11, 4, 12, tzinfo=COPENHAGEN))
        await played.type("anne", "indstillinger")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Ugens overblik": "fredag"})
        await played.move(datetime(2026, 11, 5, 9, tzinfo=COPENHAGEN))
        await says(played, "sofie", CANARY)
        assert "fredag den 13. november kl. 7" in played.just("sofie")
        await played.move(datetime(2026, 11, 6, 20, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 13, 8, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


async def test_what_was_promised_for_a_day_goes_that_day(tmp_path: Path) -> None:
    """Saving the settings again on that very morning does not put it off."""
    async with running(tmp_path) as played:
        await says(played, "sofie", CANARY, early=True)
        assert "tirsdag den 3. november kl. 14" in played.just("sofie")
        await played.move(datetime(2026, 11, 3, 10, tzinfo=COPENHAGEN))
        await played.type("anne", "indstillinger")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Overblikket kommer": "15:00"})
        await played.move(datetime(2026, 11, 3, 14, 1, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


async def test_what_is_to_go_the_next_working_day_lies_over_a_night(tmp_path: Path) -> None:
    """Written in the morning of a day, it does not go that day."""
    async with running(tmp_path) as played:
        await played.move(datetime(2026, 11, 3, 10, tzinfo=COPENHAGEN))
        await says(played, "sofie", CANARY, early=True)
        assert "onsdag den 4. november kl. 14" in played.just("sofie")
        await played.move(datetime(2026, 11, 3, 15, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 4, 15, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


async def test_a_way_that_is_no_sooner_is_not_offered(tmp_path: Path) -> None:
    """On the day before a release there is nothing to gain by having fewer to hide among."""
    async with running(tmp_path) as played:
        await open_form(played, "sofie")
        assert "Næste arbejdsdag" in played.just("sofie")
        await played.move(datetime(2026, 11, 4, 10, tzinfo=COPENHAGEN))
        await open_form(played, "sofie")
        assert "torsdag den 5. november kl. 7" in played.just("sofie")
        assert "Næste arbejdsdag" not in played.just("sofie")


async def test_a_small_team_is_told_and_waits_two_weeks(tmp_path: Path) -> None:
    """Fewer than ten: every second week. Fewer than five: only after a yes to having read why."""
    few = ("anne", "mette", "jonas", "sofie", "lars")
    async with running(tmp_path, team=few) as played:
        await open_form(played, "sofie")
        assert "torsdag den 12. november" in played.just("sofie")
        assert "Kun 4 kan skrive her uden navn." in played.just("sofie")
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        await played.fill("sofie", values)
        assert "Din tekst er modtaget." not in played.just("sofie")
        assert await waiting(played, tmp_path) == ()
        await played.fill("sofie", {**values, "I er få": "Jeg har læst det"})
        assert "Din tekst er modtaget." in played.just("sofie")
        assert len(await waiting(played, tmp_path)) == 1


def test_what_is_said_before_writing_is_short() -> None:
    """At most 60 words in each language, with the longest date."""
    phrase = content.load().phrase("say.honest")
    for language, when in (
        ("da", "torsdag den 24. september 2026 kl. 7.30"),
        ("en", "Wednesday 24 September 2026 at 7:30"),
    ):
        words = phrase.of(language).replace("{when}", when).split()  # type: ignore[arg-type]
        assert len(words) <= 60, language


# --- canaries ---------------------------------------------------------------------------------


def traces(words: str) -> dict[str, bytes]:
    """The ways in which words are found when they have not been sealed."""
    raw = words.encode()
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "utf-16-le": words.encode("utf-16-le"),
        "utf-16-be": words.encode("utf-16-be"),
        "url": urllib.parse.quote(words).encode(),
        "json": words.encode("unicode_escape"),
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = whole[4 * (shift > 0) : len(whole) // 4 * 4 - 4]
    return found


def search(words: str, folder: Path, said: str) -> set[str]:
    heaps = [p.read_bytes() for p in folder.rglob("*") if p.is_file()] + [said.encode()]
    return {name for name, trace in traces(words).items() if any(trace in heap for heap in heaps)}


async def test_what_was_written_is_found_nowhere_unsealed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in the database, its WAL, a log at any level or the screen: before and after the
    release, after an answer, and after a withdrawal. Nor is the code."""
    with every_log_line() as lines:
        async with running(tmp_path) as played:
            code = await says(played, "sofie", CANARY)

            def nowhere() -> None:
                shown = capfd.readouterr()
                said = "\n".join([*lines, shown.out, shown.err])
                for words in (CANARY, code, code.replace("-", "")):
                    assert search(words, tmp_path, said) == set()

            nowhere()
            await played.move(RELEASED)
            nowhere()
            await played.press("anne", "Læs, hvad der er sagt")
            await played.press("anne", "Skriv et svar")
            await played.fill("anne", {"Hvad": "Nej", "Dit": "Det er afgjort."})
            nowhere()
            await by_code(played, "sofie", code, "Træk teksten tilbage")
            await played.fill("sofie", {})
            await played.move(RELEASED + timedelta(days=7))
            nowhere()
        nowhere()


def test_control_the_search_finds_a_leak_in_each_dress(tmp_path: Path) -> None:
    """One leak of every kind, in a file or in a log line."""
    for name, trace in traces(CANARY).items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "digi.db").write_bytes(b"..." + trace + b"...")
        assert name in search(CANARY, folder, "")
    assert "raw" in search(CANARY, tmp_path / "nothing", f"log: {CANARY}")
