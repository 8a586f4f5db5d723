"""The four themes, and the post of a theme with its five questions."""

from __future__ import annotations

from collections.abc import Mapping

from content.model import Question

from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Small,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import HowMany, Known, Project
from dialogs.question.states import (
    Asked,
    QuestionState,
    state_word,
    takes_answers,
    title,
)
from dialogs.walk.states import in_ours


def themes_card(project: Project, known: Known, *, runs: bool, unknown: str = "") -> NeutralCard:
    """Return the four themes to choose from."""
    parts: list[Part[Line] | None] = [
        Heading(text("walk.themes.heading")),
        Paragraph(text("walk.themes.unknown", word=Words(unknown))) if unknown else None,
        Paragraph(text("walk.themes.intro" if runs else "walk.themes.intro_member")),
    ]
    for theme in known.catalogue.themes:
        parts.append(
            Paragraph(
                text(
                    "walk.themes.theme",
                    name=Said(theme.name.da, theme.name.en),
                    question=in_ours(theme.question, known),
                )
            )
        )
        name = Said(theme.name.da, theme.name.en)
        parts.append(
            buttons(
                Button(
                    text("walk.button.see_theme", name=name),
                    Look("themes", project=project.id, ref=theme.id),
                )
            )
        )
    return card(*parts)


def theme_card(
    project: Project, known: Known, theme_id: str, asked: Mapping[str, QuestionState], *, runs: bool
) -> NeutralCard:
    """Return a theme with its five questions for one reader; those already asked can be opened."""
    theme = known.catalogue.theme(theme_id)
    five = known.catalogue.of_theme(theme_id)
    return card(
        Heading(Said(theme.name.da, theme.name.en)),
        Paragraph(in_ours(theme.question, known)),
        Bullets(tuple(_theme_line(q, asked.get(q.id), None, known) for q in five), numbered=True),
        buttons(
            *(
                Button[Line](
                    text("walk.button.see_number", number=Count(n)),
                    Look("questions", project=project.id, ref=q.id),
                )
                for n, q in enumerate(five, 1)
                if q.id in asked
            )
        ),
        buttons(
            Button(
                text(
                    "walk.button.post_theme_again"
                    if all(q.id in asked for q in five)
                    else "walk.button.post_theme"
                ),
                e.ThemePosted(project=project.id, theme=theme_id),
            )
            if runs and project.running
            else None,
            Button(text("walk.button.all_themes"), Look("themes", project=project.id)),
        ),
    )


def theme_post(
    project: Project,
    known: Known,
    theme_id: str,
    five: tuple[str, ...],
    asked: Mapping[str, QuestionState],
) -> NeutralCard:
    """Return the channel's post of a theme with its five questions."""
    theme = known.catalogue.theme(theme_id)
    lines = tuple(
        text(
            "walk.themes.line",
            question=title(asked[id].words),
            state=_theme_state(
                asked[id], known(HowMany("answer", id)) if takes_answers(asked[id]) else None
            ),
        )
        for id in five
        if id in asked
    )
    answers = [
        Button[Line](
            text("walk.button.answer_number", number=Count(n)),
            Look("answer", project=project.id, ref=id),
        )
        for n, id in enumerate(five, 1)
        if project.open and takes_answers(asked.get(id))
    ]
    return card(
        Heading(Said(theme.name.da, theme.name.en)),
        Paragraph(text("walk.themes.basic", question=in_ours(theme.question, known))),
        Small(in_ours(theme.why, known)),
        Bullets(lines, numbered=True),
        Small(text("walk.themes.how" if answers else "walk.themes.all_closed")),
        buttons(
            *answers,
            Button(
                text("walk.button.theme_details"),
                Look("themes", project=project.id, ref=theme_id),
            ),
        ),
    )


def _theme_line(
    question: Question, state: QuestionState | None, answers: int | None, known: Known
) -> Line:
    said = in_ours(question.text, known) if state is None else title(state.words)
    return text("walk.themes.line", question=said, state=_theme_state(state, answers))


def _theme_state(state: QuestionState | None, answers: int | None) -> Line:
    if state is None:
        return text("walk.themes.not_asked")
    if isinstance(state, Asked) and state.with_trio:
        return text("walk.themes.with_trio")
    if isinstance(state, Asked) and state.closed:
        return text("walk.themes.closed")
    if answers:
        return text("walk.themes.answered", n=Count(answers))
    return state_word(state)
