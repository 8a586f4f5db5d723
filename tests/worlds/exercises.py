"""Leads any exercise of the catalogue from *Begynd* to its agreements, on any stage.

Mette leads it as TR. Everybody who may write without a name does what the step asks for: notes,
dots, answers. With fewer than five of them it is held on paper, and Mette types it in. A standing
board is open for two weeks, and Anne, the leader, answers what the first one showed.
"""

from __future__ import annotations

import re
from datetime import timedelta

from content.model import Catalogue, ExerciseGuide, ExerciseStep, Set
from tests.worlds.play import Play

NAMES = {"anne": "Anne Holm", "mette": "Mette Krogh"}
LEADS = "mette"
LEADER = "anne"
RESULT = "Vi begynder i det små"
ENOUGH_FOR_A_ROUND = 5
ENOUGH_FOR_A_SURVEY = 10
ROOM_TO_CHOOSE = 20
TO_LEAVE = 2
ON_PAPER = ("Skriv sedler på papir", "laver øvelsen på papir")
NOTE = re.compile(r"Seddel \d\d\d")


def workplace(writers: int) -> dict[str, str]:
    """Return a leader, and so many who may write without a name; Mette is one of them."""
    others = {f"kollega{n}": f"Kollega {n:02} Jensen" for n in range(1, writers)}
    return NAMES | others


async def starts(play: Play, one: Set) -> None:
    """Start a project with Mette as TR, at a workplace that has this exercise."""
    school = "Skole" if one.pack == "education" else '"Et andet"'
    await play.play(
        f"""
        anne > /digi start
        anne > udfyld Navn="Ny omsorgsplatform" TR=mette "Flere valg"="Jeg vil"
        anne > udfyld Slags={school}
        anne > tryk "Jeg er leder"
        mette > tryk "Jeg er TR"
        mette > send
        anne > tryk "Vis det i kanalen"
        """
    )


class Leading:
    """Leads one exercise, and remembers what was written."""

    def __init__(self, play: Play, catalogue: Catalogue, people: dict[str, str]) -> None:
        self.play = play
        self.catalogue = catalogue
        self.writers = tuple(person for person in people if person != "anne")
        self.on_paper = len(self.writers) < ENOUGH_FOR_A_ROUND
        self.notes = 0

    async def whole(self, one: Set) -> None:
        play, guide = self.play, one.guide
        assert guide is not None
        await play.type(LEADS, f"/digi øvelse {one.title.da}")
        await play.press(LEADS, "Begynd", one.title.da)
        place = {} if guide.standing else {"Hvordan": "På et møde"}
        await play.fill(LEADS, place | {"Hvem leder": LEADS})
        assert one.title.da in play.channel()
        if guide.standing:
            await self._stands(one, guide)
        else:
            await self._steps(one, guide, guide.steps_of(_usual(guide)))
        await self._leads(one)
        await play.press(LEADS, "Slut øvelsen")
        values = {"Hvad nåede": RESULT}
        if guide.ends_in is not None:
            values["Endte mødet"] = "Ja"
        await play.fill(LEADS, values)
        self.shows(RESULT)
        if one.mechanic == "survey":
            # It has no notes, so none that could be on paper.
            assert not [words for words in ON_PAPER if words in play.ever(LEADS)]

    def shows(self, words: str) -> None:
        channel = self.play.channel()
        assert words in channel, f"--- {words!r} is not in ---\n{channel}"

    async def _steps(self, one: Set, guide: ExerciseGuide, steps: tuple[ExerciseStep, ...]) -> None:
        for step in steps:
            self.shows(step.name.da)
            await self._does(one, guide, step)
            if step is not steps[-1]:
                await self._leads(one)
                await self.play.press(LEADS, "Næste trin")

    async def _leads(self, one: Set) -> None:
        await self.play.press(LEADS, "Led øvelsen", one.title.da)

    async def _does(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        match step.does:
            case "prepare":
                await self._prepares(one, guide)
            case "exercise":
                await self._inner(step)
            case "write":
                await self._writes(one, guide, step)
            case "dots":
                await self._sets_dots(one)
            case "conditions":
                await self._takes(one)
            case "survey":
                await self._answers(one, guide, step)
            case "table":
                await self._fills(one, guide, step)
            case "agree":
                await self._agrees(one)
            case "read" | "talk":
                await self._leads(one)
                assert all(question.da in self.play.just(LEADS) for question in step.questions)

    # --- what a step asks for ---------------------------------------------------------------

    async def _writes(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        if self.on_paper:
            await self._types_in(one, guide, step)
            return
        before = self.notes
        await self._everybody_writes(one, guide, step)
        await self._closes(one)
        assert self._new_notes(before)

    async def _everybody_writes(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        names = [kind.name.da for kind in guide.kinds if kind.id in step.kinds]
        before = self.notes
        for n, person in enumerate(self.writers):
            await self.play.press(person, "Skriv sedler", one.title.da)
            values = {names[n % len(names)]: self._note()}
            if guide.lanes:
                values["Hvor på"] = guide.lanes[n % len(guide.lanes)].name.da
            await self.play.fill(person, values)
            assert "1 seddel fra dig" in self.play.just(person)
        assert not self._new_notes(before)

    def _new_notes(self, before: int) -> set[str]:
        """Return the notes in the channel that were written after so many others."""
        return {note for note in NOTE.findall(self.play.channel()) if int(note[-3:]) > before}

    def _note(self) -> str:
        self.notes += 1
        return f"Seddel {self.notes:03}"

    async def _types_in(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        await self._leads(one)
        await self.play.press(LEADS, "Skriv papirsedler ind")
        name = next(kind.name.da for kind in guide.kinds if kind.id in step.kinds)
        values = {name: self._note()}
        if guide.lanes:
            values["Hvor på"] = guide.lanes[0].name.da
        await self.play.fill(LEADS, values)
        self.shows("skrevet på mødet")

    async def _closes(self, one: Set) -> None:
        await self.play.move(self.play.house.clock.now() + timedelta(minutes=5))
        await self._leads(one)
        await self.play.press(LEADS, "Luk runden")

    async def _sets_dots(self, one: Set) -> None:
        if self.on_paper:
            return
        chosen = await self._groups(one) if self.notes > ROOM_TO_CHOOSE else ""
        for person in self.writers:
            await self.play.press(person, "Sæt prikker", one.title.da)
            name = chosen or NOTE.findall(self.play.just(person))[0]
            await self.play.fill(person, {"Vælg op til": name})
            assert "Jeg har dine prikker." in self.play.just(person)
        await self._closes(one)
        self.shows("Det valgte I at arbejde med:")

    async def _groups(self, one: Set) -> str:
        """Put notes together until the form of dots has room for all, and return a group."""
        left, name = self.notes, ""
        while left > ROOM_TO_CHOOSE:
            name = f"Bunke {left}"
            await self._leads(one)
            await self.play.press(LEADS, "Saml sedler")
            there = sorted(set(NOTE.findall(self.play.just(LEADS))))
            await self.play.fill(LEADS, {"Hvilke sedler": ", ".join(there), "Hvad handler": name})
            left -= len(there) - 1
        return name

    async def _takes(self, one: Set) -> None:
        await self._leads(one)
        await self.play.press(LEADS, "Skriv, hvad der skal til")
        await self.play.fill(LEADS, {"Hvornår": "Før", "Hvad skal": "En dag til at øve os"})
        self.shows("En dag til at øve os")

    async def _answers(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        if len(self.writers) < ENOUGH_FOR_A_SURVEY:
            await self._talks_instead(one, step)
            return
        # TR and AMR see the statements a working day before.
        await self.play.play("ur > en dag")
        statements = self.catalogue.set(step.of or one.id).items
        point = guide.scale[0].name.da
        values = {(item.name or item.text).da: point for item in statements}
        for person in self.writers:
            await self.play.press(person, "Svar på rundspørgen", one.title.da)
            await self.play.fill(person, values)
            assert "Jeg har dine svar." in self.play.just(person)
        await self._closes(one)
        self.shows("Søjlerne går i trin på fem" if len(self.writers) >= 20 else "Det svarede I")

    async def _talks_instead(self, one: Set, step: ExerciseStep) -> None:
        """Read why there is no survey and what to do instead, and find the statements to talk
        about."""
        self.shows("En rundspørge kræver, at mindst 10 kan svare uden navn")
        self.shows("Tal om udsagnene på mødet i stedet.")
        await self._leads(one)
        assert "Tal om udsagnene på mødet i stedet." in self.play.just(LEADS)
        await self.play.press(LEADS, "Hvad går det ud på?", one.title.da)
        await self.play.press(LEADS, "Læs mere")
        first = self.catalogue.set(step.of or one.id).items[0]
        assert (first.name or first.text).da in self.play.just(LEADS)

    async def _fills(self, one: Set, guide: ExerciseGuide, step: ExerciseStep) -> None:
        rows = self.catalogue.set(step.of or one.id).items
        for n, person in enumerate((LEADS,) if guide.audience == "trio" else self.writers):
            await self.play.press(person, "Udfyld en række", one.title.da)
            values = {guide.columns[0].name.da: f"Skrevet af {n}"}
            if n < len(rows):
                await self.play.press(person, (rows[n].name or rows[n].text).da)
            else:
                await self.play.press(person, "En ny række")
                values["Hvad handler"] = f"Række {n}"
            await self.play.fill(person, values)
            assert "Rækken er gemt" in self.play.just(person)
        self.shows("Skrevet af 0")

    async def _agrees(self, one: Set) -> None:
        await self._leads(one)
        await self.play.press(LEADS, "Lav en aftale")
        await self.play.fill(LEADS, {"Hvad har I aftalt": "Skriv vagten ned"})
        self.shows("Skriv vagten ned")

    # --- a standing board -------------------------------------------------------------------

    async def _stands(self, one: Set, guide: ExerciseGuide) -> None:
        [step] = guide.steps
        self.shows(step.text.da)
        await self._week(one, guide, step, typed=3)
        piles, alone = await self._puts_together(one)
        await self._is_answered(one, (*piles, *alone))
        await self._week(one, guide, step, typed=1)
        self.shows("mangler svar. Den")

    async def _week(
        self, one: Set, guide: ExerciseGuide, step: ExerciseStep, *, typed: int
    ) -> None:
        """Let everybody write, or type in so many paper notes, and wait until it is shown."""
        before = self.notes
        if self.on_paper:
            for _ in range(typed):
                await self._types_in(one, guide, step)
        else:
            await self._everybody_writes(one, guide, step)
        await self.play.play("ur > en uge")
        assert self._new_notes(before)
        if not self.on_paper:
            assert "Der er nye sedler på" in self.play.just(LEADER)
            assert "Der er kommet nye sedler på tavlen." in self.play.just(LEADS)

    async def _puts_together(self, one: Set) -> tuple[list[str], list[str]]:
        """Put the notes into piles as large as the form has room for, and leave a few alone."""
        piles: list[str] = []
        alone = {f"Seddel {n:03}" for n in range(1, self.notes + 1)}
        while len(alone) > TO_LEAVE:
            await self._leads(one)
            await self.play.press(LEADS, "Saml sedler")
            _, *some = sorted(alone.intersection(NOTE.findall(self.play.just(LEADS))))
            assert some
            piles.append(f"Bunke {len(piles) + 1}")
            values = {"Hvilke sedler": ", ".join(some), "Hvad handler": piles[-1]}
            await self.play.fill(LEADS, values)
            alone.difference_update(some)
            self.shows(f"{len(piles) + len(alone)} sedler eller bunker mangler svar.")
        return piles, sorted(alone)

    async def _is_answered(self, one: Set, waiting: tuple[str, ...]) -> None:
        await self.play.press(LEADER, "Se tavlen", one.title.da)
        button = "Svar på sedler"
        for n, words in enumerate(waiting, 1):
            await self.play.press(LEADER, button)
            answer = f"Det ser vi på: {words}"
            values = {"Hvad svarer": words, "Hvad er svaret": "Vi gør det", "Skriv svaret": answer}
            await self.play.fill(LEADER, values)
            self.shows(answer)
            assert self.play.channel().count("Der er kommet et svar på") == n
            button = "Svar på den næste"
        assert "Nu er der svaret på alt, der er vist." in self.play.just(LEADER)

    # --- a workshop -------------------------------------------------------------------------

    async def _prepares(self, one: Set, guide: ExerciseGuide) -> None:
        await self._leads(one)
        await self.play.press(LEADS, "Fordel forberedelsen")
        await self.play.press(LEADS, guide.prepare[0].name.da)
        await self.play.fill(LEADS, {"Hvem gør det": NAMES[LEADS]})
        self.shows(guide.prepare[0].name.da)

    async def _inner(self, step: ExerciseStep) -> None:
        inner = self.catalogue.set(step.of)
        assert inner.guide is not None
        minutes = next(iter(step.minutes.values()))
        length = max(n for n in inner.guide.lengths if n <= minutes)
        self.shows(inner.title.da)
        await self._steps(inner, inner.guide, inner.guide.steps_of(length))
        await self._leads(inner)
        await self.play.press(LEADS, "Slut øvelsen")
        await self.play.fill(LEADS, {"Hvad nåede": "Det fandt vi ud af"})
        assert "Øvelsen er slut. I er tilbage i" in self.play.just(LEADS)
        self.shows("Det fandt vi ud af")


def _usual(guide: ExerciseGuide) -> int:
    return 90 if 90 in guide.lengths or not guide.lengths else guide.lengths[-1]
