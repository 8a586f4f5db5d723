"""Random users press everything: no exception is raised, nothing is lost, nothing gets stuck."""

from __future__ import annotations

import random
import shlex
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.platforms.common.ports import Pressed, Submitted, TypedText
from bot.platforms.web.playground.edge import MessageBody
from dialogs.model import cards as c
from dialogs.model.commands import COMMANDS
from tests.worlds.stage import PEOPLE, TENANT, Stage, stage

HOSTILE = (
    "",
    " ",
    "Mere tid hos borgeren",
    "<!everyone> <script>alert(1)</script>",
    "**x** {name} *y*",
    "æøå ÆØÅ 👩‍👩‍👧",
    "a" * 2900,
    "b" * 4000,
    "\u202eabc\u0000",
    "https://example.org/x",
    "'; DROP",
)
ACTORS = ("anne", "mette", "jonas", "ali", "fatima", "peter", "sofie")


class Walker:
    def __init__(self, played: Stage, seed: int) -> None:
        self.stage = played
        self.chance = random.Random(seed)
        self.said: dict[str, int] = {}
        self.history: list[str] = []

    async def step(self) -> None:
        person = self.chance.choice(ACTORS)
        dice = self.chance.random()
        if self.stage.form[person] is not None and dice < 0.55:
            await self._fill(person)
        elif dice < 0.65 and (buttons := self._buttons(person)):
            label, token = self.chance.choice(buttons)
            self.history.append(f"{person} > tryk {label}")
            await self.stage._act(person, Pressed(token))
        elif dice < 0.9:
            command = self.chance.choice(COMMANDS)
            words = self.chance.choice((*command.da, *command.en))
            rest = self.chance.choice(("", "", "kerneopgave", "Ny omsorgsplatform", "mig"))
            self.history.append(f"{person} > {words} {rest}")
            private = self.chance.random() < 0.3
            await self.stage._act(person, TypedText(f"{words} {rest}"), private=private)
        else:
            hours = self.chance.choice((1, 5, 24, 24, 72, 168))
            self.history.append(f"ur > {hours} timer")
            await self.stage.move(self.stage.house.clock.now() + timedelta(hours=hours))

    def _buttons(self, person: str) -> list[tuple[str, str]]:
        found = []
        cards = [*self.stage.shown[person], *(m.card for m in self.stage.visible(person)[:12])]
        for card in cards:
            found += [(c.plain(b.label), b.token) for b in c.every_button(card)]
        return found

    async def _fill(self, person: str) -> None:
        form = self.stage.form[person]
        assert form is not None
        values: dict[str, str | list[str] | None] = {}
        for field in form.fields:
            match field:
                case c.TextField():
                    values[field.id] = self.chance.choice(HOSTILE)
                case c.Choice(options=options):
                    values[field.id] = self.chance.choice([o.value for o in options] or [""])
                case c.Choices(options=options):
                    values[field.id] = [o.value for o in options if self.chance.random() < 0.5]
                case c.People(many=many):
                    people = self.chance.sample(sorted(PEOPLE), self.chance.randint(0, 2))
                    values[field.id] = people if many else (people[0] if people else "")
                case c.DateField():
                    day = self.stage.house.clock.now() + timedelta(days=self.chance.randint(-5, 60))
                    values[field.id] = self.chance.choice(("", day.date().isoformat(), "31/2"))
                case c.TimeField():
                    values[field.id] = self.chance.choice(("", "600", "10.30", "kl. fem"))
                case c.Note():
                    pass
        self.history.append(f"{person} > udfyld {form.into} {shlex.quote(str(values))[:300]}")
        answer = await self.stage._act(person, Submitted(form.token, values))
        if not answer.faults and form.into == "answered":
            text = str(values["text"])
            self.said[text.strip()] = self.said.get(text.strip(), 0) + 1


async def _walk(folder: Path, seed: int, steps: int) -> None:
    async with stage(folder) as played:
        walker = Walker(played, seed)
        await played.play(BEGINNING)
        try:
            for _ in range(steps):
                await walker.step()
                assert not played.house.log.failures, played.house.log.failures
        except BaseException:
            print("\n".join(walker.history[-25:]))
            raise
        rows = await played.house.database.read(played.house.scripts.outbox.letters)
        assert not [row for row in rows if row["state"] == "dead"]
        for message in played.edge.messages.values():
            drawn = msgspec.json.encode(MessageBody(card=message.card))
            assert msgspec.json.decode(drawn, type=MessageBody).card == message.card
        assert await played.house.landmarks(TENANT) is not None


BEGINNING = """
anne > /digi start Ny omsorgsplatform
"""


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_walk_never_raises(seed: int, tmp_path: Path) -> None:
    """Whatever is pressed, typed or filled in, by anybody at any time, gets an answer, and no
    letter is lost."""
    await _walk(tmp_path, seed, 330)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
async def test_a_long_random_walk_never_raises(seed: int, tmp_path: Path) -> None:
    """The same with a thousand events each."""
    await _walk(tmp_path, seed, 1000)
