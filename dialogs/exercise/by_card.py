"""The page behind a card that was dealt for an exercise: what its holder sees, who is nobody."""

from __future__ import annotations

from dialogs.exercise.cards import write_button
from dialogs.exercise.states import (
    ExerciseRun,
    current_step,
    is_over,
    open_round,
    run_of,
    title_of,
)
from dialogs.exercise.survey import state_line
from dialogs.model.cards import (
    Heading,
    Line,
    Paragraph,
    Part,
    Said,
    Small,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import Known, Viewer


def card_page(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show what can be done with the card now; nothing where it is dead."""
    run = run_of(known, look.ref)
    if run is None or is_over(run) or not known.project.open:
        return ()
    return (
        Show(
            card(
                Heading(title_of(run)),
                *_now(run, known),
                Heading(text("page.before")),
                Paragraph(text("exercise.card_nobody")),
                Paragraph(text("page.who_sees")),
                Paragraph(text("exercise.card_known")),
                Small(text("exercise.card_keep")),
            )
        ),
    )


def _now(run: ExerciseRun, known: Known) -> tuple[Part[Line] | None, ...]:
    if not known.project.running:
        return (Paragraph(text("exercise.not_running")),)
    if run.status == "paused":
        return (Paragraph(text("exercise.card_paused")),)
    step = current_step(run)
    shown: tuple[Part[Line] | None, ...] = (
        Paragraph(text("exercise.step_named", name=Said(step.name.da, step.name.en))),
        Paragraph(Said(step.text.da, step.text.en)),
    )
    if open_round(run) is None:
        return (*shown, Paragraph(_waits(run)))
    return (*shown, buttons(write_button(run, known.project.id)))


def _waits(run: ExerciseRun) -> Line:
    """Say why nothing can be sent."""
    if run.on_paper:
        return text("exercise.on_paper")
    if current_step(run).does == "survey":
        line = state_line(run, current_step(run))
        if line is not None:
            return line
    return text("exercise.card_waits")
