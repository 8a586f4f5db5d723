"""The whole report: page one, the project so far on at most five pages, and the annexes.

It holds what the project's channel may read and nothing else, whoever asks for it, so that it can
be passed on. Nothing in it is counted twice: each figure comes from the function that the channel's
own cards use.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from dialogs.concern.states import HELPERS
from dialogs.exercise.states import every_run
from dialogs.model.calendar import local
from dialogs.model.cards import Count, Day, Kept, Line, Paragraph, Quote, Small, Who, Words, text
from dialogs.model.conversation import Facts
from dialogs.model.documents import NeutralDocument, Passage, Section, document, section
from dialogs.model.facts import About, Known, Project, StateOf, States
from dialogs.outcomes.states import RUN_WORDS
from dialogs.page.states import PAGE
from dialogs.promise.states import PROMISES
from dialogs.question.states import state_word, title
from dialogs.report.annexes import ANSWERED, LESSON_WORDS, annexes, written_rows
from dialogs.report.discussed import MINUTES, OTHER_VIEWS, discussed_passages
from dialogs.report.lines import day_of, ended_line, short, stacked
from dialogs.report.page_one import FRAMED, ITEMS, for_the_committee, frame_lines
from dialogs.report.promised import EFFECT_WORDS, PROMISE_WORDS, VERDICT_WORDS
from dialogs.results.states import Result, results
from dialogs.walk.states import Walk, phase_steps

IN_BODY = 8
"""Conclusions on the pages before the annexes."""
LETTERS = 300
LESSONS = 3


def report_needs() -> Facts:
    return (
        About(),
        States("question"),
        States("agreement"),
        *HELPERS,
        ANSWERED,
        StateOf("walk", "walk"),
        StateOf("med", "med"),
        ITEMS,
        MINUTES,
        OTHER_VIEWS,
        PROMISES,
        PROMISE_WORDS,
        VERDICT_WORDS,
        EFFECT_WORDS,
        LESSON_WORDS,
        *RUN_WORDS,
        PAGE,
    )


def report_document(at: datetime, known: Known, edition: int = 0) -> NeutralDocument:
    """Return the draft as of a time, or what becomes the edition of this number. Nothing in it
    depends on who asks."""
    project = known.project
    today = local(project.calendar, at).date()
    number = Count(edition)
    made = document(
        title=text("report.title_edition", n=number) if edition else text("report.title_draft"),
        slug=text("report.slug_edition", n=number) if edition else text("report.slug"),
        project=project.name,
        day=today,
        sections=(
            _page_one(known, today),
            _course(known),
            _reached(known),
            *annexes(known, today),
        ),
    )
    return replace(made, formats=("docx", "html", "csv", "json"))


def _page_one(known: Known, today: date) -> Section[Line]:
    return section(text("report.for_committee"), for_the_committee(known, today))


# --- the course -------------------------------------------------------------------------------


def _course(known: Known) -> Section[Line]:
    project = known.project
    walk = known.state("walk", "walk", Walk)
    return section(
        text("report.course"),
        Small(text("report.holds", n=Count(project.threshold))),
        Paragraph(Words(project.about)) if project.about else None,
        Paragraph(text("report.origin", origin=text(f"project.origin_{project.origin}"))),
        _since(project),
        phase_steps(project, walk, known),
        *_frames(project),
        *discussed_passages(known),
        *_ended(project, known),
        Small(text("report.in_full")) if written_rows(known) else None,
        new_page=True,
    )


def _since(project: Project) -> Paragraph[Line] | None:
    if project.started_at is None:
        return None
    day = Day(local(project.calendar, project.started_at).date(), year=True)
    return Paragraph(text("report.started", day=day))


def _frames(project: Project) -> tuple[Passage[Line], ...]:
    """Return what is fixed and open in each phase that has a frame, shortened."""
    if not project.frames:
        return (Paragraph(text("report.no_frame")),)
    parts: list[Passage[Line]] = [Paragraph(text("report.frames"))]
    for number in sorted(project.frames, key=int):
        lines = frame_lines(project.frames[number], FRAMED)
        phase = text(f"project.phase_{number}")
        parts.append(Paragraph(text("report.phase", phase=phase, frame=stacked(lines))))
    return tuple(parts)


def _ended(project: Project, known: Known) -> tuple[Passage[Line], ...]:
    """Return how it ended, in the first words of what was written then."""
    ended = ended_line(project)
    if not ended:
        return ()
    parts: list[Passage[Line]] = [*map(Paragraph, ended)]
    if project.reason:
        parts.append(_first_words(project.reason))
    rows = (("promise", project.promise), ("better", project.better), ("worse", project.worse))
    for row, words in rows:
        if words:
            parts += [Paragraph(text(f"project.row_{row}")), _first_words(words)]
    for lesson in known(LESSON_WORDS)[:LESSONS]:
        words = str(lesson.body["text"])
        parts += [Paragraph(text("project.said_lesson")), _first_words(words)]
    return tuple(parts)


def _first_words(words: str) -> Quote[Line]:
    return Quote(short(words, LETTERS))


# --- what the team has arrived at ---------------------------------------------------------------


def _reached(known: Known) -> Section[Line]:
    found = results(known)
    held = sum(run.status == "done" for run in every_run(known))
    exercises = Small[Line](text("report.exercises_reached")) if held else None
    if not found:
        none = Paragraph[Line](text("report.no_results"))
        return section(text("report.reached"), none, exercises)
    parts = [part for one in found[:IN_BODY] for part in _result(one, known)]
    more = len(found) - IN_BODY
    return section(
        text("report.reached"),
        Paragraph(text("results.count", n=Count(len(found) + held))),
        *parts,
        Small(text("report.more_results", n=Count(more))) if more > 0 else None,
        exercises,
    )


def _result(one: Result, known: Known) -> tuple[Passage[Line], ...]:
    state = one.question
    head = text(
        "results.row", title=title(state.words), state=state_word(state), day=day_of(one, known)
    )
    by = text("question.written_by", who=Who(state.by)) if hasattr(state, "by") else None
    return (Paragraph(head), Quote(Kept("conclusion", one.conclusion, cut=LETTERS), by))
