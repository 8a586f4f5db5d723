"""The state of one run of an exercise, and what other conversations read from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from content.model import ExerciseGuide, ExerciseStep
from msgspec import Struct

from dialogs.exercise.survey_results import SurveyCount
from dialogs.model.cards import Count, Line, Said, text
from dialogs.model.events import Committee, ExercisePlace, Person, Receiver
from dialogs.model.facts import Known, StateOf, States

RunStatus = Literal["running", "paused", "done", "dropped"]
RoundShown = Literal["open", "shown", "waits"]
WRITES = ("write", "dots", "survey")
"""What a step of these kinds opens a round for."""


class ExerciseRound(Struct, frozen=True, kw_only=True):
    """A round in which people write or choose without a name. `shown`: whether what they wrote may
    be read; `waits` means that too few took part, and that their notes wait for the run's end."""

    id: str
    step: str
    opened_at: datetime
    earliest: datetime
    closes: datetime
    by_hand: bool = False  # whoever leads the exercise closes it; by itself only if they forget
    shown: RoundShown = "open"


class NoteGroup(Struct, frozen=True):
    """Notes put together by whoever leads. Its name is a record of kind "note_group"."""

    id: str
    notes: tuple[str, ...]


class SurveyDone(Struct, frozen=True, kw_only=True):
    """A closed survey of the statements of the set `of`. `count` is None if too few answered;
    `team` has a hash for each who could answer, whether they did or not."""

    round: str
    of: str
    closed_on: date
    count: SurveyCount | None
    team: tuple[str, ...] = ()


class ExerciseRun(Struct, frozen=True, kw_only=True, tag="exercise"):
    """One run of an exercise. `guide` is a copy, so that a later edition does not change a run.

    `groups`, `chosen` and `taken_down` refer to notes by their published ids. `chosen` is the order
    that the dots gave: at most three, then all the others in no order.
    """

    id: str
    exercise: str
    title_da: str
    title_en: str
    guide: ExerciseGuide
    place: ExercisePlace
    minutes: str
    led_by: Person
    begun_by: Person
    begun_at: datetime
    on_paper: bool = False
    step: int = 0
    step_at: datetime | None = None  # when this step began
    status: RunStatus = "running"
    rounds: tuple[ExerciseRound, ...] = ()
    groups: tuple[NoteGroup, ...] = ()
    taken_down: tuple[str, ...] = ()
    written: int = 0  # what whoever leads has typed in, so that a screen knows of each change
    rows: dict[str, str] = {}  # the newest writing of each row of the table
    typed_in: bool = False  # notes from paper were typed in
    shown_rounds: int = 0  # the marks of short rounds are counted anew after a round that is shown
    together: int = 0  # how many different people wrote in short rounds, at most
    mixed: bool = False  # notes of several short rounds were shown together at the end
    dotted: bool = False
    chosen: tuple[str, ...] = ()
    surveys: tuple[SurveyDone, ...] = ()
    opens_at: datetime | None = None  # when a survey can be answered, after TR and AMR saw it
    ended_at: datetime | None = None
    result: str = ""  # the record of kind "exercise_end"
    receivers: tuple[Receiver, ...] = ()
    committee: Committee = "med"
    agreements: int = 0
    look_again: date | None = None
    asked_again: bool = False
    after: str = ""  # the run that this one takes stock of


def steps_of(run: ExerciseRun) -> tuple[ExerciseStep, ...]:
    """Return the steps of this run. A meeting of some length leaves out those without minutes for
    it."""
    if run.place == "days":
        return run.guide.steps
    return tuple(
        step for step in run.guide.steps if not step.minutes or run.minutes in step.minutes
    )


def current_step(run: ExerciseRun) -> ExerciseStep:
    return steps_of(run)[run.step]


def next_step(run: ExerciseRun) -> ExerciseStep | None:
    steps = steps_of(run)
    return steps[run.step + 1] if run.step + 1 < len(steps) else None


def open_round(run: ExerciseRun) -> ExerciseRound | None:
    """Return the round in which people can write now."""
    if run.status != "running":
        return None
    return next((one for one in run.rounds if one.shown == "open"), None)


def step_of_round(run: ExerciseRun, round: ExerciseRound) -> ExerciseStep:
    return next(step for step in run.guide.steps if step.id == round.step)


def marks_of(run: ExerciseRun) -> str:
    """Return the ref of the marks that this round shares with short rounds before it."""
    return f"{run.id}.marks.{run.shown_rounds}"


def is_over(run: ExerciseRun) -> bool:
    return run.status in ("done", "dropped")


def title_of(run: ExerciseRun) -> Line:
    return Said(run.title_da, run.title_en)


def status_word(run: ExerciseRun) -> Line:
    if run.status == "running":
        here, of = run.step + 1, len(steps_of(run))
        return text("state.exercise.running", step=Count(here), of=Count(of))
    return text(f"state.exercise.{run.status}")


def run_of(known: Known, id: str) -> ExerciseRun | None:
    """Return one run. Needs its `StateOf`."""
    return known.state("exercise", id, ExerciseRun)


def fact_of(id: str) -> StateOf:
    return StateOf("exercise", id)


ALL_RUNS = States("exercise")


def every_run(known: Known) -> tuple[ExerciseRun, ...]:
    """Return all runs of the project, newest first. Needs `ALL_RUNS`."""
    found = known.states("exercise", ExerciseRun).values()
    return tuple(sorted(found, key=lambda run: (run.begun_at, run.id), reverse=True))


def running(known: Known) -> ExerciseRun | None:
    """Return the run that is under way in the channel; others may be paused. Needs `ALL_RUNS`."""
    return next((run for run in every_run(known) if run.status == "running"), None)


def rounds_of(run: ExerciseRun, *does: str) -> Iterator[ExerciseRound]:
    """Return the rounds of steps that do one of these."""
    return (one for one in run.rounds if step_of_round(run, one).does in does)
