"""Where a run is: its steps with their minutes, its rounds, and the exercise within it."""

from __future__ import annotations

from collections.abc import Iterator

from content.model import ExerciseStep

from dialogs.exercise.parts import InnerRun
from dialogs.exercise.states import ExerciseRound, ExerciseRun, steps_of


def next_step(run: ExerciseRun) -> ExerciseStep | None:
    steps = steps_of(run)
    return steps[run.step + 1] if run.step + 1 < len(steps) else None


def step_of_round(run: ExerciseRun, round: ExerciseRound) -> ExerciseStep:
    return next(step for step in run.guide.steps if step.id == round.step)


def marks_of(run: ExerciseRun) -> str:
    """Return the ref of the marks that this round shares with short rounds before it."""
    return f"{run.id}.marks.{run.shown_rounds}"


def minutes_of(run: ExerciseRun, step: ExerciseStep) -> int:
    """Return how long a step takes at a meeting; 0 if that is open."""
    return step.minutes.get(run.minutes, 0) if run.place != "days" else 0


def inner_now(run: ExerciseRun) -> InnerRun | None:
    """Return the exercise that is under way as a step of this workshop, or is paused with it."""
    return next((one for one in run.inner if not one.over), None)


def rounds_of(run: ExerciseRun, *does: str) -> Iterator[ExerciseRound]:
    """Return the rounds of steps that do one of these."""
    return (one for one in run.rounds if step_of_round(run, one).does in does)
