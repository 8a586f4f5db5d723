"""Renders the weekly overview: one card, and details for its thread."""

from __future__ import annotations

from datetime import date, datetime

from content.model import Set

from dialogs.advice.states import MEMORY, for_all, memory, next_of, overview_line, suggested
from dialogs.agreement.states import Agreement, overdue, unowned
from dialogs.concern.states import HELPERS
from dialogs.exercise.states import ALL_RUNS, title_of
from dialogs.model.calendar import iso_week, local
from dialogs.model.cards import (
    Button,
    Count,
    Day,
    Heading,
    Kept,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Several,
    Small,
    Text,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, StateOf, States
from dialogs.overview.details import (
    FIRST,
    SHORT,
    WHY,
    answer,
    still_doing,
    still_waits,
    until_when,
    waiting_line,
    words,
    written_again,
)
from dialogs.overview.news import SOON, Overview, waits_before
from dialogs.overview.states import Digest
from dialogs.page.states import PAGE, where_the_page_is
from dialogs.question.states import Concluded, ToMed
from dialogs.walk.states import Walk, next_planned, next_question_at, words_of

BRIEF = 140
ON = (
    "digest.on.monday",
    "digest.on.tuesday",
    "digest.on.wednesday",
    "digest.on.thursday",
    "digest.on.friday",
    "digest.on.saturday",
    "digest.on.sunday",
)


def overview_facts() -> Facts:
    return (
        About(),
        States("question"),
        States("agreement"),
        ALL_RUNS,
        *HELPERS,
        WHY,
        StateOf("walk", "walk"),
        MEMORY,
        PAGE,
    )


def label(known: Known, at: datetime) -> str:
    """Return the name of the ISO week for posts and states: 2026-W48."""
    year, week = iso_week(known.project.calendar, at)
    return f"{year}-W{week:02}"


# --- the card -----------------------------------------------------------------------------


def overview_card(
    known: Known,
    new: Overview,
    at: datetime,
    advice: Line | None,
    *,
    due: datetime | None = None,
    away: date | None = None,
    exercise: Set | None = None,
) -> NeutralCard:
    """Return the overview as of a time, for the week in which it was due."""
    project = known.project
    _, week = iso_week(project.calendar, due or at)
    today = local(project.calendar, at).date()
    return card(
        Heading(text("digest.title", week=Words(str(week)), name=Words(project.name))),
        None if away is None else Paragraph(text("digest.away", day=Day(away))),
        Paragraph(text("digest.news", news=Kept("news", new.news))) if new.news else None,
        *_proposed(new),
        *_reached(new),
        *_exercises(new),
        *_boards(new, today),
        *_agreed(known, new, today),
        *_asked(new),
        *_worried(new),
        *_standing(new, today, project.id),
        *_doing(new, today),
        *_next(known, at),
        None if advice is None else Paragraph(advice),
        None if exercise is None else Paragraph(_fits(exercise)),
        Small(text("digest.only_some")),
        where_the_page_is(known),
        buttons(
            Button(text("button.say"), Look("say", project=project.id), "main"),
            Button(text("button.where_are_we"), Look("status", project=project.id)),
            None
            if exercise is None
            else Button(
                text("digest.see_exercise"),
                Look("exercises", project=project.id, words=exercise.id),
            ),
        ),
    )


def fits_now(known: Known, state: Digest, at: datetime) -> Set | None:
    """Return the exercise that this overview reminds the team of. The news of a phase names those
    that fit it, so they count as a reminder too."""
    walk = known.state("walk", "walk", Walk)
    entered = {} if walk is None or not walk.phases else {"": walk.phases[-1][1]}
    return suggested(known, at, {**state.suggested, **entered})


def _fits(exercise: Set) -> Line:
    assert exercise.guide is not None
    gives = exercise.guide.gives
    return text(
        "digest.exercise_fits",
        title=Said(exercise.title.da, exercise.title.en),
        gives=Said(gives.da, gives.en),
    )


def _proposed(new: Overview) -> list[Part[Line]]:
    """Return the proposals, and until when an objection is possible."""
    parts: list[Part[Line]] = []
    for one in new.proposed[:FIRST]:
        key = "digest.proposed_to_med" if one.outcome == "med" else "digest.proposed"
        parts.append(Paragraph(text(key, text=Kept("conclusion", one.conclusion, cut=SHORT))))
        parts.append(until_when(one))
    if len(new.proposed) > FIRST:
        parts.append(Small(text("digest.rest")))
    return parts


def _reached(new: Overview) -> list[Paragraph[Line]]:
    lines = []
    held = [one for one in new.concluded if isinstance(one, Concluded)]
    sent = [one for one in new.concluded if isinstance(one, ToMed)]
    for key, some in (("digest.reached", held), ("digest.to_med", sent)):
        if some:
            first = text(key, text=Kept("conclusion", some[0].conclusion, cut=SHORT))
            lines.append(Paragraph(_and_rest(first, len(some) - 1)))
    return lines


def _exercises(new: Overview) -> list[Paragraph[Line]]:
    """Return the exercises that have begun, which anybody can join, and what others arrived at."""
    lines: list[Paragraph[Line]] = []
    for run in new.exercises[:FIRST]:
        if run.status == "done":
            arrived = Kept("exercise_end", run.result, cut=SHORT)
            lines.append(Paragraph(text("digest.exercise", title=title_of(run), text=arrived)))
        else:
            lines.append(Paragraph(text("digest.exercise_runs", title=title_of(run))))
    return lines


def _boards(new: Overview, today: date) -> list[Paragraph[Line]]:
    """Return the newest answer on each standing board, and what has none."""
    lines: list[Paragraph[Line]] = []
    for run in new.boards[:FIRST]:
        said: list[Line] = []
        if run.id in new.replied:
            last = run.answers[-1]
            said.append(
                text(
                    f"exercise.answer_{last.how}", text=Kept("note_answer", last.record, cut=SHORT)
                )
            )
        if waits := waits_before(run, today):
            said.append(text("exercise.waits", n=Count(len(waits)), day=Day(min(waits))))
        lines.append(
            Paragraph(text("digest.board", title=title_of(run), said=Several(tuple(said))))
        )
    return lines


def _and_rest(first: Text, rest: int) -> Line:
    return Several((first, text("digest.rest"))) if rest else first


def _agreed(known: Known, new: Overview, today: date) -> list[Paragraph[Line]]:
    """Return the status of agreements; done ones only in the week after they were done."""
    everything = known.states("agreement", Agreement).values()
    taken = [one for one in everything if one.status == "taken"]
    late = [one for one in taken if overdue(one, today)]
    coming = [one.due for one in taken if one.due is not None and one.due >= today]
    lines: list[Line] = []
    if done := sum(one.status == "done" for one in new.agreements):
        lines.append(text("digest.done", n=Count(done)))
    if left := sum(one.status == "not_done" for one in new.agreements):
        lines.append(text("digest.not_done", n=Count(left)))
    if coming:
        next_day = min(coming)
        lines.append(text("digest.due", n=Count(coming.count(next_day)), day=Day(next_day)))
    if late:
        lines.append(text("digest.overdue", n=Count(len(late))))
    if free := sum(unowned(one) for one in everything):
        lines.append(text("digest.free", n=Count(free)))
    return [Paragraph(text("digest.agreements", list=Several(tuple(lines))))] if lines else []


def _asked(new: Overview) -> list[Paragraph[Line]]:
    if not new.asked:
        return []
    first = new.asked[0]
    said: list[Line] = [words(first, SHORT)]
    if first.answers:
        said.append(answer(first.answers[-1], SHORT))
    if first.went:
        said.append(text(f"digest.went_{first.went}"))
    if not first.answers or written_again(first):
        said.append(waiting_line(first))
    if len(new.asked) > 1:
        said.append(text("digest.rest"))
    return [Paragraph(text("digest.asked", list=Several(tuple(said))))]


def _worried(new: Overview) -> list[Paragraph[Line]]:
    """Return the news of concerns without numbers, which nobody may know."""
    if not new.concerns:
        return []
    answered = any(one.answers for one in new.concerns)
    if not new.came:
        return [Paragraph(text("digest.concerns_again"))]
    return [Paragraph(text("digest.concerns_answered" if answered else "digest.concerns"))]


def _standing(new: Overview, today: date, project: str) -> list[Part[Line] | None]:
    """Return the first few waiting texts; all of them are in the thread. No number is shown."""
    if not new.standing:
        return []
    parts: list[Part[Line] | None] = [Paragraph(text("digest.standing"))]
    for one in new.standing[:FIRST]:
        parts += still_waits(one, BRIEF, today)
    if len(new.standing) > FIRST:
        parts.append(Small(text("digest.rest")))
    read: Button[Line] = Button(text("concern.see"), Look("concerns", project=project))
    return [*parts, buttons(read)]


def _doing(new: Overview, today: date) -> list[Part[Line]]:
    if not new.doing:
        return []
    parts: list[Part[Line]] = [Paragraph(text("digest.doing"))]
    for one in new.doing[:FIRST]:
        parts += still_doing(one, BRIEF, today)
    if len(new.doing) > FIRST:
        parts.append(Small(text("digest.rest")))
    return parts


def _next(known: Known, at: datetime) -> list[Paragraph[Line]]:
    walk = known.state("walk", "walk", Walk)
    planned = None if walk is None else next_planned(walk, known)
    if walk is None or planned is None or not known.project.running:
        return []
    due = next_question_at(known.project, at)
    day = local(known.project.calendar, due).date()
    words = words_of(planned, known)
    if (day - local(known.project.calendar, at).date()).days <= SOON:
        said = text(ON[day.weekday()], question=words)
    else:
        said = text("digest.next", day=Day(day), question=words)
    trio = known.holders("leader", "tr", "amr") if walk.goes_to_trio(planned) else ()
    if not trio:
        return [Paragraph(said)]
    first = text("digest.trio_first", who=Listing(tuple(Who(p) for p in trio)))
    return [Paragraph(Several((said, first)))]


# --- a piece of advice, a pitfall or a story ----------------------------------------------


def advice(known: Known) -> tuple[Line | None, tuple[str, ...]]:
    """Return advice that suits the phase, and its id to remember it."""
    id = next_of(for_all(known), memory(known).seen)
    return (None, ()) if id is None else (overview_line(known.catalogue, id), (id,))
