"""A text is read by the people it was addressed to, however roles change."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Members, Pressed, Sender, Submitted
from dialogs.concern import looks
from dialogs.concern.states import Concern
from dialogs.model.events import Look, Press, RoleConfirmed, Started
from dialogs.model.facts import Known, Roles
from tests.anonymity.hands import (
    CANARY,
    LOOKERS,
    RELEASED,
    everything_seen,
    instances,
    look,
    open_form,
    project_of,
    running,
    says,
    waiting,
)
from tests.worlds.postgres import either_later
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, text_of


@either_later
async def test_a_text_for_one_reader_is_shown_to_no_other(tmp_path: Path, either: str) -> None:
    """A text to the TR is in no view of the leader, before or after the release."""
    async with running(tmp_path, either=either) as played:
        project = project_of(tmp_path)
        untouched = await look(played, "anne", "concerns", project)
        await says(played, "sofie", CANARY, to="Mette Krogh")
        await played.move(RELEASED)
        seen = await everything_seen(played, tmp_path, ("anne", "mette") if either else LOOKERS)
        mine = [text for (who, *_), text in seen.items() if who in ("mette", "private:mette")]
        assert any("Kanariefugl-9f3b" in text for text in mine)
        others = [text for (who, *_), text in seen.items() if who not in ("mette", "private:mette")]
        assert not any("Kanariefugl-9f3b" in text for text in others)
        assert seen["anne", "concerns", ""] == untouched


@either_later
async def test_a_role_given_later_does_not_open_what_was_written_before(
    tmp_path: Path, either: str
) -> None:
    """A new leader reads texts addressed to them, and none addressed to the previous one."""
    async with running(tmp_path, either=either) as played:
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
                for ref in instances(tmp_path)["concern"]:
                    seen = await look(played, person, view, project, ref)
                    assert "Kanariefugl-9f3b" not in seen
                    assert "Den gamle leder" not in seen
        assert "Til den nye leder" in await look(played, "bodil", "concerns", project)
        old = await look(played, "anne", "concerns", project)
        assert "Kanariefugl-9f3b" in old
        assert "Den gamle leder" in old
        assert "Til den nye leder" not in old


@either_later
async def test_whoever_has_led_is_refused_the_unnamed_forms_for_good(
    tmp_path: Path, either: str
) -> None:
    """Not through a button, another person's open form, or after stepping down."""
    async with running(tmp_path, either=either) as played:
        project = project_of(tmp_path)
        await says(played, "sofie", CANARY)
        await open_form(played, "sofie")
        form = played.form["sofie"]
        assert form is not None
        values: dict[str, str | list[str] | None] = {
            "kind": "concern",
            "text": "Fra lederen",
            "readers": ["mette"],
            "trio": "false",
            "sending": "release",
        }

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


@pytest.mark.parametrize(
    ("field", "button", "no"),
    [
        ("Leder", "Jeg er leder", "Jeg er ikke leder"),
        ("Stedfortræder", "Jeg er stedfortræder", "Jeg er ikke stedfortræder"),
    ],
)
@either_later
async def test_who_is_asked_again_after_having_led_stays_refused(
    tmp_path: Path, either: str, field: str, button: str, no: str
) -> None:
    """Peter had the role and returned it. Asked again, he stays refused, also after declining,
    after being removed from the form, and after being erased."""
    async with running(tmp_path, either=either) as played:
        project = project_of(tmp_path)

        async def may_write() -> bool:
            return "Du kan skrive med navn." not in await look(
                played, "peter", "say_unnamed", project
            )

        async def leads(who: str, **given: str) -> None:
            await played.type(who, "roller")
            await played.press(who, "Skift roller")
            await played.fill(who, given)

        assert await may_write()
        await leads("anne", **{field: "peter"})
        assert await may_write(), "to be asked is not to lead"
        await played.press("peter", button)
        assert not await may_write()
        if field == "Leder":
            await leads("peter", Leder="anne")
            await played.press("anne", "Jeg er leder")
        else:
            await leads("anne", Stedfortræder="")
        assert not await may_write()
        await leads("anne", **{field: "peter"})
        assert not await may_write(), "asked again"
        await played.press("peter", no)
        assert not await may_write(), "asked again, and said no"
        await leads("anne", **{field: "peter"})
        await leads("anne", **{field: "bodil"})
        assert not await may_write(), "asked again, and somebody else instead"
        await played.house.upkeep.erase_person(TENANT, "peter")
        assert not await may_write(), "erased after being asked again"


@either_later
async def test_people_of_another_organisation_get_no_role(tmp_path: Path, either: str) -> None:
    """They are not asked if Digi knows it; if they were asked before, they cannot accept; and they
    cannot start a project."""
    async with running(tmp_path, either=either) as played:
        receive = played.house.engine.receive
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Leder=grethe
            """
        )
        wanted: tuple[Press, ...] = (
            RoleConfirmed(project=project_of(tmp_path), role="leader"),
            Look("confirm_role", project_of(tmp_path), ref="leader"),
            Look("start"),
            Started(name="Et andet forløb"),
        )
        for n, what in enumerate(wanted):
            token = write_press(played.house.vault, TENANT, what)
            answer = await receive(
                Delivery(TENANT, Sender("grethe", foreign=True), f"g{n}", Pressed(token), CHANNEL)
            )
            assert "hører til på arbejdspladsen her" in text_of(answer.cards[0])
        there = [Sender(p, PEOPLE[p], foreign=p in ("grethe", "omar")) for p in PEOPLE]
        await receive(Delivery(TENANT, Sender(""), "there", Members(tuple(there)), CHANNEL))
        for field in ("Leder", "Stedfortræder", "Tovholder"):
            await played.type("anne", "roller")
            assert "Grethe" not in played.just("anne"), "she is asked no more"
            await played.press("anne", "Skift roller")
            await played.fill("anne", {field: "omar"})
            assert "Omar Said hører til en anden organisation" in played.faults["anne"]
        await played.press("grethe", "Sig det")
        assert "[Uden navn]" in played.just("grethe"), "a member may write"


# --- every role, before and after every change, and every text ---------------------------------

LABELS = {"anne": "Anne Holm", "mette": "Mette Krogh", "jonas": "Jonas Friis", "alle": "alle"}
EVERYBODY = ("anne", "bodil", "peter", "mette", "karen", "jonas", "omar", "ali", "sofie", "grethe")
TO = (("anne",), ("mette",), ("jonas",), ("anne", "mette"), ("alle",))


class Matrix:
    """Texts to every kind of reader, and who should see each of them."""

    def __init__(self, played: Stage, folder: Path) -> None:
        self.played, self.folder = played, folder
        self.may: dict[str, set[str]] = {}
        self.waits: set[str] = set()
        self.wrong: list[str] = []
        self.project = project_of(folder)

    async def written(self, to: Sequence[str], *, labels: Sequence[str] = ()) -> None:
        words = f"Brev {len(self.may):02} til {' og '.join(to)}."
        names = ", ".join(labels or [LABELS[one] for one in to])
        await says(self.played, "lars", words, to=names)
        self.waits.add(words)
        self.may[words] = {*TEAM} if "alle" in to else set(to)

    async def looked(self, when: str, people: Sequence[str]) -> None:
        """Check every view and message of each person: exactly the texts that they may read."""
        seen = await everything_seen(self.played, self.folder, tuple(people))
        for person in people:
            mine = "\n".join(
                text
                for (who, *_), text in seen.items()
                if who in (person, f"private:{person}")
                or (who.startswith("channel:") and person != "grethe")
            )
            for words, may in self.may.items():
                there = words in mine
                if there != (person in may and words not in self.waits):
                    self.wrong.append(f"{when}: {person} {'reads' if there else 'misses'} {words}")

    async def roles(self, who: str, **given: str) -> None:
        await self.played.type(who, "roller")
        await self.played.press(who, "Skift roller")
        labels = {"deputy": "Stedfortræder", "facilitator": "Tovholder", "leader": "Leder"}
        await self.played.fill(who, {labels.get(k, k.upper()): v for k, v in given.items()})
        for role, person in given.items():
            button = {
                "leader": "Jeg er leder",
                "deputy": "Jeg er stedfortræder",
                "tr": "Jeg er TR",
                "amr": "Jeg er AMR",
                "facilitator": "Jeg er tovholder",
            }[role]
            await self.played.press(person, button)
            if self.played.form[person] is not None:
                await self.played.fill(person, {})


TEAM = tuple(person for person in PEOPLE if person != "grethe")


async def _matrix(folder: Path, people: Sequence[str], either: str = "") -> Matrix:
    async with running(folder, team=TEAM, either=either) as played:
        matrix = Matrix(played, folder)
        week = itertools.count()

        async def release() -> None:
            await played.move(RELEASED + timedelta(weeks=next(week)))
            matrix.waits.clear()

        for to in TO:
            await matrix.written(to)
        await matrix.looked("before the release", people)
        await release()
        await matrix.looked("after the release", people)
        for to in TO:
            await matrix.written(to)

        await matrix.roles("anne", deputy="peter")
        await matrix.looked("a deputy comes", people)
        await matrix.roles("anne", leader="bodil")
        await matrix.looked("another leads", people)
        await matrix.roles("bodil", facilitator="ali")
        await matrix.looked("a facilitator comes", people)
        for person, role in (("mette", "TR"), ("jonas", "AMR")):
            await played.type(person, "roller")
            await played.press(person, f"Jeg er ikke længere {role} her")
        await matrix.roles("bodil", tr="karen", amr="omar")
        await matrix.looked("others represent", people)
        await release()
        await matrix.looked("what waited is released after all that", people)
        # From now on texts are addressed to the new role holders.
        await matrix.written(("bodil", "karen"), labels=("Bodil Aagaard", "Karen Dahl"))
        await matrix.written(("alle",))
        await release()
        await matrix.looked("new texts to new people", people)
    return matrix


SOME = ("anne", "bodil", "karen", "sofie", "grethe")


@pytest.mark.parametrize("people", [SOME, pytest.param(EVERYBODY, marks=pytest.mark.long)])
async def test_every_role_reads_what_was_said_to_the_person_and_nothing_else(
    tmp_path: Path, either: str, figures: Callable[[str], None], people: tuple[str, ...]
) -> None:
    """Leader, deputy, TR, AMR, facilitator, member and an outsider; before and after each change of
    each role; released and waiting texts to each of them, in every view."""
    # Each look makes a dozen queries: by default only the later leader is checked on PostgreSQL.
    people = ("bodil",) if either and people == SOME else people
    matrix = await _matrix(tmp_path, people, either)
    figures(f"{len(matrix.may)} texts, {len(people)} people, every view, 9 moments: none wrong")
    assert matrix.wrong == []


@either_later
async def test_control_a_reader_by_role_is_caught(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the current leader can read what was addressed to the previous one."""

    def by_role(known: Known, person: str) -> tuple[Concern, ...]:
        led = {r.person for r in known(Roles()) if r.role == "leader"}
        return tuple(
            one
            for one in known.states("concern", Concern).values()
            if person in one.readers or (person in led and led & set(one.readers))
        )

    monkeypatch.setattr(looks, "for_reader", by_role)
    matrix = await _matrix(tmp_path, ("bodil",), either)
    assert any("bodil reads" in wrong for wrong in matrix.wrong)
