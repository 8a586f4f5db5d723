"""The gate and all code that counts writers agree on who may write without a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import pytest

from bot.core.gate_results import Passed
from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Pressed, Sender
from bot.server.build import House
from dialogs.home import states as home
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model import roles
from dialogs.model.effects import Grant, Open
from dialogs.question import conclusion, unsigned
from dialogs.question import forms as question_forms
from dialogs.question.states import Asked, Proposed, QuestionWords
from dialogs.say import decide as say
from dialogs.say import forms as say_forms
from dialogs.say.states import HERE, SayState
from dialogs.walk import handover
from storage.sql import Script
from storage.transactions.people import SeenPerson
from tests.bot.core.test_gate import UNNAMED, UNNAMED_LOOKS, a_press
from tests.worlds.house import MONDAY, TENANT, Paper, Wall, a_house, found

X = "hende"
OTHERS = ("en", "to", "tre", "fire")
"""With X there are five writers, which is the threshold; without X there are too few."""
QUESTION = QuestionWords("q", "Hvad mener I?", "What do you think?")
ASKED = Asked(words=QUESTION, asked_at=MONDAY)
PROPOSED = Proposed(
    words=QUESTION,
    asked_at=MONDAY,
    by="lederen",
    conclusion="c",
    outcome="concluded",
    until=MONDAY,
    proposed_at=MONDAY,
)
WAITING = f.Waiting("e", "n", "answer", "q", {"text": "x"}, b"")


Given = tuple[tuple[f.RoleName, f.RoleStatus], ...]
"""The roles that X was given, in order."""


class State(NamedTuple):
    may: bool
    given: Given = ()
    there: bool = True
    foreign: bool = False
    starts: bool = False
    """X started the project."""
    leader: bool = True
    """Somebody else is the leader."""
    known: bool = True
    """The platform reports X as human."""

    @property
    def counts(self) -> bool:
        """Return whether X counts: a writer whom the platform reports as a human member of the
        channel."""
        return self.may and self.there and self.known


ASKED_TO_LEAD: Given = (("leader", "asked"),)
LEADS: Given = (*ASKED_TO_LEAD, ("leader", "confirmed"))
HAS_LED: Given = (*LEADS, ("leader", "was"))
DEPUTY: Given = (("deputy", "asked"), ("deputy", "confirmed"))
STATES: dict[str, State] = {
    "a member": State(True),
    "somebody else": State(False, there=False),
    "a member of whom nothing is known": State(True, known=False),
    "TR of whom nothing is known": State(True, (("tr", "confirmed"),), known=False),
    "asked to lead": State(True, ASKED_TO_LEAD),
    "asked to lead, and not in the channel": State(False, ASKED_TO_LEAD, there=False),
    "declined to lead": State(True, (*ASKED_TO_LEAD, ("leader", "declined"))),
    "leader": State(False, LEADS, leader=False),
    "leader, and not in the channel": State(False, LEADS, there=False, leader=False),
    "was leader": State(False, HAS_LED),
    "asked again after having led": State(False, (*HAS_LED, *ASKED_TO_LEAD)),
    "declined after having led": State(False, (*HAS_LED, *ASKED_TO_LEAD, ("leader", "declined"))),
    "deputy": State(False, DEPUTY),
    "was deputy": State(False, (*DEPUTY, ("deputy", "was"))),
    "asked again after having been deputy": State(
        False, (*DEPUTY, ("deputy", "was"), ("deputy", "asked"))
    ),
    "declined after having been deputy": State(
        False, (*DEPUTY, ("deputy", "was"), ("deputy", "declined"))
    ),
    "asked to be deputy": State(True, (("deputy", "asked"),)),
    "TR": State(True, (("tr", "confirmed"),)),
    "TR, and not in the channel": State(True, (("tr", "confirmed"),), there=False),
    "asked to be TR, and not in the channel": State(False, (("tr", "asked"),), there=False),
    "was AMR, and not in the channel": State(False, (("amr", "was"),), there=False),
    "AMR": State(True, (("amr", "confirmed"),)),
    "facilitator": State(True, (("facilitator", "confirmed"),), there=False),
    "reader": State(True, (("reader", "confirmed"),)),
    "reader, and not in the channel": State(False, (("reader", "confirmed"),), there=False),
    "began it": State(True, starts=True),
    "stands in for a leader": State(False, starts=True, leader=False),
    "of elsewhere": State(True, foreign=True),
    "of elsewhere, and not in the channel": State(False, there=False, foreign=True),
    "of elsewhere, asked to lead": State(True, ASKED_TO_LEAD, foreign=True),
    "of elsewhere, leads": State(False, LEADS, foreign=True),
    "of elsewhere, has led": State(False, HAS_LED, foreign=True),
    "of elsewhere, asked again": State(False, (*HAS_LED, *ASKED_TO_LEAD), foreign=True),
    "of elsewhere, TR": State(True, (("tr", "confirmed"),), foreign=True),
    "of elsewhere, TR, and not in the channel": State(
        False, (("tr", "confirmed"),), there=False, foreign=True
    ),
    "of elsewhere, stands in": State(False, starts=True, leader=False, foreign=True),
    "TR who has led": State(False, (*HAS_LED, ("tr", "confirmed"))),
    "TR asked to lead": State(True, (("tr", "confirmed"), *ASKED_TO_LEAD)),
    "facilitator who declined to be deputy": State(
        True, (("facilitator", "confirmed"), ("deputy", "declined"))
    ),
    "facilitator who was deputy, and leads no more": State(
        False, (*HAS_LED, *DEPUTY, ("deputy", "declined"), ("facilitator", "confirmed"))
    ),
    "led, declined the second time, represents": State(
        False, (*HAS_LED, *ASKED_TO_LEAD, ("leader", "declined"), ("amr", "confirmed")), there=False
    ),
}


async def lives(house: House, project: str, state: State) -> None:
    leader = (Grant("lederen", "leader", "confirmed"),) if state.leader else ()
    await found(
        house,
        project,
        channel=project,
        starter=X if state.starts else "en",
        roles=(*leader, *(Grant(X, role, status) for role, status in state.given)),
        team=(*OTHERS, *((X,) if state.there and state.known else ())),
        unknown=(X,) if state.there and not state.known else (),
    )


async def knows(house: House, project: str) -> f.Known:
    """Store these people, an open question and a proposed one."""

    def script() -> Script[dict[f.Fact[Any], Any]]:
        facts = (f.About(), f.Roles(), f.Team())
        return (yield from house.scripts.reading.look(TENANT, project, facts))

    people = await house.database.read(script)
    said = SayState(next_release=MONDAY, next_day=MONDAY)
    more: dict[f.Fact[Any], Any] = {
        f.StateOf("question", "q"): written(ASKED),
        HERE: written(said),
        f.By("answer", "q"): frozenset(),
        f.ByTeam("answer"): frozenset(),
        f.Unreleased(("answer",), "q"): (WAITING,),
    }
    return f.Known(house.catalogue, {**people, **more})


def written(state: Any) -> f.Written:
    return f.Written(msgspec.json.encode(state))


def counted(known: f.Known) -> Iterator[tuple[str, bool]]:
    """Return every count of writers, and whether it includes X."""
    look, viewer = e.Look("answer_unnamed", "p", ref="q"), f.Viewer("en")
    [opened] = question_forms.answer_unnamed(look, viewer, known)
    yield "form of an answer", fields(opened) == {"text"}
    [opened] = say_forms.unnamed_form(look, viewer, known)
    yield "form of what is said", "understood" not in fields(opened)
    there = {**known._found, f.StateOf("question", "q"): written(PROPOSED)}
    proposed = f.Known(known.catalogue, there)
    [opened] = question_forms.missing(look, viewer, proposed)
    yield "form of an objection", fields(opened) == {"text", "shared"}
    answer = e.AnsweredUnnamed(question="q", text="x")
    yield "an answer that confirms nothing", unsigned.unsigned(answer, known)[0] != ()
    missing = e.Missing(question="q", text="x")
    yield "an objection that does not", unsigned.unsigned(missing, proposed)[0] != ()
    said = e.SaidUnnamed(
        kind="idea", text="x", readers=("everyone",), trio=False, sending="release"
    )
    yield "what is said that does not", say.unsigned(said, known)[0] != ()
    yield "who has no answer by name", X in question_forms.lacking(known, "q")
    yield "closing for answers", not conclusion.close_answers(ASKED, known)[0].elimination
    yield "the end of a phase", handover._could_have_written((WAITING,), known) == len(OTHERS) + 1
    yield "who is counted", len(roles.writers(known)) == len(OTHERS) + 1
    yield "how often there is a release", say._weeks(known) == 1


def fields(opened: Any) -> set[str]:
    assert isinstance(opened, Open)
    asked = {field.id for field in opened.form.fields if hasattr(field, "id")}
    return asked - {"kind", "readers", "sending"}


async def let_in(house: House, project: str, state: State) -> Iterator[tuple[str, bool]]:
    """Return every unsigned act, and whether the gate allows it for X."""
    seen = []
    sender = Sender(X, foreign=state.foreign)
    presses = [a_press(kind, project) for kind in UNNAMED]
    presses += [e.Look(view, project, ref="q") for view in UNNAMED_LOOKS]  # type: ignore[arg-type]
    for press in presses:
        house.engine._gate._acts.clear()
        token = write_press(house.vault, TENANT, press)
        found = await house.engine._gate.check(
            Delivery(TENANT, sender, "k", Pressed(token), project)
        )
        seen.append((f"the gate: {press}", isinstance(found, Passed)))
    return iter(seen)


@pytest.mark.parametrize("recorded", [False, True])
async def test_everything_that_asks_who_may_write_gets_the_same_answer(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    """Every state of a role, alone and combined, in every place that allows or counts. `recorded`:
    the store already knows who is of another organisation."""
    monkeypatch.setattr(say, "MANY", len(OTHERS) + 1)
    wrong = []
    async with a_house(tmp_path / "home", Paper(), Wall(), either) as house:
        for number, (name, state) in enumerate(STATES.items()):
            if state.foreign and not recorded and not state.there:
                continue  # before the store knows it, they cannot be excluded
            met = [SeenPerson(X, foreign=state.foreign and recorded)]
            await house.database.tx(house.scripts.people.called, TENANT, met)
            project = f"p{number}"
            await lives(house, project, state)
            known = await knows(house, project)
            wrong += [(name, where) for where, so in counted(known) if so != state.counts]
            seen = await let_in(house, project, state)
            wrong += [(name, where) for where, may in seen if may != state.may]
            await house.database.tx(_unknown)
            await house.database.tx(_left, project)
    assert wrong == []


def _left(channel: str) -> Script[None]:
    """What a lookup in one channel shows about X counts in all others."""
    yield "member_clear", {"tenant": TENANT, "channel": channel}


def _unknown() -> Script[None]:
    yield "person_delete", {"tenant": TENANT, "person": X}


def test_a_page_of_ones_own_offers_the_form_to_those_who_may_use_it() -> None:
    """The Home page uses the same rule."""
    project = f.Project(
        id="p", name="P", channel="c", stage="running", starter="en", drafted_at=MONDAY
    )
    rows = {
        None: True,
        f.Role(X, "leader", "asked"): True,
        f.Role(X, "leader", "asked", led=True): False,
        f.Role(X, "leader", "was", led=True): False,
        f.Role(X, "leader", "declined"): True,
        f.Role(X, "leader", "declined", led=True): False,
    }
    for row, offered in rows.items():
        leader = f.Role("lederen", "leader", "confirmed")
        roles_there = (leader,) if row is None else (leader, row)
        found: dict[f.Fact[Any], Any] = {
            f.About(): project,
            f.Roles(): roles_there,
            f.States("question"): (f.Stated("q", f.Written(msgspec.json.encode(ASKED))),),
            f.MyRefs("answer", X): frozenset(),
        }
        parts = home._questions(f.Known(None, found), X)  # type: ignore[arg-type]
        buttons = [b for part in parts if isinstance(part, c.Buttons) for b in part.buttons]
        views = {b.press.view for b in buttons if isinstance(b.press, e.Look)}
        assert ("answer_unnamed" in views) == offered, row


def test_every_act_without_a_name_is_played() -> None:
    """New acts are included automatically; their looks have to be added to the list."""
    assert frozenset(get_args(e.UnsignedEvent)) == UNNAMED
