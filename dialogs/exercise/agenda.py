"""The looks of a workshop: its agenda, and the forms of its day and of what is prepared."""

from __future__ import annotations

from datetime import date

from content.model import Preparation

from dialogs.agreement.states import agreed_parts
from dialogs.exercise.begin_form import day_fields
from dialogs.exercise.cards import lead_button, may_lead
from dialogs.exercise.forms import not_leading
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRun,
    agreements_of,
    every_run,
    fact_of,
    is_over,
    run_of,
    title_of,
    written_button,
)
from dialogs.exercise.workshop import (
    LONGEST_TASK,
    OTHER,
    agenda_lines,
    calendar_button,
    day_line,
    due_before,
    ends_parts,
    inner_parts,
    inner_runs,
    left_to_share,
    prepare_parts,
)
from dialogs.model import cards as c
from dialogs.model.calendar import local
from dialogs.model.cards import Button, Field, Form, Line, Note, Said, TextField, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Open, Say, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, States, Viewer


def agenda_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), ALL_RUNS, States("agreement"))


def agenda(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Se dagsordenen*."""
    run = next((one for one in every_run(known) if one.id == look.ref), None)
    if run is None:
        return (Show(c.card(c.Paragraph(text("exercise.gone")))),)
    when = day_line(run)
    return (
        Show(
            c.card(
                c.Heading(text("workshop.agenda_of", title=title_of(run))),
                c.Paragraph(when) if when is not None else None,
                *ends_parts(run),
                c.Bullets(agenda_lines(run), numbered=True),
                *prepare_parts(run, known),
                *inner_parts(run, known),
                *agreed_parts(agreements_of(run, known)),
                c.buttons(*_agenda_buttons(run, known)),
            )
        ),
    )


def _agenda_buttons(run: ExerciseRun, known: Known) -> tuple[Button[Line] | None, ...]:
    project = known.project.id
    own = any(step.does in ("write", "table") for step in run.guide.steps)
    return (
        calendar_button(run, project),
        written_button(run, project) if own else None,
        *(written_button(one, project) for one in inner_runs(run, known)),
    )


def on_the_morning(run: ExerciseRun, project: str) -> Say:
    """Return what the channel reads on the morning of the day."""
    when = day_line(run)
    assert when is not None
    look = Look("agenda", project=project, ref=run.id)
    return Say(
        c.card(
            c.Paragraph(text("workshop.today", title=title_of(run), when=when)),
            *ends_parts(run),
            c.buttons(Button(text("workshop.see"), look), lead_button(run, project)),
        )
    )


# --- forms for whoever leads ----------------------------------------------------------------


def day_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    fixed = {"run": run.id, "project": known.project.id}
    fields = day_fields(run.day, run.start)
    title = text("workshop.change_day")
    return (Open(Form(title, fields, text("button.save"), "workshop_day_moved", fixed)),)


def prepare_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), fact_of(look.ref))


def prepare(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Fordel forberedelsen*: choose what it is about, then who does it and by when."""
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    if is_over(run):
        return (Show(c.card(c.Paragraph(text("exercise.is_over", title=title_of(run))))),)
    if not look.words:
        return (Show(_which(run, known.project.id)),)
    today = local(known.project.calendar, viewer.at).date()
    one = next((one for one in left_to_share(run) if one.id == look.words), None)
    if one is None and look.words != OTHER:
        return (Show(c.card(c.Paragraph(text("workshop.shared_already")))),)
    return (Open(_prepare_form(run, one, today, known.project.id)),)


def _which(run: ExerciseRun, project: str) -> c.NeutralCard:
    def opens(name: Line, item: str) -> Button[Line]:
        return Button(name, Look("prepare", project=project, ref=run.id, words=item))

    left = tuple(opens(Said(one.name.da, one.name.en), one.id) for one in left_to_share(run))
    return c.card(
        c.Paragraph(text("workshop.which" if left else "workshop.all_shared")),
        c.buttons(*left, opens(text("workshop.something_else"), OTHER)),
    )


def _prepare_form(
    run: ExerciseRun, one: Preparation | None, today: date, project: str
) -> Form[Line]:
    above = () if one is None or one.text is None else (Note(Said(one.text.da, one.text.en)),)
    fields: tuple[Field[Line], ...] = (
        *above,
        TextField(
            "what",
            text("workshop.field_task"),
            limit=LONGEST_TASK,
            value=None if one is None else Said(one.name.da, one.name.en),
        ),
        c.People("who", text("workshop.field_who"), required=True),
        c.DateField(
            "due",
            text("workshop.field_due"),
            value=None if one is None else due_before(run, one, today),
            hint=text("workshop.field_due_hint"),
        ),
    )
    fixed = {"run": run.id, "project": project, "item": OTHER if one is None else one.id}
    title = text("workshop.share_title")
    return Form(title, fields, text("button.save"), "preparation_shared", fixed)
