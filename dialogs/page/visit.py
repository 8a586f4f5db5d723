"""What whoever opens the page sees first: what this is, the three ways, and the latest overview.

The visitor has no name and no role. Shown is what everybody in the channel may read, without the
names of those who wrote: the address hangs on a wall.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from dialogs.model import cards as c
from dialogs.model.cards import Button, Heading, Line, NeutralCard, Paragraph, Part, Small, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, RecordsSince, States, Viewer
from dialogs.page.states import says_where_the_page_is
from dialogs.question.states import Asked, all_of, takes_answers, title

RECENT = timedelta(days=35)
QUESTIONS = 4
"""How many questions can be answered on the page, newest first."""


def visit_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"), _overviews(viewer))


def visit(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    questions = sorted(
        (one for one in all_of(known).values() if isinstance(one, Asked) and takes_answers(one)),
        key=lambda one: one.asked_at,
        reverse=True,
    )
    open_now = project.open and project.stage != "draft"
    code: Button[Line] = Button(text("page.code"), Look("code", project=project.id))
    say: Button[Line] = Button(text("page.say"), Look("say_unnamed", project=project.id), "main")
    if not open_now:
        return (Show(c.card(*_what(project.name), Paragraph(text("say.ended")), c.buttons(code))),)
    newest = questions[0] if questions else None
    return (
        Show(
            c.card(
                *_what(project.name),
                c.buttons(
                    say,
                    None if newest is None else _answer(newest, text("page.answer"), project.id),
                    code,
                ),
                None if newest is None else Small(text("page.weeks", question=_words(newest))),
                *_others(questions[1:QUESTIONS], project.id),
                *_overview(viewer, known),
                Heading(text("page.before")),
                Paragraph(text("page.who_sees")),
                Paragraph(text("page.figures")),
                Small(text("page.whistle")),
            )
        ),
    )


def _what(name: str) -> tuple[Part[Line], ...]:
    return Heading(c.Words(name)), Paragraph(text("page.what"))


def _answer(question: Asked, label: Line, project: str) -> Button[Line]:
    return Button(label, Look("answer_unnamed", project=project, ref=question.words.id))


def _words(question: Asked) -> Line:
    return title(question.words)


def _others(questions: list[Asked], project: str) -> list[Part[Line] | None]:
    if not questions:
        return []
    return [
        Heading(text("page.others")),
        c.buttons(*(_answer(one, _words(one), project) for one in questions)),
    ]


def _overviews(viewer: Viewer) -> RecordsSince:
    return RecordsSince("overview", viewer.at - RECENT)


def _overview(viewer: Viewer, known: Known) -> list[Part[Line] | None]:
    """Return the latest overview as it was posted, without buttons and without authors."""
    kept = [one for one in known(_overviews(viewer)) if "card" in one.body]
    if not kept:
        return []
    shown = msgspec.convert(kept[-1].body["card"], NeutralCard)
    return [_without_author(part) for part in shown.parts if _is_for_visitors(part)]


def _is_for_visitors(part: Part[Line]) -> bool:
    return not isinstance(part, c.Buttons) and not says_where_the_page_is(part)


def _without_author(part: Part[Line]) -> Part[Line]:
    return c.Quote(part.words) if isinstance(part, c.Quote) else part
