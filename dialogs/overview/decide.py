"""Posts the weekly overview to the project's channel."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.calendar import (
    add_working_days,
    at_local,
    local,
    next_within_hours,
    within_hours,
)
from dialogs.model.cards import (
    UNREADABLE,
    Button,
    Form,
    Kept,
    Line,
    Moment,
    NeutralCard,
    Paragraph,
    Part,
    Small,
    TextField,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Responses, Sight, Step, opens, the_only
from dialogs.model.effects import (
    Cancel,
    Effect,
    FieldError,
    Open,
    Post,
    Privately,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look, SignedEvent
from dialogs.model.facts import About, Known, Project, Records, Roles, StateOf, Viewer
from dialogs.overview.cards import (
    advice,
    fits_now,
    label,
    overview_card,
    overview_facts,
)
from dialogs.overview.details import details
from dialogs.overview.news import found
from dialogs.overview.states import Digest, next_overview

NEWS_LIMIT = 400
AWAY = timedelta(days=8)
NEWS = "news:"
"""The slot of the question for news, before the person who is asked."""


# --- decide -------------------------------------------------------------------------------


def needs(state: Digest | None, event: SignedEvent) -> Facts:
    match event:
        case e.Woke(name="overview"):
            return overview_facts()
        case _:
            return (About(), Roles())


def decide(state: Digest | None, event: SignedEvent, known: Known) -> Step:
    state = state or Digest()
    match event:
        case e.Begun():
            # A pause does not count as Digi being away.
            return replace(state, last=event.at), _timers(known.project, event.at)
        case e.Halted():
            return state, (Cancel("overview"), Cancel("ask_news"))
        case e.NewsGiven(text=words):
            return _given(state, event, words, known)
        case e.Woke(name=name):
            if not known.project.running:
                return state, ()
            now = event.fired_at
            return (
                _asks(state, event, now, known)
                if name == "ask_news"
                else _overview(state, event, now, known)
            )
        case _:
            return state, ()


def _timers(project: Project, after: datetime) -> tuple[Effect, ...]:
    return (Timer("overview", next_overview(project, after)), _asking(project, after))


def _asking(project: Project, after: datetime) -> Timer:
    """Return when to ask the leader for news: the working day before this overview at ten, or
    before the next one if that has passed."""
    moment = next_overview(project, after)
    while (asked := _day_before(project, moment)) <= after:
        moment = next_overview(project, moment)
    return Timer("ask_news", asked)


def _day_before(project: Project, moment: datetime) -> datetime:
    day = local(project.calendar, moment).date()
    return at_local(project.calendar, add_working_days(project.calendar, day, -1), 10)


def _latest(project: Project, now: datetime) -> datetime:
    """Return when an overview was last due: normally now, but earlier if Digi was away."""
    for days in (8, 60):
        moment = next_overview(project, now - timedelta(days=days))
        if moment <= now:
            break
    while (later := next_overview(project, moment)) <= now:
        moment = later
    return min(moment, now)


def _overview(state: Digest, event: SignedEvent, now: datetime, known: Known) -> Step:
    project = known.project
    due = _latest(project, now)
    if now - due > timedelta(hours=1) and not within_hours(project.calendar, now):
        return state, (Timer("overview", next_within_hours(project.calendar, now)),)
    again = Timer("overview", next_overview(project, now))
    week = label(known, due)
    away = None
    if state.last is not None and now - state.last > AWAY:
        missed = next_overview(project, state.last)
        away = local(project.calendar, missed).date() if missed < due else None
    decided = replace(state, last=now, asked_for=None)
    if state.week == week:
        return decided, (again,)
    new = found(known, state, now, week)
    if not new.anything:
        quiet = state.quiet + 1
        told = _nothing_new(known) if quiet == 2 else ()
        return replace(decided, quiet=quiet), (again, *told, *_redrawn(known))
    line, given = advice(known)
    slot = f"overview:{week}"
    exercise = fits_now(known, state, now)
    shown = overview_card(known, new, now, line, due=due, away=away, exercise=exercise)
    effects: list[Effect] = [
        Record("overview", slot, slot, "", event.at, {"card": msgspec.to_builtins(shown)}),
        Post(slot),
        *(Say(page, thread=slot) for page in details(known, new, now)),
        Tell(e.AdviceGiven(ids=given)),
        *_redrawn(known),
        again,
    ]
    decided = replace(
        decided,
        posted=state.posted + 1,
        quiet=0,
        news="",
        week=week,
        told=new.told,
        since=new.since,
        suggested=state.suggested if exercise is None else {**state.suggested, exercise.id: now},
    )
    return decided, tuple(effects)


def _nothing_new(known: Known) -> tuple[Effect, ...]:
    project = known.project
    shown = card(Paragraph(text("digest.quiet")), buttons(_news_button(project)))
    return tuple(Privately(person, shown, urgency=4) for person in known.holders("leader"))


def _asks(state: Digest, event: SignedEvent, now: datetime, known: Known) -> Step:
    project = known.project
    again = _asking(project, now)
    moment = next_overview(project, now)
    week = label(known, moment)
    late = _day_before(project, moment) < now - timedelta(hours=12)
    if state.news or state.asked == week or late:
        return state, (again,)
    asked = tuple(
        Post(f"{NEWS}{person}", to=person, bag=True, urgency=2)
        for person in known.holders("leader")
    )
    return replace(state, asked=week, asked_for=moment), (*asked, again)


def _redrawn(known: Known) -> tuple[Effect, ...]:
    """Redraw what asks the leader for news: it is written, or too late."""
    asked = (Redraw(f"{NEWS}{person}") for person in known.holders("leader"))
    return (*asked, Tell(e.MatterChanged(of="news")))


def _given(state: Digest, event: e.NewsGiven, words: str, known: Known) -> Step:
    project = known.project
    if not project.under_way:
        return state, (FieldError("", text("digest.closed")),)
    kept = Record("news", "", event.id, event.by, event.at, {"text": words})
    if not project.running:
        told = text("digest.news_paused")
    else:
        told = text("digest.news_given", moment=Moment(next_overview(project, event.at)))
    return replace(state, news=event.id), (kept, *_redrawn(known), Show(card(Paragraph(told))))


def _news_button(project: Project) -> Button[Line]:
    return Button(text("digest.write_news"), Look("news", project=project.id), "main")


# --- the standing post --------------------------------------------------------------------


def view_needs(state: Digest, slot: str) -> Facts:
    if slot.startswith(NEWS):
        return (About(),)
    return (Records("overview", slot, 1),)


def view(state: Digest, slot: str, known: Known) -> NeutralCard:
    """Return the stored overview, in which what has happened since does not appear; or the question
    to the leader for news, empty once they are written or the overview has come."""
    if slot.startswith(NEWS):
        if state.news or state.asked_for is None:
            return card()
        asked = text("digest.ask_news", moment=Moment(state.asked_for))
        return card(Paragraph(asked), buttons(_news_button(known.project)))
    [kept] = known(Records("overview", slot, 1))
    if "card" not in kept.body:
        return card(Paragraph(Words(UNREADABLE)))
    return msgspec.convert(kept.body["card"], NeutralCard)


# --- looks --------------------------------------------------------------------------------


def _preview_needs(look: Look, viewer: Viewer) -> Facts:
    return (*overview_facts(), StateOf("digest", "digest"))


def _preview(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return (Show(card(Paragraph(text("digest.closed")))),)
    state = known.state("digest", "digest", Digest) or Digest()
    due = next_overview(project, viewer.at)
    new = found(known, state, viewer.at, label(known, due))
    mine = buttons(
        _news_button(project) if viewer.may("leader", "deputy", "starter") else None,
        Button(text("digest.mine"), Look("summary", project=project.id))
        if viewer.may("leader", "deputy", "representative")
        else None,
    )
    moment = Moment(due)
    if not new.anything:
        comes: Part[Line] | None = None
        if project.running:
            comes = Small(text("digest.comes", moment=moment))
        return (Show(card(Paragraph(text("digest.preview_nothing")), comes, mine)),)
    line, _ = advice(known)
    return (
        Show(
            card(
                Small(
                    text("digest.preview", moment=moment)
                    if project.running
                    else text("digest.preview_paused")
                ),
                mine,
            )
        ),
        Show(
            overview_card(
                known, new, viewer.at, line, due=due, exercise=fits_now(known, state, viewer.at)
            )
        ),
        *(Show(page) for page in details(known, new, viewer.at)),
    )


def _news_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), StateOf("digest", "digest"))


def _news(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return (Show(card(Paragraph(text("digest.closed")))),)
    state = known.state("digest", "digest", Digest) or Digest()
    return (
        Open(
            Form(
                title=text("digest.form_news"),
                fields=(
                    TextField(
                        "text",
                        text("digest.field_news"),
                        hint=text("digest.hint_news"),
                        long=True,
                        limit=NEWS_LIMIT,
                        value=Kept("news", state.news) if state.news else None,
                    ),
                ),
                submit=text("button.save"),
                into="news_given",
                fixed={"project": project.id},
            )
        ),
    )


CONVERSATION = Conversation(
    name="digest",
    state=Digest,
    events=the_only("digest", e.NewsGiven),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={"overview": Sight(_preview_needs, _preview), "news": Sight(_news_needs, _news)},
    commands={"digest": opens("overview")},
    has_timers=True,
)
