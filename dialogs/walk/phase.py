"""A change of phase, forward or back: what becomes of unfinished questions, and why."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from dialogs.advice.states import of_phase
from dialogs.concern.states import Concern
from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Choice,
    Count,
    Field,
    Form,
    Heading,
    Kept,
    Line,
    Listing,
    NeutralCard,
    Note,
    Option,
    Paragraph,
    Quote,
    Said,
    Small,
    TextField,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.effects import (
    Effect,
    Effects,
    FieldError,
    Open,
    Post,
    Privately,
    Record,
    Response,
    Say,
    Show,
    Tell,
)
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Known,
    Project,
    Roles,
    States,
    Viewer,
)
from dialogs.question.states import Concluded, QuestionState, all_of, is_open, title
from dialogs.walk.cards import LEADS, lowered
from dialogs.walk.plan import entered
from dialogs.walk.states import Walk, in_ours, phase_name, progress, stage_line

AT_MOST = 3
STANDING = ("kerneopgave.1", "opgaveloesning.4")  # their conclusions are checked at each change
DECIDED = {"us": "walk.phase.said_us", "elsewhere": "walk.phase.said_elsewhere"}
DECIDED_BY = {"us": "walk.phase.said_us_by", "elsewhere": "walk.phase.said_elsewhere_by"}
UNFINISHED = {
    "take": "walk.phase.now_take",
    "aside": "walk.phase.now_aside",
    "elsewhere": "walk.phase.now_elsewhere",
}

WHEN_MOVED: Facts = (About(), Roles(), States("question"), States("concern"))


# --- looking ------------------------------------------------------------------------------


def look_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), States("question"), States("concern"))


def look(look: Look, viewer: Viewer, known: Known) -> tuple[Response, ...]:
    """Return the form for a person who may change the phase; for others, the current phase."""
    project = known.project
    stage = stage_line(project)
    if stage is not None:
        return (Show(card(progress(known, project.phase), Paragraph(stage))),)
    if not viewer.may(*LEADS):
        return (Show(_for_others(project, known)),)
    if project.phase == len(known.catalogue.phases) and not look.ref:
        return (Show(_last_phase(project, known)),)
    return (Open(_form(project, known)),)


def _for_others(project: Project, known: Known) -> NeutralCard:
    phase = known.catalogue.phase(project.phase)
    who = known.holders("leader", "deputy")
    return card(
        progress(known, project.phase),
        Paragraph(in_ours(phase.what, known)),
        Paragraph(in_ours(phase.involvement, known)),
        Small(
            text("walk.phase.who", who=Listing(tuple(Who(p) for p in who)))
            if who
            else text("walk.phase.nobody")
        ),
        buttons(
            Button(text("button.where_are_we"), Look("status", project=project.id)),
            Button(text("button.say"), Look("say", project=project.id)),
            checklist(project),
        ),
    )


def checklist(project: Project, phase: int = 0) -> Button[Line]:
    ref = str(phase) if phase else ""
    return Button(text("advice.checklist"), Look("checklist", project=project.id, ref=ref))


def _last_phase(project: Project, known: Known) -> NeutralCard:
    return card(
        progress(known, project.phase),
        Paragraph(text("walk.phase.last")),
        buttons(
            Button(text("walk.button.end"), Look("end", project=project.id), "main"),
            Button(text("walk.button.back"), Look("phase", project=project.id, ref="back")),
        ),
    )


def _form(project: Project, known: Known) -> Form[Line]:
    fields: list[Field[Line]] = [
        Note(text("walk.phase.here", phase=phase_name(known, project.phase))),
        _where_to(project, known),
        Choice(
            "decided",
            text("walk.phase.decided"),
            (
                Option("us", text("walk.phase.decided_us")),
                Option("elsewhere", text("walk.phase.decided_elsewhere")),
            ),
        ),
        TextField(
            "decided_note",
            text("walk.phase.by_whom"),
            hint=text("walk.phase.by_whom_hint"),
            limit=200,
            required=False,
        ),
    ]
    fields += _open_fields(unfinished(all_of(known)))
    if unanswered(known):
        fields.append(
            TextField(
                "why_unanswered",
                text("walk.phase.why"),
                hint=text("walk.phase.why_hint"),
                long=True,
                limit=300,
            )
        )
    return Form(
        title=text("walk.phase.title"),
        fields=tuple(fields),
        submit=text("walk.phase.submit"),
        into="phase_moved",
        fixed={"project": project.id},
    )


def _where_to(project: Project, known: Known) -> Choice[Line]:
    """Return the other phases: later ones first, nearest first."""
    phases = known.catalogue.phases
    ways = sorted(
        (p for p in phases if p.number != project.phase),
        key=lambda p: (p.number < project.phase, abs(p.number - project.phase)),
    )
    options: tuple[Option[Line], ...] = tuple(
        Option(
            str(p.number),
            text(
                "walk.phase.onward" if p.number > project.phase else "walk.phase.backward",
                number=Count(p.number),
                name=Said(p.name.da, p.name.en),
            ),
        )
        for p in ways
    )
    onward = str(project.phase + 1) if project.phase < len(phases) else ""
    return Choice("to", text("walk.phase.to"), options, value=onward)


def _open_fields(waiting: tuple[QuestionState, ...]) -> list[Field[Line]]:
    if not waiting:
        return []
    fields: list[Field[Line]] = [Note(text("walk.phase.unfinished"))]
    fields += [Note(title(state.words)) for state in waiting[:AT_MOST]]
    if len(waiting) > AT_MOST:
        fields.append(Note(text("walk.phase.unfinished_more", n=Count(len(waiting) - AT_MOST))))
    fields.append(
        Choice(
            "open_questions",
            text("walk.phase.what_now"),
            (
                Option("take", text("walk.phase.take")),
                Option("aside", text("button.set_aside")),
                Option("elsewhere", text("walk.phase.elsewhere")),
            ),
            value="take",
        )
    )
    return fields


def unfinished(asked: Mapping[str, QuestionState]) -> tuple[QuestionState, ...]:
    """Return the questions that the team was asked and has not summed up, newest first."""
    waiting = [state for state in asked.values() if is_open(state)]
    return tuple(sorted(waiting, key=lambda state: state.asked_at, reverse=True))


def unanswered(known: Known) -> bool:
    """Return whether a concern addressed to the leader or deputy is unanswered."""
    leading = set(known.holders("leader", "deputy"))
    return any(
        concern.kind == "concern"
        and concern.status in ("sent", "seen")
        and leading.intersection(concern.readers)
        for concern in known.states("concern", Concern).values()
    )


# --- moving -------------------------------------------------------------------------------


def moved(walk: Walk, event: e.PhaseMoved, known: Known) -> tuple[Walk, Effects]:
    project = known.project
    phases = {str(p.number): p for p in known.catalogue.phases}
    if event.to not in phases:
        return walk, (FieldError("to", text("walk.phase.choose")),)
    if int(event.to) == project.phase:
        here = text("walk.phase.same", phase=phase_name(known, project.phase))
        return walk, (FieldError("to", here),)
    asks_why = unanswered(known)
    if asks_why and not event.why_unanswered.strip():
        return walk, (FieldError("why_unanswered", text("walk.phase.why_missing")),)
    to = int(event.to)
    asked = all_of(known)
    waiting = unfinished(asked)
    standing = tuple(q for q in STANDING if isinstance(asked.get(q), Concluded))
    after = replace(
        entered(walk, to, event.at), stands=tuple((question, "asked") for question in standing)
    )
    return after, (
        *_notes(event, asks_why),
        Tell(e.PhaseEntered(phase=to)),
        Say(_news(walk, after, event, known, waiting, asks_why=asks_why)),
        *(
            Tell(e.LaidAside(question=s.words.id, elsewhere=event.open_questions == "elsewhere"))
            for s in waiting
            if event.open_questions != "take"
        ),
        Tell(e.PhaseClosed(phase=walk.phase)),
        *((Post("stands"),) if standing else ()),
        *_to_the_leader(event, project, known, to),
    )


def _notes(event: e.PhaseMoved, asks_why: bool) -> tuple[Effect, ...]:
    said = (
        (event.id, event.why_unanswered.strip() if asks_why else ""),
        (f"{event.id}-1", event.decided_note.strip()),
    )
    return tuple(
        Record("status_note", f"phase:{event.to}", id, event.by, event.at, {"text": words})
        for id, words in said
        if words
    )


def _news(
    before: Walk,
    after: Walk,
    event: e.PhaseMoved,
    known: Known,
    waiting: tuple[QuestionState, ...],
    *,
    asks_why: bool,
) -> NeutralCard:
    """Announce to the channel the new phase, who decided it, and how to take part."""
    project = known.project
    phase = known.catalogue.phase(after.phase)
    name = Said(lowered(phase.name.da), lowered(phase.name.en))
    back = after.phase < project.phase
    left = len(after.rest) > len(before.rest)
    fitting = of_phase(known, project, after.phase)[:AT_MOST]
    titles = tuple(
        text("walk.phase.exercise_title", title=Said(one.title.da, one.title.en)) for one in fitting
    )
    return card(
        Heading(text("walk.phase.back_heading" if back else "walk.phase.heading", name=name)),
        progress(known, after.phase),
        Paragraph(text("walk.phase.back_is_fine")) if back else None,
        Paragraph(_decided(event)),
        Paragraph(in_ours(phase.what, known)),
        Paragraph(in_ours(phase.involvement, known)),
        Paragraph(text(UNFINISHED[event.open_questions], n=Count(len(waiting))))
        if waiting
        else None,
        Paragraph(text("walk.phase.not_answered", who=Who(event.by))) if asks_why else None,
        Quote(Kept("status_note", event.id), Who(event.by)) if asks_why else None,
        Small(text("walk.phase.no_debt")) if left else None,
        Paragraph(text("walk.phase.exercises", titles=Listing(titles))) if titles else None,
        buttons(
            Button(text("button.where_are_we"), Look("status", project=project.id)),
            Button(text("button.say"), Look("say", project=project.id)),
            checklist(project, after.phase),
            Button(text("walk.button.exercises"), Look("exercises", project=project.id))
            if titles
            else None,
        ),
    )


def _decided(event: e.PhaseMoved) -> Line:
    """Say who decided, and their note where there is one."""
    if event.decided_note.strip():
        note = Kept("status_note", f"{event.id}-1")
        return text(DECIDED_BY[event.decided], who=Who(event.by), note=note)
    return text(DECIDED[event.decided], who=Who(event.by))


def _to_the_leader(
    event: e.PhaseMoved, project: Project, known: Known, to: int
) -> tuple[Effect | Response, ...]:
    """Ask the leader for the frame of the new phase at once."""
    frame = buttons(
        Button(text("walk.button.frame"), Look("frame", project=project.id), "main"),
        Button(text("walk.button.plan"), Look("plan", project=project.id)),
        checklist(project, to),
    )
    moved = Paragraph[Line](text("walk.phase.moved", phase=phase_name(known, to)))
    ask = Paragraph[Line](text("walk.phase.frame"))
    leaders = tuple(p for p in known.holders("leader") if p != event.by)
    letter = card(
        Heading(Words(project.name)),
        Paragraph(text("walk.phase.moved_by", who=Who(event.by), phase=phase_name(known, to))),
        ask,
        frame,
    )
    return (
        Show(card(moved, ask, frame)),
        *(Privately(person, letter, urgency=3) for person in leaders),
    )
