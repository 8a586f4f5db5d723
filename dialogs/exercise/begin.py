"""*Begynd*: an exercise is begun: who leads it, and whether it is held on paper."""

from __future__ import annotations

from datetime import datetime

from content.model import ExerciseGuide, Set
from msgspec.structs import replace

from dialogs.exercise.cards import lead_button, lead_card
from dialogs.exercise.few import held_on_paper
from dialogs.exercise.rounds import enter
from dialogs.exercise.states import ExerciseRun, every_run, in_the_way, steps_of, title_of
from dialogs.exercise.survey import previewed, too_soon, too_soon_line
from dialogs.exercise.workshop import begins_inner, day_faults, day_timer, fitting_length
from dialogs.model import events as e
from dialogs.model.cards import Paragraph, Who, buttons, card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import Effect, Effects, FieldError, Post, Privately, Show, Tell
from dialogs.model.facts import Known, Role, Roles
from dialogs.model.roles import refused


def begun(event: e.ExerciseBegun, known: Known) -> Step:
    found = known.catalogue.sets.get(event.exercise)
    if found is None or found.guide is None:
        return None, _not_begun(event, FieldError("", text("reading.gone")))
    fault = _fault(event, found, found.guide, known)
    if fault is not None:
        return None, _not_begun(event, fault)
    run = _run(event, found, found.guide, known)
    sets = {step.of or run.exercise for step in steps_of(run) if step.does == "survey"}
    if (asked := too_soon(known, sets, event.at)) is not None:
        return None, _not_begun(event, FieldError("", too_soon_line(asked)))
    run, previews = surveys_shown_first(run, event.at, known)
    run, opened = enter(run, event.at, known)
    day = day_timer(run, event.at, known) if run.day is not None else ()
    inner = begins_inner(run)
    shown = (*_asks_to_lead(run, event), *(() if inner else (_begun_card(run, known),)))
    return run, (*opened, *previews, *day, Post("post"), *inner, *shown)


def _fault(
    event: e.ExerciseBegun, found: Set, guide: ExerciseGuide, known: Known
) -> FieldError | None:
    if not known.project.running:
        return FieldError("", text("exercise.not_running"))
    other = in_the_way(known, found.id, standing=guide.standing)
    if other is not None and other.id != event.within:
        key = "exercise.stands_already" if guide.standing else "exercise.one_at_a_time"
        return FieldError("", text(key, title=title_of(other)))
    roles: tuple[Role, ...] = known(Roles())
    if (event.lead or event.by) in refused(known.project, roles):
        return FieldError("lead", text("exercise.leader_cannot_lead"))
    if found.mechanic == "workshop":
        return next(iter(day_faults(event.day, event.start, event.at, known)), None)
    return None


def _not_begun(event: e.ExerciseBegun, fault: FieldError) -> Effects:
    """Refuse the form; or leave out a step of a workshop, whose agenda goes on."""
    if not event.within:
        return (fault,)
    left_out = card(Paragraph(text("workshop.left_out", why=fault.text)))
    return (Show(left_out), Tell(e.InnerMoved(run=event.within, inner="", over=True)))


def _run(event: e.ExerciseBegun, found: Set, guide: ExerciseGuide, known: Known) -> ExerciseRun:
    if event.after:
        guide = replace(guide, steps=guide.after, after=())
    within = next((one for one in every_run(known) if one.id == event.within), None)
    workshop = found.mechanic == "workshop"
    return ExerciseRun(
        id=event.id,
        exercise=found.id,
        title_da=found.title.da,
        title_en=found.title.en,
        guide=guide,
        place="days" if guide.standing else event.place,
        minutes=_length_of(event, guide),
        led_by=event.lead or event.by,
        begun_by=event.by,
        begun_at=event.at,
        step_at=event.at,
        on_paper=held_on_paper(guide, known),
        after=event.after,
        within=event.within,
        opens_at=within.seen_from if within is not None else None,
        workshop=workshop,
        day=event.day if workshop else None,
        start=event.start if workshop else None,
    )


def _length_of(event: e.ExerciseBegun, guide: ExerciseGuide) -> str:
    if event.within:
        at_once = tuple(n for n in guide.lengths if str(n) not in guide.meetings)
        return fitting_length(event.minutes, at_once or guide.lengths)
    lengths = tuple(str(n) for n in guide.lengths)
    return event.minutes if event.minutes in lengths or not lengths else lengths[-1]


def surveys_shown_first(
    run: ExerciseRun, at: datetime, known: Known
) -> tuple[ExerciseRun, Effects]:
    """Show the surveys that are steps of a workshop to TR and AMR when it is begun, so that nobody
    waits for them on the day."""
    letters: list[Effect] = []
    seen_from = run.seen_from
    for step in run.guide.steps:
        inner = known.catalogue.sets.get(step.of) if step.does == "exercise" else None
        for asks in inner.guide.steps if inner is not None and inner.guide is not None else ():
            if asks.does != "survey":
                continue
            asked = replace(asks, id=f"{step.id}.{asks.id}", of=asks.of or step.of)
            shown = previewed(run, asked, at, known)
            if shown is not None:
                seen_from = shown[0].opens_at
                letters += [one for one in shown[1] if isinstance(one, Privately)]
    return replace(run, seen_from=seen_from), tuple(letters)


def _asks_to_lead(run: ExerciseRun, event: e.ExerciseBegun) -> Effects:
    if run.led_by == event.by or run.within:
        return ()
    asked = text("exercise.asked_to_lead", who=Who(event.by), title=title_of(run))
    said = card(Paragraph(asked), buttons(lead_button(run, event.project)))
    return (Privately(run.led_by, said, soon=True, once=f"exercise:{run.id}"),)


def _begun_card(run: ExerciseRun, known: Known) -> Show:
    key = "exercise.begun_on_paper" if run.on_paper else "exercise.begun"
    return Show(lead_card(run, known.project.id, text(key, title=title_of(run))))
