"""Lists where each set of the catalogue is shown: in the walk, as advice, on a checklist, in a
note.

Dialogs use these lists to offer sets, and docs/catalogue.md is generated from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from content.model import Catalogue, Set
from msgspec import Struct

from dialogs.advice.states import (
    LEADER_ADVICE,
    LEADER_NOTES,
    SCHOOL,
    advice_shelf,
    overview_shelf,
    trio_notes,
)

# --- one at a time ------------------------------------------------------------------------

EXAMPLES = ("cases", "pitfalls")
SCHOOL_EXAMPLES = ("education-risks", "implementation-traps-education")

# --- to read ------------------------------------------------------------------------------

# The first set of each phase is a checklist and is shown open; the others are behind a button.
CHECKLISTS = {
    1: (
        "goals",
        "influence-room",
        "core-task-nuances",
        "complexity",
        "roles-exercise",
        "from-below",
        "visit",
        "phase-practice",
    ),
    2: (
        "business-case",
        "complexity",
        "rasmus",
        "side-effects",
        "traits",
        "work-dimensions",
        "work-conditions",
        "hidden-value",
        "duties",
        "phase-practice",
    ),
    3: (
        "data-ethics",
        "pilot-tests",
        "process-kinds",
        "competence-levels",
        "coordination",
        "phase-practice",
    ),
    4: (
        "early-contact",
        "competence-wheel",
        "communication-steps",
        "feedback-culture",
        "notice-board",
        "support-roles",
        "work-conditions",
        "phase-practice",
    ),
}
SCHOOL_CHECKLISTS = {
    1: ("education-core-task", "education-themes", "technology-kinds-education"),
    2: (
        "guldkorn",
        "education-effects",
        "education-risks",
        "professional-changes",
        "education-relations",
    ),
    3: ("technology-forum",),
    4: ("implementation-traps-education", "education-relations"),
}
INSTEAD = {"rasmus": "guldkorn"}  # what schools have instead
LESSONS = (
    "cases",
    "recommendations",
    "insights",
    "pitfalls",
    "context-differences",
    "head-of-library-advice",
    "start-kinds",
    "technology-examples",
)


def examples(workplace: str) -> tuple[str, ...]:
    return EXAMPLES + (SCHOOL_EXAMPLES if workplace == SCHOOL else ())


def checklist(phase: int, workplace: str) -> tuple[str, ...]:
    found = CHECKLISTS.get(phase, ())
    if workplace != SCHOOL:
        return found
    own = SCHOOL_CHECKLISTS.get(phase, ())
    return (*found[:1], *own, *(id for id in found[1:] if INSTEAD.get(id) not in own))


# --- where people meet a set --------------------------------------------------------------

AdvicePlace = Literal[
    "phase",
    "asked",
    "themes",
    "plan",
    "more_questions",
    "advice",
    "leader_advice",
    "example",
    "overview",
    "checklist",
    "note",
    "trio",
    "exercises",
    "lessons",
    "source",
]


class Way(Struct, frozen=True):
    """One way to reach a set; `phase` is 0 if it exists in every phase."""

    place: AdvicePlace
    phase: int = 0


IN_THE_WALK: dict[str, Way] = {
    "phases": Way("phase"),
    "phase-questions": Way("asked"),
    "themes": Way("themes"),
    "theme-questions": Way("themes"),
    "phase-themes": Way("plan"),
    "education-questions": Way("more_questions"),
}
SAID: dict[AdvicePlace, str] = {
    "phase": "`/digi fase`",
    "asked": "in the channel, on its day or by `/digi næste`",
    "themes": "`/digi grundspørgsmål`",
    "plan": "`/digi plan`",
    "more_questions": "`/digi plan` → *Flere spørgsmål*",
    "advice": "`/digi råd`",
    "leader_advice": "`/digi råd`, for a leader",
    "example": "`/digi eksempel`",
    "overview": "the weekly overview",
    "checklist": "*Tjekliste* of phase {}, at the change of phase and in `/digi fase`",
    "note": "the leader's weekly summary and *Til din rolle* below `/digi råd`",
    "trio": "the trio's note and *Til din rolle* below `/digi råd`",
    "exercises": "`/digi øvelse`",
    "lessons": "`/digi erfaringer`",
    "source": "`/digi kilde`",
}
HEAD = """# The catalogue, and where people meet it

Drawn by `python app.py content --where > docs/catalogue.md` without packs; a test is red when it is stale. With packs, the command lists their exercises too, and counts the items they add, as `own`.

All that Digi itself knows comes from five publications; `python app.py content --set ID` shows a set with the source of each item. Every set is met under `/digi kilde`, below its publication, and in the places named here; those of the pack `education` in projects of schools. Advice is given one piece at a time, to fit the phase, the role and how things stand. A project remembers what it has been given, in the overview, in notes and on request: what nobody has met comes first, then what was met longest ago.

| set | n | Danish | English | pack | where people meet it |
| --- | --- | --- | --- | --- | --- |"""  # noqa: E501


def ways(set: Set) -> Iterator[Way]:
    """Return the ways to reach a set, the most natural first. Every set can be reached from its
    source."""
    id, school = set.id, SCHOOL if set.pack == SCHOOL else ""
    if id in IN_THE_WALK:
        yield IN_THE_WALK[id]
    if id in advice_shelf(school):
        yield Way("advice")
    if id in LEADER_ADVICE:
        yield Way("leader_advice")
    if id in examples(school):
        yield Way("example")
    if id in overview_shelf(school):
        yield Way("overview")
    for phase in CHECKLISTS:
        if id in checklist(phase, school):
            yield Way("checklist", phase)
    if id in LEADER_NOTES:
        yield Way("note")
    if id in trio_notes(school):
        yield Way("trio")
    if set.guide is not None or set.runs:
        yield Way("exercises")
    if id in LESSONS:
        yield Way("lessons")
    yield Way("source")


def where(set: Set) -> str:
    """Return all ways to reach a set in words, except the last, which every set has."""
    found = [way for way in ways(set) if way.place != "source"]
    phases = ", ".join(str(way.phase) for way in found if way.phase)
    return "; ".join(dict.fromkeys(SAID[way.place].format(phases) for way in found))


def as_table(catalogue: Catalogue, ours: Catalogue | None = None) -> str:
    """Return each set and where people find it, without packs as in docs/catalogue.md.

    `ours` is the catalogue without the packs that `catalogue` has.
    """
    rows = [
        f"| `{set.id}` | {set.n} | {set.title.da} | {set.title.en}"
        f" | {_pack(set, ours or catalogue)} | {where(set)} |"
        for set in catalogue.sets.values()
    ]
    return "\n".join((HEAD, *rows)) + "\n"


def _pack(set: Set, ours: Catalogue) -> str:
    known = ours.sets.get(set.id)
    if known is None:
        return "own"
    before = [item.id for item in known.items]
    added = sum(item.id not in before for item in set.items)
    return f"{set.pack}, {added} own" if added else set.pack
