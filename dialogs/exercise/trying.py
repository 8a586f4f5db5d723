"""*Prøv det selv først*: a walk through an exercise for one person, step by step.

It is only looks: nothing is posted, and nothing is stored. The notes are examples.
"""

from __future__ import annotations

from content.model import ExerciseGuide, ExerciseStep, Item, Set

from dialogs.model import cards as c
from dialogs.model.cards import Button, Line, Paragraph, Part, Said, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Viewer

STATEMENTS = 3
LANES = 3


def try_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def try_step(look: Look, viewer: Viewer, known: Known) -> Responses:
    found = known.catalogue.sets.get(look.ref)
    if found is None or found.guide is None:
        return (Show(c.card(Paragraph(text("reading.gone")))),)
    steps = (*found.guide.steps, *found.guide.after)
    n = min(int(look.words), len(steps)) if look.words.isdecimal() else 0
    first = not look.words
    if n == len(steps):
        return (Show(_over(found, look.project), instead=True),)
    shown = _step(found, found.guide, steps, n, known, look.project)
    return (Show(shown, instead=not first),)


def _step(
    found: Set,
    guide: ExerciseGuide,
    steps: tuple[ExerciseStep, ...],
    n: int,
    known: Known,
    project: str,
) -> c.NeutralCard:
    step = steps[n]
    label = text("exercise.step_of", step=c.Count(n + 1), of=c.Count(len(steps)))
    title = Said(found.title.da, found.title.en)
    return c.card(
        c.Heading(text("exercise.try_heading", title=title)),
        c.Small(text("exercise.try_kept_nowhere")),
        c.Progress(n + 1, len(steps), label),
        Paragraph(text("exercise.try_after")) if n == len(guide.steps) else None,
        Paragraph(text("exercise.step_named", name=Said(step.name.da, step.name.en))),
        Paragraph(Said(step.text.da, step.text.en)),
        c.Bullets(tuple(Said(one.da, one.en) for one in step.questions))
        if step.questions
        else None,
        *_shows(found, guide, step, known),
        c.buttons(
            Button(text("exercise.next_step"), _look(found, n + 1, project), "main"),
            Button(text("exercise.back"), _look(found, n - 1, project)) if n else None,
        ),
    )


def _look(found: Set, n: int, project: str) -> Look:
    return Look("exercise_try", project=project, ref=found.id, words=str(n))


def _over(found: Set, project: str) -> c.NeutralCard:
    title = Said(found.title.da, found.title.en)
    begin = Look("exercises", project=project, words=found.id)
    return c.card(
        c.Heading(text("exercise.try_heading", title=title)),
        Paragraph(text("exercise.try_over")),
        c.buttons(
            Button(text("exercise.try_again"), _look(found, 0, project)),
            Button(text("exercise.see_it"), begin),
        ),
    )


# --- what people meet in a step -----------------------------------------------------------


def _shows(
    found: Set, guide: ExerciseGuide, step: ExerciseStep, known: Known
) -> tuple[Part[Line], ...]:
    """Return what this kind of step looks like, with examples instead of people's words."""
    match step.does:
        case "write":
            return (Paragraph(text("exercise.try_write")), _board(guide, step))
        case "dots":
            return (Paragraph(text("exercise.try_dots")),)
        case "survey":
            return _survey(guide, _items(found, step, known))
        case "table":
            return _table(guide, _items(found, step, known))
        case "conditions":
            return (Paragraph(text("exercise.try_conditions")),)
        case "agree":
            return (Paragraph(text("exercise.try_agree")),)
        case "prepare":
            return (Paragraph(text("exercise.try_prepare")),)
        case "exercise":
            title = known.catalogue.set(step.of).title
            return (Paragraph(text("exercise.try_inner", title=Said(title.da, title.en))),)
        case _:
            return (Paragraph(text("exercise.try_talk")),)


def _items(found: Set, step: ExerciseStep, known: Known) -> tuple[Item, ...]:
    of = known.catalogue.sets.get(step.of or found.id)
    return () if of is None else of.items[:STATEMENTS]


def _board(guide: ExerciseGuide, step: ExerciseStep) -> c.Board[Line]:
    kinds = [kind for kind in guide.kinds if kind.id in step.kinds] or [*guide.kinds]
    notes = tuple(
        c.BoardNote[Line](
            text("exercise.try_note"), kind.sign, Said(kind.name.da, kind.name.en), None
        )
        for kind in kinds
    )
    return c.Board(
        tuple(
            c.BoardColumn[Line](Said(lane.name.da, lane.name.en), () if n else notes, 0)
            for n, lane in enumerate(guide.lanes[:LANES])
        )
    )


def _survey(guide: ExerciseGuide, items: tuple[Item, ...]) -> tuple[Part[Line], ...]:
    scale = tuple(Said(point.name.da, point.name.en) for point in guide.scale)
    return (
        Paragraph(text("exercise.try_survey", scale=c.Listing(scale))),
        c.Bullets(tuple(Said(one.text.da, one.text.en) for one in items)),
    )


def _table(guide: ExerciseGuide, items: tuple[Item, ...]) -> tuple[Part[Line], ...]:
    columns = tuple(Said(one.name.da, one.name.en) for one in guide.columns)
    rows = tuple((one.name or one.text) for one in items)
    return (
        Paragraph(text("exercise.try_table")),
        c.Bullets(columns),
        Paragraph(text("exercise.try_rows")),
        c.Bullets(tuple(Said(one.da, one.en) for one in rows)),
    )
