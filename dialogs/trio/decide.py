"""The private note to leader, TR and AMR, every second week."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from dialogs.advice.states import MEMORY, note, trio_notes
from dialogs.agreement.states import Agreement, overdue, what
from dialogs.concern.states import HELPERS, Concern, open_to_all
from dialogs.model import events as e
from dialogs.model.calendar import add_working_days, at_local, local, next_release
from dialogs.model.cards import (
    Bullets,
    Button,
    Day,
    Form,
    Heading,
    Kept,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Small,
    TextField,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    Responses,
    Sight,
    Step,
    opens,
    the_only,
)
from dialogs.model.effects import (
    Cancel,
    FieldError,
    Forget,
    Open,
    Privately,
    Record,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look, SignedEvent
from dialogs.model.facts import About, Known, Project, Roles, StateOf, States, Viewer
from dialogs.question.states import Asked, Proposed, ToMed, all_of


class Trio(Struct, frozen=True, kw_only=True, tag="trio"):
    """The state of the note. `points` are ids of records of kind "point", raised for the next
    note."""

    points: tuple[str, ...] = ()
    told: tuple[str, ...] = ()  # conclusions for MED that were in a note


WEEKS = 2
HOUR = 10
POINTS = 3
RAISED = 6
CUT = 160
LIMIT = 400


# --- decide -------------------------------------------------------------------------------


def needs(state: Trio | None, event: SignedEvent) -> Facts:
    return _facts() if isinstance(event, e.Woke) else (About(), Roles())


def decide(state: Trio | None, event: SignedEvent, known: Known) -> Step:
    state = state or Trio()
    match event:
        case e.Begun():
            return state, (Timer("note", next_note(known.project, event.at)),)
        case e.Halted():
            return state, (Cancel("note"),)
        case e.TrioPointRaised():
            return _raised(state, event, known)
        case e.PointsDeleted(points=gone):
            kept = tuple(id for id in state.points if id not in gone)
            return replace(state, points=kept), tuple(Forget("point", id) for id in gone)
        case e.Woke():
            return _note(state, event, known) if known.project.running else (state, ())
        case _:
            return state, ()


def next_note(project: Project, after: datetime) -> datetime:
    """Return the working day before every second overview, counted from the project's first
    week."""
    first = local(project.calendar, project.started_at or project.drafted_at).date()
    hour, minute = divmod(project.overview_hour, 60)
    moment = after
    while True:
        moment = next_release(
            project.calendar,
            moment,
            project.overview_weekday,
            hour,
            minute,
            WEEKS,
            # Skip the first week, in which there is nothing to discuss yet.
            first + timedelta(weeks=1),
        )
        day = add_working_days(project.calendar, local(project.calendar, moment).date(), -1)
        at = at_local(project.calendar, day, HOUR)
        if at > after:
            return at


def _raised(state: Trio, event: e.TrioPointRaised, known: Known) -> Step:
    project = known.project
    if not project.under_way:
        return state, (FieldError("", text("trio.closed")),)
    kept = Record("point", "", event.id, event.by, event.at, {"text": event.text})
    told = (
        text("trio.raised", day=Day(_day_of(next_note(project, event.at), project)))
        if project.running
        else text("trio.raised_paused")
    )
    return replace(state, points=(*state.points, event.id)), (kept, Show(card(Paragraph(told))))


def _day_of(moment: datetime, project: Project) -> date:
    return local(project.calendar, moment).date()


def _note(state: Trio, event: e.Woke, known: Known) -> Step:
    now = event.fired_at
    again = Timer("note", next_note(known.project, now))
    shown = _drawn(state, now, known)
    if shown is None:
        return state, (again,)
    people = dict.fromkeys(known.holders("leader", "tr", "amr"))
    letters = tuple(Privately(person, shown, urgency=4) for person in people)
    named = (med for _, med in _points(state, _day_of(now, known.project), known) if med)
    told = tuple(dict.fromkeys((*state.told, *named)))
    _, given = note(known, trio_notes(known.project.workplace))
    return replace(state, points=(), told=told), (
        *letters,
        Tell(e.AdviceGiven(ids=given)),
        again,
    )


# --- what it says -------------------------------------------------------------------------


def _facts() -> Facts:
    return (About(), *HELPERS, States("question"), States("agreement"), MEMORY)


def _drawn(state: Trio, at: datetime, known: Known) -> NeutralCard | None:
    """Return the note; None if there is nothing to discuss."""
    project = known.project
    waiting = [
        (id, one) for id, one in all_of(known).items() if isinstance(one, Asked) and one.with_trio
    ]
    points = _points(state, _day_of(at, project), known)
    raised = state.points[-RAISED:]
    if not (waiting or points or raised):
        return None
    parts: list[Part[Line] | None] = [
        Heading(text("trio.title", name=Words(project.name))),
        Small(text("trio.who_sees")),
    ]
    if waiting:
        parts.append(Paragraph(text("trio.waiting")))
    for id, one in waiting[:POINTS]:
        parts += [
            Paragraph(text("trio.question", question=Said(one.words.da, one.words.en))),
            buttons(
                Button(text("trio.propose"), Look("trio_proposal", project=project.id, ref=id))
            ),
        ]
    if points:
        parts += [
            Paragraph(text("trio.points")),
            Bullets(tuple(line for line, _ in points), numbered=True),
        ]
    if raised:
        parts += [
            Paragraph(text("trio.raised_points")),
            Bullets(tuple(Kept("point", id) for id in raised)),
        ]
    worth_reading, _ = note(known, trio_notes(project.workplace))
    return card(*parts, *_missing(known), _next_time(project), *worth_reading)


def _points(state: Trio, today: date, known: Known) -> list[tuple[Line, str]]:
    """Return open points that all three may see: one of each kind first, then more of them.

    A conclusion for MED is returned with its id, so that it is in one note only.
    """
    concerns: list[tuple[Line, str]] = [
        (text("trio.concern", text=replace(one.words, cut=CUT)), "") for one in _unanswered(known)
    ]
    med: list[tuple[Line, str]] = [
        (text("trio.med", text=Kept("conclusion", one.conclusion, cut=CUT)), one.conclusion)
        for one in _to_med(known)
        if one.conclusion not in state.told
    ]
    late: list[tuple[Line, str]] = [
        (text("trio.overdue", text=replace(what(one.id), cut=CUT), day=Day(one.due or today)), "")
        for one in known.states("agreement", Agreement).values()
        if overdue(one, today)
    ]
    first = [*concerns[:1], *med[:1], *late[:1]]
    return [*first, *concerns[1:], *med[1:], *late[1:]][:POINTS]


def _unanswered(known: Known) -> list[Concern]:
    """Return unanswered texts that everybody may read, or that a representative shared here with
    the author's consent."""
    taken = (one for one in known.states("concern", Concern).values() if one.in_trio)
    mine = {one.id: one for one in (*open_to_all(known), *taken)}
    return [one for one in mine.values() if one.waits]


def _to_med(known: Known) -> list[Proposed | ToMed]:
    return [
        one
        for one in all_of(known).values()
        if isinstance(one, ToMed) or (isinstance(one, Proposed) and one.outcome == "med")
    ]


def _missing(known: Known) -> list[Part[Line]]:
    parts: list[Part[Line]] = []
    if not known.holders("tr"):
        parts.append(Small(text("trio.no_tr")))
    if not known.holders("amr"):
        parts.append(Small(text("trio.no_amr")))
    return parts


def _next_time(project: Project) -> Part[Line] | None:
    return buttons(Button(text("trio.next_time"), Look("trio_point", project=project.id)))


# --- looks --------------------------------------------------------------------------------


def _look_needs(look: Look, viewer: Viewer) -> Facts:
    return (*_facts(), StateOf("trio", "trio"))


def _look(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return (Show(card(Paragraph(text("trio.closed")))),)
    state = known.state("trio", "trio", Trio) or Trio()
    shown = _drawn(state, viewer.at, known)
    if shown is None:
        day = Day(_day_of(next_note(project, viewer.at), project))
        shown = card(
            Heading(text("trio.title", name=Words(project.name))),
            Paragraph(text("trio.nothing")),
            Small(text("trio.comes", day=day)) if project.running else None,
            *_missing(known),
            _next_time(project),
            *note(known, trio_notes(project.workplace))[0],
        )
    return (Show(shown),)


def _point_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _point(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return (Show(card(Paragraph(text("trio.closed")))),)
    return (
        Open(
            Form(
                title=text("trio.form"),
                fields=(
                    TextField(
                        "text",
                        text("trio.field"),
                        hint=text("trio.hint"),
                        long=True,
                        limit=LIMIT,
                    ),
                ),
                submit=text("button.save"),
                into="trio_point_raised",
                fixed={"project": project.id},
            )
        ),
    )


CONVERSATION = Conversation(
    name="trio",
    state=Trio,
    events=the_only("trio", e.TrioPointRaised, e.PointsDeleted),
    needs=needs,
    decide=decide,
    sights={"trio": Sight(_look_needs, _look), "trio_point": Sight(_point_needs, _point)},
    commands={"trio": opens("trio")},
    has_timers=True,
)
