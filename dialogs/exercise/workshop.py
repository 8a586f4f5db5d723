"""A workshop: its day, what is prepared before it, and the exercises that are its points.

An exercise that is a point of the agenda is a run of its own, begun by the workshop, led by whoever
leads the workshop, and paused and dropped with it. When it is over, the agenda goes on.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from content.model import Preparation
from msgspec.structs import replace

from dialogs.agreement.states import Agreement, as_listed
from dialogs.exercise.parts import InnerRun, PreparedPart
from dialogs.exercise.progress import inner_now, minutes_of
from dialogs.exercise.states import (
    ExerciseRun,
    current_step,
    every_run,
    is_over,
    run_of,
    steps_of,
    title_of,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.appointments import Appointment
from dialogs.model.calendar import at_local, local
from dialogs.model.cards import Button, Line, Part, Said, text
from dialogs.model.conversation import LookResults, Step
from dialogs.model.effects import (
    Cancel,
    Effects,
    FieldError,
    Hand,
    Redraw,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known, Viewer

REMINDS_AT = 8 * 60
LONGEST_TASK = 200
OTHER = "other"


# --- its day ------------------------------------------------------------------------------


def day_faults(
    day: date | None, start: int | None, at: datetime, known: Known
) -> tuple[FieldError, ...]:
    if day is None:
        if start is None:
            return ()
        return (FieldError("day", text("workshop.no_day")),)
    if day < local(known.project.calendar, at).date():
        return (FieldError("day", text("download.past")),)
    return ()


def day_timer(run: ExerciseRun, at: datetime, known: Known) -> Effects:
    """Remind the channel on the morning of the day."""
    if run.day is None:
        return (Cancel("day"),)
    first = min(REMINDS_AT, run.start) if run.start is not None else REMINDS_AT
    when = at_local(known.project.calendar, run.day, *divmod(first, 60))
    return (Timer("day", when),) if when > at else (Cancel("day"),)


def day_line(run: ExerciseRun) -> Line | None:
    if run.day is None:
        return None
    day = c.Day(run.day)
    if run.start is None:
        return text("workshop.on", day=day)
    return text("workshop.on_at", day=day, hour=c.Hour(run.start))


def day_moved(run: ExerciseRun, event: e.WorkshopDayMoved, known: Known) -> Step:
    if is_over(run):
        return run, (FieldError("", text("exercise.is_over_short")),)
    faults = day_faults(event.day, event.start, event.at, known)
    if faults:
        return run, faults
    moved = run.moved + (event.day != run.day or event.start != run.start)
    after = replace(run, day=event.day, start=event.start, moved=moved)
    line = day_line(after)
    said = text("workshop.day_gone") if line is None else text("workshop.day_is", when=line)
    shown = c.card(c.Paragraph(said), c.buttons(calendar_button(after, event.project)))
    return after, (*day_timer(after, event.at, known), Redraw("post"), Show(shown))


def calendar_button(run: ExerciseRun, project: str) -> Button[Line] | None:
    if run.day is None or is_over(run):
        return None
    return Button(
        text("button.calendar"), e.FileWanted(project=project, view="workshop_file", ref=run.id)
    )


def day_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the day of a workshop as an appointment."""
    run, project = run_of(known, look.ref), known.project
    if run is None or run.day is None:
        return (Show(c.card(c.Paragraph(text("workshop.no_day_yet")))),)
    ends = ends_line(run)
    about = text("workshop.calendar_about", name=c.Words(project.name))
    note = about if ends is None else text("workshop.calendar_note", about=about, ends=ends)
    return (
        Hand(
            Appointment(
                uid=f"exercise-{project.id}-{run.id}",
                title=title_of(run),
                note=note,
                slug=text("workshop.calendar_slug"),
                day=run.day,
                at=run.start,
                minutes=int(run.minutes),
                changed=run.moved,
                zone=project.calendar.zone,
            )
        ),
    )


def ends_line(run: ExerciseRun) -> Line | None:
    """Say what the workshop is to end in."""
    found = run.guide.ends_in
    return None if found is None else text("workshop.ends_in", what=Said(found.da, found.en))


def ends_parts(run: ExerciseRun) -> tuple[Part[Line], ...]:
    line = ends_line(run)
    return () if line is None else (c.Small(line),)


# --- the exercises in it --------------------------------------------------------------------


def begins_inner(run: ExerciseRun) -> Effects:
    """Begin the exercise that the current point of the agenda is."""
    step = current_step(run)
    if step.does != "exercise" or any(one.step == step.id for one in run.inner):
        return ()
    begun = e.ExerciseBegun(
        exercise=step.of,
        place="days" if run.place == "days" else "meeting",
        minutes=str(minutes_of(run, step)),
        lead=run.led_by,
        within=run.id,
    )
    return (Tell(begun),)


def fitting_length(wanted: str, lengths: tuple[int, ...]) -> str:
    """Return the longest length of an exercise that there is time for, or its shortest."""
    minutes = int(wanted) if wanted.isdigit() else 0
    fitting = [one for one in lengths if one <= minutes]
    return str(max(fitting, default=min(lengths, default=0)))


def inner_moved(run: ExerciseRun, event: e.InnerMoved) -> tuple[ExerciseRun, bool]:
    """Keep what has become of an inner exercise, and return whether the agenda goes on now. Each
    change counts as one, so that a screen which shows the workshop is drawn anew."""
    step = current_step(run)
    known = any(one.run == event.inner and event.inner for one in run.inner)
    if known:
        was_over = any(one.run == event.inner and one.over for one in run.inner)
        inner = tuple(
            replace(one, over=event.over) if one.run == event.inner else one for one in run.inner
        )
    else:
        was_over = False
        inner = (*run.inner, InnerRun(step.id, event.inner, event.over))
    after = replace(run, inner=inner, written=run.written + 1)
    return after, event.over and not was_over and run.status == "running"


def inner_parts(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    """Return what came of the exercises in it, which is theirs and the workshop's. Needs
    `ALL_RUNS`."""
    parts: list[Part[Line]] = []
    for inner in inner_runs(run, known):
        if inner.status != "done":
            continue
        parts.append(c.Paragraph(text("workshop.came_of", title=title_of(inner))))
        parts.append(c.Quote(c.Kept("exercise_end", inner.result)))
    return tuple(parts)


def inner_runs(run: ExerciseRun, known: Known) -> tuple[ExerciseRun, ...]:
    """Return the exercises in a workshop, in order. Needs `ALL_RUNS` if there are any."""
    if not run.inner:
        return ()
    every = {one.id: one for one in every_run(known)}
    return tuple(every[one.run] for one in run.inner if one.run in every)


def inner_line(run: ExerciseRun) -> Line | None:
    """Say which exercise is under way now."""
    now = inner_now(run)
    step = next((s for s in steps_of(run) if now is not None and s.id == now.step), None)
    if step is None:
        return None
    return text("workshop.inner_now", name=Said(step.name.da, step.name.en))


# --- prepared before it ---------------------------------------------------------------------


def prepares_now(run: ExerciseRun) -> bool:
    return run.status == "running" and current_step(run).does == "prepare"


def left_to_share(run: ExerciseRun) -> tuple[Preparation, ...]:
    shared = {one.item for one in run.prepared}
    return tuple(one for one in run.guide.prepare if one.id not in shared)


def prepare_parts(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    """Return what is prepared, by whom and by when, and what nobody has taken yet. Needs
    `States("agreement")`."""
    made = known.states("agreement", Agreement)
    lines: list[Line] = [
        as_listed(made[one.agreement]) for one in run.prepared if one.agreement in made
    ]
    if not is_over(run):
        lines += [
            text("workshop.nobody_yet", what=Said(one.name.da, one.name.en))
            for one in left_to_share(run)
        ]
    if not lines:
        return ()
    return c.Paragraph(text("workshop.prepared")), c.Bullets(tuple(lines))


def prepared(run: ExerciseRun, event: e.PreparationShared, known: Known) -> Step:
    if is_over(run):
        return run, (FieldError("", text("exercise.is_over_short")),)
    if event.item != OTHER and event.item not in {one.id for one in left_to_share(run)}:
        return run, (FieldError("", text("workshop.shared_already")),)
    today = local(known.project.calendar, event.at).date()
    if event.due is not None and event.due < today:
        return run, (FieldError("due", text("question.when_past")),)
    if event.due is not None and run.day is not None and event.due > run.day:
        return run, (FieldError("due", text("workshop.after_the_day")),)
    offered = e.Offered(
        agreement=event.id, what=event.what, owner=event.who, due=event.due, question=run.id
    )
    part = PreparedPart(event.item, event.id)
    after = replace(run, prepared=(*run.prepared, part))
    more = left_to_share(after)
    look = Look("prepare", project=event.project, ref=run.id)
    said = c.card(
        c.Paragraph(text("workshop.shared", who=c.Who(event.who))),
        c.buttons(Button[Line](text("workshop.share"), look, "main") if more else None),
    )
    return after, (Tell(offered), Redraw("post"), Show(said))


def due_before(run: ExerciseRun, one: Preparation, today: date) -> date | None:
    """Return by when something is to be ready, if the day of the workshop is known."""
    if run.day is None:
        return None
    return max(run.day - timedelta(days=one.days), today)


# --- the agenda -----------------------------------------------------------------------------


def agenda_lines(run: ExerciseRun) -> tuple[Line, ...]:
    """Return the points of the agenda, each with its time of day if it is known when it begins."""
    clock = run.start
    lines: list[Line] = []
    for number, step in enumerate(steps_of(run)):
        minutes = minutes_of(run, step)
        name: Line = Said(step.name.da, step.name.en)
        if number == run.step and not is_over(run):
            name = text("workshop.here", name=name)
        if not minutes:
            lines.append(name)
        elif clock is None:
            lines.append(text("workshop.point", name=name, n=c.Count(minutes)))
        else:
            hour = c.Hour(clock % (24 * 60))
            lines.append(text("workshop.point_at", hour=hour, name=name, n=c.Count(minutes)))
            clock += minutes
    return tuple(lines)
