"""What an exercise becomes where too few people may write without a name."""

from __future__ import annotations

from content.model import ExerciseGuide

from dialogs.exercise.short_rounds import LEAST_WRITERS
from dialogs.exercise.survey_results import offered
from dialogs.model.cards import Line, text
from dialogs.model.facts import Known
from dialogs.model.roles import writers


def held_on_paper(guide: ExerciseGuide, known: Known) -> bool:
    """Return whether too few may write its notes. What people write by name needs no paper, and
    the statements of a survey are talked about. Needs `About`, `Roles` and `Team`."""
    return has_notes(guide) and len(writers(known)) < LEAST_WRITERS


def has_notes(guide: ExerciseGuide) -> bool:
    return _does(guide, "write", "dots")


def better_line(guide: ExerciseGuide, known: Known) -> Line | None:
    """Say how few people hold it best. Needs `About`, `Roles` and `Team`."""
    if held_on_paper(guide, known):
        return text("exercise.better_on_paper")
    if _does(guide, "survey") and not offered(len(writers(known))):
        return text("survey.better_talked")
    return None


def _does(guide: ExerciseGuide, *does: str) -> bool:
    return any(step.does in does for step in guide.steps)
