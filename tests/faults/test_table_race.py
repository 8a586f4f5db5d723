"""Many people fill in one table at once: nothing is lost, and each change is somebody's.

They write in the same few rows, add rows and columns and take columns out again, while Digi is
restarted; on PostgreSQL a second replica takes half of them. Whoever is too late in a row is told
who was first and keeps what they wrote.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Pressed, Sender, Submitted
from bot.server.build import House
from dialogs.model import cards as c
from dialogs.model.events import Look
from dialogs.model.facts import Rec, Records
from storage.sql import Script
from storage.transactions.facts import gather
from storage.transactions.scope import Scope
from tests.worlds.house import asked
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, stage, text_of

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld Tovholder=ali
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
ali > /digi øvelse hvem gør hvad
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
ali > tryk "Næste trin"
"""
ROWS = ("leaders", "employees", "specialists")
WRITERS = ("mette", "jonas", "fatima", "peter", "sofie", "lars")
BUILDERS = ("bodil", "emil", "noor")
EACH = 5
"""Writings of each writer, and columns of each who adds them."""
LATE = "har ændret rækken, mens du skrev. Din tekst står her endnu."
FULL = "Flere er der ikke plads til."
MARK = re.compile(r"[a-z]+:\d+")


class Meeting:
    """What everybody does, and what was confirmed to them."""

    def __init__(self, played: Stage, other: House | None, folder: Path, either: str) -> None:
        self.played, self.other = played, other
        [(self.project,)] = asked(folder, either, "SELECT id FROM project")
        [(self.run,)] = asked(folder, either, "SELECT id FROM state WHERE dialog = 'exercise'")
        self.confirmed: list[str] = []
        """The mark of each writing that was saved."""
        self.under_way = asyncio.Event()
        self.late: list[str] = []
        self.full = self.undone = self.kept = self.repeated = 0
        self.chance = random.Random(11)
        self.acts = 0

    def _house(self, person: str) -> House:
        first = self.other is None or sum(map(ord, person)) % 2
        return self.played.house if first or self.other is None else self.other

    async def does(self, person: str, what: Look | Pressed | Submitted) -> Answer:
        """Pass it in again under the same key until Digi answers, as a platform does."""
        self.acts += 1
        if isinstance(what, Look):
            what = Pressed(write_press(self.played.house.vault, TENANT, what))
        who = Sender(person, PEOPLE[person], "da")
        sent = Delivery(TENANT, who, f"race:{self.acts}", what, CHANNEL)
        while True:
            house = self._house(person)
            house.engine._gate._acts.clear()
            answer = await house.engine.receive(sent)
            if not answer.undone:
                return answer
            self.repeated += 1
            await asyncio.sleep(0.02)

    async def opens(self, person: str, row: str) -> c.FinishedForm:
        look = Look("fill_row", project=self.project, ref=self.run, words=row)
        form = (await self.does(person, look)).form
        assert form is not None
        return form

    async def writes(self, person: str, n: int, row: str = "", name: str = "") -> None:
        """Write beside what stands in a cell of the row, and again after somebody was faster."""
        mark = f"{person}:{n}"
        row = row or self.chance.choice(ROWS)
        while True:
            form = await self.opens(person, row)
            await asyncio.sleep(0)  # think while others write
            cells = {
                field.id: c.plain(field.value) if field.value else ""
                for field in form.fields
                if isinstance(field, c.TextField) and field.id.startswith("cells.")
            }
            cell = self.chance.choice(list(cells))
            cells[cell] = f"{cells[cell]} {mark}".strip()
            values: dict[str, str | list[str] | None] = {
                **cells,
                **({"name": name} if name else {}),
            }
            answer = await self.does(person, Submitted(form.token, values))
            if not answer.faults:
                assert "Rækken er gemt. Dit navn står ved ændringen." in text_of(answer.cards[0])
                self.confirmed.append(mark)
                if len(self.confirmed) == len(WRITERS):
                    self.under_way.set()
                return
            [fault] = answer.faults
            said = c.plain(fault.text)
            assert answer.cards == ()  # the form stays open, with what was written
            assert answer.form is None
            assert said.startswith(tuple(PEOPLE[one] for one in PEOPLE if one != person)), said
            assert LATE in said
            self.late.append(said)

    async def builds(self, person: str, n: int) -> None:
        """Add a column and take it out again, if nobody has written in it by then."""
        form = await self._column_form(person)
        if form is None:
            return
        answer = await self.does(person, Submitted(form.token, {"name": f"Søjle {person} {n}"}))
        if answer.faults:
            assert FULL in c.plain(answer.faults[0].text)
            self.full += 1
            return
        [undo] = [
            button.token
            for button in c.every_button(answer.cards[0])
            if c.plain(button.label) == "Fortryd"
        ]
        await asyncio.sleep(0.01)
        said = text_of((await self.does(person, Pressed(undo))).cards[0])
        taken_out = "er taget ud igen" in said
        assert taken_out or "så den bliver i skemaet" in said, said
        self.undone += taken_out
        self.kept += not taken_out

    async def _column_form(self, person: str) -> c.FinishedForm | None:
        look = Look("new_column", project=self.project, ref=self.run)
        answer = await self.does(person, look)
        if answer.form is None:
            assert FULL in text_of(answer.cards[0])
            self.full += 1
        return answer.form

    async def all_at_once(self, again: Callable[[], object]) -> None:
        async def fills(person: str) -> None:
            for n in range(EACH):
                await self.writes(person, n)
            await self.writes(person, EACH, "new", f"Række {person}")

        async def adds(person: str) -> None:
            for n in range(EACH):
                await self.builds(person, n)

        async def restarts() -> None:
            await self.under_way.wait()
            await self.played.restart()
            again()

        await asyncio.gather(*map(fills, WRITERS), *map(adds, BUILDERS), restarts())

    async def rows(self) -> tuple[Rec, ...]:
        fact = Records("table_row", self.run)

        def script() -> Script[tuple[Rec, ...]]:
            scope = Scope(TENANT, self.project, self.played.house.vault)
            found: tuple[Rec, ...] = (yield from gather(scope, (fact,)))[fact]
            return found

        rows: tuple[Rec, ...] = await self.played.house.database.read(script)
        return rows


async def test_many_people_at_one_table_lose_nothing(
    tmp_path: Path, either: str, kindly: Callable[[], None]
) -> None:
    """Every writing that was confirmed stands in the table once, also across the restart, and the
    row has the name of whoever wrote in it last."""
    async with stage(tmp_path, either=either) as played:
        await played.play(BEGUN)
        kindly()  # while Digi closes, it says that it could not save
        other = await played._begin() if either and played._begin is not None else None
        restarted: list[bool] = []
        meeting = Meeting(played, other, tmp_path, either)
        try:
            await meeting.all_at_once(lambda: restarted.append(True))
        finally:
            meeting.other = None
            if other is not None:
                await other.close()
        assert restarted
        assert len(meeting.confirmed) == len(WRITERS) * (EACH + 1)
        assert meeting.late
        assert meeting.undone

        look = Look("exercise_table", project=meeting.project, ref=meeting.run)
        table = text_of((await meeting.does("anne", look)).cards[0])
        found = Counter(MARK.findall(table))
        assert found == Counter(meeting.confirmed)
        assert all(f"Række {person}" in table for person in WRITERS)
        rows = await meeting.rows()
        for row in rows:
            marks = MARK.findall(" ".join(row.body["cells"].values()))
            assert row.person in {mark.partition(":")[0] for mark in marks}
        last = max(rows, key=lambda row: row.at)
        assert f", af {PEOPLE[last.person]}" in table
