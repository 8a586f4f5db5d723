"""People whose ids, names and addresses are unique strings, and their texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import msgspec

from bot.core.tokens import write_press
from bot.platforms.common.ports import Answer, Delivery, Members, Pressed, Sender, Submitted, What
from dialogs.model import cards as c
from dialogs.model.events import Fits, Look
from tests.anonymity import canaries
from tests.anonymity.canaries import NAME, PERSON, found_in, metrics_of
from tests.anonymity.hands import (
    RELEASED,
    bytes_of,
    instances,
    project_of,
    running,
    waiting,
)
from tests.anonymity.meeting import OF_EXERCISES, STATEMENTS, SURVEY, Meeting, point
from tests.worlds.play import CODE
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, text_of

Search = Callable[[str, list[str]], None]


class Crowd:
    """People whose ids, names and addresses are unique strings, and their texts."""

    def __init__(self, played: Stage, folder: Path, size: int) -> None:
        self.played, self.folder, self.size = played, folder, size
        self.project = project_of(folder)
        self.codes: list[str] = []
        self.ballots: list[str] = []
        """What some of them chose and answered, as it would be spelled."""
        self.acts = 0

    async def comes(self) -> None:
        there = [Sender(person, name, "da") for person, name in PEOPLE.items()]
        there += [Sender(canaries.person(n), canaries.name(n), "da") for n in range(self.size)]
        gathered = Delivery(TENANT, Sender(""), "members", Members(tuple(there)), CHANNEL)
        await self.played.house.engine.receive(gathered)
        await self.played.house.courier.settle()
        await self.played.house.database.checkpoint()

    async def _acts(self, sender: Sender, what: What) -> Answer:
        self.acts += 1
        key = canaries.address(self.acts)
        return await self._receive(Delivery(TENANT, sender, key, what, CHANNEL))

    async def _receive(self, delivery: Delivery) -> Answer:
        self.played.house.engine._gate._acts.clear()
        self.played.house.engine._gate._codes.clear()
        return await self.played.house.engine.receive(delivery)

    async def _fills(self, n: int, look: Look, values: dict[str, str | list[str] | None]) -> None:
        sender = Sender(canaries.person(n % self.size), canaries.name(n % self.size), "da")
        token = write_press(self.played.house.vault, TENANT, look)
        form = (await self._acts(sender, Pressed(token))).form
        assert form is not None
        there = {field.id for field in form.fields if not isinstance(field, c.Note)}
        assert set(values) <= there, (set(values), there)
        answer = await self._acts(sender, Submitted(form.token, values))
        assert answer.cards, answer.faults
        if found := CODE.search(text_of(answer.cards[0])):
            self.codes.append(found[0])

    async def says(self, n: int, question: str) -> None:
        """Write five texts: two to the leader, one to everybody, one answer, and one that is
        extended by code."""
        words = canaries.words(n)
        kind = n % 5
        if kind == 3:
            look = Look("answer_unnamed", project=self.project, ref=question)
            await self._fills(n, look, {"text": words})
            return
        readers = ["everyone"] if kind == 2 else ["mette"] if kind == 4 else ["anne"]
        await self._fills(
            n,
            Look("say_unnamed", project=self.project),
            {
                "kind": "concern",
                "text": words,
                "readers": readers,
                "trio": "false",
                "sending": "next_working_day" if kind == 2 else "release",
            },
        )
        if kind == 4:
            look = Look("write_more", project=self.project, ref=self.codes[-1])
            await self._fills(n, look, {"text": f"{words}, og mere", "readers": []})

    # --- in an exercise -------------------------------------------------------------------

    async def holds_a_meeting(self, look: Callable[[], Awaitable[None]]) -> None:
        """Write notes, set dots and answer a survey, ten of them; one takes a note back."""
        meeting, many = Meeting(self.played, self.folder), min(10, self.size)
        senders = [Sender(canaries.person(n), canaries.name(n), "da") for n in range(many)]
        notes = [canaries.words(500 + n) for n in range(many + 1)]
        await meeting.begins()
        await meeting.goes_to("write")
        for sender, note in zip(senders, notes, strict=False):
            await meeting.notes(sender, note)
        await meeting.undoes(senders[0], await meeting.notes(senders[0], notes[-1]))
        await look()
        await meeting.closes()
        await meeting.goes_to("read")
        await meeting.goes_to("dots")
        for n, sender in enumerate(senders):
            chosen = await meeting.dots(sender, notes[n], notes[(n + 3) % many])
            assert not chosen.faults
        ids = await meeting.ids()
        chosen_of = [(ids[notes[n]], ids[notes[(n + 3) % many]]) for n in range(3)]
        self.ballots += [text for two in chosen_of for text in canaries.spelled(list(two))]
        await look()
        await meeting.closes()
        await meeting.ends()
        await meeting.begins(SURVEY)
        await self.played.move(self.played.house.clock.now() + timedelta(days=1))
        for n, sender in enumerate(senders):
            await meeting.answers(sender, points := canaries.points(n))
            answers = dict(zip(STATEMENTS, map(point, points), strict=True))
            self.ballots += canaries.spelled(answers) if n < 3 else []
        await look()
        await meeting.closes()
        await look()
        seen = await meeting.seen(("anne", "mette"), (*OF_EXERCISES, "report_file", "home"))
        self.finds_nobody("what is shown", msgspec.json.encode([*seen.values()]))
        assert canaries.words(500) in " ".join(seen.values())

    def finds_nobody(self, where: str, heap: bytes) -> None:
        """Assert that nobody's id, name or ballot is in this."""
        assert found_in({where: [heap]}, (PERSON, NAME, *self.ballots)) == {}

    def sent(self) -> bytes:
        """Return everything that was sent to the platform, with the tokens of its buttons."""
        return msgspec.json.encode([msgspec.to_builtins(p) for p in self.played.edge.parcels])

    async def withdraws(self, n: int) -> None:
        await self._fills(n, Look("withdraw", project=self.project, ref=self.codes[n]), {})

    async def votes(self, question: str) -> None:
        for n in range(min(12, self.size)):
            sender = Sender(canaries.person(n), canaries.name(n), "da")
            token = write_press(
                self.played.house.vault, TENANT, Fits(project=self.project, question=question)
            )
            await self._acts(sender, Pressed(token))
        look = Look("missing", project=self.project, ref=question)
        await self._fills(self.size, look, {"text": canaries.words(999), "shared": "false"})


def _ids(folder: Path) -> int:
    """Count how often the database names the crowd: membership of the channel is no secret."""
    return bytes_of(folder).count(PERSON.encode())


async def course(
    folder: Path, texts: int, people: int, look: Search, either: str = "", *, sealed: bool = True
) -> Crowd:
    """They write; then texts are released, answered, summed up, voted on and withdrawn. They also
    hold a meeting. `look` hears the metrics, and what their ballots would be spelled as."""
    async with running(folder, either=either) as played:
        played.house.upkeep._nightly = True
        await played.type("anne", "næste")
        crowd = Crowd(played, folder, people)
        await crowd.comes()
        there = _ids(folder)

        async def looks() -> None:
            crowd.finds_nobody("what is sent", crowd.sent())
            look(await metrics_of(played.house), crowd.ballots)

        [question] = instances(folder)["question"]
        for n in range(texts):
            await crowd.says(n, question)
        assert len(await waiting(played, folder)) == texts
        await looks()
        await played.press("bodil", "Svar")
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        await played.press("anne", "Led samtalen")
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det af"})
        await crowd.votes(question)
        await looks()
        await crowd.holds_a_meeting(looks)
        await played.move(RELEASED)
        await played.press("anne", "Læs, hvad der er sagt")
        await played.press("anne", "Skriv et svar")
        await played.fill("anne", {"Hvad": "Nej", "Dit": "Det er afgjort."})
        await crowd.withdraws(0)
        await looks()
        await played.move(RELEASED + timedelta(days=8))
        await played.house.database.checkpoint()
        assert _ids(folder) == there or not sealed
    look("", crowd.ballots)
    return crowd
