"""A project's draft: created, changed, shown in the channel or dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Card, Line, text
from dialogs.model.conversation import Step
from dialogs.model.effects import (
    BeginAll,
    EraseProject,
    FieldError,
    Grant,
    MakeLink,
    Open,
    OpenProject,
    Post,
    Privately,
    Redraw,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import (
    Known,
    Project,
    Role,
    Roles,
)
from dialogs.project import cards, ends, forms, people
from dialogs.project.settings import changed, deadline_fault, frame_of

ProjectEvent = (
    e.Started
    | e.Drafted
    | e.DraftDetailed
    | e.ShownInChannel
    | e.DraftDropped
    | e.FrameSet
    | e.SettingsChanged
    | e.RolesChanged
    | e.LeaderNamed
    | e.ProjectMoved
    | e.PresenceChanged
    | e.ReadersChosen
    | e.RoleConfirmed
    | e.RoleDeclined
    | e.Paused
    | e.NotNow
    | e.StoppedHere
    | e.Resumed
    | e.Ended
    | e.Helped
    | e.FollowedUp
    | e.Deleted
    | e.PhaseEntered
    | e.Woke
)


HELPED_AFTER = timedelta(weeks=3)


Act = (
    e.Started
    | e.Drafted
    | e.DraftDetailed
    | e.ShownInChannel
    | e.DraftDropped
    | e.FrameSet
    | e.SettingsChanged
    | e.RolesChanged
    | e.Paused
    | e.NotNow
    | e.StoppedHere
    | e.Resumed
    | e.Ended
    | e.Helped
    | e.PhaseEntered
)


def open_elsewhere(state: Project, event: e.Started | e.Drafted) -> Step | None:
    """Return the answer or step if the form is not for this project; None if it is.

    The gate adds the project at hand, but a new draft in another channel may be meant.
    """
    if not event.channel:
        return state, (Show(cards.said("project.start_in_channel")),)
    if not state.open or state.channel != event.channel:
        return state, (Tell(replace(event, project=event.id[:12])),)
    return None


def drafted(state: Project | None, event: e.Drafted, known: Known) -> Step:
    """Handle the form, for a new or an existing draft."""
    roles = known(Roles()) if state else ()
    if fault := people.from_elsewhere(event, known):
        return state, (fault,)
    if fault := people.both_sides((event.leader,), (*event.tr, *event.amr)):
        return state, (fault,)
    before = state or Project(
        id=event.project,
        name=event.name,
        channel=event.channel,
        stage="draft",
        starter=event.by,
        drafted_at=event.at,
    )
    after = replace(before, name=event.name, about=event.about, origin=event.origin)
    grants = (
        *people.seats(roles, "leader", (event.leader,) if event.leader else ()),
        *people.seats(roles, "tr", event.tr),
        *people.seats(roles, "amr", event.amr),
        *people.seats(roles, "facilitator", event.facilitator),
    )
    now = people.granted(roles, grants)
    had = cards.circle(before, roles) if state else {event.by}
    return after, (
        *(() if state else (OpenProject(after.id, after.channel),)),
        *grants,
        *(Redraw(people.slot(person)) for person in sorted(had)),
        *(
            Post(people.slot(person), to=person)
            for person in sorted(cards.circle(after, now) - had - {event.by})
        ),
        Open(forms.details(after, now))
        if event.more
        else Show(cards.draft(after, now, event.by), instead=True),
    )


def _detailed(state: Project, event: e.DraftDetailed, known: Known) -> Step:
    """Handle *Flere valg*: the settings that the first form leaves at their defaults."""
    roles = known(Roles())
    if fault := people.from_elsewhere(event, known):
        return state, (fault,)
    if event.start == event.end:
        return state, (FieldError("end", text("person.same_hours")),)
    if fault := deadline_fault(event):
        return state, (fault,)
    framed = frame_of(event)
    after = replace(
        state,
        workplace=event.workplace,
        unit=event.unit,
        committee=event.committee,
        phase=int(event.phase),
        entered=int(event.phase),
        frames={**state.frames, event.phase: framed} if framed else state.frames,
        weekday=int(event.weekday),
        hour=event.hour,
        overview_weekday=int(event.overview_weekday),
        overview_hour=event.overview_hour,
        hours=(event.start, event.end),
        decision=event.decision,
        med_deadline=event.med_deadline,
        retention_days=int(event.retention),
        language=event.language,
        length=event.length,
    )
    grants = people.seats(roles, "facilitator", event.facilitator)
    now = people.granted(roles, grants)
    return after, (
        *grants,
        *people.redraw_drafts(after, now),
        Show(cards.draft(after, now, event.by), instead=True),
    )


def draft_step(state: Project, event: Act, known: Known) -> Step:
    roles = known(Roles())
    match event:
        case e.Started(by=by):
            if other := open_elsewhere(state, event):
                return other
            if by not in cards.circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return state, (
                Show(cards.said("project.already_draft")),
                Show(cards.draft(state, roles, by)),
            )
        case e.Drafted(by=by):
            if other := open_elsewhere(state, event):
                return other
            if by not in cards.circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return drafted(state, event, known)
        case e.DraftDetailed(by=by):
            if by not in cards.circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return _detailed(state, event, known)
        case e.ShownInChannel():
            return _shown(state, event, roles)
        case e.DraftDropped(by=by):
            return dropped(state, roles, by)
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case e.FrameSet() | e.SettingsChanged():
            return _changed(state, event, roles)
        case (
            e.Paused()
            | e.NotNow()
            | e.StoppedHere()
            | e.Resumed()
            | e.Ended()
            | e.Helped()
            | e.PhaseEntered()
        ):
            return state, (Show(cards.what_is_true(state)),)
        case _:
            assert_never(event)


def _changed(
    state: Project, event: e.FrameSet | e.SettingsChanged, roles: tuple[Role, ...]
) -> Step:
    after, effects = changed(state, event)
    if after is state:
        return state, effects
    return after, (
        *people.redraw_drafts(after, roles),
        Show(cards.draft(after, roles, event.by), instead=True),
    )


def dropped(state: Project, roles: tuple[Role, ...], by: Person) -> Step:
    """Drop a draft, and tell those who had seen it."""
    name = c.Words(state.name)
    told = cards.said("project.dropped_by", who=c.Who(by), name=name)
    return None, (
        EraseProject(),
        *(
            Privately(person, told, now=True)
            for person in sorted(cards.circle(state, roles) - {by})
        ),
        Show(cards.said("project.dropped", name=name)),
    )


def _shown(state: Project, event: e.ShownInChannel, roles: tuple[Role, ...]) -> Step:
    by = event.by
    leaders = [r for r in roles if r.role == "leader" and r.status == "confirmed"]
    holds = any(
        r.person == by and r.status == "confirmed" for r in cards.holding(roles, *cards.TRIO)
    )
    if event.leads and cards.could_lead(state, roles, by):
        if people.other_side(roles, by, "leader"):
            return state, (Show(cards.said("project.both_sides")),)
        yes = (
            Grant(by, "leader", "confirmed"),
            *(Grant(r.person, "leader", "was") for r in leaders),
        )
        after, effects = _begun(state, event, people.granted(roles, yes))
        return after, (*yes, *effects)
    if not leaders:
        return state, (Show(_needs_leader(state, roles, by), instead=True),)
    if not holds and by != state.starter:
        return state, (Show(cards.said("project.answer_first")),)
    return _begun(state, event, roles)


def _begun(state: Project, event: e.ShownInChannel, roles: tuple[Role, ...]) -> Step:
    after = replace(state, stage="running", started_at=event.at, picture=event.id)
    drafted = cards.circle(after, roles) - {state.starter}
    # The starter had no card yet, and facilitators are asked when the channel is told.
    first = {r.person for r in cards.holding(roles, *cards.SEATS)} - drafted
    return after, (
        MakeLink("picture", after.picture),
        Post(cards.WELCOME),
        *people.redraw_drafts(after, roles),
        *(Post(people.slot(person), to=person) for person in sorted(first)),
        BeginAll(),
        Timer("helped", ends.morning(after, local(after.calendar, event.at + HELPED_AFTER).date())),
        Show(cards.said("project.shown", name=c.Words(after.name)), instead=True),
    )


def _needs_leader(state: Project, roles: tuple[Role, ...], by: Person) -> Card[Line]:
    """Answer a press of an older draft's button, or of a person who does not lead."""
    edit = c.Button[Line](text("project.edit"), Look("start", project=state.id))
    if cards.could_lead(state, roles, by):
        press = e.ShownInChannel(project=state.id, leads=True)
        yes = c.Button[Line](text("project.i_lead_show"), press, "main")
        return cards.with_buttons(text("project.leader_is_you"), yes, edit)
    asked = [r.person for r in roles if r.role == "leader" and r.status == "asked"]
    if asked:
        return cards.said("project.leader_asked", who=cards.named(asked))
    return cards.with_buttons(text("project.leader_missing"), edit)
