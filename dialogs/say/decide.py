"""*Sig det*: a question, an idea or a concern, signed or unsigned, and what its author does later.

An unsigned text is stored only in the pool. It leaves the pool by the calendar: at the weekly
release or, if the author chose so, at a fixed hour of the next working day. These timers always
run, whether or not anybody has written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, assert_never

from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.calendar import (
    at_local,
    is_working_day,
    local,
    next_weekly,
    next_working_day,
)
from dialogs.model.cards import Button, Line, Part, Words, card, text
from dialogs.model.commands import Recognised
from dialogs.model.conversation import (
    Conversation,
    Facts,
    Sight,
    Step,
    UnsignedPart,
    UnsignedStep,
    nothing,
    the_only,
)
from dialogs.model.effects import Effect, FieldError, PoolEntry, Response, Show
from dialogs.model.events import Look, Person, Press
from dialogs.model.facts import ByCode, Known
from dialogs.model.roles import writers
from dialogs.say.code import (
    author_needs,
    by_author,
    by_code,
    code_form,
    code_needs,
    objection,
    withdrawal,
    write_more,
)
from dialogs.say.forms import (
    chosen,
    form_needs,
    left_out,
    named_form,
    unnamed_form,
    way,
)
from dialogs.say.release import released
from dialogs.say.states import FEW, HERE, SENT_AT, WEEKLY, SayState, why_closed

MANY = 10  # with fewer writers, releases are two weeks apart
RELEASED_AT = 7 * 60  # minutes after midnight
THINGS_SAID = ("said", "more", "objects", "withdraws")


def needs(state: SayState | None, event: e.SignedEvent) -> Facts:
    people = (f.About(), f.Roles(), f.Team())
    match event:
        case e.Woke(name="release"):
            return (*people, f.States("concern"), f.Published("said"), f.Unreleased(THINGS_SAID))
        case e.Woke(name="day"):
            return (*people, f.States("concern"), f.Published("said"), f.Unreleased(("said",)))
        case _:
            return people


def decide(state: SayState | None, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.Begun():
            return _begun(state, event, known)
        case e.SaidByName():
            return state, _said_by_name(state, event, known)
    if state is None:
        return None, ()
    match event:
        case e.Halted():
            ended = not known.project.open
            return (replace(state, ended=True) if ended else state), ()
        case e.Woke(name="release"):
            return _weekly(state, event, known)
        case e.Woke(name="day"):
            return _daily(state, event, known)
        case e.Woke(name="morning"):
            return _morning(state, event.at, known)
        case _:
            return state, ()


# --- the calendar -------------------------------------------------------------------------


def _begun(state: SayState | None, event: e.Begun, known: Known) -> Step:
    at = event.at
    if state is not None and not state.over:
        return replace(state, ended=False), _timers(state, at, known)
    weeks = _weeks(known)
    new = SayState(
        next_release=_release_after(at + timedelta(weeks=weeks - 1), known),
        next_day=_day_after(at, known),
        every_weeks=weeks,
        number=0 if state is None else state.number,
    )
    return new, _timers(new, at, known)


def _timers(state: SayState, at: datetime, known: Known) -> tuple[fx.Timer, ...]:
    return (
        fx.Timer("release", state.next_release),
        fx.Timer("day", _next_at(at, known, SENT_AT)),
        fx.Timer("morning", _next_at(at, known, 0)),
    )


def _weeks(known: Known) -> int:
    return 1 if len(writers(known)) >= MANY else 2


def _release_after(at: datetime, known: Known) -> datetime:
    """Return the time of a release: the morning of an overview's day. The readers' summary of
    that morning can mention the texts, readers have time to answer, and the overview can contain
    both."""
    project = known.project
    minutes = max(0, min(RELEASED_AT, project.overview_hour - 60))
    return next_weekly(project.calendar, at, project.overview_weekday, *divmod(minutes, 60))


def _day_after(at: datetime, known: Known) -> datetime:
    """Return the sending hour on the next working day, so that a text stays in the pool for at
    least one night."""
    calendar = known.project.calendar
    return at_local(calendar, next_working_day(calendar, local(calendar, at).date()), SENT_AT)


def _next_at(at: datetime, known: Known, hour: int) -> datetime:
    """Return the next time, possibly today, at which it is this hour on a working day."""
    calendar = known.project.calendar
    today = local(calendar, at).date()
    moment = at_local(calendar, today, hour)
    if moment > at and is_working_day(calendar, today):
        return moment
    return at_local(calendar, next_working_day(calendar, today), hour)


def _weekly(state: SayState, event: e.Woke, known: Known) -> Step:
    waiting = known(f.Unreleased(THINGS_SAID))
    number = state.number + 1
    effects = released(waiting, number, event, known, everybody=True)
    if state.ended:
        return replace(state, number=number, over=True), (
            *effects,
            fx.Cancel("day"),
            fx.Cancel("morning"),
        )
    weeks = _weeks(known)
    # Keep a minimum distance even if the day of the overview was changed: a release of one day's
    # texts could be one author's.
    after = event.at + timedelta(days=7 * weeks - 4)
    new = replace(
        state, number=number, every_weeks=weeks, next_release=_release_after(after, known)
    )
    return new, (*effects, fx.Timer("release", new.next_release))


def _daily(state: SayState, event: e.Woke, known: Known) -> Step:
    if state.over:
        return state, ()
    today = local(known.project.calendar, event.at).date().isoformat()
    waiting = tuple(w for w in known(f.Unreleased(("said",))) if w.ref != WEEKLY and w.ref <= today)
    again = fx.Timer("day", _next_at(event.at, known, SENT_AT))
    if not waiting:
        return state, (again,)
    number = state.number + 1
    effects = released(waiting, number, event, known, everybody=False)
    return replace(state, number=number), (*effects, again)


def _morning(state: SayState, at: datetime, known: Known) -> Step:
    """From midnight on, texts are sent on the working day after the new day."""
    if state.over:
        return state, ()
    new = replace(state, next_day=_day_after(at, known))
    return new, (fx.Timer("morning", _next_at(at, known, 0)),)


# --- by name ------------------------------------------------------------------------------


def _said_by_name(
    state: SayState | None, event: e.SaidByName, known: Known
) -> tuple[Effect | Response, ...]:
    if (closed := why_closed(state, known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    readers, everyone = chosen(event.readers, event.everyone)
    if not readers and not everyone:
        return (FieldError("readers", text("say.choose_readers")),)
    if (no := left_out(readers, known)) is not None:
        return (no,)
    body = {
        "text": event.text,
        "kind": event.kind,
        "readers": readers,
        "everyone": everyone,
        "trio": event.trio,
    }
    told = e.Released(
        concern=event.id,
        kind=event.kind,
        readers=readers,
        everyone=everyone,
        trio=event.trio,
        author=event.by,
        number=0 if state is None else state.number,
    )
    return (
        fx.Record("said", "", event.id, event.by, event.at, body),
        fx.Tell(told),
        Show(card(*_sent_by_name(event.kind, readers, everyone))),
    )


def _sent_by_name(
    kind: e.Matter, readers: tuple[Person, ...], everyone: bool
) -> tuple[Part[Line], ...]:
    names = c.Listing(tuple(c.Who(p) for p in readers))
    parts: list[Part[Line]] = []
    if readers:
        parts.append(c.Paragraph(text("say.sent_to", who=names)))
    if everyone:
        key = "say.stands_in_list" if kind == "concern" else "say.stands_in_channel"
        parts.append(c.Paragraph(text(key)))
    parts.append(c.Small(text("say.reply_comes")))
    return tuple(parts)


# --- without a name -----------------------------------------------------------------------


def unsigned_needs(event: e.UnsignedEvent) -> Facts:
    match event:
        case e.AuthorWrote(code=code) | e.AuthorObjected(code=code) | e.AuthorWithdrew(code=code):
            return (f.About(), HERE, f.Roles(), ByCode(code))
        case _:
            return (f.About(), HERE, f.Roles(), f.Team())


def unsigned(event: e.UnsignedEvent, known: Known) -> UnsignedStep:
    state = known.state("say", "say", SayState)
    match event:
        case e.SaidUnnamed():
            return _said_unnamed(state, event, known)
        case e.AuthorWrote() | e.AuthorObjected() | e.AuthorWithdrew():
            return by_author(state, event, known)
        case (
            e.AnsweredUnnamed()
            | e.Fits()
            | e.Missing()
            | e.NotesWritten()
            | e.DotsSet()
            | e.SurveyAnswered()
            | e.SendingUndone()
        ):
            raise AssertionError("events of other conversations, which decide them themselves")
        case _:
            assert_never(event)


def _said_unnamed(state: SayState | None, event: e.SaidUnnamed, known: Known) -> UnsignedStep:
    if (closed := why_closed(state, known)) is not None:
        return (), (FieldError("", closed),)
    assert state is not None
    readers, everyone = chosen(event.readers, event.everyone)
    if not readers and not everyone:
        return (), (FieldError("readers", text("say.choose_readers")),)
    if (no := left_out(readers, known)) is not None:
        return (), (no,)
    if len(writers(known)) < FEW and not event.understood:
        return (), (FieldError("", text("say.confirm_first")),)
    early = event.sending == "next_working_day"
    goes = state.next_day if early else state.next_release
    day = local(known.project.calendar, goes).date().isoformat()
    body = {
        "text": event.text,
        "kind": event.kind,
        "readers": readers,
        "everyone": everyone,
        "trio": event.trio,
    }
    entry = PoolEntry(kind="said", ref=day if early else WEEKLY, body=body)
    shown = card(
        c.Paragraph(
            c.ByDoor(text("say.received", code=Words("")), text("page.received", code=Words("")))
        ),
        c.Paragraph(c.ByDoor(text("say.keep_code"), text("page.keep_code"))),
        c.Paragraph(text("say.goes", when=c.Moment(goes))),
        c.buttons(Button(text("button.read_more"), Look("about_all", project=event.project))),
    )
    return (entry,), (Show(shown),)


def _private(view: Literal["say", "code"]) -> Callable[[Recognised], Press]:
    """Text after a private command was dropped; tell the person so."""
    return lambda typed: Look("private_words", ref=view) if typed.had_words else Look(view)


CONVERSATION = Conversation(
    name="say",
    state=SayState,
    events=the_only("say", e.SaidByName),
    needs=needs,
    decide=decide,
    sights={
        "say": Sight(form_needs, way),
        "say_named": Sight(form_needs, named_form),
        "say_unnamed": Sight(form_needs, unnamed_form),
        "code": Sight(nothing, code_form),
        "by_code": Sight(code_needs, by_code),
        "write_more": Sight(author_needs, write_more),
        "object": Sight(author_needs, objection),
        "withdraw": Sight(author_needs, withdrawal),
    },
    commands={"say": _private("say"), "code": _private("code")},
    unsigned=UnsignedPart(
        events=(e.SaidUnnamed, e.AuthorWrote, e.AuthorObjected, e.AuthorWithdrew),
        needs=unsigned_needs,
        decide=unsigned,
    ),
    has_timers=True,
    timers_open_pool=True,
)
