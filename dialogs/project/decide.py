"""A project: its draft, its start, its people, its pauses and its ends."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from dialogs.exercise.states import ALL_RUNS
from dialogs.keepsake.states import KEEPING
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Card, Line, text
from dialogs.model.commands import whom_of
from dialogs.model.conversation import Conversation, Facts, Step, opens, the_only
from dialogs.model.effects import (
    OpenProject,
    Privately,
    Redraw,
    Say,
    Show,
)
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    ChannelProject,
    Known,
    Present,
    Project,
    Records,
    Role,
    Roles,
    StateOf,
    States,
)
from dialogs.model.roles import LEADING, stands_in
from dialogs.page.states import PAGE, where_the_page_is
from dialogs.project import (
    cards,
    deleting,
    end_cards,
    ends,
    moving,
    people,
    readers,
    succession,
    to_promise,
)
from dialogs.project.draft import Act, ProjectEvent, draft_step, drafted, open_elsewhere
from dialogs.project.looks import SIGHTS
from dialogs.project.settings import begin_if, changed
from dialogs.promise.states import PROMISES
from dialogs.walk.states import DECIDED_IN, Walk, phase_steps


def needs(state: Project | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.Started(channel=channel):
            return (Roles(), ChannelProject(channel))
        case e.Drafted(channel=channel):
            return (Roles(), ChannelProject(channel), *people.asked_facts(event))
        case e.DraftDetailed():
            return (Roles(), *people.asked_facts(event))
        case e.RolesChanged():
            return (Roles(), *people.asked_facts(event))
        case e.LeaderNamed():
            return succession.needs(event)
        case e.ProjectMoved():
            return moving.needs(event)
        case e.PresenceChanged() | e.Woke(name=succession.LEFT):
            return (Roles(), Present())
        case e.ReadersChosen():
            return readers.needs(event)
        case e.Deleted():
            return deleting.needs(event)
        case e.Ended() | e.StoppedHere():
            return (Roles(), PROMISES, KEEPING, ALL_RUNS)
        case e.Woke(name="unanswered"):
            return (Roles(), Records("reason"), States("concern"))
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
        case e.ReadersChosen() | e.RoleConfirmed(role="reader") | e.RoleDeclined(role="reader"):
            return readers.decide(state, event, known)
        case e.PresenceChanged():
            return succession.looked(state, event, known)
        case e.Woke(name=succession.LEFT):
            return succession.woke(state, known)
        case e.Woke():
            return ends.woke(state, event, known)
        case e.RoleConfirmed():
            return people.confirmed(state, event, known(Roles()))
        case e.RoleDeclined():
            return people.declined(state, event, known(Roles()))
        case e.Deleted():
            return deleting.deleted(state, event, known)
        case e.LeaderNamed():
            return succession.named(state, event, known)
        case e.ProjectMoved():
            return moving.moved(state, event, known)
        case e.FollowedUp():
            return state, ends.followed_up(state, event)
        case _:
            pass
    match state.stage:
        case "draft":
            return draft_step(state, event, known)
        case "running":
            return _running(state, event, known)
        case "paused" | "not_now":
            return _resting(state, event, known)
        case "stopped" | "ended":
            return _over(state, event, known)
        case _:
            assert_never(state.stage)


def _undelivered(state: Project, event: e.Undelivered, known: Known) -> tuple[Privately, ...]:
    """Tell the leader about undelivered messages, once a week in a letter; at once if the channel
    is closed to Digi, and then the starter too while nobody has said yes to leading."""
    leading = known.holders(*LEADING)
    if event.what == "channel":
        roles: tuple[Role, ...] = known(Roles())
        leading = (*leading, stands_in(state, roles))
        report, end = c.Typed("report"), c.Typed("end")
        told = c.card(
            c.Paragraph(text("project.undelivered_channel", name=c.Words(state.name))),
            c.Paragraph(
                text("project.undelivered_deleted", move=moving.MOVE, report=report, end=end)
            ),
        )
        once = event.id
    else:
        year, week, _ = local(state.calendar, event.at).isocalendar()
        status = c.Typed("status")
        told = c.card(c.Paragraph(text(f"project.undelivered_{event.what}", status=status)))
        once = f"{event.what}:{year}-{week}"
    return tuple(
        Privately(
            person,
            told,
            urgency=2,
            now=event.what == "channel",
            once=f"undelivered:{once}:{person}",
        )
        for person in leading
        if person
    )


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
                return drafted(None, event, known)
            state = Project(
                id=event.project,
                name=event.name,
                channel=channel,
                stage="draft",
                starter=event.by,
                drafted_at=event.at,
            )
            return state, (OpenProject(state.id, channel), Show(cards.draft(state, (), event.by)))
        case e.Woke() | e.PresenceChanged():
            return None, ()
        case _:
            return None, (Show(cards.said("project.gone")),)


# --- a project that is going on ---------------------------------------------------------------


def _running(state: Project, event: Act, known: Known) -> Step:
    match event:
        case e.Started() | e.Drafted():
            return open_elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.DraftDetailed() | e.ShownInChannel() | e.DraftDropped() | e.Resumed():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            after, effects = changed(state, event)
            return after, (*effects, *begin_if(state, after, event))
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case e.Paused(until=until, at=at):
            if fault := ends.in_the_past(state, until, at):
                return state, (fault,)
            after = replace(state, stage="paused", until=until, reason="")
            return after, (
                *ends.resting(after, event.at),
                Say(end_cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return ends.not_now(state, event)
        case e.StoppedHere():
            return ends.stopped(state, event, known)
        case e.Ended():
            return ends.ended(state, event, known)
        case e.Helped():
            return ends.helped(state, event)
        case e.PhaseEntered(phase=phase):
            decides = phase == DECIDED_IN > state.phase
            asked = to_promise.posts(known) if decides else to_promise.redrawn(known)
            return replace(state, phase=phase), (Redraw(cards.WELCOME), *asked)
        case _:
            assert_never(event)


def _resting(state: Project, event: Act, known: Known) -> Step:
    """Decide events of a project that is paused or *Ikke nu*."""
    match event:
        case e.Started() | e.Drafted():
            return open_elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.DraftDetailed() | e.ShownInChannel() | e.DraftDropped() | e.Helped():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            return changed(state, event)
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
                Say(end_cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return ends.not_now(state, event)
        case e.StoppedHere():
            return ends.stopped(state, event, known)
        case e.Ended():
            return ends.ended(state, event, known)
        case e.PhaseEntered(phase=phase):
            return replace(state, phase=phase), (Redraw(cards.WELCOME),)
        case _:
            assert_never(event)


def _over(state: Project, event: Act, known: Known) -> Step:
    """Decide events of a project that is stopped or ended; its channel is free for another."""
    match event:
        case e.Started() | e.Drafted():
            return open_elsewhere(state, event) or (state, ())
        case e.RolesChanged():
            return people.roles_changed(state, event, known)
        case (
            e.DraftDetailed()
            | e.ShownInChannel()
            | e.DraftDropped()
            | e.FrameSet()
            | e.SettingsChanged()
            | e.Paused()
            | e.NotNow()
            | e.StoppedHere()
            | e.Resumed()
            | e.Ended()
            | e.Helped()
        ):
            return state, (Show(cards.what_is_true(state)),)
        case e.PhaseEntered():
            return state, ()
        case _:
            assert_never(event)


# --- standing posts -------------------------------------------------------------------------


def view_needs(state: Project, slot: str) -> Facts:
    if slot == cards.WELCOME:
        return (Roles(), StateOf("walk", "walk"), PAGE)
    again = slot.startswith(end_cards.AGAIN)
    if again:
        return (About(), Roles(), Records("follow_up"), PROMISES, KEEPING, ALL_RUNS)
    return (Roles(),)


def view(state: Project, slot: str, known: Known) -> Card[Line]:
    roles = known(Roles())
    if slot == cards.WELCOME:
        walk = known.state("walk", "walk", Walk)
        return cards.welcome(
            state, roles, phase_steps(state, walk, known), where_the_page_is(known)
        )
    if readers.is_slot(slot):
        return readers.view(state, slot, known)
    if to_promise.is_slot(slot):
        return to_promise.view(state, slot, known)
    if slot.startswith(end_cards.AGAIN):
        return end_cards.again(state, int(slot.removeprefix(end_cards.AGAIN)), known)
    return cards.draft(state, roles, slot.removeprefix("draft:"))


CONVERSATION = Conversation(
    name="project",
    state=Project,
    events=the_only(
        "project",
        e.Started,
        e.Drafted,
        e.DraftDetailed,
        e.ShownInChannel,
        e.DraftDropped,
        e.FrameSet,
        e.SettingsChanged,
        e.RolesChanged,
        e.LeaderNamed,
        e.ProjectMoved,
        e.PresenceChanged,
        e.ReadersChosen,
        e.RoleConfirmed,
        e.RoleDeclined,
        e.Paused,
        e.NotNow,
        e.StoppedHere,
        e.Resumed,
        e.Ended,
        e.Helped,
        e.FollowedUp,
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
        "move": opens("move"),
        "settings": opens("settings"),
        "delete": opens("delete"),
        "end": opens("end"),
        "pause": lambda typed: Look("me" if whom_of(typed.rest) == "me" else "pause"),
        "resume": lambda typed: e.PersonResumed() if whom_of(typed.rest) == "me" else e.Resumed(),
    },
    opens_pool=frozenset({e.Ended, e.StoppedHere}),
    timers_open_pool=True,
)
