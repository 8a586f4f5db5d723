"""Where a project stands: its phase, what is open, and what one can do now."""

from __future__ import annotations

from collections.abc import Mapping

from content.model import Phase

from dialogs.agreement.states import Agreement
from dialogs.model import events as e
from dialogs.model.calendar import local, next_weekly
from dialogs.model.cards import (
    Button,
    Count,
    Facts,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Several,
    Small,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.cards import Moment as At
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project, Viewer
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    State,
    is_open,
    title,
)
from dialogs.walk.cards import LEADS, lowered
from dialogs.walk.states import (
    RUNS,
    Walk,
    next_question_at,
    progress,
    stage_line,
)


def status_card(
    walk: Walk | None, viewer: Viewer, known: Known, asked: Mapping[str, State],
    agreements: Mapping[str, Agreement],
) -> NeutralCard:  # fmt: skip
    """One screen: where we are, what is open, what has come of it, what you can do now."""
    project = known.project
    after = tuple(p for p in known.catalogue.phases if p.number > project.phase)
    stage = stage_line(project)
    now = _open_now(asked, viewer)
    return card(
        Heading(Words(project.name)),
        progress(known, project.phase),
        Small(text("walk.status.then", names=_names(after))) if after else None,
        Paragraph(stage) if stage is not None else None,
        Facts(_status_rows(walk, viewer, known, asked, agreements, now))
        if project.stage != "draft"
        else None,
        Paragraph(text("walk.status.you_can")),
        *_can_do(walk, project, viewer, now),
    )  # fmt: skip


def _status_rows(
    walk: Walk | None, viewer: Viewer, known: Known, asked: Mapping[str, State],
    agreements: Mapping[str, Agreement], now: State | None,
) -> tuple[tuple[Line, Line], ...]:  # fmt: skip
    project = known.project
    rows: list[tuple[Line, Line]] = []
    if project.open:
        rows.append((text("walk.status.now"), _now_line(now)))
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
            At(next_question_at(project, viewer.at))
            if walk.left()
            else text("walk.status.none_left")
        )
        rows.append((text("walk.status.next_question"), upcoming))
        hour, minute = divmod(project.overview_hour, 60)
        overview = next_weekly(project.calendar, viewer.at, project.overview_weekday, hour, minute)
        rows.append((text("walk.status.next_overview"), At(overview)))
    return tuple(rows)


def _now_line(now: State | None) -> Line:
    match now:
        case None:
            return text("walk.status.nothing_open")
        case Proposed(until=until):
            return text("walk.status.proposal", question=title(now.words), until=At(until))
        case Asked(closed=True):
            return text("walk.status.closed", question=title(now.words))
        case _:
            return title(now.words)


def _open_now(asked: Mapping[str, State], viewer: Viewer) -> State | None:
    """The newest question that waits for something; a trio's own only for the trio."""
    waiting = [
        s
        for s in asked.values()
        if is_open(s)
        or isinstance(s, Proposed)
        or (isinstance(s, Asked) and s.with_trio and viewer.person in s.trio)
    ]
    return max(waiting, key=lambda s: s.asked_at, default=None)


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


def _can_do(
    walk: Walk | None, project: Project, viewer: Viewer, now: State | None
) -> tuple[Part[Line] | None, ...]:
    def look(key: str, view: e.View, ref: str = "", *, main: bool = False) -> Button[Line]:
        return Button(
            text(key), Look(view, project=project.id, ref=ref), "main" if main else "plain"
        )

    runs, leads = viewer.may(*RUNS), viewer.may(*LEADS)
    if project.stage == "draft":
        return (buttons(look("walk.button.draft", "draft", main=True)),)
    if not project.open:
        return (
            buttons(look("walk.button.questions", "questions"),
                    look("walk.button.agreements", "agreements")),
        )  # fmt: skip
    first: list[Button[Line]] = []
    if isinstance(now, Asked):
        if now.with_trio:
            first.append(look("walk.button.see_question", "questions", now.words.id, main=True))
        elif now.closed:
            if runs:
                first.append(look("button.sum_up", "sum_up", now.words.id, main=True))
            first.append(look("walk.button.see_question", "questions", now.words.id))
        else:
            first.append(look("button.answer", "answer", now.words.id, main=True))
            if "has_led" not in viewer.roles and not viewer.may("leader", "deputy"):
                first.append(look("button.answer_unnamed", "answer_unnamed", now.words.id))
    if isinstance(now, Proposed):
        first.append(look("walk.button.see_question", "questions", now.words.id, main=True))
    second = [look("button.say", "say"), look("walk.button.questions", "questions"),
              look("walk.button.agreements", "agreements")]  # fmt: skip
    third: list[Button[Line]] = []
    if runs and project.running:
        if walk is not None and walk.left():
            third.append(Button(text("walk.button.next_now"), e.NextNow(project=project.id)))
        third.append(look("walk.button.plan", "plan"))
    if leads and project.running:
        third.append(look("walk.phase.submit", "phase"))
    if leads and not project.running:
        third.append(Button(text("button.continue"), e.Resumed(project=project.id)))
    return buttons(*first), buttons(*second), buttons(*third)


def _names(phases: tuple[Phase, ...]) -> Line:
    """Their names in running text; commas only, since a name may have an and of its own."""
    return Said(
        ", ".join(lowered(p.name.da) for p in phases),
        ", ".join(lowered(p.name.en) for p in phases),
    )
