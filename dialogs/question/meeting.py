"""The card that shows a question at a meeting, on a screen or on paper."""

from __future__ import annotations

from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Heading,
    Line,
    Paragraph,
    Small,
    text,
)
from dialogs.model.conversation import Facts, Moments
from dialogs.model.effects import Show
from dialogs.model.events import Look, NextNow
from dialogs.model.facts import (
    About,
    Known,
    States,
    Viewer,
)
from dialogs.question.buttons import source_button
from dialogs.question.cards import place_of, told, why_line
from dialogs.question.states import (
    Words,
    all_of,
    is_open,
    title,
)
from dialogs.walk.states import stage_line


def meeting_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"))


def meeting(look: Look, viewer: Viewer, known: Known) -> Moments:
    """One screen for a meeting, of the question named or of the one asked last."""
    project, found = known.project.id, all_of(known)
    asked = found.get(look.ref) if look.ref else None
    if asked is not None and not is_open(asked):
        return told(asked, project)
    candidates = sorted(
        (s for s in found.values() if is_open(s)), key=lambda s: (s.asked_at, -s.words.number)
    )
    state = asked or (candidates[-1] if candidates else None)
    if state is not None:
        return (Show(_sheet(project, state.words, known)),)
    resting = stage_line(known.project)
    if resting is not None:
        return (Show(c.card(Paragraph(resting))),)
    ask_now = c.buttons(Button(text("question.next_now"), NextNow(project=project)))
    return (Show(c.card(Paragraph(text("question.meeting_none")), ask_now)),)


def _sheet(project: str, words: Words, known: Known) -> c.NeutralCard:
    place = place_of(words, known)
    talked = Look("talked", project=project, ref=words.id)
    return c.card(
        None if place is None else Small(place),
        Heading(title(words)),
        why_line(words),
        c.Bullets(
            (
                text("question.meeting_alone"),
                text("question.meeting_pairs"),
                text("question.meeting_together"),
            ),
            numbered=True,
        ),
        Paragraph(text("question.meeting_lines")),
        c.Bullets(
            (
                text("question.line_agree"),
                text("question.line_differ"),
                text("question.line_next"),
            )
        ),
        c.buttons(
            Button(text("button.we_talked"), talked, style="main"),
            _exercise_button(project, words, known),
            source_button(project, words),
        ),
    )


def _exercise_button(project: str, words: Words, known: Known) -> Button[Line] | None:
    """To the steps of the exercise that goes with a question, where one does."""
    for place in known.catalogue.course.order:
        if place.question == words.id and place.exercise in known.catalogue.sets:
            return Button(
                text("advice.exercise"), Look("reading", project=project, ref=place.exercise)
            )
    return None
