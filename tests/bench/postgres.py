"""Compares an answer on PostgreSQL with the same statements replayed through psycopg alone."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8BinaryDumper
from psycopg_pool import AsyncConnectionPool

from storage.postgres.dialect import spoken
from storage.postgres.driver import CONNECTIONS, Postgres
from storage.sql import Script, queries
from tests.bench import slack, town
from tests.bench.contest import Measured, Row, ratio
from tests.bench.load import load
from tests.bench.process import serving
from tests.bench.progress import Progress
from tests.worlds.postgres import a_server

SAMPLES = 200
CALLERS = 32
LOOK, TURN = "REPEATABLE READ READ ONLY", "READ COMMITTED"

Said = tuple[str, dict[str, Any]]
"""A statement's name and its parameters."""


class Passage(msgspec.Struct, frozen=True):
    """A recorded transaction."""

    level: str
    said: list[Said]


# --- recorded -------------------------------------------------------------------------------------


class Recorder(Postgres):
    """The driver, which also records each script's statements."""

    passages: list[Passage]

    async def tx(self, script: Any, *args: Any, **kwargs: Any) -> Any:
        return await super().tx(self._heard(TURN, script), *args, **kwargs)

    async def read(self, script: Any, *args: Any, **kwargs: Any) -> Any:
        return await super().read(self._heard(LOOK, script), *args, **kwargs)

    def _heard(self, level: str, script: Any) -> Any:
        def listened(*args: Any, **kwargs: Any) -> Script[Any]:
            said: list[Said] = []
            running = script(*args, **kwargs)
            try:
                name, params = next(running)
                while True:
                    said.append((name, dict(params)))
                    name, params = running.send((yield name, params))
            except StopIteration as end:
                self.passages.append(Passage(level, said))
                return end.value

        return listened


async def recorded(home: Path, moment: Any, dsn: str, form: Any, questions: Any) -> list[Any]:
    """Return the statements of this many answers, as a list of transactions per answer."""
    from bot.platforms.common.ports import Delivery, Sender, Submitted

    house, _ = await town.house_at(home, moment, postgres=dsn)
    assert isinstance(house.database, Postgres)
    house.database.__class__ = Recorder
    found: list[list[Passage]] = []
    copies = town.Copies(home)
    try:
        for n in range(SAMPLES):
            house.database.passages = []  # type: ignore[attr-defined]
            team = n % slack.TEAMS
            number = 1 + n % (town.TEAM - 1)
            person = town.person_of(team, number)
            filled = town.filled(
                house.vault,
                form["private_metadata"],
                {"text": town.WORDS},
                person=person,
                project=copies.project_of(team),
                question=questions[n % len(questions)],
            )
            sender = Sender(person, f"Person {number}", "da-DK")
            answer = await house.engine.receive(
                Delivery(
                    town.TENANT,
                    sender,
                    f"sample:{n}",
                    Submitted(filled.token, filled.values),
                    town.channel_of(team),
                )
            )
            assert answer.cards, answer
            found.append(house.database.passages)  # type: ignore[attr-defined]
    finally:
        await house.close()
    return found


# --- said again -----------------------------------------------------------------------------------


class Replay:
    """Replays transactions with psycopg and its pool only, each with unused keys."""

    def __init__(self, pool: AsyncConnectionPool[Any], samples: list[list[Passage]]) -> None:
        self._pool = pool
        self._statements = {name: spoken(sql) for name, sql in queries().items()}
        self._next = itertools.cycle(samples)

    @classmethod
    async def open(cls, dsn: str, file: Path) -> Replay:
        samples = msgspec.msgpack.decode(file.read_bytes(), type=list[list[Passage]])

        async def configured(conn: psycopg.AsyncConnection[Any]) -> None:
            conn.prepared_max = None
            conn.adapters.register_dumper(int, Int8BinaryDumper)

        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            dsn,
            kwargs={"autocommit": True, "row_factory": dict_row, "cursor_factory": AsyncRawCursor},
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            open=False,
            configure=configured,
        )
        await pool.open(wait=True)
        return cls(pool, samples)

    async def run(self, seconds: float) -> list[float]:
        until = time.perf_counter() + seconds
        waited: list[float] = []

        async def caller() -> None:
            while (began := time.perf_counter()) < until:
                await self._one(next(self._next))
                waited.append(time.perf_counter() - began)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return waited

    async def _one(self, sample: list[Passage]) -> None:
        key = uuid.uuid4().hex
        for passage in sample:
            async with self._pool.connection() as conn:
                await conn.execute(f"BEGIN ISOLATION LEVEL {passage.level}", prepare=False)
                for name, params in passage.said:
                    statement = self._statements[name]
                    given: Mapping[str, Any] = params
                    if "key" in params:
                        given = {**params, "key": key}
                    values = [given[part] for part in statement.names]
                    cursor = await conn.execute(statement.text, values, prepare=True, binary=True)
                    if cursor.description:
                        await cursor.fetchall()
                await conn.execute("COMMIT", prepare=False)


# --- the row --------------------------------------------------------------------------------------


async def rows(folder: Path, told: Progress, *, rounds: int, seconds: float) -> AsyncIterator[Row]:
    home, moment = await slack.prepared(folder)
    form, questions = await slack.opened_form(home, moment)
    with a_server(durable=True) as server:
        dsn = server.dsn(await asyncio.to_thread(server.take))
        await asyncio.to_thread(town.moved, home, dsn)
        said = folder / "said"
        samples = await recorded(home, moment, dsn, form, questions)
        said.write_bytes(msgspec.msgpack.encode(samples))
        async with (
            slack.web_api() as api,
            serving("statements", postgres=dsn, said=str(said)) as alone,
            serving(
                "slack",
                secret=slack.SECRET,
                api=api,
                home=str(home),
                postgres=dsn,
                moment=moment.isoformat(),
            ) as digi,
        ):
            await load(digi.port, slack.everybody("status"), seconds=60)
            requests = iter(slack.Answers(home, form, questions))
            candidate, baseline = Measured([], []), Measured([], [])
            await load(digi.port, requests, seconds=slack.WARM)
            await alone.works(slack.WARM)
            for number in range(rounds):
                told(f"answers, round {number + 1} of {rounds}")
                before = (await digi.used()).cpu
                candidate.slices.append(await load(digi.port, requests, seconds=seconds))
                candidate.busy.append((await digi.used()).cpu - before)
                wrong = candidate.slices[-1].wrong
                assert not wrong, f"{len(wrong)} answers were wrong, the first: {wrong[0]}"
                before = (await alone.used()).cpu
                baseline.slices.append(await alone.works(seconds))
                baseline.busy.append((await alone.used()).cpu - before)
    rates = ratio([s.rate for s in candidate.slices], [s.rate for s in baseline.slices])
    yield Row(
        "an answer submitted in Slack, on PostgreSQL",
        slack.figures(candidate),
        f"its statements alone: {slack.figures(baseline)}",
        str(rates),
        "≥ 0.50",
        rates.median >= 0.5,
    )
