"""What is not finished as a project ends, as the person who is about to end it sees it."""

from __future__ import annotations

from datetime import date

from dialogs.agreement.states import Agreement
from dialogs.concern.states import HELPERS, owed
from dialogs.exercise.states import ALL_RUNS, every_run, unanswered
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Day,
    Line,
    Note,
    Paragraph,
    Part,
    Several,
    buttons,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, States
from dialogs.question.states import Asked, all_of

FACTS: Facts = (*HELPERS, States("question"), States("agreement"), ALL_RUNS)


def _questions(known: Known) -> int:
    return sum(isinstance(one, Asked) and not one.with_trio for one in all_of(known).values())


def _agreements(known: Known) -> int:
    return sum(one.status == "taken" for one in known.states("agreement", Agreement).values())


def _notes(known: Known) -> int:
    return sum(len(unanswered(run)) for run in every_run(known))


def _lines(known: Known, person: Person) -> tuple[Line, ...]:
    """Of texts only those that are this person's to answer: nobody reads from it that there are
    others. Questions and agreements everybody can see."""
    mine = owed(known, person, date.max)
    promised = [one.promised for one in mine if one.promised and not one.telling]
    found: list[Line] = []
    if mine:
        found.append(text("project.owed_texts", n=Count(len(mine))))
    if promised:
        found.append(text("project.owed_date", day=Day(min(promised))))
    if questions := _questions(known):
        found.append(text("project.owed_questions", n=Count(questions)))
    if agreements := _agreements(known):
        found.append(text("project.owed_agreements", n=Count(agreements)))
    if notes := _notes(known):
        found.append(text("project.owed_notes", n=Count(notes)))
    return tuple(found)


def parts(known: Known, person: Person) -> tuple[Part[Line] | None, ...]:
    """Return it for a card, with a button to each kind that is owed; nothing where nothing is."""
    lines = _lines(known, person)
    if not lines:
        return ()
    project = known.project.id
    texts = Button[Line](text("project.see_owed"), Look("concerns", project=project, ref="owed"))
    questions = Button[Line](text("summary.questions"), Look("questions", project=project))
    agreements = Button[Line](text("summary.agreements"), Look("agreements", project=project))
    boards = Button[Line](text("walk.button.exercises"), Look("exercises", project=project))
    return (
        Paragraph(text("project.owed")),
        Bullets(lines),
        buttons(
            texts if owed(known, person, date.max) else None,
            questions if _questions(known) else None,
            agreements if _agreements(known) else None,
            boards if _notes(known) else None,
        ),
    )


def note(known: Known, person: Person) -> Note[Line] | None:
    """Return it for a form."""
    lines = _lines(known, person)
    return Note(Several((text("project.owed"), *lines))) if lines else None
