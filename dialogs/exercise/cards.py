"""The cards of an exercise: its post in the channel, and the card of whoever leads it."""

from __future__ import annotations

from content.model import ExerciseStep

from dialogs.agreement.states import agreed_parts
from dialogs.exercise.board import board_facts, chosen_parts, condition_parts, drawn, hidden_lines
from dialogs.exercise.columns import fill_button, fills_now
from dialogs.exercise.printing import print_button
from dialogs.exercise.progress import inner_now, minutes_of, next_step, rounds_of, step_of_round
from dialogs.exercise.standing import standing_parts
from dialogs.exercise.states import (
    ALL_RUNS,
    WRITES,
    ExerciseRun,
    agreements_of,
    current_step,
    grid,
    has_table,
    is_over,
    open_round,
    receivers_of,
    run_of,
    see_button,
    status_word,
    steps_of,
    title_of,
    waits_line,
)
from dialogs.exercise.survey import state_line
from dialogs.exercise.workshop import (
    calendar_button,
    day_line,
    ends_parts,
    inner_line,
    inner_parts,
    prepare_parts,
    prepares_now,
)
from dialogs.model import cards as c
from dialogs.model.cards import Button, Heading, Line, Paragraph, Part, Said, Small, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import (
    ExerciseDropped,
    ExercisePaused,
    ExerciseResumed,
    Look,
    RoundClosed,
    ScreenClosed,
    ScreenWanted,
    StepTaken,
)
from dialogs.model.facts import Known, Records, States, Viewer


def may_lead(run: ExerciseRun, viewer: Viewer) -> bool:
    """Return whether the viewer leads the exercise (see `decide.leads`)."""
    if viewer.may("has_led"):
        return False
    return viewer.person == run.led_by or viewer.may("facilitator", "representative")


# --- the post -----------------------------------------------------------------------------


def post_needs(state: ExerciseRun, slot: str) -> Facts:
    table = Records("table_row", state.id), Records("table_column", state.id)
    inner = (ALL_RUNS,) if state.inner else ()
    return (*board_facts(state.id), *table, States("agreement"), *inner)


def post(state: ExerciseRun, slot: str, known: Known) -> c.NeutralCard:
    return c.card(
        Small(status_word(state)),
        Heading(title_of(state)),
        *(_over(state, known) if is_over(state) else _under_way(state)),
        *(prepare_parts(state, known) if prepares_now(state) else ()),
        *chosen_parts(state, known),
        *condition_parts(state, known),
        *inner_parts(state, known),
        *agreed_parts(agreements_of(state, known)),
        # The longest part comes last: not every platform has room for all of it.
        grid(state, known) if has_table(state) else drawn(state, known),
        *standing_parts(state, known),
        *(Small(line) for line in hidden_lines(state)),
        c.buttons(*_buttons(state, known.project.id)),
    )


def _under_way(run: ExerciseRun) -> tuple[Part[Line] | None, ...]:
    if run.status == "paused":
        return (Paragraph(text("exercise.is_paused", who=c.Who(run.led_by))),)
    if run.guide.standing:
        return _stands(run)
    step, here, of = current_step(run), run.step + 1, len(steps_of(run))
    label = text("exercise.step_of", step=c.Count(here), of=c.Count(of))
    inner, when = inner_line(run), day_line(run)
    return (
        Small(when) if when is not None else None,
        *ends_parts(run),
        c.Progress(here, of, label),
        Paragraph(text("exercise.step_named", name=Said(step.name.da, step.name.en))),
        Paragraph(Said(step.text.da, step.text.en)),
        *_questions(step),
        Paragraph(inner) if inner is not None else None,
        *((Paragraph(line),) if (line := _until(run)) is not None else ()),
    )


def _stands(run: ExerciseRun) -> tuple[Part[Line], ...]:
    step, until = current_step(run), _until(run)
    said = Paragraph[Line](Said(step.text.da, step.text.en))
    return (said,) if until is None else (said, Paragraph(until))


def _questions(step: ExerciseStep) -> tuple[Part[Line], ...]:
    found = tuple(Said(one.da, one.en) for one in step.questions)
    return (c.Bullets(found),) if found else ()


def _until(run: ExerciseRun) -> Line | None:
    found = open_round(run)
    step = current_step(run)
    if found is None and step.does == "survey":
        return state_line(run, step)
    if found is None:
        return text("exercise.on_paper") if run.on_paper else None
    if found.by_hand:
        return text("exercise.until_closed", who=c.Who(run.led_by))
    key = "exercise.until_week" if run.guide.standing else "exercise.until"
    return text(key, when=c.Moment(found.closes))


def _over(run: ExerciseRun, known: Known) -> tuple[Part[Line], ...]:
    if run.status == "dropped":
        return (Paragraph(text("exercise.was_dropped")),)
    return result_parts(run)


def result_parts(run: ExerciseRun) -> tuple[Part[Line], ...]:
    """Return what they arrived at."""
    found: tuple[Part[Line], ...] = (
        Paragraph(text("exercise.arrived_at")),
        c.Quote(c.Kept("exercise_end", run.result)),
    )
    if run.reached:
        found = (*found, *ends_parts(run), Small(text(f"workshop.result_{run.reached}")))
    if run.receivers:
        found += (Small(text("exercise.goes_to", who=c.Listing(receivers_of(run)))),)
    if run.look_again is not None:
        found += (Small(text("exercise.looked_at_again", day=c.Day(run.look_again, year=True))),)
    return found


def lead_button(run: ExerciseRun, project: str) -> Button[Line]:
    look = Look("exercise_lead", project=project, ref=run.id)
    return Button(text("exercise.lead"), look, style="quiet")


def write_button(run: ExerciseRun, project: str) -> Button[Line] | None:
    """Return the button for what everybody can do in this step."""
    if fills_now(run):
        return fill_button(run, project)
    found = open_round(run)
    if found is None:
        return None
    match step_of_round(run, found).does:
        case "write":
            look = Look("write_notes", project=project, ref=run.id)
            return Button(text("exercise.write_notes"), look, "main")
        case "dots":
            look = Look("set_dots", project=project, ref=run.id)
            return Button(text("exercise.set_dots"), look, "main")
        case "survey":
            look = Look("answer_survey", project=project, ref=run.id)
            return Button(text("survey.answer"), look, "main")
    return None


def _buttons(run: ExerciseRun, project: str) -> tuple[Button[Line] | None, ...]:
    """Return at most three."""
    if is_over(run):
        return (see_button(run, project),)
    if run.status == "paused":
        return see_button(run, project), lead_button(run, project)
    if run.guide.standing:
        return write_button(run, project), see_button(run, project), lead_button(run, project)
    about = Look("exercise_about", project=project, ref=run.id)
    return (
        write_button(run, project) or see_button(run, project),
        Button(text("exercise.what_is_it"), about),
        lead_button(run, project),
    )


def about(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Hvad går det ud på?*: what the exercise gives, and its steps."""
    run = run_of(known, look.ref)
    if run is None:
        return (Show(c.card(Paragraph(text("exercise.gone")))),)
    project, guide = known.project.id, run.guide
    steps = tuple(
        text("exercise.step_line", name=Said(s.name.da, s.name.en), text=Said(s.text.da, s.text.en))
        for s in steps_of(run)
    )
    tries = Look("exercise_try", project=project, ref=run.exercise)
    read = Look("reading", project=project, ref=run.exercise)
    return (
        Show(
            c.card(
                Heading(title_of(run)),
                Paragraph(Said(guide.gives.da, guide.gives.en)),
                c.Bullets[Line](steps, numbered=True),
                Paragraph(text("exercise.what_is_known")),
                c.buttons(
                    write_button(run, project),
                    see_button(run, project),
                    Button(text("exercise.try_it"), tries),
                    Button(text("button.read_more"), read),
                ),
            )
        ),
    )


# --- for whoever leads --------------------------------------------------------------------


def lead_card(run: ExerciseRun, project: str, said: Line | None = None) -> c.NeutralCard:
    """Return *Led øvelsen*: what whoever leads can do now."""
    if is_over(run):
        over = text("exercise.is_over", title=title_of(run))
        return c.card(Paragraph(said or over), c.buttons(see_button(run, project)))
    return c.card(
        Paragraph(said) if said is not None else None,
        Heading(text("exercise.leads_heading", title=title_of(run))),
        *_where(run),
        c.buttons(*_next_buttons(run, project)),
        c.buttons(*_workshop_buttons(run, project)),
        c.buttons(*_note_buttons(run, project)),
        c.buttons(*_end_buttons(run, project)),
    )


def _where(run: ExerciseRun) -> tuple[Part[Line], ...]:
    if run.status == "paused":
        return (Paragraph(text("exercise.paused_for_you")),)
    if run.guide.standing:
        return (Paragraph(text("exercise.stands_for_you")), *_waits(run))
    step, here, of = current_step(run), run.step + 1, len(steps_of(run))
    minutes = minutes_of(run, step)
    name = Said(step.name.da, step.name.en)
    line = text("exercise.you_are_at", step=c.Count(here), of=c.Count(of), name=name)
    time = text("exercise.takes", n=c.Count(minutes)) if minutes else None
    return (
        Paragraph(c.Several((line, time)) if time is not None else line),
        Paragraph(Said(step.text.da, step.text.en)),
        *_questions(step),
        *((Paragraph(inner),) if (inner := inner_line(run)) is not None else ()),
        *((Paragraph(until),) if (until := _until(run)) is not None else ()),
    )


def _waits(run: ExerciseRun) -> tuple[Part[Line], ...]:
    lines = (_until(run), waits_line(run))
    return tuple(Paragraph(line) for line in lines if line is not None)


def _next_buttons(run: ExerciseRun, project: str) -> tuple[Button[Line] | None, ...]:
    if run.status == "paused":
        # A workshop and the exercise in it are paused and taken up again together.
        again = ExerciseResumed(project=project, run=run.within or run.id)
        return (Button(text("exercise.resume"), again, "main"), _to_agenda(run, project))
    if run.guide.standing:
        answer = Look("answer_notes", project=project, ref=run.id)
        return (Button(text("exercise.answer_notes"), answer, "main") if run.waits else None,)
    found, following, now = open_round(run), next_step(run), inner_now(run)
    if now is not None:
        look = Look("exercise_lead", project=project, ref=now.run)
        back_to = Look("exercise_step", project=project, ref=run.id, words=str(run.step - 1))
        return (
            Button(text("workshop.lead_inner"), look, "main"),
            Button(text("exercise.back"), back_to) if run.step else None,
        )
    close: Button[Line] | None = None
    forward: Button[Line] | None = None
    if found is not None:
        press = RoundClosed(project=project, run=run.id, round=found.id)
        close = Button(
            text("exercise.close_round"), press, "main", confirm=text("exercise.close_confirm")
        )
    elif following is not None:
        step = StepTaken(project=project, run=run.id, step=following.id)
        forward = Button(text("exercise.next_step"), step, "main")
    back = Look("exercise_step", project=project, ref=run.id, words=str(run.step - 1))
    return (
        close,
        forward,
        Button(text("exercise.back"), back) if run.step else None,
        _to_agenda(run, project),
    )


def _to_agenda(run: ExerciseRun, project: str) -> Button[Line] | None:
    """Return the way from an exercise to the workshop that it is a step of."""
    if not run.within:
        return None
    return Button(
        text("workshop.to_agenda"), Look("exercise_lead", project=project, ref=run.within)
    )


def _workshop_buttons(run: ExerciseRun, project: str) -> tuple[Button[Line] | None, ...]:
    if not run.workshop:
        return ()
    share = Look("prepare", project=project, ref=run.id)
    day = Look("workshop_day", project=project, ref=run.id)
    return (
        Button(text("workshop.share"), share, "main") if prepares_now(run) else None,
        Button(text("workshop.change_day"), day),
        calendar_button(run, project),
    )


def _note_buttons(run: ExerciseRun, project: str) -> tuple[Button[Line] | None, ...]:
    def opens(key: str, look: Look) -> Button[Line]:
        return Button(text(key), look)

    read = any(one.shown == "shown" for one in rounds_of(run, "write")) or run.typed_in
    does = {step.does for step in steps_of(run)}
    return (
        opens("exercise.group", Look("group_notes", project=project, ref=run.id)) if read else None,
        opens("exercise.take_down", Look("take_down", project=project, ref=run.id))
        if read
        else None,
        opens("exercise.paper", Look("paper_notes", project=project, ref=run.id))
        if "write" in does
        else None,
        opens("exercise.condition", Look("condition", project=project, ref=run.id))
        if "conditions" in does
        else None,
        Button(text("exercise.show_on_screen"), ScreenWanted(project=project, run=run.id)),
        Button(text("exercise.close_screen"), ScreenClosed(project=project, run=run.id))
        if run.walls
        else None,
        print_button(run, project),
        opens("exercise.print_cards", Look("deal_cards", project=project, ref=run.id))
        if not run.on_paper and does.intersection(WRITES)
        else None,
        opens("exercise.agree", Look("exercise_agree", project=project, ref=run.id)),
    )


def _end_buttons(run: ExerciseRun, project: str) -> tuple[Button[Line] | None, ...]:
    pause = ExercisePaused(project=project, run=run.within or run.id)
    drop = ExerciseDropped(project=project, run=run.id)
    return (
        Button(text("exercise.pause"), pause) if run.status == "running" else None,
        Button(text("exercise.end"), Look("exercise_end", project=project, ref=run.id)),
        Button(text("exercise.drop"), drop, style="danger", confirm=text("exercise.drop_confirm")),
        see_button(run, project),
    )


def again_card(run: ExerciseRun, project: str, *, again: bool = False) -> c.NeutralCard:
    """Return what is said when a round was closed, when a run has ended, and when the day has come
    to look at its result again."""
    if again:
        told = text("exercise.take_stock", title=title_of(run))
        if not run.guide.after and run.look_again is not None:
            told = text("exercise.look_again_now", title=title_of(run), day=c.Day(run.look_again))
        begin = Look("exercise_begin", project=project, ref=run.exercise, words=run.id)
        stock: Button[Line] | None = None
        if run.guide.after:
            stock = Button(text("exercise.take_stock_button"), begin, "main")
        return c.card(
            Paragraph(told),
            *result_parts(run),
            c.buttons(stock, see_button(run, project)),
        )
    if is_over(run):
        heading = Heading[Line](text("exercise.result_of", title=title_of(run)))
        return c.card(heading, *result_parts(run), c.buttons(see_button(run, project)))
    last = run.rounds[-1]
    dots = step_of_round(run, last).does == "dots"
    few = last.shown == "waits"
    if dots:
        key = "exercise.dots_closed_few" if few else "exercise.dots_closed"
    else:
        key = "exercise.notes_closed_few" if few else "exercise.notes_closed"
    return c.card(
        Paragraph(text(key, title=title_of(run))),
        c.buttons(see_button(run, project)),
    )
