"""The cards of the walk: the plan, further questions, the four themes, and the current phase."""

from __future__ import annotations

from content.model import Place, Set

from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Buttons,
    Count,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Several,
    Small,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project
from dialogs.walk.plan import must, of_schools
from dialogs.walk.states import (
    Planned,
    Walk,
    phase_name,
    spoken,
    stage_line,
    words_of,
)

PAGE = 5
MORE = 10
LEADS = ("leader", "deputy", "starter")
TRIO = ("leader", "deputy", "representative")


# --- what is true of the whole ------------------------------------------------------------


def not_running(project: Project) -> NeutralCard | None:
    line = stage_line(project)
    if line is None:
        return None
    if project.stage == "draft":
        to = Button[Line](text("walk.button.draft"), Look("draft", project=project.id))
    else:
        to = Button(text("button.where_are_we"), Look("status", project=project.id))
    return card(Paragraph(line), buttons(to))


# --- the plan -----------------------------------------------------------------------------


def plan_card(
    walk: Walk,
    project: Project,
    known: Known,
    *,
    runs: bool,
    start: int = 0,
    said: Line | None = None,
) -> NeutralCard:
    """Return five questions of the plan with buttons to change them."""
    plan = walk.plan
    start = min(start, max(0, (len(plan) - 1) // PAGE * PAGE))
    shown = plan[start : start + PAGE]
    stage = stage_line(project)
    parts: list[Part[Line] | None] = [
        Heading(text("walk.plan.heading")),
        None if said is None else Paragraph(said),
        None if stage is None else Paragraph(stage),
        Paragraph(_plan_size(walk)),
    ]
    for number, planned in enumerate(shown, start + 1):
        parts.append(Paragraph(_plan_line(walk, planned, known, number)))
        if runs and project.open:
            parts.append(_plan_buttons(planned, project, number, len(plan)))
        parts.append(_exercise_button(planned, project, known))
    further = len(plan) - start - len(shown)
    parts.append(
        buttons(
            Button(
                text("walk.plan.further", n=Count(min(PAGE, further))),
                Look("plan", project=project.id, ref=str(start + PAGE)),
            )
            if further
            else None,
            Button(text("walk.button.next_now"), e.NextNow(project=project.id))
            if runs and project.running and walk.left()
            else None,
            Button(text("walk.button.add"), Look("add_question", project=project.id))
            if runs and project.open
            else None,
            Button(text("walk.button.more"), Look("more_questions", project=project.id)),
        )
    )
    return card(*parts)


def _plan_size(walk: Walk) -> Line:
    if not walk.plan:
        return text("walk.plan.empty")
    left = len(walk.left())
    if left == len(walk.plan):
        return text("walk.plan.size", n=Count(left))
    if not left:
        return text("walk.plan.size_later", n=Count(len(walk.plan)))
    return text("walk.plan.size_of", n=Count(len(walk.plan)), here=Count(left))


def _plan_line(walk: Walk, planned: Planned, known: Known, number: int) -> Line:
    lines: list[Line] = [
        text("walk.plan.item", number=Count(number), question=words_of(planned, known))
    ]
    if planned.phase > walk.phase:
        lines.append(text("walk.plan.in_phase", number=Count(planned.phase)))
    if planned.trio:
        first = not walk.goes_to_trio(planned) and planned == walk.plan[0]
        lines.append(text("walk.plan.first" if first else "walk.plan.trio"))
    place = _place(planned, known)
    if place is not None and place.after is not None:
        lines.append(Said(place.after.da, place.after.en))
    exercise = _exercise(planned, known)
    if exercise is not None:
        title = Said(exercise.title.da, exercise.title.en)
        lines.append(text("walk.plan.exercise", title=title))
    return Several(tuple(lines))


def _place(planned: Planned, known: Known) -> Place | None:
    return next((p for p in known.catalogue.course.order if p.question == planned.id), None)


def _exercise(planned: Planned, known: Known) -> Set | None:
    """Return the exercise that goes with a question."""
    place = _place(planned, known)
    return None if place is None else known.catalogue.sets.get(place.exercise)


def _exercise_button(planned: Planned, project: Project, known: Known) -> Buttons[Line] | None:
    found = _exercise(planned, known)
    if found is None:
        return None
    title = Said(found.title.da, found.title.en)
    look = Look("exercises", project=project.id, words=found.id)
    return buttons(Button(text("walk.button.exercise", title=title), look))


def _plan_buttons(planned: Planned, project: Project, number: int, of: int) -> Buttons[Line] | None:
    def move(key: str, way: str) -> Button[Line]:
        press = e.PlanMoved(project=project.id, question=planned.id, way=way)  # type: ignore[arg-type]
        return Button(text(key, number=Count(number)), press)

    return buttons(
        move("walk.button.up", "up") if number > 1 else None,
        move("walk.button.down", "down") if number < of else None,
        move("walk.button.first", "first") if number > 2 else None,
        Button(
            text("walk.button.skip", number=Count(number)),
            e.PlanSkipped(project=project.id, question=planned.id),
        ),
    )


def more(walk: Walk, project: Project, known: Known) -> tuple[Planned, ...]:
    """Return *Flere spørgsmål*: questions outside the plan, and those for mandatory projects and
    for schools."""
    found = tuple(p for p in walk.rest if spoken(p, known.catalogue) is not None)
    there = {*walk.asked, *(p.id for p in (*walk.plan, *walk.rest))}
    own: list[Planned] = []
    if project.origin == "must":
        own += must(known.catalogue, walk.phase)
    if project.workplace == "education":
        own += of_schools(known.catalogue, walk.phase)
    return tuple(p for p in own if p.id not in there) + found


def more_card(
    walk: Walk,
    project: Project,
    known: Known,
    *,
    runs: bool,
    start: int = 0,
    said: Line | None = None,
) -> NeutralCard:
    found = more(walk, project, known)
    start = min(start, max(0, (len(found) - 1) // MORE * MORE))
    shown = found[start : start + MORE]
    further = len(found) - start - len(shown)
    lines = [
        text("walk.plan.item", number=Count(number), question=words_of(planned, known))
        for number, planned in enumerate(shown, start + 1)
    ]
    take = [
        Button[Line](
            text("walk.button.take", number=Count(number)),
            e.PlanTaken(project=project.id, question=planned.id),
        )
        for number, planned in enumerate(shown, start + 1)
    ]
    return card(
        Heading(text("walk.more.heading")),
        None if said is None else Paragraph(said),
        Paragraph(text("walk.more.intro" if found else "walk.more.empty")),
        *(
            Paragraph[Line](
                Several((line, text("walk.more.skipped"))) if p.id in walk.skipped else line
            )
            for line, p in zip(lines, shown, strict=True)
        ),
        buttons(*take) if runs and project.open else None,
        buttons(
            Button(
                text("walk.plan.further", n=Count(min(MORE, further))),
                Look("more_questions", project=project.id, ref=str(start + MORE)),
            )
            if further
            else None,
            Button(text("walk.button.plan"), Look("plan", project=project.id)),
        ),
    )


# --- where we are -------------------------------------------------------------------------


def lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


# --- what is told -------------------------------------------------------------------------


def phase_done(walk: Walk, known: Known, *, leads: bool, letter: bool = False) -> NeutralCard:
    """Return the card for a phase without further questions: a leader can move on or end the
    project."""
    project = known.project
    last = walk.phase >= len(known.catalogue.phases)
    if walk.length == "short":
        line = text("walk.done.short")
        on = Button[Line](text("walk.button.helped"), Look("helped", project=project.id))
    elif last:
        line = text("walk.done.last")
        on = Button(text("walk.button.end"), Look("end", project=project.id))
    else:
        line = text("walk.done.phase", phase=phase_name(known, walk.phase))
        on = Button(text("walk.button.phase"), Look("phase", project=project.id))
    return card(
        Heading(Words(project.name)) if letter else None,
        Paragraph(line),
        buttons(
            on if leads or walk.length == "short" else None,
            Button(text("walk.button.more"), Look("more_questions", project=project.id)),
            None
            if last
            else Button(
                text("advice.checklist"),
                Look("checklist", project=project.id, ref=str(walk.phase + 1)),
            ),
        ),
    )


def must_card(known: Known) -> NeutralCard:
    """Return the card for the leader of a mandatory project, with four questions that relate it to
    the workplace."""
    project = known.project
    four = must(known.catalogue, project.phase)
    return card(
        Heading(text("walk.must.heading", project=Words(project.name))),
        Paragraph(text("walk.must.intro")),
        Bullets(tuple(words_of(p, known) for p in four), numbered=True),
        Small(text("walk.must.how")),
        buttons(
            *(
                Button[Line](
                    text("walk.button.take", number=Count(n)),
                    e.PlanTaken(project=project.id, question=p.id),
                )
                for n, p in enumerate(four, 1)
            )
        ),
    )


def gone_card(project: Project, question: str) -> NeutralCard:
    """Tell the leader that a planned question is no longer in the catalogue."""
    return card(
        Heading(Words(project.name)),
        Paragraph(text("walk.gone", id=Words(question))),
        buttons(Button(text("walk.button.plan"), Look("plan", project=project.id))),
    )


def asked_trio(known: Known) -> Line:
    """Say that a question went to leader, TR and AMR first."""
    who = known.holders("leader", "tr", "amr")
    if not who:
        return text("walk.next.asked")
    return text("walk.next.trio", who=Listing(tuple(Who(p) for p in who)))
