"""Where a project is in its four phases, which questions are planned, and their texts."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import Literal

from content.model import Both, Catalogue, Source
from msgspec import Struct
from msgspec.structs import replace

from dialogs.model.calendar import local, next_release
from dialogs.model.cards import (
    Count,
    Day,
    Line,
    Progress,
    Said,
    Text,
    Words,
    text,
)
from dialogs.model.facts import Known, Project
from dialogs.model.pictures import NamedStep, Steps, StepState

OF_SCHOOLS = "education-questions"  # the set with the questions for schools


MUST = "skal"  # the item of `start-kinds` with the questions for mandatory projects


class Planned(Struct, frozen=True):
    """A question to be asked. The team's own contains its text."""

    id: str
    phase: int
    trio: bool = False
    text: str = ""


class Walk(Struct, frozen=True, kw_only=True, tag="walk"):
    """The state of the walk. `plan` has the questions still to be asked, in order; `rest` those
    under *Flere spørgsmål*."""

    plan: tuple[Planned, ...]
    rest: tuple[Planned, ...] = ()
    asked: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()  # posted in one message each
    fives: dict[str, tuple[str, ...]] = {}  # the questions of each posted theme, in order
    last_asked: datetime | None = None
    phases: tuple[tuple[int, datetime], ...] = ()  # when each phase was entered
    stands: tuple[tuple[str, str], ...] = ()  # question: asked, yes or no, since the last change
    length: Literal["whole", "short"] = "whole"
    told: bool = False  # the leader was told that this phase has no further questions

    @property
    def phase(self) -> int:
        return self.phases[-1][0] if self.phases else 1

    def planned(self, question: str) -> Planned | None:
        return next((p for p in self.plan if p.id == question), None)

    def goes_to_trio(self, planned: Planned) -> bool:
        """Return whether leader, TR and AMR get the question first. A project's first question
        always goes to everybody."""
        return planned.trio and bool(self.asked)

    def left(self) -> tuple[Planned, ...]:
        """Return the questions for this phase, including those from earlier phases and added
        ones."""
        phase = self.phase
        return tuple(p for p in self.plan if p.phase <= phase)


class Spoken(Struct, frozen=True):
    """The text of a planned question."""

    text: Both
    why: Both
    source: Source | None = None
    theme: str = ""
    own: bool = False


def spoken(planned: Planned, catalogue: Catalogue) -> Spoken | None:
    """Return the text of a planned question; None if the catalogue no longer has it."""
    if planned.text:
        return Spoken(Both(planned.text, planned.text), Both("", ""), own=True)
    if planned.id in catalogue.questions:
        found = catalogue.question(planned.id)
        return Spoken(found.text, found.why, found.source, found.theme)
    return _translating(catalogue).get(planned.id) or _of_schools(catalogue).get(planned.id)


FORMS = ("one", "many", "the_one", "the_many", "of_one", "of_the_one", "of_the_many")
OWN_WORD = ("hospital", "education")  # kinds of workplace that say patient and pupil


def theirs(words: Both, known: Known) -> Both:
    """A question in the words of this kind of workplace: patient or pupil instead of citizen."""
    kind = known.project.workplace
    if kind not in OWN_WORD:
        return words

    def say(said: str, language: Literal["da", "en"]) -> str:
        word = {
            known.catalogue.phrase(f"citizen.care_{form}").of(language): known.catalogue.phrase(
                f"citizen.{kind}_{form}"
            ).of(language)
            for form in FORMS
        }
        found = re.compile(rf"\b({'|'.join(sorted(word, key=len, reverse=True))})(?!\w)", re.I)

        def own(match: re.Match[str]) -> str:
            new = word[match[0].lower()]
            return new.capitalize() if match[0][0].isupper() else new

        return found.sub(own, said)

    return Both(say(words.da, "da"), say(words.en, "en"))


def in_ours(words: Both, known: Known) -> Line:
    """Words of the catalogue as this kind of workplace says them."""
    own = theirs(words, known)
    return Said(own.da, own.en)


def in_their_words(found: Spoken, known: Known) -> Spoken:
    """Not what a team has asked itself: that stays as it was written."""
    if found.own:
        return found
    return replace(found, text=theirs(found.text, known), why=theirs(found.why, known))


def next_planned(walk: Walk, known: Known) -> Planned | None:
    """Return the next question in this phase."""
    return next((q for q in walk.left() if spoken(q, known.catalogue) is not None), None)


def asked(walk: Walk, question: str, at: datetime) -> Walk:
    """Record that a question was asked: remove it from the plan and from all lists."""
    return replace(
        walk,
        plan=without(walk.plan, question),
        rest=without(walk.rest, question),
        skipped=tuple(id for id in walk.skipped if id != question),
        asked=(*walk.asked, question),
        last_asked=at,
    )


def without(some: tuple[Planned, ...], question: str) -> tuple[Planned, ...]:
    return tuple(p for p in some if p.id != question)


def _translating(catalogue: Catalogue) -> dict[str, Spoken]:
    item = catalogue.set("start-kinds").item(MUST)
    return {
        f"{MUST}.{n}": Spoken(text, Both("", ""), item.source)
        for n, text in enumerate(item.parts.get("questions", ()), 1)
    }


def _of_schools(catalogue: Catalogue) -> dict[str, Spoken]:
    if OF_SCHOOLS not in catalogue.sets:
        return {}
    return {
        f"skole.{item.id}": Spoken(item.text, Both("", ""), item.source)
        for item in catalogue.set(OF_SCHOOLS).items
    }


RUNS = ("leader", "deputy", "starter", "facilitator")


def next_question_at(project: Project, after: datetime) -> datetime:
    """Return when the next question is due, in whole weeks counted from the project's first."""
    cal = project.calendar
    first = local(cal, project.started_at or after).date()
    hour, minute = divmod(project.hour, 60)
    return next_release(cal, after, project.weekday, hour, minute, project.every_weeks, first)


def stage_line(project: Project) -> Line | None:
    """Return why no questions are asked now; None while the project runs."""
    match project.stage:
        case "running":
            return None
        case "draft":
            return text("walk.stage.draft")
        case "paused" if project.until is not None:
            return text("walk.stage.paused_until", day=Day(project.until))
        case "paused":
            return text("walk.stage.paused")
        case "not_now" if project.until is not None:
            return text("walk.stage.not_now_until", day=Day(project.until))
        case "not_now":
            return text("walk.stage.not_now")
        case "stopped" | "ended":
            return text("walk.stage.over")


def progress(known: Known, phase: int) -> Progress[Line]:
    phases = known.catalogue.phases
    return Progress(phase, len(phases), phase_name(known, phase, "walk.phase_name"))


# --- the phases as steps ----------------------------------------------------------------------

DECIDED_IN = 3
"""The phase in which it is decided what is bought or built."""


def phase_steps(project: Project, walk: Walk | None, known: Known) -> Steps[Line]:
    """Return the phases. One that was returned to is current again."""
    phases = known.catalogue.phases
    of = Count(len(phases))
    return Steps(
        text("walk.steps.title", number=Count(project.phase), of=of)
        if project.open
        else text("walk.steps.title_over", of=of),
        tuple(
            NamedStep[Line](
                Said(phase.name.da, phase.name.en),
                _state(phase.number, project, walk),
                _when(phase.number, project, walk),
            )
            for phase in phases
        ),
        link=project.picture,
    )


def _state(phase: int, project: Project, walk: Walk | None) -> StepState:
    if phase == project.phase:
        return "now" if project.open else "done"
    return "done" if phase < project.phase or _left_at(phase, walk) else "later"


def _when(phase: int, project: Project, walk: Walk | None) -> Line | None:
    def day(at: datetime) -> Day:
        return Day(local(project.calendar, at).date(), weekday=False)

    decided = phase == DECIDED_IN and project.open and project.decision
    decision = Day(project.decision, weekday=False) if decided and project.decision else None
    if phase == project.phase:
        since = _entered_at(phase, walk)
        if project.ended_at is not None:
            return text("walk.steps.until", day=day(project.ended_at))
        if since is not None and decision is not None:
            return text("walk.steps.since_decision", day=day(since), decision=decision)
        if since is not None:
            return text("walk.steps.since", day=day(since))
    elif (left := _left_at(phase, walk)) is not None:
        return text("walk.steps.until", day=day(left))
    elif phase < project.phase:
        return text("walk.steps.before")
    return None if decision is None else text("walk.steps.decision", decision=decision)


def _entered_at(phase: int, walk: Walk | None) -> datetime | None:
    """Return when a phase was entered, the last time that it was."""
    entered = [at for number, at in walk.phases if number == phase] if walk is not None else []
    return entered[-1] if entered else None


def _left_at(phase: int, walk: Walk | None) -> datetime | None:
    """Return when a phase was left for another, the last time that it was."""
    phases = walk.phases if walk is not None else ()
    left = [then for (number, _), (_, then) in pairwise(phases) if number == phase]
    return left[-1] if left else None


# --- names and texts -------------------------------------------------------------------------


def phase_name(known: Known, phase: int, key: str = "walk.phase_in") -> Text:
    name = known.catalogue.phase(phase).name
    of = len(known.catalogue.phases)
    return text(key, number=Count(phase), of=Count(of), name=Said(name.da, name.en))


def words_of(planned: Planned, known: Known) -> Line:
    """Return a planned question's text; its id if the catalogue no longer has it."""
    if planned.text:
        return Words(planned.text)
    found = spoken(planned, known.catalogue)
    if found is None:
        return Words(planned.id)
    return Said(found.text.da, found.text.en) if found.own else in_ours(found.text, known)
