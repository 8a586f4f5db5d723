"""*Begynd*: an exercise is begun: who leads it, and whether it is held on paper."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.exercise.cards import lead_button, lead_card
from dialogs.exercise.rounds import enter
from dialogs.exercise.states import ExerciseRun, in_the_way, steps_of, title_of
from dialogs.exercise.survey import too_soon, too_soon_line
from dialogs.model import events as e
from dialogs.model.cards import Paragraph, Who, buttons, card, text
from dialogs.model.conversation import Step
from dialogs.model.effects import Effects, FieldError, Post, Privately, Show
from dialogs.model.facts import Known, Role, Roles
from dialogs.model.roles import refused, writers

ENOUGH_FOR_A_ROUND = 5


def begun(event: e.ExerciseBegun, known: Known) -> Step:
    found = known.catalogue.sets.get(event.exercise)
    if found is None or found.guide is None:
        return None, (FieldError("", text("reading.gone")),)
    if not known.project.running:
        return None, (FieldError("", text("exercise.not_running")),)
    other = in_the_way(known, found.id, standing=found.guide.standing)
    if other is not None:
        key = "exercise.stands_already" if found.guide.standing else "exercise.one_at_a_time"
        return None, (FieldError("", text(key, title=title_of(other))),)
    lead = event.lead or event.by
    roles: tuple[Role, ...] = known(Roles())
    if lead in refused(known.project, roles):
        return None, (FieldError("lead", text("exercise.leader_cannot_lead")),)
    guide = found.guide
    if event.after:
        guide = replace(guide, steps=guide.after, after=())
    lengths = tuple(str(n) for n in guide.lengths)
    run = ExerciseRun(
        id=event.id,
        exercise=found.id,
        title_da=found.title.da,
        title_en=found.title.en,
        guide=guide,
        place="days" if guide.standing else event.place,
        minutes=event.minutes if event.minutes in lengths or not lengths else lengths[-1],
        led_by=lead,
        begun_by=event.by,
        begun_at=event.at,
        step_at=event.at,
        on_paper=len(writers(known)) < ENOUGH_FOR_A_ROUND,
        after=event.after,
    )
    sets = {step.of or run.exercise for step in steps_of(run) if step.does == "survey"}
    if (asked := too_soon(known, sets, event.at)) is not None:
        return None, (FieldError("", too_soon_line(asked)),)
    run, opened = enter(run, event.at, known)
    return run, (*opened, Post("post"), *_asks_to_lead(run, event), _begun_card(run, known))


def _asks_to_lead(run: ExerciseRun, event: e.ExerciseBegun) -> Effects:
    if run.led_by == event.by:
        return ()
    asked = text("exercise.asked_to_lead", who=Who(event.by), title=title_of(run))
    said = card(Paragraph(asked), buttons(lead_button(run, event.project)))
    return (Privately(run.led_by, said, soon=True, once=f"exercise:{run.id}"),)


def _begun_card(run: ExerciseRun, known: Known) -> Show:
    key = "exercise.begun_on_paper" if run.on_paper else "exercise.begun"
    return Show(lead_card(run, known.project.id, text(key, title=title_of(run))))
