"""Parts of the walk that no transcript shows: a changed catalogue, and missed weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from content.catalogue import load
from content.model import Catalogue
from dialogs.model import events as e
from dialogs.model.effects import Effects, Privately, Tell, Timer
from dialogs.model.facts import About, Known, Project, Role, Roles
from dialogs.walk import decide as walk
from dialogs.walk import plan as p
from dialogs.walk.states import Planned, Walk
from tests.worlds.stage import stage

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
PROJECT = Project(
    id="p",
    name="Ny omsorgsplatform",
    channel="C",
    stage="running",
    starter="anne",
    drafted_at=AT,
    started_at=AT - timedelta(days=1),
)
ROLES = (Role("anne", "leader", "confirmed"), Role("ali", "facilitator", "confirmed"))


def known(project: Project = PROJECT, catalogue: Catalogue | None = None) -> Known:
    found: dict[Any, Any] = {About(): project, Roles(): ROLES}
    return Known(catalogue or load(), found)


def woke(at: datetime, came: datetime | None = None) -> e.Woke:
    return e.Woke(
        project="p", at=at, id="w", dialog="walk", of="walk", name="rhythm", came=came or at
    )


def asked(effects: Effects) -> list[str]:
    return [
        effect.event.question
        for effect in effects
        if isinstance(effect, Tell) and isinstance(effect.event, e.Ask)
    ]


def begun(project: Project = PROJECT) -> Walk:
    return p.begun(load().course, project, AT)


def test_weeks_that_were_missed_bring_one_question_and_not_one_each() -> None:
    """After three weeks in which Digi was stopped, one question is asked, and then as usual."""
    after, effects = walk.decide(begun(), woke(AT, AT + timedelta(days=22)), known())
    assert asked(effects) == ["opgaveloesning.1"]
    [timer] = [effect for effect in effects if isinstance(effect, Timer)]
    assert timer.at == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert after.asked == ("opgaveloesning.1",)


def test_every_second_week_counts_from_the_week_the_project_started_in() -> None:
    """A slower rhythm keeps its weeks, whatever is asked in between."""
    calm = replace(PROJECT, every_weeks=2)
    _, effects = walk.decide(begun(), woke(AT), known(calm))
    [timer] = [effect for effect in effects if isinstance(effect, Timer)]
    assert timer.at == AT + timedelta(days=14)


def test_a_planned_question_that_a_pack_took_away_is_skipped_and_the_leader_told() -> None:
    """The next existing question is asked; nothing is lost, and nobody else is notified."""
    gone = replace(begun(), plan=(Planned("borte.1", 1), *begun().plan))
    after, effects = walk.decide(gone, woke(AT), known())
    assert asked(effects) == ["opgaveloesning.1"]
    assert [effect.person for effect in effects if isinstance(effect, Privately)] == ["anne"]
    assert after.planned("borte.1") is None
    assert "borte.1" not in after.asked


def test_beginning_again_changes_the_timer_and_leaves_the_plan() -> None:
    """After a change of hours or a pause, the plan is the same object."""
    before = begun()
    event = e.Begun(project="p", dialog="walk", at=AT, id="b")
    after, effects = walk.decide(before, event, known(replace(PROJECT, weekday=3, hour=480)))
    assert after is before
    [timer] = [effect for effect in effects if isinstance(effect, Timer)]
    assert timer.at == datetime(2026, 11, 5, 7, tzinfo=UTC)


def test_a_timer_that_rings_in_a_pause_asks_nothing() -> None:
    """A late timer sends nothing and changes nothing."""
    before = begun()
    paused = known(replace(PROJECT, stage="paused"))
    assert walk.decide(before, woke(AT), paused) == (before, ())


def test_leader_and_facilitator_hear_once_that_nothing_is_left() -> None:
    """The timer continues, so that a question added later is asked on its day."""
    empty = replace(begun(), plan=())
    after, effects = walk.decide(empty, woke(AT), known())
    told = [effect.person for effect in effects if isinstance(effect, Privately)]
    assert told == ["anne", "ali"]
    again, effects = walk.decide(after, woke(AT + timedelta(days=7)), known())
    assert again is after
    assert [type(effect) for effect in effects] == [Timer]


def test_moving_across_a_phase_takes_the_phase_it_comes_into() -> None:
    """A question moved up among this phase's questions is asked in this phase."""
    plan = (Planned("a", 1), Planned("b", 2), Planned("c", 2))
    state = Walk(plan=plan, phases=((1, AT),))
    assert [q.phase for q in p.moved(state, "b", "up").plan] == [1, 1, 2]
    assert [q.phase for q in p.moved(state, "a", "down").plan] == [2, 2, 2]
    assert [q.phase for q in p.moved(state, "c", "first").plan] == [1, 1, 2]
    assert p.moved(state, "a", "up") is state
    assert p.moved(state, "c", "down") is state


def test_what_was_not_asked_before_a_phase_is_no_debt_but_the_teams_own_comes_along() -> None:
    """Catalogue questions go to *Flere spørgsmål*; a question that somebody wrote is still
    asked."""
    own = Planned("egen.1", 1, text="Hvem tager telefonen?")
    state = Walk(plan=(own, Planned("a", 1), Planned("b", 2)), phases=((1, AT),))
    after = p.entered(state, 2, AT)
    assert [q.id for q in after.plan] == ["egen.1", "b"]
    assert after.plan[0].phase == 2
    assert [q.id for q in after.rest] == ["a"]
    back = p.entered(after, 1, AT)
    assert [q.id for q in back.left()] == ["a", "egen.1"]
    assert [q.id for q in back.plan] == ["a", "egen.1", "b"]


async def test_two_conclusions_that_come_back_stand_in_one_message(tmp_path: Path) -> None:
    """*Gælder det stadig?* is asked once for both, and answered for each separately."""
    async with stage(tmp_path) as played:
        await played.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            anne > /digi grundspørgsmål kerneopgave
            anne > /digi grundspørgsmål opgaveløsning
            """
        )
        for number, theme in ((1, "Kerneopgave"), (4, "Opgaveløsning")):
            await played.press("anne", "Se svar, og saml op", theme)
            await played.press("anne", f"Se nr. {number}")
            await played.press("anne", "Vi har talt om det")
            await played.fill("anne", {"Hvad nåede": f"Sådan gør vi med {theme}"})
        await played.play(
            """
            ur > til 2026-11-05 12:00
            anne > /digi fase
            anne > udfyld "Hvem har"="Vi har"
            """
        )
        assert played.channel().count("Gælder det stadig?") == 1
        await played.press("anne", "Led samtalen", "Gælder det stadig?")
        await played.press("anne", "Ja, det gælder", "Kerneopgave")
        assert played.channel().count("Ja, det gælder stadig.") == 1
        assert "Tal om det. Lederen eller tovholderen svarer for jer." in played.channel()
