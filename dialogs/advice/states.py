"""Remembers what was shown of the catalogue, and lists the sets for overviews, summaries and
notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import zip_longest

from content.model import Catalogue, Item, Set
from msgspec import Struct

from dialogs.advice.reading import (
    said,
)
from dialogs.concern.states import open_to_all
from dialogs.exercise.states import every_run, is_over
from dialogs.model.cards import (
    Button,
    Line,
    Paragraph,
    Part,
    buttons,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Project, StateOf, Viewer


class Advice(Struct, frozen=True, kw_only=True, tag="advice"):
    """What a project was shown. `seen` has items (set/item) and sets, in the order in which they
    were shown last."""

    seen: tuple[str, ...] = ()


MEMORY = StateOf("advice", "advice")


OWN = "own"  # the publication id for content that a workplace wrote itself


WAITS = "feedback-culture"  # the item to show when people wait for an answer


KINDS: dict[str, str] = {
    "pitfalls": "pitfall",
    "implementation-traps-education": "pitfall",
    "education-risks": "pitfall",
    "cases": "story",
    "insights": "lesson",
    "recommendations": "lesson",
    "head-of-library-advice": "lesson",
}


def fitting(
    catalogue: Catalogue, names: Iterable[str], phase: int, *, first: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the items of these sets that suit a phase, alternating between the sets.

    The workplace's own items come first, then all items of the sets in `first`.
    """
    ahead = [(f"{name}/{item.id}", item) for name in first for item in _items(catalogue, name)]
    turns = [
        [(f"{name}/{item.id}", item) for item in _items(catalogue, name, phase)] for name in names
    ]
    found = [*ahead, *(one for turn in zip_longest(*turns) for one in turn if one is not None)]
    own = (id for id, item in found if item.source.publication == OWN)
    return tuple(dict.fromkeys((*own, *(id for id, _ in found))))


def _items(catalogue: Catalogue, name: str, phase: int = 0) -> tuple[Item, ...]:
    if name not in catalogue.sets:
        return ()
    found = catalogue.set(name)
    return found.fitting(phase) if phase else found.items


def item_of(catalogue: Catalogue, id: str) -> Item:
    name, _, item = id.partition("/")
    return catalogue.set(name).item(item)


def next_of(fitting: tuple[str, ...], seen: tuple[str, ...]) -> str | None:
    """Return the first unseen item, or else the one seen longest ago."""
    fresh = next((id for id in fitting if id not in seen), None)
    return fresh or next((id for id in seen if id in fitting), None)


def memory(known: Known) -> Advice:
    return known.state("advice", "advice", Advice) or Advice()


def for_all(known: Known) -> tuple[str, ...]:
    """Return the items that suit the channel."""
    project = known.project
    names = overview_shelf(project.workplace)
    return fitting(known.catalogue, names, project.phase, first=_first(known))


def _first(known: Known) -> tuple[str, ...]:
    """Return what to show first: in a draft the effort that a project takes; while a text to
    everybody waits, the advice to answer it.

    Only texts that everybody may read count, so that the advice does not reveal other texts.
    """
    first = ("proportionality",) if known.project.stage == "draft" else ()
    return (*first, WAITS) if any(one.waits for one in open_to_all(known)) else first


def overview_line(catalogue: Catalogue, id: str) -> Line:
    """Return an item as a line of the overview."""
    item = item_of(catalogue, id)
    kind = KINDS.get(id.partition("/")[0], "advice")
    if kind in ("pitfall", "story") and item.name is not None:
        return text(f"digest.{kind}", name=said(item.name), text=said(item.text))
    if kind == "advice" and item.name is not None:
        return text("digest.advice_named", name=said(item.name), text=said(item.text))
    return text("digest.lesson" if kind == "lesson" else "digest.advice", text=said(item.text))


def note(known: Known, names: tuple[str, ...]) -> tuple[list[Part[Line]], tuple[str, ...]]:
    """Return a set worth reading for this role, and its id to remember it; empty if there is
    none."""
    there = tuple(name for name in names if name in known.catalogue.sets)
    id = next_of(there, memory(known).seen)
    if id is None:
        return [], ()
    title = said(known.catalogue.set(id).title)
    look = Look("reading", project=known.project.id, ref=id)
    found = buttons(Button[Line](text("button.read_more"), look))
    assert found is not None
    return [Paragraph(text("advice.note", title=title)), found], (id,)


SCHOOL = "education"


LEADER_NOTES = (
    "start-kinds",
    "influence-room",
    "change-roles",
    "duties",
    "communication-reflection",
    "forum-levels",
    "leader-values",
    "courage",
    "roles",
    "support-roles",
    "coordination",
    "visit",
)


TRIO_NOTES = (
    "forum-levels",
    "duties",
    "involvement-levels",
    "roles",
    "role-table",
    "support-roles",
)


SCHOOL_TRIO_NOTES = ("technology-forum",)


def trio_notes(workplace: str) -> tuple[str, ...]:
    return TRIO_NOTES + (SCHOOL_TRIO_NOTES if workplace == SCHOOL else ())


ADVICE = (
    "involvement-advice",
    "pitfalls",
    "core-task-advice",
    "phase-practice",
    "recommendations",
    "competence-principles",
    "feedback-culture",
    "insights",
    "head-of-library-advice",
    "proportionality",
    "hidden-value",
    "from-below",
)


SCHOOL_ADVICE = (
    "involvement-principles-education",
    "education-actions",
    "implementation-traps-education",
)


LEADER_ADVICE = ("leader-values", "change-advice", "communication-steps")


def advice_shelf(workplace: str, *, leads: bool = False) -> tuple[str, ...]:
    """Return the sets that advice is taken from, small ones first."""
    mine = LEADER_ADVICE if leads else ()
    return mine + (SCHOOL_ADVICE if workplace == SCHOOL else ()) + ADVICE


def overview_shelf(workplace: str) -> tuple[str, ...]:
    """Return the sets for the weekly piece in the overview: advice, a pitfall or a story."""
    return (*advice_shelf(workplace), "cases")


# --- which exercises fit ------------------------------------------------------------------

MECHANICS = ("board", "workshop", "table", "survey", "")
BEGINS = ("starter", "leader", "deputy", "facilitator", "representative")
SEES_TRIO = ("leader", "deputy", "representative")
BETWEEN = timedelta(days=21)
"""Nobody is reminded of exercises more often than this."""


def exercises_for(known: Known, workplace: str, phase: int, *, trio: bool) -> list[Set]:
    """Return the exercises of this kind of workplace that run, those for the phase first. `trio`:
    also those for leader and representatives."""
    found = [
        one
        for one in known.catalogue.for_workplace(workplace)
        if one.guide is not None and (one.guide.audience == "team" or trio)
    ]
    return sorted(found, key=lambda one: (not _fits(one, phase), MECHANICS.index(one.mechanic)))


def _fits(one: Set, phase: int) -> bool:
    assert one.guide is not None
    return not one.guide.phases or phase in one.guide.phases


def of_phase(known: Known, project: Project, phase: int) -> list[Set]:
    """Return the team's exercises that are meant for this phase."""
    found = exercises_for(known, project.workplace, phase, trio=False)
    return [one for one in found if one.guide is not None and phase in one.guide.phases]


def suggested(known: Known, at: datetime, before: dict[str, datetime]) -> Set | None:
    """Return an exercise to remind the team of: one of the phase that they have not held. None
    while one is under way, and if the last run or reminder was less than three weeks ago. `before`
    are the reminders so far, by exercise. Needs `ALL_RUNS`."""
    runs = [run for run in every_run(known) if run.status != "dropped"]
    ends = [run.ended_at or run.begun_at for run in runs]
    going = any(not is_over(run) and not run.guide.standing for run in runs)
    if going or any(at - one < BETWEEN for one in (*ends, *before.values())):
        return None
    held = {run.exercise for run in runs}
    left = [
        one for one in of_phase(known, known.project, known.project.phase) if one.id not in held
    ]
    return min(left, key=lambda one: one.id in before, default=None)


def exercise_buttons(id: str, viewer: Viewer, known: Known) -> tuple[Button[Line], ...]:
    """Return the buttons below a set that is an exercise, or begins one: to begin the exercise, or
    only see it for those who cannot begin it, and to try it alone. Needs `About`."""
    found, project = known.catalogue.sets.get(id), known(About())
    of = found.runs or found.id if found is not None else ""
    workplace = project.workplace if project is not None else "general"
    every = exercises_for(known, workplace, 0, trio=viewer.may(*SEES_TRIO))
    if of not in {one.id for one in every}:
        return ()
    within = project.id if project is not None else ""
    tries = Button[Line](text("exercise.try_it"), Look("exercise_try", project=within, ref=of))
    if project is None or not project.running or not viewer.may(*BEGINS):
        shown = Look("exercises", project=within, words=of)
        return Button(text("exercise.see_it"), shown), tries
    begin = Look("exercise_begin", project=within, ref=of)
    return Button(text("exercise.begin_it"), begin), tries
