"""Conclusions that are checked at each change of phase: do they still stand?"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Heading,
    Kept,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Quote,
    Small,
    Who,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Effects, Redraw, Say, Show, Tell
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Project, Roles, StateOf, States, Viewer
from dialogs.model.roles import who_leads
from dialogs.question.states import Concluded, QuestionState, all_of, title
from dialogs.walk.states import RUNS, Walk


def stands_post(
    walk: Walk, known: Known, *, answering: bool = False, said: Line | None = None
) -> NeutralCard:
    """Return the conclusions to check at a change of phase, and the answers so far. With
    `answering`, include the buttons for a person who may answer."""
    asked = all_of(known)
    lead = Look("stands", project=known.project.id)
    waits = not answering and "asked" in dict(walk.stands).values()
    return card(
        Heading(text("walk.stands.heading")),
        None if said is None else Paragraph(said),
        *(
            part
            for question, how in walk.stands
            for part in _stands(known.project, asked[question], how, answering=answering)
        ),
        Small(text("walk.stands.who")) if waits else None,
        buttons(Button(text("button.lead"), lead, "quiet")) if waits else None,
    )


def stands_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), StateOf("walk", "walk"), States("question"))


def stands_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Led samtalen* on that post: show a person who may answer what to answer; tell others who
    can."""
    walk = known.state("walk", "walk", Walk)
    if not viewer.may(*RUNS):
        return (Show(card(Paragraph(who_leads(known)))),)
    if walk is None or not walk.stands:
        return (Show(card(Paragraph(text("walk.stands.not_now")))),)
    return (Show(stands_post(walk, known, answering=True)),)


def _stands(
    project: Project, state: QuestionState, how: str, *, answering: bool
) -> tuple[Part[Line] | None, ...]:
    question = state.words.id

    def press(key: str, stands: Any) -> Button[Line]:
        return Button(
            text(key), e.StillStands(project=project.id, question=question, stands=stands)
        )

    if not isinstance(state, Concluded) or how == "no":
        return Paragraph(title(state.words)), Small(text("walk.stands.is_open"))
    pressed = buttons(press("walk.stands.yes", "yes"), press("walk.stands.no", "no"))
    return (
        Paragraph(title(state.words)),
        Quote(Kept("conclusion", state.conclusion)),
        Small(text("walk.stands.stands")) if how == "yes" else None,
        pressed if answering and how != "yes" else None,
    )


def still_stands(walk: Walk, event: e.StillStands, known: Known) -> tuple[Walk, Effects]:
    """Answer once per change: yes is announced in the channel, no reopens the question."""
    project = known.project
    state = all_of(known).get(event.question)
    if (event.question, "asked") not in walk.stands or not isinstance(state, Concluded):
        return walk, (Show(_settled(project, event.question, walk)),)
    walk = replace(
        walk,
        stands=tuple((q, event.stands if q == event.question else how) for q, how in walk.stands),
    )
    if event.stands == "no":
        return walk, (
            Tell(e.TakenUpAgain(question=event.question)),
            Redraw("stands"),
            _answered(walk, known, text("walk.stands.again")),
        )
    said = text("walk.stands.said", who=Who(event.by), question=title(state.words))
    return walk, (
        Redraw("stands"),
        Say(card(Paragraph(said))),
        _answered(walk, known, text("walk.stands.kept")),
    )


def _answered(walk: Walk, known: Known, said: Line) -> Show:
    return Show(stands_post(walk, known, answering=True, said=said), instead=True)


def _settled(project: Project, question: str, walk: Walk) -> NeutralCard:
    how = dict(walk.stands).get(question, "")
    key = {"yes": "walk.stands.already_yes", "no": "walk.stands.already_no"}.get(
        how, "walk.stands.not_now"
    )
    see = Look("questions", project=project.id, ref=question)
    return card(Paragraph(text(key)), buttons(Button(text("walk.button.see_question"), see)))
