"""A survey in an exercise: shown to the representatives first, answered once, counted at closing.

survey_results.py decides what may be shown.
"""

from __future__ import annotations

from datetime import datetime

from content.model import ExerciseStep, Item
from msgspec.structs import replace

from dialogs.exercise import survey_results as results
from dialogs.exercise.progress import step_of_round
from dialogs.exercise.short_rounds import counts_of
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRound,
    ExerciseRun,
    SurveyDone,
    every_run,
    fact_of,
    open_round,
    run_of,
    title_of,
)
from dialogs.exercise.survey_results import Ballot, WordChange
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import add_working_days, at_local, local
from dialogs.model.cards import Field, Form, Line, Note, Option, Paragraph, Part, Said, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import (
    Effect,
    FieldError,
    Mark,
    Open,
    Pooled,
    PoolEntry,
    Privately,
    Show,
    Timer,
    Unpool,
)
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Roles, Team, Viewer, Waiting
from dialogs.model.pictures import Chart
from dialogs.model.roles import writers
from dialogs.question.states import what_is_kept

OPENS_AT = 9


def set_of(run: ExerciseRun, step: ExerciseStep) -> str:
    return step.of or run.exercise


def statements(known: Known, id: str) -> tuple[Item, ...]:
    found = known.catalogue.sets.get(id)
    return () if found is None else found.items


# --- opening ------------------------------------------------------------------------------


def too_soon(known: Known, sets: set[str], at: datetime) -> SurveyDone | None:
    """Return the survey of these statements whose result was shown less than eight weeks ago.
    Needs `ALL_RUNS`."""
    today = local(known.project.calendar, at).date()
    for run in every_run(known):
        for done in run.surveys:
            shown = done.count is not None
            if shown and done.of in sets and today < results.may_repeat_from(done.closed_on):
                return done
    return None


def too_soon_line(done: SurveyDone) -> Line:
    return text("survey.too_soon", day=c.Day(results.may_repeat_from(done.closed_on), year=True))


def may_open(run: ExerciseRun, step: ExerciseStep, at: datetime, known: Known) -> bool:
    enough = results.offered(len(writers(known)))
    return enough and too_soon(known, {set_of(run, step)}, at) is None


def previewed(
    run: ExerciseRun, step: ExerciseStep, at: datetime, known: Known
) -> tuple[ExerciseRun, tuple[Effect, ...]] | None:
    """Show the statements to TR and AMR one working day before the survey opens; None where there
    is neither, or where they have had that day."""
    if run.opens_at is not None and at >= run.opens_at:
        return None
    first = known.holders("tr", "amr")
    if not first:
        return None
    calendar = known.project.calendar
    day = add_working_days(calendar, local(calendar, at).date(), 1)
    opens = at_local(calendar, day, OPENS_AT)
    said = _preview_card(run, step, known, c.Moment(opens))
    told = (
        Privately(person, said, soon=True, once=f"survey:{run.id}:{step.id}:{person}")
        for person in sorted(first)
    )
    return replace(run, opens_at=opens), (*told, Timer("opens", opens))


def _preview_card(
    run: ExerciseRun, step: ExerciseStep, known: Known, when: c.Moment
) -> c.NeutralCard:
    items = statements(known, set_of(run, step))
    listed: tuple[Line, ...] = tuple(results.statement_line(item) for item in items)
    return c.card(
        Paragraph(text("survey.preview", title=title_of(run), when=when)),
        c.Bullets(listed),
        c.Small(text("survey.preview_why")),
    )


# --- answering ----------------------------------------------------------------------------


def answer_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Team(), fact_of(look.ref))


def answer_survey(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Svar på rundspørgen*: all statements in one form."""
    run = run_of(known, look.ref)
    found = open_round(run) if run is not None else None
    if run is None:
        return _said(text("exercise.gone"))
    if found is None or step_of_round(run, found).does != "survey":
        return _said(text("exercise.round_closed", title=title_of(run)))
    if viewer.may("has_led"):
        return _said(text("survey.leader_does_not_answer"))
    if not viewer.may("writer", "card"):
        return _said(text("gate.not_yours"))
    step = step_of_round(run, found)
    kept, chat = what_is_kept(known.operator), c.Chat()
    before = text("survey.before", kept=kept, chat=chat)
    if viewer.may("card"):
        before = text("survey.before_card", kept=kept)
    fields: tuple[Field[Line], ...] = (
        Note(before),
        Note(Said(step.text.da, step.text.en)),
        *_statement_fields(run, step, known),
    )
    fixed = {"run": run.id, "project": known.project.id, "round": found.id}
    send = text("button.send")
    return (Open(Form(text("survey.answer"), fields, send, "survey_answered", fixed)),)


def _said(line: Line) -> Responses:
    return (Show(c.card(Paragraph(line))),)


def _statement_fields(
    run: ExerciseRun, step: ExerciseStep, known: Known
) -> tuple[Field[Line], ...]:
    """Return a choice for each statement, with a heading above those that belong together."""
    options = tuple(Option[Line](p.id, Said(p.name.da, p.name.en)) for p in run.guide.scale)
    fields: list[Field[Line]] = []
    group = ""
    for item in statements(known, set_of(run, step)):
        heading = _heading(item, known)
        if item.kind != group and heading is not None:
            fields.append(Note(heading))
        group = item.kind
        hint = Said(item.text.da, item.text.en) if item.name is not None else None
        fields.append(
            c.Choice(f"answers.{item.id}", results.statement_line(item), options, hint=hint)
        )
    return tuple(fields)


def _heading(item: Item, known: Known) -> Line | None:
    """Return the name of what a group of statements refers to, such as a recommendation."""
    for ref in item.refs if item.kind else ():
        of, _, id = ref.partition("/")
        found = next((one for one in statements(known, of) if one.id == id), None)
        if found is not None:
            return text("survey.group", name=results.statement_line(found))
    return None


def answered(
    run: ExerciseRun, round: ExerciseRound, event: e.SurveyAnswered, known: Known
) -> tuple[tuple[Pooled, ...], Responses]:
    points = {point.id for point in run.guide.scale}
    ids = [item.id for item in statements(known, set_of(run, step_of_round(run, round)))]
    answers = {id: event.answers.get(id, "") for id in ids}
    missing = next((id for id, point in answers.items() if point not in points), None)
    if missing is not None:
        return (), (FieldError(f"answers.{missing}", text("gate.field_choose")),)
    undo = e.SendingUndone(project=event.project, run=event.run, round=event.round)
    said = c.card(
        Paragraph(text("survey.received")),
        c.buttons(c.Button(text("exercise.undo"), undo)),
    )
    ballot = PoolEntry("ballot", round.id, {"answers": answers})
    return (ballot, Mark(round.id, once=True)), (Show(said),)


# --- closing ------------------------------------------------------------------------------


def counted(
    run: ExerciseRun, round: ExerciseRound, waiting: tuple[Waiting, ...], at: datetime, known: Known
) -> tuple[ExerciseRun, tuple[Effect, ...], bool]:
    """Count the ballots and forget them. Whether the result is shown is the last value."""
    step = step_of_round(run, round)
    of = set_of(run, step)
    found = [one for one in waiting if one.kind == "ballot" and one.ref == round.id]
    ballots = tuple(Ballot(one.new_id, one.body["answers"]) for one in found)
    ids = tuple(item.id for item in statements(known, of))
    count = None
    if at >= round.earliest:
        cards = counts_of(waiting, round.id).cards
        count = results.count(ballots, ids, run.guide.scale, cards)
    team = tuple(sorted(writers(known)))
    done = SurveyDone(
        round=round.id,
        of=of,
        closed_on=local(known.project.calendar, at).date(),
        count=count,
        team=team,
    )
    after = replace(run, surveys=(*run.surveys, done))
    gone: tuple[Effect, ...] = (Unpool(tuple(one.entry for one in found)),) if found else ()
    return after, gone, count is not None


# --- reading ------------------------------------------------------------------------------


def answers_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), ALL_RUNS)


def answers(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Se svarene*: the results of a run, and what has changed since the survey before."""
    run = next((one for one in every_run(known) if one.id == look.ref), None)
    if run is None:
        return _said(text("exercise.gone"))
    if not run.surveys:
        return _said(text("survey.not_closed", title=title_of(run)))
    parts = tuple(part for done in run.surveys for part in result_of(run, done, known))
    return (Show(c.card(c.Heading(title_of(run)), *parts)),)


def survey_card(run: ExerciseRun, done: SurveyDone, known: Known) -> c.NeutralCard:
    """Return what is said when a survey was closed."""
    return c.card(
        Paragraph(text("survey.is_closed", title=title_of(run))),
        *result_of(run, done, known),
    )


def result_of(run: ExerciseRun, done: SurveyDone, known: Known) -> tuple[Part[Line], ...]:
    """Return the result of one survey. Needs `ALL_RUNS`."""
    if done.count is None:
        return results.too_few()
    items, scale = statements(known, done.of), run.guide.scale
    parts = results.result_parts(done.count, items, scale, _chart(run, done, known))
    changes = changed_since(done, known)
    if changes is None:
        return parts
    return (*parts, *results.comparison_parts(changes, items, scale))


def changed_since(done: SurveyDone, known: Known) -> tuple[WordChange, ...] | None:
    """Compare a survey with the one before it, if both can be. Needs `ALL_RUNS`."""
    before = _before(done, known)
    if before is None or before.count is None or done.count is None:
        return None
    moved = len(set(before.team) ^ set(done.team))
    return results.then_and_now(before.count, done.count, moved)


def _chart(run: ExerciseRun, done: SurveyDone, known: Known) -> Chart[Line] | None:
    """Return the picture of a result. What only the trio sees has no address: whoever has the
    address of one picture of a project could fetch the others."""
    if done.count is None:
        return None
    drawn = results.chart(done.count, statements(known, done.of), run.guide.scale)
    if drawn is None or run.guide.audience != "team":
        return drawn
    return replace(drawn, link=known.project.picture, of=done.round)


def chart_of(round: str, known: Known) -> Chart[Line] | None:
    """Return the picture of the result of a round that the whole team may see. Needs `ALL_RUNS`."""
    for run in every_run(known):
        for done in run.surveys:
            if done.round == round and run.guide.audience == "team":
                return _chart(run, done, known)
    return None


def _before(done: SurveyDone, known: Known) -> SurveyDone | None:
    """Return the latest survey of the same statements before this one that has a result."""
    every = [one for run in every_run(known) for one in run.surveys]
    earlier = [
        one
        for one in every
        if one.of == done.of and one.count is not None and one.closed_on < done.closed_on
    ]
    return max(earlier, key=lambda one: one.closed_on, default=None)


def state_line(run: ExerciseRun, step: ExerciseStep) -> Line | None:
    """Say why a survey cannot be answered now, where it is the current step and has no round."""
    if any(one.step == step.id for one in run.rounds):
        return None
    if run.opens_at is not None:
        return text("survey.opens", when=c.Moment(run.opens_at))
    return text("survey.not_offered")
