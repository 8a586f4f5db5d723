"""A project: its draft, its start, its people, its pauses and its ends."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import assert_never

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Card, Line, text
from dialogs.model.commands import whom_of
from dialogs.model.conversation import Conversation, Facts, Step, opens, the_only
from dialogs.model.effects import (
    BeginAll,
    Effects,
    EraseProject,
    FieldError,
    Forget,
    Grant,
    OpenProject,
    Post,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import (
    ChannelProject,
    Frame,
    Known,
    Project,
    Role,
    Roles,
    States,
)
from dialogs.model.records import DELETABLE_BY_AUTHOR
from dialogs.project import cards, ends, people
from dialogs.project.looks import SIGHTS
from dialogs.project.states import confirming

ProjectEvent = (
    e.Started
    | e.Drafted
    | e.ShownInChannel
    | e.DraftDropped
    | e.FrameSet
    | e.SettingsChanged
    | e.RolesChanged
    | e.RoleConfirmed
    | e.RoleDeclined
    | e.Paused
    | e.NotNow
    | e.StoppedHere
    | e.Resumed
    | e.Ended
    | e.Helped
    | e.Deleted
    | e.PhaseEntered
    | e.Woke
)

HELPED_AFTER = timedelta(weeks=3)
_DATE = re.compile(r"(\d{1,2})[./-]\s?(\d{1,2})[./-]\s?(\d{4})$")


def needs(state: Project | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.Started(channel=channel):
            return (Roles(), ChannelProject(channel))
        case e.Drafted(channel=channel):
            return (Roles(), ChannelProject(channel), *people.asked_facts(event))
        case e.RolesChanged():
            return (Roles(), *people.asked_facts(event))
        case e.Deleted():
            return (Roles(), States("question"))
        case _:
            return (Roles(),)


def decide(state: Project | None, event: e.SignedEvent, known: Known) -> Step:
    if isinstance(event, e.Undelivered):
        return state, () if state is None else _undelivered(state, event, known)
    if not isinstance(event, ProjectEvent):
        return state, ()
    if state is None:
        return _new(event, known)
    match event:
        case e.Woke():
            return ends.woke(state, event, known)
        case e.RoleConfirmed():
            return people.confirmed(state, event, known(Roles()))
        case e.RoleDeclined():
            return people.declined(state, event, known(Roles()))
        case e.Deleted():
            return _deleted(state, event, known)
        case _:
            pass
    match state.stage:
        case "draft":
            return _draft(state, event, known)
        case "running":
            return _running(state, event, known)
        case "paused" | "not_now":
            return _resting(state, event, known)
        case "stopped" | "ended":
            return _over(state, event)
        case _:
            assert_never(state.stage)


Act = (
    e.Started | e.Drafted | e.ShownInChannel | e.DraftDropped | e.FrameSet | e.SettingsChanged
    | e.RolesChanged | e.Paused | e.NotNow | e.StoppedHere | e.Resumed | e.Ended | e.Helped
    | e.PhaseEntered
)  # fmt: skip


def _undelivered(state: Project, event: e.Undelivered, known: Known) -> tuple[Privately, ...]:
    """The leader hears of it, in one letter a week; at once where the channel is closed to Digi."""
    if event.what == "channel":
        told, once = text("project.undelivered_channel", name=c.Words(state.name)), event.id
    else:
        year, week, _ = local(state.calendar, event.at).isocalendar()
        told = text(f"project.undelivered_{event.what}", status=c.Typed("status"))
        once = f"{event.what}:{year}-{week}"
    return tuple(
        Privately(
            person, c.card(c.Paragraph(told)), urgency=2, now=event.what == "channel",
            once=f"undelivered:{once}:{person}",
        )
        for person in known.holders("leader", "deputy")
    )  # fmt: skip


# --- a draft comes to be --------------------------------------------------------------------


def _new(event: ProjectEvent, known: Known) -> Step:
    match event:
        case e.Started(channel="") | e.Drafted(channel=""):
            return None, (Show(cards.said("project.start_in_channel")),)
        case e.Started(channel=channel) | e.Drafted(channel=channel):
            other = known(ChannelProject(channel))
            if other is not None and other.open:
                return None, (Show(cards.taken(other)),)
            if isinstance(event, e.Drafted):
                return _drafted(None, event, known)
            state = Project(
                id=event.project,
                name=event.name,
                channel=channel,
                stage="draft",
                starter=event.by,
                drafted_at=event.at,
            )
            roles = (Role(event.by, "leader", "asked"),)
            return state, (
                OpenProject(state.id, channel),
                Grant(event.by, "leader", "asked"),
                Show(cards.draft(state, roles, event.by)),
            )
        case e.Woke():
            return None, ()
        case _:
            return None, (Show(cards.said("project.gone")),)


def _elsewhere(state: Project, event: e.Started | e.Drafted) -> Step | None:
    """The gate names the project at hand; a new one may be meant all the same."""
    if not event.channel:
        return state, (Show(cards.said("project.start_in_channel")),)
    if not state.open or state.channel != event.channel:
        return state, (Tell(replace(event, project=event.id[:12])),)
    return None


def _drafted(state: Project | None, event: e.Drafted, known: Known) -> Step:
    """The form, for a new draft or for one that is there."""
    roles = known(Roles()) if state else ()
    if fault := people.from_elsewhere(event, known):
        return state, (fault,)
    leader = event.leader or (state.starter if state else event.by)
    if fault := people.both_sides((leader,), (*event.tr, *event.amr)):
        return state, (fault,)
    phase = int(event.phase)
    frames = dict(state.frames) if state else {}
    if framed := _frame_of(event):
        frames[event.phase] = framed
    before = state or Project(
        id=event.project,
        name=event.name,
        channel=event.channel,
        stage="draft",
        starter=event.by,
        drafted_at=event.at,
    )
    after = replace(
        before,
        name=event.name,
        about=event.about,
        origin=event.origin,
        workplace=event.workplace,
        phase=phase,
        entered=phase,
        frames=frames,
        weekday=int(event.weekday),
        hour=event.hour,
        overview_weekday=int(event.overview_weekday),
        overview_hour=event.overview_hour,
        decision=event.decision,
        retention_days=int(event.retention),
        language=event.language,
        length=event.length,
    )
    grants = (
        *people.seats(roles, "leader", (leader,)),
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
        Show(cards.draft(after, now, event.by)),
    )


def _frame_of(event: e.Drafted | e.FrameSet) -> Frame | None:
    frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
    return None if frame == Frame() else frame


def _draft(state: Project, event: Act, known: Known) -> Step:
    roles = known(Roles())
    match event:
        case e.Started(by=by):
            if other := _elsewhere(state, event):
                return other
            if by not in cards.circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return state, (
                Show(cards.said("project.already_draft")),
                Show(cards.draft(state, roles, by)),
            )
        case e.Drafted(by=by):
            if other := _elsewhere(state, event):
                return other
            if by not in cards.circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return _drafted(state, event, known)
        case e.ShownInChannel():
            return _shown(state, event, roles)
        case e.DraftDropped(by=by):
            return _dropped(state, roles, by)
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case e.FrameSet() | e.SettingsChanged():
            after, effects = _changed(state, event)
            if after is state:
                return state, effects
            return after, (
                *people.redraw_drafts(after, roles),
                Show(cards.draft(after, roles, event.by)),
            )
        case (
            e.Paused() | e.NotNow() | e.StoppedHere() | e.Resumed() | e.Ended() | e.Helped()
            | e.PhaseEntered()
        ):  # fmt: skip
            return state, (Show(cards.what_is_true(state)),)
        case _:
            assert_never(event)


def _dropped(state: Project, roles: tuple[Role, ...], by: Person) -> Step:
    """Those who had seen the draft are told that it is gone."""
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
    leaders = [r for r in roles if r.role == "leader" and r.status == "confirmed"]
    if not leaders:
        return state, (Show(_needs_leader(state, roles, event.by)),)
    after = replace(state, stage="running", started_at=event.at)
    trio = [r for r in cards.holding(roles, *cards.TRIO) if r.status == "confirmed"]
    helpers = [r for r in roles if r.role == "facilitator" and r.status == "asked"]
    return after, (
        Post(cards.WELCOME),
        *people.redraw_drafts(after, roles),
        *(Privately(r.person, cards.holds_now(after, r.role), now=True) for r in trio),
        *(Privately(r.person, cards.asked_for(after, r.role, event.by), now=True) for r in helpers),
        BeginAll(),
        Timer("helped", ends.morning(after, local(after.calendar, event.at + HELPED_AFTER).date())),
        Show(cards.said("project.shown", name=c.Words(after.name))),
    )


def _needs_leader(state: Project, roles: tuple[Role, ...], by: Person) -> Card[Line]:
    asked = [r.person for r in roles if r.role == "leader" and r.status == "asked"]
    if by in asked:
        return cards.with_buttons(
            text("project.leader_is_you"), *confirming(state.id, "leader")[:1]
        )
    if asked:
        return cards.said("project.leader_asked", who=cards.named(asked))
    return cards.with_buttons(
        text("project.leader_missing"),
        c.Button(text("project.edit"), Look("start", project=state.id)),
    )


# --- a project that is going on ---------------------------------------------------------------


def _running(state: Project, event: Act, known: Known) -> Step:
    match event:
        case e.Started() | e.Drafted():
            return _elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.ShownInChannel() | e.DraftDropped() | e.Resumed():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            after, effects = _changed(state, event)
            return after, (*effects, *_begin_if(state, after, event))
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case e.Paused(until=until, at=at):
            if fault := ends.in_the_past(state, until, at):
                return state, (fault,)
            after = replace(state, stage="paused", until=until, reason="")
            return after, (
                *ends.resting(after, event.at),
                Say(cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return ends.not_now(state, event)
        case e.StoppedHere():
            return ends.stopped(state, event)
        case e.Ended():
            return ends.ended(state, event)
        case e.Helped():
            return ends.helped(state, event)
        case e.PhaseEntered(phase=phase):
            return replace(state, phase=phase), (Redraw(cards.WELCOME),)
        case _:
            assert_never(event)


def _resting(state: Project, event: Act, known: Known) -> Step:
    """Paused, or *Ikke nu*."""
    match event:
        case e.Started() | e.Drafted():
            return _elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.ShownInChannel() | e.DraftDropped() | e.Helped():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            return _changed(state, event)
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case e.Resumed():
            return ends.resumed(state, (Show(cards.said("project.done_resumed")),))
        case e.Paused(until=until, at=at):
            if fault := ends.in_the_past(state, until, at):
                return state, (fault,)
            after = replace(state, stage="paused", until=until)
            return after, (
                *ends.resting(after, at, halt=False),
                Say(cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return ends.not_now(state, event)
        case e.StoppedHere():
            return ends.stopped(state, event)
        case e.Ended():
            return ends.ended(state, event)
        case e.PhaseEntered(phase=phase):
            return replace(state, phase=phase), (Redraw(cards.WELCOME),)
        case _:
            assert_never(event)


def _over(state: Project, event: Act) -> Step:
    """Stopped or ended: the channel is free for another."""
    match event:
        case e.Started() | e.Drafted():
            return _elsewhere(state, event) or (state, ())
        case (
            e.ShownInChannel() | e.DraftDropped() | e.FrameSet() | e.SettingsChanged()
            | e.RolesChanged() | e.Paused() | e.NotNow() | e.StoppedHere() | e.Resumed()
            | e.Ended() | e.Helped()
        ):  # fmt: skip
            return state, (Show(cards.what_is_true(state)),)
        case e.PhaseEntered():
            return state, ()
        case _:
            assert_never(event)


# --- settings and frame ----------------------------------------------------------------------


def _changed(state: Project, event: e.FrameSet | e.SettingsChanged) -> tuple[Project, Effects]:
    match event:
        case e.FrameSet(phase=phase):
            if phase not in ("1", "2", "3", "4"):
                return state, (Show(cards.what_is_true(state)),)
            frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
            after = replace(state, frames={**state.frames, phase: frame})
            here = state.running and int(phase) == state.phase
            body = {"fixed": frame.fixed, "shape": frame.shape, "unknown": frame.unknown}
            return after, (
                Record("frame", phase, event.id, event.by, event.at, body),
                Redraw(cards.WELCOME),
                *((Say(_new_frame(after, frame, event)),) if here else ()),
                Show(cards.said("project.frame_saved", phase=text(f"project.phase_{phase}"))),
            )
        case e.SettingsChanged():
            days = _days_off(event.days_off)
            if days is None:
                return state, (FieldError("days_off", text("project.days_off_wrong")),)
            after = replace(
                state,
                about=event.about,
                every_weeks=int(event.every_weeks),
                weekday=int(event.weekday),
                hour=event.hour,
                overview_weekday=int(event.overview_weekday),
                overview_hour=event.overview_hour,
                decision=event.decision,
                days_off=days,
                language=event.language,
            )
            return after, (Redraw(cards.WELCOME), Show(cards.said("project.settings_saved")))
        case _:
            assert_never(event)


def _new_frame(state: Project, frame: Frame, event: e.FrameSet) -> Card[Line]:
    return c.card(
        c.Paragraph(text("project.new_frame", who=c.Who(event.by))),
        c.Facts(cards.kept_frame_rows(frame, event.id)),
    )


def _begin_if(before: Project, after: Project, event: e.FrameSet | e.SettingsChanged) -> Effects:
    """Other hours move everybody's timers, and the channel is told of them."""
    if isinstance(event, e.FrameSet) or _hours(before) == _hours(after):
        return ()
    return (BeginAll(), Say(cards.new_hours(after)))


def _hours(state: Project) -> tuple[object, ...]:
    return (
        state.every_weeks, state.weekday, state.hour, state.overview_weekday,
        state.overview_hour, state.days_off,
    )  # fmt: skip


def _days_off(words: str) -> tuple[date, ...] | None:
    """Dates as people write them, 24.12.2026, with commas between; None where one is no date."""
    found = []
    for piece in filter(None, (one.strip() for one in re.split(r"[,;\n]", words))):
        match = _DATE.match(piece)
        if match is None:
            return None
        day, month, year = map(int, match.groups())
        try:
            found.append(date(year, month, day))
        except ValueError:
            return None
    return tuple(sorted(set(found)))


# --- deleting -------------------------------------------------------------------------------


def _deleted(state: Project, event: e.Deleted, known: Known) -> Step:
    by = event.by
    match event.what:
        case "mine":
            return state, (
                *(Forget(kind, person=by) for kind in DELETABLE_BY_AUTHOR),
                *(
                    Redraw("post", dialog="question", of=one.id)
                    for one in known(States("question"))
                ),
                Show(cards.said("project.deleted_mine")),
            )
        case "project":
            if not people.may_delete(state, known(Roles()), by):
                return state, (Show(cards.said("project.delete_who")),)
            if state.open and state.stage != "draft":
                return state, (Show(cards.said("project.delete_not_yet", end=c.Typed("end"))),)
            if state.stage == "draft":
                return _dropped(state, known(Roles()), by)
            said = cards.said("project.deleted", name=c.Words(state.name))
            return None, (EraseProject(), Show(said))
        case _:
            assert_never(event.what)


# --- standing posts -------------------------------------------------------------------------


def view_needs(state: Project, slot: str) -> Facts:
    return (Roles(),)


def view(state: Project, slot: str, known: Known) -> Card[Line]:
    roles = known(Roles())
    if slot == cards.WELCOME:
        return cards.welcome(state, roles)
    return cards.draft(state, roles, slot.removeprefix("draft:"))


CONVERSATION = Conversation(
    name="project",
    state=Project,
    events=the_only(
        "project",
        e.Started,
        e.Drafted,
        e.ShownInChannel,
        e.DraftDropped,
        e.FrameSet,
        e.SettingsChanged,
        e.RolesChanged,
        e.RoleConfirmed,
        e.RoleDeclined,
        e.Paused,
        e.NotNow,
        e.StoppedHere,
        e.Resumed,
        e.Ended,
        e.Helped,
        e.Deleted,
        e.PhaseEntered,
        e.Undelivered,
    ),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights=SIGHTS,
    commands={
        "start": lambda typed: e.Started(name=typed.rest[:80]) if typed.rest else Look("start"),
        "roles": opens("roles"),
        "settings": opens("settings"),
        "delete": opens("delete"),
        "end": opens("end"),
        "pause": lambda typed: Look("me" if whom_of(typed.rest) == "me" else "pause"),
        "resume": lambda typed: e.PersonResumed() if whom_of(typed.rest) == "me" else e.Resumed(),
    },
    opens_pool=frozenset({e.Ended, e.StoppedHere}),
    timers_open_pool=True,
)
