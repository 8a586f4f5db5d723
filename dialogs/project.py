"""A project: its draft, its start, its people, its pauses and its ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, assert_never, cast

from msgspec.structs import replace

from dialogs import cards as c
from dialogs import events as e
from dialogs import project_cards as cards
from dialogs import project_forms as forms
from dialogs.calendar import at_local, is_working_day, local, next_working_day
from dialogs.cards import Card, Line, text
from dialogs.conversation import Conversation, Facts, Moments, Sight, Step
from dialogs.effects import (
    Cancel,
    CloseProject,
    Effects,
    EraseProject,
    FieldError,
    Forget,
    Grant,
    Open,
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
from dialogs.events import Look, Person
from dialogs.facts import (
    About,
    ChannelProject,
    Frame,
    Known,
    Project,
    Records,
    Role,
    RoleName,
    Roles,
    State,
    States,
    Viewer,
)
from dialogs.question_states import Concluded, one_of

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

WELCOME = "welcome"
OTHERS: tuple[Literal["walk", "digest", "summary", "trio", "say"], ...] = (
    "walk", "digest", "summary", "trio", "say",
)  # fmt: skip
MORNING = 8
HELPED_AFTER = timedelta(weeks=3)
# What freed time is for, what the business case is worth, what the technology is for.
PROMISES = ("kerneopgave.3", "fase2.1", "kerneopgave.1")
NAMED_KINDS = ("answer", "trio_answer")
_DATE = re.compile(r"(\d{1,2})[./-]\s?(\d{1,2})[./-]\s?(\d{4})$")


def needs(state: Project | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.Started(channel=channel) | e.Drafted(channel=channel):
            return (Roles(), ChannelProject(channel))
        case e.Deleted():
            return (Roles(), States("question"))
        case _:
            return (Roles(),)


def decide(state: Project | None, event: e.SignedEvent, known: Known) -> Step:
    if not isinstance(event, ProjectEvent):
        return state, ()
    if state is None:
        return _new(event, known)
    match event:
        case e.Woke():
            return _woke(state, event, known)
        case e.RoleConfirmed():
            return _confirmed(state, event, known(Roles()))
        case e.RoleDeclined():
            return _declined(state, event, known(Roles()))
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


_Decided = (
    e.Started | e.Drafted | e.ShownInChannel | e.DraftDropped | e.FrameSet | e.SettingsChanged
    | e.RolesChanged | e.Paused | e.NotNow | e.StoppedHere | e.Resumed | e.Ended | e.Helped
    | e.PhaseEntered
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
                return _drafted(None, event, ())
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


def _drafted(state: Project | None, event: e.Drafted, roles: tuple[Role, ...]) -> Step:
    """The form, for a new draft or for one that is there."""
    leader = event.leader or (state.starter if state else event.by)
    if fault := _both_sides((leader,), (*event.tr, *event.amr)):
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
        language=event.language,
        length=event.length,
    )
    grants = (
        *_seats(roles, "leader", (leader,)),
        *_seats(roles, "tr", event.tr),
        *_seats(roles, "amr", event.amr),
        *_seats(roles, "facilitator", event.facilitator),
    )
    now = _granted(roles, grants)
    had = _circle(before, roles) if state else {event.by}
    return after, (
        *(() if state else (OpenProject(after.id, after.channel),)),
        *grants,
        *(Redraw(_slot(person)) for person in sorted(had)),
        *(
            Post(_slot(person), to=person)
            for person in sorted(_circle(after, now) - had - {event.by})
        ),
        Show(cards.draft(after, now, event.by)),
    )


def _frame_of(event: e.Drafted | e.FrameSet) -> Frame | None:
    frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
    return None if frame == Frame() else frame


def _both_sides(leaders: Iterable[Person], elected: Iterable[Person]) -> FieldError | None:
    if set(filter(None, leaders)) & set(elected):
        return FieldError("leader", text("project.both_sides"))
    return None


def _slot(person: Person) -> str:
    return f"draft:{person}"


def _circle(state: Project, roles: tuple[Role, ...]) -> set[Person]:
    """Who sees a draft: whoever started it, leader, TR and AMR."""
    return {state.starter, *(r.person for r in cards.holding(roles, *cards.TRIO))}


def _seats(roles: tuple[Role, ...], seat: RoleName, wanted: Sequence[Person]) -> tuple[Grant, ...]:
    """Ask those who are new in this seat. Who is only asked can be left out again; a leader who
    has said yes stays until the next has, and a representative until they say so themselves."""
    has = {r.person for r in cards.holding(roles, seat)}
    asked = {r.person for r in roles if r.role == seat and r.status == "asked"}
    leaves = {r.person for r in roles if r.role == seat and r.status == "confirmed"}
    leaves = leaves if seat in ("facilitator", "deputy") else set()
    return (
        *(Grant(person, seat, "declined") for person in sorted(asked - set(wanted))),
        *(Grant(person, seat, "was") for person in sorted(leaves - set(wanted))),
        *(Grant(person, seat, "asked") for person in dict.fromkeys(wanted) if person not in has),
    )


def _granted(roles: tuple[Role, ...], grants: Iterable[Grant]) -> tuple[Role, ...]:
    """The roles as they are once these are given."""
    found = {(r.person, r.role): r for r in roles}
    for grant in grants:
        found[grant.person, grant.role] = Role(grant.person, grant.role, grant.status, grant.detail)
    return tuple(found.values())


def _draft(state: Project, event: _Decided, known: Known) -> Step:
    roles = known(Roles())
    match event:
        case e.Started(by=by):
            if other := _elsewhere(state, event):
                return other
            if by not in _circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return state, (
                Show(cards.said("project.already_draft")),
                Show(cards.draft(state, roles, by)),
            )
        case e.Drafted(by=by):
            if other := _elsewhere(state, event):
                return other
            if by not in _circle(state, roles):
                return state, (Show(cards.taken(state)),)
            return _drafted(state, event, roles)
        case e.ShownInChannel():
            return _shown(state, event, roles)
        case e.DraftDropped(by=by):
            return _dropped(state, roles, by)
        case e.RolesChanged():
            return _roles_changed(state, event, roles)
        case e.FrameSet() | e.SettingsChanged():
            after, effects = _changed(state, event)
            if after is state:
                return state, effects
            return after, (
                *_redraw_drafts(after, roles),
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
        *(Privately(person, told, now=True) for person in sorted(_circle(state, roles) - {by})),
        Show(cards.said("project.dropped", name=name)),
    )


def _seen_draft(state: Project, roles: tuple[Role, ...], person: Person) -> Card[Line]:
    if person in _circle(state, roles):
        return cards.draft(state, roles, person)
    return cards.taken(state)


def _redraw_drafts(state: Project, roles: tuple[Role, ...]) -> Effects:
    return tuple(Redraw(_slot(person)) for person in sorted(_circle(state, roles)))


def _shown(state: Project, event: e.ShownInChannel, roles: tuple[Role, ...]) -> Step:
    leaders = [r for r in roles if r.role == "leader" and r.status == "confirmed"]
    if not leaders:
        return state, (Show(_needs_leader(state, roles, event.by)),)
    after = replace(state, stage="running", started_at=event.at)
    trio = [r for r in cards.holding(roles, *cards.TRIO) if r.status == "confirmed"]
    helpers = [r for r in roles if r.role == "facilitator" and r.status == "asked"]
    return after, (
        Post(WELCOME),
        *_redraw_drafts(after, roles),
        *(Privately(r.person, cards.holds_now(after, r.role), now=True) for r in trio),
        *(Privately(r.person, cards.asked_for(after, r.role, event.by), now=True) for r in helpers),
        *_begin(),
        Timer("helped", _morning(after, local(after.calendar, event.at + HELPED_AFTER).date())),
        Show(cards.said("project.shown", name=c.Words(after.name))),
    )


def _needs_leader(state: Project, roles: tuple[Role, ...], by: Person) -> Card[Line]:
    asked = [r.person for r in roles if r.role == "leader" and r.status == "asked"]
    if by in asked:
        return card_with(text("project.leader_is_you"), *cards.confirming(state.id, "leader")[:1])
    if asked:
        return cards.said("project.leader_asked", who=cards.named(asked))
    return card_with(
        text("project.leader_missing"),
        c.Button(text("project.edit"), Look("start", project=state.id)),
    )


def card_with(line: Line, *found: c.Button[Line]) -> Card[Line]:
    return c.card(c.Paragraph(line), c.buttons(*found))


def _begin() -> tuple[Tell, ...]:
    return tuple(Tell(e.Begun(dialog=dialog)) for dialog in OTHERS)


def _halt() -> tuple[Tell, ...]:
    return tuple(Tell(e.Halted(dialog=dialog)) for dialog in OTHERS)


def _morning(state: Project, day: date) -> datetime:
    """Early on this day, before the question and the letters of the day; or on the first working
    day after it."""
    if not is_working_day(state.calendar, day):
        day = next_working_day(state.calendar, day)
    return at_local(state.calendar, day, MORNING)


def _today(state: Project, at: datetime) -> date:
    return local(state.calendar, at).date()


# --- a project that is going on ---------------------------------------------------------------


def _running(state: Project, event: _Decided, known: Known) -> Step:
    roles = known(Roles())
    match event:
        case e.Started() | e.Drafted():
            return _elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.ShownInChannel() | e.DraftDropped() | e.Resumed():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            after, effects = _changed(state, event)
            return after, (*effects, *_begin_if(state, after, event))
        case e.RolesChanged():
            return _roles_changed(state, event, roles)
        case e.Paused(until=until, at=at):
            if fault := _past(state, until, at):
                return state, (fault,)
            after = replace(state, stage="paused", until=until, reason="")
            return after, (
                *_rest(after, event.at),
                Say(cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return _not_now(state, event)
        case e.StoppedHere():
            return _stopped(state, event)
        case e.Ended():
            return _ended(state, event)
        case e.Helped():
            return _helped(state, event)
        case e.PhaseEntered(phase=phase):
            return replace(state, phase=phase), (Redraw(WELCOME),)
        case _:
            assert_never(event)


def _resting(state: Project, event: _Decided, known: Known) -> Step:
    """Paused, or *Ikke nu*."""
    roles = known(Roles())
    match event:
        case e.Started() | e.Drafted():
            return _elsewhere(state, event) or (state, (Show(cards.taken(state)),))
        case e.ShownInChannel() | e.DraftDropped() | e.Helped():
            return state, (Show(cards.what_is_true(state)),)
        case e.FrameSet() | e.SettingsChanged():
            return _changed(state, event)
        case e.RolesChanged():
            return _roles_changed(state, event, roles)
        case e.Resumed():
            return _resumed(state, (Show(cards.said("project.done_resumed")),))
        case e.Paused(until=until, at=at):
            if fault := _past(state, until, at):
                return state, (fault,)
            after = replace(state, stage="paused", until=until)
            return after, (
                *_rest(after, at, halt=False),
                Say(cards.paused(after)),
                Show(cards.said("project.done_paused", resume=c.Typed("resume"))),
            )
        case e.NotNow():
            return _not_now(state, event)
        case e.StoppedHere():
            return _stopped(state, event)
        case e.Ended():
            return _ended(state, event)
        case e.PhaseEntered(phase=phase):
            return replace(state, phase=phase), (Redraw(WELCOME),)
        case _:
            assert_never(event)


def _over(state: Project, event: _Decided) -> Step:
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


def _past(state: Project, until: date | None, at: datetime) -> FieldError | None:
    if until is not None and until <= _today(state, at):
        return FieldError("until", text("project.past_date"))
    return None


def _rest(state: Project, at: datetime, *, halt: bool = True) -> Effects:
    until = state.until
    timer = Cancel("until") if until is None else Timer("until", _morning(state, until))
    return (timer, Redraw(WELCOME), *(_halt() if halt else ()))


def _not_now(state: Project, event: e.NotNow) -> Step:
    if fault := _past(state, event.until, event.at):
        return state, (fault,)
    after = replace(state, stage="not_now", until=event.until, reason=event.reason)
    return after, (
        _reason(event),
        *_rest(after, event.at, halt=state.running),
        Say(cards.not_now(after, event.id, event.by)),
        Show(cards.said("project.done_not_now", resume=c.Typed("resume"))),
    )


def _reason(event: e.NotNow | e.StoppedHere) -> Record:
    return Record("reason", "", event.id, event.by, event.at, {"text": event.reason})


def _resumed(state: Project, answer: Effects) -> Step:
    after = replace(state, stage="running", until=None, reason="")
    return after, (
        Cancel("until"),
        Redraw(WELCOME),
        *_begin(),
        Say(cards.resumed(after)),
        *answer,
    )


def _stopped(state: Project, event: e.StoppedHere) -> Step:
    erased = _erased(state, event.at)
    after = replace(
        state, stage="stopped", reason=event.reason, ended_at=event.at, until=None,
        erase_on=erased,
    )  # fmt: skip
    return after, (
        _reason(event),
        *_close(after, erased),
        Say(cards.stopped(after, event.id, event.by, erased)),
        Show(cards.said("project.done_stopped", day=c.Day(erased))),
    )


def _ended(state: Project, event: e.Ended) -> Step:
    months = tuple(sorted(int(one) for one in event.look_again))
    days = tuple(_later(state, event.at, n) for n in months)
    erased = _erased(state, event.at, months)
    after = replace(
        state,
        stage="ended",
        better=event.better,
        worse=event.worse,
        promise=event.promise,
        ended_at=event.at,
        until=None,
        erase_on=erased,
    )
    body = {"better": event.better, "worse": event.worse, "promise": event.promise}
    return after, (
        Record("end", "", "end", event.by, event.at, body),
        *_close(after, erased),
        *(
            Timer(f"again:{n}", at_local(state.calendar, day, MORNING))
            for n, day in zip(months, days, strict=True)
        ),
        Say(cards.ended(after, "end", event.by, erased, days)),
        Show(cards.said("project.done_ended", day=c.Day(erased))),
    )


def _close(state: Project, erased: date) -> Effects:
    return (
        *_halt(),
        Redraw(WELCOME),
        Cancel("until"),
        Cancel("helped"),
        CloseProject(),
        Timer("retention", at_local(state.calendar, erased, MORNING)),
    )


def _later(state: Project, at: datetime, months: int) -> date:
    """So many months later, on a working day."""
    day = _today(state, at)
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    return _morning(state, first + timedelta(days=min(day.day, 28) - 1)).date()


def _erased(state: Project, at: datetime, months: Sequence[int] = ()) -> date:
    """When all is deleted: so many days after the end, or after the last time we look again."""
    last = max((_later(state, at, n) for n in months), default=_today(state, at))
    return last + timedelta(days=state.retention_days)


# --- settings, frame, roles -----------------------------------------------------------------


def _changed(state: Project, event: e.FrameSet | e.SettingsChanged) -> tuple[Project, Effects]:
    match event:
        case e.FrameSet(phase=phase):
            frame = Frame(event.fixed, event.shape, event.unknown, event.unknown_until, event.level)
            after = replace(state, frames={**state.frames, phase: frame})
            here = state.running and int(phase) == state.phase
            body = {"fixed": frame.fixed, "shape": frame.shape, "unknown": frame.unknown}
            return after, (
                Record("frame", phase, event.id, event.by, event.at, body),
                Redraw(WELCOME),
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
            return after, (Redraw(WELCOME), Show(cards.said("project.settings_saved")))
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
    return (*_begin(), Say(cards.new_hours(after)))


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


def _roles_changed(state: Project, event: e.RolesChanged, roles: tuple[Role, ...]) -> Step:
    elected = [r.person for r in cards.holding(roles, "tr", "amr")]
    if fault := _both_sides((event.leader, event.deputy), (*elected, *event.tr, *event.amr)):
        return state, (fault,)
    grants: list[Grant] = []
    if event.leader:
        grants += _seats(roles, "leader", (event.leader,))
    grants += _seats(roles, "deputy", (event.deputy,) if event.deputy else ())
    for seat, wanted in (("tr", event.tr), ("amr", event.amr)):
        if not any(r.status == "confirmed" for r in cards.holding(roles, seat)):
            grants += _seats(roles, cast(RoleName, seat), wanted)
    grants += _seats(roles, "facilitator", event.facilitator)
    now = _granted(roles, grants)
    new = [g for g in grants if g.status == "asked"]
    gone = [g for g in grants if g.status == "was"]
    draft = state.stage == "draft"
    return state, (
        *grants,
        *(_redraw_drafts(state, now) if draft else (Redraw(WELCOME),)),
        *(
            Post(_slot(g.person), to=g.person)
            if draft and g.role in cards.TRIO
            else Privately(g.person, cards.asked_for(state, g.role, event.by), now=True)
            for g in new
            if not draft or g.role in cards.TRIO
        ),
        *(Say(cards.no_longer(g.person, g.role)) for g in gone if not draft),
        Show(
            cards.said("project.roles_asked", who=cards.named(dict.fromkeys(g.person for g in new)))
            if new
            else cards.said("project.roles_saved")
        ),
    )


def _confirmed(state: Project, event: e.RoleConfirmed, roles: tuple[Role, ...]) -> Step:
    by, role = event.by, event.role
    mine = next((r for r in roles if r.person == by and r.role == role), None)
    if not state.open:
        return state, (Show(cards.what_is_true(state)),)
    if mine is None or mine.status in ("was", "declined"):
        return state, (Show(cards.said("project.not_asked")),)
    if mine.status == "confirmed":
        return state, (Show(cards.said(f"project.is_{role}")),)
    against = ("tr", "amr") if role in ("leader", "deputy") else ("leader", "deputy")
    if role != "facilitator" and any(
        r.person == by and r.role in against and r.status == "confirmed" for r in roles
    ):
        return state, (Show(cards.said("project.both_sides")),)
    grants = [Grant(by, mine.role, "confirmed", event.union)]
    before: list[Person] = []
    if role == "leader":
        before = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
        grants += [Grant(person, "leader", "was") for person in before]
    now = _granted(roles, grants)
    if state.stage == "draft":
        return state, (
            *grants,
            *_redraw_drafts(state, now),
            Show(
                cards.said("project.is_facilitator")
                if role == "facilitator"
                else cards.draft(state, now, by)
            ),
        )
    announced = (
        cards.new_leader(by, before[0]) if before else cards.has_role(by, mine.role, event.union)
    )
    return state, (
        *grants,
        Redraw(WELCOME),
        Redraw(_slot(by)),
        Say(announced),
        Show(cards.said(f"project.is_{role}")),
    )


def _declined(state: Project, event: e.RoleDeclined, roles: tuple[Role, ...]) -> Step:
    """*Det er jeg ikke*; or, from somebody who holds the role, stepping down."""
    by, role = event.by, event.role
    mine = next((r for r in roles if r.person == by and r.role == role), None)
    if not state.open:
        return state, (Show(cards.what_is_true(state)),)
    if mine is None or mine.status in ("was", "declined"):
        return state, (Show(cards.said("project.has_not")),)
    if mine.role == "leader" and mine.status == "confirmed":
        return state, (
            Show(
                card_with(
                    text("project.hand_on_first"),
                    c.Button(text("project.change_roles"), Look("change_roles", project=state.id)),
                )
            ),
        )
    status: Literal["was", "declined"] = "was" if mine.status == "confirmed" else "declined"
    grant = Grant(by, mine.role, status)
    now = _granted(roles, (grant,))
    draft = state.stage == "draft"
    told = cards.declined(state, by, mine.role)
    leaders = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
    return state, (
        grant,
        *((*_redraw_drafts(state, now), Redraw(_slot(by))) if draft else (Redraw(WELCOME),)),
        *((Say(cards.no_longer(by, mine.role)),) if status == "was" and not draft else ()),
        *(
            Privately(person, told, now=True)
            for person in (leaders or [state.starter])
            if person != by and (status == "declined" or draft)
        ),
        Show(cards.said(f"project.is_not_{role}")),
    )


# --- three weeks later, and at the end --------------------------------------------------------


def _helped(state: Project, event: e.Helped) -> Step:
    kept: Effects = ()
    if event.leave_out:
        kept = (Record("leave_out", "", event.id, event.by, event.at, {"text": event.leave_out}),)
    match event.choice:
        case "go_on":
            return state, (*kept, Show(cards.said("project.helped_done_go_on")))
        case "calmer":
            after = replace(state, every_weeks=2)
            if after.every_weeks == state.every_weeks:
                return state, (*kept, Show(cards.said("project.helped_done_calmer")))
            return after, (
                *kept,
                *_begin(),
                Redraw(WELCOME),
                Say(cards.new_hours(after)),
                Show(cards.said("project.helped_done_calmer")),
            )
        case "whole":
            if state.length == "whole":
                return state, (*kept, Show(cards.said("project.helped_done_whole")))
            after = replace(state, length="whole")
            return after, (
                *kept,
                *_begin(),
                Say(cards.said("project.said_whole")),
                Show(cards.said("project.helped_done_whole")),
            )
        case "end":
            return state, (
                *kept,
                Show(
                    card_with(
                        text("project.helped_done_end"),
                        c.Button(
                            text("button.end_here"), Look("end", project=state.id, ref="form")
                        ),
                    )
                ),
            )
        case _:
            assert_never(event.choice)


def _woke(state: Project, event: e.Woke, known: Known) -> Step:
    roles = known(Roles())
    match event.name:
        case "helped" if state.running:
            people = [
                r.person
                for r in cards.holding(roles, "leader", "facilitator")
                if r.status == "confirmed"
            ]
            card = cards.did_it_help(state)
            return state, tuple(Privately(person, card) for person in dict.fromkeys(people))
        case "helped" if state.open:
            day = _today(state, event.at) + timedelta(weeks=1)
            return state, (Timer("helped", _morning(state, day)),)
        case "until" if state.stage == "paused":
            return _resumed(state, ())
        case "until" if state.stage == "not_now":
            leaders = [r.person for r in roles if r.role == "leader" and r.status == "confirmed"]
            return state, tuple(Privately(p, cards.is_it_time(state)) for p in leaders)
        case "retention" if not state.open:
            return None, (EraseProject(),)
        case name if name.startswith("again:") and not state.open:
            return state, (Say(cards.again(state, "end", int(name.partition(":")[2]))),)
        case _:
            return state, ()


def _deleted(state: Project, event: e.Deleted, known: Known) -> Step:
    by = event.by
    match event.what:
        case "mine":
            return state, (
                *(Forget(kind, person=by) for kind in NAMED_KINDS),
                *(
                    Redraw("post", dialog="question", of=one.id)
                    for one in known(States("question"))
                ),
                Show(cards.said("project.deleted_mine")),
            )
        case "project":
            if not _may_delete(state, known(Roles()), by):
                return state, (Show(cards.said("project.delete_who")),)
            if state.open and state.stage != "draft":
                return state, (Show(cards.said("project.delete_not_yet", end=c.Typed("end"))),)
            if state.stage == "draft":
                return _dropped(state, known(Roles()), by)
            said = cards.said("project.deleted", name=c.Words(state.name))
            return None, (EraseProject(), Show(said))
        case _:
            assert_never(event.what)


def _may_delete(state: Project, roles: tuple[Role, ...], person: Person) -> bool:
    leads = [r for r in roles if r.role in ("leader", "deputy") and r.status == "confirmed"]
    return person in {r.person for r in leads} or (
        person == state.starter and (state.stage == "draft" or not leads)
    )


# --- standing posts -------------------------------------------------------------------------


def view_needs(state: Project, slot: str) -> Facts:
    return (Roles(),)


def view(state: Project, slot: str, known: Known) -> Card[Line]:
    roles = known(Roles())
    if slot == WELCOME:
        return cards.welcome(state, roles)
    return cards.draft(state, roles, slot.removeprefix("draft:"))


# --- looks ----------------------------------------------------------------------------------


def _here(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles())


def _start(look: Look, viewer: Viewer, known: Known) -> Moments:
    state, roles = known(About()), known(Roles())
    if viewer.private and (state is None or state.stage != "draft"):
        return (Show(cards.said("project.start_in_channel")),)
    if state is None or not state.open:
        return (Open(forms.draft(None, (), viewer.person, viewer.channel)),)
    if state.stage != "draft" or viewer.person not in _circle(state, roles):
        return (Show(cards.taken(state)),)
    return (Open(forms.draft(state, roles, state.starter, state.channel)),)


def _draft_look(look: Look, viewer: Viewer, known: Known) -> Moments:
    return (Show(_seen_draft(known.project, known(Roles()), viewer.person)),)


def _roles_look(look: Look, viewer: Viewer, known: Known) -> Moments:
    state, roles = known.project, known(Roles())
    leads = viewer.may("leader", "deputy", "starter")
    return (Show(cards.who_is_who(state, roles, viewer.person, leads)),)


def _change_roles(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    return (Open(forms.change_roles(state, known(Roles()))),)


def _confirm_role(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    asked = {r.role for r in known(Roles()) if r.person == viewer.person and r.status == "asked"}
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    if look.ref not in asked:
        return (Show(cards.said("project.not_asked")),)
    return (Open(forms.confirm_role(state, look.ref)),)


def _settings_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Records("leave_out"))


def _settings(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    return (Open(forms.settings(state, known(Records("leave_out")))),)


def _frame(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    phase = int(look.ref) if look.ref in ("1", "2", "3", "4") else state.phase
    return (Open(forms.frame(state, phase)),)


def _pause(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        return (Open(forms.pause(state)),)
    return (Show(cards.what_is_true(state)),)


def _not_now_look(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        return (Open(forms.not_now(state)),)
    return (Show(cards.what_is_true(state)),)


def _stop(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        return (Open(forms.stop(state, _erased(state, viewer.at))),)
    return (Show(cards.what_is_true(state)),)


def _end_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        *(State("question", question) for question in PROMISES),
        *(Records("conclusion", question) for question in PROMISES),
    )


def _promise(known: Known) -> str:
    """What the team arrived at when it weighed things up: the first of these that holds."""
    for question in PROMISES:
        asked = one_of(known, question)
        if isinstance(asked, Concluded):
            for record in known(Records("conclusion", question)):
                if record.id == asked.conclusion:
                    return str(record.body["text"])
    return ""


def _end(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        if look.ref != "form":
            return (Show(cards.ways_to_end(state)),)
        return (Open(forms.end(state, _promise(known), _erased(state, viewer.at))),)
    return (Show(cards.what_is_true(state)),)


def _helped_look(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    if state.running:
        return (Open(forms.helped(state)),)
    return (Show(cards.what_is_true(state)),)


def _delete(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.project
    whole = (state.stage == "draft" or not state.open) and _may_delete(
        state, known(Roles()), viewer.person
    )
    return (Open(forms.delete(state, whole=whole)),)


CONVERSATION = Conversation(
    name="project",
    state=Project,
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={
        "start": Sight(_here, _start),
        "draft": Sight(_here, _draft_look),
        "settings": Sight(_settings_needs, _settings),
        "roles": Sight(_here, _roles_look),
        "change_roles": Sight(_here, _change_roles),
        "frame": Sight(_here, _frame),
        "pause": Sight(_here, _pause),
        "not_now": Sight(_here, _not_now_look),
        "stop": Sight(_here, _stop),
        "end": Sight(_end_needs, _end),
        "helped": Sight(_here, _helped_look),
        "delete": Sight(_here, _delete),
        "confirm_role": Sight(_here, _confirm_role),
    },
)
