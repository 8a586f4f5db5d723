"""The status of a project: its phase, what is open, and what the viewer can do."""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.agreement.states import Agreement
from dialogs.exercise.states import (
    ExerciseRun,
    every_run,
    is_over,
    open_round,
    status_word,
    title_of,
    waits_line,
)
from dialogs.home.states import waiting
from dialogs.model import events as e
from dialogs.model.calendar import local, next_weekly
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Day,
    FactRows,
    Heading,
    Line,
    Moment,
    NeutralCard,
    Paragraph,
    Part,
    Several,
    Small,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project, Viewer
from dialogs.outcomes.states import left_out_lines
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    QuestionState,
    is_open,
    title,
)
from dialogs.walk.cards import LEADS
from dialogs.walk.states import (
    RUNS,
    Walk,
    next_question_at,
    phase_steps,
    stage_line,
)

OPEN = 10
HELD = 3


def status_card(
    walk: Walk | None,
    viewer: Viewer,
    known: Known,
    asked: Mapping[str, QuestionState],
    agreements: Mapping[str, Agreement],
) -> NeutralCard:
    """Return the status: the phases, what waits for the viewer, what is open, and results."""
    project = known.project
    stage = stage_line(project)
    begun = project.stage != "draft"
    nothing = "home.nothing" if begun else "home.nothing_draft"
    return card(
        Heading(Words(project.name)),
        Paragraph(stage) if stage is not None else None,
        phase_steps(project, walk, known),
        Paragraph(text("walk.status.waits_for_you")),
        *(waiting(known, viewer) or [Small(text(nothing))]),
        *(_open_questions(asked, viewer, project) if begun and project.open else ()),
        FactRows(_status_rows(walk, viewer, known, asked, agreements)) if begun else None,
        *(_exercises(known, project) if begun else ()),
        *(map(Small, left_out_lines(known)) if begun and project.open else ()),
        Paragraph(text("walk.status.you_can")),
        *_can_do(walk, project, viewer),
    )


def _open_questions(
    asked: Mapping[str, QuestionState], viewer: Viewer, project: Project
) -> tuple[Part[Line], ...]:
    """Return every unfinished question, newest first; those only with the trio are shown to the
    trio."""
    found = sorted(
        (s for s in asked.values() if _waits(s, viewer)), key=lambda s: s.asked_at, reverse=True
    )
    if not found:
        return (Paragraph(text("walk.status.open")), Small(text("walk.status.nothing_open")))
    parts: list[Part[Line]] = [
        Paragraph(text("walk.status.open")),
        Bullets(tuple(_open_line(s, project) for s in found[:OPEN])),
    ]
    if len(found) > OPEN:
        parts.append(Small(text("home.more_questions", n=Count(len(found) - OPEN))))
    return tuple(parts)


def _waits(state: QuestionState, viewer: Viewer) -> bool:
    with_me = isinstance(state, Asked) and state.with_trio and viewer.person in state.trio
    return is_open(state) or isinstance(state, Proposed) or with_me


def _open_line(state: QuestionState, project: Project) -> Line:
    question = title(state.words)
    match state:
        case Proposed(released=True):
            holds = Moment(state.holds_at or state.until)
            return text("walk.status.proposal_holds", question=question, holds=holds)
        case Proposed(until=until):
            return text("walk.status.proposal", question=question, until=Moment(until))
        case Asked(closed=True):
            return text("walk.status.closed", question=question)
        case _:
            day = Day(local(project.calendar, state.asked_at).date())
            return text("walk.status.asked", question=question, day=day)


def _status_rows(
    walk: Walk | None,
    viewer: Viewer,
    known: Known,
    asked: Mapping[str, QuestionState],
    agreements: Mapping[str, Agreement],
) -> tuple[tuple[Line, Line], ...]:
    project = known.project
    rows: list[tuple[Line, Line]] = []
    concluded = sum(isinstance(s, Concluded) for s in asked.values())
    summed_up = (
        text("walk.status.concluded", n=Count(concluded))
        if concluded
        else text("walk.status.none_concluded")
    )
    rows.append((text("walk.status.summed_up"), summed_up))
    rows.append((text("walk.status.agreements"), _agreed(agreements, viewer, project)))
    if project.running and walk is not None:
        upcoming: Line = (
            Moment(next_question_at(project, viewer.at))
            if walk.left()
            else text("walk.status.none_left")
        )
        rows.append((text("walk.status.next_question"), upcoming))
        hour, minute = divmod(project.overview_hour, 60)
        overview = next_weekly(project.calendar, viewer.at, project.overview_weekday, hour, minute)
        rows.append((text("walk.status.next_overview"), Moment(overview)))
    return tuple(rows)


def _exercises(known: Known, project: Project) -> tuple[Part[Line], ...]:
    """Return what runs or is paused, and what was held last, with the day for taking stock."""
    every = [run for run in every_run(known) if run.status != "dropped"]
    going = [run for run in every if not is_over(run)]
    lines: tuple[Line, ...] = (
        *(_going(run) for run in going),
        *(_held(run, project) for run in every if run not in going),
    )
    if not lines:
        return ()
    shown = lines[: len(going) + HELD]
    return (Paragraph(text("walk.status.exercises")), Bullets(shown))


def _going(run: ExerciseRun) -> Line:
    line = text("walk.status.exercise", title=title_of(run), state=status_word(run))
    waits = waits_line(run)
    if run.guide.standing:
        return line if waits is None else Several((line, waits))
    found = open_round(run)
    if found is None or found.by_hand:
        return line
    return Several((line, text("walk.status.exercise_until", when=Moment(found.closes))))


def _held(run: ExerciseRun, project: Project) -> Line:
    ended = local(project.calendar, run.ended_at or run.begun_at).date()
    line = text("walk.status.exercise_held", title=title_of(run), day=Day(ended))
    if run.look_again is None or run.asked_again:
        return line
    key = "walk.status.exercise_stock" if run.guide.after else "walk.status.exercise_look"
    return Several((line, text(key, day=Day(run.look_again, year=True))))


def _agreed(agreements: Mapping[str, Agreement], viewer: Viewer, project: Project) -> Line:
    today = local(project.calendar, viewer.at).date()
    done = sum(a.status == "done" for a in agreements.values())
    taken = [a for a in agreements.values() if a.status == "taken"]
    late = sum(a.due is not None and a.due < today for a in taken)
    lines: list[Line] = []
    if done:
        lines.append(text("walk.status.done", n=Count(done)))
    if len(taken) - late:
        lines.append(text("walk.status.under_way", n=Count(len(taken) - late)))
    if late:
        lines.append(text("walk.status.late", n=Count(late)))
    return Several(tuple(lines)) if lines else text("walk.status.no_agreements")


def _can_do(walk: Walk | None, project: Project, viewer: Viewer) -> tuple[Part[Line] | None, ...]:
    def look(key: str, view: e.View, ref: str = "", *, main: bool = False) -> Button[Line]:
        return Button(
            text(key), Look(view, project=project.id, ref=ref), "main" if main else "plain"
        )

    runs, leads = viewer.may(*RUNS), viewer.may(*LEADS)
    if project.stage == "draft":
        return (buttons(look("walk.button.draft", "draft", main=True)),)
    if not project.open:
        return (
            buttons(
                look("walk.button.questions", "questions"),
                look("walk.button.results", "results"),
                look("walk.button.agreements", "agreements"),
            ),
        )
    second = [
        look("button.say", "say"),
        look("walk.button.questions", "questions"),
        look("walk.button.results", "results"),
        look("walk.button.agreements", "agreements"),
        look("walk.button.exercises", "exercises"),
    ]
    third: list[Button[Line]] = []
    if runs and project.running:
        if walk is not None and walk.left():
            third.append(Button(text("walk.button.next_now"), e.NextNow(project=project.id)))
        third.append(look("walk.button.plan", "plan"))
    if leads and project.running:
        third.append(look("walk.phase.submit", "phase"))
    if leads and not project.running:
        third.append(Button(text("button.continue"), e.Resumed(project=project.id)))
    return buttons(*second), buttons(*third)
