"""An exercise with dealt cards, and the phones of those who hold them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Pressed, Sender
from bot.server.build import House
from dialogs.exercise.states import ExerciseRun
from dialogs.model.events import Press
from dialogs.model.facts import Waiting
from storage.sql import Script
from storage.transactions.anonymous_pool import Pool
from storage.transactions.links import token_of
from tests.worlds.stage import TENANT, Stage
from tests.worlds.visitors import Visitor, serving_page

BEGUN = """
anne > /digi start
anne > udfyld Navn="Ny omsorgsplatform" "Flere valg"="Jeg vil"
anne > udfyld "Hvor er I"=2
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld TR=mette Tovholder=ali
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
"""
BRAINSTORM = (
    BEGUN
    + """
ali > /digi øvelse brainstorm
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=45 "Hvem leder"=ali
"""
)
SURVEY = (
    BEGUN.replace('"Hvor er I"=2', '"Hvor er I"=4')
    + """
ali > /digi øvelse rasmus
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=45 "Hvem leder"=ali
ur > til 2026-11-03 09:01
"""
)


async def deals(played: Stage, n: int) -> list[str]:
    """Ali makes so many cards. Returns their tokens."""
    await played.play(
        f"""
        ali > tryk "Led øvelsen"
        ali > tryk "Udskriv kort"
        ali > udfyld "Hvor mange kort"={n}
        """
    )
    return await tokens_of(played.house)


async def run_of(house: House) -> tuple[str, ExerciseRun]:
    """Return the newest run with its project."""
    rows = await house.database.read(house.scripts.reading.all_states, TENANT)
    found = [
        msgspec.json.decode(state, type=ExerciseRun)
        for kind, _, state in rows
        if kind == "exercise"
    ]
    project = await house.database.read(house.scripts.reading.projects_of, TENANT, "ali")
    return project[0].id, max(found, key=lambda run: run.begun_at)


async def tokens_of(house: House) -> list[str]:
    _, run = await run_of(house)
    return [token_of(house.vault, "card", id) for id in run.cards.links]


async def in_pool(house: House, kind: str) -> list[Waiting]:
    """Return what waits in the pool of this kind."""
    project, _ = await run_of(house)

    def read() -> Script[list[Waiting]]:
        [row] = yield "pool_get", {"tenant": TENANT, "project": project}
        pool = Pool.open(house.vault, TENANT, project, row["sealed"])
        return list(pool.drawn((kind,), ""))

    found: list[Waiting] = await house.database.read(read)
    return found


async def presses(played: Stage, press: Press, person: str = "ali") -> Answer:
    """Press a button that no card shows just now."""
    pressed = Pressed(write_press(played.house.vault, TENANT, press))
    key = f"press:{secrets.token_hex(8)}"  # also after a restart no press is taken for another
    return await played.house.engine.receive(Delivery(TENANT, Sender(person), key, pressed))


@asynccontextmanager
async def holding(house: House, tokens: list[str]) -> AsyncIterator[list[Visitor]]:
    """One phone for each card."""
    async with (
        serving_page(house) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield [Visitor(session, f"{server}/b/{token}") for token in tokens]


async def notes(phone: Visitor, words: str, lane: str = "Nu") -> None:
    """Write one note."""
    await phone.opens("?v=write_notes")
    form = phone.form
    form.chosen(lane)
    form.fields["notes.note.1"] = [words]
    await phone.sends(form)


async def dots(phone: Visitor, *labels: str) -> None:
    await phone.opens("?v=set_dots")
    form = phone.form
    form.chosen(*labels)
    await phone.sends(form)


async def answers(phone: Visitor, point: str) -> None:
    """Answer every statement with the same point of the scale."""
    await phone.opens("?v=answer_survey")
    form = phone.form
    values = {label: value for label, (_, value) in form.labels.items()}
    for name in form.fields:
        if name.startswith("answers."):
            form.fields[name] = [values[point]]
    await phone.sends(form)
