"""An exercise as an edge plays it: Mette leads it by presses, and anybody takes part by forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import msgspec

from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Members, Pressed, Sender, Submitted, What
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.events import Look, Press
from dialogs.model.facts import Published, Unnamed
from storage.sql import Script
from storage.transactions.anonymous_pool import Pool
from storage.transactions.facts import gather
from storage.transactions.scope import Scope
from tests.anonymity.hands import OF, VIEWS, Seen, everything_seen, look, project_of, reading
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, text_of

LEADS = "mette"
BOARD, SURVEY = "now-future", "rasmus"
LANE = "now"
OF_EXERCISES = tuple(view for view in VIEWS if OF[view] == "exercise")
STATEMENTS = ("realistic", "recognised", "independent", "meaningful", "developing", "healthy")
Values = dict[str, str | list[str] | None]
Thrown = Callable[[str], None]


def nothing_thrown(act: str) -> None:
    pass


def point(letter: str) -> str:
    return next(one for one in ("better", "same", "worse", "unknown") if one[0] == letter)


class Meeting:
    """Runs of exercises in one project. `thrown` hears the name of each act beforehand."""

    def __init__(
        self, played: Stage, folder: Path, thrown: Thrown = nothing_thrown, leads: str = LEADS
    ) -> None:
        self.played, self.folder, self.thrown, self.leads = played, folder, thrown, leads
        self.project = project_of(folder)
        self.run = ""
        self.rounds = 0
        self.walls: list[str] = []
        self.acts = 0

    # --- acts -----------------------------------------------------------------------------

    async def receive(self, sender: Sender, key: str, what: What, place: str = CHANNEL) -> Answer:
        engine = self.played.house.engine
        engine._gate._acts.clear()
        answer = await engine.receive(Delivery(TENANT, sender, key, what, place))
        await self.played.house.courier.settle()
        return answer

    async def does(
        self, who: str | Sender, what: Press | Submitted, name: str = "", place: str = CHANNEL
    ) -> Answer:
        sender = who if isinstance(who, Sender) else Sender(who, PEOPLE.get(who, who), "da")
        self.acts += 1
        self.thrown(name or f"act {self.acts}")
        sent: What = (
            what
            if isinstance(what, Submitted)
            else Pressed(write_press(self.played.house.vault, TENANT, what))
        )
        return await self.receive(sender, f"meeting:{name or self.acts}", sent, place)

    async def opens(self, who: str | Sender, view: str, name: str = "") -> c.FinishedForm | None:
        look = Look(view, project=self.project, ref=self.run)  # type: ignore[arg-type]
        return (await self.does(who, look, name)).form

    async def fills(
        self, who: str | Sender, view: str, values: Values, name: str = "", place: str = CHANNEL
    ) -> Answer:
        form = await self.opens(who, view, f"{name}: the form" if name else "")
        assert form is not None, f"{who} gets no form {view}"
        return await self.does(who, Submitted(form.token, values), name, place)

    async def notes(
        self, who: str | Sender, *words: str, lane: str = "", name: str = "", place: str = CHANNEL
    ) -> Answer:
        """Write up to two notes in one sending."""
        kinds = ("notes.pro.1", "notes.con.1")
        values: Values = dict(zip(kinds, words, strict=False))
        return await self.fills(who, "write_notes", {"lane": lane or LANE, **values}, name, place)

    async def dots(
        self, who: str | Sender, *words: str, name: str = "", place: str = CHANNEL
    ) -> Answer:
        """Set dots on the notes with these words."""
        form = await self.opens(who, "set_dots", f"{name}: the form" if name else "")
        assert form is not None
        [field] = [one for one in form.fields if isinstance(one, c.Choices)]
        ids = {c.plain(option.label): option.value for option in field.options}
        chosen: Values = {"chosen": [ids[one] for one in words]}
        return await self.does(who, Submitted(form.token, chosen), name, place)

    async def answers(
        self, who: str | Sender, points: str, name: str = "", place: str = CHANNEL
    ) -> Answer:
        """Answer the statements with these points, one letter each: b, s, w or u."""
        values: Values = {
            f"answers.{statement}": point(letter)
            for statement, letter in zip(STATEMENTS, points, strict=True)
        }
        return await self.fills(who, "answer_survey", values, name, place)

    async def undoes(self, who: str | Sender, answer: Answer, name: str = "") -> None:
        """Press *Fortryd* in the answer to a sending."""
        [token] = [
            button.token
            for button in c.every_button(answer.cards[0])
            if c.plain(button.label) == "Fortryd"
        ]
        sender = who if isinstance(who, Sender) else Sender(who, PEOPLE.get(who, who), "da")
        self.acts += 1
        self.thrown(name or f"act {self.acts}")
        said = await self.receive(sender, f"undo:{self.acts}", Pressed(token))
        assert "taget tilbage" in text_of(said.cards[0])

    # --- led ------------------------------------------------------------------------------

    async def begins(self, exercise: str = BOARD) -> None:
        """Begin a run, and put it on a wall."""
        before = set(self._runs())
        lead: Press = e.ExerciseBegun(
            project=self.project, exercise=exercise, minutes="45", lead=self.leads
        )
        await self.does(self.leads, lead, f"run {len(before)} begins")
        [self.run] = set(self._runs()) - before
        self.rounds = 0
        await self.put_up()

    async def put_up(self) -> None:
        """Make a link for a wall and one for leading, which work for a day."""
        wanted = e.ScreenWanted(project=self.project, run=self.run)
        shown = text_of((await self.does(self.leads, wanted, f"wall {len(self.walls)}")).cards[0])
        self.walls += re.findall(r"/[sl]/([a-z2-7]{32})", shown)

    async def goes_to(self, step: str) -> None:
        """Take the next step, which opens a round where people write in it."""
        taken = e.StepTaken(project=self.project, run=self.run, step=step)
        await self.does(self.leads, taken, f"step {step} of {self.run}")

    async def closes(self) -> Answer:
        """Close the open round, as soon as that is possible."""
        self.rounds += 1
        await self.played.move(self.played.house.clock.now() + timedelta(minutes=4))
        closed = e.RoundClosed(
            project=self.project, run=self.run, round=f"{self.run}.{self.rounds}"
        )
        return await self.does(self.leads, closed, f"round {self.rounds} of {self.run} closes")

    async def ends(self) -> None:
        over = e.ExerciseEnded(project=self.project, run=self.run, text="Vi prøver det af")
        await self.does(self.leads, over, f"{self.run} ends")

    async def gathers(self, people: tuple[str, ...]) -> None:
        """These are in the channel from now on."""
        self.acts += 1
        there = Members(tuple(Sender(p, PEOPLE.get(p, p), "da") for p in people))
        await self.receive(Sender(""), f"members of the meeting {self.acts}", there)

    def _runs(self) -> list[str]:
        with reading(self.folder) as conn:
            rows = conn.execute("SELECT id FROM state WHERE dialog = 'exercise'").fetchall()
        return [id for (id,) in rows]

    # --- looking --------------------------------------------------------------------------

    async def seen(self, lookers: tuple[str, ...], views: tuple[str, ...] = VIEWS) -> Seen:
        """Return all that these people see, what was posted, and what hangs on the walls."""
        seen = await everything_seen(self.played, self.folder, lookers, views)
        for person in lookers:
            lane = await look(
                self.played, person, "exercise_board", self.project, self.run, f"{LANE}/0"
            )
            seen[person, "exercise_board", self.run, LANE] = lane
        house = self.played.house
        for token in self.walls:
            if (shown := await house.screens.show(token)) is not None:
                seen["wall", token] = msgspec.json.encode(shown.screen).decode()
            if (led := await house.leading.look(token)) is not None:
                seen["leading", token] = msgspec.json.encode((led.screen, led.card)).decode()
            house.engine._gate._acts.clear()
        return seen

    async def published(self) -> list[Unnamed]:
        """Return the notes that can be read, each with the round or run under which it is."""
        fact = Published("note")

        def script() -> Script[list[Unnamed]]:
            scope = Scope(TENANT, self.project, self.played.house.vault)
            return list((yield from gather(scope, (fact,)))[fact])

        found: list[Unnamed] = await self.played.house.database.read(script)
        return found

    async def ids(self) -> dict[str, str]:
        """Return the ids of the notes that can be read, by their words."""
        return {one.body["text"]: one.id for one in await self.published()}

    def waiting(self) -> list[str]:
        """Return the kinds of what lies in the pool."""
        with reading(self.folder) as conn:
            [(sealed,)] = conn.execute("SELECT sealed FROM pool").fetchall()
        pool = Pool.open(self.played.house.vault, TENANT, self.project, sealed)
        return sorted(entry.kind for entry in pool.entries)


WRITERS = ("sofie", "lars", "emil", "noor", "karen")


async def through(meeting: Meeting) -> AsyncIterator[str]:
    """Run a board and then a survey with five who take part, and name each moment that looks
    different to somebody."""
    await meeting.begins()
    await meeting.goes_to("write")
    for n, person in enumerate(WRITERS):
        await meeting.notes(person, f"Seddel {n}", f"Ulempe {n}")
    yield "notes are written"
    await meeting.closes()
    yield "notes can be read"
    await meeting.goes_to("read")
    await meeting.goes_to("dots")
    for person in WRITERS:
        await meeting.dots(person, "Seddel 1", "Ulempe 3")
    yield "dots are set"
    await meeting.closes()
    await meeting.ends()
    yield "the board is over"
    await meeting.begins(SURVEY)
    await meeting.played.move(meeting.played.house.clock.now() + timedelta(days=1))
    for person in WRITERS:
        await meeting.answers(person, "bswubs")
    yield "a survey is answered"
    await meeting.closes()
    yield "a survey is counted"
