"""Pure functions on the plan: which questions are still to be asked, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from content.model import Catalogue, Course, Place
from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.facts import Project
from dialogs.walk.states import (
    OF_SCHOOLS,
    Planned,
    Spoken,
    Walk,
    _translating,
    without,
)


def begun(course: Course, project: Project, at: datetime) -> Walk:
    """Return the plan for the phase in which the project starts, in the catalogue's order."""
    phase = project.phase
    plan = course.shortened(phase) if project.length == "short" else course.whole(phase)
    taken = {place.question for place in plan}
    return Walk(
        plan=_planned(plan),
        rest=_planned(place for place in course.order if place.question not in taken),
        phases=((phase, at),),
        length=project.length,
    )


def lengthened(walk: Walk, course: Course) -> Walk:
    """Extend the short course to the whole: add the questions from this phase on that were not
    asked."""
    gone = {*walk.asked, *walk.skipped}
    plan = tuple(p for p in _planned(course.whole(walk.phase)) if p.id not in gone)
    own = tuple(p for p in walk.plan if p.id not in {q.id for q in plan})
    taken = {p.id for p in (*own, *plan)}
    rest = tuple(p for p in walk.rest if p.id not in taken)
    return replace(walk, plan=own + plan, rest=rest, length="whole", told=False)


def must(catalogue: Catalogue, phase: int) -> tuple[Planned, ...]:
    """Return the four questions that relate a mandatory technology to the workplace."""
    return tuple(Planned(id, phase, trio=True) for id in _translating(catalogue))


def of_schools(catalogue: Catalogue, phase: int) -> tuple[Planned, ...]:
    """Return the questions for schools, three for each area; those that suit the phase come
    first."""
    if OF_SCHOOLS not in catalogue.sets:
        return ()
    items = catalogue.set(OF_SCHOOLS).items
    fitting = [item for item in items if not item.phase or phase in item.phase]
    rest = [item for item in items if item not in fitting]
    return tuple(Planned(f"skole.{item.id}", phase) for item in (*fitting, *rest))


def ask(
    planned: Planned, words: Spoken, catalogue: Catalogue, *, number: int = 0, trio: bool = False
) -> e.Ask:
    """Return the event that asks a question; in its theme's post if it has a number there."""
    theme = catalogue.theme(words.theme).id if words.theme else ""
    da, en = _source(words, catalogue)
    return e.Ask(
        question=planned.id,
        da=words.text.da,
        en=words.text.en,
        why_da=words.why.da,
        why_en=words.why.en,
        theme=theme,
        phase=planned.phase,
        source_da=da,
        source_en=en,
        trio=trio,
        number=number,
        theme_post=theme if number else "",
    )


def moved(walk: Walk, question: str, way: Literal["up", "down", "first"]) -> Walk:
    """Move a question in the plan; across the border between phases it takes the other phase."""
    plan = list(walk.plan)
    at = next(i for i, p in enumerate(plan) if p.id == question)
    to = {"up": at - 1, "down": at + 1, "first": 0}[way]
    if not 0 <= to < len(plan) or to == at:
        return walk
    item = plan.pop(at)
    match way:
        case "up":
            item = replace(item, phase=min(item.phase, plan[to].phase))
        case "down":
            item = replace(item, phase=max(item.phase, plan[to - 1].phase))
        case "first":
            item = replace(item, phase=min(item.phase, walk.phase))
    plan.insert(to, item)
    return replace(walk, plan=tuple(plan))


def put_aside(walk: Walk, question: str) -> Walk:
    """Skip a question and put it under *Flere spørgsmål*."""
    item = walk.planned(question)
    assert item is not None
    return replace(
        walk,
        plan=without(walk.plan, question),
        rest=(item, *walk.rest),
        skipped=(*walk.skipped, question),
    )


def taken(walk: Walk, item: Planned) -> Walk:
    """Put a question last in this phase."""
    last = max((i for i, p in enumerate(walk.plan) if p.phase <= walk.phase), default=-1)
    item = replace(item, phase=walk.phase)
    return replace(
        walk,
        plan=(*walk.plan[: last + 1], item, *walk.plan[last + 1 :]),
        rest=without(walk.rest, item.id),
        skipped=tuple(id for id in walk.skipped if id != item.id),
        told=False,
    )


def entered(walk: Walk, phase: int, at: datetime) -> Walk:
    """Enter another phase. Unasked questions of earlier phases are dropped from the plan, except
    the team's own."""
    here = tuple(
        replace(p, phase=phase) if p.text and p.phase <= walk.phase else p for p in walk.plan
    )
    plan = tuple(p for p in here if p.phase >= phase)
    left = tuple(p for p in here if p.phase < phase)
    rest = left + walk.rest
    if phase < walk.phase and walk.length == "whole":
        back = tuple(p for p in rest if p.phase == phase and p.id not in walk.skipped)
        plan = back + plan
        rest = tuple(p for p in rest if p not in back)
    return replace(
        walk, plan=plan, rest=rest, phases=(*walk.phases, (phase, at)), stands=(), told=False
    )


def _planned(places: Iterable[Place]) -> tuple[Planned, ...]:
    return tuple(Planned(place.question, place.phase, place.trio) for place in places)


def _source(words: Spoken, catalogue: Catalogue) -> tuple[str, str]:
    if words.source is None:
        return "", ""
    title = catalogue.publication(words.source.publication).title
    section = words.source.section
    return f"{title.da}, {section.da}", f"{title.en}, {section.en}"
