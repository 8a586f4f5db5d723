"""The four phases as steps: which is which, and since or until when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from dialogs.model.cards import card, plain
from dialogs.model.facts import Known, Project
from dialogs.walk.states import Walk, phase_steps
from tests.dialogs.test_cards import CATALOGUE, dresser

PROJECT = Project(
    id="p",
    name="P",
    channel="C",
    stage="running",
    starter="anne",
    phase=2,
    drafted_at=datetime(2026, 11, 2, 8, tzinfo=UTC),
)


def entered(*phases: tuple[int, int]) -> Walk:
    """Return a walk that entered each phase on a day of November."""
    days = tuple((number, datetime(2026, 11, day, 9, tzinfo=UTC)) for number, day in phases)
    return Walk(plan=(), phases=days)


def shown(project: Project, walk: Walk | None) -> list[tuple[str, str]]:
    part: Any = dresser("da").card(card(phase_steps(project, walk, Known(CATALOGUE, {})))).parts[0]
    return [(step.state, "" if step.when is None else plain(step.when)) for step in part.steps]


def test_a_phase_that_was_left_says_until_when_and_the_current_one_since_when() -> None:
    assert shown(PROJECT, entered((1, 2), (2, 12))) == [
        ("done", "til 12. november"),
        ("now", "siden 12. november"),
        ("later", ""),
        ("later", ""),
    ]


def test_the_planned_decision_stands_at_the_phase_in_which_it_falls() -> None:
    """Also when the project has come to it, and no longer when it has passed."""
    decides = replace(PROJECT, decision=date(2027, 2, 4))
    assert shown(decides, entered((1, 2), (2, 12)))[2] == ("later", "beslutning 4. februar 2027")
    there = replace(decides, phase=3)
    decision = ("now", "siden 20. november, beslutning 4. februar 2027")
    assert shown(there, entered((2, 12), (3, 20)))[2] == decision
    passed = replace(decides, phase=4)
    assert shown(passed, entered((3, 20), (4, 25)))[2] == ("done", "til 25. november")


def test_a_phase_that_was_returned_to_is_the_current_one_again() -> None:
    """It counts from its return, and the one that was left for it is behind all the same."""
    assert shown(PROJECT, entered((1, 2), (2, 3), (3, 9), (2, 16)))[1:3] == [
        ("now", "siden 16. november"),
        ("done", "til 16. november"),
    ]


def test_what_was_before_the_project_says_so() -> None:
    late = replace(PROJECT, phase=3)
    before, _, now, _ = shown(late, entered((3, 2)))
    assert before == ("done", "før vi begyndte")
    assert now == ("now", "siden 2. november")


def test_a_draft_has_no_dates_and_an_ended_project_no_current_phase() -> None:
    assert shown(replace(PROJECT, phase=1, stage="draft"), None)[0] == ("now", "")
    at = datetime(2026, 11, 30, 9, tzinfo=UTC)
    over = replace(PROJECT, stage="ended", ended_at=at, decision=date(2027, 2, 4))
    assert shown(over, entered((1, 2), (2, 12))) == [
        ("done", "til 12. november"),
        ("done", "til 30. november"),
        ("later", ""),
        ("later", ""),
    ]
