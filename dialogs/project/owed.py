"""What is not finished as a project ends, as the person who is about to end it sees it."""

from __future__ import annotations

from datetime import date

from dialogs.agreement.states import Agreement
from dialogs.concern.states import HELPERS, owed
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

FACTS: Facts = (*HELPERS, States("question"), States("agreement"))


def _lines(known: Known, person: Person) -> tuple[Line, ...]:
    """Of texts only those that are this person's to answer: nobody reads from it that there are
    others. Questions and agreements everybody can see."""
    mine = owed(known, person, date.max)
    promised = [one.promised for one in mine if one.promised and not one.telling]
    questions = sum(isinstance(one, Asked) and not one.with_trio for one in all_of(known).values())
    agreements = sum(one.status == "taken" for one in known.states("agreement", Agreement).values())
    found: list[Line] = []
    if mine:
        found.append(text("project.owed_texts", n=Count(len(mine))))
    if promised:
        found.append(text("project.owed_date", day=Day(min(promised))))
    if questions:
        found.append(text("project.owed_questions", n=Count(questions)))
    if agreements:
        found.append(text("project.owed_agreements", n=Count(agreements)))
    return tuple(found)


def parts(known: Known, person: Person) -> tuple[Part[Line] | None, ...]:
    """Return it for a card, with a way to each; nothing where nothing is owed."""
    lines = _lines(known, person)
    if not lines:
        return ()
    project = known.project.id
    mine = owed(known, person, date.max)
    see: Button[Line] | None = None
    if mine:
        see = Button(text("project.see_owed"), Look("concerns", project=project, ref="owed"))
    return (
        Paragraph(text("project.owed")),
        Bullets(lines),
        buttons(
            see,
            Button(text("summary.questions"), Look("questions", project=project)),
            Button(text("summary.agreements"), Look("agreements", project=project)),
        ),
    )


def note(known: Known, person: Person) -> Note[Line] | None:
    """Return it for a form."""
    lines = _lines(known, person)
    return Note(Several((text("project.owed"), *lines))) if lines else None
