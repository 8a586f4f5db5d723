"""The form of *Begynd*: how, how long, who leads, and the day of a workshop."""

from __future__ import annotations

from datetime import date

from content.model import ExerciseGuide, Set
from msgspec.structs import replace

from dialogs.exercise.few import held_on_paper
from dialogs.exercise.states import ALL_RUNS, in_the_way, title_of
from dialogs.exercise.survey_results import offered
from dialogs.model import cards as c
from dialogs.model.cards import Field, Form, Line, Note, Option, Said, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Open, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Role, Roles, Team, Viewer
from dialogs.model.roles import refused, writers


def begin_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Team(), ALL_RUNS)


def begin_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Begynd* asks three things: how, how long, and who leads."""
    found = known.catalogue.sets.get(look.ref)
    if found is None or found.guide is None:
        return _told(text("reading.gone"))
    if not known.project.running:
        return _told(text("exercise.not_running"))
    other = in_the_way(known, found.id, standing=found.guide.standing)
    if other is not None:
        key = "exercise.stands_already" if found.guide.standing else "exercise.one_at_a_time"
        return _told(text(key, title=title_of(other)))
    # Whoever takes stock begins other steps.
    guide = replace(found.guide, steps=found.guide.after) if look.words else found.guide
    fields = _begin_fields(found, guide, viewer, known)
    there = tuple(field for field in fields if field is not None)
    if found.mechanic == "workshop":
        there = (*there, *day_fields(None, None))
    fixed = {"exercise": found.id, "project": known.project.id, "after": look.words}
    title = text("exercise.begin_title")
    return (Open(Form(title, there, text("exercise.begin"), "exercise_begun", fixed)),)


def day_fields(day: date | None, start: int | None) -> tuple[Field[Line], ...]:
    """Return the fields for when a workshop is held."""
    return (
        c.DateField("day", text("workshop.field_day"), value=day, hint=text("workshop.day_hint")),
        c.TimeField("start", text("workshop.field_start"), value=start),
    )


def _begin_fields(
    found: Set, guide: ExerciseGuide, viewer: Viewer, known: Known
) -> tuple[Field[Line] | None, ...]:
    may = len(writers(known))
    lengths = tuple(Option[Line](str(n), _minutes(guide, n)) for n in guide.lengths)
    asks = any(step.does == "survey" for step in guide.steps)
    return (
        Note(
            text(
                "exercise.row",
                title=Said(found.title.da, found.title.en),
                gives=Said(guide.gives.da, guide.gives.en),
            )
        ),
        Note(text("survey.not_offered")) if asks and not offered(may) else None,
        Note(text("exercise.on_paper_note", n=c.Count(may)))
        if held_on_paper(guide, known)
        else None,
        Note(text("exercise.standing_note")) if guide.standing else _place_field(),
        c.Choice(
            "minutes",
            text("exercise.field_minutes"),
            lengths,
            value=_usual(guide.lengths),
            hint=text("exercise.field_minutes_hint"),
        )
        if lengths
        else None,
        c.People(
            "lead",
            text("exercise.field_lead"),
            values=_suggested_lead(viewer, known),
            hint=text("exercise.field_lead_hint"),
            required=True,
        ),
    )


def _place_field() -> c.Choice[Line]:
    return c.Choice(
        "place",
        text("exercise.field_place"),
        tuple(
            Option(one, text(f"exercise.place_{one}"), text(f"exercise.place_{one}_hint"))
            for one in ("meeting", "days", "both")
        ),
        value="meeting",
    )


def _minutes(guide: ExerciseGuide, minutes: int) -> Line:
    meetings = guide.meetings.get(str(minutes))
    if meetings is None:
        return text("exercise.minutes", n=c.Count(minutes))
    return text("exercise.minutes_meetings", n=c.Count(minutes), meetings=c.Count(meetings))


def _usual(lengths: tuple[int, ...]) -> str:
    return "90" if 90 in lengths else str(lengths[-1]) if lengths else ""


def _suggested_lead(viewer: Viewer, known: Known) -> tuple[str, ...]:
    roles: tuple[Role, ...] = known(Roles())
    no = refused(known.project, roles)
    found = (*known.holders("facilitator"), viewer.person)
    return next(((person,) for person in found if person not in no), ())


def _told(line: Line) -> Responses:
    return (Show(c.card(c.Paragraph(line))),)
