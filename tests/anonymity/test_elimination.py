"""Every unsigned answer that is shown could have been written by at least five people."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Members, Pressed, Sender, Submitted
from dialogs.model.events import ClosedForAnswers, Look, Press
from dialogs.model.facts import Published
from dialogs.question import conclusion
from dialogs.walk import handover
from storage.sql import Script
from storage.transactions.facts import gather
from storage.transactions.scope import Scope
from tests.anonymity.hands import instances, project_of, running
from tests.worlds.cards import Dressed
from tests.worlds.postgres import either_later
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage

LEADS = {"anne"}
ALWAYS = {"mette", "jonas"}
OTHERS = tuple(person for person in PEOPLE if person not in LEADS | ALWAYS)
THRESHOLD = 5


class History:
    """A project with changing members, and the facts that the test knows but Digi does not."""

    def __init__(self, played: Stage, folder: Path, seed: int) -> None:
        self.played, self.folder, self.chance = played, folder, random.Random(seed)
        self.project = project_of(folder)
        self.there = {*PEOPLE}
        self.named: dict[str, set[str]] = defaultdict(set)
        self.asked_of: dict[str, str] = {}  # text -> question
        self.shown: set[str] = set()
        self.acts = 0
        self.too_few: list[str] = []

    async def does(self, person: str, what: Press | tuple[str, dict[str, Any]]) -> Answer:
        self.acts += 1
        self.played.house.engine._gate._acts.clear()
        sent = (
            Submitted(*what)
            if isinstance(what, tuple)
            else Pressed(write_press(self.played.house.vault, TENANT, what))
        )
        answer = await self.played.house.engine.receive(
            Delivery(TENANT, Sender(person, PEOPLE[person], "da"), f"h{self.acts}", sent, CHANNEL)
        )
        await self.played.house.courier.settle()
        return answer

    async def fills(self, person: str, look: Look, **values: Any) -> None:
        form = (await self.does(person, look)).form
        if form is None:
            return
        asked = {field.id for field in form.fields if hasattr(field, "id")}
        if "understood" in asked:
            values["understood"] = "true"
        await self.does(person, (form.token, values))

    async def moves(self) -> None:
        """Some members leave, some return."""
        for person in OTHERS:
            if self.chance.random() < 0.25:
                self.there ^= {person}
        people = tuple(Sender(p, PEOPLE[p], "da") for p in sorted(self.there))
        self.acts += 1
        await self.played.house.engine.receive(
            Delivery(TENANT, Sender(""), f"members {self.acts}", Members(people), CHANNEL)
        )

    def writers(self) -> set[str]:
        return (self.there | ALWAYS) - LEADS

    async def asks(self) -> str | None:
        before = set(instances(self.folder).get("question", ()))
        await self.played.type("anne", "næste")
        new = set(instances(self.folder).get("question", ())) - before
        return new.pop() if new else None

    async def answered(self, asked: str) -> None:
        """Some answer by name, some unsigned, some both."""
        share = self.chance.choice((0.1, 0.3, 0.6, 0.9))
        for person in self.chance.sample(sorted(self.there | ALWAYS), len(self.there | ALWAYS)):
            if self.chance.random() < share:
                await self.fills(person, Look("answer", self.project, asked), text="Med navn")
                self.named[asked].add(person)
            if person not in LEADS and self.chance.random() < 0.25:
                text = f"Uden navn {len(self.asked_of)}"
                look = Look("answer_unnamed", self.project, asked)
                await self.fills(person, look, text=text)
                self.asked_of[text] = asked
            if self.chance.random() < 0.05:
                await self.moves()

    async def closed(self, asked: str) -> None:
        if self.chance.random() < 0.5:
            await self.does("anne", ClosedForAnswers(project=self.project, question=asked))
        else:
            look = Look("sum_up", self.project, asked)
            await self.fills("anne", look, text="Vi prøver det af", outcome="aside")
        for text, of in await self.published():
            assert of == asked, "only its own closing shows an answer under its question"
            could = self.writers() - self.named[asked]
            if len(could) < THRESHOLD:
                self.too_few.append(f"{text}: {sorted(could)}")

    async def phase_ends(self) -> None:
        await self.played.type("anne", "fase")
        form = self.played.form["anne"]
        if form is None:
            return
        await self.played.fill("anne", {"Hvem har besluttet": "Vi har"})
        assert not self.played.faults["anne"], self.played.faults["anne"]
        new = await self.published()
        questions = {self.asked_of[text] for text, _ in new}
        could = {p for p in self.writers() if any(p not in self.named[q] for q in questions)}
        assert all(of.startswith("phase:") for _, of in new)
        if new and len(could) < THRESHOLD:
            self.too_few.append(f"{new}: {sorted(could)}")

    async def published(self) -> list[tuple[str, str]]:
        """Return the newly readable texts, and where each is shown."""
        fact = Published("answer")

        def script() -> Script[Any]:
            scope = Scope(TENANT, self.project, self.played.house.vault)
            return (yield from gather(scope, (fact,)))[fact]

        found = {u.body["text"]: u.ref for u in await self.played.house.database.read(script)}
        new = [(text, of) for text, of in found.items() if text not in self.shown]
        self.shown |= {text for text, _ in new}
        return new


async def _history(folder: Path, seed: int, questions: int, either: str) -> History:
    async with running(folder, either=either) as played:
        history = History(played, folder, seed)
        for n in range(questions):
            if history.chance.random() < 0.7:
                await history.moves()
            if (asked := await history.asks()) is not None:
                await history.answered(asked)
                await history.closed(asked)
            if n % 5 == 4:
                await history.phase_ends()
    return history


LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("places", "histories", "questions"),
    [
        ("sqlite", 2, 6),
        ("postgres", 1, 6),
        pytest.param("sqlite", 25, 18, marks=LONG),
        pytest.param("postgres", 25, 18, marks=LONG),
    ],
    indirect=["places"],
)
async def test_at_least_five_could_have_written_what_is_shown(
    tmp_path: Path,
    places: Callable[[], str],
    dressed: Dressed,
    figures: Callable[[str], None],
    histories: int,
    questions: int,
) -> None:
    """Counted by the test itself from membership, leadership and signed answers."""
    shown = written = together = 0
    for seed in range(histories):
        history = await _history(tmp_path / str(seed), seed, questions, places())
        assert history.too_few == [], seed
        shown, written = shown + len(history.shown), written + len(history.asked_of)
        together += sum(len(history.named[q]) > 8 for q in history.named)
        dressed.forget()
    figures(f"{histories} histories, {written} answers without a name, {shown} shown, none alone")
    # Both cases occurred: some answers were shown, some had to wait.
    assert 0 < shown < written


@either_later
async def test_control_without_the_rule_some_are_found_by_elimination(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the rule, the same histories identify authors."""
    for module in (conclusion, handover):
        monkeypatch.setattr(module, "fewest", lambda project: 0)
    assert (await _history(tmp_path, 0, 6, either)).too_few != []
