"""Random courses of a project: signed acts, unsigned acts, and days passing.

Buttons are found by their labels; what is not possible at the moment is skipped.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from tests.anonymity.hands import by_code, running, says, says_by_name
from tests.worlds.stage import PEOPLE, Stage, text_of

AUTHORS = ("sofie", "lars", "emil", "noor", "karen", "mette", "ali")
NAMED = ("peter", "bodil", "sofie", "jonas", "ali")
READERS = ("Anne Holm", "Jonas Friis", "alle", "Anne Holm, Mette Krogh", "alle, Jonas Friis")


@asynccontextmanager
async def random_course(folder: Path, seed: int, either: str = "") -> AsyncIterator[Course]:
    async with running(folder, either=either) as played:
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Tovholder=ali
            ali > tryk "Jeg er tovholder"
            anne > /digi næste
            """
        )
        yield Course(played, random.Random(seed))


class Course:
    def __init__(self, played: Stage, chance: random.Random) -> None:
        self.played, self.chance = played, chance
        self.codes: list[str] = []
        self.texts = 0
        self.done: list[str] = []

    async def unnamed(self, person: str) -> None:
        """Let this person write, vote, or use a code."""
        self.played.house.engine._gate._acts.clear()
        kinds = ["say", "early", "answer", "more", "withdraw", "object", "fits", "missing"]
        self.chance.shuffle(kinds)
        for kind in kinds:
            if await self._does(person, kind):
                self.done.append(kind)
                return
        raise AssertionError("something can be said at any time in these courses")

    async def _does(self, person: str, kind: str) -> bool:
        self.texts += 1
        words = f"Tekst {self.texts}"
        match kind:
            case "say" | "early":
                own = PEOPLE[person]
                to = self.chance.choice([readers for readers in READERS if own not in readers])
                code = await says(self.played, person, words, to=to, early=kind == "early")
                self.codes.append(code)
                return True
            case "answer":
                return await self._sends(person, "Svar uden navn", {"Dit svar": words}, code=True)
            case "missing":
                allows = {"Må alle": "Ja"} if self.chance.random() < 0.5 else {}
                fields = {"Hvad mangler": words, **allows}
                return await self._sends(person, "Der mangler noget", fields, code=True)
            case "fits":
                return await self._sends(person, "Det passer", None)
            case _:
                button = {"more": "Skriv et svar", "object": "Jeg er ikke enig"}.get(
                    kind, "Træk teksten tilbage"
                )
                for code in self.chance.sample(self.codes, len(self.codes)):
                    await by_code(self.played, person, code)
                    if any(button in text_of(card) for card in self.played.shown[person]):
                        values = {} if kind == "withdraw" else {"Din": words}
                        return await self._sends(person, button, values)
                return False

    async def _sends(
        self, person: str, button: str, values: dict[str, str] | None, *, code: bool = False
    ) -> bool:
        """Press a button if it exists, fill in its form, and return whether it was accepted."""
        if not self._sees(person, button):
            return False
        await self.played.press(person, button)
        if values is None:
            return True
        if self.played.form[person] is None:
            return False
        await self.played.fill(person, values)
        if self.played.faults[person]:
            self.played.form[person] = None
            return False
        if code:
            self.codes.append(self.played.code)
        return True

    def _sees(self, person: str, button: str) -> bool:
        try:
            self.played._button(person, button, "")
        except AssertionError:
            return False
        return True

    async def named(self) -> None:
        """Do something else: let time pass, answer, write news, or close, sum up and ask questions,
        all signed."""
        person = self.chance.choice(NAMED)
        self.played.house.engine._gate._acts.clear()
        kinds = (
            "day",
            "day",
            "week",
            "name",
            "answer",
            "answer",
            "next",
            "close",
            "sum",
            "reply",
            "reply",
            "week",
        )
        match self.chance.choice(kinds):
            case "day":
                await self.played.move(self.played.house.clock.now() + timedelta(days=1))
            case "week":
                await self.played.move(self.played.house.clock.now() + timedelta(days=7))
            case "name":
                await says_by_name(self.played, person, "Med navn")
            case "answer":
                await self._sends(person, "Svar", {"Dit svar": "Med navn"})
            case "close":
                await self._sends("anne", "Led samtalen", None)
                await self._sends("anne", "Luk for svar", None)
            case "sum":
                await self._sends("anne", "Led samtalen", None)
                await self._sends("anne", "Saml op", {"Hvad": "Vi prøver det af"})
            case "reply":
                await self.played.type("anne", "overblik", private=True)
                await self.played.type("anne", "status")
                answer = {"Hvad": "Nej", "Dit": "Det er afgjort."}
                if await self._sends("anne", "Læs, hvad der er sagt", None) and await self._sends(
                    "anne", "Skriv et svar", answer
                ):
                    await self._sends("anne", "Luk", None)
            case _:
                await self.played.type("anne", "næste")
